"""Derivatives of linear and quadratic functions of a matrix, entry by entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

COOKBOOK = "Petersen & Pedersen 2012"


def delta(n: int, like: Array) -> Array:
    """δ_ij as a matrix."""
    return np.eye(n, dtype=like.dtype)


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: jax.numpy.asarray(X),
    sympy=lambda sympy, X: X,
    source=f"form-entry-linear: {COOKBOOK}, eq. 73",
)
def matrix_itself(X: Array) -> Pulled:
    """F = X.  (m, n) -> (m, n)

    dF_kl/dX_ij = δ_ki δ_lj.
    """
    m, n = X.shape
    return X.copy(), lambda dy: np.einsum("kl,ki,lj->ij", dy, delta(m, dy), delta(n, dy))


@rule(
    domain=dict(X=real("m n"), A=real("n p")),
    jax=lambda jax, X, *, A: X @ A,
    sympy=lambda sympy, X, *, A: X @ A,
    source=f"form-entry-linear: {COOKBOOK}, eq. 74",
)
def matrix_times_constant(X: Array, *, A: Array) -> Pulled:
    """F = X A.  (m, n) -> (m, p)

    dF_kl/dX_ij = δ_ki A_jl.
    """
    return X @ A, lambda dy: np.einsum("kl,ki,jl->ij", dy, delta(len(X), dy), A)


@rule(
    domain=dict(X=real("m n"), A=real("m p")),
    jax=lambda jax, X, *, A: X.T @ A,
    sympy=lambda sympy, X, *, A: X.T @ A,
    source=f"form-entry-linear: {COOKBOOK}, eq. 75",
)
def transpose_times_constant(X: Array, *, A: Array) -> Pulled:
    """F = Xᵀ A.  (m, n) -> (n, p)

    dF_kl/dX_ij = δ_kj A_il.
    """
    return X.T @ A, lambda dy: np.einsum("kl,kj,il->ij", dy, delta(X.shape[1], dy), A)


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: jax.numpy.sum(X) ** 2,
    sympy=lambda sympy, X: X.sum() ** 2,
    source=f"form-entry-linear: {COOKBOOK}, eq. 76",
)
def square_of_sum(X: Array) -> Pulled:
    """(Σ_kl X_kl)².  (m, n) -> ()

    dX_ij = 2 Σ_kl X_kl, the same for all i and j.
    """
    return X.sum() ** 2, lambda dy: dy * 2 * X.sum() * np.ones_like(X)


@rule(
    domain=dict(X=real("m n"), B=real("m m")),
    jax=lambda jax, X, *, B: X.T @ B @ X,
    sympy=lambda sympy, X, *, B: X.T @ B @ X,
    source=f"form-entry-xtbx: {COOKBOOK}, eq. 79",
)
def matrix_form_entry_by_entry(X: Array, *, B: Array) -> Pulled:
    """F = Xᵀ B X.  (m, n) -> (n, n)

    dF_kl/dX_ij = δ_lj (Xᵀ B)_ki + δ_kj (B X)_il.
    """

    def pullback(dy: Array) -> Any:
        d = delta(X.shape[1], dy)
        return np.einsum("kl,lj,ki->ij", dy, d, X.T @ B) + np.einsum("kl,kj,il->ij", dy, d, B @ X)

    return X.T @ B @ X, pullback


@rule(
    domain=dict(X=real("m n"), B=real("m m")),
    jax=lambda jax, X, *, B: X.T @ B @ X,
    sympy=lambda sympy, X, *, B: X.T @ B @ X,
    source=f"form-entry-xtbx: {COOKBOOK}, eq. 80",
)
def matrix_form_by_single_entries(X: Array, *, B: Array) -> Pulled:
    """F = Xᵀ B X.  (m, n) -> (n, n)

    dF/dX_ij = Xᵀ B J^ij + J^ji B X, with the single-entry matrix J^ij.
    """

    def pullback(dy: Array) -> Any:
        J = np.eye(X.size, dtype=X.dtype).reshape(X.shape + X.shape)
        return (dy * (X.T @ B @ J + J.mT @ B @ X)).sum((-2, -1))

    return X.T @ B @ X, pullback
