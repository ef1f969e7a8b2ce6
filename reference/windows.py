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


def reach_of(size: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """How many places a window with gaps reaches over."""
    return tuple((s - 1) * d + 1 for s, d in zip(size, dilation, strict=True))


def unfolded(
    x: Array,
    size: tuple[int, ...],
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    fill: float = 0.0,
    beyond: tuple[int, ...] | None = None,
) -> Any:
    """All windows of a size over the last axes of x, padded with `fill`: (..., *places) -> (..., *windows, *size).

    beyond: so many more places of padding at the far end.  Raises ValueError where no window fits.
    """
    axes = len(size)
    stride, padding, dilation = (per_axis(v, axes) for v in (stride, padding, dilation))
    pads = [(p, p + more) for p, more in zip(padding, beyond or (0,) * axes, strict=True)]
    # Without padding windows are views of x itself: nothing is copied, nothing more is kept.
    padded: Any = np.pad(x, [(0, 0)] * (x.ndim - axes) + pads, constant_values=fill) if np.any(pads) else x
    reach = reach_of(size, dilation)
    if any(r > n for r, n in zip(reach, padded.shape[-axes:], strict=True)):
        raise ValueError(f"a window reaches over {reach} places, the padded input has {padded.shape[-axes:]}")
    view: Any = sliding_window_view(padded, reach, tuple(range(-axes, 0)))
    return view[(..., *(slice(None, None, s) for s in (*stride, *dilation)))]


def folded(
    view: Array,
    places: tuple[int, ...],
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    beyond: tuple[int, ...] | None = None,
) -> Any:
    """The adjoint of unfolded: windows added up where they overlap, (..., *windows, *size) -> (..., *places)."""
    axes = len(places)
    stride, padding, dilation = (per_axis(v, axes) for v in (stride, padding, dilation))
    count, size = view.shape[-2 * axes : -axes], view.shape[-axes:]
    padded = (n + 2 * p + more for n, p, more in zip(places, padding, beyond or (0,) * axes, strict=True))
    total: Any = np.zeros_like(view, shape=(*view.shape[: -2 * axes], *padded))
    for offset in np.ndindex(*size):
        at = (
            slice(o * d, o * d + s * (n - 1) + 1, s) for o, d, s, n in zip(offset, dilation, stride, count, strict=True)
        )
        total[(..., *at)] += view[(..., *offset)]
    return total[(..., *(slice(p, p + n) for p, n in zip(padding, places, strict=True)))]


def windows(x: Array, size: tuple[int, ...], *, fill: float = 0.0, **places: Any) -> tuple[Any, Callable[[Any], Any]]:
    """All windows over the last axes of x, and the pullback of their cotangent.  Parameters are those of unfolded."""

    def pullback(dy: Array) -> Any:
        return folded(dy, x.shape[-len(size) :], **places)

    return unfolded(x, size, fill=fill, **places), pullback


def sized(usual: str, small: str, low: float = -3.0, high: float = 3.0) -> Spec:
    """Real numbers of a shape that is smaller where formulas are proved symbolically."""

    def make(rng: np.random.Generator, draw: Any) -> Array:
        return np.asarray(rng.uniform(low, high, draw.shape(small if draw.role == "small" else usual)).round(3))

    return made(make, f"[{low:g}, {high:g}] ({usual})")
