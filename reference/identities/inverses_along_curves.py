"""Derivatives of determinants and inverses along curves of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.determinants import cofactors
from reference.identities.matrices import positive_determinant, symbolic_inverse

COOKBOOK = "Petersen & Pedersen 2012"


def slope_by_sympy(sympy: Any, at: Any, function: Any) -> Any:
    """The derivative that sympy takes of a function of one number, at a number or a symbol."""
    s = sympy.Symbol("s", real=True)
    return np.array(function(s).diff(s).subs(s, sympy.Rational(float(at)) if isinstance(at, np.ndarray) else at))[()]


# The curve Y(t) = A + t B + t² Bᵀ, and where it is looked at.
CURVE = dict(t=real("", -0.5, 0.5), A=positive_determinant("n"), B=real("n n", -0.5, 0.5))


def curve(t: Any, A: Any, B: Any) -> tuple[Any, Any]:
    """Y = A + t B + t² Bᵀ, and Y'."""
    return A + t * B + t**2 * B.T, B + 2 * t * B.T


@rule(
    domain=CURVE,
    jax=lambda jax, t, *, A, B: jax.numpy.linalg.det(curve(t, A, B)[0]),
    sympy=lambda sympy, t, *, A, B: sympy.Matrix(curve(t, A, B)[0]).det(),
    source=f"det-of-scalar: {COOKBOOK}, eqs. 41, 46",
)
def determinant_along_curve(t: Array, *, A: Array, B: Array) -> Pulled:
    """det Y, Y = A + t B + t² Bᵀ invertible.  () -> ()

    dt = det(Y) tr(Y⁻¹ Y').
    """
    Y, slope = curve(t, A, B)
    y = np.linalg.det(Y)
    return y, lambda dy: dy * y * np.trace(np.linalg.solve(Y, slope))


@rule(
    domain=CURVE,
    jax=lambda jax, t, *, A, B: jax.numpy.linalg.det(curve(t, A, B)[0]),
    sympy=lambda sympy, t, *, A, B: sympy.Matrix(curve(t, A, B)[0]).det(),
    source=f"det-of-scalar: {COOKBOOK}, eq. 42",
)
def determinant_along_curve_by_adjugate(t: Array, *, A: Array, B: Array) -> Pulled:
    """det Y, Y = A + t B + t² Bᵀ.  () -> ()

    dt = tr(adj(Y) Y'), adj(Y) the transpose of the cofactors.
    """
    Y, slope = curve(t, A, B)
    return np.linalg.det(Y), lambda dy: dy * np.trace(cofactors(Y).T @ slope)


@rule(
    domain=CURVE,
    jax=lambda jax, t, *, A, B: jax.numpy.linalg.slogdet(curve(t, A, B)[0])[1],
    sympy=lambda sympy, t, *, A, B: sympy.log(sympy.Matrix(curve(t, A, B)[0]).det()),
    source=f"det-of-scalar: {COOKBOOK}, eq. 43",
)
def log_determinant_along_curve(t: Array, *, A: Array, B: Array) -> Pulled:
    """log det Y, Y = A + t B + t² Bᵀ with det Y > 0.  () -> ()

    dt = tr(Y⁻¹ Y').
    """
    Y, slope = curve(t, A, B)
    return np.linalg.slogdet(Y)[1], lambda dy: dy * np.trace(np.linalg.solve(Y, slope))


@rule(
    domain=CURVE,
    jax=lambda jax, t, *, A, B: jax.grad(lambda s: jax.numpy.linalg.det(curve(s, A, B)[0]))(t),
    sympy=lambda sympy, t, *, A, B: slope_by_sympy(sympy, t, lambda s: sympy.Matrix(curve(s, A, B)[0]).det()),
    source=f"det-second-derivative: {COOKBOOK}, eq. 48",
)
def slope_of_determinant(t: Array, *, A: Array, B: Array) -> Pulled:
    """det(Y) tr(Y⁻¹ Y'), the derivative of det Y for Y = A + t B + t² Bᵀ.  () -> ()

    dt = det(Y) (tr(Y⁻¹ Y'') + tr(Y⁻¹ Y')² - tr((Y⁻¹ Y')²)): the second derivative of det Y.
    """
    Y, slope = curve(t, A, B)
    y, R, S = np.linalg.det(Y), np.linalg.solve(Y, slope), np.linalg.solve(Y, 2 * B.T)

    def pullback(dy: Array) -> Any:
        return dy * y * (np.trace(S) + np.trace(R) ** 2 - np.trace(R @ R))

    return y * np.trace(R), pullback


@rule(
    domain=CURVE,
    jax=lambda jax, t, *, A, B: jax.numpy.linalg.inv(curve(t, A, B)[0]),
    sympy=lambda sympy, t, *, A, B: np.array(symbolic_inverse(sympy, curve(t, A, B)[0])),
    source=f"inv-of-scalar: {COOKBOOK}, eqs. 40, 59",
)
def inverse_along_curve(t: Array, *, A: Array, B: Array) -> Pulled:
    """Y⁻¹, Y = A + t B + t² Bᵀ.  () -> (n, n)

    dY⁻¹/dt = -Y⁻¹ Y' Y⁻¹: the differential d(X⁻¹) = -X⁻¹ dX X⁻¹ along any dX.
    """
    Y, slope = curve(t, A, B)
    y = np.linalg.inv(Y)
    return y, lambda dy: -(dy * (y @ slope @ y)).sum()


def surface(x: Any, y: Any, A: Any, B: Any) -> Any:
    """U(x, y) = A + x B + y Bᵀ + x y A."""
    return (1 + x * y) * A + x * B + y * B.T


@rule(
    domain=dict(x=CURVE["t"], A=CURVE["A"], B=CURVE["B"], y=real("", -0.5, 0.5)),
    jax=lambda jax, x, *, A, B, y: jax.jacfwd(lambda s: jax.numpy.linalg.inv(surface(x, s, A, B)))(y),
    sympy=lambda sympy, x, *, A, B, y: slope_by_sympy(sympy, y, lambda s: symbolic_inverse(sympy, surface(x, s, A, B))),
    source="inv-mixed-second: Wikipedia, Matrix calculus",
)
def slope_of_inverse(x: Array, *, A: Array, B: Array, y: Array) -> Pulled:
    """-U⁻¹ U_y U⁻¹, the derivative of U⁻¹ by y for U = A + x B + y Bᵀ + x y A.  () -> (n, n)

    ∂²U⁻¹/∂x∂y = U⁻¹ (U_x U⁻¹ U_y - U_xy + U_y U⁻¹ U_x) U⁻¹.  The pullback keeps U⁻¹ and the two slopes of U.
    """
    inverse = np.linalg.inv(surface(x, y, A, B))
    U_x, U_y = B + y * A, B.T + x * A

    def pullback(dy: Array) -> Any:
        mixed = inverse @ (U_x @ inverse @ U_y - A + U_y @ inverse @ U_x) @ inverse
        return (dy * mixed).sum()

    return -(inverse @ U_y @ inverse), pullback
