"""Sentences that were printed once and misled: where nothing is wrong entry by entry, any mistake that changes nothing fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check

Row = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], str]

TIED = np.array([1.0, 3.0, 3.0, 3.0, 0.0])
LEFT, RIGHT = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 0.0])


def maximum_of_all(share: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: (x.max(), lambda dy: dy * share(x == x.max()))


def maximum(to_a: float, to_b: float) -> Callable[..., Any]:
    def rule(a: Any, b: Any) -> Any:
        return np.maximum(a, b), lambda dy: (dy * np.where(a == b, to_a, a > b), dy * np.where(a == b, to_b, b > a))

    return rule


def clip(x: Any, low: Any, high: Any) -> Any:
    def pullback(dy: Any) -> Any:
        return dy * ((x > low) & (x < high)), (dy * (x < low)).sum(), (dy * (x > high)).sum()

    return np.clip(x, low, high), pullback


def maxima_of_pairs(x: Any) -> Any:
    pairs = x.reshape(-1, 2)
    y = pairs.max(1)
    return y, lambda dy: (dy[:, None] * (pairs == y[:, None])).ravel()


def relu_twice_at_0(x: Any) -> Any:
    return np.maximum(x, 0), lambda dy: dy * np.where(x == 0, 2, x > 0)


def square_wrong_in_float32(x: Any) -> Any:
    return x * x, lambda dy: (2 if x.dtype == np.float64 else 1.9) * x * dy


def sum_wrong_for_one(x: Any) -> Any:
    return x.sum(1), lambda dy: np.ones_like(x) * dy[:, None] * (len(x) > 1)


def neighbours(x: Any) -> Any:
    def pullback(dy: Any) -> Any:
        dx = np.zeros_like(x)
        dx[:-1] = -4 * x[:-1] * (x[1:] - x[:-1] ** 2) * dy
        dx[1:] = 2 * (x[1:] - x[:-1] ** 2) * dy  # = for +=
        return dx

    return ((x[1:] - x[:-1] ** 2) ** 2).sum(), pullback


def huber_without_sign(x: Any) -> Any:
    small = np.abs(x) < 1
    return np.where(small, x * x / 2, np.abs(x) - 0.5), lambda dy: dy * np.where(small, x, 1.0)


def cholesky(s: Any) -> Any:
    lower = np.linalg.cholesky(s)

    def pullback(dy: Any) -> Any:
        p = np.tril(lower.T @ dy)
        p[np.diag_indices(len(p))] /= 2
        return np.linalg.solve(lower.T, p) @ np.linalg.inv(lower)

    return lower, pullback


TOGETHER = "Each entry of your gradient is a slope to one side of a kink, but not together: moving "


def trace_of_triangle(s: Any) -> Any:
    """Σ s², of the lower triangle alone, twice off the diagonal; its gradient as one of symmetric matrices."""
    weights = np.tril(np.full(s.shape, 2.0), -1) + np.eye(len(s))
    return (weights * s * s).sum(), lambda dy: dy * (weights + weights.T) * s


MISLED: dict[str, Row] = {
    # Once: reversed along axis 0.
    "everybody wins": (maximum_of_all(lambda k: k), (TIED,), {}, f"{TOGETHER}x[1], x[2] and x[3] alike: yours "),
    "nobody wins": (maximum_of_all(lambda k: 0.0 * k), (TIED,), {}, f"{TOGETHER}x[1], x[2] and x[3] alike: yours 0"),
    # Once: the right value rounded to 3 decimals.
    "both of two win": (maximum(1.0, 1.0), (LEFT, RIGHT), {}, f"{TOGETHER}a[0] and b[0] alike: yours "),
    # Once: has the cotangent of b added to it.
    "neither of two wins": (maximum(0.0, 0.0), (LEFT, RIGHT), {}, f"{TOGETHER}a[0] and b[0] alike: yours 0"),
    "a clip at its ends": (
        clip,
        (np.array([0.0, 0.5, 1.0, 2.0]), np.array(0.0), np.array(1.0)),
        {},
        f"{TOGETHER}x[0] and low alike: yours 0",
    ),
    "tied pairs": (maxima_of_pairs, (np.array([1.0, 1.0, 2.0, 3.0]),), {}, f"{TOGETHER}x[0] and x[1] alike: yours "),
    "more ties than anyone reads": (
        maximum_of_all(lambda k: k),
        (np.ones(9),),
        {},
        f"{TOGETHER}x[0], x[1], x[2] and 6 more entries alike: yours ",
    ),
    # Once: overwritten where it must accumulate.
    "float32 alone": (
        square_wrong_in_float32,
        (np.array([0.5, -1.5, 2.5], np.float32),),
        {},
        "Your dx is right in float64 but not in float32: ",
    ),
    # Once: what is right minus its transpose, which 1x1 matrices are.
    "a batch of one": (
        sum_wrong_for_one,
        (np.arange(6.0).reshape(2, 3),),
        {"search": 100},
        "Your dx is zero, but right",
    ),
    # Once: minus the right value for |x| > 3.
    "one sign of large ones": (
        huber_without_sign,
        (np.array([0.3, -0.5, 2.0, -3.0]),),
        {},
        "Your dx is right elsewhere but minus the right value for x < -1",
    ),
    # Once: wrong at ties, as which each entry off the diagonal of a symmetric matrix counts.
    "a symmetric matrix": (
        cholesky,
        (np.array([[4.0, 1.9, 0.5], [1.9, 3.0, -0.7], [0.5, -0.7, 1.0]]),),
        {},
        "Your ds is right elsewhere but wrong off the diagonal",
    ),
    # Once: 3/2 times the right value for |a| < 3.
    "more than all for one": (
        maximum(1.5, -0.5),
        (LEFT, RIGHT),
        {},
        "Your da is right elsewhere but 3/2 times the right value for a = b",
    ),
    # Once without what is in brackets: to many this is the gradient.
    "a symmetric gradient at a symmetric matrix": (
        trace_of_triangle,
        (np.array([[4.0, 1.9], [1.9, 3.0]]),),
        {},
        "Your ds is the symmetric part of what is right (s being symmetric: where it moves within such matrices alone both",
    ),
    # Once: the right value for 1 * x in place of x.
    "a constant of few digits": (
        lambda x: (np.exp(x / 0.7), lambda dy: dy / 0.7 * np.exp(x * float(np.float32(1 / 0.7)))),
        (np.array([-0.5, -1.0]),),
        {},
        "Your dx is the right value for 1.00000002 * x in place of x",
    ),
    # Once: wrong for |x| below 0.837197 of the largest.
    "between the ends": (
        neighbours,
        (np.array([0.9, -0.4, 0.2, -0.7, 1.3]),),
        {},
        "Your dx is right elsewhere but wrong between the ends of axis 0",
    ),
}


@pytest.mark.parametrize(("rule", "args", "options", "says"), MISLED.values(), ids=MISLED)
def test_a_sentence_misleads(
    rule: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], says: str
) -> None:
    result = check(rule, *args, **options)
    assert result.verdict == "fail", str(result)
    assert result.diagnosis is not None
    assert result.diagnosis.startswith(says), str(result)


def test_a_claim_beyond_a_kink_is_held_against_the_farther_side() -> None:
    result = check(relu_twice_at_0, np.array([0.0, 1.0, -2.0]), dy=np.array([1.5, 1.0, 1.0]))
    assert "twice the right value for x = 0: ∂L/∂x[0]: yours 3, true 1.5 (certified)" in (result.diagnosis or ""), str(
        result
    )


RIGHT_ONES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "ties that are shared": (maximum_of_all(lambda k: k / k.sum()), (TIED,)),
    "ties that one side takes": (maximum(0.3, 0.7), (LEFT, RIGHT)),
    "float64": (square_wrong_in_float32, (LEFT,)),
    "a batch of two": (sum_wrong_for_one, (np.arange(6.0).reshape(2, 3),)),
}


@pytest.mark.parametrize(("rule", "args"), RIGHT_ONES.values(), ids=RIGHT_ONES)
def test_the_same_rules_done_right_are_refused(rule: Callable[..., Any], args: tuple[Any, ...]) -> None:
    result = check(rule, *args)
    assert result, str(result)
    assert result.diagnosis is None


NOTHING_RAISED: dict[str, tuple[Callable[..., Any], str]] = {
    "None": (lambda x: (2 * x, lambda dy: None), "Nothing to compare at given: the cotangent of x is None"),
    "too many": (lambda x: (2 * x, lambda dy: (dy, dy)), "Nothing to compare at given: the pullback returned 2"),
    "no rule": (lambda x: 2 * x, "Nothing to compare at given: "),
    "what raises": (lambda x: (2 * x, lambda dy: dy @ np.ones((9, 9))), "The pullback raised at given, where the for"),
}


@pytest.mark.parametrize(("rule", "says"), NOTHING_RAISED.values(), ids=NOTHING_RAISED)
def test_an_answer_of_no_use_is_called_an_exception(rule: Callable[..., Any], says: str) -> None:
    result = check(rule, LEFT)
    assert result.verdict == "error"
    assert (result.diagnosis or "").startswith(says), str(result)
