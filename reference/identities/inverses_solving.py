"""Derivatives of the solutions of linear systems."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from gradcheck.domains import invertible, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.matrices import positive_determinant, symbolic_inverse, triangular

GILES = "Giles 2008"


@rule(
    domain=dict(A=invertible("n"), b=real("n")),
    jax=lambda jax, A, b: jax.numpy.linalg.solve(A, b),
    sympy=lambda sympy, A, b: np.array(symbolic_inverse(sympy, A)) @ b,
    source=f"solve-vector: {GILES}, section 2.3.1",
)
def solution(A: Array, b: Array) -> Pulled:
    """x = A⁻¹ b.  (n, n), (n) -> (n)

    db = A⁻ᵀ dy, dA = -db xᵀ.
    """
    x = np.linalg.solve(A, b)

    def pullback(dy: Array) -> Any:
        db = np.linalg.solve(A.T, dy)
        return -np.outer(db, x), db

    return x, pullback


@rule(
    domain=dict(A=invertible("n"), B=real("n p")),
    jax=lambda jax, A, B: jax.numpy.linalg.solve(A, B),
    sympy=lambda sympy, A, B: np.array(symbolic_inverse(sympy, A)) @ B,
    source=f"solve-matrix: {GILES}, section 2.3.1",
)
def quotient_from_the_left(A: Array, B: Array) -> Pulled:
    """X = A⁻¹ B.  (n, n), (n, p) -> (n, p)

    dB = A⁻ᵀ dy, dA = -dB Xᵀ.
    """
    X = np.linalg.solve(A, B)

    def pullback(dy: Array) -> Any:
        dB = np.linalg.solve(A.T, dy)
        return -(dB @ X.T), dB

    return X, pullback


@rule(
    domain=dict(C=real("p n"), A=invertible("n")),
    jax=lambda jax, C, A: jax.numpy.linalg.solve(A.T, C.T).T,
    sympy=lambda sympy, C, A: C @ np.array(symbolic_inverse(sympy, A)),
    source=f"solve-matrix: {GILES}, section 2.3.1",
)
def quotient_from_the_right(C: Array, A: Array) -> Pulled:
    """Z = C A⁻¹.  (p, n), (n, n) -> (p, n)

    dC = dy A⁻ᵀ, dA = -Zᵀ dC.
    """
    Z = np.linalg.solve(A.T, C.T).T

    def pullback(dy: Array) -> Any:
        dC = np.linalg.solve(A, dy.T).T
        return dC, -(Z.T @ dC)

    return Z, pullback


@rule(
    domain=dict(L=triangular("n"), b=real("n")),
    jax=lambda jax, L, b: jax.scipy.linalg.solve_triangular(L, b, lower=True),
    sympy=lambda sympy, L, b: np.array(symbolic_inverse(sympy, np.tril(L))) @ b,
    source=f"solve-triangular: {GILES}, section 2.3.1",
)
def solution_of_triangular(L: Array, b: Array) -> Pulled:
    """x = L⁻¹ b, of which only the lower triangle is read.  (n, n), (n) -> (n)

    db = L⁻ᵀ dy, dL = -tril(db xᵀ).
    """
    x = solve_triangular(L, b, lower=True)

    def pullback(dy: Array) -> Any:
        db = solve_triangular(L, dy, lower=True, trans=1)
        return -np.tril(np.outer(db, x)), db

    return x, pullback


def sylvester_solution(A: Array, B: Array, C: Array) -> Any:
    """The X of A X + X B = C, by (I ⊗ A + Bᵀ ⊗ I) vec(X) = vec(C)."""
    m, n = C.shape
    left, right = np.eye(n, dtype=C.dtype), np.eye(m, dtype=C.dtype)
    vec = np.linalg.solve(np.kron(left, A) + np.kron(B.T, right), C.T.ravel())
    return vec.reshape(n, m).T


@rule(
    # Eigenvalues of positive real part in both; the letter between m and n makes one of A and B a number in proofs.
    domain=dict(A=positive_determinant("m"), _k=real("k"), B=positive_determinant("n"), C=real("m n")),
    jax=lambda jax, A, B, C: sylvester_by_jax(jax.numpy, A, B, C),
    sympy=lambda sympy, A, B, C: sylvester_by_sympy(sympy, A, B, C),
    source="sylvester: derived",
)
def sylvester(A: Array, B: Array, C: Array) -> Pulled:
    """The X of A X + X B = C; no eigenvalue of A is minus one of B.  (m, m), (n, n), (m, n) -> (m, n)

    dC = S, dA = -S Xᵀ, dB = -Xᵀ S, where Aᵀ S + S Bᵀ = dy.
    """
    X = sylvester_solution(A, B, C)

    def pullback(dy: Array) -> Any:
        S = sylvester_solution(A.T, B.T, dy)
        return -(S @ X.T), -(X.T @ S), S

    return X, pullback


def sylvester_by_jax(numpy: Any, A: Any, B: Any, C: Any) -> Any:
    """X row by row: A ⊗ I + I ⊗ Bᵀ."""
    both = numpy.kron(A, numpy.eye(len(B))) + numpy.kron(numpy.eye(len(A)), B.T)
    return numpy.linalg.solve(both, C.ravel()).reshape(C.shape)


def sylvester_by_sympy(sympy: Any, A: Any, B: Any, C: Any) -> Any:
    """X by sympy's own linear solver, entry by entry."""
    X = sympy.Matrix(*C.shape, sympy.symbols(f"x:{C.size}"))
    equations = sympy.Matrix(A) * X + X * sympy.Matrix(B) - sympy.Matrix(C)
    (found,) = sympy.linsolve(list(equations), *X)
    return np.array(found, dtype=object).reshape(C.shape)
