"""Ufuncs of exact arrays: dispatch, comparison, selection, and the methods reduce, accumulate, outer and at."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from gradcheck.lifted.array import Lifted, lifted
from gradcheck.lifted.balls import Balls, midpoints
from gradcheck.lifted.stand_in import lifting

A = np.array([[1.5, -2.0, 3.0], [0.5, 0.0, -4.0]])
B = np.array([[1.5, 2.0, -3.0], [-0.5, 0.25, -4.0]])
MASK = np.array([True, False, True])
CALLS: dict[str, Callable[..., Any]] = {
    "operators": lambda a, b: (a + b) * 2 - a / 4 + (-b) ** 2 + abs(a) + +b,
    "reflected operators": lambda a, b: 1 + 2 * a - (3 - b) + 1 / (b + 10),
    "floor division": lambda a, b: a // 0.75,
    "remainder": lambda a, b: a % 0.75,
    "remainder of a negative divisor": lambda a, b: np.remainder(a, -0.75),
    "mod": lambda a, b: np.mod(b, 0.75),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "absolute": lambda a, b: np.absolute(a),
    "fabs": lambda a, b: np.fabs(a),
    "sign": lambda a, b: np.sign(a),
    "heaviside": lambda a, b: np.heaviside(a, 0.5),
    "copysign": np.copysign,
    "clip": lambda a, b: np.clip(a, -1.0, b),
    "conjugate": lambda a, b: np.conjugate(a),
    "positive": lambda a, b: np.positive(a),
    "expit": lambda a, b: special.expit(a),
    "add.reduce": lambda a, b: np.add.reduce(a),
    "add.reduce where": lambda a, b: np.add.reduce(a, axis=1, where=MASK),
    "add.reduce of everything": lambda a, b: np.add.reduce(a, axis=None, initial=1.0),
    "multiply.reduce": lambda a, b: np.multiply.reduce(a, axis=(0, 1), keepdims=True),
    "multiply.reduce of nothing": lambda a, b: np.multiply.reduce(a[:0], axis=0),
    "maximum.reduce": lambda a, b: np.maximum.reduce(a, axis=1),
    "logaddexp.reduce": lambda a, b: np.logaddexp.reduce(a, axis=0),
    "add.accumulate": lambda a, b: np.add.accumulate(a, axis=1),
    "maximum.accumulate": lambda a, b: np.maximum.accumulate(a, axis=1),
    "multiply.outer": lambda a, b: np.multiply.outer(a, b[0]),
    "subtract.outer": lambda a, b: np.subtract.outer(a[0], b),
    "out": lambda a, b: np.exp(a, out=np.zeros_like(a)),
    "out where": lambda a, b: np.divide(a, b, out=np.zeros_like(a), where=MASK),
    "out of an array function": lambda a, b: np.sum(a, axis=0, out=np.zeros_like(a[0])),
}
PLAIN: dict[str, Callable[..., Any]] = {
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "operators": lambda a, b: (a < b) | (a == 0) & ~(b >= 1) ^ (a != b),
    "isfinite": lambda a, b: np.isfinite(a),
    "isnan": lambda a, b: np.isnan(a),
    "isinf": lambda a, b: np.isinf(a),
    "signbit": lambda a, b: np.signbit(a),
    "logical_not": lambda a, b: np.logical_not(a),
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_or.reduce": lambda a, b: np.logical_or.reduce(a > b, axis=1),
    "a comparison into a plain array": lambda a, b: np.greater(a, b, out=np.zeros((2, 3), bool)),
}
AT: dict[str, Callable[[Any, Any, Any], None]] = {
    "add, repeated indices": lambda a, i, v: np.add.at(a, i, v),
    "subtract, repeated indices": lambda a, i, v: np.subtract.at(a, i, v),
    "multiply, repeated indices": lambda a, i, v: np.multiply.at(a, i, v),
    "maximum": lambda a, i, v: np.maximum.at(a, i, v),
    "a pair of indices": lambda a, i, v: np.add.at(a, (np.zeros(4, int), i % 2), v[:, 0]),
    "a view that is not contiguous": lambda a, i, v: np.add.at(a.T, i % 2, v[:, :1]),
    "a mask": lambda a, i, v: np.add.at(a, np.array([True, False, True, False]), v[0]),
}


def in_balls(function: Callable[..., Any], *args: Any) -> Any:
    system = Balls(tangents=True)
    with lifting(system) as rewrite:
        return rewrite(function)(*map(system.exact, args))


@pytest.mark.parametrize("function", [pytest.param(f, id=name) for name, f in CALLS.items()])
def test_a_ufunc_that_differs_from_floats(function: Callable[..., Any]) -> None:
    theirs = lifted(Balls(), in_balls(function, A, B))
    np.testing.assert_allclose(midpoints(theirs.value), function(A, B), rtol=1e-14, strict=True)


@pytest.mark.parametrize("function", [pytest.param(f, id=name) for name, f in PLAIN.items()])
def test_a_comparison_that_is_not_a_plain_mask(function: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(in_balls(function, A, B), function(A, B), strict=True)


@pytest.mark.parametrize("write", [pytest.param(f, id=name) for name, f in AT.items()])
def test_at_that_counts_a_repeated_index_once(write: Callable[[Any, Any, Any], None]) -> None:
    places, values = np.array([1, 3, 1, 0]), np.arange(1.0, 13.0).reshape(4, 3)
    ours = np.ones((4, 3))
    write(ours, places, values)

    def function(a: Any, v: Any) -> Any:
        target = a.copy()
        write(target, places, v)
        return target

    np.testing.assert_array_equal(midpoints(in_balls(function, np.ones((4, 3)), values).value), ours)


def test_at_carries_the_tangents_of_all_repetitions() -> None:
    system = Balls(tangents=True)
    target = system.zeros((3,))
    np.add.at(target, [0, 2, 0], system.exact(np.ones(3), np.array([1.0, 10.0, 100.0])))
    np.testing.assert_array_equal(midpoints(target.companion), [101.0, 0.0, 10.0])


def test_a_reduction_of_nothing_without_identity_is_an_error_as_in_numpy() -> None:
    with pytest.raises(TypeError, match="zero-size array to reduction operation maximum"):
        in_balls(lambda a: np.maximum.reduce(a[:0]), A)


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda x: np.maximum(x, 0), (1.0, 0.0)),
        (lambda x: np.minimum(x, 0), (0.0, 1.0)),
        (np.abs, (1.0, -1.0)),
        (lambda x: np.where(x > 0, 2 * x, 3 * x), (2.0, 3.0)),
        (lambda x: np.clip(x, 0, 1), (1.0, 0.0)),
        (lambda x: np.copysign(1.0, x) * x, (1.0, -1.0)),
        (lambda x: x * np.heaviside(x, 0.5), (1.0, 0.0)),
        (lambda x: x * np.sign(x), (1.0, -1.0)),
        (lambda x: np.sort(np.stack([x, 0 * x]))[1], (1.0, 0.0)),
    ],
    ids=["maximum", "minimum", "abs", "where", "clip", "copysign", "heaviside", "sign", "sort"],
)
def test_at_a_tie_the_branch_is_not_that_of_the_direction(function: Callable[..., Any], slope: Any) -> None:
    for direction, expected in zip((1.0, -1.0), slope, strict=True):
        system = Balls(tangents=True)
        found: Lifted = function(system.exact(np.array(0.0), np.array(direction)))
        assert midpoints(found.companion) == direction * expected
        assert system.ties > 0
