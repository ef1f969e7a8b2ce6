"""Every case of the reference library at points that Hypothesis draws: shapes, axes, broadcasts, parameters, precisions.

``python -m tests.benchmarks.drawn_points [--seed N] [NAME ...]`` prints the cases that fail at one of 100 points, with
the smallest.
"""

import argparse
import importlib
import pkgutil
import sys

import numpy as np

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


def judged(case, seed, points):
    """What a search among the points of a case found, and how many of them anybody judged."""
    judge = Judged()
    with np.errstate(all="ignore"):
        found = searching.search(case, points, seed=seed, judge=judge, dtypes=precisions(case), **SMALL)
    return found, judge.exact + judge.differences


def trouble(case, seed=0, points=POINTS):
    """What is wrong with a case, in words; empty where nothing is.  Raises MissingData."""
    case.point("random", 0)
    found, decided = judged(case, seed, points)
    if found.smallest is not None:
        return str(found)
    if found.tried < 0.9 * points or decided < found.tried / 2:
        return f"{found.tried} points of {points} were accepted, {decided} judged"
    return ""


def main():
    """Print the cases that fail; 1 where there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of cases; default: all")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    names = asked.names
    chosen = [c for name, c in CASES.items() if not names or any(n in name for n in names)]
    failed = 0
    for case in chosen:
        try:
            text = trouble(case, asked.seed)
        except MissingData as missing:
            text = str(missing)
        if text:
            failed += 1
            print(f"{case.name}: {text}", flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} cases hold at {POINTS} drawn points")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
