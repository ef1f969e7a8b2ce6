"""Signs and steps, and numbers in place of those that are not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.arithmetic import nonzero, pairs
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, each


def sign_of(sympy: Any, x: Any) -> Any:
    """In pieces: sympy differentiates its own to a delta function."""
    return sympy.Piecewise((1, x > 0), (0, sympy.Eq(x, 0)), (-1, True))


@rule(
    domain=dict(x=real("n k", at=(0.0,))),
    jax=lambda jax, x: jax.numpy.positive(x),
    sympy=lambda sympy, x: +x,
)
def positive(x: Array) -> Pulled:
    """+x, a copy of x.  (...) -> (...)

    dx = dy.
    """

    def pullback(dy: Array) -> Any:
        return +dy

    return +x, pullback


@rule(domain=dict(x=nonzero("n k", at=(1e-300,))), jax=lambda jax, x: jax.numpy.sign(x), sympy=each(sign_of))
def sign(x: Array) -> Pulled:
    """-1, 0 or 1.  (...) -> (...)

    dx = 0, at x = 0 too, as in JAX.
    """

    def pullback(dy: Array) -> Array:
        return np.zeros_like(x)

    return np.sign(x), pullback


@rule(
    domain=dict(x=nonzero("n k"), at_zero=choice(0.5, 1.0)),
    jax=lambda jax, x, *, at_zero: jax.numpy.heaviside(x, at_zero),
    sympy=each(lambda sympy, x, *, at_zero: sympy.Piecewise((0, x < 0), (at_zero, sympy.Eq(x, 0)), (1, True))),
)
def heaviside(x: Array, *, at_zero: float) -> Pulled:
    """0 for x < 0, 1 for x > 0, at_zero for x = 0.  (...) -> (...)

    dx = 0, at x = 0 too, as in JAX.
    """

    def pullback(dy: Array) -> Array:
        return np.zeros_like(x)

    return np.heaviside(x, x.dtype.type(at_zero)), pullback


@rule(
    domains=pairs(nonzero, nonzero),
    jax=lambda jax, a, b: jax.numpy.copysign(a, b),
    sympy=each(lambda sympy, a, b: sympy.Piecewise((sympy.Abs(a), b > 0), (-sympy.Abs(a), True))),
)
def copysign(a: Array, b: Array) -> Pulled:
    """The size of a with the sign of b, that of -0.0 too, broadcasting.  (...), (...) -> (...)

    da = dy where a and b have the same sign, else -dy, 0 at a = 0; db = 0.
    """

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy * np.sign(a) * np.copysign(1, b), a.shape), np.zeros_like(b)

    return np.copysign(a, b), pullback


@rule(
    domains={
        "": dict(
            x=real("n k", at=(0.0, np.nan, np.inf, -np.inf)),
            nan=choice(0.0, -1.5),
            posinf=choice(7.0),
            neginf=choice(-5.0),
        ),
        "defaults": dict(x=real("n k")),
    },
    jax=lambda jax, x, **values: jax.numpy.nan_to_num(x, **values),
    sympy=lambda sympy, x, **values: x,
)
def nan_to_num(x: Array, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Pulled:
    """x with numbers in place of nan and infinities, which are by default the largest of their type.  (...) -> (...)

    dx = dy where x is finite, else 0.
    """

    def pullback(dy: Array) -> Any:
        return np.where(np.isfinite(x), dy, 0)

    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf), pullback
