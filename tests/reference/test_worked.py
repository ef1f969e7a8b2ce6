import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference.worked
from gradcheck import check
from gradcheck.cases import Case, collect
from gradcheck.checking import check_case
from gradcheck.graphs import Graph
from gradcheck.printed import Claims
from gradcheck.rules import rule
from gradcheck.verifying import verify
from reference import activations, arithmetic, exponential, trigonometric
from reference.worked import chain, circuits, neuron, softmax, step, vectorised

MODULES = [
    importlib.import_module(f"reference.worked.{m.name}") for m in pkgutil.iter_modules(reference.worked.__path__)
]
FOUND = [item for module in MODULES for item in collect(module)]
CLAIMS = [item for item in FOUND if isinstance(item, Claims)]
CASES = [item for item in FOUND if isinstance(item, Case)]


def short_name(item):
    return item.name.removeprefix("reference.worked.")


@pytest.mark.parametrize("claims", CLAIMS, ids=short_name)
def test_text_is_right_but_for_its_declared_errata(claims):
    result = verify(claims)
    assert result, result.diagnosis


@pytest.mark.parametrize("case", CASES, ids=short_name)
def test_gradient_of_the_example_is_right(case):
    result = check_case(case, oracles="exact,differences")
    assert result, str(result)


def test_errata_are_the_known_ones_and_show_the_true_value():
    found = {(e.argument, e.detail.split(" (")[0]) for c in CLAIMS for e in verify(c).evidence if e.reason == "erratum"}
    assert found == {
        ("o2", "printed 0.62534544, true 0.625282228"),
        ("E", "printed 0.09552023, true 0.0955059984"),
        ("1 - o1", "printed 0.4254891, true 0.425487097"),
        ("(w - b dJ/dw) less the step of b", "printed 0, true -0.13"),
    }


def test_only_the_updated_weight_is_right_up_to_rounding():
    found = [e.argument for c in CLAIMS for e in verify(c).evidence if e.reason == "right up to rounding"]
    assert found == ["w5 after the step"]


GRAPHS = {short_name(c): c.graph for c in CLAIMS if c.graph} | {
    short_name(c): c.rule.graph for c in CASES if c.rule.graph
}


@pytest.mark.parametrize("draw", GRAPHS.values(), ids=GRAPHS.keys())
def test_graph_is_connected_and_ends_in_one_output(draw):
    graph = draw()
    assert isinstance(graph, Graph)
    places = {n.id: i for i, n in enumerate(graph.nodes)}
    assert all(places[e.source] < places[e.target] for e in graph.edges)
    assert {e.source for e in graph.edges} | {"end"} == set(places)
    assert [n.id for n in graph.nodes if n.operation == "output"] == ["end"]
    assert all(e.value and e.gradient for e in graph.edges)


def test_every_example_has_a_graph():
    assert {name.split(".")[0] for name in GRAPHS} == {m.__name__.rpartition(".")[2] for m in MODULES}


def test_graph_of_the_first_example_has_the_printed_numbers():
    edges = {(e.source, e.value, e.gradient) for e in circuits.sum_times_graph().edges}
    assert edges == {("v0", "−2", "−4"), ("v1", "5", "−4"), ("s0", "3", "−4"), ("v2", "−4", "3"), ("s1", "−12", "1")}


@pytest.mark.parametrize("b", [0.0, 2.0], ids=["tie", "apart"])
def test_max_routes_all_of_the_gradient_to_one_input(b):
    _, pullback = circuits.max_routes(np.array([0.0]), np.array([b]))
    assert sum(float(g[0]) for g in pullback(np.array([3.0]))) == 3


def test_cross_entropy_is_p_minus_y_for_probabilities_only():
    a = np.array([0.3, -1.0, 2.0])
    p = softmax.softmax_by_jacobian(a)[0]
    for y in (np.array([0.0, 1.0, 0.0]), np.array([2.0, 1.0, 0.5])):
        gradient = softmax.cross_entropy(a, y=y)[1](np.array(1.0))
        assert np.allclose(gradient, p - y) is bool(y.sum() == 1)


@pytest.mark.parametrize(
    ("declared", "quantity", "text"),
    [
        (step.step_printed, "o1", "0.57451291"),
        (step.step_printed, "o2", "0.62528223"),
        (step.step_printed, "w5 after the step", "0.225627206"),
        (vectorised.squared_norm_printed, "f", "0.117"),
        (neuron.neuron_formulas, "ds/db - s (1 - s)", "0.1"),
    ],
    ids=["wrong digit", "erratum that is right", "rounded that is right", "wrong value", "wrong formula"],
)
def test_one_changed_digit_turns_the_example_red(declared, quantity, text):
    kept = declared.printed[quantity]
    changed = {quantity: type(kept)(text, kept.erratum, kept.rounded)}
    assert verify(Claims(declared.function, source="", at=declared.at, printed=changed)).verdict == "fail"


UNARY = (
    *(arithmetic.negative, arithmetic.square, exponential.exp, exponential.expm1),
    *(trigonometric.sin, trigonometric.cos, trigonometric.tanh, trigonometric.atan, trigonometric.asinh),
    *(trigonometric.sinh, trigonometric.cosh),
    *(activations.sigmoid, activations.softplus, activations.silu, activations.gelu, activations.log_sigmoid),
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.sampled_from(UNARY), st.sampled_from(UNARY), st.lists(st.floats(-1.5, 1.5, width=32), min_size=1, max_size=3))
def test_chain_rule_holds_for_any_pair_of_unary_rules(outer, inner, x):
    def pair(x):
        return chain.composed(outer, inner, x)

    result = check(rule(pair), np.array(x, dtype=float), oracles="exact")
    formula = [e for e in result.evidence if e.question == "formula"]
    assert formula
    assert {e.stance for e in formula} == {"for"}, f"{outer.__name__} of {inner.__name__}: {result.diagnosis}"
