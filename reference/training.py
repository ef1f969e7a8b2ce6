"""Training by gradient descent on mini-batches: initialise, forward, cost, backward, update, until a criterion says stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.results import Array


@dataclass(frozen=True)
class Iteration:
    """One update: its number (from 1) among those of its epoch (from 1), and the cost of its batch before it."""

    epoch: int
    number: int
    of: int
    cost: float


@dataclass(frozen=True)
class Trained:
    """The weights after training, and the mean cost of the batches of each epoch."""

    weights: list[Array]
    costs: list[float]


def train(
    cost: Callable[..., Any],
    weights: Sequence[Array],
    x: Array,
    labels: Array,
    *,
    epochs: int,
    batch: int,
    rate: float,
    momentum: float = 0.0,
    seed: int = 0,
    until: Callable[[list[float]], bool] = lambda costs: False,
    progress: Callable[[Iteration], None] = lambda iteration: None,
) -> Trained:
    """Stochastic gradient descent with momentum: v = momentum v - rate gradient, w = w + v.

    cost: ``cost(*weights, x=, labels=) -> (mean cost, pullback)``.  x: (n, ...); labels: (n).  The order of the
    examples is drawn anew for each epoch.  until: told the costs of the epochs so far, says whether to stop.
    progress: told of each iteration.  The weights given are not changed.  Polyak 1964; Robbins, Monro 1951.

    Raises ValueError for a batch size or a rate that is not positive, and for data of unequal length, and
    FloatingPointError where the cost is no longer finite.
    """
    if len(x) != len(labels):
        raise ValueError(f"x has {len(x)} examples, labels {len(labels)}: give one label for each")
    if batch < 1 or not rate > 0:
        raise ValueError(f"batch is {batch}, rate is {rate}: both should be above 0")
    rng = np.random.default_rng(seed)
    weights = [w.copy() for w in weights]
    velocities = [np.zeros_like(w) for w in weights]
    costs: list[float] = []
    for epoch in range(1, epochs + 1):
        batches = list(batches_of(rng.permutation(len(x)), batch))
        total = 0.0
        for number, chosen in enumerate(batches, 1):
            value, pullback = cost(*weights, x=x[chosen], labels=labels[chosen])
            if not np.isfinite(value):
                raise FloatingPointError(f"the cost is {value} in epoch {epoch}: use a smaller rate than {rate}")
            velocities = [
                momentum * v - rate * g for v, g in zip(velocities, pullback(np.ones_like(value)), strict=True)
            ]
            weights = [w + v for w, v in zip(weights, velocities, strict=True)]
            total += float(value) * len(chosen)
            progress(Iteration(epoch, number, len(batches), float(value)))
        costs.append(total / len(x))
        if until(costs):
            break
    return Trained(weights, costs)


def batches_of(order: Array, size: int) -> Iterator[Array]:
    """An order of examples cut into batches; the last may be smaller."""
    return (order[start : start + size] for start in range(0, len(order), size))


def stalled(patience: int, gain: float = 0.0) -> Callable[[list[float]], bool]:
    """A stopping criterion: the best cost of the last `patience` epochs is not better by `gain` than that before them."""
    return lambda costs: len(costs) > patience and min(costs[-patience:]) > min(costs[:-patience]) - gain
