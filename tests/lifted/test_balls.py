"""Balls: what is exact, what is a rounded constant, and comparisons that no ball may decide silently."""

from typing import Any

import numpy as np
import pytest

from gradcheck.lifted.array import NotLiftable
from gradcheck.lifted.balls import Balls, Exact, ExactComplex, NeedPrecision, dyadic, midpoints, precision, radii


def test_the_working_precision_is_given_back() -> None:
    import flint

    before = flint.ctx.prec
    with pytest.raises(KeyError), precision(777):
        {}["nothing"]
    with precision(777):
        assert flint.ctx.prec == 777
    assert flint.ctx.prec == before


@pytest.mark.parametrize("value", [0.0, 1.0, -3.5, 1e15, 2.0**-20, 1e300, np.inf], ids=str)
def test_short_dyadic_numbers_of_the_code_are_exact(value: float) -> None:
    assert dyadic(np.array(value))
    system = Balls()
    assert radii(system.constant(value).value) == 0.0 or np.isinf(value)
    assert not system.inexact_constants


@pytest.mark.parametrize("value", [0.1, 1 / 3, np.log(10), 1e-3, -0.044715, 2.0**-30], ids=str)
def test_other_floats_of_the_code_are_balls_of_one_ulp(value: float) -> None:
    from flint import arb

    assert not dyadic(np.array(value))
    system = Balls()
    ball = system.constant(value).value[()]
    assert float(ball.rad()) == pytest.approx(np.spacing(abs(value)))
    assert system.inexact_constants
    assert ball.contains(arb(value))


@pytest.mark.parametrize("value", [3, True, np.int32(-7), np.array([1, 2])], ids=repr)
def test_integers_are_exact(value: Any) -> None:
    system = Balls()
    assert not radii(system.constant(value).value).any()
    assert not system.inexact_constants


def test_parameters_and_arguments_are_taken_at_their_word() -> None:
    system = Balls()
    assert radii(system.constant(Exact(0.1)).value) == 0.0
    assert radii(system.exact(np.array([0.1, 1e-30])).value).max() == 0.0
    assert not system.inexact_constants


def test_float32_arguments_keep_their_dtype() -> None:
    assert Balls().exact(np.ones(2, np.float32)).dtype == np.float32


def test_a_complex_constant_is_as_rounded_as_its_parts() -> None:
    system = Balls()
    third = system.constant(np.array([0.5 + 1j / 3])).value[0]
    assert (float(third.real.rad()), float(third.imag.rad()) > 0.0) == (0.0, True)
    assert system.inexact_constants


def test_a_complex_parameter_is_taken_at_its_word() -> None:
    system = Balls()
    assert complex(system.constant(ExactComplex(0.1 + 0.3j)).value[()]) == 0.1 + 0.3j
    assert not system.inexact_constants


def test_complex64_arguments_keep_their_dtype() -> None:
    assert Balls().exact(np.ones(2, np.complex64)).dtype == np.complex64


def test_object_arrays_are_not_taken_for_exact_numbers() -> None:
    with pytest.raises(NotLiftable, match="arrays of floats"):
        Balls().constant(np.array([1.0, None]))


def overlapping(system: Balls) -> Any:
    """sqrt(2)² and 2: equal, which no precision decides."""
    root = np.sqrt(system.exact(np.array(2.0)))
    return root * root, system.exact(np.array(2.0))


@pytest.mark.parametrize("compare", [np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal])
def test_a_comparison_that_balls_cannot_decide_asks_for_precision(compare: np.ufunc) -> None:
    with pytest.raises(NeedPrecision, match="overlap"):
        compare(*overlapping(Balls()))


@pytest.mark.parametrize(
    ("compare", "says"),
    [
        (np.less, False),
        (np.less_equal, True),
        (np.greater, False),
        (np.greater_equal, True),
        (np.equal, True),
        (np.not_equal, False),
    ],
    ids=lambda v: getattr(v, "__name__", str(v)),
)
def test_at_the_last_precision_an_undecidable_comparison_is_a_tie(compare: np.ufunc, says: bool) -> None:
    assert compare(*overlapping(Balls(final=True))) == says


def test_exactly_equal_numbers_need_no_precision() -> None:
    system = Balls()
    x = system.exact(np.array([0.1, 0.2]))
    assert (x >= x.copy()).all()


def test_the_same_ball_is_equal_to_itself() -> None:
    root = np.sqrt(Balls().exact(np.array(2.0)))
    assert root == root


@pytest.mark.parametrize(("side", "slope"), [(-1.0, 0.0), (1.0, 1.0)])
def test_a_tie_comes_out_as_the_direction_says(side: float, slope: float) -> None:
    system = Balls(tangents=True)
    found = np.maximum(system.exact(np.array(0.0), np.array(side)), 0)
    assert midpoints(found.companion) == slope
    assert system.ties == 1


def test_equal_numbers_with_equal_tangents_are_no_tie() -> None:
    system = Balls(tangents=True)
    x = system.exact(np.array([1.0, 1.0]), np.array([2.0, 2.0]))
    assert midpoints(np.max(x).companion) == 2.0
    assert system.ties == 0


def test_arguments_that_do_not_move_cost_nothing() -> None:
    counts = []
    for tangent in (np.zeros(8), np.ones(8)):
        system = Balls(tangents=True)
        np.exp(system.exact(np.ones(8), tangent))
        counts.append(system.operations)
    assert counts == [8, 24]


def test_the_size_of_a_number_that_is_not_finite_has_no_radius() -> None:
    assert np.isinf(radii(Balls().exact(np.array([np.nan])).value)).all()
    assert not Balls().finite(Balls().exact(np.array(np.inf)))


def test_a_ball_that_is_no_number_for_lack_of_bits_is_taken_for_nan() -> None:
    def root(x: Any) -> Any:
        return np.sqrt(x * 0.1 - 0.1)

    with pytest.raises(NeedPrecision, match="perhaps for lack of bits"):
        np.isnan(root(Balls().exact(np.array(1.0))))
    assert np.isnan(root(Balls(final=True).exact(np.array(0.5))))


def test_a_comparison_with_nan_is_true() -> None:
    x = Balls().exact(np.array([np.nan, 1.0]))
    for holds in (x > 0, x < 2, x == x.copy(), x >= 1):
        np.testing.assert_array_equal(holds, [False, True])
    np.testing.assert_array_equal(x != 1, [True, False])
    np.testing.assert_array_equal(np.isnan(x[::-1]), [False, True])
    assert not x[0] > 0
