"""Claims and slopes: as many bits as it takes, constants that are rounded, and kinks between two slopes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.balls import NeedPrecision, midpoints, precision
from gradcheck.lifted.evaluate import BITS, Claims, claim, slope, with_enough_bits

ONE = (np.array(1.0),)


def claim_of(function: Callable[..., Any], x: Any, **options: Any) -> Any:
    x = np.asarray(x, dtype=float)
    dy = (np.ones(np.shape(function(x, **options.get("params", {}))[0])),)
    options.setdefault("params", {})
    return claim(function, (x,), options.pop("params"), dy, single=True, **options)


def slope_of(function: Callable[..., Any], x: float, v: float, **options: Any) -> Any:
    return slope(lambda x: (function(x), None), (np.array(x),), {}, ONE, (np.array(v),), single=True, **options)


def test_a_claim_is_what_the_rules_own_code_says() -> None:
    found = claim_of(lambda x: (np.exp(x), lambda dy: dy * np.exp(x)), [0.0, 1.0])
    np.testing.assert_allclose(midpoints(found.y[0]), np.exp([0.0, 1.0]))
    np.testing.assert_allclose(midpoints(found.cotangents[0]), np.exp([0.0, 1.0]))
    assert found.operations > 0
    assert not found.inexact_constants


@pytest.mark.parametrize(
    ("function", "params", "inexact"),
    [
        (lambda x: (0.1 * x, lambda dy: 0.1 * dy), {}, True),
        (lambda x: (0.5 * x, lambda dy: 0.5 * dy), {}, False),
        (lambda x, *, a: (a * x, lambda dy: a * dy), {"a": 0.1}, False),
        (lambda x, *, a: (a * x, lambda dy: a * dy), {"a": np.float64(0.1)}, False),
        (lambda x, *, a: (a * x, lambda dy: a * dy), {"a": np.array([0.1, 0.7])}, False),
        (lambda x, *, n: (n * x, lambda dy: n * dy), {"n": 3}, False),
        (lambda x, *, m: (x[m], lambda dy: dy[m]), {"m": np.array([1, 0])}, False),
    ],
    ids=["0.1 in the code", "0.5 in the code", "a float", "a NumPy float", "an array", "an integer", "indices"],
)
def test_only_constants_of_the_code_are_rounded(function: Callable[..., Any], params: Any, inexact: bool) -> None:
    assert claim_of(function, [1.0, 2.0], params=params).inexact_constants == inexact


def test_a_cotangent_of_none_counts_as_zero_and_a_bare_one_as_a_tuple() -> None:
    assert not midpoints(claim_of(lambda x: (x, lambda dy: (None,)), 3.0).cotangents[0])
    assert midpoints(claim_of(lambda x: (x, lambda dy: [dy]), 3.0).cotangents[0]) == 1.0


def test_a_shape_that_differs_from_floats_is_not_compared() -> None:
    with pytest.raises(NotLiftable, match=r"shape \(1, 2\) in exact arithmetic, its argument has \(2,\)"):
        claim_of(lambda x: (x, lambda dy: dy[None]), [1.0, 2.0])


def test_a_claim_beyond_its_budget_is_stopped() -> None:
    with pytest.raises(TooLarge, match="more than 10 operations"):
        claim_of(lambda x: (np.exp(x), lambda dy: dy), np.ones(20), budget=10)


def test_several_outputs_have_their_own_cotangents() -> None:
    function = lambda x: ((2 * x, x * x), lambda dy: 2 * dy[0] + 2 * x * dy[1])  # noqa: E731
    dy = (np.array(1.0), np.array(10.0))
    assert midpoints(claim(function, (np.array(3.0),), {}, dy, single=False).cotangents[0]) == 62.0
    found = slope(function, (np.array(3.0),), {}, dy, (np.array(1.0),), single=False)
    assert float(found.total.mid()) == 62.0
    assert len(found.outputs) == 2


def test_bits_are_raised_until_the_result_is_good_enough() -> None:
    seen: list[tuple[int, bool]] = []

    def compute(bits: int, final: bool) -> int:
        seen.append((bits, final))
        if bits < 256:
            raise NeedPrecision("more")
        return bits

    assert with_enough_bits(compute, lambda bits: bits >= 512) == 512
    assert seen == [(128, False), (256, False), (512, False)]


def test_the_last_precision_is_taken_as_it_is() -> None:
    assert with_enough_bits(lambda bits, final: (bits, final), lambda result: False) == (BITS[-1], True)


def test_a_last_precision_that_decides_nothing_is_a_defect() -> None:
    def never(bits: int, final: bool) -> None:
        raise NeedPrecision("more")

    with pytest.raises(AssertionError, match="the last precision decides everything"):
        with_enough_bits(never)


def test_claims_are_evaluated_once_at_each_precision() -> None:
    asked: list[bool] = []

    def compute(final: bool) -> Any:
        asked.append(final)
        return claim_of(lambda x: (x, lambda dy: dy), 1.0)

    claims = Claims(compute)
    claims.at(512, False)
    claims.at(512, False)
    claims.at(128, False)
    assert len(asked) == 2


# f and the slope to the right, where balls of 128 bits cannot decide the comparison.
HARD: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "a difference of 2**-180": (lambda x: np.where(x + 2.0**-180 > x, 3 * x, 5 * x), 1.0, 3.0),
    "a difference of -2**-180": (lambda x: np.where(x - 2.0**-180 > x, 3 * x, 5 * x), 1.0, 5.0),
    "sqrt(2)**2 against a little more": (
        lambda x: np.where(np.sqrt(x) ** 2 < x + 2.0**-200, 3 * x, 5 * x),
        2.0,
        3.0,
    ),
    "exp(log(x)) against a little less": (
        lambda x: np.where(np.exp(np.log(x)) > x - 2.0**-300, 3 * x, 5 * x),
        3.0,
        3.0,
    ),
}


@pytest.mark.parametrize(("function", "x", "right"), [pytest.param(*row, id=name) for name, row in HARD.items()])
def test_a_close_comparison_takes_no_branch_silently(function: Callable[[Any], Any], x: float, right: float) -> None:
    used: list[int] = []

    def compute(bits: int, final: bool) -> Any:
        used.append(bits)
        return slope_of(function, x, 1.0, final=final)

    assert float(with_enough_bits(compute).total.mid()) == right
    assert used[-1] > 128


# Equal numbers whose equality no precision shows: at the last one they are ties.
UNDECIDABLE: dict[str, Callable[[Any], Any]] = {
    "sqrt(x)**2 > x": lambda x: np.where(np.sqrt(x) ** 2 > x, 3 * x, 5 * x),
    "sqrt(x)**2 < x": lambda x: np.where(np.sqrt(x) ** 2 < x, 3 * x, 5 * x),
    "exp(log(x)) >= x": lambda x: np.where(np.exp(np.log(x)) >= x, 3 * x, 5 * x),
}


@pytest.mark.parametrize("function", [pytest.param(f, id=name) for name, f in UNDECIDABLE.items()])
def test_an_undecidable_comparison_is_a_tie_at_the_last_precision_only(function: Callable[[Any], Any]) -> None:
    with precision(BITS[0]), pytest.raises(NeedPrecision):
        slope_of(function, 3.0, 1.0)
    with precision(BITS[-1]):
        assert float(slope_of(function, 3.0, 1.0, final=True).total.mid()) in (3.0, 5.0)
