"""Claimed cotangents minus certified slopes: entry by entry, or by weighted projections that are bisected to an entry."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.lifted.array import NotLiftable
from gradcheck.lifted.balls import midpoints
from gradcheck.lifted.evaluate import Claim, Claims, dot, with_enough_bits
from gradcheck.oracles.neighbours import BESIDE
from gradcheck.oracles.parts import Direction, Entry, phased_signs, phases
from gradcheck.oracles.slopes import agree, between, certified, negative, opposite, separate, tied, unit
from gradcheck.problems import Problem
from gradcheck.results import Array, Stance

# For: the residual is at most this part of the scale.  With rounded constants in the code their own size is allowed.
CERTIFIED = 2.0**-60
CONSTANTS = 2.0**-40
# What is said of an entry without which the projections agree.
ONLY = "the only wrong entry"
# What is said of entries that are wrong together only begins so; more than so many are not named.
TOGETHER, NAMED = "moving ", 4
# Up to so many inputs a direction is taken apart into single entries.
SEPARATE = 64
# The directions of a projection; any single wrong entry shows in each.
PROJECTIONS = 2


@dataclass(frozen=True)
class Finding:
    """What the exact oracle found about one argument; `entry` is the worst entry, where one is singled out."""

    argument: str
    stance: Stance
    entry: tuple[int, ...] | None = None
    claimed: float | complex | None = None
    true: float | complex | None = None
    bar: float | None = None
    discrepancy: float | None = None
    resolution: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class Residual:
    """A claimed slope minus the certified one along a direction, and the interval that ties leave open."""

    claimed: Any
    low: Any
    high: Any
    scale: float
    kink: bool
    inexact: bool

    @property
    def value(self) -> Any:
        """The residual as a ball; at a kink the distance to the interval between the one-sided slopes."""
        if not self.kink:
            return self.claimed - self.low
        if self.claimed < self.low:
            return self.claimed - self.low
        return self.claimed - self.high if self.claimed > self.high else 0 * self.claimed

    @property
    def true(self) -> Any:
        """The certified slope; at a kink the one of its ends that a claim is beyond."""
        return self.high if self.kink and self.claimed > self.high else self.low

    @property
    def stance(self) -> Stance:
        """For: a certified bound; against: zero is excluded, also beyond what rounded constants explain."""
        value = self.value
        if not value.is_finite():
            return "undecided"
        size, radius = abs(float(value.mid())), float(value.rad())
        if size > radius * (8 if self.inexact else 1):
            return "against"
        allowed = CONSTANTS if self.inexact else CERTIFIED
        return "for" if size + radius <= allowed * self.scale or size + radius == 0 else "undecided"

    @property
    def bound(self) -> float:
        """The certified bound of the residual's size."""
        value = self.value
        return abs(float(value.mid())) + float(value.rad()) if value.is_finite() else np.inf


def by_entry(problem: Problem, claims: Claims) -> list[Finding]:
    """Every entry of every argument on its own; the worst is named.  Sets the problem's true gradient and kink."""
    findings, true = [], []
    for k, name in enumerate(problem.names):
        scale = floor(problem, problem.scale(k, midpoints(claims.first.cotangents[k])))
        entries = np.ndindex(problem.args[k].shape)
        residuals = {e: entry_residual(problem, claims, k, e, float(scale[e])) for e in entries}
        findings.append(summary(name, residuals))
        values = [r.true for r in residuals.values()]
        dtype = complex if np.iscomplexobj(problem.args[k]) else float
        true.append(np.asarray(values, dtype=dtype).reshape(problem.args[k].shape))
    problem.true = tuple(true)
    return with_joint(problem, claims, findings)


def by_projection(problem: Problem, claims: Claims) -> list[Finding]:
    """Directions weighted by the claimed gradient; a disagreement is bisected to an entry of an argument.

    All arguments move at once at first: where that finds nothing, no argument has to be looked at alone.
    """
    everything = tuple(range(len(problem.args)))
    together, _ = projected(problem, claims, everything)
    if together.stance == "for" and not problem.kink:
        return [replace(together, argument=name) for name in problem.names]
    findings = [alone(problem, claims, k) for k in everything]
    return with_joint(problem, claims, findings)


def alone(problem: Problem, claims: Claims, argument: int) -> Finding:
    """The finding about one argument, from directions in which nothing else moves."""
    finding, wrong = projected(problem, claims, (argument,))
    return finding if wrong is None else bisect(problem, claims, argument, wrong)


def projected(problem: Problem, claims: Claims, arguments: tuple[int, ...]) -> tuple[Finding, Direction | None]:
    """What directions say in which these arguments move, and the first of them along which the claim is wrong."""
    residuals = []
    for direction in directions(problem, claims, arguments):
        residuals.append(along(problem, claims, direction, projected_scale(claims, direction)))
        if residuals[-1].stance == "against":
            return Finding(problem.names[arguments[0]], "against"), direction
    worst = max((r.bound / r.scale for r in residuals), default=0.0)
    stance: Stance = "undecided" if any(r.stance == "undecided" for r in residuals) else "for"
    detail = f"{len(residuals)} weighted projections, residual at most {worst:.1e} of the scale"
    return Finding(problem.names[arguments[0]], stance, bar=worst, resolution=worst, detail=detail), None


def entry_residual(problem: Problem, claims: Claims, argument: int, entry: tuple[int, ...], scale: float) -> Entry:
    """The residual of one entry, in each of its directions."""
    units = [unit(problem, argument, entry, phase) for phase in phases(problem.args[argument])]
    return Entry(tuple(along(problem, claims, direction, scale) for direction in units))


def along(problem: Problem, claims: Claims, direction: Direction, scale: float, apart: bool = False) -> Residual:
    """The residual along a direction, with as many bits as it takes; apart: kinks of single entries count singly."""
    return with_enough_bits(
        lambda bits, final: residual_at(problem, claims.at(bits, final), direction, scale, final, apart),
        lambda residual: residual.stance != "undecided",
    )


def residual_at(
    problem: Problem, exact: Claim, direction: Direction, scale: float, final: bool, apart: bool
) -> Residual:
    """The residual along a direction at one precision; where ties are met, the interval of the one-sided slopes."""
    forward = certified(problem, direction, final)
    problem.limit |= not forward.rigorous
    claimed = claimed_slope(exact, direction)
    inexact = forward.inexact_constants or exact.inexact_constants
    if not forward.ties:
        return Residual(claimed, forward.total, forward.total, scale, False, inexact)
    problem.tied = True
    backward = certified(problem, opposite(direction), final)
    if agree(forward, backward) and not apart:
        found = Residual(claimed, forward.total, forward.total, scale, False, inexact)
    else:
        sides = [forward.outputs, negative(backward)]
        if apart:
            sides = separate(problem, direction, sides, final)
        found = Residual(claimed, *between(problem.dy, sides), scale, True, inexact)
    if found.stance == "against":
        found = among_neighbours(problem, found, direction, final)
    problem.kink |= found.kink
    return found


def among_neighbours(problem: Problem, found: Residual, direction: Direction, final: bool) -> Residual:
    """The residual, or where that explains the claim, one with the slopes of points beside between its ends too."""
    slopes = [found.low, found.high]
    for turn in range(BESIDE):
        with contextlib.suppress(ValueError):  # beyond the domain
            slopes.append(certified(problem, direction, final, turn).total)
    slopes = [s for s in slopes if s.is_finite()]
    low, high = (end(slopes, key=lambda s: float(s.mid())) for end in (min, max))
    wider = replace(found, low=low, high=high, kink=True)
    return found if wider.stance == "against" else wider


def at_kink(problem: Problem, argument: int, entry: tuple[int, ...]) -> bool:
    """Whether the one-sided slopes along an entry differ; False where the forward cannot be lifted."""

    def differ(bits: int, final: bool) -> bool:
        forward = certified(problem, direction, final)
        return bool(forward.ties) and not agree(forward, certified(problem, opposite(direction), final))

    try:
        for phase in phases(problem.args[argument]):
            direction = unit(problem, argument, entry, phase)
            if with_enough_bits(differ):
                return True
    except NotLiftable:
        pass
    return False


def claimed_slope(exact: Claim, direction: Direction) -> Any:
    """The real part of the inner product of the claimed cotangents with a direction of floats, as a ball."""
    parts = zip(exact.cotangents, direction, strict=True)
    return sum((dot(v, g) for g, v in parts if v is not None), dot(np.zeros(0), np.zeros(0)))


def directions(problem: Problem, claims: Claims, arguments: tuple[int, ...]) -> Iterator[Direction]:
    """Signed powers of two near 1/|g|, so that a wrong small entry counts as much as a huge one; zeros on their own."""
    gradients = {k: midpoints(claims.first.cotangents[k]) for k in arguments}
    known = {k: np.isfinite(g) & (g != 0) for k, g in gradients.items()}
    weights = {k: levelling(np.where(known[k], g, 1.0)) for k, g in gradients.items()}
    for turn in range(PROJECTIONS):
        signs = {k: phased_signs(problem.rng(f"direction{k}/{turn}"), problem.args[k]) for k in arguments}
        for phase in range(max(map(len, signs.values()), default=0)):
            # Real arguments move along with either phase of the complex ones.
            signed = {k: weights[k] * s[min(phase, len(s) - 1)] for k, s in signs.items()}
            for zeros in (False, True):
                parts = {k: np.where(known[k] != zeros, v, 0.0) for k, v in signed.items()}
                if any(part.any() for part in parts.values()):
                    yield tuple(parts.get(k) for k in range(len(problem.args)))


def levelling(gradient: Array) -> Array:
    """The powers of two that bring every entry near 1."""
    return np.asarray(2.0 ** np.clip(-np.floor(np.log2(np.abs(gradient))), -1000, 1000))


def projected_scale(claims: Claims, direction: Direction) -> float:
    """The sum of |claimed gradient * direction|, at least 1: the direction was weighted so that each entry gives 1."""
    parts = zip(claims.first.cotangents, direction, strict=True)
    return max(1.0, sum(float(np.sum(np.abs(midpoints(g) * v))) for g, v in parts if v is not None))


def bisect(problem: Problem, claims: Claims, argument: int, direction: Direction) -> Finding:
    """Halve a direction along which the claim is wrong until one entry is left."""
    vector = direction[argument]
    assert vector is not None
    places = np.flatnonzero(vector)
    while len(places) > 1:
        half = places[: len(places) // 2]
        part = np.zeros(vector.size, dtype=vector.dtype)
        part[half] = vector.ravel()[half]
        trial = tuple(part.reshape(vector.shape) if k == argument else None for k in range(len(problem.args)))
        wrong = along(problem, claims, trial, projected_scale(claims, trial)).stance == "against"
        places = half if wrong else places[len(half) :]
    entry = tuple(int(i) for i in np.unravel_index(int(places[0]), vector.shape))
    scale = floor(problem, problem.scale(argument, midpoints(claims.first.cotangents[argument])))[entry]
    residual = entry_residual(problem, claims, argument, entry, float(scale))
    vector = vector.copy()
    vector[entry] = 0.0
    rest = tuple(vector if k == argument else None for k in range(len(problem.args)))
    alone = along(problem, claims, rest, projected_scale(claims, rest)).stance == "for"
    return one_entry(
        problem.names[argument], entry, residual, ONLY if alone else "found by bisection, not the only one"
    )


def one_entry(name: str, entry: tuple[int, ...], found: Residual | Entry, detail: str = "") -> Finding:
    """A finding about one entry, from its residual."""
    residual = found if isinstance(found, Entry) else Entry((found,))
    scale = residual.scale or 1.0
    return Finding(
        name,
        residual.stance,
        entry,
        residual.claimed,
        residual.true,
        residual.bar,
        discrepancy=residual.discrepancy / scale,
        resolution=residual.bound / scale,
        detail=detail or ("between the one-sided slopes of a kink: a subgradient" if residual.kink else ""),
    )


def summary(name: str, residuals: Mapping[tuple[int, ...], Residual | Entry]) -> Finding:
    """One finding for an argument: against if any entry is, undecided if any is, else for; the worst is shown."""
    if not residuals:
        return Finding(name, "for", bar=0.0, discrepancy=0.0, resolution=0.0, detail="no entries")
    rank = {"against": 2, "undecided": 1, "for": 0}
    worst = max(residuals, key=lambda e: (rank[residuals[e].stance], residuals[e].bound / (residuals[e].scale or 1.0)))
    stance = residuals[worst].stance
    alike = sum(r.stance == stance for r in residuals.values())
    kinks = sum(r.kink for r in residuals.values())
    detail = f"{alike} of {len(residuals)} entries" if stance != "for" else f"all {len(residuals)} entries"
    if kinks:
        detail += f"; {kinks} at a kink, compared with the one-sided slopes (a subgradient)"
    return one_entry(name, worst, residuals[worst], detail)


def with_joint(problem: Problem, claims: Claims, findings: list[Finding]) -> list[Finding]:
    """The findings about arguments; where entries are right alone, but not together, only what refutes them."""
    # Ties count where they are no kinks too: a median of three equal ones is flat in each, and not in all together.
    if not problem.tied or any(f.stance == "against" for f in findings):
        return findings
    wrong = joint(problem, claims)
    problem.kink |= bool(wrong)
    return wrong or findings


def joint(problem: Problem, claims: Claims) -> list[Finding]:
    """At a kink also directions that move all entries alike: (0, 0) for max at a tie is between the slopes of each entry."""
    ones = tuple(np.ones(a.shape, dtype=a.dtype) for a in problem.args)
    rng = problem.rng("kink")
    mixed = tuple(rng.choice([-1.0, 0.5, 2.0], a.shape) for a in problem.args)
    trials: dict[str, Direction] = {"every entry alike": ones, "every entry, each by another step": mixed}
    if any(map(np.iscomplexobj, problem.args)):
        # The subgradients of |z| fill a disc: more than two directions tell it from a square.
        trials |= {
            f"{how}, times {phase}": tuple(
                d * phase if np.iscomplexobj(a) else d for d, a in zip(t, problem.args, strict=True)
            )
            for how, t in (("every entry alike", ones), ("every entry, each by another step", mixed))
            for phase in (1j, 1 + 1j, 1 - 1j)
        }
    scale = max(1.0, sum(float(np.abs(midpoints(g)).sum()) for g in claims.first.cotangents))
    groups = {f"{named(problem, direction)} alike": direction for direction in tied(problem)}
    found = {how: along(problem, claims, direction, scale) for how, direction in (groups | trials).items()}
    if problem.size <= SEPARATE and not any(map(np.iscomplexobj, problem.y)):
        # Kinks of their own refute nothing together.
        found |= {
            how: along(problem, claims, direction, scale, apart=True)
            for how, direction in trials.items()
            if found[how].stance == "against"
        }
    how = next((how for how, r in found.items() if r.stance == "against"), None)
    if how is None:
        return []
    return [replace(one_entry(problem.names[0], (), found[how], f"{TOGETHER}{how}"), entry=None)]


def named(problem: Problem, direction: Direction) -> str:
    """``a[0], b[0] and b[2]``: the entries that a direction moves; of many the first."""
    places = [
        f"{name}{list(map(int, e)) if e.size else ''}"
        for name, v in zip(problem.names, direction, strict=True)
        if v is not None
        for e in np.argwhere(v)
    ]
    if len(places) > NAMED:
        return f"{', '.join(places[: NAMED - 1])} and {len(places) - NAMED + 1} more entries"
    return " and ".join(filter(None, (", ".join(places[:-1]), places[-1])))


def floor(problem: Problem, scale: Array) -> Array:
    """The scale, with that of the cotangent where output and gradient are both 0."""
    typical = max((float(np.max(np.abs(d), initial=0.0)) for d in problem.dy), default=1.0)
    return np.where(scale > 0, scale, typical or 1.0)
