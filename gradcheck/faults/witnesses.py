"""Where an edit shows: at the points of a case, at points beside those, or nowhere because no point comes to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.cases import Case
from gradcheck.domains import Choice
from gradcheck.faults.edits import Edit, edited
from gradcheck.faults.trials import ROUNDING, SECONDS, Subject, args_of, differs, evaluated, tried
from gradcheck.rules import Rule
from gradcheck.settings import OutOfTime, time_limit

# How many other seeds are asked before an edit is said to be no mistake.
SEEDS = 2


def changed_points(subject: Subject, wrong: Rule, rounding: float = 0.0) -> list[str] | None:
    """The points at which an edit changes the answer of the pullback; None where it changes the forward by more than `rounding`."""
    names = []
    for right in subject.problems:
        try:
            with np.errstate(all="ignore"), time_limit(SECONDS):
                y, _ = wrong(*args_of(right.args), **right.params)
        except (Exception, OutOfTime):
            return None
        ys = (y,) if right.single else y
        if not isinstance(ys, tuple) or differs(ys, right.y, rounding):
            return None
        try:
            claimed = evaluated(wrong, right.point, subject).claimed
        except (Exception, OutOfTime):
            names.append(right.point.name)
            continue
        if differs(claimed, right.claimed, 0.0):
            names.append(right.point.name)
    return names


def told_apart(subjects: Sequence[Subject], wrong: Rule) -> str:
    """Where points beside those of the cases show that an edit is a mistake; empty where none does.

    They are those of other seeds, and other combinations of parameters than the cases take in turn.
    """
    for subject in subjects:
        if subject.beside is None:
            subject.beside = [*other_seeds(subject), *other_combinations(subject)]
        for other, what in subject.beside:
            # A forward that is rounded in another way is no other forward.
            points = changed_points(other, wrong, ROUNDING)
            if points is None or (points and only_against(wrong, other, points)):
                return f"seen with {what} only, in {other.case.name}"
    return ""


def only_against(wrong: Rule, subject: Subject, points: Sequence[str]) -> bool:
    """Whether the checks see a mistake at these points, and have nothing against the right rule there."""
    # By the slopes of its own forward, which an edit of a helper may round in another way.
    own = Subject(Case(wrong, subject.case.label), subject.seed)
    return tried(own, wrong, points).by is not None and tried(subject, subject.case.rule, points).by is None


def other_seeds(subject: Subject) -> Iterator[tuple[Subject, str]]:
    """The case at points of other seeds."""
    for seed in range(subject.seed + 1, subject.seed + 1 + SEEDS):
        yield Subject(subject.case, seed), f"seed {seed}"


def other_combinations(subject: Subject) -> Iterator[tuple[Subject, str]]:
    """The case with the choices of one parameter moved on, where these go together.

    Choices are taken in turn: those of two parameters meet in some combinations only.
    """
    rule, label = subject.case.rule, subject.case.label
    several = [k for k, s in rule.domains[label].items() if isinstance(s, Choice) and len(s.options) > 1]
    for key in several[1:]:
        choices = rule.domains[label][key]
        assert isinstance(choices, Choice)
        turned = Choice((*choices.options[1:], choices.options[0]))
        like = rule.but(domains={**rule.domains, label: {**rule.domains[label], key: turned}})
        other = Subject(Case(like, label), subject.seed)
        with contextlib.suppress(Exception):  # parameters that do not go together
            if other.problems:
                yield other, f"other combinations of {key}"


def is_reached(subjects: Sequence[Subject], edit: Edit) -> bool:
    """Whether a point of the rule comes to the place of an edit: whether a bomb there goes off."""
    if edit.bomb is None:
        return True
    bombed = edited(subjects[0].case.rule, edit, edit.bomb)
    for subject in subjects:
        for problem in subject.problems:
            try:
                evaluated(bombed, problem.point, subject)
            except (Exception, OutOfTime):
                return True
    return False
