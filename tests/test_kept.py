"""What a pullback keeps alive is counted in full, once, and only that."""

import functools

import numpy as np
import pytest

import gradcheck
from gradcheck.kept import kept
from gradcheck.results import Kept

EIGHT = np.ones(8)  # 64 bytes


class Layer:
    def __init__(self):
        self.cache = {"x": EIGHT.copy()}

    def backward(self, dy):
        return dy * self.cache["x"]


def closure(x):
    return lambda dy: dy * x


def nested(x):
    inner = closure(x)
    return lambda dy: inner(dy)


def unfilled():
    def pullback(dy):
        return later

    if not pullback:
        later = EIGHT
    return pullback


KEPT = [
    ("nothing", lambda dy: dy, 0),
    ("a closure", closure(EIGHT), 64),
    ("a scalar of NumPy", closure(EIGHT.sum()), 8),
    ("a closure within a closure", nested(EIGHT), 64),
    ("the same array twice", (lambda a, b: lambda dy: a + b)(EIGHT, EIGHT), 64),
    ("two views of one array", (lambda a, b: lambda dy: a + b)(EIGHT[1:], EIGHT[:2]), 64),
    ("a view keeps its whole array", closure(EIGHT[:1]), 64),
    ("windows are views", closure(np.lib.stride_tricks.sliding_window_view(EIGHT, 4)), 64),
    ("a default", lambda dy, x=EIGHT: dy * x, 64),
    ("a partial", functools.partial(np.multiply, EIGHT), 64),
    ("a list of arrays", closure([EIGHT, EIGHT.copy()]), 128),
    ("a method of an object", Layer().backward, 64),
    ("a cell that is not filled", unfilled(), 0),
    ("a module", closure(np), 0),
]


@pytest.mark.parametrize(("pullback", "size"), [k[1:] for k in KEPT], ids=[k[0] for k in KEPT])
def test_every_byte_that_a_pullback_keeps_is_counted_once(pullback, size):
    assert kept(pullback, [], []).residuals == size


def test_array_parameters_are_inputs_and_several_outputs_count_together():
    assert kept(lambda dy: dy, [EIGHT, EIGHT > 0, "mean"], [EIGHT + 1, EIGHT.sum()]) == Kept(0, 72, 72)


def test_a_check_reports_the_residuals_of_its_largest_point_and_they_survive_json():
    def square(x):
        return x * x, lambda dy: 2 * x * dy

    result = gradcheck.check(square, np.array([1.0, 2.0, 3.0]), oracles="exact")
    assert result.kept == Kept(24, 24, 24)
    assert gradcheck.Result.from_json(result.to_json()).kept == result.kept
    assert "keeps 24 bytes" in str(result)
