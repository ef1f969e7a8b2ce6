"""What identities need of matrices: domains (symmetric, tall, with a positive determinant), and an inverse in symbols."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, Spec, made
from gradcheck.results import Array


def symmetric(letter: str = "n", *, shift: float = 0.0) -> Spec:
    """A symmetric matrix; positive definite where shift, times the identity, is large."""

    def make(rng: Generator, draw: Draw) -> Array:
        n = draw.size(letter)
        a = np.round(rng.uniform(-2, 2, (n, n)), 2)
        return np.asarray(a + a.T + shift * n * np.eye(n))

    return made(make, f"symmetric ({letter} {letter})" + (f", plus {shift:g} {letter} I" if shift else ""))


def tall(rows: str = "m", columns: str = "n", *, square: bool = True) -> Spec:
    """A matrix of full column rank, which settles the letter of its rows: one more than columns.

    For proofs it is small: two by two, or of one column where square is False.
    """

    def make(rng: Generator, draw: Draw) -> Array:
        n, m = draw.size(columns), draw.size(columns) + 1
        if draw.role == "small" and n == 2:
            n, m = (2, 2) if square else (1, 3)
        draw.sizes |= {rows: m, columns: n}
        a = np.round(rng.uniform(0.5, 1.5, (m, n)), 3) * rng.choice([-1.0, 1.0], (m, n))
        return np.asarray(a + 2 * np.eye(m, n))

    return made(make, f"full column rank, {rows} > {columns} but for small proofs ({rows} {columns})")


def wide(rows: str = "m", columns: str = "n") -> Spec:
    """A matrix of full row rank: the transpose of a tall one."""
    upright = tall(columns, rows)
    return made(lambda draw: upright.draw(draw).T.copy(), f"full row rank ({rows} {columns})")


def positive_determinant(letter: str = "n") -> Spec:
    """An invertible matrix that is not symmetric, det > 0."""

    def make(rng: Generator, draw: Draw) -> Array:
        n = draw.size(letter)
        return np.asarray(np.round(rng.uniform(-1, 1, (n, n)), 3) + n * np.eye(n))

    return made(make, f"det > 0, not symmetric ({letter} {letter})")


def triangular(letter: str = "n") -> Spec:
    """A matrix whose lower triangle has a positive diagonal; what stands above it is not to be read."""

    def make(rng: Generator, draw: Draw) -> Array:
        n = draw.size(letter)
        a = np.round(rng.uniform(-1, 1, (n, n)), 3)
        return np.asarray(a + np.diag(np.round(rng.uniform(2, 3, n), 3)))

    return made(make, f"positive diagonal ({letter} {letter})")


def symbolic_inverse(sympy: Any, X: Any) -> Any:
    """X⁻¹ as a sympy matrix, by the adjugate: small ones stay short, and sympy need not simplify."""
    M = sympy.Matrix(X)
    return M.adjugate() / M.det()
