"""The stand-in for numpy: arrays that a rule creates are exact, wherever its code took them from."""

import functools
import math
from collections.abc import Callable
from math import exp as math_exp
from typing import Any

import numpy as np
import pytest
from numpy import add, full, zeros
from scipy import special

from gradcheck.lifted.array import Lifted, NotLiftable, lifted
from gradcheck.lifted.balls import Balls, Exact, midpoints, radii
from gradcheck.lifted.stand_in import blame, lifting
from gradcheck.rules import from_vjp, rule

X = np.array([0.5, -1.25, 2.0])


def helper(x: Any) -> Any:
    """A helper of the same module, which creates an array and calls another helper."""
    y = np.zeros(x.shape)
    y[:] = twice(x)
    return y


def twice(x: Any) -> Any:
    y = np.empty_like(x)
    y[...] = 2 * x
    return y


def even(x: Any, n: int) -> Any:
    return x if n == 0 else odd(x, n - 1)


def odd(x: Any, n: int) -> Any:
    y = np.zeros(len(x))
    y += even(x, n - 1)
    return y


def closure(offset: float) -> Callable[[Any], Any]:
    numpy_by_another_name = np

    def inner(x: Any) -> Any:
        y = numpy_by_another_name.ones(x.size)
        y *= x + offset
        return y

    return inner


class Layer:
    """Parameters with a method."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def __call__(self, x: Any) -> Any:
        y = np.zeros(3)
        y[1:] = self.weight * x[1:]
        return y


def assigned(x: Any) -> Any:
    y = np.zeros(3)
    y[0] = x[1]
    y[1:] += x[:2] * 2
    return y


def scattered(x: Any) -> Any:
    y = np.zeros((2, 2))
    np.add.at(y, ([0, 1, 0], [0, 1, 0]), x)
    return y


@rule
def inner_rule(x: Any) -> Any:
    y = np.zeros_like(x)
    z = np.zeros(3)
    z += x
    return y + z, lambda dy: dy


CALLS: dict[str, Callable[..., Any]] = {
    "zeros, assigned": assigned,
    "zeros, scattered": scattered,
    "zeros imported by name": lambda x: written(zeros((2, 3)), x),
    "full imported by name": lambda x: written(full(3, 0.5), x),
    "a ufunc imported by name": lambda x: add(x, x),
    "a helper of the module": helper,
    "helpers that call each other": lambda x: odd(x, 3),
    "a closure": closure(0.25),
    "functools.partial": functools.partial(even, n=2),
    "a method": Layer(0.5).__call__,
    "another rule": lambda x: inner_rule(x)[0],
    "empty": lambda x: written(np.empty(3), x),
    "ones": lambda x: np.ones(3) * x,
    "full": lambda x: written(np.full((2, 3), 2.0), x),
    "full of an exact number": lambda x: np.full(4, x[1]),
    "eye": lambda x: written(np.eye(3), x),
    "identity": lambda x: written(np.identity(3), x),
    "array of a list": lambda x: np.array([[x[0], 1.0], [2.0, x[1]]]),
    "array of floats": lambda x: written(np.array([0.5, 1.0, 2.0]), x),
    "array that copies": lambda x: copied(x),
    "array as float": lambda x: np.array(x, dtype=float),
    "asarray": lambda x: np.asarray(x) + np.asarray([1.0, 2.0, 3.0]) + np.asarray([x[0], x[1], x[2]]),
    "arange and linspace": lambda x: x * np.arange(3) + np.linspace(0, 1, 3),
    "math": lambda x: math.exp(x[0]) + math.atan2(x[1], x[2]) + math.sqrt(2.0) * math.fabs(x[1]) + math.pi,
    "math by name": lambda x: math_exp(x[0]),
    "math.erf": lambda x: math.erf(x[0]) + math.lgamma(x[2]),
    "scipy.special": lambda x: special.erf(x),
    "isinstance": lambda x: x * 2 if isinstance(x, np.ndarray) else None,
    "isinstance of a plain array": lambda x: x * 2 if isinstance(np.arange(2), np.ndarray) else None,
    "isscalar": lambda x: x * (1 if np.isscalar(2.0) else 0),
    "astype float32": lambda x: x.astype(np.float32),
    "finfo": lambda x: x + np.finfo(x.dtype).eps,
    "linalg": lambda x: np.linalg.norm(x),
    "integers stay plain": lambda x: x[np.zeros(2, dtype=int) + np.array([1, 2])] * np.full(2, 3) * np.ones(2, int),
    "a mask stays plain": lambda x: np.where(np.zeros(3, dtype=bool) | np.eye(3, dtype=bool)[0], x, -x),
}


def written(target: Any, x: Any) -> Any:
    target[..., 0] = x[0]
    target[..., 1:] *= x[1:]
    return target


def copied(x: Any) -> Any:
    y = np.array(x)
    y[0] = 9.0
    return x * y


def in_balls(function: Callable[..., Any], *args: Any) -> Lifted:
    system = Balls(tangents=True)
    with lifting(system) as rewrite:
        return lifted(system, rewrite(function)(*map(system.exact, args)))


@pytest.mark.parametrize("function", [pytest.param(f, id=name) for name, f in CALLS.items()])
def test_an_array_that_a_rule_creates_is_not_exact(function: Callable[..., Any]) -> None:
    tolerance = (
        1e-6 if "float32" in repr(function.__code__.co_names if hasattr(function, "__code__") else "") else 1e-14
    )
    np.testing.assert_allclose(midpoints(in_balls(function, X).value), function(X), rtol=tolerance)


def test_single_precision_is_not_the_identity_in_exact_arithmetic() -> None:
    theirs = in_balls(lambda x: x.astype(np.float32) - x, np.array([0.1, 1 / 3])).value
    assert not midpoints(theirs).any()


def test_the_users_own_function_is_left_as_it_was() -> None:
    in_balls(helper, X)
    assert helper.__globals__["np"] is np
    assert isinstance(helper(X), np.ndarray)


def test_rules_of_separate_functions_are_rewritten_too() -> None:
    made = from_vjp(np.sum, lambda dy, x: dy * helper(x))
    system = Balls()
    with lifting(system) as rewrite:
        y, pullback = rewrite(made.function)(system.exact(X))
        found = midpoints(lifted(system, pullback(system.exact(np.array(1.0)))).value)
    assert midpoints(y.value) == X.sum()
    np.testing.assert_array_equal(found, 2 * X)


def test_exact_numbers_are_not_isscalar_unless_they_have_no_axes() -> None:
    theirs = in_balls(lambda x: np.array([float(np.isscalar(x)), float(np.isscalar(x[0]))]), X)
    np.testing.assert_array_equal(midpoints(theirs.value), [0.0, 1.0])


def test_a_parameter_stays_exact_where_an_array_is_filled_with_it() -> None:
    system = Balls()
    with lifting(system) as rewrite:
        filled = rewrite(lambda scale: np.full(3, scale))(Exact(0.1))
    assert not radii(filled.value).any()


def test_a_cell_that_is_not_filled_yet_does_not_stop_the_rewriting() -> None:
    def function(x: Any) -> Any:
        return later(x) if x.size > 99 else x * 1

    assert midpoints(in_balls(function, X).value)[0] == X[0]

    def later(x: Any) -> Any:
        return x


def test_two_helpers_made_on_the_way_are_not_mixed_up() -> None:
    def apply(factory: Callable[[float], Any], x: Any) -> Any:
        return [from_vjp(factory(k), None)(x)[0] for k in (1.0, 2.0, 3.0)]  # type: ignore[arg-type]

    theirs = in_balls(lambda x: np.stack(apply(closure, x)), X)
    np.testing.assert_array_equal(midpoints(theirs.value), [X + 1, X + 2, X + 3])


NOT_LIFTABLE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a function of numpy that is not known": (lambda x: np.histogram(x), "np.histogram is not known"),
    "float()": (lambda x: float(x[0]) * x, "float.. of an exact number"),
    "an index": (lambda x: X[int(x[0])], "int.. of an exact number"),
    "a missing key": (lambda x: {}[x.shape], r"\(3,\)"),
    "an assertion on the type": (lambda x: refuse(x), "plain arrays only"),
    "math that is not known": (lambda x: math.gcd(x[0], 2), "math.gcd is not known"),
    "a function that neither NumPy nor SciPy has": (lambda x: math.dist(x, x), "math.dist is not known"),
}


def refuse(x: Any) -> Any:
    assert type(x) is np.ndarray, "plain arrays only"
    return x


@pytest.mark.parametrize(("function", "says"), [pytest.param(*row, id=k) for k, row in NOT_LIFTABLE.items()])
def test_what_cannot_be_lifted_is_named_with_file_and_line(function: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(NotLiftable, match=says) as caught:
        in_balls(function, X)
    assert str(caught.value).startswith("test_stand_in.py:")


def test_an_error_without_a_line_of_the_users_is_told_without_one() -> None:
    assert blame(NotLiftable("raised nowhere")) == ""
