"""Discrete Fourier transforms.  Cotangents are paired without conjugates, so that a symmetric transform is its own adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, complexes

Norm = str | None

# A shorter one first, at a point where both axes are longer than that.
LENGTHS = choice(2, 5, None)
AXES = choice(-1, 0)
NORMS = choice(None, "ortho", "forward")

# The norm of the forward transform with the factor of the inverse one.
EXCHANGED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def fitted(x: Array, n: int, axis: int) -> Any:
    """x with an axis cut or filled with zeros to length n, which is its own adjoint with the lengths exchanged."""
    cut = np.moveaxis(x, axis, -1)[..., :n]
    filled = np.pad(cut, [(0, 0)] * (x.ndim - 1) + [(0, n - cut.shape[-1])])
    return np.moveaxis(filled, -1, axis)


@rule(
    domains={
        "": dict(x=complexes("k 3"), n=LENGTHS, axis=AXES, norm=NORMS),
        "three axes": dict(x=complexes("2 3 4"), n=LENGTHS, axis=choice(0, 1), norm=NORMS),
    },
    jax=lambda jax, x, *, n, axis, norm: jax.numpy.fft.fft(x, n, axis, norm),
    source="Cooley and Tukey 1965",
)
def fft(x: Array, *, n: int | None = None, axis: int = -1, norm: Norm = None) -> Pulled:
    """The sums of x_k exp(-2 pi i j k / n) along an axis, cut or filled to length n.  (n, k) -> (...)

    dx = fft(dy), filled or cut: the matrix of the transform is symmetric.
    """

    def pullback(dy: Array) -> Any:
        return fitted(np.fft.fft(dy, axis=axis, norm=norm), x.shape[axis], axis)  # type: ignore[arg-type]

    return np.fft.fft(x, n, axis, norm), pullback  # type: ignore[arg-type]


@rule(
    domain=dict(x=complexes("k 3"), n=LENGTHS, axis=AXES, norm=NORMS),
    jax=lambda jax, x, *, n, axis, norm: jax.numpy.fft.ifft(x, n, axis, norm),
)
def ifft(x: Array, *, n: int | None = None, axis: int = -1, norm: Norm = None) -> Pulled:
    """The means of x_k exp(2 pi i j k / n) along an axis, cut or filled to length n.  (n, k) -> (...)

    dx = ifft(dy), filled or cut.
    """

    def pullback(dy: Array) -> Any:
        return fitted(np.fft.ifft(dy, axis=axis, norm=norm), x.shape[axis], axis)  # type: ignore[arg-type]

    return np.fft.ifft(x, n, axis, norm), pullback  # type: ignore[arg-type]


@rule(
    domain=dict(x=real("k 3"), n=LENGTHS, axis=AXES, norm=NORMS),
    jax=lambda jax, x, *, n, axis, norm: jax.numpy.fft.rfft(x, n, axis, norm),
)
def rfft(x: Array, *, n: int | None = None, axis: int = -1, norm: Norm = None) -> Pulled:
    """The first n // 2 + 1 entries of the transform of real numbers.  (n, k) -> (...)

    dx = the real part of fft(dy), with zeros for the entries that are left out.
    """
    length = x.shape[axis] if n is None else n

    def pullback(dy: Array) -> Any:
        full = np.fft.fft(dy, length, axis, norm)  # type: ignore[arg-type]
        return fitted(full.real, x.shape[axis], axis)

    return np.fft.rfft(x, n, axis, norm), pullback  # type: ignore[arg-type]


@rule(
    domains={
        "": dict(x=complexes("4 k"), n=choice(6, 5, 4), axis=AXES, norm=NORMS),
        "three axes": dict(x=complexes("3 1 4"), n=choice(6, 5, 4), axis=choice(0, 1), norm=NORMS),
    },
    jax=lambda jax, x, *, n, axis, norm: jax.numpy.fft.irfft(x, n, axis, norm),
)
def irfft(x: Array, *, n: int, axis: int = -1, norm: Norm = None) -> Pulled:
    """The n real numbers of which x is the first half of the transform.  (n, k) -> (...)

    dx = the conjugate of rfft(dy), twice where an entry stands for its conjugate too.
    """
    frequency = np.arange(n // 2 + 1)
    copies = np.where((frequency == 0) | (2 * frequency == n), 1.0, 2.0).astype(x.real.dtype)

    def pullback(dy: Array) -> Any:
        half = np.moveaxis(np.fft.rfft(dy, axis=axis, norm=EXCHANGED[norm]), axis, -1)  # type: ignore[arg-type]
        return fitted(np.moveaxis(np.conj(half) * copies, -1, axis), x.shape[axis], axis)

    # Filled with zeros here: NumPy (2.4) reads an entry that is not there of an axis of length 0.
    return np.fft.irfft(fitted(x, n // 2 + 1, axis), n, axis, norm), pullback  # type: ignore[arg-type]


@rule(
    domain=dict(x=complexes("b n k"), norm=NORMS),
    jax=lambda jax, x, *, norm: jax.numpy.fft.fft2(x, norm=norm),
)
def fft2(x: Array, *, norm: Norm = None) -> Pulled:
    """The transform along the last two axes.  (..., n, k) -> (..., n, k)

    dx = fft2(dy).
    """

    def pullback(dy: Array) -> Array:
        return np.fft.fft2(dy, norm=norm)  # type: ignore[arg-type]

    return np.fft.fft2(x, norm=norm), pullback  # type: ignore[arg-type]


@rule(
    domain=dict(x=real("b n k"), norm=NORMS),
    jax=lambda jax, x, *, norm: jax.numpy.fft.rfft2(x, norm=norm),
)
def rfft2(x: Array, *, norm: Norm = None) -> Pulled:
    """The transform of real numbers along the last two axes, half of it along the last.  (..., n, k) -> (..., n, m)

    dx = the real part of fft2(dy), with zeros for the entries that are left out.
    """

    def pullback(dy: Array) -> Any:
        return np.fft.fft2(fitted(dy, x.shape[-1], -1), norm=norm).real  # type: ignore[arg-type]

    return np.fft.rfft2(x, norm=norm), pullback  # type: ignore[arg-type]


@rule(
    domain=dict(x=complexes("n k"), axes=choice(None, 0, (1,), (0, 1))),
    jax=lambda jax, x, *, axes: jax.numpy.fft.fftshift(x, axes),
)
def fftshift(x: Array, *, axes: int | tuple[int, ...] | None = None) -> Pulled:
    """Frequency 0 moved to the middle of each axis.  (n, k) -> (n, k)

    dx = ifftshift(dy), which differs from fftshift for odd lengths.
    """

    def pullback(dy: Array) -> Array:
        return np.fft.ifftshift(dy, axes)

    return np.fft.fftshift(x, axes), pullback
