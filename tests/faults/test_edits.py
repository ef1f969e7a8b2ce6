"""Edits of a pullback's source: which there are, that they run, and that they stay out of what is not the pullback's."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule
from gradcheck.faults.edits import Unreached, edited, edits
from gradcheck.faults.operators import alternatives
from tests.faults import planted_rules

X, DY = np.array([[0.5, -1.25, 2.0]]), np.array([[1.0, 2.0, 4.0]])


@pytest.mark.parametrize(
    ("source", "among"),
    [
        ("a + b", {"a - b", "a", "b"}),
        ("a - b", {"a + b", "a", "-b", "b - a"}),
        ("a * b", {"a / b", "a", "b"}),
        ("a / b", {"a * b", "a", "b / a"}),
        ("a ** b", {"a * b", "a", "b ** a"}),
        ("a @ b", {"a", "b @ a"}),
        ("-a", {"a"}),
        ("2", {"3", "1"}),
        ("0.5", {"1.0", "1.5"}),
        ("True", {"False"}),
        ("a < b", {"a <= b", "a > b"}),
        ("a == b", {"a != b"}),
        ("a and b", {"a or b", "a", "b"}),
        ("a if c else b", {"a", "b"}),
        ("a[i]", {"a"}),
        ("a.T", {"a"}),
        ("np.sin(a)", {"np.cos(a)", "a"}),
        ("a.sum(0, keepdims=True)", {"a.mean(0, keepdims=True)", "a.sum(0)", "a.sum(keepdims=True)", "a"}),
        ("f(a, b)", {"f(b, a)", "f(a)", "a"}),
        ("x", {"dy"}),
        ("zip(a, strict=True)", {"a"}),
        ("'nk,kj->nj'", set()),
        ("other", set()),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(sorted(value)),
)
def test_an_expression_has_other_mistakes(source: str, among: set[str]) -> None:
    found = {ast.unparse(a) for a in alternatives(ast.parse(source, mode="eval").body, ["x", "dy"])}
    assert found >= among
    assert found or not among
    assert "zip(a)" not in found


@pytest.mark.parametrize(
    ("source", "among"),
    [
        ("a += b", {"a = b", "a -= b", "pass"}),
        ("if a:\n    f()", {"if True:\n    f()", "if False:\n    f()"}),
        ("np.add.at(a, i, b)", {"pass"}),
    ],
)
def test_a_statement_has_other_mistakes(source: str, among: set[str]) -> None:
    node = ast.parse(source).body[0]
    assert {ast.unparse(a) for a in alternatives(node, [])} >= among


def texts(rule: Rule) -> set[tuple[str, str]]:
    return {(e.before, e.after) for e in edits(rule)}


def test_the_pullback_its_helpers_or_the_forward_are_edited_wrongly() -> None:
    assert {
        (f"return {a}", f"return {b}")
        for a, b in [("2 * dy * x", "2 * dy"), ("2 * dy * x", "1 * dy * x"), ("2 * dy * x", "2 * dy * dy")]
    } <= texts(planted_rules.well_tested)
    assert not any("x * x" in before for before, _ in texts(planted_rules.well_tested))
    assert {("return dy / 2", "return dy * 2"), ("if dy.ndim > 5:", "if True:")} <= texts(planted_rules.badly_tested)


def test_a_place_is_left_out_since_another_on_its_line_reads_the_same() -> None:
    edited_dy = {
        after for before, after in texts(Rule(planted_rules.twice)) if before == "return np.exp(dy) - np.exp(dy) * x"
    }
    assert {"return np.exp(x) - np.exp(dy) * x", "return np.exp(dy) - np.exp(x) * x"} <= edited_dy


def the_edit(rule: Rule, before: str, after: str) -> Any:
    return next(e for e in edits(rule) if (e.before, e.after) == (before, after))


def test_an_edited_rule_answers_as_the_right_one() -> None:
    rule = planted_rules.well_tested
    wrong = edited(rule, the_edit(rule, "return 2 * dy * x", "return 2 * dy / x"))
    y, pullback = wrong(X)
    np.testing.assert_array_equal(y, X * X)
    np.testing.assert_array_equal(pullback(DY), 2 * DY / X)
    np.testing.assert_array_equal(rule(X)[1](DY), 2 * DY * X)
    assert (wrong.name, list(wrong.domains)) == (rule.name, list(rule.domains))


def test_an_edited_helper_is_edited_for_everybody() -> None:
    rule = planted_rules.badly_tested
    wrong = edited(rule, the_edit(rule, "return dy / 2", "return dy * 2"))
    np.testing.assert_array_equal(wrong(X, axis=0)[1](DY[0]), 2 * DY)
    np.testing.assert_array_equal(planted_rules.halved(DY), DY / 2)


def test_a_place_that_is_not_reached_goes_off() -> None:
    rule = planted_rules.badly_tested
    reached, hidden = the_edit(rule, "return dy / 2", "return dy * 2"), the_edit(rule, "return dy / 3", "return dy * 3")
    with pytest.raises(Unreached):
        edited(rule, reached, reached.bomb)(X, axis=0)[1](DY[0])
    np.testing.assert_array_equal(edited(rule, hidden, hidden.bomb)(X, axis=0)[1](DY[0]), DY / 2)


def test_a_function_without_source_is_edited() -> None:
    namespace: dict[str, Any] = {}
    exec("def f(x):\n    return x * x, lambda dy: 2 * dy * x", namespace)
    assert list(edits(Rule(namespace["f"]))) == []
