"""A right pullback's answer with all that it knew, and what a mistake in it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Cotangents = tuple[Any, ...]


@dataclass
class Answer:
    """What a right pullback answers, and what it knew.  `cotangents` go with `args`, `dy` (a tuple) with `y`.

    ask: ``ask(args, dy)`` gives the right cotangents at other arguments, or for another dy.
    memory: kept between calls of one pullback; shared: between all pullbacks of the rule.
    """

    cotangents: Cotangents
    args: tuple[Any, ...]
    dy: tuple[Any, ...]
    y: tuple[Any, ...]
    ask: Callable[[tuple[Any, ...], tuple[Any, ...]], Cotangents]
    memory: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))


# The cotangents with a mistake in that of argument k; None where the mistake makes no sense.
Change = Callable[[Answer, int], Cotangents | None]
# The same for one cotangent alone.
Single = Callable[[Any, Answer, int], Any]


@dataclass(frozen=True)
class Wrapper:
    """A kind of mistake.  each: it may be made in the cotangent of any argument, else in all at once.

    shows: what is wrong: the numbers ("formula"), their last digits ("accuracy"), or how they come about ("contract").
    """

    name: str
    change: Change
    each: bool = True
    shows: str = "formula"

    def wrong(self, answer: Answer, k: int = 0) -> Cotangents | None:
        """The wrong cotangents; None where the mistake does not apply, or changes nothing in this answer."""
        try:
            with np.errstate(all="ignore"):
                found = self.change(answer, k)
        except (ArithmeticError, LookupError, TypeError, ValueError):  # a residual that the rule does not take
            return None
        if found is None or identical(found, answer.cotangents):
            return None
        return found


def identical(a: Cotangents, b: Cotangents) -> bool:
    """Whether two answers are the same numbers of the same types."""
    if len(a) != len(b) or any((x is None) != (y is None) for x, y in zip(a, b, strict=True)):
        return False
    arrays = [(np.asarray(x), np.asarray(y)) for x, y in zip(a, b, strict=True)]
    return all(
        x.dtype == y.dtype and x.shape == y.shape and np.array_equal(x, y, equal_nan=x.dtype.kind in "fc")
        for x, y in arrays
    )


def one(function: Single) -> Change:
    """The change that `function` makes in one cotangent, whose dtype stays."""

    def change(a: Answer, k: int) -> Cotangents | None:
        right = np.asarray(a.cotangents[k])
        wrong = function(right, a, k)
        return None if wrong is None else replaced(a, k, np.asarray(wrong).astype(right.dtype))

    return change


def replaced(a: Answer, k: int, wrong: Any) -> Cotangents:
    """The cotangents with another one for argument k."""
    return (*a.cotangents[:k], wrong, *a.cotangents[k + 1 :])


def asked(function: Callable[[Any], Any]) -> Single:
    """The cotangent for another dy."""
    return lambda g, a, k: a.ask(a.args, tuple(function(d) for d in a.dy))[k]


def moved(function: Callable[[Any], Any]) -> Single:
    """The cotangent at another value of the argument: a residual that is not the right one."""

    def change(g: Any, a: Answer, k: int) -> Any:
        return a.ask((*a.args[:k], function(a.args[k]), *a.args[k + 1 :]), a.dy)[k]

    return change
