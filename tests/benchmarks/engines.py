"""Whether another engine of differences is better than ours: ``python -m tests.benchmarks.engines``.

On the table of `tests.benchmarks.differences`, for each engine that is installed (numdifftools is no dependency): the
part of the entries whose true error lies inside the error that it states, the part whose stated error is below 1e-7 of
the scale and true, the median of the stated error, and the evaluations.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from gradcheck.oracles.differences import Comparison
from gradcheck.oracles.lines import Lines
from tests.benchmarks.differences import FINE, certified, drawn, problem_of
from tests.benchmarks.functions import TABLE

Function = Callable[[Any], Any]


class Stated(NamedTuple):
    """A derivative and the error that the engine states."""

    value: float
    bar: float


def ours(function: Function, x: float) -> Stated:
    """The differences oracle, which has to guess the claim: it is told 0."""
    problem = problem_of("engine", function, np.asarray(x))
    problem.claimed = (np.zeros(()),)
    reading = Comparison(Lines(problem), 0).entry(())
    return Stated(reading.value, reading.bar)


def scipys(function: Function, x: float) -> Stated:
    """scipy.differentiate with its defaults."""
    from scipy.differentiate import derivative

    found = derivative(np.vectorize(function, otypes=[float]), x)
    return Stated(float(found.df), float(found.error))


def scipys_by_size(function: Function, x: float) -> Stated:
    """scipy.differentiate with a first step in proportion to x."""
    from scipy.differentiate import derivative

    found = derivative(np.vectorize(function, otypes=[float]), x, initial_step=0.1 * abs(x) or 0.1)
    return Stated(float(found.df), float(found.error))


def numdifftools(function: Function, x: float) -> Stated:
    """numdifftools.Derivative with its defaults."""
    from numdifftools import Derivative

    found = Derivative(function, full_output=True)(x)
    return Stated(float(found.estimate), float(np.max(found.error_estimate)))


ENGINES: dict[str, Callable[[Function, float], Stated]] = {
    "ours": ours,
    "scipy.differentiate": scipys,
    "the same, step by |x|": scipys_by_size,
    "numdifftools": numdifftools,
}


class Outcome(NamedTuple):
    """What an engine said at one point: whether the truth is inside, whether that says much, at what cost."""

    kind: str
    inside: bool
    fine: bool
    part: float
    calls: int


def outcomes(engine: Callable[[Function, float], Stated]) -> Iterator[Outcome]:
    """One engine at every point of the table."""
    for kind, functions in TABLE.items():
        for name, (function, low, high) in functions.items():
            for x in drawn(name, low, high):
                problem = problem_of(name, function, np.asarray(x))
                truth = certified(problem)
                if truth is None:
                    continue
                calls = 0

                def counted(x: Any, function: Function = function) -> Any:
                    nonlocal calls
                    calls += 1
                    return function(np.asarray(x))

                value, bar = engine(counted, float(x))
                scale = max(float(problem.scale(0, truth)), np.finfo(float).tiny)
                inside = bool(abs(value - truth) <= bar) and np.isfinite(bar)
                yield Outcome(kind, inside, inside and bar <= FINE * scale, bar / scale, calls)


def main() -> None:
    """Print a line for each engine and class."""
    warnings.simplefilter("ignore")
    print(f"{'engine':22} {'class':20} entries  inside  inside and < {FINE:.0e}  median bar  evaluations")
    for name, engine in ENGINES.items():
        if name == "numdifftools" and importlib.util.find_spec(name) is None:
            print(f"{name:22} is not installed")
            continue
        with np.errstate(all="ignore"):
            found = list(outcomes(engine))
        for kind in [*TABLE, "all"]:
            own = [o for o in found if kind in (o.kind, "all")]
            inside, fine = (100 * np.mean([getattr(o, what) for o in own]) for what in ("inside", "fine"))
            part, calls = (np.nanmedian([getattr(o, what) for o in own]) for what in ("part", "calls"))
            print(
                f"{name:22} {kind:20} {len(own):7} {inside:5.1f} % {fine:16.1f} % {part:11.1e} {calls:12.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
