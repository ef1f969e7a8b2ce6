"""Sums and means: one that is missing or too many, one in place of the other, and `=` where `+=` belongs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake
from gradcheck.diagnosis.rearrangements import on_true
from gradcheck.results import Array


def missing(look: Look, k: int) -> Iterator[Mistake]:
    """The claim has axes too many: summed over them it is right."""
    mine, true = look.claimed[k], look.true[k]
    if mine.ndim < true.ndim or mine.size <= true.size:
        return
    axes = [a for a in range(mine.ndim) if mine.shape[a] != 1]
    for count in range(1, len(axes) + 1):
        for chosen in itertools.combinations(axes, count):
            if mine.size // int(np.prod([mine.shape[a] for a in chosen])) != true.size:
                continue
            word = f"axis {chosen[0]}" if count == 1 else f"axes {', '.join(map(str, chosen))}"
            yield Mistake(f"lacks the sum over the broadcast {word}", undo=summed(chosen, mine.ndim))


def squeezed(look: Look, k: int) -> Iterator[Mistake]:
    """The right numbers in another shape."""
    mine, true = look.claimed[k], look.true[k]
    if mine.size != true.size or mine.shape == true.shape:
        return
    ones = [n for n in mine.shape if n != 1] == [n for n in true.shape if n != 1]
    text = "lacks axes of size 1" if mine.ndim < true.ndim else "has axes of size 1 too many"
    yield Mistake(
        text if ones else "has the right entries in another shape",
        undo=lambda look, k: (
            look.claimed[k].reshape(look.true[k].shape) if look.claimed[k].size == look.true[k].size else None
        ),
    )


def summed(axes: tuple[int, ...], rank: int) -> Callable[[Look, int], Array | None]:
    """Sums the claim over axes."""

    def undo(look: Look, k: int) -> Array | None:
        mine = look.claimed[k]
        if mine.ndim != rank:
            return None
        found = mine.sum(axes)
        return found.reshape(look.true[k].shape) if found.size == look.true[k].size else None

    return undo


def extra(look: Look, k: int) -> Iterator[Mistake]:
    """A sum or mean too many, spread over the axis again or not."""
    rank = look.true[k].ndim
    for axis in (*range(rank), None):
        where = f"over axis {axis}" if axis is not None else "over all entries"
        if axis is None and rank < 2:
            continue
        for word, reduce in (("summed", np.sum), ("averaged", np.mean), ("reduced by max", np.max)):
            yield Mistake(
                f"is {word} {where} where it must not be",
                on_true(
                    partial(lambda t, a, r: np.broadcast_to(r(t, a, keepdims=True), t.shape), a=axis, r=reduce), rank
                ),
            )
            for keep in (False, True):
                yield Mistake(
                    f"is {word} {where} where it must not be",
                    on_true(partial(lambda t, a, r, keep: r(t, a, keepdims=keep), a=axis, r=reduce, keep=keep), rank),
                )
        if axis is not None:
            yield Mistake(
                f"has its mean over axis {axis} subtracted",
                on_true(partial(lambda t, a: t - t.mean(a, keepdims=True), a=axis), rank),
            )
            yield Mistake(
                f"is accumulated along axis {axis}", on_true(partial(lambda t, a: np.cumsum(t, a), a=axis), rank)
            )
            yield Mistake(
                f"is accumulated backwards along axis {axis}",
                on_true(partial(lambda t, a: np.flip(np.cumsum(np.flip(t, a), a), a), a=axis), rank),
            )
            for text, i in (("first", 0), ("last", -1)):
                yield Mistake(
                    f"is only the {text} slice of the right value along axis {axis}",
                    on_true(partial(lambda t, a, i: np.take(t, i, a), a=axis, i=i), rank),
                )
        else:
            yield Mistake("has its mean subtracted", on_true(lambda t: t - t.mean(), rank))


def accumulation(look: Look, k: int) -> Iterator[Mistake]:
    """Of several outputs that an entry flows into only the last or first counts, or their mean."""
    if np.iscomplexobj(look.args[k]) or look.jacobian() is None:
        return
    yield Mistake(
        "is overwritten where it must accumulate: of several uses of an entry only the last counts (`=` for `+=`)",
        from_contributions(lambda c: pick(c, -1)),
    )
    yield Mistake("counts only the first of several uses of an entry", from_contributions(lambda c: pick(c, 0)))
    yield Mistake(
        "is a mean over the uses of each entry where a sum belongs",
        from_contributions(lambda c: c.sum(1) / np.maximum((c != 0).sum(1), 1)),
    )
    yield Mistake(
        "is a sum over the uses of each entry where a mean belongs",
        from_contributions(lambda c: c.sum(1) * (c != 0).sum(1)),
    )


def from_contributions(change: Callable[[Array], Array]) -> Callable[[Look, int], Array | None]:
    """A change of what each output contributes (axis 1) to each entry (axis 0)."""

    def apply(look: Look, k: int) -> Array | None:
        jacobian = look.jacobian()
        if jacobian is None or not look.true[k].size:
            return None
        return change(jacobian.contributions(k, look.dy)).reshape(look.true[k].shape)

    return apply


def pick(contributions: Array, which: int) -> Array:
    """The first (0) or last (-1) contribution in each row that is not zero; 0 in a row of zeros."""
    on = contributions != 0
    if not contributions.shape[1]:
        return np.zeros(len(contributions))
    at = on.argmax(1) if which == 0 else contributions.shape[1] - 1 - on[:, ::-1].argmax(1)
    return np.asarray(np.take_along_axis(contributions, at[:, None], 1)[:, 0])
