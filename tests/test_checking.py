"""check(): its arguments, its errors, time limits, declared exceptions, and the points it uses."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check, choice, contract, fixed, made, real, rule
from gradcheck.cases import Case
from gradcheck.checking import check_case
from gradcheck.judging import deciding, judge_known_wrong
from gradcheck.problems import MissingData
from gradcheck.results import Evidence, Point
from gradcheck.settings import OutOfTime, time_limit

X = np.array([1.0, -2.0, 0.5])


def square(x: Any) -> Any:
    return x * x, lambda dy: 2 * x * dy


def forward(x: Any, w: Any) -> Any:
    return x * w


def backward(dy: Any, x: Any, w: Any) -> Any:
    return dy * w, dy * x


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no function": (lambda: check(3.0), TypeError, "rule_or_forward is a float: pass a function"),
    "no backward": (
        lambda: check(forward, X, X, vjp=1),
        TypeError,
        r"vjp is an int: pass a function vjp\(dy, \*args\)",
    ),
    "no arguments": (lambda: check(square), TypeError, "was given no arguments, and declares no domain"),
    "an unknown oracle": (lambda: check(square, X, oracles="guess"), ValueError, "'guess' is not known: choose from"),
    "a seed that is no integer": (lambda: check(square, X, seed=0.5), TypeError, "seed is 0.5: give an integer"),
    "a boolean seed": (lambda: check(square, X, seed=True), TypeError, "seed is True: give an integer"),
    "a negative seed": (lambda: check(square, X, seed=-1), ValueError, "seed is -1: give an integer from 0 on"),
    "no budget": (lambda: check(square, X, budget=0), ValueError, "budget is 0: give an integer from 1 on"),
    "a budget of half": (lambda: check(square, X, budget=0.5), TypeError, "budget is 0.5: give an integer"),
    "no time": (lambda: check(square, X, timeout=0), ValueError, "timeout is 0: give a number above 0 of seconds"),
    "no number of seconds": (
        lambda: check(square, X, timeout="5"),
        TypeError,
        "timeout is '5': give a number of seconds",
    ),
    "a truth for seconds": (lambda: check(square, X, timeout=True), TypeError, "timeout is True: give a number"),
    "no number of ULPs": (lambda: check(square, X, accuracy="8"), TypeError, "accuracy is '8': give a number of ULPs"),
    "no dictionary of parameters": (
        lambda: check(square, X, params=[1]),
        TypeError,
        "params is a list of 1: pass a dict",
    ),
    "no dictionary of domains": (lambda: check(square, X, domain=3), TypeError, "domain is an int: pass a dictionary"),
    "a number for an oracle": (lambda: check(square, X, oracles=[3]), ValueError, "oracles='3' is not known: choose"),
    "no oracle": (lambda: check(square, X, oracles=""), ValueError, "oracles names nobody: choose from exact, "),
    "no option": (lambda: choice(), ValueError, r"choice\(\) has no options: give the values that the parameter takes"),
    "too many arguments": (lambda: check(square, X, X), TypeError, "takes 1 differentiated arguments, 2 were given"),
    "no such point": (
        lambda: check_case(Case(declared), point="random9"),
        ValueError,
        r"point='random9' is not one of .*declared: choose from small0, small1, random0, random1",
    ),
}


@rule(domain=dict(x=real("n"), scale=choice(2.0, 3.0)))
def declared(x: Any, *, scale: float) -> Any:
    return scale * x * x, lambda dy: 2 * scale * x * dy


@rule(domains={"positive": dict(x=real("n", 1, 2)), "negative": dict(x=real("n", -2, -1))})
def one_sided(x: Any) -> Any:
    return x * x, lambda dy: np.where(x > 0, 2 * x, 3 * x) * dy


@pytest.mark.parametrize(("call", "kind", "says"), [pytest.param(*row, id=name) for name, row in BAD.items()])
def test_an_argument_that_means_nothing_is_accepted(call: Callable[[], Any], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        call()


def test_a_separate_backward_is_not_used() -> None:
    assert check(forward, X, X + 1, vjp=backward, oracles="exact")
    assert not check(forward, X, X + 1, vjp=lambda dy, x, w: (dy * w, dy * w), oracles="exact")
    assert not check(Rule(forward), X, X + 1, vjp=lambda dy, x, w: (dy * w, dy * w), oracles="exact")


def test_lists_and_numbers_are_refused_as_arguments() -> None:
    assert check(square, [1.0, 2.0], oracles="exact")
    assert check(square, 3.0, oracles="exact")


def test_a_declared_rule_is_checked_without_its_domain() -> None:
    result = check(declared, oracles="exact")
    assert result
    assert [p.name for p in result.points] == ["small0", "small1", "random0", "random1"]
    assert result.name == declared.name


def test_the_points_of_several_domains_cannot_be_told_apart() -> None:
    result = check(one_sided, oracles="exact")
    assert result.verdict == "fail"
    assert result.failed_at.endswith("[negative]")
    assert len({p.name for p in result.points}) == len(result.points) == 8


def test_a_case_is_checked_at_another_point_than_the_one_asked_for() -> None:
    result = check_case(Case(declared), point="random1", oracles="exact", seed=3)
    assert result
    assert [p.name for p in result.points] == ["random1"]
    assert result.points[0].params == {"scale": 3.0}
    assert result.seed == 3
    np.testing.assert_array_equal(result.points[0].args[0], Case(declared).point("random", 1, 3).args[0])


def test_a_case_without_its_data_passes() -> None:
    def scans(rng: Any) -> Any:
        raise MissingData("the digits need scikit-learn: pip install 'gradcheck[data]'")

    case = Case(Rule(square, domains={"": dict(x=made(scans))}))
    result = check_case(case, oracles="exact")
    assert result.verdict == "inconclusive"
    assert result.missing == "the digits need scikit-learn: pip install 'gradcheck[data]'"
    assert result.evidence[0].reason == "no data"


def breaking(x: Any) -> Any:
    if (x < 0).any():
        raise KeyError("a negative number")
    return square(x)


def broken_pullback(x: Any) -> Any:
    return x, lambda dy: dy[7]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (breaking, "The forward raised at given: KeyError: 'a negative number' ("),
        (broken_pullback, "The pullback raised at given, where the forward does not: IndexError: index 7 is out of"),
    ],
    ids=["forward", "pullback"],
)
def test_a_rule_that_raises_is_no_error_with_its_line(function: Callable[..., Any], says: str) -> None:
    result = check(function, X, oracles="exact")
    assert result.verdict == "error"
    assert says in result.diagnosis
    assert "test_checking.py:" in result.diagnosis
    assert not result


def test_an_error_stops_at_the_point_where_it_is() -> None:
    late = Rule(breaking, domains={"": dict(x=choice(np.array([1.0]), np.array([2.0]), np.array([-1.0])))})
    result = check(late, oracles="exact")
    assert result.verdict == "error"
    assert result.failed_at == "random2"
    assert [p.name for p in result.points] == ["small0", "random0", "random1"]


def test_an_error_at_the_first_point_is_blamed_on_the_last() -> None:
    first = Rule(breaking, domains={"": dict(x=fixed(-X))})
    assert check(first, oracles="exact").failed_at == "small0"


@pytest.mark.parametrize("swallow", [False, True])
def test_a_rule_that_hangs_is_not_stopped(swallow: bool) -> None:
    def hanging(x: Any) -> Any:
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                if not swallow:
                    raise

    result = check(hanging, X, timeout=0.2)
    assert result.verdict == "error"
    assert "Out of time: the check at given took more than 0.2 s, in " in result.diagnosis
    assert "test_checking.py:" in result.diagnosis
    assert result.failed_at == "given"


def test_a_time_limit_is_left_behind() -> None:
    with time_limit(0.05):
        pass
    time.sleep(0.1)
    with pytest.raises(OutOfTime), time_limit(0.01):
        time.sleep(1)


def test_in_another_thread_there_is_no_time_limit() -> None:
    import threading

    results: list[Any] = []
    worker = threading.Thread(target=lambda: results.append(check(square, X, oracles="exact", timeout=9)))
    worker.start()
    worker.join()
    assert results[0]


def evidence(stance: Any, oracle: str = "jax", **more: Any) -> Evidence:
    return Evidence(oracle, "cross-checked", stance, point="p", detail="0 is not 1", **more)


WRONG = Rule(square, known_wrong={"jax": "expm1'(-40) is 0"})
JUDGED: dict[str, tuple[list[Evidence], bool, list[tuple[str, str]]]] = {
    "wrong: refuted": ([evidence("against")], True, [("not applicable", "formula")]),
    "wrong at one point of two": (
        [evidence("for"), evidence("against")],
        True,
        [("for", "formula"), ("not applicable", "formula")],
    ),
    "right: against": ([evidence("for")], True, [("for", "formula"), ("against", "contract")]),
    "right at a part of the points": ([evidence("for")], False, [("for", "formula")]),
    "silent": ([evidence("undecided")], True, [("undecided", "formula")]),
    "about the forward": ([evidence("against", question="forward")], True, [("against", "forward")]),
    "another oracle": ([evidence("against", "exact")], True, [("against", "formula")]),
}


def domains_of(key: str) -> Rule:
    return Rule(square, domains={"": dict(x=real()), "huge": dict(x=real())}, known_wrong={key: "overflows"})


@pytest.mark.parametrize("stance", ["for", "against"])
def test_an_oracle_known_to_be_wrong_in_one_domain_is_excused_or_blamed_for_others(stance: Any) -> None:
    given = [evidence(stance), replace(evidence("against"), point="q[huge]")]
    labels = {"p": "", "q[huge]": "huge"}
    found = judge_known_wrong(domains_of("jax[huge]"), given, labels, complete=True)
    assert [(e.stance, e.point) for e in found] == [(stance, "p"), ("not applicable", "q[huge]")]
    assert not judge_known_wrong(domains_of("jax[huge]"), given[:1], labels, complete=True)[1:]


def test_an_unknown_domain_of_a_known_mistake_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"known_wrong of 'jax\[tiny\]': the domains are \['', 'huge'\]"):
        domains_of("jax[tiny]")


@pytest.mark.parametrize(("given", "complete", "judged"), [pytest.param(*row, id=name) for name, row in JUDGED.items()])
def test_an_oracle_known_to_be_wrong_is_believed(given: list[Evidence], complete: bool, judged: Any) -> None:
    found = judge_known_wrong(WRONG, given, {}, complete=complete)
    assert [(e.stance, e.question) for e in found] == judged
    refuted = [e for e in found if e.reason == "known wrong"]
    assert all(e.detail == "refuted: expm1'(-40) is 0" for e in refuted)
    late = [e for e in found if e.question == "contract"]
    assert all("agrees everywhere: remove the declaration" in e.detail for e in late)


def test_an_outdated_declaration_passes() -> None:
    outdated = Rule(square, domains={"": dict(x=real("n"))}, known_wrong={"exact": "it was wrong once"})
    result = check(outdated, oracles="exact")
    assert result.verdict == "fail"
    assert "remove the declaration" in result.diagnosis
    assert check_case(Case(outdated), point="random0", oracles="exact")


def test_a_surrogate_is_not_what_the_pullback_is_compared_with() -> None:
    def straight_through(x: Any) -> Any:
        return np.rint(x), lambda dy: dy

    def identity(x: Any) -> Any:
        y = np.zeros(x.shape)
        y += x
        return y

    result = check(Rule(straight_through, surrogate=identity), np.array([0.3, 1.7]), oracles="exact")
    assert result
    assert "deliberately not the derivative of the forward" in result.notes[0]
    assert not check(straight_through, np.array([0.3, 1.7]), oracles="exact")


def test_the_given_cotangent_is_recorded() -> None:
    result = check(square, X, dy=np.array([1.0, 2.0, 3.0]), oracles="exact")
    np.testing.assert_array_equal(result.points[0].dy, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(result.true[0], 2 * X * [1.0, 2.0, 3.0])


def test_two_outputs_keep_two_cotangents() -> None:
    result = check(lambda x: ((x, x * x), lambda dy: dy[0] + 2 * x * dy[1]), X, oracles="exact")
    assert result
    assert len(result.points[0].dy) == 2


def test_another_seed_gives_the_same_cotangents() -> None:
    drawn = [check(square, X, oracles="exact", seed=s).points[0].dy.tolist() for s in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_warnings_of_the_rule_are_raised() -> None:
    assert check(lambda x: (np.log(x), lambda dy: dy / x), np.array([-1.0]), oracles="exact").verdict != "error"


@pytest.mark.parametrize("oracles", ["exact", ["exact"], ("exact",)], ids=["text", "list", "tuple"])
def test_oracles_can_be_named_in_one_way_only(oracles: Any) -> None:
    result = check(square, X, oracles=oracles)
    assert result
    assert {e.oracle for e in result.evidence} == {"exact"}


def test_the_text_of_a_failure_does_not_reach_the_assertion() -> None:
    result = check(lambda x: (x * x, lambda dy: 4 * x * dy), X, oracles="exact")
    with pytest.raises(AssertionError, match="twice the right value"):
        result.raise_if_failed()


def test_the_forward_of_a_problem_is_that_of_the_surrogate() -> None:
    given = Point("given", "given", (X,))
    made = Rule(lambda x: (np.rint(x), lambda dy: dy), surrogate=lambda x: 1.0 * x)
    np.testing.assert_array_equal(contract.evaluate(made, given, seed=0).forward(X)[0], X)
    np.testing.assert_array_equal(contract.evaluate(Rule(square), given, seed=0).forward(X)[0], X * X)


def test_evidence_that_belongs_to_no_point_breaks_the_report() -> None:
    problem = contract.evaluate(Rule(square), Point("given", "given", (X,)), seed=0)
    nowhere = Evidence("plugin", "measured", "against")
    assert deciding([problem], [nowhere], "fail") is None


def gather(x, i, scale):
    return x[i] * scale


def gather_vjp(dy, x, i, scale):
    dx = np.zeros_like(x)
    np.add.at(dx, i, dy * scale)
    return dx, None, np.sum(dy * x[i])


def overwriting_vjp(dy, x, i, scale):
    dx = np.zeros_like(x)
    dx[i] = dy * scale
    return dx, None, np.sum(dy * x[i])


@pytest.mark.parametrize(("vjp", "verdict"), [(gather_vjp, "pass"), (overwriting_vjp, "fail")])
def test_integers_among_the_arguments_of_a_vjp_have_no_cotangent_and_the_others_are_checked(vjp, verdict):
    x, i, scale = np.array([1.0, 2.0, 3.5]), np.array([0, 2, 0]), np.array(1.5)
    result = check(gather, x, i, scale, vjp=vjp, jax=lambda jax, x, scale, *, i: x[i] * scale)
    assert result.verdict == verdict, str(result)
    assert {e.argument for e in result.evidence if e.question == "formula"} >= {"x", "scale"}
    assert list(result.points[0].params) == ["i"]
    assert not any(e.stance == "undecided" for e in result.evidence)
