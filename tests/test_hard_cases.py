"""Right but hard: gradients that a tolerance rejects, and that must pass."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check


def exp(x: Any) -> Any:
    y = np.exp(x)
    return y, lambda dy: dy * y


def log(x: Any) -> Any:
    return np.log(x), lambda dy: dy / x


def thirtieth_power(x: Any) -> Any:
    return x**30, lambda dy: 30 * dy * x**29


def scaled_sine(x: Any, *, scale: float) -> Any:
    return scale * np.sin(x), lambda dy: scale * dy * np.cos(x)


def relu(x: Any) -> Any:
    return np.maximum(x, 0), lambda dy: dy * (x > 0)


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(-1, keepdims=True))


def single_precision_tanh(x: Any) -> Any:
    y = np.tanh(x.astype(np.float32))
    return y, lambda dy: (dy * (1 - y * y)).astype(x.dtype)


HARD: list[tuple[str, Callable[..., Any], Any, dict[str, Any]]] = [
    ("exp at 700", exp, [700.0, 1.5, -700.0], {}),
    ("log at 1e-300", log, [1e-300, 2.0], {}),
    ("x**30", thirtieth_power, [0.5, -3.0, 11.0, 1e-3], {}),
    ("output scale 1e-12", scaled_sine, [0.3, -2.0], {"scale": 1e-12}),
    ("output scale 1e12", scaled_sine, [0.3, -2.0], {"scale": 1e12}),
    ("relu 1e-7 away from its kink", relu, [1e-7, -1e-7, 2.0], {}),
    ("softmax of ±800", softmax, [[800.0, -800.0, 3.0], [-800.0, 799.5, 800.0]], {}),
    ("a float32-only forward", single_precision_tanh, [0.3, -1.1], {}),
]


@pytest.mark.parametrize(("function", "x", "params"), [row[1:] for row in HARD], ids=[row[0] for row in HARD])
@pytest.mark.parametrize("seed", range(5))
def test_right_but_hard_gradients_are_not_rejected(
    function: Callable[..., Any], x: Any, params: Any, seed: int
) -> None:
    result = check(function, np.array(x), params=params, seed=seed)
    assert result, str(result)


@pytest.mark.parametrize("function", [exp, log, thirtieth_power, relu], ids=lambda f: f.__name__)
@pytest.mark.parametrize("x", [0.3, 2.0])
def test_differences_alone_decide_a_black_box(function: Callable[..., Any], x: float) -> None:
    result = check(function, np.array([x, 1.25 * x]), oracles="differences")
    assert result, str(result)
    assert {e.kind for e in result.evidence} == {"measured"}
