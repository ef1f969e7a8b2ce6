"""The like oracle: a rule, often a black box, beside a certified reference, entry by entry, in ULPs of its own float type.

The reference's code is run on balls.  Where its pullback is certified to be the derivative of its forward at the point,
its value and gradient without rounding are the truth.  Arguments are exact: what rounding them to a low precision cost
does not count.  Beside each error stand the smallest possible one (the truth rounded once) and that of a plain
evaluation: the reference's own code, run by NumPy in the same type.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from gradcheck import contract
from gradcheck.contract.findings import remember
from gradcheck.floats import FORMATS, double, epsilon, wide
from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.balls import midpoints
from gradcheck.lifted.evaluate import Claim
from gradcheck.oracles import accuracy
from gradcheck.oracles.comparisons import Comparison, largest
from gradcheck.oracles.exact import Exact
from gradcheck.oracles.second_order import of_reference
from gradcheck.problems import Problem, as_tuple
from gradcheck.results import Array, Evidence
from gradcheck.rules import Rule, Standard

# So many perturbations at first, and so many where an error is too large: a few may by chance miss what it depends on.
TURNS = (0, *accuracy.PERTURBATIONS[1:])

Answer = tuple[tuple[Array, ...], tuple[Array, ...]]


class Uncertified(Exception):
    """The reference cannot be certified at the point; the message says why."""


class Like:
    """Forward and gradient of a reference rule, certified."""

    name = "like"

    def why_not(self) -> str | None:
        """Never missing: python-flint is a dependency."""
        return None

    def wants(self, problem: Problem) -> bool:
        """Every point."""
        return True

    def examine(self, problem: Problem) -> Iterator[Evidence]:
        """For each output and each argument one piece of evidence on its value, and one on its accuracy."""
        start = time.perf_counter()
        assert problem.rule.standard is not None
        try:
            found = list(beside(problem, problem.rule.standard))
        except Uncertified as error:
            detail = f"{problem.rule.standard.rule.name} is not certified here: {error}"
            found = [Evidence("like", "certified", "undecided", detail=detail)]
        seconds = (time.perf_counter() - start) / max(1, len(found))
        yield from (replace(e, point=problem.point.name, seconds=seconds) for e in found)


def beside(problem: Problem, standard: Standard) -> Iterator[Evidence]:
    """The problem's outputs and cotangents beside those of the reference.  Raises Uncertified."""
    if problem.rule.first is not None:
        standard = replace(standard, rule=of_reference(standard.rule, problem.rule.first))
    reference = twin_problem(problem, standard.rule)
    outputs = ("y",) if problem.single else tuple(f"y{i}" for i in range(len(problem.y)))
    shapes, theirs = ([y.shape for y in p.y] for p in (problem, reference))
    if shapes != theirs or problem.single != reference.single:
        detail = f"the outputs have shapes {shapes}, those of {standard.rule.name} {theirs}"
        yield Evidence("like", "certified", "against", "forward", detail=detail)
        return
    true = certified(reference)
    if problem.true is None and not reference.kink:
        problem.true = tuple(midpoints(c) for c in true.cotangents)
    problem.kink |= reference.kink
    compared = comparisons(problem, standard, reference, true, outputs)
    problem.extras["accuracy"] = {
        q: max(group, key=lambda c: c.worst / c.allowed).accuracy for q, group in compared.items() if group
    }
    forward = [e for c in compared["forward"] for e in c.evidence()]
    yield from forward
    if any(e.question == "forward" and e.stance == "against" for e in forward):
        # The gradient of another function is nothing to compare with.
        problem.extras["accuracy"].pop("gradient", None)
        return
    for comparison in compared["gradient"]:
        if reference.kink and comparison.stance != "for":
            yield Evidence("like", "certified", "not applicable", argument=comparison.name, reason="kink")
        else:
            yield from comparison.evidence()
    everything = [c for group in compared.values() for c in group]
    # Of the many points of a case the worst is told elsewhere.
    if everything and problem.point.role == "given" and all(c.worst <= c.allowed for c in everything):
        told = ", ".join(f"{q} {a.told}" for q, a in problem.extras["accuracy"].items())
        remember(problem, f"as accurate as {everything[0].accuracy.dtype} allows: {told}")


def comparisons(
    problem: Problem, standard: Standard, reference: Problem, true: Claim, outputs: tuple[str, ...]
) -> dict[str, list[Comparison]]:
    """Each output and each cotangent that has entries, beside the certified one."""
    unit, beside = accuracy.coarsest(problem), replace(problem, rule=standard.rule)
    budget = accuracy.budget(reference, true)
    # Nobody wrote a reference's double backward: there is no plain evaluation of it.
    other = ideal(problem), None if problem.rule.first else evaluated(standard.rule, problem, problem.args)
    moved: list[Claim] = []
    found: dict[str, list[Comparison]] = {}
    for tried, enough in pairwise((0, 1, *accuracy.PERTURBATIONS) if problem.size > accuracy.MANY else TURNS):
        turns = (accuracy.perturbed(beside, turn, unit) for turn in range(tried, enough))
        moved += [m for m in turns if m is not None]
        found = {"forward": [], "gradient": []}
        for part, (question, names) in enumerate((("forward", outputs), ("gradient", problem.names))):
            for i, name in enumerate(names):
                mine, balls = (problem.y, problem.claimed)[part][i], (true.y, true.cotangents)[part][i]
                units = accuracy.unit_of(balls, [(m.y, m.cotangents)[part][i] for m in moved], unit)
                size = midpoints(balls)
                scale = problem.scale(i, size) if part else np.full(size.shape, largest(size))
                ours, plain = (None if a is None else a[part][i] for a in other)
                if mine.size:
                    here = Comparison(question, name, mine, balls, units, scale, unit, standard, budget, ours, plain)
                    found[question].append(here)
        if all(c.worst <= c.allowed for group in found.values() for c in group):
            break
    return found


def twin_problem(problem: Problem, rule: Rule) -> Problem:
    """The reference at the same point, in double precision.  Raises Uncertified for what it raises."""
    args = tuple(map(double, problem.args))
    try:
        names = rule.argument_names(len(args))
        y, pullback = contract.call(rule, args, problem.params)
        single = not isinstance(y, tuple)
        ys = tuple(np.asarray(v) for v in as_tuple(y, single))
        dy = tuple(double(d) for d in problem.dy)
        there = Problem(
            rule, problem.point, names, args, problem.params, ys, dy, (), single=single, budget=problem.budget
        )
        if [v.shape for v in ys] == [d.shape for d in dy] and single == problem.single:
            there.claimed = contract.answer(names, args, pullback(contract.given(dy, single)))
    except Exception as error:
        raise Uncertified(f"{type(error).__name__}: {error}") from error
    return there


def certified(reference: Problem) -> Claim:
    """Value and gradient of the reference in balls.  Raises Uncertified unless its formula is certified at the point."""
    exact = Exact()
    try:
        claims = exact.claims(reference)
        findings, _ = exact.findings(reference, claims)
    except (NotLiftable, TooLarge) as error:
        raise Uncertified(str(error)) from error
    for finding in findings:
        if finding.stance != "for":
            raise Uncertified(f"its d{finding.argument} is {'wrong' * (finding.stance == 'against') or 'undecided'}")
    return claims.first


def evaluated(rule: Rule, problem: Problem, args: tuple[Array, ...]) -> Answer | None:
    """Outputs and cotangents of a rule at arguments, in floating point; None where it raises, or answers otherwise."""
    try:
        with np.errstate(all="ignore"):
            y, pullback = contract.call(rule, args, problem.params)
            ys = tuple(np.asarray(v) for v in as_tuple(y, problem.single))
            dys = tuple(d.astype(v.dtype) for d, v in zip(problem.dy, ys, strict=True))
            cotangents = contract.answer(problem.names, args, pullback(contract.given(dys, problem.single)))
    except Exception:  # the user's code, in a type that its author may not have thought of
        return None
    answer = ys, cotangents
    same = all(a.shape == b.shape for a, b in zip((*ys, *cotangents), (*problem.y, *problem.claimed), strict=True))
    return answer if same else None


def ideal(problem: Problem) -> Answer | None:
    """What the rule's code means without rounding, or with less of it: on balls, else in float64; None if neither."""
    claim = problem.extras.get("ideal")
    if claim is not None:
        return claim.y, claim.cotangents
    if accuracy.coarsest(problem) == FORMATS[0].eps:
        return None
    found = evaluated(problem.rule, problem, tuple(map(double, problem.args)))
    if found is None:
        return None
    pairs = list(zip((*found[0], *found[1]), (*problem.y, *problem.claimed), strict=True))
    with np.errstate(all="ignore"):
        # Code that casts its arguments to a type of its own computes the same again.
        alike = all(np.array_equal(wide(a.astype(b.dtype)), wide(b), equal_nan=True) for a, b in pairs)
    return None if alike or any(epsilon(a.dtype) > FORMATS[0].eps for a, _ in pairs) else found
