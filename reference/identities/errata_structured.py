"""Misprinted and mistaken derivatives by structured and stacked arguments: each is refuted."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import made, real
from gradcheck.printed import claims, erratum
from gradcheck.results import Array
from reference.declaring import misstated
from reference.identities.products_stacked import form_of_vec, rows_of_product
from reference.identities.structured import diagonal_sums, trace_with_toeplitz
from reference.identities.structured_symmetric import (
    det_of_symmetric,
    form_of_symmetric_inverse,
    function_among_symmetric,
    inverse_of_symmetric,
    log_det_of_symmetric,
    mirrored,
)
from reference.identities.traces import vec_of_product

COOKBOOK = "Petersen & Pedersen 2012"
HALF = "right by diagonal entries only: an off-diagonal one of a symmetric matrix moves two entries"
SUBMATRIX = "MC 143 counts the second pair of rows and columns wrongly"
FOUR = dict(_n=real("4"), t=made(lambda rng, draw: np.round(rng.uniform(-3, 3, 7), 3)), A=real("4 4"))


def without(M: Array, row: int, column: int) -> Any:
    """M without a row and a column, counted from 1 (from the end where negative)."""
    return np.delete(np.delete(M, row - (row > 0), 0), column - (column > 0), 1)


def misprinted(dy: Array, A: Array, above: Any, below: Any) -> Any:
    """The cotangent of t with other entries for the diagonals two above and two below."""
    n = len(A)
    alpha = diagonal_sums(A.T)
    places = np.arange(1 - n, n)
    return dy * np.where(places == 2, above, np.where(places == -2, below, alpha))


@misstated(
    trace_with_toeplitz,
    "t",
    source=f"mc-143-submatrices: {COOKBOOK}, eq. 143 as read",
    refuted="above the diagonal the wrong corner is removed first, and the second pair of indices is that of no submatrix",
    domain=FOUR,
)
def trace_with_toeplitz_of_other_submatrices(dy: Array, t: Array, A: Array) -> Any:
    """tr(A T), two off the diagonal tr([[Aᵀ]_1n]_(n-1,2)) and tr([[Aᵀ]_1n]_(2,n-1)).  (2 n - 1), (n, n) -> ()

    Right are tr([[Aᵀ]_n1]_(n-1,1)) above and tr([[Aᵀ]_1n]_(1,n-1)) below, pairs counted in the submatrix.
    """
    n, corner = len(A), without(A.T, 1, len(A))
    return misprinted(dy, A, np.trace(without(corner, n - 1, 2)), np.trace(without(corner, 2, n - 1)))


@misstated(
    trace_with_toeplitz,
    "t",
    source=f"mc-143-submatrices: {COOKBOOK}, eq. 143 as read",
    refuted="above the diagonal the form is wrong however its second pair of indices is counted",
    domain=FOUR,
)
def trace_with_toeplitz_counted_in_the_whole(dy: Array, t: Array, A: Array) -> Any:
    """tr(A T) with the pairs (n-1, 2) and (2, n-1) counted in Aᵀ itself: right below, wrong above.  (2 n - 1), (n, n) -> ()"""
    n = len(A)
    above = np.delete(np.delete(A.T, [0, n - 2], 0), [1, n - 1], 1)
    below = np.delete(np.delete(A.T, [0, 1], 0), [n - 2, n - 1], 1)
    return misprinted(dy, A, np.trace(above), np.trace(below))


@misstated(
    form_of_vec,
    "X",
    source=f"mc-524-missing-transpose: {COOKBOOK}, eq. 524 as read",
    refuted="B must be transposed, in the form and in its gradient: right for a symmetric B only",
)
def form_of_vec_without_transpose(dy: Array, a: Array, X: Array, B: Array, c: Array) -> Any:
    """aᵀ X B Xᵀ c with dX = c aᵀ X Bᵀ + a cᵀ X B; right is c aᵀ X B + a cᵀ X Bᵀ.  (m), (m, n), (n, n), (m) -> ()"""
    return dy * (np.outer(c, a) @ X @ B.T + np.outer(a, c) @ X @ B)


@misstated(
    vec_of_product,
    "X",
    source="vec-kronecker-order: common where arrays are row-major",
    refuted="A ⊗ Bᵀ belongs to rows one after the other, not to columns",
)
def vec_with_factors_exchanged(dy: Array, A: Array, X: Array, B: Array) -> Any:
    """vec(A X B), columns stacked, with the Jacobian A ⊗ Bᵀ; right is Bᵀ ⊗ A.  (p, m), (m, n), (n, q) -> (p q)"""
    return (np.kron(A, B.T).T @ dy).reshape(X.T.shape).T


@misstated(
    rows_of_product,
    "X",
    source="vec-kronecker-order: common where arrays are row-major",
    refuted="B is not transposed",
    domain=dict(A=real("p m"), X=real("m 3"), B=real("3 3")),
)
def rows_with_factors_not_transposed(dy: Array, A: Array, X: Array, B: Array) -> Any:
    """A X B by rows with the Jacobian A ⊗ B; right is A ⊗ Bᵀ.  (p, m), (m, n), (n, n) -> (p n)"""
    return (np.kron(A, B).T @ dy).reshape(X.shape)


@misstated(det_of_symmetric, "X", source=f"sym-det-unstructured: common; {COOKBOOK}, eq. 49 against 140", refuted=HALF)
def det_of_symmetric_as_if_independent(dy: Array, X: Array) -> Any:
    """det X by X_ij, i ≤ j, with det(X) X⁻ᵀ; right is det(X) (2 X⁻¹ - X⁻¹ ∘ I).  (n, n) -> ()"""
    S = mirrored(X)
    return dy * np.linalg.det(S) * np.triu(np.linalg.inv(S).T)


@misstated(
    log_det_of_symmetric, "X", source=f"sym-logdet-unstructured: common; {COOKBOOK}, eq. 57 against 141", refuted=HALF
)
def log_det_of_symmetric_as_if_independent(dy: Array, X: Array) -> Any:
    """log det X by X_ij, i ≤ j, with X⁻¹; right is 2 X⁻¹ - X⁻¹ ∘ I.  (n, n) -> ()"""
    return dy * np.triu(np.linalg.inv(mirrored(X)))


@misstated(
    inverse_of_symmetric, "X", source=f"sym-inverse-unstructured: common; {COOKBOOK}, eq. 60 against 138", refuted=HALF
)
def inverse_of_symmetric_as_if_independent(dy: Array, X: Array) -> Any:
    """Y = X⁻¹ by X_ij, i ≤ j, with -Y J^ij Y; right is -Y (J^ij + J^ji) Y for i ≠ j.  (n, n) -> (n, n)"""
    Y = np.linalg.inv(mirrored(X))
    return np.triu(-(Y.T @ dy @ Y.T))


@misstated(
    form_of_symmetric_inverse,
    "X",
    source=f"sym-inverse-unstructured: common; {COOKBOOK}, eq. 61 against 138",
    refuted=HALF,
)
def form_of_symmetric_inverse_as_if_independent(dy: Array, X: Array, *, a: Array, b: Array) -> Any:
    """aᵀ X⁻¹ b by X_ij, i ≤ j, with -X⁻¹ a bᵀ X⁻¹ = -u vᵀ; right is -(u vᵀ + v uᵀ - (u vᵀ) ∘ I).  (n, n) -> ()"""
    Y = np.linalg.inv(mirrored(X))
    return -dy * np.triu(np.outer(Y @ a, Y @ b))


@misstated(
    function_among_symmetric,
    "X",
    source=f"sym-rule-is-not-the-gradient: {COOKBOOK}, eq. 138 read as a gradient; Srinivasan & Panda 2019",
    refuted="G + Gᵀ - G ∘ I is the derivative by the free entries: as a gradient its off-diagonals are twice too large",
)
def function_among_symmetric_by_free_entries(dy: Array, X: Array, *, C: Array) -> Any:
    """f(S), S = (X + Xᵀ) / 2, with G + Gᵀ - G ∘ I; right is (G + Gᵀ) / 2.  (n, n) -> ()"""
    G = C * np.cos((X + X.T) / 2)
    return dy * (G + G.T - G * np.eye(len(X), dtype=X.dtype))


@claims(
    source=f"mc-524-missing-transpose: {COOKBOOK}, eq. 524 as read",
    at=dict(X=[[1, 2], [3, 5]], B=[[1, 4], [-2, 3]], a=[1, -1], c=[2, 3]),
    printed={
        "aᵀ X B Xᵀ c": -279,
        "aᵀ X B Xᵀ c, printed vec(X)ᵀ (B ⊗ c aᵀ) vec(X)": erratum(-249, "B must be transposed"),
        "vec(X)ᵀ (Bᵀ ⊗ c aᵀ) vec(X)": -279,
    },
)
def form_of_vec_by_kronecker(X: Any, B: Any, a: Any, c: Any) -> dict[str, Any]:
    """aᵀ X B Xᵀ c as a quadratic form in vec(X)."""
    x, outer = X.T.ravel(), np.outer(c, a)
    return {
        "aᵀ X B Xᵀ c": a @ X @ B @ X.T @ c,
        "aᵀ X B Xᵀ c, printed vec(X)ᵀ (B ⊗ c aᵀ) vec(X)": a @ X @ B @ X.T @ c,
        "vec(X)ᵀ (Bᵀ ⊗ c aᵀ) vec(X)": x @ np.kron(B.T, outer) @ x,
    }
