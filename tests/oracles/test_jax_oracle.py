"""The jax oracle: right rules pass, wrong forwards and wrong cotangents are told apart, bad twins are said to be bad."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from gradcheck import check, contract
from gradcheck.oracles.jax import Jax
from gradcheck.problems import Problem
from gradcheck.results import Evidence, Point
from gradcheck.rules import Rule

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")


def problem_of(
    rule: Rule, *args: Any, role: str = "given", name: str = "given", dy: Any = None, **params: Any
) -> Problem:
    point = Point(name, role, tuple(np.asarray(a) for a in args), params, dy)
    return contract.evaluate(rule, point, seed=0)


def examine(rule: Rule, *args: Any, kink: bool = False, **params: Any) -> dict[tuple[str, str | None], Evidence]:
    problem = problem_of(rule, *args, **params)
    problem.kink = kink
    return {(e.question, e.argument): e for e in Jax().examine(problem)}


def stances(found: dict[tuple[str, str | None], Evidence]) -> dict[tuple[str, str | None], str]:
    return {where: e.stance for where, e in found.items()}


def tanh(x: Any) -> Any:
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y * y)


def softmax(x: Any, *, axis: int = -1) -> Any:
    e = np.exp(x - x.max(axis, keepdims=True))
    y = e / e.sum(axis, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(axis, keepdims=True))


def take(x: Any, *, index: Any) -> Any:
    def pullback(dy: Any) -> Any:
        dx = np.zeros_like(x)
        np.add.at(dx, index, dy)
        return dx

    return x[index], pullback


def polar(r: Any, t: Any) -> Any:
    x, y = r * np.cos(t), r * np.sin(t)
    return (x, y), lambda dy: (dy[0] * np.cos(t) + dy[1] * np.sin(t), -dy[0] * y + dy[1] * x)


def squared_modulus(z: Any) -> Any:
    return (z * np.conj(z)).real, lambda dy: 2 * dy * np.conj(z)


def square(z: Any) -> Any:
    return z * z, lambda dy: 2 * z * dy


def relu(x: Any) -> Any:
    return np.maximum(x, 0), lambda dy: dy * (x > 0)


def jax_square(jax: Any, z: Any) -> Any:
    return z * z


DRAWN = np.random.default_rng(3)
RIGHT = {
    "elementwise": (Rule(tanh, jax=lambda jax, x: jax.numpy.tanh(x)), (DRAWN.normal(size=(2, 3)),), {}),
    "0-d": (Rule(tanh, jax=lambda jax, x: jax.numpy.tanh(x)), (0.3,), {}),
    "a static parameter": (
        Rule(softmax, jax=lambda jax, x, *, axis: jax.nn.softmax(x, axis)),
        (3 * DRAWN.normal(size=(3, 4)),),
        {"axis": 0},
    ),
    "logits of ±800": (
        Rule(softmax, jax=lambda jax, x, *, axis: jax.nn.softmax(x, axis)),
        (np.array([800.0, -800.0, 799.5]),),
        {"axis": -1},
    ),
    "indices": (
        Rule(take, jax=lambda jax, x, *, index: x[index]),
        (DRAWN.normal(size=5),),
        {"index": np.array([1, 1, 4])},
    ),
    "a mask, which jax must know": (
        Rule(take, jax=lambda jax, x, *, index: x[index]),
        (DRAWN.normal(size=3),),
        {"index": np.array([True, False, True])},
    ),
    "two outputs": (
        Rule(polar, jax=lambda jax, r, t: (r * jax.numpy.cos(t), r * jax.numpy.sin(t))),
        (DRAWN.uniform(1, 2, 3), DRAWN.normal(size=3)),
        {},
    ),
    "float32": (
        Rule(tanh, jax=lambda jax, x: jax.numpy.tanh(x)),
        (DRAWN.normal(size=(2, 3)).astype(np.float32),),
        {},
    ),
    "complex, holomorphic": (Rule(square, jax=jax_square), (DRAWN.normal(size=3) + 1j * DRAWN.normal(size=3),), {}),
    "complex, not holomorphic": (
        Rule(squared_modulus, jax=lambda jax, z: (z * z.conj()).real),
        (DRAWN.normal(size=3) + 1j * DRAWN.normal(size=3),),
        {},
    ),
    "1e-300": (Rule(lambda x: (np.log(x), lambda dy: dy / x), jax=lambda jax, x: jax.numpy.log(x)), (1e-300,), {}),
    "a value that is NaN in both": (
        Rule(lambda x: (np.log(x), lambda dy: dy / x), jax=lambda jax, x: jax.numpy.log(x)),
        (np.array([1.0, -1.0]),),
        {},
    ),
    "no entries": (Rule(tanh, jax=lambda jax, x: jax.numpy.tanh(x)), (np.zeros((0, 3)),), {}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_rule_agrees_with_its_twin(name: str) -> None:
    rule, args, params = RIGHT[name]
    found = examine(rule, *args, **params)
    assert set(stances(found).values()) <= {"for"}
    assert all(e.kind == "cross-checked" and e.operations > 0 for e in found.values())
    if name != "no entries":
        assert ("forward", None) in found
        assert ("formula", "x" if "x" in rule.argument_names(1) else rule.argument_names(1)[0]) in found


KINKED = Rule(
    lambda x: (np.abs(x), lambda dy: dy * np.sign(x)),
    jax=lambda jax, x: jax.numpy.where(x < 0, -x, x),
)


@pytest.mark.parametrize("named", [("jax",), ("exact", "jax")])
def test_a_convention_at_a_kink_refutes_another(named: Any) -> None:
    found = [e for e in check(KINKED, np.array([0.0, 1.5]), oracles=named).evidence if e.oracle == "jax"]
    assert [(e.question, e.stance, e.reason) for e in found] == [
        ("forward", "for", ""),
        ("formula", "not applicable", "kink"),
    ]


def test_a_wrong_pullback_away_from_kinks_is_excused_by_none() -> None:
    wrong = Rule(lambda x: (np.abs(x), lambda dy: 2 * dy * np.sign(x)), jax=KINKED.jax)
    assert check(wrong, np.array([-2.0, 1.5]), oracles=["jax"]).verdict == "fail"


def test_a_function_that_cannot_be_lifted_has_no_kinks_that_are_known() -> None:
    opaque = Rule(lambda x: (np.vectorize(float)(x.tolist()), lambda dy: 2 * dy), jax=lambda jax, x: x)
    assert check(opaque, np.array([0.0, 1.5]), oracles=["jax"]).verdict == "fail"


def test_overflow_in_float32_is_that_of_float32() -> None:
    exp = Rule(lambda x: (np.exp(x), lambda dy: dy * np.exp(x)), jax=lambda jax, x: jax.numpy.exp(x))
    with np.errstate(over="ignore"):
        assert set(stances(examine(exp, np.array([100.0, 1.0], np.float32))).values()) == {"for"}
        assert set(stances(examine(exp, np.array([800.0, 1.0]))).values()) == {"for"}


def test_a_wrong_factor_in_float32_is_refuted() -> None:
    wrong = Rule(
        lambda x: (np.tanh(x), lambda dy: dy * (1 - np.tanh(x) ** 2) * np.float32(1.01)), jax=RIGHT["0-d"][0].jax
    )
    found = examine(wrong, np.array([0.1, 0.2], np.float32))
    assert stances(found) == {("forward", None): "for", ("formula", "x"): "against"}
    assert found["formula", "x"].resolution < 1e-3


def test_a_wrong_cotangent_is_refuted_and_named() -> None:
    def wrong(x: Any) -> Any:
        y = np.tanh(x)
        return y, lambda dy: dy * (1 - y * y) * np.array([1.0, 1.0, 1.001])

    found = examine(Rule(wrong, jax=lambda jax, x: jax.numpy.tanh(x)), np.array([0.1, 0.2, 0.3]))
    assert stances(found) == {("forward", None): "for", ("formula", "x"): "against"}
    assert found["formula", "x"].entry == (2,)
    assert found["formula", "x"].discrepancy == pytest.approx(2.55e-4, rel=0.01)  # of |dy * y| / |x|


def test_a_wrong_forward_is_told_from_a_wrong_formula() -> None:
    found = examine(Rule(tanh, jax=lambda jax, x: jax.numpy.tanh(x) + 1e-3), np.array([0.1, 0.2]))
    assert stances(found) == {("forward", None): "against", ("formula", "x"): "for"}


def test_the_output_that_differs_is_named() -> None:
    rule = Rule(polar, jax=lambda jax, r, t: (r * jax.numpy.cos(t), r * jax.numpy.cos(t)))
    problem = problem_of(rule, np.array([1.0]), np.array([0.3]))
    forward = [e for e in Jax().examine(problem) if e.question == "forward"]
    assert [(e.stance, e.detail) for e in forward] == [("for", "output 0"), ("against", "output 1")]


def test_a_small_difference_beyond_the_bar_is_undecided() -> None:
    found = examine(Rule(tanh, jax=lambda jax, x: jax.numpy.tanh(x) * (1 + 1e-9)), np.array([0.1, 0.2]))
    assert found["forward", None].stance == "undecided"


def test_a_cancelling_function_gets_a_bar_that_explains_its_rounding() -> None:
    def variance(x: Any) -> Any:
        y = np.mean(x * x) - np.mean(x) ** 2
        return y, lambda dy: dy * 2 * (x - x.mean()) / x.size

    found = examine(Rule(variance, jax=lambda jax, x: jax.numpy.var(x)), 1e3 + DRAWN.normal(size=6))
    assert "against" not in stances(found).values()


@pytest.mark.parametrize(
    ("twin", "stance", "message"),
    [
        (None, "not applicable", ""),
        (lambda jax, x: jax.numpy.no_such_function(x), "undecided", "the twin raised AttributeError"),
        (lambda jax, x: jax.numpy.sum(x), "against", "the outputs have shapes (3,), those of the twin ()"),
        (lambda jax: 0.0, "undecided", "the twin raised TypeError"),
    ],
    ids=["none declared", "it raises", "it has another shape", "it takes no arguments"],
)
def test_what_is_wrong_with_a_twin_is_said(twin: Any, stance: str, message: str) -> None:
    (evidence,) = Jax().examine(problem_of(Rule(tanh, jax=twin), np.ones(3)))
    assert evidence.stance == stance
    assert message in evidence.detail
    if twin is None:
        assert evidence.reason == "not declared"


def test_a_twin_without_a_value_refutes_nothing() -> None:
    def root(x: Any) -> Any:
        return np.abs(x) ** 1.5, lambda dy: dy * 1.5 * np.sign(x) * np.sqrt(np.abs(x))

    twin = lambda jax, x: jax.numpy.where(x > 0, x, -x) * jax.numpy.sqrt(jax.numpy.abs(x))  # noqa: E731
    found = examine(Rule(root, jax=twin), np.array([0.0, 1.0]))
    assert found["formula", "x"].stance == "undecided"
    assert "the twin gives nan" in found["formula", "x"].detail


def test_our_nan_beside_a_number_is_refuted() -> None:
    found = examine(Rule(lambda x: (x, lambda dy: dy * np.nan), jax=lambda jax, x: x), np.array([1.0]))
    assert stances(found) == {("forward", None): "for", ("formula", "x"): "against"}


def test_at_a_kink_only_the_forward_is_compared() -> None:
    found = examine(Rule(relu, jax=lambda jax, x: jax.nn.relu(x)), np.array([0.0, 1.0]), kink=True)
    assert stances(found) == {("forward", None): "for", ("formula", None): "not applicable"}
    assert found["formula", None].reason == "kink"


def test_a_surrogate_is_compared_in_the_forward_only() -> None:
    def step(x: Any) -> Any:
        return np.where(x > 0, 1.0, 0.0), lambda dy: dy

    rule = Rule(step, jax=lambda jax, x: jax.numpy.where(x > 0, 1.0, 0.0), surrogate=lambda x: x)
    found = examine(rule, np.array([-1.0, 1.0]))
    assert stances(found) == {("forward", None): "for", ("formula", None): "not applicable"}
    assert found["formula", None].reason == "surrogate"


def test_the_process_keeps_its_own_configuration_of_jax() -> None:
    import jax

    before = jax.config.jax_enable_x64
    examine(*RIGHT["elementwise"][:1], *RIGHT["elementwise"][1])
    assert jax.config.jax_enable_x64 == before


def test_points_of_the_same_shapes_share_a_compilation() -> None:
    traced = []

    def twin(jax: Any, x: Any) -> Any:
        traced.append(x.shape)
        return jax.numpy.tanh(x)

    rule, oracle = Rule(tanh, jax=twin), Jax()
    for shape in ((3,), (3,), (2,)):
        list(oracle.examine(problem_of(rule, DRAWN.normal(size=shape))))
    assert traced == [(3,), (2,)]


def test_another_value_of_a_static_parameter_is_another_function() -> None:
    rule, oracle = Rule(softmax, jax=lambda jax, x, *, axis: jax.nn.softmax(x, axis)), Jax()
    for axis in (0, 1):
        problem = problem_of(rule, DRAWN.normal(size=(3, 3)), axis=axis)
        assert {e.stance for e in oracle.examine(problem)} == {"for"}


@pytest.mark.parametrize(
    ("role", "name", "wanted"),
    [
        ("small", "small0", False),
        ("given", "given", True),
        ("special", "special2", True),
        ("random", "random0", True),
        ("random", "random1", False),
    ],
)
def test_it_looks_at_points_of_few_shapes(role: str, name: str, wanted: bool) -> None:
    problem = problem_of(Rule(tanh), np.ones(2), role=role, name=name)
    assert Jax().wants(problem) is wanted
    problem.asked = True
    assert Jax().wants(problem)


def test_why_not_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Jax().why_not() is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert Jax().why_not() == "jax is not installed: pip install 'gradcheck[jax]'"
