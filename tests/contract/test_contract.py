"""The contract: each thing a rule or pullback may not do has a message of its own, and a twin that behaves."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check
from gradcheck.contract import ContractError, evaluate
from gradcheck.results import Point, Result
from tests.contract.misbehaviours import FATAL, MATRIX, MISBEHAVIOUR, W, X, answering, norm, square


def exactly(function: Callable[..., Any], *args: Any, **options: Any) -> Result:
    return check(function, *args, oracles="exact", **options)


@pytest.mark.parametrize(
    ("function", "params", "says"), [pytest.param(*row, id=name) for name, row in MISBEHAVIOUR.items()]
)
def test_a_misbehaviour_without_its_message(function: Callable[..., Any], params: Any, says: str) -> None:
    before = {k: v.copy() for k, v in params.items()}
    result = exactly(function, X, params=params)
    found = [e.detail for e in result.evidence if e.question == "contract" and e.stance == "against"]
    assert result.verdict in ("fail", "disputed")
    assert any(says in text for text in found), found
    assert says[1:] in result.diagnosis
    assert all(np.array_equal(params[k], before[k]) for k in params)


@pytest.mark.parametrize(("function", "args", "says"), [pytest.param(*row, id=name) for name, row in FATAL.items()])
def test_an_answer_that_cannot_be_compared_is_no_error_with_a_message(
    function: Callable[..., Any], args: Any, says: str
) -> None:
    result = exactly(function, *args)
    assert result.verdict == "error"
    assert says in result.diagnosis
    assert result.failed_at == "given"


def good_copies(x: Any) -> Any:
    z = x.copy()
    z += 1

    def pullback(dy: Any) -> Any:
        dy = dy.copy()
        dy *= 2 * z
        return dy

    return z * z, pullback


def above_one(x: Any) -> Any:
    if (x < 1).any():
        raise ValueError("below 1")
    return x * x, lambda dy: 2 * x * dy


BEHAVED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "copies": (good_copies, (X,), {}),
    "a parameter": (lambda x, *, w: (x * w, lambda dy: dy * w), (X,), {"w": W}),
    "an integer parameter": (lambda x, *, i: (x[i], lambda dy: scatter(dy, i, x.shape)), (X,), {"i": np.array([2, 0])}),
    "a linear rule": (lambda x: (3 * x, lambda dy: 3 * dy), (X,), {}),
    "a clip whose edge is at half of the point": (
        lambda x: (np.clip(x, -1, 1), lambda dy: dy * (abs(x) < 1)),
        (2 * X,),
        {},
    ),
    "a rule that refuses half of the point": (above_one, (np.array([1.5, 3.0]),), {}),
    "a NumPy scalar": (lambda x: (x * x, lambda dy: 2 * x * dy), (np.float64(3.0),), {}),
    "a bare number for y": (lambda x: ((x * x).sum(), lambda dy: 2 * x * dy), (X,), {}),
    "a list of cotangents": (lambda a, b: (a * b, lambda dy: [dy * b, dy * a]), (X, W), {}),
    "float32": (square, (X.astype(np.float32),), {}),
    "a tuple of outputs": (lambda x: ((x, 2 * x), lambda dy: dy[0] + 2 * dy[1]), (X,), {}),
    "a Fortran-ordered argument": (square, (np.asfortranarray(np.ones((2, 3))),), {}),
}


def scatter(dy: Any, index: Any, shape: Any) -> Any:
    dx = np.zeros(shape)
    np.add.at(dx, index, dy)
    return dx


@pytest.mark.parametrize(("function", "args", "params"), [pytest.param(*row, id=name) for name, row in BEHAVED.items()])
def test_a_rule_that_behaves_is_blamed(function: Callable[..., Any], args: Any, params: Any) -> None:
    result = exactly(function, *args, params=params)
    assert result, result.evidence


def test_a_nan_is_not_blamed_where_the_point_itself_has_none_to_offer() -> None:
    result = exactly(square, np.array([np.nan, 1.0]))
    assert not [e for e in result.evidence if e.question == "contract"]


def test_the_nan_of_a_norm_at_zero_is_named() -> None:
    assert "of x is NaN at x[0] = 0, where all else is finite" in exactly(norm, np.zeros(2)).diagnosis


@pytest.mark.parametrize(
    ("function", "dy", "says"),
    [
        (square, np.ones(4), r"dy has shape \(4,\), the output has \(3,\): pass a cotangent of that shape"),
        (lambda x: ((x, x), lambda dy: dy[0]), (X,), "dy has 1 entries, there are 2 outputs"),
    ],
    ids=["shape", "count"],
)
def test_a_cotangent_that_does_not_fit_is_named(function: Callable[..., Any], dy: Any, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        evaluate(Rule(function), Point("given", "given", (X,), dy=dy), seed=0)


def test_a_given_cotangent_is_the_one_that_is_used() -> None:
    problem = evaluate(Rule(square), Point("given", "given", (X,), dy=[1, 2, 3]), seed=0)
    np.testing.assert_array_equal(problem.claimed[0], 2 * X * [1.0, 2.0, 3.0])


def drawn(dtype: str) -> Iterator[Any]:
    for seed in range(20):
        yield evaluate(Rule(square), Point("given", "given", (np.ones(8, dtype),)), seed=seed).dy[0]


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
def test_a_drawn_cotangent_has_one_sign_or_one_size(dtype: str) -> None:
    for dy in drawn(dtype):
        assert dy.dtype == dtype
        assert len(np.unique(np.abs(dy))) > 4
    every = np.concatenate(list(drawn(dtype)))
    assert (every.real > 0).any()
    assert (every.real < 0).any()


def test_without_a_shape_to_compare_no_oracle_is_asked() -> None:
    result = exactly(answering(lambda dy: np.ones(4)), X)
    assert {e.oracle for e in result.evidence} == {"contract"}


ALIASES: dict[str, tuple[Callable[..., Any], str]] = {
    "dy itself": (lambda x: (x + 1, lambda dy: dy), "dx is dy itself, not a copy"),
    "a view of dy": (lambda x: (x.T, lambda dy: dy.T), "dx is a view of dy"),
    "an argument": (lambda x: ((x * x).sum() / 2, lambda dy: x if dy == 1 else x * dy), "dx is x itself"),
}


@pytest.mark.parametrize(("function", "says"), ALIASES.values(), ids=ALIASES)
def test_an_alias_is_no_note_or_a_failure(function: Callable[..., Any], says: str) -> None:
    result = check(function, MATRIX, oracles="exact", dy=1.0 if says == "dx is x itself" else None)
    assert result, str(result)
    assert says in "".join(result.notes)


def test_a_copy_is_called_an_alias() -> None:
    assert not [note for note in check(square, MATRIX, oracles="exact").notes if "dx is" in note]


def test_rounding_that_differs_from_call_to_call_fails() -> None:
    turns = iter(range(10**6))

    def threaded(x: Any) -> Any:
        return x * x, lambda dy: 2 * x * dy * (1 + 2.0**-52 * (next(turns) % 2))

    result = check(threaded, X, oracles="differences")
    assert result, str(result)
    assert "dx differs from call to call, by no more than rounding explains" in result.notes


def test_where_nothing_is_compared_the_verdict_is_green() -> None:
    result = check(square, np.ones((0, 2)))
    assert result.verdict == "inconclusive"
    assert [e.reason for e in result.evidence] == ["nothing to compare"]
    assert check(lambda x: (x[:0], lambda dy: np.zeros_like(x)), X, oracles="exact").verdict != "inconclusive"


MASKED = np.ma.masked_array(X, [True, False, False])


def test_a_mask_is_lost_in_silence() -> None:
    with pytest.raises(ContractError, match=r"argument x is a masked array, whose mask would be lost: pass .*filled"):
        check(square, MASKED)
    assert "y is a masked array" in exactly(lambda x: (MASKED * x, lambda dy: dy), X).diagnosis
    assert "the cotangent of x is a masked array" in exactly(answering(lambda dy: MASKED * dy), X).diagnosis


def test_a_backward_of_its_own_may_use_what_the_last_forward_left() -> None:
    saved: dict[str, Any] = {}

    def forward(x: Any) -> Any:
        saved["slope"] = 2 * x
        return x * x

    result = check(forward, X, vjp=lambda dy, x: saved["slope"] * dy, oracles="differences")
    assert result, str(result)
    assert any("the backward uses what the last forward left behind" in note for note in result.notes)
