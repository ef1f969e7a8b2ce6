"""Mistaken derivatives of decompositions, matrix functions and gradients: each is refuted, beside the right rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import expm

from gradcheck.domains import made
from gradcheck.results import Array
from reference.declaring import misstated
from reference.factorizations import apart, symmetric, tall
from reference.identities.decompositions import oriented, real_eigenvalues, symmetric_eigenproblem
from reference.identities.decompositions_factors import (
    NEAR,
    cholesky_along_line,
    copied_below,
    factors_with_signs,
    orthonormal_factors,
    positive_factors,
    thin_singular_factors,
)
from reference.identities.matrix_functions import (
    exponential_along_line,
    logarithm_along_line,
    power_along_line,
    root,
    square_root_along_line,
)
from reference.identities.products_stacked import unvec, vec
from reference.identities.second_order import (
    gradient_of_least_squares,
    gradient_of_logistic_regression,
)
from reference.identities.second_order_matrices import gradient_of_log_det_by_vec

COMMUTING = "right only where X and dX commute, and inside a trace"


@misstated(exponential_along_line, "t", source="expm-as-if-commuting: common", refuted=COMMUTING)
def exponential_as_if_commuting(dy: Array, t: Array, *, X: Array, E: Array) -> Any:
    """d(e^X) = e^X dX; right is ∫ e^(aX) dX e^((1-a)X) da.  () -> (n, n)"""
    return (dy * (expm(X + t * E) @ E)).sum()


@misstated(
    power_along_line,
    "t",
    source="expm-as-if-commuting: common",
    refuted=COMMUTING,
)
def square_as_if_commuting(dy: Array, t: Array, *, X: Array, E: Array, k: int) -> Any:
    """d(X²) = 2 X dX, and d(X^k) = k X^(k-1) dX; right is X dX + dX X.  () -> (n, n)"""
    return (dy * (k * np.linalg.matrix_power(X + t * E, k - 1) @ E)).sum()


@misstated(square_root_along_line, "t", source="expm-as-if-commuting: common", refuted=COMMUTING)
def square_root_as_if_commuting(dy: Array, t: Array, *, X: Array, E: Array) -> Any:
    """d(X^½) = X^(-½) dX / 2; right is the dS of S dS + dS S = dX.  () -> (n, n)"""
    return (dy * (np.linalg.inv(root(X + t * E)) @ E / 2)).sum()


@misstated(logarithm_along_line, "t", source="expm-as-if-commuting: common", refuted=COMMUTING)
def logarithm_as_if_commuting(dy: Array, t: Array, *, X: Array, E: Array) -> Any:
    """d(log X) = X⁻¹ dX; right is ∫ (s (X - I) + I)⁻¹ dX (s (X - I) + I)⁻¹ ds.  () -> (n, n)"""
    return (dy * (np.linalg.inv(X + t * E) @ E)).sum()


@misstated(
    real_eigenvalues,
    "A",
    source="eig-right-vector-only: common; Petersen & Pedersen 2012, eq. 67 without its condition",
    refuted="v vᵀ is right for a symmetric A only: left eigenvectors are others",
)
def eigenvalues_by_right_vectors(dy: Array, A: Array) -> Any:
    """λ_i of A, not symmetric, with dA = Σ dy_i v_i v_iᵀ; right is w_i v_iᵀ / (w_iᵀ v_i).  (n, n) -> (n)"""
    values, v = np.linalg.eig(A)
    v = v[:, values.argsort()]
    return v * dy @ v.T


@misstated(
    symmetric_eigenproblem,
    "A",
    source="eigh-sign-of-f: common",
    refuted="F_ij = 1 / (λ_j - λ_i), not its negative",
)
def eigenvectors_with_f_turned_round(dy: tuple[Array, Array], A: Array, *, near: Array) -> Any:
    """λ and V with F_ij = 1 / (λ_i - λ_j) in V (F ∘ (Vᵀ dV)) Vᵀ.  (n, n) -> (n), (n, n)"""
    values, v = np.linalg.eigh(symmetric(A))
    v = oriented(v, near)
    return symmetric(v @ (np.diag(dy[0]) - apart(values) * (v.T @ dy[1])) @ v.T)


@misstated(
    thin_singular_factors,
    "A",
    source="svd-without-projector: common",
    refuted="right for a square A: of a thin U the part outside its columns is missing",
    domain=dict(A=made(tall), near=NEAR),
)
def singular_factors_without_projector(dy: tuple[Array, Array, Array], A: Array, *, near: Array) -> Any:
    """U, σ, V with dA = U [(J + Jᵀ) S + S (K + Kᵀ) + diag(dσ)] Vᵀ alone.  (m, n) -> (m, k), (k), (n, k)"""
    U, s, V = factors_with_signs(np, A, near)
    S, F = np.diag(s), apart(s) / (s + s[:, None])
    J, K = F * (U.T @ dy[0]), F * (V.T @ dy[2])
    return U @ ((J + J.T) @ S + S @ (K + K.T) + np.diag(dy[1])) @ V.T


@misstated(
    cholesky_along_line,
    "t",
    source="cholesky-diagonal-not-halved: common",
    refuted="Φ halves the diagonal",
)
def cholesky_with_whole_diagonal(dy: Array, t: Array, *, A: Array, E: Array) -> Any:
    """dL = L tril(L⁻¹ dA L⁻ᵀ); right is L Φ(L⁻¹ dA L⁻ᵀ).  () -> (n, n)"""
    D = E + E.T
    L = np.linalg.cholesky(A + t * D)
    inverse = np.linalg.inv(L)
    return (dy * (L @ np.tril(inverse @ D @ inverse.T))).sum()


@misstated(
    orthonormal_factors,
    "A",
    source="qr-copyltu-of-the-transpose: seen in public code",
    refuted="copyltu takes the lower triangle of R dRᵀ - dQᵀ Q, not of its transpose",
)
def orthonormal_factors_transposed(dy: tuple[Array, Array], A: Array) -> Any:
    """Q R = A with copyltu(dR Rᵀ - Qᵀ dQ).  (m, n) -> (m, n), (n, n)"""
    Q, R = positive_factors(np, A)
    return (dy[0] + Q @ copied_below(dy[1] @ R.T - Q.T @ dy[0])) @ np.linalg.inv(R).T


@misstated(
    gradient_of_log_det_by_vec,
    "X",
    source="hess-logdet-without-commutation: common",
    refuted="right for symmetric directions at a symmetric X; in general it is not even symmetric",
)
def hessian_of_log_det_without_commutation(dy: Array, X: Array) -> Any:
    """The Hessian of log |det X| as -(X⁻ᵀ ⊗ X⁻¹); right is -K_nn (X⁻ᵀ ⊗ X⁻¹).  (n, n) -> (n, n)"""
    inverse = np.linalg.inv(X)
    return unvec(-np.kron(inverse.T, inverse) @ vec(dy), X)


@misstated(
    gradient_of_logistic_regression,
    "w",
    source="logistic-hessian-without-weights: common",
    refuted="the rows are weighted by σ ∘ (1 - σ)",
)
def hessian_of_logistic_regression_without_weights(dy: Array, w: Array, *, X: Array, y: Array) -> Any:
    """The Hessian of logistic regression as Xᵀ X; right is Xᵀ diag(σ ∘ (1 - σ)) X.  (d) -> (d)"""
    return X.T @ X @ dy


@misstated(
    gradient_of_least_squares,
    "x",
    source="logistic-hessian-without-weights: common; Gauss-Newton",
    refuted="Jᵀ J leaves out Σ r_i ∇²r_i",
)
def hessian_of_least_squares_by_gauss_newton(dy: Array, x: Array, *, A: Array, b: Array) -> Any:
    """The Hessian of ‖r(x)‖² / 2 as Jᵀ J; right is Jᵀ J + Σ r_i ∇²r_i.  (n) -> (n)"""
    J = np.cos(A @ x)[:, None] * A
    return J.T @ J @ dy
