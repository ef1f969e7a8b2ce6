"""Rules that do what no rule may, with the message of each, and rules that behave."""

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

X = np.array([1.0, -2.0, 0.5])
W = np.array([0.5, 1.5, 2.5])
MATRIX = np.arange(12.0).reshape(3, 4) / 7 - 0.5


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


def by_first_call() -> Callable[..., Any]:
    first: list[Any] = []

    def rule(x: Any) -> Any:
        first.append(x)
        return x * x, lambda dy: 2 * first[0] * dy

    return rule


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
    "the residuals of the first call": (
        by_first_call(),
        {},
        "at half the point what it answers at the point, though the",
    ),
    "a constant": (
        answering(lambda dy: 2 * X * dy),
        {},
        "residuals of its first call, or a constant: keep in the clos",
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
        "inf at x[1] = -2, where the",
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
