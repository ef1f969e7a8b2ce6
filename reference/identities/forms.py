"""Derivatives of quadratic forms by their vectors: residuals, least squares, quotients, distances."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.matrices import symmetric

COOKBOOK = "Petersen & Pedersen 2012"


@rule(
    domain=dict(x=real("n"), B=real("n n"), b=real("n")),
    jax=lambda jax, x, B, b: x @ B @ x + b @ x,
    sympy=lambda sympy, x, B, b: x @ B @ x + b @ x,
    sympy_matrix=lambda sympy, x, B, b: sympy.Trace(x.T * B * x + b.T * x),
    source=f"quad-form: {COOKBOOK}, eqs. 81, 97",
)
def quadratic_form(x: Array, B: Array, b: Array) -> Pulled:
    """xᵀ B x + bᵀ x.  (n), (n, n), (n) -> ()

    dx = (B + Bᵀ) x + b, dB = x xᵀ, db = x; 2 B x is right for symmetric B only.
    """

    def pullback(dy: Array) -> Any:
        return dy * ((B + B.T) @ x + b), dy * np.outer(x, x), dy * x

    return x @ B @ x + b @ x, pullback


@rule(
    domain=dict(x=real("n"), b=real("n"), B=symmetric("n")),
    jax=lambda jax, x, b, *, B: x @ B @ x + b @ x,
    sympy=lambda sympy, x, b, *, B: x @ B @ x + b @ x,
    source=f"quad-form: {COOKBOOK}, eq. 97",
)
def symmetric_quadratic_form(x: Array, b: Array, *, B: Array) -> Pulled:
    """xᵀ B x + bᵀ x for a symmetric B.  (n), (n) -> ()

    dx = 2 B x + b, db = x.
    """
    return x @ B @ x + b @ x, lambda dy: (dy * (2 * B @ x + b), dy * x)


@rule(
    domain=dict(x=real("n"), B=real("p n"), b=real("p"), C=real("p q"), D=real("q n"), d=real("q")),
    jax=lambda jax, x, B, b, C, D, d: (B @ x + b) @ C @ (D @ x + d),
    sympy=lambda sympy, x, B, b, C, D, d: (B @ x + b) @ C @ (D @ x + d),
    source=f"quad-affine-pair: {COOKBOOK}, eq. 78",
)
def form_of_affine_maps(x: Array, B: Array, b: Array, C: Array, D: Array, d: Array) -> Pulled:
    """uᵀ C v, u = B x + b, v = D x + d.  (n), (p, n), (p), (p, q), (q, n), (q) -> ()

    dx = Bᵀ C v + Dᵀ Cᵀ u, dB = C v xᵀ, db = C v, dC = u vᵀ, dD = Cᵀ u xᵀ, dd = Cᵀ u.
    """
    u, v = B @ x + b, D @ x + d
    du, dv = C @ v, C.T @ u

    def pullback(dy: Array) -> Any:
        gradients = B.T @ du + D.T @ dv, np.outer(du, x), du, np.outer(u, v), np.outer(dv, x), dv
        return tuple(dy * g for g in gradients)

    return u @ C @ v, pullback


@rule(
    domain=dict(a=real("n"), x=real("n"), b=real("n")),
    jax=lambda jax, a, x, b: (a @ x) * (x @ b),
    sympy=lambda sympy, a, x, b: (a @ x) * (x @ b),
    sympy_matrix=lambda sympy, a, x, b: sympy.Trace(a.T * x * x.T * b),
    source=f"quad-affine-pair: {COOKBOOK}, eq. 78 with B, D of one row",
)
def product_of_inner_products(a: Array, x: Array, b: Array) -> Pulled:
    """aᵀ x xᵀ b.  (n), (n), (n) -> ()

    dx = (a bᵀ + b aᵀ) x, da = x xᵀ b, db = x xᵀ a.
    """

    def pullback(dy: Array) -> Any:
        dx = (np.outer(a, b) + np.outer(b, a)) @ x
        return dy * (x @ b) * x, dy * dx, dy * (x @ a) * x

    return (a @ x) * (x @ b), pullback


@rule(
    domain=dict(x=real("m"), A=real("m n"), s=real("n"), W=symmetric("m")),
    jax=lambda jax, x, A, s, *, W: (x - A @ s) @ W @ (x - A @ s),
    sympy=lambda sympy, x, A, s, *, W: (x - A @ s) @ W @ (x - A @ s),
    source=f"quad-weighted-residual: {COOKBOOK}, eqs. 84-88",
)
def weighted_residual(x: Array, A: Array, s: Array, *, W: Array) -> Pulled:
    """rᵀ W r, r = x - A s, for a symmetric W.  (m), (m, n), (n) -> ()

    dx = 2 W r, dA = -2 W r sᵀ, ds = -2 Aᵀ W r.
    """
    r = x - A @ s

    def pullback(dy: Array) -> Any:
        dx = dy * 2 * (W @ r)
        return dx, -np.outer(dx, s), -(A.T @ dx)

    return r @ W @ r, pullback


@rule(
    domain=dict(x=real("n"), s=real("n"), W=symmetric("n")),
    jax=lambda jax, x, s, *, W: (x - s) @ W @ (x - s),
    sympy=lambda sympy, x, s, *, W: (x - s) @ W @ (x - s),
    source=f"quad-weighted-residual: {COOKBOOK}, eqs. 85, 86",
)
def weighted_distance(x: Array, s: Array, *, W: Array) -> Pulled:
    """(x - s)ᵀ W (x - s) for a symmetric W.  (n), (n) -> ()

    dx = 2 W (x - s) = -ds.
    """
    r = x - s

    def pullback(dy: Array) -> Any:
        dx = dy * 2 * (W @ r)
        return dx, -dx

    return r @ W @ r, pullback


@rule(
    domain=dict(W=real("m n"), x=real("n")),
    jax=lambda jax, W, x: jax.numpy.sum((W @ x) ** 2),
    sympy=lambda sympy, W, x: sum(q * q for q in W @ x),
    sympy_matrix=lambda sympy, W, x: sympy.Trace(W * x * x.T * W.T),
    source="sq-norm-wx: CS231n, notes on backpropagation, ‖Wx‖²",
)
def squared_norm_of_product(W: Array, x: Array) -> Pulled:
    """‖W x‖² = qᵀ q, q = W x.  (m, n), (n) -> ()

    dW = 2 q xᵀ, dx = 2 Wᵀ q.  The pullback keeps q.
    """
    q = W @ x

    def pullback(dy: Array) -> Any:
        return dy * 2 * np.outer(q, x), dy * 2 * (W.T @ q)

    return (q * q).sum(), pullback


@rule(
    domain=dict(A=real("m n"), x=real("n"), b=real("m")),
    jax=lambda jax, A, x, b: jax.numpy.sum((A @ x - b) ** 2),
    sympy=lambda sympy, A, x, b: ((A @ x - b) ** 2).sum(),
    sympy_matrix=lambda sympy, A, x, b: sympy.Trace((A * x - b).T * (A * x - b)),
    source=f"least-squares-residual: {COOKBOOK}, eqs. 84, 88 with W = I",
)
def least_squares(A: Array, x: Array, b: Array) -> Pulled:
    """‖r‖², r = A x - b.  (m, n), (n), (m) -> ()

    dA = 2 r xᵀ, dx = 2 Aᵀ r, db = -2 r.
    """
    r = A @ x - b

    def pullback(dy: Array) -> Any:
        return dy * 2 * np.outer(r, x), dy * 2 * (A.T @ r), -dy * 2 * r

    return (r * r).sum(), pullback


@rule(
    domain=dict(A=real("m n", -1, 1), x=real("n", -1, 1), b=real("m", 8.0, 12.0)),
    jax=lambda jax, A, x, b: jax.numpy.linalg.norm(A @ x - b),
    sympy=lambda sympy, A, x, b: sympy.sqrt(((A @ x - b) ** 2).sum()),
    source="least-squares-residual: derived",
)
def residual_norm(A: Array, x: Array, b: Array) -> Pulled:
    """‖r‖, r = A x - b ≠ 0.  (m, n), (n), (m) -> ()

    dx = Aᵀ u, dA = u xᵀ, db = -u, u = r / ‖r‖.
    """
    r = A @ x - b
    y = np.sqrt((r * r).sum())
    u = r / y

    def pullback(dy: Array) -> Any:
        return dy * np.outer(u, x), dy * (A.T @ u), -dy * u

    return y, pullback


@rule(
    # A quotient of numbers has no slope to measure, hence vectors of three.
    domain=dict(x=real("3", 0.5), A=real("p 3"), B=real("q 3", 0.5)),
    jax=lambda jax, x, A, B: jax.numpy.sum((A @ x) ** 2) / jax.numpy.sum((B @ x) ** 2),
    sympy=lambda sympy, x, A, B: ((A @ x) ** 2).sum() / ((B @ x) ** 2).sum(),
    sympy_matrix=lambda sympy, x, A, B: sympy.Trace(x.T * A.T * A * x) / sympy.Trace(x.T * B.T * B * x),
    source=f"rayleigh-quotient: {COOKBOOK}, eqs. 94, 95, corrected",
    known_wrong={"sympy": "sympy 1.14 takes the denominator of a quotient of traces for a constant"},
)
def generalised_rayleigh_quotient(x: Array, A: Array, B: Array) -> Pulled:
    """(xᵀ Aᵀ A x) / (xᵀ Bᵀ B x), B x ≠ 0.  (n), (p, n), (q, n) -> ()

    dx = 2 AᵀA x / β - 2 α BᵀB x / β², dA = 2 A x xᵀ / β, dB = -2 α B x xᵀ / β², α and β the two forms.
    The pullback keeps A x and B x.
    """
    u, v = A @ x, B @ x
    alpha, beta = u @ u, v @ v

    def pullback(dy: Array) -> Any:
        dx = 2 * A.T @ u / beta - 2 * alpha * B.T @ v / beta**2
        return dy * dx, dy * 2 * np.outer(u, x) / beta, -dy * 2 * alpha * np.outer(v, x) / beta**2

    return alpha / beta, pullback


@rule(
    domain=dict(x=real("3", low=0.5), C=real("3 3")),
    jax=lambda jax, x, C: (x @ C @ x) / (x @ x),
    sympy=lambda sympy, x, C: (x @ C @ x) / (x @ x),
    source=f"rayleigh-quotient: {COOKBOOK}, eq. 95 with C for Aᵀ A, B = I",
)
def rayleigh_quotient(x: Array, C: Array) -> Pulled:
    """h = (xᵀ C x) / (xᵀ x).  (n), (n, n) -> ()

    dx = ((C + Cᵀ) x - 2 h x) / (xᵀ x), dC = x xᵀ / (xᵀ x).  The pullback keeps h and xᵀ x.
    """
    square = x @ x
    h = (x @ C @ x) / square

    def pullback(dy: Array) -> Any:
        return dy * ((C + C.T) @ x - 2 * h * x) / square, dy * np.outer(x, x) / square

    return h, pullback


@rule(
    domain=dict(X=real("m d"), Y=real("n d")),
    jax=lambda jax, X, Y: jax.numpy.sum((X[:, None] - Y) ** 2, -1),
    sympy=lambda sympy, X, Y: ((X[:, None] - Y) ** 2).sum(-1),
    source="pairwise-squared-distances: derived",
)
def pairwise_squared_distances(X: Array, Y: Array) -> Pulled:
    """‖x_i - y_j‖² of all rows of X and Y.  (m, d), (n, d) -> (m, n)

    dX = 2 (diag(dy 1) X - dy Y), dY = 2 (diag(dyᵀ 1) Y - dyᵀ X).
    """

    def pullback(dy: Array) -> Any:
        rows, columns = dy.sum(1, keepdims=True), dy.sum(0)[:, None]
        return 2 * (rows * X - dy @ Y), 2 * (columns * Y - dy.T @ X)

    r = X[:, None] - Y
    return (r * r).sum(-1), pullback
