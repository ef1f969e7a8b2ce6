"""Derivatives of pseudo-inverses and of least-squares solutions.

They are right to 128 weighted ULPs: pinv and lstsq are accurate to a few ULPs of the largest entry.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.factorizations import NORMWISE
from reference.identities.matrices import symbolic_inverse, tall, wide

GOLUB = "Golub & Pereyra 1973"


def adjoint(A: Array, P: Array, G: Array) -> Any:
    """The cotangent of A for that of P = A⁺."""
    Q, R = np.eye(A.shape[1], dtype=A.dtype) - P @ A, np.eye(A.shape[0], dtype=A.dtype) - A @ P
    return -P.T @ G @ P.T + P.T @ P @ G.T @ Q + R @ G.T @ P @ P.T


def differential(A: Array, P: Array, dA: Array) -> Any:
    """dP of P = A⁺, along a dA that keeps the rank."""
    Q, R = np.eye(A.shape[1], dtype=A.dtype) - P @ A, np.eye(A.shape[0], dtype=A.dtype) - A @ P
    return -P @ dA @ P + Q @ dA.T @ P.T @ P + P @ P.T @ dA.T @ R


def product_inverse(B: Array, C: Array) -> Any:
    """(B C)⁺ = C⁺ B⁺ for B of full column and C of full row rank."""
    return np.linalg.pinv(C) @ np.linalg.pinv(B)


def symbolic_pinv(sympy: Any, A: Array) -> Any:
    """A⁺ of full rank, by the normal equations."""
    M = sympy.Matrix(A)
    tall_ = M.rows >= M.cols
    return np.array(symbolic_inverse(sympy, M.T * M) * M.T if tall_ else M.T * symbolic_inverse(sympy, M * M.T))


@rule(
    domains={"tall": dict(A=tall("m", "n")), "wide": dict(A=wide("m", "n"))},
    jax=lambda jax, A: jax.numpy.linalg.pinv(A),
    sympy=lambda sympy, A: symbolic_pinv(sympy, A),
    source=f"pinv: {GOLUB}",
    accuracy=NORMWISE,
)
def pseudoinverse(A: Array) -> Pulled:
    """P = A⁺, A of full rank, tall or wide.  (m, n) -> (n, m)

    dA = -Pᵀ G Pᵀ + Pᵀ P Gᵀ (I - P A) + (I - A P) Gᵀ P Pᵀ, G = dy.
    """
    P = np.linalg.pinv(A)
    return P, lambda dy: adjoint(A, P, dy)


@rule(
    domain=dict(B=tall("m", "r", square=False), C=wide("r", "n")),
    jax=lambda jax, B, C: jax.numpy.linalg.pinv(B @ C, rtol=1e-10),
    sympy=lambda sympy, B, C: symbolic_pinv(sympy, C) @ symbolic_pinv(sympy, B),
    source=f"pinv: {GOLUB}",
    accuracy=NORMWISE,
)
def pseudoinverse_of_constant_rank(B: Array, C: Array) -> Pulled:
    """P = A⁺, A = B C of rank r, which is less than full and stays what it is.  (m, r), (r, n) -> (n, m)

    With dA as for full rank: dB = dA Cᵀ, dC = Bᵀ dA.  The pullback keeps A.
    """
    A, P = B @ C, product_inverse(B, C)

    def pullback(dy: Array) -> Any:
        dA = adjoint(A, P, dy)
        return dA @ C.T, B.T @ dA

    return P, pullback


@rule(
    domain=dict(t=real("", -0.3, 0.3), B=tall("m", "r", square=False), C=wide("r", "n")),
    jax=lambda jax, t, *, B, C: jax.numpy.linalg.pinv(
        moved(jax.numpy.sin, t, B) @ moved(jax.numpy.sin, t, C.T).T, rtol=1e-10
    ),
    sympy=lambda sympy, t, *, B, C: (
        symbolic_pinv(sympy, moved(sympy.sin, t, C.T).T) @ symbolic_pinv(sympy, moved(sympy.sin, t, B))
    ),
    source=f"pinv: {GOLUB}",
    accuracy=NORMWISE,
)
def pseudoinverse_along_curve(t: Array, *, B: Array, C: Array) -> Pulled:
    """P = A⁺ along A(t) = B(t) C(t) of constant rank r; B, and C from the left, + sin(t) times itself upside down.  () -> (n, m)

    dP/dt = -P A' P + (I - P A) A'ᵀ Pᵀ P + P Pᵀ A'ᵀ (I - A P).  The pullback keeps A and A'.
    """
    left, right = moved(np.sin, t, B), moved(np.sin, t, C.T).T
    A, slope = left @ right, np.cos(t) * (B[::-1] @ right + left @ C[:, ::-1])
    P = product_inverse(left, right)
    return P, lambda dy: (dy * differential(A, P, slope)).sum()


def moved(sin: Any, t: Any, B: Any) -> Any:
    """B + sin(t) times B upside down."""
    return B + sin(t) * B[::-1]


@rule(
    domain=dict(A=tall("m", "n"), b=real("m")),
    jax=lambda jax, A, b: jax.numpy.linalg.lstsq(A, b)[0],
    sympy=lambda sympy, A, b: symbolic_pinv(sympy, A) @ b,
    source="lstsq-solution: derived",
    accuracy=NORMWISE,
)
def least_squares_solution(A: Array, b: Array) -> Pulled:
    """x = argmin ‖A x - b‖ = A⁺ b, A of full column rank.  (m, n), (m) -> (n)

    With r = b - A x and z = (Aᵀ A)⁻¹ dy: db = A z, dA = r zᵀ - A z xᵀ.
    """
    x = np.linalg.lstsq(A, b, rcond=None)[0]
    r = b - A @ x

    def pullback(dy: Array) -> Any:
        z = np.linalg.solve(A.T @ A, dy)
        return np.outer(r, z) - np.outer(A @ z, x), A @ z

    return x, pullback
