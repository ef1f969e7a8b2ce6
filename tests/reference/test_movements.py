"""Statistics, contractions, movements and surrogates: edges, conventions, bad arguments, deliberate pullbacks."""

import numpy as np
import pytest

from gradcheck import Rule, check
from gradcheck.cases import Case
from gradcheck.checking import check_case
from reference import (
    angles,
    contractions,
    diagonals,
    entropies,
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
)
from tests.case_checks import tuple_of
from tests.planting import edited

by_name = {"ids": lambda value: getattr(value, "__name__", None)}
X = np.array([[3.0, 1.0, 2.0], [0.5, -1.0, 4.0]])
NAN, INF = np.nan, np.inf


def cotangents(rule, args, params):
    y, pullback = rule(*(np.asarray(a, float) for a in args), **params)
    ones = tuple(map(np.ones_like, y)) if isinstance(y, tuple) else np.ones_like(y)
    return y, tuple_of(pullback(ones))


@pytest.mark.parametrize(
    ("rule", "args", "params", "expected"),
    [
        (rounding.floor, [[1.0, 1.5]], {}, [[0.0, 0.0]]),
        (rounding.round, [[0.5, 1.5, 2.5]], {}, [[0.0, 0.0, 0.0]]),
        (rounding.remainder, [[-3.0, 4.0], [2.0, 2.0]], {}, [[1.0, 1.0], [2.0, -2.0]]),
        (rounding.fmod, [[-3.0, 4.0], [2.0, 2.0]], {}, [[1.0, 1.0], [1.0, -2.0]]),
        (signs.sign, [[0.0, -2.0]], {}, [[0.0, 0.0]]),
        (signs.heaviside, [[0.0, 2.0]], dict(at_zero=0.5), [[0.0, 0.0]]),
        (signs.copysign, [[-2.0, 0.0, 3.0], [-0.0, 1.0, -1.0]], {}, [[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]]),
        (signs.nan_to_num, [[NAN, INF, -INF, 1.0]], {}, [[0.0, 0.0, 0.0, 1.0]]),
        (angles.sinc, [[0.0]], {}, [[0.0]]),
        (entropies.xlogy, [[0.0, 2.0], [0.5, 1.0]], {}, [[np.log(0.5), 0.0], [0.0, 2.0]]),
        (reductions.ptp, [[1.0, 3.0, 3.0, 1.0, 2.0]], {}, [[-0.5, 0.5, 0.5, -0.5, 0.0]]),
        (reductions.vector_norm, [[0.0, 0.0]], dict(ord=1), [[0.0, 0.0]]),
        (reductions.vector_norm, [[0.0, 0.0]], dict(ord=2), [[0.0, 0.0]]),
        (reductions.vector_norm, [[0.0, 0.0]], dict(ord=2.5), [[0.0, 0.0]]),
        (reductions.vector_norm, [[2.0, -2.0, 1.0]], dict(ord=INF), [[0.5, -0.5, 0.0]]),
        (norms.matrix_norm, [[[1.0, -2.0], [3.0, 1.0]]], dict(ord=INF), [[[0.0, 0.0], [1.0, 1.0]]]),
        (running.cumulative_max, [[1.0, 3.0, 3.0, 2.0]], {}, [[1.0, 3.0, 0.0, 0.0]]),
        (running.cumulative_prod, [[2.0, 0.0, 5.0]], {}, [[1.0, 12.0, 0.0]]),
        (running.cumulative_prod, [[0.0, 0.0, 5.0]], {}, [[1.0, 0.0, 0.0]]),
        (statistics.median, [[1.0, 2.0, 2.0, 2.0, 3.0]], {}, [[0.0, 0.0, 1.0, 0.0, 0.0]]),
        (statistics.quantile, [[4.0, 1.0]], dict(q=0.25), [[0.25, 0.75]]),
        (statistics.quantile, [[4.0, 1.0]], dict(q=(0.0, 1.0)), [[1.0, 1.0]]),
        (statistics.nanmean, [[1.0, NAN, 3.0]], {}, [[0.5, 0.0, 0.5]]),
        (sorting.sort, [[2.0, 1.0, 2.0]], {}, [[1.0, 1.0, 1.0]]),
        (sorting.top_k, [[2.0, 1.0, 2.0, 2.0]], dict(k=2), [[1.0, 0.0, 1.0, 0.0]]),
        (sorting.interp, [[1.0], [0.0, 1.0, 3.0], [0.0, 2.0, 8.0]], {}, [[3.0], [0.0, -3.0, 0.0], [0.0, 1.0, 0.0]]),
        (sorting.interp, [[4.5], [3.0, 1.0], [2.0, 8.0]], dict(period=-4.0), [[3.0], [-0.75, -2.25], [0.25, 0.75]]),
        (scattering.index_set, [[1.0, 2.0], [5.0, 6.0]], dict(key=np.array([1, 1])), [[1.0, 0.0], [0.0, 1.0]]),
        (scattering.scatter_max, [[1.0, 2.0], [2.0]], dict(indices=np.array([1])), [[1.0, 0.5], [0.5]]),
        (scattering.one_hot_matmul, [[[1.0], [2.0]]], dict(labels=np.array([1, 5])), [[[0.0], [1.0]]]),
        (linalg.matrix_power, [[[1.0, 2.0], [2.0, 4.0]]], dict(exponent=0), [[[0.0, 0.0], [0.0, 0.0]]]),
    ],
    **by_name,
)
def test_kinks_ties_zeros_and_repeats_follow_the_stated_convention(rule, args, params, expected):
    _, ours = cotangents(rule, args, params)
    for mine, theirs in zip(ours, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-15)


@pytest.mark.parametrize(
    ("rule", "shapes", "params"),
    [
        *((r, [(0, 2)], {}) for r in (rounding.floor, signs.positive, angles.sinc, entropies.entr, reductions.sum)),
        *((r, [()], {}) for r in (rounding.round, signs.sign, angles.deg2rad, entropies.entr, reductions.ptp)),
        (statistics.median, [()], {}),
        (statistics.average, [(), ()], {}),
        (statistics.nansum, [(0, 3)], {}),
        (statistics.median, [(2, 0)], dict(axis=0)),
        (statistics.median, [(0, 2)], dict(axis=1)),
        (running.cumulative_sum, [(0,)], dict(include_initial=True)),
        (running.cumulative_prod, [(3, 0)], dict(axis=0)),
        (running.trapezoid, [(1,)], {}),
        (contractions.dot, [(2, 0), (0, 3)], {}),
        (contractions.einsum, [(0, 2), (2, 3)], dict(subscripts="ij,jk->ik")),
        (contractions.einsum, [(2, 0), (0, 3)], dict(subscripts="ij,jk->ik")),
        (contractions.multi_dot, [(0, 2), (2, 3)], {}),
        (diagonals.diagonal, [(0, 3)], {}),
        (diagonals.diag, [(0,)], {}),
        (repeating.repeat, [(0, 2)], dict(repeats=3, axis=0)),
        (repeating.repeat, [()], dict(repeats=3)),
        (repeating.tile, [()], dict(repetitions=(2, 2))),
        (repeating.pad, [(0,)], dict(width=2)),
        (repeating.meshgrid, [(0,), (2,)], {}),
        (shape.unstack, [(2, 0)], {}),
        (shape.ravel, [()], {}),
        (sorting.sort, [(0, 3)], {}),
        (sorting.top_k, [(0, 3)], dict(k=2)),
        (sorting.interp, [(0,), (1,), (1,)], {}),
        (scattering.one_hot_matmul, [(3, 2)], dict(labels=np.zeros(0, int))),
        (signals.fftconvolve, [(1,), (1,)], {}),
        (surrogates.gradient_clip, [(0,)], dict(limit=1.0)),
        (surrogates.gradient_norm_clip, [()], dict(limit=1.0)),
    ],
    **by_name,
)
def test_empty_and_0d_arguments_come_back_in_their_shape(rule, shapes, params):
    _, ours = cotangents(rule, [np.full(s, 0.5) for s in shapes], params)
    assert [np.shape(c) for c in ours] == shapes
    assert all(np.isfinite(c).all() for c in ours)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: statistics.quantile(X, q=0.5, method="cubic"), "method='cubic' is not known: choose from linear"),
        (lambda: statistics.quantile(X, q=1.5), r"q is 1.5: give parts from 0 to 1"),
        (lambda: statistics.average(X, np.ones(2), axis=1), r"weights have shape \(2,\), x has \(2, 3\)"),
        (lambda: statistics.average(X, np.ones(3)), "give one as for x, or for one axis"),
        (lambda: contractions.einsum(X, subscripts="ij,jk"), "speak of 2 factors, 1 were given"),
        (lambda: diagonals.diag(X[None]), "x has 3 axes: diag takes a vector or a matrix"),
        (lambda: sorting.interp(X, X[0], X[1], period=0), "period is 0: give another number, or None"),
        (lambda: sorting.top_k(X, k=4), r"k=4: give a number from 0 to 3, the length of axis -1"),
    ],
)
def test_a_bad_argument_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("sizes", [(1, 1), (2, 3), (2, 4), (3, 2), (4, 5), (5, 3)], ids=str)
@pytest.mark.parametrize("rule", [signals.convolve, signals.correlate, signals.fftconvolve], **by_name)
def test_every_length_and_mode_of_a_convolution_is_differentiated(rule, sizes, mode):
    rng = np.random.default_rng(0)
    result = check(rule, *(rng.uniform(1, 2, n) for n in sizes), params=dict(mode=mode), oracles="differences")
    assert result, str(result)


def held(dy, *, limit):
    return np.clip(dy, -limit, limit)


def identity_of(pullback, **declared):
    def rule(x, *, limit=1.0):
        return x.copy(), lambda dy: pullback(dy, limit=limit)

    return Rule(rule, **declared)


@pytest.mark.parametrize("oracle", ["exact", "symbolic", "differences"])
def test_a_pullback_that_is_not_linear_is_held_to_what_it_says(oracle):
    x, at = np.array([0.3, 1.7, -2.0]), dict(dy=np.array([0.5, -3.0, 1.6]), params=dict(limit=1.0))
    says = dict(surrogate=lambda x, *, limit: 1 * x, cotangent=held)
    assert check(identity_of(held, **says), x, **at, oracles=oracle)
    for wrong in (lambda dy, *, limit: dy, lambda dy, *, limit: np.clip(dy, -limit, 2 * limit)):
        result = check(identity_of(wrong, **says), x, **at, oracles=oracle)
        assert result.verdict == "fail", str(result)


def test_a_pullback_that_is_not_linear_and_does_not_say_so_fails():
    result = check(
        identity_of(held, surrogate=lambda x, *, limit=1.0: 1 * x), np.array([0.3, 1.7]), dy=np.array([0.5, 3.0])
    )
    assert result.verdict == "fail"
    assert any("not linear in dy" in e.detail for e in result.evidence)


def test_a_cotangent_without_a_surrogate_is_refused():
    with pytest.raises(TypeError, match="cotangent= without surrogate="):
        identity_of(held, cotangent=held)


MISTAKES = {
    "the steps are not rounded": (rounding.remainder, "quotients(a, b, np.floor)", "quotients(a, b, np.trunc)"),
    "the mean of the weights stays": (statistics.average, "each * (centred - mean(centred))", "each * x"),
    "the ranks are the order": (statistics.median, "share[ranks(flat)]", "share[np.argsort(flat, -1)]"),
    "the places are forgotten": (
        running.trapezoid,
        "moved = unbroadcast(-dy",
        "moved = 0 * unbroadcast(-dy",
    ),
    "divided by the entry": (running.cumulative_prod, "along[i + 1] * s[i + 1]", "s[i + 1]"),
    "axes are not put back": (
        contractions.tensordot,
        "contracted(dy, range(left), a, of_a, of_b)",
        "contracted(dy, range(left), a, of_a, of_b[::-1])",
    ),
    "copies go to the other end": (repeating.repeat, "np.arange(len(rows))", "np.arange(len(rows))[::-1]"),
    "the turn is not undone": (shape.rot90, "np.rot90(dy, -k, axes)", "np.rot90(dy, k, axes)"),
    "several shifts are not undone": (shape.roll, "tuple(-s for s in shift)", "shift"),
    "what was overwritten counts": (scattering.index_set, "np.where(stays, dy[key], 0)", "dy[key]"),
    "dx is not cleared": (scattering.index_set, "dx[key] = 0", "pass"),
    "not turned round": (signals.correlate, '"valid")[::-1]', '"valid")'),
    "the conjugate is forgotten": (signals.fftconvolve, "np.conj(other)", "other"),
    "both halves take all": (sorting.interp, "scattered(ends * t, fp, i)", "scattered(ends, fp, i)"),
    "clipped to twice the limit": (
        surrogates.gradient_clip,
        "np.clip(dy, -limit, limit)",
        "np.clip(dy, -limit, 2 * limit)",
    ),
    "rounded as it is": (surrogates.straight_through, "dy.copy()", "0 * dy"),
}


@pytest.mark.parametrize(("rule", "old", "new"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_passes(rule, old, new):
    wrong = edited(rule, old, new)
    results = [check_case(Case(wrong, label), oracles="exact") for label in wrong.domains]
    assert "fail" in [r.verdict for r in results], [str(r) for r in results]
