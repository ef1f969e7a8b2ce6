"""Transposed convolutions, the adjoints of convolutions: they spread each place over a window."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.windows import Sizes, folded, per_axis, reach_of, sized, unfolded


def transposed(
    x: Array, w: Array, b: Array, *, stride: Sizes, padding: Sizes, output_padding: Sizes, dilation: Sizes, groups: int
) -> Pulled:
    """The transposed convolution over all axes of x but the first two: of any rank.  Raises ValueError for wrong sizes."""
    (batch, channels), rank = x.shape[:2], x.ndim - 2
    if channels != len(w) or channels % groups:
        raise ValueError(
            f"x has {channels} channels, w takes {len(w)} in groups={groups}: make w take them all, evenly"
        )
    steps, cuts, extras, gaps = (per_axis(v, rank) for v in (stride, padding, output_padding, dilation))
    if any(extra >= step for extra, step in zip(extras, steps, strict=True)):
        raise ValueError(f"output_padding is {output_padding}, stride {stride}: it must be smaller than the stride")
    ends = zip(x.shape[2:], steps, reach_of(w.shape[2:], gaps), cuts, extras, strict=True)
    shape = tuple((n - 1) * step + reach - 2 * cut + extra for n, step, reach, cut, extra in ends)
    if min(shape) < 0:
        raise ValueError(
            f"padding is {padding}: it takes away more than there is, the output would have {shape} places"
        )
    layout: dict[str, Any] = dict(stride=stride, padding=padding, dilation=dilation)
    places, size = "xyz"[:rank], "uvw"[:rank]
    inputs = x.reshape(batch, groups, channels // groups, *x.shape[2:])
    kernels = w.reshape(groups, channels // groups, *w.shape[1:])
    view = np.einsum(f"ngc{places},gco{size}->ngo{places}{size}", inputs, kernels, optimize=True)
    spread = view.shape
    y = folded(view.reshape(batch, len(b), *view.shape[3:]), shape, **layout)

    def pullback(dy: Array) -> Any:
        g = unfolded(dy, w.shape[2:], **layout).reshape(spread)
        dx = np.einsum(f"ngo{places}{size},gco{size}->ngc{places}", g, kernels, optimize=True)
        dw = np.einsum(f"ngc{places},ngo{places}{size}->gco{size}", inputs, g, optimize=True)
        return dx.reshape(x.shape), dw.reshape(w.shape), dy.sum((0, *range(2, dy.ndim)))

    return y + b.reshape(-1, *(1,) * rank), pullback


def transposed_jax(
    jax: Any,
    x: Any,
    w: Any,
    b: Any,
    *,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """XLA's convolution of x with zeros between its entries, with the kernel turned round."""
    rank = x.ndim - 2
    steps, cuts, extras, gaps = (per_axis(v, rank) for v in (stride, padding, output_padding, dilation))
    kernels = w.reshape(groups, -1, *w.shape[1:]).swapaxes(1, 2)
    kernels = jax.numpy.flip(kernels.reshape(-1, *kernels.shape[2:]), range(2, 2 + rank))
    margins = (d * (k - 1) - p for d, k, p in zip(gaps, w.shape[2:], cuts, strict=True))
    y = jax.lax.conv_general_dilated(
        x,
        kernels,
        (1,) * rank,
        [(m, m + extra) for m, extra in zip(margins, extras, strict=True)],
        lhs_dilation=steps,
        rhs_dilation=gaps,
        feature_group_count=groups,
    )
    return y + b.reshape(-1, *(1,) * rank)


def transposed_symbolic(
    sympy: Any,
    x: Any,
    w: Any,
    b: Any,
    *,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """The definition, entry by entry: every x_i w_u is added at s i + d u - p, where that is inside."""
    rank = x.ndim - 2
    steps, cuts, extras, gaps = (per_axis(v, rank) for v in (stride, padding, output_padding, dilation))
    ends = zip(x.shape[2:], w.shape[2:], steps, cuts, extras, gaps, strict=True)
    out = [(n - 1) * s + d * (k - 1) + 1 - 2 * p + extra for n, k, s, p, extra, d in ends]
    y = np.empty((len(x), groups * w.shape[1], *out), dtype=object)
    y[:] = b.reshape(-1, *(1,) * rank)
    for n, c, *place in np.ndindex(x.shape):
        for o, *k in np.ndindex(w.shape[1:]):
            at = [i * s + j * d - p for i, j, s, d, p in zip(place, k, steps, gaps, cuts, strict=True)]
            if all(0 <= i < size for i, size in zip(at, out, strict=True)):
                channel = c // (len(w) // groups) * w.shape[1] + o
                y[(n, channel, *at)] += x[(n, c, *place)] * w[(c, o, *k)]
    return y


@rule(
    domains={
        "": dict(x=sized("2 3 4", "1 1 2"), w=sized("3 2 3", "1 2 2"), b=sized("2", "2"), stride=choice(1, 2)),
        "dilated": dict(
            x=sized("1 2 4", "1 2 2"),
            w=sized("2 2 3", "2 1 2"),
            b=sized("4", "2"),
            stride=choice(2, 3),
            padding=choice(1, 2),
            output_padding=choice(1, 0),
            dilation=choice(3, 2),
            groups=choice(2),
        ),
    },
    jax=transposed_jax,
    sympy=transposed_symbolic,
    source="Dumoulin & Visin 2016, section 4; Zeiler et al. 2010",
)
def conv_transpose1d(
    x: Array,
    w: Array,
    b: Array,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Pulled:
    """Σ x_nci w_cou, added up at s i + d u - p, + b_o.  (n, c, x), (c, o / groups, u), (o) -> (n, o, y)

    It is the pullback of conv1d, so its own is conv1d: dx = dy ⋆ w, dw sums x dy over all windows of dy, db sums dy.
    output_padding: so many more places at the far end.
    """
    return transposed(
        x, w, b, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation, groups=groups
    )


@rule(
    domains={
        "": dict(x=sized("2 3 3 2", "1 1 2 1"), w=sized("3 2 2 3", "1 1 2 2"), b=sized("2", "1")),
        "strided": dict(
            x=sized("1 2 3 4", "1 1 2 2"),
            w=sized("2 3 3 2", "1 1 2 1"),
            b=sized("3", "1"),
            stride=choice((2, 3), 3),
            padding=choice((1, 0), (0, 1), 1),
            output_padding=choice((1, 2), (0, 1)),
        ),
        "dilated": dict(
            x=sized("1 4 3 2", "1 2 2 1"),
            w=sized("4 2 2 3", "2 1 1 2"),
            b=sized("4", "2"),
            stride=choice((1, 2), 2),
            padding=choice((0, 1), 1),
            dilation=choice((2, 3), 2),
            groups=choice(2),
        ),
    },
    jax=transposed_jax,
    sympy=transposed_symbolic,
    source="Dumoulin & Visin 2016, section 4; Zeiler et al. 2010",
)
def conv_transpose2d(
    x: Array,
    w: Array,
    b: Array,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Pulled:
    """Σ x_ncij w_couv, added up at (s i + d u - p, ...), + b_o.  (n, c, x, y), (c, o / groups, u, v), (o) -> (n, o, i, j)

    It is the pullback of conv2d, so its own is conv2d: dx = dy ⋆ w, dw sums x dy over all windows of dy, db sums dy.
    output_padding: so many more places at the far end.
    """
    return transposed(
        x, w, b, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation, groups=groups
    )
