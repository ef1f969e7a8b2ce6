"""Faults planted in the pullback of a rule, each put before the checks."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.cases import Case
from gradcheck.domains import seed_of
from gradcheck.faults.answers import Wrapper
from gradcheck.faults.edits import Edit, edited, edits
from gradcheck.faults.equivalence import at_kinks_only, proved_same
from gradcheck.faults.fates import Fate
from gradcheck.faults.planting import answer_of, wrapped
from gradcheck.faults.trials import Subject, args_of, differs, misbehaves, seen_elsewhere, tried
from gradcheck.faults.witnesses import changed_points, is_reached, told_apart
from gradcheck.faults.wrappers import WRAPPERS
from gradcheck.problems import MissingData, Problem
from gradcheck.rules import Rule

SUBGRADIENT = "another subgradient at a kink"

# How often each edit of a helper that changes nothing was looked at in this process: after so many rules, one that
# shows it at its points is waited for.
LOOKS = 2
_looks: Counter[str] = Counter()


@dataclass(frozen=True)
class Plan:
    """What to plant: all faults, or so many of each rule; and edits that somebody read and found to be no mistakes.

    packages: those of which every rule is studied; None: all.
    """

    seed: int = 0
    share: int | None = None
    reviewed: Mapping[str, str] | None = None
    packages: Collection[str] | None = None


def study(cases: Sequence[Case], plan: Plan) -> list[Fate]:
    """The fates of the faults of one rule, whose cases these are; none in a form declared to be wrong."""
    if cases[0].rule.refuted:
        return []
    with warnings.catch_warnings():
        # What wrong code warns of is not ours.
        warnings.simplefilter("ignore")
        try:
            subjects = [s for s in (Subject(c, plan.seed) for c in cases) if s.problems]
        except MissingData:
            return []
        unfit = {s.case.name: why for s in subjects if (why := fails(s))}
        subjects = [s for s in subjects if s.case.name not in unfit]
        chosen = sampled(list(faults_of(subjects)), cases[0].rule.name, plan) if subjects else []
        fates = [fate for fault in chosen if (fate := fate_of(subjects, fault, plan)) is not None]
        return [*(Fate(case, "none", "wrapper", "unfit", why=why) for case, why in unfit.items()), *fates]


def fails(subject: Subject) -> str:
    """What is said against a case without any fault: what is caught in it then says nothing."""
    rule = subject.case.rule
    by, why = seen_elsewhere(subject, rule, [])
    return f"{by}: {why}" if by else ""


Fault = tuple[Subject, Wrapper, int] | Edit


def faults_of(subjects: Sequence[Subject]) -> Iterator[Fault]:
    """Every wrapper in every argument of every case, and every edit of the rule."""
    for subject in subjects:
        count = len(subject.problems[0].args)
        for wrapper in WRAPPERS:
            yield from ((subject, wrapper, k) for k in range(count if wrapper.each else 1))
    yield from edits(subjects[0].case.rule)


def sampled(faults: list[Fault], name: str, plan: Plan) -> list[Fault]:
    """So many of the faults, chosen by the seed and the name of the rule."""
    if plan.share is None or plan.share >= len(faults):
        return faults
    rng = np.random.default_rng(seed_of(f"{name}/faults", plan.seed))
    return [faults[i] for i in sorted(rng.choice(len(faults), plan.share, replace=False))]


def fate_of(subjects: Sequence[Subject], fault: Fault, plan: Plan) -> Fate | None:
    """What became of a fault; None where it is none: it does not apply, or changes the forward too."""
    return fate_of_edit(subjects, fault, plan) if isinstance(fault, Edit) else fate_of_wrapper(*fault)


# Wrappers.


def fate_of_wrapper(subject: Subject, wrapper: Wrapper, k: int) -> Fate | None:
    """A wrapper counts where it changes an answer; one that costs digits, where that is beyond the budget."""
    wrong = wrapped(subject.case.rule, wrapper, k)
    points = [p.point.name for p in subject.problems if shows(wrapper, k, wrong, p)]
    if not points:
        return None
    name = f"{wrapper.name} (d{subject.problems[0].names[k]})" if wrapper.each else wrapper.name
    trial = tried(subject, wrong, points)
    fate = Fate(subject.case.name, name, "wrapper", "caught", trial.by or "", trial.why)
    if trial.by is not None:
        return fate
    if wrapper.shows == "accuracy" and all("accuracy" in p.extras for p in trial.problems):
        return None
    if wrapper.shows == "formula" and at_kinks_only(trial):
        return replace(fate, outcome="equivalent", why=SUBGRADIENT)
    return replace(fate, outcome="survived", why=f"at {', '.join(points)}")


def shows(wrapper: Wrapper, k: int, wrong: Rule, problem: Problem) -> bool:
    """Whether a mistake changes anything at a point: numbers beyond rounding, last digits, or behaviour."""
    answer = answer_of(problem.rule, args_of(problem.args), problem.params, answer_dy(problem))
    if wrapper.shows == "contract":
        found = wrapper.change(answer, k)
        return found is not None and (any(c is None for c in found) or misbehaves(problem.rule, wrong, problem))
    found = wrapper.wrong(answer, k)
    return found is not None and (wrapper.shows == "accuracy" or differs(found, answer.cotangents))


def answer_dy(problem: Problem) -> Any:
    """Copies of the cotangents, as a pullback takes them."""
    dy = tuple(d.copy() for d in problem.dy)
    return dy[0] if problem.single else dy


# Edits.


def fate_of_edit(subjects: Sequence[Subject], edit: Edit, plan: Plan) -> Fate | None:
    """An edit counts where it leaves the forward alone; it is caught where one case of the rule sees it."""
    wrong = edited(subjects[0].case.rule, edit)
    points = [changed_points(s, wrong) for s in subjects]
    helper = edit.function.__qualname__ != subjects[0].case.rule.function.__qualname__
    fate = Fate(subjects[0].case.name, edit.name, "edit", "survived", helper=helper)
    if any(p is None for p in points):
        return replace(fate, outcome="forward") if helper else None
    order = sorted(zip(subjects, points, strict=True), key=lambda pair: not pair[1])
    if helper and not any(points):
        if _looks[edit.name] >= LOOKS:
            return replace(fate, outcome="silent")
        _looks[edit.name] += 1
    trials = []
    for subject, names in order:
        trials.append(tried(subject, wrong, names or []))
        if trials[-1].by is not None:
            return replace(fate, case=subject.case.name, outcome="caught", by=trials[-1].by or "", why=trials[-1].why)
    fate = replace(fate, case=order[0][0].case.name)
    if not any(points) and not is_reached(subjects, edit):
        why = reviewed(edit, plan)
        return replace(fate, outcome="equivalent" if why else "unreached", why=why)
    witness = told_apart(subjects, wrong)
    if witness:
        return replace(fate, why=witness)
    kinks = [t for t in trials if t.problems]
    why = reviewed(edit, plan) or proved_same(subjects, wrong)
    if kinks and all(map(at_kinks_only, kinks)):
        why = SUBGRADIENT
    if why:
        _looks[edit.name] = LOOKS
        return replace(fate, outcome="equivalent", why=why)
    return fate if any(points) else replace(fate, outcome="silent")


def reviewed(edit: Edit, plan: Plan) -> str:
    """Why somebody who read an edit found it to be no mistake."""
    return (plan.reviewed or {}).get(edit.key, "")
