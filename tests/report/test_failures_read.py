"""What failures of many kinds print: the first line says what is wrong, all of it fits a screen, nothing is said twice."""

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check, positive, real
from gradcheck.cases import Case
from gradcheck.report.console import print_report
from gradcheck.report.data import Meta, Report, describe
from gradcheck.report.text import render_result
from gradcheck.results import Result

X = dict(x=real("n k"))


def square(answer: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """x², with ``answer(x, dy)`` for its gradient."""
    return lambda x: (x**2, lambda dy: answer(x, dy))


def without_first(x: Any, dy: Any) -> Any:
    dx = 2 * x * dy
    dx[..., :1] *= np.arange(dx.shape[0])[:, None] > 0
    return dx


def multiplying(x: Any, dy: Any) -> Any:
    dy *= 2 * x
    return dy


def counting(x: Any) -> Any:
    calls: list[int] = []

    def pullback(dy: Any) -> Any:
        calls.append(1)
        return 2 * x * dy * len(calls)

    return x**2, pullback


def endless(x: Any, dy: Any) -> Any:
    while x.size:
        x = -x
    return x


def explicit(x: Any) -> Any:
    return np.expm1(x), lambda dy: dy * (np.exp(x) - 1) * np.exp(x) / np.expm1(x)


def relu(x: Any) -> Any:
    return np.maximum(x, 0), lambda dy: dy * ((x > 0) + 2 * (x == 0)).astype(dy.dtype)


def through_floats(x: Any) -> Any:
    return np.array([float(v) ** 2 for v in x.ravel()], x.dtype).reshape(x.shape), lambda dy: 2.2 * x * dy


# Rule, domain, what `check` is told, the verdict, and how the diagnosis starts.
Row = tuple[Callable[..., Any], dict[str, Any], dict[str, Any], str, str]
EXACT = dict(oracles="exact")
FAILURES: dict[str, Row] = {
    "a factor": (square(lambda x, dy: x * dy), X, EXACT, "fail", "Your dx is half the right value: ∂L/∂x["),
    "transposed": (
        lambda a, b: (a @ b, lambda dy: (dy @ b.T, dy.T @ a)),
        dict(a=real("n k"), b=real("k n")),
        EXACT,
        "fail",
        "Your db is the transpose of the right value: ",
    ),
    "a missing sum": (
        lambda x, b: (x + b, lambda dy: (dy, dy)),
        dict(x=real("n k"), b=real("k")),
        EXACT,
        "fail",
        "Your db lacks the sum over the broadcast axis 0: the cotangent of b has shape (3, 4), b has (4,).",
    ),
    "one entry": (square(without_first), X, EXACT, "fail", "Your dx is wrong in a single entry, which is zero: "),
    "a region": (
        square(lambda x, dy: np.where(x < 0, x * dy, 2 * x * dy)),
        X,
        EXACT,
        "fail",
        "Your dx is right elsewhere but half the right value for x < 0: ",
    ),
    "a region, in double precision at that": (
        square(lambda x, dy: 2 * x * dy * np.where(x < 0, 0.5, np.ones(()))),
        X,
        EXACT,
        "fail",
        "Your dx is right elsewhere but half the right value for x < 0: ",
    ),
    "a kink": (
        relu,
        dict(x=real("n k", at=(0.0,))),
        EXACT,
        "fail",
        "Your dx is right elsewhere but twice the right value for x = 0: ",
    ),
    "NaN": (
        square(lambda x, dy: 2 * x * dy * (x / x)),
        dict(x=real("n k", at=(0.0,))),
        EXACT,
        "fail",
        "The cotangent of x is NaN at x[",
    ),
    "a wrong shape": (
        square(lambda x, dy: (2 * x * dy)[0]),
        X,
        EXACT,
        "fail",
        "Your dx is only the first slice of the right value along axis 0: the cotangent of x has shape (4,), x has (3, 4).",
    ),
    "mutation": (square(multiplying), X, EXACT, "fail", "The pullback changes dy: work on a copy (dy["),
    "not linear": (square(lambda x, dy: 2 * x * np.clip(dy, -1, 1)), X, EXACT, "fail", "Your dx clips dy to ±1: the "),
    "state": (counting, X, EXACT, "fail", "A second call of the same pullback gives another dx: it keeps state (dx["),
    "digits lost": (
        explicit,
        dict(x=positive("n k", at=(1e-9,))),
        EXACT,
        "fail",
        "The formula is right, its evaluation loses digits (about 9 of 16): gradient: at most ",
    ),
    "oracles that disagree": (
        lambda x: (np.sin(x), lambda dy: dy * np.cos(x)),
        X,
        dict(oracles="exact,symbolic", sympy=lambda sympy, x: np.vectorize(sympy.cos, otypes=[object])(x)),
        "disputed",
        "The forward differs from its twin in sympy, and which of the two is wrong nobody knows: yours ",
    ),
    "an error": (
        square(lambda x, dy: dy @ x),
        X,
        EXACT,
        "error",
        "The pullback raised at small1 (x (1, 2)), where the forward does not: ValueError: matmul: ",
    ),
    "hanging": (
        square(endless),
        X,
        dict(oracles="exact", timeout=0.5),
        "error",
        "Out of time: the check at small0 took more than 0.5 s, in ",
    ),
    "a black box": (through_floats, X, dict(oracles="differences"), "fail", "Your dx is 11/10 times the right value: "),
    "nobody decides": (
        lambda x: (np.histogram(x)[0] * x, lambda dy: dy),
        dict(x=real("10")),
        EXACT,
        "inconclusive",
        "No verdict: what was looked at neither confirms nor refutes the gradient.",
    ),
}


@pytest.fixture(scope="module")
def results() -> dict[str, tuple[Rule, Result]]:
    """Each failure, checked once."""
    rules = {name: Rule(row[0], domains={"": row[1]}) for name, row in FAILURES.items()}
    return {name: (rule, check(rule, **FAILURES[name][2])) for name, rule in rules.items()}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_told_late_at_length_or_twice(results: Any, name: str) -> None:
    verdict, says = FAILURES[name][3:]
    result = results[name][1]
    lines = render_result(result).splitlines()
    assert result.verdict == verdict
    assert " ".join(line.strip() for line in lines[1:5]).startswith(says)
    assert len(lines) <= 24  # one more is the command that runs it again
    assert max(map(len, lines)) <= 100
    sentences = [re.sub(r"[\d.]+", "#", line) for line in lines if line.startswith(("  also:", "  note:"))]
    assert len(set(sentences)) == len(sentences)


def test_a_run_that_fails_prints_lines_that_are_broken_by_the_terminal(results: Any) -> None:
    from rich.console import Console

    entries = tuple(describe(Case(rule), result, "") for rule, result in results.values())
    screen = io.StringIO()
    print_report(Report(Meta("1", "gradcheck run", "now", 1.0, 0), entries), Console(file=screen, width=100))
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    told = " ".join(line.strip() for line in lines)
    for row in FAILURES.values():
        assert row[3] == "inconclusive" or row[4].rstrip(". ") in told
