"""Sums, products and what is made of them: means, variances, running totals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted import complexes
from gradcheck.lifted.array import Lifted, System, join, lifted, select
from gradcheck.lifted.ufuncs import accumulate, no_value, reduce

Function = Callable[..., Any]


def reduction(ufunc: np.ufunc, neutral: float | None = None) -> Function:
    """np.sum and its relatives.  Where `where=` does not hold stands the neutral element, or `initial=` if there is none."""

    def implementation(
        system: System,
        x: Any,
        axis: Any = None,
        dtype: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        kept = chosen(system, x, where, initial if neutral is None else neutral)
        return reduce(ufunc, kept, axis, keepdims is True, initial)

    return implementation


def chosen(system: System, x: Any, where: Any, neutral: Any) -> Lifted:
    """`x` with the neutral element where the condition of `where=` does not hold."""
    x = lifted(system, x)
    return x if where is True or no_value(where) else select(where, x, lifted(system, neutral))


total = reduction(np.add, 0.0)
prod = reduction(np.multiply, 1.0)
# Folds, so that the first of equal values wins.
largest = reduction(np.maximum)
smallest = reduction(np.minimum)


def counts(x: Any, axis: Any, keepdims: bool, where: Any) -> Any:
    """How many entries each mean is over."""
    condition = True if no_value(where) else where
    return np.sum(np.broadcast_to(condition, x.shape), axis=axis, keepdims=keepdims)


def mean(system: System, x: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, where: Any = True) -> Any:
    """np.mean."""
    keepdims = keepdims is True
    return total(system, x, axis, keepdims=keepdims, where=where) / counts(x, axis, keepdims, where)


def var(
    system: System,
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: int = 0,
    keepdims: Any = False,
    where: Any = True,
    correction: Any = None,
) -> Any:
    """np.var."""
    x, keepdims = lifted(system, x), keepdims is True
    centred = x - mean(system, x, axis, keepdims=True, where=where)
    free = ddof if no_value(correction) else correction
    squares = total(system, complexes.squared(centred), axis, keepdims=keepdims, where=where)
    return squares / (counts(x, axis, keepdims, where) - free)


def running(ufunc: np.ufunc) -> Function:
    """np.cumsum and np.cumprod, and their array-API names."""

    def implementation(
        system: System, x: Lifted, axis: Any = None, dtype: Any = None, include_initial: bool = False
    ) -> Lifted:
        if axis is None:
            x, axis = x.ravel(), 0
        result = accumulate(ufunc, x, axis)
        if include_initial:
            first = system.constant(np.full_like(np.take(np.empty(x.shape), [0], axis), ufunc.identity))
            return join(np.concatenate, [first, result], axis=axis)
        return result

    return implementation


TABLE: dict[str, Function] = {
    "sum": total,
    "prod": prod,
    "mean": mean,
    "var": var,
    "std": lambda system, *args, **kwargs: np.sqrt(var(system, *args, **kwargs)),
    "cumsum": running(np.add),
    "cumulative_sum": running(np.add),
    "cumprod": running(np.multiply),
    "cumulative_prod": running(np.multiply),
}
