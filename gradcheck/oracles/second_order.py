"""The truth of a double backward: certified slopes of the forward, differenced once more at hundreds of bits.

With u the cotangents of dx, the double backward differentiates <u, dx>.  For the true gradient that is the slope of
<dy, y> along u, a certified number: linear in dy, and its derivative by x comes from its values very near x.  The two
one-sided ones say how far to trust it, and whether there is any.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.contract.underlying import first_problem
from gradcheck.floats import wide
from gradcheck.lifted.array import Lifted, NotLiftable, lifted
from gradcheck.lifted.balls import Balls, balls_of, holds_complex, midpoints, precision
from gradcheck.lifted.evaluate import Slope, dot, slope, with_enough_bits
from gradcheck.oracles.parts import Direction
from gradcheck.problems import Problem, as_tuple
from gradcheck.results import Array
from gradcheck.rules import First, Rule

# A derivative is differenced with so many times the bits.
BITS = 4


class Kink(NotLiftable):
    """The gradient has no derivative at the point."""

    reason = "kink"


def second_slope(problem: Problem, direction: Direction, final: bool) -> Slope:
    """The derivative of <u, dx> along a direction of (dy, *args), dx the true gradient.  Raises NotLiftable, Kink."""
    from flint import arb

    first = first_problem(problem)
    n = len(first.dy)
    still = along(first, problem.dy, None, final)
    if still.ties and not (still.total + along(first, tuple(-d for d in problem.dy), None, final).total).contains(0):
        problem.kink = True
        raise Kink("the gradient jumps at the point")
    total = sum((dot(v, o) for v, o in zip(direction[:n], still.outputs, strict=True) if v is not None), arb(0))
    if any(v is not None and v.any() for v in direction[n:]):
        total += bend(problem, first, direction[n:], final)
    return Slope(total, (), 0, still.operations, still.inexact_constants)


def bend(problem: Problem, first: Problem, direction: Direction, final: bool) -> Any:
    """The derivative of the slope along u as the arguments move in a direction.  Raises NotLiftable, Kink."""
    from flint import arb, ctx

    here = ctx.prec
    low, high = reach(first.args, direction)
    # So many bits more tell the smallest of them from the largest, and from constants.
    with precision(BITS * here + high - 3 * low):
        h = arb(2) ** (low - here)
        # Constants at their word: what they are rounded by moves all three slopes alike.
        steps = ((direction, -h), None, (direction, h))
        before, at, after = (along(first, problem.dy, step, final, literal=True) for step in steps)
        one, other = (after.total - at.total) / h, (at.total - before.total) / h
    apart = abs(one - other)
    size = abs(one) + abs(other) + abs(at.total) * arb(2) ** -low
    if apart.is_finite() and apart > arb(2) ** (-here // 2) * size:
        problem.kink = True
        raise Kink("the gradient has no derivative at the point")
    return (one + other) / 2 + arb(0, apart.abs_upper())


def reach(args: tuple[Array, ...], direction: Direction) -> tuple[int, int]:
    """The exponents of how far a direction may go: a part of the smallest entry that it moves, and of the largest one.

    Not beyond 1, however large all entries are, and that far from 0.
    """
    moved = [(np.abs(wide(a)), np.abs(v)) for a, v in zip(args, direction, strict=True) if v is not None]
    exponents = [np.log2(np.where(a > 0, a, 1.0)[v > 0] / v[v > 0]) for a, v in moved]
    every = np.floor(np.concatenate([np.zeros(1), *exponents])).astype(int)
    return int(every.min()), int(every.max())


def along(
    first: Problem, u: tuple[Array, ...], step: tuple[Direction, Any] | None, final: bool, literal: bool = False
) -> Slope:
    """The slope of <dy, y> along u, at the point, where it is kept, or a step away from it."""
    from flint import ctx

    def found(args: tuple[Array, ...]) -> Slope:
        return slope(first.primal, args, first.params, first.dy, u, single=first.single, final=final, literal=literal)

    if step is not None:
        return found(moved(first.args, *step))
    key = ("along", *(d.tobytes() for d in u), ctx.prec, final, literal)
    if key not in first.slopes:
        first.slopes[key] = found(first.args)
    return first.slopes[key]  # type: ignore[no-any-return]


def moved(args: tuple[Array, ...], direction: Direction, by: Any) -> tuple[Array, ...]:
    """The arguments a little further along a direction, in balls."""
    pairs = zip(args, direction, strict=True)
    return tuple(
        a if v is None else np.asarray(balls_of(a) + balls_of(v) * by, dtype=object).reshape(a.shape) for a, v in pairs
    )


class OfReference:
    """The backward of a reference as a rule's function, its double backward by certified slopes of its code.

    A class, whose instances no stand-in for NumPy is written into.
    """

    __name__ = __qualname__ = "double_backward"

    def __init__(self, first: First) -> None:
        self.first = first

    def __call__(self, *values: Any, **params: Any) -> Any:
        dx = self.backward(*values, **params)
        return dx[0] if len(dx) == 1 else dx, lambda ddx: self.pulled(values, params, as_tuple(ddx, len(dx) == 1))

    def backward(self, *values: Any, **params: Any) -> tuple[Any, ...]:
        """The cotangents that the reference answers."""
        n = self.first.outputs
        _, pullback = self.first.rule(*values[n:], **params)
        dx = pullback(values[0] if self.first.single else values[:n])
        return tuple(dx) if isinstance(dx, tuple | list) else (dx,)

    def pulled(self, values: tuple[Any, ...], params: Any, u: tuple[Any, ...]) -> tuple[Any, ...]:
        """A cotangent for each value: exact numbers for exact ones, else floats."""
        if isinstance(values[0], Lifted):
            system = values[0].system
            assert isinstance(system, Balls)
            balls = [tuple(v.value for v in group) for group in (values, u)]
            plain = {k: v.value if isinstance(v, Lifted) else v for k, v in params.items()}
            return tuple(
                lifted(system, Lifted(system, g)) for g in self.slopes(balls[0], plain, balls[1], system.final)
            )
        found = with_enough_bits(lambda bits, final: self.slopes(values, params, u, final))
        return tuple(midpoints(g).astype(np.asarray(v).dtype) for g, v in zip(found, values, strict=True))

    def slopes(self, values: tuple[Any, ...], params: Any, u: tuple[Any, ...], final: bool) -> list[Array]:
        """The derivative of <u, dx> by each entry, in balls; of a complex one as JAX has it."""
        from flint import acb

        def whole(*values: Any, **params: Any) -> Any:
            return self.backward(*values, **params), None

        def along(k: int, e: tuple[int, ...], phase: complex) -> Any:
            unit = np.zeros(values[k].shape, dtype=type(phase))
            unit[e] = phase
            direction = tuple(unit if i == k else None for i in range(len(values)))
            return slope(whole, values, params, u, direction, single=False, final=final).total

        found = []
        for k, value in enumerate(values):
            several = np.iscomplexobj(value) or holds_complex(value)
            entries = np.empty(value.shape, dtype=object)
            for e in np.ndindex(value.shape):
                real = along(k, e, 1.0)
                entries[e] = acb(real, -along(k, e, 1j)) if several else real
            found.append(entries)
        return found


def of_reference(rule: Rule, first: First) -> Rule:
    """The double backward that a reference means, of a rule with such outputs."""
    found = Rule(OfReference(replace(first, rule=rule)), accuracy=rule.accuracy, normwise=rule.normwise)
    found.first = replace(first, rule=rule)
    return found
