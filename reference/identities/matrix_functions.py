"""Derivatives of functions of matrices: exponential, root, logarithm, powers, and what eigenvalues are sent to."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import expm

from gradcheck.domains import Draw, choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.factorizations import NORMWISE, square, symmetric
from reference.identities.decompositions import real_spectrum
from reference.identities.inverses_solving import sylvester_solution
from reference.identities.powers import powers_on_both_sides, small_eigenvalues

HIGHAM = "Higham 2008, Functions of Matrices"
WIKIPEDIA = "Wikipedia, Matrix calculus"
COOKBOOK = "Petersen & Pedersen 2012"
# Gauss's nodes and weights on [0, 1]: for eigenvalues between 0.5 and 5 what is left over is less than 1e-17.
NODES, WEIGHTS = ((1 + x) / 2 if i == 0 else x / 2 for i, x in enumerate(np.polynomial.legendre.leggauss(24)))


def block(X: Array, E: Array) -> Any:
    """[[X, E], [0, X]]."""
    return np.concatenate([np.concatenate([X, E], 1), np.concatenate([np.zeros_like(X), X], 1)])


def moved_exponential(X: Array, E: Array) -> Any:
    """∫ e^(aX) E e^((1-a)X) da over 0 ≤ a ≤ 1: the upper right block of exp [[X, E], [0, X]]."""
    n = len(X)
    return expm(block(X, E))[:n, n:]


def symbolic_function(sympy: Any, function: Any, X: Any) -> Any:
    """f(X) = f(λ₁) I + f[λ₁, λ₂] (X - λ₁ I) of a matrix of one or two rows with distinct eigenvalues."""
    values = small_eigenvalues(sympy, X)
    if len(X) == 1:
        return np.array([[function(X[0, 0])]])
    first, second = (function(x) for x in values)
    unit = np.array(sympy.eye(2))
    return first * unit + (first - second) / (values[0] - values[1]) * (X - values[0] * unit)


@rule(
    domain=dict(X=real_spectrum("n", 0.25)),
    jax=lambda jax, X: jax.scipy.linalg.expm(X),
    sympy=lambda sympy, X: symbolic_function(sympy, sympy.exp, X),
    source=f"expm: {HIGHAM}, eq. 3.16",
    accuracy=NORMWISE,
)
def exponential(X: Array) -> Pulled:
    """e^X.  (n, n) -> (n, n)

    dX = the upper right block of exp [[Xᵀ, dy], [0, Xᵀ]].  SciPy's error is relative to the largest entry.
    """
    return expm(X), lambda dy: moved_exponential(X.T, dy)


# The line X + t E, eigenvalues real and positive.
LINE = dict(t=real("", -0.1, 0.1), X=real_spectrum("n"), E=real("n n", -0.25, 0.25))


@rule(
    domain=dict(LINE, X=real_spectrum("n", 0.25), E=real("n n", -0.125, 0.125)),
    jax=lambda jax, t, *, X, E: jax.scipy.linalg.expm(X + t * E),
    sympy=lambda sympy, t, *, X, E: symbolic_function(sympy, sympy.exp, X + t * E),
    source=f"expm: {WIKIPEDIA}",
    accuracy=NORMWISE,
)
def exponential_along_line(t: Array, *, X: Array, E: Array) -> Pulled:
    """e^(X + t E).  () -> (n, n)

    dY/dt = ∫ e^(aX) E e^((1-a)X) da over 0 ≤ a ≤ 1 = the upper right block of exp [[X, E], [0, X]], at X + t E.
    """
    return expm(X + t * E), lambda dy: (dy * moved_exponential(X + t * E, E)).sum()


SCALED = dict(t=real("", -2, 2), A=real_spectrum("n", 0.25))


@rule(
    domain=SCALED,
    jax=lambda jax, t, *, A: jax.scipy.linalg.expm(t * A),
    sympy=lambda sympy, t, *, A: symbolic_multiple(sympy, t, A),
    source=f"expm-of-scalar: {COOKBOOK}, section 10.1.5",
    accuracy=NORMWISE,
)
def exponential_of_multiple(t: Array, *, A: Array) -> Pulled:
    """e^(tA).  () -> (n, n)

    dY/dt = A e^(tA).  Error as for `exponential`.
    """
    Y = expm(t * A)
    return Y, lambda dy: (dy * (A @ Y)).sum()


@rule(
    domain=SCALED,
    jax=lambda jax, t, *, A: jax.scipy.linalg.expm(t * A),
    sympy=lambda sympy, t, *, A: symbolic_multiple(sympy, t, A),
    source=f"expm-of-scalar: {COOKBOOK}, section 10.1.5",
    accuracy=NORMWISE,
)
def exponential_of_multiple_from_the_left(t: Array, *, A: Array) -> Pulled:
    """e^(tA).  () -> (n, n)

    dY/dt = e^(tA) A.  Error as for `exponential`.
    """
    Y = expm(t * A)
    return Y, lambda dy: (dy * (Y @ A)).sum()


@rule(
    domain=SCALED,
    jax=lambda jax, t, *, A: jax.numpy.sum(jax.numpy.exp(t * jax.numpy.linalg.eigvals(A))).real,
    sympy=lambda sympy, t, *, A: sum(sympy.exp(t * x) for x in small_eigenvalues(sympy, A)),
    source=f"expm-of-scalar: {WIKIPEDIA}",
    accuracy=NORMWISE,
)
def trace_of_exponential_of_multiple(t: Array, *, A: Array) -> Pulled:
    """tr e^(tA).  () -> ()

    dt = tr(A e^(tA)).  Error as for `exponential`.  The pullback keeps e^(tA).
    """
    Y = expm(t * A)
    return np.trace(Y), lambda dy: dy * np.trace(A @ Y)


def symbolic_multiple(sympy: Any, t: Any, A: Array) -> Any:
    """e^(tA) of a matrix of numbers: the eigenvalues are those of A, times t."""
    return symbolic_function(sympy, lambda x: sympy.exp(t * x), A)


def root(X: Array) -> Any:
    """The principal square root, by eigenvalues, which are real, positive and distinct."""
    values, v = np.linalg.eig(X)
    return v * np.sqrt(values) @ np.linalg.inv(v)


def root_by_jax(jax: Any, X: Any) -> Any:
    """The principal square root by Denman & Beavers' iteration."""
    Y, Z = X, jax.numpy.eye(len(X))
    for _ in range(12):
        Y, Z = (Y + jax.numpy.linalg.inv(Z)) / 2, (Z + jax.numpy.linalg.inv(Y)) / 2
    return Y


def root_by_sympy(sympy: Any, X: Any) -> Any:
    """(X + √det(X) I) / √(tr X + 2 √det(X)), of one or two rows."""
    if len(X) == 1:
        return np.array([[sympy.sqrt(X[0, 0])]])
    size = sympy.sqrt(X[0, 0] * X[1, 1] - X[0, 1] * X[1, 0])
    return (X + size * np.array(sympy.eye(2))) / sympy.sqrt(X.trace() + 2 * size)


@rule(
    domain=dict(X=real_spectrum("n")),
    jax=root_by_jax,
    sympy=root_by_sympy,
    source=f"sqrtm: {HIGHAM}, chapter 6",
    accuracy=NORMWISE,
)
def square_root(X: Array) -> Pulled:
    """S with S² = X, no eigenvalue of X on the closed negative axis, those of S of positive real part.  (n, n) -> (n, n)

    dX solves Sᵀ dX + dX Sᵀ = dy.  Its error is that of LAPACK's eigenvectors, relative to the largest entry.
    """
    S = root(X)
    return S, lambda dy: sylvester_solution(S.T, S.T, dy)


@rule(
    domain=LINE,
    jax=lambda jax, t, *, X, E: root_by_jax(jax, X + t * E),
    sympy=lambda sympy, t, *, X, E: root_by_sympy(sympy, X + t * E),
    source=f"sqrtm: {HIGHAM}, chapter 6",
    accuracy=NORMWISE,
)
def square_root_along_line(t: Array, *, X: Array, E: Array) -> Pulled:
    """S with S² = X + t E.  () -> (n, n)

    dS/dt solves S dS + dS S = E.  Error as for `square_root`.
    """
    S = root(X + t * E)
    return S, lambda dy: (dy * sylvester_solution(S, S, E)).sum()


def logarithm(X: Array) -> Any:
    """The principal logarithm, by eigenvalues, which are real, positive and distinct."""
    values, v = np.linalg.eig(X)
    return v * np.log(values) @ np.linalg.inv(v)


def logarithm_by_jax(jax: Any, X: Any) -> Any:
    """∫ (X - I) (s (X - I) + I)⁻¹ ds over 0 ≤ s ≤ 1."""
    unit = jax.numpy.eye(len(X))
    inverses = jax.numpy.linalg.inv(NODES[:, None, None] * (X - unit) + unit)
    return (X - unit) @ (WEIGHTS[:, None, None] * inverses).sum(0)


@rule(
    domain=LINE,
    jax=lambda jax, t, *, X, E: logarithm_by_jax(jax, X + t * E),
    sympy=lambda sympy, t, *, X, E: symbolic_function(sympy, sympy.log, X + t * E),
    source=f"logm: {WIKIPEDIA}",
    accuracy=NORMWISE,
)
def logarithm_along_line(t: Array, *, X: Array, E: Array) -> Pulled:
    """log(X + t E), no eigenvalue on the closed negative axis.  () -> (n, n)

    dY/dt = ∫ (s (X - I) + I)⁻¹ E (s (X - I) + I)⁻¹ ds over 0 ≤ s ≤ 1 at X + t E, by Gauss's rule; s = 1 / (1 + z) makes
    it ∫ (X + z I)⁻¹ E (X + z I)⁻¹ dz over 0 ≤ z.  Error as for `square_root`.
    """
    Z = X + t * E

    def pullback(dy: Array) -> Any:
        unit = np.eye(len(Z), dtype=Z.dtype)
        inverses = [np.linalg.inv(s * (Z - unit) + unit) for s in NODES.astype(Z.dtype)]
        slope = sum(w * (R @ E @ R) for w, R in zip(WEIGHTS.astype(Z.dtype), inverses, strict=True))
        return (dy * slope).sum()

    return logarithm(Z), pullback


@rule(
    domain=dict(X=real("n n", -2, 2), k=choice(3, 2, 1)),
    jax=lambda jax, X, *, k: jax.numpy.linalg.matrix_power(X, k),
    sympy=lambda sympy, X, *, k: np.array(sympy.Matrix(X) ** k),
    source=f"matrix-power: {WIKIPEDIA}",
)
def power(X: Array, *, k: int) -> Pulled:
    """X^k.  (n, n) -> (n, n)

    dX = Σ_i (Xᵀ)^i dy (Xᵀ)^(k-1-i).
    """

    def pullback(dy: Array) -> Any:
        return sum(left @ dy @ right for left, right in powers_on_both_sides(X.T, k))

    return np.linalg.matrix_power(X, k), pullback


@rule(
    domain=dict(t=real("", -1, 1), X=real("n n", -2, 2), E=real("n n"), k=choice(2, 3)),
    jax=lambda jax, t, *, X, E, k: jax.numpy.linalg.matrix_power(X + t * E, k),
    sympy=lambda sympy, t, *, X, E, k: np.array(sympy.Matrix(X + t * E) ** k),
    source=f"matrix-power: {COOKBOOK}, eq. 90",
)
def power_along_line(t: Array, *, X: Array, E: Array, k: int) -> Pulled:
    """(X + t E)^k.  () -> (n, n)

    dY/dt = Σ_i X^i E X^(k-1-i) at X + t E.
    """
    Z = X + t * E

    def pullback(dy: Array) -> Any:
        return (dy * sum(left @ E @ right for left, right in powers_on_both_sides(Z, k))).sum()

    return np.linalg.matrix_power(Z, k), pullback


def divided_differences(values: Array, f: Array, slopes: Array) -> Any:
    """L_ij = (f(λ_i) - f(λ_j)) / (λ_i - λ_j), f'(λ_i) where λ_i = λ_j."""
    same = values[:, None] == values
    gap = np.where(same, 1, values[:, None] - values)
    return np.where(same, slopes[:, None], (f[:, None] - f) / gap)


@rule(
    domain=dict(A=made(square)),
    jax=lambda jax, A: jax.scipy.linalg.expm(symmetric(A)),
    sympy=lambda sympy, A: symbolic_function(sympy, sympy.exp, symmetric(A)),
    source=f"spectral-matrix-function: {WIKIPEDIA}",
    accuracy=NORMWISE,
)
def function_of_symmetric_matrix(A: Array) -> Pulled:
    """f(S) = V diag(f(λ)) Vᵀ, f = exp, S = (A + Aᵀ) / 2 = V diag(λ) Vᵀ.  (n, n) -> (n, n)

    df = V (L ∘ (Vᵀ dS V)) Vᵀ, so that dA is the symmetric part of V (L ∘ (Vᵀ dy V)) Vᵀ; L the divided differences of f.
    Its error is that of LAPACK, relative to the largest entry.  The pullback keeps λ, f(λ) and V.
    """
    values, v = np.linalg.eigh(symmetric(A))
    f = np.exp(values)

    def pullback(dy: Array) -> Any:
        return symmetric(v @ (divided_differences(values, f, f) * (v.T @ dy @ v)) @ v.T)

    return v * f @ v.T, pullback


@rule(
    domain=LINE,
    jax=lambda jax, t, *, X, E: jax.scipy.linalg.expm(X + t * E),
    sympy=lambda sympy, t, *, X, E: symbolic_function(sympy, sympy.exp, X + t * E),
    source=f"spectral-matrix-function: {WIKIPEDIA}",
    accuracy=NORMWISE,
)
def function_of_diagonalisable_along_line(t: Array, *, X: Array, E: Array) -> Pulled:
    """f(Z) = Q diag(f(λ)) Q⁻¹, f = exp, Z = X + t E = Q diag(λ) Q⁻¹.  () -> (n, n)

    df/dt = Q (L ∘ (Q⁻¹ E Q)) Q⁻¹, L the divided differences of f.  Error as for `function_of_symmetric_matrix`.
    The pullback keeps λ, f(λ), Q and Q⁻¹.
    """
    values, Q = np.linalg.eig(X + t * E)
    f, inverse = np.exp(values), np.linalg.inv(Q)

    def pullback(dy: Array) -> Any:
        return (dy * (Q @ (divided_differences(values, f, f) * (inverse @ E @ Q)) @ inverse)).sum()

    return Q * f @ inverse, pullback


# Orthogonal without rounding.
HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


def repeating(draw: Draw) -> Array:
    """eigenvalues of which one repeats (4), or both (2) for proofs"""
    return np.array([1.5, 1.5] if draw.role == "small" else [1.5, 1.5, -0.5, 2.0])


@rule(
    domain=dict(
        values=made(repeating),
        V=made(lambda values: HADAMARD if len(values) == 4 else np.eye(2)[::-1], "orthogonal without rounding"),
        E=made(lambda V: np.zeros_like(V), "zeros"),
    ),
    jax=lambda jax, E, *, V, values: jax.numpy.linalg.matrix_power(V * values @ V.T + E, 3),
    sympy=lambda sympy, E, *, V, values: np.array(sympy.Matrix(V * values @ V.T + E) ** 3),
    source=f"spectral-matrix-function: {WIKIPEDIA}",
)
def function_at_repeated_eigenvalue(E: Array, *, V: Array, values: Array) -> Pulled:
    """f(A + E), f(X) = X³, at E = 0, where A = V diag(λ) Vᵀ has λ₁ = λ₂, λ = values.  (n, n) -> (n, n)

    dE = V (L ∘ (Vᵀ dy V)) Vᵀ, L_ij = (λ_i³ - λ_j³) / (λ_i - λ_j), 3 λ_i² where λ_i = λ_j.
    """
    A = V * values @ V.T + E

    def pullback(dy: Array) -> Any:
        return V @ (divided_differences(values, values**3, 3 * values**2) * (V.T @ dy @ V)) @ V.T

    return A @ A @ A, pullback
