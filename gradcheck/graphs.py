"""A computational graph with its numbers, as plain data: what the values and gradients on each edge read like."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# How an operation is written inside its node; any other goes by its own name.
SYMBOLS: Mapping[str, str] = {
    "add": "+",
    "subtract": "−",
    "multiply": "×",
    "divide": "÷",
    "negative": "·(−1)",
    "reciprocal": "1/x",
    "square": "x²",
    "matmul": "@",
    "maximum": "max",
    "sum": "Σ",
    "sigmoid": "σ",
}


@dataclass(frozen=True)
class Node:
    """A variable (operation ``input``), an operation, or the end of the graph (operation ``output``)."""

    id: str
    operation: str
    label: str


@dataclass(frozen=True)
class Edge:
    """A value on its way from one node to another, and the gradient that comes back along this edge alone."""

    source: str
    target: str
    value: str
    gradient: str


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can be evaluated, and the edges between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Graph:
        """The inverse of `to_dict`."""
        return cls(tuple(Node(**n) for n in data["nodes"]), tuple(Edge(**e) for e in data["edges"]))


def symbol(operation: str) -> str:
    """What is written inside the node of an operation: ``×`` for multiply."""
    return SYMBOLS.get(operation, operation)


def short(value: Any, digits: int = 4, entries: int = 6) -> str:
    """A number or a small array to that many significant digits; a larger array by its shape alone."""
    array = np.asarray(value)
    if array.size > entries:
        return " × ".join(map(str, array.shape))
    if array.ndim:
        return f"[{', '.join(short(item, digits, entries) for item in array)}]"
    # Adding 0 turns -0 into 0, which is what a reader expects to see.
    return f"{array.item() + 0.0:.{digits}g}".replace("-", "−")
