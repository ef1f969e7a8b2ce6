"""A layered drawing of a graph: nodes from left to right, few crossings (Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field

from gradcheck.graphs import Edge, Graph

ROW, MARGIN, RADIUS, SWEEPS = 64, 48, 20, 8
# The width of a character of an edge's label, and what an edge needs beside its label.
CHARACTER, SPARE = 6.6, 74


@dataclass(frozen=True)
class Drawing:
    """Where each node stands, and through which points each edge goes; node radii and sizes in pixels."""

    at: dict[str, tuple[float, float]]
    paths: tuple[tuple[Edge, tuple[tuple[float, float], ...]], ...]
    width: float
    height: float


@dataclass
class _Layers:
    """Nodes by layer; an edge over several layers goes through a stand-in on each."""

    rows: list[list[str]]
    chains: list[list[str]]
    links: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def layout(graph: Graph) -> Drawing:
    """Place the nodes of a graph, which stand in an order in which they can be evaluated."""
    layers = layered(graph)
    reduce_crossings(layers)
    heights = placed(layers)
    gaps = [0.0] * len(layers.rows)
    level = levels(graph)
    for edge in graph.edges:
        text = max(len(edge.value), len(edge.gradient))
        gaps[level[edge.source] + 1] = max(gaps[level[edge.source] + 1], text * CHARACTER + SPARE)
    columns = [MARGIN + sum(gaps[: i + 1]) for i in range(len(gaps))]
    at = {name: (columns[i], heights[name]) for i, row in enumerate(layers.rows) for name in row}
    paths = tuple(
        (edge, tuple(at[name] for name in chain)) for edge, chain in zip(graph.edges, layers.chains, strict=True)
    )
    bottom = max(heights.values(), default=0.0)
    real = {node.id: at[node.id] for node in graph.nodes}
    return Drawing(real, paths, columns[-1] + MARGIN if columns else 0.0, bottom + MARGIN)


def levels(graph: Graph) -> dict[str, int]:
    """The layer of each node: right of all its sources; a node without sources just left of its first target."""
    level = {node.id: 0 for node in graph.nodes}
    for node in graph.nodes:
        level[node.id] = max([0, *(level[e.source] + 1 for e in graph.edges if e.target == node.id)])
    for node in graph.nodes:
        targets = [level[e.target] for e in graph.edges if e.source == node.id]
        if targets and not any(e.target == node.id for e in graph.edges):
            level[node.id] = min(targets) - 1
    return level


def layered(graph: Graph) -> _Layers:
    """The nodes in layers, with a stand-in wherever an edge passes a layer."""
    level = levels(graph)
    layers = _Layers([[] for _ in range(max(level.values(), default=-1) + 1)], [])
    for node in graph.nodes:
        layers.rows[level[node.id]].append(node.id)
    for number, edge in enumerate(graph.edges):
        between = range(level[edge.source] + 1, level[edge.target])
        chain = [edge.source, *(f"{number}/{i}" for i in between), edge.target]
        for i, name in zip(between, chain[1:-1], strict=True):
            layers.rows[i].append(name)
        for a, b in itertools.pairwise(chain):
            layers.links[a].append(b)
            layers.links[b].append(a)
        layers.chains.append(chain)
    return layers


def reduce_crossings(layers: _Layers) -> None:
    """Order each layer by the mean position of its neighbours in the layer before, forwards and backwards."""
    for sweep in range(SWEEPS):
        rows = layers.rows if sweep % 2 == 0 else layers.rows[::-1]
        for fixed, row in itertools.pairwise(rows):
            position = {name: i - len(fixed) / 2 for i, name in enumerate(fixed)}
            before = {name: i - len(row) / 2 for i, name in enumerate(row)}

            def mean(name: str, position: dict[str, float] = position, before: dict[str, float] = before) -> float:
                near = [position[n] for n in layers.links[name] if n in position]
                return sum(near) / len(near) if near else before[name]

            row.sort(key=mean)


def placed(layers: _Layers) -> dict[str, float]:
    """The height of each node: rows at equal distances, each layer centred, then drawn towards its neighbours."""
    tallest = max((len(row) for row in layers.rows), default=0)
    y = {name: MARGIN + ROW * (i + (tallest - len(row)) / 2) for row in layers.rows for i, name in enumerate(row)}
    for _ in range(SWEEPS):
        for row in layers.rows:
            wanted = [
                sum(y[n] for n in layers.links[name]) / len(layers.links[name]) if layers.links[name] else y[name]
                for name in row
            ]
            # As near to the wish as the row's own order and distance allow.
            for i, name in enumerate(row):
                low = y[row[i - 1]] + ROW if i else MARGIN
                y[name] = max(low, min(wanted[i], MARGIN + ROW * (tallest - len(row) + i)))
    return y
