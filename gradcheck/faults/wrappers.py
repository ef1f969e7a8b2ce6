"""What a wrong pullback may do to right cotangents: a table of small mistakes, each of a kind that people make.

All of it is plain NumPy, so that a rule with such a mistake can still be run in exact arithmetic.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.faults.answers import Answer, Change, Cotangents, Single, Wrapper, asked, moved, one, replaced
from gradcheck.faults.regions import REGIONS, first_size, inside, last_size

# Sizes that people forget or put in twice.


def stretch(g: Any, a: Answer) -> float:
    """Entries of the argument for each of the outputs: below 1 where it was broadcast, above 1 where it was reduced."""
    return float(max(g.size, 1) / max(sum(d.size for d in a.dy), 1))


def along(axis: int, function: Callable[[Any], Any]) -> Single:
    """A function that needs the axis, which is to be longer than 1."""
    return lambda g, a, k: function(g) if g.ndim and g.shape[axis] > 1 else None


# Entries.


def at_entry(function: Callable[[Any], Any]) -> Single:
    """A change of one entry, of several."""

    def change(g: Any, a: Answer, k: int) -> Any:
        if g.size < 2:
            return None
        chosen = np.arange(g.size).reshape(g.shape) == a.rng.integers(g.size)
        return np.where(chosen, function(g), g)

    return change


def swapped_entries(g: Any, a: Answer, k: int) -> Any:
    """Two entries exchanged."""
    if g.size < 2:
        return None
    order = np.arange(g.size)
    order[[0, -1]] = order[[-1, 0]]
    return g.reshape(-1)[order].reshape(g.shape)


def scrambled(g: Any, a: Answer, k: int) -> Any:
    """Entries read in Fortran order."""
    order = np.arange(g.size).reshape(g.shape[::-1]).T.reshape(-1)
    return g.reshape(-1)[order].reshape(g.shape)


# Axes.


def transposed(g: Any, a: Answer, k: int) -> Any:
    """The last two axes exchanged; of other sizes, that is the wrong shape."""
    return np.swapaxes(g, -1, -2) if g.ndim > 1 else None


def permuted(g: Any, a: Answer, k: int) -> Any:
    """The axes moved by one."""
    return np.moveaxis(g, 0, -1) if g.ndim > 2 else None


# Reductions.


def averaged(axis: int) -> Single:
    """The mean along an axis in place of each entry."""
    return along(axis, lambda g: np.broadcast_to(g.mean(axis, keepdims=True), g.shape))


def summed(axis: int) -> Single:
    """The sum along an axis in place of each entry."""
    return along(axis, lambda g: np.broadcast_to(g.sum(axis, keepdims=True), g.shape))


def without_reduction(g: Any, a: Answer, k: int) -> Any:
    """A sum over an axis of the output is missing: an axis too many, which would broadcast."""
    return np.stack([0.25 * g, 0.75 * g])


def squeezed(g: Any, a: Answer, k: int) -> Any:
    """Axes of size 1 are lost."""
    return np.squeeze(g) if 1 in g.shape else None


def reduced(g: Any, a: Answer, k: int) -> Any:
    """Summed over the last axis, which is kept: the shape would broadcast."""
    return g.sum(-1, keepdims=True) if g.ndim and g.shape[-1] > 1 else None


# Arguments and outputs.


def exchanged(a: Answer, k: int) -> Cotangents | None:
    """The first cotangents exchanged."""
    first, second, *rest = (*a.cotangents, None, None)[: max(2, len(a.cotangents))]
    return None if second is None else (second, first, *rest)


def at_exchanged_arguments(a: Answer, k: int) -> Cotangents | None:
    """The first two arguments exchanged, where they are of one shape."""
    if len(a.args) < 2 or a.args[0].shape != a.args[1].shape:
        return None
    return a.ask((a.args[1], a.args[0], *a.args[2:]), a.dy)


def one_output(a: Answer, k: int) -> Cotangents | None:
    """The last of several outputs is forgotten."""
    return a.ask(a.args, (*a.dy[:-1], 0 * a.dy[-1])) if len(a.dy) > 1 else None


def one_missing(a: Answer, k: int) -> Cotangents:
    """One cotangent too few."""
    return a.cotangents[:-1]


def none_for_it(a: Answer, k: int) -> Cotangents:
    """None."""
    return replaced(a, k, None)


# Precision, dtype, noise.


def through(dtype: Any) -> Single:
    """Rounded on the way."""
    return lambda g, a, k: g.astype(narrower(dtype, g)).astype(g.dtype)


def narrower(dtype: Any, g: Any) -> Any:
    """A float type, or the complex one of that precision."""
    return np.complex64 if g.dtype.kind == "c" else dtype


def wrong_dtype(a: Answer, k: int) -> Cotangents | None:
    """In single precision, or in double where single is right."""
    g = np.asarray(a.cotangents[k])
    other = {"f": (np.float32, np.float64), "c": (np.complex64, np.complex128)}[g.dtype.kind]
    return replaced(a, k, g.astype(other[0] if g.dtype == other[1] else other[1]))


def noisy(size: float) -> Single:
    """Relative noise, the same in every call."""
    return lambda g, a, k: g * (1 + size * a.rng.choice([-1.0, 1.0], g.shape) * a.rng.uniform(0.5, 1, g.shape))


def random_noise(g: Any, a: Answer, k: int) -> Any:
    """Relative noise, another in every call."""
    return g * (1 + 1e-3 * np.random.default_rng().uniform(0.5, 1, g.shape))


# State.


def counting(g: Any, a: Answer, k: int) -> Any:
    """Right in the first call only."""
    a.memory["calls"] = a.memory.get("calls", 0) + 1
    return g * a.memory["calls"]


def accumulating(g: Any, a: Answer, k: int) -> Any:
    """Added to what the earlier calls gave, as to a buffer that nobody clears."""
    a.memory["sum"] = g + a.memory.get("sum", 0)
    return a.memory["sum"]


def one_late(g: Any, a: Answer, k: int) -> Any:
    """For the dy of the call before."""
    before = a.memory.get("dy", a.dy)
    a.memory["dy"] = tuple(d.copy() for d in a.dy)
    return a.ask(a.args, before)[k]


def of_the_last_forward(g: Any, a: Answer, k: int) -> Any:
    """With the residuals of the forward that ran last, whichever that was."""
    last = a.shared.get("args", a.args)
    return a.ask(last, a.dy)[k] if [x.shape for x in last] == [x.shape for x in a.args] else None


def writes_into_dy(a: Answer, k: int) -> Cotangents:
    """Right, but dy is doubled in place."""
    for d in a.dy:
        d *= 2
    return a.cotangents


def writes_into_argument(a: Answer, k: int) -> Cotangents:
    """Right, but the argument is doubled in place."""
    x = a.args[k]
    x *= 2
    return a.cotangents


def factor(value: Callable[[Any, Answer], float]) -> Single:
    """A factor that depends on sizes."""
    return lambda g, a, k: None if (c := value(g, a)) == 1 else g * c


SINGLE: dict[str, Single] = {
    "twice": lambda g, a, k: 2 * g,
    "half": lambda g, a, k: g / 2,
    "minus": lambda g, a, k: -g,
    "times the batch": factor(lambda g, a: first_size(g)),
    "divided by the batch": factor(lambda g, a: 1 / first_size(g)),
    "times √d": factor(lambda g, a: math.sqrt(last_size(g))),
    "divided by √d": factor(lambda g, a: 1 / math.sqrt(last_size(g))),
    "times the size": factor(lambda g, a: max(g.size, 1)),
    "mean for sum": factor(lambda g, a: min(1, stretch(g, a))),
    "sum for mean": factor(lambda g, a: max(1, stretch(g, a))),
    "n - 1 for n": factor(lambda g, a: 1 - 1 / n if (n := first_size(g)) > 1 else 1),
    "0.1 % off": lambda g, a, k: (1 + 1e-3) * g,
    "1e-6 off": lambda g, a, k: (1 + 1e-6) * g,
    "transposed": transposed,
    "axes permuted": permuted,
    "Fortran order": scrambled,
    "reversed along the first axis": along(0, lambda g: np.flip(g, 0)),
    "reversed along the last axis": along(-1, lambda g: np.flip(g, -1)),
    "rolled along the first axis": along(0, lambda g: np.roll(g, 1, 0)),
    "rolled back along the last axis": along(-1, lambda g: np.roll(g, -1, -1)),
    "one entry zero": at_entry(lambda g: 0 * g),
    "one entry doubled": at_entry(lambda g: 2 * g),
    "one entry of the other sign": at_entry(lambda g: -g),
    "one entry 0.1 % off": at_entry(lambda g: (1 + 1e-3) * g),
    "one entry copied from its neighbour": at_entry(lambda g: np.roll(g.reshape(-1), 1).reshape(g.shape)),
    "two entries exchanged": swapped_entries,
    "averaged over the first axis": averaged(0),
    "averaged over the last axis": averaged(-1),
    "summed over the first axis": summed(0),
    "summed over the last axis": summed(-1),
    "a reduction missing": without_reduction,
    "axes of size 1 lost": squeezed,
    "a reduction too many": reduced,
    "dy ignored": asked(np.ones_like),
    "dy clipped": asked(lambda d: np.where(np.abs(d) > 1, d / np.abs(d), d)),
    "|dy|": asked(np.abs),
    "sign of dy": asked(lambda d: np.where(d == 0, 0 * d, d / np.where(d == 0, 1, np.abs(d)))),
    "dy |dy|": asked(lambda d: d * np.abs(d)),
    "dy averaged": asked(lambda d: np.broadcast_to(d.mean(), d.shape).copy()),
    "an additive constant": lambda g, a, k: g + 0.125,
    "zero": lambda g, a, k: 0 * g,
    "constant": lambda g, a, k: np.ones_like(g),
    "the argument itself": lambda g, a, k: a.args[k],
    "less its mean": along(-1, lambda g: g - g.mean(-1, keepdims=True)),
    "plus its mean": along(-1, lambda g: g + g.mean(-1, keepdims=True)),
    "sign only": lambda g, a, k: np.where(g > 0, 1, np.where(g < 0, -1, 0)) if g.dtype.kind == "f" else None,
    "squared": lambda g, a, k: g * g,
    "large values clipped": lambda g, a, k: np.clip(g, -1, 1) if g.dtype.kind == "f" else None,
    "small values flushed to zero": lambda g, a, k: np.where(np.abs(g) < 0.05 * np.abs(g).max(initial=0), 0 * g, g),
    "conjugated": lambda g, a, k: np.conj(g) if g.dtype.kind == "c" else None,
    "a stale residual": moved(lambda x: x * (1 + 2.0**-10)),
    "a residual of the other sign": moved(lambda x: -x),
    "NaN in one entry": at_entry(lambda g: g * np.nan),
    "infinite in one entry": at_entry(lambda g: g * 0 + np.inf),
    **{f"twice where {name}": inside(region, lambda g: 2 * g) for name, region in REGIONS.items()},
    **{f"zero where {name}": inside(region, lambda g: 0 * g) for name, region in REGIONS.items()},
}

ACCURACY: dict[str, Single] = {
    "rounded to float16": through(np.float16),
    "rounded to float32": through(np.float32),
    "rounded to 12 bits": lambda g, a, k: (g + g * 4096.0) - g * 4096.0,
    "noise of 1e-3": noisy(1e-3),
    "noise of 1e-9": noisy(1e-9),
    "noise of 1e-13": noisy(1e-13),
}

STATE: dict[str, Single] = {
    "right in the first call only": counting,
    "accumulated over calls": accumulating,
    "for the dy of the call before": one_late,
    "with the residuals of the last forward": of_the_last_forward,
    "random noise": random_noise,
}

WHOLE: dict[str, Change] = {
    "cotangents exchanged": exchanged,
    "arguments exchanged": at_exchanged_arguments,
    "one output's dy ignored": one_output,
    "one cotangent too few": one_missing,
}

OTHER: dict[str, Change] = {
    "None": none_for_it,
    "another dtype": wrong_dtype,
    "writes into dy": writes_into_dy,
    "writes into an argument": writes_into_argument,
}

WRAPPERS: tuple[Wrapper, ...] = tuple(
    itertools.chain(
        (Wrapper(name, one(change)) for name, change in SINGLE.items()),
        (Wrapper(name, one(change), shows="accuracy") for name, change in ACCURACY.items()),
        (Wrapper(name, one(change), shows="contract") for name, change in STATE.items()),
        (Wrapper(name, change, each=False) for name, change in WHOLE.items()),
        (Wrapper(name, change, shows="contract") for name, change in OTHER.items()),
    )
)
