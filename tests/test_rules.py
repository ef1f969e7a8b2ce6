"""Rules: callable as they are, with a declaration that fails early where it does not fit."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, choice, from_vjp, real, rule
from gradcheck.rules import rewriting


@rule(domain=dict(x=real("n k"), axis=choice(0, 1)), source="a book", known_wrong={"jax": "why"}, accuracy=32.0)
def scaled(x: Any, *, axis: int = -1) -> Any:
    """x summed along axis.  (n, k) -> (n)"""
    return x.sum(axis), lambda dy: np.broadcast_to(np.expand_dims(dy, axis), x.shape)


@rule
def variadic(*xs: Any, axis: int = 0) -> Any:
    return np.concatenate(xs, axis), lambda dy: dy


def test_a_rule_is_no_longer_the_plain_function_it_was() -> None:
    y, pullback = scaled(np.ones((2, 3)), axis=1)
    np.testing.assert_array_equal(y, [3.0, 3.0])
    assert pullback(y).shape == (2, 3)
    assert scaled.__name__ == "scaled"
    assert scaled.__doc__ == "x summed along axis.  (n, k) -> (n)"
    assert scaled.__module__ == __name__
    assert repr(scaled) == f"<rule {__name__}.scaled>"
    assert inspect.signature(scaled).parameters.keys() == {"x", "axis"}


def test_a_declaration_is_lost() -> None:
    assert (scaled.source, scaled.known_wrong, scaled.accuracy) == ("a book", {"jax": "why"}, 32.0)
    assert list(scaled.domains) == [""]
    assert list(variadic.domains) == []


def test_several_domains_keep_their_labels() -> None:
    made = rule(domains={"small": dict(x=real()), "large": dict(x=real("n"))})(lambda x: (x, None))
    assert list(made.domains) == ["small", "large"]


@pytest.mark.parametrize(
    ("made", "count", "names"),
    [
        (scaled, 1, ("x",)),
        (variadic, 3, ("xs0", "xs1", "xs2")),
        (variadic, 0, ()),
        (Rule(lambda a, b=1.0, *rest: None), 4, ("a", "b", "rest0", "rest1")),
        (Rule(lambda a, b=1.0: None), 1, ("a",)),
    ],
    ids=["one", "variadic", "none", "mixed", "a default"],
)
def test_arguments_go_by_another_name(made: Rule, count: int, names: tuple[str, ...]) -> None:
    assert made.argument_names(count) == names


def test_too_many_arguments_are_counted() -> None:
    with pytest.raises(TypeError, match="scaled takes 1 differentiated arguments, 2 were given"):
        scaled.argument_names(2)


def test_a_function_without_a_signature_is_refused() -> None:
    assert Rule(np.maximum.reduce).argument_names(2) == ("args0", "args1") or Rule(max).argument_names(1)


def softmax(x: Any, *, axis: int) -> Any:
    return x, lambda dy: dy


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "an unknown argument": (
        lambda: rule(domain=dict(x=real(), z=real(), axis=choice(0)))(softmax),
        ValueError,
        r"softmax: domain names 'z', the function has \['x', 'axis'\]",
    ),
    "a missing argument": (lambda: rule(domain=dict(x=real()))(softmax), ValueError, r"no domain for \['axis'\]"),
    "no domain": (lambda: rule(domain=dict(x=3.0, axis=choice(0)))(softmax), TypeError, r"use a domain such as real"),
    "its label": (lambda: rule(domains={"odd": dict(x=real())})(softmax), ValueError, r"softmax\[odd\]: no domain"),
    "both forms": (lambda: rule(domain={}, domains={}), TypeError, "domain= and domains= were both given"),
    "an unknown option": (lambda: rule(colour="red")(softmax), TypeError, "colour"),  # type: ignore[call-overload]
}


@pytest.mark.parametrize(("make", "kind", "says"), [pytest.param(*row, id=name) for name, row in BAD.items()])
def test_a_bad_declaration_is_found_late(make: Callable[[], Any], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        make()


def test_names_of_variadic_arguments_and_helpers_are_refused() -> None:
    made = rule(domain=dict(xs0=real("n"), xs1=real("n"), _seed=choice(1)))(lambda *xs: None)
    assert list(made.domains[""]) == ["xs0", "xs1", "_seed"]


def test_a_separate_backward_is_called_with_another_order() -> None:
    def forward(x: Any, w: Any, *, power: int) -> Any:
        return w * x**power

    def backward(dy: Any, x: Any, w: Any, *, power: int) -> Any:
        return dy * w * power * x ** (power - 1), dy * x**power

    made = from_vjp(forward, backward, source="a paper")
    y, pullback = made(np.array(3.0), np.array(2.0), power=2)
    assert y == 18.0
    assert pullback(np.array(10.0)) == (120.0, 90.0)
    assert made.source == "a paper"
    assert made.name == f"{__name__}.{forward.__qualname__}"
    assert made.argument_names(2) == ("x", "w")


def test_a_rule_inside_of_another_arithmetic_is_not_rewritten() -> None:
    token = rewriting.set(lambda function: lambda *args, **params: "rewritten")
    try:
        assert scaled(1.0) == "rewritten"
    finally:
        rewriting.reset(token)
    assert scaled.function is not None
