"""Constant factors: signs, fractions, sizes of the problem and their roots; and gradients that are zero or constant."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake
from gradcheck.results import Array

SAME = 1e-9
# The ways in which a size of the problem gets into a factor.
FORMS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("{}", lambda n: n),
    ("1/{}", lambda n: 1 / n),
    ("√{}", math.sqrt),
    ("1/√{}", lambda n: 1 / math.sqrt(n)),
)


def zero(look: Look, k: int) -> Iterator[Mistake]:
    """Zero, or all ones."""
    mine = look.claimed[k]
    if not mine.any():
        yield Mistake("is zero", lambda look, k: np.zeros_like(look.true[k]))
    elif np.ptp(mine.real) == 0 and mine.size > 1:
        value = mine.flat[0]
        yield Mistake(f"is {value:.6g} in every entry", lambda look, k: np.full_like(look.true[k], value))


def factor(look: Look, k: int) -> Iterator[Mistake]:
    """A constant factor; where it is a size of the problem it must be that size at every point."""
    ratio = ratio_of(look.claimed[k], look.true[k])
    if ratio is None or ratio == 0:
        return
    if plain_name(ratio) == "":
        yield from sized(look, ratio)
    yield Mistake(f"is {factor_name(ratio)} the right value", lambda look, k: ratio * look.true[k])
    yield from sized(look, ratio)


def ratio_of(mine: Array, true: Array) -> complex | None:
    """What the largest entry was multiplied by; None where that is 1, or where there is nothing to divide by."""
    if mine.shape != true.shape or not true.any():
        return None
    at = np.unravel_index(int(np.argmax(np.abs(true))), true.shape)
    ratio = mine[at] / true[at]
    known = known_factor(ratio)
    return None if ratio == 1 else known


def known_factor(ratio: complex) -> complex:
    """The factor without its rounding errors, where it is a simple fraction or a short decimal."""
    if abs(np.imag(ratio)) > SAME * abs(ratio):
        return ratio
    value = float(np.real(ratio))
    simple = float(Fraction(value).limit_denominator(64)) if abs(value) > 1e-3 else value
    if abs(simple - value) <= 1e-12 * abs(value):
        return simple
    short = float(f"{value:.10g}")
    return short if abs(short - value) <= 1e-12 * abs(value) else value


def simple(value: complex) -> bool:
    """Whether a number is one that somebody wrote: a fraction of small numbers, or of few digits."""
    real = float(np.real(value))
    fraction = float(Fraction(real).limit_denominator(16)) if abs(real) > 1e-3 else 0.0
    few = float(f"{real:.5g}")
    return any(abs(value - known) <= 1e-10 * abs(value) for known in (fraction, few))


def plain_name(ratio: complex) -> str:
    """``minus``, ``twice``, ``half``; empty for what has no word."""
    return next((word for value, word in ((-1, "minus"), (2, "twice"), (0.5, "half")) if abs(ratio - value) < SAME), "")


def factor_name(ratio: complex) -> str:
    """``minus``, ``twice``, ``1/3 times``, or the number."""
    if name := plain_name(ratio):
        return name
    if abs(np.imag(ratio)) > SAME * abs(ratio):
        return "i times" if abs(ratio - 1j) < SAME else "-i times" if abs(ratio + 1j) < SAME else f"{ratio:.6g} times"
    value = float(np.real(ratio))
    fraction = Fraction(value).limit_denominator(64)
    if abs(fraction - value) <= SAME * abs(value) and abs(fraction - value) < 1e-3 * abs(value - 1):
        return f"{fraction} times"
    digits = next(d for d in range(6, 18) if d == 17 or f"{value:.{d}g}" not in ("1", "-1"))
    return f"{value:.{digits}g} times"


def sized(look: Look, ratio: complex) -> Iterator[Mistake]:
    """A factor that is the size of an axis or of an array, its root, or one over these, at any point."""
    seen: set[str] = set()
    for words, size in sizes(look):
        n = size(look)
        for form, value in FORMS:
            for sign in (1, -1):
                if n is None or n <= 1 or abs(ratio / (sign * value(n)) - 1) > SAME or words + form in seen:
                    continue
                seen.add(words + form)
                name = form.format(n)
                yield Mistake(f"is {'-' * (sign < 0)}{name} ({words}) times the right value", times(size, value, sign))


def times(
    size: Callable[[Look], int | None], value: Callable[[float], float], sign: int
) -> Callable[[Look, int], Array | None]:
    """Multiplies the truth by a size of the look; says nothing where there is no such axis."""

    def apply(look: Look, k: int) -> Array | None:
        n = size(look)
        return None if not n else np.asarray(sign * value(n) * look.true[k])

    return apply


def sizes(look: Look) -> Iterator[tuple[str, Callable[[Look], int | None]]]:
    """The sizes of axes and of whole arrays, in words, and as they are at any look."""
    arrays = [(name, partial(lambda look, j: look.args[j], j=j)) for j, name in enumerate(look.names)]
    arrays += [
        ("y" if len(look.y) == 1 else f"y[{i}]", partial(lambda look, i: look.y[i], i=i)) for i in range(len(look.y))
    ]
    for name, array in arrays:
        for axis in range(array(look).ndim):
            yield (
                f"the size of axis {axis} of {name}",
                partial(lambda look, array, axis: axis_size(array(look), axis), array=array, axis=axis),
            )
        if array(look).ndim > 1:
            yield f"the size of {name}", partial(lambda look, array: array(look).size, array=array)


def axis_size(array: Array, axis: int) -> int | None:
    """The size of an axis; None where there is none."""
    return array.shape[axis] if axis < array.ndim else None
