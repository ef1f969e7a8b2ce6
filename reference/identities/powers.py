"""Derivatives of powers of a matrix, and of functions that are series of powers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.linalg

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.factorizations import NORMWISE
from reference.identities.matrices import positive_determinant

COOKBOOK = "Petersen & Pedersen 2012"


def powers_on_both_sides(X: Array, n: int) -> Iterator[tuple[Array, Array]]:
    """X^r and X^(n-1-r) for r = 0 ... n - 1: what stands before and after each factor of X^n."""
    for r in range(n):
        yield np.linalg.matrix_power(X, r), np.linalg.matrix_power(X, n - 1 - r)


@rule(
    domain=dict(X=real("m m", -2, 2), n=choice(3, 2, 1)),
    jax=lambda jax, X, *, n: jax.numpy.linalg.matrix_power(X, n),
    sympy=lambda sympy, X, *, n: np.array(sympy.Matrix(X) ** n),
    source=f"form-power-entry: {COOKBOOK}, eq. 90",
)
def power_by_single_entries(X: Array, *, n: int) -> Pulled:
    """Xⁿ.  (m, m) -> (m, m)

    dF/dX_ij = Σ_r X^r J^ij X^(n-1-r), with the single-entry matrix J^ij.
    """

    def pullback(dy: Array) -> Any:
        dX, J = np.zeros_like(X), np.eye(X.size, dtype=X.dtype).reshape(X.shape + X.shape)
        for left, right in powers_on_both_sides(X, n):
            dX = dX + (dy * (left @ J @ right)).sum((-2, -1))
        return dX

    return np.linalg.matrix_power(X, n), pullback


@rule(
    domain=dict(X=real("m m", -2, 2), n=choice(3, 2, 1)),
    jax=lambda jax, X, *, n: jax.numpy.linalg.matrix_power(X, n),
    sympy=lambda sympy, X, *, n: np.array(sympy.Matrix(X) ** n),
    source=f"form-power-entry: {COOKBOOK}, eq. 90",
)
def power_entry_by_entry(X: Array, *, n: int) -> Pulled:
    """Xⁿ.  (m, m) -> (m, m)

    dF_kl/dX_ij = Σ_r (X^r)_ki (X^(n-1-r))_jl.
    """

    def pullback(dy: Array) -> Any:
        pairs = powers_on_both_sides(X, n)
        return sum(np.einsum("kl,ki,jl->ij", dy, left, right) for left, right in pairs)

    return np.linalg.matrix_power(X, n), pullback


@rule(
    domain=dict(a=real("m"), X=real("m m", -2, 2), b=real("m"), n=choice(3, 2, 1)),
    jax=lambda jax, a, X, b, *, n: a @ jax.numpy.linalg.matrix_power(X, n) @ b,
    sympy=lambda sympy, a, X, b, *, n: a @ np.array(sympy.Matrix(X) ** n) @ b,
    sympy_matrix=lambda sympy, a, X, b, *, n: sympy.Trace(a.T * X**n * b),
    source=f"form-axnb: {COOKBOOK}, eq. 91",
)
def form_of_power(a: Array, X: Array, b: Array, *, n: int) -> Pulled:
    """aᵀ Xⁿ b.  (m), (m, m), (m) -> ()

    dX = Σ_r (X^r)ᵀ a bᵀ (X^(n-1-r))ᵀ, da = Xⁿ b, db = (Xⁿ)ᵀ a.  The pullback keeps Xⁿ.
    """
    F = np.linalg.matrix_power(X, n)

    def pullback(dy: Array) -> Any:
        dX = sum(left.T @ np.outer(a, b) @ right.T for left, right in powers_on_both_sides(X, n))
        return dy * (F @ b), dy * dX, dy * (F.T @ a)

    return a @ F @ b, pullback


@rule(
    domain=dict(a=real("m"), X=real("m m", -2, 2), b=real("m"), n=choice(3, 2, 1)),
    jax=lambda jax, a, X, b, *, n: (
        (jax.numpy.linalg.matrix_power(X, n) @ a) @ (jax.numpy.linalg.matrix_power(X, n) @ b)
    ),
    sympy=lambda sympy, a, X, b, *, n: a @ np.array((sympy.Matrix(X) ** n).T * sympy.Matrix(X) ** n) @ b,
    source=f"form-axntxnb: {COOKBOOK}, eq. 92, corrected",
)
def form_of_gram_of_power(a: Array, X: Array, b: Array, *, n: int) -> Pulled:
    """aᵀ (Xⁿ)ᵀ Xⁿ b.  (m), (m, m), (m) -> ()

    dX = Σ_r (X^r)ᵀ Xⁿ (a bᵀ + b aᵀ) (X^(n-1-r))ᵀ, da = (Xⁿ)ᵀ Xⁿ b, db = (Xⁿ)ᵀ Xⁿ a.  The pullback keeps Xⁿ.
    """
    F = np.linalg.matrix_power(X, n)

    def pullback(dy: Array) -> Any:
        inner = F @ (np.outer(a, b) + np.outer(b, a))
        dX = sum(left.T @ inner @ right.T for left, right in powers_on_both_sides(X, n))
        return dy * (F.T @ (F @ b)), dy * dX, dy * (F.T @ (F @ a))

    return (F @ a) @ (F @ b), pullback


@rule(
    domain=dict(X=real("n n"), exponent=choice(3, 2, 4)),
    jax=lambda jax, X, *, exponent: jax.numpy.trace(jax.numpy.linalg.matrix_power(X, exponent)),
    sympy=lambda sympy, X, *, exponent: (sympy.Matrix(X) ** exponent).trace(),
    sympy_matrix=lambda sympy, X, *, exponent: sympy.Trace(X**exponent),
    source=f"tr-xk: {COOKBOOK}, eq. 121",
)
def trace_of_power(X: Array, *, exponent: int) -> Pulled:
    """tr(X^k), k = exponent.  (n, n) -> ()

    dX = k (X^(k-1))ᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * exponent * np.linalg.matrix_power(X.T, exponent - 1)

    return np.trace(np.linalg.matrix_power(X, exponent)), pullback


@rule(
    domain=dict(A=real("n n"), X=real("n n", -2, 2), k=choice(3, 2, 1)),
    jax=lambda jax, A, X, *, k: jax.numpy.trace(A @ jax.numpy.linalg.matrix_power(X, k)),
    sympy=lambda sympy, A, X, *, k: (sympy.Matrix(A) * sympy.Matrix(X) ** k).trace(),
    sympy_matrix=lambda sympy, A, X, *, k: sympy.Trace(A * X**k),
    source=f"tr-axk: {COOKBOOK}, eq. 122",
)
def trace_of_product_with_power(A: Array, X: Array, *, k: int) -> Pulled:
    """tr(A X^k).  (n, n), (n, n) -> ()

    dX = Σ_r (X^r A X^(k-1-r))ᵀ, dA = (X^k)ᵀ.  The pullback keeps X^k.
    """
    F = np.linalg.matrix_power(X, k)

    def pullback(dy: Array) -> Any:
        dX = sum((left @ A @ right).T for left, right in powers_on_both_sides(X, k))
        return dy * F.T, dy * dX

    return np.trace(A @ F), pullback


def turned(X: Array) -> tuple[Array, Array]:
    """cos X and sin X: the blocks of the exponential of [[0, X], [-X, 0]]."""
    n, zero = len(X), np.zeros_like(X)
    blocks = scipy.linalg.expm(np.concatenate([np.concatenate([zero, X], 1), np.concatenate([-X, zero], 1)]))
    return blocks[:n, :n], blocks[:n, n:]


def by_eigenvalues(jax: Any, X: Any, function: Any) -> Any:
    """tr f(X) as the sum of f over the eigenvalues."""
    return jax.numpy.sum(function(jax.numpy.linalg.eigvals(X))).real


def small_eigenvalues(sympy: Any, X: Array) -> list[Any]:
    """The eigenvalues of a matrix of one or two rows."""
    if len(X) == 1:
        return [X[0, 0]]
    half = X.trace() / 2
    root = sympy.sqrt(half**2 - sympy.Matrix(X).det())
    return [half + root, half - root]


@rule(
    domain=dict(X=real("n n", -2, 2)),
    jax=lambda jax, X: by_eigenvalues(jax, X, jax.numpy.sin),
    sympy=lambda sympy, X: sum(map(sympy.sin, small_eigenvalues(sympy, X))),
    source=f"tr-matrix-function: {COOKBOOK}, eq. 128",
    accuracy=NORMWISE,
)
def trace_of_sine(X: Array) -> Pulled:
    """tr sin X, sin the power series.  (n, n) -> ()

    dX = (cos X)ᵀ, to 128 weighted ULPs: expm is accurate to a few ULPs of its norm.
    The pullback keeps cos X, found together with sin X.
    """
    cosine, sine = turned(X)
    return np.trace(sine), lambda dy: dy * cosine.T


@rule(
    domain=dict(X=real("n n", -2, 2)),
    jax=lambda jax, X: by_eigenvalues(jax, X, jax.numpy.exp),
    sympy=lambda sympy, X: sum(map(sympy.exp, small_eigenvalues(sympy, X))),
    source="tr-matrix-function: Wikipedia, Matrix calculus",
    accuracy=NORMWISE,
)
def trace_of_exponential(X: Array) -> Pulled:
    """tr e^X.  (n, n) -> ()

    dX = (e^X)ᵀ, to 128 weighted ULPs: expm is accurate to a few ULPs of its norm.
    """
    F = scipy.linalg.expm(X)
    return np.trace(F), lambda dy: dy * F.T


@rule(
    domain=dict(X=positive_determinant("n")),
    jax=lambda jax, X: by_eigenvalues(jax, X, jax.numpy.log),
    sympy=lambda sympy, X: sympy.log(sympy.Matrix(X).det()),
    source="tr-matrix-function: Wikipedia, Matrix calculus",
)
def trace_of_logarithm(X: Array) -> Pulled:
    """tr log X, no eigenvalue on the closed negative axis; it is log det X.  (n, n) -> ()

    dX = X⁻ᵀ.
    """
    return np.linalg.slogdet(X)[1], lambda dy: dy * np.linalg.inv(X).T


@rule(
    domain=dict(X=real("n n"), c=real("3")),
    jax=lambda jax, X, *, c: jax.numpy.trace(c[0] * jax.numpy.eye(len(X)) + c[1] * X + c[2] * X @ X),
    sympy=lambda sympy, X, *, c: c[0] * len(X) + c[1] * X.trace() + c[2] * (X @ X).trace(),
    source=f"tr-matrix-function: {COOKBOOK}, before eq. 99",
)
def trace_of_polynomial(X: Array, *, c: Array) -> Pulled:
    """tr(c₀ I + c₁ X + c₂ X²).  (n, n) -> ()

    dX = (c₁ I + 2 c₂ X)ᵀ.
    """

    def pullback(dy: Array) -> Any:
        return dy * (c[1] * np.eye(len(X), dtype=X.dtype) + 2 * c[2] * X).T

    return np.trace(c[0] * np.eye(len(X), dtype=X.dtype) + c[1] * X + c[2] * X @ X), pullback
