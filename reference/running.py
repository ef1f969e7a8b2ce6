"""Running sums, products and extremes along an axis, differences of neighbours, and the area under a line of points."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Generator, choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled


@rule(
    domain=dict(x=real("n k"), axis=choice(0, -1), include_initial=choice(False, True)),
    jax=lambda jax, x, *, axis, include_initial: jax.numpy.cumulative_sum(
        x, axis=axis, include_initial=include_initial
    ),
    sympy=lambda sympy, x, *, axis, include_initial: begun(np.cumsum(x, axis), axis, 0, include_initial),
)
def cumulative_sum(x: Array, *, axis: int = -1, include_initial: bool = False) -> Pulled:
    """The running sum along axis, with a 0 before it (include_initial).  (n, k) -> (...)

    dx = the running sum of dy from the other end.
    """

    def pullback(dy: Array) -> Array:
        return backwards(ended(dy, axis, include_initial), axis)

    return begun(np.cumsum(x, axis), axis, 0, include_initial), pullback


def begun(y: Array, axis: int, first: int, wanted: bool = True) -> Any:
    """y with a first entry along axis, if that is wanted."""
    width = [(0, 0)] * y.ndim
    width[axis] = (int(wanted), 0)
    return np.pad(y, width, constant_values=first)


def ended(dy: Array, axis: int, include_initial: bool) -> Array:
    """dy without what belongs to a first entry, which depends on nothing."""
    return np.moveaxis(np.moveaxis(dy, axis, 0)[include_initial:], 0, axis)


def backwards(dy: Array, axis: int) -> Array:
    """The running sum from the other end."""
    return np.flip(np.cumsum(np.flip(dy, axis), axis), axis)


@rule(
    domain=dict(x=real("n k", at=(0.0,)), axis=choice(0, -1), include_initial=choice(False, True)),
    jax=lambda jax, x, *, axis, include_initial: jax.numpy.cumulative_prod(
        x, axis=axis, include_initial=include_initial
    ),
    sympy=lambda sympy, x, *, axis, include_initial: begun(np.cumprod(x, axis), axis, 1, include_initial),
)
def cumulative_prod(x: Array, *, axis: int = -1, include_initial: bool = False) -> Pulled:
    """The running product along axis, with a 1 before it (include_initial).  (n, k) -> (...)

    dx_i = (Π x_j, j < i) s_i, s_i = dy_i + x_(i+1) s_(i+1): without a division, so that entries may be 0.
    """
    y = np.cumprod(x, axis)

    def pullback(dy: Array) -> Any:
        s = np.moveaxis(ended(dy, axis, include_initial), axis, 0).copy()
        along = np.moveaxis(x, axis, 0)
        for i in range(len(s) - 2, -1, -1):
            s[i] += along[i + 1] * s[i + 1]
        before = np.moveaxis(begun(y, axis, 1), axis, 0)[: len(s)]
        return np.moveaxis(before * s, 0, axis)

    return begun(y, axis, 1, include_initial), pullback


@rule(
    domains={
        "": dict(x=real("n k"), axis=choice(0, -1)),
        "ties": dict(x=real("n k", at=(3.5,)), axis=choice(-1, 0)),
    },
    jax=lambda jax, x, *, axis: jax.lax.cummax(x, axis % x.ndim),
    sympy=lambda sympy, x, *, axis: np.frompyfunc(sympy.Max, 2, 1).accumulate(x, axis, dtype=object),
)
def cumulative_max(x: Array, *, axis: int = -1) -> Pulled:
    """The largest x so far along axis.  (n, k) -> (n, k)

    dy goes to the entry that set the record, the first of equal ones; JAX shares it among them.
    """
    along = np.moveaxis(x, axis, -1)
    y = np.maximum.accumulate(along, -1)
    record = np.concatenate([np.ones_like(along[..., :1], dtype=bool), y[..., 1:] > y[..., :-1]], -1)
    places = np.maximum.accumulate(np.where(record, np.arange(along.shape[-1]), 0), -1)

    def pullback(dy: Array) -> Any:
        dx = np.zeros_like(along)
        rows = np.indices(places.shape, sparse=True)[:-1]
        np.add.at(dx, (*rows, places), np.moveaxis(dy, axis, -1))
        return np.moveaxis(dx, -1, axis)

    return np.moveaxis(y, -1, axis), pullback


@rule(
    domain=dict(x=real("n 4 m"), axis=choice(1, -2), n=choice(1, 2, 3)),
    jax=lambda jax, x, *, axis, n: jax.numpy.diff(x, n, axis),
    sympy=lambda sympy, x, *, axis, n: np.diff(x, n, axis),
)
def diff(x: Array, *, axis: int = -1, n: int = 1) -> Pulled:
    """x_(i+1) - x_i along axis, n times.  (n, 4, m) -> (...)

    dx_i = dy_(i-1) - dy_i, with 0 beyond either end, n times.
    """

    def pullback(dy: Array) -> Array:
        zero = np.zeros_like(x.sum(axis, keepdims=True))
        for _ in range(min(n, x.shape[axis])):
            dy = -np.diff(np.concatenate([zero, dy, zero], axis), axis=axis)
        return dy

    return np.diff(x, n, axis), pullback


def ascending(rng: Generator, f: Array) -> Array:
    """Places in ascending order, one for each sample along the last axis."""
    return np.round(np.cumsum(rng.uniform(0.2, 1.0, f.shape[-1])), 3)


@rule(
    domains={
        "": dict(f=real("n 4"), x=made(ascending), axis=choice(-1)),
        "places of each": dict(f=real("3 k"), x=real("3 k"), axis=choice(0)),
        "equal steps": dict(f=real("3 4"), dx=choice(0.3, 2.5), axis=choice(0, -1)),
    },
    jax=lambda jax, f, *x, axis, dx=1.0: jax.numpy.trapezoid(f, *x, dx=dx, axis=axis),
    sympy=lambda sympy, f, *x, axis, dx=1: trapezes(f, *x, axis=axis, dx=dx),
)
def trapezoid(f: Array, x: Array | None = None, *, axis: int = -1, dx: float = 1.0) -> Pulled:
    """Σ (x_(i+1) - x_i) (f_i + f_(i+1)) / 2 along axis, places x as f or of that axis, or dx apart.  (n, k), (k) -> (n)

    df_i = dy (x_(i+1) - x_(i-1)) / 2, with the end for what is beyond it; dx_i = -dy (f_(i+1) - f_(i-1)) / 2.
    """
    samples = np.moveaxis(f, axis, -1)
    alike = x is None
    steps: Any = dx if x is None else np.diff(x if x.ndim == 1 else np.moveaxis(x, axis, -1))
    heights = (samples[..., 1:] + samples[..., :-1]) / 2

    def pullback(dy: Array) -> Any:
        dy = np.expand_dims(dy, -1)
        df = np.moveaxis(to_ends(np.broadcast_to(dy * steps / 2, heights.shape), 1), -1, axis)
        if alike:
            return df
        moved = to_ends(unbroadcast(dy * heights, steps.shape), -1)
        return df, moved if moved.ndim == 1 else np.moveaxis(moved, -1, axis)

    return (steps * heights).sum(-1), pullback


def to_ends(d: Array, sign: int) -> Any:
    """For places between which there are steps: d of the step before, plus or minus d of the step after."""
    others = [(0, 0)] * (d.ndim - 1)
    return np.pad(d, [*others, (1, 0)]) + sign * np.pad(d, [*others, (0, 1)])


def trapezes(f: Array, x: Array | None = None, *, axis: int, dx: Any) -> Any:
    """The sympy twin of trapezoid, from the areas of the trapezes."""
    f = np.moveaxis(f, axis, -1)
    x = np.arange(f.shape[-1]) * dx if x is None else x if x.ndim == 1 else np.moveaxis(x, axis, -1)
    return sum((x[..., i + 1] - x[..., i]) * (f[..., i] + f[..., i + 1]) / 2 for i in range(f.shape[-1] - 1))
