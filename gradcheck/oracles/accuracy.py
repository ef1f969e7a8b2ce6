"""How accurately a rule evaluates in floating point: errors in condition-weighted ULPs.

Of a complex number the parts' errors are measured, the larger one counts, and the ULP is that of the modulus.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from gradcheck.floats import FORMATS, epsilon, format_of, wide
from gradcheck.lifted.array import objects
from gradcheck.lifted.balls import balls_of, holds_complex, midpoints, precision
from gradcheck.lifted.complexes import IMAG, REAL
from gradcheck.lifted.evaluate import BITS, Claim, claim, is_float_array, with_enough_bits
from gradcheck.problems import Problem
from gradcheck.results import Accuracy, Array

# So many perturbations at first; more while they leave an entry beyond the budget, since a few may by chance miss what it
# depends on, and blame right code.
PERTURBATIONS = (4, 12, 40)
# With many entries one perturbation may do, and each takes long.
MANY = 20_000


def measure(problem: Problem, exact: Claim) -> dict[str, Accuracy]:
    """The errors of forward and gradient, in units of max(1 ULP, what random ±½ ULP of the inputs change).

    `exact` is the rule's own formula evaluated without rounding at the same point.
    """
    if exact.inexact_constants:
        # Floating point uses the rounded constants too: their rounding is no error of the evaluation.
        exact = with_enough_bits(lambda bits, final: literal(problem, final))
    epsilon = coarsest(problem)
    moved: list[Claim] = []
    first = (0, 1) if problem.size > MANY else (0,)
    for tried, enough in pairwise((*first, *PERTURBATIONS)):
        turns = (perturbed(problem, turn, epsilon) for turn in range(tried, enough))
        moved += [m for m in turns if m is not None]
        found = {
            "forward": worst(problem, "forward", exact, [m.y for m in moved], epsilon),
            "gradient": worst(problem, "gradient", exact, [m.cotangents for m in moved], epsilon),
        }
        if all(a.worst <= a.budget for a in found.values()):
            break
    return found


def coarsest(problem: Problem) -> float:
    """The machine epsilon of the lowest precision among arguments, outputs and cotangents."""
    # Points are floats: what a longer type holds beyond that is not looked at.
    return max(FORMATS[0].eps, *(epsilon(a.dtype) for a in (*problem.args, *problem.y, *problem.claimed)))


def perturbed(problem: Problem, turn: int, epsilon: float) -> Claim | None:
    """The rule's formula at inputs moved by random ±½ ULP; None where that leaves the domain."""
    rng = problem.rng(f"ulps{turn}")

    def step(x: Array) -> Array:
        return np.asarray(rng.choice([-0.5, 0.5], x.shape) * ulp(x, epsilon))

    def move(x: Array) -> Array:
        # Balls: floats could not hold the sum.
        if np.iscomplexobj(x):
            by = step(x.real) + 1j * step(x.imag)
        else:
            x = x.astype(float)
            by = step(x)
        return np.asarray(balls_of(x) + balls_of(by), dtype=object)

    try:
        with precision(BITS[0]):
            args, dy = (tuple(move(x) for x in group) for group in (problem.args, problem.dy))
            # What is not differentiated was rounded too: data, and constants of the problem.
            params = {k: move(p) if is_float_array(p) else p for k, p in problem.params.items()}
            return claim(problem.rule.function, args, params, dy, single=problem.single, final=True, literal=True)
    except (ArithmeticError, TypeError, ValueError):
        return None


def literal(problem: Problem, final: bool) -> Claim:
    """The rule's formula with its constants at their word."""
    rule, params = problem.rule.function, problem.params
    return claim(rule, problem.args, params, problem.dy, single=problem.single, final=final, literal=True)


def ulp(x: Array, epsilon: float) -> Array:
    """The spacing of floats of that epsilon at x; that of 0 is the smallest subnormal."""
    size = np.asarray(np.abs(midpoints(x) if x.dtype == object else x), dtype=float)
    size = np.where(np.isfinite(size), size, 0.0)
    unit = format_of(epsilon).smallest_subnormal
    with np.errstate(under="ignore"):
        return np.asarray(np.maximum(2.0 ** np.floor(np.log2(np.maximum(size, 2.0**-1022))) * epsilon, unit))


def worst(problem: Problem, question: str, exact: Claim, moved: list[tuple[Array, ...]], epsilon: float) -> Accuracy:
    """The worst and the median error over all entries, and where the worst is."""
    outputs = ("y",) if problem.single else tuple(f"y{i}" for i in range(len(problem.y)))
    names, ours, theirs = {
        "forward": (outputs, problem.y, exact.y),
        "gradient": (problem.names, problem.claimed, exact.cotangents),
    }[question]
    largest, errors, rounded = 0.0, [], 0.0
    short = format_of(epsilon).name if epsilon > FORMATS[0].eps else ""
    place: tuple[str | None, tuple[int, ...] | None] = (None, None)
    for k, (mine, true) in enumerate(zip(ours, theirs, strict=True)):
        if not mine.size:
            continue
        weighted = weigh(mine, true, [m[k] for m in moved], epsilon)
        errors.append(weighted.ravel())
        if short:
            best = weigh(wide(midpoints(true).astype(mine.dtype)), true, [m[k] for m in moved], epsilon)
            rounded = max(rounded, float(best.max()))
        if weighted.max() > largest:
            largest = float(weighted.max())
            place = (names[k], tuple(int(i) for i in np.unravel_index(int(weighted.argmax()), weighted.shape)))
    every = np.concatenate(errors) if errors else np.zeros(1)
    return Accuracy(
        largest,
        float(np.median(every)),
        *place,
        budget=budget(problem, exact),
        best=rounded if short else None,
        dtype=short,
    )


def weigh(mine: Array, true: Array, moved: list[Array], epsilon: float) -> Array:
    """|float - exact| over max(1 ULP, the largest change under perturbation), entry by entry; infinite for a NaN."""
    return np.asarray(apart(mine, true, format_of(epsilon).max) / unit_of(true, moved, epsilon))


def unit_of(true: Array, moved: list[Array], epsilon: float) -> Array:
    """What errors are counted in: max(1 ULP, the largest change under perturbation), entry by entry."""
    unit = ulp(true, epsilon)
    for other in moved:
        change = objects(true - other)
        known = of_balls("is_finite", change).astype(bool)
        unit = np.maximum(unit, np.where(known, np.abs(midpoints(change)), 0.0))
    return unit


def apart(mine: Array, true: Array, limit: float) -> Array:
    """|float - exact|, the larger one of real and imaginary part; floats overflow beyond the limit."""
    if np.iscomplexobj(mine) or holds_complex(true):
        parts = (mine.real, objects(REAL(true))), (mine.imag, objects(IMAG(true)))
        return np.maximum(*(apart(a, b, limit) for a, b in parts))
    mine = mine.astype(float)

    def special(a: float, b: Any) -> float:
        # Where the formula itself has no finite value there is no error to speak of; nor where floats rightly overflow.
        if not b.is_finite() or (np.isinf(a) and abs(b) > limit and (a > 0) == (b > 0)):
            return 0.0
        return math.inf

    # The certain part of the error: what the ball of the exact value leaves open is not held against anyone.
    error = of_balls("abs_lower", true - balls_of(mine)).astype(float)
    odd = ~(np.isfinite(mine) & of_balls("is_finite", true).astype(bool))
    error[odd] = [special(a, b) for a, b in zip(mine[odd], true[odd], strict=True)]
    return error


def of_balls(method: str, balls: Any) -> Array:
    """What that method of each ball answers."""
    from flint import acb, arb

    balls = objects(balls)
    return objects(np.frompyfunc(getattr(acb if holds_complex(balls) else arb, method), 1, 1)(balls))


def budget(problem: Problem, exact: Claim) -> float:
    """The rule's budget in weighted ULPs, times log2 n where sums of n > 1000 numbers occur."""
    return problem.rule.accuracy * (math.log2(exact.longest) if exact.longest > 1000 else 1.0)
