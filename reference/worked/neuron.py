"""Worked example 7: the sigmoid's derivative from its output alone, and the neuron in two halves."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.domains import real
from gradcheck.graphs import Graph
from gradcheck.printed import claims
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, each
from reference.tape import Tape, Value, graph_of, numbers_of, taped

W, X, B = [0.5, -1.25], [2.0, 0.8], 0.25


@rule(
    domain=dict(z=real("n")),
    jax=lambda jax, z: jax.nn.sigmoid(z),
    sympy=each(lambda sympy, z: 1 / (1 + sympy.exp(-z))),
    source="Study notes N0",
)
def activation_half(z: Array) -> Pulled:
    """s = 1 / (1 + exp(-z)); s' = s (1 - s) needs the output alone.  (n) -> (n)"""
    s = expit(z)
    return s, lambda dy: dy * s * (1 - s)


@rule(
    domain=dict(w=real("n"), x=real("n"), b=real()),
    jax=lambda jax, w, x, b: jax.numpy.vdot(w, x) + b,
    sympy=lambda sympy, w, x, b: np.dot(w, x) + b,
    source="Study notes N0",
)
def sum_half(w: Array, x: Array, b: Array) -> Pulled:
    """z = w · x + b.  (n), (n), () -> ()"""
    return w @ x + b, lambda dy: (dy * x, dy * w, dy)


def neuron_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(neuron, np.array(W), np.array(X), B)


@rule(
    domain=dict(w=real("n"), x=real("n"), b=real()),
    jax=lambda jax, w, x, b: jax.nn.sigmoid(jax.numpy.vdot(w, x) + b),
    sympy=lambda sympy, w, x, b: 1 / (1 + sympy.exp(-(np.dot(w, x) + b))),
    source="Study notes N0",
    graph=neuron_graph,
)
@taped
def neuron(tape: Tape, w: Value, x: Value, b: Value) -> Value:
    """Both halves together: σ(w · x + b).  (n), (n), () -> ()"""
    return tape.name("s", tape.apply(activation_half, tape.name("z", tape.apply(sum_half, w, x, b))))


@claims(
    source="Study notes N0",
    at=dict(w=W, x=X, b=B),
    printed={
        "ds/dz - s (1 - s)": 0,
        "ds/dw - s (1 - s) x": [0, 0],
        "ds/dx - s (1 - s) w": [0, 0],
        "ds/db - s (1 - s)": 0,
    },
    graph=neuron_graph,
)
def neuron_formulas(w: Any, x: Any, b: Any) -> dict[str, Any]:
    """The gradients of the neuron by the formula of the text, less those of the circuit: exactly nothing."""
    n = numbers_of(neuron, w, x, b)
    slope = n["s"] * (1 - n["s"])
    return {
        "ds/dz - s (1 - s)": n["ds/dz"] - slope,
        "ds/dw - s (1 - s) x": n["ds/dw"] - slope * x,
        "ds/dx - s (1 - s) w": n["ds/dx"] - slope * w,
        "ds/db - s (1 - s)": n["ds/db"] - slope,
    }
