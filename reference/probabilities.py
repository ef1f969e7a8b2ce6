"""Functions from numbers to probabilities along an axis: relatives of softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import softmax
from reference.declaring import Pulled


def softmax_symbolic(sympy: Any, x: Any, axis: int) -> Any:
    """The definition."""
    e = np.frompyfunc(sympy.exp, 1, 1)(x)
    return e / e.sum(axis, keepdims=True)


@rule(
    domain=dict(x=real("n k", at=(-1e3, 1e3)), axis=choice(-1, 0)),
    jax=lambda jax, x, *, axis: jax.nn.softmax(-x, axis),
    sympy=lambda sympy, x, *, axis: softmax_symbolic(sympy, -x, axis),
    source="PyTorch, torch.nn.Softmin",
    gradient_of=True,
)
def softmin(x: Array, *, axis: int = -1) -> Pulled:
    """exp(-x) / Σ exp(-x) along axis: softmax of -x.  (n, k) -> (n, k)

    dx = -y (dy - Σ dy y).
    """
    y, pull = softmax(-x, axis=axis)

    def pullback(dy: Array) -> Any:
        return -pull(dy)

    return y, pullback


@rule(
    domain=dict(
        x=real("n k"),
        noise=made(lambda rng, x: rng.gumbel(size=x.shape).round(3), "Gumbel noise (n k)"),
        temperature=choice(0.5, 2.0),
        axis=choice(-1, 0),
    ),
    jax=lambda jax, x, *, noise, temperature, axis: jax.nn.softmax((x + noise) / temperature, axis),
    sympy=lambda sympy, x, *, noise, temperature, axis: softmax_symbolic(sympy, (x + noise) / temperature, axis),
    source="Jang, Gu, Poole 2017, eq. 2; Maddison, Mnih, Teh 2017",
    gradient_of=True,
)
def gumbel_softmax(x: Array, *, noise: Array, temperature: float = 1.0, axis: int = -1) -> Pulled:
    """softmax of (x + noise) / temperature along axis, with noise drawn beforehand.  (n, k) -> (n, k)

    dx = y (dy - Σ dy y) / temperature.
    """
    y, pull = softmax((x + noise) / temperature, axis=axis)

    def pullback(dy: Array) -> Any:
        return pull(dy) / temperature

    return y, pullback


def sparsemax_jax(jax: Any, x: Any, axis: int) -> Any:
    """By the place where the line through the sorted sums crosses: the largest threshold that any k gives."""
    ordered = jax.numpy.flip(jax.numpy.sort(x, axis), axis)
    counts = jax.numpy.moveaxis(jax.numpy.arange(1, x.shape[axis] + 1).reshape(-1, *(1,) * (x.ndim - 1)), 0, axis)
    limit = ((ordered.cumsum(axis) - 1) / counts).max(axis, keepdims=True)
    return jax.nn.relu(x - limit)


def sparsemax_symbolic(sympy: Any, x: Any, axis: int) -> Any:
    """By trying every support: the threshold is the largest that any set of entries gives."""
    from itertools import combinations

    def row(entries: Any) -> Any:
        sets = [s for k in range(1, len(entries) + 1) for s in combinations(entries, k)]
        limits = [(sum(s) - 1) / sympy.Integer(len(s)) for s in sets]
        limit = sympy.Max(*limits)
        return np.array([sympy.Max(0, e - limit) for e in entries])

    return np.apply_along_axis(row, axis, x)


@rule(
    domains={
        "": dict(x=real("n k", low=-0.6, high=0.6), axis=choice(-1, 0)),
        "three axes": dict(x=real("3 2 2", low=-0.6, high=0.6), axis=choice(-1, 0)),
    },
    jax=lambda jax, x, *, axis: sparsemax_jax(jax, x, axis),
    sympy=lambda sympy, x, *, axis: sparsemax_symbolic(sympy, x, axis),
    source="Martins & Astudillo 2016, algorithm 1",
    gradient_of=True,
)
def sparsemax(x: Array, *, axis: int = -1) -> Pulled:
    """The probabilities along axis that are nearest to x: max(x - τ, 0), Σ = 1.  (n, k) -> (n, k)

    dx = dy - the mean of dy over what is above 0, there; 0 elsewhere, also where x = τ.  Raises ValueError where there
    is nothing along axis.
    """
    if not x.shape[axis]:
        raise ValueError(f"x has shape {x.shape}, nothing along axis {axis}: no probabilities add up to 1")
    ordered = np.flip(np.sort(x, axis), axis)
    sums = np.cumsum(ordered, axis) - 1
    counts = np.moveaxis(np.arange(1, x.shape[axis] + 1).reshape(-1, *(1,) * (x.ndim - 1)), 0, axis)
    size = (ordered * counts > sums).sum(axis, keepdims=True)
    count = size.astype(x.dtype)
    y = np.maximum(x - np.take_along_axis(sums, size - 1, axis) / count, 0)

    def pullback(dy: Array) -> Any:
        kept = np.where(y > 0, dy, 0)
        return np.where(y > 0, dy - kept.sum(axis, keepdims=True) / count, 0)

    return y, pullback
