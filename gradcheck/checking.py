"""The heart: points -> evidence -> verdict."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import numpy as np

from gradcheck import contract, diagnosis, oracles
from gradcheck.cases import Case
from gradcheck.kept import kept
from gradcheck.problems import DEFAULT_BUDGET, MissingData, Problem, as_tuple
from gradcheck.refuting import judge_refuted
from gradcheck.results import Accuracy, Evidence, Kept, Point, Result, Verdict, verdict
from gradcheck.rules import Function, Rule, from_vjp

OURS = Path(__file__).parent


class OutOfTime(BaseException):
    """The emergency stop.  Not an Exception, so that no ``except Exception`` on the way holds it up."""


@dataclass(frozen=True)
class Settings:
    """How to check: which oracles, with which seed, budget in operations and emergency stop in seconds."""

    oracles: str | Iterable[str] = "auto"
    seed: int = 0
    budget: int | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole_number("seed", self.seed, 0))
        if self.budget is not None:
            whole_number("budget", self.budget, 1)
        if self.timeout is not None and not 0 < self.timeout < float("inf"):
            raise ValueError(f"timeout is {self.timeout!r}: give a number of seconds above 0, or None")


def whole_number(name: str, value: Any, least: int) -> int:
    """`value` as an integer.  Raises TypeError or ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} is {value!r}: give an integer")
    if value < least:
        raise ValueError(f"{name} is {value}: give an integer from {least} on")
    return int(value)


def check(
    rule_or_forward: Function,
    *args: Any,
    vjp: Function | None = None,
    params: Mapping[str, Any] | None = None,
    dy: Any = None,
    oracles: str | Iterable[str] = "auto",
    seed: int = 0,
    budget: int | None = None,
    timeout: float | None = None,
    jax: Function | Literal["auto"] | None = None,
    sympy: Function | None = None,
) -> Result:
    """Whether the pullback of a rule is the derivative of its forward, with the evidence.

    rule_or_forward: a function that returns ``(y, pullback)``, or a forward function together with vjp.
    args: float or complex arrays, which are differentiated; without any, the points of the rule's declared domain.
    vjp: ``vjp(dy, *args)`` returns one cotangent per argument.  params: keyword arguments, not differentiated.
    dy: the cotangent of the output; drawn from the seed where it is None.  oracles: "auto", or names.
    budget: operations of exact arithmetic, 200,000,000 by default.  timeout: seconds, an emergency stop.
    jax, sympy: twins, as in `gradcheck.rule`; jax="auto" runs the forward's own code with jax.numpy for numpy.

    Raises TypeError or ValueError for arguments that mean nothing; what the rule itself raises becomes the
    verdict *error*.

    >>> import numpy as np, gradcheck
    >>> def double(x):
    ...     return 2 * x, lambda dy: 3 * dy
    >>> result = gradcheck.check(double, np.array([1.0, 2.0, 5.0]))
    >>> result.verdict, bool(result)
    ('fail', False)
    """
    settings = Settings(oracles, seed, budget, timeout)
    rule = as_rule(rule_or_forward, vjp, jax, sympy)
    if not args and rule.arguments and rule.domains:
        cases = [Case(rule, label) for label in rule.domains]
        points = [(named(p, c), c) for c in cases for p in c.points(seed)]
        return check_points(rule, rule.name, points, settings, complete=True)
    if not args and rule.arguments:
        raise TypeError(f"{rule.name} was given no arguments, and declares no domain to draw them from: pass arrays")
    rule.argument_names(len(args))
    point = Point("given", "given", tuple(np.asarray(a) for a in args), dict(params or {}), dy)
    return check_points(rule, rule.name, [(point, None)], settings)


def named(point: Point, case: Case) -> Point:
    """The point under a name that tells it from those of the rule's other cases."""
    return replace(point, name=f"{point.name}[{case.label}]") if case.label else point


def as_rule(
    function: Function, vjp: Function | None, jax: Function | Literal["auto"] | None, sympy: Function | None
) -> Rule:
    """The rule that the first arguments of `check` mean.  Raises TypeError where they mean none."""
    if not callable(function):
        raise TypeError(f"rule_or_forward is {contract.describe(function)}: pass a function that returns (y, pullback)")
    if vjp is not None and not callable(vjp):
        raise TypeError(f"vjp is {contract.describe(vjp)}: pass a function vjp(dy, *args)")
    if isinstance(function, Rule) and vjp is None and jax is None and sympy is None:
        return function
    inner = function.function if isinstance(function, Rule) else function
    return Rule(inner, jax=jax, sympy=sympy) if vjp is None else from_vjp(inner, vjp, jax=jax, sympy=sympy)


def check_case(case: Case, *, point: str | None = None, **settings: Any) -> Result:
    """A case at all its points, or at the one of that name.  `settings` as for `check`.

    Raises ValueError where the case has no point of that name.
    """
    chosen = Settings(**settings)
    try:
        points = [p for p in case.points(chosen.seed) if point in (None, p.name)]
    except MissingData as missing:
        return Result(case.name, "inconclusive", missing=str(missing), seed=chosen.seed, evidence=(no_data(missing),))
    if not points:
        names = ", ".join(p.name for p in case.points(chosen.seed))
        raise ValueError(f"point={point!r} is not one of {case.name}: choose from {names}")
    return check_points(case.rule, case.name, [(p, case) for p in points], chosen, complete=point is None)


def no_data(missing: MissingData) -> Evidence:
    """What is said of a case whose data set is not installed."""
    return Evidence("exact", "certified", "not applicable", reason="no data", detail=str(missing))


def check_points(
    rule: Rule, name: str, points: Sequence[tuple[Point, Case | None]], settings: Settings, *, complete: bool = False
) -> Result:
    """A rule at points, all oracles at each; stops at the first point where it raises.

    points: each with the case that it was drawn for, if any.  complete: these are all the points of a case.
    A counterexample that an oracle finds beside a point is a further point, which all oracles examine.
    """
    start = time.perf_counter()
    evidence: list[Evidence] = []
    problems: list[Problem] = []
    trouble: str | None = None
    wanted = oracles.select(settings.oracles)
    waiting = list(points)
    while waiting:
        point, case = waiting.pop(0)
        try:
            with time_limit(settings.timeout):
                problem = evaluate(rule, point, case, settings)
                problems.append(problem)
                evidence += examine(problem, wanted)
        except OutOfTime:
            trouble = f"Out of time: {point.name} took longer than the emergency stop of {settings.timeout:g} s."
        except (Exception, SystemExit) as error:
            trouble = f"The rule raised at {point.name}: {raised(error)}"
        if trouble:
            break
        if "counterexample" in problem.extras:
            waiting.insert(0, (problem.extras["counterexample"], case))
    evidence = judge_known_wrong(rule, evidence, complete=complete)
    outcome: Verdict = "error" if trouble else verdict(evidence)
    failed = deciding(problems, evidence, outcome)
    text = trouble or (explained(failed, evidence, outcome) if failed else None)
    if rule.refuted:
        judged = judge_refuted(rule.refuted, outcome, evidence, problems, complete=complete)
        outcome, text, failed = judged or (outcome, text, failed)
    return Result(
        name,
        outcome,
        tuple(evidence),
        text,
        tuple(notes(problems, evidence)),
        tuple(replace(p.point, dy=p.dy[0] if p.single else p.dy) for p in problems),
        (failed or problems[0]).true if problems else None,
        worst_accuracy(problems),
        {} if rule.refuted else next((p.extras["formula"] for p in problems if "formula" in p.extras), {}),
        point.name if trouble else failed.point.name if failed else None,
        refuted=rule.refuted if outcome == "pass" else "",
        kept=kept_at(max(problems, key=lambda p: p.size)) if problems else None,
        seed=settings.seed,
        seconds=time.perf_counter() - start,
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
    """What contract and oracles say at one point; with cotangents of the wrong shape there is nothing to compare."""
    misbehaviour = list(contract.examine(problem))
    yield from misbehaviour
    if any(c.shape != a.shape for c, a in zip(problem.claimed, problem.args, strict=True)):
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


def judge_known_wrong(rule: Rule, evidence: list[Evidence], *, complete: bool) -> list[Evidence]:
    """Oracles declared to be wrong: where they are, they are shown as refuted and do not dispute.

    One that is right at all points of a complete case is against: its declaration has outlived its reason.
    """
    for oracle, reason in rule.known_wrong.items():
        spoken = [
            e for e in evidence if e.oracle == oracle and e.question == "formula" and e.stance in ("for", "against")
        ]
        if any(e.stance == "against" for e in spoken):
            evidence = [refuted(e, reason) if e in spoken and e.stance == "against" else e for e in evidence]
        elif spoken and complete:
            detail = f"{oracle} is declared known_wrong ({reason}) but agrees everywhere: remove the declaration"
            evidence = [*evidence, replace(spoken[0], stance="against", question="contract", detail=detail)]
    return evidence


def refuted(e: Evidence, reason: str) -> Evidence:
    """Evidence of an oracle that is known to be wrong here."""
    return replace(e, stance="not applicable", reason="known wrong", detail=f"refuted: {reason}")


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise OutOfTime after so many seconds; only the main thread of a system with SIGALRM can be stopped so."""
    if seconds is None or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def raised(error: BaseException) -> str:
    """An exception with the line of the user's code that raised it."""
    if isinstance(error, contract.ContractError):
        return str(error)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if OURS not in Path(f.filename).parents]
    where = f" ({frames[-1].filename}:{frames[-1].lineno}: {frames[-1].line})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def deciding(problems: list[Problem], evidence: list[Evidence], outcome: Verdict) -> Problem | None:
    """Of the problems whose own evidence means the verdict the one that tells most.

    Away from kinks, with a known true gradient, and with many entries a mistake shows its pattern.
    """
    if outcome not in ("fail", "disputed"):
        return None
    wrong = [p for p in problems if verdict(e for e in evidence if e.point == p.point.name) == outcome]
    return max(wrong, key=lambda p: (not p.kink, p.true is not None, p.size), default=None)


def explained(problem: Problem, evidence: list[Evidence], outcome: Verdict) -> str | None:
    """The diagnosis of a failure, or who disagrees with whom."""
    here = [e for e in evidence if e.point == problem.point.name]
    return disagreement(problem, here) if outcome == "disputed" else diagnosis.diagnose(problem, here)


def disagreement(problem: Problem, here: list[Evidence]) -> str:
    """Who contradicts whom: a twin's forward the rule's, or oracles each other."""
    odd = [e for e in here if e.stance == "against" and e.question in ("formula", "forward")]
    forward = next((e for e in odd if e.question == "forward"), None)
    if forward is not None:
        yours, theirs = diagnosis.apart(forward.claimed, forward.value)
        return f"The forward differs from its twin, and which is wrong nobody knows: yours {yours}, by {forward.oracle} {theirs}."
    sides = [sorted({e.oracle for e in here if e.stance == s and e.question == "formula"}) for s in ("for", "against")]
    texts = [", ".join(side) for side in sides]
    return (
        f"Oracles disagree at {problem.point.name}: for {texts[0]}; against {texts[1]}: "
        f"{diagnosis.entry_text(odd[0])}.{odd_one_out(*sides)}"
    )


def odd_one_out(*sides: list[str]) -> str:
    """The oracle that stands alone against several others; nobody where each side has one voice, or several."""
    lonely, others = sorted(sides, key=len)
    return f" The odd one out is {lonely[0]}." if len(lonely) == 1 < len(others) else ""


def notes(problems: list[Problem], evidence: list[Evidence]) -> Iterator[str]:
    """What a reader should know beside the verdict."""
    wrong = {e.point for e in evidence if e.stance == "against" and e.question == "formula"}
    kinks = [p.point.name for p in problems if p.kink and p.point.name not in wrong]
    if kinks:
        yield f"{', '.join(kinks)}: a kink; the pullback lies between the one-sided slopes (a subgradient)"
    if problems and problems[0].rule.surrogate is not None:
        yield "the pullback is deliberately not the derivative of the forward: it is compared with its surrogate's"
    missing = sorted({e.detail for e in evidence if e.reason == "not installed"})
    yield from missing


def worst_accuracy(problems: list[Problem]) -> dict[str, Accuracy]:
    """The worst errors of forward and gradient over all points."""
    measured = [p.extras["accuracy"] for p in problems if "accuracy" in p.extras]
    return {q: max((m[q] for m in measured), key=lambda a: a.worst) for q in (measured[0] if measured else {})}


def kept_at(problem: Problem) -> Kept:
    """The bytes that the pullback keeps alive at a point.  Arrays that the rule itself was given count as inputs."""
    args = tuple(a.copy() for a in problem.args)
    y, pullback = contract.call(problem.rule, args, problem.params)
    return kept(pullback, [*args, *problem.params.values()], as_tuple(y, problem.single))
