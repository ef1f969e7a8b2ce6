"""Kinks: exact and differences take the same gradients for subgradients, and refute the same ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check


def clip(x: Any) -> Any:
    return np.clip(x, 0, 6)


def crelu(x: Any) -> Any:
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)])


def two_largest(x: Any) -> Any:
    return -np.sort(-x)[:2]


def norm(x: Any) -> Any:
    return np.sqrt(np.sum(x * x))


def two_maxima(x: Any) -> Any:
    return np.maximum(x[0], x[1]) + np.maximum(x[2], x[3])


def maximum_and_clips(x: Any) -> Any:
    return np.maximum(x[0], x[1]) + clip(x[2]) + clip(x[3])


Row = tuple[Callable[[Any], Any], list[float], Any]

# A function, a point, and a Jacobian that is claimed there.
SUBGRADIENTS: dict[str, Row] = {
    "max of three, the first": (np.max, [1.0, 1.0, 1.0], [1, 0, 0]),
    "max of three, shared": (np.max, [1.0, 1.0, 1.0], [0.25, 0.25, 0.5]),
    "relu6 flat at both ends": (clip, [0.0, 0.0, 6.0], np.zeros((3, 3))),
    "its sum": (lambda x: np.sum(clip(x)), [0.0, 0.0, 6.0], [0, 0, 0]),
    "its sum, steep at both ends": (lambda x: np.sum(clip(x)), [0.0, 0.0, 6.0], [1, 1, 1]),
    "crelu, 0 for both": (crelu, [0.0], [[0], [0]]),
    "crelu, half of both": (crelu, [0.0], [[0.5], [-0.5]]),
    "two maxima": (two_maxima, [1.0, 1.0, 2.0, 2.0], [1, 0, 0.5, 0.5]),
    "a maximum beside kinks of their own": (maximum_and_clips, [1.0, 1.0, 0.0, 6.0], [1, 0, 0, 0]),
    "sort of two": (np.sort, [1.0, 1.0, 3.0], np.eye(3)),
    "|a - b|": (lambda x: np.abs(x[0] - x[1]), [2.0, 2.0], [1, -1]),
    "a norm": (norm, [0.0, 0.0], [0.6, 0.6]),
    # Not between one-sided slopes, as nothing is: the middle one of three moves with none of them, and with all together.
    "sort of three, by place": (np.sort, [1.0, 1.0, 1.0], np.eye(3)),
    "median of three, the second": (np.median, [1.0, 1.0, 1.0], [0, 1, 0]),
    "median of three, the last": (np.median, [0.0, 0.0, 0.0], [0, 0, 1]),
    "a median of five": (np.median, [2.0, 1.0, 1.0, 1.0, 0.0], [0, 0, 1, 0, 0]),
}
WRONG: dict[str, Row] = {
    "max of three, nobody wins": (np.max, [1.0, 1.0, 1.0], [0, 0, 0]),
    "max of three, everybody wins": (np.max, [1.0, 1.0, 1.0], [1, 1, 1]),
    "max of three, one loses what another wins": (np.max, [1.0, 1.0, 1.0], [1, 1, -1]),
    "a weighted max, nobody wins": (lambda x: np.maximum(2 * x[0], x[1]), [1.0, 2.0], [0, 0]),
    "the sum of relu6, beyond a slope": (lambda x: np.sum(clip(x)), [0.0, 0.0, 6.0], [1, 1, 1.01]),
    "the sum of relu6, flat away from its ends": (lambda x: np.sum(clip(x)), [0.0, 3.0, 6.0], [0, 0, 0]),
    "crelu of the wrong sign": (crelu, [0.0], [[1], [1]]),
    "one maximum wins twice, the other never": (two_maxima, [1.0, 1.0, 2.0, 2.0], [1, 1, 0, 0]),
    "a maximum without winner beside kinks": (maximum_and_clips, [1.0, 1.0, 0.0, 6.0], [0, 0, 1, 1]),
    "|a - b| that moves along": (lambda x: np.abs(x[0] - x[1]), [2.0, 2.0], [1, 1]),
    "the same beside a kink": (lambda x: np.abs(x[0] - x[1]) + np.abs(x[2]), [2.0, 2.0, 0.0], [0.5, 0.5, 0]),
    "beyond the disc of a norm": (norm, [0.0, 0.0], [0.9, 0.9]),
    "sort of three, one twice": (np.sort, [1.0, 1.0, 1.0], [[1, 1, 0], [0, 0, 1], [0, 0, 0]]),
    "sort of three, beyond every order": (np.sort, [1.0, 1.0, 1.0], [[3, 0, -2], [0, 1, 0], [-2, 0, 3]]),
    "median of three, nobody": (np.median, [1.0, 1.0, 1.0], [0, 0, 0]),
    "median of three, everybody": (np.median, [1.0, 1.0, 1.0], [1, 1, 1]),
    "median of three, beyond": (np.median, [1.0, 1.0, 1.0], [1.5, 0, -0.5]),
}


def claimed(row: Row, oracles: Any) -> Any:
    """The verdict on a pullback that has this Jacobian."""
    function, point, jacobian = row
    rows = np.atleast_2d(np.asarray(jacobian, dtype=float))
    dy = np.array([1.5, -2.5, 0.75])[: len(rows)] if np.ndim(jacobian) > 1 else np.float64(1.5)

    def rule(x: Any) -> Any:
        return function(x), lambda dy: np.reshape(dy, -1) @ rows

    return check(rule, np.array(point), dy=dy, oracles=oracles)


@pytest.mark.parametrize("row", SUBGRADIENTS.values(), ids=SUBGRADIENTS)
def test_a_subgradient_is_refuted(row: Row) -> None:
    assert claimed(row, "exact")
    both = claimed(row, ["exact", "differences"])
    assert both, str(both)


@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG)
def test_what_is_no_subgradient_is_confirmed_by_either_oracle(row: Row) -> None:
    assert claimed(row, "exact").verdict == "fail"
    both = claimed(row, ["exact", "differences"])
    assert both.verdict == "fail", str(both)
