"""Functions of one variable in eight classes, each with the interval that points are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

Row = tuple[Callable[[Any], Any], float, float]


def single(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function in float32 arithmetic: what goes in and what comes out is rounded."""
    return lambda x: function(x.astype(np.float32)).astype(np.float64)


TABLE: dict[str, dict[str, Row]] = {
    "smooth": {
        "exp": (np.exp, -3.0, 3.0),
        "tanh": (np.tanh, -2.0, 2.0),
        "log(1 + x^2)": (lambda x: np.log1p(x * x), -3.0, 3.0),
        "sqrt(1 + x^2)": (lambda x: np.sqrt(1 + x * x), -3.0, 3.0),
        "sigmoid": (special.expit, -4.0, 4.0),
        "softplus": (lambda x: np.logaddexp(x, 0.0), -4.0, 4.0),
        "cubic": (lambda x: x**3 - 2 * x + 1, -2.0, 2.0),
        "arctan": (np.arctan, -3.0, 3.0),
        "erf": (special.erf, -2.0, 2.0),
        "gelu": (lambda x: x * special.ndtr(x), -3.0, 3.0),
    },
    "oscillating": {
        "sin(100 x)": (lambda x: np.sin(100 * x), 0.5, 2.0),
        "sin(1e4 x)": (lambda x: np.sin(10000 * x), 0.5, 2.0),
        "cos(1e6 x)": (lambda x: np.cos(1000000 * x), 0.5, 2.0),
        "sin(x^2) far out": (lambda x: np.sin(x * x), 20.0, 100.0),
        "sin(1/x)": (lambda x: np.sin(1 / x), 0.01, 0.1),
        "sin(exp(x))": (lambda x: np.sin(np.exp(x)), 2.0, 6.0),
        "1 + sin(1000 x)": (lambda x: 1 + np.sin(1000 * x), 0.5, 2.0),
        "exp(sin(50 x))": (lambda x: np.exp(np.sin(50 * x)), 0.5, 2.0),
        "cos of a large argument": (np.cos, 1e5, 1e7),
    },
    "steep": {
        "exp at 300 to 700": (np.exp, 300.0, 700.0),
        "x^30": (lambda x: x**30, 0.5, 12.0),
        "tanh(1000 x)": (lambda x: np.tanh(1000 * x), -2e-3, 2e-3),
        "sigmoid(500 (x - 1))": (lambda x: special.expit(500 * (x - 1)), 0.99, 1.01),
        "gaussian of width 1e-3": (lambda x: np.exp(-1000000 * (x - 1) ** 2), 0.998, 1.002),
        "exp(x^2)": (lambda x: np.exp(x * x), 3.0, 20.0),
        "arctan(1e5 x)": (lambda x: np.arctan(100000 * x), -3e-5, 3e-5),
        "1/(1 + 1e6 x^2)": (lambda x: 1 / (1 + 1000000 * x * x), -5e-3, 5e-3),
    },
    "flat": {
        "tanh, saturated": (np.tanh, 8.0, 30.0),
        "sigmoid, saturated": (special.expit, 12.0, 40.0),
        "erf, saturated": (special.erf, 3.5, 6.0),
        "cos at its maximum": (np.cos, -1e-4, 1e-4),
        "1 + x^4 near 0": (lambda x: 1 + x**4, -1e-2, 1e-2),
        "exp far down": (np.exp, -700.0, -100.0),
        "1/(1 + x^2) far out": (lambda x: 1 / (1 + x * x), 1e3, 1e6),
        "log of a huge number": (np.log, 1e10, 1e300),
        "constant": (lambda x: 3 + 0 * x, -1.0, 1.0),
    },
    "noisy (float32)": {
        "sin": (single(np.sin), -3.0, 3.0),
        "exp": (single(np.exp), -3.0, 3.0),
        "tanh": (single(np.tanh), -2.0, 2.0),
        "log": (single(np.log), 0.1, 50.0),
        "x^3 - 2 x": (single(lambda x: x**3 - 2 * x), -2.0, 2.0),
        "sqrt": (single(np.sqrt), 0.1, 50.0),
        "sigmoid": (single(special.expit), -4.0, 4.0),
        "1/(1 + x^2)": (single(lambda x: 1 / (1 + x * x)), -3.0, 3.0),
        "float32 output only": (lambda x: np.cos(x).astype(np.float32), -3.0, 3.0),
    },
    "near domain edges": {
        "log near 0": (np.log, 1e-12, 1e-3),
        "sqrt near 0": (np.sqrt, 1e-12, 1e-3),
        "arcsin near 1": (np.arcsin, 0.99, 0.999999),
        "arctanh near 1": (np.arctanh, 0.99, 0.99999),
        "x log x near 0": (lambda x: special.xlogy(x, x), 1e-9, 1e-3),
        "arccosh near 1": (np.arccosh, 1.000001, 1.01),
        "log1p near -1": (np.log1p, -0.99999, -0.99),
        "1/(1 - x) near 1": (lambda x: 1 / (1 - x), 0.99, 0.99999),
        "tan near its pole": (np.tan, 1.55, 1.5706),
        "gammaln near 0": (special.gammaln, 1e-6, 1e-2),
    },
    "mixed scales": {
        "1e6 + x": (lambda x: 1000000 + x, -1.0, 1.0),
        "2^40 sin x": (lambda x: 2.0**40 * np.sin(x), -2.0, 2.0),
        "2^-40 sin x": (lambda x: 2.0**-40 * np.sin(x), -2.0, 2.0),
        "x^2 for tiny x": (lambda x: x * x, 1e-150, 1e-100),
        "x^2 for huge x": (lambda x: x * x, 1e100, 1e150),
        "1000 + sin x": (lambda x: 1000 + np.sin(x), -2.0, 2.0),
        "(1 - cos x) / x^2, cancelling": (lambda x: (1 - np.cos(x)) / (x * x), 1e-6, 1.0),
        "(exp x - 1) / x, cancelling": (lambda x: (np.exp(x) - 1) / x, 1e-9, 1e-2),
        "x + 2^20 x^2": (lambda x: x + 2.0**20 * x * x, 1e-9, 1.0),
        "log(x) from 1e-200 to 1e200": (np.log, 1e-200, 1e200),
    },
    "kinks nearby": {
        "|x|": (np.abs, 1e-8, 1e-1),
        "relu": (lambda x: np.maximum(x, 0), 1e-8, 1e-1),
        "relu on its zero side": (lambda x: np.maximum(-x, 0), 1e-8, 1e-1),
        "x |x|": (lambda x: x * np.abs(x), 1e-8, 1e-1),
        "max(sin x, 1/2)": (lambda x: np.maximum(np.sin(x), 0.5), 0.45, 0.6),
        "leaky relu + 1": (lambda x: 1 + np.where(x > 0, x, 0.125 * x), 1e-7, 1e-1),
        "|sin(20 x)|": (lambda x: np.abs(np.sin(20 * x)), 0.5, 2.0),
        "clip(x, 0, 1)": (lambda x: np.clip(x, 0, 1), 0.99, 1.01),
        "huber": (lambda x: np.where(np.abs(x) < 1, x * x / 2, np.abs(x) - 0.5), 0.99, 1.01),
    },
}
