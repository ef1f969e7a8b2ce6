"""Sliding windows over the last axes of an array, and the sum that is their adjoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gradcheck.domains import Spec, made
from gradcheck.results import Array

# One number for all axes, or one for each.
Sizes = int | tuple[int, ...]


def per_axis(value: Sizes, axes: int) -> tuple[int, ...]:
    """A size for each of so many axes.  Raises ValueError where a tuple has another length."""
    sizes = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(sizes) != axes:
        raise ValueError(f"{value} was given for {axes} axes: give one number, or one for each axis")
    return sizes


def windows(
    x: Array, size: tuple[int, ...], *, stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1, fill: float = 0.0
) -> tuple[Any, Callable[[Any], Any]]:
    """All windows of a size over the last axes of x, padded with `fill`, and the pullback of their cotangent.

    (..., *places) -> (..., *windows, *size).  Raises ValueError where no window fits.
    """
    axes = len(size)
    stride, padding, dilation = (per_axis(v, axes) for v in (stride, padding, dilation))
    padded: Any = np.pad(x, [(0, 0)] * (x.ndim - axes) + [(p, p) for p in padding], constant_values=fill)
    reach = tuple((s - 1) * d + 1 for s, d in zip(size, dilation, strict=True))
    if any(r > n for r, n in zip(reach, padded.shape[-axes:], strict=True)):
        raise ValueError(f"a window reaches over {reach} places, the padded input has {padded.shape[-axes:]}")
    steps = tuple(slice(None, None, s) for s in (*stride, *dilation))
    view: Any = sliding_window_view(padded, reach, tuple(range(-axes, 0)))
    view = view[(..., *steps)]
    count = view.shape[-2 * axes : -axes]

    def pullback(dy: Array) -> Any:
        total: Any = np.zeros_like(padded)
        for offset in np.ndindex(*size):
            places = (
                slice(o * d, o * d + s * (n - 1) + 1, s)
                for o, d, s, n in zip(offset, dilation, stride, count, strict=True)
            )
            total[(..., *places)] += dy[(..., *offset)]
        inside = (slice(p, p + n) for p, n in zip(padding, x.shape[-axes:], strict=True))
        return total[(..., *inside)]

    return view, pullback


def sized(usual: str, small: str, low: float = -3.0, high: float = 3.0) -> Spec:
    """Real numbers of a shape that is smaller where formulas are proved symbolically."""

    def make(rng: np.random.Generator, draw: Any) -> Array:
        return np.asarray(rng.uniform(low, high, draw.shape(small if draw.role == "small" else usual)).round(3))

    return made(make, f"[{low:g}, {high:g}] ({usual})")
