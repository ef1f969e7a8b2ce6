"""Normalisation, and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, choice, made, mask, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled
from reference.windows import sized

EPS = choice(1e-5, 0.125)


def one_large(rng: Generator) -> Array:
    """Two rows in which one entry is all but the whole (2 3)."""
    return np.asarray(np.array([[0, 1, 1e-8], [2, -1e-8, 0]]) * np.round(rng.uniform(0.5, 2), 3))


@rule(
    domains={
        "": dict(x=sized("4 5", "2 3"), axis=choice(-1, 0, (0, 1)), eps=EPS),
        "of two": dict(x=real("2 3"), axis=choice(0), eps=choice(1e-5)),
    },
    jax=lambda jax, x, *, axis, eps: jax.nn.standardize(x, axis=axis, epsilon=eps),
    sympy=lambda sympy, x, *, axis, eps: standardize_symbolic(sympy, x, axis, eps),
    source="Ioffe & Szegedy 2015, algorithm 1",
    gradient_of=True,
)
def standardize(x: Array, *, axis: Any = -1, eps: float = 1e-5) -> Pulled:
    """(x - mean) / √(var + eps), mean and variance along axis.  (n, k) -> (n, k)

    dx = (dy - mean(dy) - y mean(dy y)) / √(var + eps).  Of two numbers these terms leave next to nothing: so they are
    taken twice, and what the second time takes too much, y mean(dy y) eps / (var + eps), is added.  The mean of x is
    taken twice too: of nearly equal numbers it is rounded to more than they differ by.  Lost remain digits of the
    single entry that differs from equal others, at [0, 0, 1] about four of 16: of its dx only eps' part does not
    cancel.
    """
    centred = x - x.mean(axis, keepdims=True)
    centred = centred - centred.mean(axis, keepdims=True)
    var = (centred * centred).mean(axis, keepdims=True)
    scale = 1 / np.sqrt(var + eps)
    y = centred * scale

    def along(g: Any) -> Any:
        return y * (g * y).mean(axis, keepdims=True)

    def across(g: Any) -> Any:
        return g - g.mean(axis, keepdims=True) - along(g)

    def pullback(dy: Array) -> Any:
        return scale * (across(across(dy)) + eps * scale * scale * along(dy))

    return y, pullback


def standardize_symbolic(sympy: Any, x: Any, axis: Any, eps: float) -> Any:
    """x standardised along axis, by the definition: E x² - (E x)² for the variance."""
    mean, square = (z.mean(axis, keepdims=True) for z in (x, x * x))
    return (x - mean) / np.frompyfunc(sympy.sqrt, 1, 1)(square - mean * mean + eps)


@rule(
    domains={
        "": dict(x=real("n k"), gamma=real("k", low=0.5), beta=real("k"), eps=EPS),
        "sequences": dict(x=real("2 n 3"), gamma=real("3", low=0.5), beta=real("3"), eps=choice(1e-5)),
    },
    jax=lambda jax, x, gamma, beta, *, eps: gamma * jax.nn.standardize(x, axis=-1, epsilon=eps) + beta,
    sympy=lambda sympy, x, gamma, beta, *, eps: gamma * standardize_symbolic(sympy, x, -1, eps) + beta,
    source="Ba, Kiros, Hinton 2016, eq. 4",
)
def layer_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Pulled:
    """gamma (x - mean) / √(var + eps) + beta, along the last axis.  (n, k), (k), (k) -> (n, k)

    dx is that of standardize for dy gamma; dgamma = Σ dy x̂, dbeta = Σ dy, over all axes but the last.
    """
    normal, pull_normal = standardize(x, axis=-1, eps=eps)

    def pullback(dy: Array) -> Any:
        return pull_normal(dy * gamma), unbroadcast(dy * normal, gamma.shape), unbroadcast(dy, beta.shape)

    return gamma * normal + beta, pullback


def per_channel(parameter: Array, x: Array) -> Any:
    """A parameter per channel, shaped to broadcast against x, whose channels are axis 1."""
    return parameter.reshape(-1, *(1,) * (x.ndim - 2))


@rule(
    domains={
        "features": dict(x=sized("5 3", "3 1"), gamma=sized("3", "1"), beta=sized("3", "1"), eps=EPS),
        "images": dict(x=sized("2 3 3 2", "2 1 2 1"), gamma=sized("3", "1"), beta=sized("3", "1"), eps=EPS),
    },
    jax=lambda jax, x, gamma, beta, *, eps: (
        per_channel(gamma, x) * jax.nn.standardize(x, axis=(0, *range(2, x.ndim)), epsilon=eps) + per_channel(beta, x)
    ),
    sympy=lambda sympy, x, gamma, beta, *, eps: (
        per_channel(gamma, x) * standardize_symbolic(sympy, x, (0, *range(2, x.ndim)), eps) + per_channel(beta, x)
    ),
    source="Ioffe & Szegedy 2015, algorithm 1",
)
def batch_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Pulled:
    """gamma (x - mean) / √(var + eps) + beta, over the batch and all places, in training.  (n, k, ...), (k), (k) -> (n, k, ...)

    dx is that of standardize for dy gamma; dgamma = Σ dy x̂, dbeta = Σ dy, for each channel (axis 1).
    """
    g, b = per_channel(gamma, x), per_channel(beta, x)
    normal, pull_normal = standardize(x, axis=(0, *range(2, x.ndim)), eps=eps)

    def pullback(dy: Array) -> Any:
        dgamma, dbeta = unbroadcast(dy * normal, g.shape), unbroadcast(dy, b.shape)
        return pull_normal(dy * g), dgamma.reshape(gamma.shape), dbeta.reshape(beta.shape)

    return g * normal + b, pullback


@rule(
    domain=dict(
        x=real("n k 3"),
        gamma=real("k", low=0.5),
        beta=real("k"),
        mean=real("k"),
        var=positive("k"),
        eps=EPS,
    ),
    jax=lambda jax, x, gamma, beta, *, mean, var, eps: (
        (x - per_channel(mean, x)) * per_channel(gamma * jax.lax.rsqrt(var + eps), x) + per_channel(beta, x)
    ),
    sympy=lambda sympy, x, gamma, beta, *, mean, var, eps: (
        (x - per_channel(mean, x)) * per_channel(gamma / np.frompyfunc(sympy.sqrt, 1, 1)(var + eps), x)
        + per_channel(beta, x)
    ),
    source="Ioffe & Szegedy 2015, algorithm 2",
)
def batch_norm_inference(x: Array, gamma: Array, beta: Array, *, mean: Array, var: Array, eps: float = 1e-5) -> Pulled:
    """gamma (x - mean) / √(var + eps) + beta, with given mean and variance.  (n, k, ...), (k), (k) -> (n, k, ...)

    dx = dy gamma / √(var + eps); dgamma = Σ dy x̂, dbeta = Σ dy, for each channel (axis 1).
    """
    g, b, m = (per_channel(p, x) for p in (gamma, beta, mean))
    scale = 1 / np.sqrt(per_channel(var, x) + eps)
    normal = (x - m) * scale

    def pullback(dy: Array) -> Any:
        dgamma, dbeta = unbroadcast(dy * normal, g.shape), unbroadcast(dy, b.shape)
        return dy * (g * scale), dgamma.reshape(gamma.shape), dbeta.reshape(beta.shape)

    return g * normal + b, pullback


@rule(
    domains={
        "": dict(x=real("n k"), gamma=real("k", low=0.5), eps=EPS),
        "sequences": dict(x=real("2 n 3"), gamma=real("3", low=0.5), eps=choice(1e-5)),
        "one large": dict(x=made(one_large), gamma=real("3", low=0.5), eps=choice(1e-5)),
    },
    jax=lambda jax, x, gamma, *, eps: gamma * x * jax.lax.rsqrt(jax.numpy.square(x).mean(-1, keepdims=True) + eps),
    sympy=lambda sympy, x, gamma, *, eps: (
        gamma * x / np.frompyfunc(sympy.sqrt, 1, 1)((x * x).mean(-1, keepdims=True) + eps)
    ),
    source="Zhang & Sennrich 2019, eq. 4",
)
def rms_norm(x: Array, gamma: Array, *, eps: float = 1e-6) -> Pulled:
    """gamma x / √(mean(x²) + eps), along the last axis.  (n, k), (k) -> (n, k)

    dx = (g - x̂ mean(g x̂)) / √(mean(x²) + eps), g = dy gamma; dgamma = Σ dy x̂ over all axes but the last.  As in
    standardize what cancels is taken twice.
    """
    square = (x * x).mean(-1, keepdims=True)
    scale = 1 / np.sqrt(square + eps)
    normal = x * scale

    def along(g: Any) -> Any:
        return normal * (g * normal).mean(-1, keepdims=True)

    def pullback(dy: Array) -> Any:
        g = dy * gamma
        across = g - along(g)
        dx = scale * (across - along(across) + eps * scale * scale * along(g))
        return dx, unbroadcast(dy * normal, gamma.shape)

    return gamma * normal, pullback


def below_eps(rng: Generator, draw: Draw) -> Array:
    """Numbers whose squares add up to less than 1e-12 (n k)."""
    return np.asarray(rng.uniform(-3e-7, 3e-7, draw.shape("n k")))


@rule(
    domains={
        "": dict(x=real("4 3"), axis=choice(-1, 0)),
        "zero": dict(x=made(lambda draw: np.zeros(draw.shape("n k")), "zeros (n k)"), axis=choice(-1, 0)),
        "tiny": dict(x=made(below_eps), axis=choice(-1, 0)),
    },
    jax=lambda jax, x, *, axis: (
        x * jax.lax.rsqrt(jax.numpy.maximum(jax.numpy.square(x).sum(axis, keepdims=True), 1e-12))
    ),
    sympy=lambda sympy, x, *, axis: (
        x
        / np.frompyfunc(lambda s: sympy.sqrt(sympy.Max(s, sympy.Rational(1, 10**12))), 1, 1)(
            (x * x).sum(axis, keepdims=True)
        )
    ),
    source="TensorFlow, tf.math.l2_normalize",
    gradient_of=True,
)
def l2_normalize(x: Array, *, axis: int = -1, eps: float = 1e-12) -> Pulled:
    """x / √max(Σ x², eps), along axis.  (n, k) -> (n, k)

    dx = (dy - y Σ dy y) / √(Σ x²), and dy / √eps where Σ x² ≤ eps.  What is at right angles to y is taken twice: once
    leaves rounding errors of what was cancelled.  The pullback keeps y and its scale.
    """
    square = (x * x).sum(axis, keepdims=True)
    scale, long = 1 / np.sqrt(np.maximum(square, eps)), square > eps
    y = x * scale

    def across(g: Any) -> Any:
        return g - y * np.where(long, (g * y).sum(axis, keepdims=True), 0)

    def pullback(dy: Array) -> Any:
        return scale * across(across(dy))

    return y, pullback


@rule(
    domain=dict(x=real("n k"), mask=mask("n k"), rate=choice(0.25, 0.6)),
    jax=lambda jax, x, *, mask, rate: jax.numpy.where(mask, x / (1 - rate), 0),
    sympy=lambda sympy, x, *, mask, rate: np.where(mask, x / (1 - rate), 0),
    source="Srivastava et al. 2014, section 10 (inverted)",
)
def dropout(x: Array, *, mask: Array, rate: float) -> Pulled:
    """x / (1 - rate) where the mask keeps it, else 0: the mean stays the same.  (n, k) -> (n, k)

    dx = dy / (1 - rate) where the mask keeps it, else 0.
    """

    def pullback(dy: Array) -> Any:
        return np.where(mask, dy, 0) / (1 - rate)

    return np.where(mask, x, 0) / (1 - rate), pullback
