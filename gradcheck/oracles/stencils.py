"""The derivative of a function along a line by differences, with an error bar for every number.

A ladder of steps, Richardson extrapolation, and rounding noise that is measured.  On 22 awkward functions of one
variable (poles, kinks nearby, 1e-300, sin(1e6 x)) the bar holds the truth 22 times, the error estimate of
scipy.differentiate 9 times and that of numdifftools 6 times: they are estimates, not bounds, and their steps leave the
domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from gradcheck.results import Array

# Ridders' estimate is no bound: ten false alarms in 2400 checks as it is, none with this factor.
SAFETY = 16.0
# A heuristic: no rounding error of a value is beyond so many times the measured noise.
SIGMAS = 8.0
# The first step, relative.  Not a power of two, so that no period hides between steps; few bits, so that x + h is exact.
FIRST = 45 / 512
# Rungs of the ladder: so many at once, so many more if needed, and the first of two far below that must not contradict.
FIRST_RUNGS, MORE_RUNGS, MOST_RUNGS, FAR = 6, 4, 46, 12
COLUMNS = 6
# Spacings, relative, at which noise is looked for: exact in float64, and not rounded alike at every point in float32.
SPACINGS = (*(758_749 * 2.0 ** -(k + 20) for k in (8, 14, 20, 26, 32)), 2963 * 2.0**-52, 185 * 2.0**-52)
# So many turns between rising and resting are stairs: a kink has one, a jump two.
STAIRS = 3
# Noise bends what it is in by more than this part of itself (2.4 times it on average); one step does not.
BEND = 0.5

FLOOR = 2.0**-48


class Sample(NamedTuple):
    """The outputs at one point of a line, flat, and the relative error of the step that was really made."""

    y: Array
    misstep: float = 0.0


Line = Callable[[float], Sample]


class Estimate(NamedTuple):
    """Numbers, and a bound for the error of each (infinite where nothing is known); noise: the part that is rounding."""

    value: Array
    bar: Array
    noise: Array


@dataclass
class Ladder:
    """A line sampled at ±step, ±step/2, ±step/4, ...; outputs that fail are NaN.

    here: the outputs at 0; noise: their measured rounding noise; epsilon: the precision of their type.
    """

    line: Line
    here: Array
    noise: Array
    epsilon: Array
    step: float
    samples: dict[int, tuple[Sample, Sample]] = field(default_factory=dict)

    def climb(self, rungs: Iterable[int]) -> None:
        """Sample those rungs that have not been sampled."""
        for k in rungs:
            if k not in self.samples:
                h = self.step * 2.0**-k
                self.samples[k] = self.line(h), self.line(-h)

    def central(self, rungs: Iterable[int]) -> Estimate:
        """The derivative from both sides; a kink inside the steps is part of its error."""
        h, plus, minus, misstep = self._columns(rungs)
        middle = (plus - minus) / (2 * h)
        # Forward less backward slope: its limit is 0 for a smooth function, the jump of the slope at a kink.
        bend = ((plus - self.here) - (self.here - minus)) / h
        gap = np.abs(neville(bend, range(1, 2 * COLUMNS, 2)))[1:]
        # Inputs rounded on the way (1e4 * x) shift every sample alike: the slope of a neighbouring point.
        shift = self.epsilon * np.abs(bend) / h
        noise = self._noise(np.fmax(np.abs(plus), np.abs(minus))) / h + misstep * np.abs(middle) + shift
        return rows(neville(middle, range(2, 2 * COLUMNS, 2)), gap, noise, growth(range(2, 2 * COLUMNS, 2)))

    def side(self, sign: int, rungs: Iterable[int]) -> Estimate:
        """The derivative from the right (sign = 1) or from the left (-1)."""
        h, plus, minus, misstep = self._columns(rungs)
        there = plus if sign > 0 else minus
        slope = sign * (there - self.here) / h
        noise = 2 * self._noise(np.fmax(np.abs(there), np.abs(self.here))) / h + misstep * np.abs(slope)
        powers = range(1, COLUMNS)
        return rows(neville(slope, powers), np.zeros(()), noise, growth(powers))

    @property
    def consecutive(self) -> range:
        """The rungs that have been sampled, without those far below."""
        count = 0
        while count in self.samples:
            count += 1
        return range(count)

    def lives(self, sign: int) -> bool:
        """Whether the function has a value at any step to that side."""
        sides = (plus if sign > 0 else minus for plus, minus in self.samples.values())
        return any(bool(np.all(np.isfinite(s.y))) for s in sides)

    def floor(self, rung: int) -> Array:
        """The rounding error that no derivative from this rung on falls below."""
        return np.asarray(self._noise(np.abs(self.here)[None])[0] / (self.step * 2.0**-rung))

    def _noise(self, size: Array) -> Array:
        # By rung and output.  Outputs that are 0 on all rungs have no rounding error; on some, they may be rounded to it.
        rounding = np.fmax(self.noise, np.where(size > 0, np.fmax(self.epsilon * size, 5e-324), 0.0))
        return np.where(np.any(size > 0, axis=0), SIGMAS * rounding, 0.0)

    def _columns(self, rungs: Iterable[int]) -> tuple[Array, Array, Array, Array]:
        rungs = list(rungs)
        h = np.array([self.step * 2.0**-k for k in rungs])[:, None]
        plus = np.array([self.samples[k][0].y for k in rungs])
        minus = np.array([self.samples[k][1].y for k in rungs])
        misstep = np.array([max(s.misstep for s in self.samples[k]) for k in rungs])[:, None]
        # Relative to what was measured, which may be the smaller one: a step of (1 - m) h shows (1 - m) of the slope.
        return h, plus, minus, misstep / (1 - misstep)


def neville(column: Array, powers: Iterable[int]) -> Array:
    """The extrapolation table of a column of values at steps h, h/2, ...: table[j, k] has j error terms removed."""
    table = [column]
    for power in powers:
        last = table[-1]
        better = np.full_like(last, np.nan)
        better[1:] = last[1:] + (last[1:] - last[:-1]) / (2**power - 1)
        table.append(better)
    return np.array(table)


def growth(powers: Iterable[int]) -> Array:
    """By how much each column of a table of extrapolation enlarges noise at most."""
    return np.cumprod([1.0, *((2**p + 1) / (2**p - 1) for p in powers)])


def rows(table: Array, gap: Array, noise: Array, gain: Array) -> Estimate:
    """The best entry of each row of a table of extrapolation: Ridders' error with a safety factor, and noise."""
    error = np.full(table.shape, np.inf)
    older, left = table[:, :-1], table[:-1, 1:]
    error[0, 1:] = np.abs(table[0, 1:] - older[0])
    error[1:, 1:] = np.fmax(np.abs(table[1:, 1:] - left), np.abs(table[1:, 1:] - older[:-1]))
    rounding = noise * gain[:, None, None]
    error = np.maximum(SAFETY * error, gap) + rounding
    error = np.where(np.isfinite(table) & np.isfinite(error), error, np.inf)
    return taken(Estimate(table, error, np.broadcast_to(rounding, table.shape)), error.argmin(0))


def taken(among: Estimate, chosen: Array) -> Estimate:
    """The numbers at the chosen places of the first axis."""
    return Estimate(*(np.take_along_axis(part, chosen[None], 0)[0] for part in among))


def sharpest(rows: Estimate) -> Estimate:
    """For each output the row with the smallest bar among those that no row of smaller steps contradicts.

    Large steps can agree with one another and be wrong: over many periods, or across a kink.  But for rounding, smaller
    steps are no further off than larger ones, so that their own truncation is no excuse for contradicting them.
    """
    bar = rows.bar.copy()
    for k in reversed(range(len(bar) - 1)):
        later = np.minimum(rows.bar[k + 1 :], SAFETY * (rows.bar[k] + rows.noise[k + 1 :]))
        apart = np.abs(rows.value[k] - rows.value[k + 1 :]) > rows.bar[k] + later
        bar[k] = np.where(apart.any(0), np.inf, bar[k])
    return taken(rows._replace(bar=bar), bar.argmin(0))


def derivative(
    ladder: Ladder, look: Callable[[Iterable[int]], Estimate], weights: Array, scale: float, target: float, limit: float
) -> Estimate:
    """What `look` makes of a ladder, with as many rungs as it takes.

    Enough is a total bar, weighted, of at most `target` times the scale; where noise forbids that, of `limit` times it.
    """
    # The steeper the function is claimed to be for its size, the shorter its periods may be.
    size = float(np.sum(np.abs(weights * ladder.here)))
    far = FAR + int(np.clip(np.log2(scale / size), 0, MOST_RUNGS - FAR - 2)) if size and scale else FAR
    ladder.climb((far, far + 1))
    count = FIRST_RUNGS
    while True:
        ladder.climb(range(count))
        near = look(range(count))
        found = sharpest(near if count > far else stacked(near, look((far, far + 1))))
        total = float(np.sum(np.abs(weights) * found.bar))
        # Steps over many periods have small bars too; noise alone is no reason to stop before they are found out.
        noisy = total <= limit * scale and bool(np.all(ladder.floor(count) >= found.bar))
        lost = hopeless(found) & (np.abs(weights) * found.bar > limit * size)
        if count >= MOST_RUNGS:
            return found._replace(bar=np.where(lost, np.inf, found.bar))
        if (total <= target * scale or noisy) and not lost.any():
            return found
        count += MORE_RUNGS


def hopeless(found: Estimate) -> Array:
    """Where not even the first digit is known, and not for rounding: the slope may well be infinite."""
    truncation = found.bar - found.noise
    return np.asarray(truncation > np.fmax(np.abs(found.value), SAFETY * found.noise))


def stacked(near: Estimate, far: Estimate) -> Estimate:
    """The rows of both."""
    return Estimate(*(np.concatenate(parts) for parts in zip(near, far, strict=True)))


def measured_noise(line: Line, here: Array) -> Array:
    """The rounding noise of each output near 0, from the differences of equally spaced values.

    Differences of three orders must agree on it, and so must three spacings in a row, the first ones (but for one,
    which may reach over a kink nearby).  A kink at 0 shows the same in all orders too, but in proportion to the
    spacing: there the smallest one counts, otherwise the largest noise that any spacing shows, or the median where the
    orders never agree; 0 where values do not change at all.
    Source: J. Moré, S. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011).
    """
    nothing = np.full(here.shape, np.nan)
    found, most, row, where, shown = nothing, nothing, nothing, nothing, []
    times, total = np.zeros(here.shape), np.zeros(here.shape)
    for number, spacing in enumerate(SPACINGS):
        values = np.array([here if j == 0 else line(j * spacing).y for j in range(-4, 5)])
        size = np.fmax(np.max(np.abs(values), axis=0), np.finfo(float).tiny)  # squares of 1e300 are infinite
        levels = size * np.array([level(values / size, order) for order in (4, 5, 6)])
        # Values that hardly change show the steps of their rounding, not its size, unless they are stairs: rise and rest by turns.
        rests = np.diff(values, axis=0) == 0
        stairs = np.sum(rests[1:] != rests[:-1], axis=0) >= STAIRS
        still = (np.mean(rests, axis=0) >= 0.25) & ~stairs
        sigma = np.where(still, np.nan, levels.max(0))
        # Nor is it noise where a function that is smooth on either side steps: as x / |x| does, and by less elsewhere.
        bends = np.abs([np.diff(side, 2, axis=0) for side in (values[:4], values[5:])]).max((0, 1))
        sigma = np.where((bends <= BEND * sigma) & (sigma > FLOOR * np.abs(here)), np.nan, sigma)
        shown.append(sigma)
        near = np.max(np.abs(values - here), axis=0) <= 0.1 * np.abs(here)
        agreed = ~np.isnan(sigma) & near & (levels.max(0) <= 4 * levels.min(0)) & np.isnan(found)
        # What is left at the level of rounding is in proportion to the spacing by chance only.
        kink = (np.abs(np.log2(sigma / row * where / spacing)) < 2) & (sigma > FLOOR * np.abs(here))
        most = np.where(agreed, np.where(kink, sigma, np.fmax(most, sigma)), most)
        same = agreed & (sigma <= 8 * row) & (row <= 8 * sigma)
        times = np.where(same, times + 1, np.where(agreed, 1, times))
        row = np.where(agreed, np.where(same, np.fmax(row, sigma), sigma), row)
        where, total = np.where(agreed, spacing, where), total + agreed
        found = np.where((times >= 3) & (total <= times + (number <= 4)) & np.isnan(found), row, found)
        if not np.any(np.isnan(found)):
            break
    median = np.nanmedian(np.where(np.isnan(shown).all(0), 0.0, shown), axis=0)
    return np.nan_to_num(np.where(np.isnan(found), np.where(np.isnan(most), median, most), found))


def level(values: Array, order: int) -> Array:
    """The standard deviation of noise that differences of that order show."""
    gamma = 1.0
    for j in range(1, order + 1):
        gamma *= j / (2 * (2 * j - 1))
    return np.asarray(np.sqrt(gamma * np.mean(np.abs(np.diff(values, order, axis=0)) ** 2, axis=0)))
