"""Shapes on the way back: undoing a broadcast, and giving a reduction its axes back."""

from __future__ import annotations

import math

import numpy as np

from gradcheck.results import Array

Axis = int | tuple[int, ...] | None


def unbroadcast(dy: Array, shape: tuple[int, ...]) -> Array:
    """The cotangent of an argument of `shape` that was broadcast to the shape of `dy`: dy summed over the new axes."""
    new = dy.ndim - len(shape)
    stretched = (new + i for i, n in enumerate(shape) if n == 1 and dy.shape[new + i] != 1)
    axes = (*range(new), *stretched)
    return dy.sum(axes).reshape(shape) if axes else dy


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction along `axis` sums over, counted from the front; None is all of them."""
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % ndim for a in axes)


def kept(y: Array, shape: tuple[int, ...], axis: Axis) -> Array:
    """The result of a reduction of an array of `shape` along `axis`, with the reduced axes kept as axes of size 1."""
    axes = axes_of(axis, len(shape))
    return y.reshape(tuple(1 if i in axes else n for i, n in enumerate(shape)))


def count(shape: tuple[int, ...], axis: Axis) -> int:
    """The number of entries that a reduction along `axis` puts into one."""
    return math.prod(shape[a] for a in axes_of(axis, len(shape)))


def spread(dy: Array, shape: tuple[int, ...], axis: Axis) -> Array:
    """The cotangent of a sum along `axis`: each summand of an array of `shape` gets that of its sum."""
    return np.broadcast_to(kept(dy, shape, axis), shape).copy()


def merged(x: Array, axis: Axis) -> Array:
    """x with the axes of a reduction as a single last one: (..., N) for N entries that are put into one."""
    first, last = order(x.ndim, axis)
    return np.transpose(x, (*first, *last)).reshape((*(x.shape[a] for a in first), count(x.shape, axis)))


def unmerged(dy: Array, shape: tuple[int, ...], axis: Axis) -> Array:
    """The cotangent of an array of `shape` whose `merged` has the cotangent dy."""
    first, last = order(len(shape), axis)
    moved = dy.reshape(tuple(shape[a] for a in (*first, *last)))
    return np.transpose(moved, tuple(np.argsort((*first, *last)).tolist()))


def order(ndim: int, axis: Axis) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes that a reduction leaves, and those that it reduces."""
    last = axes_of(axis, ndim)
    return tuple(a for a in range(ndim) if a not in last), last
