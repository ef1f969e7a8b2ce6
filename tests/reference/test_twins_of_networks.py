"""The independent definitions that networks and worked examples are compared with."""

import importlib
import pkgutil

import numpy as np
import pytest

import reference.worked
from gradcheck.cases import Case, collect
from reference import digits, network

MODULES = [
    importlib.import_module(f"reference.worked.{m.name}") for m in pkgutil.iter_modules(reference.worked.__path__)
]
CASES = [c for module in (network, *MODULES) for c in collect(module) if isinstance(c, Case)]


def close(ours, theirs):
    np.testing.assert_allclose(ours, np.asarray(theirs, dtype=float), rtol=1e-12, atol=1e-13)


def agrees_with_jax(case):
    """Forward and cotangents by JAX, at a random point."""
    jax = pytest.importorskip("jax")
    point = case.point("random", 0)
    with jax.enable_x64(True):
        theirs, vjp = jax.vjp(
            lambda *args: case.rule.jax(jax, *args, **point.params), *map(jax.numpy.asarray, point.args)
        )
        dy = np.linspace(-1, 2, theirs.size).reshape(theirs.shape)
        cotangents = vjp(jax.numpy.asarray(dy))
    y, pullback = case.rule(*point.args, **point.params)
    close(y, theirs)
    ours = pullback(dy)
    for mine, other in zip(ours if isinstance(ours, tuple) else (ours,), cotangents, strict=True):
        close(mine, other)


# At a tie JAX gives half to each input, which is another subgradient than the text's.
SMOOTH = [c for c in CASES if c.label != "tie"]


@pytest.mark.parametrize("case", SMOOTH, ids=lambda c: c.name.removeprefix("reference."))
def test_jax_twin_has_the_same_values_and_gradient(case):
    agrees_with_jax(case)


@pytest.mark.parametrize("stage", ["before", "after"])
def test_jax_twin_of_the_digits_has_the_same_values_and_gradient(stage):
    pytest.importorskip("sklearn")
    agrees_with_jax(Case(digits.cost, stage))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name.removeprefix("reference."))
def test_sympy_twin_has_the_same_values(case):
    import sympy

    point = case.point("small", 0)
    args = [np.asarray(np.frompyfunc(sympy.Float, 1, 1)(a), dtype=object) for a in point.args]
    close(case.rule(*point.args, **point.params)[0], case.rule.sympy(sympy, *args, **point.params))
