"""A report for a terminal: the summary table, what did not pass and how to run it again, the counts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gradcheck.report import summary
from gradcheck.report.data import Entry, Report
from gradcheck.report.numbers import budget_text, duration, number

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {
    "pass": "green",
    "refuted": "cyan",
    "fail": "bold red",
    "disputed": "bold magenta",
    "inconclusive": "yellow",
    "error": "bold red",
    "not run": "dim",
}
STANCES = {"for": "green", "against": "bold red", "undecided": "yellow", "not applicable": "dim", "not asked": "dim"}


def print_report(report: Report, console: Console) -> None:
    """Print all of a report that fits a terminal."""
    print_table(report, console)
    for entry in report.entries:
        if entry.outcome != "pass":
            print_trouble(entry, console)
    print_counts(report, console)


def print_table(report: Report, console: Console) -> None:
    """A line for each case, and what the symbols mean."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    oracles = summary.columns(report)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    stem = summary.common_stem(report.entries)
    table.add_column("case", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for oracle in oracles:
        table.add_column(oracle, justify="center", no_wrap=True)
    for heading in ("ULPs fwd", "bwd", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for entry in report.entries:
        voices = [summary.voice(oracle, entry.result.evidence) for oracle in oracles]
        worst = [entry.result.accuracy.get(question) for question in ("forward", "gradient")]
        table.add_row(
            Text(entry.name.removeprefix(stem)),
            Text(entry.outcome, style=COLOURS[entry.outcome]),
            *(Text(voice.symbol, style=STANCES[voice.stance]) for voice in voices),
            *(number(a.worst, 2) if a else "" for a in worst),
            duration(entry.result.seconds),
        )
    console.print(table)
    legend = "  ".join(f"{symbol} {name}" for name, symbol in summary.SYMBOLS.items())
    console.print(Text(legend, style="dim"))


def print_trouble(entry: Entry, console: Console) -> None:
    """What is wrong with a case, and the command that runs it again."""
    from rich.text import Text

    result = entry.result
    console.print(Text.assemble("\n", (entry.outcome, COLOURS[entry.outcome]), f"  {entry.name}"))
    for line in (result.missing or result.diagnosis or explanation(entry)).splitlines():
        for part in textwrap.wrap(line, console.width - 2, break_long_words=False, break_on_hyphens=False) or [""]:
            console.print(Text(f"  {part}"), soft_wrap=True)
    if entry.rerun and not result:
        # Soft wrapping keeps the command whole, so that it can be copied.
        console.print(Text(f"  {entry.rerun}", style="cyan"), soft_wrap=True)


def explanation(entry: Entry) -> str:
    """What a result without a diagnosis was short of."""
    said = (summary.voice(oracle, entry.result.evidence) for oracle in oracles_of(entry))
    return "no oracle decides: " + ("; ".join(f"{v.oracle} {v.stance} ({v.why})" for v in said) or "none spoke")


def oracles_of(entry: Entry) -> Iterable[str]:
    """Whoever spoke of a case, once each."""
    return dict.fromkeys(e.oracle for e in entry.result.evidence)


def print_counts(report: Report, console: Console) -> None:
    """The totals: verdicts, kinds of evidence, and why some do not apply."""
    from rich.text import Text

    console.print()
    spoken = ", ".join(f"{count} {kind}" for kind, count in summary.kinds(report.entries).items())
    console.print(Text(f"evidence for, in cases: {spoken}"))
    full, cases = summary.all_kinds(report)
    console.print(Text(f"all four kinds of evidence: {full} of {cases} cases"))
    gaps = ", ".join(f"{gap.kind} ({gap.reason}) {len(gap.places)}" for gap in summary.gaps(report))
    if gaps:
        few = summary.with_few_kinds(report)
        console.print(Text(f"missing, in cases: {gaps}; fewer than three kinds: {few}"))
    for accuracy, places in summary.wide_budgets(report):
        rules = dict.fromkeys(report.entries[place].name.partition("[")[0].rpartition(".")[2] for place in places)
        console.print(Text(f"budget {budget_text(accuracy)}: {', '.join(rules)}"))
    missing = ", ".join(f"{oracle} {reason} {count}" for oracle, reason, count in summary.reasons(report.entries))
    if missing:
        console.print(Text(f"not applicable, in cases: {missing}"))
    counts = [
        part
        for outcome, count in summary.outcomes(report.entries).items()
        for part in (", ", (f"{count} {outcome}", COLOURS[outcome]))
    ]
    console.print(Text.assemble(*counts[1:], f" in {duration(report.meta.seconds)}"))
