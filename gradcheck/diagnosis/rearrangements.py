"""Entries in the wrong place: transposed, permuted, reversed, shifted, repeated, sorted, reshaped, swapped with another's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake
from gradcheck.results import Array

Change = Callable[[Array], Array]
# Permutations of more axes than this are too many to try.
AXES = 5


def on_true(change: Change, rank: int | None = None) -> Callable[[Look, int], Array | None]:
    """Changes the truth, where it has the rank that the mistake was seen at."""

    def apply(look: Look, k: int) -> Array | None:
        true = look.true[k]
        return None if rank is not None and true.ndim != rank else change(true)

    return apply


def exchanged(look: Look, k: int) -> Iterator[Mistake]:
    """The cotangent of another argument, or its negative, or the sum of several arguments' cotangents."""
    for j, name in enumerate(look.names):
        if j != k:
            yield Mistake(f"is the cotangent of {name}", partial(lambda look, k, j: look.true[j], j=j))
            yield Mistake(f"is minus the cotangent of {name}", partial(lambda look, k, j: -look.true[j], j=j))
            if look.true[j].shape == look.true[k].shape:
                yield Mistake(
                    f"has the cotangent of {name} added to it",
                    partial(lambda look, k, j: look.true[k] + look.true[j], j=j),
                )


def rearranged(look: Look, k: int) -> Iterator[Mistake]:
    """Transposed, with permuted axes, reversed, shifted, or read in another order."""
    true = look.true[k]
    rank = true.ndim
    for axes in itertools.permutations(range(rank)) if rank <= AXES else ():
        if axes != tuple(range(rank)):
            text = "is the transpose of the right value" if rank == 2 else f"has its axes permuted by {axes}"
            yield Mistake(text, on_true(partial(lambda t, axes: t.transpose(axes), axes=axes), rank))
    for axis in range(rank):
        yield Mistake(
            f"is reversed along axis {axis}", on_true(partial(lambda t, axis: np.flip(t, axis), axis=axis), rank)
        )
    if rank > 1:
        yield Mistake("is reversed along every axis", on_true(np.flip, rank))
    for axis, shift in itertools.product(range(rank), (1, -1, 2, -2)):
        yield Mistake(
            f"is shifted by {shift} along axis {axis}",
            on_true(partial(lambda t, a, s: np.roll(t, s, a), a=axis, s=shift), rank),
        )
        yield Mistake(
            f"is shifted by {shift} along axis {axis}, with zeros moved in",
            on_true(partial(lambda t, a, s: shifted(t, s, a), a=axis, s=shift), rank),
        )
    for shift in (1, -1) if rank > 1 else ():
        yield Mistake(
            f"is shifted by {shift} in flat order",
            on_true(partial(lambda t, s: np.roll(t.ravel(), s).reshape(t.shape), s=shift)),
        )
    if rank > 1:
        text = "has its entries in column order where row order is right"
        yield Mistake(text, on_true(lambda t: t.ravel("F").reshape(t.shape)))
        yield Mistake(
            "has its entries in row order where column order is right",
            on_true(lambda t: t.ravel().reshape(t.shape, order="F")),
        )


def shifted(true: Array, shift: int, axis: int) -> Array:
    """A shift that lets entries fall off one end and brings zeros in at the other."""
    rolled = np.moveaxis(np.roll(true, shift, axis), axis, 0).copy()
    if shift > 0:
        rolled[:shift] = 0
    else:
        rolled[shift:] = 0
    return np.moveaxis(rolled, 0, axis)


def reordered(look: Look, k: int) -> Iterator[Mistake]:
    """Two slices exchanged, one repeated everywhere, sorted, or halves interleaved."""
    rank = look.true[k].ndim
    for axis in range(rank):
        for text, i, j in (("first two", 0, 1), ("last two", -1, -2), ("first and the last", 0, -1)):
            yield Mistake(
                f"has the {text} slices along axis {axis} exchanged",
                on_true(partial(lambda t, a, i, j: with_exchanged(t, i, j, a), a=axis, i=i, j=j), rank),
            )
        for text, i in (("first", 0), ("last", -1)):
            yield Mistake(
                f"has its {text} slice along axis {axis} in place of all others",
                on_true(
                    partial(lambda t, a, i: np.broadcast_to(np.take(t, [i], a), t.shape) if t.size else t, a=axis, i=i),
                    rank,
                ),
            )
        for text, i, j in (("first", 0, 1), ("second", 1, 0), ("last", -1, -2), ("last but one", -2, -1)):
            yield Mistake(
                f"has its {text} slice along axis {axis} also in place of its neighbour",
                on_true(partial(lambda t, a, i, j: with_repeated(t, i, j, a), a=axis, i=i, j=j), rank),
            )
        yield Mistake(f"is sorted along axis {axis}", on_true(partial(lambda t, a: np.sort(t, a), a=axis), rank))
        yield Mistake(
            f"has the halves of axis {axis} exchanged",
            on_true(partial(lambda t, a: np.fft.fftshift(t, a), a=axis), rank),
        )
        yield Mistake(
            f"has the halves of axis {axis} exchanged",
            on_true(partial(lambda t, a: np.fft.ifftshift(t, a), a=axis), rank),
        )


def with_exchanged(true: Array, i: int, j: int, axis: int) -> Array:
    """Two slices exchanged."""
    if true.shape[axis] < 2:
        return true
    found = np.moveaxis(true, axis, 0).copy()
    found[[i, j]] = found[[j, i]]
    return np.moveaxis(found, 0, axis)


def with_repeated(true: Array, i: int, j: int, axis: int) -> Array:
    """Slice i written over slice j."""
    if true.shape[axis] < 2:
        return true
    found = np.moveaxis(true, axis, 0).copy()
    found[j] = found[i]
    return np.moveaxis(found, 0, axis)
