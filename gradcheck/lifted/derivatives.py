"""The ufuncs that balls know: each with its value and its partial derivatives, in one table.

A derivative gets the inputs and the value; its constants are balls too, so that it is rigorous.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from gradcheck.lifted import special_ufuncs
from gradcheck.lifted.special_ufuncs import each, logaddexp, logarithm

Function = Callable[..., Any]


# Those that NumPy and scipy.special have for complex numbers too: complex differentiable but for branch cuts, and the
# derivatives of the table are right there.  (arccosh needs two roots for that.)
HOLOMORPHIC = frozenset(
    (
        *("add", "subtract", "multiply", "divide", "negative", "reciprocal", "square", "sqrt", "power", "float_power"),
        *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan"),
        *("sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "erf", "erfc"),
    )
)


@cache
def table() -> dict[str, tuple[Function, tuple[Function, ...]]]:
    """name -> (value, partial derivatives)."""
    from flint import arb

    one = arb(1)
    exp, log = each(lambda x: x.exp()), each(logarithm)
    sin, cos = each(lambda x: x.sin()), each(lambda x: x.cos())
    sinh, cosh = each(lambda x: x.sinh()), each(lambda x: x.cosh())
    sqrt = each(lambda x: x.sqrt())
    zero = each(lambda x: arb(0))

    def ln(n: int) -> Any:
        # Not kept: a constant is to be as precise as the arithmetic around it.
        return arb(n).log()

    return {
        "add": (np.add, (lambda a, b, y: one, lambda a, b, y: one)),
        "subtract": (np.subtract, (lambda a, b, y: one, lambda a, b, y: -one)),
        "multiply": (np.multiply, (lambda a, b, y: b, lambda a, b, y: a)),
        "divide": (np.true_divide, (lambda a, b, y: 1 / b, lambda a, b, y: -y / b)),
        "negative": (np.negative, (lambda x, y: -one,)),
        "reciprocal": (lambda x: 1 / x, (lambda x, y: -y * y,)),
        "square": (lambda x: x * x, (lambda x, y: 2 * x,)),
        "sqrt": (sqrt, (lambda x, y: 1 / (2 * y),)),
        "cbrt": (each(cbrt), (lambda x, y: 1 / (3 * y * y),)),
        "power": (each(power, 2), (each(power_by_base, 3), each(power_by_exponent, 3))),
        "float_power": (each(power, 2), (each(power_by_base, 3), each(power_by_exponent, 3))),
        "exp": (exp, (lambda x, y: y,)),
        "exp2": (each(lambda x: arb(2) ** x), (lambda x, y: y * ln(2),)),
        "expm1": (each(lambda x: x.expm1()), (lambda x, y: exp(x),)),
        "log": (log, (lambda x, y: 1 / x,)),
        "log2": (lambda x: log(x) / ln(2), (lambda x, y: 1 / (x * ln(2)),)),
        "log10": (lambda x: log(x) / ln(10), (lambda x, y: 1 / (x * ln(10)),)),
        "log1p": (each(lambda x: x.log1p()), (lambda x, y: 1 / (1 + x),)),
        "logaddexp": (each(logaddexp, 2), (lambda a, b, y: exp(a - y), lambda a, b, y: exp(b - y))),
        "logaddexp2": (
            each(lambda a, b: logaddexp(a * ln(2), b * ln(2)) / ln(2), 2),
            (lambda a, b, y: exp((a - y) * ln(2)), lambda a, b, y: exp((b - y) * ln(2))),
        ),
        "sin": (sin, (lambda x, y: cos(x),)),
        "cos": (cos, (lambda x, y: -sin(x),)),
        "tan": (each(lambda x: x.tan()), (lambda x, y: 1 + y * y,)),
        "arcsin": (each(lambda x: x.asin()), (lambda x, y: 1 / sqrt((1 - x) * (1 + x)),)),
        "arccos": (each(lambda x: x.acos()), (lambda x, y: -1 / sqrt((1 - x) * (1 + x)),)),
        "arctan": (each(lambda x: x.atan()), (lambda x, y: 1 / (1 + x * x),)),
        "arctan2": (
            each(lambda a, b: arb.atan2(a, b), 2),
            (lambda a, b, y: b / (a * a + b * b), lambda a, b, y: -a / (a * a + b * b)),
        ),
        "hypot": (lambda a, b: sqrt(a * a + b * b), (lambda a, b, y: a / y, lambda a, b, y: b / y)),
        "sinh": (sinh, (lambda x, y: cosh(x),)),
        "cosh": (cosh, (lambda x, y: sinh(x),)),
        "tanh": (each(lambda x: x.tanh()), (lambda x, y: 1 / cosh(x) ** 2,)),
        "arcsinh": (each(lambda x: x.asinh()), (lambda x, y: 1 / sqrt(1 + x * x),)),
        "arccosh": (each(lambda x: x.acosh()), (lambda x, y: 1 / (sqrt(x - 1) * sqrt(x + 1)),)),
        "arctanh": (each(lambda x: x.atanh()), (lambda x, y: 1 / ((1 - x) * (1 + x)),)),
        "deg2rad": (lambda x: x * arb.pi() / 180, (lambda x, y: arb.pi() / 180,)),
        "radians": (lambda x: x * arb.pi() / 180, (lambda x, y: arb.pi() / 180,)),
        "rad2deg": (lambda x: x * 180 / arb.pi(), (lambda x, y: 180 / arb.pi(),)),
        "degrees": (lambda x: x * 180 / arb.pi(), (lambda x, y: 180 / arb.pi(),)),
        "floor": (each(lambda x: x.floor()), (lambda x, y: zero(x),)),
        "ceil": (each(lambda x: x.ceil()), (lambda x, y: zero(x),)),
        "trunc": (each(lambda x: x.floor() if x >= 0 else x.ceil()), (lambda x, y: zero(x),)),
        "rint": (each(rint), (lambda x, y: zero(x),)),
        "sinc": (each(lambda x: x.sinc_pi()), (each(slope_of_sinc, 2),)),
        **special_ufuncs.table(),
    }


@cache
def primals() -> dict[str, Function]:
    """name -> value."""
    return {name: entry[0] for name, entry in table().items()}


@cache
def derivatives() -> dict[str, tuple[Function, ...]]:
    """name -> partial derivatives, functions of the inputs and the value."""
    return {name: entry[1] for name, entry in table().items()}


def whole(x: Any) -> int | None:
    """The integer that a ball certainly is, else None."""
    if x.imag != 0 or not x.is_exact():
        return None
    x = x.real
    return int(x.unique_fmpz()) if x.is_exact() and x.is_integer() else None


def power(base: Any, exponent: Any) -> Any:
    """base ** exponent; an exact integer exponent allows a base of any sign."""
    n = whole(exponent)
    return base**exponent if n is None else base**n


def power_by_base(base: Any, exponent: Any, y: Any) -> Any:
    """The derivative of base ** exponent by the base, for a base of any sign where the exponent is an integer."""
    n = whole(exponent)
    if n == 0:
        return 0 * exponent
    return exponent * (base ** (exponent - 1) if n is None else base ** (n - 1))


def power_by_exponent(base: Any, exponent: Any, y: Any) -> Any:
    """The derivative of base ** exponent by the exponent; 0 at base 0."""
    if base == 0 and exponent.real > 0:
        return 0 * y
    return base.log() * y


def cbrt(x: Any) -> Any:
    """The real cube root."""
    return x.root(3) if x >= 0 else -((-x).root(3))


def rint(x: Any) -> Any:
    """To the nearest integer; ties go to the even one, as in NumPy."""
    from flint import arb

    low = x.floor()
    twice = 2 * (x - low)
    if twice == 1:
        return low if whole(low) is not None and whole(low) % 2 == 0 else low + 1  # type: ignore[operator]
    return arb(low) if twice < 1 else low + 1


def slope_of_sinc(x: Any, y: Any) -> Any:
    """The derivative of sin(πx) / (πx)."""
    return 0 * y if x.is_zero() else (x.cos_pi() - y) / x
