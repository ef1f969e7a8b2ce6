"""A mistake planted in what one oracle computes makes the case disputed, whatever the mistake is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check
from gradcheck.lifted import evaluate
from gradcheck.oracles import derivation, slopes, symbolic
from gradcheck.oracles.jax import Jax, Twin
from gradcheck.oracles.lines import Lines

X = np.array([[0.5, -1.25], [2.5, 0.75]])
DY = np.array([[1.5, -0.5], [0.75, 2.0]])

# What becomes of a true gradient, entry by entry of a 2 x 2 argument: as a matrix of factors, and what is done to a slope.
FACTORS: dict[str, Any] = {
    "twice": np.full((2, 2), 2.0),
    "minus": np.full((2, 2), -1.0),
    "0.1 % off": np.full((2, 2), 1.001),
    "zero": np.zeros((2, 2)),
    "one entry zero": np.array([[1.0, 1.0], [0.0, 1.0]]),
    "one entry 0.1 % off": np.array([[1.0, 1.001], [1.0, 1.0]]),
    "one row twice": np.array([[1.0, 1.0], [2.0, 2.0]]),
}


def cubed(x: Any) -> Any:
    return x**3, lambda dy: 3 * dy * x * x


RULE = Rule(cubed, jax=lambda jax, x: x**3, sympy=lambda sympy, x: x**3)


def in_exact(factors: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every direction moves one entry of a small problem: its slope gets the factor of that entry."""
    healthy = evaluate.slope

    def faulty(function: Any, args: Any, params: Any, dy: Any, direction: Any, **how: Any) -> Any:
        found = healthy(function, args, params, dy, direction, **how)
        (moved,) = np.argwhere(np.asarray(direction[0]) != 0)[:1]
        return replace(found, total=found.total * float(factors[tuple(moved)]))

    monkeypatch.setattr(slopes, "slope", faulty)


def in_differences(factors: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = Lines.slope

    def faulty(self: Any, tangents: Any, scale: float) -> Any:
        found = healthy(self, tangents, scale)
        (moved,) = np.argwhere(np.asarray(tangents[0]) != 0)[:1]
        c = float(factors[tuple(moved)])
        return found._replace(low=found.low * c, high=found.high * c)

    monkeypatch.setattr(Lines, "slope", faulty)


def in_symbolic(factors: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = derivation.differentiate

    def faulty(*given: Any) -> Any:
        import sympy

        rational = np.frompyfunc(lambda c: sympy.Rational(str(c)), 1, 1)(factors)
        return tuple(rational * g for g in healthy(*given))

    monkeypatch.setattr(derivation, "differentiate", faulty)


def in_jax(factors: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = Jax._run

    def faulty(self: Any, problem: Any) -> Twin:
        found = healthy(self, problem)
        return Twin(found.y, tuple(c * factors for c in found.cotangents))

    monkeypatch.setattr(Jax, "_run", faulty)


ORACLES: dict[str, Callable[[Any, pytest.MonkeyPatch], None]] = {
    "exact": in_exact,
    "differences": in_differences,
    "symbolic": in_symbolic,
    "jax": in_jax,
}


@pytest.mark.parametrize("fault", FACTORS)
@pytest.mark.parametrize("oracle", ORACLES)
def test_a_mistake_in_an_oracle_passes_or_is_blamed_on_the_pullback(
    oracle: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if oracle == "jax":
        pytest.importorskip("jax")
    ORACLES[oracle](FACTORS[fault], monkeypatch)
    result = check(RULE, X, dy=DY)
    assert result.verdict == "disputed"
    assert {e.oracle for e in result.evidence if e.stance == "against"} == {oracle}


def test_the_untouched_oracles_do_not_agree() -> None:
    result = check(RULE, X, dy=DY)
    assert result
    assert X.size <= symbolic.ENTRIES
    assert {e.oracle for e in result.evidence if e.stance == "for"} >= {"exact", "differences", "symbolic"}
