"""Reductions along axes: sums, means, extremes, spreads, norms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import Axis, axes_of, count, kept, spread
from reference.declaring import Pulled

# The axes in turn: the first, the last, all, and two at once.
AXES = dict(axis=choice(0, -1, None, (0, 2)), keepdims=choice(False, True))
FAR = (-800.0, 800.0)
ZEROS = np.array([[0.0, 1.5, -2.0], [0.75, 0.0, -0.3]])


@rule(
    domain=dict(x=real("n m k"), **AXES),
    jax=lambda jax, x, *, axis, keepdims: jax.numpy.sum(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: x.sum(axis, keepdims=keepdims),
)
def sum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """Σ x along axis.  (n, m, k) -> (...)

    dx = dy for every summand.
    """

    def pullback(dy: Array) -> Array:
        return spread(dy, x.shape, axis)

    return x.sum(axis, keepdims=keepdims), pullback


@rule(
    domain=dict(x=real("n m k"), **AXES),
    jax=lambda jax, x, *, axis, keepdims: jax.numpy.mean(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: x.mean(axis, keepdims=keepdims),
)
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """Σ x / N along axis, N the number of summands.  (n, m, k) -> (...)

    dx = dy / N.
    """

    def pullback(dy: Array) -> Array:
        return spread(dy, x.shape, axis) / count(x.shape, axis)

    return x.mean(axis, keepdims=keepdims), pullback


@rule(
    domains={
        "": dict(x=real("n m k"), **AXES),
        "ties": dict(x=real("n k", ties=True), axis=choice(0, -1, None), keepdims=choice(False, True)),
    },
    jax=lambda jax, x, *, axis, keepdims: jax.numpy.max(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: folded(sympy.Max, x, axis, keepdims),
)
def max(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """The largest x along axis.  (n, m, k) -> (...)

    dy goes to the largest entry; where several are equal each gets an equal share, as in JAX.
    """
    y = x.max(axis, keepdims=keepdims)

    def pullback(dy: Array) -> Any:
        return shared(dy, x, y, axis)

    return y, pullback


@rule(
    domains={
        "": dict(x=real("n m k"), **AXES),
        "ties": dict(x=real("n k", at=(-4.0,)), axis=choice(0, -1, None), keepdims=choice(False, True)),
    },
    jax=lambda jax, x, *, axis, keepdims: jax.numpy.min(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: folded(sympy.Min, x, axis, keepdims),
)
def min(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """The smallest x along axis.  (n, m, k) -> (...)

    dy goes to the smallest entry; where several are equal each gets an equal share, as in JAX.
    """
    y = x.min(axis, keepdims=keepdims)

    def pullback(dy: Array) -> Any:
        return shared(dy, x, y, axis)

    return y, pullback


@rule(
    domains={
        "": dict(x=real("n m k"), **AXES),
        "ties": dict(x=real("n k", ties=True), axis=choice(0, -1, None), keepdims=choice(False, True)),
    },
    jax=lambda jax, x, *, axis, keepdims: jax.numpy.ptp(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: (
        folded(sympy.Max, x, axis, keepdims) - folded(sympy.Min, x, axis, keepdims)
    ),
)
def ptp(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """The largest x minus the smallest along axis.  (n, m, k) -> (...)

    dy goes to the largest and -dy to the smallest, in equal shares where several are equal, as in JAX.
    """
    high = x.max(axis, keepdims=keepdims)

    def pullback(dy: Array) -> Any:
        return shared(dy, x, high, axis) - shared(dy, x, x.min(axis, keepdims=keepdims), axis)

    return high - x.min(axis, keepdims=keepdims), pullback


def folded(function: Callable[..., Any], x: Array, axis: Axis, keepdims: bool) -> Any:
    """A function of two symbols folded along axes; identity=None is what allows NumPy several axes."""
    return np.frompyfunc(function, 2, 1, identity=None).reduce(x, axis, keepdims=keepdims)


def shared(dy: Array, x: Array, y: Array, axis: Axis) -> Any:
    """The cotangent of the extreme value y of x, in equal shares to those that have it."""
    reached = x == kept(y, x.shape, axis)
    share = reached / reached.sum(axis, keepdims=True)
    return kept(dy, x.shape, axis) * share.astype(dy.dtype)


@rule(
    domain=dict(
        x=real("n k m"),
        axis=choice(0, -1, None, (0, 2)),
        keepdims=choice(False, True),
        correction=choice(1, 0, 0.5),
    ),
    jax=lambda jax, x, *, axis, keepdims, correction: jax.numpy.var(x, axis, keepdims=keepdims, correction=correction),
    sympy=lambda sympy, x, *, axis, keepdims, correction: variance(x, axis, keepdims, correction),
)
def var(x: Array, *, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Pulled:
    """Σ (x - mean)² / (N - correction) along axis.  (n, m, k) -> (...)

    dx = 2 dy (x - mean) / (N - correction): that the mean depends on x too cancels out.
    """
    centred = centre(x, axis)
    free = count(x.shape, axis) - correction

    def pullback(dy: Array) -> Any:
        return kept(dy, centred.shape, axis) * (2 * centred / free)

    return (centred * centred).sum(axis, keepdims=keepdims) / free, pullback


@rule(
    domain=dict(
        x=real("n k m"),
        axis=choice(0, -1, None, (0, 2)),
        keepdims=choice(False, True),
        correction=choice(1, 0, 0.5),
    ),
    jax=lambda jax, x, *, axis, keepdims, correction: jax.numpy.std(x, axis, keepdims=keepdims, correction=correction),
    sympy=lambda sympy, x, *, axis, keepdims, correction: np.frompyfunc(sympy.sqrt, 1, 1)(
        variance(x, axis, keepdims, correction)
    ),
)
def std(x: Array, *, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Pulled:
    """√var(x) along axis.  (n, m, k) -> (...)

    dx = dy (x - mean) / (y (N - correction)); nan where all entries are equal, as in JAX.
    """
    centred = centre(x, axis)
    free = count(x.shape, axis) - correction
    y = np.sqrt((centred * centred).sum(axis, keepdims=keepdims) / free)

    def pullback(dy: Array) -> Any:
        return kept(dy / y, centred.shape, axis) * centred / free

    return y, pullback


def centre(x: Array, axis: Axis) -> Any:
    """x minus its mean along axis; the second time takes away what rounding the mean left."""
    centred = x - x.mean(axis, keepdims=True)
    return centred - centred.mean(axis, keepdims=True)


def variance(x: Array, axis: Axis, keepdims: bool, correction: float) -> Any:
    """The mean of squares minus the square of the mean: the sympy twin of var, by another road."""
    n = count(x.shape, axis)
    squares, mean = (x * x).sum(axis, keepdims=keepdims), x.sum(axis, keepdims=keepdims) / n
    return (squares - n * mean * mean) / (n - correction)


@rule(
    domain=dict(x=real("n m k", at=(0.0,)), **AXES),
    jax=lambda jax, x, *, axis, keepdims: jax.numpy.prod(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: x.prod(axis, keepdims=keepdims),
)
def prod(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """Π x along axis.  (n, m, k) -> (...)

    dx = dy times the product of all other entries, without a division, so that entries may be 0.
    """
    axes = axes_of(axis, x.ndim)

    def pullback(dy: Array) -> Array:
        front = np.moveaxis(x, axes, range(len(axes)))
        rest = front.shape[len(axes) :]
        others = product_of_others(front.reshape((math.prod(front.shape[: len(axes)]), *rest)))
        return kept(dy, x.shape, axis) * np.moveaxis(others.reshape(front.shape), range(len(axes)), axes)

    return x.prod(axis, keepdims=keepdims), pullback


def product_of_others(x: Array) -> Array:
    """For each entry the product of those before it and those after it along the first axis."""
    one = np.ones_like(x[:1])
    before = np.cumprod(np.concatenate([one, x[:-1]]), axis=0)
    after = np.cumprod(np.concatenate([one, x[:0:-1]]), axis=0)[::-1]
    return before * after


@rule(
    domain=dict(x=real("n m k", at=FAR), **AXES),
    jax=lambda jax, x, *, axis, keepdims: jax.nn.logsumexp(x, axis, keepdims=keepdims),
    sympy=lambda sympy, x, *, axis, keepdims: np.frompyfunc(sympy.log, 1, 1)(
        np.frompyfunc(sympy.exp, 1, 1)(x).sum(axis, keepdims=keepdims)
    ),
)
def logsumexp(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Pulled:
    """log Σ e^x along axis, without overflow.  (n, m, k) -> (...)

    dx = dy softmax(x) = dy e^x / Σ e^x.  The pullback keeps x, the largest x and Σ e^(x - largest), which has digits
    that y lost.
    """
    top = x.max(axis, keepdims=True)
    e = np.exp(x - top)
    total = e.sum(axis, keepdims=True)
    # The largest term is 1 and goes to log1p, which keeps the digits of a small sum of the others.
    largest = x == top
    others = np.where(largest, 0, e).sum(axis, keepdims=True) + (largest.sum(axes_of(axis, x.ndim), keepdims=True) - 1)
    y = top + np.log1p(others.astype(x.dtype))

    def pullback(dy: Array) -> Any:
        return kept(dy, x.shape, axis) * (np.exp(x - top) / total)

    return y if keepdims else np.squeeze(y, axes_of(axis, x.ndim)), pullback


@rule(
    domains={
        "": dict(x=real("n m k", kinks=(0.0,)), **AXES, ord=choice(3, 1, 2, 2.5)),
        "zeros": dict(
            x=made(lambda: ZEROS), axis=choice(0, -1, None), keepdims=choice(False, True), ord=choice(2, np.inf)
        ),
        "largest": dict(x=real("n m k"), **AXES, ord=choice(np.inf, -np.inf)),
        "ties": dict(x=real("n k", at=(-4.0,)), axis=choice(0, -1, None), keepdims=choice(True), ord=choice(np.inf)),
    },
    jax=lambda jax, x, **how: jax.numpy.linalg.vector_norm(x, **how),
    sympy=lambda sympy, x, **how: norm(sympy, np.frompyfunc(sympy.Abs, 1, 1)(x), **how),
)
def vector_norm(x: Array, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Pulled:
    """(Σ |x|^p)^(1/p) along axis, p = ord ≥ 1, or the largest (inf) or smallest (-inf) |x|.  (n, m, k) -> (...)

    dx = dy sign(x) (|x| / y)^(p - 1); for ±inf dy sign(x) to those that reach it, in equal shares, as in JAX.
    Where all entries are 0: 0, a subgradient.
    """
    size = np.abs(x)
    if np.isinf(ord):
        y = (np.max if ord > 0 else np.min)(size, axis, keepdims=keepdims)
    else:
        y = (size**ord).sum(axis, keepdims=keepdims) ** (1 / ord)

    def pullback(dy: Array) -> Any:
        if np.isinf(ord):
            return shared(dy, np.abs(x), y, axis) * np.conj(np.sign(x))
        whole = kept(np.where(y == 0, 1, y), x.shape, axis)
        ratio = 1 if ord == 1 else (np.abs(x) / whole) ** (ord - 1)
        return kept(dy, x.shape, axis) * np.conj(np.sign(x)) * ratio

    return y, pullback


def norm(sympy: Any, size: Array, axis: Axis, keepdims: bool, ord: Any) -> Any:
    """The sympy twin of vector_norm, of absolute values."""
    if np.isinf(float(ord)):
        return folded(sympy.Max if ord > 0 else sympy.Min, size, axis, keepdims)
    return (size**ord).sum(axis, keepdims=keepdims) ** (1 / sympy.sympify(ord))
