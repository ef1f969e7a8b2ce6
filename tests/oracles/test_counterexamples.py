"""A refuted proof gives a counterexample beside the point, which the exact oracle certifies; only inside the domain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check, made, positive, real
from gradcheck.cases import Case
from gradcheck.results import Result
from gradcheck.run.executing import Options
from gradcheck.run.rerunning import rerun
from gradcheck.run.targets import Found


def at_two(x: Any) -> Any:
    """Right where x is 2, and nowhere else."""
    return x * x, lambda dy: 4 * dy


def both_at_two(x: Any, w: Any) -> Any:
    return x * x * w, lambda dy: (4 * w * dy, x * x * dy)


def two_outputs_at_two(x: Any) -> Any:
    return (x * x, x), lambda dy: 4 * dy[0] + dy[1]


def checked(function: Any, oracles: str = "exact,symbolic", **domain: Any) -> Result:
    return check(Rule(function, domains={"": domain}), oracles=oracles)


@pytest.mark.parametrize(
    ("function", "domain"),
    [
        pytest.param(at_two, dict(x=real("n", 2, 2)), id="one argument"),
        pytest.param(at_two, dict(x=real("", 2, 2, dtype="float32")), id="float32"),
        pytest.param(at_two, dict(x=positive("n", 2, 2)), id="with a limit"),
        pytest.param(both_at_two, dict(x=real("n", 2, 2), w=real("n")), id="two arguments"),
        pytest.param(two_outputs_at_two, dict(x=real("n", 2, 2)), id="two outputs"),
    ],
)
def test_what_is_right_at_every_point_drawn_and_wrong_beside_passes(function: Any, domain: Any) -> None:
    result = checked(function, **domain)
    assert result.verdict == "fail"
    assert result.failed_at == "small0/beside"
    certified = [e for e in result.evidence if e.stance == "against"]
    assert {(e.oracle, e.kind, e.argument) for e in certified} == {("exact", "certified", "x")}
    symbolic = [e for e in result.evidence if e.oracle == "symbolic" and e.argument in ("x", None)]
    assert "refuted by the counterexample small0/beside, for the exact oracle to certify" in symbolic[0].detail


@pytest.mark.parametrize(
    "domain",
    [
        pytest.param(dict(x=made(lambda: np.array([2.0]))), id="a structure that nobody knows"),
        pytest.param(dict(x=real("n", 2, 2, kinks=(2.03,))), id="no room"),
    ],
)
def test_a_point_outside_the_domain_refutes(domain: Any) -> None:
    result = checked(at_two, **domain)
    assert not any("/beside" in p.name for p in result.points)
    assert not any(e.stance == "against" and e.point.startswith("small") for e in result.evidence)


def test_a_point_that_was_given_is_left() -> None:
    assert [p.name for p in check(at_two, np.array([2.0]), oracles="exact,symbolic").points] == ["given"]


def test_symbols_alone_refute_what_they_cannot_certify() -> None:
    assert checked(at_two, "symbolic", x=real("n", 2, 2)).verdict == "inconclusive"


def test_a_right_rule_has_counterexamples() -> None:
    result = checked(lambda x: (x * x, lambda dy: 2 * x * dy), x=real("n", 2, 2))
    assert result
    assert not any("/beside" in p.name for p in result.points)


def test_a_counterexample_cannot_be_run_again() -> None:
    rule = Rule(at_two, domains={"": dict(x=real("n", 2, 2))})
    result = check(rule, oracles="exact,symbolic")
    found = Found(Case(rule), "lib")
    assert rerun(found, result, Options()).endswith("--point small0")
