"""Code that nobody here wrote, where it is installed: what is covered, and that each finding is found."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.cases import Case
from gradcheck.checking import check_case
from gradcheck.results import Result
from tests.real_world.findings import FINDINGS, TWICE, table

PACKAGES = {
    "autograd_vjps": ("autograd",),
    "torch_functional": ("torch",),
    "jax_nn": ("jax",),
    "double_backwards": ("autograd", "torch", "jax"),
}
# So many functions at least; of autograd so many VJPs.
LEAST = {"autograd_vjps": 100, "torch_functional": 40, "jax_nn": 20}
# Some that are to pass: a false alarm is a defect of ours.
RIGHT = {
    "autograd_vjps": [
        "tanh",
        "divide",
        "matmul[vector and batch]",
        "max",
        "std",
        "pad",
        "einsum[product]",
        "exp[complex]",
    ],
    "torch_functional": ["softmax", "tanhshrink", "silu", "layer_norm", "normalize"],
    "jax_nn": ["softmax", "hard_tanh", "squareplus"],
    "double_backwards": [
        "torch_layer_norm",
        "torch_l1_loss",
        "torch_cross_entropy",
        "torch_nll_loss",
        "jax_softmax",
        "jax_standardize",
        "autograd_sqrt",
        "autograd_matmul[batches]",
    ],
}
FOUND = [(module, case) for module, findings in FINDINGS.items() for case in findings]
# Double backward passes that are wrong as the first ones are.
OF_THE_FIRST = [
    "torch_celu[negative]",
    "torch_binary_cross_entropy_of_input[near 0]",
    "jax_arcsinh",
    "jax_hypot[large]",
    "autograd_expm1",
    "autograd_prod[a zero]",
]
PASSED = [(module, case) for module, cases in RIGHT.items() for case in cases]


def module_of(name: str) -> Any:
    for package in PACKAGES[name]:
        pytest.importorskip(package)
    return importlib.import_module(f"tests.real_world.{name}")


def case_of(module: str, name: str) -> Case:
    rule, _, label = name.removesuffix("]").partition("[")
    return Case(module_of(module).RULES[rule], label)


@functools.cache
def result_of(module: str, name: str) -> Result:
    return check_case(case_of(module, name), oracles="exact,differences")


@pytest.mark.parametrize(("module", "name"), FOUND)
def test_a_defect_that_was_found_is_not_found_any_more(module, name):
    result = result_of(module, name)
    assert result.verdict in ("fail", "error"), str(result)
    assert result.diagnosis


@pytest.mark.parametrize("name", [*OF_THE_FIRST, *TWICE])
def test_a_double_backward_is_blamed_for_what_its_backward_does_or_excused_by_it(name):
    result = result_of("double_backwards", name)
    assert ("the backward itself" in result.diagnosis.lower()) == (name in OF_THE_FIRST), str(result)


@pytest.mark.parametrize(("module", "name"), PASSED)
def test_right_code_of_others_is_blamed(module, name):
    result = result_of(module, name)
    assert result.verdict != "fail", str(result)
    assert result.verdict == "pass" or name == "tanhshrink", str(result)


@pytest.mark.parametrize("name", ["torch_functional", "jax_nn"])
def test_fewer_functions_are_checked_than_the_readme_says(name):
    assert len(module_of(name).RULES) >= LEAST[name]


def test_a_vjp_of_autograd_is_neither_reached_nor_excused(monkeypatch):
    module = module_of("autograd_vjps")
    reached: set[tuple[str, int]] = set()
    known = {(name, n) for name, n, _ in vjps()}
    for name, n, makers in vjps():
        monkeypatch.setitem(makers, n, recorded(makers[n], (name, n), reached))
    for rule in module.RULES.values():
        for label in rule.domains:
            point = Case(rule, label).point("small", 0)
            with np.errstate(all="ignore"):
                y, pullback = rule(*point.args, **point.params)
                try:
                    pullback(np.ones_like(y))
                except (ArithmeticError, LookupError, NotImplementedError, TypeError, ValueError):
                    continue  # findings
    excused = {(name, n) for name, n in known if name in module.NOT_REACHED}
    assert known - reached - excused == set()
    assert not excused & reached, "what is excused is reached after all"
    assert len(known & reached) >= LEAST["autograd_vjps"]


def vjps() -> list[tuple[str, int, dict[int, Any]]]:
    """The VJPs that autograd/numpy/numpy_vjps.py defines for single arguments: name, argument, the dict that holds them."""
    from autograd.core import primitive_vjps

    found = []
    for primitive, maker in primitive_vjps.items():
        cells = dict(zip(maker.__code__.co_freevars, (c.cell_contents for c in maker.__closure__ or ()), strict=True))
        makers = cells.get("vjps_dict", {})
        for n, vjp in makers.items():
            if getattr(getattr(vjp, "func", vjp), "__module__", "") == "autograd.numpy.numpy_vjps":
                found.append((primitive.__name__, n, makers))
    return found


def recorded(vjp: Any, key: tuple[str, int], reached: set[tuple[str, int]]) -> Any:
    """The VJP, which says that it was asked."""

    def asked(*args: Any, **params: Any) -> Any:
        reached.add(key)
        return vjp(*args, **params)

    return asked


@pytest.mark.parametrize("name", FINDINGS)
def test_the_readme_does_not_list_what_was_found(name):
    text = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    assert table(FINDINGS[name]) in text, "run `python -m tests.real_world.findings` and copy its table"
