"""Convolutions (cross-correlations, as in all deep learning) with stride, padding, dilation and groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.windows import Sizes, folded, per_axis, sized, unfolded


def convolution(x: Array, w: Array, b: Array, *, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Pulled:
    """The convolution over all axes of x but the first two: of any rank.  Raises ValueError where channels do not fit."""
    (batch, channels), outputs, rank = x.shape[:2], len(w), x.ndim - 2
    if channels != groups * w.shape[1] or outputs % groups:
        raise ValueError(
            f"x has {channels} channels, w takes {w.shape[1]} to {outputs} in groups={groups}: "
            f"w must take {channels} / groups, and its outputs be a multiple of groups"
        )
    places, size = "xyz"[:rank], "uvw"[:rank]
    grouped = x.reshape(batch, groups, w.shape[1], *x.shape[2:])
    layout: dict[str, Any] = dict(stride=stride, padding=padding, dilation=dilation)
    kernels = w.reshape(groups, outputs // groups, *w.shape[1:])
    y = np.einsum(
        f"ngc{places}{size},goc{size}->ngo{places}", unfolded(grouped, w.shape[2:], **layout), kernels, optimize=True
    )
    shape = y.shape
    bias = b.reshape(outputs, *(1,) * rank)

    def pullback(dy: Array) -> Any:
        g = dy.reshape(shape)
        # Windows are a view: taken again they cost nothing, and only x is kept.
        view = unfolded(grouped, w.shape[2:], **layout)
        dw = np.einsum(f"ngo{places},ngc{places}{size}->goc{size}", g, view, optimize=True)
        dview = np.einsum(f"ngo{places},goc{size}->ngc{places}{size}", g, kernels, optimize=True)
        dx = folded(dview, x.shape[2:], **layout).reshape(x.shape)
        return dx, dw.reshape(w.shape), dy.sum((0, *range(2, dy.ndim)))

    return y.reshape(batch, outputs, *y.shape[3:]) + bias, pullback


def convolution_jax(
    jax: Any, x: Any, w: Any, b: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """XLA's own convolution, which takes channels first by default."""
    rank = x.ndim - 2
    pads = [(p, p) for p in per_axis(padding, rank)]
    y = jax.lax.conv_general_dilated(
        x, w, per_axis(stride, rank), pads, rhs_dilation=per_axis(dilation, rank), feature_group_count=groups
    )
    return y + b.reshape(-1, *(1,) * rank)


def convolution_symbolic(
    sympy: Any, x: Any, w: Any, b: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """The definition, entry by entry: a sum over the kernel's places that fall inside x."""
    rank = x.ndim - 2
    s, p, d = (per_axis(v, rank) for v in (stride, padding, dilation))
    extent = zip(x.shape[2:], w.shape[2:], s, p, d, strict=True)
    out = [(n + 2 * pad - step * (k - 1) - 1) // jump + 1 for n, k, jump, pad, step in extent]
    y = np.empty((len(x), len(w), *out), dtype=object)
    for n, o, *place in np.ndindex(y.shape):
        y[(n, o, *place)] = b[o]
        for c, *k in np.ndindex(w.shape[1:]):
            at = [i * jump + j * step - pad for i, j, jump, step, pad in zip(place, k, s, d, p, strict=True)]
            if all(0 <= i < size for i, size in zip(at, x.shape[2:], strict=True)):
                channel = o // (len(w) // groups) * w.shape[1] + c
                y[(n, o, *place)] += x[(n, channel, *at)] * w[(o, c, *k)]
    return y


@rule(
    domains={
        "": dict(x=sized("2 3 7", "1 1 3"), w=sized("2 3 3", "1 1 2"), b=sized("2", "1"), stride=choice(1, 2)),
        "dilated": dict(
            x=sized("1 2 8", "1 1 4"),
            w=sized("3 2 2", "2 1 2"),
            b=sized("3", "2"),
            stride=choice(2, 3),
            padding=choice(2, 1),
            dilation=choice(2, 3),
        ),
    },
    jax=convolution_jax,
    sympy=convolution_symbolic,
    source="Dumoulin & Visin 2016, section 2; the pullback: section 4",
)
def conv1d(
    x: Array, w: Array, b: Array, *, stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1, groups: int = 1
) -> Pulled:
    """Σ w_ocu x_nc(s i + d u - p) + b_o.  (n, c, x), (o, c / groups, u), (o) -> (n, o, y)

    dx sums dy w over the windows that a place is in, dw sums dy x over all windows, db sums dy.
    """
    return convolution(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)


@rule(
    domains={
        "": dict(x=sized("2 3 5 4", "1 1 3 3"), w=sized("2 3 3 2", "1 1 2 2"), b=sized("2", "1")),
        "strided": dict(
            x=sized("1 2 6 5", "1 1 3 3"),
            w=sized("3 2 3 2", "1 1 2 2"),
            b=sized("3", "1"),
            stride=choice((2, 1), 2, (3, 2)),
            padding=choice((1, 0), (0, 2), 1),
        ),
        "dilated": dict(
            x=sized("1 2 7 6", "1 1 3 4"),
            w=sized("2 2 2 3", "1 1 2 2"),
            b=sized("2", "1"),
            padding=choice((1, 2), 1),
            dilation=choice((2, 3), 2),
        ),
        "grouped": dict(
            x=sized("2 4 4 3", "1 2 2 3"),
            w=sized("6 2 2 3", "2 1 2 2"),
            b=sized("6", "2"),
            padding=choice(1, (2, 0)),
            groups=choice(2),
        ),
        "depthwise": dict(
            x=sized("2 3 4 5", "1 2 2 3"),
            w=sized("3 1 3 2", "2 1 2 2"),
            b=sized("3", "2"),
            stride=choice(2, 1),
            groups=made(lambda x: x.shape[1], "the number of channels"),
        ),
    },
    jax=convolution_jax,
    sympy=convolution_symbolic,
    source="Dumoulin & Visin 2016, section 2; the pullback: section 4",
)
def conv2d(
    x: Array, w: Array, b: Array, *, stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1, groups: int = 1
) -> Pulled:
    """Σ w_ocuv x_nc(s i + d u - p)(s j + d v - p) + b_o.  (n, c, x, y), (o, c / groups, u, v), (o) -> (n, o, i, j)

    dx sums dy w over the windows that a place is in, dw sums dy x over all windows, db sums dy.
    """
    return convolution(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)


@rule(
    domains={
        "": dict(x=sized("2 2 3 4 3", "1 1 2 1 2"), w=sized("2 2 2 3 2", "1 1 2 1 1"), b=sized("2", "1")),
        "strided": dict(
            x=sized("1 2 5 3 4", "1 1 3 1 2"),
            w=sized("2 2 3 2 2", "2 1 2 1 1"),
            b=sized("2", "2"),
            stride=choice((2, 1, 3), 2),
            padding=choice((1, 0, 1), 1),
        ),
        "dilated": dict(
            x=sized("1 2 5 4 5", "1 2 3 1 2"),
            w=sized("4 1 2 2 3", "2 1 2 1 1"),
            b=sized("4", "2"),
            padding=choice((0, 0, 1), 1),
            dilation=choice((2, 1, 2), 2),
            groups=choice(2),
        ),
    },
    jax=convolution_jax,
    sympy=convolution_symbolic,
    source="Dumoulin & Visin 2016, section 2; the pullback: section 4",
)
def conv3d(
    x: Array, w: Array, b: Array, *, stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1, groups: int = 1
) -> Pulled:
    """Σ w_ocuvw x_nc(s i + d u - p)... + b_o.  (n, c, x, y, z), (o, c / groups, u, v, w), (o) -> (n, o, i, j, k)

    dx sums dy w over the windows that a place is in, dw sums dy x over all windows, db sums dy.
    """
    return convolution(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)


@rule(
    domains={
        "": dict(x=sized("2 3 4 5", "1 2 2 2"), w=sized("3 2 2 3", "2 2 2 1"), b=sized("6", "4")),
        "strided": dict(
            x=sized("1 2 6 5", "1 2 3 2"),
            w=sized("2 3 2 2", "2 2 2 1"),
            b=sized("6", "4"),
            stride=choice(2, (1, 2)),
            padding=choice((1, 0), 1),
            dilation=choice((2, 1), 2),
        ),
    },
    jax=lambda jax, x, w, b, **k: convolution_jax(jax, x, w.reshape(-1, 1, *w.shape[2:]), b, groups=len(w), **k),
    sympy=lambda sympy, x, w, b, **k: convolution_symbolic(
        sympy, x, w.reshape(-1, 1, *w.shape[2:]), b, groups=len(w), **k
    ),
    source="Chollet 2017; Keras, DepthwiseConv2D",
)
def depthwise_conv2d(
    x: Array, w: Array, b: Array, *, stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1
) -> Pulled:
    """Each channel convolved with m kernels of its own.  (n, c, x, y), (c, m, u, v), (o) -> (n, o, i, j)

    o = c m: conv2d with c groups, whose pullback it has.
    """
    kernels = w.reshape(-1, 1, *w.shape[2:])
    y, pull = convolution(x, kernels, b, stride=stride, padding=padding, dilation=dilation, groups=len(w))

    def pullback(dy: Array) -> Any:
        dx, dkernels, db = pull(dy)
        return dx, dkernels.reshape(w.shape), db

    return y, pullback
