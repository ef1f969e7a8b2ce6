"""jax="auto": plain NumPy forwards are their own JAX twin; what does not translate says so with its line."""

from __future__ import annotations

import importlib.util
import math
import re
from math import exp as math_exp
from typing import Any

import numpy as np
import pytest
from numpy import linalg
from numpy.linalg import slogdet
from scipy import special
from scipy.special import erf, logsumexp

from gradcheck import Rule, check, from_vjp, rule
from gradcheck.results import Evidence, Result

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")

X = np.array([[0.5, -1.25], [2.0, 0.75]])


def scaled(x: Any) -> Any:
    """A helper of the same module, which creates an array."""
    return np.full(x.shape, 2.0) * x


@rule
def square(x: Any) -> Any:
    return x * x, lambda dy: 2 * x * dy


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


def quietly(x: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.sqrt(np.abs(x)), lambda dy: dy * np.sign(x) / 2 / np.sqrt(np.abs(x))


def by_helper(x: Any) -> Any:
    return scaled(x), lambda dy: 2 * dy


def by_rule(x: Any) -> Any:
    y, pullback = square(x)
    return y.sum(), lambda dy: pullback(np.broadcast_to(dy, x.shape))


def by_math(x: Any) -> Any:
    y = math.tanh(x) + math_exp(x) + math.erf(x) + math.pi
    return y, lambda dy: dy * (1 - math.tanh(x) ** 2 + math.exp(x) + 2 / math.sqrt(math.pi) * math.exp(-x * x))


def by_special(x: Any) -> Any:
    y = erf(x) + special.expit(x)
    return y, lambda dy: dy * (2 / np.sqrt(np.pi) * np.exp(-x * x) + special.expit(x) * special.expit(-x))


def by_function_of_special(x: Any) -> Any:
    return logsumexp(x), lambda dy: dy * special.softmax(x)


def by_linalg(x: Any) -> Any:
    return slogdet(x)[1] + linalg.norm(x), lambda dy: dy * (linalg.inv(x).T + x / linalg.norm(x))


TRANSLATED: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {
    "methods and functions": (softmax, (X,), {"axis": 0}),
    "indices": (take, (X,), {"index": np.array([1, 1, 0])}),
    "what jax.numpy lacks": (quietly, (X,), {}),
    "a helper": (by_helper, (X,), {}),
    "another rule": (by_rule, (X,), {}),
    "the module math": (by_math, (0.5,), {}),
    "scipy.special": (by_special, (X,), {}),
    "a Python function of scipy.special": (by_function_of_special, (X,), {}),
    "numpy.linalg": (by_linalg, (X,), {}),
    "complex numbers": (lambda z: (z * z, lambda dy: 2 * z * dy), (X + 1j * X.T,), {}),
    "float32": (softmax, (X.astype(np.float32),), {}),
}


def by_jax(function: Any, *args: Any, **params: Any) -> Result:
    return check(function, *args, params=params, jax="auto", oracles="jax")


def only(result: Result) -> Evidence:
    (evidence,) = result.evidence
    return evidence


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_plain_forward_has_no_twin(name: str) -> None:
    function, args, params = TRANSLATED[name]
    result = by_jax(function, *args, **params)
    assert [(e.question, e.stance, e.detail) for e in result.evidence] == [
        ("forward", "for", "same source"),
        ("formula", "for", "same source"),
    ]


def test_a_wrong_pullback_is_not_refuted_by_its_forward() -> None:
    result = by_jax(lambda x: (np.tanh(x), lambda dy: dy * (1 - np.tanh(x))), X)
    assert result.verdict == "fail"


def test_a_separate_backward_hides_the_forward() -> None:
    assert by_jax(
        from_vjp(lambda x, w: x @ np.tanh(w), lambda dy, x, w: (dy @ np.tanh(w).T, x.T @ dy * (1 - np.tanh(w) ** 2))),
        X,
        X,
    )
    assert check(lambda x: np.sin(x), X, vjp=lambda dy, x: (dy * np.cos(x),), jax="auto", oracles="jax")


def test_a_declaration_is_ignored() -> None:
    declared = Rule(square.function, jax="auto")
    assert {e.detail for e in check(declared, X, oracles="jax").evidence} == {"same source"}


def assigns(x: Any) -> Any:
    y = np.zeros(x.shape)
    y[:] = x
    return y, lambda dy: dy


def branches(x: Any) -> Any:
    if x.sum() > 0:
        return x, lambda dy: dy
    return -x, lambda dy: -dy


def writes_out(x: Any) -> Any:
    return np.exp(x, out=np.empty(x.shape)), lambda dy: dy * np.exp(x)


def converts(x: Any) -> Any:
    return np.vectorize(float)(x), lambda dy: dy


REFUSED: dict[str, tuple[Any, str]] = {
    "assignment": (assigns, r"`y\[:\] = x`: TypeError: JAX arrays are immutable"),
    "a branch on a value": (branches, r"`if x.sum\(\) > 0:`: TracerBoolConversionError"),
    "an output argument": (writes_out, "`return np.exp(x, out=np.empty(x.shape)), lambda dy: dy * np.exp(x)`: TypeError"),
    "conversion to Python numbers": (converts, "TracerArrayConversionError|ConcretizationTypeError"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_translate_has_no_line(name: str) -> None:
    function, says = REFUSED[name]
    evidence = only(by_jax(function, X))
    assert (evidence.stance, evidence.reason) == ("not applicable", "not liftable")
    assert evidence.detail.startswith("same source: test_same_source.py:")
    assert re.search(says, evidence.detail) or says in evidence.detail


def through_an_alias(x: Any) -> Any:
    y = 2 * x
    z = y
    z += 1
    return y, lambda dy: 2 * dy


def test_a_forward_that_means_something_else_to_jax_disputes() -> None:
    evidence = only(by_jax(through_an_alias, X))
    assert (evidence.stance, evidence.reason) == ("not applicable", "not liftable")
    assert "with jax.numpy the code means something else: 2.5 became 1.5" in evidence.detail
    assert check(through_an_alias, X, jax="auto")


def test_a_forward_of_another_shape_disputes() -> None:
    def shaped(x: Any) -> Any:
        y = list(x)
        y += [0.0]
        return (x if isinstance(x, np.ndarray) and hasattr(x, "__array_interface__") else x.sum()), lambda dy: dy

    evidence = only(by_jax(shaped, X))
    assert evidence.stance == "not applicable"
    assert "the outputs have shapes (2, 2), those of the twin ()" in evidence.detail


@pytest.mark.parametrize("wish", ["Auto", 3])
def test_another_word_than_auto_is_a_twin(wish: Any) -> None:
    with pytest.raises(TypeError, match=f"square: jax= is {wish!r}: give a function jax"):
        Rule(square.function, jax=wish)


def test_code_runs_with_jax_after_the_check() -> None:
    assert by_jax(softmax, X)
    assert type(softmax(X)[0]) is np.ndarray
    assert type(by_rule(X)[0]) is np.float64
