"""How honest the bars of the differences oracle are: ``python -m tests.benchmarks.differences``.

Two tables: functions of one variable in eight classes, at drawn points, and random compositions of ufuncs, on which
nothing was tuned.  The truth is certified by ball arithmetic.  For each class: how many entries, the part of them whose
true error lies inside the stated bar, and the part whose bar is below 1e-7 of the scale.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from gradcheck import contract
from gradcheck.domains import seed_of
from gradcheck.lifted.array import NotLiftable
from gradcheck.lifted.evaluate import slope, with_enough_bits
from gradcheck.oracles.differences import Comparison
from gradcheck.oracles.lines import Lines
from gradcheck.problems import Problem
from gradcheck.results import Array, Point
from gradcheck.rules import from_vjp
from tests.benchmarks.compositions import composition
from tests.benchmarks.functions import TABLE

POINTS, COMPOSITIONS = 12, 500
# What a bar has to be below, as a part of the scale.
FINE = 1e-7
# Classes that are not smooth: the bars of the others are held to FINE.
ROUGH = ("noisy (float32)", "kinks nearby", "with kinks")


class Entry(NamedTuple):
    """One measured slope beside the truth."""

    kind: str
    name: str
    x: Any
    error: float
    bar: float
    scale: float

    @property
    def inside(self) -> bool:
        """Whether the truth is where the oracle says that it is."""
        return bool(self.error <= self.bar)

    @property
    def fine(self) -> bool:
        """Whether the bar says much."""
        return bool(self.bar <= FINE * self.scale)


def problem_of(name: str, function: Callable[[Any], Any], x: Array) -> Problem:
    """A function at a point, as the oracle is given it; the claim is not known yet."""
    rule = from_vjp(function, lambda dy, x: np.zeros_like(x))
    return contract.evaluate(rule, Point(name, "given", (x,), {}, np.asarray(1.0)), seed=0)


def measured(kind: str, name: str, function: Callable[[Any], Any], x: Array) -> Iterator[Entry]:
    """The entries of one function at one point; none where it has no certified derivative there."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem = problem_of(name, function, x)
        truth = certified(problem) if np.all(np.isfinite(problem.y[0])) else None
        if truth is None:
            return
        problem.claimed = (truth,)
        comparison = Comparison(Lines(problem), 0)
        readings = [comparison.entry(index) for index in np.ndindex(x.shape)]
    for reading, true in zip(readings, truth.flat, strict=True):
        yield Entry(kind, name, x, abs(reading.value - true), reading.bar, reading.scale)


def certified(problem: Problem) -> Array | None:
    """The gradient from ball arithmetic; None at a kink and where it is not finite."""
    x = problem.args[0]
    found = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        direction = np.zeros(x.shape)
        direction[index] = 1.0

        def along(bits: int, final: bool, direction: Array = direction) -> Any:
            return slope(problem.primal, (x,), {}, problem.dy, (direction,), single=True, final=final)

        try:
            there = with_enough_bits(along, lambda s: float(s.total.rad()) <= 2.0**-60 * abs(float(s.total.mid())))
        except (NotLiftable, ArithmeticError):
            return None
        found[index] = float(there.total.mid())
        if there.ties or not np.isfinite(found[index]):
            return None
    return found


def of_table(points: int = POINTS) -> Iterator[Entry]:
    """The functions of the table, at points drawn from their intervals (of the logarithm where these are wide)."""
    for kind, functions in TABLE.items():
        for name, (function, low, high) in functions.items():
            for x in drawn(name, low, high, points):
                yield from measured(kind, name, function, np.asarray(x))


def drawn(name: str, low: float, high: float, points: int = POINTS) -> Iterator[float]:
    """Points of an interval, of its logarithm where it is wide; the same for the same name."""
    rng = np.random.default_rng(seed_of(name, 0))
    wide = low > 0 and high / low > 100
    for _ in range(points):
        yield np.exp(rng.uniform(np.log(low), np.log(high))) if wide else rng.uniform(low, high)


def of_compositions(count: int = COMPOSITIONS, seed: int = 0) -> Iterator[Entry]:
    """That many random compositions of three variables that have a finite derivative at the drawn point."""
    rng = np.random.default_rng(seed_of("compositions", seed))
    done = 0
    while done < count:
        text, function, smooth = composition(rng)
        found = list(measured("smooth" if smooth else "with kinks", text, function, rng.normal(size=3) * 1.5))
        done += bool(found)
        yield from found


def report(title: str, entries: Iterable[Entry]) -> None:
    """Print a line for each class."""
    entries = list(entries)
    print(f"{title:22} functions  entries  inside the bar  bar < {FINE:.0e} of the scale")
    kinds = list(dict.fromkeys(e.kind for e in entries))
    groups = {**{k: (k,) for k in kinds}, "all": kinds, "all smooth": [k for k in kinds if k not in ROUGH]}
    for kind, members in groups.items():
        own = [e for e in entries if e.kind in members]
        inside, fine = (100 * np.mean([getattr(e, what) for e in own]) for what in ("inside", "fine"))
        print(f"{kind:22} {len({e.name for e in own}):9} {len(own):8} {inside:13.2f} % {fine:13.1f} %")
    for e in entries:
        if not e.inside and "-v" in sys.argv:
            print(f"    outside: {e.name} at {e.x}: error {e.error:.2e}, bar {e.bar:.2e}, scale {e.scale:.2e}")


def main() -> None:
    """Print both tables; with -v also the entries that are outside of their bars."""
    report("table", of_table())
    report("random compositions", of_compositions())


if __name__ == "__main__":
    main()
