"""jvp=: a given forward mode beside certified directional derivatives, and beside the pullback."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check

X = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
Z = np.array([1 + 2j, -0.5 + 0.25j])


def opaque(a: Any) -> Any:
    """The same numbers through bytes, where no exact arithmetic follows."""
    return np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape)


def sine(x: Any) -> Any:
    return np.sin(x), lambda dy: np.cos(x) * dy


def sine_opaque(x: Any) -> Any:
    return sine(opaque(x))


def wrong_pullback(x: Any) -> Any:
    return np.sin(opaque(x)), lambda dy: np.cos(x) * dy / 2


def jvp_of_sine(args: Any, tangents: Any) -> Any:
    return np.sin(args[0]), np.cos(args[0]) * tangents[0]


def matmul(a: Any, b: Any) -> Any:
    return a @ b, lambda dy: (dy @ b.T, a.T @ dy)


def jvp_of_matmul(args: Any, tangents: Any) -> Any:
    return args[0] @ args[1], tangents[0] @ args[1] + args[0] @ tangents[1]


def scaled(x: Any, *, s: float) -> Any:
    return (s * x, x * x), lambda dy: s * dy[0] + 2 * x * dy[1]


def jvp_of_scaled(args: Any, tangents: Any, *, s: float) -> Any:
    return (s * args[0], args[0] ** 2), (s * tangents[0], 2 * args[0] * tangents[0])


RIGHT: dict[str, tuple[Any, Any, tuple[Any, ...], dict[str, Any]]] = {
    "elementwise": (sine, jvp_of_sine, (X,), {}),
    "a black box": (sine_opaque, jvp_of_sine, (X,), {}),
    "float32": (sine, jvp_of_sine, (X.astype(np.float32),), {}),
    "float16": (sine, jvp_of_sine, (X.astype(np.float16),), {}),
    "complex": (sine, jvp_of_sine, (Z,), {}),
    "two arguments": (matmul, jvp_of_matmul, (X, X.T + 1), {}),
    "parameters and two outputs": (scaled, jvp_of_scaled, (X,), {"s": 3.0}),
}


@pytest.mark.parametrize(("rule", "jvp", "args", "params"), RIGHT.values(), ids=RIGHT.keys())
def test_a_right_jvp_fails(rule: Any, jvp: Any, args: Any, params: Any) -> None:
    result = check(rule, *args, jvp=jvp, params=params, oracles="exact,differences")
    assert not [e for e in result.evidence if e.stance == "against"], str(result)
    assert result.verdict == "pass"
    assert "for" in {e.stance for e in result.evidence if e.oracle == "jvp"}


def changed(by: Callable[[Any], Any]) -> Any:
    def jvp(args: Any, tangents: Any) -> Any:
        y, moving = jvp_of_sine(args, tangents)
        return y, by(moving)

    return jvp


def one_entry(moving: Any) -> Any:
    moving[1, 2] *= 1 + 1e-6
    return moving


WRONG: dict[str, tuple[Any, Any, str]] = {
    "a factor": (sine, changed(lambda t: 2 * t), "The jvp is wrong, not the vjp: the tangent of y["),
    "one entry, by a millionth": (sine, changed(one_entry), "The jvp is wrong, not the vjp: the tangent of y[1, 2]"),
    "a factor in a black box": (
        sine_opaque,
        changed(lambda t: 2 * t),
        "Jvp and vjp are not each other's adjoint: dot-pr",
    ),
    "the vjp": (wrong_pullback, jvp_of_sine, "Jvp and vjp are not each other's adjoint: dot-product test: <dy, "),
    "a shape": (sine, changed(np.ravel), "The jvp's tangent has shape [(6,)], the outputs have [(2, 3)]"),
    "a dtype": (sine, changed(lambda t: t.astype(np.float32)), "The jvp's tangent has dtype [dtype('float32')]"),
    "no tangent": (sine, lambda args, tangents: np.sin(args[0]), "The jvp returned an array of shape (2, 3): a jvp"),
    "one that raises": (sine, lambda args, tangents: args[7], "The jvp raised IndexError: "),
    "another y": (sine, lambda args, tangents: (np.cos(args[0]), tangents[0]), "The jvp's y is not that of the rule"),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex64])
def test_a_wrong_jvp_hides_in_a_short_type(dtype: Any) -> None:
    wrong = changed(lambda t: np.asarray(1.25 * t, t.dtype))
    assert check(sine, X.astype(dtype), jvp=wrong, oracles="exact").verdict == "fail"


@pytest.mark.parametrize(("rule", "jvp", "diagnosis"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_jvp_passes_or_is_not_named(rule: Any, jvp: Any, diagnosis: str) -> None:
    result = check(rule, X, jvp=jvp, oracles="exact,differences")
    assert result.verdict == "fail", str(result)
    assert result.diagnosis.startswith(diagnosis), result.diagnosis


def test_a_jvp_that_is_no_function_is_accepted() -> None:
    with pytest.raises(TypeError, match="jvp is an int: pass a function"):
        check(sine, X, jvp=1)
    with pytest.raises(ValueError, match="jvp= with integers among the arguments: pass n as params"):
        check(lambda x, n: x * n, X, np.array(2), vjp=lambda dy, x, n: (dy * n, None), jvp=jvp_of_sine)
