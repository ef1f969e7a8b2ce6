"""Worked examples 1 to 3: circuits of scalar gates, and what each kind of gate does to a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import made, real
from gradcheck.graphs import Graph
from gradcheck.printed import claims
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import sigmoid
from reference.arithmetic import add, maximum, multiply, negative, reciprocal
from reference.declaring import Pulled
from reference.exponential import exp
from reference.tape import Tape, Value, graph_of, numbers_of, taped

ONE = np.array(1.0)


def sum_times_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(sum_times, -2.0, 5.0, -4.0)


@rule(
    domain=dict(x=real(), y=real(), z=real()),
    jax=lambda jax, x, y, z: (x + y) * z,
    sympy=lambda sympy, x, y, z: (x + y) * z,
    source="Study notes N2, N4",
    graph=sum_times_graph,
)
@taped
def sum_times(tape: Tape, x: Value, y: Value, z: Value) -> Value:
    """f = (x + y) z.  (), (), () -> ()"""
    q = tape.name("q", tape.apply(add, x, y))
    return tape.name("f", tape.apply(multiply, q, z))


@claims(
    source="Study notes N2, N4",
    at=dict(x=-2, y=5, z=-4),
    printed={"q": 3, "f": -12, "df/df": 1, "df/dq": -4, "df/dz": 3, "df/dx": -4, "df/dy": -4},
    graph=sum_times_graph,
)
def sum_times_printed(x: Any, y: Any, z: Any) -> dict[str, Any]:
    """Every value and gradient of (x + y) z at (-2, 5, -4)."""
    return numbers_of(sum_times, x, y, z)


WEIGHTS = dict(w0=real(), x0=real(), w1=real(), x1=real(), w2=real())
AT = dict(w0=2, x0=-1, w1=-3, x1=-2, w2=-3)


def score(tape: Tape, w0: Value, x0: Value, w1: Value, x1: Value, w2: Value) -> Value:
    """w0 x0 + w1 x1 + w2."""
    products = tape.apply(add, tape.apply(multiply, w0, x0), tape.apply(multiply, w1, x1))
    return tape.name("s", tape.apply(add, products, w2))


def sigmoid_of_gates_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(sigmoid_of_gates, *map(float, AT.values()))


@rule(
    domain=WEIGHTS,
    jax=lambda jax, w0, x0, w1, x1, w2: jax.nn.sigmoid(w0 * x0 + w1 * x1 + w2),
    sympy=lambda sympy, w0, x0, w1, x1, w2: 1 / (1 + sympy.exp(-(w0 * x0 + w1 * x1 + w2))),
    source="Study notes N2",
    graph=sigmoid_of_gates_graph,
)
@taped
def sigmoid_of_gates(tape: Tape, w0: Value, x0: Value, w1: Value, x1: Value, w2: Value) -> Value:
    """1 / (1 + exp(-(w0 x0 + w1 x1 + w2))) from four elementary gates: times -1, exp, plus 1, 1 over.  () -> ()

    The tape keeps every value on the way.
    """
    minus = tape.name("-s", tape.apply(negative, score(tape, w0, x0, w1, x1, w2)))
    power = tape.name("exp(-s)", tape.apply(exp, minus))
    total = tape.name("1 + exp(-s)", tape.apply(add, power, ONE))
    return tape.name("f", tape.apply(reciprocal, total))


def sigmoid_gate_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(sigmoid_gate, *map(float, AT.values()))


@rule(
    domain=WEIGHTS,
    jax=lambda jax, w0, x0, w1, x1, w2: 1 / (1 + jax.numpy.exp(-(w0 * x0 + w1 * x1 + w2))),
    sympy=lambda sympy, w0, x0, w1, x1, w2: 1 / (1 + sympy.exp(-(w0 * x0 + w1 * x1 + w2))),
    source="Study notes N2",
    graph=sigmoid_gate_graph,
)
@taped
def sigmoid_gate(tape: Tape, w0: Value, x0: Value, w1: Value, x1: Value, w2: Value) -> Value:
    """The same with the four gates grouped into one, whose gradient is (1 - s) s.  () -> ()

    The tape keeps every value on the way.
    """
    return tape.name("f", tape.apply(sigmoid, score(tape, w0, x0, w1, x1, w2)))


@claims(
    source="Study notes N2",
    at=AT,
    printed={
        "s": 1,
        "-s": -1,
        "exp(-s)": "0.3679",
        "1 + exp(-s)": "1.37",
        "f": "0.7311",
        "df/d(1 + exp(-s))": "-0.53",
        "df/d(exp(-s))": "-0.53",
        "df/d(-s)": "-0.20",
        "df/ds": "0.20",
        "df/dw0": "-0.1966",
        "df/dw1": "-0.3932",
        "df/dw2": "0.1966",
        "df/dx0": "0.3932",
        "df/dx1": "-0.5898",
    },
    graph=sigmoid_of_gates_graph,
)
def sigmoid_of_gates_printed(**at: Any) -> dict[str, Any]:
    """Every value and gradient of the sigmoid circuit, gate by gate."""
    return numbers_of(sigmoid_of_gates, *at.values())


@claims(
    source="Study notes N2",
    at=AT,
    printed={f"df/d{name}": 0 for name in AT},
    graph=sigmoid_gate_graph,
)
def sigmoid_both_ways(**at: Any) -> dict[str, Any]:
    """The gradient through four gates less that through one: exactly nothing."""
    gates, gate = numbers_of(sigmoid_of_gates, *at.values()), numbers_of(sigmoid_gate, *at.values())
    return {name: gates[name] - gate[name] for name in (f"df/d{name}" for name in at)}


@rule(
    domain=dict(a=real("n"), b=real("n")),
    jax=lambda jax, a, b: jax.numpy.add(a, b),
    sympy=lambda sympy, a, b: a + b,
    source="Study notes N2",
)
def add_distributes(a: Array, b: Array) -> Pulled:
    """a + b hands its gradient to both inputs as it is.  (n), (n) -> (n)"""
    return a + b, lambda dy: (dy, dy)


@rule(
    domain=dict(a=real("n"), b=real("n")),
    jax=lambda jax, a, b: jax.numpy.multiply(a, b),
    sympy=lambda sympy, a, b: a * b,
    source="Study notes N2",
)
def multiply_switches(a: Array, b: Array) -> Pulled:
    """a b switches its inputs: each gets the gradient times the other.  (n), (n) -> (n)"""
    return a * b, lambda dy: (dy * b, dy * a)


@rule(
    domains={"": dict(a=real("n"), b=real("n")), "tie": dict(a=real("n"), b=made(lambda a: a.copy(), "equal to a"))},
    jax=lambda jax, a, b: jax.numpy.maximum(a, b),
    sympy=lambda sympy, a, b: np.frompyfunc(sympy.Max, 2, 1)(a, b),
    source="Study notes N2",
)
def max_routes(a: Array, b: Array) -> Pulled:
    """max(a, b) routes its gradient to the larger input.  (n), (n) -> (n)

    At a tie all of it goes to a: one subgradient of many.
    """
    return np.maximum(a, b), lambda dy: (np.where(a >= b, dy, 0), np.where(a >= b, 0, dy))


def gates_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(gates, 3.0, -4.0, 2.0, -1.0)


@rule(
    domain=dict(x=real(), y=real(), z=real(), w=real()),
    jax=lambda jax, x, y, z, w: 2 * (x * y + jax.numpy.maximum(z, w)),
    sympy=lambda sympy, x, y, z, w: 2 * (x * y + np.frompyfunc(sympy.Max, 2, 1)(z, w)),
    source="Stanford CS231n, notes on backpropagation, Patterns in backward flow",
    graph=gates_graph,
)
@taped
def gates(tape: Tape, x: Value, y: Value, z: Value, w: Value) -> Value:
    """f = 2 (x y + max(z, w)): all three kinds of gates in one circuit.  (), (), (), () -> ()

    The tape keeps every value on the way.
    """
    product, largest = tape.apply(multiply, x, y), tape.apply(maximum, z, w)
    return tape.name("f", tape.apply(multiply, tape.apply(add, product, largest), 2 * ONE))


@claims(
    source="Stanford CS231n, notes on backpropagation, Patterns in backward flow",
    at=dict(x=3, y=-4, z=2, w=-1),
    printed={"f": -20, "df/dx": -8, "df/dy": 6, "df/dz": 2, "df/dw": 0},
    graph=gates_graph,
)
def gates_printed(x: Any, y: Any, z: Any, w: Any) -> dict[str, Any]:
    """add distributes, max routes, multiply switches: in numbers."""
    return numbers_of(gates, x, y, z, w)
