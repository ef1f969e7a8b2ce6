"""The Jacobian of a forward, column by column: the truth for every cotangent at once.

Certified; of a black box measured, where that is accurate enough to tell one mistake from another.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.balls import midpoints
from gradcheck.lifted.evaluate import Slope, slope, with_enough_bits
from gradcheck.oracles.lines import Lines, size_of
from gradcheck.oracles.parts import phases
from gradcheck.oracles.slopes import agree, unit
from gradcheck.problems import Problem
from gradcheck.results import Array

# A diagnosis may cost so many entries, and operations of exact arithmetic for each Jacobian.
ENTRIES, OPERATIONS = 256, 5_000_000
# Of a black box so many entries are measured, to so small a part of the largest slope at least.
MEASURED, FINE = 64, 1e-8


@dataclass(frozen=True)
class Column:
    """The slopes of all outputs along one entry, to either side: `before` differs from `after` at a kink only."""

    after: tuple[Array, ...]
    before: tuple[Array, ...]


@dataclass(frozen=True)
class Jacobian:
    """For each argument, entry and phase the slopes of all outputs; measured: they have errors, of up to `FINE`."""

    shapes: tuple[tuple[int, ...], ...]
    columns: tuple[tuple[tuple[Column, ...], ...], ...]
    measured: bool = False

    def gradient(self, dy: tuple[Array, ...], claimed: tuple[Array, ...] | None = None) -> tuple[Array, ...]:
        """The gradient of Re(sum(dy * y)); at kinks what lies nearest to the claim between the one-sided slopes."""
        return tuple(self._of(k, dy, None if claimed is None else claimed[k]) for k in range(len(self.shapes)))

    def _of(self, k: int, dy: tuple[Array, ...], claimed: Array | None) -> Array:
        wished = None if claimed is None or claimed.shape != self.shapes[k] else claimed.ravel()
        entries = []
        for i, parts in enumerate(self.columns[k]):
            sides = [(inner(dy, c.before), inner(dy, c.after)) for c in parts]
            if len(parts) == 2:
                entries.append(complex(sides[0][1], -sides[1][1]))
            elif wished is None:
                entries.append(sides[0][1])
            else:
                entries.append(float(np.clip(wished[i].real, min(sides[0]), max(sides[0]))))
        found = np.asarray(entries, dtype=None if entries else float).reshape(self.shapes[k])
        if not self.measured or wished is None:
            return found
        # A claim that cannot be told from what was measured is taken for right.
        near = np.abs(found.ravel() - wished) <= FINE * np.max(np.abs(found), initial=0.0)
        return np.where(near, wished, found.ravel()).reshape(found.shape)

    @property
    def kinked(self) -> bool:
        """Whether the slopes to both sides differ somewhere."""
        return any(c.after is not c.before for columns in self.columns for parts in columns for c in parts)

    def contributions(self, k: int, dy: tuple[Array, ...]) -> Array:
        """What each output entry (axis 1) contributes to each entry of a real argument (axis 0)."""
        rows = [[(d * o).ravel() for d, o in zip(dy, parts[0].after, strict=True)] for parts in self.columns[k]]
        return np.asarray([np.concatenate(row) for row in rows])


def inner(dy: tuple[Array, ...], outputs: tuple[Array, ...]) -> float:
    """Re(sum(dy * outputs))."""
    return float(sum(np.sum(d * o, where=d != 0).real for d, o in zip(dy, outputs, strict=True)))


def jacobian(problem: Problem, args: tuple[Array, ...]) -> Jacobian | None:
    """The Jacobian at these arguments; None where that costs too much, or cannot be measured well enough."""
    if sum(a.size for a in args) > ENTRIES or any(not np.isfinite(a).all() for a in args):
        return None
    allowed = OPERATIONS
    columns: list[tuple[tuple[Column, ...], ...]] = []
    try:
        for k, argument in enumerate(args):
            of_argument = []
            for entry in np.ndindex(argument.shape):
                parts = []
                for phase in phases(argument):
                    found, spent = column(problem, args, unit(problem, k, entry, phase))
                    allowed -= spent
                    if allowed < 0:
                        return None
                    parts.append(found)
                of_argument.append(tuple(parts))
            columns.append(tuple(of_argument))
    except NotLiftable:
        return measured(problem, args)
    except (TooLarge, ArithmeticError):
        return None
    return Jacobian(tuple(a.shape for a in args), tuple(columns))


def column(problem: Problem, args: tuple[Array, ...], direction: tuple[Array | None, ...]) -> tuple[Column, int]:
    """One column, and what it cost."""
    after = certified(problem, args, direction)
    found = numbers(after)
    if not after.ties:
        return Column(found, found), after.operations
    before = certified(problem, args, tuple(None if v is None else -v for v in direction))
    same = agree(after, before)
    return Column(found, found if same else tuple(-o for o in numbers(before))), 2 * after.operations


def numbers(found: Slope) -> tuple[Array, ...]:
    """The slopes of the outputs in floating point."""
    return tuple(midpoints(o) for o in found.outputs)


def certified(problem: Problem, args: tuple[Array, ...], direction: tuple[Array | None, ...]) -> Slope:
    """The slope of the forward along a direction at these arguments."""
    return with_enough_bits(
        lambda bits, final: slope(
            problem.primal, args, problem.params, problem.dy, direction, single=problem.single, final=final
        ),
        lambda s: s.total.is_finite() and float(s.total.rad()) <= 2.0**-60 * max(1.0, abs(float(s.total.mid()))),
    )


def measured(problem: Problem, args: tuple[Array, ...]) -> Jacobian | None:
    """The Jacobian of a black box, by finite differences; None where these are too coarse."""
    if sum(a.size for a in args) > MEASURED:
        return None
    try:
        y = problem.forward(*args)
    except Exception:  # a black box refuses arguments that only a mistake would have taken
        return None
    if any(not np.issubdtype(v.dtype, np.inexact) for v in y):
        return None
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lines = Lines(replace(problem, args=args, y=y, dy=tuple(np.ones_like(v) for v in y)))
        if not lines.finite:
            return None
        columns = [measured_columns(lines, k, y) for k in range(len(args))]
    known = tuple(c for c in columns if c is not None)
    return Jacobian(tuple(a.shape for a in args), known, measured=True) if len(known) == len(args) else None


def measured_columns(lines: Lines, k: int, y: tuple[Array, ...]) -> tuple[tuple[Column, ...], ...] | None:
    """The columns of one argument; None where one is too coarse."""
    argument = lines.problem.args[k]
    sizes = size_of(argument, 1.0)
    found = []
    for entry in np.ndindex(argument.shape):
        parts = []
        for phase in phases(argument):
            slopes = lines.slopes({k: sizes[entry] * unit(lines.problem, k, entry, phase)[k]})
            if slopes is None:
                return None
            row = split(slopes / sizes[entry], y)
            parts.append(Column(row, row))
        found.append(tuple(parts))
    return tuple(found)


def split(row: Array, y: tuple[Array, ...]) -> tuple[Array, ...]:
    """A row of the entries of all outputs as the outputs."""
    parts = np.split(row, np.cumsum([v.size for v in y])[:-1])
    return tuple(part.reshape(v.shape) for part, v in zip(parts, y, strict=True))
