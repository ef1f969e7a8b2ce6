import io
import pickle
import time
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special

from gradcheck.oracles.derivation import derive
from gradcheck.oracles.prover import DIGITS, TookTooLong, Worker, measure, serve
from gradcheck.oracles.symbolic import Symbolic, compare
from gradcheck.oracles.twins import evaluate, exact_numbers, explicit
from gradcheck.problems import Problem, draw_cotangent
from gradcheck.results import Point
from gradcheck.rules import Rule

A = np.array([[2.0, 0.3], [0.5, 1.7]])
X = np.array([[0.4, -0.3, 1.2]])


def problem_of(function, *args, params=None, role="small", **declaration):
    rule = Rule(function, **declaration)
    args = tuple(np.asarray(a) for a in args)
    params = params or {}
    y, pullback = function(*(a.copy() for a in args), **params)
    single = not isinstance(y, tuple)
    outputs = tuple(np.asarray(o) for o in ((y,) if single else y))
    point = Point("small0", role, args, params)
    problem = Problem(rule, point, rule.argument_names(len(args)), args, params, outputs, (), (), single)
    problem.dy = tuple(draw_cotangent(problem.rng("dy"), o) for o in outputs)
    claimed = pullback(problem.dy[0].copy() if single else problem.dy)
    problem.claimed = tuple(np.asarray(c) for c in (claimed if isinstance(claimed, tuple) else (claimed,)))
    return problem


def examine(*args, **kwargs):
    problem = problem_of(*args, **kwargs)
    return list(Symbolic().examine(problem)), problem


def only(*args, **kwargs):
    (evidence,), _ = examine(*args, **kwargs)
    return evidence


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(-1, keepdims=True))


def softmax_without_sum(x):
    return softmax(x)[0], lambda dy: softmax(x)[0] * dy


def layer_norm(x, gamma):
    centred = x - x.mean(-1, keepdims=True)
    s = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    h = centred / s

    def pullback(dy):
        g = dy * gamma
        return (g - g.mean(-1, keepdims=True) - h * (g * h).mean(-1, keepdims=True)) / s, (dy * h).sum(0)

    return h * gamma, pullback


def layer_norm_with_ddof(x, gamma):
    y, pullback = layer_norm(x, gamma)
    return y, lambda dy: (pullback(dy)[0] * 2 / 3, pullback(dy)[1])


def mlp(x, w, v):
    h = np.tanh(x @ w)

    def pullback(dy):
        g = (dy @ v.T) * (1 - h**2)
        return g @ w.T, x.T @ g, h.T @ dy

    return h @ v, pullback


def attention(q, k, v):
    s = 1 / np.sqrt(2)
    e = np.exp(q @ k.T * s)
    p = e / e.sum(-1, keepdims=True)

    def pullback(dy):
        dp = dy @ v.T
        ds = p * (dp - (dp * p).sum(-1, keepdims=True)) * s
        return ds @ k, ds.T @ q, p.T @ dy

    return p @ v, pullback


def matmul(a, b):
    return a @ b, lambda dy: (dy @ b.T, a.T @ dy)


def matmul_transposed(a, b):
    return a @ b, lambda dy: (dy @ b.T, dy.T @ a)


def largest(x):
    return x.max(), lambda dy: dy * (x == x.max())


def logdet(x):
    return np.linalg.slogdet(x)[1], lambda dy: dy * np.linalg.inv(x).T


def inverse(a):
    y = np.linalg.inv(a)
    return y, lambda dy: -y.T @ dy @ y.T


def sine(x):
    return np.sin(x), lambda dy: dy * np.cos(x)


def scaled(x, *, scale):
    return x * scale, lambda dy: dy * scale


def cross_entropy(x, *, target):
    p = softmax(x)[0]
    return -(target * np.log(p)).sum(), lambda dy: dy * (p - target)


def mean_and_square(x):
    return (x.mean(), x**2), lambda dy: dy[0] / x.size + 2 * x * dy[1]


def straight_through(x):
    return np.rint(x), lambda dy: dy


def power_three_tenths(x):
    return x**0.3, lambda dy: dy * 0.3 * x**-0.7


def normal_cdf(x):
    return special.ndtr(x), lambda dy: dy * 0.3989422804014327 * np.exp(-x * x / 2)


def overwriting(x):
    y = x**2

    def pullback(dy):
        dy *= 2
        dy *= x
        return dy

    return y, pullback


def norm(x, *, p):
    if p == 2:
        y = np.sqrt((x * x).sum())
        return y, lambda dy: dy * x / y
    raise ValueError("p")


def nothing_of(x):
    return np.ones_like(x), lambda dy: (None,)


def half_life(x):
    # Equal at the argument itself and nowhere beside it.
    return x**2, lambda dy: dy * (2 * x + (x - 0.75) * (x - 0.75))


def row_of(x, w):
    return x.sum() * w.sum(), lambda dy: (np.full_like(x, dy * w.sum()), np.full_like(w, dy * x.sum()))


RIGHT = {
    "softmax": (softmax, X),
    "layer norm": (layer_norm, X, [1.5, 0.5, -2.0]),
    "mlp": (mlp, [[0.3, -0.2]], A, A - 1),
    "attention": (attention, A, A / 3, A - 1),
    "matmul": (matmul, A, [[1.0], [2.0]]),
    "log determinant": (logdet, A),
    "inverse": (inverse, np.eye(3) + np.arange(9.0).reshape(3, 3) ** 2 / 16),
    "several outputs": (mean_and_square, [0.5, 2.0]),
    "0-d": (sine, 0.5),
    "float32": (sine, np.float32([0.5, 0.25])),
    "pullback overwrites dy": (overwriting, [0.5, 2.0]),
    "no gradient": (nothing_of, [0.5]),
    "empty argument": (row_of, np.zeros((0,)), [0.5]),
}


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


WRONG = {
    "sum left out": (softmax_without_sum, "dx[0, 0]", X),
    "transposed": (matmul_transposed, "db[0, 1]", A, A - 1),
    "factor": (layer_norm_with_ddof, "dx[0, 1]", X, [1.5, 0.5, -2.0]),
    "right here only": (half_life, "dx[0]", [0.5, 0.75]),
}


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


# The time limit, and the worker.


def test_proof_that_takes_too_long_is_waited_for(monkeypatch):
    # The worker is up when the clock starts.
    assert only(softmax, X).kind == "proved"
    monkeypatch.setattr("gradcheck.oracles.symbolic.prove", sleep)
    monkeypatch.setattr("gradcheck.oracles.symbolic.SECONDS", 3.0)
    evidence = only(softmax, X)
    assert (evidence.stance, evidence.kind) == ("for", "tested")
    assert "stopped after" in evidence.detail


def sleep(*args):
    time.sleep(600)


def test_nothing_known_counts_for_the_rule(monkeypatch):
    monkeypatch.setattr("gradcheck.oracles.symbolic.measure", fail)
    monkeypatch.setattr("gradcheck.oracles.symbolic.prove", fail)
    evidence = only(softmax, X)
    assert evidence.stance == "undecided"
    assert "ValueError: no" in evidence.detail


def fail(*args):
    raise ValueError("no")


def answer():
    return 42


def test_worker_is_of_no_use_after_a_kill():
    worker = Worker()
    with pytest.raises(TookTooLong, match="stopped after"):
        worker.ask(sleep, seconds=0.2)
    with pytest.raises(RuntimeError, match="ValueError: no"):
        worker.ask(fail, seconds=60)
    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        worker.ask(lambda: 0, seconds=60)
    assert worker.ask(answer, seconds=60) == 42
    worker.stop()
    worker.stop()


def test_worker_answers_to_a_question_that_was_given_up(monkeypatch):
    worker = Worker()

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcheck.oracles.prover.exchange", interrupted)
    with pytest.raises(KeyboardInterrupt):
        worker.ask(answer, seconds=60)
    assert worker.process is None


def test_loop_of_the_worker_dies_of_an_error(monkeypatch):
    requests = io.BytesIO(pickle.dumps((answer, ())) + pickle.dumps((fail, ())))
    answers = io.BytesIO()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=requests))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=answers))
    serve()
    answers.seek(0)
    assert [pickle.load(answers), pickle.load(answers)] == [(42, ""), (None, "ValueError: no")]


def test_numbers_of_the_worker_are_not_those_computed_here():
    for function, *args in (
        RIGHT["softmax"],
        WRONG["factor"][:1] + WRONG["factor"][2:],
        (normal_cdf, [0.5]),
        (largest, [1.0, 1.0001]),
    ):
        problem = problem_of(function, *args)
        comparison = compare(problem, derive(problem))
        for entry, claimed in zip(
            measure(comparison), np.concatenate([c.ravel() for c in problem.claimed]), strict=True
        ):
            assert entry.claimed == pytest.approx(claimed, abs=1e-12)
            assert 0 <= entry.slack < 1e-10 < 10**DIGITS


# Twins.

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


# Formulas.


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
