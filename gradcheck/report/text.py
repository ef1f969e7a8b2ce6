"""One result as text: the verdict, the diagnosis, and the evidence in a table."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from gradcheck.report.numbers import brief, digits_for, duration, number, with_bar
from gradcheck.results import REASONS, Accuracy, Evidence, Kept, Result, Stance

# What is told first.
ORDER: Mapping[Stance, int] = {"against": 0, "undecided": 1, "for": 2, "not applicable": 3}
# A failure fits a screen: so many columns, and so many lines, of which one is left for the command that runs it again.
COLUMNS, LINES = 100, 24
# What is said above the evidence where none of it decides.
UNDECIDED = (
    "No verdict: what was looked at neither confirms nor refutes the gradient.  like= (a reference rule) or a twin "
    "(jax=, sympy=) would."
)
# Arguments, parameters and notes beyond which they are counted only; and the fewest rows of evidence.
MANY, ROWS = 3, 3


def render_result(result: Result) -> str:
    """The whole of a result for a terminal, without colours; what did not pass in at most 24 lines of 100 columns."""
    parts = [f"{result.name}: {result.outcome}"]
    if result.missing is not None:
        parts.append(f"  {result.missing}")
    if result.diagnosis or (result.verdict == "inconclusive" and result.missing is None):
        parts.append(indented(result.diagnosis or UNDECIDED))
    tail = [f"  {question}: at worst {a.told}" for question, a in result.accuracy.items() if worth_telling(result, a)]
    if result.kept and result:
        tail.append(f"  the pullback {keeps(result.kept)}")
    if result.failed_at and (not result or result.refuted):
        tail += failing_point(result)
    tail.append(f"  seed {result.seed}, {duration(result.seconds)}")
    if result:
        table_ = table(evidence_rows(result.evidence)) if result.evidence else []
        return "\n".join([*parts, *noted(result.notes), *([""] if table_ else []), *table_, *tail])
    parts += [indented(f"also: {detail}") for detail in further(result)[:2]]
    parts += [folded_note(line) for line in shortened(noted(result.notes), "notes")]
    tail = [clipped(line) for line in tail]
    room = LINES - sum(part.count("\n") + 1 for part in (*parts, *tail)) - 3
    return "\n".join([*parts, *excerpt(result, max(ROWS, room)), *tail])


def worth_telling(result: Result, a: Accuracy) -> bool:
    """Whether digits are told below the evidence: of a pass always, else where they are lost and not told above."""
    return bool(result) or (a.worst > a.budget and a.told not in (result.diagnosis or ""))


def keeps(kept: Kept) -> str:
    """``keeps 48 bytes (inputs 24, outputs 24)``."""
    return f"keeps {kept.residuals:,} bytes (inputs {kept.inputs:,}, outputs {kept.outputs:,})"


def indented(text: str) -> str:
    """A text of several lines, moved to the right and folded into the columns."""
    folded = (textwrap.wrap(line, COLUMNS - 2, break_on_hyphens=False) or [""] for line in text.splitlines())
    return "\n".join(f"  {line}" for lines in folded for line in lines)


def noted(notes: Iterable[str]) -> list[str]:
    """A line for each note."""
    return [f"  note: {note}" for note in notes]


def shortened(lines: list[str], what: str) -> list[str]:
    """The first lines, and how many more there are."""
    return lines if len(lines) <= MANY else [*lines[: MANY - 1], f"  … and {len(lines) - MANY + 1} more {what}"]


def folded_note(line: str) -> str:
    """A note folded into two lines at most."""
    return "\n".join(textwrap.wrap(line, COLUMNS, subsequent_indent="    ", max_lines=2, placeholder=" …"))


def clipped(line: str) -> str:
    """A line cut to the columns."""
    return line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…"


def further(result: Result) -> list[str]:
    """What else the contract found, each finding once, whatever the numbers are that it shows at each point."""
    told, found = gist(result.diagnosis or ""), dict[str, str]()
    for e in result.evidence:
        if e.stance == "against" and e.question == "contract" and gist(e.detail) not in told:
            found.setdefault(gist(e.detail), e.detail)
    return list(found.values())


def gist(text: str) -> str:
    """A finding without what is in parentheses, its hint, and its numbers."""
    while (shorter := re.sub(r"\s*\([^()]*\)", "", text)) != text:
        text = shorter
    text = text.partition(": it would ")[0].partition(": the sum ")[0] if " has shape" in text else text
    text = re.sub("^for (axes of size [01]|0-d arrays|a batch of one) (?=the )", "", text)
    return re.sub(r"-?\d[\d.]*(e[-+]?\d+)?", "#", text).lower()


def excerpt(result: Result, rows: int) -> list[str]:
    """The evidence that tells most of what did not pass: that of the failing point; the rest is counted.

    What the contract found stands in words above, and what was accurate nowhere.
    """
    failed = result.verdict in ("fail", "disputed", "error")
    told = [e for e in result.evidence if not (failed and said_elsewhere(e, result.diagnosis or ""))]
    told.sort(key=lambda e: (e.point != result.failed_at, ORDER[e.stance]))
    if not told:
        return []
    room, here = rows, [e for e in told if failed and e.point == result.failed_at]
    rows = min(rows, len(here) or rows)
    table_ = evidence_rows(told[:rows])
    if here or len({e.point for e in told}) == 1:
        table_ = [[*row[:7], *row[8:]] for row in table_]
    lines = [part for line in table(table_) for part in folded(line)]
    if failed and len(lines) > room + 1:
        lines = [clipped(line) for line in table(table_)]
    stances = [e.stance for e in told[rows:]]
    counts = ", ".join(f"{stances.count(s)} {s}" for s in ORDER if s in stances)
    where = " at other points" if here and rows == len(here) else ""
    return ["", *lines, *([f"  … and {len(stances)} more{where}: {counts}"] if stances else [])]


def said_elsewhere(e: Evidence, diagnosis: str) -> bool:
    """Whether a failure says this outside of its table of evidence, or had better not say it."""
    return (
        (e.question == "contract" and e.stance == "against")
        or (e.question == "accuracy" and (e.stance == "for" or bool(e.detail and e.detail in diagnosis)))
        or e.reason == "not declared"
    )


def folded(line: str) -> list[str]:
    """A row folded into the columns; its alignment stays."""
    if len(line) <= COLUMNS:
        return [line]
    cut = line.rfind(" ", 0, COLUMNS + 1)
    rest = textwrap.wrap(line[cut:].strip(), COLUMNS - 6, break_on_hyphens=False)
    return [line[:cut].rstrip(), *(f"      {part}" for part in rest)]


def evidence_rows(evidence: Iterable[Evidence]) -> list[list[str]]:
    """The rows of the table: what is against first, then in the order in which the oracles spoke."""
    rows = [["oracle", "question", "stance", "kind", "where", "claimed", "oracle's value", "point", ""]]
    for e in sorted(evidence, key=lambda e: ORDER[e.stance]):
        kind = "" if e.stance == "not applicable" else e.kind
        rows.append([e.oracle, e.question, e.stance, kind, place(e), *numbers(e), e.point, remark(e)])
    return rows


def numbers(e: Evidence) -> tuple[str, str]:
    """The claimed value and the oracle's; where they disagree, with as many digits as it takes to see it."""
    if e.question == "accuracy":
        return "", ""  # The remark says how many ULPs.
    digits = digits_for(e.claimed, e.value) if e.stance == "against" else 6
    return number(e.claimed, digits), with_bar(e.value, e.bar, digits)


def place(e: Evidence) -> str:
    """Which entry the evidence is about: of a gradient (``dW[2, 3]``), of the output, or of what a text prints."""
    of_gradient = e.question in ("formula", "contract") or (
        e.question == "accuracy" and e.detail.startswith("gradient")
    )
    return e.where if of_gradient else e.where[1:]


def remark(e: Evidence) -> str:
    """The explanation of a piece of evidence, in one line."""
    text = e.detail or (REASONS.get(e.reason, e.reason) if e.reason else "")
    return " ".join(text.split())


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned columns; those that are empty throughout are left out."""
    used = [c for c in range(len(rows[0])) if any(row[c] for row in rows[1:])]
    widths = {c: max(len(row[c]) for row in rows) for c in used}
    return ["  " + "  ".join(row[c].ljust(widths[c]) for c in used).rstrip() for row in rows]


def failing_point(result: Result) -> list[str]:
    """The arguments of the point that shows the failure."""
    for point in result.points:
        if point.name == result.failed_at:
            args = shortened([f"    {brief(arg)}" for arg in point.args], "arguments")
            params = shortened([f"    {key}={brief(value)}" for key, value in point.params.items()], "parameters")
            return [f"  at {point.name}:", *args, *params, f"    dy = {brief(point.dy)}"]
    return [f"  at {result.failed_at}"]
