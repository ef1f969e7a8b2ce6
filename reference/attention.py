"""Attention: values averaged by how well their keys fit a query."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import softmax
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled
from reference.windows import sized


def attention_jax(
    jax: Any, q: Any, k: Any, v: Any, *, bias: Any = 0, mask: Any = None, causal: bool = False, scale: Any = None
) -> Any:
    """By jax.nn.softmax: jax.nn.dot_product_attention goes through float32 whatever it is given."""
    scores = jax.numpy.einsum("...td,...sd->...ts", q, k) * (q.shape[-1] ** -0.5 if scale is None else scale)
    scores = scores + bias
    seen = jax.numpy.ones(scores.shape, bool) if mask is None else mask
    if causal:
        seen = jax.numpy.tril(seen)
    return jax.numpy.einsum("...ts,...se->...te", jax.nn.softmax(scores, where=seen), v)


def attention_symbolic(
    sympy: Any, q: Any, k: Any, v: Any, *, bias: Any = 0, mask: Any = None, causal: bool = False, scale: Any = None
) -> Any:
    """The definition for each query: the mean of the values it sees, weighted by exp(scale q·k + bias)."""
    batch = np.broadcast_shapes(*(z.shape[:-2] for z in (q, k, v)))
    q, k, v = (np.broadcast_to(z, (*batch, *z.shape[-2:])) for z in (q, k, v))
    bias, seen = (np.broadcast_to(z, (*q.shape[:-1], k.shape[-2])) for z in (bias, True if mask is None else mask))
    factor = 1 / sympy.sqrt(q.shape[-1]) if scale is None else scale
    y = np.empty((*q.shape[:-1], v.shape[-1]), dtype=object)
    for at in np.ndindex(q.shape[:-1]):
        keys = [j for j in range(k.shape[-2]) if seen[(*at, j)] and not (causal and j > at[-1])]
        weights = [sympy.exp(factor * (q[at] @ k[(*at[:-1], j)]) + bias[(*at, j)]) for j in keys]
        y[at] = sum(w * v[(*at[:-1], j)] for w, j in zip(weights, keys, strict=True)) / sum(weights)
    return y


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
        "shared keys": dict(
            q=sized("2 3 2", "2 1 1"),
            k=sized("4 2", "2 1"),
            v=sized("1 4 3", "1 2 1"),
            bias=sized("2 3 4", "2 1 2", -1.0, 1.0),
        ),
    },
    jax=attention_jax,
    sympy=attention_symbolic,
    source="Vaswani et al. 2017, eq. 1",
)
def scaled_dot_product_attention(
    q: Array,
    k: Array,
    v: Array,
    *,
    bias: Array | float = 0.0,
    mask: Array | None = None,
    causal: bool = False,
    scale: float | None = None,
) -> Pulled:
    """softmax(scale q kᵀ + bias) v over the keys a query may see.  (..., t, d), (..., s, d), (..., s, e) -> (..., t, e)

    dv = pᵀ dy; ds = the pullback of softmax for dy vᵀ; dq = scale ds k, dk = scale dsᵀ q.  scale is 1/√d unless given.
    mask is true where a query sees a key (each must see one); causal: query i sees the keys up to i.
    Batch axes broadcast.  The pullback keeps p, one number for every query and key.
    """
    factor: Any = 1 / np.sqrt(np.array(max(1, q.shape[-1]), q.dtype)) if scale is None else scale
    scores = factor * (q @ k.mT) + bias
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    if causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    p, pull_softmax = softmax(scores, axis=-1)

    def pullback(dy: Array) -> Any:
        ds = factor * pull_softmax(dy @ v.mT)
        dq, dk, dv = ds @ k, ds.mT @ q, p.mT @ dy
        return unbroadcast(dq, q.shape), unbroadcast(dk, k.shape), unbroadcast(dv, v.shape)

    return p @ v, pullback


def features(x: Array) -> Pulled:
    """elu(x) + 1, positive: the feature map of linear attention."""
    below = np.exp(np.minimum(x, 0))

    def pullback(dy: Array) -> Any:
        return dy * below

    return np.where(x > 0, x + 1, below), pullback


def linear_attention_jax(jax: Any, q: Any, k: Any, v: Any, *, causal: bool = False) -> Any:
    """As attention: by the matrix of all weights."""
    weights = jax.numpy.einsum("...td,...sd->...ts", *(jax.nn.elu(z) + 1 for z in (q, k)))
    weights = jax.numpy.tril(weights) if causal else weights
    return (weights / weights.sum(-1, keepdims=True)) @ v


def linear_attention_symbolic(sympy: Any, q: Any, k: Any, v: Any, *, causal: bool = False) -> Any:
    """The definition for each query: the mean of the values, weighted by φ(q)·φ(k)."""
    phi = np.frompyfunc(lambda x: sympy.Piecewise((x + 1, x > 0), (sympy.exp(x), True)), 1, 1)
    y = np.empty((*q.shape[:-1], v.shape[-1]), dtype=object)
    for *batch, i in np.ndindex(q.shape[:-1]):
        keys = range(i + 1 if causal else k.shape[-2])
        weights = [phi(q[(*batch, i)]) @ phi(k[(*batch, j)]) for j in keys]
        y[(*batch, i)] = sum(w * v[(*batch, j)] for w, j in zip(weights, keys, strict=True)) / sum(weights)
    return y


@rule(
    domains={
        "": dict(q=sized("2 3 2", "1 1 2"), k=sized("2 4 2", "1 2 2"), v=sized("2 4 3", "1 2 1")),
        "causal": dict(q=sized("4 2", "2 2"), k=sized("4 2", "2 2"), v=sized("4 3", "2 1"), causal=choice(True)),
        # Of features of very different sizes the larger one's derivative is what cancelling leaves.
        "uneven": dict(
            q=made(lambda: np.array([[-6.0, 3.0], [2.5, -5.0]])), k=sized("3 2", "2 2"), v=sized("3 2", "2 1")
        ),
    },
    jax=linear_attention_jax,
    sympy=linear_attention_symbolic,
    source="Katharopoulos et al. 2020, eq. 5, 7 and 9",
)
def linear_attention(q: Array, k: Array, v: Array, *, causal: bool = False) -> Pulled:
    """φ(q) Σ φ(k) vᵀ / φ(q)·Σ φ(k), φ = elu + 1, over all keys or up to the query's own.  (..., t, d), (..., s, d), (..., s, e) -> (..., t, e)

    With S = Σ φ(k) vᵀ, z = Σ φ(k), and g = dy / φ(q)·z: dφ(q) = S g - (φ(q)·S g) z / φ(q)·z, dS = φ(q) gᵀ, dz = -(y·g)
    φ(q), summed over the queries that see a key to G and h: dφ(k) = G v + h, dv = Gᵀ φ(k).  Time and memory grow with s
    d e, not t s; the pullback keeps the sums, φ(q) and φ(k).
    """
    if causal and q.shape[-2] != k.shape[-2]:
        raise ValueError(f"q has {q.shape[-2]} places, k {k.shape[-2]}: causal attention needs as many of each")
    (fq, pull_q), (fk, pull_k) = features(q), features(k)

    def seen(z: Array, axis: int) -> Any:
        return np.cumsum(z, axis) if causal else z.sum(axis, keepdims=True)

    def seeing(z: Array, axis: int) -> Any:
        return np.flip(np.cumsum(np.flip(z, axis), axis), axis) if causal else z.sum(axis, keepdims=True)

    # A mean moves with its values: from the first on, so that one which is alone leaves nothing to be cancelled.
    start = v[..., :1, :]
    moved = v - start
    sums, totals = seen(fk[..., :, None] * moved[..., None, :], -3), seen(fk, -2)
    weight = (fq * totals).sum(-1, keepdims=True)
    y = (fq[..., None, :] @ sums)[..., 0, :] / weight

    def pullback(dy: Array) -> Any:
        g = dy / weight
        h = -(y * g).sum(-1, keepdims=True)
        along = (sums @ g[..., None])[..., 0]
        across = along - totals * ((fq * along).sum(-1, keepdims=True) / weight)
        # Once leaves rounding errors of what was cancelled.
        dfq = across - totals * ((fq * across).sum(-1, keepdims=True) / weight)
        dsums, dtotals = seeing(fq[..., :, None] * g[..., None, :], -3), seeing(h * fq, -2)
        dfk = (dsums @ moved[..., None])[..., 0] + dtotals
        return pull_q(dfq), pull_k(dfk), (fk[..., None, :] @ dsums)[..., 0, :]

    return start + y, pullback
