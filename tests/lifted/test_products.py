"""Products of matrices of balls by Arb: the same numbers as NumPy's loops over objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.lifted import products
from gradcheck.lifted.balls import balls_of, midpoints, precision

DRAWN = np.random.default_rng(3)
PAIRS = {
    "large": ((9, 12), (12, 7)),
    "small": ((2, 3), (3, 2)),
    "a stack": ((3, 9, 12), (12, 7)),
    "vectors": ((12,), (12,)),
    "mixed scales": ((9, 12), (12, 7)),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("function", [(products.matmul, np.matmul), (products.dot, np.dot)], ids=["matmul", "dot"])
def test_products_enclose_the_exact_ones(name: str, function: Any) -> None:
    ours, theirs = function
    a, b = (DRAWN.normal(size=shape) for shape in PAIRS[name])
    if name == "mixed scales":
        a, b = a * 10.0 ** np.arange(-150, 150, 25), b * 10.0 ** np.arange(-90, 78, 24)
    with precision(128):
        found, wanted = ours(balls_of(a), balls_of(b)), theirs(balls_of(a), balls_of(b))
        apart = np.asarray(found - wanted, dtype=object)
        assert all(x.contains(0) for x in apart.flat)
    np.testing.assert_allclose(midpoints(found), theirs(a, b), rtol=1e-12, atol=1e-12 * np.max(np.abs(theirs(a, b))))


EINSUMS = {
    "a product of matrices": ("ij,jk->ik", (9, 12), (12, 7)),
    "transposed": ("ji,kj->ki", (12, 9), (7, 12)),
    "attention": ("bhqd,bhkd->bhqk", (2, 3, 5, 8), (2, 3, 7, 8)),
    "a convolution": ("bhwijc,oijc->bohw", (2, 3, 4, 3, 3, 2), (5, 3, 3, 2)),
    "everything summed": ("ij,ij->", (9, 12), (9, 12)),
    "an outer product": ("i,j->ij", (9,), (7,)),
    "summed in one operand alone": ("ij,jk->k", (9, 12), (12, 7)),
    "a repeated index": ("ii,ij->j", (9, 9), (9, 7)),
    "an ellipsis": ("...ij,jk->...ik", (2, 9, 12), (12, 7)),
    "without an arrow": ("ij,jk", (9, 12), (12, 7)),
    "an axis of one stretched": ("ij,jk->ik", (9, 12), (1, 7)),
    "spaces": ("i j, j k -> i k", (9, 12), (12, 7)),
    "nothing to sum": ("ij,jk->ik", (9, 0), (0, 7)),
}


@pytest.mark.parametrize("name", EINSUMS)
def test_an_einsum_by_matrices_is_another(name: str) -> None:
    subscripts, *shapes = EINSUMS[name]
    a, b = (DRAWN.normal(size=shape) for shape in shapes)
    with precision(128):
        found = products.einsum(subscripts, balls_of(a), balls_of(b))
    np.testing.assert_allclose(midpoints(found), np.einsum(subscripts, a, b), rtol=1e-13, atol=1e-13, strict=True)


def test_infinite_balls_stay_infinite() -> None:
    a = np.full((9, 12), np.inf)
    assert not any(x.is_finite() for x in products.matmul(balls_of(a), balls_of(np.ones((12, 7)))).flat)
