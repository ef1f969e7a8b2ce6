"""Every case of the reference library at points that Hypothesis draws: shapes, axes, broadcasts, parameters, precisions."""

import importlib
import pkgutil

import numpy as np
import pytest

import reference
from gradcheck import searching
from gradcheck.cases import Case, collect
from gradcheck.oracles.differences import Differences
from gradcheck.problems import MissingData

POINTS = 100
# Of these many points one is judged by differences too: they cost more than all else.
EVERY = 20
# Small shapes: a mistake shows there as well, and a point takes milliseconds.
SMALL = dict(longest=4, entries=12)

MODULES = [m.name for m in pkgutil.walk_packages(reference.__path__, "reference.") if "__main__" not in m.name]
CASES = {
    c.name: c
    for m in MODULES
    for c in collect(importlib.import_module(m))
    if isinstance(c, Case) and not c.rule.refuted
}


class Judged:
    """Judges problems, and counts by whom."""

    def __init__(self):
        self.exact = self.differences = 0

    def __call__(self, problem):
        """Whether contract or formula fail.  Digits are the business of the points that a case has of its own."""
        if "nan where" in problem.rule.__doc__ and any(np.isnan(c).any() for c in problem.claimed):
            raise searching.Refused("a point of which the docstring says that there is no derivative")
        if searching.misbehaves(problem):
            return True
        if not problem.size:
            raise searching.Refused("a point without entries, where contract has all to say")
        certified = searching.right(problem, digits=False)
        found = [] if certified else searching.closely(problem)
        # Not in float32: their bars are too short there at times (rfft at [[-3, 1e-8], [3, 0]]: off by 1.02 bars).
        double = all(a.dtype.itemsize >= 8 and a.dtype != np.complex64 for a in problem.args)
        if certified and double and (self.exact + 1) % EVERY == 0:
            found = list(Differences().examine(problem))
        decisive = {e.oracle for e in found if e.question == "formula" and e.stance == "for"}
        self.exact += certified or "exact" in decisive
        self.differences += "differences" in decisive
        return any(e.stance == "against" and e.question == "formula" for e in found)


def precisions(case):
    """Worked examples compute as their texts do, with constants in float64."""
    return ("float64",) if case.name.startswith("reference.worked.") else ("float64", "float32")


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name.removeprefix("reference."))
def test_a_rule_is_wrong_at_a_point_that_nobody_chose(case):
    try:
        case.point("random", 0)
    except MissingData as missing:
        pytest.skip(str(missing))
    judge = Judged()
    with np.errstate(all="ignore"):
        found = searching.search(case, POINTS, judge=judge, dtypes=precisions(case), **SMALL)
    assert found.smallest is None, str(found)
    assert found.tried >= 0.9 * POINTS
    assert judge.exact + judge.differences >= found.tried / 2, "most points are judged by nobody"
