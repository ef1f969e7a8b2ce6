"""Whether two rules have the same pullback: proved on symbols, where both are certified to be right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradcheck.faults.trials import Subject, Trial
from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.symbols import Symbols, Tie
from gradcheck.oracles.derivation import NODES, OPERATIONS, apply, expressions
from gradcheck.oracles.prover import prove, worker
from gradcheck.problems import Problem
from gradcheck.rules import Rule

# Entries of arguments and outputs up to which a proof is tried, and its emergency stop in seconds.
ENTRIES, SECONDS = 24, 5.0


def at_kinks_only(trial: Trial) -> bool:
    """Whether a fault that nobody saw shows at kinks alone: there another subgradient is as right."""
    return bool(trial.problems) and all(p.kink for p in trial.problems)


def proved_same(subjects: Iterable[Subject], wrong: Rule) -> str:
    """How the same pullback was proved, at one point at least; empty where it was not, or where it is another."""
    proved = 0
    for problem in (p for subject in subjects for p in subject.problems):
        same = same_at(problem, wrong)
        if same is False:
            return ""
        proved += same is True
    return f"proved equal on symbols at {proved} points" if proved else ""


def same_at(problem: Problem, wrong: Rule) -> bool | None:
    """Whether both pullbacks are the same function around a point; None where symbols cannot say."""
    if max(problem.size, sum(y.size for y in problem.y)) > ENTRIES:
        return None
    try:
        ours = claimed(problem, problem.rule)
    except (NotLiftable, TooLarge, Tie, RecursionError):
        return None
    try:
        theirs = claimed(problem, wrong)
    except (NotLiftable, TooLarge, Tie, RecursionError):
        return None
    except Exception:  # the edited code, in an arithmetic that nobody wrote it for
        return False
    residuals = tuple(dict.fromkeys(a - b for a, b in zip(ours, theirs, strict=True) if a != b))
    if not residuals:
        return True
    try:
        return all(worker.ask(prove, residuals, {}, seconds=SECONDS))
    except RuntimeError:
        return None


def claimed(problem: Problem, rule: Rule) -> list[Any]:
    """The cotangents that a rule claims, as expressions, entry by entry."""
    from dataclasses import replace

    system = Symbols(OPERATIONS, NODES)
    args = tuple(system.argument(name, a) for name, a in zip(problem.names, problem.args, strict=True))
    names = ["ȳ"] if problem.single else [f"ȳ{i}" for i in range(len(problem.dy))]
    dy = tuple(system.argument(name, d) for name, d in zip(names, problem.dy, strict=True))
    with np.errstate(all="ignore"):
        _, found, *_ = apply(replace(problem, rule=rule), system, args, dy, problem.params)
    return [e for c, a in zip(found, problem.args, strict=True) for e in expressions(system, c, a.shape).flat]
