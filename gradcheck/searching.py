"""The search for a point at which a case fails, and the smallest one there is: Hypothesis draws it and shrinks it."""

from __future__ import annotations

import contextlib
import hashlib
import math
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck import caching, contract
from gradcheck.cases import Case
from gradcheck.domains import Real
from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.evaluate import Claims
from gradcheck.oracles import accuracy, residuals
from gradcheck.oracles.differences import Differences
from gradcheck.oracles.exact import Exact
from gradcheck.problems import Problem
from gradcheck.results import Evidence, Point
from gradcheck.settings import EMERGENCY, OutOfTime, time_limit
from gradcheck.strategies import calls, need_hypothesis

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# Hypothesis starts anew after so many points: from then on it would vary the values of those it has, and shapes seldom.
ROUND = 10
# Up to so many entries of an argument are made simpler one by one, and whole numbers up to this are tried.
ENTRIES, WHOLE = 16, 10

Judge = Callable[[Problem], bool]


class Refused(Exception):
    """The rule does not take this point: nothing can be said of it."""


@dataclass
class Search:
    """What a search of a case did: the smallest failing point, if there is one, and how many it tried.

    refused: points at which the forward raised ValueError or gave nothing finite.  name: of the point that is looked
    for.
    timeout: the emergency stop of a point.
    """

    case: Case
    seed: int = 0
    name: str = "searched"
    smallest: Point | None = None
    tried: int = 0
    refused: int = 0
    timeout: float | None = EMERGENCY

    def __str__(self) -> str:
        if self.smallest is not None:
            text = in_words(self.case, self.smallest)
            return f"fails at one of {self.tried} points drawn; the smallest is {self.name}: {text}"
        unused = f"; {self.refused} more were refused by the rule" if self.refused else ""
        return f"none of {self.tried} points drawn fails{unused}"

    def fails(self, judge: Judge, args: tuple[Any, ...], params: dict[str, Any]) -> bool:
        """Whether the case fails there.  Counts points until one does; raises Refused, and OutOfTime where it hangs."""
        point, first = Point(self.name, "counterexample", args, params), self.smallest is None
        try:
            with time_limit(self.timeout):
                wrong = fails_at(self.case, point, self.seed, judge)
        except Refused:
            self.refused += first
            raise
        except OutOfTime:
            self.smallest, self.tried = point, self.tried + first
            raise
        self.tried += first
        if wrong:
            self.smallest = point
        return wrong


def search(
    case: Case,
    examples: int,
    *,
    seed: int = 0,
    name: str = "searched",
    judge: Judge | None = None,
    timeout: float | None = EMERGENCY,
    **sizes: Any,
) -> Search:
    """Look for a point of the case's domain at which it fails, and shrink it.

    examples: how many points to try.  The same seed tries the same ones, after one that was found in an earlier run,
    which the cache keeps.  name: of the point, which names the cotangents too.  judge: whether a problem fails
    (default: `fails_quickly`).  timeout: the emergency stop of a point, in seconds: one that hangs ends the search.
    sizes: as for `strategies.points`.  Raises ImportError without Hypothesis.
    """
    need_hypothesis()
    import hypothesis

    found = Search(case, seed, name, timeout=timeout)
    judge = judge or fails_quickly

    def failing(call: tuple[tuple[Any, ...], dict[str, Any]]) -> bool:
        try:
            return found.fails(judge, *call)
        except Refused:
            hypothesis.reject()

    drawn = calls(case, **sizes)
    with contextlib.suppress(OutOfTime):
        again(found, judge)
        for start in range(0, examples, ROUND):
            if found.smallest is None:
                look(drawn, failing, min(ROUND, examples - start), Random(f"{seed}/{start}"))
        if found.smallest is not None:
            simplify(found, judge)
    keep(found)
    return found


def look(drawn: SearchStrategy[Any], failing: Callable[[Any], bool], examples: int, random: Random) -> None:
    """One round: Hypothesis draws, and shrinks what fails, leaving the smallest for last."""
    import hypothesis
    from hypothesis import errors

    phases = (hypothesis.Phase.generate, hypothesis.Phase.shrink)
    settings = hypothesis.settings(max_examples=examples, deadline=None, database=None, phases=phases)
    # Flaky: a rule that fails now and then.  The last point at which it did stays.
    with contextlib.suppress(errors.NoSuchExample, errors.Unsatisfiable, errors.Flaky):
        hypothesis.find(drawn, failing, settings=settings, random=random)


def simplify(found: Search, judge: Judge) -> None:
    """Entries made small whole numbers one by one, where that still fails: Hypothesis keeps bounds and special values."""
    assert found.smallest is not None
    count = len(found.smallest.args)
    specs = [found.case.domain.get(n) for n in found.case.rule.argument_names(count)]
    for k, spec in enumerate(specs):
        if not isinstance(spec, Real) or found.smallest.args[k].size > ENTRIES:
            continue
        for place in np.ndindex(found.smallest.args[k].shape):
            value = abs(found.smallest.args[k][place])
            whole = [0, *(s * n for n in range(1, min(WHOLE, math.ceil(value) + 1)) for s in (1, -1))]
            for number in (n for n in whole if spec.low <= n <= spec.high and abs(n) <= max(value, 1) + 1):
                args = [a.copy() for a in found.smallest.args]
                if args[k][place] == number:
                    break
                args[k][place] = number
                with contextlib.suppress(Refused):
                    if found.fails(judge, tuple(args), dict(found.smallest.params)):
                        break


def in_words(case: Case, point: Point) -> str:
    """A point as one would write it: ``x = [0.], axis = 1``."""
    from gradcheck.report.numbers import brief

    named = [*zip(case.rule.argument_names(len(point.args)), point.args, strict=True), *point.params.items()]
    return ", ".join(f"{key} = {brief(value)}" for key, value in named)


def kept_in(case: Case) -> Path | None:
    """The file that keeps the smallest failing point of a case; None without a cache."""
    folder = caching.folder("counterexamples")
    return None if folder is None else folder / hashlib.sha256(case.name.encode()).hexdigest()[:32]


def keep(found: Search) -> None:
    """Keep the smallest point for the next search, or forget the one that fails no more."""
    file = kept_in(found.case)
    # What cannot be written, or is no data (a parameter that is a lambda), is searched again.
    with contextlib.suppress(Exception):
        if file is not None and found.smallest is not None:
            file.write_bytes(pickle.dumps((found.smallest.args, dict(found.smallest.params))))
        elif file is not None:
            file.unlink(missing_ok=True)


def again(found: Search, judge: Judge) -> None:
    """Try the point first that an earlier search kept."""
    file = kept_in(found.case)
    with contextlib.suppress(Exception):  # nothing kept, or by another version: it is searched again
        if file is not None and file.is_file():
            found.fails(judge, *pickle.loads(file.read_bytes()))


def fails_at(case: Case, point: Point, seed: int, judge: Judge) -> bool:
    """Whether a case fails at a point: the pullback raises, or the problem is judged so.  Raises Refused."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fails_silently(case, point, seed, judge)


def fails_silently(case: Case, point: Point, seed: int, judge: Judge) -> bool:
    """As `fails_at`, whatever it warns of."""
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
        problem = contract.evaluate(rule, point, seed=seed)
        problem.room, problem.free = case.room(problem.args), case.free(len(problem.args))
        return judge(problem)
    except Refused:
        raise
    except Exception:
        return True


def fails_quickly(problem: Problem) -> bool:
    """Contract, then the formula along weighted projections and its accuracy: certified, but for black boxes."""
    if misbehaves(problem):
        return True
    if not problem.size or right(problem):
        return False
    return any(e.stance == "against" for e in closely(problem))


def misbehaves(problem: Problem) -> bool:
    """Whether contract has something against a pullback at a point."""
    return any(e.stance == "against" for e in contract.examine(problem))


def closely(problem: Problem) -> list[Evidence]:
    """What the exact oracle says, or where it decides nothing, differences."""
    evidence = list(Exact().examine(problem))
    if not any(e.question == "formula" and e.stance in ("for", "against") for e in evidence):
        evidence += Differences().examine(problem)
    return evidence


def right(problem: Problem, *, digits: bool = True) -> bool:
    """Whether projections certify the formula, and digits are within the budget; else a closer look is due."""
    exact = Exact()
    try:
        claims = Claims(lambda final: exact._claim(problem, final))
        finding, _ = residuals.projected(problem, claims, tuple(range(len(problem.args))))
    except (NotLiftable, TooLarge):
        return False
    if finding.stance != "for" or problem.kink:  # at a kink all arguments together may hide what one shows
        return False
    return not digits or all(a.worst <= a.budget for a in accuracy.measure(problem, claims.first).values())
