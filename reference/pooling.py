"""Pooling over windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, largest
from reference.windows import Sizes, per_axis, sized, windows


def pooling_jax(jax: Any, x: Any, start: float, operation: Any, size: Any, stride: Any, padding: Any) -> Any:
    """XLA's own reduction over windows."""
    size, stride, padding = (per_axis(v, 2) for v in (size, stride, padding))
    pads = [(0, 0), (0, 0), *((p, p) for p in padding)]
    return jax.lax.reduce_window(x, start, operation, (1, 1, *size), (1, 1, *stride), pads)


def pooling_symbolic(x: Any, of: Any, size: Any, stride: Any, padding: Any) -> Any:
    """A function of the numbers of each window that are inside x, by the definition."""
    size, stride, padding = (per_axis(v, 2) for v in (size, stride, padding))
    out = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(x.shape[2:], size, stride, padding, strict=True)]
    y = np.empty((*x.shape[:2], *out), dtype=object)
    for *image, i, j in np.ndindex(y.shape):
        rows, columns = (
            slice(max(0, at * s - p), at * s - p + k) for at, k, s, p in zip((i, j), size, stride, padding, strict=True)
        )
        y[(*image, i, j)] = of(x[(*image, rows, columns)].ravel())
    return y


@rule(
    domains={
        "": dict(x=sized("2 3 6 4", "1 1 2 4"), size=choice(2, (3, 2)), stride=choice(2, (3, 2))),
        "overlapping": dict(
            x=sized("1 2 5 7", "1 1 2 3"),
            size=choice(2, (2, 3), 3),
            stride=choice(1, (1, 2), 2),
            padding=choice(0, (1, 0), 1),
        ),
    },
    jax=lambda jax, x, *, size, stride, padding=0: pooling_jax(
        jax, x, -jax.numpy.inf, jax.lax.max, size, stride, padding
    ),
    sympy=lambda sympy, x, *, size, stride, padding=0: pooling_symbolic(
        x, lambda window: largest(sympy, window), size, stride, padding
    ),
    source="Krizhevsky, Sutskever, Hinton 2012, section 3.4",
)
def max_pool2d(x: Array, *, size: Sizes, stride: Sizes, padding: Sizes = 0) -> Pulled:
    """The largest of each window; padding counts as -∞.  (n, c, x, y) -> (n, c, i, j)

    dx = dy at the largest, summed over the windows that it is the largest of; of equal ones the first, as in JAX.
    """
    view, pull_windows = windows(x, per_axis(size, 2), stride=stride, padding=padding, fill=-np.inf)
    flat = view.reshape(*view.shape[:4], view.shape[4] * view.shape[5])
    first = flat.argmax(-1)[..., None]

    def pullback(dy: Array) -> Any:
        return pull_windows((dy[..., None] * (first == np.arange(flat.shape[-1]))).reshape(view.shape))

    return np.take_along_axis(flat, first, -1)[..., 0], pullback


@rule(
    domains={
        "": dict(x=sized("2 3 6 4", "1 1 2 4"), size=choice(2, (3, 2)), stride=choice(2, (3, 2))),
        "overlapping": dict(
            x=sized("1 2 5 7", "1 1 2 3"),
            size=choice(2, (2, 3), 3),
            stride=choice(1, (1, 2), 2),
            padding=choice(0, (1, 0), 1),
        ),
    },
    jax=lambda jax, x, *, size, stride, padding=0: (
        pooling_jax(jax, x, 0.0, jax.lax.add, size, stride, padding) / np.prod(per_axis(size, 2))
    ),
    sympy=lambda sympy, x, *, size, stride, padding=0: pooling_symbolic(
        x, lambda window: sum(window) / np.prod(per_axis(size, 2)), size, stride, padding
    ),
    source="LeCun et al. 1998, section II.B",
)
def avg_pool2d(x: Array, *, size: Sizes, stride: Sizes, padding: Sizes = 0) -> Pulled:
    """The mean of each window; padding counts as 0.  (n, c, x, y) -> (n, c, i, j)

    dx = dy / (the size of a window), summed over the windows that a place is in.
    """
    view, pull_windows = windows(x, per_axis(size, 2), stride=stride, padding=padding)

    def pullback(dy: Array) -> Any:
        share = dy[..., None, None] / (view.shape[-2] * view.shape[-1])
        return pull_windows(np.broadcast_to(share, view.shape))

    return view.mean((-2, -1)), pullback
