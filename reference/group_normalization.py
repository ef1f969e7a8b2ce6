"""Normalisation of images over groups of their channels, and by neighbouring channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled
from reference.normalization import CANCELLING, EPS, per_channel, standardize, standardize_symbolic
from reference.windows import sized

# Of three numbers hardly anything is left once their mean and size are taken away, see standardize: groups have four at least.


def by_group(x: Any, groups: int) -> Any:
    """(n, c, ...) -> (n, groups, everything else)"""
    return x.reshape(len(x), groups, int(np.prod(x.shape[1:])) // groups)


def group_norm_jax(jax: Any, x: Any, gamma: Any, beta: Any, *, groups: int, eps: float) -> Any:
    """Each group by itself, by JAX's own standardization over all its axes."""
    parts = jax.numpy.split(x, groups, 1)
    axes = tuple(range(1, x.ndim))
    normal = jax.numpy.concatenate([jax.nn.standardize(part, axis=axes, epsilon=eps) for part in parts], 1)
    return per_channel(gamma, x) * normal + per_channel(beta, x)


def group_norm_symbolic(sympy: Any, x: Any, gamma: Any, beta: Any, *, groups: int, eps: float) -> Any:
    """The definition."""
    normal = standardize_symbolic(sympy, by_group(x, groups), -1, eps).reshape(x.shape)
    return per_channel(gamma, x) * normal + per_channel(beta, x)


@rule(
    domains={
        "": dict(
            x=sized("2 4 4", "1 2 4"), gamma=sized("4", "2"), beta=sized("4", "2"), groups=choice(2, 1, 4), eps=EPS
        ),
        "images": dict(
            x=sized("2 6 2 3", "1 2 2 2"), gamma=sized("6", "2"), beta=sized("6", "2"), groups=choice(2, 1), eps=EPS
        ),
    },
    jax=group_norm_jax,
    sympy=group_norm_symbolic,
    source="Wu & He 2018, eq. 1, 2, 6 and 7",
    accuracy=CANCELLING,
)
def group_norm(x: Array, gamma: Array, beta: Array, *, groups: int, eps: float = 1e-5) -> Pulled:
    """gamma (x - mean) / √(var + eps) + beta, over each group of channels and all places.  (n, c, ...), (c), (c) -> (n, c, ...)

    dx is that of standardize for dy gamma; dgamma = Σ dy x̂, dbeta = Σ dy, for each channel.
    Raises ValueError where groups does not divide the channels.
    """
    if x.shape[1] % groups:
        raise ValueError(f"groups is {groups}: give a number that divides the {x.shape[1]} channels of x")
    g, b = per_channel(gamma, x), per_channel(beta, x)
    standard, pull_standard = standardize(by_group(x, groups), axis=-1, eps=eps)
    normal = standard.reshape(x.shape)

    def pullback(dy: Array) -> Any:
        dgamma, dbeta = unbroadcast(dy * normal, g.shape), unbroadcast(dy, b.shape)
        dx = pull_standard((dy * g).reshape(standard.shape)).reshape(normal.shape)
        return dx, dgamma.reshape(gamma.shape), dbeta.reshape(beta.shape)

    return g * normal + b, pullback


@rule(
    domains={
        "": dict(x=sized("2 3 4", "1 2 4"), gamma=sized("3", "2"), beta=sized("3", "2"), eps=EPS),
        "images": dict(x=sized("2 2 2 3", "2 1 2 2"), gamma=sized("2", "1"), beta=sized("2", "1"), eps=EPS),
    },
    jax=lambda jax, x, gamma, beta, *, eps: (
        per_channel(gamma, x) * jax.nn.standardize(x, axis=tuple(range(2, x.ndim)), epsilon=eps) + per_channel(beta, x)
    ),
    sympy=lambda sympy, x, gamma, beta, *, eps: (
        per_channel(gamma, x) * standardize_symbolic(sympy, x, tuple(range(2, x.ndim)), eps) + per_channel(beta, x)
    ),
    source="Ulyanov, Vedaldi, Lempitsky 2016",
    accuracy=CANCELLING,
)
def instance_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Pulled:
    """gamma (x - mean) / √(var + eps) + beta, over the places of each channel of each image.  (n, c, ...), (c), (c) -> (n, c, ...)

    group_norm with a group for each channel, whose pullback it has.
    """
    y, pullback = group_norm(x, gamma, beta, groups=x.shape[1], eps=eps)
    return y, pullback


def neighbours(channels: int, size: int) -> Any:
    """Which channels are among the `size` around each: one more before it than after where size is even."""
    offset = np.arange(channels) - np.arange(channels)[:, None]
    return (offset >= -(size // 2)) & (offset <= (size - 1) // 2)


def response_jax(jax: Any, x: Any, *, size: int, alpha: float, beta: float, k: float) -> Any:
    """By XLA's own reduction over windows of channels."""
    rest = (1,) * (x.ndim - 2)
    pads = [(0, 0), (size // 2, (size - 1) // 2), *((0, 0) for _ in rest)]
    sums = jax.lax.reduce_window(x * x, 0.0, jax.lax.add, (1, size, *rest), (1,) * x.ndim, pads)
    return x / (k + alpha / size * sums) ** beta


def response_symbolic(sympy: Any, x: Any, *, size: int, alpha: Any, beta: Any, k: Any) -> Any:
    """The definition, channel by channel."""
    y = np.empty(x.shape, dtype=object)
    for c in range(x.shape[1]):
        sums = (x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1] ** 2).sum(1)
        y[:, c] = x[:, c] / (k + alpha * sums / size) ** sympy.nsimplify(beta)
    return y


@rule(
    domain=dict(
        x=sized("2 5 2 3", "1 2 1 1"),
        size=choice(2, 3, 4),
        alpha=choice(0.5, 1e-2),
        beta=choice(0.75, 0.5),
        k=choice(1.0, 2.0),
    ),
    jax=response_jax,
    sympy=response_symbolic,
    source="Krizhevsky, Sutskever, Hinton 2012, section 3.3; PyTorch, torch.nn.LocalResponseNorm (alpha over size)",
)
def local_response_norm(x: Array, *, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Pulled:
    """x / s^beta, s = k + alpha / size Σ x² over `size` neighbouring channels.  (n, c, x, y) -> (n, c, x, y)

    dx = dy s^-beta - 2 alpha beta / size x Σ dy y / s, summed over the channels that have this one as a neighbour.
    The pullback keeps s and s^-beta beside x and y: powers are dear.
    """
    near = neighbours(x.shape[1], size).astype(x.dtype)
    s = k + alpha / size * np.moveaxis(np.tensordot(near, x * x, (1, 1)), 0, 1)
    scale = s**-beta
    y = x * scale

    def pullback(dy: Array) -> Any:
        through = np.moveaxis(np.tensordot(near, dy * y / s, (0, 1)), 0, 1)
        return dy * scale - 2 * alpha * beta / size * x * through

    return y, pullback
