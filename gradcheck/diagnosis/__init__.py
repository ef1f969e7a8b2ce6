"""What went wrong, in one sentence: known mistakes are tried on the true gradient until one gives the claimed one.

A mistake that explains the first point must explain the same point for other cotangents, and the other points of the
check that failed; of those that do the simplest is named, with the points where it would show and does not.  Where none
does nothing is made up.

Measured by `python -m tests.benchmarks.diagnosis` on planted faults, a half of whose kinds was kept out of tuning: of
271 failures of that half 91.5 % are diagnosed right (also at a point and for a dy that the diagnosis has not seen), and
at the others it is silent or says only where.  Of 249 failures of the tuning half 98.8 %, and the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gradcheck.diagnosis.explaining import ROUNDING, Explanation, explain
from gradcheck.diagnosis.wording import (
    at_input,
    count_text,
    digits_text,
    entry_text,
    mistakes_text,
    sentence,
)
from gradcheck.floats import in_digits
from gradcheck.oracles.residuals import ONLY, TOGETHER
from gradcheck.problems import Problem
from gradcheck.results import Evidence

__all__ = ["Diagnosis", "aside", "diagnose", "entry_text", "find", "sentence"]

# Findings about what a pullback owes its caller that a mistake in dy or in a shape may stand behind.
EXPLAINED = ("not linear in dy", "ignores dy", "has shape")
# Findings about other numbers than the point's, or about where they lie: a wrong formula is told before these.
ASIDE = re.compile("^in float32 | raises (in float32|with )|depends on memory layout|writes into ")


@dataclass(frozen=True)
class Diagnosis:
    """The sentence, and where one was found the correction behind it, which can be applied to other looks."""

    text: str
    found: Explanation | None = None


def diagnose(
    problem: Problem, evidence: list[Evidence], others: Iterable[Problem] = (), passed: Iterable[Problem] = ()
) -> str | None:
    """The most plausible mistake behind evidence against a pullback, as a sentence; None where there is none against.

    others: further problems of the same check that failed, which a mistake must explain too; passed: those that did
    not.
    """
    diagnosis = find(problem, evidence, others, passed)
    return None if diagnosis is None else diagnosis.text


def find(
    problem: Problem, evidence: list[Evidence], others: Iterable[Problem] = (), passed: Iterable[Problem] = ()
) -> Diagnosis | None:
    """As `diagnose`, with the mistakes as data."""
    against = [e for e in evidence if e.stance == "against"]
    contract = [e for e in against if e.question == "contract"]
    if not all(map(aside, against)):
        contract = [e for e in contract if not aside(e)]
    forward_mode = next((e for e in against if e.oracle == "jvp" and e.question == "formula"), None)
    formula = [e for e in against if e.question == "formula" and e.oracle != "jvp"]
    if forward_mode is not None and not formula:
        yours, true = in_digits(forward_mode.claimed, forward_mode.value)
        index = ", ".join(map(str, forward_mode.entry or ()))
        text = f"the jvp is wrong, not the vjp: the tangent of {forward_mode.argument}[{index}]: yours {yours}, true {true}"
        return Diagnosis(sentence(f"{text} (certified)"))
    if contract and not all(any(text in e.detail for text in EXPLAINED) for e in contract):
        return Diagnosis(sentence(contract[0].detail))
    if (contract or formula) and not any(e.question == "forward" for e in against):
        found = explain(problem, [e.argument for e in formula if e.argument], others, passed)
        return Diagnosis(sentence(told(found, contract, formula)), found)
    forward = next((e for e in against if e.question == "forward"), None)
    if forward is not None:
        return Diagnosis(sentence(of_another(problem, forward)))
    lost = [e for e in against if e.question == "accuracy"]
    # A reference says more of an error than how large it is.
    accuracy = next((e for e in lost if e.oracle == "like"), lost[0] if lost else None)
    if accuracy is None:
        return None
    text = f"{blamed(problem, accuracy, evidence)}: {accuracy.detail}{at_input(problem, accuracy)}"
    found = explain(problem, [accuracy.argument or ""], others, families=ROUNDING)
    if found is not None and found.mistakes:
        text = f"{mistakes_text(found)}: {text}"
    return Diagnosis(sentence(text), found)


def aside(e: Evidence) -> bool:
    """Whether evidence against a rule is about its behaviour with other arrays than those of the point."""
    return e.question == "contract" and ASIDE.search(e.detail) is not None


def blamed(problem: Problem, accuracy: Evidence, evidence: list[Evidence]) -> str:
    """What an evaluation does wrong.  Beside a reference that is said only of a formula that is known to be right."""
    if accuracy.oracle != "like":
        return f"the formula is right, its evaluation loses digits{digits_text(problem, accuracy)}"
    known = [e for e in evidence if e.argument == accuracy.argument and e.question in ("formula", "forward")]
    if any(e.stance == "for" for e in known):
        return "the formula is right, its evaluation is needlessly inaccurate"
    return "needlessly inaccurate, if not wrong, which its float type is too short to tell"


def of_another(problem: Problem, e: Evidence) -> str:
    """How a forward differs from the reference that it is to be like."""
    name = problem.rule.standard.rule.name if problem.rule.standard else "the reference"
    if e.claimed is None:
        return f"the forward is not that of {name}: {e.detail}"
    yours, true = in_digits(e.claimed, e.value)
    return f"the forward is not that of {name}: {e.where[1:]}: yours {yours}, true {true} (certified), {e.detail}"


def told(found: Explanation | None, contract: list[Evidence], formula: list[Evidence]) -> str:
    """The mistakes, then the finding or the entry that shows them."""
    shown = contract[0].detail if contract else entry_text(formula[0]) + count_text(found, formula[0].argument)
    if found is not None and found.mistakes:
        # What a wrong shape hints at has been named.
        shown = shown.partition(": ")[0] if contract and "has shape" in shown else shown
        return f"{mistakes_text(found)}: {shown}"
    if contract:
        return shown
    if formula[0].detail.startswith(TOGETHER):
        return f"each entry of your gradient is a slope to one side of a kink, but not together: {shown}"
    if found is not None and (short := found.right_in_double(formula[0].argument)):
        return f"your d{formula[0].argument} is right in float64 but not in {short}: {shown}"
    if found is None and formula[0].detail == ONLY:
        return f"your d{formula[0].argument} is wrong in a single entry: {shown}"
    return f"wrong at {shown}"
