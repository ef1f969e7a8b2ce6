"""Derivatives of traces that are quadratic in the matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

COOKBOOK = "Petersen & Pedersen 2012"


@rule(
    domain=dict(X=real("n n"), B=real("n n")),
    jax=lambda jax, X, B: jax.numpy.trace(X @ X @ B),
    sympy=lambda sympy, X, B: (X @ X @ B).trace(),
    sympy_matrix=lambda sympy, X, B: sympy.Trace(X * X * B),
    source=f"tr-x2b: {COOKBOOK}, eq. 107",
)
def trace_of_square_times(X: Array, B: Array) -> Pulled:
    """tr(X² B).  (n, n), (n, n) -> ()

    dX = (X B + B X)ᵀ, dB = (X²)ᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * (X @ B + B @ X).T, dy * (X @ X).T

    return np.trace(X @ X @ B), pullback


@rule(
    domain=dict(X=real("n n")),
    jax=lambda jax, X: jax.numpy.trace(X @ X),
    sympy=lambda sympy, X: (X @ X).trace(),
    sympy_matrix=lambda sympy, X: sympy.Trace(X * X),
    source=f"tr-x2b: {COOKBOOK}, eq. 106",
)
def trace_of_square(X: Array) -> Pulled:
    """tr(X²).  (n, n) -> ()

    dX = 2 Xᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * 2 * X.T

    return np.trace(X @ X), pullback


@rule(
    domain=dict(X=real("m n"), B=real("m m")),
    jax=lambda jax, X, B: jax.numpy.trace(X.T @ B @ X),
    sympy=lambda sympy, X, B: (X.T @ B @ X).trace(),
    sympy_matrix=lambda sympy, X, B: sympy.Trace(X.T * B * X),
    source=f"tr-xtbx: {COOKBOOK}, eq. 108",
)
def trace_of_inner_form(X: Array, B: Array) -> Pulled:
    """tr(Xᵀ B X).  (m, n), (m, m) -> ()

    dX = (B + Bᵀ) X, dB = X Xᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * ((B + B.T) @ X), dy * (X @ X.T)

    return np.trace(X.T @ B @ X), pullback


@rule(
    domain=dict(X=real("m n"), B=real("m m")),
    jax=lambda jax, X, B: jax.numpy.trace(X @ X.T @ B),
    sympy=lambda sympy, X, B: (B @ X @ X.T).trace(),
    sympy_matrix=lambda sympy, X, B: sympy.Trace(X * X.T * B),
    source=f"tr-bxxt: {COOKBOOK}, eqs. 109, 110",
)
def trace_of_form_before(X: Array, B: Array) -> Pulled:
    """tr(B X Xᵀ) = tr(X Xᵀ B).  (m, n), (m, m) -> ()

    dX = (B + Bᵀ) X, dB = X Xᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * ((B + B.T) @ X), dy * (X @ X.T)

    return np.trace(B @ X @ X.T), pullback


@rule(
    domain=dict(X=real("m n"), B=real("n n")),
    jax=lambda jax, X, B: jax.numpy.trace(B @ X.T @ X),
    sympy=lambda sympy, X, B: (X.T @ X @ B).trace(),
    sympy_matrix=lambda sympy, X, B: sympy.Trace(X * B * X.T),
    source=f"tr-xbxt: {COOKBOOK}, eqs. 111-113",
)
def trace_of_outer_form(X: Array, B: Array) -> Pulled:
    """tr(X B Xᵀ) = tr(B Xᵀ X) = tr(Xᵀ X B).  (m, n), (n, n) -> ()

    dX = X (B + Bᵀ), dB = Xᵀ X.
    """

    def pullback(dy: Array) -> Any:
        return dy * (X @ (B + B.T)), dy * (X.T @ X)

    return np.trace(X @ B @ X.T), pullback


@rule(
    domain=dict(A=real("n m"), X=real("m n"), B=real("n m")),
    jax=lambda jax, A, X, B: jax.numpy.trace(A @ X @ B @ X),
    sympy=lambda sympy, A, X, B: (A @ X @ B @ X).trace(),
    sympy_matrix=lambda sympy, A, X, B: sympy.Trace(A * X * B * X),
    source=f"tr-axbx: {COOKBOOK}, eq. 114",
)
def trace_of_two_factors(A: Array, X: Array, B: Array) -> Pulled:
    """tr(A X B X).  (n, m), (m, n), (n, m) -> ()

    dX = Aᵀ Xᵀ Bᵀ + Bᵀ Xᵀ Aᵀ, dA = (X B X)ᵀ, dB = (X A X)ᵀ.
    """

    def pullback(dy: Array) -> Any:
        return (
            dy * (X @ B @ X).T,
            dy * (A.T @ X.T @ B.T + B.T @ X.T @ A.T),
            dy * (X @ A @ X).T,
        )

    return np.trace(A @ X @ B @ X), pullback


@rule(
    domain=dict(X=real("m n"), B=real("m m"), C=real("n n")),
    jax=lambda jax, X, B, C: jax.numpy.trace(X.T @ B @ X @ C),
    sympy=lambda sympy, X, B, C: (X.T @ B @ X @ C).trace(),
    sympy_matrix=lambda sympy, X, B, C: sympy.Trace(X.T * B * X * C),
    source=f"tr-xtbxc: {COOKBOOK}, eq. 117",
)
def trace_of_gram(X: Array, B: Array, C: Array) -> Pulled:
    """tr(Xᵀ B X C).  (m, n), (m, m), (n, n) -> ()

    dX = B X C + Bᵀ X Cᵀ, dB = (X C Xᵀ)ᵀ, dC = (Xᵀ B X)ᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * (B @ X @ C + B.T @ X @ C.T), dy * (X @ C @ X.T).T, dy * (X.T @ B @ X).T

    return np.trace(X.T @ B @ X @ C), pullback


@rule(
    domain=dict(X=real("m n"), B=real("m m"), D=real("n p")),
    jax=lambda jax, X, B, D: jax.numpy.trace(D.T @ X.T @ B @ X @ D),
    sympy=lambda sympy, X, B, D: (D.T @ X.T @ B @ X @ D).trace(),
    sympy_matrix=lambda sympy, X, B, D: sympy.Trace(D.T * X.T * B * X * D),
    source=f"tr-xtbxc: {COOKBOOK}, eq. 116",
)
def trace_of_form_of_product(X: Array, B: Array, D: Array) -> Pulled:
    """tr(Dᵀ Xᵀ B X D).  (m, n), (m, m), (n, p) -> ()

    dX = (B + Bᵀ) X D Dᵀ, dB = Y Yᵀ, dD = Xᵀ (B + Bᵀ) Y, Y = X D.  The pullback keeps Y.
    """
    S, Y = B + B.T, X @ D

    def pullback(dy: Array) -> Any:
        return dy * (S @ X @ D @ D.T), dy * (Y @ Y.T), dy * (X.T @ S @ Y)

    return np.trace(Y.T @ B @ Y), pullback


@rule(
    domain=dict(A=real("p m"), X=real("m n"), B=real("n n"), C=real("m p")),
    jax=lambda jax, A, X, B, C: jax.numpy.trace(A @ X @ B @ X.T @ C),
    sympy=lambda sympy, A, X, B, C: (A @ X @ B @ X.T @ C).trace(),
    sympy_matrix=lambda sympy, A, X, B, C: sympy.Trace(A * X * B * X.T * C),
    source=f"tr-axbxtc: {COOKBOOK}, eq. 118",
)
def trace_of_sandwich(A: Array, X: Array, B: Array, C: Array) -> Pulled:
    """tr(A X B Xᵀ C).  (p, m), (m, n), (n, n), (m, p) -> ()

    dX = Aᵀ Cᵀ X Bᵀ + C A X B, dA = (X B Xᵀ C)ᵀ, dB = Xᵀ Aᵀ Cᵀ X, dC = (A X B Xᵀ)ᵀ.  The pullback keeps X B Xᵀ.
    """
    S = X @ B @ X.T

    def pullback(dy: Array) -> Any:
        dX = A.T @ C.T @ X @ B.T + C @ A @ X @ B
        return dy * (S @ C).T, dy * dX, dy * (X.T @ A.T @ C.T @ X), dy * (A @ S).T

    return np.trace(A @ S @ C), pullback


@rule(
    domain=dict(A=real("p m"), X=real("m n"), B=real("n q"), C=real("p q")),
    jax=lambda jax, A, X, B, C: jax.numpy.sum((A @ X @ B + C) ** 2),
    sympy=lambda sympy, A, X, B, C: ((A @ X @ B + C) ** 2).sum(),
    sympy_matrix=lambda sympy, A, X, B, C: sympy.Trace((A * X * B + C) * (A * X * B + C).T),
    source=f"tr-affine-gram: {COOKBOOK}, eq. 119",
)
def squared_norm_of_affine(A: Array, X: Array, B: Array, C: Array) -> Pulled:
    """tr(R Rᵀ) = ‖R‖², R = A X B + C.  (p, m), (m, n), (n, q), (p, q) -> ()

    dX = 2 Aᵀ R Bᵀ, dA = 2 R (X B)ᵀ, dB = 2 (A X)ᵀ R, dC = 2 R.
    """
    R = A @ X @ B + C

    def pullback(dy: Array) -> Any:
        dR = 2 * dy * R
        return dR @ (X @ B).T, A.T @ dR @ B.T, (A @ X).T @ dR, dR

    return (R * R).sum(), pullback
