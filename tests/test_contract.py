"""The contract: each thing a rule or pullback may not do has a message of its own, and a twin that behaves."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check
from gradcheck.contract import ContractError, evaluate
from gradcheck.results import Point, Result

X = np.array([1.0, -2.0, 0.5])
W = np.array([0.5, 1.5, 2.5])


def in_place_forward(x: Any) -> Any:
    y = np.square(x)
    x += 1
    return y, lambda dy: 2 * (x - 1) * dy


def in_place_dy(x: Any) -> Any:
    def pullback(dy: Any) -> Any:
        dy *= 2 * x
        return dy

    return x * x, pullback


def in_place_argument(x: Any) -> Any:
    y = x * x

    def pullback(dy: Any) -> Any:
        answer = 2 * x * dy
        x[...] = 0
        return answer

    return y, pullback


def in_place_output(x: Any) -> Any:
    y = np.exp(x)

    def pullback(dy: Any) -> Any:
        dx = dy * y
        y[...] = 0
        return dx

    return y, pullback


def in_place_parameter(x: Any, *, w: Any) -> Any:
    y = x * w
    slope = w.copy()
    w += 1
    return y, lambda dy: dy * slope


def late_parameter(x: Any, *, w: Any) -> Any:
    def pullback(dy: Any) -> Any:
        dx = dy * w
        w[...] = 0
        return dx

    return x * w, pullback


def counting(x: Any) -> Any:
    calls: list[int] = []

    def pullback(dy: Any) -> Any:
        calls.append(1)
        return 2 * dy * len(calls)

    return 2 * x, pullback


def random_pullback() -> Callable[..., Any]:
    rng = np.random.default_rng(0)

    def noisy(x: Any) -> Any:
        noise = rng.normal(size=x.shape)
        return 2 * x, lambda dy: 2 * dy + noise * dy

    return noisy


def random_forward() -> Callable[..., Any]:
    rng = np.random.default_rng(0)

    def dropout(x: Any) -> Any:
        kept = rng.random(x.shape)
        return x * kept, lambda dy: dy * kept

    return dropout


def square(x: Any) -> Any:
    return x * x, lambda dy: 2 * x * dy


def norm(x: Any) -> Any:
    y = np.sqrt((x * x).sum())
    return y, lambda dy: dy * x / y


def answering(answer: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: (x * x, answer)


MISBEHAVIOUR: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "the forward changes an argument": (in_place_forward, {}, "the forward changes x: work on a copy"),
    "the pullback changes dy": (in_place_dy, {}, "the pullback changes dy: work on a copy"),
    "the pullback changes an argument": (in_place_argument, {}, "the pullback changes x: work on a copy"),
    "the pullback changes y": (in_place_output, {}, "the pullback changes y: work on a copy"),
    "the forward changes a parameter": (in_place_parameter, {"w": W}, "the forward changes w: work on a copy"),
    "the pullback changes a parameter": (late_parameter, {"w": W}, "the pullback changes w: work on a copy"),
    "state between calls": (counting, {}, "a second call of the same pullback gives another dx: it keeps state"),
    "a random pullback": (random_pullback(), {}, "called again at the same point gives another dx: it is not determ"),
    "a random forward": (random_forward(), {}, "called again at the same point gives another y: it is not determ"),
    "dy is not used": (answering(lambda dy: 2 * X), {}, "not linear in dy: dy = 0 does not give 0 for x"),
    "dy is squared": (answering(lambda dy: 2 * X * dy * dy), {}, "not linear in dy: -2 dy does not give -2 times"),
    "dy is only positive": (answering(lambda dy: 2 * X * abs(dy)), {}, "not linear in dy: -2 dy"),
    "a shape that does not fit": (answering(lambda dy: np.ones(4)), {}, r"has shape (4,), x has (3,)"),
    "a shape that broadcasts": (
        answering(lambda dy: dy[None]),
        {},
        "has shape (1, 3), x has (3,): the sum over the broadcast axis 0 is",
    ),
    "float32 for float64": (
        answering(lambda dy: (2 * X * dy).astype(np.float32)),
        {},
        "the cotangent of x has dtype float32, x has float64",
    ),
    "integers": (answering(lambda dy: np.zeros(3, int)), {}, "the cotangent of x has dtype int64, x has float64"),
    "NaN": (answering(lambda dy: 2 * X * dy * np.array([1, np.nan, 1])), {}, "of x is NaN at x[1] = -2, where all"),
}
FATAL: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
    "no pair": (lambda x: x * 2, (X,), "returned an array of shape (3,): a rule returns (y, pullback)"),
    "no pullback": (lambda x: (x, x), (X,), "returned a tuple of 2: a rule returns (y, pullback)"),
    "a number": (lambda x: 3.0, (X,), "returned a float: a rule returns (y, pullback)"),
    "too many cotangents": (answering(lambda dy: (dy, dy)), (X,), "returned 2 cotangents, there are 1 arguments: x"),
    "too few cotangents": (lambda a, b: (a * b, lambda dy: dy), (X, X), "1 cotangents, there are 2 arguments: a, b"),
    "None": (answering(lambda dy: None), (X,), "the cotangent of x is None: return an array of zeros"),
    "objects": (answering(lambda dy: np.array([None] * 3)), (X,), "the cotangent of x has dtype object: return floats"),
    "strings": (answering(lambda dy: "dx"), (X,), "the cotangent of x has dtype <U2: return floats"),
    "an integer argument": (square, (np.array([1, 2]),), "argument x has dtype int64: only float and complex"),
    "a boolean argument": (square, (np.array([True]),), "pass it as params={'x': ...}"),
    "an object argument": (square, (np.array([None]),), "argument x has dtype object"),
}


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


BEHAVED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "copies": (good_copies, (X,), {}),
    "a parameter": (lambda x, *, w: (x * w, lambda dy: dy * w), (X,), {"w": W}),
    "an integer parameter": (lambda x, *, i: (x[i], lambda dy: scatter(dy, i, x.shape)), (X,), {"i": np.array([2, 0])}),
    "a NumPy scalar": (lambda x: (x * x, lambda dy: 2 * x * dy), (np.float64(3.0),), {}),
    "a bare number for y": (lambda x: ((x * x).sum(), lambda dy: 2 * x * dy), (X,), {}),
    "a list of cotangents": (lambda a, b: (a * b, lambda dy: [dy * b, dy * a]), (X, W), {}),
    "float32": (square, (X.astype(np.float32),), {}),
    "no entries": (square, (np.ones((0, 2)),), {}),
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
