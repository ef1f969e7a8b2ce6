"""The elementary rules: certified everywhere, faithful to dtype and shape, and right at edges."""

import importlib
import pkgutil

import numpy as np
import pytest

from gradcheck.cases import Case, collect
from reference import (
    angles,
    arithmetic,
    contractions,
    diagonals,
    entropies,
    exponential,
    identities,
    indexing,
    linalg,
    norms,
    reductions,
    repeating,
    rounding,
    running,
    scattering,
    shape,
    signals,
    signs,
    sorting,
    statistics,
    surrogates,
    trigonometric,
)
from tests.case_checks import (
    assert_certified_at_every_point,
    assert_float32_stays_and_arguments_are_left_alone,
    tuple_of,
)

FAMILIES = (
    *(arithmetic, rounding, signs, exponential, entropies, trigonometric, angles, reductions, running, statistics),
    *(linalg, norms, contractions, diagonals, shape, repeating, indexing, scattering, sorting, signals, surrogates),
)
IDENTITIES = [
    importlib.import_module(m.name) for m in pkgutil.iter_modules(identities.__path__, "reference.identities.")
]
COLLECTED = [c for module in (*FAMILIES, *IDENTITIES) for c in collect(module) if isinstance(c, Case)]
# A form that is refuted is right about nothing that these tests ask.
CASES = [c for c in COLLECTED if not c.rule.refuted]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removeprefix("reference."))
# What symbols stand for: real numbers.
SYMBOLIC = [c for c in CASES if c.rule.sympy and all(np.isreal(a).all() for a in c.point("small", 0).args)]
SYMBOLIC = [c for c in SYMBOLIC if all(np.isfinite(a).all() for a in c.point("small", 0).args)]
ELEMENTWISE = [
    *(arithmetic.negative, arithmetic.square, arithmetic.sqrt, arithmetic.cbrt, arithmetic.abs, arithmetic.reciprocal),
    *(exponential.exp, exponential.exp2, exponential.expm1, exponential.log, exponential.log2, exponential.log10),
    *(exponential.log1p, trigonometric.sin, trigonometric.cos, trigonometric.tan, trigonometric.asin),
    *(trigonometric.acos, trigonometric.atan, trigonometric.sinh, trigonometric.cosh, trigonometric.tanh),
    *(trigonometric.asinh, trigonometric.atanh, reductions.sum, reductions.mean, reductions.prod, shape.flip),
]
BINARY = [
    *(arithmetic.add, arithmetic.subtract, arithmetic.multiply, arithmetic.divide, arithmetic.pow, arithmetic.hypot),
    *(arithmetic.maximum, arithmetic.minimum, exponential.logaddexp, trigonometric.atan2),
]
ONE = np.float64(1)
by_name = {"ids": lambda value: getattr(value, "__name__", str(value))}


@every_case
def test_every_pullback_is_certified_at_every_point(case):
    assert_certified_at_every_point(case)


@every_case
def test_every_case_has_a_jax_twin_and_a_sympy_twin(case):
    assert case.rule.jax is not None
    assert case.rule.sympy is not None or case.rule.sympy_matrix is not None


@pytest.mark.parametrize("case", SYMBOLIC, ids=lambda case: case.name.removeprefix("reference."))
def test_the_sympy_twin_computes_the_same_function(case):
    import sympy

    point = case.point("small", 0)
    y, _ = case.rule(*point.args, **point.params)
    numbers = [np.frompyfunc(lambda v: sympy.Float(v, 30), 1, 1)(a) for a in point.args]
    theirs = case.rule.sympy(sympy, *numbers, **point.params)
    for mine, other in zip(tuple_of(y), tuple_of(theirs), strict=True):
        assert np.shape(other) == np.shape(mine)
        np.testing.assert_allclose(np.asarray(np.frompyfunc(float, 1, 1)(other), float), mine, rtol=1e-12, atol=1e-14)


@every_case
def test_float32_stays_float32_and_arguments_are_left_alone(case):
    assert_float32_stays_and_arguments_are_left_alone(case)


@pytest.mark.parametrize("size", [(), (0,), (2, 0), (1,), (1, 1, 2)], ids=str)
@pytest.mark.parametrize("rule", ELEMENTWISE, **by_name)
def test_0d_empty_and_single_entries_come_back_in_their_shape(rule, size):
    x = np.full(size, 0.5)
    with np.errstate(invalid="ignore", divide="ignore"):
        if rule is reductions.mean and not x.size:
            return
        y, pullback = rule(x)
        dx = pullback(np.ones_like(y))
    assert np.shape(dx) == size
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("sizes", [((), ()), ((0,), ()), ((0,), (1,)), ((2, 0), (1, 1)), ((), (3,))], ids=str)
@pytest.mark.parametrize("rule", BINARY, **by_name)
def test_0d_and_empty_arguments_broadcast_and_come_back(rule, sizes):
    a, b = (np.full(size, value) for size, value in zip(sizes, (0.5, 0.25), strict=True))
    y, pullback = rule(a, b)
    assert tuple(np.shape(g) for g in pullback(np.ones_like(y))) == sizes


@pytest.mark.parametrize(
    ("rule", "args", "params", "cotangents"),
    [
        (arithmetic.abs, [[-2.0, 0.0, 2.0]], {}, [[-1.0, 0.0, 1.0]]),
        (arithmetic.maximum, [[1.0, 2.0], [1.0, 3.0]], {}, [[0.5, 0.0], [0.5, 1.0]]),
        (arithmetic.minimum, [[1.0, 2.0], [1.0, 3.0]], {}, [[0.5, 1.0], [0.5, 0.0]]),
        (arithmetic.clip, [[0.0, 1.0, 2.0, 3.0]], dict(low=1.0, high=2.5), [[0.0, 0.5, 1.0, 0.0]]),
        (arithmetic.pow, [[0.0, 0.0], [2.0, 0.0]], {}, [[0.0, 0.0], [0.0, 0.0]]),
        (arithmetic.integer_pow, [[0.0, 2.0]], dict(exponent=0), [[0.0, 0.0]]),
        (reductions.max, [[1.0, 3.0, 3.0, 2.0]], {}, [[0.0, 0.5, 0.5, 0.0]]),
        (reductions.min, [[1.0, 3.0, 1.0, 2.0]], {}, [[0.5, 0.0, 0.5, 0.0]]),
        (reductions.prod, [[0.0, 3.0, 5.0]], {}, [[15.0, 0.0, 0.0]]),
        (reductions.prod, [[0.0, 0.0, 5.0]], {}, [[0.0, 0.0, 0.0]]),
        (indexing.getitem, [[1.0, 2.0, 3.0]], dict(key=np.array([2, 2, -1, 0])), [[1.0, 0.0, 3.0]]),
    ],
    **by_name,
)
def test_kinks_ties_zeros_and_repeats_follow_the_stated_convention(rule, args, params, cotangents):
    y, pullback = rule(*map(np.array, args), **params)
    ours = tuple_of(pullback(np.ones_like(y)))
    for mine, theirs in zip(ours, cotangents, strict=True):
        np.testing.assert_allclose(mine, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: exponential.expm1(np.array(-40.0))[1](ONE), 4.248354255291589e-18),
        (lambda: trigonometric.tanh(np.array(20.0))[1](ONE), 1.6993417021166355e-17),
        (lambda: trigonometric.asinh(np.array(1e200))[1](ONE), 1e-200),
        (lambda: trigonometric.asin(np.array(1 - 2.0**-52))[1](ONE), 2.0**25.5),
        (lambda: exponential.logaddexp(np.array(-800.0), np.array(-800.0))[1](ONE), (0.5, 0.5)),
        (lambda: reductions.logsumexp(np.array([1000.0, 1000.0]))[1](ONE), (0.5, 0.5)),
        (lambda: reductions.logsumexp(np.array([0.0, -40.0]))[0], 4.248354255291589e-18),
        (lambda: reductions.std(np.array([1e8, 1e8 + 1]))[1](ONE), (-0.5, 0.5)),
        (lambda: arithmetic.hypot(np.array(3e200), np.array(4e200))[1](ONE), (0.6, 0.8)),
        (lambda: linalg.det(np.ones((2, 2)))[1](ONE), [[1.0, -1.0], [-1.0, 1.0]]),
        (lambda: linalg.det(np.array([[3.0]]))[1](ONE), [[1.0]]),
    ],
    ids=[
        "expm1",
        "tanh",
        "asinh",
        "asin",
        "logaddexp",
        "logsumexp",
        "its value",
        "std",
        "hypot",
        "singular det",
        "det of a number",
    ],
)
def test_delicate_places_keep_their_digits(ours, theirs):
    np.testing.assert_allclose(ours(), theirs, rtol=1e-13)
