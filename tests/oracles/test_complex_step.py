"""The complex step: what is analytic gets a slope with a bar that holds, what only takes complex numbers gets none."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from gradcheck import check
from gradcheck.oracles.complex_step import complex_step

ANALYTIC = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "a quotient": (lambda x: x / (1 + x * x), lambda x: (1 - x * x) / (1 + x * x) ** 2),
    "linear": (lambda x: 3 * x - 1, lambda x: 3.0),
    "constant": (lambda x: 0 * x + 2, lambda x: 0.0),
    "relu away from its kink": (lambda x: np.where(x.real > 0, x, 0 * x), lambda x: 1.0),
}


def into_floats(x: Any) -> Any:
    y = np.zeros(x.shape)
    y[...] = x.real
    return y * y + 0 * x


NOT = {
    "abs": np.abs,
    "x |x|": lambda x: x * np.abs(x),
    "the conjugate": np.conj,
    "z conj(z)": lambda x: x * np.conj(x),
    "the imaginary part lost": into_floats,
    "a real answer": lambda x: x.real**2,
    "takes no complex numbers": lambda x: np.cbrt(x),
    "takes floats only": lambda x: np.array([math.sin(v) for v in x]),
    "another value for complex numbers": lambda x: x + np.iscomplexobj(x),
    "a step inside the circle": lambda x: np.where(x.real > 0.70001, x, x + 1),
    "no value on the circle": lambda x: np.where(x.real > 0.70001, np.nan, x),
}


def stepped(function: Any, x: float) -> Any:
    def plane(z: complex) -> Any:
        try:
            return function(np.array([x]) + z)
        except TypeError:
            return None

    here = np.asarray(function(np.array([x])), dtype=float)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return complex_step(plane, here, np.zeros(1))


@pytest.mark.parametrize("name", ANALYTIC)
@pytest.mark.parametrize("x", [0.7, -1.3])
def test_an_analytic_function_gets_a_slope_to_rounding(name: str, x: float) -> None:
    function, slope = ANALYTIC[name]
    theirs = slope(x) if name != "relu away from its kink" or x > 0 else 0.0
    found = stepped(function, x)
    assert abs(found.value[0] - theirs) <= found.bar[0] <= 1e-13


@pytest.mark.parametrize("name", NOT)
def test_a_function_that_is_not_analytic_gets_none(name: str) -> None:
    assert stepped(NOT[name], 0.7) is None


def test_a_cancelling_black_box_that_real_steps_leave_open_is_decided() -> None:
    def cancelling(x: Any) -> Any:
        e = np.exp(x)
        return (e - 1) / x, lambda dy: dy * (0.5 + x / 3)

    result = check(cancelling, np.float64(1e-6), oracles="differences")
    (evidence,) = result.evidence
    assert evidence.stance == "for"
    assert abs(evidence.value - (evidence.claimed)) <= evidence.bar
