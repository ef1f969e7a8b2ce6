"""Norms of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.factorizations import OF_SVD, squares, tall, wide
from reference.reductions import folded, shared

KEPT = choice(False, True)


def norm_of_symbols(sympy: Any, x: Array, *, ord: Any, keepdims: bool) -> Any:
    """The sympy twin of matrix_norm; of matrices with two rows or columns, whose singular values are known."""
    if ord in (1, np.inf):
        sums = np.frompyfunc(sympy.Abs, 1, 1)(x).sum(-2 if ord == 1 else -1)
        y = folded(sympy.Max, sums, -1, False)
    else:
        gram = x.mT @ x if x.shape[-1] <= x.shape[-2] else x @ x.mT
        square = np.trace(gram, axis1=-2, axis2=-1)
        root = np.frompyfunc(sympy.sqrt, 1, 1)
        if ord != "fro" and gram.shape[-1] == 2:
            det = gram[..., 0, 0] * gram[..., 1, 1] - gram[..., 0, 1] * gram[..., 1, 0]
            square = square + 2 * root(det) if ord == "nuc" else (square + root(square * square - 4 * det)) / 2
        y = root(square)
    return np.expand_dims(y, (-2, -1)) if keepdims else y


@rule(
    domains={
        "": dict(x=made(tall), ord=choice("fro", "nuc", 2), keepdims=KEPT),
        "wide": dict(x=made(wide), ord=choice("nuc", 2, "fro"), keepdims=KEPT),
        "batches": dict(x=made(squares), ord=choice("fro", 2, "nuc"), keepdims=KEPT),
        "sums": dict(x=real("b n m", kinks=(0.0,)), ord=choice(1, np.inf), keepdims=KEPT),
    },
    jax=lambda jax, x, **how: jax.numpy.linalg.matrix_norm(x, **how),
    sympy=norm_of_symbols,
    source="Watson 1992, Characterization of the subdifferential of some matrix norms",
    accuracy=OF_SVD,
    normwise=True,
)
def matrix_norm(x: Array, *, ord: Any = "fro", keepdims: bool = False) -> Pulled:
    """The norm "fro", nuclear ("nuc"), spectral (2), or the largest sum of |x| of a column (1) or row (inf).  (..., n, k) -> (...)

    dx = dy x / y, dy u vᵀ (full rank), dy u₁ v₁ᵀ of the largest singular value, which must be a single one, or dy
    sign(x) in the column or row of the largest sum, in equal shares where several are equal, as in JAX.  Singular
    vectors are LAPACK's: hence normwise, and the wide budget.
    """
    y = np.linalg.matrix_norm(x, ord=ord, keepdims=keepdims)

    def pullback(dy: Array) -> Any:
        dy = dy.reshape((*x.shape[:-2], 1, 1))
        if ord == "fro":
            return dy * x / y.reshape(dy.shape)
        if ord in (1, np.inf):
            along = -2 if ord == 1 else -1
            sums = np.abs(x).sum(along, keepdims=True)
            return shared(dy, sums, y.reshape(dy.shape), (-2, -1)) * np.sign(x)
        u, _, vt = np.linalg.svd(x, full_matrices=False)
        return dy * (u @ vt if ord == "nuc" else u[..., :1] @ vt[..., :1, :])

    return y, pullback
