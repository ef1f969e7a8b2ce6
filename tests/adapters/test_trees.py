"""Dicts, lists and tuples of arrays as arguments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import gradcheck
from gradcheck.adapters import trees

RNG = np.random.default_rng(5)
X, W, B = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2)), RNG.normal(size=2)


class Layer(NamedTuple):
    W: np.ndarray
    b: np.ndarray


def network(layers, x):
    first = layers[0]
    y = x @ first["W"] + layers[1]
    return {"out": y}, lambda d: ([{"W": x.T @ d["out"]}, d["out"].sum(0)], d["out"] @ first["W"].T)


def named(layer, x):
    return x @ layer.W + layer.b, lambda dy: (Layer(x.T @ dy, 2 * dy.sum(0)), dy @ layer.W.T)


def test_leaves_are_checked_on_exact_arithmetic_too():
    result = gradcheck.check(network, [{"W": W}, B], X, oracles="exact,differences")
    assert result, str(result)
    names = {e.argument for e in result.evidence if e.oracle == "exact" and e.question == "formula"}
    assert names == {"layers[0]['W']", "layers[1]", "x"}


def test_a_wrong_leaf_is_not_named():
    result = gradcheck.check(named, Layer(W, B), X)
    assert result.verdict == "fail"
    assert "Your dlayer.b is twice the right value" in result.diagnosis


def answering(answered):
    return lambda p: (p["W"].sum(), lambda dy: answered)


@pytest.mark.parametrize(
    ("answered", "message"),
    [
        ({"V": np.ones(2)}, "the cotangent of p is the keys ['V']: return a dict with the keys ['W']"),
        (np.ones(2), "the cotangent of p is an array of shape (2,): return a dict with the keys ['W']"),
        (({"W": np.ones(2)}, 1.0), "the cotangent of p is a tuple of 2: return a dict"),
    ],
)
def test_an_answer_of_another_form_is_not_explained(answered, message):
    result = gradcheck.check(answering(answered), {"W": B})
    assert result.verdict == "error"
    assert message in " ".join(result.diagnosis.split())


@pytest.mark.parametrize("answered", [{"W": np.ones(2)}, ({"W": np.ones(2)},)])
def test_one_argument_may_not_be_answered_bare(answered):
    rule = lambda p: (p["W"].sum(), lambda dy: trees.mapped(lambda g: dy * g, answered))  # noqa: E731
    assert gradcheck.check(rule, {"W": B})


def test_a_list_of_numbers_is_no_longer_an_array():
    assert not trees.is_tree([1.0, 2.0])
    assert trees.is_tree([np.ones(2), 3.0])
    assert gradcheck.check(lambda x: (2 * x, lambda dy: 2 * dy), [1.0, 2.0])


def test_a_search_does_not_go_through_leaves():
    result = gradcheck.check(named, Layer(W, B), X, search=5, oracles="exact")
    assert "dlayer.b" in result.diagnosis
