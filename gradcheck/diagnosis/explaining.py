"""The search: families of mistakes in order of plausibility, each held against every look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis import (
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
from gradcheck.diagnosis.looks import Look, first_look, further_looks
from gradcheck.diagnosis.mistakes import Family, Mistake, size
from gradcheck.problems import Problem
from gradcheck.results import Array

FAMILIES: tuple[Family, ...] = (
    factors.zero,
    entries.one_entry,
    factors.factor,
    reductions.missing,
    rearrangements.exchanged,
    rearrangements.rearranged,
    precision.rounded,
    complexes.conjugated,
    reductions.extra,
    cotangents.misused,
    reductions.accumulation,
    entries.pointwise,
    rearrangements.reordered,
    regions.region,
    terms.missing_term,
    neighbours.neighbour,
    neighbours.elsewhere,
    precision.noisy,
)


@dataclass(frozen=True)
class Explanation:
    """The mistakes found, by argument, and the arguments whose mistake nothing explains."""

    look: Look
    mistakes: dict[int, Mistake]
    unknown: tuple[int, ...]

    def apply(self, look: Look) -> tuple[Array | None, ...] | None:
        """What the mistakes make of a look's true gradient; None for an argument about which they say nothing."""
        return tuple(
            self.mistakes[k].apply(look, k) if k in self.mistakes else look.true[k] for k in range(len(look.true))
        )

    def explains(self, look: Look) -> bool:
        """Whether every claim of a look is what the mistakes make of the truth."""
        return not self.unknown and all(
            self.mistakes[k].explains(look, k, silent=False) if k in self.mistakes else right(look, k)
            for k in range(len(look.true))
        )


def explain(problem: Problem, suspects: Iterable[str], others: Iterable[Problem] = ()) -> Explanation | None:
    """The first mistake of each wrong argument that explains every look; None where the truth is not known.

    suspects: names of arguments that an oracle found wrong.  others: further problems of the same check that failed.
    """
    with np.errstate(all="ignore"):
        look = first_look(problem)
        if look is None:
            return None
        suspects = set(suspects)
        wrong = [k for k, name in enumerate(look.names) if name in suspects or not right(look, k)]
        looks = [look, *further_looks(look, others)]
        found = {k: mistake for k in wrong if (mistake := first_mistake(looks, k)) is not None}
    return Explanation(look, found, tuple(k for k in wrong if k not in found))


def right(look: Look, k: int) -> bool:
    """Whether a claim is the truth but for rounding."""
    mine, true = look.claimed[k], look.true[k]
    return mine.shape == true.shape and bool(np.all(np.abs(mine - true) <= 1e-9 * size(mine, true)))


def first_mistake(looks: Sequence[Look], k: int) -> Mistake | None:
    """The most plausible mistake that gives the claim of every look; one that only says where is the last resort."""
    located = None
    for family in FAMILIES:
        for mistake in family(looks[0], k):
            if located is not None and mistake.inside is not None:
                continue
            if mistake.explains(looks[0], k, silent=False) and all(mistake.explains(o, k) for o in looks[1:]):
                if mistake.inside is None:
                    return mistake
                located = mistake
    return located
