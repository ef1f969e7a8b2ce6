"""Differences against functions whose derivative is known: the bar must hold the truth, and decide where it can."""

from __future__ import annotations

import math
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

from gradcheck import contract
from gradcheck.oracles.differences import Differences
from gradcheck.problems import Problem
from gradcheck.results import Evidence, Point
from gradcheck.rules import Rule, from_vjp


def problem_of(forward: Any, vjp: Any, *args: Any, dy: Any = None, room: Any = (), kink: bool = False) -> Problem:
    rule = forward if isinstance(forward, Rule) else from_vjp(forward, vjp)
    problem = contract.evaluate(rule, Point("given", "given", tuple(np.asarray(a) for a in args), {}, dy), seed=0)
    problem.room, problem.kink = room, kink
    return problem


def examine(forward: Any, vjp: Any, *args: Any, **options: Any) -> list[Evidence]:
    return list(Differences().examine(problem_of(forward, vjp, *args, **options)))


# (function, the same in mpmath, x): smooth, oscillating, steep, flat, at domain edges, of all magnitudes.
SMOOTH = {
    "exp(1)": (np.exp, mpmath.exp, 1.0),
    "exp(0)": (np.exp, mpmath.exp, 0.0),
    "exp(700)": (np.exp, mpmath.exp, 700.0),
    "exp(-700)": (np.exp, mpmath.exp, -700.0),
    "expm1(1e-9)": (np.expm1, mpmath.expm1, 1e-9),
    "log(1e-300)": (np.log, mpmath.log, 1e-300),
    "log(1e300)": (np.log, mpmath.log, 1e300),
    "log(1+2^-40)": (np.log, mpmath.log, 1 + 2.0**-40),
    "log1p(1e-12)": (np.log1p, mpmath.log1p, 1e-12),
    "x^30 at 1.7": (lambda x: x**30, lambda x: x**30, 1.7),
    "x^30 at 0.01": (lambda x: x**30, lambda x: x**30, 0.01),
    "x^2 at 1e-150": (lambda x: x**2, lambda x: x**2, 1e-150),
    "x^2 at 1e150": (lambda x: x**2, lambda x: x**2, 1e150),
    "x^1.5 at 1e-8": (lambda x: x**1.5, lambda x: x ** mpmath.mpf(1.5), 1e-8),
    "sqrt(1e-200)": (np.sqrt, mpmath.sqrt, 1e-200),
    "sqrt(1-x) at 1-1e-6": (lambda x: np.sqrt(1 - x), lambda x: mpmath.sqrt(1 - x), 1 - 1e-6),
    "1/x at 1e-5": (lambda x: 1 / x, lambda x: 1 / x, 1e-5),
    "1/(1-x) at 1-1e-4": (lambda x: 1 / (1 - x), lambda x: 1 / (1 - x), 1 - 1e-4),
    "tan near its pole": (np.tan, mpmath.tan, 1.5707),
    "arcsin(0.999)": (np.arcsin, mpmath.asin, 0.999),
    "arctanh(1-1e-5)": (np.arctanh, mpmath.atanh, 1 - 1e-5),
    "sin(1e4 x)": (lambda x: np.sin(1e4 * x), lambda x: mpmath.sin(10000 * x), 1.1),
    "sin(1e6 x)": (lambda x: np.sin(1e6 * x), lambda x: mpmath.sin(1000000 * x), 1.1),
    "cos with 64 periods": (lambda x: np.cos(402.0 * x), lambda x: mpmath.cos(402 * x), 1.1),
    "sin(1e8)": (np.sin, mpmath.sin, 1e8),
    "tanh(1e3 x) at its foot": (lambda x: np.tanh(1e3 * x), lambda x: mpmath.tanh(1000 * x), 1e-3),
    "tanh(30), flat": (np.tanh, mpmath.tanh, 30.0),
    "sigmoid(-40)": (special.expit, lambda x: 1 / (1 + mpmath.exp(-x)), -40.0),
    "gaussian, narrow": (lambda x: np.exp(-1e6 * (x - 1) ** 2), lambda x: mpmath.exp(-1000000 * (x - 1) ** 2), 1.001),
    "erf(5)": (special.erf, mpmath.erf, 5.0),
    "erf(1e-10)": (special.erf, mpmath.erf, 1e-10),
    "gammaln(1e-3)": (special.gammaln, mpmath.loggamma, 1e-3),
    "gammaln(1e5)": (special.gammaln, mpmath.loggamma, 1e5),
    "1e-12 cos": (lambda x: 1e-12 * np.cos(x), lambda x: mpmath.mpf(1e-12) * mpmath.cos(x), 0.7),
    "1e12 cos": (lambda x: 1e12 * np.cos(x), lambda x: mpmath.mpf(1e12) * mpmath.cos(x), 0.7),
    "(1-cos x)/x^2, cancelling": (lambda x: (1 - np.cos(x)) / x**2, lambda x: (1 - mpmath.cos(x)) / x**2, 1e-2),
    "x|x| at 1e-5": (lambda x: x * abs(x), lambda x: x * abs(x), 1e-5),
    "logaddexp": (lambda x: np.logaddexp(x, -x), lambda x: mpmath.log(mpmath.exp(x) + mpmath.exp(-x)), 0.3),
    "stationary point": (np.cos, mpmath.cos, 0.0),
    "linear, huge offset": (lambda x: 1e6 + x, lambda x: 1000000 + x, 0.5),
    "constant": (lambda x: 3.0 + 0 * x, lambda x: mpmath.mpf(3) + 0 * x, 0.5),
    "zero": (lambda x: 0.0 * x, lambda x: 0 * x, 0.5),
}


def slope_of(reference: Any, x: float) -> float:
    with mpmath.workdps(700 if abs(x) < 1e-20 else 80):
        exact = mpmath.mpf(x)
        return float(mpmath.diff(reference, exact, h=mpmath.mpf(10) ** -40 * (abs(exact) or 1)))


@pytest.mark.parametrize("name", SMOOTH)
def test_the_truth_lies_inside_the_bar_and_the_bar_decides(name: str) -> None:
    function, reference, x = SMOOTH[name]
    truth = slope_of(reference, x)
    (evidence,) = examine(function, lambda dy, x: dy * truth, x, dy=-1.25)
    assert abs(evidence.value - -1.25 * truth) <= evidence.bar
    assert evidence.stance == "for"
