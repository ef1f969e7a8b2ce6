"""Hypothesis strategies of domains: what they draw lies inside, reaches what they promise, and goes together."""

import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradcheck as gc
from gradcheck import strategies
from gradcheck.domains import Draw

DOMAINS = {
    "real": (gc.real("n k", -2, 5, at=(700.0,)), lambda v: (((v >= -2) & (v <= 5)) | (v == 700)).all()),
    "positive": (gc.positive("n", 0.1, 4), lambda v: (v > 0).all() and (v <= np.float32(4)).all()),
    "positive, too small for float32": (gc.positive("n", 0.1, 4, at=(1e-200,)), lambda v: (v > 0).all()),
    "negative, too small for float32": (gc.real("n", -4, -0.1, at=(-1e-200,)), lambda v: (v < 0).all()),
    "interval": (gc.interval("n", 0, 1), lambda v: (v > 0).all() and (v < 1).all()),
    "index": (gc.index("5", "m"), lambda v: v.dtype == np.int64 and ((v >= 0) & (v < 5)).all()),
    "labels": (gc.labels("5", "m"), lambda v: ((v >= 0) & (v < 5)).all()),
    "mask": (gc.mask("n"), lambda v: v.dtype == bool),
    "one_hot": (gc.one_hot("n 3"), lambda v: (v.sum(-1) == 1).all()),
    "simplex": (gc.simplex("n 3"), lambda v: np.allclose(v.sum(-1), 1, atol=1e-6)),
    "spd": (gc.spd("3"), lambda v: (np.linalg.eigvalsh(v) > 0).all()),
    "invertible": (gc.invertible("3"), lambda v: abs(np.linalg.det(v)) > 1),
    "choice": (gc.choice("a", "b"), lambda v: v in ("a", "b")),
    "fixed": (gc.fixed(3), lambda v: v == 3),
    "made": (gc.made(lambda rng, draw: rng.random(draw.shape("n"))), lambda v: ((v >= 0) & (v < 1)).all()),
}
quietly = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def drawn(strategy, count=150):
    """What a strategy draws."""
    found = []

    @settings(max_examples=count, deadline=None, derandomize=True, database=None)
    @given(strategy)
    def collect(value):
        found.append(value)

    collect()
    return found


@pytest.mark.parametrize(("spec", "inside"), DOMAINS.values(), ids=DOMAINS)
def test_a_drawn_value_is_outside_of_its_domain(spec, inside):
    assert all(inside(p["x"]) for p in drawn(strategies.points(dict(x=spec)), 60))


class Old:
    """A domain that knows nothing of Hypothesis."""

    def draw(self, draw: Draw):
        return draw.rng.uniform(1, 2, draw.shape("n"))

    def room(self, value):
        return None


def test_a_domain_without_a_strategy_cannot_be_searched():
    assert all(((p["x"] >= 1) & (p["x"] <= 2)).all() for p in drawn(strategies.points(dict(x=Old())), 30))


REACHED = {
    "zero": lambda x: (x == 0).any(),
    "a tiny number": lambda x: ((x != 0) & (abs(x) < 1e-6)).any(),
    "the lower bound": lambda x: (x == -3).any(),
    "the upper bound": lambda x: (x == 3).any(),
    "a special value": lambda x: (x == 700).any(),
    "a kink": lambda x: (x == 0.5).any(),
    "three decimals": lambda x: (x * 100 % 1 != 0).any(),
    "ties": lambda x: x.size > 1 and len(set(x.ravel().tolist())) < x.size,
    "no ties": lambda x: x.size > 3 and len(set(x.ravel().tolist())) == x.size,
    "a long axis": lambda x: x.ndim == 1 and len(x) > 8,
    "an axis of 1": lambda x: x.ndim == 2 and x.shape[0] > x.shape[1] == 1,
    "an axis of 0": lambda x: x.size == 0,
    "0-d": lambda x: x.ndim == 0,
    "rank 3": lambda x: x.ndim == 3,
    "float32": lambda x: x.dtype == np.float32,
    "float64": lambda x: x.dtype == np.float64,
}


@pytest.fixture(scope="module")
def many():
    return [p["x"] for p in drawn(strategies.points(dict(x=gc.real("*b", at=(700.0,), kinks=(0.5,)))), 500)]


@pytest.mark.parametrize("reached", REACHED.values(), ids=REACHED)
def test_a_kind_of_value_is_never_drawn(many, reached):
    assert any(reached(x) for x in many)


@pytest.mark.parametrize(
    ("texts", "together"),
    [
        (("n k", "k m"), lambda a, b: a[1] == b[0]),
        (("(n,k),(k,m)->(n,m)",), lambda a, b: a[1] == b[0]),
        (("(),(n)->()",), lambda a, b: a == () and len(b) == 1),
        (("*b", "?b", "?b"), lambda a, b, c: np.broadcast_shapes(a, b, c) == a),
        (("*b n", "3 n"), lambda a, b: a[-1] == b[1] and b[0] == 3),
    ],
    ids=lambda value: " and ".join(value) if isinstance(value, tuple) else "",
)
def test_shapes_do_not_go_together(texts, together):
    found = drawn(strategies.shapes(*texts))
    assert all(together(*s) for s in found)
    assert len(set(found)) > 5


def test_broadcasting_never_drops_or_stretches_an_axis():
    pairs = drawn(strategies.shapes("*b", "?b"))
    assert any(len(b) < len(a) for a, b in pairs)
    assert any(len(a) == len(b) == 2 and a[1] > b[1] == 1 for a, b in pairs)


def test_sizes_exceed_their_limits():
    assert all(
        max(s, default=0) <= 5 and np.prod(s) <= 15 for (s,) in drawn(strategies.shapes("n k", longest=5, entries=10))
    )


@quietly
@given(st.data())
def test_a_layout_changes_the_numbers(data):
    array = np.arange(24.0).reshape(2, 3, 4)
    found = data.draw(strategies.laid_out(array))
    np.testing.assert_array_equal(found, array)


def test_a_layout_is_missing():
    found = drawn(strategies.laid_out(np.arange(24.0).reshape(2, 3, 4)))
    assert any(a.flags.c_contiguous for a in found)
    assert any(a.flags.f_contiguous for a in found)
    assert any(min(a.strides) < 0 for a in found)
    assert any(not a.flags.c_contiguous and not a.flags.f_contiguous and min(a.strides) > 0 for a in found)
    assert any(not a.flags.writeable for a in found)


def test_complex_numbers_keep_double_precision_beside_float32():
    domain = dict(z=gc.made(lambda rng: rng.random(2) + 1j), x=gc.real("2"))
    kinds = {(p["z"].dtype.name, p["x"].dtype.name) for p in drawn(strategies.points(domain), 40)}
    assert kinds == {("complex128", "float64"), ("complex64", "float32")}


def test_shapes_of_nothing_are_refused():
    with pytest.raises(ValueError, match="pass one for each shape"):
        strategies.shapes()


def test_without_hypothesis_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.setitem(sys.modules, "hypothesis.strategies", None)
    with pytest.raises(ImportError, match=r"pip install 'gradcheck\[search\]'"):
        strategies.points(dict(x=gc.real()))
