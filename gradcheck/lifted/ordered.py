"""What needs an order: largest and smallest, sorting, searching.  Ties are decided by the number system's order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted.array import Lifted, System, lifted, select
from gradcheck.lifted.reductions import largest, smallest
from gradcheck.results import Array


def argextreme(sign: int) -> Callable[..., Any]:
    """argmax (sign 1) and argmin (sign -1): the first place of the extreme value."""

    def implementation(system: System, x: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
        x = lifted(system, x)
        flat = x.reshape(-1) if axis is None else x.each(lambda c: np.moveaxis(c, axis, 0))
        best, place = flat[0], np.zeros(flat.shape[1:], dtype=np.intp)
        for i in range(1, len(flat)):
            better = sign * system.order(flat[i], best) > 0
            best, place = select(better, flat[i], best), np.where(better, i, place)
        if keepdims is True:
            return place.reshape((1,) * x.ndim) if axis is None else np.expand_dims(place, axis)
        return place if place.ndim else place[()]

    return implementation


def argsort(system: System, x: Any, axis: Any = -1, kind: Any = None, **_: Any) -> Array:
    """Stable, along an axis."""
    x = lifted(system, x)
    if axis is None:
        x, axis = x.ravel(), -1
    moved = x.each(lambda c: np.moveaxis(c, axis, -1))
    order = np.empty(moved.shape, dtype=np.intp)
    for row in np.ndindex(moved.shape[:-1]):
        items = moved[row]
        compare = functools.partial(compare_items, system, items)
        order[row] = sorted(range(items.size), key=functools.cmp_to_key(compare))
    return np.moveaxis(order, -1, axis)


def compare_items(system: System, items: Lifted, i: int, j: int) -> int:
    """The order of two entries, as a comparison function gives it."""
    return int(system.order(items[i], items[j]))


def sort(system: System, x: Any, axis: Any = -1, kind: Any = None, **_: Any) -> Any:
    """np.sort; equal entries stay in their order."""
    x = lifted(system, x)
    if axis is None:
        x, axis = x.ravel(), -1
    order = argsort(system, x, axis)
    return x.each(lambda c: np.take_along_axis(c, order, axis))


def partition(system: System, x: Any, kth: Any, axis: Any = -1, **_: Any) -> Any:
    """np.partition: a sorted array is partitioned at every place."""
    return sort(system, x, axis)


def searchsorted(system: System, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Array:
    """Places by counting: how many of `a` are below (left) or not above (right) each of `v`."""
    a, v = lifted(system, a), lifted(system, v)
    a = a if sorter is None else a[sorter]
    order = system.order(a.reshape((-1,) + (1,) * v.ndim), v)
    return np.asarray((order < 0 if side == "left" else order <= 0).sum(0))


def lexsort(system: System, keys: Any, axis: int = -1) -> Array:
    """np.lexsort of vectors: by the last key, and where it is equal by the one before."""
    order = np.arange(len(keys[0]))
    for key in keys:
        order = order[argsort(system, lifted(system, key)[order])]
    return order


def unique(
    system: System,
    x: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    **_: Any,
) -> Any:
    """np.unique of all entries; of equal ones the first stays."""
    flat = lifted(system, x).reshape(-1)
    order = argsort(system, flat)
    ordered = flat[order]
    new = np.concatenate([np.ones(min(1, flat.size), bool), ordered[1:] != ordered[:-1]])
    inverse = np.empty(flat.size, dtype=np.intp)
    inverse[order] = np.cumsum(new) - 1
    found = (ordered[new], order[new], inverse.reshape(np.shape(x)), np.bincount(inverse))
    wanted = tuple(f for f, w in zip(found, (True, return_index, return_inverse, return_counts), strict=True) if w)
    return wanted if len(wanted) > 1 else wanted[0]


TABLE: dict[str, Callable[..., Any]] = {
    "max": largest,
    "amax": largest,
    "min": smallest,
    "amin": smallest,
    "argmax": argextreme(1),
    "argmin": argextreme(-1),
    "argsort": argsort,
    "argpartition": lambda system, x, kth, axis=-1, **_: argsort(system, x, axis),
    "sort": sort,
    "partition": partition,
    "searchsorted": searchsorted,
    "lexsort": lexsort,
    "unique": unique,
    "unique_values": unique,
    "union1d": lambda system, a, b: unique(system, np.concatenate([np.ravel(a), np.ravel(b)])),
    "ptp": lambda system, x, axis=None, **k: largest(system, x, axis, **k) - smallest(system, x, axis, **k),
    "clip": lambda system, x, a_min=None, a_max=None, **k: clip(system, x, k.get("min", a_min), k.get("max", a_max)),
}


def clip(system: System, x: Any, low: Any, high: Any) -> Any:
    """np.clip; either bound may be None."""
    x = lifted(system, x)
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)
