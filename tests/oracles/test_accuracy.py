"""Accuracy in condition-weighted ULPs: a right formula that loses digits is a finding, a right evaluation is none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check
from gradcheck.contract import evaluate
from gradcheck.floats import format_of
from gradcheck.lifted.evaluate import claim
from gradcheck.oracles.accuracy import measure, ulp
from gradcheck.results import Evidence, Point, Result


def exactly(function: Callable[..., Any], x: Any, **options: Any) -> Result:
    return check(function, np.asarray(x), oracles="exact", **options)


def of(result: Result, question: str, stance: str) -> list[Evidence]:
    return [e for e in result.evidence if (e.question, e.stance) == (question, stance)]


def tanh(x: Any) -> Any:
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y * y)


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(-1, keepdims=True))


def exp(x: Any) -> Any:
    y = np.exp(x)
    return y, lambda dy: dy * y


def logistic(x: Any) -> Any:
    y = 1 / (1 + np.exp(-x))
    return y, lambda dy: dy * y * (1 - y)


def sum_of_logs(x: Any) -> Any:
    y = np.log(np.exp(x).sum())
    return y, lambda dy: dy * np.exp(x - y)


LOSSES: dict[str, tuple[Callable[..., Any], Any, str]] = {
    "tanh' as 1 - y² at 15": (tanh, [0.5, 15.0], "gradient"),
    "the logistic's as y (1 - y) at 40": (logistic, [1.0, 40.0], "gradient"),
    "1 - cos x near 0": (lambda x: (1 - np.cos(x), lambda dy: dy * np.sin(x)), [1.0, 1e-6], "forward"),
    "log(1 + x) near 0": (lambda x: (np.log(1 + x), lambda dy: dy / (1 + x)), [1.0, 1e-12], "forward"),
    "logsumexp at 800": (sum_of_logs, [800.0, 1.0], "forward"),
    "softmax' of nearly one-hot rows": (softmax, [[0.0, 20.0]], "gradient"),
    "a NaN of floats only": (lambda x: (x * 1, lambda dy: dy * np.exp(x) / np.exp(x)), [1.0, 800.0], "gradient"),
}


@pytest.mark.parametrize(("function", "x", "where"), [pytest.param(*row, id=name) for name, row in LOSSES.items()])
def test_an_evaluation_that_loses_digits_is_not_flagged(function: Callable[..., Any], x: Any, where: str) -> None:
    result = exactly(function, x)
    assert result.verdict == "fail"
    assert of(result, "formula", "for")
    assert not of(result, "formula", "against")
    assert any(e.detail.startswith(where) for e in of(result, "accuracy", "against"))


def test_the_diagnosis_tells_a_right_formula_from_a_right_evaluation() -> None:
    result = exactly(tanh, [0.5, 15.0])
    assert "The formula is right, its evaluation loses digits" in result.diagnosis
    assert "x[1] = 15" in result.diagnosis
    assert result.accuracy["gradient"].worst > 1e5
    assert result.accuracy["gradient"].entry == (1,)
    assert result.accuracy["forward"].worst < 16


@pytest.mark.parametrize("seed", range(30))
def test_a_right_softmax_is_flagged(seed: int) -> None:
    """Ten rows each: 300 random points, of which plain ULPs would flag 41 %."""
    result = exactly(softmax, np.random.default_rng(seed).normal(0, 1, (10, 6)), seed=seed)
    assert result
    assert max(a.worst for a in result.accuracy.values()) < 8


RIGHT: dict[str, tuple[Callable[..., Any], Any, dict[str, Any]]] = {
    "exp at 700": (exp, [700.0, -700.0, 1.0], {}),
    "exp at 710, infinite": (exp, [710.0, 1.0], {}),
    "exp at -710 in float32": (exp, np.array([-710.0, 90.0], np.float32), {}),
    "log at 1e-300": (lambda x: (np.log(x), lambda dy: dy / x), [1e-300, 2.0], {}),
    "x**30": (lambda x: (x**30, lambda dy: 30 * dy * x**29), [0.5, -3.0, 11.0, 1e-3], {}),
    "scale 1e-12": (lambda x, *, s: (s * np.sin(x), lambda dy: s * dy * np.cos(x)), [0.3, -2.0], {"s": 1e-12}),
    "scale 1e12": (lambda x, *, s: (s * np.sin(x), lambda dy: s * dy * np.cos(x)), [0.3, -2.0], {"s": 1e12}),
    "cancellation of the inputs": (lambda x: (x[0] - x[1], lambda dy: np.stack([dy, -dy])), [1.0, 1.0 + 1e-12], {}),
    "sums of 5000": (lambda x: (x.sum(), lambda dy: dy * np.ones_like(x)), np.linspace(-1, 1, 5000), {}),
    "subnormal results": (lambda x: (x * 2.0**-1070, lambda dy: dy * 2.0**-1070), [1.3, 0.7], {}),
    "zeros": (lambda x: (x * x, lambda dy: 2 * x * dy), [0.0, 1.0], {}),
}


@pytest.mark.parametrize(("function", "x", "params"), [pytest.param(*row, id=name) for name, row in RIGHT.items()])
def test_a_right_but_hard_evaluation_is_flagged(function: Callable[..., Any], x: Any, params: Any) -> None:
    result = exactly(function, x, params=params)
    assert not of(result, "accuracy", "against"), result.accuracy
    assert not of(result, "formula", "against")


def single_tanh(x: Any) -> Any:
    y = np.tanh(x.astype(np.float32))
    return y, lambda dy: (dy * (1 - y * y)).astype(x.dtype)


def test_a_forward_in_single_precision_is_measured_in_its_own_ulps() -> None:
    assert exactly(single_tanh, [0.3, -1.1])


def test_single_precision_that_hides_behind_a_double_is_flagged() -> None:
    def hidden(x: Any) -> Any:
        y, pullback = single_tanh(x)
        return y.astype(x.dtype), pullback

    assert of(exactly(hidden, [0.3, -1.1]), "accuracy", "against")


def test_float32_arguments_are_measured_in_their_own_ulps() -> None:
    assert exactly(softmax, np.random.default_rng(0).normal(0, 2, (4, 5)).astype(np.float32))


def test_the_budget_of_a_rule_is_its_own() -> None:
    rule = Rule(tanh, accuracy=1e12)
    assert exactly(rule, [0.5, 15.0])


@pytest.mark.parametrize(
    ("normwise", "factor", "stance"),
    [(False, 1.0, "against"), (True, 1.0, "for"), (True, 64.0, "against")],
    ids=["entry by entry", "of the largest entry", "beyond that"],
)
def test_a_normwise_rule_is_excused_for_its_largest_entry_and_no_more(normwise, factor, stance) -> None:
    def rounded(x: Any) -> Any:
        far = factor * x.max()
        return (x + far) - far, lambda dy: dy

    result = exactly(Rule(rounded, normwise=normwise), [1.0, 1e-8, -0.3])
    assert {e.stance for e in result.evidence if e.question == "accuracy" and e.detail.startswith("forward")} == {
        stance
    }
    assert result.accuracy["forward"].normwise is normwise


def test_a_wrong_formula_is_not_also_blamed_for_its_digits() -> None:
    result = exactly(lambda x: (np.tanh(x), lambda dy: 2 * dy * (1 - np.tanh(x) ** 2)), [0.5, 15.0])
    assert [e.argument for e in of(result, "accuracy", "for")] == ["y"]
    assert not of(result, "accuracy", "against")


def test_the_budget_of_long_reductions_grows_by_their_logarithm() -> None:
    def budget(n: int) -> float:
        result = exactly(lambda x: (x.sum(), lambda dy: dy * np.ones_like(x)), np.ones(n))
        return result.accuracy["forward"].budget

    assert budget(1000) == 16.0
    assert budget(2048) == 16.0 * 11


def test_several_outputs_are_told_apart() -> None:
    result = exactly(lambda x: ((x * 1, 1 - np.cos(x)), lambda dy: dy[0] + dy[1] * np.sin(x)), [1e-6])
    assert result.accuracy["forward"].argument == "y1"


def test_a_point_whose_neighbours_leave_the_domain_is_measured_all_the_same() -> None:
    def picky(x: Any) -> Any:
        if (x != 1).any():
            raise ValueError("not 1")
        return x * 2, lambda dy: 2 * dy

    x = np.ones(2)
    problem = evaluate(Rule(picky), Point("given", "given", (x,)), seed=0)
    found = measure(problem, claim(picky, problem.args, {}, problem.dy, single=True))
    assert found["forward"].worst == 0.0


@pytest.mark.parametrize(
    ("value", "epsilon", "unit"),
    [
        (1.0, 2.0**-52, 2.0**-52),
        (-3.0, 2.0**-52, 2.0**-51),
        (0.0, 2.0**-52, 5e-324),
        (0.0, 2.0**-23, 2.0**-149),
        (1e-310, 2.0**-52, 5e-324),
        (np.inf, 2.0**-52, 5e-324),
    ],
)
def test_the_unit_in_the_last_place(value: float, epsilon: float, unit: float) -> None:
    assert ulp(np.array(value), epsilon) == unit


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_the_format_of_each_precision(kind: Any) -> None:
    assert format_of(float(np.finfo(kind).eps)).max == np.finfo(kind).max


def test_nothing_to_measure_is_neither_exact_nor_a_pass() -> None:
    result = exactly(lambda x: (x * 2, lambda dy: dy * 2), np.ones((0, 2)))
    assert (result.verdict, result.accuracy) == ("inconclusive", {})
