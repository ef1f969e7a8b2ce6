"""Eigenvalues, singular values and the exponential of matrices of balls, each with a certified derivative.

Small matrices of symbols have closed forms instead.

Values and vectors are Arb's enclosures (a root isolated from all others); derivatives are first-order perturbation
formulas evaluated on them, so that they are enclosed too.  Which of v and -v is meant is read off LAPACK's floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.lifted import closed_forms
from gradcheck.lifted.array import Lifted, NotLiftable, System, lifted
from gradcheck.lifted.balls import midpoints, moves
from gradcheck.lifted.factors import floats, real_only, undecided
from gradcheck.lifted.linalg import Function, batched
from gradcheck.lifted.symbols import Symbols
from gradcheck.results import Array

EighResult: Any = type(np.linalg.eigh(np.eye(1)))
SVDResult: Any = type(np.linalg.svd(np.eye(1)))

# Operations of a QR iteration in multiples of n³, a heuristic.
ITERATION = 30


def triangle(a: Lifted, uplo: str) -> Lifted:
    """The symmetric matrix of which LAPACK reads the lower ("L") or the upper triangle."""
    a = a if uplo.upper() == "L" else a.T
    return np.tril(a) + np.tril(a, -1).T  # type: ignore[no-any-return]


def pairs(s: Lifted) -> tuple[Array, Array]:
    """Enclosures of the eigenvalues of a symmetric matrix, ascending, and of eigenvectors of length 1, as columns.

    The eigenvectors of isolated real eigenvalues are multiples of real ones: dividing by the largest entry shows them.
    """
    from flint import acb_mat, arb_mat

    n = len(s)
    if not s.system.finite(s).all():
        raise NotLiftable("eigenvalues of a matrix that is not finite")
    s.system.count(ITERATION * n**3)
    try:
        values, vectors = acb_mat(arb_mat(s.value.tolist())).eig(right=True)
    except ValueError:
        reason = "repeated eigenvalues (or singular values): their vectors have no derivative there"
        raise undecided(s.system, reason) from None
    order = sorted(range(n), key=lambda i: float(values[i].real))
    columns = []
    for i in order:
        column = [vectors[k, i] for k in range(n)]
        pivot = max(column, key=lambda x: float(abs(x).mid()))
        real = np.array([(x / pivot).real for x in column], dtype=object)
        columns.append(real / (real @ real).sqrt())
    return np.array([values[i].real for i in order], dtype=object), np.array(columns, dtype=object).T


def oriented(v: Array, near: Array) -> Array:
    """The columns of v with the signs of those of `near`.  Raises NotLiftable where they are not the same vectors."""
    likeness = np.sum(midpoints(v) * near, axis=0)
    if (np.abs(likeness) < 0.9).any():
        raise NotLiftable("eigenvalues too close for floats: LAPACK's vectors, which tell the signs, are others")
    return np.asarray(v * np.where(likeness < 0, -1, 1))


def turning(values: Array, vectors: Array, ds: Array) -> tuple[Array, Array]:
    """Derivatives of eigenvalues and eigenvectors of a symmetric matrix that moves along `ds`.

    dλ_i = v_iᵀ ds v_i and dv_j = Σ v_i (v_iᵀ ds v_j) / (λ_j - λ_i), i ≠ j.
    Magnus & Neudecker 1999, chapter 8, section 9.
    """
    moved, n = vectors.T @ ds @ vectors, len(values)
    mixing = np.full((n, n), 0 * values[0], dtype=object)
    for i, j in zip(*np.nonzero(~np.eye(n, dtype=bool)), strict=True):
        mixing[i, j] = moved[i, j] / (values[j] - values[i])
    return np.diagonal(moved).copy(), vectors @ mixing


def eigh(a: Lifted, UPLO: str = "L", *, lapack: Function = np.linalg.eigh) -> Any:
    """np.linalg.eigh of one matrix with distinct eigenvalues.

    The signs are those of ``lapack(floats, UPLO)``: they are others for another triangle or routine.
    """
    s = triangle(real_only(a), UPLO)
    if isinstance(s.system, Symbols):
        values, vectors = closed_forms.pairs(s, "eigh")
        return EighResult(values, closed_forms.oriented(vectors, lapack(floats(s), UPLO)[1]))
    values, vectors = pairs(s)
    vectors = oriented(vectors, lapack(floats(s), UPLO)[1])
    return EighResult(*(Lifted(s.system, *channels, s.dtype) for channels in with_tangents(s, values, vectors)))


def with_tangents(s: Lifted, values: Array, vectors: Array) -> list[tuple[Array, Array | None]]:
    """Eigenvalues and eigenvectors, each with its tangent where the matrix moves."""
    if s.companion is None or not moves(s.companion):
        return [(values, None), (vectors, None)]
    return list(zip((values, vectors), turning(values, vectors, s.companion), strict=True))


def eigvalsh(a: Lifted, UPLO: str = "L") -> Lifted:
    """np.linalg.eigvalsh of one matrix with distinct eigenvalues."""
    s = triangle(real_only(a), UPLO)
    if isinstance(s.system, Symbols):
        return closed_forms.eigenvalues(s, "eigvalsh")[0]  # type: ignore[no-any-return]
    return Lifted(s.system, *with_tangents(s, *pairs(s))[0], s.dtype)


def svd(a: Lifted, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """np.linalg.svd of one matrix with distinct singular values, none of them 0.

    From the eigenvalues of aᵀ a: that squares the condition, which costs bits here and no certainty.
    """
    a = real_only(a)
    if not compute_uv:
        return svdvals(a)
    if full_matrices and a.shape[0] != a.shape[1]:
        raise NotLiftable("svd with full_matrices=True completes by arbitrary vectors: use full_matrices=False")
    near = np.linalg.svd(floats(a), full_matrices=False)
    if a.shape[0] >= a.shape[1]:
        return SVDResult(*tall_svd(a, near[2].T))
    u, s, vh = tall_svd(a.T, near[0])
    return SVDResult(vh.T, s, u.T)


def tall_svd(a: Lifted, near: Array) -> tuple[Lifted, Lifted, Lifted]:
    """u, s, vh of a matrix with at least as many rows as columns; the columns of `near` tell the signs of v."""
    s, v = singular(a)
    v = v * np.where(np.sum(floats(v) * near, axis=0) < 0, -1, 1)
    return a @ v / s, s, v.T


def singular(a: Lifted) -> tuple[Any, Any]:
    """Singular values of a matrix with at least as many rows as columns, descending, and its right vectors."""
    s = a.T @ a
    if isinstance(a.system, Symbols):
        squares, v = closed_forms.pairs(s, "svd")
        closed_forms.sign(squares[0], "a singular value is 0: it has no derivative there, nor have its vectors")
        return np.sqrt(squares)[::-1], v[:, ::-1]
    squares, v = (Lifted(a.system, *channels, a.dtype) for channels in with_tangents(s, *pairs(s)))
    if any(x.contains(0) for x in squares.value):
        raise undecided(a.system, "a singular value is 0: it has no derivative there, nor have its vectors")
    return np.sqrt(squares)[::-1], v[:, ::-1]


def svdvals(a: Lifted) -> Any:
    """The singular values of one matrix, distinct and not 0."""
    a = real_only(a)
    return singular(a if a.shape[0] >= a.shape[1] else a.T)[0]


def expm(system: System, a: Any) -> Lifted:
    """scipy.linalg.expm of one matrix, by Arb; its derivative along e is the corner of exp [[a, e], [0, a]].

    Van Loan, "Computing integrals involving the matrix exponential", 1978; Higham 2008, theorem 3.6.
    """
    from flint import arb_mat

    a = real_only(lifted(system, a))
    if isinstance(system, Symbols):
        return closed_forms.expm(a)  # type: ignore[no-any-return]
    n = len(a)
    system.count(ITERATION * n**3)
    if a.companion is None or not moves(a.companion):
        return Lifted(system, np.array(arb_mat(a.value.tolist()).exp().table(), dtype=object), None, a.dtype)
    block = np.block([[a.value, a.companion], [0 * a.value, a.value]])
    both = np.array(arb_mat(block.tolist()).exp().table(), dtype=object)
    return Lifted(system, both[:n, :n], both[:n, n:], a.dtype)


TABLE: dict[str, Function] = {
    "linalg.eigh": batched(eigh),
    "linalg.eigvalsh": batched(eigvalsh),
    "linalg.svd": batched(svd),
    "linalg.svdvals": batched(svdvals),
}
