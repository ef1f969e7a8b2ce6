"""Residuals: which ball is for, which is against, and what stays undecided."""

import importlib
from typing import Any

import numpy as np
import pytest

from gradcheck.oracles.residuals import CERTIFIED, CONSTANTS, Residual, one_entry, summary

ULP = 2.0**-52
arb = importlib.import_module("flint").arb


def residual(claimed: Any, low: Any, high: Any = None, **options: Any) -> Residual:
    settings: dict[str, Any] = {"scale": 1.0, "kink": high is not None, "inexact": False, **options}
    return Residual(claimed, low, low if high is None else high, **settings)


STANCES: dict[str, tuple[Residual, str]] = {
    "equal": (residual(arb(2), arb(2)), "for"),
    "equal at scale 0": (residual(arb(0), arb(0), scale=0.0), "for"),
    "a small ball around 0": (residual(arb(2, CERTIFIED / 4), arb(2)), "for"),
    "a ball that is too large": (residual(arb(2, 4 * CERTIFIED), arb(2)), "undecided"),
    "that ball at a larger scale": (residual(arb(2, 4 * CERTIFIED), arb(2), scale=9.0), "for"),
    "certainly different": (residual(arb(2), arb(2) + 2.0**-50), "against"),
    "different by less than its radius": (residual(arb(0, 2.0**-100), arb(2.0**-101)), "for"),
    "constants explain it": (residual(arb(2, ULP), arb(2) + 4 * ULP, inexact=True), "for"),
    "constants do not explain it": (residual(arb(2, ULP), arb(2) + 20 * ULP, inexact=True), "against"),
    "constants too coarse": (residual(arb(2, 2 * CONSTANTS), arb(2), inexact=True), "undecided"),
    "not finite": (residual(arb("nan"), arb(2)), "undecided"),
    "infinite": (residual(arb(2), arb("inf")), "undecided"),
    "between the slopes of a kink": (residual(arb("0.5"), arb(0), arb(1)), "for"),
    "on a slope of a kink": (residual(arb(1), arb(0), arb(1)), "for"),
    "below the slopes of a kink": (residual(arb(-1), arb(0), arb(1)), "against"),
    "above the slopes of a kink": (residual(arb(3) / 2, arb(0), arb(1)), "against"),
}


@pytest.mark.parametrize(("found", "stance"), [pytest.param(*row, id=name) for name, row in STANCES.items()])
def test_a_residual_takes_the_wrong_side(found: Residual, stance: str) -> None:
    assert found.stance == stance


def test_the_bound_of_a_residual_that_is_not_finite_is_infinite() -> None:
    assert residual(arb("nan"), arb(1)).bound == np.inf
    shown = one_entry("x", (0,), residual(arb("nan"), arb("nan")))
    assert np.isnan(shown.claimed)
    assert np.isnan(shown.true)
    assert shown.discrepancy == np.inf


def test_one_wrong_entry_outweighs_many_right_ones() -> None:
    right, open_, wrong = residual(arb(1), arb(1)), residual(arb(1, 0.5), arb(1)), residual(arb(1), arb(2))
    finding = summary("x", {(0,): right, (1,): wrong, (2,): right, (3,): open_})
    assert (finding.stance, finding.entry, finding.detail) == ("against", (1,), "1 of 4 entries")
    assert summary("x", {(0,): right, (1,): open_}).stance == "undecided"
    assert summary("x", {(0,): right, (1,): right}).detail == "all 2 entries"
    assert summary("x", {}).detail == "no entries"


def test_the_entry_that_is_shown_is_the_worst() -> None:
    finding = summary("x", {(0,): residual(arb(1), arb(2)), (1,): residual(arb(1), arb(9))})
    assert finding.entry == (1,)
    assert (finding.claimed, finding.true, finding.discrepancy) == (1.0, 9.0, 8.0)


def test_entries_at_a_kink_are_counted() -> None:
    finding = summary("x", {(0,): residual(arb(0), arb(0), arb(1)), (1,): residual(arb(1), arb(1))})
    assert "1 at a kink" in finding.detail
