"""Derivatives of traces of a quotient of quadratic forms, and of a quartic one."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import invertible, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.matrices import symbolic_inverse, symmetric, tall

COOKBOOK = "Petersen & Pedersen 2012"
# A text's form, as it is stated: its two terms cancel where X has little to gain.
TWO_TERMS = 64.0


@rule(
    domain=dict(B=real("n p"), X=real("m n"), C=real("m m")),
    jax=lambda jax, X, C, B: jax.numpy.trace(B.T @ X.T @ C @ X @ X.T @ C @ X @ B),
    sympy=lambda sympy, X, C, B: (B.T @ X.T @ C @ X @ X.T @ C @ X @ B).trace(),
    sympy_matrix=lambda sympy, X, C, B: sympy.Trace(B.T * X.T * C * X * X.T * C * X * B),
    source=f"tr-quartic: {COOKBOOK}, eq. 123",
)
def trace_of_quartic(X: Array, C: Array, B: Array) -> Pulled:
    """tr(Bᵀ Xᵀ C X Xᵀ C X B).  (m, n), (m, m), (n, p) -> ()

    dX = C X Xᵀ C X B Bᵀ + Cᵀ X B Bᵀ Xᵀ Cᵀ X + C X B Bᵀ Xᵀ C X + Cᵀ X Xᵀ Cᵀ X B Bᵀ,
    dC = X B Bᵀ Xᵀ Cᵀ X Xᵀ + X Xᵀ Cᵀ X B Bᵀ Xᵀ, dB = (K² + Kᵀ²) B with K = Xᵀ C X.  The pullback keeps X Xᵀ, X B Bᵀ Xᵀ
    and K.
    """
    S, P, K = X @ X.T, X @ B @ B.T @ X.T, X.T @ C @ X

    def pullback(dy: Array) -> Any:
        dX = C @ S @ C @ X @ B @ B.T + C.T @ P @ C.T @ X + C @ P @ C @ X + C.T @ S @ C.T @ X @ B @ B.T
        return dy * dX, dy * (P @ C.T @ S + S @ C.T @ P), dy * ((K @ K + K.T @ K.T) @ B)

    return np.trace(B.T @ K @ K @ B), pullback


@rule(
    domain=dict(X=tall("m", "n"), A=real("n n"), C=symmetric("m", shift=8.0)),
    jax=lambda jax, X, A, *, C: jax.numpy.trace(jax.numpy.linalg.inv(X.T @ C @ X) @ A),
    sympy=lambda sympy, X, A, *, C: (symbolic_inverse(sympy, X.T @ C @ X) * sympy.Matrix(A)).trace(),
    source=f"tr-inv-quadratic: {COOKBOOK}, eq. 125",
)
def trace_of_inverse_form(X: Array, A: Array, *, C: Array) -> Pulled:
    """tr((Xᵀ C X)⁻¹ A) for a symmetric C, A any.  (m, n), (n, n) -> ()

    dX = -C X M (A + Aᵀ) M, dA = M, M = (Xᵀ C X)⁻¹.  The pullback keeps M.
    """
    M = np.linalg.inv(X.T @ C @ X)

    def pullback(dy: Array) -> Any:
        return -dy * (C @ X @ M @ (A + A.T) @ M), dy * M

    return np.trace(M @ A), pullback


@rule(
    # With a square X it is tr(C⁻¹ B), whatever X is.
    domain=dict(X=tall("m", "n", square=False), B=symmetric("m"), C=symmetric("m", shift=8.0)),
    jax=lambda jax, X, *, B, C: jax.numpy.trace(jax.numpy.linalg.solve(X.T @ C @ X, X.T @ B @ X)),
    sympy=lambda sympy, X, *, B, C: (symbolic_inverse(sympy, X.T @ C @ X) * sympy.Matrix(X.T @ B @ X)).trace(),
    source=f"tr-ratio-quadratics: {COOKBOOK}, eq. 126",
    accuracy=TWO_TERMS,
    normwise=True,
)
def trace_of_quotient(X: Array, *, B: Array, C: Array) -> Pulled:
    """tr((Xᵀ C X)⁻¹ Xᵀ B X) for symmetric B and C.  (m, n) -> ()

    dX = -2 C X M Xᵀ B X M + 2 B X M, M = (Xᵀ C X)⁻¹; to within 64 normwise ULPs, since its terms cancel.
    The pullback keeps Xᵀ C X and M Xᵀ B X.
    """
    G = X.T @ C @ X
    Q = np.linalg.solve(G, X.T @ B @ X)

    def pullback(dy: Array) -> Any:
        return dy * 2 * np.linalg.solve(G, (B @ X - C @ X @ Q).T).T

    return np.trace(Q), pullback


@rule(
    domain=dict(X=tall("m", "n"), A=symmetric("n", shift=1.0), B=symmetric("m"), C=symmetric("m", shift=8.0)),
    jax=lambda jax, X, *, A, B, C: jax.numpy.trace(jax.numpy.linalg.solve(A + X.T @ C @ X, X.T @ B @ X)),
    sympy=lambda sympy, X, *, A, B, C: (symbolic_inverse(sympy, A + X.T @ C @ X) * sympy.Matrix(X.T @ B @ X)).trace(),
    source=f"tr-regularised-ratio: {COOKBOOK}, eq. 127, where A is symmetric too",
    accuracy=TWO_TERMS,
    normwise=True,
)
def trace_of_regularised_quotient(X: Array, *, A: Array, B: Array, C: Array) -> Pulled:
    """tr((A + Xᵀ C X)⁻¹ Xᵀ B X) for symmetric A, B and C.  (m, n) -> ()

    dX = -2 C X M S M + 2 B X M, M = (A + Xᵀ C X)⁻¹, S = Xᵀ B X,
    to within 64 normwise ULPs, since its terms cancel.  The pullback keeps M and S.
    """
    M, S = np.linalg.inv(A + X.T @ C @ X), X.T @ B @ X

    def pullback(dy: Array) -> Any:
        return dy * 2 * ((B @ X - C @ X @ M @ S) @ M)

    return np.trace(M @ S), pullback


@rule(
    domain=dict(X=tall("m", "n"), A=invertible("n"), B=symmetric("m"), C=symmetric("m", shift=8.0)),
    jax=lambda jax, X, A, *, B, C: jax.numpy.trace(jax.numpy.linalg.solve(A + X.T @ C @ X, X.T @ B @ X)),
    sympy=lambda sympy, X, A, *, B, C: (symbolic_inverse(sympy, A + X.T @ C @ X) * sympy.Matrix(X.T @ B @ X)).trace(),
    source=f"tr-regularised-ratio: {COOKBOOK}, eq. 127, corrected for any A",
    accuracy=TWO_TERMS,
    normwise=True,
)
def trace_of_shifted_quotient(X: Array, A: Array, *, B: Array, C: Array) -> Pulled:
    """tr((A + Xᵀ C X)⁻¹ Xᵀ B X) for symmetric B and C, A any.  (m, n), (n, n) -> ()

    dX = -C X (M S M + Mᵀ S Mᵀ) + B X (M + Mᵀ), dA = -Mᵀ S Mᵀ, M = (A + Xᵀ C X)⁻¹, S = Xᵀ B X,
    to within 64 normwise ULPs, since its terms cancel.  The pullback keeps M and S.
    """
    M, S = np.linalg.inv(A + X.T @ C @ X), X.T @ B @ X

    def pullback(dy: Array) -> Any:
        dX = B @ X @ (M + M.T) - C @ X @ (M @ S @ M + M.T @ S @ M.T)
        return dy * dX, -dy * (M.T @ S @ M.T)

    return np.trace(M @ S), pullback
