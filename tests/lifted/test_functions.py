"""NumPy's functions on exact arrays: the same values as on floats, and the derivative that differences see."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.lib.stride_tricks import sliding_window_view

from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.balls import Balls, midpoints
from tests.lifted.agreement import (
    COLUMNS,
    INPUTS,
    MASK,
    in_balls,
    plain_answer_agrees,
    tangent_agrees,
    value_agrees,
    written,
)

CALLS: dict[str, Callable[..., Any]] = {
    "reshape": lambda x: np.reshape(x, (4, 3)),
    "transpose": lambda t: np.transpose(t, (1, 2, 0)),
    "matrix_transpose": lambda t: np.matrix_transpose(t),
    "ravel": lambda x: np.ravel(x),
    "moveaxis": lambda t: np.moveaxis(t, 0, -1),
    "rollaxis": lambda t: np.rollaxis(t, 2),
    "swapaxes": lambda t: np.swapaxes(t, 0, 2),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze": lambda x: np.squeeze(x[:1]),
    "broadcast_to": lambda w: np.broadcast_to(w, (2, 3)),
    "broadcast_arrays": lambda x, y: np.broadcast_arrays(x, y[0])[1] * x,
    "flip": lambda x: np.flip(x, 1),
    "fliplr": lambda x: np.fliplr(x),
    "flipud": lambda x: np.flipud(x),
    "roll": lambda x: np.roll(x, 2, 1),
    "rot90": lambda x: np.rot90(x),
    "repeat": lambda x: np.repeat(x, 2, axis=0),
    "tile": lambda w: np.tile(w, (2, 2)),
    "resize": lambda w: np.resize(w, (2, 3)),
    "take": lambda x: np.take(x, [2, 0, 2], axis=1),
    "take_along_axis": lambda x: np.take_along_axis(x, COLUMNS, 1),
    "compress": lambda x: np.compress([True, False, True], x, axis=0),
    "delete": lambda v: np.delete(v, 2),
    "diagonal": lambda t: np.diagonal(t, 1, 1, 2),
    "trace": lambda t: np.trace(t, axis1=1, axis2=2),
    "diag of a vector, then exp": lambda v: np.exp(np.diag(v)),
    "diag of a matrix": lambda m: np.diag(m, -1),
    "diagflat": lambda x: np.exp(np.diagflat(x, 1)),
    "tril, then exp": lambda t: np.exp(np.tril(t, -1)),
    "triu": lambda x: np.cos(np.triu(x)),
    "atleast_1d": lambda z: np.atleast_1d(z),
    "atleast_2d": lambda v: np.atleast_2d(v),
    "atleast_3d": lambda v: np.atleast_3d(v),
    "copy": lambda x: np.copy(x),
    "diff": lambda x: np.diff(x, axis=0),
    "diff with ends": lambda v: np.diff(v, prepend=1.0, append=v[:1]),
    "second diff": lambda x: np.diff(x, 2),
    "ediff1d": lambda x: np.ediff1d(x),
    "sliding_window_view": lambda v: sliding_window_view(v, 3) @ v[:3],
    "concatenate": lambda x, y: np.concatenate([x, y * x], axis=1),
    "concatenate with plain": lambda x: np.concatenate([np.ones((1, 4)), x]),
    "stack": lambda x, y: np.stack([x, y], axis=-1),
    "vstack": lambda x, y: np.vstack([x, y]),
    "hstack": lambda x, y: np.hstack([x, y]),
    "dstack": lambda x, y: np.dstack([x, y]),
    "column_stack": lambda w: np.column_stack([w, 2 * w]),
    "append": lambda x, w: np.append(x, w),
    "append along an axis": lambda x, y: np.append(x, y, axis=0),
    "split": lambda x: np.split(x, 2, axis=1)[1],
    "array_split": lambda v: np.array_split(v, 2)[0],
    "hsplit": lambda x: np.hsplit(x, [1, 3])[1],
    "vsplit": lambda x: np.vsplit(x, 3)[2],
    "dsplit": lambda t: np.dsplit(t, 2)[0],
    "unstack": lambda x: np.unstack(x)[1],
    "dot": lambda x, v: np.dot(x, v[:4]),
    "inner": lambda x, y: np.inner(x, y),
    "outer": lambda v, w: np.outer(v, w),
    "vdot": lambda x, y: np.vdot(x, y),
    "kron": lambda x, m: np.kron(x, m),
    "tensordot": lambda t, x: np.tensordot(t, x, ((1, 2), (0, 1))),
    "einsum": lambda t, x: np.einsum("bij,kj->bki", t, x),
    "einsum, a trace": lambda m: np.einsum("ii->", m),
    "einsum of three": lambda x, y, w: np.einsum("ij,ij,i->j", x, y, w, optimize=True),
    "matmul": lambda t, m: m @ t,
    "matmul of vectors": lambda v: v @ v,
    "matvec": lambda t, v: np.matvec(t, v[:4]),
    "vecmat": lambda t, w: np.vecmat(w, t),
    "matmul with plain": lambda x: x @ np.arange(8.0).reshape(4, 2),
    "vecdot": lambda x, y: np.vecdot(x, y),
    "convolve": lambda v, w: np.convolve(v, w),
    "convolve same": lambda v, w: np.convolve(v, w, "same"),
    "convolve valid": lambda v, w: np.convolve(w, v, "valid"),
    "correlate": lambda v, w: np.correlate(v, w),
    "correlate full": lambda v, w: np.correlate(v, w, "full"),
    "correlate same": lambda v, w: np.correlate(v, w, mode="same"),
    "correlate same, an even first that is shorter": lambda v, w: np.correlate(w[:2], v, "same"),
    "correlate same, an odd first that is shorter": lambda v, w: np.correlate(w, v[:4], "same"),
    "correlate valid, a shorter first": lambda v, w: np.correlate(w[:2], v, "valid"),
    "convolve same, an even first that is shorter": lambda v, w: np.convolve(w[:2], v, "same"),
    "where": lambda x, y: np.where(MASK, x, y),
    "where of a comparison": lambda x, y: np.where(x > 0, x * y, 0.0),
    "where of exact numbers": lambda x, y: np.where(np.maximum(x, 0), y, x),
    "select": lambda x, y: np.select([x < -1, x < 0], [y, x * x], default=2.0),
    "sum": lambda x: np.sum(x),
    "sum over axes": lambda t: t.sum((0, 2), keepdims=True),
    "sum where": lambda x: np.sum(x, axis=1, where=MASK),
    "sum with a start": lambda x: np.sum(x, axis=0, initial=2.0),
    "sum of nothing, then exp": lambda x: np.exp(np.sum(x[:0], axis=0)),
    "matmul over nothing, then exp": lambda x: np.exp(x[:, :0] @ x.T[:0]),
    "mean": lambda x: x.mean(0),
    "mean where": lambda x: np.mean(x, axis=1, where=MASK, keepdims=True),
    "var": lambda x: np.var(x, axis=1, ddof=1),
    "var with correction": lambda x: np.var(x, correction=1),
    "var where": lambda x: np.var(x, axis=0, where=MASK, keepdims=True),
    "std": lambda x: x.std(),
    "prod": lambda x: np.prod(x, axis=1, keepdims=True),
    "prod where": lambda x: np.prod(x, axis=0, where=MASK),
    "prod with a start": lambda v: np.prod(v, initial=3.0),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "cumsum, flattened": lambda x: np.cumsum(x),
    "cumprod": lambda x: np.cumprod(x, axis=0),
    "cumulative_sum": lambda x: np.cumulative_sum(x, axis=1, include_initial=True),
    "cumulative_prod": lambda v: np.cumulative_prod(v),
    "zeros_like": lambda x: np.zeros_like(x) + x,
    "empty_like": lambda x: np.empty_like(x) * 0 + x,
    "ones_like": lambda x: np.ones_like(x, shape=4) * x,
    "full_like": lambda x, z: np.full_like(x, z) * x,
    "copyto": lambda x, y: written(lambda a: np.copyto(a, y, where=MASK), x),
    "fill_diagonal": lambda m, z: written(lambda a: np.fill_diagonal(a, z), m),
    "put": lambda v, w: written(lambda a: np.put(a, [4, 0, 2], w), v),
    "put_along_axis": lambda x, z: written(lambda a: np.put_along_axis(a, COLUMNS, z, 1), x),
    "pad": lambda x: np.exp(np.pad(x, ((1, 0), (0, 2)))),
    "pad with ones": lambda x: np.pad(x, 1, constant_values=1.0),
    "pad by reflection": lambda v: np.pad(v, 2, mode="reflect"),
    "pad by wrapping": lambda x: np.pad(x, ((0, 0), (1, 2)), mode="wrap"),
    "pad by edges": lambda x: np.pad(x, 1, mode="edge"),
    "meshgrid": lambda v, w: np.multiply(*np.meshgrid(v, w)),
    "meshgrid, sparse": lambda v, w: np.multiply(*np.meshgrid(v, w, indexing="ij", sparse=True)),
    "cross": lambda m, w: np.cross(m, w),
    "cross along axis 0": lambda x, y: np.cross(x, y, axis=0),
    "round": lambda x: np.round(x) + x,
    "round to tenths": lambda x: np.round(x, 1) + x,
    "round to tens": lambda x: np.round(10 * x, -1) + x,
    "max": lambda x: np.max(x, axis=1),
    "max over axes": lambda t: t.max((0, 2), keepdims=True),
    "max with a floor": lambda x: np.max(x, axis=0, initial=0.5),
    "max where": lambda x: np.max(x, axis=0, where=MASK, initial=-9.0),
    "min": lambda x: np.min(x),
    "ptp": lambda x: np.ptp(x, axis=1),
    "sort": lambda x: np.sort(x, axis=0),
    "sort, flattened": lambda x: np.sort(x, axis=None),
    "sort by argsort": lambda v: v[np.argsort(v)],
    "partition": lambda v: np.sort(np.partition(v, 2)[:3]),
    "argpartition": lambda v: np.sort(v[np.argpartition(v, 2)[:3]]),
    "median": lambda v: np.median(v),
    "median along an axis": lambda x: np.median(x, axis=1, keepdims=True),
    "median, flattened": lambda x: np.median(x, keepdims=True),
    "clip": lambda x: np.clip(x, -0.5, 1.0),
    "clip below": lambda x: x.clip(min=0.25),
    "clip above": lambda x: np.clip(x, None, 1.0),
    "real": lambda x: np.real(x) + np.imag(x),
    "angle": lambda z: np.angle(z),
    "real and imag attributes": lambda x: x.real * 2 + x.imag,
}
PLAIN: dict[str, Callable[..., Any]] = {
    "argmax": lambda x: np.argmax(x),
    "argmax along an axis": lambda x: x.argmax(1),
    "argmin, kept": lambda x: np.argmin(x, axis=0, keepdims=True),
    "argmax, flattened and kept": lambda x: np.argmax(x, keepdims=True),
    "argsort": lambda x: np.argsort(x, axis=0),
    "argsort, flattened": lambda x: np.argsort(x, axis=None),
    "searchsorted": lambda x, v: np.searchsorted(np.sort(v), x),
    "searchsorted right": lambda x, v: np.searchsorted(v, x, side="right", sorter=np.argsort(v)),
    "any": lambda x: np.any(x, axis=0),
    "all": lambda x: x.all(),
    "count_nonzero": lambda x: np.count_nonzero(np.maximum(x, 0), axis=1),
    "nonzero": lambda x: np.nonzero(np.maximum(x, 0))[1],
    "flatnonzero": lambda x: np.flatnonzero(np.maximum(x, 0)),
    "argwhere": lambda x: np.argwhere(np.maximum(x, 0)),
    "where": lambda x: np.where(x > 0)[0],
    "where, of exact numbers": lambda x: np.where(np.maximum(x, 0))[1],
    "shape": lambda x: np.shape(x),
    "ndim": lambda x: np.ndim(x),
    "size": lambda x: np.size(x) + np.size(x, 1),
    "result_type": lambda x: np.result_type(x, x).kind,
    "iscomplexobj": lambda x: np.iscomplexobj(x),
    "isrealobj": lambda x: np.isrealobj(x),
    "array_equal": lambda x, y: np.array_equal(x, y) or np.array_equal(x, x[:1]) or not np.array_equal(x, x),
    "zeros_like of integers": lambda x: np.zeros_like(x, dtype=int),
    "can_cast": lambda x: np.can_cast(x.dtype, float),
}
NAMED = [pytest.param(f, id=name) for name, f in CALLS.items()]


@pytest.mark.parametrize("function", NAMED)
def test_a_value_that_differs_from_floats(function: Callable[..., Any]) -> None:
    value_agrees(function)


@pytest.mark.parametrize("function", NAMED)
def test_a_tangent_that_differences_refute(function: Callable[..., Any]) -> None:
    tangent_agrees(function)


@pytest.mark.parametrize("function", [pytest.param(f, id=name) for name, f in PLAIN.items()])
def test_a_plain_answer_that_differs_from_floats(function: Callable[..., Any]) -> None:
    plain_answer_agrees(function)


def test_pieces_without_tangents_are_lost() -> None:
    first, second = np.split(Balls().exact(INPUTS["x"]), 2, axis=1)
    np.testing.assert_array_equal(midpoints(second.value), INPUTS["x"][:, 2:])
    assert first.companion is None


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: np.histogram(x), "np.histogram is not known"),
        (lambda x: np.linalg.tensorinv(x), "np.linalg.tensorinv is not known"),
        (lambda x: np.quantile(x, 0.3, method="closest_observation"), "use one of linear"),
        (lambda x: np.spacing(x), "the ufunc spacing is not known"),
        (lambda x: np.take(x, 99), "out of bounds"),
    ],
    ids=["histogram", "tensorinv", "quantile", "spacing", "take"],
)
def test_what_is_not_known_is_named_with_its_line(function: Callable[..., Any], says: str) -> None:
    with pytest.raises(NotLiftable, match=says) as caught:
        in_balls(function, [INPUTS["m"]], [None])
    assert "test_functions.py:" in str(caught.value)


def test_a_product_beyond_the_budget_is_stopped() -> None:
    system = Balls(budget=100)
    a = system.exact(np.ones((5, 5)))
    with pytest.raises(TooLarge, match="more than 100 operations"):
        _ = a @ a


def test_a_product_is_counted_by_its_multiplications() -> None:
    system = Balls()
    _ = system.exact(np.ones((3, 4))) @ system.exact(np.ones((4, 5)))
    assert system.operations == 3 * 4 * 5


SHAPES = arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)


@given(shapes=SHAPES, seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_broadcasting_that_differs_from_floats(shapes: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.uniform(0.5, 2, s) for s in shapes.input_shapes)

    def function(a: Any, b: Any) -> Any:
        return (a * b + np.maximum(a, b) / b - np.exp(a)).sum(axis=-1 if a.ndim and b.ndim else None)

    tangents = [rng.uniform(-1, 1, a.shape), rng.uniform(-1, 1, b.shape)]
    theirs = in_balls(function, [a, b], tangents)
    np.testing.assert_allclose(midpoints(theirs.value), function(a, b), rtol=1e-12)
    step = 1e-6
    moved = [function(a + s * tangents[0], b + s * tangents[1]) for s in (step, -step)]
    np.testing.assert_allclose(midpoints(theirs.companion), (moved[0] - moved[1]) / (2 * step), rtol=1e-5, atol=1e-6)


@given(shape=arrays.array_shapes(min_dims=2, max_dims=4, max_side=4), data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_reductions_over_any_axes_that_differ_from_floats(shape: Any, data: Any) -> None:
    axes = data.draw(st.sets(st.integers(-len(shape), -1), min_size=1).map(lambda s: tuple(sorted(s))))
    keep = data.draw(st.booleans())
    x = np.random.default_rng(3).uniform(0.5, 2, shape)
    for reduction in (np.sum, np.mean, np.max, np.prod, np.var):
        theirs = in_balls(lambda x, f=reduction: f(x, axis=axes, keepdims=keep), [x], [None])
        np.testing.assert_allclose(
            midpoints(theirs.value), reduction(x, axis=axes, keepdims=keep), rtol=1e-12, atol=1e-12
        )
