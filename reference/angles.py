"""Degrees and radians, and the sine of an angle over the angle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, each


@rule(
    domain=dict(x=real("n k", -180.0, 180.0, at=(0.0, 1e6))),
    jax=lambda jax, x: jax.numpy.deg2rad(x),
    sympy=each(lambda sympy, x: x * sympy.pi / 180),
)
def deg2rad(x: Array) -> Pulled:
    """x π / 180.  (...) -> (...)

    dx = dy π / 180.
    """

    def pullback(dy: Array) -> Any:
        return np.deg2rad(dy)

    return np.deg2rad(x), pullback


@rule(
    domain=dict(x=real("n k", at=(0.0, 1e6))),
    jax=lambda jax, x: jax.numpy.rad2deg(x),
    sympy=each(lambda sympy, x: x * 180 / sympy.pi),
)
def rad2deg(x: Array) -> Pulled:
    """x 180 / π.  (...) -> (...)

    dx = dy 180 / π.
    """

    def pullback(dy: Array) -> Any:
        return np.rad2deg(dy)

    return np.rad2deg(x), pullback


# The slope of sin(z) / z over z, in powers of z²: -1/3, 1/30, ..., up to 2^-59 for |z| < 1.
SERIES = tuple(2 * (k + 1) * (-1.0) ** (k + 1) / math.factorial(2 * k + 3) for k in range(9))


@rule(
    # Small numbers are reached as special ones: their series is not the derivative in symbols.
    domain=dict(x=real("n k", 0.4, 3.0, at=(0.0, -1e-9, 0.05, -0.2, 0.31, -0.33, 0.6, -1.3, 12.6))),
    jax=lambda jax, x: jax.numpy.sinc(x),
    sympy=each(lambda sympy, x: sympy.sin(sympy.pi * x) / (sympy.pi * x)),
    source="Abramowitz & Stegun 1964, eq. 10.1.2 (the slope is -j₁)",
)
def sinc(x: Array) -> Pulled:
    """sin(z) / z, z = π x; 1 at 0.  (...) -> (...)

    dx = dy π (z cos z - sin z) / z², for small z by its series, as that difference loses all digits there.
    """
    z = np.pi * x

    def pullback(dy: Array) -> Any:
        small = np.abs(z) < 1
        apart = np.where(small, 1, z)
        direct = (np.cos(apart) - np.sin(apart) / apart) / apart
        near = np.where(small, z, 0)
        series: Any = 0.0
        for coefficient in SERIES[::-1]:
            series = series * near * near + coefficient
        return (dy * np.pi * np.where(small, series * near, direct)).astype(dy.dtype)

    return np.sinc(x), pullback
