"""Numbers beside certified ones, in ULPs: how far off they are, how far they need be, and whose fault it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradcheck.floats import FORMATS, HALF, format_of, wide
from gradcheck.lifted.balls import midpoints, radii
from gradcheck.oracles import accuracy
from gradcheck.oracles.differences import number, relative
from gradcheck.results import Accuracy, Array, Evidence, Stance
from gradcheck.rules import Standard

# A half precision is held to so many times the error of a plain evaluation, as kernels are by their authors.
TIMES = 2.0
# But to no fewer ULPs than this: by chance a plain evaluation makes hardly any error.
LEAST = 2.0
# A formula is another one where it is off, without its rounding, by so many ULPs of a type shorter than float64.
ANOTHER = 1.0


@dataclass(frozen=True)
class Comparison:
    """One output or cotangent beside the certified one (balls): its errors in ULPs, entry by entry.

    units: what errors are counted in; scale: what a wrong formula is told by; epsilon: the spacing of the float type;
    budget: in ULPs, of the reference.  ideal: the same code with less rounding or none, plain: the reference's code in
    the same float type; None where there is none.
    """

    question: str
    name: str
    mine: Array
    true: Array
    units: Array
    scale: Array
    epsilon: float
    standard: Standard
    budget: float
    ideal: Array | None = None
    plain: Array | None = None

    def errors(self, values: Array) -> Array:
        """The errors of such numbers, in ULPs; infinite for those that are none."""
        values = midpoints(values) if values.dtype == object else wide(values)
        return np.asarray(accuracy.apart(values, self.true, format_of(self.epsilon).max) / self.units)

    @cached_property
    def error(self) -> Array:
        """Those of the numbers themselves."""
        return self.errors(self.mine)

    @property
    def worst(self) -> float:
        """The largest error."""
        return float(self.error.max())

    @cached_property
    def accuracy(self) -> Accuracy:
        """The errors, beside the smallest possible ones and those of a plain evaluation."""
        rounded = midpoints(self.true).astype(self.mine.dtype)
        return Accuracy(
            self.worst,
            float(np.median(self.error)),
            self.name,
            index_of(self.error),
            self.allowed,
            float(self.errors(rounded).max()),
            self.plain_worst,
            format_of(self.epsilon).name,
        )

    @cached_property
    def plain_worst(self) -> float | None:
        """The largest error of a plain evaluation in the same type, rounded to the type of the numbers."""
        if self.plain is None:
            return None
        with np.errstate(all="ignore"):
            return float(self.errors(self.plain.astype(self.mine.dtype)).max())

    @cached_property
    def allowed(self) -> float:
        """The largest error that is none too many: as stated, else ULPs; for half precisions times the plain error."""
        if self.standard.ulps is not None:
            return self.standard.ulps
        if self.plain_worst is None or not np.isfinite(self.plain_worst):
            return self.budget
        many = max(LEAST, (self.standard.times or TIMES) * self.plain_worst)
        return many if self.standard.times is not None or self.epsilon > HALF else max(self.budget, many)

    @cached_property
    def another(self) -> Array | None:
        """How far the formula itself is off, in ULPs; None where nobody knows."""
        return None if self.ideal is None else self.errors(self.ideal)

    @property
    def entry(self) -> tuple[int, ...]:
        """The entry that tells most: where the formula is off, else where the numbers are."""
        return index_of(self.error if self.another is None or not self._formula_is_off else self.another)

    @property
    def _formula_is_off(self) -> bool:
        bound = self.allowed if self.epsilon == FORMATS[0].eps else ANOTHER
        return self.another is not None and float(self.another.max()) > bound

    @property
    def stance(self) -> Stance:
        """For or against the formula; undecided where too few digits are left to tell it from its evaluation."""
        if self.another is not None:
            return "against" if self._formula_is_off else "for"
        if self.worst <= self.allowed:
            return "for"
        # Half of the digits gone is hardly rounding; no number at all may well be an overflow.
        return "against" if np.sqrt(self.epsilon) < self.discrepancy < np.inf else "undecided"

    @property
    def discrepancy(self) -> float:
        """How far the entry is off, as a part of the scale."""
        off = abs(wide(self.mine)[self.entry] - midpoints(self.true)[self.entry])
        return relative(float(np.nan_to_num(off, nan=np.inf)), float(self.scale[self.entry]))

    def evidence(self) -> Iterator[Evidence]:
        """What is said of the value, and, unless that is another function's, of its accuracy."""
        forward, entry = self.question == "forward", self.entry
        told = f"{self.error[entry]:.3g} ULPs of {self.accuracy.dtype}"
        if self.stance == "against" and self.another is None:
            told += ": more than half of the digits"
        with np.errstate(all="ignore"):
            sees = np.nan_to_num(np.where(self.scale > 0, self.allowed * self.units / self.scale, 0.0), posinf=np.inf)
        yield Evidence(
            *("like", "certified", self.stance, "forward" if forward else "formula"),
            argument=self.name,
            entry=entry,
            claimed=number(wide(self.mine)[entry].item()),
            value=number(midpoints(self.true)[entry].item()),
            bar=float(radii(self.true)[entry]),
            discrepancy=self.discrepancy,
            resolution=float(np.max(sees)),
            detail=told,
        )
        if self.stance == "against":
            return
        index = ", ".join(map(str, self.accuracy.entry or ()))
        place = f"{'' if forward else 'd'}{self.name}{f'[{index}]' if index else ''}"
        yield Evidence(
            *("like", "certified", "for" if self.worst <= self.allowed else "against", "accuracy"),
            argument=self.name,
            entry=self.accuracy.entry,
            value=self.worst,
            bar=self.allowed,
            detail=f"{self.question}, worst at {place}: {self.accuracy.told}",
        )


def index_of(errors: Array) -> tuple[int, ...]:
    """Where the largest error is."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(errors)), errors.shape))


def largest(values: Array) -> float:
    """The largest finite size."""
    return float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))
