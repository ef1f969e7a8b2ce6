"""One result as text: the verdict, the diagnosis, and the evidence in a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradcheck.report.numbers import brief, digits_for, duration, number, with_bar
from gradcheck.results import REASONS, Evidence, Kept, Result

# Arguments beyond which a list of points is shortened.
MANY = 8


def render_result(result: Result) -> str:
    """The whole of a result for a terminal, without colours."""
    parts = [f"{result.name}: {result.outcome}"]
    if result.missing is not None:
        parts.append(f"  {result.missing}")
    if result.diagnosis:
        parts.append(indented(result.diagnosis))
    parts += [f"  note: {note}" for note in result.notes]
    if result.evidence:
        parts += ["", *table(evidence_rows(result.evidence))]
    parts += [
        f"  {question}: at worst {number(a.worst, 3)} weighted ULPs (median {number(a.median, 3)}, budget {a.budget:g})"
        for question, a in result.accuracy.items()
    ]
    if result.kept:
        parts.append(f"  the pullback {keeps(result.kept)}")
    if result.failed_at:
        parts += failing_point(result)
    parts.append(f"  seed {result.seed}, {duration(result.seconds)}")
    return "\n".join(parts)


def keeps(kept: Kept) -> str:
    """``keeps 48 bytes (inputs 24, outputs 24)``."""
    return f"keeps {kept.residuals:,} bytes (inputs {kept.inputs:,}, outputs {kept.outputs:,})"


def indented(text: str) -> str:
    """A text of several lines, moved to the right."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def evidence_rows(evidence: Iterable[Evidence]) -> list[list[str]]:
    """The rows of the table: what is against first, then in the order in which the oracles spoke."""
    rows = [["oracle", "question", "stance", "kind", "where", "claimed", "oracle's value", "point", ""]]
    order = {"against": 0, "undecided": 1, "for": 2, "not applicable": 3}
    for e in sorted(evidence, key=lambda e: order[e.stance]):
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
            args = [f"    {brief(arg)}" for arg in point.args[:MANY]]
            params = [f"    {key}={brief(value)}" for key, value in point.params.items()]
            return [f"  at {point.name}:", *args, *params, f"    dy = {brief(point.dy)}"]
    return [f"  at {result.failed_at}"]
