"""Derivatives of logarithms of determinants, and of the Gaussian density."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, invertible, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.matrices import positive_determinant, symbolic_inverse, tall, triangular, wide

COOKBOOK = "Petersen & Pedersen 2012"
LOG_2PI = float(np.log(2 * np.pi))


@rule(
    domain=dict(X=positive_determinant("n")),
    jax=lambda jax, X: jax.numpy.linalg.slogdet(X)[1],
    sympy_matrix=lambda sympy, X: sympy.log(sympy.Determinant(X)),
    source=f"logabsdet: {COOKBOOK}, eq. 57",
    known_wrong={"sympy": "sympy 1.14 says that the derivative of log(det X) by X is 0"},
)
def log_det(X: Array) -> Pulled:
    """log det X, det X > 0.  (n, n) -> ()

    dX = X⁻ᵀ; X⁻¹ is right for symmetric X only.
    """

    def pullback(dy: Array) -> Array:
        return dy * np.linalg.inv(X).T

    return np.linalg.slogdet(X)[1], pullback


@rule(
    domain=dict(a=real("", kinks=(0.0,)), X=invertible("n")),
    jax=lambda jax, a, X: jax.numpy.linalg.slogdet(a * X)[1],
    sympy=lambda sympy, a, X: len(X) * sympy.log(a**2) / 2 + sympy.log(sympy.Matrix(X).det() ** 2) / 2,
    source=f"logabsdet: {COOKBOOK}, eq. 57",
)
def log_abs_det_of_multiple(a: Array, X: Array) -> Pulled:
    """log |det(a X)|, a ≠ 0, determinants of either sign.  (), (n, n) -> ()

    dX = X⁻ᵀ for every a, da = n / a.  Raises ValueError for a = 0, for n = 0 too.
    """
    if a == 0:
        raise ValueError("a is 0: a X has no inverse; pass another number")
    return np.linalg.slogdet(a * X)[1], lambda dy: (dy * len(X) / a, dy * np.linalg.inv(X).T)


@rule(
    domain=dict(X=tall("m", "n")),
    jax=lambda jax, X: jax.numpy.linalg.slogdet(X.T @ X)[1],
    sympy=lambda sympy, X: sympy.log(sympy.Matrix(X.T @ X).det()),
    source=f"logdet-gram: {COOKBOOK}, eq. 55",
)
def log_det_of_gram(X: Array) -> Pulled:
    """log det(Xᵀ X).  (m, n) -> ()

    dX = 2 (X⁺)ᵀ = 2 X (Xᵀ X)⁻¹.  The pullback keeps Xᵀ X.
    """
    G = X.T @ X

    def pullback(dy: Array) -> Array:
        return 2 * dy * np.linalg.solve(G, X.T).T

    return np.linalg.slogdet(G)[1], pullback


@rule(
    domain=dict(Y=wide("n", "m")),
    jax=lambda jax, Y: jax.numpy.linalg.slogdet(jax.numpy.linalg.pinv(Y).T @ jax.numpy.linalg.pinv(Y))[1],
    sympy=lambda sympy, Y: -sympy.log(sympy.Matrix(Y @ Y.T).det()),
    source=f"logdet-gram-by-pinv: {COOKBOOK}, eq. 56",
)
def log_det_of_gram_by_pseudoinverse(Y: Array) -> Pulled:
    """log det(Xᵀ X) of X = Y⁺, Y of full row rank.  (n, m) -> ()

    dY = -2 Xᵀ.
    """
    X = np.linalg.pinv(Y)
    return np.linalg.slogdet(X.T @ X)[1], lambda dy: -dy * 2 * X.T


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: jax.numpy.linalg.slogdet(jax.numpy.eye(len(X)) + X @ X.T)[1],
    sympy=lambda sympy, X: sympy.log((sympy.eye(X.shape[1]) + sympy.Matrix(X.T @ X)).det()),
    source="logdet-i-plus-xxt: derived",
)
def log_det_of_shifted_gram(X: Array) -> Pulled:
    """log det(I + X Xᵀ) = log det(I + Xᵀ X).  (m, n) -> ()

    dX = 2 (I + X Xᵀ)⁻¹ X.  The pullback keeps I + X Xᵀ.
    """
    S = np.eye(X.shape[0]).astype(X.dtype) + X @ X.T

    def pullback(dy: Array) -> Array:
        return 2 * dy * np.linalg.solve(S, X)

    return log_det_shifted(X @ X.T), pullback


def log_det_shifted(G: Array) -> Any:
    """log det(I + G), G positive semi-definite: by elimination that leaves the 1 out, next to which a small G is lost."""
    y = np.zeros((), dtype=G.dtype)
    for _ in range(len(G)):
        y = y + np.log1p(G[0, 0])
        G = G[1:, 1:] - np.outer(G[1:, 0], G[0, 1:]) / (1 + G[0, 0])
    return y


@rule(
    domain=dict(L=triangular("n")),
    jax=lambda jax, L: jax.numpy.linalg.slogdet(jax.numpy.tril(L) @ jax.numpy.tril(L).T)[1],
    sympy=lambda sympy, L: 2 * sum(map(sympy.log, np.diagonal(L))),
    source="logdet-cholesky-factor: derived",
)
def log_det_by_factor(L: Array) -> Pulled:
    """log det(L Lᵀ) = 2 Σ log L_ii; only the lower triangle is read, and varied.  (n, n) -> ()

    dL = 2 diag(1/L_11, ..., 1/L_nn).
    """
    T = np.tril(L)
    return np.linalg.slogdet(T @ T.T)[1], lambda dy: dy * 2 * np.diag(1 / np.diagonal(L))


def tilted(rng: Generator, draw: Draw) -> Array:
    """Positive definite, and not symmetric (n n)."""
    n = draw.size("n")
    b, c = np.round(rng.uniform(-1, 1, (2, n, n)), 2)
    return np.asarray(b @ b.T + n * np.eye(n) + c - c.T)


@rule(
    # Not symmetric: Σ and Σᵀ are to be told apart.
    domain=dict(x=real("n"), mu=real("n"), sigma=made(tilted)),
    jax=lambda jax, x, mu, sigma: (
        -(jax.numpy.linalg.slogdet(2 * jax.numpy.pi * sigma)[1] + (x - mu) @ jax.numpy.linalg.solve(sigma, x - mu)) / 2
    ),
    sympy=lambda sympy, x, mu, sigma: (
        -sympy.log((2 * sympy.pi) ** len(x) * sympy.Matrix(sigma).det()) / 2
        - (x - mu) @ np.array(symbolic_inverse(sympy, sigma)) @ (x - mu) / 2
    ),
    source=f"gaussian-logpdf: {COOKBOOK}, section 8.4",
)
def gaussian_log_density(x: Array, mu: Array, sigma: Array) -> Pulled:
    """-log det(2π Σ)/2 - dᵀ Σ⁻¹ d/2, d = x - μ.  (n), (n), (n, n) -> ()

    dμ = -dx = (P + Pᵀ) d/2, dΣ = (Pᵀ d (P d)ᵀ - Pᵀ)/2, P = Σ⁻¹; for symmetric Σ that is Σ⁻¹ d and
    (Σ⁻¹ d dᵀ Σ⁻¹ - Σ⁻¹)/2, the entries of Σ being independent of each other.
    """
    d = x - mu
    P = np.linalg.inv(sigma)
    u, v = P.T @ d, P @ d
    y = -(np.linalg.slogdet(sigma)[1] + x.size * LOG_2PI + d @ v) / 2

    def pullback(dy: Array) -> Any:
        dmu = dy * (u + v) / 2
        return -dmu, dmu, dy * (np.outer(u, v) - P.T) / 2

    return y, pullback


@rule(
    domain=dict(x=real("n"), mu=real("n"), precision=made(tilted)),
    jax=lambda jax, x, mu, precision: (
        (jax.numpy.linalg.slogdet(precision / (2 * jax.numpy.pi))[1] - (x - mu) @ precision @ (x - mu)) / 2
    ),
    sympy=lambda sympy, x, mu, precision: (
        sympy.log(sympy.Matrix(precision).det() / (2 * sympy.pi) ** len(x)) / 2 - (x - mu) @ precision @ (x - mu) / 2
    ),
    source="gaussian-logpdf: Minka 2000, section 1",
)
def gaussian_log_density_by_precision(x: Array, mu: Array, precision: Array) -> Pulled:
    """log det(Λ / 2π)/2 - dᵀ Λ d/2, d = x - μ, Λ = Σ⁻¹ the precision.  (n), (n), (n, n) -> ()

    dμ = -dx = (Λ + Λᵀ) d/2, dΛ = (Λ⁻ᵀ - d dᵀ)/2: for a symmetric Λ that is Λ d and (Λ⁻¹ - d dᵀ)/2.
    """
    d = x - mu
    y = (np.linalg.slogdet(precision)[1] - x.size * LOG_2PI - d @ precision @ d) / 2

    def pullback(dy: Array) -> Any:
        dmu = dy * ((precision + precision.T) @ d) / 2
        return -dmu, dmu, dy * (np.linalg.inv(precision).T - np.outer(d, d)) / 2

    return y, pullback
