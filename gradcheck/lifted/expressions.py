"""The ufuncs that symbols know, as functions of sympy expressions, in one table."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Function = Callable[..., Any]


@cache
def table() -> dict[str, Function]:
    """name -> function of expressions.  Sources of the less common ones: NumPy's and scipy.special's own definitions."""
    import sympy as sp

    one, two, ten = sp.Integer(1), sp.Integer(2), sp.Integer(10)

    return {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
        "negative": lambda x: -x,
        "reciprocal": lambda x: one / x,
        "square": lambda x: x**2,
        "sqrt": sp.sqrt,
        "power": lambda a, b: a**b,
        "float_power": lambda a, b: a**b,
        "exp": sp.exp,
        "exp2": lambda x: two**x,
        "expm1": lambda x: sp.exp(x) - one,
        "log": sp.log,
        "log2": lambda x: sp.log(x) / sp.log(two),
        "log10": lambda x: sp.log(x) / sp.log(ten),
        "log1p": lambda x: sp.log(one + x),
        "logaddexp": lambda a, b: sp.log(sp.exp(a) + sp.exp(b)),
        "logaddexp2": lambda a, b: sp.log(two**a + two**b) / sp.log(two),
        "sin": sp.sin,
        "cos": sp.cos,
        "tan": sp.tan,
        "arcsin": sp.asin,
        "arccos": sp.acos,
        "arctan": sp.atan,
        "arctan2": sp.atan2,
        "hypot": lambda a, b: sp.sqrt(a**2 + b**2),
        "sinh": sp.sinh,
        "cosh": sp.cosh,
        "tanh": sp.tanh,
        "arcsinh": sp.asinh,
        "arccosh": sp.acosh,
        "arctanh": sp.atanh,
        "deg2rad": lambda x: x * sp.pi / 180,
        "radians": lambda x: x * sp.pi / 180,
        "rad2deg": lambda x: x * 180 / sp.pi,
        "degrees": lambda x: x * 180 / sp.pi,
        "sinc": lambda x: one if x == 0 else sp.sin(sp.pi * x) / (sp.pi * x),
        **special(),
    }


@cache
def special() -> dict[str, Function]:
    """Those of scipy.special: name -> function of expressions."""
    import sympy as sp

    one, two, root = sp.Integer(1), sp.Integer(2), sp.sqrt(sp.Integer(2))

    def logistic(x: Any) -> Any:
        return one / (one + sp.exp(-x))

    def normal(x: Any) -> Any:
        return (one + sp.erf(x / root)) / two

    def quantile(p: Any) -> Any:
        return root * sp.erfinv(two * p - one)

    def xlogy(a: Any, b: Any) -> Any:
        return sp.Integer(0) if a == 0 else a * sp.log(b)

    bessel: dict[str, Function] = {
        f"{kind}{order}": lambda x, f=f, order=order: f(order, x)
        for kind, f in (("i", sp.besseli), ("j", sp.besselj), ("k", sp.besselk))
        for order in (0, 1)
    }
    return {
        **bessel,
        "erf": sp.erf,
        "erfc": sp.erfc,
        "erfi": sp.erfi,
        "erfcx": lambda x: sp.exp(x**2) * sp.erfc(x),
        "dawsn": lambda x: sp.sqrt(sp.pi) / 2 * sp.exp(-(x**2)) * sp.erfi(x),
        "erfinv": sp.erfinv,
        "erfcinv": lambda x: sp.erfinv(one - x),
        "ndtr": normal,
        # Half an erfc, which keeps the digits of small probabilities.
        "log_ndtr": lambda x: sp.log(sp.erfc(-x / root) / two),
        "ndtri": quantile,
        "ndtri_exp": lambda x: quantile(sp.exp(x)),
        "expit": logistic,
        "log_expit": lambda x: sp.log(logistic(x)),
        "logit": lambda x: sp.log(x) - sp.log(one - x),
        "gamma": sp.gamma,
        "rgamma": lambda x: one / sp.gamma(x),
        "gammaln": sp.loggamma,
        "loggamma": sp.loggamma,
        "psi": lambda x: sp.polygamma(0, x),
        "polygamma": sp.polygamma,
        "beta": lambda a, b: sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b),
        "betaln": lambda a, b: sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b),
        "iv": sp.besseli,
        "hyp1f1": lambda a, b, x: sp.hyper((a,), (b,), x),
        "xlogy": xlogy,
        "xlog1py": lambda a, b: xlogy(a, one + b),
        "entr": lambda x: -xlogy(x, x),
        "rel_entr": lambda a, b: xlogy(a, a / b),
        "kl_div": lambda a, b: xlogy(a, a / b) - a + b,
    }


# Constant between jumps: around a point they are the number that they are there.
STEPS: tuple[str, ...] = ("floor", "ceil", "trunc", "rint")


def float_function(name: str) -> Function:
    """The floating-point ufunc of that name, NumPy's or scipy.special's."""
    if hasattr(np, name):
        return getattr(np, name)  # type: ignore[no-any-return]
    from scipy import special

    return getattr(special, name)  # type: ignore[no-any-return]


def tree_size(expression: Any, known: dict[Any, int] | None = None) -> int:
    """The number of nodes of an expression written out as a tree; equal subterms are looked at once."""
    known = {} if known is None else known
    if expression not in known:
        # NumPy puts plain integers into empty sums.
        known[expression] = 1 + sum(tree_size(a, known) for a in getattr(expression, "args", ()))
    return known[expression]
