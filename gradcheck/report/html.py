"""A report as one HTML page that opens offline: a pure function of the report's data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from gradcheck.report import summary
from gradcheck.report.assurance import together
from gradcheck.report.data import Entry, Report
from gradcheck.report.drawing import to_svg
from gradcheck.report.numbers import brief, budget_text, duration, number, spot, units_text
from gradcheck.report.source import formulas, highlight
from gradcheck.report.summary import Voice
from gradcheck.report.text import keeps, numbers, place, remark
from gradcheck.results import REASONS, Evidence, Point

if TYPE_CHECKING:
    from markupsafe import Markup

# Points that are unfolded when a case is opened; those with evidence against always are.
UNFOLDED = 2


@dataclass(frozen=True)
class Row:
    """An entry as the page shows it: its address on the page, and what each oracle says in all."""

    id: str
    entry: Entry
    voices: Sequence[Voice]

    @property
    def claims(self) -> list[Evidence]:
        return [e for e in self.entry.result.evidence if e.question == "claim"]

    @property
    def stations(self) -> list[Station]:
        """The points, those with evidence against first, each with its evidence."""
        result, order = self.entry.result, ("against", "undecided", "for", "not applicable")
        said = sorted((e for e in result.evidence if e.question != "claim"), key=lambda e: order.index(e.stance))
        points = {point.name: point for point in result.points}
        names = dict.fromkeys([*(e.point for e in said if e.stance == "against"), *points, *(e.point for e in said)])
        stations = []
        for rank, name in enumerate(names):
            here = [e for e in said if e.point == name]
            grave = any(e.stance == "against" for e in here) or name == result.failed_at
            if here or name in points:
                inputs = self.inputs(points[name]) if name in points else []
                stations.append(Station(name, inputs, here, grave or rank < UNFOLDED))
        return stations

    def inputs(self, point: Point) -> list[tuple[str, str]]:
        """The arguments and parameters of a point by name, short."""
        if self.claims:
            return []
        args = zip_longest(self.entry.arguments[: len(point.args)], point.args, fillvalue="")
        shown = [(str(name), brief(value)) for name, value in args]
        return [*shown, *((name, brief(value)) for name, value in point.params.items())]


@dataclass(frozen=True)
class Station:
    """A point with its arguments by name, and what was said there."""

    name: str
    inputs: Sequence[tuple[str, str]]
    evidence: Sequence[Evidence]
    open: bool


def to_html(report: Report) -> str:
    """The page of a report."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gradcheck.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "duration": duration,
        "brief": brief,
        "place": place,
        "keeps": keeps,
        "budget": budget_text,
        "units": units_text,
        "spot": spot,
        "remark": remark,
        "highlight": lambda source: markup(highlight(source)),
        "formulas": lambda mathml: [markup(f) for f in formulas(mathml)],
        "svg": lambda graph: markup(to_svg(graph)),
    }
    oracles = summary.columns(report)
    rows = [
        Row(name, entry, [summary.voice(oracle, entry.result.evidence) for oracle in oracles])
        for name, entry in zip(addresses([e.name for e in report.entries]), report.entries, strict=True)
    ]
    return environment.get_template("report.html").render(
        report=report,
        meta=report.meta,
        rows=rows,
        oracles=oracles,
        modules=sorted({e.module for e in report.entries}),
        stem=summary.common_stem(report.entries),
        outcomes=summary.outcomes(report.entries),
        kinds=summary.kinds(report.entries),
        reasons=summary.reasons(report.entries),
        reason_texts=REASONS,
        all_kinds=summary.all_kinds(report),
        gaps=summary.gaps(report),
        few=summary.with_few_kinds(report),
        wide=summary.wide_budgets(report),
        symbols=summary.SYMBOLS,
        assured=together(entry.assurance for entry in report.entries if entry.assurance),
        numbers=numbers,
    )


def markup(html: str) -> Markup:
    """HTML of our own making, in which everything foreign was escaped."""
    from markupsafe import Markup

    return Markup(html)


def addresses(names: Sequence[str]) -> list[str]:
    """An address on the page for each name: ``case-reference.linear.matmul``, no two the same."""
    taken: dict[str, int] = {}
    found = []
    for name in names:
        address = "case-" + re.sub(r"[^\w.]+", "-", name).strip("-")
        taken[address] = taken.get(address, 0) + 1
        found.append(address if taken[address] == 1 else f"{address}--{taken[address]}")
    return found
