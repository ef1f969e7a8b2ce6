"""Pooling written a second time, for JAX and for sympy: by windows that are told one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reference.declaring import largest
from reference.windows import per_axis

Layout = tuple[tuple[int, ...], ...]


def layout(x: Any, size: Any, stride: Any, padding: Any, dilation: Any) -> Layout:
    """Size, stride, padding and dilation for each axis but the first two."""
    return tuple(per_axis(v, x.ndim - 2) for v in (size, size if stride is None else stride, padding, dilation))


def starts(n: int, size: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> list[int]:
    """Where the windows of an axis begin: those that fit, and after them one more that begins inside (ceil_mode)."""
    length = dilation * (size - 1) + 1
    found = list(range(-padding, n + padding - length + 1, stride))
    after = found[-1] + stride if found else -padding
    unseen = not found or found[-1] + length < n + padding
    return [*found, after] if ceil_mode and unseen and after < n else found


def every_start(x: Any, where: Layout, ceil_mode: bool) -> list[list[int]]:
    """Where windows begin, for each axis but the first two."""
    return [starts(n, k, s, p, d, ceil_mode) for n, k, s, p, d in zip(x.shape[2:], *where, strict=True)]


def margins(x: Any, where: Layout, ceil_mode: bool) -> list[tuple[int, int]]:
    """What is added before and after each axis, so that the last window ends where x does."""
    size, _, padding, dilation = where
    ends = (s[-1] + d * (k - 1) + 1 for s, k, d in zip(every_start(x, where, ceil_mode), size, dilation, strict=True))
    return [(0, 0), (0, 0), *((p, max(p, end - n)) for p, end, n in zip(padding, ends, x.shape[2:], strict=True))]


def reduced(jax: Any, x: Any, start: float, operation: Any, where: Layout, pads: Any) -> Any:
    """XLA's own reduction over windows."""
    return jax.lax.reduce_window(x, start, operation, (1, 1, *where[0]), (1, 1, *where[1]), pads)


def max_pool_jax(
    jax: Any, x: Any, *, size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """The largest of each window; XLA has no derivative for windows with gaps, for those slices are compared."""
    where = layout(x, size, stride, padding, dilation)
    pads = margins(x, where, ceil_mode)
    if dilation == 1:
        return reduced(jax, x, -jax.numpy.inf, jax.lax.max, where, pads)
    padded = jax.numpy.pad(x, pads, constant_values=-jax.numpy.inf)
    counts = [len(begin) for begin in every_start(x, where, ceil_mode)]
    slices = []
    for offset in np.ndindex(*where[0]):
        axes = zip(offset, where[3], where[1], counts, strict=True)
        slices.append(padded[(..., *(slice(o * d, o * d + s * (m - 1) + 1, s) for o, d, s, m in axes))])
    return jax.numpy.stack(slices).max(0)


def avg_pool_jax(
    jax: Any,
    x: Any,
    *,
    size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The sum of each window over that of ones."""
    where = layout(x, size, stride, padding, 1)
    pads = margins(x, where, ceil_mode)
    own = [(0, 0), (0, 0), *((p, p) for p in where[2])] if count_include_pad else [(0, 0)] * x.ndim
    ones = jax.numpy.pad(jax.numpy.ones_like(x), own, constant_values=1)
    rest = [(low - more, high - more) for (low, high), (more, _) in zip(pads, own, strict=True)]
    count = reduced(jax, ones, 0.0, jax.lax.add, where, rest)
    return reduced(jax, x, 0.0, jax.lax.add, where, pads) / count


def lp_pool_jax(jax: Any, x: Any, *, p: float, size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """The sum of powers of each window, to the power 1 / p."""
    where = layout(x, size, stride, 0, 1)
    return reduced(jax, jax.numpy.abs(x) ** p, 0.0, jax.lax.add, where, margins(x, where, ceil_mode)) ** (1 / p)


def symbolic(
    x: Any, of: Callable[[Any, int], Any], size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Any:
    """A function of the numbers of each window that are inside x, and of how many are inside the padded x."""
    where = layout(x, size, stride, padding, dilation)
    begin = every_start(x, where, ceil_mode)
    y = np.empty((*x.shape[:2], *map(len, begin)), dtype=object)
    for n, c, *window in np.ndindex(y.shape):
        runs = [
            [begin[a][w] + d * k for k in range(where[0][a])]
            for a, (w, d) in enumerate(zip(window, where[3], strict=True))
        ]
        inside = [[i for i in run if 0 <= i < x.shape[2 + a]] for a, run in enumerate(runs)]
        padded = [[i for i in run if i < x.shape[2 + a] + where[2][a]] for a, run in enumerate(runs)]
        y[(n, c, *window)] = of(x[n, c][np.ix_(*inside)].ravel(), int(np.prod([len(run) for run in padded])))
    return y


def max_pool_symbolic(
    sympy: Any, x: Any, *, size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> Any:
    """The largest of each window."""
    return symbolic(x, lambda window, _: largest(sympy, window), size, stride, padding, dilation, ceil_mode)


def avg_pool_symbolic(
    sympy: Any,
    x: Any,
    *,
    size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The sum of each window over the number of its places."""
    return symbolic(
        x, lambda w, count: sum(w) / (count if count_include_pad else len(w)), size, stride, padding, 1, ceil_mode
    )


def lp_pool_symbolic(sympy: Any, x: Any, *, p: Any, size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """The sum of powers of each window, to the power 1 / p."""
    power = sympy.nsimplify(p)
    return symbolic(x, lambda w, _: sum(sympy.Abs(v) ** power for v in w) ** (1 / power), size, stride, 0, 1, ceil_mode)
