"""Derivatives of vectors, quadratic forms and norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, made, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled


def symmetric(rng: Generator, draw: Draw) -> Array:
    """A symmetric matrix (m m)."""
    a = np.round(rng.uniform(-2, 2, (draw.size("m"),) * 2), 2)
    return np.asarray(a + a.T)


@rule(
    domain=dict(W=real("m n"), x=real("n")),
    jax=lambda jax, W, x: jax.numpy.sum((W @ x) ** 2),
    sympy=lambda sympy, W, x: sum(q * q for q in W @ x),
    sympy_matrix=lambda sympy, W, x: sympy.Trace(W * x * x.T * W.T),
    source="CS231n, notes on backpropagation, ‖Wx‖²",
)
def squared_norm_of_product(W: Array, x: Array) -> Pulled:
    """‖W x‖² = qᵀ q, q = W x.  (m, n), (n) -> ()

    dW = 2 q xᵀ, dx = 2 Wᵀ q.
    """
    q = W @ x

    def pullback(dy: Array) -> Any:
        return dy * 2 * np.outer(q, x), dy * 2 * (W.T @ q)

    return (q * q).sum(), pullback


@rule(
    domain=dict(x=real("n"), A=real("n n")),
    jax=lambda jax, x, A: x @ A @ x,
    sympy=lambda sympy, x, A: x @ A @ x,
    sympy_matrix=lambda sympy, x, A: sympy.Trace(x.T * A * x),
    source="Petersen & Pedersen 2012, eqs. 72, 81",
)
def quadratic_form(x: Array, A: Array) -> Pulled:
    """xᵀ A x.  (n), (n, n) -> ()

    dx = (A + Aᵀ) x, dA = x xᵀ; 2 A x is right for symmetric A only.
    """

    def pullback(dy: Array) -> Any:
        return dy * ((A + A.T) @ x), dy * np.outer(x, x)

    return x @ A @ x, pullback


@rule(
    domain=dict(a=real("m"), X=real("m n"), b=real("n")),
    jax=lambda jax, a, X, b: a @ X @ b,
    sympy=lambda sympy, a, X, b: sum(a[i] * X[i, j] * b[j] for i, j in np.ndindex(X.shape)),
    sympy_matrix=lambda sympy, a, X, b: sympy.Trace(a.T * X * b),
    source="Petersen & Pedersen 2012, eqs. 69, 70",
)
def bilinear_form(a: Array, X: Array, b: Array) -> Pulled:
    """aᵀ X b.  (m), (m, n), (n) -> ()

    da = X b, dX = a bᵀ, db = Xᵀ a.
    """

    def pullback(dy: Array) -> Any:
        return dy * (X @ b), dy * np.outer(a, b), dy * (X.T @ a)

    return a @ X @ b, pullback


@rule(
    domain=dict(X=real("m n"), b=real("n"), c=real("n"), D=real("m m")),
    jax=lambda jax, X, b, c, D: (X @ b) @ D @ (X @ c),
    sympy=lambda sympy, X, b, c, D: b @ X.T @ D @ X @ c,
    source="Petersen & Pedersen 2012, eq. 82",
)
def form_of_images(X: Array, b: Array, c: Array, D: Array) -> Pulled:
    """bᵀ Xᵀ D X c.  (m, n), (n), (n), (m, m) -> ()

    dX = Dᵀ X b cᵀ + D X c bᵀ, db = Xᵀ D X c, dc = Xᵀ Dᵀ X b, dD = X b (X c)ᵀ.
    """
    p, q = X @ b, X @ c

    def pullback(dy: Array) -> Any:
        dX = np.outer(D.T @ p, c) + np.outer(D @ q, b)
        return dy * dX, dy * (X.T @ (D @ q)), dy * (X.T @ (D.T @ p)), dy * np.outer(p, q)

    return p @ D @ q, pullback


@rule(
    domain=dict(x=real("n"), B=real("p n"), b=real("p"), C=real("p q"), D=real("q n"), d=real("q")),
    jax=lambda jax, x, B, b, C, D, d: (B @ x + b) @ C @ (D @ x + d),
    sympy=lambda sympy, x, B, b, C, D, d: (B @ x + b) @ C @ (D @ x + d),
    source="Petersen & Pedersen 2012, eq. 78",
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
    domain=dict(x=real("m"), A=real("m n"), s=real("n"), W=made(symmetric)),
    jax=lambda jax, x, A, s, *, W: (x - A @ s) @ W @ (x - A @ s),
    sympy=lambda sympy, x, A, s, *, W: (x - A @ s) @ W @ (x - A @ s),
    source="Petersen & Pedersen 2012, eqs. 84-88",
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
    domain=dict(A=real("m n"), x=real("n"), b=real("m")),
    jax=lambda jax, A, x, b: jax.numpy.sum((A @ x - b) ** 2),
    sympy=lambda sympy, A, x, b: ((A @ x - b) ** 2).sum(),
    sympy_matrix=lambda sympy, A, x, b: sympy.Trace((A * x - b).T * (A * x - b)),
    source="Petersen & Pedersen 2012, eqs. 84, 88 with W = I",
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
    domain=dict(x=real("n"), a=real("n", low=4.0, high=6.0)),
    jax=lambda jax, x, a: jax.numpy.linalg.norm(x - a),
    sympy=lambda sympy, x, a: sympy.sqrt(((x - a) ** 2).sum()),
    source="Petersen & Pedersen 2012, eq. 129",
)
def distance(x: Array, a: Array) -> Pulled:
    """‖x - a‖₂.  (n), (n) -> ()

    dx = (x - a) / ‖x - a‖ = -da, for x ≠ a; 2 (x - a) belongs to the square.
    """
    r = x - a
    y = np.sqrt((r * r).sum())

    def pullback(dy: Array) -> Any:
        return dy * r / y, -dy * r / y

    return y, pullback


@rule(
    domain=dict(x=positive("n", low=0.5)),
    jax=lambda jax, x: x / jax.numpy.linalg.norm(x),
    sympy=lambda sympy, x: x / sympy.sqrt((x * x).sum()),
    source="Petersen & Pedersen 2012, eq. 130",
)
def unit_vector(x: Array) -> Pulled:
    """y = x / ‖x‖₂.  (n) -> (n)

    dx = (I - y yᵀ) dy / ‖x‖: what points along y is lost.
    """
    size = np.sqrt((x * x).sum())
    y = x / size

    def pullback(dy: Array) -> Any:
        return (dy - y * (y @ dy)) / size

    return y, pullback


@rule(
    domain=dict(x=real("3", low=0.5), C=real("3 3")),
    jax=lambda jax, x, C: (x @ C @ x) / (x @ x),
    sympy=lambda sympy, x, C: (x @ C @ x) / (x @ x),
    source="Petersen & Pedersen 2012, eq. 95 with A = C, B = I",
)
def rayleigh_quotient(x: Array, C: Array) -> Pulled:
    """h = (xᵀ C x) / (xᵀ x).  (n), (n, n) -> ()

    dx = ((C + Cᵀ) x - 2 h x) / (xᵀ x), dC = x xᵀ / (xᵀ x).
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


@rule(
    domain=dict(x=real("n")),
    jax=lambda jax, x: x - jax.numpy.mean(x),
    sympy=lambda sympy, x: x - x.sum() / len(x),
)
def centred(x: Array) -> Pulled:
    """x - mean(x) 1.  (n) -> (n)

    dx = (I - 1 1ᵀ/n) dy.
    """
    n = x.size

    def pullback(dy: Array) -> Array:
        return (np.eye(n) - np.ones((n, n)) / n).astype(dy.dtype) @ dy

    return x - x.mean(), pullback


@rule(
    domain=dict(a=real("m"), X=real("m n"), b=real("n")),
    jax=lambda jax, a, X, b: jax.numpy.diag(a) @ X @ jax.numpy.diag(b),
    sympy=lambda sympy, a, X, b: np.array(sympy.diag(*a) * sympy.Matrix(X) * sympy.diag(*b)),
)
def diagonal_scaling(a: Array, X: Array, b: Array) -> Pulled:
    """diag(a) X diag(b).  (m), (m, n), (n) -> (m, n)

    da = (dy ∘ X diag(b)) 1, dX = diag(a) dy diag(b), db = (dy ∘ diag(a) X)ᵀ 1.
    """
    rows = a[:, None]

    def pullback(dy: Array) -> Any:
        return (dy * X * b).sum(1), rows * dy * b, (dy * rows * X).sum(0)

    return rows * X * b, pullback
