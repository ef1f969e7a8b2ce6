"""How many digits the reference library keeps: ``python -m tests.benchmarks.digits [MODULE ...] [--points N]``.

Each case of reference/, or of the modules named, at its own points and at N more that Hypothesis draws (20), float64
and float32: the worst error of forward and gradient in condition-weighted ULPs, beside the budget.  What is beyond it
is shown with its point, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

import reference
from gradcheck import searching
from gradcheck.cases import Case, collect
from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.oracles import accuracy
from gradcheck.oracles.exact import Exact
from gradcheck.problems import MissingData, Problem
from gradcheck.results import Accuracy

# Small shapes: a point takes milliseconds.
SMALL = dict(longest=4, entries=12)


@dataclass
class Digits:
    """The worst that was met of each question, and where; `problems` counts those that were measured."""

    case: Case
    problems: int = 0
    worst: dict[str, tuple[Accuracy, str]] = field(default_factory=dict)
    raised: str = ""

    def __call__(self, problem: Problem) -> bool:
        """Measure a problem; it never fails, so that the search goes on."""
        try:
            found = accuracy.measure(problem, Exact().claims(problem).first)
        except (NotLiftable, TooLarge) as error:
            raise searching.Refused(str(error)) from error
        self.problems += 1
        for question, one in found.items():
            if question not in self.worst or share(one) > share(self.worst[question][0]):
                self.worst[question] = one, searching.in_words(self.case, problem.point)
        return False

    @property
    def beyond(self) -> list[str]:
        """What is beyond the budget, or could not be measured, in words."""
        return [f"    raises at {self.raised}"] * bool(self.raised) + [
            f"    {question} {one.worst:.3g} of {one.budget:g} at {one.argument}{list(one.entry or ())}: {point}"
            for question, (one, point) in self.worst.items()
            if share(one) > 1
        ]

    def __str__(self) -> str:
        forward, gradient = (f"{self.worst[q][0].worst:9.3g}" if self.worst else "" for q in ("forward", "gradient"))
        return f"{self.case.name:60} {self.problems:4} {forward:>9} {gradient:>9} {self.case.rule.accuracy:7g}"


def share(one: Accuracy) -> float:
    """The part of the budget that an error takes."""
    return one.worst / one.budget


def measured(case: Case, points: int) -> Digits:
    """A case at its own points and at drawn ones."""
    digits = Digits(case)
    for point in case.points():
        try:
            searching.fails_at(case, point, 0, digits)
        except searching.Refused:
            continue
    # Worked examples compute as their texts do, with constants in float64.
    dtypes = ("float64",) if case.name.startswith("reference.worked.") else ("float64", "float32")
    found = searching.search(case, points, judge=digits, dtypes=dtypes, **SMALL)
    if found.smallest is not None:
        digits.raised = searching.in_words(case, found.smallest)
    return digits


def cases(modules: list[str]) -> Iterator[Case]:
    """The cases of modules, or of the whole library; a form that is refuted has no digits to keep."""
    every = [m.name for m in pkgutil.walk_packages(reference.__path__, "reference.") if "__main__" not in m.name]
    for module in modules or every:
        for case in collect(importlib.import_module(module)):
            if isinstance(case, Case) and not case.rule.refuted:
                yield case


def main() -> int:
    """Print a line for each case, and what is beyond its budget."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("modules", nargs="*", help="default: all of reference/")
    parser.add_argument("--points", type=int, default=20)
    asked = parser.parse_args()
    print(f"{'case':60} {'pts':>4} {'forward':>9} {'gradient':>9} {'budget':>7}")
    failed = 0
    with np.errstate(all="ignore"):
        for case in cases(asked.modules):
            try:
                digits = measured(case, asked.points)
            except MissingData as missing:
                print(f"{case.name:60} {missing}")
                continue
            print("\n".join([str(digits), *digits.beyond]), flush=True)
            failed += bool(digits.beyond)
    print(f"{failed} cases beyond their budget")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
