import inspect

import numpy as np
import pytest

from gradcheck import check
from gradcheck.graphs import Graph
from gradcheck.lifted.array import Lifted
from gradcheck.lifted.balls import Balls
from gradcheck.lifted.evaluate import with_enough_bits
from gradcheck.rules import rule
from reference.arithmetic import add, multiply, square
from reference.exponential import exp
from reference.tape import Tape, graph_of, numbers_of, taped

X, Y = np.array([0.5, -2.0, 3.0]), np.array([1.5, 0.25, -1.0])
DY = np.array([1.0, -0.5, 2.0])


def split(x):
    """Two outputs: 2 x and x²."""
    return (2 * x, x * x), lambda dy: 2 * dy[0] + 2 * x * dy[1]


def swap(a, b):
    """Answers with one and the same array for both arguments."""
    return a + b, lambda dy: (dy, dy)


def used_twice(tape, x, y):
    return tape.apply(add, tape.apply(multiply, x, y), x)


def diamond(tape, x, y):
    p = tape.apply(multiply, x, y)
    return tape.apply(multiply, tape.apply(exp, p), tape.apply(square, p))


def squared_by_itself(tape, x, y):
    return tape.apply(add, tape.apply(multiply, x, x), y)


def both_outputs(tape, x, y):
    a, b = tape.apply(split, x)
    return tape.apply(add, tape.apply(multiply, a, y), b)


def one_output(tape, x, y):
    _, b = tape.apply(split, x)
    return tape.apply(multiply, b, y)


def shared_cotangent(tape, x, y):
    s = tape.apply(swap, x, y)
    return tape.apply(swap, tape.apply(swap, x, s), s)


@pytest.mark.parametrize(
    "build",
    [used_twice, diamond, squared_by_itself, both_outputs, one_output, shared_cotangent],
    ids=lambda b: b.__name__,
)
def test_gradient_is_the_derivative_and_accumulates(build):
    result = check(rule(taped(build)), X, Y, oracles="exact,differences")
    assert {e.stance for e in result.evidence if e.question == "formula"} == {"for"}, str(result)


def test_gradient_can_be_taken_twice_and_changes_nothing():
    tape = Tape()
    x, y = tape.variable(X), tape.variable(Y)
    f = shared_cotangent(tape, x, y)
    dy = DY.copy()
    first, second = tape.gradient(f, dy), tape.gradient(f, dy)
    np.testing.assert_array_equal(first[x], second[x])
    np.testing.assert_array_equal(first[y], 3 * DY - DY)
    np.testing.assert_array_equal(dy, DY)


def test_variable_off_the_way_gets_zeros_and_constants_get_nothing():
    tape = Tape()
    x, y = tape.variable(X), tape.variable(Y)
    tape.apply(exp, y)
    f = tape.apply(multiply, x, Y)
    cotangents = tape.gradient(f, DY)
    assert cotangents[y].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(cotangents[x], DY * Y)
    assert len(cotangents) == 3


def test_gradient_of_a_variable_by_itself_is_the_cotangent():
    tape = Tape()
    x = tape.variable(X)
    assert tape.gradient(x, DY)[x] is DY


@pytest.mark.parametrize(
    ("answer", "theirs"),
    [(lambda dy: dy, 1), (lambda dy: [dy], 1), (lambda dy: (dy,), 1), (lambda dy: (None,), 0)],
    ids=["bare", "list", "tuple", "none"],
)
def test_pullback_may_answer_for_one_argument_in_any_form(answer, theirs):
    def same(x):
        return x, answer

    tape = Tape()
    x = tape.variable(X)
    np.testing.assert_array_equal(tape.gradient(tape.apply(same, x), DY)[x], theirs * DY)


def test_too_few_cotangents_are_an_error():
    tape = Tape()
    x, y = tape.variable(X), tape.variable(Y)

    def forgetful(a, b):
        return a + b, lambda dy: (dy,)

    f = tape.apply(forgetful, x, y)
    with pytest.raises(ValueError, match=r"zip\(\) argument"):
        tape.gradient(f, DY)


def test_tape_runs_on_exact_numbers_and_stays_exact():
    def run(bits, final):
        system = Balls(final=final)
        tape = Tape()
        x = tape.variable(system.exact(X))
        f = tape.apply(square, tape.apply(add, x, x))
        return tape.gradient(f, system.exact(DY))[x]

    theirs = with_enough_bits(run)
    assert isinstance(theirs, Lifted)
    assert [float(t) for t in theirs.value] == (8 * X * DY).tolist()


def test_taped_rule_shows_the_arguments_without_the_tape():
    function = taped(diamond)
    assert list(inspect.signature(function).parameters) == ["x", "y"]
    assert function.__name__ == "diamond"


def named(tape, x, *rest, k=2):
    q = tape.name("q", tape.apply(add, x, *rest))
    return tape.name("f", tape.apply(multiply, tape.apply(square, q), np.array(float(k))))


def test_numbers_are_named_values_and_their_gradients():
    n = numbers_of(taped(named), np.array(1.0), np.array(2.0), k=3)
    assert {k: float(v) for k, v in n.items()} == {
        "x": 1,
        "rest0": 2,
        "q": 3,
        "f": 27,
        "df/dx": 18,
        "df/drest0": 18,
        "df/dq": 18,
        "df/df": 1,
    }


def test_gradient_by_something_longer_than_a_name_is_in_brackets():
    def build(tape, x):
        return tape.name("f", tape.apply(exp, tape.name("2 x", tape.apply(add, x, x))))

    assert "df/d(2 x)" in numbers_of(taped(build), np.array(0.0))


def test_graph_has_every_step_with_values_forwards_and_gradients_backwards():
    graph = graph_of(rule(taped(named)), 1.0, 2.0)
    assert [(n.operation, n.label) for n in graph.nodes] == [
        *[("input", "x"), ("input", "rest0"), ("add", "+"), ("square", "x²"), ("multiply", "× 2"), ("output", "f")]
    ]
    assert [(e.value, e.gradient) for e in graph.edges] == [
        ("1", "12"),
        ("2", "12"),
        ("3", "12"),
        ("9", "2"),
        ("18", "1"),
    ]
    assert Graph.from_dict(graph.to_dict()) == graph


def test_edge_carries_its_own_share_where_a_value_is_used_twice():
    graph = graph_of(taped(used_twice), 3.0, 5.0)
    assert [e.gradient for e in graph.edges if e.source == "v0"] == ["5", "1"]
