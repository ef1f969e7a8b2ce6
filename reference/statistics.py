"""Statistics along axes: quantiles, and means that are weighted or leave entries out."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from gradcheck.domains import Draw, Generator, choice, made, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import Axis, axes_of, kept, merged, unmerged
from reference.declaring import Pulled, ranked
from reference.reductions import AXES
from reference.sorting import paired

Method = Literal["linear", "lower", "higher", "midpoint", "nearest"]
METHODS = get_args(Method)


def shares(q: Any, n: int, method: Method = "linear") -> Array:
    """How much each of n entries in ascending order counts in a quantile: of the shape of q, then n."""
    place = np.asarray(q, float) * (n - 1)
    low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
    fraction = {
        "linear": place - low,
        "lower": np.zeros_like(place),
        "higher": np.ones_like(place),
        "midpoint": np.full_like(place, 0.5),
        "nearest": np.rint(place) - low,
    }[method]
    rank = np.arange(n)
    below, above = low[..., None] == rank, high[..., None] == rank
    return np.asarray(below * (1 - fraction)[..., None] + above * fraction[..., None])


def check(q: Any, method: str) -> None:
    """Raises ValueError where q is no part, or the method is not known."""
    if not all(0 <= part <= 1 for part in np.ravel(q)):
        raise ValueError(f"q is {q}: give parts from 0 to 1")
    if method not in METHODS:
        raise ValueError(f"method={method!r} is not known: choose from {', '.join(METHODS)}")


def ranks(x: Array) -> Any:
    """The place of each entry among those of the last axis in ascending order; equal ones stay in their order."""
    return np.argsort(np.argsort(x, -1, kind="stable"), -1)


def rows(function: Any, x: Array, axis: Axis, keepdims: bool) -> Any:
    """A function of a list of symbols for each set of entries that a reduction puts into one."""
    flat = merged(x, axis)
    y = np.empty(flat.shape[:-1], dtype=object)
    for place in np.ndindex(y.shape):
        y[place] = function(list(flat[place]))
    return kept(y, x.shape, axis) if keepdims else y


@rule(
    domains={
        "": dict(x=real("n m k"), **AXES),
        "ties": dict(x=made(paired), axis=choice(-1, None), keepdims=choice(False, True)),
    },
    jax=lambda jax, x, *, axis, keepdims: jax.numpy.median(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: rows(
        lambda e: (ranked(sympy, e, (len(e) - 1) // 2) + ranked(sympy, e, len(e) // 2)) / 2, x, axis, keepdims
    ),
)
def median(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """The middle x along axis in ascending order, or the mean of the two in the middle.  (n, m, k) -> (...)

    dy, or half of it each, goes to those; of equal entries the first counts as smaller.
    """

    def pullback(dy: Array) -> Any:
        flat = merged(x, axis)
        share = shares(0.5, flat.shape[-1], "midpoint" if flat.shape[-1] % 2 == 0 else "lower").astype(dy.dtype)
        dflat = dy.reshape((*flat.shape[:-1], 1)) * share[ranks(flat)]
        return unmerged(dflat, x.shape, axis)

    return np.median(x, axis, keepdims=keepdims), pullback


@rule(
    domains={
        "": dict(x=real("n m k"), q=choice(0.3, 0.0, 0.75, 1.0), method=choice(*METHODS), **AXES),
        "several": dict(
            x=real("n k"),
            q=choice((0.2, 0.45, 0.8)),
            method=choice(*METHODS),
            axis=choice(0, -1, None),
            keepdims=choice(False, True),
        ),
    },
    jax=lambda jax, x, *, q, axis, keepdims, method: jax.numpy.quantile(
        x, jax.numpy.asarray(q), axis, method=method, keepdims=keepdims
    ),
    sympy=lambda sympy, x, **how: quantiles(sympy, x, **how),
    source="Hyndman & Fan 1996, definition 7",
)
def quantile(
    x: Array, *, q: float | tuple[float, ...], axis: Axis = None, keepdims: bool = False, method: Method = "linear"
) -> Pulled:
    """What a part q of the entries along axis is below, between the nearest two by method.  (n, m, k) -> (...)

    Several q give as many results along a new first axis.  Each dy goes to these two by their shares; of equal entries
    the first counts as smaller.  Raises ValueError for a method that is not known, q beyond 0 and 1, and an axis of
    size 0.
    """
    if not merged(x, axis).shape[-1]:
        raise ValueError(f"x has shape {x.shape} and nothing along axis {axis}: of no numbers there is no quantile")
    check(q, method)

    def pullback(dy: Array) -> Any:
        flat = merged(x, axis)
        share = shares(q, flat.shape[-1], method)
        dy = dy.reshape((np.size(q), *flat.shape[:-1], 1))
        place = ranks(flat)
        dflat = sum(d * w[place] for d, w in zip(dy, share.reshape((np.size(q), flat.shape[-1])), strict=True))
        return unmerged(dflat.astype(dy.dtype), x.shape, axis)

    return np.quantile(x, np.asarray(q), axis, keepdims=keepdims, method=method).astype(x.dtype), pullback


def quantiles(sympy: Any, x: Array, *, q: Any, axis: Axis, keepdims: bool, method: Method) -> Any:
    """The sympy twin of quantile."""

    def one(part: Any) -> Any:
        def function(entries: Any) -> Any:
            n = len(entries)
            return sum(s * ranked(sympy, entries, i) for i, s in enumerate(shares(float(part), n, method)) if s)

        return rows(function, x, axis, keepdims)

    return np.stack([one(part) for part in q]) if isinstance(q, tuple) else one(q)


@rule(
    domains={
        "": dict(x=real("n m k"), weights=positive("n m k"), **AXES),
        "along": dict(x=real("n m k"), weights=positive("m"), axis=choice(1, -2), keepdims=choice(False, True)),
    },
    jax=lambda jax, x, weights, *, axis, keepdims: jax.numpy.average(x, axis, weights, keepdims=keepdims),
    sympy=lambda sympy, x, weights, *, axis, keepdims: (
        (x * spread_over(weights, x, axis)).sum(axis, keepdims=keepdims)
        / (spread_over(weights, x, axis) + 0 * x).sum(axis, keepdims=keepdims)
    ),
)
def average(x: Array, weights: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """Σ w x / Σ w along axis, weights w as x or of that axis.  (n, m, k), (n, m, k) -> (...)

    dx = dy w / Σ w, dw = dy (x - y) / Σ w.  x - y is centred again: next to equal numbers, or to a weight that is
    nearly all, the error of y is more than is left.
    """
    w = np.broadcast_to(spread_over(weights, x, axis), x.shape)

    def mean(z: Any) -> Any:
        return (w * z).sum(axis, keepdims=True) / w.sum(axis, keepdims=True)

    y = mean(x)

    def pullback(dy: Array) -> Any:
        each, centred = kept(dy, x.shape, axis) / w.sum(axis, keepdims=True), x - y
        dw = each * (centred - mean(centred))
        return each * w, dw if weights.shape == x.shape else dw.sum(axes_but(axis, x.ndim))

    return y if keepdims else np.squeeze(y, axes_of(axis, x.ndim)), pullback


def spread_over(weights: Array, x: Array, axis: Axis) -> Array:
    """Weights of a single axis, with axes of size 1 for the others of x."""
    if weights.shape == x.shape:
        return weights
    if not isinstance(axis, int) or weights.shape != (x.shape[axis],):
        raise ValueError(f"weights have shape {weights.shape}, x has {x.shape}: give one as for x, or for one axis")
    return np.reshape(weights, tuple(-1 if i == axis % x.ndim else 1 for i in range(x.ndim)))


def axes_but(axis: Axis, ndim: int) -> tuple[int, ...]:
    """All axes but those of a reduction."""
    return tuple(i for i in range(ndim) if i not in axes_of(axis, ndim))


def some(rng: Generator, x: Array) -> Array:
    """Booleans as x, at least one true along every axis."""
    chosen = np.asarray(rng.random(x.shape) < 0.5)
    chosen[0], chosen[..., 0] = True, True
    return chosen


def every_other(x: Array) -> Array:
    """Every other row (m 1)."""
    return np.asarray(np.arange(len(x))[:, None] % 2 == 0)


@rule(
    domains={
        "": dict(x=real("n m k"), mask=made(some), **AXES),
        "broadcast": dict(x=real("m k"), mask=made(every_other), axis=choice(0), keepdims=choice(False, True)),
    },
    jax=lambda jax, x, *, mask, axis, keepdims: jax.numpy.mean(x, axis, keepdims=keepdims, where=mask),
    sympy=lambda sympy, x, *, mask, axis, keepdims: (
        np.where(mask, x, 0).sum(axis, keepdims=keepdims) / (mask + np.zeros(x.shape, int)).sum(axis, keepdims=keepdims)
    ),
)
def masked_mean(x: Array, *, mask: Array, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """The mean along axis of the x where the mask, which broadcasts, holds; nan where it never does.  (n, m, k) -> (...)

    dx = dy / N where the mask holds, N how often it does, else 0.
    """
    chosen = np.broadcast_to(mask, x.shape)
    n = chosen.sum(axis, keepdims=keepdims).astype(x.dtype)

    def pullback(dy: Array) -> Any:
        return np.where(chosen, kept(dy / n, chosen.shape, axis), 0)

    return np.where(chosen, x, 0).sum(axis, keepdims=keepdims) / n, pullback


def gaps(rng: Generator, draw: Draw) -> Array:
    """Numbers in [-3, 3] with some nan among them, at least one number along every axis (n m k)."""
    x = np.round(rng.uniform(-3, 3, draw.shape("n m k")), 3)
    return np.where(some(rng, x), x, np.nan)


@rule(
    domains={"": dict(x=real("n m k"), **AXES), "nan": dict(x=made(gaps), **AXES)},
    jax=lambda jax, x, *, axis, keepdims: jax.numpy.nansum(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: x.sum(axis, keepdims=keepdims),
)
def nansum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """Σ x along axis of those that are not nan.  (n, m, k) -> (...)

    dx = dy for these, 0 for nan.
    """
    number = ~np.isnan(x)

    def pullback(dy: Array) -> Any:
        return np.where(number, kept(dy, number.shape, axis), 0)

    return np.where(number, x, 0).sum(axis, keepdims=keepdims), pullback


@rule(
    domains={"": dict(x=real("n m k"), **AXES), "nan": dict(x=made(gaps), **AXES)},
    jax=lambda jax, x, *, axis, keepdims: jax.numpy.nanmean(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: x.mean(axis, keepdims=keepdims),
)
def nanmean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """The mean along axis of the x that are not nan; nan where all are.  (n, m, k) -> (...)

    dx = dy / N for these, N their number, and 0 for nan.
    """
    pulled: Pulled = masked_mean(x, mask=~np.isnan(x), axis=axis, keepdims=keepdims)
    return pulled
