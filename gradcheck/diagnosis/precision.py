"""The right value with digits lost: rounded to a lower precision, to decimals, or with noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake
from gradcheck.results import Array

# Irregular differences of such a part of the right value are called noise.
NOISE = (4e-15, 1e-5)


def rounded(look: Look, k: int) -> Iterator[Mistake]:
    """Rounded to float32, float16, bfloat16 or to some decimals."""
    if look.claimed[k].shape != look.true[k].shape:
        return
    if np.iscomplexobj(look.true[k]):
        return
    for name, to in PRECISIONS.items():
        if representable(look.claimed[k], to):
            yield Mistake(f"is the right value rounded to {name}", nearest(to))
    for digits in range(8):
        to = decimals(digits)
        if representable(look.claimed[k], to):
            yield Mistake(f"is the right value rounded to {digits} decimals", nearest(to))


def decimals(digits: int) -> Callable[[Array], Array]:
    """Rounds to so many decimals."""
    return lambda t: np.asarray(np.round(t, digits))


def to_bfloat16(x: Array) -> Array:
    """Rounded to the eight significant bits of a bfloat16, ties to even."""
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    kept = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return np.asarray(kept.astype(np.uint32).view(np.float32).astype(x.dtype))


PRECISIONS: dict[str, Callable[[Array], Array]] = {
    "single precision (float32)": lambda t: t.astype(np.float32).astype(t.dtype),
    "half precision (float16)": lambda t: t.astype(np.float16).astype(t.dtype),
    "bfloat16": to_bfloat16,
}


def representable(mine: Array, to: Callable[[Array], Array]) -> bool:
    """Whether rounding leaves the claim as it is."""
    with np.errstate(all="ignore"):
        return bool(mine.any()) and np.array_equal(to(mine), mine)


def nearest(to: Callable[[Array], Array]) -> Callable[[Look, int], Array | None]:
    """The truth rounded; where the claim lies on the other side of a rounding boundary, by an ULP, that neighbour."""

    def apply(look: Look, k: int) -> Array | None:
        mine, true = look.claimed[k], look.true[k]
        if mine.shape != true.shape or (not representable(mine, to) and mine.any()):
            return to(true)
        near = [to(true * f) for f in (1.0, 1 - 1e-12, 1 + 1e-12)]
        return np.where(mine == near[1], near[1], np.where(mine == near[2], near[2], near[0]))

    return apply


def noisy(look: Look, k: int) -> Iterator[Mistake]:
    """Small irregular differences in both directions: said, but no correction follows from it."""
    mine, true = look.claimed[k], look.true[k]
    if mine.shape != true.shape or np.iscomplexobj(true) or (true != 0).sum() < 4:
        return
    ratio = mine[true != 0] / true[true != 0] - 1
    worst = float(np.abs(ratio).max())
    if NOISE[0] < worst < NOISE[1] and (ratio > 0).any() and (ratio < 0).any():
        yield Mistake(
            f"is right to about {worst:.1g} of its size, too large here and too small there,"
            " as by a lower precision or by noise",
            within=worst,
        )
