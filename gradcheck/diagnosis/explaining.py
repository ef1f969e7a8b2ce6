"""The search: families of mistakes in order of plausibility, each held against every look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradcheck.diagnosis import (
    arguments,
    complexes,
    cotangents,
    entries,
    factors,
    neighbours,
    precision,
    rearrangements,
    reductions,
    regions,
    terms,
)
from gradcheck.diagnosis.looks import Look, first_look, further_looks, passing_looks
from gradcheck.diagnosis.mistakes import Family, Mistake, meaningful, size, wrong_entries
from gradcheck.problems import Problem
from gradcheck.results import Array

FAMILIES: tuple[Family, ...] = (
    factors.zero,
    entries.one_entry,
    factors.factor,
    reductions.missing,
    reductions.squeezed,
    rearrangements.exchanged,
    rearrangements.rearranged,
    precision.rounded,
    complexes.conjugated,
    reductions.extra,
    cotangents.misused,
    cotangents.of_outputs,
    terms.quantity,
    reductions.accumulation,
    entries.pointwise,
    rearrangements.reordered,
    regions.region,
    terms.missing_term,
    cotangents.rearranged,
    neighbours.neighbour,
    arguments.elsewhere,
    arguments.scaled,
    precision.noisy,
)


# What there is to say of a formula that is right.
ROUNDING: tuple[Family, ...] = (precision.rounded,)


# The rank of a mistake that explains every look, those at points that passed included.
BEST = 4


@dataclass(frozen=True)
class Looks:
    """What a mistake must explain: the first look, further ones, and ones at points that passed."""

    first: Look
    further: list[Look]
    passed: list[Look]

    def rank(self, mistake: Mistake, k: int) -> int:
        """0 for a mistake that is refuted, else the higher the more it explains."""
        if not mistake.explains(self.first, k, silent=False) or not all(mistake.explains(o, k) for o in self.further):
            return 0
        if mistake.vague:
            return 1
        if idle(mistake, self.first, k):
            return 0
        if not all(mistake.explains(o, k, silent=right(o, k)) for o in self.further):
            return 2
        silent = bool(self.passed) and not any(mistake.explains(o, k, silent=False) for o in self.passed)
        return 3 if silent or self.contradicting(mistake, k) else BEST

    def contradicting(self, mistake: Mistake, k: int) -> tuple[str, ...]:
        """The points that passed although the mistake would show there: something else decides where it is made."""
        return tuple(o.problem.point.name for o in self.passed if not mistake.explains(o, k))


@dataclass(frozen=True)
class Explanation:
    """The mistakes found, by argument, and the arguments whose mistake nothing explains.

    spared: by argument, the points that passed although the mistake would show there.
    """

    look: Look
    mistakes: dict[int, Mistake]
    unknown: tuple[int, ...]
    spared: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def apply(self, look: Look) -> tuple[Array | None, ...]:
        """What the mistakes make of a look's true gradient; None for an argument about which they say nothing."""
        return tuple(
            meaningful(self.mistakes[k].apply, look, k) if k in self.mistakes else look.true[k]
            for k in range(len(look.true))
        )

    def right_in_double(self, name: str | None) -> str:
        """The short type of an argument whose cotangent is wrong in that type only; empty for any other."""
        wrong = [k for k in self.unknown if self.look.names[k] == name]
        return self.look.short if wrong and right(self.look, wrong[0]) else ""

    def explains(self, look: Look) -> bool:
        """Whether every claim of a look is what the mistakes make of the truth."""
        return not self.unknown and all(
            self.mistakes[k].inside is None and self.mistakes[k].explains(look, k, silent=False)
            if k in self.mistakes
            else right(look, k)
            for k in range(len(look.true))
        )


def explain(
    problem: Problem,
    suspects: Iterable[str],
    others: Iterable[Problem] = (),
    passed: Iterable[Problem] = (),
    families: Sequence[Family] = FAMILIES,
) -> Explanation | None:
    """The first mistake of each wrong argument that explains every look; None where the truth is not known.

    suspects: names of arguments that an oracle found wrong.  others, passed: further problems of the same check that
    failed, and that did not.
    """
    with np.errstate(all="ignore"):
        look = first_look(problem)
        if look is None:
            return None
        further = [*further_looks(look, others)]
        wrong = suspected(look, suspects)
        if not wrong and (other := next((o for o in further if suspected(o, ())), None)):
            # A mistake in dy may show for some dy only.
            look, further = other, [look, *(o for o in further if o is not other)]
            wrong = suspected(look, ())
        looks = Looks(look, further, [*passing_looks(passed)])
        found = {k: mistake for k in wrong if (mistake := first_mistake(looks, k, families)) is not None}
        spared = {k: looks.contradicting(m, k) for k, m in found.items() if not m.vague}
    return Explanation(look, found, tuple(k for k in wrong if k not in found), spared)


def suspected(look: Look, names: Iterable[str]) -> list[int]:
    """The arguments of these names, and those whose claim is not the truth but for the rounding of a short type."""
    names = set(names)
    told = bool(look.short and names)
    return [k for k, name in enumerate(look.names) if name in names or not (told or right(look, k))]


def right(look: Look, k: int) -> bool:
    """Whether a claim is the truth but for rounding."""
    mine, true = look.claimed[k], look.true[k]
    return mine.shape == true.shape and bool(np.all(np.abs(mine - true) <= 1e-9 * size(mine, true)))


def idle(mistake: Mistake, look: Look, k: int) -> bool:
    """Whether a mistake changes nothing of this truth, as a shift by the length of an axis."""
    given = meaningful(mistake.apply, look, k)
    return given is not None and np.array_equal(given, look.true[k])


def first_mistake(looks: Looks, k: int, families: Sequence[Family]) -> Mistake | None:
    """The most plausible mistake that gives the claim of every look.

    Preferred are those that speak of every failing point, and of these those that leave right what is right elsewhere;
    one that only says where is the last resort.  Where nothing is wrong but last digits any mistake that changes nothing
    would do: that these are noise is all there is to say.
    """
    if not wrong_entries(looks.first.claimed[k], looks.first.true[k]).any():
        families = (precision.noisy,)
    best: Mistake | None = None
    rank = 0
    for family in families:
        for mistake in family(looks.first, k):
            found = looks.rank(mistake, k) if rank == 0 or not mistake.vague else 0
            if found == BEST:
                return mistake
            if found > rank:
                best, rank = mistake, found
    return best
