"""Right elsewhere but wrong in a region: where a quantity is negative or large, at ties, at the border, where a mask says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.factors import factor_name, known_factor, simple
from gradcheck.diagnosis.looks import Look, symmetric
from gradcheck.diagnosis.mistakes import Mistake, wrong_entries
from gradcheck.results import Array

# A region at any look: booleans of the argument's shape, or None where there is no such thing.
Region = Callable[[Look, int], Array | None]


def region(look: Look, k: int) -> Iterator[Mistake]:
    """The regions that hold every wrong entry and not all entries, each with what happens there."""
    mine, true = look.claimed[k], look.true[k]
    if mine.shape != true.shape:
        return
    wrong = wrong_entries(mine, true)
    if wrong.all() or not wrong.any():
        return
    known = []
    for where, inside in regions(look, k, wrong):
        here = inside(look, k)
        if here is not None and not here.all() and not (wrong & ~here).any():
            yield from limited(look, k, where, inside, wrong)
            if np.array_equal(here, wrong) and min(wrong.sum(), (~wrong).sum()) > 1:
                known.append(Mistake(f"is right elsewhere but wrong {where}", inside=inside))
    yield from known


def limited(look: Look, k: int, where: str, inside: Region, wrong: Array) -> Iterator[Mistake]:
    """What may happen in a region alone: zero, a factor, an offset, another argument's cotangent."""
    mine, true = look.claimed[k], look.true[k]
    yield Mistake(f"is right elsewhere but zero {where}", within(inside, lambda look, k: 0 * look.true[k]))
    at = np.unravel_index(int(np.argmax(np.where(wrong, np.abs(true), -1))), true.shape)
    if true[at] != 0 and mine[at] != 0:
        ratio = known_factor(mine[at] / true[at])
    if true[at] != 0 and mine[at] != 0 and simple(ratio):
        text = f"is right elsewhere but {factor_name(ratio)} the right value {where}"
        yield Mistake(text, within(inside, lambda look, k: ratio * look.true[k]))
    value, gap = known_factor(mine[at]), known_factor(mine[at] - true[at])
    if simple(value):
        yield Mistake(
            f"is right elsewhere but {value:.6g} {where}",
            within(inside, lambda look, k: np.full_like(look.true[k], value)),
        )
    if simple(gap):
        yield Mistake(
            f"is right elsewhere but {gap:.6g} too large {where}", within(inside, lambda look, k: look.true[k] + gap)
        )
    if look.y[0].shape == true.shape:
        yield Mistake(
            f"is right elsewhere but dy itself {where}",
            within(inside, lambda look, k: look.dy[0] if look.dy[0].shape == look.true[k].shape else None),
        )


def within(inside: Region, change: Callable[[Look, int], Array | None]) -> Callable[[Look, int], Array | None]:
    """The change inside the region, the truth outside."""

    def apply(look: Look, k: int) -> Array | None:
        here, changed = inside(look, k), change(look, k)
        return None if here is None or changed is None else np.where(here, changed, look.true[k])

    return apply


def regions(look: Look, k: int, wrong: Array) -> Iterator[tuple[str, Region]]:
    """The regions worth a look, the likeliest first: at a kink where arguments are equal."""
    if look.problem.kink:
        yield from against_others(look, k)
    for name, quantity in quantities(look, k):
        value = quantity(look, k)
        if value is not None and value.dtype.kind == "b":
            yield f"where {name} is true", quantity
            yield f"where {name} is false", negated(quantity)
        elif value is not None and not np.iscomplexobj(value):
            # Where the right value and the claim are both 0 nothing can be told.
            told = wrong | (look.true[k] != 0)
            if (told & ~wrong).any():
                yield from comparisons(name, quantity, value, wrong, told & ~wrong)
    yield from against_others(look, k)
    yield "at ties", tied
    yield from places(look, k)
    yield "at repeated indices", repeated
    # A bound that fits these numbers and no others is the last thing to believe.
    for name, quantity in quantities(look, k):
        value, told = quantity(look, k), wrong | (look.true[k] != 0)
        if value is not None and value.dtype.kind == "f" and (told & ~wrong).any():
            yield from bounds(name, quantity, value, wrong, told & ~wrong, fitted)


def quantities(look: Look, k: int) -> Iterator[tuple[str, Region]]:
    """Arrays that broadcast to the argument's shape: itself, masks, other arguments, outputs, cotangents."""
    yield look.names[k], lambda look, k: look.args[k]
    for name, value in look.problem.params.items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "b":
            yield name, fitting(partial(lambda look, n: look.problem.params.get(n), n=name))
    for j, name in enumerate(look.names):
        if j != k:
            yield name, fitting(partial(lambda look, j: look.args[j], j=j))
    yield "y", fitting(lambda look: look.y[0])
    yield "dy", fitting(lambda look: look.dy[0])
    yield "the right value", lambda look, k: look.true[k]


def fitting(array: Callable[[Look], Array | None]) -> Region:
    """An array of the look broadcast to the argument's shape, or None."""

    def quantity(look: Look, k: int) -> Array | None:
        value, shape = array(look), look.true[k].shape
        if value is None or value.ndim > len(shape):
            return None
        fits = all(n in (1, m) for n, m in zip(value.shape[::-1], shape[::-1], strict=False))
        return np.broadcast_to(value, shape) if fits else None

    return quantity


def negated(inside: Region) -> Region:
    """Outside of a region."""

    def outside(look: Look, k: int) -> Array | None:
        here = inside(look, k)
        return None if here is None else ~here

    return outside


def compared(quantity: Region, holds: Callable[[Array], Array]) -> Region:
    """Where a quantity fulfils a condition."""

    def inside(look: Look, k: int) -> Array | None:
        value = quantity(look, k)
        return None if value is None or value.dtype.kind != "f" else np.asarray(holds(value))

    return inside


def comparisons(name: str, quantity: Region, value: Array, wrong: Array, right: Array) -> Iterator[tuple[str, Region]]:
    """Signs, zero, and thresholds that part the wrong entries from the right ones."""
    yield f"for {name} < 0", compared(quantity, lambda v: v < 0)
    yield f"for {name} > 0", compared(quantity, lambda v: v > 0)
    yield f"for {name} = 0", compared(quantity, lambda v: v == 0)
    yield f"for {name} ≥ 0", compared(quantity, lambda v: v >= 0)
    yield f"for {name} ≤ 0", compared(quantity, lambda v: v <= 0)
    yield from bounds(name, quantity, value, wrong, right, round_ones)
    if value.ndim:
        yield f"at the largest {name}", compared(quantity, lambda v: v == v.max())
        yield f"at the smallest {name}", compared(quantity, lambda v: v == v.min())
        yield f"for {name} above its mean", compared(quantity, lambda v: v > v.mean())
        yield f"for {name} below its mean", compared(quantity, lambda v: v < v.mean())
        yield f"for |{name}| below its mean", compared(quantity, lambda v: np.abs(v) < np.abs(v).mean())
        yield f"for |{name}| above its mean", compared(quantity, lambda v: np.abs(v) > np.abs(v).mean())
        yield f"for |{name}| below its median", compared(quantity, lambda v: np.abs(v) < np.median(np.abs(v)))
        yield f"for |{name}| above its median", compared(quantity, lambda v: np.abs(v) > np.median(np.abs(v)))
        yield f"for {name} above its median", compared(quantity, lambda v: v > np.median(v))
        yield f"for {name} below its median", compared(quantity, lambda v: v < np.median(v))


Thresholds = Callable[[float, float], Iterator[float]]


def bounds(
    name: str, quantity: Region, value: Array, wrong: Array, right: Array, thresholds: Thresholds
) -> Iterator[tuple[str, Region]]:
    """The thresholds that part the wrong entries from the right ones, of a quantity, its size, or its part of the largest."""
    inside, outside = np.abs(value)[wrong], np.abs(value)[right]
    for t in thresholds(outside.max(), inside.min()):
        yield f"for |{name}| > {t:g}", compared(quantity, partial(lambda v, t: np.abs(v) >= t, t=t))
    for t in thresholds(inside.max(), outside.min()):
        yield f"for |{name}| < {t:g}", compared(quantity, partial(lambda v, t: np.abs(v) < t, t=t))
    for t in thresholds(value[right].max(), value[wrong].min()):
        yield f"for {name} > {t:g}", compared(quantity, partial(lambda v, t: v >= t, t=t))
    for t in thresholds(value[wrong].max(), value[right].min()):
        yield f"for {name} < {t:g}", compared(quantity, partial(lambda v, t: v < t, t=t))
    if value.ndim:
        largest = np.abs(value).max() or 1.0
        for t in thresholds(inside.max() / largest, outside.min() / largest):
            yield (
                f"for |{name}| below {t:g} of the largest",
                compared(quantity, partial(lambda v, t: np.abs(v) < t * np.abs(v).max(), t=t)),
            )


def round_ones(low: float, high: float) -> Iterator[float]:
    """Numbers of one digit above `low` and at most `high`; none where the order is another."""
    if not low < high:
        return
    each = (n * 10.0**e for e in range(-3, 4) for n in (1, 2, 3, 5))
    signed = sorted({s * t for t in each for s in (1, -1)}, key=abs)
    yield from [t for t in signed if low < t <= high][:4]


def fitted(low: float, high: float) -> Iterator[float]:
    """The number itself that parts them."""
    if low < high:
        yield float(high)


def against_others(look: Look, k: int) -> Iterator[tuple[str, Region]]:
    """Where this argument is below, above or equal to another."""
    for j, name in enumerate(look.names):
        if j == k or np.iscomplexobj(look.args[j]) or np.iscomplexobj(look.args[k]):
            continue
        other = fitting(partial(lambda look, j: look.args[j], j=j))
        if other(look, k) is None:
            continue
        for sign, holds in (("<", np.less), (">", np.greater), ("=", np.equal)):

            def inside(look: Look, k: int, other: Region = other, holds: Callable[..., Array] = holds) -> Array | None:
                value = other(look, k)
                return None if value is None else holds(look.args[k], value)

            yield f"for {look.names[k]} {sign} {name}", inside


def tied(look: Look, k: int) -> Array | None:
    """Entries of the argument that occur more than once; None in a symmetric matrix, where most do."""
    if symmetric(look.args[k]):
        return None
    _, place, count = np.unique(look.args[k], return_inverse=True, return_counts=True)
    return np.asarray(count[place].reshape(look.args[k].shape) > 1)


def places(look: Look, k: int) -> Iterator[tuple[str, Region]]:
    """First and last slices, borders, every second entry, triangles, halves."""
    rank = look.true[k].ndim
    for axis in range(rank):
        noun = "entry" if rank == 1 else "row" if (rank, axis) == (2, 0) else "column" if (rank, axis) == (2, 1) else ""
        where = f"{noun}" if noun else f"slice along axis {axis}"
        yield f"in the first {where}", indexed(axis, rank, lambda i, n: i == 0)
        yield f"in the last {where}", indexed(axis, rank, lambda i, n: i == n - 1)
        yield f"in all but the first {where}", indexed(axis, rank, lambda i, n: i > 0)
        yield f"in all but the last {where}", indexed(axis, rank, lambda i, n: i < n - 1)
        yield f"in the second {where}", indexed(axis, rank, lambda i, n: i == 1)
        yield f"in every second {where}, from the first", indexed(axis, rank, lambda i, n: i % 2 == 0)
        yield f"in every second {where}, from the second", indexed(axis, rank, lambda i, n: i % 2 == 1)
        yield f"in the first half along axis {axis}", indexed(axis, rank, lambda i, n: i < n // 2)
        yield f"in the second half along axis {axis}", indexed(axis, rank, lambda i, n: i >= n // 2)
        yield f"in the second half along axis {axis}", indexed(axis, rank, lambda i, n: i >= (n + 1) // 2)
        yield f"at both ends of axis {axis}", indexed(axis, rank, lambda i, n: (i == 0) | (i == n - 1))
        yield f"between the ends of axis {axis}", indexed(axis, rank, lambda i, n: (i > 0) & (i < n - 1))
        yield f"in the middle of axis {axis}", indexed(axis, rank, lambda i, n: i == n // 2)
    if rank > 1:
        yield "on the border of the last two axes", planar(border)
        yield "inside the border of the last two axes", negated(planar(border))
        yield "on the diagonal", planar(lambda i, j, n, m: i == j)
        yield "off the diagonal", planar(lambda i, j, n, m: i != j)
        yield "above the diagonal", planar(lambda i, j, n, m: i < j)
        yield "below the diagonal", planar(lambda i, j, n, m: i > j)
        yield "on and above the diagonal", planar(lambda i, j, n, m: i <= j)
        yield "on and below the diagonal", planar(lambda i, j, n, m: i >= j)
        yield "in every second entry, as on a chessboard", chequered(0)
        yield "in every second entry, as on a chessboard", chequered(1)
    yield "in every second entry in flat order", flat(lambda i, n: i % 2 == 1)
    yield "in every second entry in flat order", flat(lambda i, n: i % 2 == 0)
    yield "in the second half in flat order", flat(lambda i, n: i >= n // 2)
    yield "in the first half in flat order", flat(lambda i, n: i < n // 2)


def indexed(axis: int, rank: int, holds: Callable[[Array, int], Array]) -> Region:
    """Where the index along an axis fulfils a condition."""

    def inside(look: Look, k: int) -> Array | None:
        shape = look.true[k].shape
        if len(shape) != rank:
            return None
        place = np.arange(shape[axis]).reshape([-1 if a == axis else 1 for a in range(rank)])
        return np.broadcast_to(holds(place, shape[axis]), shape)

    return inside


def planar(holds: Callable[[Array, Array, int, int], Array]) -> Region:
    """Where the indices along the last two axes fulfil a condition."""

    def inside(look: Look, k: int) -> Array | None:
        shape = look.true[k].shape
        if len(shape) < 2:
            return None
        i, j = np.indices(shape[-2:])
        return np.broadcast_to(holds(i, j, *shape[-2:]), shape)

    return inside


def border(i: Array, j: Array, n: int, m: int) -> Array:
    """The outermost rows and columns."""
    return np.asarray((i == 0) | (j == 0) | (i == n - 1) | (j == m - 1))


def chequered(parity: int) -> Region:
    """Entries whose indices add up to an odd or even number."""
    return lambda look, k: np.asarray(sum(np.indices(look.true[k].shape)) % 2 == parity)


def flat(holds: Callable[[Array, int], Array]) -> Region:
    """Where the index in flat order fulfils a condition."""
    return lambda look, k: holds(np.arange(look.true[k].size), look.true[k].size).reshape(look.true[k].shape)


def repeated(look: Look, k: int) -> Array | None:
    """Slices along the first axis that an integer parameter names more than once."""
    shape = look.true[k].shape
    for value in look.problem.params.values():
        if isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.size and shape:
            # Negative indices count from the end.
            index = np.where(value < 0, value + shape[0], value)
            if index.min() >= 0 and index.max() < shape[0]:
                often = np.bincount(index.ravel(), minlength=shape[0]) > 1
                return np.broadcast_to(often.reshape(-1, *[1] * (len(shape) - 1)), shape)
    return None
