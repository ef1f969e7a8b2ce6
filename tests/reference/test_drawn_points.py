"""Every case of the reference library at points that Hypothesis draws: shapes, axes, broadcasts, parameters, precisions."""

from collections.abc import Iterator

import coverage
import numpy as np
import pytest

from gradcheck.cases import Case
from gradcheck.domains import choice, real
from gradcheck.problems import MissingData
from gradcheck.rules import rule
from tests.benchmarks.drawn_points import CASES, trouble


@pytest.fixture
def untraced() -> Iterator[None]:
    """Coverage would triple the time, and learn nothing: other tests reach all this."""
    tracer = coverage.Coverage.current()
    if tracer:
        tracer.stop()
    yield
    if tracer:
        tracer.start()


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name.removeprefix("reference."))
def test_a_rule_is_wrong_at_a_point_that_nobody_chose(case):
    try:
        assert not trouble(case)
    except MissingData as missing:
        pytest.skip(str(missing))


@rule(domain=dict(x=real("n k"), axis=choice(0, 1)))
def summed(x, *, axis):
    """Sums along an axis, pulled back along the first where x is square."""

    def pullback(dy):
        across = 0 if x.shape[0] == x.shape[1] else axis
        return np.broadcast_to(np.expand_dims(dy, across), x.shape).copy()

    return x.sum(axis), pullback


@rule(domain=dict(x=real("n")))
def doubled(x):
    """2 x, pulled back in double precision."""
    return 2 * x, lambda dy: 2.0 * dy.astype(float)


@rule(domain=dict(x=real("n")))
def cubed(x):
    """x³, as it is for x below 2."""
    return x**3, lambda dy: dy * np.where(x < 2, 3 * x**2, 3 * x)


@rule(domain=dict(x=real("n")))
def picky(x):
    """x² of a single number."""
    if x.tolist() != [2.5]:
        raise ValueError("not this one")
    return x**2, lambda dy: 2 * x * dy


WRONG = {
    "a square matrix only": (summed, 100, "fails at one of"),
    "float32 only": (doubled, 100, "fails at one of"),
    "a region only": (cubed, 100, "fails at one of"),
    "points that are refused": (picky, 10, "were accepted"),
}


@pytest.mark.parametrize(("wrong", "points", "says"), WRONG.values(), ids=WRONG)
def test_a_rule_that_is_wrong_somewhere_or_was_not_looked_at_passes(wrong, points, says):
    assert says in trouble(Case(wrong), points=points)
