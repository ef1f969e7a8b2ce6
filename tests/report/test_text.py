import numpy as np
import pytest

from gradcheck.report.numbers import brief, digits_for, duration, number, with_bar
from gradcheck.report.text import render_result
from gradcheck.results import Accuracy, Evidence, Point, Result


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (0.25, "0.25"), (1 / 3, "0.3333"), (1e-300, "1e-300"), (float("nan"), "nan"), (1 + 2j, "1+2j"),
    ],
)  # fmt: skip
def test_a_number_is_short(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("a", "b", "digits"),
    [
        (None, 1.0, 4), (1.0, 1.0, 4), (1.0, 2.0, 4), (1.0, 1.000002, 8), (1.0, 1.0 + 2**-52, 17), (1.0, np.inf, 4),
        (np.nan, 1.0, 4), (1e9, 1e9 + 2, 11),
    ],
)  # fmt: skip
def test_there_are_as_many_digits_as_it_takes_to_see_a_difference(a, b, digits):
    assert digits_for(a, b) == digits


def test_a_bar_stands_beside_its_value():
    assert [with_bar(None, 1.0), with_bar(0.5, None), with_bar(0.5, 3e-12)] == ["", "0.5", "0.5 ± 3e-12"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([[1.0, 2.5], [3.0, -4.0]]), "[[ 1. , 2.5], [ 3. , -4. ]]"),
        (np.linspace(0, 1, 20).reshape(4, 5), "float64, 4 × 5, from 0 to 1"),
        (np.zeros(20, dtype=complex), "complex128, 20"),
        ("x" * 100, "'" + "x" * 76 + "..."),
        ((1, 2), "(1, 2)"),
    ],
    ids=["small", "large", "complex", "long", "tuple"],
)
def test_an_argument_fits_a_line(value, text):
    assert brief(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.0123, "12 ms"), (5.21, "5.2 s"), (150, "2.5 min")])
def test_a_time_has_the_unit_that_suits_it(seconds, text):
    assert duration(seconds) == text


def test_a_failure_is_shown_with_its_diagnosis_its_evidence_and_its_point(report):
    text = render_result(report.entries[1].result)
    for part in (
        "lib.linear.matmul[wide]: fail",
        "Your dx is fail.",
        "dx[1]  1.5",
        "1.25 ± 1e-30",
        "the point is",
        "at small0:",
        "[1., 2.]",
        "axis=0",
        "dy = [ 1., -2.]",
        "seed 3, 250 ms",
    ):
        assert part in text
    assert str(report.entries[1].result) == text


def test_digits_are_told_of_a_pass_and_where_they_are_lost_but_not_beside_a_wrong_formula():
    def told(verdict, worst, diagnosis=None):
        accuracy = {"gradient": Accuracy(worst, 0.75)}
        return "gradient: at worst" in render_result(Result("f", verdict, diagnosis=diagnosis, accuracy=accuracy))

    assert told("pass", 2.5)
    assert told("fail", 99.0)
    assert not told("fail", 2.5)
    assert not told("fail", 99.0, f"It loses digits: gradient: at most {Accuracy(99.0, 0.75).told}.")


def test_a_result_that_nobody_decides_says_nothing():
    text = render_result(Result("f", "inconclusive", (Evidence("exact", "certified", "undecided"),)))
    assert text.startswith("f: inconclusive\n  No verdict: what was looked at neither confirms nor refutes")


def test_what_is_against_comes_first():
    for_, against = (Evidence("exact", "certified", stance, detail=stance) for stance in ("for", "against"))
    text = render_result(Result("f", "fail", (for_, against)))
    assert text.index("against") < text.index("for ")


def test_a_difference_is_visible_where_there_is_one():
    evidence = Evidence("exact", "certified", "against", argument="x", claimed=1.00000001, value=1.0)
    assert "1.00000001" in render_result(Result("f", "fail", (evidence,)))


def test_columns_without_content_are_left_out():
    text = render_result(Result("f", "pass", (Evidence("exact", "certified", "for"),), notes=("a note",)))
    assert "where" not in text
    assert "claimed" not in text
    assert "note: a note" in text


def test_a_case_that_was_not_run_says_what_is_missing(report):
    text = render_result(report.entries[5].result)
    assert text.startswith("lib.digits.network: not run\n  scikit-learn is not installed")


def test_a_point_that_raised_is_named_even_without_its_arguments():
    assert "at random3" in render_result(Result("f", "error", diagnosis="It raised.", failed_at="random3"))


@pytest.mark.parametrize(
    ("question", "detail", "where"),
    [("formula", "", "dx[1]"), ("claim", "", "x[1]"), ("forward", "", "x[1]"), ("accuracy", "forward: 1", "x[1]"),
     ("accuracy", "gradient: 1", "dx[1]")],
)  # fmt: skip
def test_an_entry_is_named_for_what_it_is_an_entry_of(question, detail, where):
    evidence = Evidence("exact", "certified", "for", question, "x", (1,), 1.0, 1.0, detail=detail)
    assert f" {where} " in render_result(Result("f", "pass", (evidence,)))


def test_a_failure_with_much_to_tell_runs_off_the_screen() -> None:
    many = tuple(
        Evidence(
            oracle,
            "measured",
            stance,
            argument="x",
            entry=(i,),
            claimed=1 / 3,
            value=2 / 3,
            bar=1e-9,
            detail="why " * 40,
            point=f"random{i}",
        )
        for i in range(9)
        for oracle in ("exact", "differences", "symbolic")
        for stance in ("for", "against")
    )
    args = tuple(np.linspace(0, 1, 12) for _ in range(20))
    result = Result(
        "f",
        "fail",
        many,
        "Your dx is wrong. " * 12,
        tuple(f"note {i} {'and so on ' * 20}" for i in range(9)),
        (Point("random3", "random", args, {f"p{i}": i for i in range(20)}, args[0]),),
        failed_at="random3",
    )
    lines = render_result(result).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 100
    assert lines[1].startswith("  Your dx is wrong.")
    table = [line for line in lines if line.startswith(("  exact", "  differences", "  symbolic"))]
    assert len(table) >= 3
    assert all("dx[3]" in line and "against" in line for line in table[:3])
    counts = next(line for line in lines if "for" in line and "more" in line)
    assert f"… and {54 - len(table)} more" in counts
