"""Rectifiers: activation functions made of pieces, each with its convention where the pieces meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, each, largest


@rule(
    domain=dict(x=real("n k", low=-3.0, high=9.0, kinks=(0.0, 6.0), at=(0.0, 5.5, 6.0))),
    jax=lambda jax, x: jax.nn.relu6(x),
    sympy=each(lambda sympy, x: sympy.Piecewise((0, x < 0), (x, x < 6), (6, True))),
    source="Krizhevsky 2010",
)
def relu6(x: Array) -> Pulled:
    """min(max(x, 0), 6).  (n, k) -> (n, k)

    dx = dy where 0 < x < 6, else 0: the cotangent at 0 and 6 is 0, as in PyTorch (JAX: 1/2 at 6).
    """

    def pullback(dy: Array) -> Any:
        return np.where((x > 0) & (x < 6), dy, 0)

    return np.clip(x, 0, 6), pullback


@rule(
    domain=dict(x=real("n k", kinks=(0.0,), at=(0.0, -800.0)), slope=choice(0.01, 0.25)),
    jax=lambda jax, x, *, slope: jax.nn.leaky_relu(x, slope),
    sympy=each(lambda sympy, x, slope: sympy.Piecewise((x, x >= 0), (slope * x, True))),
    source="Maas, Hannun, Ng 2013, eq. 2",
)
def leaky_relu(x: Array, *, slope: float = 0.01) -> Pulled:
    """x where x ≥ 0, else slope x.  (n, k) -> (n, k)

    dx = dy where x ≥ 0, else slope dy: the cotangent at x = 0 is dy, as in JAX.
    """

    def pullback(dy: Array) -> Any:
        return np.where(x >= 0, dy, slope * dy)

    return np.where(x >= 0, x, slope * x), pullback


@rule(
    domain=dict(x=real("n k", kinks=(0.0,), at=(0.0,)), slope=real("k", low=0.05, high=0.5)),
    jax=lambda jax, x, slope: jax.nn.leaky_relu(x, slope),
    sympy=lambda sympy, x, slope: np.frompyfunc(lambda a, s: sympy.Piecewise((a, a >= 0), (s * a, True)), 2, 1)(
        x, slope
    ),
    source="He et al. 2015, eq. 1",
)
def prelu(x: Array, slope: Array) -> Pulled:
    """x where x ≥ 0, else slope x, with a learnt slope for each channel.  (n, k), (k) -> (n, k)

    dx as for leaky_relu; dslope = the sum of dy x over the batch where x < 0.
    """

    def pullback(dy: Array) -> Any:
        return np.where(x >= 0, dy, slope * dy), unbroadcast(np.where(x < 0, dy * x, 0), slope.shape)

    return np.where(x >= 0, x, slope * x), pullback


def elu_symbolic(sympy: Any, x: Any, alpha: Any) -> Any:
    """ELU of one symbol."""
    return sympy.Piecewise((x, x > 0), (alpha * (sympy.exp(x) - 1), True))


@rule(
    domain=dict(x=real("n k", kinks=(0.0,), at=(0.0, -800.0, 800.0)), alpha=choice(1.5, 0.25)),
    jax=lambda jax, x, *, alpha: jax.nn.elu(x, alpha),
    sympy=each(lambda sympy, x, alpha: elu_symbolic(sympy, x, alpha)),
    source="Clevert, Unterthiner, Hochreiter 2016, eq. 15",
)
def elu(x: Array, *, alpha: float = 1.0) -> Pulled:
    """x where x > 0, else alpha (exp(x) - 1).  (n, k) -> (n, k)

    dx = dy where x > 0, else alpha exp(x) dy: the cotangent at x = 0 is alpha dy, as in JAX.
    """
    below = np.minimum(x, 0)

    def pullback(dy: Array) -> Any:
        return np.where(x > 0, dy, dy * alpha * np.exp(below))

    return np.where(x > 0, x, alpha * np.expm1(below)), pullback


@rule(
    domain=dict(x=real("n k", at=(0.0, -800.0, 800.0)), alpha=choice(1.5, 0.25)),
    jax=lambda jax, x, *, alpha: jax.nn.celu(x, alpha),
    sympy=each(lambda sympy, x, alpha: sympy.Piecewise((x, x > 0), (alpha * (sympy.exp(x / alpha) - 1), True))),
    source="Barron 2017, eq. 2",
)
def celu(x: Array, *, alpha: float = 1.0) -> Pulled:
    """x where x > 0, else alpha (exp(x / alpha) - 1).  (n, k) -> (n, k)

    dx = dy exp(min(x, 0) / alpha): no kink at 0.
    """
    below = np.minimum(x, 0) / alpha

    def pullback(dy: Array) -> Any:
        return dy * np.exp(below)

    return np.where(x > 0, x, alpha * np.expm1(below)), pullback


# Klambauer et al. 2017, eq. 14: the fixed point of mean 0 and variance 1.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@rule(
    domain=dict(x=real("n k", kinks=(0.0,), at=(0.0, -800.0, 800.0))),
    jax=lambda jax, x: jax.nn.selu(x),
    sympy=each(lambda sympy, x: selu_symbolic(sympy, x)),
    source="Klambauer et al. 2017, eq. 2",
)
def selu(x: Array) -> Pulled:
    """scale elu(x, alpha) with the two constants that keep mean 0 and variance 1.  (n, k) -> (n, k)

    dx = scale dy where x > 0, else scale alpha exp(x) dy, which is also the cotangent at x = 0.
    """
    y, pull_elu = elu(x, alpha=SELU_ALPHA)

    def pullback(dy: Array) -> Any:
        return pull_elu(SELU_SCALE * dy)

    return SELU_SCALE * y, pullback


@rule(
    domain=dict(x=real("n k", kinks=(-1.0, 1.0), at=(-1.0, 1.0))),
    jax=lambda jax, x: jax.nn.hard_tanh(x),
    sympy=each(lambda sympy, x: sympy.Piecewise((-1, x < -1), (x, x < 1), (1, True))),
)
def hard_tanh(x: Array) -> Pulled:
    """min(max(x, -1), 1).  (n, k) -> (n, k)

    dx = dy where -1 ≤ x ≤ 1, else 0: the cotangent at -1 and 1 is dy, as in JAX.
    """

    def pullback(dy: Array) -> Any:
        return np.where(np.abs(x) <= 1, dy, 0)

    return np.clip(x, -1, 1), pullback


@rule(
    domain=dict(x=real("n k", low=-5.0, high=5.0, kinks=(-3.0, 3.0), at=(-3.0, 3.0))),
    jax=lambda jax, x: jax.nn.hard_sigmoid(x),
    sympy=each(lambda sympy, x: sympy.Piecewise((0, x < -3), ((x + 3) / 6, x < 3), (1, True))),
    source="Howard et al. 2019, section 5.2",
)
def hard_sigmoid(x: Array) -> Pulled:
    """min(max(x + 3, 0), 6) / 6.  (n, k) -> (n, k)

    dx = dy / 6 where -3 < x < 3, else 0: the cotangent at -3 and 3 is 0, as in PyTorch.
    """

    def pullback(dy: Array) -> Any:
        return np.where(np.abs(x) < 3, dy, 0) / 6

    return np.clip(x + 3, 0, 6) / 6, pullback


@rule(
    domain=dict(x=real("n k", low=-5.0, high=5.0, kinks=(-3.0, 3.0), at=(-3.0, 3.0))),
    jax=lambda jax, x: jax.nn.hard_silu(x),
    sympy=each(lambda sympy, x: sympy.Piecewise((0, x < -3), (x * (x + 3) / 6, x < 3), (x, True))),
    source="Howard et al. 2019, section 5.2",
)
def hard_silu(x: Array) -> Pulled:
    """x min(max(x + 3, 0), 6) / 6.  (n, k) -> (n, k)

    dx = dy (2x + 3) / 6 for -3 < x < 3, dy above, 0 below: at 3 the cotangent is dy, at -3 it is 0.
    """

    def pullback(dy: Array) -> Any:
        return dy * np.where(np.abs(x) < 3, (2 * x + 3) / 6, x > 0)

    return x * (np.clip(x + 3, 0, 6) / 6), pullback


def selu_symbolic(sympy: Any, x: Any) -> Any:
    """SELU with the closed form of its constants, Klambauer et al. 2017, appendix A3."""
    tail, far = (
        sympy.erfc(1 / sympy.sqrt(2)) * sympy.exp(sympy.Rational(1, 2)),
        sympy.erfc(sympy.sqrt(2)) * sympy.exp(2),
    )
    alpha = sympy.sqrt(2 / sympy.pi) / (1 - tail)
    square = 2 * sympy.pi * (1 - tail) ** 2 / (2 * far + sympy.pi * tail**2 - 2 * (2 + sympy.pi) * tail + sympy.pi + 2)
    return sympy.sqrt(square) * elu_symbolic(sympy, x, alpha)


@rule(
    domain=dict(x=real("n 6", ties=True), pieces=choice(2, 3)),
    jax=lambda jax, x, *, pieces: x.reshape(*x.shape[:-1], -1, pieces).max(-1),
    sympy=lambda sympy, x, *, pieces: np.array(
        [[largest(sympy, row[i : i + pieces]) for i in range(0, len(row), pieces)] for row in x]
    ),
    source="Goodfellow et al. 2013, section 3",
)
def maxout(x: Array, *, pieces: int) -> Pulled:
    """The largest of each group of `pieces` neighbours along the last axis.  (n, m pieces) -> (n, m)

    dx = dy at the largest; ties share it equally, as in JAX.
    """
    groups = x.reshape(*x.shape[:-1], x.shape[-1] // pieces, pieces)
    y = groups.max(-1)
    hit = groups == y[..., None]

    def pullback(dy: Array) -> Any:
        return (hit * (dy / hit.sum(-1, dtype=x.dtype))[..., None]).reshape(x.shape)

    return y, pullback
