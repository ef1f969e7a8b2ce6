"""The exact oracle: the rule's own code on certified balls.  A wrong formula is one whose residual excludes zero."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.balls import midpoints
from gradcheck.lifted.evaluate import Claim, Claims, claim
from gradcheck.oracles import accuracy
from gradcheck.oracles.parts import phases
from gradcheck.oracles.residuals import Finding, by_entry, by_projection
from gradcheck.oracles.silences import silent
from gradcheck.problems import Problem
from gradcheck.results import Accuracy, Evidence

# Up to so many input entries each is compared on its own.
ENTRIES = 64
# Nor are more operations than this spent on the entries one by one, or on evaluating the claim, unless that is a small part
# of the budget: outside of products of matrices an operation takes long.
MODERATE = 20_000_000


class Exact:
    """Certified directional derivatives of the forward against the pullback, both without rounding."""

    name = "exact"

    def why_not(self) -> str | None:
        """Never missing: python-flint is a dependency."""
        return None

    def wants(self, problem: Problem) -> bool:
        """Every point."""
        return True

    def examine(self, problem: Problem) -> Iterator[Evidence]:
        """One piece of evidence per argument for the formula, then one each for forward and gradient accuracy."""
        start = time.perf_counter()
        try:
            claims = self.claims(problem)
            findings, operations = self.findings(problem, claims)
        except (NotLiftable, TooLarge) as error:
            yield silent(problem, self.name, "certified", error)
            return
        exact = problem.extras["ideal"] = claims.first
        seconds = time.perf_counter() - start
        for finding in findings:
            yield replace(finding_evidence(problem, finding), operations=operations, seconds=seconds / len(findings))
        formula_holds = all(f.stance == "for" for f in findings)
        if problem.true is None and formula_holds:
            problem.true = tuple(midpoints(c) for c in exact.cotangents)
        yield from self._accuracy(problem, exact, formula_holds)

    def claims(self, problem: Problem) -> Claims:
        """What the rule's code claims at the point, at any precision.  Raises NotLiftable, TooLarge."""
        return Claims(lambda final: self._claim(problem, final))

    def _claim(self, problem: Problem, final: bool) -> Claim:
        return claim(
            problem.rule.function,
            problem.args,
            problem.params,
            problem.dy,
            single=problem.single,
            final=final,
            budget=min(problem.budget, max(MODERATE, problem.budget // 12)),
        )

    def findings(self, problem: Problem, claims: Claims) -> tuple[list[Finding], int]:
        """Entry by entry where that fits the budget, else by projections.  Raises TooLarge."""
        each = 3 * claims.first.operations
        units = sum(len(phases(a)) * a.size for a in problem.args)
        if units <= ENTRIES and each * units <= min(problem.budget, MODERATE):
            return by_entry(problem, claims), each + each * units
        runs = 4 * max((len(phases(a)) for a in problem.args), default=1)
        if each * runs > problem.budget:
            cost = f"{each * runs:,} operations are needed, the budget is {problem.budget:,}: pass budget={each * runs}"
            raise TooLarge(cost)
        return by_projection(problem, claims), each + each * runs

    def _accuracy(self, problem: Problem, exact: Claim, formula_holds: bool) -> Iterator[Evidence]:
        start = time.perf_counter()
        measured = accuracy.measure(problem, exact)
        problem.extras["accuracy"] = measured
        for question, found in measured.items():
            if question == "gradient" and not formula_holds:
                continue
            yield replace(
                accuracy_evidence(problem, question, found), seconds=(time.perf_counter() - start) / len(measured)
            )


def finding_evidence(problem: Problem, finding: Finding) -> Evidence:
    """A finding about one argument as evidence."""
    return Evidence(
        "exact",
        # What was looked at beside the point is no enclosure.
        "tested" if problem.limit or problem.rule.first else "certified",
        finding.stance,
        argument=finding.argument,
        entry=finding.entry,
        claimed=finding.claimed,
        value=finding.true,
        bar=finding.bar,
        discrepancy=finding.discrepancy,
        resolution=finding.resolution,
        detail=finding.detail + ("; 0 times infinity on the way: a limit, looked at beside the point" * problem.limit),
        point=problem.point.name,
    )


def accuracy_evidence(problem: Problem, question: str, found: Accuracy) -> Evidence:
    """Errors in weighted ULPs as evidence: against where they exceed the budget."""
    within = found.worst <= found.budget
    forward = "the backward itself" if problem.rule.first is not None else "forward"
    what = forward if question == "forward" else "gradient"
    return Evidence(
        "exact",
        "certified",
        "for" if within else "against",
        question="accuracy",
        argument=found.argument,
        entry=found.entry,
        value=found.worst,
        bar=found.budget,
        detail=f"{what}: at most {found.told}",
        point=problem.point.name,
    )
