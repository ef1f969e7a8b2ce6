"""Points -> evidence: a rule at each of its points, what contract and oracles say there, and what stopped it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradcheck import contract, oracles
from gradcheck.cases import Case
from gradcheck.problems import DEFAULT_BUDGET, Problem
from gradcheck.results import Evidence, Point
from gradcheck.rules import Rule
from gradcheck.settings import OutOfTime, Settings, time_limit
from gradcheck.sides import side_of


@dataclass
class Gathered:
    """The problems that were reached, each with the label of its case, the evidence, and what stopped it where."""

    problems: list[Problem] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    trouble: str | None = None
    stopped_at: str | None = None


def gather(
    rule: Rule, points: Sequence[tuple[Point, Case | None]], settings: Settings, *, complete: bool = False
) -> Gathered:
    """What all oracles say of a rule at points; stops at the first point where it raises.

    points: each with the case that it was drawn for, if any.  complete: these are all the points of a case, whose
    edges are looked at too.  A counterexample that an oracle finds beside a point is a further point, which all
    oracles examine.
    """
    found = Gathered()
    wanted = oracles.asked(settings.oracles, rule)
    waiting = list(points)
    while waiting and not found.trouble:
        point, case = waiting.pop(0)
        try:
            with time_limit(settings.timeout):
                problem = evaluate(rule, point, case, settings)
                found.problems.append(problem)
                found.labels[point.name] = case.label if case else ""
                found.evidence += examine(problem, wanted)
                if "counterexample" in problem.extras:
                    waiting.insert(0, (problem.extras["counterexample"], case))
        except OutOfTime as stop:
            found.trouble, found.stopped_at = out_of_time(stop, point.name, settings), point.name
        except (Exception, SystemExit) as error:
            again = bool(found.problems) and found.problems[-1].point is point
            found.trouble, found.stopped_at = raised(error, rule, point, again), point.name
    for case in dict.fromkeys(c for _, c in points if c is not None) if complete else ():
        if not found.trouble:
            look_at_edges(case, found, settings)
    return found


def look_at_edges(case: Case, found: Gathered, settings: Settings) -> None:
    """Add what contract says of a case at the edges of its domain."""
    try:
        with time_limit(settings.timeout):
            for said in contract.examine_case(case, settings.seed):
                (found.edges if isinstance(said, str) else found.evidence).append(said)  # type: ignore[arg-type]
    except OutOfTime as stop:
        found.trouble = out_of_time(stop, "an edge of the domain", settings)


def out_of_time(stop: OutOfTime, place: str, settings: Settings) -> str:
    """Where the rule was stopped: at which point, and in which line."""
    where = contract.relevant_line(stop)
    return (
        f"Out of time: the check at {place} took more than {settings.timeout:g} s{f', in {where}' if where else ''}. "
        "If nothing hangs there, allow more with timeout= or --timeout."
    )


def evaluate(rule: Rule, point: Point, case: Case | None, settings: Settings) -> Problem:
    """The rule in floating point at a point."""
    with np.errstate(all="ignore"):
        problem = contract.evaluate(rule, point, seed=settings.seed, budget=settings.budget or DEFAULT_BUDGET)
        # A point that nobody drew has no known limits, and no known structure.
        problem.room = case.room(problem.args) if case else (None,) * len(problem.args)
        problem.free = case.free(len(problem.args)) if case else ()
    problem.asked = settings.oracles not in ("auto", "all")
    return problem


def examine(problem: Problem, wanted: list[oracles.Oracle]) -> Iterator[Evidence]:
    """What contract and oracles say at one point; with cotangents of the wrong shape there is nothing to compare.

    A double backward is asked first whether the backward is right: what else is wrong may follow from that.
    """
    from gradcheck.oracles.first_order import backward_itself

    if problem.rule.first is not None and problem.size:
        with np.errstate(all="ignore"):
            yield from backward_itself(problem)
    misbehaviour = list(contract.examine(problem))
    yield from misbehaviour
    if not problem.size or any(c.shape != a.shape for c, a in zip(problem.claimed, problem.args, strict=True)):
        return
    for oracle in wanted:
        missing = oracle.why_not()
        if missing is not None:
            yield Evidence(
                oracle.name,
                "measured",
                "not applicable",
                reason="not installed",
                detail=missing,
                point=problem.point.name,
            )
        elif oracle.wants(problem):
            with np.errstate(all="ignore"):
                yield from oracle.examine(problem)


def raised(error: BaseException, rule: Rule, point: Point, again: bool) -> str:
    """Which side of the rule raised what, and in which line of the user's code; again: a first call at the point did not."""
    if isinstance(error, contract.ContractError):
        return f"Nothing to compare at {point.name}: {error}"
    side = side_of(error)
    beside = " when it was called again" if again else ", where the forward does not" if side == "the pullback" else ""
    shapes = contract.shapes_of(rule.argument_names(len(point.args)), point.args)
    at = f"{point.name} ({shapes})" if shapes and point.role != "given" else point.name
    return f"{side.capitalize()} raised at {at}{beside}: {contract.refusal(error)}"
