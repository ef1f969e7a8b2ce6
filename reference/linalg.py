"""Linear algebra: products of vectors and matrices, triangles, inverses, systems of equations, determinants."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from gradcheck.domains import choice, invertible, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled
from reference.matrices import log_of_det, matrices, nearly_singular, regular, sign_of_det, singular

# The condition up to which an inverse times the determinant has the digits of the cofactors (Stewart 1998).
SAFE = 1e6


def signed_minors(x: Array) -> Any:
    """The cofactors, each from a determinant: of any matrix, in n⁵ steps.  (..., n, n) -> (..., n, n)"""
    n = x.shape[-1]
    rest = np.array([[k for k in range(n) if k != i] for i in range(n)], dtype=int).reshape(n, max(n - 1, 0))
    minors = np.linalg.det(x[..., rest[:, None, :, None], rest[None, :, None, :]])
    sign = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    return minors * sign.astype(x.dtype)


@rule(
    domains={
        "": dict(a=real("n k"), b=real("k m")),
        "batches": dict(a=real("b n k"), b=real("b k m")),
        "broadcast": dict(a=real("b 1 n k"), b=real("c k m")),
        "vector matrix": dict(a=real("k"), b=real("b k m")),
        "matrix vector": dict(a=real("b n k"), b=real("k")),
        "vectors": dict(a=real("k"), b=real("k")),
    },
    jax=lambda jax, a, b: jax.numpy.matmul(a, b),
    sympy=lambda sympy, a, b: a @ b,
    source="Giles 2008, section 2.2.1",
)
def matmul(a: Array, b: Array) -> Pulled:
    """a b, of matrices, stacks of matrices that broadcast, or vectors.  (n, k), (k, m) -> (n, m)

    da = dy bᵀ, db = aᵀ dy.
    """
    # A vector is a matrix of one row (a) or one column (b), whose axis is missing in y.
    row = a if a.ndim > 1 else a.reshape((1, *a.shape))
    column = b if b.ndim > 1 else b.reshape((*b.shape, 1))

    def pullback(dy: Array) -> Any:
        if b.ndim == 1:
            dy = np.expand_dims(dy, -1)
        if a.ndim == 1:
            dy = np.expand_dims(dy, -2)
        da, db = dy @ column.mT, row.mT @ dy
        return unbroadcast(da, row.shape).reshape(a.shape), unbroadcast(db, column.shape).reshape(b.shape)

    return a @ b, pullback


@rule(
    domains={
        "": dict(a=real("n k"), b=real("n k"), axis=choice(-1, -2)),
        "broadcast": dict(a=real("m 1 k"), b=real("n k"), axis=choice(-1)),
    },
    jax=lambda jax, a, b, *, axis: jax.numpy.vecdot(a, b, axis=axis),
    sympy=lambda sympy, a, b, *, axis: (a * b).sum(axis),
)
def vecdot(a: Array, b: Array, *, axis: int = -1) -> Pulled:
    """Σ a b along an axis counted from the end, of real numbers, broadcasting.  (n, k), (n, k) -> (...)

    da = dy b, db = dy a.
    """

    def pullback(dy: Array) -> Any:
        dy = np.expand_dims(dy, axis)
        return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)

    return (a * b).sum(axis), pullback


@rule(
    domains={
        "": dict(a=real("n k"), b=real("m k")),
        "vectors": dict(a=real("k"), b=real("k")),
        "axes": dict(a=real("p n k"), b=real("k")),
    },
    jax=lambda jax, a, b: jax.numpy.inner(a, b),
    sympy=lambda sympy, a, b: np.inner(a, b),
)
def inner(a: Array, b: Array) -> Pulled:
    """Σ a b along the last axis of both, every a with every b.  (n, k), (m, k) -> (n, m)

    da = dy b, db = dyᵀ a, over the axes that a and b do not share.
    """
    rows, columns = range(a.ndim - 1), range(b.ndim - 1)

    def pullback(dy: Array) -> Any:
        da = np.tensordot(dy, b, ([len(rows) + i for i in columns], list(columns)))
        return da, np.tensordot(dy, a, (list(rows), list(rows)))

    return np.inner(a, b), pullback


@rule(
    domain=dict(a=real("n"), b=real("m")),
    jax=lambda jax, a, b: jax.numpy.outer(a, b),
    sympy=lambda sympy, a, b: np.outer(a, b),
)
def outer(a: Array, b: Array) -> Pulled:
    """a bᵀ of two vectors.  (n), (m) -> (n, m)

    da = dy b, db = dyᵀ a.
    """

    def pullback(dy: Array) -> Any:
        return dy @ b, a @ dy

    return np.outer(a, b), pullback


@rule(
    domains={
        "": dict(a=real("n k"), b=real("p q")),
        "vectors": dict(a=real("n"), b=real("m")),
        "vector matrix": dict(a=real("n"), b=real("p q")),
        "more axes first": dict(a=real("2 n k"), b=real("p")),
    },
    jax=lambda jax, a, b: jax.numpy.kron(a, b),
    sympy=lambda sympy, a, b: np.kron(a, b),
    source="Minka 2000, section 2",
)
def kron(a: Array, b: Array) -> Pulled:
    """Every entry of a times b, as blocks; the one of fewer axes gets new first ones.  (n, k), (p, q) -> (...)

    da = Σ dy b over each block, db = Σ dy a over the blocks.
    """
    rank = max(a.ndim, b.ndim)
    outer_, inner_ = (x.reshape((1,) * (rank - x.ndim) + x.shape) for x in (a, b))
    blocks = tuple(n for sizes in zip(outer_.shape, inner_.shape, strict=True) for n in sizes)
    every, of_a, of_b = list(range(rank)), list(range(0, 2 * rank, 2)), list(range(1, 2 * rank, 2))

    def pullback(dy: Array) -> Any:
        dy = dy.reshape(blocks)
        da, db = np.tensordot(dy, inner_, (of_b, every)), np.tensordot(dy, outer_, (of_a, every))
        return da.reshape(a.shape), db.reshape(b.shape)

    return np.kron(a, b), pullback


@rule(
    domains={
        "": dict(a=real("n 3"), b=real("n 3"), axis=choice(-1)),
        "columns": dict(a=real("3 n"), b=real("3 n"), axis=choice(0, -2)),
        "broadcast": dict(a=real("n 1 3"), b=real("m 3"), axis=choice(-1)),
    },
    jax=lambda jax, a, b, *, axis: jax.numpy.cross(a, b, axis=axis),
    sympy=lambda sympy, a, b, *, axis: crossed(a, b, axis),
)
def cross(a: Array, b: Array, *, axis: int = -1) -> Pulled:
    """a × b of vectors along axis, broadcasting.  (n, 3), (n, 3) -> (n, 3)

    da = b × dy, db = dy × a.
    """

    def pullback(dy: Array) -> Any:
        return unbroadcast(np.cross(b, dy, axis=axis), a.shape), unbroadcast(np.cross(dy, a, axis=axis), b.shape)

    return np.cross(a, b, axis=axis), pullback


def crossed(a: Array, b: Array, axis: int) -> Array:
    """The sympy twin of cross, by the Levi-Civita symbol."""
    a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    turns = [np.roll(np.eye(3, dtype=int), k, 1) for k in range(3)]
    epsilon = np.stack([turns[1][i][:, None] * turns[2][i] - turns[2][i][:, None] * turns[1][i] for i in range(3)])
    return np.moveaxis(np.einsum("ijk,...j,...k->...i", epsilon, a, b), -1, axis)


@rule(
    domains={
        "": dict(x=real("n m"), offset=choice(0, 1, -1)),
        "batches": dict(x=real("b n m"), offset=choice(0, 1)),
    },
    jax=lambda jax, x, *, offset: jax.numpy.trace(x, offset, -2, -1),
    sympy=lambda sympy, x, *, offset: np.trace(x, offset, -2, -1),
)
def trace(x: Array, *, offset: int = 0) -> Pulled:
    """Σ x_i,i+offset of the last two axes.  (..., n, m) -> (...)

    dx = dy on that diagonal, 0 beside it.
    """

    def pullback(dy: Array) -> Any:
        return np.expand_dims(dy, (-2, -1)) * np.eye(x.shape[-2], x.shape[-1], offset).astype(dy.dtype)

    return np.trace(x, offset, -2, -1), pullback


@rule(
    domain=dict(x=real("n m"), offset=choice(0, 1, -1)),
    jax=lambda jax, x, *, offset: jax.numpy.tril(x, offset),
    sympy=lambda sympy, x, *, offset: x * np.tri(len(x), len(x.T), offset, dtype=int),
    gradient_of=True,
)
def tril(x: Array, *, offset: int = 0) -> Pulled:
    """The lower triangle of the last two axes, 0 above it.  (..., n, m) -> (..., n, m)

    dx = the lower triangle of dy.
    """

    def pullback(dy: Array) -> Array:
        return np.tril(dy, offset)

    return np.tril(x, offset), pullback


@rule(
    domain=dict(x=real("n m"), offset=choice(0, 1, -1)),
    jax=lambda jax, x, *, offset: jax.numpy.triu(x, offset),
    sympy=lambda sympy, x, *, offset: x * (1 - np.tri(len(x), len(x.T), offset - 1, dtype=int)),
    gradient_of=True,
)
def triu(x: Array, *, offset: int = 0) -> Pulled:
    """The upper triangle of the last two axes, 0 below it.  (..., n, m) -> (..., n, m)

    dx = the upper triangle of dy.
    """

    def pullback(dy: Array) -> Array:
        return np.triu(dy, offset)

    return np.triu(x, offset), pullback


@rule(
    domains={"": dict(x=invertible("n")), "batches": dict(x=made(regular))},
    jax=lambda jax, x: jax.numpy.linalg.inv(x),
    sympy=matrices(lambda sympy, m: m.inv()),
    source="Giles 2008, section 2.2.3",
)
def inv(x: Array) -> Pulled:
    """The inverse of x.  (..., n, n) -> (..., n, n)

    dx = -yᵀ dy yᵀ.
    """
    y = np.linalg.inv(x)

    def pullback(dy: Array) -> Array:
        return -(y.mT @ dy @ y.mT)

    return y, pullback


@rule(
    domains={
        "": dict(a=invertible("n"), b=real("n k")),
        "vector": dict(a=invertible("n"), b=real("n")),
        "batches": dict(a=made(regular), b=real("b n k")),
        "broadcast": dict(a=invertible("n"), b=real("b n k")),
        "one right side": dict(a=made(regular), b=made(lambda rng, a: rng.uniform(-2, 2, a.shape[-2:]), "(n n)")),
    },
    jax=lambda jax, a, b: jax.numpy.linalg.solve(a, b),
    sympy=lambda sympy, a, b: matrices(lambda sympy, m: m.inv())(sympy, a) @ b,
    source="Giles 2008, section 2.3.1",
)
def solve(a: Array, b: Array) -> Pulled:
    """The y of a y = b, b a vector or stacks of matrices that broadcast.  (..., n, n), (..., n, k) -> (..., n, k)

    db = a⁻ᵀ dy, da = -db yᵀ.
    """
    y = np.linalg.solve(a, b)

    def pullback(dy: Array) -> Any:
        db = np.linalg.solve(a.mT, dy)
        da = -np.outer(db, y) if b.ndim == 1 else -(db @ y.mT)
        return unbroadcast(da, a.shape), unbroadcast(db, b.shape)

    return y, pullback


@rule(
    domains={
        "": dict(x=invertible("n")),
        "batches": dict(x=made(regular)),
        "singular": dict(x=made(singular)),
        "nearly singular": dict(x=made(nearly_singular)),
    },
    jax=lambda jax, x: jax.numpy.linalg.det(x),
    sympy=matrices(lambda sympy, m: m.det()),
    source="Magnus & Neudecker 1999, chapter 8, section 3",
)
def det(x: Array) -> Pulled:
    """The determinant of x.  (..., n, n) -> (...)

    dx = dy times the cofactors of x: y x⁻ᵀ, or the minors, which are right at and near to singular matrices too.
    """
    y = np.linalg.det(x)

    def pullback(dy: Array) -> Any:
        size = np.abs(y)
        regular = np.asarray((size > np.finfo(size.dtype).tiny) & np.isfinite(size))
        inverse = np.linalg.inv(x[regular])
        safe = np.linalg.norm(x[regular], axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1)) < SAFE
        regular[regular] = safe
        cofactors = np.empty_like(x)
        cofactors[regular] = np.expand_dims(y, (-2, -1))[regular] * inverse[safe].mT
        cofactors[~regular] = signed_minors(x[~regular])
        return np.expand_dims(dy, (-2, -1)) * cofactors

    return y, pullback


@rule(
    domains={"": dict(x=invertible("n")), "batches": dict(x=made(regular))},
    jax=lambda jax, x: tuple(jax.numpy.linalg.slogdet(x)),
    sympy=lambda sympy, x: (matrices(sign_of_det)(sympy, x), matrices(log_of_det)(sympy, x)),
    source="Giles 2008, section 2.2.4",
)
def slogdet(x: Array) -> Pulled:
    """The sign of det x, and log |det x|.  (..., n, n) -> (...), (...)

    dx = dlog x⁻ᵀ; the sign has derivative 0.  Raises TypeError for complex x, the sign of whose determinant moves.
    """
    if np.iscomplexobj(x):
        raise TypeError("x is complex: the sign of its determinant is no constant; use det")
    sign, log = np.linalg.slogdet(x)

    def pullback(dy: tuple[Array, Array]) -> Array:
        return np.expand_dims(dy[1], (-2, -1)) * np.linalg.inv(x).mT

    return (sign, log), pullback


@rule(
    domains={
        "": dict(x=invertible("n"), exponent=choice(3, 2, 1, 4)),
        "inverse": dict(x=invertible("n"), exponent=choice(-1, -2, 0)),
        "batches": dict(x=made(regular), exponent=choice(2, -1)),
    },
    jax=lambda jax, x, *, exponent: jax.numpy.linalg.matrix_power(x, exponent),
    sympy=matrices(lambda sympy, m, *, exponent: m**exponent),
    source="Petersen & Pedersen 2012, eq. 90",
)
def matrix_power(x: Array, *, exponent: int) -> Pulled:
    """x to the power p, p = exponent.  (..., n, n) -> (..., n, n)

    dx = Σ (xᵀ)^r dy (xᵀ)^(p-1-r), r = 0, ..., p - 1, for p ≥ 0; for p < 0 -Σ (xᵀ)^-r dy (xᵀ)^(p-1+r), r = 1, ..., -p.
    """

    def pullback(dy: Array) -> Any:
        one, none = np.eye(base.shape[-1], dtype=base.dtype), np.zeros_like(base)
        powers = list(accumulate(range(abs(exponent)), lambda power, _: power @ base, initial=one))
        if exponent >= 0:
            return sum((powers[r] @ dy @ powers[exponent - 1 - r] for r in range(exponent)), none)
        return -sum((powers[r] @ dy @ powers[1 - exponent - r] for r in range(1, 1 - exponent)), none)

    base = x.mT if exponent >= 0 else np.linalg.inv(x).mT

    return np.linalg.matrix_power(x, exponent), pullback
