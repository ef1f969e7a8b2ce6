"""Fourier transforms of exact arrays: NumPy's own values, certified to many more digits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.lifted.array import TooLarge
from gradcheck.lifted.balls import Balls, midpoints, precision, radii
from gradcheck.lifted.fft import TABLE

RNG = np.random.default_rng(3)
Z = RNG.normal(size=(3, 6)) + 1j * RNG.normal(size=(3, 6))
X = RNG.normal(size=(5, 4))
CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "fft": lambda z, x: np.fft.fft(z),
    "fft of real numbers": lambda z, x: np.fft.fft(x),
    "fft, cut": lambda z, x: np.fft.fft(z, 5),
    "fft, filled": lambda z, x: np.fft.fft(z, n=7, axis=0),
    "fft of one": lambda z, x: np.fft.fft(z, 1),
    "fft, ortho": lambda z, x: np.fft.fft(z, norm="ortho"),
    "fft, forward": lambda z, x: np.fft.fft(z, norm="forward"),
    "ifft": lambda z, x: np.fft.ifft(z, axis=0),
    "ifft, ortho": lambda z, x: np.fft.ifft(z, norm="ortho"),
    "ifft, forward": lambda z, x: np.fft.ifft(z, norm="forward"),
    "rfft, even": lambda z, x: np.fft.rfft(x),
    "rfft, odd": lambda z, x: np.fft.rfft(x, axis=0, norm="ortho"),
    "rfft, filled": lambda z, x: np.fft.rfft(x, n=9),
    "irfft, even": lambda z, x: np.fft.irfft(z),
    "irfft, odd": lambda z, x: np.fft.irfft(z, n=11),
    "irfft, cut": lambda z, x: np.fft.irfft(z, n=5, axis=0),
    "irfft, filled": lambda z, x: np.fft.irfft(z, n=16, norm="forward"),
    "hfft": lambda z, x: np.fft.hfft(z),
    "hfft, odd and ortho": lambda z, x: np.fft.hfft(z, n=7, norm="ortho"),
    "ihfft": lambda z, x: np.fft.ihfft(x),
    "ihfft, forward": lambda z, x: np.fft.ihfft(x, norm="forward"),
    "fft2": lambda z, x: np.fft.fft2(z),
    "ifft2": lambda z, x: np.fft.ifft2(z, s=(4, 4), norm="ortho"),
    "fftn": lambda z, x: np.fft.fftn(z),
    "fftn of sizes": lambda z, x: np.fft.fftn(z, s=(2, 8), axes=(0, 1)),
    "ifftn of one axis": lambda z, x: np.fft.ifftn(z, axes=(0,)),
    "rfft2": lambda z, x: np.fft.rfft2(x),
    "rfftn": lambda z, x: np.fft.rfftn(x, axes=(1, 0)),
    "irfft2": lambda z, x: np.fft.irfft2(z, s=(4, 9)),
    "irfftn": lambda z, x: np.fft.irfftn(z),
    "fftshift": lambda z, x: np.fft.fftshift(z),
    "ifftshift": lambda z, x: np.fft.ifftshift(x, axes=0),
    "there and back": lambda z, x: np.fft.ifft(np.fft.fft(z)),
    "frequencies": lambda z, x: np.fft.fft(z) * np.fft.fftfreq(6),
}


@pytest.mark.parametrize("function", [pytest.param(f, id=name) for name, f in CALLS.items()])
def test_a_transform_that_differs_from_floats(function: Callable[..., Any]) -> None:
    theirs = function(*map(Balls().exact, (Z, X)))
    np.testing.assert_allclose(midpoints(theirs.value), function(Z, X), rtol=1e-12, atol=1e-12, strict=True)


def test_every_transform_of_the_table_is_called_by_a_row() -> None:
    assert {name.removeprefix("fft.") for name in TABLE} <= {
        name for f in CALLS.values() for name in f.__code__.co_names
    }


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 12, 15, 16])
def test_there_and_back_again_is_certified_to_be_the_same(n: int) -> None:
    z = Balls().exact(RNG.normal(size=n) + 1j * RNG.normal(size=n))
    with precision(128):
        again: Any = np.fft.ifft(np.fft.fft(z))
        gap = again - z
    assert all(g.contains(0) for g in gap.value)
    assert max(radii(part.value).max() for part in (gap.real, gap.imag)) < 1e-35


def test_the_tangent_of_a_transform_is_the_transform_of_the_tangent() -> None:
    theirs: Any = np.fft.irfft(Balls(tangents=True).exact(Z, 2j * Z), n=9)
    np.testing.assert_allclose(midpoints(theirs.companion), np.fft.irfft(2j * Z, n=9), atol=1e-14)


@pytest.mark.parametrize(("n", "operations"), [(64, 64 * 12), (61, 61 * 61), (60, 60 * 12)])
def test_a_transform_costs_its_length_times_the_sum_of_its_prime_factors(n: int, operations: int) -> None:
    system = Balls()
    np.fft.fft(system.exact(np.ones(n)))
    assert system.operations == operations
    with pytest.raises(TooLarge):
        np.fft.fft(Balls(budget=operations - 1).exact(np.ones(n)))
