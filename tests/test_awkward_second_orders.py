"""Double backward passes at awkward points: tiny and huge entries, terms that cancel, forwards that have no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check, double_backward, real
from gradcheck.cases import Case
from gradcheck.checking import check_case
from gradcheck.contract.linear import hint
from gradcheck.oracles.lines import Lines
from gradcheck.oracles.stencils import measured_noise
from tests.benchmarks.differences import problem_of


def root(x: Any) -> Any:
    return np.sqrt(x), lambda dy: dy / (2 * np.sqrt(x))


def root_twice(u: Any, dy: Any, x: Any) -> Any:
    return u / (2 * np.sqrt(x)), -u * dy / (4 * x * np.sqrt(x))


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (2.0, "fail")])
def test_what_is_steep_near_0_is_taken_for_a_kink(factor: float, verdict: str) -> None:
    def twice(u: Any, dy: Any, x: Any) -> Any:
        ddy, dx = root_twice(u, dy, x)
        return ddy, factor * dx

    result = check(double_backward(root, twice), np.array([1e-200, 3.0, 1e150]), oracles="exact")
    assert result.verdict == verdict, str(result)
    assert "kink" not in " ".join(result.notes)
    said = {e.argument: e.stance for e in result.evidence if (e.oracle, e.question) == ("exact", "formula")}
    assert said == {"dy": "for", "x": "for" if verdict == "pass" else "against"}


def norm(x: Any, y: Any) -> Any:
    """The square root of x² + y² where that does not overflow, for x > y."""
    r = x * np.sqrt(1 + (y / x) ** 2)
    return r, lambda dy: (dy * (x / r), dy * (y / r))


def norm_twice(square: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """square: how the derivative of x / r comes by x² / r³ from x and r."""

    def twice(dd: Any, dy: Any, x: Any, y: Any) -> Any:
        r = x * np.sqrt(1 + (y / x) ** 2)
        (u, v), cross = dd, -(x / r) * (y / r) / r
        return (
            u * (x / r) + v * (y / r),
            dy * (u * (1 / r - square(x, r)) + v * cross),
            dy * (v * (1 / r - square(y, r)) + u * cross),
        )

    return twice


@pytest.mark.parametrize(
    ("square", "verdict"),
    [(lambda x, r: (x / r) ** 2 / r, "pass"), (lambda x, r: x / r**2 * (x / r), "fail")],
    ids=["without overflow", "r² overflows"],
)
def test_an_overflow_that_is_certified_is_a_dispute(square: Any, verdict: str) -> None:
    made = double_backward(norm, norm_twice(square))
    result = check(made, np.array([1e200]), np.array([1.0]), oracles="exact,differences")
    assert result.verdict == verdict, str(result)
    assert verdict == "pass" or "its evaluation loses digits" in result.diagnosis
    assert check(made, np.array([4.0]), np.array([1.0]), oracles="exact,differences")


def shifted(backward: Callable[[Any], Any], twice: Callable[[Any], Any]) -> Rule:
    """expm1 with these for the derivative and for its own."""
    return double_backward(
        lambda x: (np.expm1(x), lambda dy: dy * backward(x)), lambda u, dy, x: (u * backward(x), u * dy * twice(x))
    )


@pytest.mark.parametrize(
    ("backward", "said"),
    [
        (lambda x: np.expm1(x) + 1, "the backward itself: at most"),
        (np.exp, "gradient: at most"),
    ],
    ids=["in the backward", "after it"],
)
def test_digits_that_the_backward_loses_are_said_to_be_the_forward_s(backward: Any, said: str) -> None:
    result = check(shifted(backward, lambda x: np.expm1(x) + 1), np.array([-40.0]), oracles="exact")
    assert result.verdict == "fail"
    assert f"its evaluation loses digits (about 14 of 16): {said}" in " ".join(result.diagnosis.split())


def of_mean(count: Callable[[Any], Any]) -> Rule:
    """The double backward of the mean; count: by what its own backward divides."""

    def mean(x: Any) -> Any:
        return np.asarray(x.sum() / x.dtype.type(x.size)), lambda dy: np.full(x.shape, dy / x.dtype.type(x.size))

    def twice(u: Any, dy: Any, x: Any) -> Any:
        return np.asarray(u.sum() / x.dtype.type(count(x))), 0 * x

    return double_backward(Rule(mean, domains={"": {"x": real("n")}}), twice)


def of_sum() -> Rule:
    """The double backward of a sum that is fine, but for no entries."""
    return double_backward(
        Rule(lambda x: (np.asarray(x.sum()), lambda dy: np.full(x.shape, dy)), domains={"": {"x": real("n")}}),
        lambda u, dy, x: (np.asarray(u.sum() / x.dtype.type(x.size) * x.size), 0 * x),
    )


def test_the_mean_of_nothing_is_asked_for_a_double_backward_or_the_sum_of_nothing_is_not() -> None:
    result = check_case(Case(of_mean(lambda x: x.size)), oracles="exact")
    assert result, str(result)
    assert not check_case(Case(of_mean(lambda x: x.size + 1)), oracles="exact")
    result = check_case(Case(of_sum()), oracles="exact")
    assert result.verdict == "fail", str(result)
    assert "For axes of size 0 (dy (), x (0,)) the cotangent of dy is NaN" in " ".join(result.diagnosis.split())


EPSILON = 1e-5


def standard(x: Any) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    r = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
    return centred, r


def standardized(x: Any, dy: Any) -> Any:
    centred, r = standard(x)
    h = centred * r
    return r * (dy - dy.mean(-1, keepdims=True) - h * (h * dy).mean(-1, keepdims=True))


def standardize(x: Any) -> Any:
    centred, r = standard(x)
    return centred * r, lambda dy: standardized(x, dy)


def standardize_twice(round_: Callable[[Any], Any]) -> Callable[..., Any]:
    def twice(u: Any, dy: Any, x: Any) -> Any:
        centred, r = standard(x)
        h = centred * r

        def mean(a: Any) -> Any:
            return a.mean(-1, keepdims=True)

        c, d, e = mean(h * dy), mean(h * u), mean(u * (dy - mean(dy))) - mean(h * dy) * mean(h * u)
        # <u, dx> = n r (mean(u dy) - mean(u) mean(dy) - c d), differentiated by x.
        dc, dd = (r * (g - mean(g) - h * mean(h * g)) for g in (dy, u))
        return round_(standardized(x, u)), -(r**2) * h * e - r * (c * dd + d * dc)

    return twice


@pytest.mark.parametrize(
    ("round_", "said"),
    [
        (lambda a: a, ""),
        (lambda a: np.round(a, 11), "is not linear in dy"),
    ],
    ids=["in double precision", "to decimals"],
)
def test_terms_that_have_cancelled_in_the_backward_make_its_own_backward_not_linear(round_: Any, said: str) -> None:
    x = np.array([[2.989, 2.175], [-0.205, -1.77]])
    result = check(double_backward(standardize, standardize_twice(round_)), x, oracles="differences")
    assert result.verdict == ("fail" if said else "pass"), str(result)
    assert said in " ".join((result.diagnosis or "").split()), str(result)


@pytest.mark.parametrize(("off", "said"), [(1e-7, True), (4e-11, False), (1e-3, False)])
def test_another_difference_than_that_of_float32_is_said_to_be_its(off: float, said: bool) -> None:
    assert ("float32" in hint(np.array([1.0, 2.0 + 2 * off]), np.array([1.0, 2.0]))) == said


def test_what_follows_from_a_wrong_backward_is_said_in_its_place() -> None:
    wrong = double_backward(
        lambda x: (x**3, lambda dy: (3 + 1e-8) * x * x * dy), lambda u, dy, x: ((3 + 1e-8) * x * x * u, np.nan * x)
    )
    result = check(wrong, np.array([2.0, 1.0]))
    text = " ".join(result.diagnosis.split())
    assert text.startswith("The backward itself is wrong: dx[")
    claimed, true = text.partition(" is ")[2].partition(" is ")[2].split(" (")[0].split(", true ")
    assert claimed != true, "the two numbers are not told apart"
    right = double_backward(lambda x: (x**3, lambda dy: 3 * x * x * dy), lambda u, dy, x: (3 * x * x * u, np.nan * x))
    assert "is NaN at x[0] = 2" in check(right, np.array([2.0, 1.0])).diagnosis


@pytest.mark.parametrize(("slope", "verdict"), [(0.0, "pass"), (3.0, "fail")])
def test_a_point_beside_a_kink_that_is_beyond_the_domain_stops_the_check(slope: float, verdict: str) -> None:
    def edge(x: Any, z: Any) -> Any:
        return np.sqrt(x) + np.abs(z), lambda dy: (dy / (2 * np.sqrt(x)), slope * dy)

    result = check(edge, np.array([1e-200, 1.0]), np.array([0.0, 0.0]), oracles="exact,differences")
    assert result.verdict == verdict, str(result)


@pytest.mark.parametrize(
    ("function", "noise"),
    [
        (lambda t: 3.5 + 0.25 * np.sign(t) * np.cos(t), 0.0),
        (lambda t: np.float64(np.float32(3.5 + np.sin(1.1 * t))), 1e-7),
    ],
    ids=["a step", "float32"],
)
def test_a_step_is_taken_for_noise_or_noise_for_a_step(function: Any, noise: float) -> None:
    lines = Lines(problem_of("noise", lambda x: np.asarray(function(x - 1.0)), np.asarray(1.0)))
    found = float(measured_noise(lines.line({0: np.asarray(1.0)}), lines.here)[0])
    assert noise / 8 <= found <= 8 * noise + 1e-14


def test_who_takes_no_complex_numbers_is_said_to_refuse_the_points_beside() -> None:
    def real_only(x: Any) -> Any:
        if np.iscomplexobj(x):
            raise TypeError("no complex numbers, please")
        return np.asarray(1e4 + np.sin(x))

    lines = Lines(problem_of("real", real_only, np.asarray(1.0)))
    assert lines.plane({0: np.asarray(1.0)})(1e-20j) is None
    assert lines.refused is None
    with np.errstate(all="ignore"):
        lines = Lines(problem_of("short", lambda x: np.asarray(real_only(x) if x <= 1 else 1 / 0), np.asarray(1.0)))
    assert np.isnan(lines.line({0: np.asarray(1.0)})(0.5).y).all()
    assert isinstance(lines.refused, ZeroDivisionError)
