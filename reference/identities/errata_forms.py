"""Misprinted and mistaken derivatives of forms, norms and traces: each is refuted, beside the right rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from reference.declaring import misstated
from reference.identities.forms import generalised_rayleigh_quotient, quadratic_form
from reference.identities.norms import distance, frobenius_norm
from reference.identities.powers import form_of_gram_of_power, powers_on_both_sides
from reference.identities.traces_of_quotients import trace_of_shifted_quotient
from reference.identities.traces_quadratic import trace_of_outer_form

COOKBOOK = "Petersen & Pedersen 2012"


@misstated(quadratic_form, "x", source="quad-form-2bx: common", refuted="2 B x is right for a symmetric B only")
def form_with_twice_the_matrix(dy: Array, x: Array, B: Array, b: Array) -> Any:
    """xᵀ B x + bᵀ x with dx = 2 B x + b; right is (B + Bᵀ) x + b.  (n), (n, n), (n) -> ()"""
    return dy * (2 * B @ x + b)


@misstated(trace_of_outer_form, "X", source="quad-form-2bx: common", refuted="2 X B is right for a symmetric B only")
def trace_with_twice_the_matrix(dy: Array, X: Array, B: Array) -> Any:
    """tr(X B Xᵀ) with dX = 2 X B; right is X (B + Bᵀ).  (m, n), (n, n) -> ()"""
    return dy * 2 * X @ B


@misstated(distance, "x", source="norm-without-square: common", refuted="2 (x - a) is the derivative of the square")
def distance_without_root(dy: Array, x: Array, a: Array) -> Any:
    """‖x - a‖ with dx = 2 (x - a); right is (x - a) / ‖x - a‖.  (n), (n) -> ()"""
    return dy * 2 * (x - a)


@misstated(frobenius_norm, "X", source="norm-without-square: common", refuted="2 X is the derivative of the square")
def frobenius_norm_without_root(dy: Array, X: Array) -> Any:
    """‖X‖_F with dX = 2 X; right is X / ‖X‖_F.  (m, n) -> ()"""
    return dy * 2 * X


@misstated(
    generalised_rayleigh_quotient,
    "x",
    source=f"mc-95-missing-transpose: {COOKBOOK}, eq. 95 as printed",
    refuted="a transpose is missing in the first denominator, xᵀ B B x",
    domain=dict(x=real("3", 0.5), A=real("p 3"), B=real("3 3", 0.5)),
)
def rayleigh_quotient_without_transpose(dy: Array, x: Array, A: Array, B: Array) -> Any:
    """α / β with dx = 2 AᵀA x / (xᵀ B B x) - 2 α BᵀB x / β²; right is β = xᵀ BᵀB x there too.  (n), (p, n), (n, n) -> ()"""
    u, v = A @ x, B @ x
    return dy * (2 * A.T @ u / (x @ B @ v) - 2 * (u @ u) * B.T @ v / (v @ v) ** 2)


@misstated(
    form_of_gram_of_power,
    "X",
    source=f"mc-92-transposed-term: {COOKBOOK}, eq. 92 as read",
    refuted="the first of the two terms is transposed",
)
def form_of_gram_of_power_transposed(dy: Array, a: Array, X: Array, b: Array, *, n: int) -> Any:
    """aᵀ (Xⁿ)ᵀ Xⁿ b with Σ X^(n-1-r) a bᵀ (Xⁿ)ᵀ X^r for Σ (X^r)ᵀ Xⁿ b aᵀ (X^(n-1-r))ᵀ.  (m), (m, m), (m) -> ()"""
    F, outer = np.linalg.matrix_power(X, n), np.outer(a, b)
    terms = (R @ outer @ F.T @ L + L.T @ F @ outer @ R.T for L, R in powers_on_both_sides(X, n))
    return dy * sum(terms)


@misstated(
    trace_of_shifted_quotient,
    "X",
    source=f"mc-127-missing-condition: {COOKBOOK}, eq. 127 as printed",
    refuted="symmetric B and C are not enough, A must be symmetric too",
)
def trace_of_shifted_quotient_without_condition(dy: Array, X: Array, A: Array, *, B: Array, C: Array) -> Any:
    """tr((A + Xᵀ C X)⁻¹ Xᵀ B X), A any, with dX = -2 C X M S M + 2 B X M.  (m, n), (n, n) -> ()

    Right is -C X (M S M + Mᵀ S Mᵀ) + B X (M + Mᵀ), M = (A + Xᵀ C X)⁻¹, S = Xᵀ B X.
    """
    M, S = np.linalg.inv(A + X.T @ C @ X), X.T @ B @ X
    return dy * 2 * (B @ X - C @ X @ M @ S) @ M
