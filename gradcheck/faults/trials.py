"""One rule with a fault, put before the checks: who sees it first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from gradcheck import contract, gathering, oracles
from gradcheck.cases import Case
from gradcheck.contract import ContractError
from gradcheck.problems import Problem
from gradcheck.results import Evidence, Point, verdict
from gradcheck.rules import Rule
from gradcheck.settings import OutOfTime, Settings, time_limit

# Who is asked: the cheap ones first, the next only where nobody has seen the fault.
STAGES: tuple[tuple[str, ...], ...] = (("exact",), ("differences", "symbolic"), ("jax",))
# An emergency stop of a rule that is called: a fault may make it run for ever.  Oracles have budgets of their own.
SECONDS = 20.0
# Answers that differ by less than this, relative, differ by rounding; entries below FLOOR of the largest are as large.
ROUNDING, FLOOR = 1e-9, 1e-6


@dataclass
class Subject:
    """A right case, evaluated at all its points."""

    case: Case
    seed: int = 0
    baseline: dict[str, tuple[Evidence, ...]] = field(default_factory=dict)
    slopes: dict[str, dict[Any, Any]] = field(default_factory=dict)
    # The case at other points, and what is other there: found once for all edits.
    beside: list[tuple[Subject, str]] | None = None

    @property
    def points(self) -> list[str]:
        """The names of all its points."""
        return [p.point.name for p in self.problems]

    @cached_property
    def settings(self) -> Settings:
        return Settings("all", self.seed)

    @cached_property
    def problems(self) -> list[Problem]:
        """The right rule at the points of the case."""
        return [evaluated(self.case.rule, p, self) for p in self.case.points(self.seed)]

    def evidence(self, point: str) -> tuple[Evidence, ...]:
        """What is said of the right rule at a point, without jax."""
        if point not in self.baseline:
            problem = next(p for p in self.problems if p.point.name == point)
            asked = [o for stage in STAGES[:2] for o in oracles.select(stage)]
            self.baseline[point] = tuple(gathering.examine(replace(problem, extras={}), asked))
        return self.baseline[point]


@dataclass
class Trial:
    """What became of one fault: who saw it, or nobody; with the evidence and the problems."""

    by: str | None = None
    why: str = ""
    evidence: list[Evidence] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def evaluated(rule: Rule, point: Point, subject: Subject) -> Problem:
    """The rule at a point, as a check evaluates it; the forward is that of the right rule, and so are its slopes."""
    with time_limit(SECONDS):
        problem = gathering.evaluate(rule, point, Case(rule, subject.case.label), subject.settings)
    problem.slopes = subject.slopes.setdefault(point.name, problem.slopes)
    return problem


def tried(subject: Subject, rule: Rule, points: Sequence[str]) -> Trial:
    """Put a faulty rule before the checks, at the points of these names, where it shows; then everywhere."""
    trial = Trial()
    trial.by, trial.why = seen(subject, rule, points, trial)
    if trial.by is None:
        trial.by, trial.why = seen_elsewhere(subject, rule, points)
    if trial.by is None and not sufficient(subject, trial):
        trial.by = "inconclusive"
    return trial


def seen(
    subject: Subject,
    rule: Rule,
    points: Sequence[str],
    trial: Trial,
    stages: Sequence[Sequence[str]] = STAGES,
) -> tuple[str | None, str]:
    """Who speaks against the rule first, and what is said; None where nobody does."""
    waiting = [p.point for p in subject.problems if p.point.name in points]
    for stage in stages:
        for i, point in enumerate(waiting):
            try:
                if stage is stages[0]:
                    trial.problems.append(evaluated(rule, point, subject))
                against = first_against(rule, stage, trial.problems[i], trial)
            except ContractError as error:
                return "contract", str(error)
            except (Exception, SystemExit, OutOfTime) as error:
                return "raises", f"{type(error).__name__}: {error}"
            if against is not None:
                return voice(against), against.detail or against.where
            # A point beside this one at which symbols say that the formula is wrong.
            beside = trial.problems[i].extras.pop("counterexample", None)
            if beside is not None:
                found = seen(replace_points(subject, beside), rule, [beside.name], Trial())
                if found[0]:
                    return found
    return None, ""


def seen_elsewhere(subject: Subject, rule: Rule, points: Sequence[str]) -> tuple[str | None, str]:
    """Who speaks against a rule where its answers are the right ones: in float32, at the edges of the domain, exactly."""
    others = [name for name in subject.points if name not in points]
    case = Case(rule, subject.case.label)
    try:
        with time_limit(SECONDS):
            found = next((e for e in contract.examine_case(case, subject.seed) if not isinstance(e, str)), None)
    except (Exception, OutOfTime) as error:
        return "raises", f"{type(error).__name__}: {error}"
    if found is not None:
        return "contract", found.detail
    return seen(subject, rule, others, Trial(), STAGES[:1])


def replace_points(subject: Subject, point: Point) -> Subject:
    """The same case at one other point."""
    other = Subject(subject.case, subject.seed)
    other.__dict__["problems"] = [evaluated(subject.case.rule, point, subject)]
    return other


def first_against(rule: Rule, stage: Sequence[str], problem: Problem, trial: Trial) -> Evidence | None:
    """The first evidence against at a point; oracles known to be wrong of this rule are not heard."""
    names = [name for name in stage if name not in rule.known_wrong]
    for e in gathering.examine(problem, oracles.select(names)) if names else ():
        trial.evidence.append(e)
        if e.stance == "against" and e.oracle not in rule.known_wrong:
            return e
    return None


def voice(e: Evidence) -> str:
    """Who sees a fault: an oracle, or its measure of accuracy."""
    return "accuracy" if e.question == "accuracy" else e.oracle


def sufficient(subject: Subject, trial: Trial) -> bool:
    """Whether the case would pass: with what is said of the right rule at the points that the fault leaves alone."""
    if all(e.stance != "undecided" for e in trial.evidence):
        return True
    tried_at = {p.point.name for p in trial.problems}
    others = [e for p in subject.problems if p.point.name not in tried_at for e in subject.evidence(p.point.name)]
    return verdict([*trial.evidence, *others]) == "pass"


def differs(wrong: Sequence[Any], right: Sequence[Any], rounding: float = ROUNDING) -> bool:
    """Whether two answers differ: in count, shape, dtype, or by more than rounding."""
    if len(wrong) != len(right) or any(w is None for w in wrong):
        return True
    try:
        return any(apart(np.asarray(w), np.asarray(r), rounding) for w, r in zip(wrong, right, strict=True))
    except ValueError:  # a nested list that is no array
        return True


def apart(wrong: Any, right: Any, rounding: float) -> bool:
    """The same for one cotangent."""
    if wrong.shape != right.shape or wrong.dtype != right.dtype:
        return True
    if not rounding:
        return not np.array_equal(wrong, right, equal_nan=True)
    finite = np.isfinite(right)
    if np.any(np.isfinite(wrong) != finite):
        return True
    sizes = np.abs(right[finite])
    allowed = rounding * np.maximum(sizes, FLOOR * sizes.max(initial=0.0))
    return bool(np.any(np.abs(wrong[finite] - right[finite]) > allowed))


def misbehaves(right: Rule, wrong: Rule, problem: Problem) -> bool:
    """Whether a rule answers several calls as the right one does: interleaved, with another dy, after another forward."""
    args, single = problem.args, problem.single
    beside = tuple(a * (1 + 2.0**-6) for a in args)
    with np.errstate(all="ignore"):
        pullback = wrong(*args_of(args), **problem.params)[1]
        try:
            wrong(*args_of(beside), **problem.params)
        except (ArithmeticError, ValueError):
            beside = args
        return any(not answers_alike(right, pullback, problem, dys, single) for dys in turns(problem))


def turns(problem: Problem) -> Iterator[tuple[Any, ...]]:
    """Cotangents, one after the other, for one pullback."""
    other = tuple(np.asarray(d[::-1] * 1.5 if d.ndim else d * 1.5) for d in problem.dy)
    yield from (problem.dy, other, problem.dy)


def answers_alike(right: Rule, pullback: Any, problem: Problem, dys: tuple[Any, ...], single: bool) -> bool:
    """Whether a pullback answers as a fresh right one, and leaves dy and the arguments alone."""
    from gradcheck.faults.planting import listed

    given = tuple(d.copy() for d in dys)
    _, fresh = right(*args_of(problem.args), **problem.params)
    found = listed(pullback(given[0] if single else given))
    wanted = listed(fresh(dys[0].copy() if single else tuple(d.copy() for d in dys)))
    return not differs(found, wanted) and not differs(given, dys, 0.0)


def args_of(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Copies, which a rule may write into."""
    return tuple(a.copy() for a in args)
