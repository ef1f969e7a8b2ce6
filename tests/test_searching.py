"""The search: bugs that show in one region only are found within 200 points, and shrunk to the obvious smallest input."""

import numpy as np
import pytest

from gradcheck import searching
from gradcheck.cases import Case
from gradcheck.domains import choice, index, real
from gradcheck.rules import Rule
from reference.broadcasting import unbroadcast

EXAMPLES = 200
SEEDS = (0, 1, 2)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of its own for each test."""
    monkeypatch.setenv("GRADCHECK_CACHE", str(tmp_path / "cache"))


def doubled(wrong):
    """2 x, whose pullback is half too large where `wrong(x)` is true."""

    def rule(x):
        return 2 * x, lambda dy: np.where(wrong(x), 3 * dy, 2 * dy).astype(x.dtype)

    return rule


def product(wrong):
    """a b, broadcasting; db is zero where ``wrong(a, b)`` is true."""

    def rule(a, b):
        def pullback(dy):
            return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape) * (not wrong(a, b))

        return a * b, pullback

    return rule


def taken(x, *, indices):
    """x[indices], where a repeated one is counted once."""

    def pullback(dy):
        dx = np.zeros_like(x)
        dx[indices] = dy
        return dx

    return x[indices], pullback


def summed(x, *, axis):
    """The sum along an axis; its cotangent is wrong for negative ones."""
    y = x.sum(axis)
    return y, lambda dy: np.broadcast_to(np.expand_dims(dy, axis), x.shape) * (2 if axis < 0 else 1)


def largest(x):
    """max(x), whose pullback gives all of dy to each of several largest ones."""
    return x.max(), lambda dy: dy * (x == x.max())


def in_float32(x):
    return 2 * x, lambda dy: 3 * dy if x.dtype == np.float32 else 2 * dy


def raising(x):
    def pullback(dy):
        if x.size > 2:
            raise IndexError("three")
        return dy

    return x + 0, pullback


WIDE = dict(x=real("n", -10, 10))
PAIR = dict(a=real("*b"), b=real("?b"))
# The rule, its domain, and what is true of the smallest point.
BUGS = {
    "only for x > 3": (doubled(lambda x: x > 3), WIDE, lambda x: x.tolist() == [4.0]),
    "only for x < -3": (doubled(lambda x: x < -3), WIDE, lambda x: x.tolist() == [-4.0]),
    "only at 0": (doubled(lambda x: x == 0), WIDE, lambda x: x.tolist() == [0.0]),
    "only near 0": (doubled(lambda x: (x != 0) & (abs(x) < 1e-4)), WIDE, lambda x: x.size == 1 and abs(x[0]) == 1e-8),
    "only at a bound": (doubled(lambda x: x == 10), WIDE, lambda x: x.tolist() == [10.0]),
    "only at a kink": (
        doubled(lambda x: x == 0.5),
        dict(x=real("n", kinks=(0.5,))),
        lambda x: x.tolist() == [0.5],
    ),
    "only at a special value": (
        doubled(lambda x: x == 700),
        dict(x=real("n", at=(700.0,))),
        lambda x: x.tolist() == [700.0],
    ),
    "only at ties": (
        doubled(lambda x: np.full(x.shape, len(set(x.tolist())) < x.size)),
        WIDE,
        lambda x: x.tolist() == [0, 0],
    ),
    "ties of the largest": (largest, WIDE, lambda x: x.tolist() == [0, 0]),
    "only for n > 8": (doubled(lambda x: np.full(x.shape, x.size > 8)), WIDE, lambda x: x.tolist() == [0.0] * 9),
    "only for n = 1": (
        doubled(lambda x: np.full(x.shape, len(x) == 1)),
        dict(x=real("n k")),
        lambda x: x.tolist() == [[0.0]],
    ),
    "only for even n": (doubled(lambda x: np.full(x.shape, len(x) % 2 == 0)), WIDE, lambda x: x.tolist() == [0.0, 0.0]),
    "everywhere": (doubled(lambda x: True), WIDE, lambda x: x.tolist() == [0.0]),
    "a broadcast second axis": (
        product(lambda a, b: a.ndim == b.ndim == 2 and b.shape[1] == 1 < a.shape[1]),
        PAIR,
        lambda a, b: a.shape == (1, 2) and b.shape == (1, 1) and set(a.ravel()) <= {0.0, 1.0} and b.item() == 0.0,
    ),
    "a dropped axis": (
        product(lambda a, b: b.ndim < a.ndim),
        PAIR,
        lambda a, b: a.tolist() == [1.0] and b.tolist() == 0.0,
    ),
    "repeated indices": (
        taken,
        dict(x=real("n"), indices=index("n", "m")),
        lambda x, indices: x.tolist() == [0.0] and indices.tolist() == [0, 0],
    ),
    "only for a negative axis": (
        summed,
        dict(x=real("n k"), axis=choice(0, 1, -1)),
        lambda x, axis: x.tolist() == [[0.0]] and axis == -1,
    ),
    "only in float32": (in_float32, WIDE, lambda x: x.tolist() == [0.0] and x.dtype == np.float32),
    "the pullback raises for n > 2": (raising, WIDE, lambda x: x.tolist() == [0.0] * 3),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("function", "domain", "obvious"), BUGS.values(), ids=BUGS)
def test_a_bug_of_one_region_is_missed_or_its_smallest_point_is_not_the_obvious_one(function, domain, obvious, seed):
    found = searching.search(Case(Rule(function, domains={"": domain})), EXAMPLES, seed=seed)
    assert found.smallest is not None, str(found)
    assert found.tried <= EXAMPLES
    assert obvious(*found.smallest.args, **found.smallest.params), str(found)
