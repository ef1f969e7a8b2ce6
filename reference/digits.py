"""A perceptron on real data: its whole gradient on handwritten digits, before, in the middle of and after training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradcheck.domains import Draw, Spec, made
from gradcheck.problems import MissingData
from gradcheck.results import Array
from gradcheck.rules import rule
from reference import network
from reference.declaring import Pulled
from reference.training import Iteration, Trained, train

SIZES = (64, 64, 10)
NAMES = ("w1", "b1", "w2", "b2")


@dataclass(frozen=True)
class Digits:
    """Images as rows of 64 grey levels from 0 to 1, and which digit each shows; a quarter is kept for the test."""

    x: Array
    labels: Array
    test_x: Array
    test_labels: Array


@cache
def load() -> Digits:
    """The 1,797 digits of scikit-learn, always split alike.  Raises MissingData where scikit-learn is not installed."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingData("scikit-learn is not installed: pip install 'gradcheck[data]'") from None
    x, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    test, training = np.split(order, [len(x) // 4])
    return Digits(x[training] / 16, labels[training], x[test] / 16, labels[test])


def fit(
    weights: list[Array], epochs: int, seed: int = 0, progress: Callable[[Iteration], None] = lambda iteration: None
) -> Trained:
    """Train on the digits, from these weights on."""
    digits = load()
    settings = dict(batch=32, rate=0.2, momentum=0.9, seed=seed, progress=progress)
    return train(cost, weights, digits.x, digits.labels, epochs=epochs, **settings)  # type: ignore[arg-type]


@cache
def stages() -> dict[str, list[Array]]:
    """The weights before, in the middle of and after training: trained once in a process, always alike."""
    before = network.initial_weights(SIZES)
    middle = fit(before, epochs=2).weights
    return {"before": before, "middle": middle, "after": fit(middle, epochs=28, seed=1).weights}


def domain(stage: str) -> dict[str, Spec]:
    """The weights of that stage, and a batch of digits: another at every point."""
    weights = {name: weight(stage, i) for i, name in enumerate(NAMES)}
    return dict(
        **weights, x=made(images, "images of digits (n 64)"), labels=made(answers, "the digits that they show (n)")
    )


def weight(stage: str, i: int) -> Spec:
    """The i-th array of the weights at that stage."""
    return made(lambda: stages()[stage][i], f"{NAMES[i]} {stage} training")


def images(draw: Draw) -> Array:
    """The batch of a point."""
    return load().test_x[batch(draw)]


def answers(draw: Draw) -> Array:
    """The labels of the same batch."""
    return load().test_labels[batch(draw)]


def batch(draw: Draw) -> slice:
    """Eight digits that no other point has; two where a small point is asked for."""
    start = 8 * (draw.turn + 1)
    return slice(0, 2) if draw.role == "small" else slice(start, start + 8)


def cost_jax(jax: Any, w1: Any, b1: Any, w2: Any, b2: Any, *, x: Any, labels: Any) -> Any:
    """The mean cross-entropy from logsumexp and one-hot labels."""
    logits = jax.numpy.tanh(x @ w1.T + b1) @ w2.T + b2
    truth = jax.nn.one_hot(labels, 10, dtype=logits.dtype)
    return jax.numpy.mean(jax.nn.logsumexp(logits, axis=1) - (truth * logits).sum(1))


@rule(
    domains={stage: domain(stage) for stage in ("before", "middle", "after")},
    jax=cost_jax,
    source="data: Alpaydin, Kaynak 1998, Optical Recognition of Handwritten Digits, UCI",
)
def cost(w1: Array, b1: Array, w2: Array, b2: Array, *, x: Array, labels: Array) -> Pulled:
    """The mean cross-entropy of a 64-64-10 tanh perceptron on a batch of digits.  -> ()

    The gradient by all 4,810 weights: w1 (64, 64), b1 (64), w2 (10, 64), b2 (10).
    """
    loss: Pulled = network.cost(w1, b1, w2, b2, x=x, labels=labels)
    return loss
