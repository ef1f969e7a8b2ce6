"""The differences oracle: a claimed gradient against measured slopes, each with an error bar; works for black boxes.

How honest the bars are, printed by ``python -m tests.benchmarks.differences`` (truth certified by ball arithmetic):

    class             functions  entries  inside the bar  bar <= 1e-7 of the scale
    smooth                   10      120         100 %                     100 %
    oscillating               9      108         100 %                     100 %
    steep                     8       96         100 %                     100 %
    flat                      9      108         100 %                     100 %
    noisy (float32)           9      108         100 %                       0 %
    near domain edges        10      120         100 %                     100 %
    mixed scales             10      120         100 %                      97 %
    kinks nearby              9      108         100 %                      97 %

    random compositions (no tuning)
    smooth                  277      831         100 %                     100 %
    with kinks              223      669         100 %                     100 %

Of the classes that are smooth (all but noisy and kinks) 99.4 % of the entries have such bars.

Other engines, by ``python -m tests.benchmarks.engines`` on the same 888 entries: how often the truth is inside of the
error that they state, and how often it is and that is below 1e-7 of the scale.

                                  inside    and below 1e-7    evaluations
    ours                           100 %              87 %             50
    scipy.differentiate             57 %              43 %             12
    the same, first step |x|/10     58 %              51 %             11
    numdifftools                    65 %              44 %             31

They state the difference of two estimates, which says nothing where noise, a pole or a kink spoils both: ours is kept,
for its bars, at four times the evaluations of scipy's.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator

import numpy as np

from gradcheck.floats import wide
from gradcheck.oracles.directions import directions, tied_groups
from gradcheck.oracles.lines import Lines, Reading, Tangents, movable, precision, rounding_of, size_of
from gradcheck.oracles.residuals import TOGETHER, named
from gradcheck.problems import Problem
from gradcheck.results import Array, Evidence

# Steps are so many roundings of their argument, or longer; and a claim of so many times the slope is looked for closely.
ROOM, STEEP = 2**12, 1000
# Up to so many input entries, or so many in one argument, each entry is measured on its own.
ENTRIES, FEW = 64, 8


class Differences:
    """Central differences with extrapolation, measured noise and an error bar for every number."""

    name = "differences"

    def why_not(self) -> str | None:
        """Never missing: NumPy is all it needs."""
        return None

    def wants(self, problem: Problem) -> bool:
        """Every point."""
        return True

    def examine(self, problem: Problem) -> Iterable[Evidence]:
        """One piece of evidence for each argument that has entries."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return evidence(problem)


def evidence(problem: Problem) -> list[Evidence]:
    """One piece of evidence for each argument, from its worst reading."""
    moving = [k for k, x in enumerate(problem.args) if movable(x)]
    lines = Lines(problem)
    if not lines.finite or not all(np.isfinite(problem.args[k]).all() for k in moving):
        return [no_value(problem, k, lines) for k in moving]
    found = [read(problem, k, readings, work, seconds) for k, readings, work, seconds in compared(lines, moving)]
    if lines.kinked and not problem.kink and "ideal" not in problem.extras:
        # Of code that exact arithmetic cannot run nobody else says that the point is a kink.
        problem.kink = True
        return evidence(problem)
    return found


def compared(lines: Lines, moving: list[int]) -> Iterator[tuple[int, list[Reading], int, float]]:
    """Each argument's number and readings, with the operations and seconds that they took."""
    problem = lines.problem
    groups = list(tied_groups(problem)) if problem.kink else []
    everything = {k: size_of(problem.args[k], 1.0) for k in moving} if problem.kink else {}
    comparisons = [Comparison(lines, k) for k in range(len(problem.args))]
    for k in moving:
        start, done = time.perf_counter(), lines.work
        readings = comparisons[k].readings()
        if all(r.stance != "against" for r in readings):
            readings += [alike(comparisons, g) for first, g in groups if first == k]
        if everything and k == moving[0]:
            # Several kinks at once refute nothing; but what contradicts them is not confirmed either.
            reading = together([comparisons[i] for i in moving], everything)
            readings.append(reading._replace(stance="undecided") if reading.stance == "against" else reading)
        yield k, readings, lines.work - done, time.perf_counter() - start


def read(problem: Problem, k: int, readings: list[Reading], operations: int, seconds: float) -> Evidence:
    """The worst reading of an argument as evidence."""
    worst = max(readings, key=lambda r: r.badness)
    off = float(np.nan_to_num(abs(worst.claimed - worst.value), nan=np.inf))
    return Evidence(
        *("differences", "measured", worst.stance),
        argument=problem.names[k],
        entry=worst.entry,
        claimed=number(worst.claimed),
        value=number(worst.value),
        bar=float(worst.bar),
        discrepancy=relative(off, worst.scale),
        resolution=relative(worst.bar, worst.scale),
        detail=worst.detail,
        point=problem.point.name,
        operations=operations,
        seconds=seconds,
    )


def no_value(problem: Problem, k: int, lines: Lines) -> Evidence:
    """What is said where there is nothing to differentiate."""
    return Evidence(
        *("differences", "measured", "not applicable"),
        argument=problem.names[k],
        reason="not differentiable",
        detail="the function has no finite value at the point",
        point=problem.point.name,
        operations=lines.work,
    )


def number(value: complex) -> float | complex:
    """A plain Python number."""
    return complex(value) if isinstance(value, complex) else float(value)


def relative(part: float, scale: float) -> float:
    """Part of the scale; of no scale at all nothing is 0 and everything else infinite."""
    return float(part / scale) if scale else (np.inf if part else 0.0)


class Comparison:
    """The claimed cotangent of one argument, compared with slopes along lines."""

    def __init__(self, lines: Lines, k: int) -> None:
        self.lines, self.problem, self.k = lines, lines.problem, k
        self.x, self.claimed = wide(self.problem.args[k]), wide(self.problem.claimed[k])
        # The scale that |dy * y| / |x| gives, and the larger of it and the claim, until the true value is known.
        self.unit = self.problem.scale(k, np.zeros(self.x.shape))
        self.scale = np.fmax(self.unit, np.where(np.isfinite(self.claimed), np.abs(self.claimed), 0))

    def readings(self) -> list[Reading]:
        """All comparisons: by entry where these are few, in directions otherwise."""
        if self.problem.size <= ENTRIES or self.x.size <= FEW:
            return [self.entry(i) for i in np.ndindex(self.x.shape)]
        if not np.all(np.isfinite(self.claimed)):
            return [self.entry(tuple(map(int, np.argwhere(~np.isfinite(self.claimed))[0])))]
        found = self.along_directions(1.0)
        settled = all(r.stance == "for" or (r.stance == "against" and r.entry) for r in found)
        return found if settled else self.along_directions(0.0)

    def entry(self, index: tuple[int, ...]) -> Reading:
        """One entry, with steps of the argument's size; where it fails, steps of its own size may know better.

        So may steps that are short enough for a slope as steep as the claim: at 0 nothing else tells how short.
        """
        typical, own = size_of(self.x, 1.0)[index], size_of(self.x, 0.0)[index]
        wide = self._entry(index, typical)
        if wide.stance == "for":
            return wide
        steeper = np.isfinite(wide.claimed) and abs(wide.claimed) > STEEP * abs(wide.value)
        steep = self.lines.total / abs(wide.claimed) if steeper else 0.0
        if steep > ROOM * precision(self.problem.args[self.k]) * abs(self.x[index]):
            own = min(own, 2.0 ** np.floor(np.log2(steep)) / 16)
        if own > typical / 1000:
            return wide
        narrow = self._entry(index, own)
        apart = abs(narrow.value - wide.value)
        agreed = apart <= narrow.bar + wide.bar and not (steeper and abs(narrow.value - narrow.claimed) < apart)
        return wide if wide.stance == "against" and agreed and np.isfinite(narrow.bar) else narrow

    def _entry(self, index: tuple[int, ...], size: float) -> Reading:
        return self.lines.confirmed(
            self.measured(index, size), lambda lines: Comparison(lines, self.k).measured(index, size)
        )

    def measured(self, index: tuple[int, ...], size: float) -> Reading:
        """One entry, with steps of that size."""
        claimed = self.claimed[index].item()
        # In JAX's convention the gradient of a real function is df/dx - i df/dy.
        parts = {1: claimed.real, -1j: -claimed.imag} if np.iscomplexobj(self.x) else {1: claimed}
        value: complex = 0.0
        bar, steepest, notes = 0.0, 0.0, []
        for part, claim in parts.items():
            tangent = np.zeros(self.x.shape, dtype=self.x.dtype)
            tangent[index] = size * np.conj(part)
            along, most, claim = {self.k: tangent}, float(self.scale[index]) * size, complex(claim).real * size
            slope = self.lines.among_neighbours(self.lines.slope(along, most), along, claim, most)
            value, bar = value + part * slope.nearest(claim) / size, bar + slope.bar / size
            # A claim of 0 between the slopes of a kink is as large as these.
            steepest = max(steepest, abs(slope.low) / size, abs(slope.high) / size)
            notes.append(slope.note)
        scale = float(np.fmax(self.unit[index], np.nan_to_num(max(abs(value), steepest))))
        return self.lines.judge(index, claimed, value, bar, scale, max(notes))

    def along_directions(self, reach: float) -> list[Reading]:
        """Signed directions through all entries; where one contradicts the claim, the entry is searched for."""
        rng = self.problem.rng(f"differences/{self.problem.names[self.k]}")
        readings = []
        for tangent, needed in directions(self.claimed, self.scale, size_of(self.x, reach), rng):
            reading = together([self], {self.k: tangent})
            if reading.stance == "against":
                return [self.located(tangent) or reading]
            if needed or reading.stance == "for":
                readings.append(reading)
        return readings

    def located(self, tangent: Array) -> Reading | None:
        """The entry that contradicts the claim, by bisection; None where only several together do."""
        on = np.flatnonzero(tangent)
        while on.size > 1:
            half = on[: on.size // 2]
            part = np.zeros(tangent.size, dtype=tangent.dtype)
            part[half] = tangent.ravel()[half]
            reading = together([self], {self.k: part.reshape(tangent.shape)})
            on = half if reading.stance == "against" else on[half.size :]
        found = self.entry(tuple(int(i) for i in np.unravel_index(on[0], tangent.shape)))
        return found if found.stance == "against" else None


def alike(comparisons: list[Comparison], group: Tangents) -> Reading:
    """The projection on entries that are equal at a kink, which says so where it refutes."""
    reading = together([comparisons[i] for i in group], group)
    if reading.stance != "against":
        return reading
    direction = tuple(group.get(c.k) for c in comparisons)
    return reading._replace(detail=f"{TOGETHER}{named(comparisons[0].problem, direction)} alike")


def together(comparisons: list[Comparison], tangents: Tangents) -> Reading:
    """The projection of a claim on a direction, measured anew where it is refuted."""
    lines = comparisons[0].lines
    return lines.confirmed(
        projected(comparisons, tangents, lines), lambda elsewhere: projected(comparisons, tangents, elsewhere)
    )


def projected(comparisons: list[Comparison], tangents: Tangents, lines: Lines) -> Reading:
    """The projection of a claim on a direction.  Its scale is what the entry contributes that matters least."""
    scale, claimed, rounding = np.inf, 0.0, 0.0
    for comparison in comparisons:
        tangent = tangents[comparison.k]
        on = tangent != 0
        terms = comparison.claimed[on] * tangent[on]
        scale = float(np.min(comparison.scale[on] * np.abs(tangent[on]), initial=scale))
        claimed, rounding = claimed + float(np.sum(terms).real), rounding + rounding_of(terms)
    slope = lines.among_neighbours(lines.slope(tangents, scale), tangents, claimed, scale)
    value = slope.nearest(claimed)
    if slope.low != slope.high:
        entries = sum(int(np.count_nonzero(t)) for t in tangents.values())
        scale = max(scale, abs(slope.low) / entries, abs(slope.high) / entries)
    # Between the slopes of a kink in many entries at once the claim need not lie, unless they agree.
    bar = np.inf if slope.low != slope.high and value != claimed else slope.bar + rounding
    return lines.judge(None, claimed, value, bar, scale, slope.note)
