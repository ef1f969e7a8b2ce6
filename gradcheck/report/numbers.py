"""Numbers and arrays as a person reads them: as many digits as the matter needs, and no more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.floats import wide
from gradcheck.results import Accuracy


def number(value: float | complex | None, digits: int = 4) -> str:
    """A number to so many significant digits; an empty text for None."""
    if value is None:
        return ""
    return f"{value:.{digits}g}"


def digits_for(a: float | complex | None, b: float | complex | None) -> int:
    """As many digits as it takes to see that two numbers differ, from 4 to 17."""
    if a is None or b is None or a == b:
        return 4
    scale, difference = max(abs(a), abs(b)), abs(a - b)
    if not (math.isfinite(difference) and difference > 0):
        return 4
    return max(4, min(17, math.ceil(math.log10(scale) - math.log10(difference)) + 2))


def with_bar(value: float | complex | None, bar: float | None, digits: int = 4) -> str:
    """A number with its error bar: ``0.25 ± 3e-12``."""
    if value is None:
        return ""
    return number(value, digits) if bar is None else f"{number(value, digits)} ± {number(bar, 2)}"


def budget_text(accuracy: Accuracy) -> str:
    """The budget of an accuracy with its unit: ``16 weighted ULPs``, ``128 normwise ULPs``."""
    return f"{accuracy.budget:g} {'normwise' if accuracy.normwise else 'weighted'} ULPs"


def units_text(accuracy: Mapping[str, Accuracy]) -> str:
    """What the errors of a result are counted in: ``condition-weighted ULPs of float16``."""
    kinds = dict.fromkeys("normwise" if a.normwise else "condition-weighted" for a in accuracy.values())
    types = "/".join(dict.fromkeys(a.dtype for a in accuracy.values() if a.dtype))
    return f"{'/'.join(kinds)} ULPs{f' of {types}' if types else ''}"


def spot(accuracy: Accuracy, question: str) -> str:
    """Where the worst error is: ``y[0, 1]``, ``dx[3]``."""
    if accuracy.argument is None:
        return ""
    entry = f"[{', '.join(map(str, accuracy.entry))}]" if accuracy.entry else ""
    return f"{'d' if question == 'gradient' else ''}{accuracy.argument}{entry}"


def brief(value: Any) -> str:
    """An argument in one line: a small array with its entries, a large one by shape and range."""
    if not isinstance(value, np.ndarray | np.generic):
        text = repr(value)
        return text if len(text) <= 80 else text[:77] + "..."
    given = np.asarray(value)
    array = wide(given)
    if array.size <= 12:
        return " ".join(np.array2string(array, precision=4, separator=", ", max_line_width=10_000).split())
    shape = " × ".join(map(str, array.shape))
    if array.dtype.kind not in "fiu":
        return f"{given.dtype}, {shape}"
    return f"{given.dtype}, {shape}, from {array.min():.4g} to {array.max():.4g}"


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
