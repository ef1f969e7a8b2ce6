"""Faults planted in every pullback of the targets, each put before the checks."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.cases import Case
from gradcheck.domains import Choice, seed_of
from gradcheck.faults.answers import Wrapper
from gradcheck.faults.edits import Edit, Unreached, edited, edits
from gradcheck.faults.equivalence import at_kinks_only, proved_same
from gradcheck.faults.fates import Fate
from gradcheck.faults.planting import answer_of, declared_like, wrapped
from gradcheck.faults.trials import Subject, args_of, differs, evaluated, misbehaves, seen_elsewhere, tried
from gradcheck.faults.wrappers import WRAPPERS
from gradcheck.problems import MissingData, Problem
from gradcheck.rules import Rule
from gradcheck.run.targets import Found

# How many other seeds are asked before an edit is said to be no mistake.
SEEDS = 2
SUBGRADIENT = "another subgradient at a kink"


@dataclass(frozen=True)
class Plan:
    """What to plant: all faults, or so many of each rule; and edits that somebody read and found to be no mistakes."""

    seed: int = 0
    share: int | None = None
    reviewed: Mapping[str, str] | None = None


def study(cases: Sequence[Case], plan: Plan) -> list[Fate]:
    """The fates of the faults of one rule, whose cases these are."""
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
    dy: Any = tuple(d.copy() for d in problem.dy)
    answer = answer_of(problem.rule, args_of(problem.args), problem.params, dy[0] if problem.single else dy)
    if wrapper.shows == "contract":
        found = wrapper.change(answer_of(problem.rule, args_of(problem.args), problem.params, answer_dy(problem)), k)
        if found is None:
            return False
        if any(c is None for c in found):
            return True
        return misbehaves(problem.rule, wrong, problem)
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
    if any(p is None for p in points):
        return None
    helper = edit.function.__qualname__ != subjects[0].case.rule.function.__qualname__
    fate = Fate(subjects[0].case.name, edit.name, "edit", "survived", helper=helper)
    order = sorted(zip(subjects, points, strict=True), key=lambda pair: not pair[1])
    if helper and not any(points) and edit.key in _equal:
        return replace(fate, outcome="silent")
    trials = []
    for subject, names in order:
        trials.append(tried(subject, wrong, names or []))
        if trials[-1].by is not None:
            return replace(fate, case=subject.case.name, outcome="caught", by=trials[-1].by or "", why=trials[-1].why)
    fate = replace(fate, case=order[0][0].case.name)
    if not any(points) and not is_reached(subjects, edit):
        return replace(fate, outcome="unreached")
    witness = told_apart(subjects, wrong)
    if witness:
        return replace(fate, why=witness)
    kinks = [t for t in trials if t.problems]
    why = reviewed(edit, plan) or proved_same(subjects, wrong)
    if kinks and all(map(at_kinks_only, kinks)):
        why = SUBGRADIENT
    if why:
        _equal.add(edit.key)
        return replace(fate, outcome="equivalent", why=why)
    return fate if any(points) else replace(fate, outcome="silent")


def told_apart(subjects: Sequence[Subject], wrong: Rule) -> str:
    """Where points beside those of the cases show that an edit is a mistake; empty where none does.

    They are those of other seeds, and other combinations of parameters than the cases take in turn.
    """
    for subject in subjects:
        for other, what in (*other_seeds(subject), *other_combinations(subject)):
            points = changed_points(other, wrong)
            if points is None or (points and tried(other, wrong, points).by is not None):
                return f"seen with {what} only, in {other.case.name}"
    return ""


def other_seeds(subject: Subject) -> Iterator[tuple[Subject, str]]:
    """The case at points of other seeds."""
    for seed in range(subject.seed + 1, subject.seed + 1 + SEEDS):
        yield Subject(subject.case, seed), f"seed {seed}"


def other_combinations(subject: Subject) -> Iterator[tuple[Subject, str]]:
    """The case with the choices of one parameter moved on, where the right rule has nothing against it.

    Choices are taken in turn: those of two parameters meet in some combinations only.
    """
    rule, label = subject.case.rule, subject.case.label
    several = [k for k, s in rule.domains[label].items() if isinstance(s, Choice) and len(s.options) > 1]
    for key in several[1:]:
        choices = rule.domains[label][key]
        assert isinstance(choices, Choice)
        turned = Choice((*choices.options[1:], choices.options[0]))
        like = declared_like(rule, rule.function)
        like.domains = {**rule.domains, label: {**rule.domains[label], key: turned}}
        other = Subject(Case(like, label), subject.seed)
        try:
            possible = tried(other, like, other.points).by is None
        except Exception:  # parameters that do not go together
            continue
        if possible:
            yield other, f"other combinations of {key}"


def reviewed(edit: Edit, plan: Plan) -> str:
    """Why somebody who read an edit found it to be no mistake."""
    return (plan.reviewed or {}).get(edit.key, "")


def changed_points(subject: Subject, wrong: Rule) -> list[str] | None:
    """The points at which an edit changes the answer of the pullback; None where it changes the forward."""
    names = []
    for right in subject.problems:
        try:
            with np.errstate(all="ignore"):
                y, _ = wrong(*args_of(right.args), **right.params)
        except Exception:
            return None
        ys = (y,) if right.single else y
        if not isinstance(ys, tuple) or differs(ys, right.y, 0.0):
            return None
        try:
            claimed = evaluated(wrong, right.point, subject).claimed
        except Exception:
            names.append(right.point.name)
            continue
        if differs(claimed, right.claimed, 0.0):
            names.append(right.point.name)
    return names


def is_reached(subjects: Sequence[Subject], edit: Edit) -> bool:
    """Whether a point of the rule comes to the place of an edit: whether a bomb there goes off."""
    if edit.bomb is None:
        return True
    bombed = edited(subjects[0].case.rule, edit, edit.bomb)
    for subject in subjects:
        for problem in subject.problems:
            try:
                evaluated(bombed, problem.point, subject)
            except Unreached:
                return True
            except Exception:
                return True
    return False


# Several processes.


def run(found: Sequence[Found], plan: Plan, jobs: int) -> Iterator[list[Fate]]:
    """The fates of each rule's faults, as they become known."""
    import concurrent.futures
    import multiprocessing

    groups = by_rule(found)
    if jobs <= 1:
        yield from (study(cases, plan) for cases in groups.values())
        return
    targets = tuple(dict.fromkeys(f.target for f in found))
    chosen = {name: [c.label for c in cases] for name, cases in groups.items()}
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, context, start_worker, (targets, chosen, plan)) as pool:
        futures = [pool.submit(study_named, name) for name in groups]
        try:
            for future in concurrent.futures.as_completed(futures):
                yield future.result()
        except (KeyboardInterrupt, GeneratorExit):
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def by_rule(found: Sequence[Found]) -> dict[str, list[Case]]:
    """Cases by the name of their rule."""
    groups: dict[str, list[Case]] = {}
    for f in found:
        if isinstance(f.item, Case):
            groups.setdefault(f.item.rule.name, []).append(f.item)
    return groups


# Edits of helpers that were found to be no mistakes in this process: what changes nothing needs no further proof.
_equal: set[str] = set()

# What a worker process knows, set when it starts.
_groups: dict[str, list[Case]] = {}
_plan = Plan()


def start_worker(targets: tuple[str, ...], chosen: dict[str, list[str]], plan: Plan) -> None:
    """Load the targets in a fresh process.  The parent alone answers an interrupt."""
    global _plan
    from gradcheck.run.targets import find

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _plan = plan
    for name, cases in by_rule(find(targets)).items():
        if name in chosen:
            _groups[name] = [c for c in cases if c.label in chosen[name]]


def study_named(name: str) -> list[Fate]:
    """The fates of one rule's faults, in a worker process."""
    return study(_groups[name], _plan)
