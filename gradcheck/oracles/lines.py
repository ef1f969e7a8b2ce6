"""A problem seen along lines through its point: the derivative of sum(dy * y) in a direction, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from gradcheck.contract import refusal
from gradcheck.floats import epsilon, is_inexact, wide
from gradcheck.oracles.complex_step import Plane, complex_step
from gradcheck.oracles.jumps import hidden_noise
from gradcheck.oracles.neighbours import BESIDE, moves
from gradcheck.oracles.stencils import FIRST, SAFETY, Estimate, Ladder, Line, Sample, derivative, measured_noise
from gradcheck.problems import Problem
from gradcheck.results import Array, Stance

Tangents = Mapping[int, Array]
# Noise of this size, relative to the outputs, is that of float32 arithmetic.
FLOAT32_NOISE = (2.0**-28, 2.0**-18)
# A claimed gradient has rounding errors of its own: below so much of the scale, differences do not look.
FINEST = 2.0**-30
# Decisive *for* are bars of at most so much of the scale; the second for functions that work in float32.
DECISIVE, DECISIVE_LOW = 1e-6, 1e-2
# The slope that a flat function may hide, as a part of dy and in the spacings of its type.
FLAT = 4
# The first step where a slope is measured again: no step is the same, nor are roundings.
OTHER_FIRST = 37 / 512
# Where each slope is wanted on its own: the largest bar, as a part of the largest slope and of the outputs.
COARSE, ABSOLUTE = 2.0**-20, 2.0**-30
# A kink is at the point where steps of next to nothing see the jump of the slopes to within so much of itself.
BENT = 1e-3
# More outputs than this are summed in so many groups: tables of extrapolation are kept for each.
OUTPUTS = 4096


class Slope(NamedTuple):
    """A directional derivative and a bound for its error; at a kink the slopes to either side."""

    low: float
    high: float
    bar: float
    note: str = ""

    def nearest(self, claimed: float) -> float:
        """The slope that is nearest to a claimed one."""
        return self.low if self.low == self.high else float(np.clip(claimed, self.low, self.high))


UNKNOWN = Slope(np.nan, np.nan, np.inf)


class Reading(NamedTuple):
    """One comparison of a claim with a measured slope, all in the same unit."""

    entry: tuple[int, ...] | None
    claimed: complex
    value: complex
    bar: float
    scale: float
    stance: Stance
    detail: str = ""

    @property
    def badness(self) -> tuple[int, float]:
        """What readings are sorted by: the worst is the largest."""
        off = abs(self.claimed - self.value)
        ratio = off / self.bar if self.bar else float(off > 0)
        return ("for", "undecided", "against").index(self.stance), float(np.nan_to_num(ratio, nan=np.inf))


class Lines:
    """The forward of a problem along lines.  Only outputs with a cotangent other than 0 count."""

    def __init__(self, problem: Problem, first: float = FIRST) -> None:
        self.problem, self.first, self.calls = problem, first, 0
        # What the forward raised beside the point, first.
        self.refused: Exception | None = None
        # Whether a line met a kink, and that at the point itself.
        self.kinked = False
        outputs = problem.forward(*problem.args)
        self.dy = flat(problem.pulled)
        self.counted = self.dy != 0
        self.dy = self.dy[self.counted]
        self.starts = np.arange(0, self.dy.size, max(1, -(-self.dy.size // OUTPUTS)))
        grouped = self.starts.size < self.dy.size
        self.weights = np.ones(self.starts.size) if grouped else self.dy
        self.here = self._seen(flat(outputs))
        precisions = np.concatenate([np.full(np.size(y), precision(y)) for y in outputs])[self.counted]
        self.epsilon = np.maximum.reduceat(precisions, self.starts) if grouped else precisions
        self.noise = np.zeros(self.here.shape)
        if self.finite:
            signs = problem.rng("noise")
            wiggle = {
                k: size_of(x, 0.0) * signs.choice([-1.0, 1.0], x.shape)
                for k, x in enumerate(problem.args)
                if movable(x)
            }
            self.noise = measured_noise(self.line(wiggle), self.here)
        self.resolution = resolution = self._resolution()
        self.finest = max(FINEST, 64 * resolution)
        self.decisive = DECISIVE if resolution < FLOAT32_NOISE[0] else DECISIVE_LOW
        self.note = (
            "" if resolution < FLOAT32_NOISE[0] else f"the function works to a relative precision of {resolution:.0e}"
        )

    def _resolution(self) -> float:
        # By the types of inputs and outputs, or by noise where that is of the size of float32's.
        declared = max([*(precision(x) for x in self.problem.args if movable(x)), *self.epsilon], default=0.0)
        total = self.total
        noise = float(np.sum(np.abs(self.weights) * self.noise)) / total if total else 0.0
        return max(declared, noise) if FLOAT32_NOISE[0] <= noise <= FLOAT32_NOISE[1] else declared

    @property
    def total(self) -> float:
        """The size of what is differentiated."""
        return float(np.sum(np.abs(self.weights * self.here)))

    @property
    def finite(self) -> bool:
        """Whether the function has a value at the point."""
        return bool(np.all(np.isfinite(self.here)))

    @property
    def work(self) -> int:
        """Forward calls so far, times the numbers that go in and come out."""
        others = self.__dict__["elsewhere"].work if "elsewhere" in self.__dict__ else 0
        return others + self.calls * (self.problem.size + sum(np.size(y) for y in self.problem.y))

    @cached_property
    def elsewhere(self) -> Lines:
        """Lines of other steps, through a point as far away as rounding; through the same one, if it is an edge or a kink."""
        if not self.problem.kink:
            try:
                lines = Lines(nudged(self.problem), OTHER_FIRST)
            except (ArithmeticError, ValueError):
                pass
            else:
                if lines.finite:
                    # What next to nothing changes is noise, whether or not it shows on the way.
                    lines.noise = np.fmax(lines.noise, np.abs(lines.here - self.here))
                    return lines
        return Lines(self.problem, OTHER_FIRST)

    def line(self, tangents: Tangents) -> Line:
        """The counted outputs at args + t * tangents, as a function of t; NaN where the function has no value."""
        moving = {k: (wide(self.problem.args[k]), wide(v), v != 0) for k, v in tangents.items()}

        def sample(t: float) -> Sample:
            args, misstep = list(self.problem.args), 0.0
            for k, (x, v, on) in moving.items():
                args[k] = np.asarray(x + t * v, dtype=args[k].dtype)
                wanted = (t * v)[on]
                made = (wide(args[k]) - x)[on]
                misstep = max(misstep, float(np.max(np.abs((made - wanted) / wanted), initial=0.0)))
            y = self._outputs(args) if misstep < 0.25 else None
            return Sample(np.full(self.here.shape, np.nan) if y is None else y, misstep)

        return sample

    def plane(self, tangents: Tangents) -> Plane:
        """The counted outputs at args + z * tangents, as a function of complex z; None where there are none."""

        def sample(z: complex) -> Array | None:
            moved = {k: self.problem.args[k] + z * v for k, v in tangents.items()}
            refused = self.refused
            try:
                return self._outputs([moved.get(k, x) for k, x in enumerate(self.problem.args)])
            except Exception:  # the user's code, on numbers that its author did not think of
                return None
            finally:
                # Complex numbers are our own idea: whoever refuses them has refused no point beside this one.
                self.refused = refused

        return sample

    def _sharpened(self, central: Slope, tangents: Tangents, noise: Array) -> Slope:
        # A complex step instead of real ones, where the function is analytic and both agree.
        if np.iscomplexobj(self.here) or any(self.problem.args[k].dtype != float for k in tangents):
            return central
        found = complex_step(self.plane(tangents), self.here, noise)
        if found is None:
            return central
        slope = self._contract(found)
        agrees = abs(slope.low - central.low) <= slope.bar + central.bar
        return slope if agrees and slope.bar < central.bar else central

    def _outputs(self, args: list[Any]) -> Array | None:
        self.calls += 1
        try:
            y = flat(self.problem.forward(*args))
        except Exception as error:  # as math.log(-1) and a singular matrix do
            self.refused = self.refused or error
            return None
        return self._seen(y) if y.shape == self.counted.shape else None

    def _seen(self, y: Array) -> Array:
        # The outputs that count, or sums of dy * y over groups of them where they are many.
        y = y[self.counted]
        return y if self.starts.size == y.size else np.asarray(np.add.reduceat(self.dy * y, self.starts))

    def ladder(self, tangents: Tangents) -> Ladder:
        """Steps along the tangents, the first of them inside the domain."""
        step = self.first
        for k, v in tangents.items():
            room = self.problem.room[k] if self.problem.room else None
            if room is not None:
                # A point on the very edge has no room at all: there, sides that fail say so.
                near = (v != 0) & (room > 0)
                step = min(step, float(np.min(room[near] / (2 * np.abs(v[near])), initial=step)))
        return Ladder(self.line(tangents), self.here, self.noise, self.epsilon, step)

    def slope(self, tangents: Tangents, scale: float) -> Slope:
        """The derivative along tangents, to within a small part of the scale if it can.

        At a point that is known to be a kink these are the slopes to either side; where they differ otherwise, the
        derivative is unknown.  Where the function lives on one side only, the slope to that side.
        """
        ladder = self.ladder(tangents)
        scale = min(scale, np.finfo(float).max)
        central = self._measure(ladder, ladder.central, scale)
        if self.finest * scale < central.bar < np.inf:
            central = self._sharpened(central, tangents, ladder.noise)
        if central.bar <= self.decisive * scale:
            return central
        estimates = [self._estimate(ladder, partial(ladder.side, sign), scale) for sign in (-1, 1)]
        left, right = map(self._contract, estimates)
        if np.isfinite(left.bar) and np.isfinite(right.bar):
            between = self._between(*estimates)
            if self.problem.kink and between.low < between.high:
                return between
            if not self.problem.kink and abs(left.low - right.low) > left.bar + right.bar:
                self.kinked |= self._bends_here(ladder.line, left.low, right.low)
                return central._replace(bar=np.inf, note="the slopes to either side differ: a kink inside the steps")
        if ladder.lives(1) != ladder.lives(-1):
            return right if ladder.lives(1) else left
        return central

    def _bends_here(self, line: Line, left: float, right: float) -> bool:
        # Whether steps of next to nothing see the slopes that longer ones see to either side: the kink is not beside the point.
        step = float(np.sqrt(self.resolution))
        sides = {-step: left, step: right}
        found = {t: float(np.real(np.sum(self.weights * (line(t).y - self.here)))) / t for t in sides}
        return all(abs(found[t] - slope) <= BENT * abs(left - right) for t, slope in sides.items())

    def among_neighbours(self, slope: Slope, tangents: Tangents, claimed: float, scale: float) -> Slope:
        """The slope, or where that may explain a claim at a kink, one with those of points beside between its ends too."""
        if not self.problem.kink or abs(slope.nearest(claimed) - claimed) <= max(slope.bar, self.finest * scale):
            return slope
        beside = [Lines(self._beside(turn)) for turn in range(BESIDE)]
        # One of them may be beyond the domain, where the function has no value.
        near = [lines.slope(tangents, scale) for lines in beside if lines.finite]
        known = [slope, *(s for s in near if np.isfinite(s.bar))]
        low, high = min(s.low for s in known), max(s.high for s in known)
        bar = max(s.bar for s in known) + self._aside() * self.problem.size * scale
        wider = Slope(low, high, bar, "between the slopes of points beside a kink")
        return slope if abs(wider.nearest(claimed) - claimed) > bar else wider._replace(bar=np.inf)

    def _aside(self) -> float:
        # So far that steps fit between entries which were equal, so near that slopes hardly change.
        return 4 * float(np.sqrt(max(precision(x) for x in self.problem.args)))

    def _beside(self, turn: int) -> Problem:
        args, room = [], []
        for x, move in zip(self.problem.args, moves(self.problem, turn), strict=True):
            unit = self._aside() * size_of(x, 1.0)
            args.append(np.asarray(x + unit * move, dtype=x.dtype))
            room.append(np.asarray(unit / 4))
        return replace(self.problem, args=tuple(args), room=tuple(room), kink=False)

    def slopes(self, tangents: Tangents) -> Array | None:
        """The derivative of each counted output along tangents; None where it is not known to a small part of the largest."""
        if self.starts.size < self.dy.size:
            return None
        ladder = self.ladder(tangents)
        total = float(np.sum(np.abs(self.here)))
        found = derivative(ladder, ladder.central, self.weights, total, self.finest, self.decisive / 2)
        known = np.all(found.bar <= COARSE * np.max(np.abs(found.value), initial=0.0) + ABSOLUTE * total)
        return found.value if known and np.all(np.isfinite(found.value)) else None

    def judge(
        self, entry: tuple[int, ...] | None, claimed: complex, value: complex, bar: float, scale: float, note: str = ""
    ) -> Reading:
        """What a claim is worth beside a measured value with a bar."""
        bar = max(bar, self.finest * scale)
        decisive = bar <= self.decisive * scale
        off = abs(claimed - value)
        stance: Stance = "for" if decisive and np.isfinite(off) else "undecided"
        # A function without a digit that changes says nothing of a slope as small as rounding: x - tanh(x) at 1e-8.
        unseen = value == bar == 0 and off <= FLAT * self.resolution * float(np.max(np.abs(self.dy), initial=0.0))
        # Every bar falls short of infinity: a slope contradicts it that is known as well as slopes are, or to a part of itself.
        known = decisive and bar <= max(4 * self.finest * scale, self.decisive * abs(value))
        if known if not np.isfinite(off) else off > bar and not unseen:
            stance = "against"
        elif unseen and off > 0:
            stance = "undecided"
        if stance == "undecided" and self.refused is not None:
            note = f"the forward raises beside the point: {refusal(self.refused)}"
        return Reading(entry, claimed, value, bar, scale, stance, note or self.note)

    def confirmed(self, reading: Reading, again: Callable[[Lines], Reading]) -> Reading:
        """A reading against a claim, unless rounding explains it, going by what `again` reads elsewhere.

        Two readings that contradict each other have bars that are not to be believed.  Rounding explains no infinity.
        """
        if reading.stance != "against" or not np.isfinite(reading.claimed):
            return reading
        other = again(self.elsewhere)
        apart = float(np.nan_to_num(abs(reading.value - other.value)))
        bar = max(other.bar, SAFETY * apart) if apart > reading.bar + other.bar else other.bar
        if bar <= reading.bar:
            return reading
        return self.judge(reading.entry, reading.claimed, reading.value, bar, reading.scale, reading.detail)

    def _measure(self, ladder: Ladder, look: Callable[[Iterable[int]], Estimate], scale: float) -> Slope:
        return self._contract(self._estimate(ladder, look, scale))

    def _estimate(self, ladder: Ladder, look: Callable[[Iterable[int]], Estimate], scale: float) -> Estimate:
        target, limit = self.finest, self.decisive / 2
        found = derivative(ladder, look, self.weights, scale, target, limit)
        noise = hidden_noise(ladder, look(ladder.consecutive), found, self.weights)
        if np.any(noise > ladder.noise):
            ladder.noise = noise
            found = derivative(ladder, look, self.weights, scale, target, limit)
        return found

    def _between(self, left: Estimate, right: Estimate) -> Slope:
        # At a kink each output takes any of its own slopes: relu(-x) need not go to the side that relu(x) goes to.
        apart = np.abs(left.value - right.value) > left.bar + right.bar
        sharper = np.where(left.bar < right.bar, left.value, right.value)
        sides = [(self.weights * np.where(apart, side.value, sharper)).real for side in (left, right)]
        bar = float(np.sum(np.abs(self.weights) * np.fmax(left.bar, right.bar)))
        low, high = (float(np.sum(end)) for end in (np.minimum(*sides), np.maximum(*sides)))
        return Slope(low, high, bar + max(map(rounding_of, sides)), "subgradient at a kink")

    def _contract(self, found: Estimate) -> Slope:
        # The real part of sum(dy * slope): the partner of a tangent in JAX's convention.
        terms = self.weights * found.value
        value, bar = float(np.sum(terms).real), float(np.sum(np.abs(self.weights) * found.bar)) + rounding_of(terms)
        return Slope(value, value, bar) if np.isfinite(value) and np.isfinite(bar) else UNKNOWN


def nudged(problem: Problem) -> Problem:
    """The problem with each number that it is given moved next to where it is."""

    def next_to(name: str, x: Any) -> Any:
        if not isinstance(x, np.ndarray) or not movable(x):
            return x
        return (x * (1 + precision(x) * problem.rng(f"nudged/{name}").choice([-1.0, 1.0], x.shape))).astype(x.dtype)

    args = tuple(next_to(str(k), x) for k, x in enumerate(problem.args))
    return replace(problem, args=args, params={k: next_to(k, v) for k, v in problem.params.items()})


def rounding_of(terms: Array) -> float:
    """A bound for the rounding error of a sum of so many terms that were rounded themselves."""
    return 8 * float(np.finfo(float).eps) * float(np.sum(np.abs(terms)))


def flat(arrays: Iterable[Any]) -> Array:
    """All entries of all arrays in one row, real or complex, in double precision."""
    rows = [wide(np.ravel(np.asarray(a))) for a in arrays]
    return np.concatenate(rows, dtype=complex if any(np.iscomplexobj(r) for r in rows) else float)


def precision(x: Any) -> float:
    """The relative spacing of the numbers of an array."""
    return epsilon(np.asarray(x).dtype) or float(np.finfo(float).eps)


def movable(x: Array) -> bool:
    """Whether an argument has entries that can be moved."""
    return x.size > 0 and is_inexact(x.dtype)


def size_of(x: Array, typical: float) -> Array:
    """The size of each entry as a power of two, so that steps are exact: at least `typical` times the largest entry."""
    size = np.abs(x).astype(float)
    largest = float(np.max(size, initial=0.0)) or 1.0
    size = np.maximum(np.where(size > 0, size, largest), typical * largest)
    return np.asarray(2.0 ** np.ceil(np.log2(size)))
