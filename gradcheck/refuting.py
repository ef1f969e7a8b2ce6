"""Errata: a rule that states a text's wrong formula, on purpose.  It must be refuted, and be shown as refuted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradcheck.floats import in_digits
from gradcheck.problems import Problem
from gradcheck.results import Evidence, Verdict


def judge_refuted(
    why: str, outcome: Verdict, evidence: Iterable[Evidence], problems: Sequence[Problem], *, complete: bool
) -> tuple[Verdict, str, Problem] | None:
    """Verdict, diagnosis and deciding problem of a rule declared to be refuted; None where the check's own stand.

    *pass* needs oracles that agree that the formula is wrong, and one of them certain.  An error, a dispute, a wrong
    forward or a broken contract stays what it is.  outcome: the verdict on the formula, taken as a rule's like any
    other.
    """
    evidence = list(evidence)
    against = [e for e in evidence if e.stance == "against"]
    if outcome == "pass":
        text = f"Declared refuted ({why}), but the formula is right at every point: remove the declaration."
        return "fail" if complete else "inconclusive", text, problems[0]
    if outcome != "fail":
        return None
    other = next((e for e in against if e.question != "formula"), None)
    if other is not None:
        text = f"Declared refuted ({why}), but that is not all that is wrong: {other.detail}."
        return "fail", text, next((p for p in problems if p.point.name == other.point), problems[0])
    sizes = {p.point.name: p.size for p in problems}
    certain = [e for e in against if e.kind == "certified" and e.claimed is not None and e.value is not None]
    shown = min(certain or against, key=lambda e: sizes[e.point])
    problem = next(p for p in problems if p.point.name == shown.point)
    if not certain:
        text = f"Declared refuted ({why}): {shown.oracle} is against it, but no counterexample is certified."
        return "inconclusive", text, problem
    stated, true = in_digits(shown.claimed, shown.value)
    where = shown.where or "the gradient along the tested direction"
    text = f"Refuted, as stated: {why}. Certified counterexample at {shown.point}: {where} = {stated} as stated, {true} in truth."
    return "pass", text, problem
