"""Rules that raise where they should not, and rules that hang: each is told with its line, and nothing waits for ever."""

import importlib
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check, claims, real
from gradcheck.cases import Case
from gradcheck.gathering import Gathered, look_at_edges
from gradcheck.searching import search
from gradcheck.settings import OutOfTime, Settings, time_limit
from gradcheck.verifying import verify

# In floating point these sum to 1; the exact sum of the three floats is another number.
WEIGHTS = np.array([0.1, 0.2, 0.7])
MATRIX = np.arange(12.0).reshape(3, 4) / 7 - 0.5


def summing_to_one(x: Any) -> Any:
    if x.sum() != 1:
        raise RuntimeError("the weights must sum to 1")
    return x * x, lambda dy: 2 * x * dy


def asserting(x: Any) -> Any:
    assert x.sum() == 1, "the weights must sum to 1"
    return x * x, lambda dy: 2 * x * dy


def asserting_backward(x: Any) -> Any:
    def pullback(dy: Any) -> Any:
        assert x.sum() == 1, "the weights must sum to 1"
        return 2 * x * dy

    return x * x, pullback


def with_room(x: Any) -> Any:
    if not np.isclose(x.sum(), 1, atol=0.5):
        raise RuntimeError("the weights must sum to 1")
    return x * x, lambda dy: 2 * x * dy


EXACTLY: dict[str, tuple[Callable[..., Any], str]] = {
    "the forward raises": (summing_to_one, "the forward raises in exact arithmetic, where it does not in floating"),
    "the forward asserts": (
        asserting,
        "the forward raises in exact arithmetic, where it does not in floating point: As",
    ),
    "the pullback asserts": (
        asserting_backward,
        "the pullback raises in exact arithmetic, where it does not in floati",
    ),
}


@pytest.mark.parametrize(("function", "says"), EXACTLY.values(), ids=EXACTLY)
@pytest.mark.parametrize("oracle", ["exact", "symbolic"])
def test_a_rule_that_raises_on_exact_numbers_alone_is_not_liftable(
    function: Callable[..., Any], says: str, oracle: str
) -> None:
    result = check(function, WEIGHTS, oracles=oracle)
    assert [e.reason for e in result.evidence if e.oracle == oracle] == ["raises"]
    (note,) = (n for n in result.notes if says in n)
    assert "the weights must sum to 1 (" in note
    assert "test_refusals.py:" in note


@pytest.mark.parametrize("oracle", ["exact", "differences", "symbolic"])
def test_a_rule_that_leaves_room_for_rounding_is_blamed(oracle: str) -> None:
    result = check(with_room, WEIGHTS, oracles=oracle)
    assert result, str(result)
    assert not [note for note in result.notes if "raises" in note]


def test_what_exact_numbers_cannot_do_counts_as_a_refusal_of_the_rule() -> None:
    result = check(lambda x: (float(x[0]) * x, lambda dy: dy), WEIGHTS, oracles="exact")
    assert [e.reason for e in result.evidence if e.oracle == "exact"] == ["not liftable"]
    assert not [note for note in result.notes if "exact arithmetic" in note]


def test_a_forward_that_raises_beside_the_point_is_an_error_there() -> None:
    result = check(summing_to_one, WEIGHTS, oracles="differences")
    (silent,) = (e for e in result.evidence if e.oracle == "differences")
    assert (result.verdict, silent.stance) == ("inconclusive", "undecided")
    assert "the forward raises beside the point: RuntimeError: the weights must sum to 1 (" in silent.detail


def refusing(dtype: Any) -> Callable[..., Any]:
    def rule(x: Any) -> Any:
        if x.dtype == dtype:
            raise TypeError(f"{np.dtype(dtype).name} is not for me")
        return x * x, lambda dy: 2 * x * dy

    return rule


def backward_refusing(dtype: Any) -> Callable[..., Any]:
    def rule(x: Any) -> Any:
        def pullback(dy: Any) -> Any:
            if dy.dtype == dtype:
                raise TypeError(f"{np.dtype(dtype).name} is not for me")
            return 2 * x * dy

        return x * x, pullback

    return rule


@pytest.mark.parametrize(
    ("function", "verdict", "says"),
    [
        (refusing(np.float32), "pass", "the forward raises in float32: TypeError: float32 is not for me ("),
        (backward_refusing(np.float32), "fail", "the pullback raises in float32: TypeError: float32 is not for me ("),
        (refusing(np.float16), "pass", ""),
        (backward_refusing(np.float16), "pass", ""),
    ],
    ids=["forward", "pullback", "forward, another dtype", "pullback, another dtype"],
)
def test_a_dtype_that_is_refused_has_no_message(function: Callable[..., Any], verdict: str, says: str) -> None:
    result = check(Rule(function, domains={"": dict(x=real("n k"))}), oracles="exact")
    told = [*result.notes, *(e.detail for e in result.evidence if e.stance == "against")]
    assert result.verdict == verdict
    assert any(says in text for text in told) if says else not [text for text in told if "raises" in text]


def raising_at_the_second_call() -> Callable[..., Any]:
    calls: list[int] = []

    def once(x: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            raise RuntimeError("only once")
        return x * x, lambda dy: 2 * x * dy

    return once


def test_a_forward_that_raises_when_it_is_called_again_brings_down_the_check() -> None:
    result = check(raising_at_the_second_call(), WEIGHTS, oracles="exact")
    assert result.verdict == "error"
    assert "raised at given when it was called again: RuntimeError: only once (" in result.diagnosis


def test_a_pullback_that_raises_where_the_forward_does_not_is_told_as_the_forward() -> None:
    result = check(lambda x: (x * x, lambda dy: dy[7] * x), WEIGHTS, oracles="exact")
    assert result.verdict == "error"
    assert "The pullback raised at given, where the forward does not: IndexError: " in result.diagnosis


def endless(x: Any) -> Any:
    while x.size:
        x = -x
    return x


def halving(n: int) -> int:
    while n != 1:
        n //= 2
    return n


def swallowing(x: Any) -> Any:
    while True:
        try:
            x = np.sin(x)
        except:  # noqa: E722
            x = np.cos(x)


HANGING: dict[str, tuple[Callable[..., Any], str]] = {
    "the forward": (lambda x: (endless(x), lambda dy: dy), "the check at given took more than 0.5 s, in "),
    "the pullback": (lambda x: (x * x, lambda dy: endless(dy)), "the check at given took more than 0.5 s, in "),
    "a forward that catches everything": (swallowing, "the check at given took more than 0.5 s, in "),
    "for dy = 0 alone": (
        lambda x: (x * x, lambda dy: 2 * x * dy if dy.any() else endless(dy)),
        "the check at given took more than 0.5 s, in ",
    ),
}


@pytest.mark.parametrize(("function", "says"), HANGING.values(), ids=HANGING)
def test_a_rule_that_hangs_keeps_the_check_waiting(function: Callable[..., Any], says: str) -> None:
    result = check(function, WEIGHTS, oracles="exact", timeout=0.5)
    assert result.verdict == "error"
    assert says in result.diagnosis
    assert "test_refusals.py:" in result.diagnosis
    assert "allow more with timeout= or --timeout" in result.diagnosis


def test_a_rule_that_hangs_for_axes_of_size_0_alone_keeps_the_check_waiting() -> None:
    def halved(x: Any) -> Any:
        return x * halving(x.size), lambda dy: dy

    rule, found = Rule(halved, domains={"": dict(x=real("n k"))}), Gathered()
    look_at_edges(Case(rule), found, Settings(timeout=0.5))
    assert "the check at an edge of the domain took more than 0.5 s, in " in found.trouble
    assert check(rule.but(function=lambda x: (x * 2, lambda dy: 2 * dy)), oracles="exact")


def test_a_point_that_hangs_keeps_the_search_waiting() -> None:
    def hanging(x: Any) -> Any:
        return (x * x if x.max(initial=0) < 3 else endless(x)), lambda dy: 2 * x * dy

    case = Case(Rule(hanging, domains={"": dict(x=real("n"))}))
    found = search(case, 100, timeout=0.5, judge=lambda problem: False)
    assert found.smallest.args[0].max() >= 3
    assert found.tried < 100


def test_a_stop_leaves_a_module_half_loaded(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_load.py").write_text("import time\ntime.sleep(0.3)\nloaded = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def loading() -> None:
        importlib.import_module("slow_to_load")
        time.sleep(5)

    with pytest.raises(OutOfTime), time_limit(0.1):
        loading()
    assert sys.modules["slow_to_load"].loaded


def test_claims_that_hang_keep_the_verification_waiting() -> None:
    def forever(x: Any) -> Any:
        return {"y": endless(x)}

    result = verify(claims(source="a text", at=dict(x=[1, 2]), printed={"y": [1, 2]})(forever), timeout=0.5)
    assert result.verdict == "error"
    assert "Out of time: the computation took more than 0.5 s, in " in result.diagnosis


def test_without_being_asked_nothing_hangs_for_ever() -> None:
    assert Settings().timeout == 300
    assert Settings(timeout=float("inf")).timeout is None


def test_a_check_that_asks_for_no_limit_has_one() -> None:
    with time_limit(None):
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_timer_of_somebody_elses_is_lost() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with time_limit(60):
            assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 0.2
        with pytest.raises(OutOfTime), time_limit(0.05):
            time.sleep(1)
        time.sleep(0.3)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [signal.SIGALRM]
