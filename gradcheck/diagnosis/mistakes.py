"""A mistake as data: a sentence, and the correction that turns the true cotangent into the claimed one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.results import Array

# A mistake explains a claim when it gives it to within rounding, and leaves little of the difference.
CLOSE, LEFT = 1e-9, 1e-3
# What evaluation in floating point leaves, of an entry, and of the largest where entries cancel.
ROUNDING, SLACK = 1e-13, 4e-15
# A mistake that is known by its size alone may be so many times larger elsewhere.
ABOUT = 3.0
# Entries below this part of the largest are judged by the largest.
SMALL = 1e-3


@dataclass(frozen=True)
class Mistake:
    """What was done to the cotangent of one argument.

    text: continues "your dx ...".  apply: gives the claim from the truth of a look, or None where it says nothing.
    undo: the other way round, for what cannot be computed from the truth: gives the truth from the claim.
    inside: where the claim is wrong, when nothing more than the place is known.
    within: how far off the claim is, as a part of the truth, when nothing more than the size is known.
    """

    text: str
    apply: Callable[[Look, int], Array | None] = lambda look, k: None
    undo: Callable[[Look, int], Array | None] | None = None
    inside: Callable[[Look, int], Array | None] | None = None
    within: float | None = None

    @property
    def vague(self) -> bool:
        """Whether no more than a place or a size is known."""
        return self.inside is not None or self.within is not None

    def explains(self, look: Look, k: int, *, silent: bool = True) -> bool:
        """Whether it gives the claim of this look; `silent` where it says nothing about it."""
        mine, true = look.claimed[k], look.true[k]
        if self.inside is not None:
            here = meaningful(self.inside, look, k)
            return silent if here is None else np.array_equal(here, wrong_entries(mine, true))
        if self.within is not None:
            return close(mine, true, ABOUT * self.within)
        if self.undo is not None:
            undone = meaningful(self.undo, look, k)
            return silent if undone is None else close(undone, true)
        given = meaningful(self.apply, look, k)
        return silent if given is None else same(given, mine, true)


def meaningful(change: Callable[[Look, int], Array | None], look: Look, k: int) -> Array | None:
    """What a correction gives; None where it has no meaning, as an axis that arrays of another rank do not have."""
    try:
        with np.errstate(all="ignore"):
            return change(look, k)
    except (IndexError, ValueError, TypeError):
        return None


Family = Callable[[Look, int], Iterable[Mistake]]


def size(*arrays: Array) -> Array:
    """The size of each entry, at least a small part of the largest."""
    each = np.maximum.reduce([np.abs(a) for a in arrays])
    return np.asarray(np.maximum(each, np.max(each, initial=0.0) * SMALL))


def close(a: Array, b: Array, tolerance: float = CLOSE, slack: float = 0.0) -> bool:
    """Whether two gradients are equal but for rounding, entry by entry; slack: what rounding in sums explains."""
    if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return False
    return bool(np.all(np.abs(a - b) <= tolerance * size(a, b) + slack))


def same(given: Array, mine: Array, true: Array) -> bool:
    """Whether what a mistake gives is what is claimed: of a small difference from the truth little may be left."""
    tolerance = CLOSE
    if mine.shape == true.shape and mine.size:
        off = np.abs(mine - true) / np.where(size(mine, true) > 0, size(mine, true), 1.0)
        tolerance = float(np.clip(LEFT * off.max(), ROUNDING, CLOSE))
    return close(np.asarray(given), mine, tolerance, SLACK * float(np.max(np.abs(true), initial=0.0)))


def wrong_entries(mine: Array, true: Array) -> Array:
    """Where two gradients differ by more than rounding, as booleans; all where their shapes differ."""
    if mine.shape != true.shape:
        return np.ones(true.shape, dtype=bool)
    off = np.abs(mine - true) / np.where(size(mine, true) > 0, size(mine, true), 1.0)
    return np.asarray(off > max(ROUNDING, 1e-6 * float(np.max(off, initial=0.0))))
