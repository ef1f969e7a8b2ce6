"""Derivatives of traces that are linear in the matrix, and of products read as vectors, diagonals and scalings."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

COOKBOOK = "Petersen & Pedersen 2012"


@rule(
    domain=dict(A=real("n m"), X=real("m n")),
    jax=lambda jax, A, X: jax.numpy.trace(X @ A),
    sympy=lambda sympy, A, X: (A @ X).trace(),
    sympy_matrix=lambda sympy, A, X: sympy.Trace(A * X),
    source=f"tr-xa: {COOKBOOK}, eq. 100",
)
def trace_of_product(A: Array, X: Array) -> Pulled:
    """tr(A X) = tr(X A).  (n, m), (m, n) -> ()

    dX = Aᵀ, dA = Xᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * X.T, dy * A.T

    return np.trace(A @ X), pullback


@rule(
    domain=dict(X=real("n n")),
    jax=lambda jax, X: jax.numpy.trace(X),
    sympy=lambda sympy, X: X.trace(),
    sympy_matrix=lambda sympy, X: sympy.Trace(X),
    source=f"tr-xa: {COOKBOOK}, eq. 99",
)
def trace(X: Array) -> Pulled:
    """tr(X).  (n, n) -> ()

    dX = I.
    """

    def pullback(dy: Array) -> Any:
        return dy * np.eye(len(X), dtype=X.dtype)

    return np.trace(X), pullback


@rule(
    domain=dict(A=real("k m"), X=real("m n"), B=real("n k")),
    jax=lambda jax, A, X, B: jax.numpy.trace(A @ X @ B),
    sympy=lambda sympy, A, X, B: (A @ X @ B).trace(),
    sympy_matrix=lambda sympy, A, X, B: sympy.Trace(A * X * B),
    source=f"tr-axb: {COOKBOOK}, eq. 101",
)
def trace_of_three(A: Array, X: Array, B: Array) -> Pulled:
    """tr(A X B).  (k, m), (m, n), (n, k) -> ()

    dA = (X B)ᵀ, dX = Aᵀ Bᵀ, dB = (A X)ᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * (X @ B).T, dy * (A.T @ B.T), dy * (A @ X).T

    return np.trace(A @ X @ B), pullback


@rule(
    domain=dict(A=real("k n"), X=real("m n"), B=real("m k")),
    jax=lambda jax, A, X, B: jax.numpy.trace(A @ X.T @ B),
    sympy=lambda sympy, A, X, B: (A @ X.T @ B).trace(),
    sympy_matrix=lambda sympy, A, X, B: sympy.Trace(A * X.T * B),
    source=f"tr-axtb: {COOKBOOK}, eq. 102",
)
def trace_of_three_transposed(A: Array, X: Array, B: Array) -> Pulled:
    """tr(A Xᵀ B).  (k, n), (m, n), (m, k) -> ()

    dX = B A, dA = Bᵀ X, dB = X Aᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * (B.T @ X), dy * (B @ A), dy * (X @ A.T)

    return np.trace(A @ X.T @ B), pullback


@rule(
    domain=dict(X=real("m n"), A=real("m n")),
    jax=lambda jax, X, A: jax.numpy.trace(A @ X.T),
    sympy=lambda sympy, X, A: (X.T @ A).trace(),
    sympy_matrix=lambda sympy, X, A: sympy.Trace(X.T * A),
    source=f"tr-xta: {COOKBOOK}, eqs. 103, 104",
)
def trace_of_transposed_product(X: Array, A: Array) -> Pulled:
    """tr(Xᵀ A) = tr(A Xᵀ).  (m, n), (m, n) -> ()

    dX = A, dA = X.
    """

    def pullback(dy: Array) -> Any:
        return dy * A, dy * X

    return np.trace(X.T @ A), pullback


@rule(
    domain=dict(A=real("p p"), X=real("n n")),
    jax=lambda jax, A, X: jax.numpy.trace(jax.numpy.kron(A, X)),
    sympy=lambda sympy, A, X: A.trace() * X.trace(),
    source=f"tr-kron: {COOKBOOK}, eq. 105",
)
def trace_of_kronecker_product(A: Array, X: Array) -> Pulled:
    """tr(A ⊗ X).  (p, p), (n, n) -> ()

    dX = tr(A) I, dA = tr(X) I.
    """

    def pullback(dy: Array) -> Any:
        return (
            dy * np.trace(X) * np.eye(len(A), dtype=A.dtype),
            dy * np.trace(A) * np.eye(len(X), dtype=X.dtype),
        )

    return np.trace(np.kron(A, X)), pullback


@rule(
    domain=dict(X=real("n n")),
    jax=lambda jax, X: jax.numpy.trace(jax.numpy.kron(X, X)),
    sympy=lambda sympy, X: X.trace() ** 2,
    sympy_matrix=lambda sympy, X: sympy.Trace(X) ** 2,
    source=f"tr-kron: {COOKBOOK}, eq. 120",
)
def trace_of_kronecker_square(X: Array) -> Pulled:
    """tr(X ⊗ X).  (n, n) -> ()

    dX = 2 tr(X) I.
    """

    def pullback(dy: Array) -> Any:
        return dy * 2 * np.trace(X) * np.eye(len(X), dtype=X.dtype)

    return np.trace(np.kron(X, X)), pullback


@rule(
    domain=dict(A=real("p m"), X=real("m n"), B=real("n q")),
    jax=lambda jax, A, X, B: (A @ X @ B).T.ravel(),
    sympy=lambda sympy, A, X, B: (A @ X @ B).T.ravel(),
    source="vec-axb: Petersen & Pedersen 2012, eq. 520; Minka 2000, section 2",
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
    source="vec-gram: Minka 2000, section 8",
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
    source="diag-of-product: Minka 2000, section 5",
)
def diagonal_of_product(A: Array, X: Array, B: Array) -> Pulled:
    """The diagonal of A X B.  (p, m), (m, n), (n, p) -> (p)

    dX = Aᵀ diag(dy) Bᵀ, dA = diag(dy) (X B)ᵀ, dB = (A X)ᵀ diag(dy).
    """

    def pullback(dy: Array) -> Any:
        column = dy[:, None]
        return column * (X @ B).T, A.T @ (column * B.T), (A @ X).T * dy

    return np.diagonal(A @ X @ B), pullback


@rule(
    domain=dict(a=real("m"), X=real("m n"), b=real("n")),
    jax=lambda jax, a, X, b: jax.numpy.diag(a) @ X @ jax.numpy.diag(b),
    sympy=lambda sympy, a, X, b: np.array(sympy.diag(*a) * sympy.Matrix(X) * sympy.diag(*b)),
    source="diag-scaling: derived",
)
def diagonal_scaling(a: Array, X: Array, b: Array) -> Pulled:
    """diag(a) X diag(b).  (m), (m, n), (n) -> (m, n)

    da = (dy ∘ X diag(b)) 1, dX = diag(a) dy diag(b), db = (dy ∘ diag(a) X)ᵀ 1.
    """
    rows = a[:, None]

    def pullback(dy: Array) -> Any:
        return (dy * X * b).sum(1), rows * dy * b, (dy * rows * X).sum(0)

    return rows * X * b, pullback
