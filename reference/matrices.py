"""Matrices that domains draw, and what sympy makes of stacks of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator
from gradcheck.results import Array


def regular(rng: Generator, draw: Draw) -> Array:
    """Two or more matrices, far from singular and not symmetric (b n n)."""
    b, n = draw.size("b"), draw.size("n")
    return np.asarray(np.round(rng.uniform(-1, 1, (b, n, n)), 3) + n * np.diag(rng.choice([-1.0, 1.0], n)))


def singular(rng: Generator) -> Array:
    """A 3 x 3 matrix whose third row is the sum of the others."""
    rows = np.round(rng.uniform(-2, 2, (2, 3)), 2)
    return np.asarray(np.concatenate([rows, rows.sum(0, keepdims=True)]))


def nearly_singular(rng: Generator) -> Array:
    """Matrices at many distances from a singular one, and two singular ones (9 3 3)."""
    apart = np.diag([0, 0, 1]) * np.array([1e-3, 1e-8, 1e-12, 1e-15, 1e-16, 1e-17, 1e-100, 0, 0])[:, None, None]
    return np.asarray(np.stack([singular(rng) for _ in apart]) + apart)


def shifted(rng: Generator) -> Array:
    """A matrix whose eigenvalues lie about 6, others of a diagonal matrix (3 3)."""
    return np.asarray(np.round(rng.uniform(-1, 1, (3, 3)), 3) + np.diag([5.0, 6.0, 7.0]))


def matrices(function: Callable[..., Any]) -> Callable[..., Any]:
    """The sympy twin of a rule for stacks of matrices: ``function(sympy, matrix, **params)`` for each of them."""

    def twin(sympy: Any, x: Array, **params: Any) -> Array:
        if x.ndim > 2:
            return np.array([twin(sympy, m, **params).tolist() for m in x], dtype=object)
        return np.array(function(sympy, sympy.Matrix(x), **params), dtype=object)

    return twin


def sign_of_det(sympy: Any, matrix: Any) -> Any:
    """In pieces: sympy differentiates its sign to a delta function."""
    return sympy.Piecewise((1, matrix.det() > 0), (-1, True))


def log_of_det(sympy: Any, matrix: Any) -> Any:
    """log |det|, as half the log of the square."""
    return sympy.log(matrix.det() ** 2) / 2
