"""Looks at a rule: a point and a cotangent with what the pullback claims there and what is true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from gradcheck.contract import answer, call, given, in_double
from gradcheck.diagnosis.intermediates import Vocabulary, intermediates
from gradcheck.diagnosis.jacobian import Jacobian, jacobian
from gradcheck.floats import FORMATS, epsilon, wide
from gradcheck.problems import Problem, as_tuple, draw_cotangent
from gradcheck.results import Array

# How many further cotangents a mistake must also explain, and how many further failing points of the same check.
COTANGENTS, POINTS = 2, 4
# A point that was given alone is looked at again where every argument is shifted by one place and a little larger:
# signs, ties and symmetry stay, places change; read backwards, the ends would stay ends.
LARGER = (1.0625, 1.125, 1.1875)


@dataclass
class Look:
    """What a pullback claims at one point for one cotangent, beside the true gradient."""

    problem: Problem
    claimed: tuple[Array, ...]
    true: tuple[Array, ...]
    dy: tuple[Array, ...]
    elsewhere: dict[object, Jacobian | None] = field(default_factory=dict)
    # The short float type that the rule was given, for which its code rounds inside, perhaps; empty for float64.
    short: str = ""

    @property
    def args(self) -> tuple[Array, ...]:
        return self.problem.args

    @property
    def y(self) -> tuple[Array, ...]:
        return self.problem.y

    @property
    def names(self) -> tuple[str, ...]:
        return self.problem.names

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The rule's own intermediate quantities for this cotangent, by name."""
        return intermediates(self.problem, self.dy)

    def jacobian(self, args: tuple[Array, ...] | None = None, name: str = "") -> Jacobian | None:
        """The certified Jacobian here, or at other arguments, which `name` tells from the rest."""
        if name not in self.elsewhere:
            self.elsewhere[name] = jacobian(self.problem, self.args if args is None else args)
        return self.elsewhere[name]

    def gradient(self, dy: tuple[Array, ...]) -> tuple[Array, ...] | None:
        """The true gradient for another cotangent."""
        found = self.jacobian()
        return None if found is None else found.gradient(dy)

    def answer(self, dy: tuple[Array, ...]) -> tuple[Array, ...] | None:
        """What the pullback answers to another cotangent; None where it raises."""
        return asked(self.problem, dy)


def asked(problem: Problem, dy: tuple[Array, ...]) -> tuple[Array, ...] | None:
    """What the pullback answers to another cotangent; None where it raises."""
    try:
        with np.errstate(all="ignore"):
            _, pullback = call(problem.rule, problem.args, problem.params)
            answered = answer(problem.names, problem.args, pullback(given(dy, problem.single)))
            return tuple(map(wide, answered))
    except Exception:  # the user's code, at a place that its author may not have thought of
        return None


def first_look(problem: Problem) -> Look | None:
    """The look that the problem itself is; None where the true gradient is not known or not finite."""
    short = next((str(a.dtype) for a in problem.args if epsilon(a.dtype) > FORMATS[0].eps), "")
    # Where a mistake shows without rounding, if the rule goes there.
    problem = (in_double(problem, problem.args) if short else None) or problem
    known: dict[object, Jacobian | None] = {}
    true = problem.true
    if true is None or problem.kink:
        known[""] = jacobian(problem, problem.args)
        if known[""] is None:
            return None
        true = known[""].gradient(problem.dy, problem.claimed)
    if not all(np.isfinite(t).all() for t in (*true, *problem.claimed)):
        return None
    return Look(problem, tuple(map(wide, problem.claimed)), true, problem.dy, known, short)


def further_looks(look: Look, others: Iterable[Problem]) -> Iterator[Look]:
    """The same point with other cotangents, and other points: what explains the first look must explain these too."""
    problem = look.problem
    found = look.jacobian()
    for turn in range(COTANGENTS if found is not None and not problem.kink else 0):
        # Larger and smaller than the first, so that a bound on dy shows.
        size = (8.0, 0.25)[turn % 2]
        dy = tuple(
            np.asarray(size * draw_cotangent(problem.rng(f"look{i}/{turn}"), y), y.dtype) for i, y in enumerate(look.y)
        )
        claimed = look.answer(dy)
        if claimed is not None and found is not None:
            yield Look(problem, claimed, found.gradient(dy, claimed), dy, look.elsewhere)
    further = [first_look(p) for p in others if not p.kink][:POINTS]
    yield from (f for f in further if f is not None)
    if len(further) < 2:
        places = (larger(problem), tuple(-a for a in larger(problem)))
        yield from (beside for beside in (moved(problem, place) for place in places) if beside is not None)
    apart = any(map(has_ties, problem.args)) and all(problem.free) and not any(map(symmetric, problem.args))
    if apart and (beside := moved(problem, untied(problem))) is not None:
        yield beside


def passing_looks(passed: Iterable[Problem]) -> Iterator[Look]:
    """Looks at points where nothing was wrong."""
    found = [first_look(p) for p in passed if not p.kink and p.true is not None][:POINTS]
    yield from (f for f in found if f is not None)


def larger(problem: Problem) -> tuple[Array, ...]:
    """The arguments shifted by one place along every axis, each a little larger."""
    factors = (LARGER[k % len(LARGER)] for k in range(len(problem.args)))
    shifted = (np.roll(a, 1, tuple(range(a.ndim))) if a.ndim else a for a in problem.args)
    return tuple(np.asarray(a * f, a.dtype) for a, f in zip(shifted, factors, strict=True))


def untied(problem: Problem) -> tuple[Array, ...]:
    """The arguments with every entry a little further from zero, each by another part, so that no two are equal."""
    rng = problem.rng("untied")
    return tuple(np.asarray(a * (1 + rng.uniform(0, 2.0**-6, a.shape)), a.dtype) for a in problem.args)


def has_ties(array: Array) -> bool:
    """Whether two entries are equal."""
    return np.unique(array).size < array.size


def symmetric(array: Array) -> bool:
    """Whether an array is one of symmetric matrices, which a rule may rely on."""
    return array.ndim > 1 and array.shape[-1] == array.shape[-2] and np.array_equal(array, array.swapaxes(-1, -2))


def moved(problem: Problem, args: tuple[Array, ...]) -> Look | None:
    """A look at other arguments; None where the rule does not go there."""
    try:
        y, pullback = call(problem.rule, args, problem.params)
        ys = tuple(np.asarray(v) for v in as_tuple(y, problem.single))
        if [v.shape for v in ys] != [v.shape for v in problem.y]:
            return None
        claimed = answer(problem.names, args, pullback(given(problem.dy, problem.single)))
    except Exception:  # the user's code, at a place that its author may not have thought of
        return None
    there = Problem(
        problem.rule, problem.point, problem.names, args, problem.params, ys, problem.dy, claimed, single=problem.single
    )
    return first_look(there)
