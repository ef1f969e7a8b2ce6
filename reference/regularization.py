"""Weights of a given size, and penalties for their size."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.windows import sized


def placed(parameter: Any, ndim: int, axis: int) -> Any:
    """A parameter for each entry of an axis, shaped to broadcast against an array."""
    return parameter.reshape([-1 if a == axis % ndim else 1 for a in range(ndim)])


@rule(
    domains={
        "": dict(v=sized("4 3", "2 2"), g=sized("4", "2")),
        "kernels": dict(v=sized("2 3 2", "1 2 2"), g=sized("3", "2"), axis=choice(1, -2)),
    },
    jax=lambda jax, v, g, *, axis=0: jax.numpy.moveaxis(
        jax.vmap(lambda row, size: size * row / jax.numpy.linalg.norm(row.ravel()))(jax.numpy.moveaxis(v, axis, 0), g),
        0,
        axis,
    ),
    sympy=lambda sympy, v, g, *, axis=0: np.moveaxis(
        np.array(
            [size * row / sympy.sqrt((row * row).sum()) for row, size in zip(np.moveaxis(v, axis, 0), g, strict=True)]
        ),
        0,
        axis,
    ),
    source="Salimans & Kingma 2016, eq. 2 and 3",
)
def weight_norm(v: Array, g: Array, *, axis: int = 0) -> Pulled:
    """g v / |v|, the norm over all axes but one: each entry of that axis gets the size g.  (n, k), (n) -> (n, k)

    With v̂ = v / |v|: dg = Σ dy v̂, dv = g (dy - v̂ Σ dy v̂) / |v|, at right angles to v: taken twice, since once
    leaves rounding errors of what was cancelled.
    """
    others = tuple(a for a in range(v.ndim) if a != axis % v.ndim)
    size = np.sqrt((v * v).sum(others, keepdims=True))
    unit, length = v / size, placed(g, v.ndim, axis)

    def along(dy: Any) -> Any:
        return (dy * unit).sum(others, keepdims=True)

    def pullback(dy: Array) -> Any:
        dg = along(dy)
        across = dy - unit * dg
        return length / size * (across - unit * along(across)), dg.reshape(g.shape)

    return length * unit, pullback


def unit(x: Array) -> Array:
    """x / |x|."""
    return np.asarray(x / np.linalg.norm(x))


ITERATED = dict(
    v=made(lambda rng, w: unit(w.T @ rng.uniform(0.5, 1, len(w))), "a unit vector (k), after a power iteration"),
    u=made(lambda w, v: unit(w @ v), "a unit vector (n), after a power iteration"),
)


@rule(
    domains={
        "": dict(w=sized("3 4", "2 2"), **ITERATED),
        # The derivative by the one large entry is what cancelling leaves.
        "uneven": dict(w=made(lambda: np.array([[3.0, 0.004], [-0.002, 0.005]])), **ITERATED),
    },
    jax=lambda jax, w, *, u, v: w / jax.numpy.vdot(u, w @ v),
    sympy=lambda sympy, w, *, u, v: w / sum(u[i] * w[i, j] * v[j] for i, j in np.ndindex(w.shape)),
    source="Miyato et al. 2018, algorithm 1",
)
def spectral_norm(w: Array, *, u: Array, v: Array) -> Pulled:
    """w / σ, σ = uᵀ w v, with the singular vectors u and v given, as from a power iteration.  (n, k) -> (n, k)

    dw = (dy - (Σ dy y) u vᵀ) / σ: u and v count as constants, as in the paper; they are where they are singular
    vectors.
    What is subtracted is so twice: once leaves rounding errors of what was cancelled.
    """
    sigma = u @ w @ v
    y = w / sigma

    def pullback(dy: Array) -> Any:
        once = dy - (dy * y).sum() * np.outer(u, v)
        return (once - (once * y).sum() * np.outer(u, v)) / sigma

    return y, pullback


@rule(
    domain=dict(x=real("n k", kinks=(0.0,), at=(0.0,)), weight=choice(0.25, 3.0)),
    jax=lambda jax, x, *, weight: weight * jax.numpy.linalg.norm(x.ravel(), 1),
    sympy=lambda sympy, x, *, weight: weight * np.frompyfunc(sympy.Abs, 1, 1)(x).sum(),
    source="Tibshirani 1996",
)
def l1_penalty(x: Array, *, weight: float) -> Pulled:
    """weight Σ |x|.  (n, k) -> ()

    dx = dy weight sign(x): 0 at x = 0, as in JAX.
    """

    def pullback(dy: Array) -> Any:
        return dy * weight * np.sign(x)

    return weight * np.abs(x).sum(), pullback


@rule(
    domain=dict(x=real("n k", at=(0.0,)), weight=choice(0.25, 3.0)),
    jax=lambda jax, x, *, weight: weight * jax.numpy.vdot(x, x),
    sympy=lambda sympy, x, *, weight: weight * sum(v**2 for v in x.flat),
    source="Krogh & Hertz 1992, without its half, as in Keras",
)
def l2_penalty(x: Array, *, weight: float) -> Pulled:
    """weight Σ x².  (n, k) -> ()

    dx = 2 dy weight x.
    """

    def pullback(dy: Array) -> Any:
        return 2 * dy * weight * x

    return weight * (x * x).sum(), pullback
