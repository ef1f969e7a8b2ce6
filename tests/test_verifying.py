import re

import numpy as np
import pytest

from gradcheck import claims, erratum, rounded
from gradcheck.results import Result
from gradcheck.verifying import verify


def verified(compute, printed, **at):
    return verify(claims(source="a text", at=at, printed=printed)(compute))


def itself(x):
    return {"y": x}


@pytest.mark.parametrize(
    ("printed", "true", "stance", "reason"),
    [
        ("0.33", "0.334999", "for", "right"),
        ("0.33", "0.3350001", "against", "wrong"),
        ("0.3", "0.3499999", "for", "right"),
        ("0.30", "0.3499999", "against", "wrong"),
        ("0.13", "0.125", "for", "right"),
        ("0.12", "0.125", "for", "right"),
        ("2.06e-09", "2.0649e-9", "for", "right"),
        ("2.06e-09", "2.0651e-9", "against", "wrong"),
        ("-12", "-12.4", "for", "right"),
        (-12, "-12.4", "against", "wrong"),
        (-12, "-12", "for", "right"),
        (1, "1.0000000000000000000000000001", "against", "wrong"),
        ("1e30", "1.2e30", "for", "right"),
        (erratum("0.2", "a slip"), "0.27", "for", "erratum"),
        (erratum("0.2", "no slip"), "0.24", "against", "declaration refuted"),
        (rounded("0.2", "rounded before"), "0.27", "for", "right up to rounding"),
        (rounded("0.2", "rounded before"), "0.24", "against", "declaration refuted"),
        (rounded("0.2", "rounded before"), "0.36", "against", "wrong"),
    ],
    ids=str,
)
def test_number_is_held_to_its_last_printed_digit(printed, true, stance, reason):
    result = verified(itself, {"y": printed}, x=true)
    (e,) = result.evidence
    assert (e.oracle, e.kind, e.question, e.stance, e.reason) == ("exact", "certified", "claim", stance, reason)
    assert bool(result) is (stance == "for")
    assert result.verdict == ("pass" if stance == "for" else "fail")


def test_erratum_shows_the_true_value_with_more_digits_and_why():
    result = verified(lambda x: {"y": 1 / x}, {"y": erratum("0.34", "a slip")}, x=3)
    (e,) = result.evidence
    assert e.detail == "printed 0.34, true 0.3333 (a slip)"
    assert (e.claimed, e.value) == (0.34, pytest.approx(1 / 3))
    assert result.diagnosis is None


def test_failure_names_every_wrong_number():
    result = verified(lambda x: {"y": x * x, "z": x}, {"y": ["1", "5"], "z": ["1", "2"]}, x=[1, 2])
    assert result.diagnosis == "y[1]: printed 5, true 4"
    assert [e.stance for e in result.evidence] == ["for", "against", "for", "for"]


def test_decimals_are_taken_as_they_are_written():
    tenth = verified(lambda x: {"ten": 10 * x, "less": x - 0.1 * np.ones_like(x)}, {"ten": 1}, x=0.1)
    assert tenth, str(tenth.evidence)


@pytest.mark.parametrize(("x", "printed", "verdict"), [(3, True, "pass"), (3, False, "fail"), (-3, True, "fail")])
def test_statements_are_true_or_false(x, printed, verdict):
    result = verified(lambda x: {"x > 0": np.all(x > 0)}, {"x > 0": printed}, x=x)
    assert result.verdict == verdict


def test_statement_that_doubles_cannot_decide_is_decided():
    def compute(x):
        return {"below 1": np.all(1 / (1 + np.exp(-x)) < 1)}

    assert not compute(np.array(60.0))["below 1"]
    assert verified(compute, {"below 1": True}, x=60)


def test_plain_numbers_may_be_among_the_quantities():
    assert verified(
        lambda x: {"three": 3, "half": 0.5, "list": [1, 2]}, {"three": 3, "half": "0.5", "list": [1, 2]}, x=0
    )


def test_number_that_no_precision_settles_is_no_pass():
    def compute(x):
        return {"y": x, "huge": np.exp(np.exp(x * 100)) - np.exp(np.exp(x * 100))}

    result = verified(compute, {"y": 1, "huge": 0}, x=1)
    assert result.verdict == "inconclusive"
    assert {e.reason for e in result.evidence} == {"right", "not certain"}


@pytest.mark.parametrize(
    ("compute", "printed", "message"),
    [
        (lambda x: {"y": x}, {"z": 1}, r"nothing was computed for \['z'\]: the function gives \['y'\]"),
        (lambda x: {"y": x}, {"y": [1, 2]}, r"'y' is printed with 2 entries, computed with shape \(\): print them all"),
        (lambda x: {"y": x > 0}, {"y": 1}, "statements go with True and False"),
        (lambda x: {"y": x}, {"y": True}, "statements go with True and False"),
        (lambda x: {"y": 1 // 0}, {"y": 1}, "ZeroDivisionError"),
        (lambda x: {"y": float(x)}, {"y": 1}, "NotLiftable"),
    ],
    ids=["missing", "shape", "statement", "number", "raises", "not liftable"],
)
def test_claims_that_cannot_be_compared_are_an_error(compute, printed, message):
    result = verified(compute, printed, x=1)
    assert result.verdict == "error"
    assert re.search(message, result.diagnosis), result.diagnosis


def test_result_survives_json():
    result = verified(itself, {"y": ["1", "2"]}, x=[1, 2])
    assert Result.from_json(result.to_json()).evidence == result.evidence


def test_statement_that_no_precision_decides_is_neither_true_nor_false():
    @claims(source="a text", at=dict(x=1), printed={"a tenth": True})
    def compute(x):
        return {"a tenth": x * 0.1 <= x / 10}  # the code's 0.1 is a rounded constant

    result = verify(compute)
    assert result.verdict == "inconclusive"
    assert [e.stance for e in result.evidence] == ["undecided"]
