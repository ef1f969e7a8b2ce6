"""Misprinted derivatives by complex vectors: each is refuted, beside the right rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.results import Array
from reference.declaring import complexes, misstated
from reference.identities.complex_arguments import rayleigh_quotient, squared_residual

COOKBOOK = "Petersen & Pedersen 2012"


@misstated(
    squared_residual,
    "z",
    source=f"mc-89-modulus: {COOKBOOK}, eq. 89 as printed",
    refuted="this is 2 ∂/∂z̄ of the squared modulus; without it ∂f/∂z is 0 and ∂f/∂z̄ is -2 b (a - z^H b)",
)
def least_mean_squares_without_modulus(dy: Array, z: Array, *, a: Array, b: Array) -> Any:
    """f = (a - z^H b)² with ∂f/∂z = -2 b conj(a - z^H b), so that dz = dy ∂f/∂z.  (n) -> ()"""
    return dy * (-2 * b * np.conj(a - np.conj(z) @ b))


@misstated(
    rayleigh_quotient,
    "z",
    source=f"mc-252-label-and-transpose: {COOKBOOK}, eq. 252 as read",
    refuted="this is ∇f = 2 ∂f/∂z̄, the conjugate of twice ∂f/∂z",
)
def rayleigh_quotient_mislabelled(dy: Array, z: Array, *, A: Array, B: Array) -> Any:
    """α / β with the value of ∇f for ∂f/∂z, so that dz = 2 dy ∇f.  (n) -> ()"""
    u, v = A @ z, B @ z
    alpha, beta = (np.conj(u) @ u).real, (np.conj(v) @ v).real
    return dy * 2 * (2 * np.conj(A).T @ u / beta - 2 * alpha * np.conj(B).T @ v / beta**2)


@misstated(
    rayleigh_quotient,
    "z",
    source=f"mc-252-label-and-transpose: {COOKBOOK}, eq. 251 as read",
    refuted="a conjugate transpose is missing in the first denominator, z^H B B z",
    domain=dict(z=complexes("3"), A=complexes("p 3"), B=complexes("3 3")),
)
def rayleigh_quotient_without_transpose(dy: Array, z: Array, *, A: Array, B: Array) -> Any:
    """α / β with z^H B B z for β in the first denominator of ∇f.  (n) -> ()"""
    u, v = A @ z, B @ z
    alpha, beta = (np.conj(u) @ u).real, (np.conj(v) @ v).real
    misprint = np.conj(z) @ B @ v
    return dy * np.conj(2 * np.conj(A).T @ u / misprint - 2 * alpha * np.conj(B).T @ v / beta**2)
