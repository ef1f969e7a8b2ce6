"""Absurdly steep claims: differences look closely at what is claimed, and are not talked out of what they see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check
from gradcheck.floats import epsilon

bfloat16 = np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
FLOATS = {"float64": np.dtype(np.float64), "float32": np.dtype(np.float32), "bfloat16": bfloat16}

Function = Callable[[Any], Any]

FUNCTIONS: dict[str, tuple[Function, Function]] = {
    "square": (lambda x: x * x, lambda x: 2 * x),
    "sine": (np.sin, np.cos),
    "line": (lambda x: 3 * x, lambda x: 3 + 0 * x),
    "cube": (lambda x: x**3, lambda x: 3 * x * x),
    "cube beside 1": (lambda x: 1 + x**3, lambda x: 3 * x * x),
    "constant": (lambda x: 1 + 0 * x, lambda x: 0 * x),
}
POINTS = {
    "0": [0.0],
    "0 among others": [0.0, 1.5, -2.0],
    "away": [0.7, 1.5, -2.0],
    "tiny": [1e-6, 1.0, 2.0],
    "huge": [1e4, 2e4],
}
# Claims that are so many times too large, and by so much too large: where the slope is 0 only these are wrong.
CLAIMS: dict[str, Function] = {
    **{f"{factor:g} times": (lambda t, f=factor: t * f) for factor in (1e3, 1e6, 1e12, 1e30)},
    **{f"{gap:g} more": (lambda t, g=gap: t + g) for gap in (1e6, 1e12, 1e30)},
}


def black_box(function: Function, slope: Function) -> Callable[..., Any]:
    """A rule in its argument's own type, whose slope is computed in double precision."""

    def rule(x: Any) -> Any:
        y = np.asarray(function(x)).astype(x.dtype)
        return y, lambda dy: (dy.astype(float) * slope(x.astype(float))).astype(x.dtype)

    return rule


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_an_absurdly_steep_claim_talks_differences_out_of_what_they_see(dtype: str, claim: str) -> None:
    spared = []
    for name, (function, slope) in FUNCTIONS.items():
        for where, x in POINTS.items():
            at = np.array(x).astype(FLOATS[dtype])
            true = slope(at.astype(float))
            wrong = CLAIMS[claim](true)
            # Below the rounding of y over the argument's size a short type shows no slope, nor that there is none.
            size = np.max(np.abs(at.astype(float))) or 1.0
            unseen = 1e3 * epsilon(FLOATS[dtype]) * np.max(np.abs(function(at.astype(float)))) / size
            if np.max(np.abs(wrong - true)) <= unseen:
                continue
            rule = black_box(function, lambda t, f=slope: CLAIMS[claim](f(t)))
            result = check(rule, at, oracles="differences")
            if result.verdict != "fail":
                spared.append(f"{name} at {where}: {result.verdict}")
    assert not spared


STEEP: dict[str, tuple[Function, Function, list[float], str]] = {
    "tanh(1e6 x)": (lambda x: np.tanh(1e6 * x), lambda x: 1e6 / np.cosh(1e6 * x) ** 2, [0.0], "pass"),
    # At 0 of a function that is 0 nothing tells how short steps must be.
    "sin(1e9 x)": (lambda x: np.sin(1e9 * x), lambda x: 1e9 * np.cos(1e9 * x), [0.0], "inconclusive"),
    "cos(1e9 x)": (lambda x: np.cos(1e9 * x + 1), lambda x: -1e9 * np.sin(1e9 * x + 1), [0.0], "pass"),
    "1e6 x beside 1": (lambda x: 1 + 1e6 * x, lambda x: 1e6 + 0 * x, [0.0, 1.0], "pass"),
    "square far out": (lambda x: x * x, lambda x: 2 * x, [1e12], "pass"),
}


@pytest.mark.parametrize(("function", "slope", "x", "means"), STEEP.values(), ids=STEEP)
def test_a_slope_that_is_as_steep_as_claimed_is_refuted(
    function: Function, slope: Function, x: list[float], means: str
) -> None:
    result = check(black_box(function, slope), np.array(x), oracles="differences")
    assert result.verdict == means, str(result)


NOISY: dict[str, Function] = {
    "float32 inside": lambda x: np.sin(x.astype(np.float32)).astype(float),
    "rounded to 6 decimals": lambda x: np.round(np.sin(x), 6),
    "noise of 1e-9": lambda x: np.sin(x) + 1e-9 * np.sin(1e12 * x * x + x),
    "stairs": lambda x: np.floor(1e5 * x) / 1e5,
    "refused beside the point": lambda x: np.sin(x) if np.all(np.abs(x) > 1e-9) or not x.any() else x / 0 * 0,
}


@pytest.mark.parametrize("steeper", [1e3, 1e6, 1e12])
@pytest.mark.parametrize("x", [[0.0], [0.7, -1.2]], ids=["0", "away"])
@pytest.mark.parametrize("function", NOISY.values(), ids=NOISY)
def test_noise_makes_a_steep_claim_right(function: Function, x: list[float], steeper: float) -> None:
    result = check(black_box(function, lambda t: steeper * np.cos(t)), np.array(x), oracles="differences")
    assert result.verdict != "pass", str(result)
