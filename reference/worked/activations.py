"""Worked example 9: what texts say of activation functions: ranges, derivatives, and gradients that vanish."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.graphs import Graph
from gradcheck.printed import claims
from gradcheck.rules import rule
from reference.activations import relu, sigmoid, softmax
from reference.declaring import each
from reference.rectifiers import elu, leaky_relu, maxout
from reference.tape import Tape, Value, graph_of, taped
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


def three_sigmoids_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(three_sigmoids, np.array([10.0]))


@rule(
    domain=dict(x=real("n")),
    jax=lambda jax, x: jax.nn.sigmoid(jax.nn.sigmoid(jax.nn.sigmoid(x))),
    sympy=each(lambda sympy, x: thrice(sympy, x)),
    source="Study notes N2",
    graph=three_sigmoids_graph,
)
@taped
def three_sigmoids(tape: Tape, x: Value) -> Value:
    """σ(σ(σ(x))): each layer takes at least three quarters of the gradient away.  (n) -> (n)

    The tape keeps every value on the way.
    """
    first = tape.name("first", tape.apply(sigmoid, x))
    second = tape.name("second", tape.apply(sigmoid, first))
    return tape.name("y", tape.apply(sigmoid, second))


def thrice(sympy: Any, x: Any) -> Any:
    """The sigmoid three times over, in sympy."""
    for _ in range(3):
        x = 1 / (1 + sympy.exp(-x))
    return x


@claims(
    source="Study notes N2, N3",
    at=dict(x=POINTS),
    printed={
        "0 < sigmoid < 1": True,
        "sigmoid' - s (1 - s)": [0] * len(POINTS),
        "sigmoid' is at most 1/4": True,
        "1/4 - sigmoid' - (s - 1/2)²": [0] * len(POINTS),
        "sigmoid(x) + sigmoid(-x)": [1] * len(POINTS),
        "sigmoid' at ±10 is below 1e-4": True,
        "sigmoid' at ±40 is below 1e-17": True,
    },
    graph=three_sigmoids_graph,
)
def sigmoid_statements(x: Any) -> dict[str, Any]:
    """The sigmoid's range, its derivative, its centre 1/2, and where it vanishes, at eleven points.

    That s' = 1/4 - (s - 1/2)² shows the bound 1/4 at any point.
    """
    s, slope = value_and_slope(sigmoid, x)
    return {
        "0 < sigmoid < 1": all_of((s > 0) & (s < 1)),
        "sigmoid' - s (1 - s)": slope - s * (1 - s),
        "sigmoid' is at most 1/4": all_of(slope <= 0.25),
        "1/4 - sigmoid' - (s - 1/2)²": 0.25 - slope - (s - 0.5) ** 2,
        "sigmoid(x) + sigmoid(-x)": s + sigmoid(-x)[0],
        "sigmoid' at ±10 is below 1e-4": all_of(slope[[1, -2]] < 1e-4),
        "sigmoid' at ±40 is below 1e-17": all_of(slope[[0, -1]] < 1e-17),
    }


@claims(
    source="Study notes N2, N3",
    at=dict(x=POINTS),
    printed={
        "-1 < tanh < 1": True,
        "tanh(x) + tanh(-x)": [0] * len(POINTS),
        "tanh' - (1 - tanh²)": [0] * len(POINTS),
        "tanh' at ±10 is below 1e-8": True,
    },
)
def tanh_statements(x: Any) -> dict[str, Any]:
    """tanh is zero-centred, and its gradient still vanishes."""
    y, slope = value_and_slope(tanh, x)
    return {
        "-1 < tanh < 1": all_of((y > -1) & (y < 1)),
        "tanh(x) + tanh(-x)": y + tanh(-x)[0],
        "tanh' - (1 - tanh²)": slope - (1 - y**2),
        "tanh' at ±10 is below 1e-8": all_of(slope[[1, -2]] < 1e-8),
    }


@claims(
    source="Study notes N2, N3",
    at=dict(x=[-3, -0.5, 0.5, 3]),
    printed={
        "relu": ["0", "0", "0.5", "3"],
        "relu'": [0, 0, 1, 1],
        "leaky relu": ["-0.03", "-0.005", "0.5", "3"],
        "leaky relu'": ["0.01", "0.01", "1", "1"],
        "elu > -1": True,
        "elu' - (elu + 1) for x < 0": [0, 0],
        "elu' for x > 0": [1, 1],
        "maxout of 0 and x, less relu": [0, 0, 0, 0],
    },
)
def rectifier_statements(x: Any) -> dict[str, Any]:
    """relu is 0 for x < 0, leaky relu and elu are not; relu is the maxout of 0 and x."""
    y, slope = value_and_slope(relu, x)
    leaky, leaky_slope = value_and_slope(leaky_relu, x, slope=0.01)
    smooth, smooth_slope = value_and_slope(elu, x, alpha=1.0)
    pieces = np.stack([np.zeros_like(x), x], axis=-1)
    return {
        "relu": y,
        "relu'": slope,
        "leaky relu": leaky,
        "leaky relu'": leaky_slope,
        "elu > -1": all_of(smooth > -1),
        "elu' - (elu + 1) for x < 0": smooth_slope[:2] - (smooth[:2] + 1),
        "elu' for x > 0": smooth_slope[2:],
        "maxout of 0 and x, less relu": maxout(pieces, pieces=2)[0][:, 0] - y,
    }


@claims(
    source="Study notes N2, N3",
    at=dict(a=[[1, 2, 0], [-40, 0, 40]]),
    printed={
        "0 < softmax < 1": True,
        "rows add up to": [1, 1],
        "a shift of all a changes nothing": [[0, 0, 0], [0, 0, 0]],
    },
)
def softmax_statements(a: Any) -> dict[str, Any]:
    """softmax gives probabilities, whatever is added to all of its arguments."""
    p, _ = softmax(a, axis=-1)
    return {
        "0 < softmax < 1": all_of((p > 0) & (p < 1)),
        "rows add up to": p.sum(-1),
        "a shift of all a changes nothing": p - softmax(a + 3, axis=-1)[0],
    }
