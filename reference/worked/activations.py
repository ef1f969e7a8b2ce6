"""Worked example 9: what texts say of activation functions: ranges, derivatives, and gradients that vanish."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.printed import claims
from gradcheck.rules import rule
from reference.activations import relu, sigmoid, softmax
from reference.declaring import each
from reference.rectifiers import elu, leaky_relu, maxout
from reference.tape import Tape, Value, graph_of, numbers_of, taped
from reference.trigonometric import tanh

# Both signs, small and large: at 40 the sigmoid of float64 is 1, the true one is not.
POINTS = [-40, -10, -2.5, -1, -0.1, 0, 0.1, 1, 2.5, 10, 40]


def value_and_slope(function: Any, x: Any, **params: Any) -> tuple[Any, Any]:
    """A function entry by entry, and its derivative."""
    y, pullback = function(x, **params)
    return y, pullback(np.ones_like(y))


def all_of(condition: Any) -> Any:
    """Whether a statement holds at every point."""
    return np.all(condition)


@rule(
    domain=dict(x=real("n")),
    jax=lambda jax, x: jax.nn.sigmoid(jax.nn.sigmoid(jax.nn.sigmoid(x))),
    sympy=each(lambda sympy, x: thrice(sympy, x)),
    source="N2",
    graph=lambda: graph_of(three_sigmoids, 10.0),
)
@taped
def three_sigmoids(tape: Tape, x: Value) -> Value:
    """σ(σ(σ(x))): each layer takes at least three quarters of the gradient away.  (n) -> (n)"""
    first = tape.name("first", tape.apply(sigmoid, x))
    second = tape.name("second", tape.apply(sigmoid, first))
    return tape.name("y", tape.apply(sigmoid, second))


def thrice(sympy: Any, x: Any) -> Any:
    """The sigmoid three times over, in sympy."""
    for _ in range(3):
        x = 1 / (1 + sympy.exp(-x))
    return x


@claims(
    source="N2, N3",
    at=dict(x=POINTS, zero=0),
    printed={
        "0 < sigmoid < 1": True,
        "sigmoid' = s (1 - s)": True,
        "sigmoid' is at most 1/4": True,
        "1/4 - sigmoid' - (s - 1/2)²": [0] * len(POINTS),
        "sigmoid' at 0, less 1/4": 0,
        "sigmoid' at 10": "4.5396e-5",
        "sigmoid' at ±40 is below 1e-17": True,
        "sigmoid is zero-centred": erratum_free(False),
    },
    graph=lambda: graph_of(three_sigmoids, 10.0),
)
def sigmoid_statements(x: Any, zero: Any) -> dict[str, Any]:
    """The sigmoid's range, its derivative, and where it vanishes."""
