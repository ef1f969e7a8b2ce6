"""Discrete Fourier transforms of exact arrays: sums with roots of unity as balls, split at the factors of the length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted.array import Lifted, System, join, lifted, objects
from gradcheck.lifted.complexes import conjugate, real
from gradcheck.results import Array

Function = Callable[..., Any]


def dft(x: Array, turn: Array) -> Array:
    """The sums over k of x[..., k] turn[j k], for all j, where the turns are the powers of a root of unity.

    Cooley and Tukey, "An algorithm for the machine calculation of complex Fourier series", Math. Comp. 19 (1965).
    """
    n = x.shape[-1]
    factor = next((p for p in range(2, n + 1) if n % p == 0), 1)
    if n == 1:
        return x
    parts = [dft(x[..., r::factor], turn[::factor]) for r in range(factor)]
    places = np.arange(n)
    turned = [turn[(r * places) % n] * part[..., places % (n // factor)] for r, part in enumerate(parts)]
    return np.asarray(sum(turned[1:], turned[0]))


def cost(n: int) -> int:
    """Products in `dft` of one row: n for each prime factor's size."""
    left, total, p = n, 0, 2
    while left > 1:
        while left % p == 0:
            left, total = left // p, total + n * p
        p += 1
    return total


def scale(system: System, n: int, norm: str | None, inverse: bool) -> Any:
    """The factor of a transform of length n.  Raises ValueError for an unknown norm."""
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f'Invalid norm value {norm!r}; should be "backward", "ortho" or "forward".')
    if norm == "ortho":
        return np.reciprocal(np.sqrt(system.constant(n)))
    divided = (norm == "forward") != inverse
    return np.reciprocal(system.constant(n)) if divided else system.constant(1)


def fitted(x: Lifted, n: int) -> Lifted:
    """The last axis cut or filled with zeros to length n."""
    if n <= x.shape[-1]:
        return x[..., :n]
    return join(np.concatenate, [x, x.system.zeros((*x.shape[:-1], n - x.shape[-1]))], axis=-1)


def last(x: Lifted, axis: int) -> Lifted:
    """An axis moved to the end."""
    return x.each(lambda c: np.moveaxis(c, axis, -1))


def back(x: Lifted, axis: int) -> Lifted:
    """The last axis moved to its place."""
    return x.each(lambda c: np.moveaxis(c, -1, axis))


def transformed(x: Lifted, norm: str | None, inverse: bool) -> Lifted:
    """The transform of complex numbers along the last axis."""
    n = x.shape[-1]
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    system = x.system
    turns, factor = system.turns(n, 1 if inverse else -1), scale(system, n, norm, inverse)
    system.count(x.size // n * cost(n), n)
    return system.multilinear(lambda c, t, f: objects(dft(c, t) * f), system.complexes(x), turns, factor)


def along(inverse: bool) -> Function:
    """fft and ifft."""

    def implementation(system: System, a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Lifted:
        x = last(lifted(system, a), axis)
        return back(transformed(fitted(x, x.shape[-1] if n is None else n), norm, inverse), axis)

    return implementation


fft, ifft = along(False), along(True)


def rfft(system: System, a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Lifted:
    """The first half of the transform of real numbers.  Raises TypeError for complex ones, as NumPy does."""
    if np.iscomplexobj(a):
        raise TypeError("rfft takes real numbers")
    y = last(fft(system, a, n, axis, norm), axis)
    return back(y[..., : y.shape[-1] // 2 + 1], axis)


def irfft(system: System, a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Lifted:
    """The real numbers of which these are the first half of the transform; the other half is their conjugate."""
    x = last(lifted(system, a), axis)
    n = 2 * (x.shape[-1] - 1) if n is None else n
    half = fitted(x, n // 2 + 1)
    # What has no conjugate partner counts once: the mean, and the highest frequency of an even length.
    weight = np.where((np.arange(n // 2 + 1) == 0) | (2 * np.arange(n // 2 + 1) == n), 1.0, 2.0)
    return back(real(transformed(fitted(half * weight, n), norm, True)).copy(), axis)


# The norm that turns a forward transform into the inverse one.
EXCHANGED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def hfft(system: System, a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Lifted:
    """The real transform of numbers whose other half is their conjugate."""
    return irfft(system, conjugate(lifted(system, a)), n, axis, EXCHANGED.get(norm, norm))


def ihfft(system: System, a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Lifted:
    """The inverse of `hfft`."""
    return conjugate(rfft(system, a, n, axis, EXCHANGED.get(norm, norm)))


def axes_and_sizes(x: Lifted, s: Any, axes: Any) -> list[tuple[int | None, int]]:
    """The size (None: as it is) and the axis of every one-dimensional transform."""
    if axes is None:
        axes = range(x.ndim) if s is None else range(-len(s), 0)
    return list(zip([None] * len(axes) if s is None else s, axes, strict=True))


def several(function: Function, default: tuple[int, ...] | None = None) -> Function:
    """fftn, ifftn and the two-dimensional ones."""

    def implementation(system: System, a: Any, s: Any = None, axes: Any = default, norm: str | None = None) -> Lifted:
        x = lifted(system, a)
        for n, axis in reversed(axes_and_sizes(x, s, axes)):
            x = function(system, x, n, axis, norm)
        return x

    return implementation


def rfftn(default: tuple[int, ...] | None = None) -> Function:
    """rfftn and rfft2: real along the last of the axes."""

    def implementation(system: System, a: Any, s: Any = None, axes: Any = default, norm: str | None = None) -> Lifted:
        x = lifted(system, a)
        *others, (n, axis) = axes_and_sizes(x, s, axes)
        x = rfft(system, x, n, axis, norm)
        for n, axis in others:
            x = fft(system, x, n, axis, norm)
        return x

    return implementation


def irfftn(default: tuple[int, ...] | None = None) -> Function:
    """irfftn and irfft2: real along the last of the axes."""

    def implementation(system: System, a: Any, s: Any = None, axes: Any = default, norm: str | None = None) -> Lifted:
        x = lifted(system, a)
        *others, (n, axis) = axes_and_sizes(x, s, axes)
        for m, other in others:
            x = ifft(system, x, m, other, norm)
        return irfft(system, x, n, axis, norm)

    return implementation


def shifted(function: Function) -> Function:
    """fftshift and ifftshift."""
    return lambda system, x, axes=None: lifted(system, x).each(lambda c: function(c, axes))


TABLE: dict[str, Function] = {
    "fft.fft": fft,
    "fft.ifft": ifft,
    "fft.rfft": rfft,
    "fft.irfft": irfft,
    "fft.hfft": hfft,
    "fft.ihfft": ihfft,
    "fft.fftn": several(fft),
    "fft.ifftn": several(ifft),
    "fft.fft2": several(fft, (-2, -1)),
    "fft.ifft2": several(ifft, (-2, -1)),
    "fft.rfftn": rfftn(),
    "fft.rfft2": rfftn((-2, -1)),
    "fft.irfftn": irfftn(),
    "fft.irfft2": irfftn((-2, -1)),
    "fft.fftshift": shifted(np.fft.fftshift),
    "fft.ifftshift": shifted(np.fft.ifftshift),
}
