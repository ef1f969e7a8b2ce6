"""Derivatives by complex matrices, ∂/∂Z and ∂/∂Z̄ of Wirtinger.

Cotangents are paired without conjugates: dZ = dy ∂f/∂Z + conj(dy ∂f/∂Z̄).  A real f has ∂f/∂Z̄ = conj(∂f/∂Z), so that
dZ = 2 dy ∂f/∂Z; the gradient that texts mean, ∇f = ∂f/∂Re Z + i ∂f/∂Im Z = 2 ∂f/∂Z̄, is its conjugate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, Spec, made
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, complexes

COOKBOOK = "Petersen & Pedersen 2012"


SCALAR = made(lambda draw: np.asarray(complexes("").draw(draw)), "a complex number")


def tall_complex() -> Spec:
    """A complex matrix of full column rank, with one row more than columns."""

    def make(rng: Generator, draw: Draw) -> Array:
        n = draw.size("n")
        draw.sizes |= {"m": n + 1}
        parts = np.round(rng.uniform(-1, 1, (2, n + 1, n)), 3)
        return np.asarray(parts[0] + 1j * parts[1] + 2 * np.eye(n + 1, n))

    return made(make, "complex, of full column rank (m n)")


def regular_complex() -> Spec:
    """A complex matrix near a multiple of the identity."""

    def make(rng: Generator, draw: Draw) -> Array:
        m = draw.size("m")
        parts = np.round(rng.uniform(-0.5, 0.5, (2, m, m)), 3)
        return np.asarray(parts[0] + 1j * parts[1] + 3 * np.eye(m))

    return made(make, "complex and invertible (m m)")


def adjoint(Z: Any) -> Any:
    """Z^H."""
    return np.conj(Z).T


def symbolic(sympy: Any, *Zs: Any) -> Any:
    """Matrices, or columns, of symbols."""
    found = tuple(sympy.Matrix(Z) for Z in Zs)
    return found if len(found) > 1 else found[0]


@rule(
    domain=dict(Z=complexes("m n")),
    jax=lambda jax, Z: jax.numpy.linalg.norm(Z) ** 2,
    sympy=lambda sympy, Z: (symbolic(sympy, Z) * symbolic(sympy, Z).H).trace(),
    source=f"complex-frobenius: {COOKBOOK}, eqs. 240, 246-248",
)
def squared_norm(Z: Array) -> Pulled:
    """tr(Z Z^H) = ‖Z‖_F².  (m, n) -> ()

    ∂f/∂Z = conj(Z), ∂f/∂Z̄ = Z, ∇f = 2 Z: dZ = dy (∂f/∂Z + conj(∂f/∂Z̄)).
    """
    return np.trace(Z @ adjoint(Z)).real, lambda dy: dy * np.conj(Z) + np.conj(dy * Z)


@rule(
    domain=dict(Z=complexes("m n"), A=complexes("m n")),
    jax=lambda jax, Z, *, A: jax.numpy.vdot(Z, A),
    sympy=lambda sympy, Z, *, A: (symbolic(sympy, A) * symbolic(sympy, Z).H).trace(),
    source=f"complex-frobenius: {COOKBOOK}, eq. 241",
)
def trace_with_adjoint(Z: Array, *, A: Array) -> Pulled:
    """tr(A Z^H).  (m, n) -> ()

    ∂h/∂Z̄ = A, ∂h/∂Z = 0: dZ = conj(dy A).
    """
    return np.trace(A @ adjoint(Z)), lambda dy: np.conj(dy * A)


@rule(
    domain=dict(z=complexes("n"), a=SCALAR, b=complexes("n")),
    jax=lambda jax, z, *, a, b: jax.numpy.abs(a - jax.numpy.vdot(z, b)) ** 2,
    sympy=lambda sympy, z, *, a, b: sympy.Abs(a - (symbolic(sympy, z).H * symbolic(sympy, b))[0]) ** 2,
    source=f"complex-lms: {COOKBOOK}, eq. 89, corrected",
)
def least_mean_squares(z: Array, *, a: Array, b: Array) -> Pulled:
    """|a - z^H b|².  (n) -> ()

    ∇f = 2 ∂f/∂z̄ = -2 b conj(a - z^H b): dz = conj(dy ∇f).
    """
    rest = a - np.conj(z) @ b
    return rest.real**2 + rest.imag**2, lambda dy: np.conj(dy * -2 * b * np.conj(rest))


@rule(
    domain=dict(z=complexes("n"), a=SCALAR, b=complexes("n")),
    jax=lambda jax, z, *, a, b: (a - jax.numpy.vdot(z, b)) ** 2,
    sympy=lambda sympy, z, *, a, b: (a - (symbolic(sympy, z).H * symbolic(sympy, b))[0]) ** 2,
    source=f"complex-lms: {COOKBOOK}, eq. 89 without its modulus",
)
def squared_residual(z: Array, *, a: Array, b: Array) -> Pulled:
    """(a - z^H b)², which is not real.  (n) -> ()

    ∂f/∂z = 0, ∂f/∂z̄ = -2 b (a - z^H b): dz = conj(dy ∂f/∂z̄).
    """
    rest = a - np.conj(z) @ b
    return rest**2, lambda dy: np.conj(dy * -2 * b * rest)


@rule(
    domain=dict(Z=tall_complex(), A=regular_complex()),
    jax=lambda jax, Z, *, A: jax.numpy.linalg.det(jax.numpy.conj(Z).T @ A @ Z),
    sympy=lambda sympy, Z, *, A: (symbolic(sympy, Z).H * symbolic(sympy, A) * symbolic(sympy, Z)).det(),
    source=f"complex-det: {COOKBOOK}, eqs. 249, 250",
)
def determinant_of_form(Z: Array, *, A: Array) -> Pulled:
    """det(Z^H A Z), Z^H A Z invertible.  (m, n) -> ()

    ∂f/∂Z = f ((Z^H A Z)⁻¹ Z^H A)ᵀ, ∂f/∂Z̄ = f A Z (Z^H A Z)⁻¹: dZ = dy ∂f/∂Z + conj(dy ∂f/∂Z̄).
    The pullback keeps (Z^H A Z)⁻¹.
    """
    S = adjoint(Z) @ A @ Z
    f, inverse = np.linalg.det(S), np.linalg.inv(S)

    def pullback(dy: Array) -> Any:
        by_z, by_conjugate = f * (inverse @ adjoint(Z) @ A).T, f * (A @ Z @ inverse)
        return dy * by_z + np.conj(dy * by_conjugate)

    return f, pullback


@rule(
    domain=dict(z=complexes("3"), A=complexes("p 3"), B=complexes("n 3")),
    jax=lambda jax, z, *, A, B: (jax.numpy.linalg.norm(A @ z) / jax.numpy.linalg.norm(B @ z)) ** 2,
    sympy=lambda sympy, z, *, A, B: (
        (symbolic(sympy, A @ z).H * symbolic(sympy, A @ z))[0] / (symbolic(sympy, B @ z).H * symbolic(sympy, B @ z))[0]
    ),
    source=f"complex-rayleigh: {COOKBOOK}, eqs. 251, 252, corrected",
)
def rayleigh_quotient(z: Array, *, A: Array, B: Array) -> Pulled:
    """α / β = (z^H A^H A z) / (z^H B^H B z), B z ≠ 0.  (n) -> ()

    ∇f = 2 ∂f/∂z̄ = 2 A^H A z / β - 2 α B^H B z / β², ∂f/∂z = conj(∇f) / 2: dz = dy conj(∇f).
    """
    u, v = A @ z, B @ z
    alpha, beta = (np.conj(u) @ u).real, (np.conj(v) @ v).real
    gradient = 2 * (adjoint(A) @ u) / beta - 2 * alpha * (adjoint(B) @ v) / beta**2
    return alpha / beta, lambda dy: dy * np.conj(gradient)
