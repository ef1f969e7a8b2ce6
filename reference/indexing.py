"""Reading entries by their place: cotangents are added up where an entry was read more than once."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, choice, index, made, mask, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled


def places(rng: Generator, draw: Draw, x: Array, axis: int) -> Array:
    """Places along an axis of x, from the end too, one repeated."""
    n = x.shape[axis]
    found = rng.integers(-n, n, size=4)
    found[-1] = found[0]
    return np.asarray(found)


def scattered(dy: Array, x: Array, key: Any) -> Array:
    """The cotangent of x whose entries at `key` have the cotangent dy."""
    dx = np.zeros(x.shape, x.dtype)
    np.add.at(dx, key, dy)
    return dx


@rule(
    domains={
        "slices": dict(
            x=real("4 5"), key=choice((slice(1, None), slice(None, None, -2)), (Ellipsis, slice(-3, -1)), (2,))
        ),
        "integers": dict(
            x=real("n 3"),
            _rows=index("n", "m"),
            key=made(lambda _rows: (_rows, -1 - _rows % 2), "rows, and columns from the end"),
        ),
        "booleans": dict(x=real("n k"), key=mask("n k")),
        "mixed": dict(
            x=real("4 3 2"),
            key=choice(
                (np.array([0, -1, 0]), slice(1, None), np.array([1, 0, -2])),
                (slice(None), np.array([[1], [1]]), None, 0),
                (np.array([True, False, True, True]), 2),
                (..., None, -1),
            ),
        ),
    },
    jax=lambda jax, x, *, key: x[key],
    sympy=lambda sympy, x, *, key: x[key],
)
def getitem(x: Array, *, key: Any) -> Pulled:
    """x[key], for slices, integers, and arrays of integers or booleans.  (...) -> (...)

    dx = zeros, to which dy is added at key: an entry that was read twice gets both.
    """

    def pullback(dy: Array) -> Array:
        return scattered(dy, x, key)

    return x[key], pullback


@rule(
    domain=dict(table=real("v d"), indices=index("v", "n m")),
    jax=lambda jax, table, *, indices: jax.numpy.take(table, indices, axis=0),
    sympy=lambda sympy, table, *, indices: np.eye(len(table), dtype=int)[indices] @ table,
    source="Bengio et al. 2003, section 2",
)
def embedding(table: Array, *, indices: Array) -> Pulled:
    """The rows of a table that indices name.  (v, d) -> (..., d)

    dtable = zeros, to whose rows dy is added: H^T dy, H the one-hot matrix of the indices.
    """

    def pullback(dy: Array) -> Array:
        return scattered(dy, table, indices)

    return table[indices], pullback


@rule(
    domain=dict(x=real("n m k"), axis=choice(1, -1, 0), indices=made(places)),
    jax=lambda jax, x, *, axis, indices: jax.numpy.take(x, indices, axis),
    sympy=lambda sympy, x, *, axis, indices: np.take(x, indices, axis),
)
def take(x: Array, *, indices: Array, axis: int) -> Pulled:
    """The slices of x along axis that indices name.  (n, m, k) -> (...)

    dx = zeros, to whose slices dy is added.
    """
    key = (*(slice(None) for _ in range(axis % x.ndim)), indices)

    def pullback(dy: Array) -> Array:
        return scattered(dy, x, key)

    return np.take(x, indices, axis), pullback


@rule(
    domain=dict(
        x=real("n k"),
        axis=choice(0, -1),
        indices=made(lambda rng, x, axis: rng.integers(x.shape[axis], size=x.shape), "places along the axis (n k)"),
    ),
    jax=lambda jax, x, *, axis, indices: jax.numpy.take_along_axis(x, indices, axis),
    sympy=lambda sympy, x, *, axis, indices: np.take_along_axis(x, indices, axis),
)
def take_along_axis(x: Array, *, indices: Array, axis: int) -> Pulled:
    """For each place of indices, the entry of x which that names along axis.  (n, k) -> (n, k)

    dx = zeros, to which dy is added at those entries.
    """
    key: list[Array] = list(np.indices(indices.shape, sparse=True))
    key[axis] = indices

    def pullback(dy: Array) -> Array:
        return scattered(dy, x, tuple(key))

    return np.take_along_axis(x, indices, axis), pullback


@rule(
    domain=dict(x=real("n k"), values=real("m k"), indices=index("n", "m")),
    jax=lambda jax, x, values, *, indices: x.at[indices].add(values),
    sympy=lambda sympy, x, values, *, indices: x + np.eye(len(x), dtype=int)[indices].T @ values,
)
def index_add(x: Array, values: Array, *, indices: Array) -> Pulled:
    """x with values added to the rows that indices name.  (n, k), (m, k) -> (n, k)

    dx = dy, dvalues = dy[indices].
    """
    y = x.copy()
    np.add.at(y, indices, values)

    def pullback(dy: Array) -> Any:
        return dy.copy(), dy[indices]

    return y, pullback
