"""Multilayer perceptrons on the tape: their cost as a rule, their initial weights, and what they predict."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradcheck.domains import Draw, Spec, fixed, labels, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import relu
from reference.linear import linear
from reference.losses import softmax_cross_entropy
from reference.tape import Tape, Value, taped
from reference.trigonometric import tanh

ACTIVATIONS = {"tanh": tanh, "relu": relu}


def perceptron(tape: Tape, x: Any, weights: Sequence[Any], activation: str = "tanh") -> Value:
    """The logits of a perceptron; `weights` are w and b of each layer in turn.  (n, i) -> (n, classes)

    Raises ValueError for an activation that it does not know, or weights that are not pairs.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}: use one of {', '.join(ACTIVATIONS)}")
    if len(weights) < 2 or len(weights) % 2:
        raise ValueError(f"weights has {len(weights)} arrays: give a matrix and a bias for each layer")
    *hidden, last = zip(weights[::2], weights[1::2], strict=True)
    for w, b in hidden:
        x = tape.apply(ACTIVATIONS[activation], tape.apply(linear, x, w, b))
    logits: Value = tape.apply(linear, x, *last)
    return logits


def sizes(draw: Draw) -> dict[str, int]:
    """One example of two inputs, two hidden units, two classes where a proof is wanted: sympy takes hardly more."""
    if draw.role == "small":
        draw.sizes.update(n=1, i=2, h=2, c=2)
    return draw.sizes


def two_layers(activation: str) -> dict[str, Spec]:
    """The domain of two layers and a batch."""
    layers = dict(weights0=real("h i"), weights1=real("h"), weights2=real("c h"), weights3=real("c"))
    return dict(_sizes=made(sizes), **layers, x=real("n i"), labels=labels("c"), activation=fixed(activation))


def cost_jax(jax: Any, w1: Any, b1: Any, w2: Any, b2: Any, *, x: Any, labels: Any, activation: str) -> Any:
    """Two layers and the mean cross-entropy, in JAX's own words."""
    hidden = getattr(jax.nn, activation)(x @ w1.T + b1)
    likelihood = jax.nn.log_softmax(hidden @ w2.T + b2)
    return -jax.numpy.mean(jax.vmap(lambda row, label: row[label])(likelihood, labels))


def cost_sympy(sympy: Any, w1: Any, b1: Any, w2: Any, b2: Any, *, x: Any, labels: Any, activation: str) -> Any:
    """The same from the definition: the logarithm of a quotient of exponentials."""
    squash = {"tanh": sympy.tanh, "relu": lambda h: sympy.Piecewise((h, h > 0), (0, True))}[activation]
    hidden = np.frompyfunc(squash, 1, 1)(np.dot(x, w1.T) + b1)
    e = np.frompyfunc(sympy.exp, 1, 1)(np.dot(hidden, w2.T) + b2)
    return sum(sympy.log(sum(row) / row[label]) for row, label in zip(e, labels, strict=True)) / len(labels)


@rule(
    domains={activation: two_layers(activation) for activation in ACTIVATIONS},
    jax=cost_jax,
    sympy=cost_sympy,
    source="Rumelhart, Hinton, Williams 1986",
)
@taped
def cost(tape: Tape, *weights: Value, x: Array, labels: Array, activation: str = "tanh") -> Value:
    """The mean cross-entropy of a perceptron's softmax over a batch, as a function of its weights.

    `weights` are w (out, in) and b (out) of each layer in turn; x is (n, in), labels are n integers.
    The tape keeps every value on the way.
    """
    loss: Value = tape.apply(softmax_cross_entropy, perceptron(tape, x, weights, activation), labels=labels)
    return loss


def initial_weights(sizes: Sequence[int], *, activation: str = "tanh", seed: int = 0) -> list[Array]:
    """Weights and zero biases for layers of these sizes, in turn.

    Normal with variance 2 / in for relu (He et al. 2015, eq. 10); uniform with variance 2 / (in + out) for tanh
    (Glorot, Bengio 2010, eq. 16).
    """
    rng = np.random.default_rng(seed)
    weights: list[Array] = []
    for inputs, outputs in pairwise(sizes):
        if activation == "relu":
            w = rng.normal(0, np.sqrt(2 / inputs), (outputs, inputs))
        else:
            bound = np.sqrt(6 / (inputs + outputs))
            w = rng.uniform(-bound, bound, (outputs, inputs))
        weights += [w, np.zeros(outputs)]
    return weights


def predict(weights: Sequence[Array], x: Array, *, activation: str = "tanh") -> Array:
    """The most likely class of each row.  (n, i) -> (n)"""
    return np.asarray(perceptron(Tape(), x, weights, activation).data.argmax(-1))


def accuracy(weights: Sequence[Array], x: Array, labels: Array, *, activation: str = "tanh") -> float:
    """The share of rows whose most likely class is their label."""
    return float(np.mean(predict(weights, x, activation=activation) == labels))
