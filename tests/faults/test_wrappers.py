"""The table of mistakes: each makes one, in plain floats and in exact arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check
from gradcheck.faults.answers import Wrapper, identical
from gradcheck.faults.planting import answer_of, wrapped
from gradcheck.faults.wrappers import WRAPPERS

X = np.array([[0.5, -1.25, 2.5, 0.5, 0.0], [3.0, -0.75, 1.5, -2.25, 1.0], [0.25, 1.75, -0.5, 2.0, -1.5]])


def scaled(x: Any, b: Any) -> Any:
    """x³ b, b a row that is broadcast."""
    return x**3 * b, lambda dy: (3 * dy * x * x * b, (dy * x**3).sum(0, keepdims=True))


def product(a: Any, b: Any) -> Any:
    return a * b, lambda dy: (dy * b, dy * a)


def powers(x: Any) -> Any:
    return (x**2, x**3), lambda dy: 2 * dy[0] * x + 3 * dy[1] * x * x


def of_complex(z: Any) -> Any:
    return z * z, lambda dy: 2 * dy * z


def stretched(x: Any) -> Any:
    return x * np.ones((4, 1, 1)), lambda dy: dy.sum(0)


def row(x: Any) -> Any:
    return x**3, lambda dy: 3 * dy * x * x


B = np.array([[1.5, -0.5, 0.75, 2.0, -1.0]])
DY = np.round(np.linspace(-2.3, 3.1, 15).reshape(3, 5), 2)
LONG = np.array([[2.5, -1.5, 0.5, 3.5, 1.25, -0.25, 4.0, -2.0, 1.0, 0.125]])
ANSWERS: dict[str, tuple[Any, Any, Any]] = {
    "a product": (product, (X, X[:, ::-1].copy()), DY),
    "broadcast": (scaled, (X, B), DY),
    "two outputs": (powers, (X,), (DY, DY[::-1])),
    "complex": (of_complex, (X + 1j * X[::-1],), DY + 2j * DY),
    "three axes": (row, (np.arange(24.0).reshape(2, 3, 4) - 7.5,), np.linspace(-1, 3, 24).reshape(2, 3, 4)),
    "from one to many": (stretched, (X,), np.linspace(-1, 3, 60).reshape(4, 3, 5)),
    "a mean": (lambda x: (x.mean(), lambda dy: dy * np.ones_like(x) / x.size), (X,), np.asarray(1.5)),
    "long": (row, (LONG,), 2 * LONG[:, ::-1] + 0.5),
}

# These show in the second call of a pullback only, or not in what it answers at all.
HIDDEN = {
    "right in the first call only",
    "accumulated over calls",
    "for the dy of the call before",
    "with the residuals of the last forward",
    "writes into dy",
    "writes into an argument",
}


def changed_somewhere(wrapper: Wrapper) -> bool:
    """Whether the mistake changes any of the answers above."""
    found = []
    for rule, args, dy in ANSWERS.values():
        for k in range(len(args) if wrapper.each else 1):
            answer = answer_of(rule, tuple(a.copy() for a in args), {}, dy)
            wrong = wrapper.wrong(answer, k)
            found.append(wrong is not None and not identical(wrong, answer.cotangents))
    return any(found)


def test_there_are_fewer_kinds_than_promised() -> None:
    assert len({w.name for w in WRAPPERS}) == len(WRAPPERS) >= 40


@pytest.mark.parametrize("wrapper", [w for w in WRAPPERS if w.name not in HIDDEN], ids=lambda w: w.name)
def test_a_mistake_changes_nothing(wrapper: Wrapper) -> None:
    assert changed_somewhere(wrapper)


@pytest.mark.parametrize("name", sorted(HIDDEN))
def test_a_hidden_mistake_shows_at_once(name: str) -> None:
    assert not changed_somewhere(next(w for w in WRAPPERS if w.name == name))


def test_a_rule_loses_its_name_or_its_points_when_a_mistake_is_planted() -> None:
    rule = Rule(product)
    wrong = wrapped(rule, WRAPPERS[0])
    assert (wrong.name, wrong.argument_names(2)) == (rule.name, ("a", "b"))
    assert check(rule, X, X)
    assert check(wrong, X, X + 0.5).verdict == "fail"
