"""Derivatives by the free entries of diagonal, triangular, Toeplitz and circulant matrices, and by factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.structured_symmetric import symbolic_sines, weighted_sines

COOKBOOK = "Petersen & Pedersen 2012"


@rule(
    domain=dict(X=real("n n"), A=real("n n")),
    jax=lambda jax, X, *, A: jax.numpy.trace(A @ jax.numpy.diag(jax.numpy.diag(X))),
    sympy=lambda sympy, X, *, A: (sympy.Matrix(A) * sympy.diag(*np.diagonal(X))).trace(),
    source=f"diag-trace: {COOKBOOK}, eq. 142",
)
def trace_with_diagonal(X: Array, *, A: Array) -> Pulled:
    """tr(A X), X diagonal, by X_ii.  (n, n) -> ()

    dX = A ∘ I.
    """
    unit = np.eye(len(X), dtype=X.dtype)
    return np.trace(A @ (X * unit)), lambda dy: dy * A * unit


@rule(
    domain=dict(X=real("n n"), C=real("n n")),
    jax=lambda jax, X, *, C: weighted_sines(jax.numpy, jax.numpy.diag(jax.numpy.diag(X)), C),
    sympy=lambda sympy, X, *, C: sum(C[i, i] * sympy.sin(X[i, i]) for i in range(len(X))),
    source="diag-trace: Minka 2000, section 1",
)
def function_of_diagonal(X: Array, *, C: Array) -> Pulled:
    """f(X), f = Σ C_ij sin X_ij, X diagonal, by X_ii.  (n, n) -> ()

    dX = G ∘ I, G the derivative with independent entries.  The pullback keeps X ∘ I and I.
    """
    unit = np.eye(len(X), dtype=X.dtype)
    D = X * unit
    return weighted_sines(np, D, C), lambda dy: dy * C * np.cos(D) * unit


@rule(
    domain=dict(L=real("n n"), C=real("n n")),
    jax=lambda jax, L, *, C: weighted_sines(jax.numpy, jax.numpy.tril(L), C),
    sympy=lambda sympy, L, *, C: sum(C[i, j] * sympy.sin(L[i, j]) for i in range(len(L)) for j in range(i + 1)),
    source=f"lower-triangular: derived ({COOKBOOK}, eq. 133)",
)
def function_of_triangular(L: Array, *, C: Array) -> Pulled:
    """f(L), f = Σ C_ij sin L_ij, L lower triangular, by L_ij, i ≥ j.  (n, n) -> ()

    dL = tril(G).
    """
    T = np.tril(L)
    return weighted_sines(np, T, C), lambda dy: dy * np.tril(C * np.cos(T))


@rule(
    domain=dict(L=real("n n"), C=real("n n")),
    jax=lambda jax, L, *, C: weighted_sines(jax.numpy, jax.numpy.tril(L) @ jax.numpy.tril(L).T, C),
    sympy=lambda sympy, L, *, C: symbolic_sines(sympy, np.array(lower(sympy, L) * lower(sympy, L).T), C),
    source=f"lower-triangular: derived ({COOKBOOK}, eq. 133)",
)
def function_of_triangular_gram(L: Array, *, C: Array) -> Pulled:
    """f(L Lᵀ), f = Σ C_ij sin X_ij, L lower triangular.  (n, n) -> ()

    dL = tril((H + Hᵀ) L), H the derivative of f at L Lᵀ.
    """
    T = np.tril(L)
    X = T @ T.T
    H = C * np.cos(X)
    return weighted_sines(np, X, C), lambda dy: dy * np.tril((H + H.T) @ T)


def lower(sympy: Any, L: Any) -> Any:
    """The lower triangle of L by sympy."""
    return sympy.Matrix(*L.shape, lambda i, j: L[i, j] if i >= j else 0)


def diagonals(rng: Generator, draw: Draw) -> Array:
    """one number for each diagonal, from the lowest (2 n - 1)"""
    return np.asarray(np.round(rng.uniform(-3, 3, 2 * draw.size("n") - 1), 3))


def toeplitz(t: Array, n: int) -> Any:
    """T_ij = t_(j-i), the entries of t from t_(1-n) to t_(n-1)."""
    i, j = np.indices((n, n))
    return t[j - i + n - 1]


def diagonal_sums(G: Array) -> Any:
    """Σ_k G_(k, k+d) for each d from 1 - n to n - 1: how f moves with t, where G is its derivative by T."""
    n = len(G)
    i, j = np.indices((n, n))
    return (G * (np.arange(1 - n, n)[:, None, None] == j - i)).sum((1, 2))


def symbolic_toeplitz(sympy: Any, t: Any, n: int) -> Any:
    """T by sympy."""
    return sympy.Matrix(n, n, lambda i, j: t[j - i + n - 1])


@rule(
    domain=dict(t=made(diagonals), A=real("n n")),
    jax=lambda jax, t, A: jax.numpy.trace(A @ jax.scipy.linalg.toeplitz(t[len(A) - 1 :: -1], t[len(A) - 1 :])),
    sympy=lambda sympy, t, A: (sympy.Matrix(A) * symbolic_toeplitz(sympy, t, len(A))).trace(),
    source=f"toeplitz-trace: {COOKBOOK}, eq. 143, corrected",
)
def trace_with_toeplitz(t: Array, A: Array) -> Pulled:
    """tr(A T), T_ij = t_(j-i).  (2 n - 1), (n, n) -> ()

    dt_(j-i) = α_ij = Σ_k A_(k, k+i-j), a diagonal of A; dA = Tᵀ.  The pullback keeps T.
    """
    T = toeplitz(t, len(A))
    return np.trace(A @ T), lambda dy: (dy * diagonal_sums(A.T), dy * T.T)


@rule(
    domain=dict(t=made(diagonals), C=real("n n")),
    jax=lambda jax, t, *, C: weighted_sines(
        jax.numpy, jax.scipy.linalg.toeplitz(t[len(C) - 1 :: -1], t[len(C) - 1 :]), C
    ),
    sympy=lambda sympy, t, *, C: symbolic_sines(sympy, np.array(symbolic_toeplitz(sympy, t, len(C))), C),
    source="toeplitz-trace: derived",
)
def function_of_toeplitz(t: Array, *, C: Array) -> Pulled:
    """f(T), f = Σ C_ij sin T_ij, T_ij = t_(j-i).  (2 n - 1) -> ()

    dt_(j-i) = the sum of G along the diagonal of (i, j).  The pullback keeps T.
    """
    T = toeplitz(t, len(C))
    return weighted_sines(np, T, C), lambda dy: dy * diagonal_sums(C * np.cos(T))


@rule(
    domain=dict(t=real("n"), A=real("n n")),
    jax=lambda jax, t, A: jax.numpy.trace(A @ jax.scipy.linalg.toeplitz(t)),
    sympy=lambda sympy, t, A: (sympy.Matrix(A) * sympy.Matrix(len(t), len(t), lambda i, j: t[abs(i - j)])).trace(),
    source=f"toeplitz-symmetric-trace: {COOKBOOK}, eq. 144",
)
def trace_with_symmetric_toeplitz(t: Array, A: Array) -> Pulled:
    """tr(A T), T_ij = t_|i-j|.  (n), (n, n) -> ()

    dt_|i-j| = (α + αᵀ - α ∘ I)_ij, α_ij = Σ_k A_(k, k+i-j); dA = T.  The pullback keeps T.
    """
    i, j = np.indices(A.shape)
    T = t[np.abs(i - j)]

    def pullback(dy: Array) -> Any:
        alpha = toeplitz(diagonal_sums(A.T), len(t))
        free = alpha + alpha.T - alpha * np.eye(len(t), dtype=t.dtype)
        return dy * free[:1].sum(0), dy * T

    return np.trace(A @ T), pullback


@rule(
    domain=dict(c=real("n"), C=real("n n")),
    jax=lambda jax, c, *, C: weighted_sines(
        jax.numpy, jax.numpy.stack([jax.numpy.roll(c, i) for i in range(len(c))]), C
    ),
    sympy=lambda sympy, c, *, C: sum(
        C[i, (i + k) % len(c)] * sympy.sin(c[k]) for i in range(len(c)) for k in range(len(c))
    ),
    source=f"circulant: derived ({COOKBOOK}, eq. 133)",
)
def function_of_circulant(c: Array, *, C: Array) -> Pulled:
    """f(X), f = Σ C_ij sin X_ij, X_ij = c_((j - i) mod n).  (n) -> ()

    dc_k = Σ_i G_(i, (i + k) mod n).  The pullback keeps X and the places of its entries.
    """
    n = c.size
    i, j = np.indices((n, n))
    X = c[(j - i) % n]

    def pullback(dy: Array) -> Any:
        return dy * (C * np.cos(X))[i, (i + j) % n].sum(0)

    return weighted_sines(np, X, C), pullback


@rule(
    domain=dict(U=real("n r", -1, 1), V=real("n r", -1, 1), C=real("n n")),
    jax=lambda jax, U, V, *, C: weighted_sines(jax.numpy, U @ V.T, C),
    sympy=lambda sympy, U, V, *, C: symbolic_sines(sympy, np.array(sympy.Matrix(U) * sympy.Matrix(V).T), C),
    source="low-rank-factors: derived",
)
def function_of_factors(U: Array, V: Array, *, C: Array) -> Pulled:
    """f(U Vᵀ), f = Σ C_ij sin X_ij.  (n, r), (n, r) -> ()

    dU = G V, dV = Gᵀ U, G the derivative of f at U Vᵀ.
    """
    X = U @ V.T
    G = C * np.cos(X)
    return weighted_sines(np, X, C), lambda dy: (dy * (G @ V), dy * (G.T @ U))


@rule(
    domain=dict(U=real("n r", -1, 1), C=real("n n")),
    jax=lambda jax, U, *, C: weighted_sines(jax.numpy, U @ U.T, C),
    sympy=lambda sympy, U, *, C: symbolic_sines(sympy, np.array(sympy.Matrix(U) * sympy.Matrix(U).T), C),
    source="low-rank-factors: derived",
)
def function_of_outer_gram(U: Array, *, C: Array) -> Pulled:
    """f(U Uᵀ), f = Σ C_ij sin X_ij.  (n, r) -> ()

    dU = (G + Gᵀ) U, G the derivative of f at U Uᵀ.
    """
    X = U @ U.T
    G = C * np.cos(X)
    return weighted_sines(np, X, C), lambda dy: dy * ((G + G.T) @ U)
