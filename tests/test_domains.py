"""Domains: what is drawn lies inside, has the shapes of its letters, and comes again from the same seed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradcheck as gc
from gradcheck import domains
from gradcheck.domains import Draw, draw

ROLES = ("small", "random", "special")


def points(domain: Any, count: int = 12) -> list[dict[str, Any]]:
    return [draw(domain, f"case/{turn}", role="random", turn=turn, seed=turn) for turn in range(count)]


INSIDE: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "real": (gc.real("n", -1, 2), lambda v: (v >= -1).all() and (v <= 2).all()),
    "real away from its kinks": (gc.real("n", -0.1, 0.1, kinks=(0.0,)), lambda v: (np.abs(v) >= 0.02).all()),
    "positive": (gc.positive("n", 0.001, 0.002), lambda v: (v >= 0.001).all()),
    "interval": (gc.interval("n", 0, 1), lambda v: (v > 0).all() and (v < 1).all()),
    "interval with special values": (
        gc.interval("n", 0.0, 0.001, at=(0.0005,)),
        lambda v: (v > 0).all() and (v < 0.001).all(),
    ),
    "float32": (gc.real("n", dtype="float32"), lambda v: v.dtype == np.float32),
    "index": (gc.index("n", "m"), lambda v: v.dtype.kind == "i" and (v >= 0).all()),
    "labels": (gc.labels("k", "n"), lambda v: v.dtype.kind == "i"),
    "mask": (gc.mask("4"), lambda v: v.any() and not v.all()),
    "simplex": (gc.simplex("n 3"), lambda v: np.allclose(v.sum(-1), 1) and (v > 0).all()),
    "one_hot": (gc.one_hot("n 3"), lambda v: (v.sum(-1) == 1).all() and set(np.unique(v)) <= {0.0, 1.0}),
    "spd": (gc.spd("n"), lambda v: np.array_equal(v, v.T) and (np.linalg.eigvalsh(v) > 0).all()),
    "invertible": (gc.invertible("3"), lambda v: abs(np.linalg.det(v)) > 1 and not np.array_equal(v, v.T)),
    "fixed": (gc.fixed(3), lambda v: v == 3),
    "choice": (gc.choice("a", "b"), lambda v: v in ("a", "b")),
}


@pytest.mark.parametrize(("domain", "inside"), [pytest.param(*row, id=name) for name, row in INSIDE.items()])
def test_a_value_outside_of_its_domain(domain: Any, inside: Callable[[Any], Any]) -> None:
    assert all(inside(p["x"]) for p in points(dict(x=domain)))
    assert str(domain)


@given(seed=st.integers(0, 2**32 - 1), name=st.text(max_size=9), role=st.sampled_from(ROLES), turn=st.integers(0, 9))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_same_name_and_seed_give_another_point(seed: int, name: str, role: str, turn: int) -> None:
    domain = dict(x=gc.real("*b n", at=(0.0,)), y=gc.real("?b 2"), w=gc.spd("n"))
    first, second = (draw(domain, name, role=role, turn=turn, seed=seed) for _ in range(2))
    for key in domain:
        np.testing.assert_array_equal(first[key], second[key], strict=True)
    assert first["x"].shape[-1] == first["w"].shape[0]
    np.broadcast_shapes(first["x"].shape[:-1], first["y"].shape[:-1])


def test_another_name_or_seed_gives_the_same_point() -> None:
    domain = dict(x=gc.real("5"))
    drawn = [draw(domain, name, seed=seed)["x"].tolist() for name in "ab" for seed in (0, 1)]
    assert len({tuple(d) for d in drawn}) == 4


def test_equal_letters_are_equal_sizes_and_different_ones_differ() -> None:
    for p in points(dict(a=gc.real("n k"), b=gc.real("k m 7"))):
        (n, k), (k_again, m, seven) = p["a"].shape, p["b"].shape
        assert k == k_again
        assert len({n, k, m}) == 3
        assert seven == 7


def test_a_small_point_is_large() -> None:
    small = draw(dict(x=gc.real("*b n k")), "case", role="small")["x"]
    assert max(small.shape) <= 3
    assert small.ndim == 3
    assert small.size <= 6


def test_groups_of_axes_have_always_the_same_rank() -> None:
    assert {p["x"].ndim for p in points(dict(x=gc.real("*b")), 30)} == {1, 2, 3}


def test_broadcasting_groups_drop_axes_and_have_axes_of_one() -> None:
    pairs = points(dict(x=gc.real("*b"), y=gc.real("?b")), 40)
    assert any(p["y"].ndim < p["x"].ndim for p in pairs)
    assert any(a == 1 and b > 1 for p in pairs for a, b in zip(p["y"].shape[::-1], p["x"].shape[::-1], strict=False))
    for p in pairs:
        assert np.broadcast_shapes(p["x"].shape, p["y"].shape) == p["x"].shape


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_special_value_does_not_occur(turn: int) -> None:
    values = (0.0, 1e3, -700.0)
    found = draw(dict(x=gc.real("n", at=values)), "case", role="special", turn=turn)["x"]
    assert values[turn] in found


def test_ties_are_repeated_largest_values() -> None:
    domain = gc.real("6", ties=True)
    found = [draw(dict(x=domain), f"case{i}", role="special")["x"] for i in range(9)]
    assert all((f == f.max()).sum() >= 1 for f in found)
    assert any((f == f.max()).sum() > 1 for f in found)
    assert domain.specials == 1
    assert gc.real("6").specials == 0


def test_a_special_value_of_an_interval_may_be_its_bound() -> None:
    found = draw(dict(x=gc.interval("3", 0, 1, at=(0.0,))), "case", role="special")["x"]
    assert 0.0 in found


def test_an_index_repeats_one() -> None:
    found = draw(dict(x=gc.real("5"), i=gc.index("5", "4")), "case")["i"]
    assert found[0] == found[-1]
    assert found.max() < 5
    assert gc.index("5", "1").draw(Draw("case")).shape == gc.mask("1").draw(Draw("case")).shape == (1,)


@pytest.mark.parametrize(
    ("domain", "value", "room"),
    [
        (gc.real("2"), [1.0, 2.0], None),
        (gc.real("2", 0.0, 3.0), [0.5, 2.0], [0.5, 2.0]),
        (gc.real("2", kinks=(0.0, 1.0)), [0.25, -2.0], [0.25, 2.0]),
        (gc.positive("2"), [0.5, 3.0], [0.5, 3.0]),
        (gc.interval("2", -1, 1), [-0.75, 0.5], [0.25, 0.5]),
        (gc.choice(1, 2), 1, None),
        (gc.spd("n"), np.eye(2), None),
    ],
    ids=str,
)
def test_steps_leave_the_domain(domain: Any, value: Any, room: Any) -> None:
    found = domain.room(np.asarray(value))
    assert found is None if room is None else np.array_equal(found, room)


def test_values_that_depend_on_others_see_them() -> None:
    domain = dict(x=gc.real("n"), i=gc.made(lambda rng, x: rng.integers(len(x)), "an index of x"))
    for p in points(domain):
        assert 0 <= p["i"] < len(p["x"])
    assert str(domain["i"]) == "an index of x"


def test_a_made_value_is_described_by_its_docstring() -> None:
    def shuffled(rng: Any, draw: Draw) -> Any:
        """A permutation.

        Of no use here.
        """
        return rng.permutation(draw.size("n"))

    assert str(gc.made(shuffled)) == "A permutation."
    assert str(gc.made(lambda: 1)) == "made by a function"


def test_a_value_that_depends_on_a_later_one_is_named() -> None:
    domain = dict(i=gc.made(lambda x: len(x)), x=gc.real("n"))
    with pytest.raises(ValueError, match=r"a domain asks for \['x'\], drawn before it are \[\]"):
        draw(domain, "case")


def test_choices_are_taken_in_turn() -> None:
    assert [p["x"] for p in points(dict(x=gc.choice(0, 1, -1)), 4)] == [0, 1, -1, 0]


def test_what_is_printed_of_a_domain() -> None:
    assert str(gc.real("n k", -1, 1, at=(0.0,), kinks=(0.5,))) == "[-1, 1] (n k), kinks at 0.5, also at 0.0"
    assert str(gc.real()) == "[-3, 3] (0-d)"
    assert str(gc.choice(0, -1)) == "one of 0, -1"
    assert str(gc.fixed(np.ones((5, 5)))) == "fixed, shape (5, 5)"
    assert str(gc.fixed(2.5)) == "fixed: 2.5"


def test_every_domain_is_a_spec() -> None:
    assert all(isinstance(domain, domains.Spec) for domain, _ in INSIDE.values())


PAIRS = {"one for all": ("*b", "?b"), "each for the other": ("?b", "?b"), "three": ("*b", "?b", "?b")}


@pytest.mark.parametrize("texts", PAIRS.values(), ids=PAIRS)
def test_chance_keeps_every_axis_from_being_broadcast(texts: tuple[str, ...]) -> None:
    for seed in range(20):
        drawn = draw({f"x{k}": gc.real(t) for k, t in enumerate(texts)}, "case/small0", role="small", seed=seed)
        shapes = [x.shape for x in drawn.values()]
        assert (1,) in shapes, shapes
        assert (2,) in shapes, shapes
