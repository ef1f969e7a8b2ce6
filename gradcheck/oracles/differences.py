"""The differences oracle: a claimed gradient against measured slopes, each with an error bar; works for black boxes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gradcheck.oracles.directions import directions, tied_groups
from gradcheck.oracles.lines import Lines, Slope, Tangents, movable, size_of
from gradcheck.problems import Problem
from gradcheck.results import Array, Evidence, Stance

# Up to so many input entries, or so many in one argument, each entry is measured on its own.
ENTRIES, FEW = 64, 8
# A claimed gradient has rounding errors of its own: below so much of the scale, differences do not look.
FINEST = 2.0**-30
# Decisive *for* are bars of at most so much of the scale; the second for functions that work in float32.
DECISIVE, DECISIVE_LOW = 1e-6, 1e-2


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
            return list(evidence(problem))


def evidence(problem: Problem) -> Iterator[Evidence]:
    """One piece of evidence for each argument, from its worst reading."""
    moving = [k for k, x in enumerate(problem.args) if movable(x)]
    lines = Lines(problem)
    if not lines.finite:
        for k in moving:
            yield Evidence(
                *("differences", "measured", "not applicable"),
                argument=problem.names[k],
                reason="not differentiable",
                detail="the function has no finite value at the point",
                point=problem.point.name,
                operations=lines.work,
            )
        return
    groups = list(tied_groups(problem)) if problem.kink else []
    comparisons = [Comparison(lines, k) for k in range(len(problem.args))]
    for k in moving:
        start, done = time.perf_counter(), lines.work
        readings = comparisons[k].readings()
        readings += [together(lines, comparisons, group) for first, group in groups if first == k]
        worst = max(readings, key=lambda r: r.badness)
        off = abs(worst.claimed - worst.value)
        yield Evidence(
            *("differences", "measured", worst.stance),
            argument=problem.names[k],
            entry=worst.entry,
            claimed=worst.claimed,
            value=worst.value,
            bar=worst.bar,
            discrepancy=off / worst.scale if worst.scale else (np.inf if off else 0.0),
            resolution=worst.bar / worst.scale if worst.scale else (np.inf if worst.bar else 0.0),
            detail=worst.detail,
            point=problem.point.name,
            operations=lines.work - done,
            seconds=time.perf_counter() - start,
        )


class Comparison:
    """The claimed cotangent of one argument, compared with slopes along lines."""

    def __init__(self, lines: Lines, k: int) -> None:
        self.lines, self.problem, self.k = lines, lines.problem, k
        self.x, self.claimed = self.problem.args[k], self.problem.claimed[k]
        self.finite = np.where(np.isfinite(self.claimed), self.claimed, 0)
        self.scale = self.problem.scale(k, self.finite)

    def readings(self) -> list[Reading]:
        """All comparisons: by entry where these are few, in directions otherwise."""
        if self.problem.size <= ENTRIES or self.x.size <= FEW:
            return [self.entry(i) for i in np.ndindex(self.x.shape)]
        if not np.all(np.isfinite(self.claimed)):
            return [self.entry(first(~np.isfinite(self.claimed)))]
        found = self.along_directions(reach=1.0)
        return found if all(r.stance != "undecided" for r in found) else self.along_directions(reach=0.0)

    def entry(self, index: tuple[int, ...]) -> Reading:
        """One entry, with steps of the argument's size, then of its own where those decide nothing."""
        own, typical = size_of(self.x, 0.0)[index], size_of(self.x, 1.0)[index]
        reading = self._entry(index, typical)
        return self._entry(index, own) if reading.stance == "undecided" and own < typical / 1000 else reading

    def _entry(self, index: tuple[int, ...], size: float) -> Reading:
        scale = float(self.scale[index])
        unit = np.zeros(self.x.shape, dtype=self.x.dtype)
        unit[index] = 1
        parts = [1, -1j] if np.iscomplexobj(self.x) else [1]
        # In JAX's convention the gradient of a real function is df/dx - i df/dy.
        slopes = [self._slope({self.k: unit * np.conj(p) * size}, scale * size) for p in parts]
        claims = [complex(self.claimed[index]).real, -complex(self.claimed[index]).imag]
        met = [s.nearest(c * size) for s, c in zip(slopes, claims, strict=False)]
        value = sum(m * p for m, p in zip(met, parts, strict=True)) / size
        bar = sum(s.bar for s in slopes) / size
        return self._judge(index, self.claimed[index].item(), value, bar, scale, slopes)

    def along_directions(self, reach: float) -> list[Reading]:
        """Signed directions through all entries; where one contradicts the claim, the entry is searched for."""
        rng = self.problem.rng(f"differences/{self.problem.names[self.k]}")
        readings = []
        for tangent, needed in directions(self.claimed, self.scale, size_of(self.x, reach), rng):
            reading = self.along(tangent)
            if reading.stance == "against":
                return [self.located(tangent) or reading]
            if needed or reading.stance == "for":
                readings.append(reading)
        return readings

    def along(self, tangent: Array) -> Reading:
        """The projection of the claim on a direction.  Its scale is what the entry contributes that matters least."""
        on = tangent != 0
        scale = float(np.min(self.scale[on] * np.abs(tangent[on]), initial=np.inf))
        terms = self.claimed[on] * tangent[on]
        slope = self._slope({self.k: tangent}, scale)
        claimed = float(np.sum(terms).real)
        rounding = 8 * np.finfo(float).eps * float(np.sum(np.abs(terms)))
        return self._judge(None, claimed, *slope.smooth(claimed), scale, [slope], rounding)

    def located(self, tangent: Array) -> Reading | None:
        """The entry that contradicts the claim, by bisection; None where only several together do."""
        on = np.flatnonzero(tangent)
        while on.size > 1:
            half = on[: on.size // 2]
            part = np.zeros(tangent.size, dtype=tangent.dtype)
            part[half] = tangent.ravel()[half]
            on = half if self.along(part.reshape(tangent.shape)).stance == "against" else on[half.size :]
        reading = self.entry(tuple(int(i) for i in np.unravel_index(on[0], tangent.shape)))
        return reading if reading.stance == "against" else None
