"""The search for a point at which a case fails, and the smallest one there is: Hypothesis draws it and shrinks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from gradcheck import caching, contract
from gradcheck.cases import Case
from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.evaluate import Claims
from gradcheck.oracles import accuracy, residuals
from gradcheck.oracles.differences import Differences
from gradcheck.oracles.exact import Exact
from gradcheck.problems import MissingData, Problem
from gradcheck.results import Point
from gradcheck.strategies import calls, need_hypothesis

# Hypothesis starts anew after so many points: from then on it would vary the values of those it has, and shapes seldom.
ROUND = 10


@dataclass
class Search:
    """What a search did: the smallest failing point, if there is one, and how many it tried and could not use.

    refused: points at which the forward raised ValueError or gave nothing finite.  text: the smallest one in words.
    """

    smallest: Point | None = None
    tried: int = 0
    refused: int = 0
    text: str = ""

    def __str__(self) -> str:
        if self.smallest is not None:
            return f"fails at one of {self.tried} points drawn; the smallest is {self.smallest.name}: {self.text}"
        unused = f"; {self.refused} more were refused by the rule" if self.refused else ""
        return f"none of {self.tried} points drawn fails{unused}"


class Refused(Exception):
    """The rule does not take this point: nothing can be said of it."""


def search(
    case: Case,
    examples: int,
    *,
    seed: int = 0,
    name: str = "searched",
    fails: Callable[[Problem], bool] | None = None,
    **sizes: int,
) -> Search:
    """Look for a point of the case's domain at which it fails, and shrink it.

    examples: how many points to try.  The same seed tries the same ones; after one that was found in an earlier run,
    which the cache keeps.  name: of the point, which names the cotangents too.  fails: judges a problem (default: `fails_quickly`).  sizes: as for `strategies.points`.
    Raises ImportError without Hypothesis.
    """
    need_hypothesis()
    import hypothesis
    from hypothesis import errors

    found = Search()
    shrinking = False

    def failing(call: tuple[tuple[Any, ...], dict[str, Any]]) -> bool:
        nonlocal shrinking
        point = Point(name, "counterexample", *call)
        try:
            wrong = fails_at(case, point, seed, fails or fails_quickly)
        except Refused:
            found.refused += not shrinking
            hypothesis.reject()
        found.tried += not shrinking
        if wrong:
            found.smallest, shrinking = point, True
        return bool(wrong)

    kept = database()
    for round_ in range(-(-examples // ROUND)):
        phases = [hypothesis.Phase.generate, hypothesis.Phase.shrink]
        settings = hypothesis.settings(
            max_examples=min(ROUND, examples),
            deadline=None,
            database=kept,
            phases=[hypothesis.Phase.reuse, *phases] if round_ == 0 else phases,
        )
        random = Random(f"{seed}/{round_}")
        try:
            call = hypothesis.find(
                calls(case, **sizes), failing, settings=settings, random=random, database_key=case.name.encode()
            )
        except (errors.NoSuchExample, errors.Unsatisfiable, MissingData):
            continue
        except errors.Flaky:
            break  # a rule that fails now and then: the last point at which it did stays
        found.smallest = Point(name, "counterexample", *call)
        break
    found.text = in_words(case, found.smallest) if found.smallest else ""
    return found


def in_words(case: Case, point: Point) -> str:
    """A point as one would write it: ``x = [0.], axis = 1``."""
    from gradcheck.report.numbers import brief

    named = [*zip(case.rule.argument_names(len(point.args)), point.args, strict=True), *point.params.items()]
    return ", ".join(f"{key} = {brief(value)}" for key, value in named)


def database() -> Any:
    """Where Hypothesis keeps failing points by case name, to try them first the next time; None without a cache."""
    from hypothesis.database import DirectoryBasedExampleDatabase

    folder = caching.folder("counterexamples")
    return None if folder is None else DirectoryBasedExampleDatabase(folder)


def fails_at(case: Case, point: Point, seed: int, fails: Callable[[Problem], bool]) -> bool:
    """Whether a case fails at a point: the pullback raises, or the problem is judged so.  Raises Refused."""
    rule = case.rule
    try:
        y, _ = contract.call(rule, tuple(np.asarray(a) for a in point.args), point.params)
    except contract.ContractError:
        return True
    except ValueError as error:
        raise Refused(str(error)) from error
    except Exception:
        return True
    if not all(np.isfinite(v).all() for v in (y if isinstance(y, tuple) else (y,)) if np.asarray(v).dtype.kind in "fc"):
        raise Refused("the forward is not finite")
    try:
        with np.errstate(all="ignore"):
            problem = contract.evaluate(rule, point, seed=seed)
            problem.room, problem.free = case.room(problem.args), case.free(len(problem.args))
            return fails(problem)
    except Exception:
        return True


def fails_quickly(problem: Problem) -> bool:
    """Contract, then the formula along weighted projections and its accuracy: certified, but for black boxes."""
    if any(True for _ in contract.examine(problem)):
        return True
    if right(problem):
        return False
    evidence = list(Exact().examine(problem))
    if not any(e.question == "formula" and e.stance in ("for", "against") for e in evidence):
        evidence += Differences().examine(problem)
    return any(e.stance == "against" for e in evidence)


def right(problem: Problem) -> bool:
    """Whether projections certify the formula, and the accuracy is within the budget; else a closer look is due."""
    exact = Exact()
    try:
        claims = Claims(lambda final: exact._claim(problem, final))
        finding, _ = residuals.projected(problem, claims, tuple(range(len(problem.args))))
    except (NotLiftable, TooLarge):
        return False
    if finding.stance != "for":
        return False
    return all(a.worst <= a.budget for a in accuracy.measure(problem, claims.first).values())
