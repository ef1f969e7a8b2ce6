"""What compares vectors: by angle, and by distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled
from reference.windows import sized


@rule(
    domain=dict(x=sized("3 4", "1 2"), z=sized("3 4", "1 2"), axis=choice(-1, 0)),
    jax=lambda jax, x, z, *, axis: (
        (x * z).sum(axis) / (jax.numpy.linalg.norm(x, axis=axis) * jax.numpy.linalg.norm(z, axis=axis))
    ),
    sympy=lambda sympy, x, z, *, axis: (
        (x * z).sum(axis) / np.frompyfunc(sympy.sqrt, 1, 1)((x * x).sum(axis) * (z * z).sum(axis))
    ),
)
def cosine_similarity(x: Array, z: Array, *, axis: int = -1) -> Pulled:
    """x·z / (|x| |z|) along axis, both nonzero.  (n, k), (n, k) -> (n)

    dx = dy (ẑ - y x̂) / |x|, dz = dy (x̂ - y ẑ) / |z|, with x̂ = x / |x|.  What is at right angles is taken twice: once
    leaves rounding errors of what was cancelled.  The pullback keeps x̂, ẑ, |x| and |z| in place of x and z.
    """
    size_x, size_z = (np.sqrt((a * a).sum(axis, keepdims=True)) for a in (x, z))
    unit_x, unit_z = x / size_x, z / size_z
    y = (unit_x * unit_z).sum(axis)

    def across(g: Any, unit: Any) -> Any:
        return g - unit * (g * unit).sum(axis, keepdims=True)

    def pullback(dy: Array) -> Any:
        g = np.expand_dims(dy, axis)
        dx, dz = across(across(unit_z, unit_x), unit_x), across(across(unit_x, unit_z), unit_z)
        return g * dx / size_x, g * dz / size_z

    return y, pullback


@rule(
    domains={
        "": dict(
            x=real("n k"), z=real("n k"), p=choice(2, 3, 1, 1.5), eps=choice(1e-6, 0.125), keepdims=choice(False, True)
        ),
        "broadcast": dict(x=real("n k"), z=real("2 1 k"), p=choice(3, 2)),
        "coincident": dict(
            x=made(lambda: np.array([[0.5, 0.5], [2.0, -1.0], [0.75, 0.625]])),
            z=made(lambda: np.array([0.625, 0.625])),
            p=choice(2, 3),
            eps=choice(0.125),
        ),
    },
    jax=lambda jax, x, z, *, p=2, eps=1e-6, keepdims=False: jax.numpy.linalg.norm(
        x - z + eps, ord=p, axis=-1, keepdims=keepdims
    ),
    sympy=lambda sympy, x, z, *, p=2, eps=1e-6, keepdims=False: (
        (np.frompyfunc(sympy.Abs, 1, 1)(x - z + eps) ** sympy.nsimplify(p)).sum(-1, keepdims=keepdims)
        ** (1 / sympy.nsimplify(p))
    ),
    source="PyTorch, torch.nn.functional.pairwise_distance",
)
def pairwise_distance(x: Array, z: Array, *, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> Pulled:
    """(Σ |x - z + eps|^p)^(1/p) along the last axis.  (n, k), (n, k) -> (n) or (n, 1)

    With d = x - z + eps: dx = dy sign(d) (|d| / y)^(p - 1), dz = -dx; 0 where y = 0.  Arguments broadcast.
    The pullback keeps d, which broadcasting makes larger than either.  Raises ValueError for p < 1.
    """
    if p < 1:
        raise ValueError(f"p is {p}: only from 1 on is this a distance")
    d = x - z + eps
    largest = np.abs(d).max(-1, keepdims=True)
    scaled = d / np.where(largest > 0, largest, 1)
    norm = (np.abs(scaled) ** p).sum(-1, keepdims=True) ** (1 / p)
    y = largest * norm
    shape_x, shape_z = x.shape, z.shape  # the pullback keeps these, and not x and z

    def pullback(dy: Array) -> Any:
        g = dy if keepdims else dy[..., None]
        dd = g * np.sign(scaled) * (np.abs(scaled) / np.where(norm > 0, norm, 1)) ** (p - 1)
        return unbroadcast(dd, shape_x), unbroadcast(-dd, shape_z)

    return y if keepdims else y[..., 0], pullback
