"""Moving entries to other places: their cotangents move back."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled

Shape = tuple[int, ...]


@rule(
    domain=dict(x=real("n m k"), axes=choice((1, 2, 0), (2, 0, 1), (-3, -1, -2))),
    jax=lambda jax, x, *, axes: jax.numpy.permute_dims(x, axes),
    sympy=lambda sympy, x, *, axes: np.transpose(x, axes),
)
def permute_dims(x: Array, *, axes: Shape) -> Pulled:
    """The axes of x in another order.  (n, m, k) -> (...)

    dx = dy under the inverse permutation.
    """

    def pullback(dy: Array) -> Array:
        return np.transpose(dy, tuple(np.argsort([a % x.ndim for a in axes]).tolist()))

    return np.transpose(x, axes), pullback


@rule(
    domain=dict(x=real("b n m")),
    jax=lambda jax, x: jax.numpy.matrix_transpose(x),
    sympy=lambda sympy, x: np.array([m.T for m in x]),
)
def matrix_transpose(x: Array) -> Pulled:
    """xᵀ, of the last two axes.  (..., n, m) -> (..., m, n)

    dx = dyᵀ.
    """

    def pullback(dy: Array) -> Array:
        return dy.mT

    return x.mT, pullback


@rule(
    domain=dict(x=real("n m k"), source=choice(0, -1, 1), destination=choice(-1, 0, 2)),
    jax=lambda jax, x, *, source, destination: jax.numpy.moveaxis(x, source, destination),
    sympy=lambda sympy, x, *, source, destination: np.moveaxis(x, source, destination),
)
def moveaxis(x: Array, *, source: int, destination: int) -> Pulled:
    """x with one axis moved to another place.  (n, m, k) -> (...)

    dx = dy with the axis moved back.
    """

    def pullback(dy: Array) -> Array:
        return np.moveaxis(dy, destination, source)

    return np.moveaxis(x, source, destination), pullback


@rule(
    domains={
        "": dict(x=real("n m k"), shape=made(lambda x: (-1, x.shape[1]), "(n k, m)")),
        "ravel": dict(x=real("n m"), shape=choice(-1)),
        "from 0-d": dict(x=real(""), shape=choice((1, 1))),
    },
    jax=lambda jax, x, *, shape: jax.numpy.reshape(x, shape),
    sympy=lambda sympy, x, *, shape: np.reshape(np.array([x] if not np.ndim(x) else x.ravel(), dtype=object), shape),
)
def reshape(x: Array, *, shape: Shape | int) -> Pulled:
    """The entries of x in another shape, the last axis first.  (...) -> (...)

    dx = dy in the shape of x.
    """

    def pullback(dy: Array) -> Array:
        return dy.reshape(x.shape)

    return x.reshape(shape), pullback


@rule(
    domain=dict(x=real("n k"), axis=choice(0, -1, (0, 2))),
    jax=lambda jax, x, *, axis: jax.numpy.expand_dims(x, axis),
    sympy=lambda sympy, x, *, axis: np.expand_dims(x, axis),
)
def expand_dims(x: Array, *, axis: int | Shape) -> Pulled:
    """x with new axes of size 1.  (n, k) -> (...)

    dx = dy in the shape of x.
    """

    def pullback(dy: Array) -> Array:
        return dy.reshape(x.shape)

    return np.expand_dims(x, axis), pullback


@rule(
    domain=dict(x=real("1 n 1"), axis=choice(0, -1, (0, 2))),
    jax=lambda jax, x, *, axis: jax.numpy.squeeze(x, axis),
    sympy=lambda sympy, x, *, axis: np.squeeze(x, axis),
)
def squeeze(x: Array, *, axis: int | Shape) -> Pulled:
    """x without axes of size 1.  (1, n, 1) -> (...)

    dx = dy in the shape of x.
    """

    def pullback(dy: Array) -> Array:
        return dy.reshape(x.shape)

    return np.squeeze(x, axis), pullback


@rule(
    domains={
        "": dict(x=real("n 1"), shape=made(lambda x: (2, x.shape[0], 3), "(2, n, 3)")),
        "scalar": dict(x=real(""), shape=choice((2, 3))),
    },
    jax=lambda jax, x, *, shape: jax.numpy.broadcast_to(x, shape),
    sympy=lambda sympy, x, *, shape: np.broadcast_to(x, shape),
)
def broadcast_to(x: Array, *, shape: Shape) -> Pulled:
    """x repeated along new axes and axes of size 1.  (...) -> (...)

    dx = dy summed over the repetitions.
    """

    def pullback(dy: Array) -> Array:
        return unbroadcast(dy, x.shape)

    return np.broadcast_to(x, shape), pullback


@rule(
    domains={
        "rows": dict(xs0=real("n k"), xs1=real("m k"), xs2=real("1 k"), axis=choice(0, -2)),
        "columns": dict(xs0=real("n k"), xs1=real("n m"), axis=choice(-1)),
    },
    jax=lambda jax, *xs, axis: jax.numpy.concat(xs, axis=axis),
    sympy=lambda sympy, *xs, axis: np.concatenate(xs, axis),
)
def concat(*xs: Array, axis: int = 0) -> Pulled:
    """Arrays one after the other along axis.  (n, k), (m, k), (1, k) -> (..., k)

    Each gets its piece of dy.
    """
    ends = np.cumsum([x.shape[axis] for x in xs])[:-1]

    def pullback(dy: Array) -> tuple[Array, ...]:
        return tuple(np.split(dy, ends, axis))

    return np.concatenate(xs, axis), pullback


@rule(
    domain=dict(xs0=real("n k"), xs1=real("n k"), xs2=real("n k"), axis=choice(0, -1, 1)),
    jax=lambda jax, *xs, axis: jax.numpy.stack(xs, axis),
    sympy=lambda sympy, *xs, axis: np.stack(xs, axis),
)
def stack(*xs: Array, axis: int = 0) -> Pulled:
    """Arrays of equal shape along a new axis.  (n, k), (n, k), (n, k) -> (...)

    Each gets its slice of dy.
    """

    def pullback(dy: Array) -> tuple[Array, ...]:
        return tuple(np.take(dy, i, axis) for i in range(len(xs)))

    return np.stack(xs, axis), pullback


@rule(
    domain=dict(x=real("n 7"), sections=choice((2, 3), (1, 6)), axis=choice(-1, 1)),
    jax=lambda jax, x, *, sections, axis: tuple(jax.numpy.split(x, sections, axis)),
    sympy=lambda sympy, x, *, sections, axis: tuple(np.split(x, sections, axis)),
)
def split(x: Array, *, sections: Shape, axis: int = 0) -> Pulled:
    """x cut along axis before the places in sections.  (n, 7) -> (n, ...), (n, ...), (n, ...)

    dx = the cotangents of the pieces, one after the other.
    """

    def pullback(dy: tuple[Array, ...]) -> Array:
        return np.concatenate(dy, axis)

    return tuple(np.split(x, sections, axis)), pullback


@rule(
    domain=dict(x=real("n m k"), axis=choice(0, (0, 2), None)),
    jax=lambda jax, x, *, axis: jax.numpy.flip(x, axis),
    sympy=lambda sympy, x, *, axis: np.flip(x, axis),
)
def flip(x: Array, *, axis: int | Shape | None = None) -> Pulled:
    """x backwards along axis.  (n, m, k) -> (n, m, k)

    dx = dy backwards.
    """

    def pullback(dy: Array) -> Array:
        return np.flip(dy, axis)

    return np.flip(x, axis), pullback


@rule(
    domain=dict(x=real("n k"), shift=choice(1, -2, 5), axis=choice(0, -1, None)),
    jax=lambda jax, x, *, shift, axis: jax.numpy.roll(x, shift, axis),
    sympy=lambda sympy, x, *, shift, axis: np.roll(x, shift, axis),
)
def roll(x: Array, *, shift: int, axis: int | None = None) -> Pulled:
    """x moved round along axis.  (n, k) -> (n, k)

    dx = dy moved back.
    """

    def pullback(dy: Array) -> Array:
        return np.roll(dy, -shift, axis)

    return np.roll(x, shift, axis), pullback


@rule(
    domain=dict(x=real("n k"), repeats=choice(2, 3), axis=choice(0, -1)),
    jax=lambda jax, x, *, repeats, axis: jax.numpy.repeat(x, repeats, axis),
    sympy=lambda sympy, x, *, repeats, axis: np.repeat(x, repeats, axis),
)
def repeat(x: Array, *, repeats: int, axis: int) -> Pulled:
    """Every entry of x several times in a row along axis.  (n, k) -> (...)

    dx = dy summed over the repetitions of each entry.
    """
    along = axis % x.ndim

    def pullback(dy: Array) -> Any:
        return dy.reshape((*x.shape[: along + 1], repeats, *x.shape[along + 1 :])).sum(along + 1)

    return np.repeat(x, repeats, axis), pullback


@rule(
    domain=dict(x=real("n k"), repetitions=choice((2, 3), (3, 1))),
    jax=lambda jax, x, *, repetitions: jax.numpy.tile(x, repetitions),
    sympy=lambda sympy, x, *, repetitions: np.tile(x, repetitions),
)
def tile(x: Array, *, repetitions: Shape) -> Pulled:
    """x several times side by side, a number for each axis.  (n, k) -> (...)

    dx = dy summed over the copies.
    """

    def pullback(dy: Array) -> Any:
        pairs = [n for r, size in zip(repetitions, x.shape, strict=True) for n in (r, size)]
        return dy.reshape(pairs).sum(tuple(range(0, 2 * x.ndim, 2)))

    return np.tile(x, repetitions), pullback


@rule(
    domain=dict(x=real("n k"), width=choice(((1, 2), (0, 3)), ((2, 0), (1, 1)))),
    jax=lambda jax, x, *, width: jax.numpy.pad(x, width),
    sympy=lambda sympy, x, *, width: np.pad(x, width),
)
def pad(x: Array, *, width: tuple[tuple[int, int], ...]) -> Pulled:
    """x with zeros before and after, a pair of numbers for each axis.  (n, k) -> (...)

    dx = dy without its border.
    """
    inside = tuple(slice(before, before + n) for (before, _), n in zip(width, x.shape, strict=True))

    def pullback(dy: Array) -> Array:
        return dy[inside]

    return np.pad(x, width), pullback
