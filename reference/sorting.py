"""Order: sorting and its parts, and a line of points looked up between its neighbours.

The pullback of what puts entries in another order puts their cotangents back.  Equal entries stay in their order.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, ranked
from reference.indexing import scattered


def paired(rng: Generator, draw: Draw) -> Array:
    """Numbers in [-3, 3], two of them equal in each row (n 3)."""
    x = np.asarray(np.round(rng.uniform(-3, 3, draw.shape("n 3")), 3))
    if draw.role != "small":
        x[:, 2] = x[:, 0]
    return x


def different(rng: Generator, draw: Draw) -> Array:
    """Numbers in [-3, 3], no two of them equal (n 3)."""
    shape = draw.shape("n 3")
    return np.asarray(np.round(rng.permutation(np.linspace(-3, 3, math.prod(shape))).reshape(shape), 3))


def gathered(x: Array, places: Array, axis: int) -> Pulled:
    """The entries of x at places along axis, no place twice."""

    def pullback(dy: Array) -> Any:
        dx = np.zeros_like(x)
        np.put_along_axis(dx, places, dy, axis)
        return dx

    return np.take_along_axis(x, places, axis), pullback


def along(function: Any, x: Array, axis: int) -> Array:
    """A function of a list of symbols, which gives a list, along an axis."""
    rows = np.moveaxis(x, axis, -1)
    y = [function(list(rows[place])) for place in np.ndindex(rows.shape[:-1])]
    return np.moveaxis(np.array(y, dtype=object).reshape((*rows.shape[:-1], -1)), -1, axis)


@rule(
    domains={
        "": dict(x=real("n 3"), axis=choice(0, -1, None), descending=choice(False, True)),
        "ties": dict(x=made(paired), axis=choice(-1, None), descending=choice(False, True)),
    },
    jax=lambda jax, x, **how: jax.numpy.sort(x, **how),
    sympy=lambda sympy, x, *, axis, descending: along(
        lambda e: [ranked(sympy, e, i) for i in range(len(e))][:: -1 if descending else 1],
        x if axis is not None else x.ravel(),
        -1 if axis is None else axis,
    ),
)
def sort(x: Array, *, axis: int | None = -1, descending: bool = False) -> Pulled:
    """x in ascending or descending order along axis, or all of it in a row.  (n, k) -> (...)

    dx = dy where the entries were.
    """
    if axis is None:
        flat, pullback = sort(x.reshape(-1), descending=descending)
        return flat, lambda dy: pullback(dy).reshape(x.shape)
    order = np.argsort(x, axis, kind="stable")
    return gathered(x, np.flip(order, axis) if descending else order, axis)


@rule(
    domain=dict(
        x=real("n k"),
        axis=choice(0, -1),
        keys=made(lambda rng, x: rng.integers(3, size=x.shape), "whole numbers from 0 to 2, with ties (n k)"),
    ),
    jax=lambda jax, x, *, keys, axis: jax.numpy.take_along_axis(x, jax.numpy.argsort(keys, axis), axis),
    sympy=lambda sympy, x, *, keys, axis: np.take_along_axis(x, np.argsort(keys, axis, kind="stable"), axis),
)
def sort_by(x: Array, *, keys: Array, axis: int = -1) -> Pulled:
    """x gathered in the order of other numbers along axis, those with equal keys in theirs.  (n, k) -> (n, k)

    dx = dy where the entries were.
    """
    return gathered(x, np.argsort(keys, axis, kind="stable"), axis)


@rule(
    domains={
        "": dict(x=real("3 n"), k=choice(2, 1), axis=choice(0, -2), largest=choice(True, False)),
        "ties": dict(x=made(paired), k=choice(2), axis=choice(-1), largest=choice(True, False)),
    },
    jax=lambda jax, x, *, k, axis, largest: jax.numpy.moveaxis(
        (1 if largest else -1) * jax.lax.top_k((1 if largest else -1) * jax.numpy.moveaxis(x, axis, -1), k)[0], -1, axis
    ),
    sympy=lambda sympy, x, *, k, axis, largest: along(
        lambda e: [ranked(sympy, e, len(e) - 1 - i if largest else i) for i in range(k)], x, axis
    ),
)
def top_k(x: Array, *, k: int, axis: int = -1, largest: bool = True) -> Pulled:
    """The k largest x along axis, descending, or the k smallest, ascending.  (n, m) -> (...)

    dx = dy where they were, 0 elsewhere; of equal entries the first are taken.  Raises ValueError where x has fewer
    than k.
    """
    if not 0 <= k <= x.shape[axis]:
        raise ValueError(f"k={k}: give a number from 0 to {x.shape[axis]}, the length of axis {axis}")
    order = np.argsort(-x if largest else x, axis, kind="stable")
    return gathered(x, np.take(order, range(k), axis), axis)


def by_order(sympy: Any, entries: list[Any], places: Any) -> list[Any]:
    """Entries at places that depend on their order, as pieces: one for each order that they can have."""
    orders = list(itertools.permutations(range(len(entries))))
    holds = [sympy.And(*(entries[i] < entries[j] for i, j in itertools.pairwise(order))) for order in orders]
    chosen = [places(np.argsort(order)) for order in orders]
    return [
        sympy.Piecewise(*((entries[c[i]], hold) for c, hold in zip(chosen, holds, strict=True)), (0, True))
        for i in range(len(entries))
    ]


@rule(
    domain=dict(x=made(different), kth=choice(1, 0, -1), axis=choice(-1, 1)),
    jax=lambda jax, x, *, kth, axis: jax.numpy.take_along_axis(
        x,
        jax.numpy.argsort(jax.numpy.sign(x - jax.numpy.take(jax.numpy.sort(x, axis), np.array([kth]), axis)), axis),
        axis,
    ),
    sympy=lambda sympy, x, *, kth, axis: along(
        lambda e: by_order(sympy, e, lambda ranks: np.argsort(np.sign(ranks - kth % len(e)), kind="stable")),
        x,
        axis,
    ),
)
def partition(x: Array, *, kth: int, axis: int = -1) -> Pulled:
    """x with those smaller than the kth smallest before it and the larger ones after it, along axis.  (n, k) -> (n, k)

    Either are in the order in which they were, where NumPy's partition leaves that open; so y jumps, and has no
    derivative, where others are equal to the kth.  dx = dy where the entries were.
    """
    pivot = np.take(np.partition(x, kth, axis), [kth], axis)
    side = (x > pivot).astype(int) - (x < pivot)
    return gathered(x, np.argsort(side, axis, kind="stable"), axis)


def knots(rng: Generator) -> Array:
    """Five places in ascending order."""
    return np.asarray(np.round(np.cumsum(rng.uniform(0.5, 1.5, 5)) - 3, 3))


def between(rng: Generator, xp: Array) -> Array:
    """Places that are not near a knot, below, among and above them (7)."""
    gaps = np.array([-1, 0, 1, 1, 2, 3, 4])
    low, high = np.concatenate([xp[:1] - 1, xp])[gaps + 1], np.concatenate([xp, xp[-1:] + 1])[gaps + 1]
    return np.asarray(np.round(low + rng.uniform(0.2, 0.8, 7) * (high - low), 3))


def around(rng: Generator, draw: Draw, period: float) -> Array:
    """Three places or five, no two of them the same but for multiples of the period, in no order."""
    n = 3 if draw.role == "small" else 5
    gaps = rng.uniform(0.5, 1.5, n + 1)
    places = np.cumsum(gaps)[:n] / gaps.sum() * period
    return np.asarray(np.round(rng.permutation(places) + period * rng.integers(-1, 2, n), 3))


def between_around(rng: Generator, draw: Draw, xp: Array, period: float) -> Array:
    """Places that are not near a knot, nor a multiple of the period away from it (2 or 7)."""
    ends, n = np.sort(xp % period), 2 if draw.role == "small" else 7
    gaps, i = np.diff(ends, append=ends[0] + period), rng.integers(len(xp), size=n)
    return np.asarray(np.round(ends[i] + rng.uniform(0.2, 0.8, n) * gaps[i] + period * rng.integers(-1, 2, n), 3))


def heights(rng: Generator, xp: Array) -> Array:
    """A number for each place."""
    return np.asarray(np.round(rng.uniform(-3, 3, len(xp)), 3))


@rule(
    domains={
        "": dict(xp=made(knots), x=made(between), fp=real("5")),
        "outside": dict(
            xp=made(knots), x=made(between), fp=real("5"), left=choice(-1.5, None), right=choice(None, 0.75)
        ),
        "at a knot": dict(xp=made(knots), x=made(lambda xp: xp[[1, 3]], "two of the knots"), fp=real("5")),
        "periodic": dict(period=choice(4.0, 2.5), xp=made(around), x=made(between_around), fp=made(heights)),
    },
    jax=lambda jax, x, xp, fp, **how: jax.numpy.interp(x, xp, fp, **how),
    sympy=lambda sympy, x, xp, fp, **how: np.frompyfunc(lambda e: lookup(sympy, e, xp, fp, **how), 1, 1)(x),
)
def interp(
    x: Array,
    xp: Array,
    fp: Array,
    *,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
) -> Pulled:
    """The line through the points (xp, fp) at x, xp ascending; beyond its ends left and right.  (...), (n), (n) -> (...)

    Without these the line goes on level; with a period it begins anew, wherever xp are, and left and right count not.
    With t = (x - x0) / (x1 - x0) between two knots and s the slope there: 1 - t = (x1 - x) / (x1 - x0),
    df0 = dy (1 - t), df1 = dy t, dx = dy s, dx0 = -dy s (1 - t), dx1 = -dy s t; at a knot those of the next interval.
    The pullback keeps, for every x, the knots beside it and t.
    """
    if period is not None:
        return periodic(x, xp, fp, period)
    n = len(xp)
    below, above = x < xp[0], x > xp[-1]
    i = np.clip(np.searchsorted(xp, x, "right"), 1, n - 1)
    x0, x1, f0, f1 = xp[i - 1], xp[i], fp[i - 1], fp[i]
    t = np.where(below, 0, np.where(above, 1, (x - x0) / (x1 - x0)))
    rest = np.where(below, 1, np.where(above, 0, (x1 - x) / (x1 - x0)))

    def pullback(dy: Array) -> Any:
        slope = np.where(below | above, 0, (f1 - f0) / (x1 - x0))
        ends = np.where(below & (left is not None), 0, np.where(above & (right is not None), 0, dy))
        dxp = scattered(-dy * slope * rest, xp, i - 1) + scattered(-dy * slope * t, xp, i)
        return dy * slope, dxp, scattered(ends * rest, fp, i - 1) + scattered(ends * t, fp, i)

    y = rest * f0 + t * f1
    y = y if left is None else np.where(below, left, y)
    return y if right is None else np.where(above, right, y), pullback


def periodic(x: Array, xp: Array, fp: Array, period: float) -> Pulled:
    """interp of a line that begins anew after a period: between its last point, a period before, and its first, a period after."""
    if not period:
        raise ValueError("period is 0: give another number, or None for a line with ends")
    period = abs(period)
    order = np.argsort(xp % period)
    places = np.concatenate([order[-1:], order, order[:1]])
    wrapped = (xp % period)[places] + np.pad(np.zeros(len(xp), xp.dtype), 1, constant_values=(-period, period))
    y, back = interp(x % period, wrapped, fp[places])

    def pullback(dy: Array) -> Any:
        dx, dxp, dfp = back(dy)
        return dx, scattered(dxp, xp, places), scattered(dfp, fp, places)

    return y, pullback


def lookup(sympy: Any, x: Any, xp: Any, fp: Any, *, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """The sympy twin of interp, piece by piece."""
    if period is not None:
        return lookup_around(sympy, x, xp, fp, abs(sympy.sympify(period)))
    lines = [
        ((fp[i] * (xp[i + 1] - x) + fp[i + 1] * (x - xp[i])) / (xp[i + 1] - xp[i]), x < xp[i + 1])
        for i in range(len(xp) - 1)
    ]
    ends = (fp[0] if left is None else left, x < xp[0]), (fp[-1] if right is None else right, True)
    return sympy.Piecewise(ends[0], *lines, ends[1])


def lookup_around(sympy: Any, x: Any, xp: Any, fp: Any, period: Any) -> Any:
    """The same with a period: between the knot that x last passed, and the one that it meets next."""
    turns = [(x - k) / period for k in xp]
    # The fraction of a number: its floor in pieces would make pieces of pieces.
    since = [period * (1 / sympy.Integer(2) - sympy.atan(sympy.cot(sympy.pi * t)) / sympy.pi) for t in turns]
    until = [period - passed for passed in since]

    def nearest(ways: list[Any], values: Any) -> Any:
        first = [
            (v, sympy.And(*(sympy.Le(w, other, evaluate=False) for other in ways if other is not w)))
            for v, w in zip(values, ways, strict=True)
        ]
        return sympy.Piecewise(*first[:-1], (values[-1], True))

    passed, ahead = nearest(since, since), nearest(until, until)
    return (nearest(since, fp) * ahead + nearest(until, fp) * passed) / (passed + ahead)
