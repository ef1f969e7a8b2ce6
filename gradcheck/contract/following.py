"""Whether a pullback follows its arguments: at another point it owes the derivative there, not that of its first call."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.contract.calling import answer, call, given, halved
from gradcheck.contract.findings import Finding, same
from gradcheck.floats import epsilon
from gradcheck.problems import Problem
from gradcheck.results import Array

# Steps are so large a part of each entry; slopes that differ by so much of their terms are others, by less the same.
STEP, OTHER, ALIKE = 2.0**-13, 1e-2, 1e-4


def following(problem: Problem) -> Iterator[Finding]:
    """Where a rule answers at half the point what it answers at the point, which is right here and wrong there.

    Only the very same answer is looked into: a right one is that of a function which is linear so far.
    """
    if any(epsilon(a.dtype) > np.finfo(float).eps for a in (*problem.args, *problem.y)):
        return
    there = halved(problem)
    try:
        _, pullback = call(problem.rule, there, problem.params)
        answered = answer(problem.names, there, pullback(given(problem.dy, problem.single)))
    except Exception:  # a rule may refuse other points
        return
    if all(map(same, answered, problem.claimed)) and any(c.any() for c in answered):
        yield from stale(problem, there)


def stale(problem: Problem, there: tuple[Array, ...]) -> Iterator[Finding]:
    """Whether the same answer is right at the point and wrong there, by steps along one direction."""
    rng = problem.rng("following")
    tangents = [np.where(a != 0, np.abs(a), 1.0) * rng.choice([-1.0, 1.0], a.shape) for a in problem.args]
    terms = [c * v for c, v in zip(problem.claimed, tangents, strict=True)]
    claim, scale = (sum(float(np.sum(part(t))) for t in terms) for part in (np.real, np.abs))
    try:
        here, gone = (sides(problem, args, tangents) for args in (problem.args, there))
    except Exception:  # nor need it have values beside these
        return
    if abs(sum(here) / 2 - claim) <= ALIKE * scale and off(gone, claim) > OTHER * scale > 0:
        yield Finding(
            "the pullback answers at half the point what it answers at the point, though the slope there is another: it "
            "keeps the residuals of its first call, or a constant: keep in the closure what the pullback needs"
        )


def off(slopes: tuple[float, float], claim: float) -> float:
    """How far two slopes that agree are from a claim; 0 where they do not, as at a kink."""
    left, right = slopes
    apart = min(abs(left - claim), abs(right - claim))
    return apart if abs(left - right) <= 0.1 * apart else 0.0


def sides(problem: Problem, args: tuple[Array, ...], tangents: list[Array]) -> tuple[float, float]:
    """The slopes to either side of a point."""

    def value(t: float) -> float:
        y = problem.forward(*(np.asarray(a + t * v, a.dtype) for a, v in zip(args, tangents, strict=True)))
        return sum(float(np.real(np.sum(d * v))) for d, v in zip(problem.pulled, y, strict=True))

    before, now, after = (value(t) for t in (-STEP, 0.0, STEP))
    return (now - before) / STEP, (after - now) / STEP
