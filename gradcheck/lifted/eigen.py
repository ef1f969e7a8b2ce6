"""Real eigenvalues and eigenvectors of matrices that need not be symmetric, each with a certified derivative.

Values and vectors are Arb's enclosures, those of two rows of symbols a closed form; LAPACK's floats tell their order
and which of v and -v is meant.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.lifted import closed_forms
from gradcheck.lifted.array import Lifted, NotLiftable
from gradcheck.lifted.balls import moves
from gradcheck.lifted.factors import floats, real_only, undecided
from gradcheck.lifted.linalg import Function, batched
from gradcheck.lifted.spectral import ITERATION, oriented
from gradcheck.lifted.symbols import Symbols, shadow
from gradcheck.results import Array

EigResult: Any = type(np.linalg.eig(np.eye(1)))
COMPLEX = "complex eigenvalues are not known to exact arithmetic: give a matrix whose eigenvalues are real"


def enclosures(a: Lifted) -> tuple[Array, Array]:
    """Enclosures of eigenvalues, ascending, and of eigenvectors of length 1, as columns.

    An eigenvalue isolated from all others whose enclosure meets the real line is its own conjugate: it is real.
    """
    from flint import acb_mat, arb_mat

    n = len(a)
    if not a.system.finite(a).all():
        raise NotLiftable("eigenvalues of a matrix that is not finite")
    a.system.count(ITERATION * n**3)
    try:
        values, vectors = acb_mat(arb_mat(a.value.tolist())).eig(right=True)
    except ValueError:
        raise undecided(a.system, "repeated eigenvalues have no derivative, nor have their vectors") from None
    if not all(v.imag.contains(0) for v in values):
        raise NotLiftable(COMPLEX)
    order = sorted(range(n), key=lambda i: float(values[i].real))
    columns = []
    for i in order:
        column = [vectors[k, i] for k in range(n)]
        pivot = max(column, key=lambda x: float(abs(x).mid()))
        real = np.array([(x / pivot).real for x in column], dtype=object)
        columns.append(real / (real @ real).sqrt())
    return np.array([values[i].real for i in order], dtype=object), np.array(columns, dtype=object).T


def turning(values: Array, vectors: Array, da: Array) -> tuple[Array, Array]:
    """Derivatives of eigenvalues and of eigenvectors of length 1 of a matrix that moves along `da`.

    With m = v⁻¹ da v: dλ_i = m_ii, dv_j = Σ v_i m_ij / (λ_j - λ_i), i ≠ j, less its part along v_j.
    """
    from flint import arb_mat

    inverse = np.array(arb_mat(vectors.tolist()).inv().table(), dtype=object)
    moved, n = inverse @ da @ vectors, len(values)
    mixing = np.full((n, n), 0 * values[0], dtype=object)
    for i, j in zip(*np.nonzero(~np.eye(n, dtype=bool)), strict=True):
        mixing[i, j] = moved[i, j] / (values[j] - values[i])
    turned = vectors @ mixing
    return np.diagonal(moved).copy(), turned - vectors * (vectors * turned).sum(0)


def closed(a: Lifted) -> tuple[Any, Any]:
    """Eigenvalues, ascending, and eigenvectors of length 1 of up to two rows of symbols.

    Of [[a, b], [c, d]] both (λ - d, c) and (b, λ - a) are eigenvectors: the one that does not cancel is taken.
    """
    closed_forms.fits(len(a), "eig")
    if len(a) < closed_forms.LARGEST:
        return np.diagonal(a), a.system.constant(np.eye(len(a), dtype=int))
    mean, half = (a[0, 0] + a[1, 1]) / 2, (a[0, 0] - a[1, 1]) / 2
    b, c = a[0, 1], a[1, 0]
    square = half * half + b * c
    if closed_forms.sign(square, "repeated eigenvalues have no derivative, nor have their vectors") < 0:
        raise NotLiftable(COMPLEX)
    radius: Any = np.sqrt(square)
    if shadow(half) >= 0:
        x, y = np.stack([b, half + radius]), np.stack([-half - radius, c])
    else:
        x, y = np.stack([half - radius, b]), np.stack([c, radius - half])
    return np.stack([mean - radius, mean + radius]), np.stack([x, y]) / np.sqrt(x * x + y * y)


def eig(a: Lifted) -> Any:
    """np.linalg.eig of one real matrix with real and distinct eigenvalues, in LAPACK's order."""
    a = real_only(a)
    near, directions = np.linalg.eig(floats(a))
    if np.iscomplexobj(near):
        raise NotLiftable(COMPLEX)
    places = near.argsort().argsort()
    if isinstance(a.system, Symbols):
        values, vectors = closed(a)
        return EigResult(values[places], closed_forms.oriented(vectors[:, places], directions))
    values, vectors = enclosures(a)
    values, vectors = values[places], oriented(vectors[:, places], directions)
    if a.companion is None or not moves(a.companion):
        return EigResult(Lifted(a.system, values, None, a.dtype), Lifted(a.system, vectors, None, a.dtype))
    tangents = turning(values, vectors, a.companion)
    channels = zip((values, vectors), tangents, strict=True)
    return EigResult(*(Lifted(a.system, value, tangent, a.dtype) for value, tangent in channels))


TABLE: dict[str, Function] = {
    "linalg.eig": batched(eig),
    "linalg.eigvals": batched(lambda a: eig(a).eigenvalues),
}
