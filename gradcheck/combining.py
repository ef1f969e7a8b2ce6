"""Which options the choices of a domain take together, turn by turn."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np

Columns = list[tuple[int, ...]]

# Turns that several choices get, more only where that many combinations of two do not meet in them; and how many
# orders of each choice's options are compared.
TURNS, ORDERS = 4, 200


@cache
def combined(counts: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """The option that each of several choices takes, at each turn; `counts` are the numbers of their options.

    Each choice takes all its options, the first one first; those of any two choices meet in all combinations, or in as
    many as `TURNS` allow.
    """
    several = [n for n in counts if n > 1]
    least = max([2, *several, TURNS * (len(several) > 1)])
    for turns in itertools.count(least):
        columns = in_turns(counts, turns)
        pairs = itertools.combinations(zip(counts, columns, strict=True), 2)
        if all(met(a, b) >= min(least, n * m) for (n, a), (m, b) in pairs):
            break
    return tuple(zip(*columns, strict=True)) if columns else ((),) * turns


def in_turns(counts: tuple[int, ...], turns: int) -> Columns:
    """An order of the options of each choice in which these meet many of the choices before it."""
    rng = np.random.default_rng(0)
    columns: Columns = []
    for n in counts:
        first, *others = (turn % n for turn in range(turns))
        # The second choice starts its options one later each time round, the third two; else they are shuffled.
        orders = [tuple((turn + len(columns) * (turn // n)) % n for turn in range(turns))]
        orders += [(first, *rng.permutation(others).tolist()) for _ in range(ORDERS if columns else 0)]
        columns.append(max(orders, key=lambda order: sum(met(order, column) for column in columns)))
    return columns


def met(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """In how many combinations the options of two choices meet."""
    return len(set(zip(one, other, strict=True)))
