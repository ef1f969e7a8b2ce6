"""Exponentials and logarithms."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gradcheck.domains import interval, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.arithmetic import pairs
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, each

# Small and large numbers whose reciprocals are finite too.
TINY_AND_HUGE = (1e-200, 1e200)

LN2, LN10 = float(np.log(2)), float(np.log(10))


@rule(
    domain=dict(x=real("n k", at=(-700.0, 0.0, 700.0))),
    jax=lambda jax, x: jax.numpy.exp(x),
    sympy=each(lambda sympy, x: sympy.exp(x)),
)
def exp(x: Array) -> Pulled:
    """e^x.  (...) -> (...)

    dx = dy y.
    """
    y = np.exp(x)

    def pullback(dy: Array) -> Array:
        return dy * y

    return y, pullback


@rule(
    domain=dict(x=real("n k", at=(-1000.0, 0.0, 1000.0))),
    jax=lambda jax, x: jax.numpy.exp2(x),
    sympy=each(lambda sympy, x: 2**x),
)
def exp2(x: Array) -> Pulled:
    """2^x.  (...) -> (...)

    dx = dy y log 2.
    """
    y = np.exp2(x)

    def pullback(dy: Array) -> Array:
        return dy * y * LN2

    return y, pullback


@rule(
    domain=dict(x=real("n k", at=(-40.0, 1e-12, 700.0))),
    jax=lambda jax, x: jax.numpy.expm1(x),
    sympy=each(lambda sympy, x: sympy.exp(x) - 1),
)
def expm1(x: Array) -> Pulled:
    """e^x - 1, right to the last digit near 0 too.  (...) -> (...)

    dx = dy e^x; y + 1 in its place is 0 for x < -37.
    """

    def pullback(dy: Array) -> Array:
        return dy * np.exp(x)

    return np.expm1(x), pullback


@rule(
    domain=dict(x=positive("n k", at=TINY_AND_HUGE)),
    jax=lambda jax, x: jax.numpy.log(x),
    sympy=each(lambda sympy, x: sympy.log(x)),
)
def log(x: Array) -> Pulled:
    """The natural logarithm of x.  (...) -> (...)

    dx = dy / x.
    """

    def pullback(dy: Array) -> Array:
        return dy / x

    return np.log(x), pullback


@rule(
    domain=dict(x=positive("n k", at=TINY_AND_HUGE)),
    jax=lambda jax, x: jax.numpy.log2(x),
    sympy=each(lambda sympy, x: sympy.log(x) / sympy.log(2)),
)
def log2(x: Array) -> Pulled:
    """The logarithm of x to the base 2.  (...) -> (...)

    dx = dy / (x log 2).
    """

    def pullback(dy: Array) -> Array:
        return dy / (x * LN2)

    return np.log2(x), pullback


@rule(
    domain=dict(x=positive("n k", at=TINY_AND_HUGE)),
    jax=lambda jax, x: jax.numpy.log10(x),
    sympy=each(lambda sympy, x: sympy.log(x) / sympy.log(10)),
)
def log10(x: Array) -> Pulled:
    """The logarithm of x to the base 10.  (...) -> (...)

    dx = dy / (x log 10).
    """

    def pullback(dy: Array) -> Array:
        return dy / (x * LN10)

    return np.log10(x), pullback


@rule(
    domain=dict(x=interval("n k", -1.0, 3.0)),
    jax=lambda jax, x: jax.numpy.log1p(x),
    sympy=each(lambda sympy, x: sympy.log(1 + x)),
)
def log1p(x: Array) -> Pulled:
    """log(1 + x), right to the last digit near 0 too.  (...) -> (...)

    dx = dy / (1 + x).
    """

    def pullback(dy: Array) -> Any:
        return dy / (1 + x)

    return np.log1p(x), pullback


@rule(
    domains=pairs(partial(real, at=(-800.0, 800.0)), real),
    jax=lambda jax, a, b: jax.numpy.logaddexp(a, b),
    sympy=each(lambda sympy, a, b: sympy.log(sympy.exp(a) + sympy.exp(b))),
)
def logaddexp(a: Array, b: Array) -> Pulled:
    """log(e^a + e^b) without overflow, broadcasting.  (...), (...) -> (...)

    da = dy e^(a - y), db = dy e^(b - y).
    """
    y = np.logaddexp(a, b)

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy * np.exp(a - y), a.shape), unbroadcast(dy * np.exp(b - y), b.shape)

    return y, pullback


@rule(
    domains=pairs(partial(real, at=(-1000.0, 1000.0)), real),
    jax=lambda jax, a, b: jax.numpy.logaddexp2(a, b),
    sympy=each(lambda sympy, a, b: sympy.log(2**a + 2**b, 2)),
)
def logaddexp2(a: Array, b: Array) -> Pulled:
    """log2(2^a + 2^b) without overflow, broadcasting.  (...), (...) -> (...)

    da = dy 2^(a - y), db = dy 2^(b - y).
    """
    y = np.logaddexp2(a, b)

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy * np.exp2(a - y), a.shape), unbroadcast(dy * np.exp2(b - y), b.shape)

    return y, pullback
