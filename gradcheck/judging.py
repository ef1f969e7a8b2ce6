"""Evidence -> result: the verdict, which point shows it best, the diagnosis and the notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from gradcheck import contract, diagnosis
from gradcheck.floats import in_digits
from gradcheck.gathering import Gathered
from gradcheck.kept import kept
from gradcheck.problems import Problem, as_tuple
from gradcheck.refuting import judge_refuted
from gradcheck.results import Accuracy, Evidence, Kept, Result, Verdict, verdict
from gradcheck.rules import Rule, labelled

# How near an oracle's value must be to the certified one, as a part of it, to be the same.
AGREES = 1e-9
# Kinds of evidence by which a formula is right, whatever its evaluation is.
CERTAIN = ("certified", "tested")


def judge(rule: Rule, name: str, found: Gathered, *, seed: int, complete: bool = False) -> Result:
    """The result that the gathered evidence means.  complete: it is about all the points of a case."""
    problems, trouble = found.problems, found.trouble
    evidence = [*map(Losses(problems, found.evidence).judge, found.evidence)]
    evidence = judge_known_wrong(rule, evidence, found.labels, complete=complete)
    outcome: Verdict = "error" if trouble else verdict(evidence)
    failed = deciding(problems, evidence, outcome)
    text = trouble or (explained(failed, problems, evidence, outcome) if failed else beside(evidence, outcome))
    if rule.refuted:
        judged = judge_refuted(rule.refuted, outcome, evidence, problems, complete=complete)
        outcome, text, failed = judged or (outcome, text, failed)
    return Result(
        name,
        outcome,
        tuple(evidence),
        text,
        (*notes(problems, evidence), *found.edges),
        tuple(replace(p.point, dy=p.dy[0] if p.single else p.dy) for p in problems),
        (failed or problems[0]).true if problems else None,
        worst_accuracy(problems),
        {} if rule.refuted else next((p.extras["formula"] for p in problems if "formula" in p.extras), {}),
        found.stopped_at if trouble else failed.point.name if failed else None,
        kept=kept_at(max(problems, key=lambda p: p.size)) if problems and not trouble else None,
        refuted=rule.refuted if outcome == "pass" else "",
        seed=seed,
    )


class Losses:
    """Where a formula is certified and its evaluation loses digits: who sees these does not dispute the formula."""

    def __init__(self, problems: list[Problem], evidence: list[Evidence]) -> None:
        lost = {e.point for e in evidence if e.question == "accuracy" and e.stance == "against"}
        # A double backward is tested: its truth is known as well, but is no enclosure.
        right = [e for e in evidence if e.kind in CERTAIN and (e.question, e.stance) == ("formula", "for")]
        self.certified = {(e.point, e.argument) for e in right}
        self.problems = {p.point.name: p for p in problems if p.point.name in lost and p.true is not None}

    def judge(self, e: Evidence) -> Evidence:
        """Evidence against a claim from an oracle whose own value is the certified one is about accuracy."""
        problem = self.problems.get(e.point)
        if problem is None or (e.question, e.stance) != ("formula", "against"):
            return e
        if (e.point, e.argument) not in self.certified or e.argument not in problem.names:
            return e
        if problem.true is None or e.entry is None or e.value is None:
            return e
        true = problem.true[problem.names.index(e.argument)][e.entry]
        agrees = abs(e.value - true) <= max(e.bar or 0.0, AGREES * abs(true))
        return (
            replace(e, question="accuracy", detail=e.detail or "the certified value, which yours is not")
            if agrees
            else e
        )


def judge_known_wrong(
    rule: Rule, evidence: list[Evidence], labels: Mapping[str, str], *, complete: bool
) -> list[Evidence]:
    """Oracles declared to be wrong: where they are, they are shown as refuted and do not dispute.

    labels: of the domain that each point is from.  One that is right at all points of a complete case is against: its
    declaration has outlived its reason.
    """
    for key, reason in rule.known_wrong.items():
        oracle, label = labelled(key)
        spoken = [
            e
            for e in evidence
            if e.oracle == oracle
            and label in ("", labels.get(e.point, ""))
            and e.question == "formula"
            and e.stance in ("for", "against")
        ]
        if any(e.stance == "against" for e in spoken):
            evidence = [refuted(e, reason) if e in spoken and e.stance == "against" else e for e in evidence]
        elif spoken and complete:
            detail = f"{oracle} is declared known_wrong ({reason}) but agrees everywhere: remove the declaration"
            evidence = [*evidence, replace(spoken[0], stance="against", question="contract", detail=detail)]
    return evidence


def refuted(e: Evidence, reason: str) -> Evidence:
    """Evidence of an oracle that is known to be wrong here."""
    return replace(e, stance="not applicable", reason="known wrong", detail=f"refuted: {reason}")


def deciding(problems: list[Problem], evidence: list[Evidence], outcome: Verdict) -> Problem | None:
    """Of the problems whose own evidence means the verdict the one that tells most.

    Away from kinks, with a known true gradient, and with many entries a mistake shows its pattern.
    """
    if outcome not in ("fail", "disputed"):
        return None
    wrong = [p for p in problems if verdict(e for e in evidence if e.point == p.point.name) == outcome]
    plain = {e.point for e in evidence if e.stance == "against" and not diagnosis.aside(e)}
    return max(wrong, key=lambda p: (p.point.name in plain, not p.kink, p.true is not None, p.size), default=None)


def explained(problem: Problem, problems: list[Problem], evidence: list[Evidence], outcome: Verdict) -> str | None:
    """The diagnosis of a failure, which also holds at the other points that failed; or who disagrees with whom."""
    here = [e for e in evidence if e.point == problem.point.name]
    if outcome == "disputed":
        return disagreement(problem, here)
    failed = {e.point for e in evidence if e.stance == "against"}
    others = [p for p in problems if p is not problem]
    return diagnosis.diagnose(
        problem,
        here,
        [p for p in others if p.point.name in failed],
        [p for p in others if p.point.name not in failed],
    )


def beside(evidence: list[Evidence], outcome: Verdict) -> str | None:
    """The diagnosis of what is wrong at no point of the case, but at an edge of its domain."""
    found = [e.detail for e in evidence if e.stance == "against" and e.question == "contract"]
    return diagnosis.sentence(found[0]) if found and outcome == "fail" else None


def disagreement(problem: Problem, here: list[Evidence]) -> str:
    """Who contradicts whom: a twin's forward the rule's, or oracles each other."""
    odd = [e for e in here if e.stance == "against" and e.question in ("formula", "forward")]
    forward = next((e for e in odd if e.question == "forward"), None)
    if forward is not None:
        yours, theirs = in_digits(forward.claimed, forward.value)
        return (
            f"The forward differs from its twin in {forward.oracle}, and which of the two is wrong nobody knows: "
            f"yours {yours}, the twin's {theirs}."
        )
    sides = [sorted({e.oracle for e in here if e.stance == s and e.question == "formula"}) for s in ("for", "against")]
    texts = [", ".join(side) for side in sides]
    return (
        f"Oracles disagree at {problem.point.name}: for {texts[0]}; against {texts[1]}: "
        f"{diagnosis.entry_text(odd[0])}.{odd_one_out(*sides)}"
    )


def odd_one_out(*sides: list[str]) -> str:
    """The oracle that stands alone against several others; nobody where each side has one voice, or several."""
    lonely, others = sorted(sides, key=len)
    return f" The odd one out is {lonely[0]}." if len(lonely) == 1 < len(others) else ""


def notes(problems: list[Problem], evidence: list[Evidence]) -> Iterator[str]:
    """What a reader should know beside the verdict."""
    wrong = {e.point for e in evidence if e.stance == "against" and e.question == "formula"}
    kinks = [p.point.name for p in problems if p.kink and p.point.name not in wrong]
    if kinks and problems[0].rule.first is not None:
        yield f"{', '.join(kinks)}: a kink of the forward or of its gradient, which has no second derivative there"
    elif kinks:
        yield f"{', '.join(kinks)}: a kink; the pullback lies between the one-sided slopes (a subgradient)"
    if problems and problems[0].rule.first is not None:
        yield "a double backward: dy is an argument, L is <ddx, dx>, and the cotangent of a point is ddx"
    if problems and problems[0].rule.surrogate is not None:
        yield "the pullback is deliberately not the derivative of the forward: it is compared with its surrogate's"
    if problems and problems[0].rule.cotangent is not None:
        yield "the pullback is deliberately not linear in dy: it is compared at what its declaration makes of dy"
    if any(p.rule.convention and any(map(np.iscomplexobj, p.args)) for p in problems):
        yield problems[0].rule.convention
    yield from dict.fromkeys(note for p in problems for note in p.extras.get("notes", ()))
    missing = sorted({e.detail for e in evidence if e.reason == "not installed"})
    yield from missing


def worst_accuracy(problems: list[Problem]) -> dict[str, Accuracy]:
    """The worst errors of forward and gradient over all points."""
    measured = [p.extras["accuracy"] for p in problems if "accuracy" in p.extras]
    return {q: max((m[q] for m in measured), key=lambda a: a.worst) for q in (measured[0] if measured else {})}


def kept_at(problem: Problem) -> Kept | None:
    """The bytes that the pullback keeps alive at a point; None where the rule raises when it is called once more.

    Arrays that the rule itself was given count as inputs.
    """
    args = tuple(a.copy() for a in problem.args)
    try:
        y, pullback = contract.call(problem.rule, args, problem.params)
    except Exception:  # a rule that keeps state, which contract has told
        return None
    return kept(pullback, [*args, *problem.params.values()], as_tuple(y, problem.single))
