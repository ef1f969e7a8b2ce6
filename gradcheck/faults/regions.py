"""Where a cotangent may be wrong while it is right elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.faults.answers import Answer, Single

Region = Callable[[Any, Answer, int], Any]


def first_size(g: Any) -> int:
    """The batch."""
    return g.shape[0] if g.ndim else 1


def last_size(g: Any) -> int:
    """The features."""
    return g.shape[-1] if g.ndim else 1


def real_part(x: Any) -> Any:
    """What can be compared."""
    return x.real if x.dtype.kind == "c" else x


def positions(g: Any, axis: int) -> Any:
    """The position of each entry along an axis, as an array that broadcasts."""
    shape = [1] * g.ndim
    shape[axis] = -1
    return np.arange(g.shape[axis]).reshape(shape)


def slice_of(axis: int, at: int) -> Region:
    """The first or last of several slices along an axis."""

    def region(g: Any, a: Answer, k: int) -> Any:
        return positions(g, axis) == at % g.shape[axis] if g.ndim and g.shape[axis] > 1 else np.False_

    return region


def on_border(g: Any, a: Answer, k: int) -> Any:
    """The outermost entries along the last two axes, where there are inner ones."""
    if not g.ndim or any(n < 3 for n in g.shape[-2:]):
        return np.False_
    sides = [(positions(g, -i) == 0) | (positions(g, -i) == g.shape[-i] - 1) for i in range(1, min(g.ndim, 2) + 1)]
    return sides[0] | sides[-1]


def tied(g: Any, a: Answer, k: int) -> Any:
    """Where the argument has the same value twice."""
    flat = a.args[k].reshape(-1)
    return ((flat[:, None] == flat[None, :]).sum(1) > 1).reshape(g.shape)


def longer_than(n: int) -> Region:
    """Everywhere, but only where an axis is longer than n."""
    return lambda g, a, k: np.bool_(max(g.shape, default=0) > n)


REGIONS: dict[str, Region] = {
    "x < 0": lambda g, a, k: real_part(a.args[k]) < 0,
    "x > 0": lambda g, a, k: real_part(a.args[k]) > 0,
    "x = 0": lambda g, a, k: real_part(a.args[k]) == 0,
    "|x| > 1": lambda g, a, k: np.abs(a.args[k]) > 1,
    "x > 2": lambda g, a, k: real_part(a.args[k]) > 2,
    "dy < 0": lambda g, a, k: real_part(a.dy[0]) < 0 if a.dy[0].shape == g.shape else np.False_,
    "the first row": slice_of(0, 0),
    "the last row": slice_of(0, -1),
    "the first column": slice_of(-1, 0),
    "the last column": slice_of(-1, -1),
    "the border": on_border,
    "ties": tied,
    "n > 4": longer_than(4),
    "n > 8": longer_than(8),
    "an odd size": lambda g, a, k: np.bool_(last_size(g) % 2 == 1),
    "a batch of one": lambda g, a, k: np.bool_(bool(g.ndim) and g.shape[0] == 1),
    "a batch of several": lambda g, a, k: np.bool_(first_size(g) > 1),
}


def inside(region: Region, function: Callable[[Any], Any]) -> Single:
    """A change where the region is."""
    return lambda g, a, k: np.where(region(g, a, k), function(g), g)
