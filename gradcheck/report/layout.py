"""A layered drawing of a graph: nodes from left to right, few crossings (Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field

from gradcheck.graphs import Edge, Graph

ROW, MARGIN, RADIUS, SWEEPS = 50, 40, 20, 24
# The width of a character of a label, and the bend of an edge between a node and a label.
CHARACTER, BEND = 7.3, 26


@dataclass(frozen=True)
class Route:
    """An edge on its way: the point where its label is centred, the label's width, and the points after that."""

    edge: Edge
    points: tuple[tuple[float, float], ...]
    width: float


@dataclass(frozen=True)
class Drawing:
    """Where each node stands and where each edge goes, in pixels."""

    at: dict[str, tuple[float, float]]
    routes: tuple[Route, ...]
    width: float
    height: float


@dataclass
class _Layers:
    """Nodes by layer; an edge has a stand-in on each layer that it passes, the first of which is its label."""

    rows: list[list[str]]
    chains: list[list[str]]
    widths: list[float]
    links: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def layout(graph: Graph) -> Drawing:
    """Place the nodes of a graph, which stand in an order in which they can be evaluated."""
    layers = layered(graph)
    reduce_crossings(layers)
    heights = placed(layers)
    columns, x = [], float(MARGIN - RADIUS)
    for width in layers.widths:
        columns.append(x + width / 2)
        x += width + BEND
    at = {name: (columns[i], heights[name]) for i, row in enumerate(layers.rows) for name in row}
    routes = tuple(
        Route(edge, tuple(at[name] for name in chain), label_width(edge))
        for edge, chain in zip(graph.edges, layers.chains, strict=True)
    )
    nodes = {node.id: at[node.id] for node in graph.nodes}
    return Drawing(nodes, routes, x - BEND + MARGIN - RADIUS, max(heights.values(), default=0.0) + MARGIN)


def label_width(edge: Edge) -> float:
    """The width of the wider of an edge's two texts."""
    return CHARACTER * max(len(edge.value), len(edge.gradient))


def levels(graph: Graph) -> dict[str, int]:
    """The layer of each node: right of all its sources; a node without sources just left of its first target.

    Nodes stand on even layers, labels on odd ones.
    """
    level = {node.id: 0 for node in graph.nodes}
    for node in graph.nodes:
        level[node.id] = max([0, *(level[e.source] + 2 for e in graph.edges if e.target == node.id)])
    for node in graph.nodes:
        targets = [level[e.target] for e in graph.edges if e.source == node.id]
        if targets and not any(e.target == node.id for e in graph.edges):
            level[node.id] = min(targets) - 2
    return level


def layered(graph: Graph) -> _Layers:
    """The nodes in layers, with a stand-in wherever an edge passes a layer."""
    level = levels(graph)
    count = max(level.values(), default=-1) + 1
    layers = _Layers([[] for _ in range(count)], [], [0.0 if i % 2 else 2.0 * RADIUS for i in range(count)])
    for node in graph.nodes:
        layers.rows[level[node.id]].append(node.id)
    for number, edge in enumerate(graph.edges):
        first, last = level[edge.source], level[edge.target]
        layers.widths[first + 1] = max(layers.widths[first + 1], label_width(edge))
        stands = [f"{number}/{i}" for i in range(first + 1, last)]
        for i, name in enumerate(stands, first + 1):
            layers.rows[i].append(name)
        chain = [edge.source, *stands, edge.target]
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
            means = {
                name: mean([position[n] for n in layers.links[name] if n in position], before[name]) for name in row
            }
            row.sort(key=means.__getitem__)


def placed(layers: _Layers) -> dict[str, float]:
    """The height of each node: rows at equal distances, then drawn towards the neighbours as far as there is room."""
    tallest = max((len(row) for row in layers.rows), default=0)
    y = {name: MARGIN + ROW * (i + (tallest - len(row)) / 2) for row in layers.rows for i, name in enumerate(row)}
    for _ in range(SWEEPS):
        for row in layers.rows:
            wished = [mean([y[n] for n in layers.links[name]], y[name]) for name in row]
            for i, name in enumerate(row):
                low = y[row[i - 1]] + ROW if i else MARGIN
                y[name] = max(low, min(wished[i], MARGIN + ROW * (tallest - len(row) + i)))
    return y


def mean(values: list[float], otherwise: float) -> float:
    """The mean, or another value where there are none."""
    return sum(values) / len(values) if values else otherwise
