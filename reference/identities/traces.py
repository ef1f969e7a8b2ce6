"""Derivatives of traces, and of products flattened by vec and the Kronecker product."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled


@rule(
    domain=dict(A=real("n m"), X=real("m n")),
    jax=lambda jax, A, X: jax.numpy.trace(A @ X),
    sympy=lambda sympy, A, X: (A @ X).trace(),
    sympy_matrix=lambda sympy, A, X: sympy.Trace(A * X),
    source="Petersen & Pedersen 2012, eq. 100",
)
def trace_of_product(A: Array, X: Array) -> Pulled:
    """tr(A X).  (n, m), (m, n) -> ()

    dX = Aᵀ, dA = Xᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * X.T, dy * A.T

    return np.trace(A @ X), pullback


@rule(
    domain=dict(A=real("k m"), X=real("m n"), B=real("n k")),
    jax=lambda jax, A, X, B: jax.numpy.trace(A @ X @ B),
    sympy=lambda sympy, A, X, B: (A @ X @ B).trace(),
    sympy_matrix=lambda sympy, A, X, B: sympy.Trace(A * X * B),
    source="Petersen & Pedersen 2012, eq. 101",
)
def trace_of_three(A: Array, X: Array, B: Array) -> Pulled:
    """tr(A X B).  (k, m), (m, n), (n, k) -> ()

    dA = (X B)ᵀ, dX = Aᵀ Bᵀ, dB = (A X)ᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * (X @ B).T, dy * (A.T @ B.T), dy * (A @ X).T

    return np.trace(A @ X @ B), pullback


@rule(
    domain=dict(X=real("m n"), B=real("m m"), C=real("n n")),
    jax=lambda jax, X, B, C: jax.numpy.trace(X.T @ B @ X @ C),
    sympy=lambda sympy, X, B, C: (X.T @ B @ X @ C).trace(),
    sympy_matrix=lambda sympy, X, B, C: sympy.Trace(X.T * B * X * C),
    source="Petersen & Pedersen 2012, eq. 117",
)
def trace_of_gram(X: Array, B: Array, C: Array) -> Pulled:
    """tr(Xᵀ B X C).  (m, n), (m, m), (n, n) -> ()

    dX = B X C + Bᵀ X Cᵀ, dB = (X C Xᵀ)ᵀ, dC = (Xᵀ B X)ᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * (B @ X @ C + B.T @ X @ C.T), dy * (X @ C @ X.T).T, dy * (X.T @ B @ X).T

    return np.trace(X.T @ B @ X @ C), pullback


@rule(
    domain=dict(A=real("p m"), X=real("m n"), B=real("n n"), C=real("m p")),
    jax=lambda jax, A, X, B, C: jax.numpy.trace(A @ X @ B @ X.T @ C),
    sympy=lambda sympy, A, X, B, C: (A @ X @ B @ X.T @ C).trace(),
    sympy_matrix=lambda sympy, A, X, B, C: sympy.Trace(A * X * B * X.T * C),
    source="Petersen & Pedersen 2012, eq. 118",
)
def trace_of_sandwich(A: Array, X: Array, B: Array, C: Array) -> Pulled:
    """tr(A X B Xᵀ C).  (p, m), (m, n), (n, n), (m, p) -> ()

    dX = Aᵀ Cᵀ X Bᵀ + C A X B, dA = (X B Xᵀ C)ᵀ, dB = Xᵀ Aᵀ Cᵀ X, dC = (A X B Xᵀ)ᵀ.
    """
    S = X @ B @ X.T

    def pullback(dy: Array) -> Any:
        dX = A.T @ C.T @ X @ B.T + C @ A @ X @ B
        return dy * (S @ C).T, dy * dX, dy * (X.T @ A.T @ C.T @ X), dy * (A @ S).T

    return np.trace(A @ S @ C), pullback


@rule(
    domain=dict(A=real("p m"), X=real("m n"), B=real("n q"), C=real("p q")),
    jax=lambda jax, A, X, B, C: jax.numpy.sum((A @ X @ B + C) ** 2),
    sympy=lambda sympy, A, X, B, C: ((A @ X @ B + C) ** 2).sum(),
    source="Petersen & Pedersen 2012, eq. 119",
)
def squared_norm_of_affine(A: Array, X: Array, B: Array, C: Array) -> Pulled:
    """‖R‖², R = A X B + C.  (p, m), (m, n), (n, q), (p, q) -> ()

    dX = 2 Aᵀ R Bᵀ, dA = 2 R (X B)ᵀ, dB = 2 (A X)ᵀ R, dC = 2 R.
    """
    R = A @ X @ B + C

    def pullback(dy: Array) -> Any:
        dR = 2 * dy * R
        return dR @ (X @ B).T, A.T @ dR @ B.T, (A @ X).T @ dR, dR

    return (R * R).sum(), pullback


@rule(
    domain=dict(X=real("n n"), exponent=choice(3, 2, 4)),
    jax=lambda jax, X, *, exponent: jax.numpy.trace(jax.numpy.linalg.matrix_power(X, exponent)),
    sympy=lambda sympy, X, *, exponent: (sympy.Matrix(X) ** exponent).trace(),
    source="Petersen & Pedersen 2012, eq. 121",
)
def trace_of_power(X: Array, *, exponent: int) -> Pulled:
    """tr(X^k), k = exponent.  (n, n) -> ()

    dX = k (X^(k-1))ᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * exponent * np.linalg.matrix_power(X.T, exponent - 1)

    return np.trace(np.linalg.matrix_power(X, exponent)), pullback


@rule(
    domain=dict(A=real("p m"), X=real("m n"), B=real("n q")),
    jax=lambda jax, A, X, B: (A @ X @ B).T.ravel(),
    sympy=lambda sympy, A, X, B: (A @ X @ B).T.ravel(),
    source="Petersen & Pedersen 2012, eq. 520; Minka 2000, section 2",
)
def vec_of_product(A: Array, X: Array, B: Array) -> Pulled:
    """vec(A X B), vec stacks columns.  (p, m), (m, n), (n, q) -> (...)

    Jacobians: by vec(X) Bᵀ ⊗ A, by vec(A) (X B)ᵀ ⊗ I, by vec(B) I ⊗ A X.
    """

    def pullback(dy: Array) -> Any:
        left, right = (np.eye(n).astype(dy.dtype) for n in (B.shape[1], A.shape[0]))
        jacobians = np.kron((X @ B).T, right), np.kron(B.T, A), np.kron(left, A @ X)
        return tuple((J.T @ dy).reshape(Z.T.shape).T for J, Z in zip(jacobians, (A, X, B), strict=True))

    return (A @ X @ B).T.ravel(), pullback


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: X.T @ X,
    sympy=lambda sympy, X: X.T @ X,
    source="Minka 2000, section 8",
)
def gram_matrix(X: Array) -> Pulled:
    """Xᵀ X.  (m, n) -> (n, n)

    dX = X (dy + dyᵀ).
    """

    def pullback(dy: Array) -> Any:
        return X @ (dy + dy.T)

    return X.T @ X, pullback


@rule(
    domain=dict(A=real("p m"), X=real("m n"), B=real("n p")),
    jax=lambda jax, A, X, B: jax.numpy.diagonal(A @ X @ B),
    sympy=lambda sympy, A, X, B: (A @ X @ B).diagonal(),
    source="Minka 2000, section 5",
)
def diagonal_of_product(A: Array, X: Array, B: Array) -> Pulled:
    """The diagonal of A X B.  (p, m), (m, n), (n, p) -> (p)

    dX = Aᵀ diag(dy) Bᵀ, dA = diag(dy) (X B)ᵀ, dB = (A X)ᵀ diag(dy).
    """

    def pullback(dy: Array) -> Any:
        column = dy[:, None]
        return column * (X @ B).T, A.T @ (column * B.T), (A @ X).T * dy

    return np.diagonal(A @ X @ B), pullback
