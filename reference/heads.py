"""Attention with several heads: projected, with shared keys, and with a bias that grows with the distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.attention import attention_jax, attention_symbolic, scaled_dot_product_attention, seeing
from reference.declaring import Pulled
from reference.linear import linear
from reference.windows import sized


def by_head(x: Array, heads: int) -> Array:
    """(..., t, heads d) -> (..., heads, t, d)"""
    return x.reshape(*x.shape[:-1], heads, -1).swapaxes(-2, -3)


def joined(x: Array) -> Array:
    """(..., heads, t, d) -> (..., t, heads d)"""
    moved = x.swapaxes(-2, -3)
    return moved.reshape(*moved.shape[:-2], moved.shape[-2] * moved.shape[-1])


def multi_head_jax(
    jax: Any, q: Any, k: Any, v: Any, w: Any, b: Any, w_out: Any, b_out: Any, *, heads: int, **seen: Any
) -> Any:
    """Head by head, each with its part of the weights; the sum of what each head adds to the output."""
    size = len(w_out) // heads
    y = b_out
    for head in range(heads):
        part = [slice(k * len(w_out) + head * size, k * len(w_out) + (head + 1) * size) for k in range(3)]
        projected = (x @ w[p].T + b[p] for x, p in zip((q, k, v), part, strict=True))
        y = y + attention_jax(jax, *projected, **seen) @ w_out[:, part[0]].T
    return y


def multi_head_symbolic(
    sympy: Any, q: Any, k: Any, v: Any, w: Any, b: Any, w_out: Any, b_out: Any, *, heads: int, **seen: Any
) -> Any:
    """The definition: every head attends with its own projections, and the heads side by side are projected."""
    projections = zip((q, k, v), np.split(w, 3), np.split(b, 3), strict=True)
    q, k, v = (np.split(x @ w.T + b, heads, -1) for x, w, b in projections)
    attended = [attention_symbolic(sympy, *head, **seen) for head in zip(q, k, v, strict=True)]
    return np.concatenate(attended, -1) @ w_out.T + b_out


PROJECTIONS = dict(
    w=sized("12 4", "3 1", -1.0, 1.0),
    b=sized("12", "3", -1.0, 1.0),
    w_out=sized("4 4", "1 1"),
    b_out=sized("4", "1"),
)


@rule(
    domains={
        "": dict(
            q=sized("2 3 4", "1 1"),
            k=sized("2 5 4", "2 1"),
            v=sized("2 5 4", "2 1"),
            **PROJECTIONS,
            heads=made(lambda draw: 1 if draw.role == "small" else (2, 4)[draw.turn % 2], "2 or 4"),
        ),
        "masked": dict(
            q=sized("3 4", "1 1"),
            k=sized("4 4", "2 1"),
            v=sized("4 4", "2 1"),
            **PROJECTIONS,
            heads=made(lambda draw: 1 if draw.role == "small" else 2, "2"),
            mask=made(seeing),
            causal=choice(False, True),
        ),
    },
    jax=multi_head_jax,
    sympy=multi_head_symbolic,
    source="Vaswani et al. 2017, section 3.2.2; PyTorch, torch.nn.MultiheadAttention",
)
def multi_head_attention(
    q: Array,
    k: Array,
    v: Array,
    w: Array,
    b: Array,
    w_out: Array,
    b_out: Array,
    *,
    heads: int,
    mask: Array | None = None,
    causal: bool = False,
) -> Pulled:
    """Attention of each head's projections, projected.  (..., t, d), (..., s, d), (..., s, d), (k, d), (k), (d, d), (d) -> (..., t, d)

    k = 3d: the weights of queries, keys and values one below the other, as in PyTorch.  The pullback is those of its
    four projections around that of the attention.  The pullback keeps what these keep.  mask is for all heads,
    or (..., heads, t, s).
    The bias of the keys moves all scores of a query alike: its cotangent is 0, where a sum would leave rounding errors.
    Raises ValueError where heads does not divide d.
    """
    if len(w_out) % heads:
        raise ValueError(f"heads is {heads}: give a number that divides the {len(w_out)} features")
    projections = zip((q, k, v), np.split(w, 3), np.split(b, 3), strict=True)
    projected, pulls = zip(*(linear(*p) for p in projections), strict=True)
    apart = (by_head(x, heads) for x in projected)
    attended, pull_attention = scaled_dot_product_attention(*apart, mask=mask, causal=causal)
    y, pull_out = linear(joined(attended), w_out, b_out)

    def pullback(dy: Array) -> Any:
        dattended, dw_out, db_out = pull_out(dy)
        dprojected = pull_attention(by_head(dattended, heads))
        dxs, dws, (db_q, db_k, db_v) = zip(
            *(pull(joined(d)) for pull, d in zip(pulls, dprojected, strict=True)), strict=True
        )
        return *dxs, np.concatenate(dws), np.concatenate([db_q, np.zeros_like(db_k), db_v]), dw_out, db_out

    return y, pullback


def repeated(attention: Any, q: Any, k: Any, v: Any, repeat: Any, **seen: Any) -> Any:
    """A twin: attention in which every key and value is repeated for the queries of its group."""
    count = q.shape[-3] // k.shape[-3]
    return attention(q, repeat(k, count, -3), repeat(v, count, -3), **seen)


@rule(
    domains={
        "": dict(q=sized("2 6 3 2", "2 1 1"), k=sized("2 2 4 2", "1 2 1"), v=sized("2 2 4 3", "1 2 1")),
        "masked": dict(
            q=sized("4 3 2", "2 2 1"),
            k=sized("2 5 2", "1 2 1"),
            v=sized("2 5 1", "1 2 1"),
            _one=made(lambda q: q[0], "one query head"),
            mask=made(lambda rng, _one, k: seeing(rng, _one, k[0]), "booleans (t s); every query sees its first key"),
            causal=choice(True, False),
            scale=choice(0.3, 2.0),
        ),
    },
    jax=lambda jax, q, k, v, **seen: repeated(
        lambda *qkv, **seen: attention_jax(jax, *qkv, **seen), q, k, v, jax.numpy.repeat, **seen
    ),
    sympy=lambda sympy, q, k, v, **seen: repeated(
        lambda *qkv, **seen: attention_symbolic(sympy, *qkv, **seen), q, k, v, np.repeat, **seen
    ),
    source="Ainslie et al. 2023, section 2.2",
)
def grouped_query_attention(
    q: Array, k: Array, v: Array, *, mask: Array | None = None, causal: bool = False, scale: float | None = None
) -> Pulled:
    """Attention in which h / g heads of queries share keys and values.  (..., h, t, d), (..., g, s, d), (..., g, s, e) -> (..., h, t, e)

    The queries of a group are one long sequence, so dk and dv sum over them by themselves.  mask: (t, s), for all
    heads.
    The pullback keeps p, one number for every query and key.
    Raises ValueError where g does not divide h.
    """
    (*batch, heads, t, d), (groups, s) = q.shape, k.shape[-3:-1]
    if heads % groups:
        raise ValueError(f"q has {heads} heads, k has {groups}: give a multiple of those of k")
    seen = np.ones((t, s), bool) if mask is None else mask
    seen = np.tile(np.tril(seen) if causal else seen, (heads // groups, 1))
    y, pull = scaled_dot_product_attention(q.reshape(*batch, groups, -1, d), k, v, mask=seen, scale=scale)

    def pullback(dy: Array) -> Any:
        dq, dk, dv = pull(dy.reshape(y.shape))
        return dq.reshape(q.shape), dk, dv

    return y.reshape(*batch, heads, t, v.shape[-1]), pullback


def distances(heads: int, t: int, s: int) -> Any:
    """-m |i - j| for each head, m = 2^(-8 h / heads) for h = 1, 2, ..."""
    slopes = 2.0 ** (-8 * np.arange(1, heads + 1) / heads)
    return -slopes[:, None, None] * np.abs(np.arange(t)[:, None] - np.arange(s))


@rule(
    domains={
        "": dict(q=sized("2 4 3 2", "2 2 1"), k=sized("2 4 3 2", "2 2 1"), v=sized("2 4 3 1", "2 2 1")),
        "both ways": dict(
            q=sized("2 3 2", "1 2 1"), k=sized("2 4 2", "1 2 1"), v=sized("2 4 2", "1 2 1"), causal=choice(False)
        ),
    },
    jax=lambda jax, q, k, v, *, causal=True: alibi_twin(
        lambda *qkv, **seen: attention_jax(jax, *qkv, **seen), q, k, v, causal, jax.numpy.stack
    ),
    sympy=lambda sympy, q, k, v, *, causal=True: alibi_twin(
        lambda *qkv, **seen: attention_symbolic(sympy, *qkv, **seen), q, k, v, causal, np.stack
    ),
    source="Press, Smith, Lewis 2022, section 3",
)
def alibi_attention(q: Array, k: Array, v: Array, *, causal: bool = True) -> Pulled:
    """softmax(q kᵀ / √d - m |i - j|) v, m = 2^(-8/h), 2^(-16/h), ... for h heads.  (..., h, t, d), (..., h, s, d), (..., h, s, e) -> (..., h, t, e)

    The pullback is that of scaled_dot_product_attention with this bias.  causal: query i sees the keys up to i.
    The pullback keeps p, one number for every query and key.
    """
    bias = distances(q.shape[-3], q.shape[-2], k.shape[-2]).astype(q.dtype)
    y, pullback = scaled_dot_product_attention(q, k, v, bias=bias, causal=causal)
    return y, pullback


def alibi_twin(attention: Any, q: Any, k: Any, v: Any, causal: bool, stack: Any) -> Any:
    """Head by head, with the bias of each built up from the slope by the definition."""
    heads, t, s = q.shape[-3], q.shape[-2], k.shape[-2]
    parts = []
    for h in range(heads):
        slope = 2.0 ** (-8 * (h + 1) / heads)
        bias = np.array([[-slope * abs(i - j) for j in range(s)] for i in range(t)])
        parts.append(attention(q[..., h, :, :], k[..., h, :, :], v[..., h, :, :], bias=bias, causal=causal))
    return stack(parts, -3)
