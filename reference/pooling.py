"""Pooling over windows, of any number of axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.domains import Spec, choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference import pooling_twins as twins
from reference.declaring import Pulled
from reference.windows import Sizes, per_axis, reach_of, sized, unfolded, windows


def layout_of(
    x: Array, size: Sizes, stride: Sizes | None, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[tuple[int, ...], dict[str, Any]]:
    """The size of the windows over all axes of x but the first two, and where they lie, as `windows` takes it.

    ceil_mode: a last window may go beyond the padding, if it begins before it.  Raises ValueError for too much padding.
    """
    axes = x.ndim - 2
    sizes, steps, pads, gaps = (
        per_axis(v, axes) for v in (size, size if stride is None else stride, padding, dilation)
    )
    reach = reach_of(sizes, gaps)
    if any(2 * p > r for p, r in zip(pads, reach, strict=True)):
        raise ValueError(f"padding is {padding}, windows reach over {reach} places: pad by half of that at most")
    beyond = [0] * axes
    if ceil_mode:
        for k, (n, r, s, p) in enumerate(zip(x.shape[2:], reach, steps, pads, strict=True)):
            last = min(-((r - n - 2 * p) // s), (n + p - 1) // s)
            beyond[k] = max(0, last * s + r - n - 2 * p)
    return sizes, dict(stride=steps, padding=pads, dilation=gaps, beyond=tuple(beyond))


def max_pool(x: Array, size: tuple[int, ...], layout: dict[str, Any]) -> Pulled:
    """The largest of each window, the first of equal ones."""
    view, pull_windows = windows(x, size, fill=-np.inf, **layout)
    flat = view.reshape(*view.shape[: x.ndim], math.prod(size))
    first, shape = flat.argmax(-1)[..., None], view.shape

    def pullback(dy: Array) -> Any:
        return pull_windows((dy[..., None] * (first == np.arange(math.prod(size)))).reshape(shape))

    return np.take_along_axis(flat, first, -1)[..., 0], pullback


def avg_pool(x: Array, size: tuple[int, ...], layout: dict[str, Any], count_include_pad: bool) -> Pulled:
    """The sum of each window over the number of its places, those of the padding among them or not."""
    view, pull_windows = windows(x, size, **layout)
    inner, axes = tuple(range(x.ndim, view.ndim)), range(x.ndim - 2)
    counted = tuple(x.shape[2 + k] + 2 * layout["padding"][k] for k in axes) if count_include_pad else x.shape[2:]
    ones = np.ones(counted, x.dtype)
    places = unfolded(ones, size, **(layout | dict(padding=0) if count_include_pad else layout))
    count, shape = places.sum(tuple(range(len(size), 2 * len(size)))), view.shape

    def pullback(dy: Array) -> Any:
        return pull_windows(np.broadcast_to(np.expand_dims(dy / count, inner), shape))

    return view.sum(inner) / count, pullback


def distinct(usual: str, small: str) -> Spec:
    """Numbers a quarter apart: no step makes another one the largest of a window."""

    def make(rng: np.random.Generator, draw: Any) -> Array:
        shape = draw.shape(small if draw.role == "small" else usual)
        size = math.prod(shape)
        return np.asarray(rng.permutation(size).reshape(shape) * 0.25 - size / 9)

    return made(make, f"a quarter apart ({usual})")


ONE = {
    "": dict(x=distinct("2 3 7", "1 1 4"), size=choice(2, 3), stride=choice(2, 3)),
    "overlapping": dict(
        x=distinct("1 2 8", "1 1 3"),
        size=choice(2, 3),
        stride=choice(1, 2),
        padding=choice(1, 0),
        dilation=choice(1, 2),
    ),
    "ceil": dict(x=distinct("2 1 6", "1 1 3"), size=choice(2, 4), padding=choice(0, 1), ceil_mode=choice(True)),
}
TWO = {
    "": dict(x=distinct("2 3 6 4", "1 1 2 4"), size=choice(2, (3, 2)), stride=choice(2, (3, 2))),
    "overlapping": dict(
        x=distinct("1 2 5 7", "1 1 2 3"),
        size=choice(2, (2, 3), 3),
        stride=choice(1, (1, 2), 2),
        padding=choice(0, (1, 0), 1),
    ),
    "ceil": dict(
        x=distinct("1 2 6 5", "1 1 3 2"),
        size=choice(2, (3, 2)),
        stride=choice(2, (2, 3)),
        padding=choice(0, 1),
        ceil_mode=choice(True),
    ),
}
DILATED = dict(
    x=distinct("1 2 7 6", "1 1 3 3"),
    size=choice(2, (2, 3)),
    stride=choice((2, 1), 1),
    padding=choice((0, 1), 1),
    dilation=choice((2, 1), (3, 2)),
)


@rule(
    domains=ONE,
    jax=twins.max_pool_jax,
    sympy=twins.max_pool_symbolic,
    source="Krizhevsky, Sutskever, Hinton 2012, section 3.4; PyTorch, torch.nn.MaxPool1d",
)
def max_pool1d(
    x: Array,
    *,
    size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> Pulled:
    """The largest of each window; padding counts as -∞.  (n, c, x) -> (n, c, i)

    dx = dy at the largest, summed over the windows that it is the largest of; of equal ones the first, as in JAX.
    stride: the size unless given; ceil_mode: a last window may go beyond the end.
    """
    return max_pool(x, *layout_of(x, size, stride, padding, dilation, ceil_mode))


@rule(
    domains=TWO | {"dilated": DILATED},
    jax=twins.max_pool_jax,
    sympy=twins.max_pool_symbolic,
    source="Krizhevsky, Sutskever, Hinton 2012, section 3.4; PyTorch, torch.nn.MaxPool2d",
)
def max_pool2d(
    x: Array,
    *,
    size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> Pulled:
    """The largest of each window; padding counts as -∞.  (n, c, x, y) -> (n, c, i, j)

    dx = dy at the largest, summed over the windows that it is the largest of; of equal ones the first, as in JAX.
    stride: the size unless given; ceil_mode: a last window may go beyond the end.
    """
    return max_pool(x, *layout_of(x, size, stride, padding, dilation, ceil_mode))


@rule(
    domains={
        "": ONE[""],
        **{
            label: dict(
                x=sized(shape, "1 1 3"),
                size=choice(3, 2),
                stride=choice(2, 3),
                padding=choice(1),
                count_include_pad=choice(False, True),
                ceil_mode=choice(*ceil),
            )
            for label, shape, ceil in (("padded", "2 2 7", (False,)), ("ceil", "2 2 8", (True,)))
        },
    },
    jax=twins.avg_pool_jax,
    sympy=twins.avg_pool_symbolic,
    source="LeCun et al. 1998, section II.B; PyTorch, torch.nn.AvgPool1d",
)
def avg_pool1d(
    x: Array,
    *,
    size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Pulled:
    """The mean of each window; padding counts as 0, or not at all.  (n, c, x) -> (n, c, i)

    dx = dy / (the number of places that count), summed over the windows that a place is in.
    stride: the size unless given; ceil_mode: a last window may go beyond the end, where nothing counts.
    """
    return avg_pool(x, *layout_of(x, size, stride, padding, 1, ceil_mode), count_include_pad)


@rule(
    domains=TWO
    | {
        label: dict(
            x=sized("2 2 5 7", "1 1 2 3"),
            size=choice((2, 3), 3),
            stride=choice((1, 2), 2),
            padding=choice(1, (1, 0)),
            count_include_pad=choice(False),
            ceil_mode=choice(*ceil),
        )
        for label, ceil in (("uncounted", (False,)), ("uncounted ceil", (True,)))
    },
    jax=twins.avg_pool_jax,
    sympy=twins.avg_pool_symbolic,
    source="LeCun et al. 1998, section II.B; PyTorch, torch.nn.AvgPool2d",
)
def avg_pool2d(
    x: Array,
    *,
    size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Pulled:
    """The mean of each window; padding counts as 0, or not at all.  (n, c, x, y) -> (n, c, i, j)

    dx = dy / (the number of places that count), summed over the windows that a place is in.
    stride: the size unless given; ceil_mode: a last window may go beyond the end, where nothing counts.
    """
    return avg_pool(x, *layout_of(x, size, stride, padding, 1, ceil_mode), count_include_pad)


@rule(
    domains={
        "one axis": dict(x=sized("2 2 6", "1 1 4"), p=choice(3, 2), size=choice(2, 3), stride=choice(2, 1)),
        "two axes": dict(
            x=sized("1 2 5 4", "1 1 2 3"), p=choice(2, 1.5), size=choice((2, 3), 2), ceil_mode=choice(False, True)
        ),
    },
    jax=twins.lp_pool_jax,
    sympy=twins.lp_pool_symbolic,
    source="Gülçehre et al. 2014, eq. 1 (a sum, as in PyTorch, torch.nn.LPPool2d)",
)
def lp_pool(x: Array, *, p: float, size: Sizes, stride: Sizes | None = None, ceil_mode: bool = False) -> Pulled:
    """(Σ |x|^p)^(1/p) over each window, over all axes but two.  (n, c, ...) -> (n, c, ...)

    dx = dy sign(x) (|x| / y)^(p - 1), summed over the windows that a place is in; 0 where y = 0.  p ≥ 1.
    PyTorch takes x^p for |x|^p, which is the same for even p and for positive x, and with ceil_mode scales a last
    window that is cut off as if it were full; here its norm is that of what is there.  The pullback keeps the windows,
    scaled.  Raises ValueError for p < 1.
    """
    if p < 1:
        raise ValueError(f"p is {p}: only from 1 on is this a norm")
    sizes, layout = layout_of(x, size, stride, 0, 1, ceil_mode)
    view, pull_windows = windows(x, sizes, **layout)
    inner = tuple(range(x.ndim, view.ndim))
    largest = np.abs(view).max(inner, keepdims=True)
    scaled = view / np.where(largest > 0, largest, 1)
    norm = (np.abs(scaled) ** p).sum(inner, keepdims=True) ** (1 / p)

    def pullback(dy: Array) -> Any:
        slope = np.sign(scaled) * (np.abs(scaled) / np.where(norm > 0, norm, 1)) ** (p - 1)
        return pull_windows(np.expand_dims(dy, inner) * slope)

    return (largest * norm).squeeze(inner), pullback


@rule(
    domain=dict(x=real("n c k m"), keepdims=choice(False, True)),
    jax=lambda jax, x, *, keepdims=False: (
        jax.numpy.einsum("nc...->nc", x).reshape(*x.shape[:2], *(1,) * keepdims * (x.ndim - 2)) / np.prod(x.shape[2:])
    ),
    sympy=lambda sympy, x, *, keepdims=False: x.mean(tuple(range(2, x.ndim)), keepdims=keepdims),
    source="Lin, Chen, Yan 2014, section 3.2",
)
def global_avg_pool(x: Array, *, keepdims: bool = False) -> Pulled:
    """The mean of each channel over all its places.  (n, c, ...) -> (n, c) or (n, c, 1, 1)

    dx = dy / (the number of places), for each of them.
    """
    inner = tuple(range(2, x.ndim))

    def pullback(dy: Array) -> Any:
        g = dy.reshape(*x.shape[:2], *(1,) * len(inner)) / math.prod(x.shape[2:])
        return np.broadcast_to(g, x.shape).copy()

    return x.mean(inner, keepdims=keepdims), pullback
