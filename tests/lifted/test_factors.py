"""Factors, eigenvalues, singular values and norms over exact numbers: LAPACK's values, the derivative of differences."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy
from scipy import linalg
from scipy.linalg import expm, solve_triangular

from gradcheck.lifted import factors, norms, spectral
from gradcheck.lifted.array import Lifted, NotLiftable, lifted
from gradcheck.lifted.balls import Balls, NeedPrecision, midpoints, precision, radii
from gradcheck.lifted.scipy_linalg import TABLE as SCIPY
from gradcheck.lifted.stand_in import lifting
from gradcheck.lifted.symbols import Symbols

RNG = np.random.default_rng(12)
SQUARE = RNG.uniform(-1, 1, (4, 4))
TALL, VECTOR = RNG.uniform(-1, 1, (4, 3)), RNG.uniform(-1, 1, 4)
WIDE, SIDES = TALL.T.copy(), RNG.uniform(-1, 1, (4, 2))
BATCH = RNG.uniform(-1, 1, (2, 3, 3))
POSITIVE = SQUARE @ SQUARE.T + np.eye(4)
TENSOR = RNG.uniform(-1, 1, (2, 3, 6))

NUMPY: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "qr": (np.linalg.qr, (TALL,)),
    "qr of a wide matrix": (np.linalg.qr, (WIDE,)),
    "qr of a square matrix": (np.linalg.qr, (SQUARE,)),
    "qr of a batch": (np.linalg.qr, (BATCH,)),
    "complete qr": (lambda a: np.linalg.qr(a, "complete"), (TALL,)),
    "complete qr of a wide matrix": (lambda a: np.linalg.qr(a, "complete"), (WIDE,)),
    "r of qr": (lambda a: np.linalg.qr(a, "r"), (TALL,)),
    "eigh": (np.linalg.eigh, (SQUARE,)),
    "eigh reads the upper triangle": (lambda a: np.linalg.eigh(a, "U"), (SQUARE,)),
    "eigh of a batch": (np.linalg.eigh, (BATCH,)),
    "eigh of one entry": (np.linalg.eigh, (SQUARE[:1, :1],)),
    "eigvalsh": (np.linalg.eigvalsh, (SQUARE,)),
    "eigvalsh reads the upper triangle": (lambda a: np.linalg.eigvalsh(a, "U"), (SQUARE,)),
    "svd": (np.linalg.svd, (SQUARE,)),
    "svd of a tall matrix": (lambda a: np.linalg.svd(a, full_matrices=False), (TALL,)),
    "svd of a wide matrix": (lambda a: np.linalg.svd(a, full_matrices=False), (WIDE,)),
    "svd of a batch": (np.linalg.svd, (BATCH,)),
    "svd without vectors": (lambda a: np.linalg.svd(a, compute_uv=False), (TALL,)),
    "svdvals": (np.linalg.svdvals, (WIDE,)),
    "pinv": (np.linalg.pinv, (TALL,)),
    "pinv of a wide matrix": (np.linalg.pinv, (WIDE,)),
    "pinv of a batch": (np.linalg.pinv, (BATCH,)),
    "lstsq": (lambda a, b: np.linalg.lstsq(a, b)[0], (TALL, SIDES)),
    "lstsq of a vector": (lambda a, b: np.linalg.lstsq(a, b)[0], (TALL, VECTOR)),
    "lstsq of a wide matrix": (lambda a, b: np.linalg.lstsq(a, b)[0], (WIDE, VECTOR[:3])),
    "residuals of lstsq": (lambda a, b: np.linalg.lstsq(a, b)[1], (TALL, SIDES)),
    "no residuals of lstsq": (lambda a, b: np.linalg.lstsq(a, b)[1], (SQUARE, SIDES)),
    "rank of lstsq": (lambda a, b: np.linalg.lstsq(a, b)[2] * a, (TALL, SIDES)),
    "tensorsolve": (np.linalg.tensorsolve, (TENSOR, TENSOR[:, :, 0])),
    "tensorsolve over other axes": (
        lambda a, b: np.linalg.tensorsolve(a, b, axes=(0,)),
        (np.moveaxis(TENSOR, 2, 0).copy(), TENSOR[:, :, 0]),
    ),
    "tensorinv": (np.linalg.tensorinv, (TENSOR,)),
    "tensorinv of a leading axis": (lambda a: np.linalg.tensorinv(a, ind=1), (np.moveaxis(TENSOR, 2, 0).copy(),)),
    "norm": (np.linalg.norm, (SQUARE,)),
    "norm along an axis": (lambda a: np.linalg.norm(a, axis=1, keepdims=True), (SQUARE,)),
    "norm 1": (lambda a: np.linalg.norm(a, 1), (VECTOR,)),
    "norm 2": (lambda a: np.linalg.norm(a, 2, axis=0), (SQUARE,)),
    "norm 3": (lambda a: np.linalg.norm(a, 3, axis=0), (SQUARE,)),
    "norm inf": (lambda a: np.linalg.norm(a, np.inf), (VECTOR,)),
    "norm -inf": (lambda a: np.linalg.norm(a, -np.inf), (VECTOR,)),
    "norm fro of a batch": (lambda a: np.linalg.norm(a, "fro", axis=(1, 2)), (BATCH,)),
    "vector_norm": (np.linalg.vector_norm, (SQUARE,)),
    "norm of all entries": (np.linalg.norm, (BATCH,)),
    "matrix norm 1": (lambda a: np.linalg.norm(a, 1), (TALL,)),
    "matrix norm -1": (lambda a: np.linalg.norm(a, -1), (TALL,)),
    "matrix norm 2": (lambda a: np.linalg.norm(a, 2), (TALL,)),
    "matrix norm -2": (lambda a: np.linalg.norm(a, -2), (TALL,)),
    "matrix norm inf": (lambda a: np.linalg.norm(a, np.inf), (TALL,)),
    "matrix norm -inf": (lambda a: np.linalg.norm(a, -np.inf), (TALL,)),
    "matrix norm nuc": (lambda a: np.linalg.norm(a, "nuc"), (WIDE,)),
    "matrix norms of a batch": (lambda a: np.linalg.norm(a, "nuc", axis=(2, 0), keepdims=True), (BATCH,)),
    "matrix_norm": (lambda a: np.linalg.matrix_norm(a, ord=2, keepdims=True), (BATCH,)),
    "vector_norm of a matrix": (lambda a: np.linalg.vector_norm(a, ord=1, axis=(0, 1)), (SQUARE,)),
}
OF_SCIPY: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "solve_triangular": (solve_triangular, (POSITIVE, VECTOR)),
    "lower solve_triangular": (lambda a, b: solve_triangular(a, b, lower=True), (POSITIVE, SIDES)),
    "transposed": (lambda a, b: linalg.solve_triangular(a, b, trans="T"), (POSITIVE, SIDES)),
    "transposed and lower": (lambda a, b: linalg.solve_triangular(a, b, trans=1, lower=True), (POSITIVE, SIDES)),
    "unit diagonal": (lambda a, b: linalg.solve_triangular(a, b, unit_diagonal=True), (SQUARE, SIDES)),
    "cho_solve": (lambda a, b: linalg.cho_solve((a, True), b), (POSITIVE, SIDES)),
    "upper cho_solve": (lambda a, b: linalg.cho_solve((a, False), b), (POSITIVE, VECTOR)),
    "cho_factor": (lambda a, b: linalg.cho_solve(linalg.cho_factor(a), b), (POSITIVE, VECTOR)),
    "triangle of cho_factor": (lambda a: np.tril(linalg.cho_factor(a, lower=True)[0]), (POSITIVE,)),
    "cholesky": (linalg.cholesky, (POSITIVE,)),
    "lower cholesky": (lambda a: linalg.cholesky(a, lower=True, check_finite=False), (POSITIVE,)),
    "solve": (linalg.solve, (SQUARE, SIDES)),
    "solve reads a triangle": (lambda a, b: linalg.solve(a, b, assume_a="pos"), (POSITIVE, VECTOR)),
    "inv": (linalg.inv, (SQUARE,)),
    "det": (linalg.det, (SQUARE,)),
    "qr": (linalg.qr, (TALL,)),
    "economic qr": (lambda a: linalg.qr(a, mode="economic"), (TALL,)),
    "r of qr": (lambda a: linalg.qr(a, mode="r")[0], (TALL,)),
    "eigh": (lambda a: scipy.linalg.eigh(a, lower=False)[1] ** 2, (SQUARE,)),
    "eigh, values only": (lambda a: scipy.linalg.eigh(a, eigvals_only=True), (SQUARE,)),
    "eigvalsh": (linalg.eigvalsh, (SQUARE,)),
    "svd": (lambda a: linalg.svd(a, full_matrices=False), (WIDE,)),
    "svd without vectors": (lambda a: linalg.svd(a, compute_uv=False), (WIDE,)),
    "svdvals": (linalg.svdvals, (TALL,)),
    "pinv": (linalg.pinv, (WIDE,)),
    "lstsq": (lambda a, b: linalg.lstsq(a, b)[0], (TALL, SIDES)),
    "norm": (lambda a: linalg.norm(a, "nuc"), (TALL,)),
    "expm": (expm, (SQUARE,)),
    "expm of a batch": (expm, (BATCH,)),
}
NAMED = [
    *(pytest.param(*row, id=name) for name, row in NUMPY.items()),
    *(pytest.param(*row, id=f"scipy {name}") for name, row in OF_SCIPY.items()),
]


def several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,)


def in_balls(function: Callable[..., Any], args: tuple[Any, ...], tangents: Any = None, **how: Any) -> list[Lifted]:
    system = Balls(tangents=True, **how)
    with precision(128), lifting(system) as rewrite:
        found = rewrite(function)(*map(system.exact, args, tangents or [None] * len(args)))
    return [lifted(system, v).materialise() for v in several(found)]


@pytest.mark.parametrize(("function", "args"), NAMED)
def test_a_value_that_differs_from_lapack(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    theirs, ours = in_balls(function, args), several(function(*args))
    assert len(theirs) == len(ours)
    values = [midpoints(t.value) for t in theirs]
    for value, mine in zip(values, ours, strict=True):
        np.testing.assert_allclose(value, mine, rtol=1e-10, atol=1e-12, strict=True)


@pytest.mark.parametrize(("function", "args"), NAMED)
def test_a_tangent_that_differences_refute_or_that_is_no_enclosure(
    function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    step = 1e-6
    tangents = [np.random.default_rng(k).uniform(-1, 1, a.shape) for k, a in enumerate(args)]
    theirs = in_balls(function, args, tangents)
    sides = (several(function(*(a + sign * step * v for a, v in zip(args, tangents, strict=True)))) for sign in (1, -1))
    for ours, after, before in zip(theirs, *sides, strict=True):
        np.testing.assert_allclose(midpoints(ours.companion), (after - before) / (2 * step), rtol=1e-5, atol=1e-6)
        assert radii(ours.companion).max(initial=0) < 1e-30


@pytest.mark.parametrize(
    ("table", "rows"),
    [({**factors.TABLE, **spectral.TABLE, **norms.TABLE}, NUMPY), (SCIPY, OF_SCIPY)],
    ids=["numpy", "scipy"],
)
def test_every_function_of_the_tables_is_called_by_a_row(table: Any, rows: Any) -> None:
    called = {f.__name__ for f, _ in rows.values()}.union(
        *(f.__code__.co_names for f, _ in rows.values() if f.__name__ == "<lambda>")
    )
    assert {name.removeprefix("linalg.") for name in table} <= called


def test_the_signs_of_scipys_eigenvectors_are_numpys() -> None:
    # A row of the table shows their squares only: the signs may jump between neighbours.
    theirs = in_balls(lambda a: linalg.eigh(a), (SQUARE,))
    for value, mine in zip(theirs, linalg.eigh(SQUARE), strict=True):
        np.testing.assert_allclose(midpoints(value.value), mine, rtol=1e-10)


def test_a_repeated_eigenvalue_asks_for_more_bits_before_it_is_given_up() -> None:
    with pytest.raises(NeedPrecision, match="repeated eigenvalues"):
        in_balls(np.linalg.eigvalsh, (np.eye(2),))


def test_eigenvalues_that_only_many_bits_tell_apart_are_told_apart() -> None:
    close = np.diag([1.0, 1.0 + 2.0**-52])
    values = in_balls(np.linalg.eigvalsh, (close,))[0].value
    assert bool(values[0] < values[1])


SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], str]] = {
    "repeated eigenvalues": (np.linalg.eigh, (np.eye(2),), "repeated eigenvalues"),
    "repeated singular values": (np.linalg.svd, (np.array([[0.0, 1.0], [-1.0, 0.0]]),), "singular values"),
    "a singular value of 0": (np.linalg.svdvals, (SINGULAR,), "a singular value is 0"),
    "eigenvalues of infinity": (np.linalg.eigvalsh, (np.diag([np.inf, 1.0]),), "not finite"),
    "eigenvectors that floats do not tell": (
        np.linalg.eigh,
        (np.array([[1.0, 1e-18], [1e-18, 1.0]]) + np.diag([0.0, 1e-300]),),
        "too close for floats",
    ),
    "vectors of the null space": (np.linalg.svd, (TALL,), "full_matrices=False"),
    "qr, raw": (lambda a: np.linalg.qr(a, "raw"), (TALL,), "mode='raw'"),
    "qr of a triangle": (np.linalg.qr, (np.triu(SQUARE),), "sign jumps"),
    "qr without full rank": (np.linalg.qr, (np.array([[1.0, 2, 3], [4, 5, 9], [7, 8, 15], [2, 1, 3]]),), "full rank"),
    "pinv without full rank": (np.linalg.pinv, (SINGULAR,), "cut off"),
    "pinv that cuts off": (lambda a: np.linalg.pinv(a, rtol=0.9), (TALL,), "cut off at 0.9"),
    "singular values of lstsq": (lambda a, b: np.linalg.lstsq(a, b)[3][0], (TALL, VECTOR), "np.linalg.svd"),
    "lstsq of a stack": (lambda a: np.linalg.lstsq(a, a), (BATCH,), "loop over the stack"),
    "another matrix norm": (lambda a: np.linalg.norm(a, 3), (SQUARE,), "norm of a matrix with ord=3"),
    "a count": (lambda a: np.linalg.norm(a, 0), (VECTOR,), "ord=0.*count_nonzero"),
    "an unknown scipy function": (lambda a: linalg.logm(a), (SQUARE,), "scipy.linalg.logm is not known"),
    "pivoted qr": (lambda a: linalg.qr(a, pivoting=True), (SQUARE,), "pivoting"),
    "a structure of solve": (lambda a: linalg.solve(a, a, assume_a="banded"), (SQUARE,), "assume_a='banded'"),
    "an unknown argument": (lambda a: linalg.eigh(a, subset_by_index=[0, 1]), (SQUARE,), "subset_by_index"),
}


@pytest.mark.parametrize(("function", "args", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_derivative_says_why(function: Callable[..., Any], args: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(NotLiftable, match=reason):
        in_balls(function, args, final=True)


def test_a_complex_matrix_is_not_taken_for_a_real_one() -> None:
    system = Balls()
    with pytest.raises(NotLiftable, match="complex"):
        factors.qr(Lifted(system, system.exact(SQUARE).value, dtype=complex))


def in_symbols(function: Callable[..., Any], *args: Any) -> Any:
    system = Symbols()
    with lifting(system) as rewrite:
        return rewrite(function)(*(system.argument(f"a{k}", a) for k, a in enumerate(args)))


@pytest.mark.parametrize("function", [np.linalg.eigh, np.linalg.svd, np.linalg.svdvals, np.linalg.eigvalsh, expm])
def test_symbols_have_no_formula_for_spectra_above_2x2(function: Callable[..., Any]) -> None:
    with pytest.raises(NotLiftable, match="no formula in symbols"):
        in_symbols(lambda a: function(a), SQUARE[:3, :3])


@pytest.mark.parametrize(
    ("function", "args"),
    [
        pytest.param(lambda a: np.linalg.qr(a)[1], (SQUARE[:2, :2],), id="qr"),
        pytest.param(solve_triangular, (POSITIVE[:2, :2], VECTOR[:2]), id="solve_triangular"),
        pytest.param(np.linalg.pinv, (TALL[:, :2],), id="pinv"),
    ],
)
def test_an_expression_that_is_not_the_float_beside_it(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    system = Symbols()
    with lifting(system) as rewrite:
        found = rewrite(function)(*(system.argument(f"a{k}", a) for k, a in enumerate(args)))
    ours = [float(e.xreplace(system.shadows)) if hasattr(e, "xreplace") else float(e) for e in found.value.flat]
    np.testing.assert_allclose(ours, function(*args).ravel(), rtol=1e-12, atol=1e-12)


def plain(a: Any) -> Any:
    return a * linalg.det(np.eye(2) * math.e) + scipy.special.expit(a) * isinstance(linalg.LinAlgError(), ValueError)


def test_scipy_of_plain_arrays_is_left_as_it_is() -> None:
    found = in_balls(plain, (VECTOR,))[0]
    np.testing.assert_allclose(midpoints(found.value), plain(VECTOR))
