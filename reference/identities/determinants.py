"""Derivatives of determinants, inverses, and the Gaussian density."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, invertible, made, real, spd
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

LOG_2PI = float(np.log(2 * np.pi))


def positive_determinant(rng: Generator, draw: Draw) -> Array:
    """An invertible matrix that is not symmetric, det > 0 (n n)."""
    n = draw.size("n")
    return np.asarray(np.round(rng.uniform(-1, 1, (n, n)), 3) + n * np.eye(n))


def tall(rng: Generator, draw: Draw) -> Array:
    """A matrix of full column rank with about twice as many rows as columns (m n)."""
    n = max(draw.size("n") - 1, 1)
    shape = (2 * n + 1, n)
    return np.asarray(rng.choice([-1.0, 1.0], shape) * np.round(rng.uniform(0.5, 2, shape), 3))


def square(rng: Generator, X: Array) -> Array:
    """A matrix that is not symmetric, of the size of Xᵀ X (n n)."""
    return np.round(rng.uniform(-2, 2, (X.shape[1],) * 2), 3)


def outside(rng: Generator, X: Array) -> Array:
    """A matrix near 2 I that is not symmetric (m m)."""
    m = X.shape[0]
    return np.asarray(np.round(rng.uniform(-0.5, 0.5, (m, m)), 3) + 2 * np.eye(m))


@rule(
    domain=dict(X=made(positive_determinant)),
    jax=lambda jax, X: jax.numpy.linalg.slogdet(X)[1],
    sympy_matrix=lambda sympy, X: sympy.log(sympy.Determinant(X)),
    source="Petersen & Pedersen 2012, eq. 57",
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
    domain=dict(X=invertible("n")),
    jax=lambda jax, X: jax.numpy.linalg.inv(X),
    sympy=lambda sympy, X: np.array(sympy.Matrix(X).inv()),
    source="Petersen & Pedersen 2012, eq. 59; Giles 2008, section 2.2.3",
)
def inverse(X: Array) -> Pulled:
    """X⁻¹.  (n, n) -> (n, n)

    dX = -X⁻ᵀ dy X⁻ᵀ.
    """
    y = np.linalg.inv(X)

    def pullback(dy: Array) -> Array:
        return -(y.T @ dy @ y.T)

    return y, pullback


@rule(
    domain=dict(X=invertible("n")),
    jax=lambda jax, X: jax.numpy.linalg.det(X),
    sympy=lambda sympy, X: sympy.Matrix(X).det(),
    source="Petersen & Pedersen 2012, eq. 49",
)
def determinant(X: Array) -> Pulled:
    """det X, X invertible.  (n, n) -> ()

    dX = det(X) X⁻ᵀ.
    """
    y = np.linalg.det(X)

    def pullback(dy: Array) -> Any:
        return dy * y * np.linalg.inv(X).T

    return y, pullback


@rule(
    domain=dict(
        X=made(tall),
        A=made(outside),
    ),
    jax=lambda jax, X, A: jax.numpy.linalg.det(X.T @ A @ X),
    sympy=lambda sympy, X, A: sympy.Matrix(X.T @ A @ X).det(),
    source="Petersen & Pedersen 2012, eq. 54",
)
def det_of_form(X: Array, A: Array) -> Pulled:
    """det(Xᵀ A X).  (m, n), (m, m) -> ()

    dX = y (A X S⁻¹ + Aᵀ X S⁻ᵀ), dA = y X S⁻ᵀ Xᵀ, S = Xᵀ A X.
    """
    S = X.T @ A @ X
    y, T = np.linalg.det(S), np.linalg.inv(S)

    def pullback(dy: Array) -> Any:
        return dy * y * (A @ X @ T + A.T @ X @ T.T), dy * y * (X @ T.T @ X.T)

    return y, pullback


@rule(
    domain=dict(X=made(tall)),
    jax=lambda jax, X: jax.numpy.linalg.slogdet(X.T @ X)[1],
    sympy=lambda sympy, X: sympy.log(sympy.Matrix(X.T @ X).det()),
    source="Petersen & Pedersen 2012, eq. 55",
)
def log_det_of_gram(X: Array) -> Pulled:
    """log det(Xᵀ X).  (m, n) -> ()

    dX = 2 (X⁺)ᵀ = 2 X (Xᵀ X)⁻¹.
    """
    G = X.T @ X

    def pullback(dy: Array) -> Array:
        return 2 * dy * np.linalg.solve(G, X.T).T

    return np.linalg.slogdet(G)[1], pullback


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: jax.numpy.linalg.slogdet(jax.numpy.eye(len(X)) + X @ X.T)[1],
    sympy=lambda sympy, X: sympy.log((sympy.eye(X.shape[1]) + sympy.Matrix(X.T @ X)).det()),
)
def log_det_of_shifted_gram(X: Array) -> Pulled:
    """log det(I + X Xᵀ) = log det(I + Xᵀ X).  (m, n) -> ()

    dX = 2 (I + X Xᵀ)⁻¹ X.
    """
    S = np.eye(X.shape[0]).astype(X.dtype) + X @ X.T

    def pullback(dy: Array) -> Array:
        return 2 * dy * np.linalg.solve(S, X)

    return np.linalg.slogdet(S)[1], pullback


@rule(
    domain=dict(a=real("n"), X=invertible("n"), b=real("n")),
    jax=lambda jax, a, X, b: a @ jax.numpy.linalg.solve(X, b),
    sympy=lambda sympy, a, X, b: a @ np.array(sympy.Matrix(X).inv()) @ b,
    source="Petersen & Pedersen 2012, eq. 61",
)
def form_of_inverse(a: Array, X: Array, b: Array) -> Pulled:
    """aᵀ X⁻¹ b.  (n), (n, n), (n) -> ()

    da = X⁻¹ b, dX = -X⁻ᵀ a bᵀ X⁻ᵀ, db = X⁻ᵀ a.
    """
    v, u = np.linalg.solve(X, b), np.linalg.solve(X.T, a)

    def pullback(dy: Array) -> Any:
        return dy * v, -dy * np.outer(u, v), dy * u

    return a @ v, pullback


@rule(
    domain=dict(x=real("n"), mu=real("n"), sigma=spd("n")),
    jax=lambda jax, x, mu, sigma: jax.scipy.stats.multivariate_normal.logpdf(x, mu, sigma),
    sympy=lambda sympy, x, mu, sigma: (
        -sympy.log((2 * sympy.pi) ** len(x) * sympy.Matrix(sigma).det()) / 2
        - (x - mu) @ np.array(sympy.Matrix(sigma).inv()) @ (x - mu) / 2
    ),
    source="Petersen & Pedersen 2012, section 8.4",
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
