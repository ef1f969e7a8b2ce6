"""Worked example 11: the words of training: loss and cost, epochs, iterations, and what backward needs in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.kept import kept
from gradcheck.printed import claims
from reference.activations import softmax
from reference.linear import linear
from reference.losses import mse
from reference.training import Iteration, train
from reference.trigonometric import tanh
from reference.worked.descent import cost_graph

EXAMPLES = 1000


def counted(batch: Any, epochs: int) -> tuple[list[Iteration], list[Any]]:
    """A training on 1000 examples: its iterations, and which examples each of them saw."""
    iterations: list[Iteration] = []
    seen: list[Any] = []

    def cost(*, x: Any, labels: Any) -> Any:
        seen.append(labels)
        return 0.0, lambda dy: ()

    numbers = np.arange(EXAMPLES)
    train(cost, [], numbers, numbers, epochs=epochs, batch=batch, rate=0.1, progress=iterations.append)
    return iterations, seen


@claims(
    source="Study notes N0, N1, N3",
    at=dict(x=[1, 2, 3], target=[2, 2, 5], w="0.5"),
    printed={
        "loss of each example": ["2.25", "1", "12.25"],
        "cost, the mean of the losses": "5.1667",
        "gradient of the cost less the mean of the losses' gradients": 0,
    },
    graph=lambda: cost_graph(0.5, 0.0),
)
def loss_and_cost(x: Any, target: Any, w: Any) -> dict[str, Any]:
    """The loss is of one example, the cost of all of them; the cost's gradient is the mean of the losses' gradients."""
    y = w * x
    losses = (y - target) ** 2
    cost, pullback = mse(y, target)
    dy, _ = pullback(np.ones_like(cost))
    return {
        "loss of each example": losses,
        "cost, the mean of the losses": cost,
        "gradient of the cost less the mean of the losses' gradients": (dy * x).sum() - (2 * (y - target) * x).mean(),
    }


@claims(
    source="Study notes N1, N3",
    at={},
    printed={
        "iterations an epoch": [10, 1],
        "an epoch passes every example once": True,
        "the order of the next epoch is another": True,
        "each iteration updates once, on its batch": True,
    },
)
def epochs_and_iterations() -> dict[str, Any]:
    """1000 examples at batch size 100 are 10 iterations an epoch, at batch size 1000 one; counted in runs."""
    (ten, batches), (one, _) = (counted(batch, epochs=2) for batch in (100, 1000))
    first, second = np.concatenate(batches[:10]), np.concatenate(batches[10:])
    return {
        "iterations an epoch": np.array([ten[-1].of, one[-1].of]),
        "an epoch passes every example once": sorted(first) == sorted(second) == list(range(EXAMPLES)),
        "the order of the next epoch is another": any(first != second),
        "each iteration updates once, on its batch": all(len(b) == 100 for b in batches) and len(batches) == len(ten),
    }


@claims(
    source="Study notes N0, N3",
    at={},
    printed={
        "linear: its arguments": 8 * (100 * 20 + 20 * 20 + 20),
        "tanh: its output": 8 * 100 * 20,
        "softmax: its output, and where each row is largest": 8 * 100 * 20 + 8 * 100,
        "mean squared error: the difference": 8 * 100 * 20,
    },
)
def residual_bytes() -> dict[str, Any]:
    """Backward needs the forward's tensors: what each pullback keeps, in bytes of float64."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape) for shape in ((100, 20), (20, 20), (20,)))
    calls = {
        "linear: its arguments": linear(x, w, b),
        "tanh: its output": tanh(x),
        "softmax: its output, and where each row is largest": softmax(x),
        "mean squared error: the difference": mse(x, x[::-1]),
    }
    return {name: kept(pullback, (x, w, b), (y,)).residuals for name, (y, pullback) in calls.items()}
