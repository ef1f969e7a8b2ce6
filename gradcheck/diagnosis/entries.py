"""One or two entries wrong: zero, scaled, a copy of another, two exchanged; or cut off pointwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.factors import factor_name, known_factor, simple
from gradcheck.diagnosis.looks import Look, symmetric
from gradcheck.diagnosis.mistakes import Mistake, close, wrong_entries
from gradcheck.results import Array

Index = tuple[int, ...]
Place = Callable[[Look, int], Index | None]


def one_entry(look: Look, k: int) -> Iterator[Mistake]:
    """Right but for a single entry, and what stands there; nothing of that where two readings fit."""
    mine, true = look.claimed[k], look.true[k]
    if mine.shape != true.shape or true.size < 2:
        return
    wrong = np.argwhere(wrong_entries(mine, true))
    if len(wrong) == 2:
        yield from two_entries(look, k, *(tuple(map(int, w)) for w in wrong))
    if len(wrong) != 1:
        return
    at = tuple(map(int, wrong[0]))
    only = "is wrong in a single entry"
    for place in places(at, true):
        yield Mistake(f"{only}, which is zero", with_entry(place, lambda t, i: 0 * t[i]))
        ratio = known_factor(mine[at] / true[at]) if true[at] != 0 else 0.0
        alike = np.argwhere(np.abs(true - mine[at]) <= 1e-9 * np.abs(true).max())
        if ratio == -1 and len(alike):
            # Of the other sign, or a copy of another entry as large: nothing tells these apart.
            continue
        # The nearest of several that are equal.
        for other in sorted(alike, key=lambda other: float(np.abs(other - at).sum())):
            from_ = tuple(map(int, other))
            for source in places(from_, true):
                yield Mistake(f"{only}, which is a copy of entry {list(from_)}", copied(place, source))
        if ratio != 0 and simple(ratio):
            yield Mistake(
                f"{only}, which is {factor_name(ratio)} the right value",
                with_entry(place, partial(lambda t, i, r: r * t[i], r=ratio)),
            )
        gap = known_factor(mine[at] - true[at])
        if simple(gap):
            yield Mistake(
                f"{only}, which is {gap:.6g} too large", with_entry(place, partial(lambda t, i, g: t[i] + g, g=gap))
            )
    yield Mistake(only, inside=single(at))


def single(at: Index) -> Callable[[Look, int], Array | None]:
    """That entry alone."""

    def inside(look: Look, k: int) -> Array | None:
        found = np.zeros(look.true[k].shape, dtype=bool)
        if len(at) != found.ndim or any(i >= n for i, n in zip(at, found.shape, strict=True)):
            return None
        found[at] = True
        return found

    return inside


def two_entries(look: Look, k: int, a: Index, b: Index) -> Iterator[Mistake]:
    """Two entries exchanged."""
    mine, true = look.claimed[k], look.true[k]
    if not close(mine[a], true[b]) or not close(mine[b], true[a]):
        return
    for first in places(a, true):
        for second in places(b, true):

            def apply(look: Look, k: int, p: Place = first, q: Place = second) -> Array | None:
                i, j = p(look, k), q(look, k)
                if i is None or j is None:
                    return None
                found = look.true[k].copy()
                found[i], found[j] = found[j], found[i]
                return found

            yield Mistake(f"has its entries {list(a)} and {list(b)} exchanged", apply)


def with_entry(place: Place, value: Callable[[Array, Index], complex]) -> Callable[[Look, int], Array | None]:
    """The truth with another value in one place."""

    def apply(look: Look, k: int) -> Array | None:
        at = place(look, k)
        if at is None:
            return None
        found = look.true[k].copy()
        found[at] = value(found, at)
        return found

    return apply


def copied(place: Place, source: Place) -> Callable[[Look, int], Array | None]:
    """The truth with one entry written over another."""

    def apply(look: Look, k: int) -> Array | None:
        at, other = place(look, k), source(look, k)
        if at is None or other is None:
            return None
        found = look.true[k].copy()
        found[at] = found[other]
        return found

    return apply


def places(at: Index, true: Array) -> Iterator[Place]:
    """The same place at other looks: that index, from the end, in flat order, in the middle, the largest entry."""
    number = int(np.ravel_multi_index(at, true.shape)) if at else 0
    if not any(at):
        yield lambda look, k: (0,) * look.true[k].ndim
    if number == true.size - 1:
        yield lambda look, k: tuple(n - 1 for n in look.true[k].shape)
    if number == true.size // 2:
        yield lambda look, k: unflat(look.true[k], look.true[k].size // 2)
    if number == int(np.argmax(np.abs(true))):
        yield lambda look, k: unflat(look.true[k], int(np.argmax(np.abs(look.true[k]))))
    if number == int(np.argmin(np.abs(true))):
        yield lambda look, k: unflat(look.true[k], int(np.argmin(np.abs(look.true[k]))))
    yield lambda look, k: at if look.true[k].shape == true.shape else None


def unflat(array: Array, number: int) -> Index:
    """The index of an entry in flat order."""
    return tuple(int(i) for i in np.unravel_index(number, array.shape))


POINTWISE: dict[str, Callable[[Array], Array]] = {
    "is the absolute value of what is right": np.abs,
    "is minus the absolute value of what is right": lambda t: -np.abs(t),
    "is only the sign of what is right": np.sign,
    "is the square of what is right": np.square,
    "is the right value with its negative entries cut off": lambda t: np.maximum(t, 0),
    "is the right value with its positive entries cut off": lambda t: np.minimum(t, 0),
    "is the right value brought to length 1": lambda t: t / np.sqrt(np.square(np.abs(t)).sum()),
    "is the right value with its largest entry brought to 1": lambda t: t / np.abs(t).max(),
    "is tanh of the right value": np.tanh,
    "is the right value rounded to whole numbers": np.round,
    "is one over the right value": lambda t: 1 / t,
    "is the root of the right value, with its sign": lambda t: np.sign(t) * np.sqrt(np.abs(t)),
}
SYMMETRIC_PART = "is the symmetric part of what is right"
MATRICES: dict[str, Callable[[Array], Array]] = {
    SYMMETRIC_PART: lambda t: (t + t.swapaxes(-1, -2)) / 2,
    "is what is right plus its transpose": lambda t: t + t.swapaxes(-1, -2),
    "is what is right minus its transpose": lambda t: t - t.swapaxes(-1, -2),
    "has only the upper triangle of what is right": np.triu,
    "has only the lower triangle of what is right": np.tril,
    "has only the diagonal of what is right": lambda t: np.triu(np.tril(t)),
}


def pointwise(look: Look, k: int) -> Iterator[Mistake]:
    """Something done to every entry, or to a matrix, after the right computation."""
    mine, true = look.claimed[k], look.true[k]
    if mine.shape != true.shape:
        return
    if not np.iscomplexobj(true):
        for text, change in POINTWISE.items():
            yield Mistake(text, partial(lambda look, k, c: c(look.true[k]), c=change))
        bound = float(np.abs(mine).max(initial=0.0))
        if (np.abs(mine) == bound).sum() >= 1 and bound < np.abs(true).max(initial=0.0):
            yield Mistake(
                f"is clipped to ±{bound:.6g}", partial(lambda look, k, b: np.clip(look.true[k], -b, b), b=bound)
            )
        gap = mine - true
        if gap.size > 1 and close(gap, np.full_like(gap, gap.flat[0])):
            shift = known_factor(gap.flat[0])
            if shift != 0:
                yield Mistake(
                    f"is {shift:.6g} too large in every entry", partial(lambda look, k, g: look.true[k] + g, g=shift)
                )
    if true.ndim >= 2 and true.shape[-1] == true.shape[-2] > 1:
        for text, change in MATRICES.items():
            if text == SYMMETRIC_PART and symmetric(look.args[k]):
                # Right to those who differentiate by symmetric matrices alone.
                text += f" ({look.names[k]} being symmetric: where it moves within such matrices alone both are right)"
            yield Mistake(text, partial(lambda look, k, c: square(look.true[k], c), c=change))
    elif true.ndim >= 2:
        for text in list(MATRICES)[3:]:
            yield Mistake(
                text, partial(lambda look, k, c: c(look.true[k]) if look.true[k].ndim > 1 else None, c=MATRICES[text])
            )


def square(true: Array, change: Callable[[Array], Array]) -> Array | None:
    """A change of square matrices; None for what is none."""
    return change(true) if true.ndim > 1 and true.shape[-1] == true.shape[-2] else None
