"""Special functions: certified, faithful to dtype, and right where the textbook formula loses its digits."""

import numpy as np
import pytest

from gradcheck.cases import Case, collect
from reference import special
from tests.case_checks import assert_certified_at_every_point, assert_float32_stays_and_arguments_are_left_alone

CASES = [c for c in collect(special) if isinstance(c, Case)]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removeprefix("reference.special."))
ELEMENTWISE = [c.rule for c in CASES if c.label == "" and c.rule is not special.betaln]


@every_case
def test_every_pullback_is_certified_at_every_point(case):
    assert_certified_at_every_point(case)


@every_case
def test_float32_becomes_float64_or_arguments_change(case):
    assert_float32_stays_and_arguments_are_left_alone(case)


@pytest.mark.parametrize("rule", ELEMENTWISE, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 1, 2)], ids=str)
def test_a_shape_is_lost(rule, shape):
    x = np.full(shape, 0.25)
    y, pullback = rule(x)
    assert np.shape(y) == shape
    assert np.shape(pullback(np.ones(shape))) == shape


@pytest.mark.parametrize(
    ("rule", "at", "slope"),
    [
        (special.log_ndtr, -1e5, 100000.00000999999),
        (special.ndtri, 1e-300, 2.697304465042612e298),
        (special.erfinv, 0.9999999999, 1068953387.1289288),
        (special.i0e, 700.0, -1.0776206814510638e-05),
        (special.i0e, 0.0, 0.0),
        (special.i1e, 0.0, 0.5),
        (special.i1, 0.0, 0.5),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_slope_in_the_tail_has_few_digits(rule, at, slope):
    _, pullback = rule(np.array(at))
    assert pullback(np.array(1.0)) == pytest.approx(slope, rel=1e-13)
