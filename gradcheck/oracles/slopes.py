"""Certified slopes of a problem's forward along directions, and at kinks the intervals that they leave open."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.lifted.array import lifted, objects
from gradcheck.lifted.balls import Balls, balls_of
from gradcheck.lifted.evaluate import Slope, dot, exact_params, slope, step
from gradcheck.lifted.stand_in import lifting
from gradcheck.oracles.directions import tied_groups
from gradcheck.oracles.neighbours import moves
from gradcheck.problems import Problem, as_tuple
from gradcheck.results import Array

# How each argument moves; None: it stays.
Direction = tuple[Array | None, ...]


def unit(problem: Problem, argument: int, entry: tuple[int, ...], phase: complex = 1.0) -> Direction:
    """The direction of one entry."""
    direction = np.zeros(problem.args[argument].shape, dtype=type(phase))
    direction[entry] = phase
    return tuple(direction if k == argument else None for k in range(len(problem.args)))


def opposite(direction: Direction) -> Direction:
    """The direction turned round."""
    return tuple(None if v is None else -v for v in direction)


def certified(problem: Problem, direction: Direction, final: bool, turn: int | None = None) -> Slope:
    """The certified slope of the problem's forward along a direction; with a turn, of a point just beside its own."""
    from flint import ctx

    key = (*(v if v is None else v.tobytes() for v in direction), ctx.prec, final, turn)
    if key not in problem.slopes:
        dy, args = pulled(problem, final), problem.args if turn is None else beside(problem, turn)
        problem.slopes[key] = slope(
            problem.primal, args, problem.params, dy, direction, single=problem.single, final=final
        )
    return problem.slopes[key]  # type: ignore[no-any-return]


def beside(problem: Problem, turn: int) -> tuple[Array, ...]:
    """The arguments moved by next to nothing."""
    return tuple(balls_of(a) + step(m) for a, m in zip(problem.args, moves(problem, turn), strict=True))


def pulled(problem: Problem, final: bool) -> tuple[Array, ...]:
    """The cotangents whose pullback is claimed, as balls where the rule computes them from dy."""
    changed = problem.rule.cotangent
    if changed is None:
        return problem.dy
    system = Balls(final=final)
    with lifting(system) as rewrite:
        answered = rewrite(changed)(*map(system.exact, problem.dy), **exact_params(system, problem.params))
        return tuple(lifted(system, d).value for d in as_tuple(answered, problem.single))


def negative(backward: Slope) -> tuple[Array, ...]:
    """The slopes on the side where a direction comes from."""
    return tuple(objects(-o) for o in backward.outputs)


def agree(forward: Slope, backward: Slope) -> bool:
    """Whether every output has the same slope to both sides, so that a tie is no kink."""
    pairs = zip(forward.outputs, backward.outputs, strict=True)
    return all((a + b).contains(0) for f, g in pairs for a, b in zip(f.flat, g.flat, strict=True))


def between(dy: tuple[Array, ...], sides: list[tuple[Array, ...]]) -> tuple[Any, Any]:
    """The least and the largest slope of sum(dy * y) where each entry of y takes any of its own slopes.

    Each for itself: relu6 may be flat at 0 and at 6, where moving forward it is flat at 6 alone.
    """
    low = high = dot(np.zeros(0), np.zeros(0))
    for k, d in enumerate(dy):
        for e in np.flatnonzero(d):
            terms = [dot(d.ravel()[e : e + 1], side[k].ravel()[e : e + 1]) for side in sides]
            terms = [t for t in terms if t.is_finite()] or terms
            low += min(terms, key=lambda t: float(t.mid()))
            high += max(terms, key=lambda t: float(t.mid()))
    return low, high


def separate(
    problem: Problem, direction: Direction, sides: list[tuple[Array, ...]], final: bool
) -> list[tuple[Array, ...]]:
    """The slopes of each output; where those of the parts of a direction add up to it, any sum of their one-sided ones.

    What adds up are kinks of their own, as in the sum of relu6 at 0 and at 6: each may take its own side.
    """
    singles = [
        unit(problem, k, e, v[e].item()) for k, v in enumerate(direction) if v is not None for e in np.ndindex(v.shape)
    ]
    lows, highs = (list(side) for side in sides)
    for parts in (by_value(problem, direction), singles):
        forward = [certified(problem, part, final).outputs for part in parts]
        backward = [negative(certified(problem, opposite(part), final)) for part in parts]
        for k, (after, before) in enumerate(zip(*sides, strict=True)):
            ones, others = [f[k] for f in forward], [b[k] for b in backward]
            own = added(after, ones) & added(before, others)
            lows[k] = objects(np.where(own, sum(map(LEAST, ones, others)), lows[k]))
            highs[k] = objects(np.where(own, sum(map(LARGEST, ones, others)), highs[k]))
    return [tuple(lows), tuple(highs)]


LEAST = np.frompyfunc(lambda a, b: a if a.mid() <= b.mid() else b, 2, 1)
LARGEST = np.frompyfunc(lambda a, b: b if a.mid() <= b.mid() else a, 2, 1)


def added(total: Array, parts: list[Array]) -> Array:
    """Where parts add up to the total, as far as balls tell."""
    return np.asarray(np.frompyfunc(lambda x: x.contains(0), 1, 1)(sum(parts, -total)), dtype=bool)


def by_value(problem: Problem, direction: Direction) -> list[Direction]:
    """A direction in parts, each of which moves the entries of one value."""
    pairs = list(zip(problem.args, direction, strict=True))
    values = {value for a, v in pairs if v is not None for value in a.flat}
    return [tuple(None if v is None else np.where(a == value, v, 0.0) for a, v in pairs) for value in values]


def tied(problem: Problem) -> list[Direction]:
    """The directions that move all entries of one value together: such entries are what code compares."""
    groups = (tangents for _, tangents in tied_groups(problem))
    return [tuple(np.where(g[k], 1.0, 0.0) if k in g else None for k in range(len(problem.args))) for g in groups]
