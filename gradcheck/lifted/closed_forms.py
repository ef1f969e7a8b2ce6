"""Eigenvalues, eigenvectors and the exponential of matrices of symbols, as far as square roots write them: up to 2x2.

Written with NumPy's own operations.  A path condition says where a form holds, such as that eigenvalues are distinct.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.lifted.array import Lifted, NotLiftable
from gradcheck.lifted.factors import floats
from gradcheck.lifted.symbols import Tie, shadow
from gradcheck.results import Array

LARGEST = 2


def fits(n: int, name: str) -> None:
    """Raises NotLiftable for a matrix of more than 2 eigenvalues."""
    if n > LARGEST:
        size = f"{LARGEST}x{LARGEST}"
        raise NotLiftable(f"{name} of size {n} has no formula in symbols above {size}: the exact oracle certifies it")


def sign(x: Lifted, reason: str) -> int:
    """The sign of one number, a path condition.  Raises NotLiftable where it is 0 at the point."""
    try:
        found = int(x.system.order(x, x.system.zeros(())))
    except Tie:
        found = 0
    if not found:
        raise NotLiftable(reason)
    return found


def eigenvalues(s: Lifted, name: str) -> tuple[Any, Any, Any]:
    """Eigenvalues of a symmetric matrix, ascending; of [[a, b], [b, d]] also (a - d) / 2 and the radius, else None."""
    fits(len(s), name)
    if len(s) < LARGEST:
        return np.diagonal(s), None, None
    (a, b), (_, d) = s
    mean, half = (a + d) / 2, (a - d) / 2
    square = half * half + b * b
    sign(square, "repeated eigenvalues (or singular values): they have no derivative there")
    radius: Any = np.sqrt(square)
    return np.stack([mean - radius, mean + radius]), half, radius


def pairs(s: Lifted, name: str) -> tuple[Any, Any]:
    """Eigenvalues, ascending, and eigenvectors of length 1 of a symmetric matrix, as columns of either sign.

    (half + radius, b) belongs to the larger one, as does (b, radius - half): the one that does not cancel is taken.
    """
    values, half, radius = eigenvalues(s, name)
    if radius is None:
        return values, s.system.constant(np.eye(len(s), dtype=int))
    b, positive = s[1, 0], bool(shadow(half) >= 0)
    long = radius + half if positive else radius - half
    x, y = (long, b) if positive else (b, long)
    vectors = np.stack([np.stack([-y, x]), np.stack([x, y])])
    return values, vectors / np.sqrt(2 * radius * long)


def oriented(v: Any, near: Array) -> Any:
    """The columns of v with the signs of those of `near`.  Raises NotLiftable where they are not the same vectors."""
    likeness = np.sum(floats(v) * near, axis=0)
    if (np.abs(likeness) < 0.9).any():
        raise NotLiftable("eigenvalues too close for floats: LAPACK's vectors, which tell the signs, are others")
    return v * np.where(likeness < 0, -1, 1)


def expm(a: Lifted) -> Any:
    """The exponential of a matrix up to 2x2, or of [[a, e], [0, a]], whose corner is the derivative along e.

    Van Loan, "Computing integrals involving the matrix exponential", 1978; Higham 2008, theorem 3.6.
    """
    n = len(a) // 2
    if len(a) in (2, 2 * LARGEST) and not a.value[n:, :n].any() and (a.value[:n, :n] == a.value[n:, n:]).all():
        value, corner = exponential(a[:n, :n], a[:n, n:])
        return np.concatenate(
            [np.concatenate([value, corner], axis=1), np.concatenate([0 * value, value], axis=1)], axis=0
        )
    return exponential(a, 0 * a)[0]


def exponential(a: Lifted, e: Lifted) -> tuple[Any, Any]:
    """The exponential of a matrix, and its derivative along e.

    exp a = exp m (c + s b), with m half the trace, b = a - m, b² = δ² = q, c = cosh δ, s = sinh δ / δ;
    dc = s dq / 2, ds = (c - s) / q dq / 2.  For a negative q, δ is imaginary: cos and sin.
    """
    fits(len(a), "expm")
    if len(a) < LARGEST:
        return np.exp(a), e * np.exp(a)
    eye = a.system.constant(np.eye(len(a), dtype=int))
    mean, dmean = np.trace(a) / 2, np.trace(e) / 2
    b, db = a - mean * eye, e - dmean * eye
    half = (a[0, 0] - a[1, 1]) / 2
    dhalf = (e[0, 0] - e[1, 1]) / 2
    square = half * half + a[0, 1] * a[1, 0]
    dsquare = 2 * half * dhalf + e[0, 1] * a[1, 0] + a[0, 1] * e[1, 0]
    c: Any
    s: Any
    if sign(square, "expm of a matrix with repeated eigenvalues has another formula in symbols") > 0:
        root: Any = np.sqrt(square)
        c, s = np.cosh(root), np.sinh(root) / root
    else:
        root = np.sqrt(-square)
        c, s = np.cos(root), np.sin(root) / root
    value = np.exp(mean) * (c * eye + s * b)
    moved = (s * eye + (c - s) / square * b) * dsquare / 2 + s * db
    return value, dmean * value + np.exp(mean) * moved
