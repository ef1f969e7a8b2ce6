"""Derivatives of norms, and of the vectors that they normalise."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, largest

COOKBOOK = "Petersen & Pedersen 2012"


@rule(
    domain=dict(x=real("n"), a=real("n", low=4.0, high=6.0)),
    jax=lambda jax, x, a: jax.numpy.linalg.norm(x - a),
    sympy=lambda sympy, x, a: sympy.sqrt(((x - a) ** 2).sum()),
    source=f"norm-two: {COOKBOOK}, eq. 129",
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
    domain=dict(x=real("n")),
    jax=lambda jax, x: jax.numpy.linalg.norm(x) ** 2,
    sympy=lambda sympy, x: (x * x).sum(),
    sympy_matrix=lambda sympy, x: sympy.Trace(x.T * x),
    source=f"norm-two: {COOKBOOK}, eq. 131",
)
def squared_norm(x: Array) -> Pulled:
    """‖x‖₂² = xᵀ x.  (n) -> ()

    dx = 2 x.
    """
    return x @ x, lambda dy: dy * 2 * x


@rule(
    domain=dict(x=real("n"), a=real("n", low=4.0, high=6.0)),
    jax=lambda jax, x, a: (x - a) / jax.numpy.linalg.norm(x - a),
    sympy=lambda sympy, x, a: (x - a) / sympy.sqrt(((x - a) ** 2).sum()),
    source=f"norm-unit-vector-jacobian: {COOKBOOK}, eq. 130",
)
def unit_vector(x: Array, a: Array) -> Pulled:
    """y = (x - a) / ‖x - a‖₂.  (n), (n) -> (n)

    dx = (I - y yᵀ) dy / ‖x - a‖ = -da: what points along y is lost.
    """
    size = np.sqrt(((x - a) ** 2).sum())
    y = (x - a) / size

    def pullback(dy: Array) -> Any:
        dx = (np.eye(y.size, dtype=y.dtype) - np.outer(y, y)) @ dy / size
        return dx, -dx

    return y, pullback


@rule(
    domain=dict(x=real("3"), a=real("3", low=4.0, high=6.0)),
    jax=lambda jax, x, a: (x - a) / jax.numpy.linalg.norm(x - a),
    sympy=lambda sympy, x, a: (x - a) / sympy.sqrt(((x - a) ** 2).sum()),
    source=f"norm-unit-vector-jacobian: {COOKBOOK}, eq. 130",
)
def unit_vector_jacobian(x: Array, a: Array) -> Pulled:
    """r / ‖r‖₂, r = x - a.  (n), (n) -> (n)

    The Jacobian by x is I/‖r‖ - r rᵀ/‖r‖³, that by a its negative.
    """
    r = x - a
    size = np.sqrt((r * r).sum())

    def pullback(dy: Array) -> Any:
        jacobian = np.eye(r.size, dtype=r.dtype) / size - np.outer(r, r) / size**3
        return jacobian.T @ dy, -jacobian.T @ dy

    return r / size, pullback


@rule(
    domain=dict(X=real("k n", kinks=(0.0,))),
    jax=lambda jax, X: X / jax.numpy.linalg.norm(X, axis=1, keepdims=True),
    sympy=lambda sympy, X: X / np.frompyfunc(sympy.sqrt, 1, 1)((X * X).sum(1, keepdims=True)),
    source=f"norm-unit-vector-jacobian: {COOKBOOK}, eq. 130, row by row",
)
def unit_rows(X: Array) -> Pulled:
    """Y, each row of X divided by its norm.  (k, n) -> (k, n)

    A row of dX is (dy - y (yᵀ dy)) / ‖x‖; what is subtracted is so twice, since once leaves rounding errors of it.
    """
    size = np.sqrt((X * X).sum(1, keepdims=True))
    Y = X / size

    def across(dY: Any) -> Any:
        return dY - Y * (Y * dY).sum(1, keepdims=True)

    def pullback(dY: Array) -> Any:
        return across(across(dY)) / size

    return Y, pullback


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: jax.numpy.trace(X.T @ X),
    sympy=lambda sympy, X: (X * X).sum(),
    sympy_matrix=lambda sympy, X: sympy.Trace(X * X.T),
    source=f"norm-frobenius: {COOKBOOK}, eqs. 115, 132",
)
def squared_frobenius_norm(X: Array) -> Pulled:
    """‖X‖_F² = tr(X Xᵀ) = tr(Xᵀ X).  (m, n) -> ()

    dX = 2 X.
    """
    return (X * X).sum(), lambda dy: dy * 2 * X


@rule(
    domain=dict(X=real("m n")),
    jax=lambda jax, X: jax.numpy.linalg.norm(X),
    sympy=lambda sympy, X: sympy.sqrt((X * X).sum()),
    source=f"norm-frobenius: {COOKBOOK}, eq. 132",
)
def frobenius_norm(X: Array) -> Pulled:
    """‖X‖_F.  (m, n) -> ()

    dX = X / ‖X‖_F; 2 X belongs to the square.  At X = 0 that is 0, a subgradient.
    """
    y = np.sqrt((X * X).sum())
    return y, lambda dy: dy * X / np.where(y > 0, y, 1)


@rule(
    domain=dict(x=real("n", kinks=(0.0,)), p=choice(3.0, 1.5, 4.0)),
    jax=lambda jax, x, *, p: jax.numpy.linalg.norm(x, p),
    sympy=lambda sympy, x, *, p: sum(abs(v) ** p for v in x) ** (1 / p),
    source="norm-p: derived",
)
def p_norm(x: Array, *, p: float) -> Pulled:
    """‖x‖_p = (Σ |x_i|^p)^(1/p), p > 1.  (n) -> ()

    dx = sign(x) ∘ (|x| / ‖x‖_p)^(p-1): the quotient first, so that no power overflows.  At x = 0 that is 0, a
    subgradient.
    """
    y = (np.abs(x) ** p).sum() ** (1 / p)
    return y, lambda dy: dy * np.sign(x) * (np.abs(x) / np.where(y > 0, y, 1)) ** (p - 1)


@rule(
    domain=dict(x=real("n", kinks=(0.0,))),
    jax=lambda jax, x: jax.numpy.linalg.norm(x, 1),
    sympy=lambda sympy, x: sum(map(abs, x)),
    source="norm-p: derived",
)
def one_norm(x: Array) -> Pulled:
    """‖x‖₁ = Σ |x_i|, no x_i = 0.  (n) -> ()

    dx = sign(x).
    """
    return np.abs(x).sum(), lambda dy: dy * np.sign(x)


@rule(
    domain=dict(x=real("n", kinks=(0.0,))),
    jax=lambda jax, x: jax.numpy.linalg.norm(x, jax.numpy.inf),
    sympy=lambda sympy, x: largest(sympy, list(map(abs, x))),
    source="norm-p: derived",
)
def max_norm(x: Array) -> Pulled:
    """‖x‖_∞ = max |x_i|, attained at one k only.  (n) -> ()

    dx = sign(x_k) e_k.
    """
    k = np.abs(x).argmax()
    return np.abs(x[k]), lambda dy: dy * np.sign(x[k]) * (np.arange(x.size) == k).astype(x.dtype)
