"""The backward of which a double backward is asked, held against the forward: the first order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from gradcheck.oracles.differences import Differences
from gradcheck.oracles.exact import Exact
from gradcheck.oracles.second_order import first_problem
from gradcheck.problems import Problem
from gradcheck.results import Evidence


class FirstOrder:
    """Whether the backward is right itself: without that there is nothing to differentiate."""

    name = "first order"

    def why_not(self) -> str | None:
        """Never missing: it asks oracles that never are."""
        return None

    def wants(self, problem: Problem) -> bool:
        """Every point."""
        return True

    def examine(self, problem: Problem) -> Iterator[Evidence]:
        """One piece of evidence for each argument: the forward here is the backward of the rule."""
        first, start = first_problem(problem), time.perf_counter()
        found: dict[str | None, Evidence] = {}
        for oracle in (Exact(), Differences()):
            said = [e for e in oracle.examine(first) if e.question == "formula"]
            found |= {e.argument: e for e in said if e.argument not in found and e.stance in ("for", "against")}
        for e in found.values():
            yield replace(self.told(e), point=problem.point.name, seconds=(time.perf_counter() - start) / len(found))

    def told(self, e: Evidence) -> Evidence:
        """Evidence about the rule as evidence about its backward."""
        if e.stance == "for":
            return Evidence(e.oracle, e.kind, "for", "forward", f"d{e.argument}", detail="the backward itself")
        detail = (
            f"the backward itself is wrong: {e.where} is {e.claimed:.6g}, true {e.value:.6g} ({e.kind} by {e.oracle}): "
            "check the rule before its double backward"
        )
        return Evidence("contract", e.kind, "against", "contract", e.argument, detail=detail)
