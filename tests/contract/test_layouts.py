"""How numbers lie in memory is no business of a rule."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check
from gradcheck.contract import evaluate, examine
from gradcheck.results import Point
from tests.contract.misbehaviours import MATRIX


def k_order(x: Any) -> Any:
    return 2 * x, lambda dy: 2 * dy.ravel(order="K").reshape(dy.shape)


def from_memory(x: Any) -> Any:
    flat = np.frombuffer(x.tobytes("A"), x.dtype).reshape(x.shape)
    return flat**2, lambda dy: 2 * flat * dy


def stride_blind(x: Any) -> Any:
    raw = np.lib.stride_tricks.as_strided(x, x.shape, np.empty(x.shape).strides)
    return x * x, lambda dy: 2 * raw * dy


def adding_nothing(x: Any) -> Any:
    x += 0
    return x * x, lambda dy: 2 * x * dy


def adding_nothing_to_dy(x: Any) -> Any:
    def pullback(dy: Any) -> Any:
        dy += 0
        return 2 * x * dy

    return x * x, pullback


def in_place_reshape(x: Any) -> Any:
    y = x * x

    def pullback(dy: Any) -> Any:
        flat = dy.view()
        flat.shape = (dy.size,)
        return (2 * x.ravel() * flat).reshape(x.shape)

    return y, pullback


def sign_blind(x: Any) -> Any:
    there = x[::-1] if x.strides[0] < 0 else x
    return there**2, lambda dy: 2 * x * dy


def gap_blind(x: Any) -> Any:
    def pullback(dy: Any) -> Any:
        read = dy if abs(dy.strides[0]) in (dy.itemsize, dy.size * dy.itemsize // len(dy)) else dy * 0
        return 2 * x * read

    return x * x, pullback


def picky(x: Any) -> Any:
    if not x.flags.c_contiguous:
        raise ValueError("x must be contiguous")
    return x * x, lambda dy: 2 * x * dy


LAYOUTS: dict[str, tuple[Callable[..., Any], str]] = {
    "a pullback in memory order": (k_order, "the pullback depends on memory layout: with dy in Fortran order it gives"),
    "a forward in memory order": (
        from_memory,
        "the forward depends on memory layout: with x in Fortran order it gives",
    ),
    "strides of its own": (stride_blind, "the pullback depends on memory layout: with x in Fortran order it gives"),
    "the sign of a stride": (sign_blind, "the forward depends on memory layout: with x with negative strides it gives"),
    "gaps between entries": (
        gap_blind,
        "the pullback depends on memory layout: with dy not contiguous it gives another",
    ),
    "writing what is there": (adding_nothing, "the forward writes into x: ValueError: output array is read-only ("),
    "writing into dy": (adding_nothing_to_dy, "the pullback writes into dy: ValueError: output array is read-only ("),
    "a shape set in place": (in_place_reshape, "the pullback raises with dy in Fortran order: AttributeError"),
}


@pytest.mark.parametrize(("function", "says"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_rule_may_depend_on_memory_layout(function: Callable[..., Any], says: str) -> None:
    result = check(function, MATRIX, oracles="differences")
    found = [e.detail for e in result.evidence if e.question == "contract" and e.stance == "against"]
    assert result.verdict == "fail"
    assert any(says in text for text in found), found


@pytest.mark.parametrize("seed", range(8))
def test_another_order_of_summation_fails_where_the_terms_cancel(seed: int) -> None:
    def product(a: Any, b: Any, c: Any) -> Any:
        return a @ b @ c, lambda dy: (dy @ (b @ c).T, a.T @ dy @ c.T, (b.T @ (a.T @ dy)))

    # All that is there to compare is 0: the output, and what b.T @ (a.T @ dy) is but for rounding.
    args = np.array([[1.0, -1.0]]), np.full((2, 2), 3.0), np.zeros((2, 1))
    result = check(product, *args, oracles="differences", seed=seed)
    assert result, result.evidence
    args = np.array([[1.0, 1, 0, 1], [1, 1, 1, 1]]), np.array([[-1.0], [2], [0.002], [-1]]), np.zeros((1, 1))
    result = check(product, *args, oracles="differences", seed=seed)
    assert result, result.evidence


def form_of_images(X: Any, b: Any, c: Any, D: Any) -> Any:
    p, q = X @ b, X @ c

    def pullback(dy: Any) -> Any:
        dX = np.outer(D.T @ p, c) + np.outer(D @ q, b)
        return dy * dX, dy * (X.T @ (D @ q)), dy * (X.T @ (D.T @ p)), dy * np.outer(p, q)

    return p @ D @ q, pullback


def test_rounding_of_a_gradient_that_cancels_where_the_output_is_0_depends_on_memory_layout() -> None:
    D = np.array([[3.0, -3.0], [3.0, -3.0]])
    result = check(form_of_images, np.full((2, 1), 0.003), np.zeros(1), np.ones(1), D, dy=-1.495)
    assert not [e.detail for e in result.evidence if e.question == "contract"]


def transformed(a: Any, v: Any) -> Any:
    n, of_a, of_v = len(a), np.fft.rfft(a), np.fft.rfft(v)

    def pullback(dy: Any) -> Any:
        of_dy = np.fft.rfft(dy)
        return np.fft.irfft(of_dy * np.conj(of_v), n), np.fft.irfft(of_dy * np.conj(of_a), n)

    return np.fft.irfft(of_a * of_v, n), pullback


@pytest.mark.parametrize("normwise", [True, False])
def test_a_rule_that_is_declared_normwise_is_held_to_each_entry(normwise: bool) -> None:
    # Most of dv is 0 but for rounding, which is another for each part of dy, as transforms lose digits of small entries.
    rng, found = np.random.default_rng(0), []
    for _ in range(20):
        dy = np.concatenate([rng.uniform(-1, 1, 3), np.zeros(4)])
        point = Point("given", "given", (np.eye(7)[1], np.zeros(7)), {}, dy)
        found += [
            e for e in examine(evaluate(Rule(transformed, normwise=normwise), point, seed=0)) if e.stance == "against"
        ]
    assert bool(found) != normwise


def test_a_forward_that_refuses_a_layout_fails() -> None:
    result = check(picky, MATRIX, oracles="differences")
    assert result, result.evidence
    assert "the forward raises with x in Fortran order: ValueError: x must be contiguous (" in "".join(result.notes)
