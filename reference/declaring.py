"""What declarations of rules share: the type of what a rule returns, and sympy twins that work entry by entry."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

# What a rule returns: the output, and the pullback of its cotangent.
Pulled = tuple[Any, Callable[[Any], Any]]


def each(function: Callable[..., Any]) -> Callable[..., Any]:
    """The sympy twin of an elementwise rule: ``function(sympy, *entries, **params)`` for entries of arrays of symbols."""

    def twin(sympy: Any, *xs: Any, **params: Any) -> Any:
        return np.frompyfunc(lambda *entries: function(sympy, *entries, **params), len(xs), 1)(*xs)

    return twin


def largest(sympy: Any, entries: Any) -> Any:
    """The largest of some symbols, in pieces whose derivatives sympy knows."""
    pieces = [(a, sympy.And(*(a >= b for b in entries if b is not a))) for a in entries]
    return sympy.Piecewise(*pieces)


def ranked(sympy: Any, entries: Any, rank: int) -> Any:
    """The symbol that `rank` others are below: the least of the largest of so many."""
    return sympy.Min(*(sympy.Max(*some) for some in itertools.combinations(entries, rank + 1)))
