"""Choices of one domain: every option is taken, and those of two choices meet in all combinations."""

from __future__ import annotations

import itertools

import pytest

from gradcheck.cases import Case
from gradcheck.combining import combined
from gradcheck.domains import choice, real
from gradcheck.rules import Rule

# Numbers of options, and turns.
TABLE: list[tuple[tuple[int, ...], int]] = [
    ((), 2),
    ((1,), 2),
    ((2,), 2),
    ((5,), 5),
    ((1, 3, 1), 3),
    ((2, 2), 4),
    ((2, 3), 4),
    ((4, 5), 5),
    ((2, 2, 2), 4),
    ((2, 1, 2, 2), 4),
    ((3, 2, 3), 4),
    ((2, 2, 2, 2), 6),
    ((4, 5, 4, 2), 5),
    ((3, 3, 2, 3, 2), 7),
]


@pytest.mark.parametrize(("counts", "turns"), TABLE)
def test_an_option_is_never_taken(counts: tuple[int, ...], turns: int) -> None:
    rows = combined(counts)
    assert len(rows) == turns
    assert rows[0] == (0,) * len(counts)
    assert all({row[j] for row in rows} == set(range(n)) for j, n in enumerate(counts))


@pytest.mark.parametrize(("counts", "turns"), TABLE)
def test_two_choices_go_in_step(counts: tuple[int, ...], turns: int) -> None:
    """Of the first and third of three binary choices only two combinations came."""
    least = max([4, *counts])
    for i, j in itertools.combinations(range(len(counts)), 2):
        pairs = {(row[i], row[j]) for row in combined(counts)}
        assert len(pairs) >= min(least, counts[i] * counts[j])


def test_points_of_a_case_take_choices_in_step() -> None:
    binary = {name: choice(0, 1) for name in "pqr"}
    rule = Rule(lambda x, *, p, q, r: (x, lambda dy: dy), domains={"": dict(x=real("n"), **binary)})
    drawn = [p.params for p in Case(rule, "").points() if p.role == "random"]
    assert all(len({(p[a], p[b]) for p in drawn}) == 4 for a, b in itertools.combinations("pqr", 2))
