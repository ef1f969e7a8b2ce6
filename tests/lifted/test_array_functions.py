"""The array functions that move entries, sample them, or run NumPy's own Python code on exact arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from gradcheck.lifted.array import NotLiftable
from gradcheck.lifted.functions import TABLE
from gradcheck.lifted.numpys_own import NAMES
from tests.lifted import test_functions
from tests.lifted.agreement import MASK, in_balls, plain_answer_agrees, tangent_agrees, value_agrees, written

KNOTS = np.array([-2.5, -0.5, 0.25, 2.5])
PADDED = ((1, 2), (3, 0))


def first_of_loop(x: Any) -> Any:
    """Sums by nditer's cousins: ndindex, ndenumerate and flat."""
    total = np.zeros_like(x[0, 0])
    for i in np.ndindex(x.shape):
        total += x[i] * (1 + i[0])
    for k, entry in enumerate(x.flat):
        total += entry * k
    return total


CALLS: dict[str, Callable[..., Any]] = {
    # entries moved
    "insert": lambda v, w: np.insert(v, [1, 3, 3], w),
    "insert along an axis": lambda x, w: np.insert(x, 2, w, axis=1),
    "choose": lambda x, y: np.choose(MASK.astype(int), [x, y]),
    "choose, wrapped": lambda v, w: np.choose([5, 0, 1], [v[:3], w], mode="wrap"),
    "block": lambda m, w, z: np.block([[m, w[:, None]], [w, z]]),
    "place": lambda x, w: written(lambda a: np.place(a, MASK, w), x),
    "putmask": lambda x, y: written(lambda a: np.putmask(a, MASK, y), x),
    "pad reflect": lambda x: np.pad(x, ((1, 2), (3, 0)), "reflect"),
    "pad symmetric": lambda x: np.pad(x, PADDED, "symmetric"),
    "pad wrap": lambda x: np.pad(x, PADDED, "wrap"),
    "pad edge": lambda x: np.pad(x, PADDED, "edge"),
    "pad empty axes": lambda v: np.pad(v, 0),
    "pad mean": lambda x: np.pad(x, PADDED, "mean"),
    "pad maximum": lambda x: np.pad(x, PADDED, "maximum"),
    "pad minimum of two": lambda x: np.pad(x, 1, "minimum", stat_length=2),
    "pad median": lambda x: np.pad(x, PADDED, "median"),
    "pad linear_ramp": lambda x: np.pad(x, PADDED, "linear_ramp", end_values=1.5),
    "pad reflect, odd": lambda v: np.pad(v, 3, "reflect", reflect_type="odd"),
    "pad symmetric, odd": lambda v: np.pad(v, 3, "symmetric", reflect_type="odd"),
    "extract": lambda x: np.extract(MASK, x),
    "trim_zeros": lambda v: np.trim_zeros(np.pad(v, 2)),
    "permute_dims": lambda t: np.permute_dims(t, (2, 0, 1)),
    "concat": lambda x, y: np.concat([x, y]),
    "astype": lambda x: np.astype(x, float),
    # sampled
    "median of some": lambda t: np.median(t, axis=(0, 2)),
    "quantile": lambda x: np.quantile(x, 0.3),
    "quantile of several, along an axis": lambda x: np.quantile(x, [0.1, 0.5, 1.0], axis=1),
    "quantile, kept": lambda x: np.quantile(x, 0.75, axis=0, keepdims=True),
    "quantile over axes": lambda t: np.quantile(t, [[0.2], [0.9]], axis=(0, 2), keepdims=True),
    **{
        f"quantile, {method}": lambda v, method=method: np.quantile(v, 0.37, method=method)
        for method in ("lower", "higher", "midpoint", "nearest", "hazen", "weibull", "interpolated_inverted_cdf")
    },
    "percentile": lambda x: np.percentile(x, 30, axis=1),
    "percentile by a number": lambda v, z: np.percentile(v, z * 90),
    "interp": lambda x, w: np.interp(x, KNOTS, np.append(w, 1.0)),
    "interp with ends": lambda v, w: np.interp(2 * v, KNOTS[1:], w, left=7.0, right=-7.0),
    "interp of a period": lambda v: np.interp(3 * v, [0.5, 1.5, 2.5], [1.0, -1.0, 2.0], period=3.0),
    "interp by knots": lambda v, y: np.interp(v, np.sort(y[0]), y[1]),
    "linspace": lambda w: np.linspace(w[0], w[1], 5),
    "linspace along an axis": lambda x: np.linspace(x[0], x[1], 3, endpoint=False, axis=-1),
    "linspace, its step": lambda w: np.linspace(w[0], w[1], 5, retstep=True)[1],
    "logspace": lambda w: np.logspace(w[0], w[1], 4, base=2.0),
    "geomspace": lambda y: np.geomspace(y[0], y[1], 4),
    "bincount": lambda v: np.bincount(np.array([0, 2, 2, 4, 0]), weights=v, minlength=7),
    "apply_along_axis": lambda t: np.apply_along_axis(lambda r: np.outer(r, r), 1, t),
    "apply_along_axis to a number": lambda x: np.apply_along_axis(np.sum, 0, x),
    "apply_over_axes": lambda t: np.apply_over_axes(np.sum, t, [0, 2]),
    "vectorize": lambda x, w: np.vectorize(lambda a, b: a * b if a > 0 else b)(x[:, :3], w),
    "frompyfunc": lambda v: np.frompyfunc(lambda a: a * a, 1, 1)(v).astype(float),
    "unique": lambda v: np.unique(v),
    "unique, unsorted again": lambda v: np.unique(v, return_inverse=True)[0][np.unique(v, return_inverse=True)[1]],
    "unique_values": lambda w: np.sort(np.unique_values(w)),
    "union1d": lambda v, w: np.union1d(v, w),
    # NumPy's own code
    "average": lambda x: np.average(x, axis=1),
    "average, weighted": lambda x, w: np.average(x, axis=0, weights=w * w),
    "average over axes": lambda x, y: np.average(x, axis=(0, 1), weights=y, keepdims=True),
    "cov": lambda x: np.cov(x, ddof=0),
    "cov of two": lambda v, y: np.cov(v[:4], y[0], rowvar=False),
    "corrcoef": lambda x: np.corrcoef(x)[0, 1:],
    "gradient": lambda x: np.gradient(x, axis=1),
    "gradient, second order edges": lambda x: np.gradient(x, 0.5, axis=1, edge_order=2),
    "gradient, unevenly": lambda y: np.gradient(y[0], np.array([0.0, 1.0, 2.5, 3.0])),
    "gradient along both axes": lambda x: np.gradient(x)[0] * np.gradient(x)[1],
    "trapezoid": lambda x: np.trapezoid(x, axis=0),
    "trapezoid, unevenly": lambda x, y: np.trapezoid(x, y),
    "trapezoid by dx": lambda x: np.trapezoid(x, dx=0.25),
    "nan_to_num": lambda x: np.nan_to_num(x),
    "piecewise": lambda x: np.piecewise(x, [x < -1, x > 1], [lambda t: t * t, np.sin, 0.5]),
    "fix": lambda x: np.fix(x) * x,
    "unwrap": lambda x: np.unwrap(3 * x),
    "vander": lambda w: np.vander(w, 4, increasing=True),
    "poly": lambda w: np.poly(w),
    "polyval": lambda w, x: np.polyval(w, x),
    "polyadd": lambda v, w: np.polyadd(v, w),
    "polysub": lambda v, w: np.polysub(v, w),
    "polymul": lambda v, w: np.polymul(v, w),
    "polyder": lambda v: np.polyder(v, 2),
    "polyint": lambda v: np.polyint(v, k=1.5),
    "polyfit": lambda v: np.polyfit(np.arange(5.0), v, 2),
    "linalg.cond": lambda m: np.linalg.cond(m),
    "linalg.cross": lambda m, w: np.linalg.cross(m, w),
    "linalg.diagonal": lambda t: np.linalg.diagonal(t, offset=1),
    "linalg.matmul": lambda t, m: np.linalg.matmul(m, t),
    "linalg.outer": lambda v, w: np.linalg.outer(v, w),
    "linalg.tensordot": lambda t, x: np.linalg.tensordot(t, x, axes=2),
    "linalg.trace": lambda t: np.linalg.trace(t),
    "linalg.vecdot": lambda x, y: np.linalg.vecdot(x, y, axis=0),
    "vecdot along an axis": lambda x, y: np.vecdot(x, y, axis=0),
    # products and loops
    "einsum of a repeated index": lambda m, w: np.einsum("ii,i->i", m, w),
    "einsum with an ellipsis": lambda t, x: np.einsum("...ij,ij->...i", t, x),
    "einsum with numbers of axes": lambda t, x: np.einsum(t, [0, 1, 2], x, [1, 2], [0]),
    "einsum without arrow": lambda x, y: np.einsum("ij,kj", x, y),
    "einsum, a path": lambda x, y, w: np.einsum("ij,ij,i->j", x, y, w, optimize="greedy"),
    "add.reduceat": lambda v: np.add.reduceat(v, [0, 3, 1]),
    "multiply.reduceat": lambda x: np.multiply.reduceat(x, [0, 2], axis=1),
    "maximum.at": lambda v, w: written(lambda a: np.maximum.at(a, [0, 3, 0], w), v),
    "subtract.at": lambda v, w: written(lambda a: np.subtract.at(a, [0, 3, 0], w), v),
    "ndindex and flat": first_of_loop,
    "ndenumerate": lambda x: sum(e * (1 + i[1]) for i, e in np.ndenumerate(x)),
    "fromiter": lambda v: np.fromiter((e * e for e in v), float),
    "r_": lambda v, w: np.r_[v, 1.0, w],
    "c_": lambda w, m: np.c_[w, m],
    "round()": lambda z: round(3.3 * z) + z,
    "fmod": lambda x: np.fmod(x, -0.7),
    "fmod by a number": lambda x, y: np.fmod(x, y),
    "divmod": lambda x, y: np.divmod(x, y)[0] + np.divmod(x, y)[1],
    "modf": lambda x: np.modf(3 * x)[0] + np.modf(x)[1],
    "ldexp": lambda x: np.ldexp(x, [0, 1, -2, 3]),
    "i0": lambda x: np.i0(x),
    "sinc": lambda x: np.sinc(x),
    "ediff1d with ends": lambda v: np.ediff1d(v, to_end=v[:2], to_begin=1.0),
    # scipy.special
    "i0e": lambda x: special.i0e(x),
    "i1e": lambda x: special.i1e(x),
    "huber": lambda x, y: special.huber(y, x),
    "pseudo_huber": lambda x, y: special.pseudo_huber(y, x),
    "logsumexp": lambda x: special.logsumexp(x, axis=1),
    "logsumexp, weighted": lambda x, y: special.logsumexp(x, axis=0, b=y, keepdims=True),
    "logsumexp of signs": lambda x: special.logsumexp(x, b=MASK - 0.75, return_sign=True)[0],
    "softmax": lambda x: special.softmax(x, axis=1),
    "log_softmax": lambda x: special.log_softmax(x, axis=0),
    "softplus": lambda x: special.softplus(x),
    "polygamma": lambda y: special.polygamma(2, y),
    "digamma": lambda y: special.digamma(y),
    "special.sinc": lambda x: special.sinc(x),
}
# With holes: their derivative is looked at where there are numbers.
HOLED: dict[str, Callable[..., Any]] = {
    "nansum": lambda h: np.nansum(h, axis=0),
    "nanprod": lambda h: np.nanprod(h, axis=0),
    "nanmean": lambda h: np.nanmean(h, axis=1, keepdims=True),
    "nanvar": lambda h: np.nanvar(h, axis=1, ddof=1),
    "nanstd": lambda h: np.nanstd(h),
    "nanmax": lambda h: np.nanmax(h, axis=1),
    "nanmin": lambda h: np.nanmin(h),
    "nancumsum": lambda h: np.nancumsum(h, axis=1),
    "nancumprod": lambda h: np.nancumprod(h, axis=0),
    "nanmedian": lambda h: np.nanmedian(h, axis=1),
    "nanquantile": lambda h: np.nanquantile(h, [0.2, 0.6], axis=1, keepdims=True),
    "nanpercentile": lambda h: np.nanpercentile(h, 40, axis=0),
    "nan_to_num with holes": lambda h: np.nan_to_num(h, nan=0.5),
    "where": lambda h: np.where(np.isnan(h), 0.0, h * h),
}
PLAIN: dict[str, Callable[..., Any]] = {
    "isclose": lambda x: np.isclose(x, x[0]),
    "allclose": lambda x: np.allclose(x, x + 1e-12) and not np.allclose(x, x[:1]),
    "array_equiv": lambda x: np.array_equiv(x, np.stack([x, x])) and not np.array_equiv(x, x[:2, :2]),
    "isin": lambda v: np.isin(v, v[1:3]),
    "digitize": lambda x: np.digitize(x, KNOTS),
    "lexsort": lambda v: np.lexsort((v, np.array([1.0, 0.0, 1.0, 0.0, 1.0]))),
    "unique, its counts": lambda v: np.unique(np.concatenate([v, v[:2]]), return_counts=True)[1],
    "nanargmax": lambda h: np.nanargmax(h, axis=1),
    "nanargmin": lambda h: np.nanargmin(h),
    "isnan": lambda h: np.isnan(h),
    "isreal": lambda x: np.isreal(x),
    "iscomplex": lambda x: np.iscomplex(x),
    "isposinf": lambda x: np.isposinf(np.where(x > 0, np.inf, x)),
    "isneginf": lambda x: np.isneginf(x),
    "linalg.matrix_rank": lambda m: np.linalg.matrix_rank(m),
    "tril_indices_from": lambda x: np.tril_indices_from(x),
    "triu_indices_from": lambda x: np.triu_indices_from(x, 1),
    "logical_xor": lambda x: np.logical_xor(np.maximum(x, 0), x > 1),
}
NAMED = [pytest.param(f, id=name) for name, f in CALLS.items()]
WITH_HOLES = [pytest.param(f, id=name) for name, f in HOLED.items()]


@pytest.mark.parametrize("function", [*NAMED, *WITH_HOLES])
def test_a_value_that_differs_from_floats(function: Callable[..., Any]) -> None:
    value_agrees(function)


@pytest.mark.parametrize("function", [*NAMED, *WITH_HOLES])
def test_a_tangent_that_differences_refute(function: Callable[..., Any]) -> None:
    tangent_agrees(function)


@pytest.mark.parametrize("function", [pytest.param(f, id=name) for name, f in PLAIN.items()])
def test_a_plain_answer_that_differs_from_floats(function: Callable[..., Any]) -> None:
    plain_answer_agrees(function)


def names(code: Any) -> set[str]:
    nested = (names(c) for c in code.co_consts if hasattr(c, "co_names"))
    return set(code.co_names).union(*nested)


def test_every_function_of_the_table_is_called_by_a_row() -> None:
    tables = (CALLS, HOLED, PLAIN, test_functions.CALLS, test_functions.PLAIN)
    called = set().union(*(names(f.__code__) for table in tables for f in table.values()))
    known = {name for name in TABLE if "." not in name} | {name.removeprefix("linalg.") for name in NAMES}
    assert known - called <= {"amax", "amin"}


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: sum(np.nditer(x)), r"loop over np\.ndindex"),
        (lambda x: np.r_["0,2", x], r"use np\.concatenate"),
        (lambda x: np.roots(x[0]), "np.roots is not known.*write it with functions that are"),
        (lambda x: np.nextafter(x, 1.0), "nextafter is not known.*write it with functions that are"),
        (lambda x: special.gammainc(x, x), "gammainc is not known.*write it with functions that are"),
        (lambda x: special.zeta(x), "zeta is not known.*write it with functions that are"),
    ],
    ids=["nditer", "r_", "roots", "nextafter", "gammainc", "zeta"],
)
def test_what_is_not_known_names_no_remedy(function: Callable[..., Any], says: str) -> None:
    with pytest.raises(NotLiftable, match=says):
        in_balls(function, [np.ones((2, 2))], [None])
