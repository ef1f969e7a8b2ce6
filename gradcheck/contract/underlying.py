"""The rule whose backward is itself under test, at the same point: whether it has a value there, and its terms' size."""

from __future__ import annotations

import numpy as np

from gradcheck.contract.calling import call
from gradcheck.floats import wide
from gradcheck.problems import Problem, as_tuple, unit_of
from gradcheck.results import Array


def first_problem(problem: Problem) -> Problem:
    """The rule whose backward is under test at the point, its claimed cotangents being the outputs here."""
    first = problem.rule.first
    assert first is not None
    if "first" not in problem.extras:
        n, rule = first.outputs, first.rule
        args, names = problem.args[n:], rule.argument_names(len(problem.args) - n)
        y, _ = call(rule, args, problem.params)
        ys = tuple(np.asarray(v) for v in as_tuple(y, first.single))
        problem.extras["first"] = Problem(
            *(rule, problem.point, names, args, problem.params, ys, problem.args[:n], problem.y),
            single=first.single,
            room=problem.room[n:],
            free=problem.free[n:],
            budget=problem.budget,
            seed=problem.seed,
        )
    return problem.extras["first"]  # type: ignore[no-any-return]


def has_value(problem: Problem) -> bool:
    """Whether the rule whose backward is under test has finite outputs; True for any other rule."""
    return problem.rule.first is None or all(np.isfinite(wide(y)).all() for y in first_problem(problem).y)


def term_unit(problem: Problem, k: int) -> Array | float:
    """The terms of a backward for each unit of an argument: a dx in which they have cancelled no longer shows their size."""
    if problem.rule.first is None:
        return 0.0
    first = first_problem(problem)
    with np.errstate(all="ignore"):
        sizes = [first.scale(j, wide(dx)) for j, dx in enumerate(first.claimed)]
        terms = sum(float(np.sum(np.abs(wide(u)) * s)) for u, s in zip(problem.dy, sizes, strict=True))
        return unit_of(np.abs(wide(problem.args[k])), terms)
