"""A computational graph as SVG: values in green above the edges, gradients in red below them."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree

from gradcheck.graphs import Graph
from gradcheck.report.layout import RADIUS, layout

Position = tuple[float, float]


def to_svg(graph: Graph) -> str:
    """The SVG text; its colours are those of the page around it (classes ``value`` and ``gradient``)."""
    drawing = layout(graph)
    size = {"width": f"{drawing.width:.0f}", "height": f"{drawing.height:.0f}"}
    svg = ElementTree.Element("svg", {"class": "graph", "role": "img", **size})
    svg.set("viewBox", f"0 0 {size['width']} {size['height']}")
    ElementTree.SubElement(svg, "title").text = "Computational graph: values above the edges, gradients below them"
    for _, points in drawing.paths:
        ElementTree.SubElement(svg, "path", {"class": "edge", "d": curve(points)})
    for node in graph.nodes:
        x, y = drawing.at[node.id]
        add_node(svg, node.operation, node.label, x, y)
    # Labels come last, so that no edge runs over them.
    for edge, points in drawing.paths:
        (x, y), (x2, y2) = points[0], points[1]
        middle = ((x + x2) / 2, (y + y2) / 2)
        add_text(svg, edge.value, "value", middle, -5)
        add_text(svg, edge.gradient, "gradient", middle, 14)
    return ElementTree.tostring(svg, encoding="unicode")


def curve(points: tuple[Position, ...]) -> str:
    """A smooth path through points, level at each of them, from the edge of one node to that of the next."""
    first, last = points[0], points[-1]
    points = ((first[0] + RADIUS, first[1]), *points[1:-1], (last[0] - RADIUS, last[1]))
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (x2, y2) in itertools.pairwise(points):
        middle = (x + x2) / 2
        parts.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}")
    return "".join(parts)


def add_node(svg: ElementTree.Element, operation: str, label: str, x: float, y: float) -> None:
    """A circle for an operation; a variable or an output is its name alone."""
    name = operation if operation in ("input", "output") else "operation"
    ElementTree.SubElement(svg, "circle", {"class": name, "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": str(RADIUS)})
    add_text(svg, label, f"label {name}", (x, y), 4.5)


def add_text(svg: ElementTree.Element, text: str, name: str, at: Position, drop: float) -> None:
    """A text centred on a point, moved down by `drop`."""
    place = {"class": name, "x": f"{at[0]:.1f}", "y": f"{at[1] + drop:.1f}", "text-anchor": "middle"}
    if "label" in name and len(text) > 5:
        place["font-size"] = "10"
    ElementTree.SubElement(svg, "text", place).text = text
