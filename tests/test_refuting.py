"""Forms declared to be wrong: they pass where they are refuted for certain, and never by accident."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Result, Rule, check, real, rule
from gradcheck.cases import Case
from gradcheck.checking import check_case
from gradcheck.report.console import print_report
from gradcheck.report.data import Meta, Report, describe, entry
from gradcheck.report.html import to_html
from gradcheck.report.junit import to_junit
from gradcheck.report.summary import all_kinds, kinds, outcomes
from reference.arithmetic import multiply
from reference.declaring import misstated

WHY = "the square has derivative 2 x"


def stated(derivative: Callable[[Any], Any], *, forward: Callable[[Any], Any] = np.square, **more: Any) -> Rule:
    """x² with a stated derivative, declared to be refuted."""

    def square(x: Any) -> Any:
        return forward(x), lambda dy: dy * derivative(x)

    return Rule(square, domains={"": dict(x=real("n"))}, refuted=WHY, **more)


def raising(x: Any) -> Any:
    raise ZeroDivisionError("no derivative")


def sympy_cube(sympy: Any, x: Any) -> Any:
    return x**3


VERDICTS: dict[str, tuple[Rule, dict[str, Any], str, str]] = {
    "a right form is called wrong": (stated(lambda x: 2 * x), {}, "fail", "right at every point: remove the decl"),
    "a form that raises is refuted by accident": (stated(raising), {}, "error", "ZeroDivisionError"),
    "another forward is refuted by accident": (
        stated(lambda x: 3 * x, sympy=sympy_cube), dict(oracles="all"), "disputed", "differs from its twin",
    ),
    "a wrong shape is refuted by accident": (stated(lambda x: x[None]), {}, "fail", "the cotangent of x has"),
    "a lossy forward is refuted by accident": (
        stated(lambda x: x, forward=lambda x: (1e9 + x) ** 2 - 1e18 - 2e9 * x), {}, "fail", "weighted ULPs",
    ),
    "differences certify": (stated(lambda x: x), dict(oracles="differences"), "inconclusive", "no counterexample is"),
}  # fmt: skip


def test_a_refuted_form_is_no_pass() -> None:
    result = check(stated(lambda x: 3 * x))
    assert (result.verdict, result.outcome, result.refuted) == ("pass", "refuted", WHY)
    assert result.diagnosis == (
        f"Refuted, as stated: {WHY}. Certified counterexample at small1: dx[0] = "
        f"{result.evidence[first_at(result)].claimed:.6g} as stated, {result.evidence[first_at(result)].value:.6g} in truth."
    )
    assert result.failed_at == "small1"
    assert {e.stance for e in result.evidence if e.oracle != "jax" and e.question == "formula"} == {"against"}
    assert Result.from_json(result.to_json()).to_json() == result.to_json()


def first_at(result: Result) -> int:
    """The place of the evidence that the diagnosis is about: the exact oracle's at the smallest point."""
    return next(i for i, e in enumerate(result.evidence) if (e.oracle, e.point) == ("exact", result.failed_at))


@pytest.mark.parametrize(
    ("form", "settings", "verdict", "says"), [pytest.param(*row, id=name) for name, row in VERDICTS.items()]
)
def test_a_form_passes_without_a_certain_refutation(form: Rule, settings: Any, verdict: str, says: str) -> None:
    result = check(form, **settings)
    assert (result.verdict, result.refuted) == (verdict, "")
    assert says in (result.diagnosis or "")


def test_a_point_where_the_form_happens_to_be_right_blames_the_declaration() -> None:
    right_for_ones = stated(lambda x: 2.0 * x if x.size == 1 else x)
    assert check_case(Case(right_for_ones), point="small1").verdict == "inconclusive"
    assert check_case(Case(right_for_ones)).outcome == "refuted"


def test_a_declaration_without_words_is_accepted() -> None:
    with pytest.raises(TypeError, match="refuted= is True: say in words why"):
        rule(refuted=True)(lambda x: (x, None))  # type: ignore[call-overload]


@misstated(multiply, "b", source="nobody", refuted="it is a", domain=dict(a=real("n"), b=real("n")))
def exchanged(dy: Any, a: Any, b: Any) -> Any:
    """a b with dy b.  (n), (n) -> (n)"""
    return dy * b


def test_an_unknown_argument_is_misstated() -> None:
    with pytest.raises(ValueError, match=r"by is 'z', reference.arithmetic.multiply is differentiated by \['a', 'b'\]"):
        misstated(multiply, "z", source="nobody", refuted="why")


def test_a_misstated_rule_changes_more_than_one_cotangent() -> None:
    result = check(exchanged, oracles="all")
    assert result.outcome == "refuted"
    stances = {e.argument: e.stance for e in result.evidence if e.question == "formula" and e.oracle == "exact"}
    assert stances == {"a": "for", "b": "against"}
    assert exchanged.name == f"{__name__}.exchanged"
    assert list(inspect.signature(exchanged.function).parameters) == ["a", "b"]
    described = describe(Case(exchanged), result)
    assert described.file.endswith("test_refuting.py")
    assert described.source.startswith("@misstated(multiply")


def test_a_report_counts_a_refuted_form_as_passed(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    result = check(exchanged)
    report = Report(
        Meta("1", "gradcheck run", "now", 1.0), (entry(exchanged.function, result, rerun="gradcheck again"),)
    )
    assert outcomes(report.entries) == {"refuted": 1}
    assert (all_kinds(report), set(kinds(report.entries).values())) == ((0, 0), {0})
    print_report(report, Console(width=200))
    printed = capsys.readouterr().out
    page = to_html(report)
    for text in (printed, page):
        assert "Refuted, as stated: it is a. Certified counterexample at small" in text
    assert "1 refuted in" in printed
    assert "gradcheck again" not in printed
    assert '<span class="pill refuted">refuted</span>' in page
    assert '<property name="verdict" value="refuted" />' in to_junit(report)
    assert "<failure" not in to_junit(report)
