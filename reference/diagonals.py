"""Diagonals of matrices, taken out and put in."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled


@rule(
    domains={
        "": dict(x=real("n m k"), offset=choice(0, 1, -1), axis1=choice(0, 2, -1), axis2=choice(1, 0, -2)),
        "beyond the corner": dict(x=real("3 4"), offset=choice(4, -5), axis1=choice(0), axis2=choice(1)),
    },
    jax=lambda jax, x, **how: jax.numpy.diagonal(x, **how),
    sympy=lambda sympy, x, **how: np.diagonal(x, **how),
)
def diagonal(x: Array, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Pulled:
    """The x_i,i+offset of two axes, along a new last one.  (n, m, k) -> (...)

    dx = dy on that diagonal, 0 beside it.
    """
    y = np.diagonal(x, offset, axis1, axis2).copy()

    def pullback(dy: Array) -> Array:
        dx = np.zeros_like(np.moveaxis(x, (axis1, axis2), (-2, -1)))
        i = np.arange(dy.shape[-1])
        dx[..., i + max(-offset, 0), i + max(offset, 0)] = dy
        return np.moveaxis(dx, (-2, -1), (axis1, axis2))

    return y, pullback


@rule(
    domains={
        "": dict(x=real("n"), offset=choice(0, 1, -2)),
        "of a matrix": dict(x=real("n m"), offset=choice(0, 1, -1)),
    },
    jax=lambda jax, x, *, offset: jax.numpy.diag(x, offset),
    sympy=lambda sympy, x, *, offset: np.diag(x, offset),
)
def diag(x: Array, *, offset: int = 0) -> Pulled:
    """The matrix with x on a diagonal, 0 beside it; of a matrix that diagonal.  (n) -> (m, m)

    Each is the pullback of the other.  Raises ValueError for arrays of other ranks.
    """
    if x.ndim == 2:
        y, pullback = diagonal(x, offset=offset)
        return y, pullback
    if x.ndim != 1:
        raise ValueError(f"x has {x.ndim} axes: diag takes a vector or a matrix, diagonal the rest")

    def taken(dy: Array) -> Any:
        return np.diagonal(dy, offset).copy()

    return np.diag(x, offset), taken
