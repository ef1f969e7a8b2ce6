"""Worked example 8: the Jacobian of softmax, and softmax with cross-entropy."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import one_hot, real, simplex
from gradcheck.graphs import Graph
from gradcheck.printed import claims
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import softmax as softmax_rule
from reference.arithmetic import multiply, negative
from reference.declaring import Pulled
from reference.exponential import log
from reference.reductions import sum as total
from reference.tape import Tape, Value, graph_of, taped


def softmax_sympy(sympy: Any, a: Any) -> Any:
    """exp(a_i) over the sum of all of them."""
    e = np.frompyfunc(sympy.exp, 1, 1)(a)
    return e / sum(e)


@rule(
    domain=dict(a=real("k")),
    jax=lambda jax, a: jax.nn.softmax(a),
    sympy=softmax_sympy,
    source="Study notes N0, N3",
)
def softmax_by_jacobian(a: Array) -> Pulled:
    """p = softmax(a); dp_i/da_j = p_i (1 - p_i) for i = j, else -p_i p_j: the matrix diag(p) - p pᵀ.  (k) -> (k)

    1 - p_i is summed from the other p_j, which keeps its digits where p_i is near 1.  The pullback keeps the matrix.
    """
    e = np.exp(a - a.max())
    p = e / e.sum()
    diagonal = np.eye(a.size, dtype=bool)
    rest = np.where(diagonal, 0, p).sum(1)
    jacobian = np.where(diagonal, p * rest, -p[:, None] * p)
    return p, lambda dy: jacobian.T @ dy


@rule(
    domains={
        "one-hot": dict(a=real("k"), y=one_hot("k")),
        "probabilities": dict(a=real("k"), y=simplex("k")),
        "any sum": dict(a=real("k"), y=real("k")),
    },
    jax=lambda jax, a, *, y: -(y * jax.nn.log_softmax(a)).sum(),
    sympy=lambda sympy, a, *, y: sum(
        weight * sympy.log(sum(map(sympy.exp, a)) / sympy.exp(entry)) for weight, entry in zip(y, a, strict=True)
    ),
    source="Study notes N0, N3",
)
def cross_entropy(a: Array, *, y: Array) -> Pulled:
    """L = -Σ_j y_j log p_j with p = softmax(a); dL/da = p Σ_j y_j - y, which is p - y where Σ_j y_j = 1.  (k) -> ()"""
    shifted = a - a.max()
    log_p = shifted - np.log(np.exp(shifted).sum())
    return -(y * log_p).sum(), lambda dy: dy * (np.exp(log_p) * y.sum() - y)


def cross_entropy_of_gates_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(cross_entropy_of_gates, np.array([1.0, 2.0, 0.0]), np.array([0.0, 1.0, 0.0]))


@rule(
    domain=dict(a=real("k"), y=real("k")),
    jax=lambda jax, a, y: -(y * jax.nn.log_softmax(a)).sum(),
    sympy=lambda sympy, a, y: sum(
        weight * sympy.log(sum(map(sympy.exp, a)) / sympy.exp(entry)) for weight, entry in zip(y, a, strict=True)
    ),
    source="Study notes N0, N3",
    graph=cross_entropy_of_gates_graph,
)
@taped
def cross_entropy_of_gates(tape: Tape, a: Value, y: Value) -> Value:
    """The same gate by gate: softmax, logarithm, product, sum.  (k), (k) -> ()

    The tape keeps every value on the way.
    """
    p = tape.name("p", tape.apply(softmax_rule, a))
    likelihood = tape.apply(total, tape.apply(multiply, y, tape.apply(log, p)))
    return tape.name("L", tape.apply(negative, likelihood))


@claims(
    source="Study notes N3",
    at=dict(a=[[1, 2, 0], [-1, 0, 1], [-10, 0, 10]]),
    printed={
        "softmax over the last axis": [
            ["0.24472847", "0.66524096", "0.09003057"],
            ["0.09003057", "0.24472847", "0.66524096"],
            ["2.06106005e-09", "4.53978686e-05", "0.99995460"],
        ],
        "rows add up to": [1, 1, 1],
    },
    graph=cross_entropy_of_gates_graph,
)
def softmax_printed(a: Any) -> dict[str, Any]:
    """The evaluation shifted by the maximum, row by row."""
    p, _ = softmax_rule(a, axis=-1)
    return {"softmax over the last axis": p, "rows add up to": p.sum(-1)}
