"""A computational graph as SVG: values in green above the edges, gradients in red below them."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree

from gradcheck.graphs import Graph
from gradcheck.report.layout import RADIUS, Route, layout

Position = tuple[float, float]


def to_svg(graph: Graph) -> str:
    """The SVG text; its colours are those of the page around it (classes ``value`` and ``gradient``)."""
    drawing = layout(graph)
    size = {"width": f"{drawing.width:.0f}", "height": f"{drawing.height:.0f}"}
    svg = ElementTree.Element("svg", {"class": "graph", "role": "img", **size})
    # Shrunk to the width of the page, but not beyond reading; then it scrolls.
    svg.set("style", f"min-width: {0.8 * drawing.width:.0f}px")
    svg.set("viewBox", f"0 0 {size['width']} {size['height']}")
    ElementTree.SubElement(svg, "title").text = "Computational graph: values above the edges, gradients below them"
    for route in drawing.routes:
        ElementTree.SubElement(svg, "path", {"class": "edge", "d": curve(route)})
    for node in graph.nodes:
        add_node(svg, node.operation, node.label, drawing.at[node.id])
    # Labels come last, so that no edge runs over them.
    for route in drawing.routes:
        add_text(svg, route.edge.value, "value", route.points[1], -5)
        add_text(svg, route.edge.gradient, "gradient", route.points[1], 14)
    return ElementTree.tostring(svg, encoding="unicode")


def curve(route: Route) -> str:
    """A smooth path from the rim of one node to that of the next, level under its label and at each point."""
    (x0, y0), (x1, y1), *between, (x2, y2) = route.points
    half = route.width / 2
    path = [f"M{x0 + RADIUS:.1f} {y0:.1f}", bend((x0 + RADIUS, y0), (x1 - half, y1)), f"H{x1 + half:.1f}"]
    ends = [(x1 + half, y1), *between, (x2 - RADIUS, y2)]
    return "".join([*path, *(bend(a, b) for a, b in itertools.pairwise(ends))])


def bend(a: Position, b: Position) -> str:
    """A curve that is level at both ends."""
    middle = (a[0] + b[0]) / 2
    return f"C{middle:.1f} {a[1]:.1f} {middle:.1f} {b[1]:.1f} {b[0]:.1f} {b[1]:.1f}"


def add_node(svg: ElementTree.Element, operation: str, label: str, at: Position) -> None:
    """A circle for an operation; a variable or an output is its name alone."""
    name = operation if operation in ("input", "output") else "operation"
    ElementTree.SubElement(svg, "circle", {"class": name, "cx": f"{at[0]:.1f}", "cy": f"{at[1]:.1f}", "r": str(RADIUS)})
    add_text(svg, label, f"label {name} {'long' if len(label) > 4 else 'short'}", at, 4.5)


def add_text(svg: ElementTree.Element, text: str, name: str, at: Position, drop: float) -> None:
    """A text centred on a point, moved down by `drop`."""
    place = {"class": name, "x": f"{at[0]:.1f}", "y": f"{at[1] + drop:.1f}", "text-anchor": "middle"}
    ElementTree.SubElement(svg, "text", place).text = text
