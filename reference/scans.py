"""Linear recurrences along an axis, and the selective state space of Mamba that is made of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference import activations
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled
from reference.windows import sized


def recurrence_jax(jax: Any, a: Any, b: Any, start: Any, *, axis: int, reverse: bool = False) -> Any:
    """By a parallel scan of affine maps: first x ↦ p x + q, then x ↦ r x + s, is x ↦ r p x + (r q + s)."""
    a, b = (jax.numpy.moveaxis(z, axis, 0) for z in jax.numpy.broadcast_arrays(a, b))
    factors, offsets = jax.lax.associative_scan(
        lambda first, then: (then[0] * first[0], then[0] * first[1] + then[1]), (a, b), reverse=reverse
    )
    return jax.numpy.moveaxis(factors * start + offsets, 0, axis)


def recurrence_symbolic(a: Any, b: Any, start: Any, *, axis: int, reverse: bool = False) -> Any:
    """The definition, one place after the other."""
    a, b = (np.moveaxis(z, axis, 0) for z in np.broadcast_arrays(a, b))
    h, hs = start, []
    for now, more in zip(a[::-1] if reverse else a, b[::-1] if reverse else b, strict=True):
        h = now * h + more
        hs.append(h)
    return np.moveaxis(np.array(hs[::-1] if reverse else hs), 0, axis)


@rule(
    domains={
        "": dict(
            a=sized("5 3 2", "2 1 2"), b=sized("5 3 2", "2 1 2"), start=sized("3 2", "1 2"), reverse=choice(False, True)
        ),
        "inner axis": dict(
            a=sized("3 4 2", "1 3 1"),
            b=sized("3 4 2", "1 3 1"),
            start=sized("3 2", "1 1"),
            axis=choice(1, -2),
            reverse=choice(True, False),
        ),
        "last axis": dict(
            a=sized("2 3 4", "1 2 2"), b=sized("2 1 4", "2 1 2"), start=sized("2 3", "2 2"), axis=choice(-1, 2)
        ),
        "broadcast": dict(a=sized("4 1", "2 1"), b=sized("4 3", "2 2"), start=real(), axis=choice(0, -2)),
    },
    jax=lambda jax, a, b, start, *, axis=0, reverse=False: recurrence_jax(jax, a, b, start, axis=axis, reverse=reverse),
    sympy=lambda sympy, a, b, start, *, axis=0, reverse=False: recurrence_symbolic(
        a, b, start, axis=axis, reverse=reverse
    ),
    source="Martin & Cundy 2018, section 2",
)
def linear_recurrence(a: Array, b: Array, start: Array, *, axis: int = 0, reverse: bool = False) -> Pulled:
    """h_t = a_t h_(t-1) + b_t along axis, from h_(-1) = start.  (t, n, m), (t, n, m), (n, m) -> (t, n, m)

    The pullback is the recurrence the other way, g_t = dy_t + a_(t+1) g_(t+1): db = g, da_t = g_t h_(t-1), and
    dstart = a_0 g_0.  reverse: from the end instead.  Arguments broadcast; raises ValueError where they do not.
    """
    shape = np.broadcast_shapes(a.shape, b.shape)
    factors, offsets = (np.moveaxis(np.broadcast_to(z, shape), axis, 0) for z in (a, b))
    times = range(len(factors))[::-1] if reverse else range(len(factors))
    before: Any = np.zeros(factors.shape, b.dtype)
    h = np.broadcast_to(start, factors.shape[1:])
    for t in times:
        before[t] = h
        h = factors[t] * h + offsets[t]

    def pullback(dy: Array) -> Any:
        g = np.moveaxis(dy, axis, 0).copy()
        carried: Any = np.zeros(g.shape[1:], dy.dtype)
        for t in times[::-1]:
            g[t] += carried
            carried = factors[t] * g[t]
        da, db = np.moveaxis(g * before, 0, axis), np.moveaxis(g, 0, axis)
        return unbroadcast(da, a.shape), unbroadcast(db, b.shape), unbroadcast(carried, start.shape)

    return np.moveaxis(factors * before + offsets, 0, axis), pullback


def selective_scan_jax(jax: Any, x: Any, delta: Any, a: Any, b: Any, c: Any, d: Any, *, softplus: bool = False) -> Any:
    """One sequence and one step at a time, by jax.vmap and jax.lax.scan."""
    delta = jax.nn.softplus(delta) if softplus else delta

    def step(h: Any, now: Any) -> Any:
        x, delta, b, c = now
        h = jax.numpy.exp(jax.numpy.outer(delta, jax.numpy.ones(len(b))) * a) * h + jax.numpy.outer(delta * x, b)
        return h, h @ c + d * x

    def scan(*sequence: Any) -> Any:
        return jax.lax.scan(step, jax.numpy.zeros(a.shape), sequence)[1]

    return jax.vmap(scan)(x, delta, b, c)


def selective_scan_symbolic(
    sympy: Any, x: Any, delta: Any, a: Any, b: Any, c: Any, d: Any, *, softplus: bool = False
) -> Any:
    """The definition, entry by entry."""
    y = np.empty(x.shape, dtype=object)
    for n, t, k in np.ndindex(y.shape):
        y[n, t, k] = d[k] * x[n, t, k]
        for s in range(a.shape[1]):
            h = 0
            for at in range(t + 1):
                step = sympy.log(1 + sympy.exp(delta[n, at, k])) if softplus else delta[n, at, k]
                h = sympy.exp(step * a[k, s]) * h + step * b[n, at, s] * x[n, at, k]
            y[n, t, k] += c[n, t, s] * h
    return y


@rule(
    domain=dict(
        x=sized("2 4 3", "1 2 1"),
        delta=sized("2 4 3", "1 2 1", 0.05, 1.0),
        a=sized("3 2", "1 1", -2.0, -0.2),
        b=sized("2 4 2", "1 2 1"),
        c=sized("2 4 2", "1 2 1"),
        d=sized("3", "1"),
        softplus=choice(False, True),
    ),
    jax=selective_scan_jax,
    sympy=selective_scan_symbolic,
    source="Gu & Dao 2023, algorithm 2, with δ b for its discretised b",
)
def selective_scan(x: Array, delta: Array, a: Array, b: Array, c: Array, d: Array, *, softplus: bool = False) -> Pulled:
    """Σ_s c_ts h_tks + d_k x_tk, h_t = exp(δ_t a) h_(t-1) + δ_t x_t b_t.  (n, t, k), (n, t, k), (k, s), (n, t, s), (n, t, s), (k) -> (n, t, k)

    From h_(-1) = 0; softplus: δ is that of delta.  With g the cotangent of the recurrence for dy c, and e = g h_(t-1)
    exp(δ a):
    dx = δ Σ_s g b + d dy, dδ = Σ_s (e a + g b x); a gets e δ, b g δ x, c dy h, d dy x, each summed
    over the axes that it lacks.  The pullback keeps h and exp(δ a) of every step, s times as much as x; the paper's
    computes them anew.
    """
    step, pull_step = activations.softplus(delta) if softplus else (delta, lambda dstep: dstep)
    decay = np.exp(step[..., None] * a)
    inflow = step * x
    h, pull_h = linear_recurrence(decay, inflow[..., None] * b[:, :, None], np.zeros(a.shape, x.dtype), axis=1)
    y = (h * c[:, :, None]).sum(-1) + d * x

    def pullback(dy: Array) -> Any:
        ddecay, g, _ = pull_h(dy[..., None] * c[:, :, None])
        dlog, dinflow = ddecay * decay, (g * b[:, :, None]).sum(-1)
        dstep = (dlog * a).sum(-1) + dinflow * x
        da = (dlog * step[..., None]).sum((0, 1))
        db, dc = (g * inflow[..., None]).sum(2), (dy[..., None] * h).sum(2)
        return dinflow * step + dy * d, pull_step(dstep), da, db, dc, (dy * x).sum((0, 1))

    return y, pullback
