"""Bars of the differences oracle hold the truth: the benchmark of tests/benchmarks with fewer draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.oracles.jumps import jump
from gradcheck.oracles.lines import Lines
from tests.benchmarks.differences import measured, of_compositions, of_table, problem_of
from tests.benchmarks.functions import TABLE


def test_the_table_has_sixty_functions_and_six_of_each_class() -> None:
    assert sum(map(len, TABLE.values())) >= 60
    assert min(map(len, TABLE.values())) >= 6


@pytest.mark.parametrize("entries", [list(of_table(3)), list(of_compositions(60, seed=1))], ids=["table", "random"])
def test_the_truth_lies_inside_the_bars_and_those_of_smooth_functions_are_fine(entries: list[Any]) -> None:
    assert [e for e in entries if not e.inside] == []
    assert np.mean([e.fine for e in entries if e.kind == "smooth"]) >= 0.95


STAIRS = {
    "(1 - cos x) / x^2 on a stair that is as long as a step": (
        lambda x: (1 - np.cos(x)) / x**2,
        2.5930106067831202e-06,
    ),
    "(exp x - 1) / x, whose stairs are in step with ours": (lambda x: (np.exp(x) - 1) / x, 1.5084551605864534e-09),
}


@pytest.mark.parametrize("name", STAIRS)
def test_a_function_that_cancels_is_not_taken_for_smooth(name: str) -> None:
    function, x = STAIRS[name]
    (entry,) = measured("stairs", name, function, np.asarray(x))
    assert entry.inside
    assert not entry.fine


@pytest.mark.parametrize(
    ("function", "size"),
    [
        (lambda x: x + np.floor(64 * x) / 64, 1 / 64),
        (lambda x: 1 + np.sin(1e6 * x), 0.0),
        (lambda x: np.abs(x - 1.01), 0.0),
    ],
    ids=["stairs", "oscillation", "a kink"],
)
def test_a_jump_is_what_does_not_shrink_with_its_interval(function: Any, size: float) -> None:
    lines = Lines(problem_of("jump", function, np.asarray(1.005)))
    ladder = lines.ladder({0: np.asarray(1.0)})
    assert jump(ladder, 1 / 32, 0) == pytest.approx(size, abs=1e-12)
