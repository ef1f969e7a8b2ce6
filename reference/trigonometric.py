"""Trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gradcheck.domains import interval, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.arithmetic import pairs
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, complexes, each


@rule(
    domain=dict(x=real("n k", at=(0.0, 1000.0))),
    jax=lambda jax, x: jax.numpy.sin(x),
    sympy=each(lambda sympy, x: sympy.sin(x)),
)
def sin(x: Array) -> Pulled:
    """The sine of x.  (...) -> (...)

    dx = dy cos(x).
    """

    def pullback(dy: Array) -> Array:
        return dy * np.cos(x)

    return np.sin(x), pullback


@rule(
    domain=dict(x=real("n k", at=(0.0, 1000.0))),
    jax=lambda jax, x: jax.numpy.cos(x),
    sympy=each(lambda sympy, x: sympy.cos(x)),
)
def cos(x: Array) -> Pulled:
    """The cosine of x.  (...) -> (...)

    dx = -dy sin(x).
    """

    def pullback(dy: Array) -> Array:
        return -dy * np.sin(x)

    return np.cos(x), pullback


@rule(
    domain=dict(x=real("n k", low=-1.4, high=1.4, at=(0.0, 2.5))),
    jax=lambda jax, x: jax.numpy.tan(x),
    sympy=each(lambda sympy, x: sympy.tan(x)),
)
def tan(x: Array) -> Pulled:
    """The tangent of x.  (...) -> (...)

    dx = dy (1 + y²).
    """
    y = np.tan(x)

    def pullback(dy: Array) -> Any:
        return dy * (1 + y * y)

    return y, pullback


@rule(
    domain=dict(x=interval("n k", -1.0, 1.0)),
    jax=lambda jax, x: jax.numpy.arcsin(x),
    sympy=each(lambda sympy, x: sympy.asin(x)),
)
def asin(x: Array) -> Pulled:
    """The inverse sine of x.  (...) -> (...)

    dx = dy / √((1 - x)(1 + x)), which keeps its digits near ±1; 1 - x² does not.
    """

    def pullback(dy: Array) -> Any:
        return dy / np.sqrt((1 - x) * (1 + x))

    return np.arcsin(x), pullback


@rule(
    domain=dict(x=interval("n k", -1.0, 1.0)),
    jax=lambda jax, x: jax.numpy.arccos(x),
    sympy=each(lambda sympy, x: sympy.acos(x)),
)
def acos(x: Array) -> Pulled:
    """The inverse cosine of x.  (...) -> (...)

    dx = -dy / √((1 - x)(1 + x)).
    """

    def pullback(dy: Array) -> Any:
        return -dy / np.sqrt((1 - x) * (1 + x))

    return np.arccos(x), pullback


@rule(
    domain=dict(x=real("n k", at=(0.0, -1e6))),
    jax=lambda jax, x: jax.numpy.arctan(x),
    sympy=each(lambda sympy, x: sympy.atan(x)),
)
def atan(x: Array) -> Pulled:
    """The inverse tangent of x.  (...) -> (...)

    dx = dy / (1 + x²).
    """

    def pullback(dy: Array) -> Any:
        return dy / (1 + x * x)

    return np.arctan(x), pullback


@rule(
    domains=pairs(partial(real, kinks=(0.0,)), partial(real, kinks=(0.0,))),
    jax=lambda jax, a, b: jax.numpy.arctan2(a, b),
    sympy=each(lambda sympy, a, b: sympy.atan2(a, b)),
)
def atan2(a: Array, b: Array) -> Pulled:
    """The angle of the point (b, a), broadcasting.  (...), (...) -> (...)

    da = dy b / (a² + b²), db = -dy a / (a² + b²); nan where both are 0.
    """

    def pullback(dy: Array) -> Any:
        t = dy / (a * a + b * b)
        return unbroadcast(t * b, a.shape), unbroadcast(-t * a, b.shape)

    return np.arctan2(a, b), pullback


@rule(
    domain=dict(x=real("n k", at=(-700.0, 0.0, 700.0))),
    jax=lambda jax, x: jax.numpy.sinh(x),
    sympy=each(lambda sympy, x: sympy.sinh(x)),
)
def sinh(x: Array) -> Pulled:
    """The hyperbolic sine of x.  (...) -> (...)

    dx = dy cosh(x).
    """

    def pullback(dy: Array) -> Array:
        return dy * np.cosh(x)

    return np.sinh(x), pullback


@rule(
    domain=dict(x=real("n k", at=(-700.0, 0.0, 700.0))),
    jax=lambda jax, x: jax.numpy.cosh(x),
    sympy=each(lambda sympy, x: sympy.cosh(x)),
)
def cosh(x: Array) -> Pulled:
    """The hyperbolic cosine of x.  (...) -> (...)

    dx = dy sinh(x).
    """

    def pullback(dy: Array) -> Array:
        return dy * np.sinh(x)

    return np.cosh(x), pullback


@rule(
    domains={"": dict(x=real("n k", at=(-300.0, 0.0, 20.0, 800.0))), "complex": dict(x=complexes("n"))},
    jax=lambda jax, x: jax.numpy.tanh(x),
    sympy=each(lambda sympy, x: sympy.tanh(x)),
)
def tanh(x: Array) -> Pulled:
    """The hyperbolic tangent of x.  (...) -> (...)

    dx = dy / cosh²(x) = 4 dy e / (1 + e)², e = exp(-2 |x|); 1 - y² in its place is 0 for |x| > 19.
    """

    def pullback(dy: Array) -> Any:
        if np.iscomplexobj(x):
            return dy / np.cosh(x) ** 2
        e = np.exp(-2 * np.abs(x))
        return 4 * dy * e / (1 + e) ** 2

    return np.tanh(x), pullback


@rule(
    domains={"": dict(x=real("n k", at=(0.0, -1e6, 1e30))), "complex": dict(x=complexes("n"))},
    jax=lambda jax, x: jax.numpy.arcsinh(x),
    sympy=each(lambda sympy, x: sympy.asinh(x)),
)
def asinh(x: Array) -> Pulled:
    """The inverse hyperbolic sine of x.  (...) -> (...)

    dx = dy / √(1 + x²).
    """

    def pullback(dy: Array) -> Array:
        # Of real numbers whose squares overflow hypot, which is slower, has the root.
        far = np.isrealobj(x) and np.abs(x).max(initial=0) > 1e18
        return dy / (np.hypot(1, x) if far else np.sqrt(1 + x * x))

    return np.arcsinh(x), pullback


@rule(
    domain=dict(x=interval("n k", 1.0, 4.0)),
    jax=lambda jax, x: jax.numpy.arccosh(x),
    sympy=each(lambda sympy, x: sympy.acosh(x)),
)
def acosh(x: Array) -> Pulled:
    """The inverse hyperbolic cosine of x.  (...) -> (...)

    dx = dy / √((x - 1)(x + 1)).
    """

    def pullback(dy: Array) -> Any:
        return dy / np.sqrt((x - 1) * (x + 1))

    return np.arccosh(x), pullback


@rule(
    domain=dict(x=interval("n k", -1.0, 1.0)),
    jax=lambda jax, x: jax.numpy.arctanh(x),
    sympy=each(lambda sympy, x: sympy.atanh(x)),
)
def atanh(x: Array) -> Pulled:
    """The inverse hyperbolic tangent of x.  (...) -> (...)

    dx = dy / ((1 - x)(1 + x)).
    """

    def pullback(dy: Array) -> Any:
        return dy / ((1 - x) * (1 + x))

    return np.arctanh(x), pullback
