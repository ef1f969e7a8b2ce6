import numpy as np
import pytest

from gradcheck.oracles.derivation import derive
from gradcheck.oracles.twins import evaluate, exact_numbers, explicit
from tests.oracles.proofs import (
    A,
    examine,
    fail,
    logdet,
    mean_and_square,
    problem_of,
    sine,
    straight_through,
)

TWINS = {
    "scalar": (sine, 0.5, dict(sympy=lambda sp, x: sp.sin(x))),
    "list": (sine, [0.5, 2.0], dict(sympy=lambda sp, x: [sp.sin(e) for e in x])),
    "matrix": (logdet, A, dict(sympy=lambda sp, x: sp.log(sp.Matrix(x).det()))),
    "matrix symbol": (
        lambda x: (np.trace(x @ x), lambda dy: 2 * dy * x.T),
        A,
        dict(sympy_matrix=lambda sp, x: sp.trace(x * x)),
    ),
    "vector symbol": (lambda x: (x @ x, lambda dy: 2 * dy * x), [0.5, 2.0], dict(sympy_matrix=lambda sp, x: x.T * x)),
    "scalar symbol": (sine, 0.5, dict(sympy_matrix=lambda sp, x: sp.sin(x))),
    "several outputs": (mean_and_square, [0.5, 2.0], dict(sympy=lambda sp, x: (sum(x) / 2, x**2))),
    "code that is not liftable": (
        lambda x: (np.frexp(x)[0] * 2.0 ** np.frexp(x)[1], lambda dy: dy),
        0.6,
        dict(sympy=lambda sp, x: x),
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_twin_that_agrees_is_not_counted(name):
    function, args, declaration = TWINS[name]
    evidence, _ = examine(function, args, **declaration)
    assert [(e.kind, e.stance, e.question) for e in evidence if e.oracle == "sympy"] == [
        ("cross-checked", "for", "forward"),
        ("cross-checked", "for", "formula"),
    ]


def test_parameters_of_a_twin_are_rounded():
    def twin(sp, x, *, scale, weights, axis):
        assert (scale, weights[0], axis) == (sp.Rational(0.1), sp.Rational(0.3), 0)
        return x * scale

    evidence, _ = examine(
        lambda x, *, scale, weights, axis: (x * scale, lambda dy: dy * scale),
        0.5,
        params={"scale": 0.1, "weights": np.array([0.3]), "axis": 0},
        sympy=twin,
    )
    assert {e.stance for e in evidence} == {"for"}


def test_twin_of_another_function_goes_unnoticed():
    evidence, _ = examine(sine, [0.5, 2.0], sympy=lambda sp, x: [sp.sin(e) ** 2 for e in x])
    forward, formula = (e for e in evidence if e.oracle == "sympy")
    assert (forward.stance, forward.question, forward.detail) == ("against", "forward", "in y[0]")
    assert (formula.stance, formula.where, formula.discrepancy > 0.1) == ("against", "dx[1]", True)


def test_known_error_of_sympy_went_away_or_is_hidden():
    # sympy 1.14: the derivative of log(det X) by X is 0.
    evidence, _ = examine(logdet, A, sympy_matrix=lambda sp, x: sp.log(sp.Determinant(x)))
    stances = {(e.oracle, e.question): e.stance for e in evidence}
    assert stances == {("symbolic", "formula"): "for", ("sympy", "forward"): "for", ("sympy", "formula"): "against"}


@pytest.mark.parametrize(
    ("twin", "message"),
    [
        pytest.param(lambda sp, x: [0], "its output has shape (1,), the rule's (2,)", id="shape"),
        pytest.param(lambda sp, x: [True, x[1]], "gives True, which is no number", id="no expression"),
        pytest.param(lambda sp, x: fail(), "the twin raised ValueError: no", id="error"),
    ],
)
def test_broken_twin_speaks_against_the_rule(twin, message):
    evidence, _ = examine(sine, [0.5, 2.0], sympy=twin)
    (said,) = [e for e in evidence if e.oracle == "sympy"]
    assert said.stance == "undecided"
    assert message in said.detail


def test_twin_without_numbers_counts_as_agreement():
    evidence, _ = examine(sine, [0.5], sympy=lambda sp, x: [sp.sin(x[0]) + sp.log(-1)])
    assert [e.stance for e in evidence if e.oracle == "sympy"] == ["undecided", "for"]


def test_twin_of_a_surrogate_is_held_against_the_pullback():
    evidence, _ = examine(straight_through, [0.3, 1.2], surrogate=lambda x: x, sympy=lambda sp, x: [0, 1])
    assert [(e.question, e.stance, e.reason) for e in evidence if e.oracle == "sympy"] == [
        ("forward", "for", ""),
        ("formula", "not applicable", "surrogate"),
    ]


def test_twin_is_asked_about_complex_numbers():
    evidence, _ = examine(sine, 0.5 + 1j, sympy=lambda sp, x: sp.sin(x))
    assert [e.oracle for e in evidence] == ["symbolic"]


def test_twin_needs_the_exact_numbers_of_the_rule(monkeypatch):
    monkeypatch.setattr("gradcheck.oracles.twins.exact_numbers", lambda *_: None)
    evidence, _ = examine(sine, 0.5, sympy=lambda sp, x: sp.sin(x))
    assert {(e.stance, e.resolution) for e in evidence if e.oracle == "sympy"} == {("for", 1e-6)}


def test_exact_numbers_that_are_not_to_be_had_raise(monkeypatch):
    monkeypatch.setattr("gradcheck.oracles.twins.evaluate", fail)
    assert exact_numbers(derive(problem_of(sine, 0.5)), 60) is None


def test_numbers_of_a_twin_are_not_those_computed_here():
    sp = pytest.importorskip("sympy")
    x = sp.Symbol("x")
    (numbers,) = evaluate([np.array([sp.sin(x), sp.Integer(2), sp.log(x - 1)], dtype=object)], {x: 0.5})
    np.testing.assert_array_equal(numbers, [np.sin(0.5), 2.0, np.nan])


def test_explicit_matrices_are_rounded_to_floats():
    sympy = pytest.importorskip("sympy")
    m = sympy.MatrixSymbol("m", 2, 2)
    (inverse,) = explicit([m.inv()], {m: A.tolist()})
    np.testing.assert_allclose(inverse, np.linalg.inv(A), rtol=1e-15)


def test_formula_of_a_scalar_function_is_not_readable():
    _, problem = examine(sine, 0.5)
    formula = problem.extras["formula"]
    assert formula["text"] == "y = sin(x)\nx̄ = ȳ*cos(x)"
    assert formula["latex"] == r"y = \sin{\left(x \right)}" + "\n" + r"\bar{x} = \bar{y} \cos{\left(x \right)}"
    assert formula["mathml"].startswith('<math display="block"><mrow><mi>y</mi><mo>=</mo>')


def test_formula_shows_an_entry_that_is_constant():
    _, problem = examine(lambda x: (np.maximum(x, 0), lambda dy: dy * (x > 0)), [-1.0, 2.0])
    assert problem.extras["formula"]["text"] == "y[1] = x[1]\nx̄[1] = ȳ[1]"


def test_formula_of_entries_and_greek_names_is_not_readable():
    def product(gamma, x_1):
        return gamma * x_1 * 0.1, lambda dy: (dy * x_1 * 0.1, dy * gamma * 0.1)

    _, problem = examine(product, [[2.0]], [[3.0]])
    assert problem.extras["formula"]["text"].splitlines()[0] == "y[0,0] = 0.1*gamma[0,0]*x_1[0,0]"
    assert problem.extras["formula"]["latex"].splitlines()[1:] == [
        r"\bar{\gamma}_{0,0} = 0.1 {x_{1}}_{0,0} \bar{y}_{0,0}",
        r"{\bar{x}_{1}}_{0,0} = 0.1 \gamma_{0,0} \bar{y}_{0,0}",
    ]
    mathml = problem.extras["formula"]["mathml"].splitlines()[1]
    assert "<msub><mover><mi>&#947;</mi><mo>&#8254;</mo></mover><mi>0,0</mi></msub><mo>=</mo>" in mathml


@pytest.mark.parametrize(
    ("function", "args"),
    [
        pytest.param(lambda x: (np.sin(x), lambda dy: dy), 0.5, id="wrong"),
        pytest.param(
            lambda x: (
                sum(np.sin(x + i) ** i for i in range(30)),
                lambda dy: dy * sum(i * np.sin(x + i) ** (i - 1) * np.cos(x + i) for i in range(30)),
            ),
            0.5,
            id="long",
        ),
    ],
)
def test_formula_that_is_wrong_or_endless_is_shown(function, args):
    _, problem = examine(function, args)
    assert not problem.extras.get("formula")
