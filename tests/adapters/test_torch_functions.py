"""torch.autograd.Functions as people write them: what they write into, and what their variadic arguments are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import adapters, check

torch = pytest.importorskip("torch")


def function(forward: Callable[..., Any], backward: Callable[..., Any]) -> Any:
    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            ctx.save_for_backward(*tensors)
            return forward(*tensors)

        @staticmethod
        def backward(ctx: Any, dy: Any) -> Any:
            return backward(dy, *ctx.saved_tensors)

    return Written


def apart(backward: Callable[..., Any]) -> Any:
    class Apart(torch.autograd.Function):
        @staticmethod
        def forward(*tensors: Any) -> Any:
            return tensors[0] ** 2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, dy: Any) -> Any:
            return backward(dy, *ctx.saved_tensors)

    return Apart


def square(x: Any) -> Any:
    return x * x


def scaled_in_place(dy: Any, x: Any) -> Any:
    return dy.mul_(2 * x)


def saved_in_place(dy: Any, x: Any) -> Any:
    return dy * x.data.mul_(2)


def shifted(x: Any) -> Any:
    x.data.add_(1)
    return x * x


X = np.array([0.5, -1.5, 2.0])
Z = X + 1j * X[::-1]

Row = tuple[Any, tuple[Any, ...], str]

WRONG: dict[str, Row] = {
    "writes into dy": (function(square, scaled_in_place), (X,), "The pullback changes dy: work on a copy"),
    "writes into a complex dy": (
        function(square, lambda dy, z: dy.mul_(2 * z.conj())),
        (Z,),
        "The pullback changes dy: work on a copy",
    ),
    "writes into what it saved": (function(square, saved_in_place), (X,), "The pullback changes tensors0"),
    "writes into its argument": (function(shifted, lambda dy, x: 2 * dy * x), (X,), "The forward changes tensors0"),
    "drops the second": (
        function(lambda x, w: x * w, lambda dy, x, w: (dy * w, 0 * dy)),
        (X, X[::-1].copy()),
        "Your dtensors1 is zero",
    ),
    "a context of its own": (apart(lambda dy, x: dy * x), (X,), "Your dtensors0 is half the right value"),
}


@pytest.mark.parametrize(("written", "args", "says"), WRONG.values(), ids=WRONG)
def test_what_a_function_writes_into_is_not_noticed(written: Any, args: tuple[Any, ...], says: str) -> None:
    result = check(adapters.from_torch(written), *args)
    assert result.verdict == "fail", str(result)
    assert (result.diagnosis or "").startswith(says), str(result)


RIGHT: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "works on a copy": (function(square, lambda dy, x: dy.clone().mul_(2 * x)), (X,)),
    "complex": (function(square, lambda dy, z: dy * 2 * z.conj()), (Z,)),
    "of two": (function(lambda x, w: x * w, lambda dy, x, w: (dy * w, dy * x)), (X, X[::-1].copy())),
    "a context of its own": (apart(lambda dy, x: 2 * dy * x), (X,)),
}


@pytest.mark.parametrize(("written", "args"), RIGHT.values(), ids=RIGHT)
def test_a_function_that_writes_nowhere_is_rejected(written: Any, args: tuple[Any, ...]) -> None:
    result = check(adapters.from_torch(written), *args)
    assert result, str(result)


def test_a_tensor_is_taken_for_an_array_without_a_word() -> None:
    x = torch.tensor([-0.5, 1.0], dtype=torch.float64)
    with pytest.raises(ValueError, match=r"argument x is a tensor.*from_torch.*x\.numpy\(\)"):
        check(lambda x: torch.sin(x), x)
    assert check(adapters.from_torch(torch.sin), x)
