"""Evidence condensed: what one oracle says of a case in all, which kinds there are, why some do not apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradcheck.report.data import Entry, Report
from gradcheck.results import REASONS, VERDICTS, Accuracy, Evidence, Kind

OUTCOMES = ("pass", "refuted", *VERDICTS[1:], "not run")

# A proof and a test at random points are what the same oracle gives: with the others they make four kinds.
FOUR: tuple[frozenset[Kind], ...] = (
    frozenset({"certified"}),
    frozenset({"proved", "tested"}),
    frozenset({"measured"}),
    frozenset({"cross-checked"}),
)
KINDS: tuple[Kind, ...] = ("certified", "proved", "tested", "measured", "cross-checked")

SYMBOLS = {
    "certified": "●",
    "proved": "◆",
    "tested": "◇",
    "measured": "≈",
    "cross-checked": "=",
    "against": "✗",
    "undecided": "?",
    "not applicable": "–",
    "not asked": "·",
}


@dataclass(frozen=True)
class Voice:
    """What one oracle says of one case: its gravest stance, the strongest kind behind it, and how often."""

    oracle: str
    stance: str
    kind: str = ""
    count: int = 0
    why: str = ""

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.kind if self.stance == "for" else self.stance]


def voice(oracle: str, evidence: Iterable[Evidence]) -> Voice:
    """An oracle's evidence in one: against before for, for before undecided, undecided before not applicable."""
    said = [e for e in evidence if e.oracle == oracle]
    for stance in ("against", "for", "undecided", "not applicable"):
        spoken = [e for e in said if e.stance == stance]
        # A forward that agrees says nothing of the pullback.
        if stance == "for":
            spoken = [e for e in spoken if e.question in ("formula", "claim")]
        if spoken:
            kind = next(k for k in KINDS if any(e.kind == k for e in spoken))
            return Voice(oracle, stance, kind, len(spoken), said_why(spoken[0]))
    return Voice(oracle, "not asked")


def said_why(e: Evidence) -> str:
    """The reason of a piece of evidence in words."""
    if e.stance == "not applicable":
        return e.detail or REASONS[e.reason]
    return e.detail or e.where


def columns(report: Report) -> list[str]:
    """The oracles of a report: those that were asked, then whoever else spoke."""
    spoken = dict.fromkeys(e.oracle for entry in report.entries for e in entry.result.evidence)
    return list(dict.fromkeys([*report.meta.oracles, *spoken]))


def kinds_of(entry: Entry) -> set[Kind]:
    """The kinds of evidence that speak for a case's formula or claims; none for a form that is refuted."""
    if entry.outcome == "refuted":
        return set()
    return {e.kind for e in entry.result.evidence if e.stance == "for" and e.question in ("formula", "claim")}


def has_all_kinds(entry: Entry) -> bool:
    """Whether a case passes with all four kinds of evidence."""
    kinds = kinds_of(entry)
    return entry.outcome == "pass" and all(kinds & group for group in FOUR)


def outcomes(entries: Sequence[Entry]) -> dict[str, int]:
    """How many cases there are of each verdict, and how many were not run; zeros left out."""
    counted = Counter(entry.outcome for entry in entries)
    return {outcome: counted[outcome] for outcome in OUTCOMES if counted[outcome]}


def kinds(entries: Sequence[Entry]) -> dict[str, int]:
    """For each kind of evidence, the number of cases that it speaks for."""
    counted = Counter(kind for entry in entries for kind in kinds_of(entry))
    return {kind: counted[kind] for kind in KINDS}


def reasons(entries: Sequence[Entry]) -> list[tuple[str, str, int]]:
    """Who has nothing to say and why: (oracle, reason, in how many cases), the most frequent first."""
    counted = Counter(
        key
        for entry in entries
        for key in {(e.oracle, e.reason) for e in entry.result.evidence if e.stance == "not applicable"}
    )
    return [(oracle, reason, count) for (oracle, reason), count in counted.most_common()]


def judged(report: Report) -> list[Entry]:
    """The cases that four kinds of evidence may speak for: claims are numbers and have one kind."""
    return [e for e in report.entries if not is_claims(e) and e.outcome not in ("refuted", "not run")]


def all_kinds(report: Report) -> tuple[int, int]:
    """How many cases have all four kinds of evidence, and of how many."""
    cases = judged(report)
    return sum(map(has_all_kinds, cases)), len(cases)


@dataclass(frozen=True)
class Gap:
    """A kind of evidence that is missing for the same reason in these cases, by their places in the report."""

    kind: str
    reason: str
    places: tuple[int, ...]


def gaps(report: Report) -> list[Gap]:
    """Which kinds of evidence are missing, why and where, the most frequent first."""
    counted = {id(e) for e in judged(report)}
    found: dict[tuple[str, str], list[int]] = {}
    for place, entry in enumerate(report.entries):
        for group in absent(entry) if id(entry) in counted else ():
            found.setdefault((" or ".join(sorted(group)), why_absent(group, entry)), []).append(place)
    return sorted((Gap(*key, tuple(places)) for key, places in found.items()), key=lambda gap: -len(gap.places))


def absent(entry: Entry) -> list[frozenset[Kind]]:
    """Of the four kinds of evidence those that do not speak for a case."""
    kinds = kinds_of(entry)
    return [group for group in FOUR if not kinds & group]


def why_absent(group: frozenset[Kind], entry: Entry) -> str:
    """Why no evidence of a kind speaks for a case: its gravest stance, or the most frequent reason of the closed list."""
    said = [e for e in entry.result.evidence if e.kind in group and (e.question == "formula" or e.reason)]
    for stance in ("against", "undecided"):
        if any(e.stance == stance for e in said):
            return stance
    reasons = Counter(e.reason for e in said if e.stance == "not applicable")
    return reasons.most_common(1)[0][0] if reasons else "not asked"


def with_few_kinds(report: Report, enough: int = 3) -> int:
    """How many cases have fewer than so many kinds of evidence."""
    return sum(len(FOUR) - len(absent(entry)) < enough for entry in judged(report))


def wide_budgets(report: Report) -> list[tuple[Accuracy, tuple[int, ...]]]:
    """Budgets of accuracy that are not the common one, with the places of their cases; the widest first.

    A narrow one beside a reference is what a plain evaluation leaves of it: nobody stated that.
    """
    common, found = Accuracy(0.0, 0.0), dict[Accuracy, list[int]]()
    for place, entry in enumerate(report.entries):
        for accuracy in {
            Accuracy(0.0, 0.0, budget=a.budget, normwise=a.normwise)
            for a in entry.result.accuracy.values()
            if a.plain is None or a.budget > common.budget
        }:
            if accuracy != common:
                found.setdefault(accuracy, []).append(place)
    return sorted(
        ((a, tuple(places)) for a, places in found.items()), key=lambda item: (-item[0].budget, item[0].normwise)
    )


def is_claims(entry: Entry) -> bool:
    """Whether an entry is about the numbers of a text."""
    return any(e.question == "claim" for e in entry.result.evidence)


def common_stem(entries: Sequence[Entry]) -> str:
    """The package that all modules are in, or the only module, with its dot; empty where they share none."""
    modules = [entry.module for entry in entries]
    first = {module.partition(".")[0] for module in modules}
    shared = len(set(modules)) == 1 or all("." in module for module in modules)
    return f"{first.pop()}." if len(first) == 1 and shared else ""
