"""Worked example 6: the chain rule for composite functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.domains import Spec, fixed, real
from gradcheck.graphs import Graph
from gradcheck.printed import claims
from gradcheck.results import Array
from gradcheck.rules import Rule, rule
from reference.activations import sigmoid
from reference.arithmetic import add, square
from reference.declaring import Pulled
from reference.exponential import exp
from reference.tape import Tape, Value, graph_of, numbers_of, taped
from reference.trigonometric import cos, sin, tanh

# Differentiable everywhere, so that any two of them can be composed.
UNARY: Mapping[str, Rule] = {"sin": sin, "cos": cos, "tanh": tanh, "exp": exp, "square": square, "sigmoid": sigmoid}
PAIRS = (("exp", "sin"), ("square", "cos"), ("tanh", "exp"), ("sigmoid", "square"), ("cos", "tanh"))


def composed(outer: Callable[..., Any], inner: Callable[..., Any], x: Array) -> Pulled:
    """outer(inner(x)) for functions entry by entry; its derivative is the product outer'(inner(x)) inner'(x)."""
    u, inner_pullback = inner(x)
    y, outer_pullback = outer(u)
    derivative = outer_pullback(np.ones_like(y)) * inner_pullback(np.ones_like(u))
    return y, lambda dy: dy * derivative


def pair(outer: str, inner: str) -> dict[str, Spec]:
    """The domain of one pair."""
    return dict(x=real("n"), outer=fixed(outer), inner=fixed(inner))


def composition_jax(jax: Any, x: Any, *, outer: str, inner: str) -> Any:
    """The same pair of JAX's functions."""
    functions = {**vars(jax.numpy), "sigmoid": jax.nn.sigmoid}
    return functions[outer](functions[inner](x))


def composition_sympy(sympy: Any, x: Any, *, outer: str, inner: str) -> Any:
    """The same pair of sympy's functions."""
    own = {"square": lambda e: e**2, "sigmoid": lambda e: 1 / (1 + sympy.exp(-e))}
    f, g = (own.get(name) or getattr(sympy, name) for name in (inner, outer))
    return np.frompyfunc(lambda e: g(f(e)), 1, 1)(x)


@rule(
    domains={f"{outer} of {inner}": pair(outer, inner) for outer, inner in PAIRS},
    jax=composition_jax,
    sympy=composition_sympy,
    source="Study notes N0, N4",
)
def composition(x: Array, *, outer: str, inner: str) -> Pulled:
    """g(f(x)), whose derivative is g'(f(x)) f'(x).  (n) -> (n)"""
    return composed(UNARY[outer], UNARY[inner], x)


def square_of_sum_graph() -> Graph:
    """With the numbers of the text."""
    return graph_of(square_of_sum, 1.5, 2.0)


@rule(
    domain=dict(x=real(), y=real()),
    jax=lambda jax, x, y: (x + y) ** 2,
    sympy=lambda sympy, x, y: (x + y) ** 2,
    source="Study notes N0",
    graph=square_of_sum_graph,
)
@taped
def square_of_sum(tape: Tape, x: Value, y: Value) -> Value:
    """z = t² with t = x + y; dz/dx = dz/dt · dt/dx = 2 t · 1.  (), () -> ()"""
    return tape.name("z", tape.apply(square, tape.name("t", tape.apply(add, x, y))))


@claims(
    source="Study notes N0",
    at=dict(x=1.5, y=2),
    printed={"dz/dx - 2 (x + y)": 0, "dz/dt · dt/dx - dz/dx": 0, "dz/dx": 7},
    graph=square_of_sum_graph,
)
def square_of_sum_printed(x: Any, y: Any) -> dict[str, Any]:
    """dz/dx = 2 (x + y), and the product dz/dt · dt/dx in which dt cancels."""
    n = numbers_of(square_of_sum, x, y)
    dt_dx = add(x, y)[1](np.ones_like(x))[0]
    return {
        "dz/dx - 2 (x + y)": n["dz/dx"] - 2 * (x + y),
        "dz/dt · dt/dx - dz/dx": n["dz/dt"] * dt_dx - n["dz/dx"],
        "dz/dx": n["dz/dx"],
    }
