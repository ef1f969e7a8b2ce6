"""Derivatives of convolution and pooling, window by window."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, largest


def toeplitz(w: Array, n: int) -> Any:
    """T(w), T_(i, i+k) = w_k, with n columns."""
    unit = np.eye(n, dtype=w.dtype)
    rows = n - w.size + 1
    return sum(w[k] * unit[k : k + rows] for k in range(w.size))


def windows(x: Array, k: int) -> Any:
    """x_(i+k) by i and k, for every window of k entries."""
    i, j = np.indices((x.size - k + 1, k))
    return x[i + j]


@rule(
    domain=dict(x=real("5"), w=real("n", -2, 2)),
    jax=lambda jax, x, w: jax.numpy.correlate(x, w, mode="valid"),
    sympy=lambda sympy, x, w: np.array([x[i : i + len(w)] @ w for i in range(len(x) - len(w) + 1)]),
    source="conv1d-toeplitz: Petersen & Pedersen 2012, eq. 143",
)
def correlation_by_toeplitz(x: Array, w: Array) -> Pulled:
    """y_i = Σ_k w_k x_(i+k) = T x, T_(i, i+k) = w_k.  (n), (q) -> (n - q + 1)

    The Jacobian by x is T: dx = Tᵀ dy; dw_k = Σ_i dy_i x_(i+k).  The pullback keeps T.
    """
    T = toeplitz(w, x.size)
    return T @ x, lambda dy: (T.T @ dy, windows(x, w.size).T @ dy)


@rule(
    domain=dict(x=real("5"), w=real("n", -2, 2)),
    jax=lambda jax, x, w: jax.numpy.correlate(x, w, mode="valid"),
    sympy=lambda sympy, x, w: np.array([x[i : i + len(w)] @ w for i in range(len(x) - len(w) + 1)]),
    source="conv1d-toeplitz: derived",
)
def correlation_by_convolution(x: Array, w: Array) -> Pulled:
    """y_i = Σ_k w_k x_(i+k).  (n), (q) -> (n - q + 1)

    dx = the full convolution of dy with w, dw = the valid correlation of x with dy.
    """
    y = np.correlate(x, w, "valid")
    return y, lambda dy: (np.convolve(dy, w, "full"), np.correlate(x, dy, "valid"))


@rule(
    domain=dict(
        X=made(lambda rng, draw: images(rng, draw)), W=real("2 o 2 2", -2, 2), b=real("2"), stride=choice(1, 2, 1)
    ),
    jax=lambda jax, X, W, b, *, stride: (
        jax.lax.conv_general_dilated(X, W, (stride, stride), "VALID") + b[:, None, None]
    ),
    sympy=lambda sympy, X, W, b, *, stride: symbolic_convolution(X, W, b, stride),
    source="conv2d: derived",
)
def convolution(X: Array, W: Array, b: Array, *, stride: int) -> Pulled:
    """Y_(n,o) = b_o + Σ_c W_(o,c) ⋆ X_(n,c), valid, the windows tile.  (n, c, h, w), (o, c, q, r), (o) -> (n, o, h', w')

    dW_(o,c,i,j) = Σ dY_(n,o,u,v) X_(n,c,tu+i,tv+j), dX_(n,c,a,b) = Σ dY_(n,o,u,v) W_(o,c,i,j) over tu + i = a and
    tv + j = b, db_o = Σ dY_(n,o,u,v); t = stride.
    """
    (q, r), (height, width) = W.shape[2:], X.shape[2:]
    up, across = (height - q) // stride + 1, (width - r) // stride + 1
    places = [
        (i, j, (..., slice(i, i + stride * up, stride), slice(j, j + stride * across, stride)))
        for i in range(q)
        for j in range(r)
    ]
    terms = (np.einsum("ncuv,oc->nouv", X[where], W[:, :, i, j]) for i, j, where in places)

    def pullback(dY: Array) -> Any:
        dX, dW = np.zeros_like(X), np.zeros_like(W)
        for i, j, where in places:
            dX[where] += np.einsum("nouv,oc->ncuv", dY, W[:, :, i, j])
            dW[:, :, i, j] = np.einsum("nouv,ncuv->oc", dY, X[where])
        return dX, dW, dY.sum((0, 2, 3))

    return b[:, None, None] + sum(terms), pullback


def images(rng: Generator, draw: Draw) -> Array:
    """images whose windows of 2 by 2 tile at strides 1 and 2 (n o h w)"""
    n, channels = (1, 1) if draw.role == "small" else (draw.size("n"), draw.size("o"))
    draw.sizes |= {"n": n, "o": channels}
    height, width = (2, 2) if draw.role == "small" else (6, 4)
    return np.asarray(np.round(rng.uniform(-2, 2, (n, channels, height, width)), 3))


def symbolic_convolution(X: Any, W: Any, b: Any, stride: int) -> Any:
    """Each output as the sum over its window."""
    q, r = W.shape[2:]
    up, across = ((size - k) // stride + 1 for size, k in zip(X.shape[2:], (q, r), strict=True))
    y = np.empty((len(X), len(W), up, across), dtype=object)
    for n, o, u, v in np.ndindex(*y.shape):
        y[n, o, u, v] = (X[n, :, stride * u : stride * u + q, stride * v : stride * v + r] * W[o]).sum() + b[o]
    return y


def in_windows(rng: Generator, draw: Draw, k: int) -> Array:
    """some windows of k entries, no two of them equal (m k)"""
    size = k * (2 if draw.role == "small" else draw.size("m"))
    return np.asarray(rng.permutation(size) - size / 3 + 0.125)


SERIES = dict(k=choice(3, 2), x=made(in_windows))


@rule(
    domain=SERIES,
    jax=lambda jax, x, *, k: jax.numpy.mean(x.reshape(-1, k), 1),
    sympy=lambda sympy, x, *, k: np.array([x[i : i + k].sum() / k for i in range(0, len(x), k)]),
    source="pooling: derived",
)
def average_pooling(x: Array, *, k: int) -> Pulled:
    """The average of each window of k entries.  (m k) -> (m)

    Every entry of window i gets dy_i / k.
    """
    return x.reshape(-1, k).sum(1) / k, lambda dy: np.repeat(dy / k, k)


@rule(
    domain=SERIES,
    jax=lambda jax, x, *, k: jax.numpy.max(x.reshape(-1, k), 1),
    sympy=lambda sympy, x, *, k: np.array([largest(sympy, list(x[i : i + k])) for i in range(0, len(x), k)]),
    source="pooling: derived",
)
def max_pooling(x: Array, *, k: int) -> Pulled:
    """The largest entry of each window of k, of which there is one.  (m k) -> (m)

    The largest entry of window i gets dy_i, the others 0.
    """
    rows = x.reshape(-1, k)
    first = rows.argmax(1)[:, None] == np.arange(k)
    return rows.max(1), lambda dy: (dy[:, None] * first).ravel()


@rule(
    domain=dict(x=real("m")),
    jax=lambda jax, x: jax.numpy.mean(x),
    sympy=lambda sympy, x: x.sum() / len(x),
    source="pooling: derived",
)
def global_average(x: Array) -> Pulled:
    """The average of all n entries.  (n) -> ()

    Every entry gets dy / n.
    """
    return x.sum() / x.size, lambda dy: np.full_like(x, 1) * (dy / x.size)
