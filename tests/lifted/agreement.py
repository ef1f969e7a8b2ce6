"""What a NumPy function on exact arrays is held to: the value on floats, and the derivative that differences see."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted.array import Lifted, lifted
from gradcheck.lifted.balls import Balls, midpoints
from gradcheck.lifted.evaluate import with_enough_bits
from gradcheck.lifted.stand_in import lifting

# What rounding of the floats explains: balls are exact here.
RTOL = 1e-14
RNG = np.random.default_rng(7)
INPUTS = {
    "x": RNG.uniform(-2, 2, (3, 4)),
    "y": RNG.uniform(0.5, 2, (3, 4)),
    "t": RNG.uniform(-2, 2, (2, 3, 4)),
    "v": RNG.uniform(-2, 2, 5),
    "w": RNG.uniform(-2, 2, 3),
    "m": RNG.uniform(-1, 1, (3, 3)) + 3 * np.diag([1.0, -1.0, 1.0]),
    "z": np.array(0.75),
}
HOLED = INPUTS["x"].copy()
HOLED[1, 2] = HOLED[0, 0] = np.nan
INPUTS["h"] = HOLED
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
COLUMNS = np.array([[2, 0], [1, 1], [3, 0]])


def written(write: Callable[[Any], None], x: Any) -> Any:
    """A copy of `x` after something was written into it."""
    target = x.copy()
    write(target)
    return target


def inputs_of(function: Callable[..., Any]) -> list[Any]:
    """The inputs that the parameters without default name."""
    parameters = inspect.signature(function).parameters.values()
    return [INPUTS[p.name] for p in parameters if p.default is p.empty]


def in_balls(function: Callable[..., Any], args: list[Any], tangents: list[Any]) -> Lifted:
    """What a function gives on balls with tangents, of as many bits as it needs."""

    def compute(bits: int, final: bool) -> Lifted:
        system = Balls(final=final, tangents=True)
        with lifting(system) as rewrite:
            found = rewrite(function)(*(system.exact(a, v) for a, v in zip(args, tangents, strict=True)))
        return lifted(system, found).materialise()

    return with_enough_bits(compute)


def value_agrees(function: Callable[..., Any]) -> None:
    """The value is that on floats."""
    args = inputs_of(function)
    theirs = in_balls(function, args, [None] * len(args))
    np.testing.assert_allclose(midpoints(theirs.value), function(*args), rtol=RTOL, atol=RTOL, strict=True)


def tangent_agrees(function: Callable[..., Any]) -> None:
    """The derivative along a random direction is that of central differences."""
    args, step = inputs_of(function), 1e-6
    tangents = [np.random.default_rng(k).uniform(-1, 1, a.shape) for k, a in enumerate(args)]
    theirs = in_balls(function, args, tangents).companion
    after, before = (
        np.asarray(function(*(a + sign * step * v for a, v in zip(args, tangents, strict=True)))) for sign in (1, -1)
    )
    np.testing.assert_allclose(midpoints(theirs), (after - before) / (2 * step), rtol=1e-6, atol=1e-7)


def plain_answer_agrees(function: Callable[..., Any]) -> None:
    """An answer that is no exact array is that on floats."""
    args = inputs_of(function)

    def compute(bits: int, final: bool) -> Any:
        system = Balls(final=final)
        with lifting(system) as rewrite:
            return rewrite(function)(*map(system.exact, args))

    np.testing.assert_array_equal(with_enough_bits(compute), function(*args))
