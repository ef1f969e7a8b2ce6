"""What a declared rule owes at the edges of its domain: axes of size 1 and 0, 0-d arrays, infinite slopes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from gradcheck import Rule, check, made, real
from tests.contract.misbehaviours import MATRIX, square


def squeezed(x: Any) -> Any:
    return x * x, lambda dy: (2 * x * dy).squeeze()


def double(x: Any) -> Any:
    return x * x, lambda dy: 2 * x * dy * np.ones(x.shape)


def first_of(x: Any) -> Any:
    return x * x, lambda dy: 2 * x * dy + 0 * np.ravel(x)[0]


def spread(x: Any) -> Any:
    return x * x, lambda dy: 2 * x * dy + 0 // (x.size - 1)


def with_an_axis(x: Any) -> Any:
    return x * x, lambda dy: (2 * x * dy)[..., :]


def largest(x: Any) -> Any:
    at = x.argmax()
    return x.ravel()[at], lambda dy: dy * (np.arange(x.size) == at).reshape(x.shape)


def other_in_float32(x: Any) -> Any:
    return x * x, lambda dy: (2 if x.dtype == np.float64 else 1.9) * x * dy


def small_added(x: Any) -> Any:
    # In float32 the difference loses all its digits, and the forward with it.
    return (x + 1e9) - 1e9, lambda dy: dy * ((x + 1e9) - 1e9) / x


EDGES: dict[str, tuple[Callable[..., Any], str, str]] = {
    "a squeezed batch of one": (
        squeezed,
        "n k",
        "for axes of size 1 (x (1, 1)) the cotangent of x has shape (), x has (1, 1)",
    ),
    "float64 in float32": (double, "n k", "in float32 the cotangent of x has dtype float64, x has float32"),
    "other numbers in float32": (
        other_in_float32,
        "n k",
        "in float32 dx is another than for the same numbers in float64",
    ),
    "size 0": (
        first_of,
        "n k",
        "the pullback raises for axes of size 0 (x (0, 0)): IndexError: index 0 is out of bounds",
    ),
    "size 1": (spread, "n k", "the pullback raises for axes of size 1 (x (1, 1)): ZeroDivisionError"),
    "0-d": (with_an_axis, "*b", "the pullback raises for 0-d arrays (x ()): IndexError: "),
}


@pytest.mark.parametrize(("function", "shape", "says"), EDGES.values(), ids=EDGES)
def test_a_declared_rule_may_fail_at_an_edge_of_its_domain(function: Callable[..., Any], shape: str, says: str) -> None:
    result = check(Rule(function, domains={"": dict(x=real(shape))}), oracles="exact")
    found = [e.detail for e in result.evidence if e.question == "contract" and e.stance == "against"]
    assert result.verdict == "fail"
    assert any(says in text for text in found), (found, result.diagnosis)


@pytest.mark.parametrize("shape", ["n k", "*b", "n 1", ""])
def test_a_declared_rule_that_behaves_at_the_edges_is_blamed(shape: str) -> None:
    assert check(Rule(square, domains={"": dict(x=real(shape))}), oracles="exact")


def test_what_float32_loses_in_the_forward_too_is_called_another_gradient() -> None:
    result = check(small_added, MATRIX, oracles="differences")
    assert "in float32" not in "".join(result.notes), result.notes


def test_a_forward_that_refuses_an_empty_array_fails() -> None:
    result = check(Rule(largest, domains={"": dict(x=real("n k"))}), oracles="exact")
    assert result, str(result)
    assert "the forward raises for axes of size 0 (x (0, 0)): ValueError: attempt to get argmax" in "".join(
        result.notes
    )


def test_a_domain_that_makes_no_empty_value_asks_for_one() -> None:
    domain = dict(
        x=made(lambda rng, draw: rng.uniform(1, 2, [[0], [2], [3]][draw.size("n") and 1]) if draw.size("n") else 1 / 0)
    )
    assert check(Rule(square, domains={"": domain}), oracles="exact")


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (squeezed, "for a batch of one the cotangent of x has shape (4,), x has (1, 4)"),
        (double, "in float32 the cotangent of x has dtype float64, x has float32"),
        (other_in_float32, "in float32 dx is another than for the same numbers in float64"),
    ],
    ids=["a batch of one", "float32", "other numbers in float32"],
)
def test_what_given_arguments_do_not_ask_for_fails(function: Callable[..., Any], says: str) -> None:
    result = check(function, MATRIX, oracles="exact")
    assert result, str(result)
    assert says in "".join(result.notes)


SLOPES: dict[str, tuple[Callable[..., Any], Any, str | None]] = {
    "0 for sqrt'(0)": (
        lambda x: (np.sqrt(x), lambda dy: 0 * dy),
        [0.0],
        "of x is 0 at x[0] = 0, where the slope is infinite",
    ),
    "1 for arcsin'(1)": (lambda x: (np.arcsin(x), lambda dy: dy), [1.0], "at x[0] = 1, where the slope is infinite"),
    "0 for (x log x)'(0)": (lambda x: (special.xlogy(x, x), lambda dy: 0 * dy), [0.0], "where the slope is infinite"),
    "inf for cos'(0)": (lambda x: (np.cos(x), lambda dy: dy * np.inf), [0.0], "where the slope is finite"),
    "inf for sqrt'(0)": (lambda x: (np.sqrt(x), lambda dy: dy / (2 * np.sqrt(x))), [0.0], None),
    "a kink": (lambda x: (np.abs(x), lambda dy: dy * np.sign(x)), [0.0, 1.0], None),
    "a jump": (lambda x: (np.floor(x), lambda dy: 0 * dy), [0.0, 1.0], None),
    "a kink next to the point": (lambda x: (np.maximum(x - 1e-12, 0), lambda dy: dy * (x > 1e-12)), [0.0], None),
    "x² at 0": (square, [0.0, 1.0, -1.0], None),
    "a slope that settles at last": (
        lambda x: ((2 - x * 1e8) / np.sqrt(1 + (x * 1e8) ** 2), lambda dy: -1e8 * dy),
        [0.0],
        None,
    ),
    "rounding of what is added to 1": (
        lambda x: (np.log(1 + 1e-3 * x), lambda dy: dy * 1e-3 / (1 + 1e-3 * x)),
        [0.0],
        None,
    ),
    "a small slope beside a large value": (lambda x: (x + 1e9, lambda dy: dy), [0.0, 1.0], None),
}


@pytest.mark.parametrize(("function", "x", "says"), SLOPES.values(), ids=SLOPES)
def test_infinite_and_finite_slopes_are_confused(function: Callable[..., Any], x: Any, says: str | None) -> None:
    found = [e.detail for e in check(function, np.array(x), oracles="exact").evidence if e.question == "contract"]
    against = [text for text in found if "slope" in text]
    assert bool(against) == (says is not None), found
    assert says is None or says in against[0]
