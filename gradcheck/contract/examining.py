"""All that the contract asks, at a point and of a case, as evidence against."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.cases import Case
from gradcheck.contract.answers import infinities, shapes
from gradcheck.contract.findings import Finding, remember
from gradcheck.contract.following import following
from gradcheck.contract.layouts import layout
from gradcheck.contract.linear import linearity
from gradcheck.contract.repeating import repeated
from gradcheck.contract.sizes import at_edges, in_single_precision, with_a_batch_of_one
from gradcheck.contract.symmetry import symmetry
from gradcheck.problems import Problem
from gradcheck.results import Evidence


def examine(problem: Problem) -> Iterator[Evidence]:
    """What the rule does wrong whatever its numbers are: evidence against, one for each finding."""
    if not problem.size:
        yield Evidence(
            "contract",
            "measured",
            "not applicable",
            reason="nothing to compare",
            detail="the arguments have no entries, so that there is no gradient to check",
            point=problem.point.name,
        )
    for message, argument in findings(problem):
        yield against(message, argument, problem.point.name)


def examine_case(case: Case, seed: int) -> Iterator[Evidence | str]:
    """What goes wrong at the edges of a case's domain: evidence against; a text where its forward refuses them."""
    for finding, note in at_edges(case, seed):
        yield against(*finding, "edge") if finding else note


def against(message: str, argument: str | None, point: str) -> Evidence:
    """A finding as evidence."""
    return Evidence("contract", "measured", "against", "contract", argument=argument, detail=message, point=point)


def findings(problem: Problem) -> Iterator[Finding]:
    """Misbehaviour at one point, the plainest first; each question only where the one before found nothing that upsets it."""
    wrong_shapes = list(shapes(problem))
    yield from wrong_shapes
    restless = list(repeated(problem))
    yield from restless
    if restless:
        return
    yield from linearity(problem)
    if wrong_shapes:
        return
    yield from infinities(problem)
    if problem.point.role == "special":
        return
    with np.errstate(all="ignore"):
        yield from symmetry(problem)
        yield from layout(problem)
        if problem.point.role == "given":
            # Other cases have several points.
            yield from following(problem)
            # Nobody asked for other sizes or dtypes than those given: worth a word, no failure.
            for message, _ in (*with_a_batch_of_one(problem), *in_single_precision(problem)):
                remember(problem, message)
        elif problem.point.name.startswith("random0"):
            yield from in_single_precision(problem)
