"""Differences against functions whose derivative is known: the bar must hold the truth, and decide where it can."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

from gradcheck import contract
from gradcheck.oracles.differences import Differences
from gradcheck.problems import Problem
from gradcheck.results import Evidence, Point, plain
from gradcheck.rules import Rule, from_vjp


def problem_of(forward: Any, vjp: Any, *args: Any, dy: Any = None, room: Any = (), kink: bool = False) -> Problem:
    rule = forward if isinstance(forward, Rule) else from_vjp(forward, vjp)
    problem = contract.evaluate(rule, Point("given", "given", tuple(np.asarray(a) for a in args), {}, dy), seed=0)
    problem.room, problem.kink = room, kink
    return problem


def examine(forward: Any, vjp: Any, *args: Any, **options: Any) -> list[Evidence]:
    return list(Differences().examine(problem_of(forward, vjp, *args, **options)))


# (function, the same in mpmath, x): smooth, oscillating, steep, flat, at domain edges, of all magnitudes.
SMOOTH = {
    "exp(1)": (np.exp, mpmath.exp, 1.0),
    "exp(0)": (np.exp, mpmath.exp, 0.0),
    "exp(700)": (np.exp, mpmath.exp, 700.0),
    "exp(-700)": (np.exp, mpmath.exp, -700.0),
    "expm1(1e-9)": (np.expm1, mpmath.expm1, 1e-9),
    "log(1e-300)": (np.log, mpmath.log, 1e-300),
    "log(1e300)": (np.log, mpmath.log, 1e300),
    "log(1+2^-40)": (np.log, mpmath.log, 1 + 2.0**-40),
    "log1p(1e-12)": (np.log1p, mpmath.log1p, 1e-12),
    "x^30 at 1.7": (lambda x: x**30, lambda x: x**30, 1.7),
    "x^30 at 0.01": (lambda x: x**30, lambda x: x**30, 0.01),
    "x^2 at 1e-150": (lambda x: x**2, lambda x: x**2, 1e-150),
    "x^2 at 1e150": (lambda x: x**2, lambda x: x**2, 1e150),
    "x^1.5 at 1e-8": (lambda x: x**1.5, lambda x: x ** mpmath.mpf(1.5), 1e-8),
    "sqrt(1e-200)": (np.sqrt, mpmath.sqrt, 1e-200),
    "sqrt(1-x) at 1-1e-6": (lambda x: np.sqrt(1 - x), lambda x: mpmath.sqrt(1 - x), 1 - 1e-6),
    "1/x at 1e-5": (lambda x: 1 / x, lambda x: 1 / x, 1e-5),
    "1/(1-x) at 1-1e-4": (lambda x: 1 / (1 - x), lambda x: 1 / (1 - x), 1 - 1e-4),
    "tan near its pole": (np.tan, mpmath.tan, 1.5707),
    "arcsin(0.999)": (np.arcsin, mpmath.asin, 0.999),
    "arctanh(1-1e-5)": (np.arctanh, mpmath.atanh, 1 - 1e-5),
    "sin(1e4 x)": (lambda x: np.sin(1e4 * x), lambda x: mpmath.sin(10000 * x), 1.1),
    "sin(1e6 x)": (lambda x: np.sin(1e6 * x), lambda x: mpmath.sin(1000000 * x), 1.1),
    "cos with 64 periods": (lambda x: np.cos(402.0 * x), lambda x: mpmath.cos(402 * x), 1.1),
    "sin(1e8)": (np.sin, mpmath.sin, 1e8),
    "tanh(1e3 x) at its foot": (lambda x: np.tanh(1e3 * x), lambda x: mpmath.tanh(1000 * x), 1e-3),
    "tanh(30), flat": (np.tanh, mpmath.tanh, 30.0),
    "sigmoid(-40)": (special.expit, lambda x: 1 / (1 + mpmath.exp(-x)), -40.0),
    "gaussian, narrow": (lambda x: np.exp(-1e6 * (x - 1) ** 2), lambda x: mpmath.exp(-1000000 * (x - 1) ** 2), 1.001),
    "erf(5)": (special.erf, mpmath.erf, 5.0),
    "erf(1e-10)": (special.erf, mpmath.erf, 1e-10),
    "gammaln(1e-3)": (special.gammaln, mpmath.loggamma, 1e-3),
    "gammaln(1e5)": (special.gammaln, mpmath.loggamma, 1e5),
    "1e-12 cos": (lambda x: 1e-12 * np.cos(x), lambda x: mpmath.mpf(1e-12) * mpmath.cos(x), 0.7),
    "1e12 cos": (lambda x: 1e12 * np.cos(x), lambda x: mpmath.mpf(1e12) * mpmath.cos(x), 0.7),
    "(1-cos x)/x^2, cancelling": (lambda x: (1 - np.cos(x)) / x**2, lambda x: (1 - mpmath.cos(x)) / x**2, 1e-2),
    "x|x| at 1e-5": (lambda x: x * abs(x), lambda x: x * abs(x), 1e-5),
    "logaddexp": (lambda x: np.logaddexp(x, -x), lambda x: mpmath.log(mpmath.exp(x) + mpmath.exp(-x)), 0.3),
    "stationary point": (np.cos, mpmath.cos, 0.0),
    "linear, huge offset": (lambda x: 1e6 + x, lambda x: 1000000 + x, 0.5),
    "constant": (lambda x: 3.0 + 0 * x, lambda x: mpmath.mpf(3) + 0 * x, 0.5),
    "zero": (lambda x: 0.0 * x, lambda x: 0 * x, 0.5),
}


def slope_of(reference: Any, x: float) -> float:
    with mpmath.workdps(700 if abs(x) < 1e-20 else 80):
        exact = mpmath.mpf(x)
        return float(mpmath.diff(reference, exact, h=mpmath.mpf(10) ** -40 * (abs(exact) or 1)))


@pytest.mark.parametrize("name", SMOOTH)
def test_the_truth_lies_inside_the_bar_and_the_bar_decides(name: str) -> None:
    function, reference, x = SMOOTH[name]
    truth = slope_of(reference, x)
    (evidence,) = examine(function, lambda dy, x: dy * truth, x, dy=-1.25)
    assert abs(evidence.value - -1.25 * truth) <= evidence.bar
    assert evidence.stance == "for"


@pytest.mark.parametrize("name", sorted(set(SMOOTH) - {"zero", "constant", "stationary point"}))
def test_a_slope_that_is_wrong_by_a_ten_thousandth_of_the_scale_is_refuted(name: str) -> None:
    function, reference, x = SMOOTH[name]
    truth = -1.25 * slope_of(reference, x)
    wrong = truth + 1e-4 * problem_of(function, lambda dy, x: dy, x, dy=-1.25).scale(0, np.asarray(truth))
    (evidence,) = examine(function, lambda dy, x: wrong, x, dy=-1.25)
    assert evidence.stance == "against"
    assert evidence.discrepancy == pytest.approx(1e-4, rel=1e-2)


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(-1, keepdims=True))


def matmul(a: Any, b: Any) -> Any:
    return a @ b, lambda dy: (dy @ b.T, a.T @ dy)


def sin32(x: Any) -> Any:
    low = np.float32(x)
    return np.asarray(np.sin(low), dtype=np.asarray(x).dtype), lambda dy: np.asarray(dy * np.cos(low), dtype=x.dtype)


def relu(x: Any) -> Any:
    return np.maximum(x, 0), lambda dy: dy * (x > 0)


def polar(r: Any, t: Any) -> Any:
    x, y = r * np.cos(t), r * np.sin(t)

    def pullback(dy: Any) -> Any:
        return dy[0] * np.cos(t) + dy[1] * np.sin(t), -dy[0] * y + dy[1] * x

    return (x, y), pullback


def square(z: Any) -> Any:
    return z * z, lambda dy: 2 * z * dy


def squared_modulus(z: Any) -> Any:
    return (z * np.conj(z)).real, lambda dy: 2 * dy * np.conj(z)


def to_complex(x: Any) -> Any:
    return np.exp(1j * x), lambda dy: (dy * 1j * np.exp(1j * x)).real


def xlogy(x: Any, y: Any) -> Any:
    return special.xlogy(x, y), lambda dy: (dy * np.log(y), dy * x / y)


DRAWN = np.random.default_rng(7)
RIGHT = {
    "softmax": (softmax, DRAWN.normal(size=(3, 4))),
    "softmax at ±800": (softmax, np.array([800.0, -800.0, 799.0, 3.0])),
    "softmax over one": (softmax, np.array([[0.3], [2.0]])),
    "matmul": (matmul, DRAWN.normal(size=(3, 4)), DRAWN.normal(size=(4, 2))),
    "matmul, mixed scales": (matmul, np.array([[1e-9, 1e9], [1.0, 1e3]]), np.array([[1e6], [1e-6]])),
    "matmul, many entries": (matmul, DRAWN.normal(size=(20, 30)), DRAWN.normal(size=(30, 10))),
    "softmax, many entries": (softmax, 3 * DRAWN.normal(size=(20, 10))),
    "relu, many entries, half of them zero": (relu, DRAWN.normal(size=200)),
    "relu, many negative entries": (relu, -np.abs(DRAWN.normal(size=200))),
    "relu 1e-7 from its kink": (relu, np.array([1e-7, -1e-7, 1.0])),
    "relu 1e-7 from its kink, alone": (relu, np.float64(1e-7)),
    "two outputs": (polar, DRAWN.uniform(1, 2, 3), DRAWN.normal(size=3)),
    "float32": (sin32, DRAWN.normal(size=4).astype(np.float32)),
    "float32 inside": (sin32, DRAWN.normal(size=4)),
    "float32, many entries": (sin32, DRAWN.normal(size=100).astype(np.float32)),
    "complex, holomorphic": (square, DRAWN.normal(size=3) + 1j * DRAWN.normal(size=3)),
    "complex, not holomorphic": (squared_modulus, DRAWN.normal(size=3) + 1j * DRAWN.normal(size=3)),
    "complex, many entries": (squared_modulus, DRAWN.normal(size=80) + 1j * DRAWN.normal(size=80)),
    "real to complex": (to_complex, DRAWN.normal(size=3)),
    "an argument of zeros": (xlogy, np.zeros(2), np.array([0.5, 2.0])),
    "scales from 1e-12 to 1e12 in one array": (lambda x: (np.log(x), lambda dy: dy / x), 10.0 ** np.arange(-12, 13, 3)),
    "more outputs than are kept apart": (matmul, DRAWN.normal(size=(100, 2)), DRAWN.normal(size=(2, 99))),
    "more outputs than are kept apart, complex": (to_complex, DRAWN.normal(size=5000)),
    "many scales in many entries": (lambda x: (np.log(x), lambda dy: dy / x), 10.0 ** DRAWN.uniform(-5, 5, 100)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_rule_gets_evidence_for_every_argument(name: str) -> None:
    function, *args = RIGHT[name]
    evidence = examine(Rule(function), None, *args)
    assert [e.stance for e in evidence] == ["for"] * len(args)
    assert all(e.discrepancy <= e.resolution for e in evidence)
    assert all(e.operations > 0 and e.kind == "measured" and e.question == "formula" for e in evidence)


def spoiled(function: Any, argument: int, index: Any, change: Any) -> Rule:
    def rule(*args: Any) -> Any:
        y, pullback = function(*args)

        def wrong(dy: Any) -> Any:
            answered = pullback(dy)
            cotangents = [np.array(c) for c in (answered if isinstance(answered, tuple) else (answered,))]
            cotangents[argument][index] = change(cotangents[argument][index])
            return tuple(cotangents)

        return y, wrong

    return Rule(rule)


WRONG = {
    "one entry of few": ("matmul", 1, (2, 1), lambda g: 1.001 * g),
    "one entry of many, located": ("matmul, many entries", 0, (7, 11), lambda g: 1.01 * g),
    "one entry of many, in the second argument": ("matmul, many entries", 1, (29, 9), lambda g: -g),
    "a zero that is none": ("relu, many negative entries", 0, (17,), lambda g: g + 0.01),
    "a value that should not be zero": ("matmul, many entries", 0, (3, 4), lambda g: 0.0),
    "float32 by 10 %": ("float32", 0, (1,), lambda g: np.float32(1.1) * g),
    "NaN": ("matmul", 0, (0, 0), lambda g: np.nan),
    "NaN among many": ("softmax, many entries", 0, (4, 5), lambda g: np.nan),
    "one entry of many with grouped outputs": ("more outputs than are kept apart", 1, (1, 50), lambda g: 1.01 * g),
    "conjugated": ("complex, holomorphic", 0, (1,), np.conj),
    "conjugated among many": ("complex, many entries", 0, (33,), np.conj),
    "a tiny entry beside a huge one": ("many scales in many entries", 0, (50,), lambda g: 1.01 * g),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_is_refuted_and_named(name: str) -> None:
    right, argument, index, change = WRONG[name]
    function, *args = RIGHT[right]
    evidence = examine(spoiled(function, argument, index, change), None, *args)
    assert [e.stance for e in evidence] == ["against" if k == argument else "for" for k in range(len(args))]
    assert evidence[argument].entry == index


def row_times_matrix(x: Any, A: Any) -> Any:
    return x @ A, lambda dy: (A @ dy, np.outer(x, dy))


def trace_of_product(A: Any, X: Any, B: Any) -> Any:
    return np.trace(A @ X @ B), lambda dy: (dy * (X @ B).T, dy * (A.T @ B.T), (dy * X.T) @ A.T)


def log_of_line(t: Any, *, start: Any, slope: Any) -> Any:
    z = start + slope * t
    return np.log(z), lambda dy: (dy * slope / z).astype(t.dtype)


def average(q: Any, v: Any) -> Any:
    e = np.exp(np.stack([q, 0 * q, 0 * q]))
    p = e / e.sum()
    y = p @ v
    return y, lambda dy: (p[0] * (v[0] - y) * dy, dy * p)


# Rounding that does not show where noise is looked for: the function, its arguments, their dtype, parameters, dy.
ROUNDED: dict[str, tuple[Any, list[Any], Any, dict[str, float], Any]] = {
    "large terms that cancel": (row_times_matrix, [[-1e-8, 3, 1], [[0], [-2], [6]]], float, {}, [-3.36]),
    "steps that are absorbed in part": (log_of_line, [0], float, {"start": 1, "slope": 1e-8}, -1.42),
    "steps that are all absorbed": (log_of_line, [0], np.float32, {"start": 1, "slope": 1e-8}, -1.42),
    "stairs": (log_of_line, [-0.005], np.float32, {"start": 1, "slope": 0.132}, -0.984),
    "a stair": (log_of_line, [0.001], np.float32, {"start": 1, "slope": 0.001}, -1.42),
    "a sum of 0": (average, [0, [2, -1, -1]], np.float32, {}, -1.537),
    "a slope that cancels": (
        trace_of_product,
        [[[-2, 2, 3], [-2, -1, 3], [-1, -2, 2]], [[-2, 1e-8, 1], [0, -3, 1e-8], [3, 2, 2]], np.zeros((3, 3))],
        float,
        {},
        -1.114,
    ),
}


@pytest.mark.parametrize("name", ROUNDED)
def test_rounding_that_hides_refutes_nothing_that_is_right(name: str) -> None:
    function, numbers, dtype, params, dy = ROUNDED[name]
    args = tuple(np.array(a, dtype=dtype) for a in numbers)
    arrays = {k: np.array(v, dtype=dtype) for k, v in params.items()}
    point = Point("given", "given", args, arrays, np.asarray(dy, dtype=dtype))
    found = list(Differences().examine(contract.evaluate(Rule(function), point, seed=0)))
    assert {e.stance for e in found} <= {"for", "undecided"}, found


def test_what_is_flat_indeed_refutes_a_slope() -> None:
    (found,) = examine(np.floor, lambda dy, x: dy, np.array([2.4]))
    assert found.stance == "against"


def norm(x: Any) -> Any:
    return np.sqrt((x * x).sum()), None


KINKS = {
    "relu'(0) = 0": (relu, lambda dy, x: dy * (x > 0), [0.0, 1.0, -2.0], "for"),
    "relu'(0) = 1": (relu, lambda dy, x: dy * (x >= 0), [0.0, 1.0, -2.0], "for"),
    "relu'(0) = 1/2": (relu, lambda dy, x: dy * np.heaviside(x, 0.5), [0.0, 1.0, -2.0], "for"),
    "relu'(0) = 2": (relu, lambda dy, x: dy * np.where(x == 0, 2.0, x > 0), [0.0, 1.0, -2.0], "against"),
    "relu'(0) = -1/10": (relu, lambda dy, x: dy * np.where(x == 0, -0.1, x > 0), [0.0, 1.0, -2.0], "against"),
    "max, the first wins": (
        lambda x: (x.max(), None),
        lambda dy, x: dy * np.array([1.0, 0, 0]),
        [2.0, 2.0, 1.0],
        "for",
    ),
    "max, shared": (lambda x: (x.max(), None), lambda dy, x: dy * np.array([0.5, 0.5, 0]), [2.0, 2.0, 1.0], "for"),
    "a norm at 0, 0": (norm, lambda dy, x: 0 * dy * x, [0.0, 0.0], "for"),
    "a norm at 0, inside the disc": (norm, lambda dy, x: dy * np.array([0.9, 0.0]), [0.0, 0.0], "for"),
    "a norm at 0, outside": (norm, lambda dy, x: dy * np.array([2.0, 0.0]), [0.0, 0.0], "against"),
    "max, nobody wins": (lambda x: (x.max(), None), lambda dy, x: dy * np.zeros(3), [2.0, 2.0, 1.0], "against"),
    "max, everybody wins": (lambda x: (x.max(), None), lambda dy, x: dy * (x == 2.0), [2.0, 2.0, 1.0], "against"),
}


@pytest.mark.parametrize("known", [True, False], ids=["known", "found by differences"])
@pytest.mark.parametrize("name", KINKS)
def test_at_a_kink_a_subgradient_passes_and_nothing_else(name: str, known: bool) -> None:
    rule, vjp, x, stance = KINKS[name]
    problem = problem_of(lambda x: rule(x)[0], vjp, np.array(x), kink=known)
    (evidence,) = Differences().examine(problem)
    assert problem.kink
    assert evidence.stance == stance
    if stance == "for":
        assert "subgradient" in evidence.detail or evidence.entry is None


@pytest.mark.parametrize("seed", range(12))
def test_a_step_that_comes_out_short_in_float32_makes_a_bar_too_small(seed: int) -> None:
    # The first sum is 0 and has no noise of its own there, so that the rounding of the steps is all that its bar holds.
    def sum_and_difference(x: Any) -> Any:
        return np.fft.rfft(x, 2, axis=0, norm="ortho")

    def vjp(dy: Any, x: Any) -> Any:
        return (np.stack([dy[0] + dy[1], dy[0] - dy[1]]).real / np.sqrt(2)).astype(np.float32)

    x, rng = np.array([[-3, 1e-8], [3, 0]], np.float32), np.random.default_rng(seed)
    dy = rng.uniform(-3, 3, (2, 2)) + 1j * rng.uniform(-3, 3, (2, 2))
    (evidence,) = examine(sum_and_difference, vjp, x, dy=dy.astype(np.complex64))
    assert evidence.stance == "for"
    assert abs(evidence.claimed - evidence.value) < evidence.bar / 4


@pytest.mark.parametrize(
    ("function", "x", "stance"),
    [
        (special.entr, [0.1, 0.0, 0.1], "undecided"),
        (special.entr, [0.0], "undecided"),
        (np.square, [0.1, 0.0, 0.1], "against"),
        (np.sin, [0.5, 0.0, 1.0], "against"),
    ],
)
def test_a_slope_that_is_hardly_known_contradicts_infinity(function: Any, x: Any, stance: str) -> None:
    x = np.array(x, np.float32)
    slope = {special.entr: lambda x: -np.log(np.where(x == 0, 1, x)) - 1, np.square: lambda x: 2 * x, np.sin: np.cos}[
        function
    ]
    (evidence,) = examine(function, lambda dy, x: dy * np.where(x == 0, np.float32(np.inf), slope(x)), x)
    assert evidence.stance == stance


@pytest.mark.parametrize(("x", "factor", "against"), [(0.0, 1, False), (1e-12, 1, False), (1e-12, 1.5, True)])
def test_a_slope_that_only_short_steps_see_is_missed(x: float, factor: float, against: bool) -> None:
    # All of the step lies within 1e-8 of 0, which nothing but the claimed slope tells.
    def steep(x: Any) -> Any:
        return x / np.sqrt(1e-16 + x * x) + np.array([0.0, 1.0])

    def vjp(dy: Any, x: Any) -> Any:
        return dy * factor * 1e-16 / (1e-16 + x * x) ** 1.5

    (evidence,) = examine(steep, vjp, np.array([x, 3.0]), dy=np.array([1.0, 1e-12]))
    assert (evidence.stance == "against") == against


def test_a_kink_where_exact_arithmetic_saw_none_is_undecided_with_an_infinite_bar() -> None:
    problem = problem_of(Rule(relu), None, np.array([0.0, 1.0]))
    problem.extras["ideal"] = "of code that exact arithmetic could run"
    (evidence,) = Differences().examine(problem)
    assert (evidence.stance, evidence.bar, evidence.entry) == ("undecided", np.inf, (0,))
    assert "kink" in evidence.detail
    assert not problem.kink


# How far from the point the kink is; the claim; what is said.
BESIDE = {
    f"a kink {apart} away, slope {claim}": (apart, claim, "for" if claim == 0.0 else "against")
    for apart in (1e-2, 1e-4, 1e-6, 1e-7, 1e-8)
    for claim in (0.0, 0.5, 1.0)
}


@pytest.mark.parametrize(("apart", "claim", "stance"), BESIDE.values(), ids=BESIDE)
def test_a_kink_beside_the_point_is_taken_for_one_at_it(apart: float, claim: float, stance: str) -> None:
    problem = problem_of(lambda x: np.maximum(x - apart, 0.0), lambda dy, x: claim * dy, np.array([0.0, 0.0]))
    (evidence,) = Differences().examine(problem)
    assert evidence.stance == stance
    assert not problem.kink


def test_many_entries_at_a_kink_are_never_refuted_for_a_right_convention() -> None:
    x = np.where(np.arange(100) % 5, DRAWN.normal(size=100), 0.0)
    (evidence,) = examine(Rule(relu), None, x, kink=True)
    assert evidence.stance != "against"


def test_ties_between_two_arguments_are_moved_together() -> None:
    def maximum(x: Any, y: Any) -> Any:
        return np.maximum(x, y), lambda dy: (dy * (x >= y), dy * (y >= x))

    evidence = examine(Rule(maximum), None, np.array([1.0, 2.0]), np.array([1.0, 3.0]), kink=True)
    assert [e.stance for e in evidence] == ["against", "for"]


def test_complex_entries_are_in_no_tied_group() -> None:
    (evidence,) = examine(Rule(square), None, np.array([1 + 1j, 1 + 1j]), kink=True)
    assert evidence.stance == "for"


def test_steps_stay_inside_the_room() -> None:
    seen: list[float] = []

    def log(x: Any) -> Any:
        seen.append(float(np.min(x)))
        return np.log(x), lambda dy: dy / x

    x = np.array([1e-3, 2.0])
    (evidence,) = examine(Rule(log), None, x, room=(np.abs(x),))
    assert evidence.stance == "for"
    assert min(seen) > 0


@pytest.mark.parametrize(
    ("function", "vjp", "x"),
    [
        (lambda x: np.array([math.log(v) for v in x]), lambda dy, x: dy / x, [1e-8, 1.0]),
        (lambda x: np.sqrt(x) ** 3, lambda dy, x: dy * 1.5 * np.sqrt(x), 1e-10),
        (lambda x: 2 + np.sqrt(x) ** 4, lambda dy, x: 2 * dy * x, 0.0),
        (lambda x: 2 + np.sqrt(-x) ** 4, lambda dy, x: 2 * dy * x, 0.0),
    ],
    ids=["raises outside", "NaN outside", "only the right side exists", "only the left side exists"],
)
def test_without_known_room_steps_shrink_or_keep_to_one_side(function: Any, vjp: Any, x: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (evidence,) = examine(function, vjp, x)
    assert evidence.stance == "for"


def test_a_function_without_a_value_is_not_applicable() -> None:
    (evidence,) = examine(lambda x: np.log(x), lambda dy, x: dy, np.array([0.0]))
    assert (evidence.stance, evidence.reason) == ("not applicable", "not differentiable")


def test_arguments_without_entries_are_skipped() -> None:
    evidence = examine(Rule(matmul), None, np.zeros((0, 3)), np.ones((3, 2)))
    assert [(e.argument, e.stance) for e in evidence] == [("b", "for")]
    assert examine(Rule(relu), None, np.zeros(0)) == []


def test_an_output_whose_shape_depends_on_values_is_undecided_rather_than_an_error() -> None:
    (evidence,) = examine(lambda x: x[x >= 1.0], lambda dy, x: np.array([dy[0], 0.0]), np.array([1.0, 0.0]))
    assert evidence.stance in ("for", "undecided")


def test_a_random_function_is_undecided() -> None:
    rng = np.random.default_rng(0)
    (evidence,) = examine(lambda x: x * rng.uniform(0.5, 2.0), lambda dy, x: dy, np.float64(1.0))
    assert evidence.stance == "undecided"


def test_the_cost_of_many_entries_does_not_grow_with_their_number() -> None:
    cost = []
    for n in (100, 10_000):
        (evidence,) = examine(Rule(relu), None, np.abs(np.random.default_rng(n).normal(size=n)) + 0.1)
        cost.append(evidence.operations / (2 * n))
    assert cost[1] <= 1.5 * cost[0]


def test_evidence_is_plain_data() -> None:
    for name in ("matmul", "complex, holomorphic", "float32"):
        for e in examine(Rule(RIGHT[name][0]), None, *RIGHT[name][1:]):
            assert json.loads(json.dumps(plain(e))) == plain(e)
            assert {type(e.claimed), type(e.value), type(e.bar)} <= {float, complex}


def test_outputs_without_cotangent_do_not_count() -> None:
    (evidence,) = examine(lambda x: np.log(x), lambda dy, x: dy / np.where(x, x, 1), [0.0, 2.0], dy=[0.0, 1.0])
    assert evidence.stance != "not applicable"


def test_the_oracle_looks_at_every_point_and_needs_nothing() -> None:
    problem = problem_of(Rule(relu), None, np.ones(2))
    assert Differences().why_not() is None
    assert Differences().wants(problem)
