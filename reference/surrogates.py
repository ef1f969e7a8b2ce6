"""Pullbacks that are not the derivative, on purpose: each says whose derivative it is (surrogate), and at which cotangent."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, each
from reference.rounding import stairs


def identity(x: Array, **_: Any) -> Any:
    """x."""
    return 1 * x


def negative_multiple(x: Array, *, scale: float) -> Any:
    """-scale x."""
    return -scale * x


@rule(
    domain=dict(x=real("n k")),
    jax=lambda jax, x: jax.lax.stop_gradient(x),
    sympy=lambda sympy, x: x,
    surrogate=lambda x: 0 * x,
)
def stop_gradient(x: Array) -> Pulled:
    """x, taken for a constant.  (...) -> (...)

    dx = 0: the derivative of 0 x.
    """

    def pullback(dy: Array) -> Array:
        return np.zeros_like(x)

    return x.copy(), pullback


@rule(
    domain=dict(x=real("n k", kinks=(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5))),
    jax=lambda jax, x: x + jax.lax.stop_gradient(jax.numpy.round(x) - x),
    sympy=each(lambda sympy, x: stairs(sympy, x + sympy.Rational(1, 2))),
    surrogate=identity,
    source="Bengio, Léonard & Courville 2013, arXiv:1308.3432, section 4",
)
def straight_through(x: Array) -> Pulled:
    """x rounded to whole numbers, halves to even ones.  (...) -> (...)

    dx = dy: the derivative of x itself, as that of rounding is 0.
    """

    def pullback(dy: Array) -> Array:
        return dy.copy()

    return np.round(x), pullback


@rule(
    domain=dict(x=real("n k"), scale=choice(1.0, 0.3)),
    jax=lambda jax, x, *, scale: x,
    sympy=lambda sympy, x, *, scale: x,
    surrogate=negative_multiple,
    source="Ganin & Lempitsky 2015, eq. 10 and 11",
)
def gradient_reversal(x: Array, *, scale: float = 1.0) -> Pulled:
    """x, for two players with opposite aims.  (...) -> (...)

    dx = -scale dy: the derivative of -scale x.
    """

    def pullback(dy: Array) -> Any:
        return -scale * dy

    return x.copy(), pullback


def clipped(dy: Array, *, limit: float) -> Any:
    """dy held between -limit and limit."""
    return np.minimum(np.maximum(dy, -limit), limit)


@rule(
    domain=dict(x=real("n k"), limit=choice(1.0, 0.7)),
    jax=lambda jax, x, *, limit: x,
    sympy=lambda sympy, x, *, limit: x,
    surrogate=identity,
    cotangent=clipped,
    source="Mikolov 2012, Statistical language models based on neural networks, section 3.2.2",
)
def gradient_clip(x: Array, *, limit: float) -> Pulled:
    """x, whose cotangent is kept small entry by entry.  (...) -> (...)

    dx = dy held between -limit and limit: not linear in dy; the derivative of x at the cotangent clip(dy).
    """

    def pullback(dy: Array) -> Any:
        return np.clip(dy, -limit, limit)

    return x.copy(), pullback


def shortened(dy: Array, *, limit: float) -> Any:
    """dy, or as much of it as has norm limit."""
    return dy * np.minimum(1, limit / np.sqrt(np.sum(dy * dy)))


@rule(
    domain=dict(x=real("n k"), limit=choice(1.0, 20.0)),
    jax=lambda jax, x, *, limit: x,
    sympy=lambda sympy, x, *, limit: x,
    surrogate=identity,
    cotangent=shortened,
    source="Pascanu, Mikolov & Bengio 2013, algorithm 1",
)
def gradient_norm_clip(x: Array, *, limit: float) -> Pulled:
    """x, whose cotangent is kept short as a whole.  (...) -> (...)

    dx = dy limit / |dy| where its norm |dy| is above limit, else dy: not linear in dy; the derivative of x at that
    cotangent.
    """

    def pullback(dy: Array) -> Any:
        size = np.linalg.norm(dy.reshape(-1))
        return dy * (limit / size) if size > limit else dy.copy()

    return x.copy(), pullback
