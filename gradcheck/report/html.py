"""A report as one HTML page that opens offline: a pure function of the report's data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradcheck.report import summary
from gradcheck.report.data import Entry, Report
from gradcheck.report.drawing import to_svg
from gradcheck.report.numbers import brief, digits_for, duration, number, with_bar
from gradcheck.report.source import formulas, highlight
from gradcheck.report.summary import Voice
from gradcheck.report.text import place, remark
from gradcheck.results import REASONS, Evidence

if TYPE_CHECKING:
    from markupsafe import Markup

# Pieces of evidence beyond which those that agree are folded away.
FOLDED = 24


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
    def against(self) -> list[Evidence]:
        return [e for e in self.entry.result.evidence if e.stance == "against"]

    @property
    def checks(self) -> list[Evidence]:
        """The evidence other than claims, what is against first."""
        order = {"against": 0, "undecided": 1, "for": 2, "not applicable": 3}
        return sorted((e for e in self.entry.result.evidence if e.question != "claim"), key=lambda e: order[e.stance])


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
        stem=common_stem([e.module for e in report.entries]),
        outcomes=summary.outcomes(report.entries),
        kinds=summary.kinds(report.entries),
        reasons=summary.reasons(report.entries),
        reason_texts=REASONS,
        all_kinds=summary.all_kinds(report),
        symbols=summary.SYMBOLS,
        numbers=numbers,
        folded=FOLDED,
    )


def markup(html: str) -> Markup:
    """HTML of our own making, in which everything foreign was escaped."""
    from markupsafe import Markup

    return Markup(html)


def numbers(e: Evidence) -> dict[str, Any]:
    """The claimed value and the oracle's, with as many digits as it takes to tell them apart."""
    digits = digits_for(e.claimed, e.value)
    return {"claimed": number(e.claimed, digits), "value": with_bar(e.value, e.bar, digits)}


def addresses(names: Sequence[str]) -> list[str]:
    """An address on the page for each name: ``case-reference.linear.matmul``, no two the same."""
    taken: dict[str, int] = {}
    found = []
    for name in names:
        address = "case-" + re.sub(r"[^\w.]+", "-", name).strip("-")
        taken[address] = taken.get(address, 0) + 1
        found.append(address if taken[address] == 1 else f"{address}--{taken[address]}")
    return found


def common_stem(modules: Sequence[str]) -> str:
    """The package that all modules are in, with its dot; empty where they share none."""
    first = {module.partition(".")[0] for module in modules}
    below = all("." in module for module in modules)
    return f"{first.pop()}." if len(first) == 1 and below else ""
