"""Results: the verdict that a set of evidence means, and a JSON text that loses nothing."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check
from gradcheck.results import Accuracy, Evidence, Point, Result, plain, unplain, verdict

Make = Callable[..., Evidence]


def exact(stance: Any, **more: Any) -> Evidence:
    return Evidence("exact", "certified", stance, **{"point": "p", **more})


def measured(stance: Any, **more: Any) -> Evidence:
    return Evidence("differences", "measured", stance, **{"point": "p", **more})


SILENT = Evidence("jax", "cross-checked", "not applicable", reason="not declared", point="p")
SETS: dict[str, tuple[list[Evidence], str]] = {
    "nothing": ([], "inconclusive"),
    "nobody speaks": ([SILENT], "inconclusive"),
    "undecided": ([exact("undecided"), SILENT], "inconclusive"),
    "for": ([exact("for")], "pass"),
    "for and undecided": ([exact("undecided"), measured("for")], "pass"),
    "accuracy alone": ([exact("for", question="accuracy")], "inconclusive"),
    "forward alone": ([exact("for", question="forward")], "inconclusive"),
    "a claim": ([exact("for", question="claim")], "pass"),
    "a wrong claim": ([exact("for", question="claim"), exact("against", question="claim")], "fail"),
    "against": ([exact("against")], "fail"),
    "both against": ([exact("against", discrepancy=1.0), measured("against", discrepancy=1.0)], "fail"),
    "inaccurate": ([exact("for"), exact("against", question="accuracy")], "fail"),
    "a broken contract": ([exact("for"), exact("against", question="contract")], "fail"),
    "another forward": ([exact("for"), Evidence("jax", "cross-checked", "against", question="forward")], "disputed"),
    "a contradiction": ([exact("against", discrepancy=1e-3), measured("for", resolution=1e-6)], "disputed"),
    "too small to be seen": ([exact("against", discrepancy=1e-9), measured("for", resolution=1e-6)], "fail"),
    "just too small to be seen": ([exact("against", discrepancy=1e-3), measured("for", resolution=5e-4)], "fail"),
    "no known resolution": ([exact("against", discrepancy=1e-3), measured("for")], "fail"),
    "no known discrepancy": ([exact("against"), measured("for", resolution=1e-6)], "fail"),
    "the same oracle": ([exact("against", discrepancy=1.0), exact("for", resolution=1e-9)], "fail"),
    "another point": ([exact("against", discrepancy=1.0), measured("for", resolution=1e-9, point="q")], "fail"),
    "another argument": (
        [exact("against", discrepancy=1.0, argument="x"), measured("for", resolution=1e-9, argument="w")],
        "fail",
    ),
    "the same argument": (
        [exact("against", discrepancy=1.0, argument="x"), measured("for", resolution=1e-9, argument="x")],
        "disputed",
    ),
    "all arguments together": (
        [exact("against", discrepancy=1.0, argument="x"), measured("for", resolution=1e-9)],
        "disputed",
    ),
    "another question": (
        [exact("against", discrepancy=1.0, question="contract"), measured("for", resolution=1e-9)],
        "fail",
    ),
    "one that is undecided": (
        [exact("against", discrepancy=1.0), measured("undecided", resolution=1e-9)],
        "fail",
    ),
}


@pytest.mark.parametrize(("evidence", "means"), [pytest.param(*row, id=name) for name, row in SETS.items()])
def test_a_set_of_evidence_means_another_verdict(evidence: list[Evidence], means: str) -> None:
    assert verdict(evidence) == means
    assert verdict(iter(reversed(evidence))) == means


def test_a_reason_outside_of_the_closed_list_is_refused() -> None:
    with pytest.raises(ValueError, match="reason 'tired' is not in the closed list: use one of"):
        Evidence("exact", "certified", "not applicable", reason="tired")


@pytest.mark.parametrize(
    ("argument", "entry", "where"),
    [(None, None, ""), ("w", None, "dw"), ("w", (), "dw"), ("w", (2,), "dw[2]"), ("w", (2, 3), "dw[2, 3]")],
)
def test_an_entry_in_words(argument: Any, entry: Any, where: str) -> None:
    assert exact("for", argument=argument, entry=entry).where == where


@pytest.mark.parametrize("name", ["pass", "fail", "disputed", "inconclusive", "error"])
def test_a_result_is_true_for_anything_but_a_pass(name: Any) -> None:
    assert bool(Result("r", name)) == (name == "pass")


def test_a_passing_result_returns_itself() -> None:
    result = Result("r", "pass")
    assert result.raise_if_failed() is result


VALUES: dict[str, Any] = {
    "nan": float("nan"),
    "inf": float("-inf"),
    "complex": complex(1.5, float("inf")),
    "float": 0.1,
    "integer": -3,
    "text": "dx",
    "none": None,
    "boolean": True,
    "list": [1.0, [float("nan"), "a"]],
    "mapping": {"a": {"b": 1.0}},
    "an array": np.array([[0.1, np.nan], [np.inf, -0.0]]),
    "a complex array": np.array([1 + 2j, complex(np.nan, -np.inf)]),
    "a float32 array": np.array([0.1, np.inf], np.float32),
    "an integer array": np.arange(6).reshape(2, 3),
    "a mask": np.array([True, False]),
    "an array of texts": np.array(["a", "bc"]),
    "a 0-d array": np.array(3.5),
    "an empty array": np.ones((0, 3)),
}


@pytest.mark.parametrize("value", [pytest.param(v, id=k) for k, v in VALUES.items()])
def test_a_value_that_json_loses(value: Any) -> None:
    found = unplain(json.loads(json.dumps(plain(value), allow_nan=False)))
    if isinstance(value, np.ndarray):
        assert found.dtype == value.dtype
        np.testing.assert_array_equal(found, value, strict=True)
    else:
        assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("value", "as_data"),
    [((1, 2), [1, 2]), (np.float64(0.5), 0.5), (np.int32(3), 3), (np.bool_(True), True), (int, "<class 'int'>")],
    ids=str,
)
def test_what_json_has_no_word_for_becomes_plain(value: Any, as_data: Any) -> None:
    assert plain(value) == as_data
    assert type(plain(value)) is type(as_data)


def equal(a: Any, b: Any) -> bool:
    """Deep equality, arrays and NaN included, tuples and lists alike."""
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(equal(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, dict):
        return set(a) == set(b) and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    return a == b or (a != a and b != b)


FULL = Result(
    "module.rule[label]",
    "fail",
    (
        exact("against", argument="x", entry=(1, 2), claimed=float("nan"), value=1 + 2j, bar=float("inf")),
        SILENT,
    ),
    "Your dx is twice the right value.",
    ("a note",),
    (
        Point(
            "random0", "random", (np.array([1.0, np.inf]),), {"axis": -1, "mask": np.array([True])}, np.array([np.nan])
        ),
    ),
    (np.array([1.0, np.nan]),),
    {"gradient": Accuracy(float("inf"), 0.5, "x", (1,)), "forward": Accuracy(0.0, 0.0)},
    {"y": "x**2"},
    "random0",
    seed=3,
    seconds=0.25,
)


@pytest.mark.parametrize(
    "result",
    [FULL, Result("r", "inconclusive"), Result("r", "pass", missing="pip install x")],
    ids=["full", "empty", "missing"],
)
def test_a_result_does_not_come_back_from_json(result: Result) -> None:
    assert equal(Result.from_json(result.to_json()), result)
    json.loads(result.to_json(), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "rule",
    [lambda x: (x * x, lambda dy: 2 * x * dy), lambda x: ((x, 2 * x), lambda dy: dy[0])],
    ids=["right", "wrong, two outputs"],
)
def test_a_real_result_does_not_come_back_from_json(rule: Callable[..., Any]) -> None:
    result = check(rule, np.array([1.0, -2.0]), oracles="exact")
    assert equal(Result.from_dict(json.loads(json.dumps(result.to_dict()))), result)


def test_another_format_is_read_as_this_one() -> None:
    with pytest.raises(ValueError, match="format is 99, this version reads 1: run the check again"):
        Result.from_dict({**FULL.to_dict(), "format": 99})
