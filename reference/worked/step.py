"""Worked example 5: one step of gradient descent on a 2-2-2 sigmoid network, digit by digit."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.graphs import Graph
from gradcheck.printed import claims, erratum, rounded
from gradcheck.rules import rule
from reference.activations import sigmoid
from reference.arithmetic import multiply, square, subtract
from reference.linalg import matmul
from reference.reductions import sum as total
from reference.tape import Tape, Value, graph_of, numbers_of, taped

# w1 and w2 lead to h1, w3 and w4 to h2; w5 and w6 to o1, w7 and w8 to o2.
HIDDEN = [[0.4, 0.1], [0.4, 0.3]]
OUT = [[0.25, 0.3], [0.7, 0.25]]
X, TARGET = [0.2, 0.5], [0.2, 0.4]


def error_jax(jax: Any, hidden: Any, out: Any, x: Any, target: Any) -> Any:
    """The same with JAX's sigmoid and a dot product."""
    e = target - jax.nn.sigmoid(out @ jax.nn.sigmoid(hidden @ x))
    return e @ e / 2


def error_sympy(sympy: Any, hidden: Any, out: Any, x: Any, target: Any) -> Any:
    """The same from the definition of the sigmoid."""
    squash = np.frompyfunc(lambda z: 1 / (1 + sympy.exp(-z)), 1, 1)
    o = squash(np.dot(out, squash(np.dot(hidden, x))))
    return sum((t - y) ** 2 for t, y in zip(target, o, strict=True)) / sympy.Integer(2)


def error_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(error, *map(np.array, (HIDDEN, OUT, X, TARGET)))


@rule(
    domains={
        "2-2-2": dict(hidden=real("2 2"), out=real("2 2"), x=real("2"), target=real("2")),
        "": dict(hidden=real("h i"), out=real("o h"), x=real("i"), target=real("o")),
    },
    jax=error_jax,
    sympy=error_sympy,
    source="Study notes N1",
    graph=error_graph,
)
@taped
def error(tape: Tape, hidden: Value, out: Value, x: Value, target: Value) -> Value:
    """E = ½ Σ (t - σ(W₂ σ(W₁ x)))², without biases.  (h, i), (o, h), (i), (o) -> ()

    The tape keeps every value on the way.
    """
    h = tape.name("h", tape.apply(sigmoid, tape.name("z", tape.apply(matmul, hidden, x))))
    o = tape.name("o", tape.apply(sigmoid, tape.name("z out", tape.apply(matmul, out, h))))
    squares = tape.apply(square, tape.apply(subtract, target, o))
    return tape.name("E", tape.apply(multiply, tape.apply(total, squares), np.array(0.5)))


@claims(
    source="Study notes N1",
    at=dict(hidden=HIDDEN, out=OUT, x=X, target=TARGET, rate=0.5),
    printed={
        "z1": "0.13",
        "z2": "0.23",
        "h1": "0.53245431",
        "h2": "0.55724785",
        "z3": "0.30028793",
        "z4": "0.51202998",
        "o1": "0.57451290",
        "o2": erratum("0.62534544", "σ(z4) for the printed z4 is 0.62528223"),
        "E": erratum("0.09552023", "follows from the wrong o2"),
        "dE/do1": "0.3745129",
        "1 - o1": erratum("0.4254891", "1 - 0.57451290 is 0.4254871"),
        "do1/dz3": "0.24444783",
        "dz3/dw5": "0.53245431",
        "dE/dw5": "0.04874559",
        "w5 after the step": rounded("0.225627205", "computed from the printed dE/dw5, 0.04874559"),
    },
    graph=error_graph,
)
def step_printed(hidden: Any, out: Any, x: Any, target: Any, rate: Any) -> dict[str, Any]:
    """The forward pass, the gradient by w5, and w5 after one step."""
    n = numbers_of(error, hidden, out, x, target)
    (z1, z2), (h1, h2), (z3, z4), (o1, o2) = n["z"], n["h"], n["z out"], n["o"]
    dw5 = n["dE/dout"][0, 0]
    return {
        "z1": z1,
        "z2": z2,
        "h1": h1,
        "h2": h2,
        "z3": z3,
        "z4": z4,
        "o1": o1,
        "o2": o2,
        "E": n["E"],
        "dE/do1": n["dE/do"][0],
        "1 - o1": 1 - o1,
        "do1/dz3": n["dE/d(z out)"][0] / n["dE/do"][0],
        "dz3/dw5": dw5 / n["dE/d(z out)"][0],
        "dE/dw5": dw5,
        "w5 after the step": out[0, 0] - rate * dw5,
    }


@claims(
    source="computed here: the gradients that N1 leaves out",
    at=dict(hidden=HIDDEN, out=OUT, x=X, target=TARGET),
    printed={
        "o2": "0.625282228",
        "E": "0.095505998",
        "dE/dw5..w8": [["0.048745588", "0.051015409"], ["0.028105392", "0.029414110"]],
        "dE/dw1..w4": [["0.002979217", "0.007448043"], ["0.002006389", "0.005015972"]],
    },
    graph=error_graph,
)
def step_left_out(hidden: Any, out: Any, x: Any, target: Any) -> dict[str, Any]:
    """All eight gradients of the same network."""
    n = numbers_of(error, hidden, out, x, target)
    return {"o2": n["o"][1], "E": n["E"], "dE/dw5..w8": n["dE/dout"], "dE/dw1..w4": n["dE/dhidden"]}


@claims(
    source="Study notes N1",
    at=dict(w=0.4, b=0.3, x=0.2, target=0.9, rate=0.5),
    printed={
        "(w - b dJ/dw) less the step of b": erratum(0, "the rule for b is b - α ∂J/∂b, not w - b·d/dw J"),
        "the step of b lowers J": True,
    },
)
def bias_update(w: Any, b: Any, x: Any, target: Any, rate: Any) -> dict[str, Any]:
    """The update rule of the bias as printed, against the step of gradient descent for J = ½ (w x + b - t)²."""
    db = w * x + b - target
    step = b - rate * db
    lower = (w * x + step - target) ** 2 < db**2
    return {"(w - b dJ/dw) less the step of b": w - b * (db * x) - step, "the step of b lowers J": lower}
