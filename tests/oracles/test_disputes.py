"""An oracle that is wrong makes the case disputed and is named; the pullback is not blamed for it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check, oracles
from gradcheck.judging import odd_one_out
from gradcheck.problems import Problem
from gradcheck.results import Evidence, Result

A = np.array([[2.0, 0.3], [0.5, 1.7]])


def logdet(x: Any) -> Any:
    return np.linalg.slogdet(x)[1], lambda dy: dy * np.linalg.inv(x).T


def logdet_through_a_list(x: Any) -> Any:
    """The same in code that cannot be lifted."""
    return np.linalg.slogdet(np.array([[float(e) for e in row] for row in x]))[1], lambda dy: dy * np.linalg.inv(x).T


def logdet_of_zero_slope(x: Any) -> Any:
    return np.linalg.slogdet(x)[1], lambda dy: 0 * x


def logdet_transposed(x: Any) -> Any:
    return np.linalg.slogdet(x)[1], lambda dy: dy * np.linalg.inv(x)


def by_sympy(function: Any, names: str, **declaration: Any) -> Result:
    # sympy 1.14: the derivative of log(det X) by X is 0.
    rule = Rule(function, sympy_matrix=lambda sp, x: sp.log(sp.Determinant(x)), **declaration)
    return check(rule, A, oracles=names)


@pytest.mark.parametrize("function", [logdet, logdet_through_a_list], ids=["lifted", "not liftable"])
@pytest.mark.parametrize("names", ["auto", "symbolic"])
def test_a_wrong_answer_of_sympy_is_blamed_on_the_pullback(function: Any, names: str) -> None:
    result = by_sympy(function, names)
    assert result.verdict == "disputed"
    wrong = [e for e in result.evidence if e.stance == "against"]
    assert {(e.oracle, e.detail) for e in wrong} == {("sympy", "sympy contradicts the differences of its own value")}
    if names == "auto":
        assert result.diagnosis.endswith(" The odd one out is sympy.")


def test_a_wrong_answer_that_is_declared_disputes() -> None:
    assert by_sympy(logdet, "auto", known_wrong={"sympy": "returns 0"}).verdict == "pass"


@pytest.mark.parametrize("names", ["auto", "symbolic"])
def test_a_pullback_that_makes_the_mistake_of_sympy_is_defended_by_it(names: str) -> None:
    result = by_sympy(logdet_of_zero_slope, names)
    assert result.verdict == "fail"
    assert [e.stance for e in result.evidence if e.oracle == "sympy" and e.question == "formula"] == ["undecided"]


def test_a_pullback_that_is_wrong_in_its_own_way_is_disputed() -> None:
    assert by_sympy(logdet_transposed, "auto").verdict == "fail"


def cubed(x: Any) -> Any:
    return x**3, lambda dy: 3 * x**2 * dy


def test_a_right_answer_of_sympy_is_said_to_contradict_itself() -> None:
    rule = Rule(lambda x: (np.trace(x @ x), lambda dy: 2 * dy * x.T), sympy_matrix=lambda sp, x: sp.trace(x * x))
    result = check(rule, A, oracles="symbolic")
    assert result
    assert not any("contradicts" in e.detail for e in result.evidence)


@pytest.mark.parametrize("name", ["exact", "differences", "symbolic", "jax"])
def test_a_fault_in_an_oracle_goes_unnoticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    oracle = type(oracles.load(name))
    healthy = oracle.examine

    def faulty(self: Any, problem: Problem) -> Iterable[Evidence]:
        """What a wrong factor of two in the oracle would make it say."""
        for e in list(healthy(self, problem)):
            wrong = e.question == "formula" and e.stance == "for"
            yield replace(e, stance="against", argument="x", entry=(0,), discrepancy=0.5) if wrong else e

    monkeypatch.setattr(oracle, "examine", faulty)
    result = check(cubed, np.array([0.5, -2.0]), jax=lambda jax, x: x**3)
    assert result.verdict == "disputed"
    assert result.diagnosis.endswith(f" The odd one out is {name}.")


@pytest.mark.parametrize(
    ("sides", "says"),
    [
        ((["exact", "jax"], ["sympy"]), " The odd one out is sympy."),
        ((["exact"], ["differences", "jax"]), " The odd one out is exact."),
        ((["exact"], ["sympy"]), ""),
        ((["exact", "jax"], ["sympy", "differences"]), ""),
        (([], ["sympy", "differences"]), ""),
    ],
    ids=str,
)
def test_an_oracle_is_named_where_nobody_stands_alone(sides: Any, says: str) -> None:
    assert odd_one_out(*sides) == says
