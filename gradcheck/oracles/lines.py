"""A problem seen along lines through its point: the derivative of sum(dy * y) in a direction, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradcheck.oracles.stencils import FIRST, Estimate, Ladder, Line, Sample, derivative, measured_noise
from gradcheck.problems import Problem
from gradcheck.results import Array

Tangents = Mapping[int, Array]
# Noise of this size, relative to the outputs, is that of float32 arithmetic.
FLOAT32_NOISE = (2.0**-28, 2.0**-18)
# A claimed gradient has rounding errors of its own: below so much of the scale, differences do not look.
FINEST = 2.0**-30


class Measured(NamedTuple):
    """A directional derivative and a bound for its error."""

    value: float
    bar: float


class Lines:
    """The forward of a problem along lines.  Only outputs with a cotangent other than 0 count."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.calls = problem, 0
        outputs = problem.forward(*problem.args)
        weights = flat(problem.dy)
        self.counted = weights != 0
        self.weights = weights[self.counted]
        self.here = flat(outputs)[self.counted]
        self.epsilon = np.concatenate([np.full(np.size(y), precision(y)) for y in outputs])[self.counted]
        self.noise = np.zeros(self.here.shape)
        if self.finite:
            signs = problem.rng("noise")
            wiggle = {
                k: size_of(x, 0.0) * signs.choice([-1.0, 1.0], x.shape) for k, x in enumerate(problem.args) if movable(x)
            }
            self.noise = measured_noise(self.line(wiggle), self.here)

    @property
    def finite(self) -> bool:
        """Whether the function has a value at the point."""
        return bool(np.all(np.isfinite(self.here)))

    @property
    def resolution(self) -> float:
        """The relative precision in which the function works, by its types and by its noise."""
        types = [precision(x) for x in self.problem.args if movable(x)]
        declared = max([np.finfo(float).eps, *types, *self.epsilon[:1], float(np.max(self.epsilon, initial=0.0))])
        total = float(np.sum(np.abs(self.weights * self.here)))
        noise = float(np.sum(np.abs(self.weights) * self.noise)) / total if total else 0.0
        return max(declared, noise) if FLOAT32_NOISE[0] <= noise <= FLOAT32_NOISE[1] else declared

    def line(self, tangents: Tangents) -> Line:
        """The counted outputs at args + t * tangents, as a function of t; NaN where the function has no value."""
        moving = {k: (self.problem.args[k], v, v != 0) for k, v in tangents.items()}

        def sample(t: float) -> Sample:
            args, misstep = list(self.problem.args), 0.0
            for k, (x, v, on) in moving.items():
                args[k] = np.asarray(x + t * v, dtype=x.dtype)
                wanted = (t * v)[on]
                misstep = max(misstep, float(np.max(np.abs(((args[k] - x)[on] - wanted) / wanted), initial=0.0)))
            y = self._outputs(args) if misstep < 0.25 else None
            return Sample(np.full(self.here.shape, np.nan) if y is None else y, misstep)

        return sample

    def _outputs(self, args: list[Any]) -> Array | None:
        self.calls += 1
        try:
            y = flat(self.problem.forward(*args))
        except (ArithmeticError, ValueError):  # as math.log(-1) and a singular matrix answer
            return None
        return y[self.counted] if y.shape == self.counted.shape else None

    def ladder(self, tangents: Tangents) -> Ladder:
        """Steps along the tangents, the first of them inside the domain."""
        step = FIRST
        for k, v in tangents.items():
            room = self.problem.room[k] if self.problem.room else None
            if room is not None:
                # A point on the very edge has no room at all: there, sides that fail say so.
                near = (v != 0) & (room > 0)
                step = min(step, float(np.min(room[near] / (2 * np.abs(v[near])), initial=FIRST)))
        return Ladder(self.line(tangents), self.here, self.noise, self.epsilon, step)

    def slope(self, ladder: Ladder, target: float) -> Measured:
        """The derivative along a ladder: from both sides, or from the only side on which the function lives."""
        found = self.measure(ladder, ladder.central, target)
        if np.isfinite(found.bar):
            return found
        left, right = self.sides(ladder, target)
        if not np.isfinite(left.bar):
            return right if missing(ladder, -1) else found
        return left if missing(ladder, 1) and not np.isfinite(right.bar) else found

    def sides(self, ladder: Ladder, target: float) -> tuple[Measured, Measured]:
        """The derivatives from the left and from the right."""
        left, right = (
            self.measure(ladder, lambda rungs, sign=sign: ladder.side(sign, rungs), target) for sign in (-1, 1)
        )
        return left, right

    def measure(self, ladder: Ladder, look: Callable[[Iterable[int]], Estimate], target: float) -> Measured:
        """What a look at the ladder says of sum(dy * y), to within `target` if it can."""
        found = derivative(ladder, look, lambda e: bool(self.contract(e).bar <= target))
        return self.contract(found)

    def contract(self, found: Estimate) -> Measured:
        """sum(dy * slope), its real part: a tangent's partner in JAX's convention."""
        terms = self.weights * found.value
        rounding = 8 * np.finfo(float).eps * float(np.sum(np.abs(terms)))
        bar = float(np.sum(np.abs(self.weights) * found.bar)) + rounding
        value = float(np.sum(terms).real)
        return Measured(value, bar) if np.isfinite(value) and np.isfinite(bar) else Measured(np.nan, np.inf)


def missing(ladder: Ladder, sign: int) -> bool:
    """Whether the function has no value at any step to that side."""
    there = [plus if sign > 0 else minus for plus, minus in ladder.samples.values()]
    return all(bool(np.any(np.isnan(s.y))) or not np.all(np.isfinite(s.y)) for s in there)


def flat(arrays: Iterable[Any]) -> Array:
    """All entries of all arrays in one row, real or complex, in double precision."""
    rows = [np.ravel(np.asarray(a)) for a in arrays]
    return np.concatenate(rows, dtype=complex if any(np.iscomplexobj(r) for r in rows) else float)


def precision(x: Any) -> float:
    """The relative spacing of the numbers of an array."""
    dtype = np.asarray(x).dtype
    return float(np.finfo(dtype).eps) if np.issubdtype(dtype, np.inexact) else float(np.finfo(float).eps)


def movable(x: Array) -> bool:
    """Whether an argument has entries that can be moved."""
    return x.size > 0 and np.issubdtype(x.dtype, np.inexact)


def size_of(x: Array, typical: float) -> Array:
    """The size of each entry as a power of two, so that steps are exact: at least `typical` times the largest entry."""
    size = np.abs(x).astype(float)
    largest = float(np.max(size, initial=0.0)) or 1.0
    size = np.maximum(np.where(size > 0, size, largest), typical * largest)
    return np.asarray(2.0 ** np.ceil(np.log2(size)))
