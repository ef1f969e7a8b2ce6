"""Derivatives of the factors of matrices: singular values and vectors, Cholesky, QR, LU."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, made, real, spd
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.factorizations import OF_SVD, apart, symmetric, tall, wide
from reference.identities.decompositions import symbolic_pairs

GILES = "Giles 2008, section 3.2"
SHAPES = {"tall": dict(A=made(tall)), "wide": dict(A=made(wide))}


def symbolic_squares(sympy: Any, A: Any) -> Any:
    """The eigenvalues of the smaller of Aᵀ A and A Aᵀ, ascending: the squares of the singular values."""
    G = A.T @ A if len(A) >= A.shape[1] else A @ A.T
    return symbolic_pairs(sympy, G, np.ones(G.shape))[0]


@rule(
    domains=SHAPES,
    jax=lambda jax, A: jax.numpy.linalg.svd(A, compute_uv=False),
    sympy=lambda sympy, A: np.array([sympy.sqrt(x) for x in symbolic_squares(sympy, A)[::-1]]),
    source=f"svd-value: {GILES}",
    accuracy=OF_SVD,
    normwise=True,
)
def singular_values(A: Array) -> Pulled:
    """σ_i of A, descending, distinct and positive.  (m, n) -> (k)

    dσ_i/dA = u_i v_iᵀ.  Its error is that of LAPACK, relative to the largest entry.  The pullback keeps U and V.
    """
    u, s, vt = np.linalg.svd(A, full_matrices=False)
    return s, lambda dy: (u * dy) @ vt


@rule(
    domains=SHAPES,
    jax=lambda jax, A: jax.numpy.linalg.norm(A, "nuc"),
    sympy=lambda sympy, A: sum(map(sympy.sqrt, symbolic_squares(sympy, A))),
    source="svd-value: derived",
    accuracy=OF_SVD,
    normwise=True,
)
def nuclear_norm(A: Array) -> Pulled:
    """Σ σ_i, A of full rank.  (m, n) -> ()

    dA = U Vᵀ.  Error as for `singular_values`.  The pullback keeps U and V.
    """
    u, s, vt = np.linalg.svd(A, full_matrices=False)
    return s.sum(), lambda dy: dy * (u @ vt)


@rule(
    domains=SHAPES,
    jax=lambda jax, A: jax.numpy.linalg.norm(A, 2),
    sympy=lambda sympy, A: sympy.sqrt(symbolic_squares(sympy, A)[-1]),
    source="svd-value: derived",
    accuracy=OF_SVD,
    normwise=True,
)
def spectral_norm(A: Array) -> Pulled:
    """σ_1, the largest, simple; ValueError where there is none.  (m, n) -> ()

    dA = u_1 v_1ᵀ.  Error as for `singular_values`.  The pullback keeps U and V.
    """
    if not A.size:
        raise ValueError(f"A has shape {A.shape}: there is no singular value")
    u, s, vt = np.linalg.svd(A, full_matrices=False)
    return s[0], lambda dy: dy * np.outer(u[:, 0], vt[0])


def smaller_vectors(A: Array) -> Array:
    """The singular vectors on the side with fewer rows, every other one turned round."""
    u, _, vt = np.linalg.svd(A, full_matrices=False)
    v = vt.T if len(A) >= A.shape[1] else u
    return np.asarray(v * (-1.0) ** np.arange(len(v)))


def factors_with_signs(numpy: Any, A: Any, near: Any) -> Any:
    """u, s, v, their signs those of `near`, which stands for the side with fewer rows."""
    u, s, vt = numpy.linalg.svd(A, full_matrices=False)
    sign = numpy.sign(((vt.T if len(A) >= A.shape[1] else u) * near).sum(0))
    return u * sign, s, vt.T * sign


NEAR = made(smaller_vectors)


@rule(
    domains={"tall": dict(A=made(tall), near=NEAR), "wide": dict(A=made(wide), near=NEAR)},
    jax=lambda jax, A, *, near: factors_with_signs(jax.numpy, A, near),
    sympy=lambda sympy, A, *, near: symbolic_factors(sympy, A, near),
    source=f"svd-vjp: {GILES}; Townsend 2016",
    accuracy=OF_SVD,
    normwise=True,
)
def thin_singular_factors(A: Array, *, near: Array) -> Pulled:
    """U, σ, V of U diag(σ) Vᵀ = A, σ descending, distinct and positive.  (m, n) -> (m, k), (k), (n, k)

    dA = U [(J + Jᵀ) S + S (K + Kᵀ) + diag(dσ)] Vᵀ + (I - U Uᵀ) dU S⁻¹ Vᵀ + U S⁻¹ dVᵀ (I - V Vᵀ), S = diag(σ),
    J = F ∘ (Uᵀ dU), K = F ∘ (Vᵀ dV), F_ij = 1 / (σ_j² - σ_i²), F_ii = 0.  Error as for `singular_values`.
    """
    U, s, V = factors_with_signs(np, A, near)

    def pullback(dy: tuple[Array, Array, Array]) -> Any:
        dU, ds, dV = dy
        S, inverse = np.diag(s), np.diag(1 / s)
        # σ_j² - σ_i² as a product, which does not cancel.
        F = apart(s) / (s + s[:, None])
        J, K = F * (U.T @ dU), F * (V.T @ dV)
        inner = U @ ((J + J.T) @ S + S @ (K + K.T) + np.diag(ds)) @ V.T
        return inner + (dU - U @ (U.T @ dU)) @ inverse @ V.T + U @ inverse @ (dV.T - dV.T @ V @ V.T)

    return (U, s, V), pullback


def symbolic_factors(sympy: Any, A: Any, near: Array) -> Any:
    """u, s, v of symbols: eigenvectors of Aᵀ A (or A Aᵀ), and A v / s."""
    upright = len(A) >= A.shape[1]
    M = A if upright else A.T
    squares, v = symbolic_pairs(sympy, M.T @ M, near[:, ::-1])
    s = np.array([sympy.sqrt(x) for x in squares[::-1]])
    v = v[:, ::-1]
    u = M @ v / s
    return (u, s, v) if upright else (v, s, u)


def halved(X: Array) -> Any:
    """Φ: the lower triangle with the diagonal halved."""
    return np.tril(X) - X * np.eye(len(X), dtype=X.dtype) / 2


def symbolic_cholesky(sympy: Any, S: Any) -> Any:
    """The Cholesky factor by sympy."""
    return np.array(sympy.Matrix(S).cholesky())


@rule(
    domain=dict(A=spd("n")),
    jax=lambda jax, A: jax.numpy.linalg.cholesky(A),
    sympy=lambda sympy, A: symbolic_cholesky(sympy, symmetric(A)),
    source="cholesky: Murray 2016, arXiv:1602.07527; Giles 2008",
)
def cholesky_factor(A: Array) -> Pulled:
    """L of L Lᵀ = (A + Aᵀ) / 2, lower triangular, its diagonal positive.  (n, n) -> (n, n)

    dA = (S + Sᵀ) / 2, S = L⁻ᵀ Φ(Lᵀ dL) L⁻¹; Φ takes the lower triangle and halves its diagonal.
    """
    L = np.linalg.cholesky(symmetric(A))

    def pullback(dL: Array) -> Any:
        inverse = np.linalg.inv(L)
        return symmetric(inverse.T @ halved(L.T @ dL) @ inverse)

    return L, pullback


@rule(
    domain=dict(t=real("", -0.1, 0.1), A=spd("n"), E=real("n n", -0.5, 0.5)),
    jax=lambda jax, t, *, A, E: jax.numpy.linalg.cholesky(A + t * (E + E.T)),
    sympy=lambda sympy, t, *, A, E: symbolic_cholesky(sympy, A + t * (E + E.T)),
    source="cholesky: Murray 2016, arXiv:1602.07527",
)
def cholesky_along_line(t: Array, *, A: Array, E: Array) -> Pulled:
    """L of L Lᵀ = A + t D, D = E + Eᵀ.  () -> (n, n)

    dL/dt = L Φ(L⁻¹ D L⁻ᵀ).
    """
    D = E + E.T
    L = np.linalg.cholesky(A + t * D)

    def pullback(dy: Array) -> Any:
        inverse = np.linalg.inv(L)
        return (dy * (L @ halved(inverse @ D @ inverse.T))).sum()

    return L, pullback


def copied_below(X: Array) -> Any:
    """copyltu: the symmetric matrix that has the lower triangle of X."""
    return np.tril(X) + np.tril(X, -1).T


def positive_factors(numpy: Any, A: Any) -> Any:
    """Q and R of Q R = A, the diagonal of R positive."""
    Q, R = numpy.linalg.qr(A)
    sign = numpy.sign(numpy.diagonal(R))
    return Q * sign, R * sign[:, None]


def symbolic_qr(sympy: Any, A: Any) -> Any:
    """Q and R of symbols: the columns made orthonormal one after the other."""
    columns: list[Any] = []
    for a in A.T[: len(A)]:
        rest = a - sum(((q @ a) * q for q in columns), 0 * a)
        columns.append(rest / sympy.sqrt((rest * rest).sum()))
    Q = np.array(columns).T
    R = [[Q[:, i] @ A[:, j] if i <= j else 0 for j in range(A.shape[1])] for i in range(Q.shape[1])]
    return Q, np.array(R)


@rule(
    domain=dict(A=made(tall)),
    jax=lambda jax, A: positive_factors(jax.numpy, A),
    sympy=symbolic_qr,
    source="qr-vjp: Seeger et al. 2017, arXiv:1710.08717; Liao et al. 2019",
    normwise=True,
)
def orthonormal_factors(A: Array) -> Pulled:
    """Q R = A of full column rank, the diagonal of R positive.  (m, n) -> (m, n), (n, n)

    dA = (dQ + Q copyltu(R dRᵀ - dQᵀ Q)) R⁻ᵀ; copyltu mirrors the lower triangle.  Error as for `singular_values`.
    """
    Q, R = positive_factors(np, A)

    def pullback(dy: tuple[Array, Array]) -> Any:
        dQ, dR = dy
        return (dQ + Q @ copied_below(R @ dR.T - dQ.T @ Q)) @ np.linalg.inv(R).T

    return (Q, R), pullback


@rule(
    domain=dict(A=made(wide)),
    jax=lambda jax, A: positive_factors(jax.numpy, A),
    sympy=symbolic_qr,
    source="qr-vjp: Liao et al. 2019",
    normwise=True,
)
def orthonormal_factors_of_wide(A: Array) -> Pulled:
    """Q R = A, m < n, the first m columns A_1 = Q R_1 invertible.  (m, n) -> (m, m), (m, n)

    dA = [Q tril(Z - Zᵀ) R_1⁻ᵀ, 0] + Q dR, Z = Qᵀ dQ - dR Rᵀ, dR its upper part.  Error as for `singular_values`.
    """
    Q, R = positive_factors(np, A)
    m, n = R.shape

    def pullback(dy: tuple[Array, Array]) -> Any:
        dQ, dR = dy[0], np.triu(dy[1])
        Z = Q.T @ dQ - dR @ R.T
        first = Q @ np.tril(Z - Z.T) @ np.linalg.inv(R[:, :m]).T
        return np.concatenate([first, np.zeros((m, n - m), A.dtype)], 1) + Q @ dR

    return (Q, R), pullback


def dominant(rng: Generator, draw: Draw) -> Array:
    """A matrix whose diagonal is larger than the rest of its columns: no row is exchanged (n n)."""
    n = draw.size("n")
    return np.asarray(np.round(rng.uniform(-1, 1, (n, n)), 3) + (n + 1) * np.diag((-1.0) ** np.arange(n)))


@rule(
    domain=dict(A=made(dominant)),
    jax=lambda jax, A: tuple(jax.scipy.linalg.lu(A)[1:]),
    sympy=lambda sympy, A: tuple(map(np.array, sympy.Matrix(A).LUdecomposition()[:2])),
    source="lu-vjp: derived",
)
def triangular_factors(A: Array) -> Pulled:
    """L U = A without exchanges, the diagonal of L of ones; no leading minor is 0.  (n, n) -> (n, n), (n, n)

    dA = L⁻ᵀ [tril(Lᵀ dL, -1) + triu(dU Uᵀ)] U⁻ᵀ.
    """
    U, L = A, np.eye(len(A), dtype=A.dtype)
    for k in range(len(A) - 1):
        # Row by row below k: subtract what the row above takes away.
        column = np.where(np.arange(len(A)) > k, U[:, k] / U[k, k], 0)
        L = L + np.outer(column, np.eye(len(A), dtype=A.dtype)[k])
        U = U - np.outer(column, U[k])
    U = np.triu(U)

    def pullback(dy: tuple[Array, Array]) -> Any:
        dL, dU = dy
        inner = np.tril(L.T @ dL, -1) + np.triu(dU @ U.T)
        return np.linalg.inv(L).T @ inner @ np.linalg.inv(U).T

    return (L, U), pullback
