"""The diagnosis: each known mistake is named, and where nothing fits nothing is made up."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check
from gradcheck.contract import evaluate
from gradcheck.diagnosis import diagnose, entry_text
from gradcheck.results import Evidence, Point

RNG = np.random.default_rng(2)
N = 5


def matmul(a: Any, b: Any) -> tuple[Any, Callable[[Any], Any]]:
    return a @ b, lambda dy: (dy @ b.T, a.T @ dy)


def bilinear(a: Any, b: Any) -> tuple[Any, Callable[[Any], Any]]:
    return a * b, lambda dy: (dy * b, dy * a)


def cube(x: Any) -> tuple[Any, Callable[[Any], Any]]:
    return x**3, lambda dy: 3 * x**2 * dy


def softmax(x: Any) -> tuple[Any, Callable[[Any], Any]]:
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(-1, keepdims=True))


def wrong(right: Callable[..., Any], change: Callable[..., Any]) -> Callable[..., Any]:
    """The right rule with ``change(answer, *args)`` for its pullback's answer; the signature is that of two arguments or one."""

    def one(x: Any) -> Any:
        y, pullback = right(x)
        return y, lambda dy: change(pullback(dy), x)

    def two(a: Any, b: Any) -> Any:
        y, pullback = right(a, b)
        return y, lambda dy: change(pullback(dy), a, b)

    return one if right.__code__.co_argcount == 1 else two


SQUARE = RNG.uniform(-2, 2, (4, 4))
WIDE = RNG.uniform(-2, 2, (3, N))
CUBE = RNG.uniform(-2, 2, (2, 2, 2))
LINE = np.array([-2.0, 1.5, 0.25, -0.5, 3.0])

MISTAKES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
    "zeros": (wrong(cube, lambda g, x: g * 0), (LINE,), "your dx is zero"),
    "zeros for one of two": (wrong(bilinear, lambda g, a, b: (g[0], g[1] * 0)), (LINE, LINE + 1), "your db is zero"),
    "minus": (wrong(cube, lambda g, x: -g), (LINE,), "your dx is minus the right value"),
    "twice": (wrong(softmax, lambda g, x: 2 * g), (WIDE,), "your dx is twice the right value"),
    "a half": (wrong(cube, lambda g, x: g / 2), (LINE,), "your dx is half the right value"),
    "two thirds": (wrong(cube, lambda g, x: 2 * g / 3), (LINE,), "your dx is 2/3 times the right value"),
    "a factor": (wrong(cube, lambda g, x: g * 1.2345), (LINE,), "your dx is 1.2345 times the right value"),
    "a factor of a size": (
        wrong(softmax, lambda g, x: 5 * g),
        (WIDE,),
        "is 5 (the size of axis 1 of x) times the right value",
    ),
    "a sum for a mean": (wrong(cube, lambda g, x: g / 5), (LINE,), "is 1/5 (the size of axis 0 of x) times"),
    "a root of a size": (wrong(softmax, lambda g, x: g / np.sqrt(5)), (WIDE,), "is 1/√5 (the size of axis 1 of x)"),
    "a factor of all sizes": (wrong(softmax, lambda g, x: 15 * g), (WIDE,), "is 15 (the size of x) times"),
    "transposed": (wrong(matmul, lambda g, a, b: (g[0].T, g[1])), (SQUARE, SQUARE + 1), "da is the transpose of the"),
    "permuted": (
        wrong(cube, lambda g, x: g.transpose(1, 2, 0)),
        (CUBE,),
        "your dx has its axes permuted by (1, 2, 0)",
    ),
    "exchanged": (
        wrong(bilinear, lambda g, a, b: (g[1], g[0])),
        (LINE, LINE[::-1] + 1),
        "the cotangents of a and b are exchanged",
    ),
    "reversed": (wrong(cube, lambda g, x: g[::-1]), (LINE,), "your dx is reversed along axis 0"),
    "reversed along every axis": (wrong(cube, lambda g, x: g[::-1, ::-1]), (WIDE,), "dx is reversed along every axis"),
    "shifted": (wrong(cube, lambda g, x: np.roll(g, 1, -1)), (WIDE,), "your dx is shifted by 1 along axis 1"),
    "shifted back": (wrong(cube, lambda g, x: np.roll(g, -1)), (LINE,), "your dx is shifted by -1 along axis 0"),
    "a single entry": (
        wrong(cube, lambda g, x: g * (1 + (np.arange(5) == 3))),
        (LINE,),
        "your dx is wrong in a single entry, which is twice the right value: ∂L/∂x[3]",
    ),
    "zero for negative": (wrong(cube, lambda g, x: g * (x > 0)), (LINE,), "right elsewhere but zero for x < 0"),
    "wrong for positive": (
        wrong(cube, lambda g, x: np.where(x > 0, g * x, g)),
        (LINE,),
        "is right elsewhere but wrong for x > 0",
    ),
    "wrong at zero": (
        lambda x: (np.sin(x), lambda dy: dy * np.where(x == 0, 2.0, np.cos(x))),
        (np.array([0.0, 1.0, 0.0, 2.0]),),
        "is right elsewhere but twice the right value for x = 0",
    ),
    "wrong for large": (
        wrong(cube, lambda g, x: np.where(np.abs(x) >= 2, g * x, g)),
        (LINE,),
        "is right elsewhere but wrong for |x| > 2",
    ),
    "dy forgotten": (
        lambda x: (x**3, lambda dy: 3 * x**2 * np.abs(np.sign(dy))),
        (LINE,),
        "not linear in dy",
    ),
    "a mean forgotten": (
        lambda x: (x - x.mean(0), lambda dy: 1.0 * dy),
        (WIDE,),
        "your dx lacks the term -mean(dy, axis=0)",
    ),
    "a wrong shape, transposed": (
        wrong(matmul, lambda g, a, b: (g[0], g[1].T)),
        (WIDE, WIDE.T[:, :2]),
        "your db is the transpose of the right value",
    ),
    "a sum over a broadcast axis": (
        lambda x, b: (x + b, lambda dy: (dy, dy)),
        (WIDE, WIDE[0]),
        "your db lacks the sum over the broadcast axis 0: the cotangent of b has shape ",
    ),
    "sums over broadcast axes": (
        lambda x, b: (x + b, lambda dy: (dy, dy)),
        (CUBE, CUBE[0][:, :1]),
        "your db lacks the sum over the broadcast axes 0, 2: the cotangent of b has shape (2, 2, 2), b has (2, 1).",
    ),
}


@pytest.mark.parametrize(("function", "args", "says"), [pytest.param(*row, id=name) for name, row in MISTAKES.items()])
@pytest.mark.parametrize("seed", range(4))
def test_a_known_mistake_without_its_name(function: Callable[..., Any], args: Any, says: str, seed: int) -> None:
    result = check(function, *args, oracles="exact", seed=seed)
    assert result.verdict == "fail"
    assert says.lower() in result.diagnosis.lower()
    assert result.diagnosis[0].isupper()
    assert result.diagnosis.endswith(".")


UNKNOWN: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "another function": (lambda x: (x**3, lambda dy: np.exp(x) * np.cos(x * x + 1) * dy), (LINE,)),
    "noise": (wrong(cube, lambda g, x: g * (1 + 0.1 * np.sin(np.arange(5.0) * 9 + 1))), (LINE,)),
    "two wrong entries": (wrong(cube, lambda g, x: g * (1 + 0.3 * (np.arange(5) % 3 == 1))), (LINE,)),
    "a single number": (lambda x: (np.sin(x), lambda dy: dy * np.cos(x) + dy * 0.37), (np.array([1.0, 2.0]),)),
}


@pytest.mark.parametrize(("function", "args"), [pytest.param(*row, id=name) for name, row in UNKNOWN.items()])
@pytest.mark.parametrize("seed", range(4))
def test_a_mistake_is_made_up(function: Callable[..., Any], args: Any, seed: int) -> None:
    result = check(function, *args, oracles="exact", seed=seed)
    assert result.diagnosis.startswith("Wrong at ∂L/∂x[")


def test_the_numbers_of_the_entry_can_be_told_apart() -> None:
    result = check(wrong(cube, lambda g, x: g * (1 + 2.0**-30)), LINE, oracles="exact", dy=np.ones(5))
    shown = result.diagnosis.split("yours ")[1].split(" (")[0]
    yours, true = shown.split(", true ")
    assert yours != true
    assert "(certified)" in result.diagnosis


def test_a_right_pullback_has_a_diagnosis() -> None:
    assert check(cube, LINE, oracles="exact").diagnosis is None


def test_a_large_wrong_gradient_has_no_entry() -> None:
    result = check(wrong(cube, lambda g, x: 2 * g), np.linspace(1, 2, 100), oracles="exact")
    assert "∂L/∂x[" in result.diagnosis
    assert "yours " in result.diagnosis


def test_a_gradient_that_is_not_finite_is_explained() -> None:
    def at_zero(x: Any) -> Any:
        return np.sqrt(x), lambda dy: dy / (3 * np.sqrt(x))

    result = check(at_zero, np.array([0.0, 4.0, 9.0]), oracles="exact")
    assert result.diagnosis.startswith("Wrong at ∂L/∂x[")


@pytest.mark.parametrize(
    ("claimed", "value", "says"),
    [
        (None, 2.0, "∂L/∂x[1]: yours ?, true 2 (measured by differences)"),
        (2.0, None, "∂L/∂x[1]: yours 2, true ? (measured by differences)"),
        (1.0, 1.0 + 2.0**-40, "yours 1, true 1.000000000001"),
        (1 + 2j, 1 - 2j, "yours 1+2j, true 1-2j"),
    ],
    ids=["no claim", "no value", "close", "complex"],
)
def test_numbers_that_look_alike_or_are_missing(claimed: Any, value: Any, says: str) -> None:
    e = Evidence("differences", "measured", "against", argument="x", entry=(1,), claimed=claimed, value=value)
    assert entry_text(e).startswith(says) or says in entry_text(e)


def test_evidence_that_is_not_against_is_explained() -> None:
    problem = evaluate(Rule(cube), Point("given", "given", (LINE,)), seed=0)
    assert diagnose(problem, [Evidence("exact", "certified", "for")]) is None


def test_a_direction_has_no_entry_to_show() -> None:
    e = Evidence("differences", "measured", "against", claimed=1.0, value=2.0)
    assert entry_text(e).startswith("the gradient along the tested direction: yours 1, true 2")


@pytest.mark.parametrize(
    ("slope", "said"),
    [(lambda x: 1.37 / (1 - x) + x, "Wrong at ∂L/∂x[1]"), (lambda x: 2 / (1 - x), "Your dx is twice the right value")],
)
def test_a_black_box_that_refuses_the_arguments_of_a_mistake_stops_the_check(slope: Any, said: str) -> None:
    def picky(x: Any) -> Any:
        if not all(0 <= float(v) <= 1 for v in x):
            raise RuntimeError("all elements should be between 0 and 1")
        return np.array([-math.log1p(-float(v)) for v in x]), lambda dy: slope(x) * dy

    result = check(picky, np.array([0.25, 0.5]))
    assert result.verdict == "fail"
    assert said in " ".join(result.diagnosis.split())
