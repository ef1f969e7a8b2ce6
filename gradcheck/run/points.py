"""The cases that have a point of a given name."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.cases import Case
from gradcheck.checking import SEARCHED
from gradcheck.problems import MissingData
from gradcheck.run.executing import Options
from gradcheck.run.targets import Found, UsageError


def at_point(found: Sequence[Found], options: Options) -> list[Found]:
    """The cases with a point called `options.point`.  Raises UsageError where none has it, naming those there are."""
    names = {f.name: point_names(f, options) for f in found}
    chosen = [f for f in found if (points := names[f.name]) is None or options.point in points]
    if found and not chosen:
        known = sorted({name for points in names.values() for name in points or ()})
        raise UsageError(f"--point {options.point!r} is a point of none of these cases: choose from {', '.join(known)}")
    return chosen


def point_names(found: Found, options: Options) -> tuple[str, ...] | None:
    """The names of a case's points; None where its data is missing, which its check will tell."""
    if not isinstance(found.item, Case):
        return ("printed",)
    searched = (SEARCHED,) if options.search else ()
    try:
        return (*(point.name for point in found.item.points(options.seed)), *searched)
    except MissingData:
        return None
