"""Positions as rotations of pairs of features."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.windows import sized


def angles(positions: Array, pairs: int, base: float) -> Any:
    """position · base^(-i / pairs) for each position and pair i.  (t) -> (t, pairs)"""
    return positions[:, None] * base ** (-np.arange(pairs) / pairs)


def rotary_jax(jax: Any, x: Any, positions: Any, base: float, interleaved: bool) -> Any:
    """Pairs as complex numbers, multiplied by e^(i angle)."""
    half = x.shape[-1] // 2
    first, second = (x[..., ::2], x[..., 1::2]) if interleaved else (x[..., :half], x[..., half:])
    z = (first + 1j * second) * jax.numpy.exp(1j * angles(positions, half, base))
    parts = [z.real, z.imag]
    return jax.numpy.stack(parts, -1).reshape(x.shape) if interleaved else jax.numpy.concatenate(parts, -1)


# The first places, of which the twins take as many as they need.
COUNTED = np.arange(9)


def rotary_symbolic(x: Any, positions: Any, base: float, interleaved: bool) -> Any:
    """Every position times its matrix of rotations."""
    half = x.shape[-1] // 2
    y = np.empty(x.shape, dtype=object)
    for t, row in enumerate(angles(positions, half, float(base))):
        matrix = np.zeros((2 * half, 2 * half))
        for i, angle in enumerate(row):
            a, b = (2 * i, 2 * i + 1) if interleaved else (i, half + i)
            matrix[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        y[..., t, :] = x[..., t, :] @ matrix.T
    return y


@rule(
    domains={
        "": dict(
            x=sized("2 3 6", "2 2"),
            positions=made(lambda rng, x: rng.permutation(9)[: x.shape[-2]], "places, in any order (t)"),
            base=choice(10000.0, 50.0),
            interleaved=choice(False, True),
        ),
        "counted": dict(x=sized("2 3 2", "2 2"), base=choice(50.0)),
    },
    jax=lambda jax, x, *, positions=COUNTED, base, interleaved=False: rotary_jax(
        jax, x, positions[: x.shape[-2]], base, interleaved
    ),
    sympy=lambda sympy, x, *, positions=COUNTED, base, interleaved=False: rotary_symbolic(
        x, positions[: x.shape[-2]], base, interleaved
    ),
    source="Su et al. 2021, eq. 34",
)
def rotary_embedding(
    x: Array, *, positions: Array | None = None, base: float = 10000.0, interleaved: bool = False
) -> Pulled:
    """Pair i of the features at position p rotated by p base^(-2i/d).  (..., t, d) -> (..., t, d)

    dx = dy rotated back.  Pairs are neighbours (interleaved, as in the paper), or of the first half and the second (as
    in GPT-NeoX and Llama).  positions: (t), 0, 1, ... unless given.  Raises ValueError for odd d.
    """
    half, odd = divmod(x.shape[-1], 2)
    if odd:
        raise ValueError(f"x has {x.shape[-1]} features: pairs need an even number")
    places = np.arange(x.shape[-2]) if positions is None else positions
    turn = angles(places, half, base)
    cos, sin = np.cos(turn).astype(x.dtype), np.sin(turn).astype(x.dtype)
    split = (half, 2) if interleaved else (2, half)
    axis = -1 if interleaved else -2

    def rotated(z: Array, sin: Array) -> Any:
        pairs = np.moveaxis(z.reshape(*z.shape[:-1], *split), axis, 0)
        return np.stack([pairs[0] * cos - pairs[1] * sin, pairs[1] * cos + pairs[0] * sin], axis).reshape(z.shape)

    def pullback(dy: Array) -> Any:
        return rotated(dy, -sin)

    return rotated(x, sin), pullback
