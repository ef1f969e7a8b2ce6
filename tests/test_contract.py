"""The contract: each thing a rule or pullback may not do has a message of its own, and a twin that behaves."""

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy import special

from gradcheck import Rule, check, made, real
from gradcheck.contract import ContractError, evaluate, examine
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


def in_place_residual(x: Any) -> Any:
    slope = 2 * x

    def pullback(dy: Any) -> Any:
        slope[...] *= dy
        return slope.copy()

    return x * x, pullback


def residual_behind_a_partial(x: Any) -> Any:
    saved = {"slope": 2 * x}

    def pullback(saved: Any, dy: Any) -> Any:
        dx = saved["slope"] * dy
        saved["slope"][...] = 0
        return dx

    return x * x, functools.partial(pullback, saved)


BUFFER = np.zeros(3)


def global_residual(x: Any) -> Any:
    BUFFER[:] = 2 * x
    return x * x, lambda dy: BUFFER * dy


class Layer:
    slope: Any = None

    def __call__(self, x: Any) -> Any:
        self.slope = 2 * x
        return x * x, lambda dy: self.slope * dy


def lagging(x: Any) -> Any:
    before: list[Any] = []

    def pullback(dy: Any) -> Any:
        before.append(dy)
        return 2 * x * before[max(0, len(before) - 2)]

    return x * x, pullback


def drawing_from_numpy(x: Any) -> Any:
    return x * x, lambda dy: 2 * x * dy + np.random.rand(3)  # noqa: NPY002


def drawing_unseeded(x: Any) -> Any:
    noise = np.random.default_rng().normal(size=x.shape)
    return x * x, lambda dy: 2 * x * dy + noise * dy


def by_clock(x: Any) -> Any:
    return x * x + time.perf_counter(), lambda dy: 2 * x * dy


def raising_twice(x: Any) -> Any:
    calls: list[int] = []

    def pullback(dy: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            raise RuntimeError("the graph is freed")
        return 2 * x * dy

    return x * x, pullback


def raising_for_zero(dy: Any) -> Any:
    if not dy.any():
        raise ZeroDivisionError("nothing flows")
    return 2 * X * dy


def normalised(dy: Any) -> Any:
    return 2 * X * dy * np.sqrt((dy * dy).sum()) / (np.abs(dy).sum() + 1e-300)


MISBEHAVIOUR: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "the forward changes an argument": (in_place_forward, {}, "the forward changes x: work on a copy"),
    "the pullback changes dy": (in_place_dy, {}, "the pullback changes dy: work on a copy"),
    "the pullback changes an argument": (in_place_argument, {}, "the pullback changes x: work on a copy"),
    "the pullback changes y": (in_place_output, {}, "the pullback changes y: work on a copy"),
    "the forward changes a parameter": (in_place_parameter, {"w": W}, "the forward changes w: work on a copy"),
    "the pullback changes a parameter": (late_parameter, {"w": W}, "the pullback changes w: work on a copy"),
    "state between calls": (counting, {}, "a second call of the same pullback gives another dx: it keeps state"),
    "the pullback changes a residual": (
        in_place_residual,
        {},
        "gives another dx: it keeps state in slope: work on a copy",
    ),
    "a residual in a dictionary": (residual_behind_a_partial, {}, "another dx: it keeps state in saved['slope']: work"),
    "interleaved calls, a global": (
        global_residual,
        {},
        "dx after the rule was called elsewhere: it keeps state in BUFFER",
    ),
    "interleaved calls, an object": (
        Layer(),
        {},
        "gives another dx after the rule was called elsewhere: it keeps state",
    ),
    "the answer to the dy before": (lagging, {}, "a second call of the same pullback gives another dx: it keeps state"),
    "a second call raises": (
        raising_twice,
        {},
        "raises when it is called a second time: RuntimeError: the graph is freed",
    ),
    "a draw from NumPy": (drawing_from_numpy, {}, "`return x * x, lambda dy: 2 * x * dy + np.random.rand(3)"),
    "a draw without a seed": (
        drawing_unseeded,
        {},
        "`noise = np.random.default_rng().normal(size=x.shape)`: pass what",
    ),
    "the clock": (by_clock, {}, "gives another y: it is not deterministic: "),
    "dy is clipped": (
        answering(lambda dy: 2 * X * np.clip(dy, -99, 99)),
        {},
        "2**20 dy does not give 2**20 times the answer",
    ),
    "dy is cut off": (answering(lambda dy: 2 * X * dy * (abs(dy) > 1e-3)), {}, "2**-20 dy does not give 2**-20 times"),
    "dy is normalised": (answering(normalised), {}, "dy1 + dy2 does not give the sum of their answers for x (dx["),
    "dy = 0 raises": (
        answering(raising_for_zero),
        {},
        "the pullback raises for dy = 0, where it does not for dy: ZeroDiv",
    ),
    "dy = 0 gives NaN": (
        answering(lambda dy: 2 * X * dy * (dy @ dy) / (dy @ dy)),
        {},
        "dy = 0 does not give 0 for x (dx[0] is nan",
    ),
    "infinity": (
        answering(lambda dy: 2 * X * dy * np.array([1, np.inf, 1])),
        {},
        "of x is -inf at x[1] = -2, where the",
    ),
    "a gradient that would broadcast": (
        answering(lambda dy: dy[:1]),
        {},
        "has shape (1,), x has (3,): it would broadcast",
    ),
    "a gradient of one number": (answering(lambda dy: dy.sum()), {}, "has shape (), x has (3,): it would broadcast to"),
    "a random pullback": (random_pullback(), {}, "the same point gives another dx: it is not deterministic: "),
    "a random forward": (random_forward(), {}, "`kept = rng.random(x.shape)`: pass what is drawn as a parameter (y["),
    "dy is not used": (answering(lambda dy: 2 * X), {}, "the pullback ignores dy: dy = 0 gives the same dx"),
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


def picky(x: Any) -> Any:
    if not x.flags.c_contiguous:
        raise ValueError("x must be contiguous")
    return x * x, lambda dy: 2 * x * dy


MATRIX = np.arange(12.0).reshape(3, 4) / 7 - 0.5
LAYOUTS: dict[str, tuple[Callable[..., Any], str]] = {
    "a pullback in memory order": (k_order, "the pullback depends on memory layout: with dy in Fortran order it gives"),
    "a forward in memory order": (
        from_memory,
        "the forward depends on memory layout: with x in Fortran order it gives",
    ),
    "strides of its own": (stride_blind, "the pullback depends on memory layout: with x in Fortran order it gives"),
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


EDGES: dict[str, tuple[Callable[..., Any], str, str]] = {
    "a squeezed batch of one": (
        squeezed,
        "n k",
        "for axes of size 1 (x (1, 1)) the cotangent of x has shape (), x has (1, 1)",
    ),
    "float64 in float32": (double, "n k", "in float32 the cotangent of x has dtype float64, x has float32"),
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
    ],
    ids=["a batch of one", "float32"],
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
