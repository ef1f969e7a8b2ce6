"""Attention, and what compares vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import softmax
from reference.declaring import Pulled
from reference.windows import sized


def attention_jax(
    jax: Any, q: Any, k: Any, v: Any, *, mask: Any = None, causal: bool = False, scale: Any = None
) -> Any:
    """By jax.nn.softmax: jax.nn.dot_product_attention goes through float32 whatever it is given."""
    scores = jax.numpy.einsum("...td,...sd->...ts", q, k) * (q.shape[-1] ** -0.5 if scale is None else scale)
    seen = jax.numpy.ones(scores.shape, bool) if mask is None else mask
    if causal:
        seen = jax.numpy.tril(seen)
    return jax.numpy.einsum("...ts,...se->...te", jax.nn.softmax(scores, where=seen), v)


def attention_symbolic(
    sympy: Any, q: Any, k: Any, v: Any, *, mask: Any = None, causal: bool = False, scale: Any = None
) -> Any:
    """The definition for each query: the mean of the values it sees, weighted by exp(scale q·k)."""
    if q.ndim == 3:
        masks = [None] * len(q) if mask is None else mask
        parts = zip(q, k, v, masks, strict=True)
        return np.array([attention_symbolic(sympy, *p, mask=m, causal=causal, scale=scale) for *p, m in parts])
    factor = 1 / sympy.sqrt(q.shape[-1]) if scale is None else scale
    rows = []
    for i, query in enumerate(q):
        seen = [j for j in range(len(k)) if (mask is None or mask[i, j]) and not (causal and j > i)]
        weights = [sympy.exp(factor * (query @ k[j])) for j in seen]
        rows.append(sum(w * v[j] for w, j in zip(weights, seen, strict=True)) / sum(weights))
    return np.array(rows)


def seeing(rng: np.random.Generator, q: Array, k: Array) -> Array:
    """booleans; every query sees its first key"""
    visible = rng.random((*q.shape[:-1], k.shape[-2])) < 0.6
    visible[..., 0] = True
    return visible


@rule(
    domains={
        "": dict(q=real("t d"), k=real("s d"), v=real("s e")),
        "masked": dict(
            q=sized("2 3 4", "1 2 1"),
            k=sized("2 5 4", "1 3 1"),
            v=sized("2 5 3", "1 3 2"),
            mask=made(seeing),
            scale=choice(0.3, 2.0),
        ),
        "causal": dict(q=sized("3 2", "2 1"), k=sized("4 2", "3 1"), v=sized("4 3", "3 1"), causal=choice(True)),
    },
    jax=attention_jax,
    sympy=attention_symbolic,
    source="Vaswani et al. 2017, eq. 1",
)
def scaled_dot_product_attention(
    q: Array, k: Array, v: Array, *, mask: Array | None = None, causal: bool = False, scale: float | None = None
) -> Pulled:
    """softmax(scale q kᵀ) v over the keys a query may see.  (..., t, d), (..., s, d), (..., s, e) -> (..., t, e)

    dv = pᵀ dy; ds = the pullback of softmax for dy vᵀ; dq = scale ds k, dk = scale dsᵀ q.  scale is 1/√d unless given.
    mask is true where a query sees a key (each must see one); causal: query i sees the keys up to i.
    """
    scale = max(1, q.shape[-1]) ** -0.5 if scale is None else scale
    scores = scale * (q @ k.mT)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    if causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    p, pull_softmax = softmax(scores, axis=-1)

    def pullback(dy: Array) -> Any:
        ds = scale * pull_softmax(dy @ v.mT)
        return ds @ k, ds.mT @ q, p.mT @ dy

    return p @ v, pullback


@rule(
    domain=dict(x=real("3 4"), z=real("3 4"), axis=choice(-1, 0)),
    jax=lambda jax, x, z, *, axis: (
        (x * z).sum(axis) / (jax.numpy.linalg.norm(x, axis=axis) * jax.numpy.linalg.norm(z, axis=axis))
    ),
    sympy=lambda sympy, x, z, *, axis: (
        (x * z).sum(axis) / np.frompyfunc(sympy.sqrt, 1, 1)((x * x).sum(axis) * (z * z).sum(axis))
    ),
)
def cosine_similarity(x: Array, z: Array, *, axis: int = -1) -> Pulled:
    """x·z / (|x| |z|) along axis, both nonzero.  (n, k), (n, k) -> (n)

    dx = dy (ẑ - y x̂) / |x|, dz = dy (x̂ - y ẑ) / |z|, with x̂ = x / |x|.
    """
    size_x, size_z = (np.sqrt((a * a).sum(axis, keepdims=True)) for a in (x, z))
    unit_x, unit_z = x / size_x, z / size_z
    y = (unit_x * unit_z).sum(axis, keepdims=True)

    def pullback(dy: Array) -> Any:
        g = np.expand_dims(dy, axis)
        return g * (unit_z - y * unit_x) / size_x, g * (unit_x - y * unit_z) / size_z

    return y.squeeze(axis), pullback
