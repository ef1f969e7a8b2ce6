"""Closed forms of spectra in symbols: their values at the point are those of LAPACK, signs of vectors included."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

from gradcheck.lifted.array import Lifted, NotLiftable
from gradcheck.lifted.stand_in import lifting
from gradcheck.lifted.symbols import Symbols
from gradcheck.results import Array

RNG = np.random.default_rng(3)
MATRICES = {
    **{f"2x2, number {k}": RNG.uniform(-2, 2, (2, 2)) for k in range(6)},
    "diagonal, ascending": np.diag([1.0, 3.0]),
    "diagonal, descending": np.diag([3.0, 1.0]),
    "equal diagonal": np.array([[2.0, 0.5], [0.5, 2.0]]),
    "imaginary eigenvalues": np.array([[0.3, 2.0], [-1.5, 0.4]]),
    "1x1": np.array([[-1.5]]),
    "batch": RNG.uniform(-2, 2, (2, 2, 2)),
}
OBLONG = {"2x1": RNG.uniform(-2, 2, (2, 1)), "1x3": RNG.uniform(-2, 2, (1, 3)), "3x2": RNG.uniform(-2, 2, (3, 2))}
E = np.array([[0.3, -0.7], [1.1, 0.2]])

SQUARE: dict[str, Callable[..., Any]] = {
    "eigh": lambda a: tuple(np.linalg.eigh(a)),
    "eigh of the upper triangle": lambda a: tuple(np.linalg.eigh(a, "U")),
    "eigvalsh": lambda a: (np.linalg.eigvalsh(a),),
    "expm": lambda a: (expm(a),),
}
ANY: dict[str, Callable[..., Any]] = {
    "svd": lambda a: tuple(np.linalg.svd(a, full_matrices=False)),
    "svdvals": lambda a: (np.linalg.svdvals(a),),
    "norms": lambda a: tuple(np.linalg.matrix_norm(a, ord=o) for o in (2, -2, "nuc")),
}


def in_symbols(function: Callable[..., Any], a: Array) -> Any:
    system = Symbols()
    with lifting(system) as rewrite:
        return rewrite(function)(system.argument("a", a))


def values(x: Lifted) -> Array:
    """The expressions, not their shadows, at the point."""
    assert isinstance(x.system, Symbols)
    return np.array([float(x.system.exactly(e)) for e in np.ravel(x.value)]).reshape(x.shape)


@pytest.mark.parametrize(
    ("function", "a"),
    [
        *(pytest.param(f, a, id=f"{k} of {m}") for k, f in SQUARE.items() for m, a in MATRICES.items()),
        *(pytest.param(f, a, id=f"{k} of {m}") for k, f in ANY.items() for m, a in (MATRICES | OBLONG).items()),
    ],
)
def test_symbols_have_the_values_of_floats(function: Callable[..., Any], a: Array) -> None:
    for found, expected in zip(in_symbols(function, a), function(a), strict=True):
        np.testing.assert_allclose(values(found), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["1x1", "2x2, number 0", "imaginary eigenvalues"])
def test_expm_of_a_block_is_expm_and_its_derivative(name: str) -> None:
    def block(a: Any) -> Any:
        e = E[: len(a), : len(a)]
        rows = [np.concatenate([a, e], axis=1), np.concatenate([np.zeros_like(a), a], axis=1)]
        return expm(np.concatenate(rows))

    a = MATRICES[name]
    np.testing.assert_allclose(values(in_symbols(block, a)), block(a), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("function", [pytest.param(f, id=k) for k, f in (SQUARE | ANY).items()])
def test_larger_matrices_say_so(function: Callable[..., Any]) -> None:
    with pytest.raises(NotLiftable, match="of size 3 has no formula in symbols above 2x2"):
        in_symbols(function, RNG.uniform(-1, 1, (3, 3)))


@pytest.mark.parametrize("name", ["eigh", "eigvalsh", "svd", "expm"])
def test_repeated_eigenvalues_have_no_formula(name: str) -> None:
    with pytest.raises(NotLiftable, match="repeated eigenvalues"):
        in_symbols((SQUARE | ANY)[name], np.eye(2))


def test_a_singular_value_of_zero_has_no_formula() -> None:
    with pytest.raises(NotLiftable, match="a singular value is 0"):
        in_symbols(ANY["svdvals"], np.ones((2, 2)))
