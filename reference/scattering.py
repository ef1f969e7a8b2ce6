"""Writing entries into places: what was overwritten has no influence."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Generator, choice, index, labels, made, mask, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled


def chosen_numbers(rng: Generator, key: Array) -> Array:
    """A number for each True of key."""
    return np.asarray(np.round(rng.uniform(-3, 3, int(key.sum())), 3))


@rule(
    domains={
        "rows": dict(x=real("n k"), values=real("m k"), key=index("n", "m")),
        "booleans": dict(x=real("n k"), key=mask("n k"), values=made(chosen_numbers)),
        "slices": dict(
            x=real("4 5"), values=real("2"), key=choice((slice(1, 3), slice(None, None, -3)), (..., np.array([0, -1])))
        ),
    },
    jax=lambda jax, x, values, *, key: x.at[key].set(values),
    sympy=lambda sympy, x, values, *, key: written(x, values, key),
)
def index_set(x: Array, values: Array, *, key: Any) -> Pulled:
    """x with values written to x[key], to which they broadcast; where written twice the last stays.  (n, k), (m, k) -> (n, k)

    dx = dy, 0 at key; dvalues = dy[key], 0 for what was overwritten.
    """
    places = np.arange(x.size).reshape(x.shape)[key]
    turns = np.arange(places.size).reshape(places.shape)
    last = np.empty(x.size, dtype=int)
    last[places] = turns
    stays = last[places] == turns

    def pullback(dy: Array) -> Any:
        dx = dy.copy()
        dx[key] = 0
        return dx, unbroadcast(np.where(stays, dy[key], 0), values.shape)

    return written(x, values, key), pullback


def written(x: Array, values: Array, key: Any) -> Array:
    """A copy of x with values at key."""
    y = x.copy()
    y[key] = values
    return y


def tied(rng: Generator, x: Array, indices: Array) -> Array:
    """Some rows that are equal to those of x that they meet."""
    other = np.round(rng.uniform(-3, 3, x[indices].shape), 3)
    return np.where(rng.random(other.shape) < 0.5, x[indices], other)


@rule(
    domains={
        "": dict(x=real("n k"), values=real("m k"), indices=index("n", "m")),
        "ties": dict(x=real("n k"), indices=index("n", "4"), values=made(tied)),
    },
    # JAX does not differentiate its scatter of maxima.
    jax=lambda jax, x, values, *, indices: jax.numpy.maximum(
        x,
        jax.numpy.where((indices[:, None] == np.arange(len(x)))[:, :, None], values[:, None], -jax.numpy.inf).max(0),
    ),
    sympy=lambda sympy, x, values, *, indices: np.array(
        [
            [sympy.Max(e, *(values[i, k] for i in np.flatnonzero(indices == row))) for k, e in enumerate(entries)]
            for row, entries in enumerate(x)
        ]
    ),
)
def scatter_max(x: Array, values: Array, *, indices: Array) -> Pulled:
    """The larger of each row of x and the values that indices send there.  (n, k), (m, k) -> (n, k)

    dy goes to the largest; where several are equal each gets an equal share.
    """
    y = x.copy()
    np.maximum.at(y, indices, values)

    def pullback(dy: Array) -> Any:
        first, others = x == y, values == y[indices]
        reached = first.astype(dy.dtype)
        np.add.at(reached, indices, others.astype(dy.dtype))
        share = dy / reached
        return np.where(first, share, 0), np.where(others, share[indices], 0)

    return y, pullback


@rule(
    domains={"": dict(w=real("c d"), labels=labels("c", "n m")), "one": dict(w=real("c d"), labels=choice(0))},
    jax=lambda jax, w, *, labels: jax.nn.one_hot(labels, len(w), dtype=w.dtype) @ w,
    sympy=lambda sympy, w, *, labels: np.eye(len(w), dtype=int)[labels] @ w,
)
def one_hot_matmul(w: Array, *, labels: Array) -> Pulled:
    """H w, with the one-hot rows H of labels: the row of w that each names, 0 for labels out of range.  (c, d) -> (..., d)

    dw = Hᵀ dy: one product where `embedding` adds up row by row.
    """
    labels = np.asarray(labels)
    hot = (labels[..., None] == np.arange(len(w))).astype(w.dtype)

    def pullback(dy: Array) -> Any:
        return hot.reshape((labels.size, len(w))).T @ dy.reshape((labels.size, w.shape[1]))

    return hot @ w, pullback
