import numpy as np
import pytest
from scipy import special

from gradcheck.oracles.symbolic import Symbolic
from tests.oracles.proofs import (
    RIGHT,
    WRONG,
    A,
    X,
    cross_entropy,
    examine,
    half_life,
    largest,
    matmul_transposed,
    norm,
    normal_cdf,
    only,
    power_three_tenths,
    problem_of,
    scaled,
    sine,
    straight_through,
)


@pytest.mark.parametrize("name", RIGHT)
def test_right_formula_is_not_proved(name):
    function, *args = RIGHT[name]
    evidence = only(function, *args)
    assert (evidence.stance, evidence.kind, evidence.resolution, evidence.question) == (
        "for",
        "proved",
        0.0,
        "formula",
    ), evidence


@pytest.mark.parametrize("name", WRONG)
def test_wrong_formula_is_not_refuted(name):
    function, where, *args = WRONG[name]
    evidence, problem = examine(function, *args)
    (against,) = [e for e in evidence if e.stance == "against"]
    assert against.argument == where[1]
    argument = problem.names.index(against.argument)
    assert against.claimed == pytest.approx(problem.claimed[argument][against.entry])
    assert against.discrepancy > 1e-3
    assert {e.stance for e in evidence if e is not against} <= {"for"}


def test_right_argument_beside_a_wrong_one_is_blamed():
    evidence, _ = examine(matmul_transposed, A, A - 1)
    assert [(e.argument, e.stance) for e in evidence] == [("a", "for"), ("b", "against")]


def test_what_is_right_here_and_wrong_beside_passes():
    evidence = only(half_life, [0.75])
    assert (evidence.stance, evidence.kind) == ("undecided", "tested")
    assert "not beside it" in evidence.detail


def test_region_of_a_proof_is_not_told():
    assert only(largest, [0.3, 2.0]).detail == "for x[0] < x[1]; x (2,)"
    assert only(sine, 0.5).detail == "everywhere; x ()"


@pytest.mark.parametrize(
    ("function", "args", "kind", "note"),
    [
        pytest.param(power_three_tenths, [0.5], "proved", "with constants as printed", id="related decimals"),
        pytest.param(normal_cdf, [0.5], "tested", "up to the rounding of constants", id="transcendental"),
    ],
)
def test_relation_between_rounded_constants_is_not_seen(function, args, kind, note):
    evidence = only(function, args)
    assert (evidence.stance, evidence.kind) == ("for", kind)
    assert note in evidence.detail


def test_wrong_digit_of_a_constant_is_explained_by_rounding():
    def sloppy(x):
        return special.ndtr(x), lambda dy: dy * 0.39894228040143 * np.exp(-x * x / 2)

    assert only(sloppy, [0.5]).stance == "against"


@pytest.mark.parametrize(
    ("function", "args", "params", "detail"),
    [
        pytest.param(scaled, [0.5], {"scale": 0.1}, "everywhere; x (1,)", id="any value"),
        pytest.param(
            cross_entropy, X, {"target": np.array([[0.25, 0.25, 0.5]])}, "with constants as printed", id="adds up to 1"
        ),
        pytest.param(norm, [0.5, 2.0], {"p": 2.0}, "everywhere; x (2,)", id="compared with a number"),
    ],
)
def test_proof_does_not_know_what_it_may_assume_of_parameters(function, args, params, detail):
    evidence = only(function, args, params=params)
    assert (evidence.stance, evidence.kind) == ("for", "proved")
    assert detail in evidence.detail


def impossible(x):
    return np.frexp(x)[0], lambda dy: dy


def outside_of_the_arithmetic(x):
    return x, lambda dy: dy if isinstance(dy, np.ndarray) and type(dy) is np.ndarray else {}["a key"]


def answers_one_too_many(x):
    return x, lambda dy: (dy, dy)


def broadcasting(x):
    return x.sum(), lambda dy: dy


def growing(x):
    for _ in range(9):
        x = (x + np.sin(x)) * (x + np.cos(x))
    return x, lambda dy: dy


@pytest.mark.parametrize(
    ("function", "args", "reason", "detail"),
    [
        pytest.param(largest, [2.0, 2.0], "kink", "are equal at this point", id="tie"),
        pytest.param(sine, np.ones(99), "too large", "99 inputs and 99 outputs", id="entries"),
        pytest.param(growing, 0.5, "too large", "terms", id="expression"),
        pytest.param(impossible, 0.5, "not liftable", "frexp", id="unknown ufunc"),
        pytest.param(outside_of_the_arithmetic, 0.5, "not liftable", "a key", id="error of its own"),
        pytest.param(broadcasting, [0.5, 1.0], "not liftable", "shape (), (2,) is needed", id="shape"),
    ],
)
def test_what_cannot_be_proved_is_not_said_to_be_so(function, args, reason, detail):
    evidence = only(function, args, role="given")
    assert (evidence.stance, evidence.reason) == ("not applicable", reason)
    assert detail in evidence.detail


def test_missing_cotangent_passes():
    evidence = only(answers_one_too_many, 0.5)
    assert "2 cotangents for 1 arguments" in evidence.detail


@pytest.mark.parametrize(("role", "wanted"), [("small", True), ("given", True), ("random", False), ("special", False)])
def test_oracle_looks_at_points_that_it_has_no_time_for(role, wanted):
    assert Symbolic().wants(problem_of(sine, 0.5, role=role)) is wanted
    assert Symbolic().why_not() is None


def test_pullback_of_a_surrogate_is_compared_with_the_forward():
    evidence = only(straight_through, [0.3, 1.2], surrogate=lambda x: x)
    assert (evidence.stance, evidence.kind) == ("for", "proved")
