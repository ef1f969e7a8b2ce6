"""Worked example 4: the vectorised circuit f(x, W) = ||W x||²."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.graphs import Graph
from gradcheck.printed import claims
from gradcheck.rules import rule
from reference.arithmetic import square
from reference.linalg import matmul
from reference.reductions import sum as total
from reference.tape import Tape, Value, graph_of, numbers_of, taped

W = [[0.1, 0.5], [-0.3, 0.8]]
X = [0.2, 0.4]


def squared_norm_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(squared_norm, np.array(W), np.array(X))


@rule(
    domains={
        "": dict(w=real("m n"), x=real("n")),
        "2x2": dict(w=real("2 2"), x=real("2")),
        "3x2": dict(w=real("3 2"), x=real("2")),
        "2x3": dict(w=real("2 3"), x=real("3")),
    },
    jax=lambda jax, w, x: jax.numpy.linalg.norm(w @ x) ** 2,
    sympy=lambda sympy, w, x: sum(q**2 for q in np.dot(w, x)),
    source="Study notes N2",
    graph=squared_norm_graph,
)
@taped
def squared_norm(tape: Tape, w: Value, x: Value) -> Value:
    """f = ||W x||²: with q = W x, df/dq = 2 q, df/dW = 2 q xᵀ, df/dx = 2 Wᵀ q.  (m, n), (n) -> ()

    The tape keeps every value on the way.
    """
    q = tape.name("q", tape.apply(matmul, w, x))
    return tape.name("f", tape.apply(total, tape.apply(square, q)))


@claims(
    source="Study notes N2",
    at=dict(w=W, x=X),
    printed={
        "q": ["0.22", "0.26"],
        "f": "0.116",
        "df/dq": ["0.44", "0.52"],
        "df/dw": [["0.088", "0.176"], ["0.104", "0.208"]],
        "df/dx": ["-0.112", "0.636"],
    },
    graph=squared_norm_graph,
)
def squared_norm_printed(w: Any, x: Any) -> dict[str, Any]:
    """Every value and gradient of ||W x||² at 2x2."""
    return numbers_of(squared_norm, w, x)


@claims(
    source="Study notes N2",
    at=dict(w=W, x=X),
    printed={"df/dq - 2 q": [0, 0], "df/dW - 2 q xᵀ": [[0, 0], [0, 0]], "df/dx - 2 Wᵀ q": [0, 0]},
)
def squared_norm_formulas(w: Any, x: Any) -> dict[str, Any]:
    """The formulas of the text, less the gradients of the circuit: exactly nothing."""
    number = numbers_of(squared_norm, w, x)
    q = number["q"]
    return {
        "df/dq - 2 q": number["df/dq"] - 2 * q,
        "df/dW - 2 q xᵀ": number["df/dw"] - 2 * q[:, None] * x[None, :],
        "df/dx - 2 Wᵀ q": number["df/dx"] - 2 * w.T @ q,
    }
