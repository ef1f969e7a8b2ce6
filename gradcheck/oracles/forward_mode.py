"""A given jvp: its tangents beside certified directional derivatives, and beside the pullback, whose adjoint it must be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import contract
from gradcheck.floats import HALF, double, epsilon
from gradcheck.lifted.array import NotLiftable
from gradcheck.lifted.balls import midpoints
from gradcheck.lifted.evaluate import slope, with_enough_bits
from gradcheck.oracles.differences import number, relative
from gradcheck.oracles.silences import silent
from gradcheck.problems import Problem, as_tuple, draw_cotangent
from gradcheck.results import Array, Evidence, Stance

# Tangents may be off by so many roundings of the largest one, sums of products too; in half precisions by few, or all passes.
ROUNDINGS, ROUNDINGS_HALF = 1024.0, 16.0


class ForwardMode:
    """The jvp that a rule was given with, ``jvp(args, tangents, **params) -> (y, tangent of y)``, as JAX has it."""

    name = "jvp"

    def why_not(self) -> str | None:
        """Never missing: python-flint is a dependency."""
        return None

    def wants(self, problem: Problem) -> bool:
        """Every point."""
        return True

    def examine(self, problem: Problem) -> Iterator[Evidence]:
        """What it returns, then each output's tangent, then the dot-product test against the pullback."""
        start = time.perf_counter()
        found = list(evidence(problem))
        seconds = (time.perf_counter() - start) / max(1, len(found))
        yield from (replace(e, point=problem.point.name, seconds=seconds) for e in found)


def evidence(problem: Problem) -> Iterator[Evidence]:
    """All that is said of the jvp at one point."""
    tangents = tuple(
        draw_cotangent(problem.rng(f"tangent {n}"), a) for n, a in zip(problem.names, problem.args, strict=True)
    )
    try:
        moving = answered(problem, tangents)
    except contract.ContractError as error:
        yield Evidence("jvp", "measured", "against", "contract", detail=str(error))
        return
    if problem.kink:
        yield Evidence("jvp", "certified", "not applicable", reason="kink")
        return
    try:
        true = certified(problem, tangents)
    except NotLiftable as error:
        yield silent(problem, "jvp", "certified", error)
    else:
        for i, (mine, exact) in enumerate(zip(moving, true, strict=True)):
            if mine.size:
                yield beside("y" if problem.single else f"y{i}", double(mine), exact, rounding(problem))
    yield adjoint(problem, tangents, moving)


def answered(problem: Problem, tangents: tuple[Array, ...]) -> tuple[Array, ...]:
    """The tangents of the outputs by the jvp.  Raises ContractError where it does not return what a jvp returns."""
    assert problem.rule.jvp is not None
    args, moved = (tuple(a.copy() for a in group) for group in (problem.args, tangents))
    try:
        answer = problem.rule.jvp(args, moved, **problem.params)
    except Exception as error:
        raise contract.ContractError(f"the jvp raised {type(error).__name__}: {error}") from error
    if not (isinstance(answer, tuple) and len(answer) == 2):
        raise contract.ContractError(f"the jvp returned {contract.describe(answer)}: a jvp returns (y, tangent of y)")
    y, moving = (tuple(np.asarray(v) for v in as_tuple(part, problem.single)) for part in answer)
    for what, arrays in (("y", y), ("tangent", moving)):
        shapes, right = [a.shape for a in arrays], [a.shape for a in problem.y]
        if shapes != right:
            raise contract.ContractError(f"the jvp's {what} has shape {shapes}, the outputs have {right}")
        dtypes, right_dtypes = [a.dtype for a in arrays], [a.dtype for a in problem.y]
        if dtypes != right_dtypes:
            raise contract.ContractError(f"the jvp's {what} has dtype {dtypes}, the outputs have {right_dtypes}")
    for mine, theirs in zip(map(double, y), map(double, problem.y), strict=True):
        off = np.abs(mine - theirs)
        if np.any(off > rounding(problem) * np.max(np.abs(theirs), initial=0.0)):
            raise contract.ContractError(f"the jvp's y is not that of the rule: it is off by {off.max():.3g}")
    return moving


def rounding(problem: Problem) -> float:
    """How far apart two right evaluations may be, as a part of the largest number."""
    coarsest = max(epsilon(a.dtype) for a in (*problem.args, *problem.y, *problem.claimed))
    return (ROUNDINGS_HALF if coarsest > HALF else ROUNDINGS) * coarsest


def certified(problem: Problem, tangents: tuple[Array, ...]) -> tuple[Array, ...]:
    """The derivative of each output along the tangents.  Raises NotLiftable."""

    def along(bits: int, final: bool) -> Any:
        return slope(
            problem.primal, problem.args, problem.params, problem.dy, tangents, single=problem.single, final=final
        )

    return tuple(midpoints(o) for o in with_enough_bits(along).outputs)


def beside(name: str, mine: Array, true: Array, bar: float) -> Evidence:
    """One output's tangent beside the certified one; the entry that is off most is shown."""
    scale = float(np.max(np.abs(true), initial=0.0)) or float(np.max(np.abs(mine), initial=0.0)) or 1.0
    off = np.nan_to_num(np.abs(mine - true), nan=np.inf)
    entry = tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))
    stance: Stance = "for" if float(off[entry]) <= bar * scale else "against"
    return Evidence(
        *("jvp", "certified", stance),
        argument=name,
        entry=entry,
        claimed=number(mine[entry].item()),
        value=number(true[entry].item()),
        discrepancy=relative(float(off[entry]), scale),
        resolution=bar,
        detail="the tangent that the jvp gives",
    )


def adjoint(problem: Problem, tangents: tuple[Array, ...], moving: tuple[Array, ...]) -> Evidence:
    """The dot-product test: Re <dy, jvp(v)> is Re <vjp(dy), v>."""
    there, back = (
        [double(a) * double(b) for a, b in zip(*pair, strict=True)]
        for pair in ((problem.dy, moving), (problem.claimed, tangents))
    )
    forward, backward = (float(sum(np.sum(t).real for t in terms)) for terms in (there, back))
    scale = max(float(sum(np.sum(np.abs(t)) for t in terms)) for terms in (there, back))
    off, bar = abs(forward - backward), rounding(problem)
    same = forward == backward or off <= bar * scale
    told = f"dot-product test: <dy, jvp(v)> = {forward:.6g}, <vjp(dy), v> = {backward:.6g}"
    return Evidence(
        *("jvp", "measured", "for" if same else "against"),
        question="contract",
        claimed=forward,
        value=backward,
        resolution=bar,
        detail=told if same else f"jvp and vjp are not each other's adjoint: {told}",
    )
