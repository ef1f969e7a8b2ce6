"""A tape: rules are applied forwards and remembered, and their pullbacks are chained backwards."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.graphs import Edge, Graph, Node, short, symbol

Function = Callable[..., Any]


@dataclass(eq=False)
class Value:
    """An array on a tape; two values are the same only if they are the same place on it."""

    data: Any
    name: str = ""


@dataclass(frozen=True)
class Step:
    """A rule that was applied: what went in, what came out, and the way back."""

    operation: str
    inputs: tuple[Any, ...]
    outputs: tuple[Value, ...]
    single: bool
    pullback: Function

    def pull(self, cotangents: dict[Value, Any]) -> list[tuple[Value, Any]]:
        """The inputs that are on the tape, each with its share of the cotangent; none where no output has one."""
        if not any(output in cotangents for output in self.outputs):
            return []
        dy = tuple(cotangents[o] if o in cotangents else np.zeros_like(o.data) for o in self.outputs)
        given = self.pullback(dy[0] if self.single else dy)
        given = given if isinstance(given, tuple | list) else (given,)
        return [(v, g) for v, g in zip(self.inputs, given, strict=True) if isinstance(v, Value) and g is not None]


class Tape:
    """Rules applied one after the other, so that the steps are always in topological order."""

    def __init__(self) -> None:
        self.variables: list[Value] = []
        self.steps: list[Step] = []

    def variable(self, data: Any, name: str = "") -> Value:
        """An array whose gradient will be asked for; of any shape, and of any kind that NumPy functions take."""
        self.variables.append(Value(data, name))
        return self.variables[-1]

    def apply(self, rule: Function, *inputs: Any, **params: Any) -> Any:
        """The value (or tuple of values) that ``rule(*inputs, **params)`` gives; inputs not on the tape are constants."""
        y, pullback = rule(*(i.data if isinstance(i, Value) else i for i in inputs), **params)
        single = not isinstance(y, tuple)
        outputs = tuple(Value(data) for data in ((y,) if single else y))
        self.steps.append(Step(rule.__name__, inputs, outputs, single, pullback))
        return outputs[0] if single else outputs

    def name(self, name: str, value: Value) -> Value:
        """The value itself, which goes by this name from now on."""
        value.name = name
        return value

    def gradient(self, y: Value, dy: Any) -> dict[Value, Any]:
        """The cotangent of every variable, and of every value on the way from there to `y`; `dy` has the shape of `y`."""
        cotangents = {y: dy}
        for step in reversed(self.steps):
            for value, cotangent in step.pull(cotangents):
                # A new array each time: a pullback may have handed out one that it shares.
                cotangents[value] = cotangents[value] + cotangent if value in cotangents else cotangent
        return {v: np.zeros_like(v.data) for v in self.variables if v not in cotangents} | cotangents

    def graph(self, y: Value, dy: Any) -> Graph:
        """The steps as a graph with the numbers of this run; an edge carries its own share of a value's gradient."""
        cotangents = self.gradient(y, dy)
        nodes = [Node(f"v{i}", "input", v.name) for i, v in enumerate(self.variables)]
        home = {v: n.id for v, n in zip(self.variables, nodes, strict=True)}
        edges = []
        for i, step in enumerate(self.steps):
            constants = [short(c) for c in step.inputs if not isinstance(c, Value)]
            nodes.append(Node(f"s{i}", step.operation, " ".join([symbol(step.operation), *constants])))
            home |= dict.fromkeys(step.outputs, f"s{i}")
            edges += [Edge(home[v], f"s{i}", short(v.data), short(g)) for v, g in step.pull(cotangents)]
        nodes.append(Node("end", "output", y.name or "output"))
        edges.append(Edge(home[y], "end", short(y.data), short(dy)))
        return Graph(tuple(nodes), tuple(edges))


def taped(build: Function) -> Function:
    """The rule of ``build(tape, *values, **params) -> value``: a function of arrays that gives ``(y, pullback)``."""

    @functools.wraps(build)
    def function(*args: Any, **params: Any) -> Any:
        tape, values = variables_of(build, args)
        y = build(tape, *values, **params)

        def pullback(dy: Any) -> tuple[Any, ...]:
            cotangents = tape.gradient(y, dy)
            return tuple(cotangents[v] for v in values)

        return y.data, pullback

    # The tape is our own business: callers and checkers see the arguments after it.
    signature = inspect.signature(build)
    function.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    return function


def graph_of(rule: Function, *args: Any, **params: Any) -> Graph:
    """The computational graph of a taped rule at these numbers or arrays, with ones coming in from behind."""
    tape, y = recorded(rule, tuple(np.asarray(a) for a in args), params)
    return tape.graph(y, np.ones_like(y.data))


def numbers_of(rule: Function, *args: Any, **params: Any) -> dict[str, Any]:
    """Every named value of a taped rule at these arguments, and the gradient by it: ``q`` and ``df/dq``."""
    tape, y = recorded(rule, args, params)
    named = {v: d for v, d in tape.gradient(y, np.ones_like(y.data)).items() if v.name}
    return {v.name: v.data for v in named} | {derivative(y.name, v.name): d for v, d in named.items()}


def derivative(y: str, x: str) -> str:
    """``df/dq``, or ``df/d(1 + q)`` where `x` is more than a name."""
    return f"d{y}/d{x if x.isidentifier() else f'({x})'}"


def recorded(rule: Function, args: tuple[Any, ...], params: dict[str, Any]) -> tuple[Tape, Value]:
    """The tape of a taped rule at these arguments, and its result."""
    build = inspect.unwrap(rule)
    tape, values = variables_of(build, args)
    return tape, build(tape, *values, **params)


def variables_of(build: Function, args: tuple[Any, ...]) -> tuple[Tape, list[Value]]:
    """A new tape with the arguments of `build` on it, by name; variadic ones are numbered."""
    tape = Tape()
    _, *parameters = inspect.signature(build).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    names += [f"{p.name}{i}" for p in parameters if p.kind is p.VAR_POSITIONAL for i in range(len(args))]
    return tape, [tape.variable(a, name) for a, name in zip(args, names, strict=False)]
