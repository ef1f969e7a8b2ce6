"""Derivatives of forms by the matrix in the middle, whole and entry by entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

COOKBOOK = "Petersen & Pedersen 2012"


@rule(
    domain=dict(a=real("m"), X=real("m n"), b=real("n")),
    jax=lambda jax, a, X, b: a @ X @ b,
    sympy=lambda sympy, a, X, b: sum(a[i] * X[i, j] * b[j] for i, j in np.ndindex(X.shape)),
    sympy_matrix=lambda sympy, a, X, b: sympy.Trace(a.T * X * b),
    source=f"form-axb, vec-bilinear: {COOKBOOK}, eq. 70",
)
def bilinear_form(a: Array, X: Array, b: Array) -> Pulled:
    """aᵀ X b.  (m), (m, n), (n) -> ()

    da = X b, dX = a bᵀ, db = Xᵀ a.
    """

    def pullback(dy: Array) -> Any:
        return dy * (X @ b), dy * np.outer(a, b), dy * (X.T @ a)

    return a @ X @ b, pullback


@rule(
    domain=dict(a=real("n"), X=real("m n"), b=real("m")),
    jax=lambda jax, a, X, b: a @ X.T @ b,
    sympy=lambda sympy, a, X, b: a @ X.T @ b,
    sympy_matrix=lambda sympy, a, X, b: sympy.Trace(a.T * X.T * b),
    source=f"form-axb: {COOKBOOK}, eq. 71",
)
def bilinear_form_of_transpose(a: Array, X: Array, b: Array) -> Pulled:
    """aᵀ Xᵀ b.  (n), (m, n), (m) -> ()

    da = Xᵀ b, dX = b aᵀ, db = X a.
    """

    def pullback(dy: Array) -> Any:
        return dy * (X.T @ b), dy * np.outer(b, a), dy * (X @ a)

    return a @ X.T @ b, pullback


@rule(
    domain=dict(a=real("n"), X=real("n n")),
    jax=lambda jax, a, X: a @ X.T @ a,
    sympy=lambda sympy, a, X: a @ X @ a,
    sympy_matrix=lambda sympy, a, X: sympy.Trace(a.T * X.T * a),
    source=f"form-axb: {COOKBOOK}, eq. 72",
)
def form_of_one_vector(a: Array, X: Array) -> Pulled:
    """aᵀ X a = aᵀ Xᵀ a.  (n), (n, n) -> ()

    dX = a aᵀ, da = (X + Xᵀ) a.
    """
    return a @ X @ a, lambda dy: (dy * ((X + X.T) @ a), dy * np.outer(a, a))


@rule(
    domain=dict(X=real("m n"), b=real("n"), c=real("n"), D=real("m m")),
    jax=lambda jax, X, b, c, D: (X @ b) @ D @ (X @ c),
    sympy=lambda sympy, X, b, c, D: b @ X.T @ D @ X @ c,
    source=f"form-bxtdxc: {COOKBOOK}, eq. 82",
)
def form_of_images(X: Array, b: Array, c: Array, D: Array) -> Pulled:
    """bᵀ Xᵀ D X c.  (m, n), (n), (n), (m, m) -> ()

    dX = Dᵀ X b cᵀ + D X c bᵀ, db = Xᵀ D X c, dc = Xᵀ Dᵀ X b, dD = X b (X c)ᵀ.  The pullback keeps X b and X c.
    """
    p, q = X @ b, X @ c

    def pullback(dy: Array) -> Any:
        dX = np.outer(D.T @ p, c) + np.outer(D @ q, b)
        return dy * dX, dy * (X.T @ (D @ q)), dy * (X.T @ (D.T @ p)), dy * np.outer(p, q)

    return p @ D @ q, pullback


@rule(
    domain=dict(X=real("m n"), b=real("n"), c=real("n")),
    jax=lambda jax, X, b, c: (X @ b) @ (X @ c),
    sympy=lambda sympy, X, b, c: b @ X.T @ X @ c,
    sympy_matrix=lambda sympy, X, b, c: sympy.Trace(b.T * X.T * X * c),
    source=f"form-bxtdxc: {COOKBOOK}, eq. 77",
)
def form_of_gram(X: Array, b: Array, c: Array) -> Pulled:
    """bᵀ Xᵀ X c.  (m, n), (n), (n) -> ()

    dX = X (b cᵀ + c bᵀ), db = Xᵀ X c, dc = Xᵀ X b.
    """

    def pullback(dy: Array) -> Any:
        return dy * (X @ (np.outer(b, c) + np.outer(c, b))), dy * (X.T @ (X @ c)), dy * (X.T @ (X @ b))

    return (X @ b) @ (X @ c), pullback


@rule(
    domain=dict(X=real("m n"), b=real("n"), c=real("m"), D=real("m m")),
    jax=lambda jax, X, b, c, D: (X @ b + c) @ D @ (X @ b + c),
    sympy=lambda sympy, X, b, c, D: (X @ b + c) @ D @ (X @ b + c),
    source=f"form-affine-quadratic: {COOKBOOK}, eq. 83",
)
def form_of_affine_map(X: Array, b: Array, c: Array, D: Array) -> Pulled:
    """vᵀ D v, v = X b + c.  (m, n), (n), (m), (m, m) -> ()

    dX = (D + Dᵀ) v bᵀ, db = Xᵀ (D + Dᵀ) v, dc = (D + Dᵀ) v, dD = v vᵀ.
    """
    v = X @ b + c

    def pullback(dy: Array) -> Any:
        dv = dy * ((D + D.T) @ v)
        return np.outer(dv, b), X.T @ dv, dv, dy * np.outer(v, v)

    return v @ D @ v, pullback


@rule(
    domain=dict(X=real("m n", -1, 1), b=real("n"), c=real("m")),
    jax=lambda jax, X, b, c: jax.numpy.sum(jax.numpy.sin(X @ b + c)),
    sympy=lambda sympy, X, b, c: sum(map(sympy.sin, X @ b + c)),
    source=f"form-affine-quadratic: {COOKBOOK}, after eq. 83",
)
def function_of_affine_map(X: Array, b: Array, c: Array) -> Pulled:
    """h(v), v = X b + c, for h = Σ sin.  (m, n), (n), (m) -> ()

    dX = h'(v) bᵀ, db = Xᵀ h'(v), dc = h'(v), where h' is the gradient of h.
    """
    v = X @ b + c

    def pullback(dy: Array) -> Any:
        dv = dy * np.cos(v)
        return np.outer(dv, b), X.T @ dv, dv

    return np.sin(v).sum(), pullback
