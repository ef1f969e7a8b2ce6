"""The backward of which a double backward is asked, held against the forward: the first order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from gradcheck.contract.underlying import first_problem
from gradcheck.floats import in_digits
from gradcheck.oracles.differences import Differences
from gradcheck.oracles.exact import Exact
from gradcheck.problems import Problem
from gradcheck.results import Evidence


def backward_itself(problem: Problem) -> Iterator[Evidence]:
    """Whether the backward is right, without which there is nothing to differentiate: evidence for each argument."""
    first, start = first_problem(problem), time.perf_counter()
    found: dict[str | None, Evidence] = {}
    for oracle in (Exact(), Differences()):
        said = [e for e in oracle.examine(first) if e.question == "formula"]
        found |= {e.argument: e for e in said if e.argument not in found and e.stance in ("for", "against")}
    for e in found.values():
        yield replace(told(e), point=problem.point.name, seconds=(time.perf_counter() - start) / len(found))


def told(e: Evidence) -> Evidence:
    """Evidence about the rule as evidence about its backward, which is the forward here."""
    if e.stance == "for":
        return Evidence(e.oracle, e.kind, "for", "forward", f"d{e.argument}", detail="the backward itself")
    claimed, true = in_digits(e.claimed, e.value)
    detail = (
        f"the backward itself is wrong: {e.where} is {claimed}, true {true} ({e.kind} by {e.oracle}): "
        "check the rule before its double backward"
    )
    return Evidence("contract", e.kind, "against", "contract", e.argument, detail=detail)
