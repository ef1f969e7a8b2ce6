"""Convolution and correlation of signals, by sums of products and by Fourier transforms."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, complexes

Mode = Literal["full", "same", "valid"]
MODES = choice("full", "same", "valid")


def filled(dy: Array, before: int, length: int) -> Any:
    """dy along the last axis as a part of the full result, with zeros around it."""
    return np.pad(dy, [(0, 0)] * (dy.ndim - 1) + [(before, length - before - dy.shape[-1])])


def products(sympy: Any, a: Array, v: Array) -> Array:
    """The full convolution of symbols along the last axis: the coefficients of a product of polynomials."""
    n, m = a.shape[-1], v.shape[-1]
    return np.stack(
        [sum(a[..., i] * v[..., k - i] for i in range(max(0, k - m + 1), min(k + 1, n))) for k in range(n + m - 1)], -1
    )


@rule(
    domains={
        "": dict(a=real("5"), v=real("4"), mode=MODES),
        "longer second": dict(a=real("2"), v=real("5"), mode=MODES),
        "complex": dict(a=complexes("4"), v=complexes("3"), mode=MODES),
    },
    jax=lambda jax, a, v, *, mode: jax.numpy.convolve(a, v, mode),
    sympy=lambda sympy, a, v, *, mode: products(sympy, a, v)[middle(len(a), len(v), mode) :][
        : outputs(len(a), len(v), mode)
    ],
)
def convolve(a: Array, v: Array, *, mode: Mode = "full") -> Pulled:
    """Σ a_i v_(k-i): all of it, its middle as long as the longer, or where both overlap fully.  (5), (4) -> (...)

    da = Σ dy_k v_(k-i), dv = Σ dy_k a_(k-i): correlations of dy, filled up to full length, with the other.
    """
    start, full = middle(len(a), len(v), mode), len(a) + len(v) - 1

    def pullback(dy: Array) -> Any:
        dy = filled(dy, start, full)
        # NumPy conjugates the second argument; here nothing is.
        return np.correlate(dy, np.conj(v), "valid"), np.correlate(dy, np.conj(a), "valid")

    return np.convolve(a, v, mode), pullback


def outputs(n: int, m: int, mode: Mode) -> int:
    """The length of what a mode keeps of n + m - 1 sums."""
    return {"full": n + m - 1, "same": max(n, m), "valid": abs(n - m) + 1}[mode]


def middle(n: int, m: int, mode: Mode) -> int:
    """The first of the n + m - 1 sums that a mode keeps."""
    return (n + m - 1 - outputs(n, m, mode)) // 2


def turned_middle(n: int, m: int, mode: Mode) -> int:
    """The same for correlations: where the second is longer NumPy exchanges them and turns the result round."""
    first = middle(n, m, mode)
    return n + m - 1 - outputs(n, m, mode) - first if m > n else first


@rule(
    domains={
        "": dict(a=real("5"), v=real("4"), mode=MODES),
        "longer second": dict(a=real("3"), v=real("5"), mode=MODES),
        "even beside longer": dict(a=real("2"), v=real("5"), mode=MODES),
    },
    jax=lambda jax, a, v, *, mode: jax.numpy.correlate(a, v, mode),
    sympy=lambda sympy, a, v, *, mode: products(sympy, a, v[::-1])[turned_middle(len(a), len(v), mode) :][
        : outputs(len(a), len(v), mode)
    ],
)
def correlate(a: Array, v: Array, *, mode: Mode = "valid") -> Pulled:
    """Σ a_(i+k) v_i of real numbers: of all overlaps, as many as the longer is long, or the full ones.  (5), (4) -> (...)

    da = the convolution of dy, filled up to full length, with v, dv = its correlation with a from the other end.
    """
    start, full = turned_middle(len(a), len(v), mode), len(a) + len(v) - 1

    def pullback(dy: Array) -> Any:
        dy = filled(dy, start, full)
        return np.convolve(dy, v, "valid"), np.correlate(dy, a, "valid")[::-1]

    return np.correlate(a, v, mode), pullback


@rule(
    domains={
        "": dict(a=real("n 5"), v=real("n 4"), mode=MODES),
        "longer second": dict(a=real("3"), v=real("5"), mode=MODES),
        "broadcast": dict(a=real("n 1 4"), v=real("k 2"), mode=MODES),
    },
    jax=lambda jax, a, v, *, mode: jax.numpy.vectorize(
        lambda x, y: jax.scipy.signal.fftconvolve(x, y, mode), signature="(n),(m)->(k)"
    )(a, v),
    sympy=lambda sympy, a, v, *, mode: products(sympy, a, v)[..., centred(a.shape[-1], v.shape[-1], mode) :][
        ..., : kept_length(a.shape[-1], v.shape[-1], mode)
    ],
    source="Stockham 1966; Higham 2002, section 24.1",
    normwise=True,
)
def fftconvolve(a: Array, v: Array, *, mode: Mode = "full") -> Pulled:
    """Σ a_i v_(k-i) along the last axis by Fourier transforms, broadcasting; "same" is as a.  (n, 5), (n, 4) -> (...)

    da = the transform of dy times the conjugate of that of v, transformed back, and likewise dv.  Errors are a few ULPs
    of the largest entries, where those of `convolve` are of each entry: hence normwise.  The pullback keeps both
    transforms.
    """
    n, m = a.shape[-1], v.shape[-1]
    full, start = n + m - 1, centred(n, m, mode)
    of_a, of_v = np.fft.rfft(a, full), np.fft.rfft(v, full)

    def pullback(dy: Array) -> Any:
        of_dy = np.fft.rfft(filled(dy, start, full))
        da, dv = (np.fft.irfft(of_dy * np.conj(other), full) for other in (of_v, of_a))
        return unbroadcast(da[..., :n], a.shape), unbroadcast(dv[..., :m], v.shape)

    return np.fft.irfft(of_a * of_v, full)[..., start : start + kept_length(n, m, mode)], pullback


def kept_length(n: int, m: int, mode: Mode) -> int:
    """What scipy keeps: "same" is the length of the first argument."""
    return n if mode == "same" else outputs(n, m, mode)


def centred(n: int, m: int, mode: Mode) -> int:
    """The first sum that scipy keeps."""
    return (n + m - 1 - kept_length(n, m, mode)) // 2
