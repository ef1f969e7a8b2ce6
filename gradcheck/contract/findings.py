"""A finding of the contract, and the helpers that find: equal to the bit, apart by rounding, apart by how much."""

from __future__ import annotations

import functools
import sysconfig
import traceback
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gradcheck.contract.underlying import term_unit
from gradcheck.floats import BFLOAT16, epsilon, format_of, in_digits, is_inexact, wide
from gradcheck.problems import Problem
from gradcheck.results import Array
from gradcheck.sides import side_of

OURS = Path(__file__).parent.parent
LIBRARIES = tuple(Path(sysconfig.get_path(kind)) for kind in ("stdlib", "purelib", "platlib"))


# What rounding explains, generously, in units of the scale's own.
ROUNDINGS = 64


class Finding(NamedTuple):
    """One sentence on what is wrong and what to do, and the argument whose cotangent it is about, if any."""

    message: str
    argument: str | None = None


def remember(problem: Problem, note: str) -> None:
    """Keep a note that is no failure for the report."""
    kept = problem.extras.setdefault("notes", [])
    if note not in kept:
        kept.append(note)


def same(a: Array, b: Array) -> bool:
    """Whether two arrays are equal to the bit, NaN included."""
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=is_inexact(a.dtype)))


def epsilon_of(a: Array) -> float:
    """The relative rounding of an array's numbers."""
    return epsilon(a.dtype) or 1.0


def within(a: Array, b: Array, slack: Array | float) -> bool:
    """Whether two arrays are that close in every entry; NaN and infinity only to themselves."""
    if a.shape != b.shape:
        return False
    a, b = wide(a), wide(b)
    with np.errstate(all="ignore"):
        return bool(np.all((np.abs(a - b) <= slack) | (a == b) | ((a != a) & (b != b))))


def rounding(problem: Problem, k: int, gradient: Array) -> Array:
    """How far rounding alone may move each entry of a cotangent, generously; as far as the largest where a rule says so."""
    spacing = epsilon_of(gradient)
    # Below the smallest normal number spacings no longer shrink.
    floor = max(float(np.finfo(float).tiny), 64 * format_of(min(spacing, BFLOAT16.eps)).smallest_subnormal)
    scale = np.maximum(problem.scale(k, gradient), term_unit(problem, k))
    if problem.rule.normwise:
        scale = np.full(scale.shape, np.max(scale, initial=0.0))
    return ROUNDINGS * spacing * scale + floor


def gap(name: str, a: Array, b: Array) -> str:
    """Where two arrays differ most, in words: `` (dx[1] is 2, then 2.5)``."""
    if a.shape != b.shape:
        return f" (shape {a.shape}, then {b.shape})"
    if not a.size:
        return ""
    a, b = wide(a), wide(b)
    with np.errstate(all="ignore"):
        apart = np.where(
            np.isfinite(a) & np.isfinite(b), np.abs(a - b), np.where((a == b) | ((a != a) & (b != b)), 0, np.inf)
        )
    entry = np.unravel_index(int(np.argmax(apart)), a.shape)
    index = f"[{', '.join(str(int(i)) for i in entry)}]" if entry else ""
    before, after = in_digits(a[entry], b[entry])
    return f" ({name}{index} is {before}, then {after})"


def relevant_line(error: BaseException) -> str:
    """The line of the user's own code in which an exception arose: ``model.py:12: `y = x[9]` ``; empty where none is."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if OURS not in Path(f.filename).parents and f.line]
    own = [f for f in frames if is_users(f.filename)] or frames
    return f"{short_path(own[-1].filename)}:{own[-1].lineno}: `{own[-1].line}`" if own else ""


@functools.cache
def is_users(file: str) -> bool:
    """Whether a file is neither ours nor an installed library's."""
    return not any(folder in Path(file).parents for folder in (OURS, *LIBRARIES)) and not file.startswith("<frozen")


def short_path(file: str) -> str:
    """The path from the current folder, where the file is in it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def refusal(error: BaseException) -> str:
    """An exception in words: which, what it says in its first line, where."""
    line, message = relevant_line(error), str(error).strip().partition("\n")[0]
    told = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return f"{told}{f' ({line})' if line else ''}"


def raises(error: BaseException, when: str) -> Finding:
    """That the pullback refuses what its forward accepted."""
    return Finding(f"{side_of(error)} raises {when}: {refusal(error)}")


def shapes_of(names: tuple[str, ...], arrays: tuple[Any, ...]) -> str:
    """``x (3, 4), w (4,)``."""
    return ", ".join(f"{n} {np.shape(a)}" for n, a in zip(names, arrays, strict=True))
