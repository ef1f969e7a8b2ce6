"""Moving entries to other places: their cotangents move back."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled

Shape = tuple[int, ...]
Order = Literal["C", "F"]


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
    domain=dict(x=real("n m k"), axis1=choice(0, -1), axis2=choice(2, 1)),
    jax=lambda jax, x, *, axis1, axis2: jax.numpy.swapaxes(x, axis1, axis2),
    sympy=lambda sympy, x, *, axis1, axis2: np.swapaxes(x, axis1, axis2),
)
def swapaxes(x: Array, *, axis1: int, axis2: int) -> Pulled:
    """x with two axes exchanged.  (n, m, k) -> (...)

    dx = dy with them exchanged back.
    """

    def pullback(dy: Array) -> Array:
        return np.swapaxes(dy, axis1, axis2)

    return np.swapaxes(x, axis1, axis2), pullback


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
    domain=dict(x=real("n m k"), source=choice(0, -1, (0, 1)), destination=choice(-1, 0, (-1, 0))),
    jax=lambda jax, x, *, source, destination: jax.numpy.moveaxis(x, source, destination),
    sympy=lambda sympy, x, *, source, destination: np.moveaxis(x, source, destination),
)
def moveaxis(x: Array, *, source: int | Shape, destination: int | Shape) -> Pulled:
    """x with an axis, or several, moved to other places.  (n, m, k) -> (...)

    dx = dy with them moved back.
    """

    def pullback(dy: Array) -> Array:
        return np.moveaxis(dy, destination, source)

    return np.moveaxis(x, source, destination), pullback


@rule(
    domains={
        "": dict(x=real("n m k"), shape=made(lambda x: (-1, x.shape[1]), "(n k, m)"), order=choice("C", "F")),
        "ravel": dict(x=real("n m"), shape=choice(-1)),
        "from 0-d": dict(x=real(""), shape=choice((1, 1))),
    },
    jax=lambda jax, x, *, shape, **order: jax.numpy.reshape(x, shape, **order),
    sympy=lambda sympy, x, *, shape, **order: np.reshape(np.array(x, dtype=object), shape, **order),
)
def reshape(x: Array, *, shape: Shape | int, order: Order = "C") -> Pulled:
    """The entries of x in another shape, the last axis first ("C") or the first one first ("F").  (...) -> (...)

    dx = dy in the shape of x.
    """

    def pullback(dy: Array) -> Array:
        return np.reshape(dy, x.shape, order=order)

    return np.reshape(x, shape, order=order), pullback


@rule(
    domain=dict(x=real("n m k"), order=choice("C", "F")),
    jax=lambda jax, x, *, order: jax.numpy.ravel(x, order),
    sympy=lambda sympy, x, *, order: np.ravel(x, order),
)
def ravel(x: Array, *, order: Order = "C") -> Pulled:
    """The entries of x in a row, the last axis first ("C") or the first one first ("F").  (...) -> (n)

    dx = dy in the shape of x.
    """

    def pullback(dy: Array) -> Array:
        return np.reshape(dy, x.shape, order=order)

    return np.reshape(x, -1, order=order), pullback


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
    domain=dict(x=real("1 n 1"), axis=choice(0, -1, (0, 2), None)),
    jax=lambda jax, x, *, axis: jax.numpy.squeeze(x, axis),
    sympy=lambda sympy, x, *, axis: np.squeeze(x, axis),
)
def squeeze(x: Array, *, axis: int | Shape | None = None) -> Pulled:
    """x without axes of size 1, all of them or those named.  (1, n, 1) -> (...)

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
    domains={
        "": dict(x=real("n 7"), sections=choice((2, 3), (1, 6)), axis=choice(-1, 1)),
        "equal pieces": dict(x=real("6 n"), sections=choice(2, 3), axis=choice(0, -2)),
    },
    jax=lambda jax, x, *, sections, axis: tuple(jax.numpy.split(x, sections, axis)),
    sympy=lambda sympy, x, *, sections, axis: tuple(np.split(x, sections, axis)),
)
def split(x: Array, *, sections: int | Shape, axis: int = 0) -> Pulled:
    """x cut along axis before the places in sections, or into so many equal pieces.  (n, 7) -> (n, ...), (n, ...), (n, ...)

    dx = the cotangents of the pieces, one after the other.
    """

    def pullback(dy: tuple[Array, ...]) -> Array:
        return np.concatenate(dy, axis)

    return tuple(np.split(x, sections, axis)), pullback


@rule(
    domain=dict(x=real("3 m k"), axis=choice(0, -1, 1)),
    jax=lambda jax, x, *, axis: jax.numpy.unstack(x, axis=axis),
    sympy=lambda sympy, x, *, axis: tuple(np.moveaxis(x, axis, 0)),
)
def unstack(x: Array, *, axis: int = 0) -> Pulled:
    """The slices of x along axis.  (3, m, k) -> (m, k), (m, k), (m, k)

    dx = their cotangents along a new axis there.
    """

    def pullback(dy: tuple[Array, ...]) -> Array:
        return np.stack(dy, axis) if dy else np.zeros_like(x)

    return tuple(np.moveaxis(x, axis, 0)), pullback


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
    domains={
        "": dict(x=real("n k"), shift=choice(1, -2, 5), axis=choice(0, -1, None)),
        "several axes": dict(x=real("n k m"), shift=choice((1, -2), (3, 1), 2), axis=choice((0, -1), (1, 1), (0, 2))),
    },
    jax=lambda jax, x, *, shift, axis: jax.numpy.roll(x, shift, axis),
    sympy=lambda sympy, x, *, shift, axis: np.roll(x, shift, axis),
)
def roll(x: Array, *, shift: int | Shape, axis: int | Shape | None = None) -> Pulled:
    """x moved round along axis, or along several, each as far as it says.  (...) -> (...)

    dx = dy moved back.
    """

    def pullback(dy: Array) -> Array:
        back = tuple(-s for s in shift) if isinstance(shift, tuple) else -shift
        return np.roll(dy, back, axis)

    return np.roll(x, shift, axis), pullback


@rule(
    domain=dict(x=real("n m k"), k=choice(1, -1, 2, 7), axes=choice((0, 1), (1, -1), (2, 0))),
    jax=lambda jax, x, *, k, axes: jax.numpy.rot90(x, k, axes),
    sympy=lambda sympy, x, *, k, axes: np.rot90(x, k, axes),
)
def rot90(x: Array, *, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Pulled:
    """x turned k times by 90 degrees, from the first of the axes towards the second.  (n, m, k) -> (...)

    dx = dy turned back.
    """

    def pullback(dy: Array) -> Array:
        return np.rot90(dy, -k, axes)

    return np.rot90(x, k, axes), pullback


@rule(
    domains={"": dict(x=real("n"), ndim=choice(1, 2, 4)), "0-d": dict(x=real(""), ndim=choice(1, 2))},
    jax=lambda jax, x, *, ndim: jax.numpy.array(x, ndmin=ndim),
    sympy=lambda sympy, x, *, ndim: np.array(x, dtype=object, ndmin=ndim),
)
def atleast_nd(x: Array, *, ndim: int) -> Pulled:
    """x with new first axes of size 1, up to ndim axes.  (...) -> (...)

    dx = dy in the shape of x.
    """

    def pullback(dy: Array) -> Array:
        return dy.reshape(x.shape)

    return x.reshape((1,) * (ndim - x.ndim) + x.shape), pullback
