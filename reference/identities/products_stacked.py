"""Derivatives of vec, which stacks the columns of a matrix: Kronecker products and commutation matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

COOKBOOK = "Petersen & Pedersen 2012"
MINKA = "Minka 2000"


def vec(X: Array) -> Any:
    """The columns of X, one below the other.  (m, n) -> (m n)"""
    return X.T.ravel()


def unvec(x: Array, like: Array) -> Any:
    """The matrix, of the shape of another, whose columns are x.  (m n) -> (m, n)"""
    return x.reshape(like.T.shape).T


def commutation(m: int, n: int, like: Array) -> Array:
    """K_mn, with K_mn vec(X) = vec(Xᵀ) for X of m rows and n columns."""
    return np.eye(m * n, dtype=like.dtype)[np.arange(m * n).reshape(n, m).T.ravel()]


def symbolic_vec(sympy: Any, X: Any) -> Any:
    """vec by sympy."""
    return np.array(sympy.Matrix(X).vec()).ravel()


@rule(
    domain=dict(A=real("p m"), X=real("m n"), B=real("n q")),
    jax=lambda jax, A, X, B: (A @ X @ B).ravel(),
    sympy=lambda sympy, A, X, B: (A @ X @ B).ravel(),
    source=f"vec-axb: {COOKBOOK}, eq. 520, by rows",
)
def rows_of_product(A: Array, X: Array, B: Array) -> Pulled:
    """The rows of A X B, one after the other.  (p, m), (m, n), (n, q) -> (p q)

    Jacobians by rows: by X A ⊗ Bᵀ, by A I ⊗ (X B)ᵀ, by B A X ⊗ I.  The pullback keeps both unit matrices.
    """
    left, right = np.eye(len(A), dtype=A.dtype), np.eye(B.shape[1], dtype=A.dtype)

    def pullback(dy: Array) -> Any:
        jacobians = np.kron(left, (X @ B).T), np.kron(A, B.T), np.kron(A @ X, right)
        return tuple((J.T @ dy).reshape(Z.shape) for J, Z in zip(jacobians, (A, X, B), strict=True))

    return (A @ X @ B).ravel(), pullback


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: X.ravel(),
    sympy=lambda sympy, X: symbolic_vec(sympy, X.T),
    source=f"vec-transpose: {MINKA}, section 8",
)
def vec_of_transpose(X: Array) -> Pulled:
    """vec(Xᵀ).  (m, n) -> (m n)

    The Jacobian is K_mn: K_mn vec(X) = vec(Xᵀ).  The pullback keeps K_mn.
    """
    m, n = X.shape
    K = commutation(m, n, X)
    return vec(X.T), lambda dy: unvec(K.T @ dy, X)


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: jax.numpy.transpose(X),
    sympy=lambda sympy, X: np.array(sympy.Matrix(X).T),
    source=f"vec-transpose: {MINKA}, section 8",
)
def transpose(X: Array) -> Pulled:
    """Xᵀ.  (m, n) -> (n, m)

    dX = dyᵀ.
    """
    return X.T.copy(), lambda dy: dy.T.copy()


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: (X.T @ X).ravel(),
    sympy=lambda sympy, X: symbolic_vec(sympy, X.T @ X),
    source=f"vec-gram: {MINKA}, section 8",
)
def vec_of_gram(X: Array) -> Pulled:
    """vec(Xᵀ X).  (m, n) -> (n n)

    The Jacobian by vec(X) is (I + K_nn) (I_n ⊗ Xᵀ).
    """
    n = X.shape[1]

    def pullback(dy: Array) -> Any:
        one, unit = np.eye(n * n, dtype=dy.dtype), np.eye(n, dtype=dy.dtype)
        jacobian = (one + commutation(n, n, dy)) @ np.kron(unit, X.T)
        return unvec(jacobian.T @ dy, X)

    return vec(X.T @ X), pullback


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: (X @ X.T).ravel(),
    sympy=lambda sympy, X: symbolic_vec(sympy, X @ X.T),
    source=f"vec-gram: {MINKA}, section 8",
)
def vec_of_outer_gram(X: Array) -> Pulled:
    """vec(X Xᵀ).  (m, n) -> (m m)

    The Jacobian by vec(X) is (I + K_mm) (X ⊗ I_m).
    """
    m = len(X)

    def pullback(dy: Array) -> Any:
        one, unit = np.eye(m * m, dtype=dy.dtype), np.eye(m, dtype=dy.dtype)
        jacobian = (one + commutation(m, m, dy)) @ np.kron(X, unit)
        return unvec(jacobian.T @ dy, X)

    return vec(X @ X.T), pullback


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: X @ X.T,
    sympy=lambda sympy, X: np.array(sympy.Matrix(X) * sympy.Matrix(X).T),
    source=f"vec-gram: {MINKA}, section 8",
)
def outer_gram_matrix(X: Array) -> Pulled:
    """X Xᵀ.  (m, n) -> (m, m)

    dX = (dy + dyᵀ) X.
    """
    return X @ X.T, lambda dy: (dy + dy.T) @ X


@rule(
    domain=dict(a=real("m"), X=real("m n"), B=real("n n"), c=real("m")),
    jax=lambda jax, a, X, B, c: a @ X @ B @ X.T @ c,
    sympy=lambda sympy, a, X, B, c: a @ X @ B @ X.T @ c,
    sympy_matrix=lambda sympy, a, X, B, c: sympy.Trace(a.T * X * B * X.T * c),
    source=f"vec-quadratic: {COOKBOOK}, eq. 524, corrected",
)
def form_of_vec(a: Array, X: Array, B: Array, c: Array) -> Pulled:
    """vec(X)ᵀ (Bᵀ ⊗ c aᵀ) vec(X) = aᵀ X B Xᵀ c.  (m), (m, n), (n, n), (m) -> ()

    dX = a cᵀ X Bᵀ + c aᵀ X B, da = X B Xᵀ c, dB = Xᵀ a cᵀ X, dc = X Bᵀ Xᵀ a.  The pullback keeps Xᵀ a and Xᵀ c.
    """
    u, v = X.T @ a, X.T @ c

    def pullback(dy: Array) -> Any:
        dX = np.outer(a, B @ v) + np.outer(c, B.T @ u)
        return dy * (X @ B @ v), dy * dX, dy * np.outer(u, v), dy * (X @ B.T @ u)

    return vec(X) @ np.kron(B.T, np.outer(c, a)) @ vec(X), pullback
