"""The oracle of symbols: the rule's own code on sympy expressions, against the derivative that sympy takes of them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.domains import seed_of
from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.symbols import Tie, region
from gradcheck.oracles import formulas, proof_cache, twins
from gradcheck.oracles.derivation import Derivation, derive
from gradcheck.oracles.prover import ZERO, Comparison, Entry, measure, prove, worker
from gradcheck.oracles.silences import silent
from gradcheck.problems import Problem
from gradcheck.results import Array, Evidence, Kind, Point, Stance

# Entries of all arguments, and of all outputs, up to which proofs are attempted.
ENTRIES = 24
# An emergency stop for each problem, not a budget.
SECONDS = 20.0


class Symbolic:
    """Proves the formula of small problems, or refutes it; and compares with the sympy twins that a rule declares."""

    name = "symbolic"

    def why_not(self) -> str | None:
        return None

    def wants(self, problem: Problem) -> bool:
        return problem.point.role in ("small", "given")

    def examine(self, problem: Problem) -> Iterable[Evidence]:
        """The lifted proof, then the twins.  `problem.extras["formula"]` gets the formulas as text, LaTeX and MathML."""
        outputs = sum(np.size(y) for y in problem.y)
        if max(problem.size, outputs) > ENTRIES:
            many = TooLarge(f"{problem.size} inputs and {outputs} outputs, symbols take {ENTRIES}")
            yield silent(problem, self.name, "proved", many)
            return
        started = time.perf_counter()
        derivation = None
        try:
            derivation = derive(problem)
        except (NotLiftable, TooLarge, Tie) as error:
            problem.kink |= isinstance(error, Tie)
            yield silent(problem, self.name, "proved", error)
        else:
            evidence = list(judge(problem, derivation, started))
            yield from evidence
            if all(e.stance == "for" for e in evidence):
                problem.extras["formula"] = formulas.typeset(problem, derivation)
        yield from twins.compare(problem, derivation, SECONDS)


def judge(problem: Problem, derivation: Derivation, started: float) -> Iterator[Evidence]:
    """Evidence for all arguments together where all are right, else for each of them."""
    comparison = compare(problem, derivation)
    count, deadline = len(comparison.claimed), started + SECONDS
    notes: list[str] = []
    entries = asked(notes, deadline, [UNKNOWN] * count, measure, comparison)
    proofs = [""] * count
    if not any(e.gap > e.slack for e in entries):
        residuals = tuple(c - t for c, t in zip(comparison.claimed, comparison.true, strict=True))
        proofs = proved(notes, deadline, residuals, printed_values(derivation))
    findings = [Finding(e, *stance_of(e, p)) for e, p in zip(entries, proofs, strict=True)]
    refuted = next((f.entry for f in findings if f.stance == "undecided" and f.entry.counterexample), None)
    if refuted is not None:
        notes += counterexample(problem, derivation, refuted)
    groups = by_argument(problem, derivation, findings)
    if all(f.stance == "for" for f in findings):
        groups = [(None, (), findings)]
    for name, shape, group in groups:
        yield summary(problem, derivation, name, shape, group, notes, time.perf_counter() - started)


def counterexample(problem: Problem, derivation: Derivation, entry: Entry) -> Iterator[str]:
    """Hand on the point beside this one at which the formula is wrong, if the domain has it; says so.

    `problem.extras["counterexample"]` is for the other oracles: the exact one certifies it, or not.
    """
    if not problem.free or not all(problem.free) or any(map(np.iscomplexobj, (*problem.args, *problem.dy))):
        return
    values, args = entry.counterexample, list(problem.args)
    for place, symbols in zip(derivation.places, derivation.args, strict=True):
        args[place] = at(values, symbols).astype(problem.args[place].dtype)
    steps = (np.abs(a - b) for a, b in zip(args, problem.args, strict=True))
    if any(r is not None and not np.all(s < r) for r, s in zip(problem.room, steps, strict=True)):
        return
    dy = tuple(at(values, symbols) for symbols in derivation.dy)
    name = f"{problem.point.name}/beside"
    problem.extras["counterexample"] = Point(
        name, "counterexample", tuple(args), problem.point.params, dy[0] if problem.single else dy
    )
    yield f"refuted by the counterexample {name}, for the exact oracle to certify"


def at(values: Mapping[Any, float], symbols: Array) -> Array:
    """The values of an array of symbols."""
    return np.array([values[s] for s in symbols.flat]).reshape(symbols.shape)


def asked(notes: list[str], deadline: float, default: Any, function: Any, *args: Any) -> Any:
    """What the worker answers, or the default and a note."""
    try:
        return worker.ask(function, *args, seconds=max(0.1, deadline - time.perf_counter()))
    except RuntimeError as error:
        notes.append(f"{function.__name__}: {error}")
        return default


def proved(notes: list[str], deadline: float, residuals: tuple[Any, ...], printed: dict[Any, Any]) -> list[str]:
    """The proof of each residual, from an earlier run where there was one; what ran out of time is not kept."""
    key = proof_cache.key(residuals, printed)
    known = proof_cache.read(key, len(residuals))
    if known is not None:
        return known
    proofs: list[str] = asked(notes, deadline, [], prove, residuals, printed)
    if not proofs:
        return [""] * len(residuals)
    proof_cache.write(key, proofs)
    return proofs


def printed_values(derivation: Derivation) -> dict[Any, Any]:
    """Constants and parameters at the numbers that their shortest decimals say."""
    import sympy

    symbols = derivation.parameters | set(derivation.system.constants)
    return {s: sympy.Rational(repr(derivation.system.shadows[s])) for s in symbols}


@dataclass(frozen=True)
class Finding:
    """What is known of one entry: its numbers, and the conclusion."""

    entry: Entry
    stance: Stance
    kind: Kind
    note: str = ""


UNKNOWN = Entry(math.nan, math.nan, math.nan, 0.0, math.nan)


def stance_of(entry: Entry, proof: str) -> tuple[Stance, Kind, str]:
    """The conclusion about one entry from its numbers and its proof."""
    if entry.gap > entry.slack:
        return "against", "tested", ""
    if proof:
        return "for", "proved", "" if proof == "proved" else "with constants as printed"
    if entry.gap <= entry.slack and entry.beside <= 0:
        if entry.slack > 2 * 10.0**-ZERO:
            return "for", "tested", "up to the rounding of constants"
        return "for", "tested", f"zero to {ZERO} digits here and beside"
    return (
        "undecided",
        "tested",
        "right at this point, not beside it" if entry.beside > 0 else "no numbers at this point",
    )


def by_argument(
    problem: Problem, derivation: Derivation, findings: list[Finding]
) -> list[tuple[str | None, tuple[int, ...], list[Finding]]]:
    """(name, shape, findings) of each argument that has entries."""
    groups: list[tuple[str | None, tuple[int, ...], list[Finding]]] = []
    start = 0
    for place, claimed in zip(derivation.places, derivation.claimed, strict=True):
        if claimed.size:
            groups.append((problem.names[place], claimed.shape, findings[start : start + claimed.size]))
        start += claimed.size
    return groups


def summary(
    problem: Problem,
    derivation: Derivation,
    name: str | None,
    shape: tuple[int, ...],
    findings: list[Finding],
    notes: list[str],
    seconds: float,
) -> Evidence:
    """The evidence that the findings of one argument, or of all, amount to: that of the worst entry."""
    rank: dict[Stance, int] = {"against": 2, "undecided": 1}
    worst = max(
        range(len(findings)), key=lambda i: (rank.get(findings[i].stance, 0), findings[i].entry.gap), default=None
    )
    stance: Stance = "for" if worst is None else findings[worst].stance
    against = findings[worst] if worst is not None and stance == "against" else None
    tested = any(f.kind == "tested" for f in findings)
    shapes = ", ".join(f"{problem.names[i]} {problem.args[i].shape}" for i in derivation.places)
    details = [
        f"{region(derivation.system.conditions)}; {shapes}",
        *dict.fromkeys(f.note for f in findings if f.note),
        *notes,
    ]
    return Evidence(
        "symbolic",
        "tested" if tested else "proved",
        stance,
        argument=name,
        entry=tuple(map(int, np.unravel_index(worst, shape))) if against and worst is not None else None,
        claimed=against.entry.claimed if against else None,
        value=against.entry.true if against else None,
        discrepancy=against.entry.gap if against else None,
        resolution=max((f.entry.slack for f in findings), default=0.0) if tested else 0.0,
        detail="; ".join(details),
        point=problem.point.name,
        operations=derivation.system.operations,
        seconds=seconds,
    )


def compare(problem: Problem, derivation: Derivation) -> Comparison:
    """What the worker needs to know."""
    system = derivation.system
    units = [problem.scale(i, np.zeros(problem.args[i].shape)).ravel() for i in derivation.places]
    return Comparison(
        claimed=tuple(e for c in derivation.claimed for e in c.flat),
        true=tuple(e for t in derivation.true for e in t.flat),
        values=system.shadows,
        units=tuple(float(u) for unit in units for u in unit),
        fixed=derivation.parameters,
        constants=system.roundings,
        conditions=tuple(system.conditions),
        seed=seed_of(f"{problem.rule.name}/{problem.point.name}/beside", problem.seed)[1],
    )
