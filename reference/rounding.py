"""Rounding, which is constant between its jumps, and the remainders of division that are made with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, Spec, choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, each

# What symbols are rounded to; points are drawn within.
REACH = 8
whole = partial(real, kinks=tuple(range(-3, 4)), at=(0.5, -2.25))


def stairs(sympy: Any, x: Any) -> Any:
    """The floor of x, in pieces: sympy leaves the derivative of its own unevaluated."""
    return sympy.Piecewise(*((n, x < n + 1) for n in range(-REACH, REACH)), (REACH, True))


def towards_zero(sympy: Any, x: Any) -> Any:
    """x without its fraction, in pieces."""
    return sympy.Piecewise((stairs(sympy, x), x > 0), (-stairs(sympy, -x), True))


def divisors(shape: str) -> Spec:
    """Numbers of either sign that are not small."""

    def make(rng: Generator, draw: Draw) -> Array:
        size = draw.shape(shape)
        return np.asarray(np.round(rng.uniform(0.5, 2.0, size), 3) * rng.choice([-1.0, 1.0], size))

    return made(make, f"±[0.5, 2] ({shape})")


def dividends(shape: str) -> Spec:
    """Numbers that are not near a multiple of the divisor b."""

    def make(rng: Generator, draw: Draw, b: Array) -> Array:
        a = np.round(rng.uniform(-3, 3, draw.shape(shape)), 3)
        while (np.abs(a / b - np.rint(a / b)) < 0.02).any():
            a = np.round(rng.uniform(-3, 3, a.shape), 3)
        return np.asarray(a)

    return made(make, f"[-3, 3], no multiples of b ({shape})")


DIVISIONS = {
    "": dict(b=divisors("n k"), a=dividends("n k")),
    "broadcast": dict(b=divisors("m 1"), a=dividends("n 1 k")),
}


def constant(x: Array, y: Array) -> Pulled:
    """y, and the pullback of what is constant around x."""

    def pullback(dy: Array) -> Array:
        return np.zeros_like(x)

    return y, pullback


@rule(
    domain=dict(x=whole("n k")),
    jax=lambda jax, x: jax.numpy.floor(x),
    sympy=each(stairs),
)
def floor(x: Array) -> Pulled:
    """The largest integer that is not above x.  (...) -> (...)

    dx = 0, at the jumps too, as in JAX.
    """
    return constant(x, np.floor(x))


@rule(
    domain=dict(x=whole("n k")),
    jax=lambda jax, x: jax.numpy.ceil(x),
    sympy=each(lambda sympy, x: -stairs(sympy, -x)),
)
def ceil(x: Array) -> Pulled:
    """The smallest integer that is not below x.  (...) -> (...)

    dx = 0, at the jumps too, as in JAX.
    """
    return constant(x, np.ceil(x))


@rule(
    domain=dict(x=whole("n k")),
    jax=lambda jax, x: jax.numpy.trunc(x),
    sympy=each(towards_zero),
)
def trunc(x: Array) -> Pulled:
    """x without its fraction.  (...) -> (...)

    dx = 0, at the jumps too, as in JAX.
    """
    return constant(x, np.trunc(x))


@rule(
    domains={
        "": dict(x=real("n k", kinks=(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)), decimals=choice(0)),
        "tenths": dict(x=real("n k", -0.3, 0.3, kinks=(-0.25, -0.15, -0.05, 0.05, 0.15, 0.25)), decimals=choice(1)),
        "tens": dict(x=real("n k", -30.0, 30.0, kinks=(-25.0, -15.0, -5.0, 5.0, 15.0, 25.0)), decimals=choice(-1)),
    },
    jax=lambda jax, x, *, decimals: jax.numpy.round(x, decimals),
    sympy=each(
        lambda sympy, x, *, decimals: (
            stairs(sympy, x * sympy.Integer(10) ** decimals + sympy.Rational(1, 2)) / sympy.Integer(10) ** decimals
        )
    ),
)
def round(x: Array, *, decimals: int = 0) -> Pulled:
    """x to so many decimals, halves to the even neighbour.  (...) -> (...)

    dx = 0, at the jumps too, as in JAX.
    """
    return constant(x, np.round(x, decimals))


def quotients(a: Array, b: Array, steps: Callable[[Any], Any]) -> Callable[[Array], Any]:
    """The pullback of a - b steps(a / b), for steps that are constant nearby."""

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy, a.shape), unbroadcast(-dy * steps(a / b), b.shape)

    return pullback


@rule(
    domains=DIVISIONS,
    jax=lambda jax, a, b: jax.numpy.remainder(a, b),
    sympy=each(lambda sympy, a, b: a - b * stairs(sympy, a / b)),
)
def remainder(a: Array, b: Array) -> Pulled:
    """a - b ⌊a / b⌋, which has the sign of b, broadcasting.  (...), (...) -> (...)

    da = dy, db = -dy ⌊a / b⌋; these at the jumps too, where a is a multiple of b.
    """
    return np.remainder(a, b), quotients(a, b, np.floor)


@rule(
    domains=DIVISIONS,
    jax=lambda jax, a, b: jax.numpy.fmod(a, b),
    sympy=each(lambda sympy, a, b: a - b * towards_zero(sympy, a / b)),
)
def fmod(a: Array, b: Array) -> Pulled:
    """a - b trunc(a / b), which has the sign of a, broadcasting.  (...), (...) -> (...)

    da = dy, db = -dy trunc(a / b); these at the jumps too, where a is a multiple of b.
    """
    return np.fmod(a, b), quotients(a, b, np.trunc)
