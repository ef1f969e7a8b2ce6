"""Linear layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled


@rule(
    domains={
        "": dict(x=real("n i"), w=real("o i"), b=real("o")),
        "vector": dict(x=real("i"), w=real("o i"), b=real("o")),
        "batches": dict(x=real("m n i"), w=real("o i"), b=real("o")),
    },
    jax=lambda jax, x, w, b: jax.numpy.einsum("...i,oi->...o", x, w) + b,
    sympy=lambda sympy, x, w, b: np.dot(x, w.T) + b,
    source="Goodfellow, Bengio, Courville 2016, algorithm 6.4",
)
def linear(x: Array, w: Array, b: Array) -> Pulled:
    """x wᵀ + b, for any number of batch axes.  (..., i), (o, i), (o) -> (..., o)

    dx = dy w, dw = dyᵀ x, db = Σ dy, summed over the batch.
    """
    batch = tuple(range(x.ndim - 1))

    def pullback(dy: Array) -> Any:
        return dy @ w, np.tensordot(dy, x, (batch, batch)), unbroadcast(dy, b.shape)

    return x @ w.T + b, pullback


@rule(
    domain=dict(x=real("n i"), z=real("n j"), w=real("o i j"), b=real("o")),
    jax=lambda jax, x, z, w, b: jax.vmap(lambda x, z: x @ w @ z + b)(x, z),
    sympy=lambda sympy, x, z, w, b: (
        np.array([[row @ m @ other for m in w] for row, other in zip(x, z, strict=True)]) + b
    ),
    source="PyTorch, torch.nn.Bilinear",
)
def bilinear(x: Array, z: Array, w: Array, b: Array) -> Pulled:
    """Σ x_i w_oij z_j + b_o.  (n, i), (n, j), (o, i, j), (o) -> (n, o)

    dx_i = Σ dy_o w_oij z_j, dz_j = Σ dy_o w_oij x_i, dw_oij = Σ dy_o x_i z_j over the batch, db = Σ dy.
    """

    def pullback(dy: Array) -> Any:
        dx = np.einsum("no,oij,nj->ni", dy, w, z)
        dz = np.einsum("no,oij,ni->nj", dy, w, x)
        return dx, dz, np.einsum("no,ni,nj->oij", dy, x, z), unbroadcast(dy, b.shape)

    return np.einsum("ni,oij,nj->no", x, w, z) + b, pullback
