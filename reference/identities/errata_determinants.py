"""Misprinted and mistaken derivatives of determinants and inverses: each is refuted, beside the right rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.printed import claims, erratum
from gradcheck.results import Array
from reference.declaring import misstated
from reference.identities.determinants import det_of_form, determinant
from reference.identities.determinants_logarithms import log_abs_det_of_multiple
from reference.identities.inverses import trace_with_inverse
from reference.identities.inverses_pseudo import pseudoinverse

COOKBOOK = "Petersen & Pedersen 2012"
WIKIPEDIA = "the two columns of Wikipedia, Matrix calculus, mixed"


@claims(
    source=f"mc-28-expansion: {COOKBOOK}, eq. 28 as printed",
    at=dict(A=[[2, 1, 0], [0, 1, 3], [1, 0, 1]], epsilon="0.125"),
    printed={
        "tr(A), (tr(A)² - tr(A²))/2, det(A)": [4, 5, 5],
        "det(I + ε A) at ε = 0, printed 1 + det(A)": erratum(6, "det(A) comes with ε³: the value at 0 is 1"),
        "det(I + ε A) at ε = 0": 1,
        "its slope at ε = 0": 4,
        "(det(I + ε A) - 1 - det(A) - ε tr(A) - ε² (tr(A)² - tr(A²))/2) / ε³": erratum(
            0, "what is left over is not of the order of ε³"
        ),
        "(det(I + ε A) - 1 - ε tr(A) - ε² (tr(A)² - tr(A²))/2) / ε³": 5,
    },
)
def determinant_near_identity(A: Any, epsilon: Any) -> dict[str, Any]:
    """det(I + ε A) = 1 + ε tr(A) + ε² (tr(A)² - tr(A²))/2 + O(ε³), for three rows with det(A) ε³ and no more."""
    unit = np.eye(3)
    first, second = np.trace(A), (np.trace(A) ** 2 - np.trace(A @ A)) / 2
    at_zero, slopes = determinant(unit + 0 * A)
    left = np.linalg.det(unit + epsilon * A) - 1 - epsilon * first - epsilon**2 * second
    return {
        "tr(A), (tr(A)² - tr(A²))/2, det(A)": np.stack([first, second, np.linalg.det(A)]),
        "det(I + ε A) at ε = 0, printed 1 + det(A)": at_zero,
        "det(I + ε A) at ε = 0": at_zero,
        "its slope at ε = 0": (slopes(np.ones(())) * A).sum(),
        "(det(I + ε A) - 1 - det(A) - ε tr(A) - ε² (tr(A)² - tr(A²))/2) / ε³": (left - np.linalg.det(A)) / epsilon**3,
        "(det(I + ε A) - 1 - ε tr(A) - ε² (tr(A)² - tr(A²))/2) / ε³": left / epsilon**3,
    }


@misstated(
    log_abs_det_of_multiple,
    "X",
    source=f"inverse-layout: {WIKIPEDIA}",
    refuted="X⁻¹ is the derivative in numerator layout, the transpose of the gradient",
)
def log_abs_det_in_the_other_layout(dy: Array, a: Array, X: Array) -> Any:
    """log |det(a X)| with dX = X⁻¹; right is X⁻ᵀ.  (), (n, n) -> ()"""
    return dy * np.linalg.inv(X)


@misstated(
    trace_with_inverse,
    "X",
    source=f"inverse-layout: {WIKIPEDIA}",
    refuted="-X⁻¹ B A X⁻¹ is the derivative in numerator layout, the transpose of the gradient",
)
def trace_with_inverse_in_the_other_layout(dy: Array, A: Array, X: Array, B: Array) -> Any:
    """tr(A X⁻¹ B) with dX = -X⁻¹ B A X⁻¹; right is its transpose.  (p, n), (n, n), (n, p) -> ()"""
    F = np.linalg.inv(X)
    return -dy * (F @ B @ A @ F)


@misstated(
    det_of_form,
    "X",
    source=f"det-xtax-symmetric-form: {COOKBOOK}, eq. 53 where 54 is needed",
    refuted="right for a symmetric A only",
)
def det_of_form_as_if_symmetric(dy: Array, X: Array, A: Array) -> Any:
    """det(Xᵀ A X) with dX = 2 y A X S⁻¹; right is y (A X S⁻¹ + Aᵀ X S⁻ᵀ), S = Xᵀ A X.  (m, n), (m, m) -> ()"""
    S = X.T @ A @ X
    return dy * 2 * np.linalg.det(S) * (A @ X @ np.linalg.inv(S))


@misstated(
    pseudoinverse,
    "A",
    source="pinv-like-inverse: common",
    refuted="dP = -P dA P is right for a square A only",
)
def pseudoinverse_like_inverse(dy: Array, A: Array) -> Any:
    """P = A⁺, A tall or wide, with dA = -Pᵀ dy Pᵀ: two terms are missing.  (m, n) -> (n, m)"""
    P = np.linalg.pinv(A)
    return -P.T @ dy @ P.T
