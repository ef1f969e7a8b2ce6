"""What tests share: pytester, modules written for one test, and a report made by hand."""

import itertools
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from gradcheck.graphs import Edge, Graph, Node
from gradcheck.report.data import Entry, Meta, Report
from gradcheck.results import Accuracy, Evidence, Point, Result

# Processes that share the cores: more threads of linear algebra wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

pytest_plugins = ["pytester"]

# Tables of rules over libraries that need not be installed.
TABLES = {"autograd": "autograd_vjps", "torch": "torch_functional", "jax": "jax_nn"}
MISSING = [table for library, table in TABLES.items() if find_spec(library) is None]
collect_ignore = [f"real_world/{table}.py" for table in (*MISSING, *(["double_backwards"] if MISSING else []))]

NUMBERS = itertools.count()

HEADER = "import gradcheck\nfrom gradcheck import real\n"
RIGHT = """
@gradcheck.rule(domain=dict(x=real("n")))
def square(x):
    \"\"\"x².  (n) -> (n)\"\"\"
    return x * x, lambda dy: 2 * x * dy
"""
WRONG = """
@gradcheck.rule(domain=dict(x=real("n")), source="A. Nobody, <2020>")
def cube(x):
    \"\"\"x³, with a wrong factor.  (n) -> (n)\"\"\"
    return x * x * x, lambda dy: 2 * x * x * dy
"""
RAISES = """
@gradcheck.rule(domain=dict(x=real("n")))
def broken(x):
    raise RuntimeError("no such luck")
"""
NO_DATA = """
from gradcheck import made
from gradcheck.problems import MissingData
def load():
    raise MissingData("scikit-learn is not installed: pip install 'gradcheck[data]'")
@gradcheck.rule(domain=dict(x=made(load, "digits")))
def digits(x):
    return x, lambda dy: dy
"""
CLAIMS = """
@gradcheck.claims(source="a lecture", at={"x": 3}, printed={"y": 9})
def nine(x):
    return {"y": x * x}
"""


@pytest.fixture(autouse=True, scope="session")
def no_cache() -> Iterator[None]:
    """Tests neither find nor leave anything in the user's cache, nor do the processes that they start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADCHECK_CACHE", "off")
        yield


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; what the test puts on sys.path is taken off again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    return tmp_path


@pytest.fixture
def module(here: Path) -> Callable[..., str]:
    """Write a module of rules under a name that no other test has; gives that name."""

    def write(*parts: str, name: str | None = None) -> str:
        name = name or f"rules_{next(NUMBERS)}"
        (here / f"{name}.py").write_text(HEADER + "".join(map(textwrap.dedent, parts)), encoding="utf-8")
        return name

    return write


def made_entry(name: str, verdict: str, **fields: object) -> Entry:
    """An entry with evidence that fits its verdict."""
    stance = {"pass": "for", "fail": "against", "disputed": "against", "inconclusive": "undecided"}.get(verdict)
    evidence = []
    if stance:
        evidence = [
            Evidence("exact", "certified", stance, argument="x", entry=(1,), claimed=1.5, value=1.25, bar=1e-30,
                     discrepancy=0.2, resolution=1e-20, detail="<script>alert(1)</script>", point="small0", seconds=0.1),
            Evidence("jax", "cross-checked", "for", "forward", point="small0"),
            Evidence("jax", "cross-checked", "not applicable", reason="kink", point="small0"),
        ]  # fmt: skip
    result = Result(
        name,
        verdict,
        tuple(evidence),
        diagnosis=f"Your dx is {verdict}." if verdict in ("fail", "error", "disputed") else None,
        points=(Point("small0", "small", (np.array([1.0, 2.0]),), {"axis": 0}, np.array([1.0, -2.0])),),
        accuracy={"forward": Accuracy(1.25, 0.5), "gradient": Accuracy(2.5, 0.75)},
        failed_at="small0" if verdict != "pass" else None,
        missing=fields.pop("missing", None),
        formula=fields.pop("formula", {}),
        seed=3,
        seconds=0.25,
    )
    known = {
        "module": name.rpartition(".")[0],
        "doc": f"About {name}.",
        "arguments": ("x",),
        "domain": {"x": "[0, 1] (n)"},
    }
    return Entry(name=name, result=result, rerun=f"gradcheck run lib -k {name}", **{**known, **fields})


GRAPH = Graph(
    (Node("a", "input", "x"), Node("b", "input", "weights"), Node("m", "multiply", "×"), Node("s", "add", "+"),
     Node("o", "output", "f")),
    (Edge("a", "m", "−2", "3"), Edge("b", "m", "[1, 2, 3]", "[4, 5, 6]"), Edge("m", "s", "6", "1"), Edge("a", "s", "−2", "1"),
     Edge("s", "o", "4", "1")),
)  # fmt: skip


@pytest.fixture
def report() -> Report:
    """A report with an entry of every verdict, made by hand."""
    claim = Evidence("exact", "certified", "for", "claim", argument="z", entry=(1,), claimed=0.25, value=0.26,
                     reason="erratum", detail="printed 0.25, true 0.26 (a slip)", point="printed")  # fmt: skip
    four = tuple(
        Evidence(oracle, kind, "for", point="small0")
        for oracle, kind in (("exact", "certified"), ("differences", "measured"), ("symbolic", "proved"), ("jax", "cross-checked"))
    )  # fmt: skip
    mathml = "<math><mi>y</mi><mo>=</mo><mi>x</mi></math>\n<script>alert(2)</script>"
    entries = (
        made_entry("lib.activations.relu", "pass", formula={"mathml": mathml, "text": "y = x"}, graph=GRAPH),
        made_entry(
            "lib.linear.matmul[wide]", "fail", source='@rule\ndef matmul(a, b):  # <b>\n    return "x", 1\n', line=3
        ),
        made_entry("lib.linear.matmul[tall]", "disputed", formula={"text": "y = a @ b"}, citation="<Somebody>"),
        made_entry("lib.losses.mse", "inconclusive"),
        made_entry("lib.losses.raises", "error"),
        made_entry("lib.digits.network", "inconclusive", missing="scikit-learn is not installed"),
        Entry("lib.worked.step", "lib.worked", Result("lib.worked.step", "pass", (claim,)), domain={"x": "3"}),
        Entry("lib.exp", "lib", Result("lib.exp", "pass", four)),
    )
    meta = Meta("1.0", "gradcheck run lib", "2026-01-02 03:04:05+00:00", 12.5, 3, ("exact", "differences", "symbolic", "jax"),
                ("jax: jax is not installed: pip install 'gradcheck[jax]'",), {"numpy": "2.0"})  # fmt: skip
    return Report(meta, entries)
