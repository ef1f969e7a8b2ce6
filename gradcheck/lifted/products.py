"""Products of matrices of balls by Arb's own, several times faster than NumPy's loops over objects."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.lifted.array import objects
from gradcheck.lifted.balls import holds_complex
from gradcheck.results import Array

# A heuristic: fewer products than this are not worth the conversion.
WORTH = 256


def matmul(a: Any, b: Any) -> Array:
    """a @ b.  Matrices of balls go to Arb: (n, k), (k, m) -> (n, m)"""
    return by_arb(a, b) if suits(a, b) else objects(np.matmul(a, b))


def dot(a: Any, b: Any) -> Array:
    """np.dot.  Matrices of balls go to Arb: (n, k), (k, m) -> (n, m)"""
    return by_arb(a, b) if suits(a, b) else objects(np.dot(a, b))


def suits(a: Array, b: Array) -> bool:
    """Whether these are two matrices of real balls that fit and are large."""
    from flint import arb

    fit = a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0]
    large = fit and a.size * b.shape[1] >= WORTH and isinstance(a.flat[0], arb) and isinstance(b.flat[0], arb)
    # Tangents of complex numbers may be real in part.
    return large and not holds_complex(a) and not holds_complex(b)


def by_arb(a: Array, b: Array) -> Array:
    """The product of two matrices of balls, rigorous as all that Arb does.  (n, k), (k, m) -> (n, m)

    Source: F. Johansson, "Faster arbitrary-precision dot product and matrix multiplication", ARITH 26 (2019).
    """
    from flint import arb_mat

    left, right = (arb_mat(x.shape[0], x.shape[1], x.ravel().tolist()) for x in (a, b))
    product = np.empty(a.shape[0] * b.shape[1], dtype=object)
    product[:] = (left * right).entries()
    return product.reshape(a.shape[0], b.shape[1])
