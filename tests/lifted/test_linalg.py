"""Linear algebra over exact numbers: LAPACK's values, and the derivative that differences see."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.lifted.array import Lifted, lifted
from gradcheck.lifted.balls import Balls, midpoints, precision, radii
from gradcheck.lifted.linalg import TABLE
from gradcheck.lifted.stand_in import lifting

RNG = np.random.default_rng(11)
SQUARE = RNG.uniform(-1, 1, (4, 4))  # needs exchanges of rows
BATCH = RNG.uniform(-1, 1, (2, 3, 3)) + np.array([[[0, 3, 0], [3, 0, 0], [0, 0, 3]]])
POSITIVE = SQUARE @ SQUARE.T + np.eye(4)
VECTOR = RNG.uniform(-1, 1, 4)
CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "inv": (np.linalg.inv, (SQUARE,)),
    "inv of a batch": (np.linalg.inv, (BATCH,)),
    "det": (np.linalg.det, (SQUARE,)),
    "det of a batch": (np.linalg.det, (BATCH,)),
    "det of an empty batch": (np.linalg.det, (BATCH[:0],)),
    "inv of an empty batch": (np.linalg.inv, (BATCH[:0],)),
    "slogdet of an empty batch": (lambda a: np.linalg.slogdet(a).logabsdet, (BATCH[:0],)),
    "solve an empty batch": (np.linalg.solve, (BATCH[:0], BATCH[:0, :, :2])),
    "slogdet, sign": (lambda a: np.linalg.slogdet(a)[0] + 0 * a[0, 0], (SQUARE,)),
    "slogdet, by name": (lambda a: np.linalg.slogdet(a).logabsdet, (-SQUARE,)),
    "slogdet of a batch": (lambda a: np.linalg.slogdet(a).logabsdet, (BATCH,)),
    "cholesky": (np.linalg.cholesky, (POSITIVE,)),
    "cholesky reads the lower triangle": (lambda a: np.linalg.cholesky(np.tril(a)), (POSITIVE,)),
    "upper cholesky reads the upper triangle": (lambda a: np.linalg.cholesky(np.triu(a), upper=True), (POSITIVE,)),
    "matrix_power": (lambda a: np.linalg.matrix_power(a, 3), (SQUARE,)),
    "matrix_power 0": (lambda a: np.linalg.matrix_power(a, 0) + a, (SQUARE,)),
    "matrix_power of the inverse": (lambda a: np.linalg.matrix_power(a, -2), (SQUARE,)),
    "solve for a vector": (np.linalg.solve, (SQUARE, VECTOR)),
    "solve for a matrix": (np.linalg.solve, (SQUARE, RNG.uniform(-1, 1, (4, 2)))),
    "solve a batch": (np.linalg.solve, (BATCH, RNG.uniform(-1, 1, (2, 3, 2)))),
    "solve one for a batch": (np.linalg.solve, (BATCH[0], RNG.uniform(-1, 1, (2, 3, 2)))),
    "solve a batch for a vector": (np.linalg.solve, (BATCH, VECTOR[:3])),
    "multi_dot": (lambda a, b: np.linalg.multi_dot([a, b, a]), (SQUARE, POSITIVE)),
    "matrix_transpose": (np.linalg.matrix_transpose, (BATCH,)),
    "trace": (np.linalg.trace, (BATCH,)),
    "diagonal": (lambda a: np.linalg.diagonal(a, offset=1), (BATCH,)),
    "outer": (np.linalg.outer, (VECTOR, VECTOR)),
}
NAMED = [pytest.param(*row, id=name) for name, row in CALLS.items()]


def in_balls(function: Callable[..., Any], args: tuple[Any, ...], tangents: list[Any]) -> Lifted:
    system = Balls(tangents=True)
    with lifting(system) as rewrite:
        found = rewrite(function)(*(system.exact(a, v) for a, v in zip(args, tangents, strict=True)))
    return lifted(system, found).materialise()


@pytest.mark.parametrize(("function", "args"), NAMED)
def test_a_value_that_differs_from_lapack(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    theirs = in_balls(function, args, [None] * len(args))
    np.testing.assert_allclose(midpoints(theirs.value), function(*args), rtol=1e-10, atol=1e-12, strict=True)


@pytest.mark.parametrize(("function", "args"), NAMED)
def test_a_tangent_that_differences_refute(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    step = 1e-6
    tangents = [np.random.default_rng(k).uniform(-1, 1, a.shape) for k, a in enumerate(args)]
    theirs = in_balls(function, args, tangents).companion
    after, before = (function(*(a + sign * step * v for a, v in zip(args, tangents, strict=True))) for sign in (1, -1))
    np.testing.assert_allclose(midpoints(theirs), (after - before) / (2 * step), rtol=1e-5, atol=1e-6)


def test_every_function_of_the_table_is_called_by_a_row() -> None:
    named = {f.__name__ for f, _ in CALLS.values()}
    called = named.union(*(f.__code__.co_names for f, _ in CALLS.values() if f.__name__ == "<lambda>"))
    assert {name.removeprefix("linalg.") for name in TABLE} <= called


def test_an_inverse_is_certified_and_not_only_close() -> None:
    with precision(128):
        product = in_balls(lambda a: a @ np.linalg.inv(a) - np.eye(4), (SQUARE,), [None]).value
    assert np.abs(midpoints(product)).max() < 1e-30
    assert radii(product).max() < 1e-30
    assert all(ball.contains(0) for ball in product.flat)


def test_a_singular_matrix_has_no_finite_inverse() -> None:
    inverse = in_balls(np.linalg.inv, (np.ones((2, 2)),), [None]).value
    assert not any(ball.is_finite() for ball in inverse.flat)
