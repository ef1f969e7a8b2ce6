"""Directions in which many entries of an argument are compared at once, and groups of entries that are tied."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.oracles.lines import Tangents, movable, size_of
from gradcheck.problems import Problem
from gradcheck.results import Array

# So many directions at least: half of them even out what entries can contribute, half what they claim.
DIRECTIONS = 8
# Directions of their own for the entries that are claimed to be zero.
ZEROS = 2
# No entry moves so many times less than its size allows.
LEAST = 2.0**-20
# Tied groups that are looked at where the point is a kink.
GROUPS = 8


def directions(claimed: Array, scale: Array, size: Array, rng: np.random.Generator) -> Iterator[tuple[Array, bool]]:
    """Tangents with random signs (and phases), and whether a piece of evidence needs this one to be decisive.

    claimed: the gradient; scale: that of its entries; size: how far each entry may move at most.  With weights
    1/scale every entry can show an error of the same relative size; with weights 1/|claimed| a wrong small entry
    counts as much as a huge one.
    """
    weight = np.abs(claimed)
    given, zero, idle = weight > 0, (weight == 0) & (scale > 0), scale == 0
    even = DIRECTIONS // 2 if given.any() else DIRECTIONS
    plans = [(scale, ~idle, True)] * even + [(weight, given, False)] * (DIRECTIONS - even)
    plans += [(scale, zero, True)] * ZEROS + [(scale, idle, True)] * ZEROS
    phases = (1, -1, 1j, -1j) if np.iscomplexobj(claimed) else (1, -1)
    for contribution, on, needed in plans:
        if not on.any():
            continue
        step = levelled(contribution * size, on) * size
        yield np.where(on, step * rng.choice(phases, size.shape), 0), needed


def levelled(effect: Array, on: Array) -> Array:
    """Factors of at most 1, powers of two, that make effects equal as far as that goes."""
    least = np.min(effect[on & (effect > 0)], initial=np.inf)
    with np.errstate(all="ignore"):
        factor = np.clip(np.nan_to_num(least / effect, nan=1.0, posinf=1.0), LEAST, 1.0)
    return np.asarray(2.0 ** np.floor(np.log2(factor)))


def tied_groups(problem: Problem) -> Iterator[tuple[int, Tangents]]:
    """Tangents that move all entries of one value together, each with the first argument that has it."""
    real = {k: x for k, x in enumerate(problem.args) if movable(x) and not np.iscomplexobj(x)}
    if not real:
        return
    values, counts = np.unique(np.concatenate([np.ravel(x) for x in real.values()]), return_counts=True)
    for value in values[counts > 1][:GROUPS]:
        members = {k: x == value for k, x in real.items() if np.any(x == value)}
        step = max(float(np.max(size_of(real[k], 1.0)[m])) for k, m in members.items())
        yield min(members), {k: step * m for k, m in members.items()}
