"""Rules written to fool the checker: wrong gradients that passed once, and right ones that were rejected."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck import check
from gradcheck.cli import main

Row = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], str]


def max_to_all(x: Any) -> Any:
    return x.max(), lambda dy: dy * (x == x.max())


def relu_times(x: Any, w: Any) -> Any:
    return np.maximum(x, 0) * w, lambda dy: (0.5 * dy * w, dy)


def sqrt_plus(w: Any, x: Any) -> Any:
    return np.sqrt(w) + x, lambda dy: (7.0 * dy, dy)


def cbrt_of_cube(slope_at_0: float) -> Callable[..., Any]:
    return lambda x: (np.cbrt(x**3), lambda dy: dy * np.where(x == 0, slope_at_0, 1.0))


def norm(subgradient: list[float]) -> Callable[..., Any]:
    def rule(x: Any) -> Any:
        n = np.linalg.norm(x)
        return n, lambda dy: dy * (x / n if n > 0 else np.array(subgradient))

    return rule


def counting() -> Callable[..., Any]:
    calls = [0]

    def rule(x: Any) -> Any:
        def pullback(dy: Any) -> Any:
            calls[0] += 1
            return dy * np.cos(x) * (1 if calls[0] == 1 else 2)

        return np.sin(x), pullback

    return rule


def half_of_a_sum(x: Any) -> Any:
    return np.sin(x), lambda dy: 7 * dy


def leaving(x: Any) -> Any:
    raise SystemExit(0)


def one_wrong_of_mixed_sizes(x: Any) -> Any:
    return x**2, lambda dy: 2 * dy * x * np.array([1.5, 1.0, 1.0])


VECTOR = np.array([0.3, -1.2, 2.5])

WRONG: dict[str, Row] = {
    "both of tied maxima": (max_to_all, (np.array([2.0, 2.0, 1.0]),), {}, "fail"),
    "another argument at a kink": (relu_times, (np.array([0.0]), np.array([3.0])), {}, "fail"),
    "finite beside a right argument": (sqrt_plus, (np.array([0.0]), np.array([2.0])), {}, "fail"),
    "0 for cbrt(x³)' at 0": (cbrt_of_cube(0.0), (np.array([0.0, 1.0]),), {}, "fail"),
    "beyond the subgradients of a norm": (norm([1.0, 1.0, 1.0]), (np.zeros(3),), {}, "fail"),
    "a pullback that counts its calls": (counting(), (VECTOR,), {}, "fail"),
    "dy = 0": (half_of_a_sum, (VECTOR,), {"dy": np.zeros(3)}, "error"),
    "dy = inf": (half_of_a_sum, (VECTOR,), {"dy": np.full(3, np.inf)}, "error"),
    "a complex dy": (half_of_a_sum, (VECTOR,), {"dy": 1j * VECTOR}, "error"),
    "an infinite argument": (half_of_a_sum, (np.array([0.5, np.inf]),), {}, "fail"),
    "a rule that exits": (leaving, (VECTOR,), {}, "error"),
    "1e-200 beside 1e200": (one_wrong_of_mixed_sizes, (np.array([1e-100, 1.0, 1e100]),), {}, "fail"),
}


@pytest.mark.parametrize(("rule", "args", "options", "means"), WRONG.values(), ids=WRONG)
def test_a_wrong_gradient_gets_by(
    rule: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], means: str
) -> None:
    result = check(rule, *args, **options)
    assert result.verdict == means, str(result)
    assert "is 1 times" not in (result.diagnosis or "")


def sqrt(x: Any) -> Any:
    return np.sqrt(x), lambda dy: dy / (2 * np.sqrt(x))


def exp(x: Any) -> Any:
    return np.exp(x), lambda dy: dy * np.exp(x)


def square(x: Any) -> Any:
    return x * x, lambda dy: 2 * x * dy


def tenth(x: Any) -> Any:
    return 0.1 * x, lambda dy: np.float32(0.1) * dy


def times_root_2(x: Any) -> Any:
    return x * np.float32(math.sqrt(2)), lambda dy: (dy * math.sqrt(2)).astype(np.float32)


def padded(mode: str, last: list[float], **more: Any) -> Callable[..., Any]:
    return lambda x: (np.pad(x, (0, 1), mode=mode, **more), lambda dy: dy[:3] + dy[3] * np.array(last))  # type: ignore[call-overload]


def buffered(x: Any) -> Any:
    buffer = np.zeros(3)

    def pullback(dy: Any) -> Any:
        buffer[:] = dy * np.cos(x)
        return buffer

    return np.sin(x), pullback


def with_a_shared_cell() -> tuple[Callable[..., Any], Callable[..., Any]]:
    saved: Any = None

    def forward(x: Any) -> Any:
        nonlocal saved
        saved = np.exp(20 * np.sin(1000 * x))
        return saved

    return forward, lambda dy, x: 20_000 * dy * saved * np.cos(1000 * x)


kept: Any = None


def keeping(x: Any) -> Any:
    global kept
    kept = np.exp(20 * np.sin(1000 * x))
    return kept


def using_the_kept(dy: Any, x: Any) -> Any:
    return 20_000 * dy * kept * np.cos(1000 * x)


def recurrence(x: Any) -> Any:
    states = [np.zeros_like(x)]
    for _ in range(100):
        states.append(np.tanh(0.5 * states[-1] + x))

    def pullback(dy: Any) -> Any:
        dx = np.zeros_like(x)
        for state in states[:0:-1]:
            dx += dy * (1 - state**2)
            dy = 0.5 * dy * (1 - state**2)
        return dx

    return states[-1], pullback


FORWARD, BACKWARD = with_a_shared_cell()
POINT = np.array([1.0, 2.0, 4.0])

RIGHT: dict[str, Row] = {
    "sqrt near 0": (sqrt, (np.array([1e-12, 1e-300, 2.0]),), {}, "pass"),
    "sqrt at 0": (sqrt, (np.array([0.0, 2.0]),), {}, "pass"),
    "exp of -inf": (exp, (np.array([-np.inf, 1.0]),), {}, "pass"),
    "cbrt(x³) at 0": (cbrt_of_cube(1.0), (np.array([0.0, 1.0]),), {}, "pass"),
    "norm of zeros": (norm([0.0, 0.0, 0.0]), (np.zeros(3),), {}, "pass"),
    "a subgradient of a norm": (norm([0.6, 0.0, 0.8]), (np.zeros(3),), {}, "pass"),
    "0.1 in two precisions": (tenth, (VECTOR.astype(np.float32),), {}, "pass"),
    "√2 in two precisions": (times_root_2, (VECTOR.astype(np.float32),), {}, "pass"),
    "long doubles": (square, (VECTOR.astype(np.longdouble) / 3,), {}, "pass"),
    "the other byte order": (square, (VECTOR.astype(VECTOR.dtype.newbyteorder("S")),), {}, "pass"),
    "padded by the mean": (padded("mean", [1 / 3] * 3), (POINT,), {}, "pass"),
    "padded by the maximum": (padded("maximum", [0.0, 0.0, 1.0]), (POINT,), {}, "pass"),
    "padded by an odd reflection": (padded("reflect", [0.0, -1.0, 2.0], reflect_type="odd"), (POINT,), {}, "pass"),
    "a buffer of its own": (buffered, (VECTOR,), {}, "pass"),
    "state shared by a cell": (FORWARD, (VECTOR,), {"vjp": BACKWARD}, "pass"),
    "state shared by a global": (keeping, (VECTOR,), {"vjp": using_the_kept}, "pass"),
    "a long recurrence": (recurrence, (np.array([0.3]),), {}, "pass"),
}


@pytest.mark.parametrize(("rule", "args", "options", "means"), RIGHT.values(), ids=RIGHT)
def test_a_right_gradient_is_rejected(
    rule: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], means: str
) -> None:
    result = check(rule, *args, **options)
    assert result.verdict == means, str(result)


MISUSE: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "oracles that are no names": ({"oracles": 3}, TypeError, "oracles=3 is not known: give names"),
    "no timeout": ({"timeout": math.nan}, ValueError, "timeout is nan: give a number above 0 of seconds"),
    "a twin that is no function": ({"jax": 3}, TypeError, "jax= is 3: give a function"),
}


@pytest.mark.parametrize(("options", "error", "message"), MISUSE.values(), ids=MISUSE)
def test_options_that_mean_nothing_are_taken(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check(square, VECTOR, **options)


def test_a_module_that_exits_ends_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "leaving_early.py").write_text("raise SystemExit(0)\n")
    assert main(["run", str(tmp_path / "leaving_early.py"), "--reports", str(tmp_path)]) == 4
    assert "leaving_early cannot be imported: SystemExit: 0" in capsys.readouterr().err


def test_reports_that_cannot_be_written_are_noticed_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("")
    assert main(["run", "gradcheck", "--reports", str(tmp_path / "taken" / "below")]) == 4
    assert "name a folder to write to" in capsys.readouterr().err


def test_a_limit_beside_the_point_is_called_certified() -> None:
    result = check(cbrt_of_cube(1.0), np.array([0.0, 1.0]), oracles="exact")
    said = [(e.kind, "a limit" in e.detail) for e in result.evidence if e.question == "formula"]
    assert said == [("tested", True)]
    away = check(cbrt_of_cube(1.0), np.array([2.0, 1.0]), oracles="exact")
    assert {e.kind for e in away.evidence} == {"certified"}
