"""Activation functions: the smooth ones, relu, and softmax along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, ndtr

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, each
from reference.reductions import logsumexp

# Large inputs of both signs: where an activation overflows, if it does.
FAR = (-800.0, 30.0, 800.0)


@rule(
    domain=dict(x=real("n k", at=FAR)),
    jax=lambda jax, x: jax.nn.sigmoid(x),
    sympy=each(lambda sympy, x: 1 / (1 + sympy.exp(-x))),
    source="Rumelhart, Hinton, Williams 1986",
)
def sigmoid(x: Array) -> Pulled:
    """1 / (1 + exp(-x)).  (n, k) -> (n, k)

    dx = dy y (1 - y), where 1 - y is the sigmoid of -x and keeps its digits where y is near 1.
    """
    y = expit(x)

    def pullback(dy: Array) -> Any:
        return dy * y * expit(-x)

    return y, pullback


@rule(
    domain=dict(x=real("n k", at=FAR)),
    jax=lambda jax, x: jax.nn.log_sigmoid(x),
    sympy=each(lambda sympy, x: -sympy.log(1 + sympy.exp(-x))),
)
def log_sigmoid(x: Array) -> Pulled:
    """log(1 / (1 + exp(-x))).  (n, k) -> (n, k)

    dx = dy sigmoid(-x).
    """

    def pullback(dy: Array) -> Any:
        return dy * expit(-x)

    return -np.logaddexp(0, -x), pullback


@rule(
    domain=dict(x=real("n k", at=FAR)),
    jax=lambda jax, x: jax.nn.softplus(x),
    sympy=each(lambda sympy, x: sympy.log(1 + sympy.exp(x))),
    source="Dugas et al. 2001, eq. 2",
)
def softplus(x: Array) -> Pulled:
    """log(1 + exp(x)).  (n, k) -> (n, k)

    dx = dy sigmoid(x).
    """

    def pullback(dy: Array) -> Any:
        return dy * expit(x)

    return np.logaddexp(x, 0), pullback


@rule(
    domain=dict(x=real("n k", at=FAR)),
    jax=lambda jax, x: jax.nn.silu(x),
    sympy=each(lambda sympy, x: x / (1 + sympy.exp(-x))),
    source="Hendrycks & Gimpel 2016, section 2; Elfwing et al. 2017, eq. 2",
)
def silu(x: Array) -> Pulled:
    """x sigmoid(x).  (n, k) -> (n, k)

    dx = dy s (1 + x (1 - s)), s = sigmoid(x).
    """
    s = expit(x)

    def pullback(dy: Array) -> Any:
        return dy * s * (1 + x * expit(-x))

    return x * s, pullback


@rule(
    domain=dict(x=real("n k", at=FAR)),
    jax=lambda jax, x: jax.nn.mish(x),
    sympy=each(lambda sympy, x: x * sympy.tanh(sympy.log(1 + sympy.exp(x)))),
    source="Misra 2019, eq. 1",
)
def mish(x: Array) -> Pulled:
    """x tanh(softplus(x)).  (n, k) -> (n, k)

    dx = dy (t + x (1 - t²) sigmoid(x)), t = tanh(softplus(x)).
    """
    t = np.tanh(np.logaddexp(x, 0))

    def pullback(dy: Array) -> Any:
        return dy * (t + x * (1 - t * t) * expit(x))

    return x * t, pullback


@rule(
    domain=dict(x=real("n k", at=FAR)),
    jax=lambda jax, x: jax.nn.gelu(x, approximate=False),
    sympy=each(lambda sympy, x: x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2),
    source="Hendrycks & Gimpel 2016, section 2",
)
def gelu(x: Array) -> Pulled:
    """x Φ(x), Φ the normal distribution function.  (n, k) -> (n, k)

    dx = dy (Φ(x) + x φ(x)), φ the normal density.
    """
    p = ndtr(x)

    def pullback(dy: Array) -> Any:
        return dy * (p + x * np.exp(-x * x / 2) / (2 * np.pi) ** 0.5)

    return x * p, pullback


@rule(
    domain=dict(x=real("n k", at=FAR)),
    jax=lambda jax, x: jax.nn.gelu(x, approximate=True),
    sympy=each(
        lambda sympy, x: x * (1 + sympy.tanh(sympy.sqrt(2 / sympy.pi) * (x + sympy.Rational("0.044715") * x**3))) / 2
    ),
    source="Hendrycks & Gimpel 2016, section 2",
)
def gelu_tanh(x: Array) -> Pulled:
    """x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.  (n, k) -> (n, k)

    dx = dy (s + x s (1 - s) u'), where (1 + tanh(u / 2)) / 2 = sigmoid(u) = s keeps its digits where tanh is near -1.
    """
    c = (8 / np.pi) ** 0.5

    def u() -> Any:
        return c * (x + 0.044715 * x * x * x)

    s = expit(u())

    def pullback(dy: Array) -> Any:
        return dy * s * (1 + x * expit(-u()) * c * (1 + 3 * 0.044715 * x * x))

    return x * s, pullback


@rule(
    domain=dict(x=real("n k", at=FAR)),
    jax=lambda jax, x: x * jax.nn.sigmoid(1.702 * x),
    sympy=each(lambda sympy, x: x / (1 + sympy.exp(-sympy.Rational("1.702") * x))),
    source="Hendrycks & Gimpel 2016, section 2",
)
def quick_gelu(x: Array) -> Pulled:
    """x sigmoid(1.702 x).  (n, k) -> (n, k)

    dx = dy s (1 + 1.702 x (1 - s)), s = sigmoid(1.702 x).
    """
    s = expit(1.702 * x)

    def pullback(dy: Array) -> Any:
        return dy * s * (1 + 1.702 * x * expit(-1.702 * x))

    return x * s, pullback


@rule(
    domain=dict(x=real("n k", at=(-800.0, 0.0, 800.0))),
    jax=lambda jax, x: jax.nn.soft_sign(x),
    sympy=each(lambda sympy, x: x / (1 + sympy.Abs(x))),
)
def softsign(x: Array) -> Pulled:
    """x / (1 + |x|).  (n, k) -> (n, k)

    dx = dy / (1 + |x|)²: no kink at 0.
    """
    size = 1 + np.abs(x)

    def pullback(dy: Array) -> Any:
        return dy / (size * size)

    return x / size, pullback


@rule(
    domain=dict(x=real("n k", at=(-800.0, 0.0, 800.0)), b=choice(4.0, 0.5)),
    jax=lambda jax, x, *, b: jax.nn.squareplus(x, b),
    sympy=each(lambda sympy, x, b: (x + sympy.sqrt(x**2 + b)) / 2),
    source="Barron 2021, eq. 1",
)
def squareplus(x: Array, *, b: float = 4.0) -> Pulled:
    """(x + √(x² + b)) / 2, without cancellation for negative x.  (n, k) -> (n, k)

    dx = dy y / √(x² + b).
    """
    root = np.sqrt(x * x + b)
    half = (np.abs(x) + root) / 2
    y = np.where(x >= 0, half, b / (4 * half))

    def pullback(dy: Array) -> Any:
        return dy * y / root

    return y, pullback


@rule(
    domain=dict(x=real("n k", kinks=(0.0,), at=(0.0, 800.0))),
    jax=lambda jax, x: jax.nn.relu(x),
    sympy=each(lambda sympy, x: sympy.Piecewise((x, x > 0), (0, True))),
    source="Nair & Hinton 2010",
)
def relu(x: Array) -> Pulled:
    """max(x, 0).  (n, k) -> (n, k)

    dx = dy where x > 0, else 0: the cotangent at x = 0 is 0, as in JAX and PyTorch.
    """

    def pullback(dy: Array) -> Any:
        return np.where(x > 0, dy, 0)

    return np.maximum(x, 0), pullback


@rule(
    domain=dict(x=real("n k", at=FAR), axis=choice(-1, 0, 1)),
    jax=lambda jax, x, *, axis: jax.nn.softmax(x, axis),
    sympy=lambda sympy, x, *, axis: (
        np.frompyfunc(sympy.exp, 1, 1)(x) / np.frompyfunc(sympy.exp, 1, 1)(x).sum(axis, keepdims=True)
    ),
    source="Bridle 1990",
    gradient_of=logsumexp,
)
def softmax(x: Array, *, axis: int = -1) -> Pulled:
    """exp(x) / sum(exp(x)) along axis, without overflow.  (n, k) -> (n, k)

    dx = y (dy - sum(dy y)).  A constant added to dy changes nothing, so dy is taken relative to its value at the
    largest x: what is left keeps its digits where one y is near 1.
    """
    top = x.argmax(axis, keepdims=True)
    e = np.exp(x - np.take_along_axis(x, top, axis))
    y = e / e.sum(axis, keepdims=True)

    def pullback(dy: Array) -> Any:
        d = dy - np.take_along_axis(dy, top, axis)
        return y * (d - (d * y).sum(axis, keepdims=True))

    return y, pullback


@rule(
    domain=dict(x=real("n k", at=FAR), axis=choice(-1, 0, 1)),
    jax=lambda jax, x, *, axis: jax.nn.log_softmax(x, axis),
    sympy=lambda sympy, x, *, axis: (
        x - np.frompyfunc(sympy.log, 1, 1)(np.frompyfunc(sympy.exp, 1, 1)(x).sum(axis, keepdims=True))
    ),
)
def log_softmax(x: Array, *, axis: int = -1) -> Pulled:
    """x - log(sum(exp(x))) along axis, without overflow.  (n, k) -> (n, k)

    dx = dy - exp(y) sum(dy).  The largest term of the sum is 1 and goes to log1p, which keeps the digits of a y near 0.
    """
    top = x.argmax(axis, keepdims=True)
    shifted = x - np.take_along_axis(x, top, axis)
    rest = np.exp(shifted)
    np.put_along_axis(rest, top, 0, axis)
    y = shifted - np.log1p(rest.sum(axis, keepdims=True))

    def pullback(dy: Array) -> Any:
        return dy - np.exp(y) * dy.sum(axis, keepdims=True)

    return y, pullback
