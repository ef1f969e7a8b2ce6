"""Activations that shrink what is small or cut it off, each with its convention where its pieces meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, each


@rule(
    domain=dict(x=real("n k", kinks=(-0.5, 0.5, -1.25, 1.25), at=(0.5, -0.5)), size=choice(0.5, 1.25)),
    jax=lambda jax, x, *, size: jax.numpy.sign(x) * jax.nn.relu(jax.numpy.abs(x) - size),
    sympy=each(lambda sympy, x, size: sympy.Piecewise((x - size, x > size), (x + size, x < -size), (0, True))),
    source="Donoho & Johnstone 1994; PyTorch, torch.nn.Softshrink",
)
def softshrink(x: Array, *, size: float = 0.5) -> Pulled:
    """x nearer to 0 by size, and 0 where |x| ≤ size.  (n, k) -> (n, k)

    dx = dy where |x| > size, else 0: the cotangent at ±size is 0, as in PyTorch.
    """

    def pullback(dy: Array) -> Any:
        return np.where(np.abs(x) > size, dy, 0)

    return x - np.clip(x, -size, size), pullback


@rule(
    domain=dict(x=real("n k", kinks=(-0.5, 0.5, -1.25, 1.25), at=(0.5, -0.5)), size=choice(0.5, 1.25)),
    jax=lambda jax, x, *, size: jax.numpy.where(jax.numpy.square(x) > size**2, x, 0),
    sympy=each(lambda sympy, x, size: sympy.Piecewise((x, x > size), (x, x < -size), (0, True))),
    source="Donoho & Johnstone 1994; PyTorch, torch.nn.Hardshrink",
)
def hardshrink(x: Array, *, size: float = 0.5) -> Pulled:
    """x where |x| > size, else 0.  (n, k) -> (n, k)

    dx = dy where |x| > size, else 0: a jump at ±size, whose cotangent is 0, as in PyTorch.
    """
    kept = np.abs(x) > size

    def pullback(dy: Array) -> Any:
        return np.where(kept, dy, 0)

    return np.where(kept, x, 0), pullback


@rule(
    domain=dict(x=real("n k", kinks=(0.5, -1.0), at=(0.5, -1.0)), limit=choice(0.5, -1.0), value=choice(-2.0, 3.0)),
    jax=lambda jax, x, *, limit, value: jax.numpy.where(x > limit, x, value),
    sympy=each(lambda sympy, x, limit, value: sympy.Piecewise((x, x > limit), (value, True))),
    source="PyTorch, torch.nn.Threshold",
)
def threshold(x: Array, *, limit: float, value: float) -> Pulled:
    """x where x > limit, else value.  (n, k) -> (n, k)

    dx = dy where x > limit, else 0, also at the limit itself.
    """

    def pullback(dy: Array) -> Any:
        return np.where(x > limit, dy, 0)

    return np.where(x > limit, x, value), pullback


@rule(
    domain=dict(
        x=real("n k", kinks=(0.0,), at=(0.0, -800.0)),
        slopes=made(lambda rng, x: rng.uniform(1 / 8, 1 / 3, x.shape).round(3), "slopes in [1/8, 1/3], one for each x"),
    ),
    jax=lambda jax, x, *, slopes: jax.nn.leaky_relu(x, slopes),
    sympy=lambda sympy, x, *, slopes: rrelu_symbolic(sympy, x, slopes),
    source="Xu et al. 2015, section 2.4",
)
def rrelu(x: Array, *, slopes: Array) -> Pulled:
    """x where x ≥ 0, else slope x, with slopes drawn beforehand, or their mean.  (n, k) -> (n, k)

    dx = dy where x ≥ 0, else slope dy: the cotangent at x = 0 is dy, as in JAX (PyTorch: slope dy).
    """
    factor = np.where(x >= 0, 1, slopes)

    def pullback(dy: Array) -> Any:
        return dy * factor

    return x * factor, pullback


def rrelu_symbolic(sympy: Any, x: Any, slopes: Any) -> Any:
    """The definition, entry by entry."""
    return np.frompyfunc(lambda a, s: sympy.Piecewise((a, a >= 0), (s * a, True)), 2, 1)(x, slopes)


@rule(
    domain=dict(x=real("n k", kinks=(0.0,), at=(-800.0, 20.0))),
    jax=lambda jax, x: x - jax.numpy.tanh(x),
    sympy=each(lambda sympy, x: x - sympy.tanh(x)),
    source="PyTorch, torch.nn.Tanhshrink",
)
def tanhshrink(x: Array) -> Pulled:
    """x - tanh(x).  (n, k) -> (n, k)

    dx = dy tanh²(x).  Where |x| < 1/2 the value is 2 x³ M(2, 4, -2|x|) / (3 + 3 exp(-2|x|)), since nearly equal numbers
    leave no digits of nearly x³ / 3 (DLMF 10.39.5, 10.51.5, 13.2.39).
    """
    t, small = np.tanh(x), np.abs(x) < 0.5
    # The series takes ten times as long where x is not 0.
    size = np.where(small, np.abs(x), 0)
    near = 2 * x * x * x * special.hyp1f1(2.0, 4.0, -2 * size) / (3 + 3 * np.exp(-2 * size))

    def pullback(dy: Array) -> Any:
        return dy * t * t

    return np.where(small, near, x - t), pullback
