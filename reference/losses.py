"""Loss functions: what a network is trained to make small.  The common ones, and what all losses share."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.domains import choice, labels, made, real, simplex
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import log_softmax
from reference.declaring import Pulled

REDUCTION = choice("mean", "sum", "none")


def reduced(loss: Array, reduction: str, total: float | None = None) -> Pulled:
    """The mean of a loss, its sum, or itself ("none"), and the pullback to the entries.  Raises ValueError for another word.

    total: what a mean divides the sum by, where that is not the number of losses.
    """
    shape, size = loss.shape, loss.size if total is None else total  # the pullback keeps these, and not the losses
    if reduction == "mean":
        return loss.sum() / size, lambda dy: np.broadcast_to(dy / size, shape)
    if reduction == "sum":
        return loss.sum(), lambda dy: np.broadcast_to(dy, shape)
    if reduction == "none":
        return loss, lambda dy: dy
    raise ValueError(f"reduction is {reduction!r}: use 'mean', 'sum' or 'none'")


def reduced_by(loss: Any, reduction: str, total: float | None = None) -> Any:
    """The same for a twin, by the methods that all arrays have."""
    count = loss.size if total is None else total
    return loss if reduction == "none" else loss.sum() / (count if reduction == "mean" else 1)


def signs_like(rng: np.random.Generator, x: Array) -> Array:
    """-1 or 1 for each x"""
    return np.asarray(rng.choice([-1.0, 1.0], x.shape))


def positive_part(sympy: Any, a: Any) -> Any:
    """max(a, 0) for a symbol, in pieces whose derivatives sympy knows."""
    return sympy.Piecewise((a, a > 0), (0, True))


def hits(labels: Array, classes: int) -> Array:
    """One-hot rows, as booleans: (...) -> (..., k).  Raises ValueError for labels that are not 0 to k - 1."""
    hit = labels[..., None] == np.arange(classes)
    if not hit.any(-1).all():
        raise ValueError(f"labels are {labels.min()} to {labels.max()}: use integers from 0 to {classes - 1}")
    return np.asarray(hit)


def difference(x: Array, target: Array) -> Any:
    """x - target.  Raises ValueError where the shapes differ: broadcasting would average over pairs that nobody meant."""
    if x.shape != target.shape:
        raise ValueError(f"target has shape {target.shape}, x has {x.shape}: reshape one of them")
    return x - target


def matched(target: Array, x: Array) -> Any:
    """target in the dtype of x, so that integers and booleans may be given.  Raises ValueError where the shapes differ."""
    if x.shape != target.shape:
        raise ValueError(f"target has shape {target.shape}, x has {x.shape}: reshape one of them")
    return target.astype(x.dtype, copy=False)


def apart(x: Array, rng: np.random.Generator) -> Array:
    """x moved by 0.1 to 3, up or down"""
    return np.asarray(x + np.round(rng.choice([-1, 1], x.shape) * rng.uniform(0.1, 3.0, x.shape), 3))


@rule(
    domain=dict(logits=real("n k", at=(-800.0, 30.0, 800.0)), labels=labels("k"), reduction=REDUCTION),
    jax=lambda jax, logits, *, labels, reduction: reduced_by(
        -jax.nn.log_softmax(logits)[jax.numpy.arange(len(labels)), labels], reduction
    ),
    sympy=lambda sympy, logits, *, labels, reduction: reduced_by(
        np.array([sympy.log(sum(map(sympy.exp, row))) - row[label] for row, label in zip(logits, labels, strict=True)]),
        reduction,
    ),
    source="Bridle 1990; Goodfellow, Bengio, Courville 2016, section 6.2.2.3",
)
def softmax_cross_entropy(logits: Array, *, labels: Array, reduction: str = "mean") -> Pulled:
    """-log(softmax(logits)) at the labels, their mean, sum or neither.  (n, k) -> () or (n)

    dlogits = dy (softmax(logits) - one_hot(labels)); p - 1 is expm1(log p), which keeps its digits where p is near 1.
    labels are integers from 0 to k - 1; others raise ValueError.  classification_losses.cross_entropy has class
    weights, smoothed and ignored labels, and probabilities in place of labels.
    """
    log_p, _ = log_softmax(logits)
    y, spread = reduced(-log_p[hits(labels, logits.shape[-1])].reshape(labels.shape), reduction)

    def pullback(dy: Array) -> Any:
        hit = hits(labels, log_p.shape[-1])
        return spread(dy)[..., None] * np.where(hit, np.expm1(log_p), np.exp(log_p))

    return y, pullback


@rule(
    domain=dict(x=real("n k"), target=real("n k"), reduction=REDUCTION),
    jax=lambda jax, x, target, *, reduction: reduced_by(jax.numpy.square(x - target), reduction),
    sympy=lambda sympy, x, target, *, reduction: reduced_by((x - target) ** 2, reduction),
)
def mse(x: Array, target: Array, *, reduction: str = "mean") -> Pulled:
    """(x - target)², their mean, sum or neither.  (n, k), (n, k) -> () or (n, k)

    dx = 2 dy (x - target), dtarget = -dx.
    """
    d = difference(x, target)
    y, spread = reduced(d * d, reduction)

    def pullback(dy: Array) -> Any:
        dx = 2 * d * spread(dy)
        return dx, -dx

    return y, pullback


@rule(
    domain=dict(x=real("n k"), target=made(apart), reduction=REDUCTION),
    jax=lambda jax, x, target, *, reduction: reduced_by(jax.numpy.abs(x - target), reduction),
    sympy=lambda sympy, x, target, *, reduction: reduced_by(np.frompyfunc(sympy.Abs, 1, 1)(x - target), reduction),
)
def mae(x: Array, target: Array, *, reduction: str = "mean") -> Pulled:
    """|x - target|, their mean, sum or neither.  (n, k), (n, k) -> () or (n, k)

    dx = dy sign(x - target), dtarget = -dx: 0 where they are equal, as in PyTorch (JAX: 1).
    """
    d = difference(x, target)
    y, spread = reduced(np.abs(d), reduction)

    def pullback(dy: Array) -> Any:
        dx = np.sign(d) * spread(dy)
        return dx, -dx

    return y, pullback


@rule(
    domain=dict(x=real("n k"), target=real("n k"), delta=choice(1.5, 0.75), reduction=REDUCTION),
    jax=lambda jax, x, target, *, delta, reduction: reduced_by(
        jax.numpy.where(abs(x - target) < delta, (x - target) ** 2 / 2, delta * abs(x - target) - delta**2 / 2),
        reduction,
    ),
    sympy=lambda sympy, x, target, *, delta, reduction: reduced_by(
        np.frompyfunc(
            lambda d: sympy.Piecewise((d**2 / 2, sympy.Abs(d) < delta), (delta * (sympy.Abs(d) - delta / 2), True)),
            1,
            1,
        )(x - target),
        reduction,
    ),
    source="Huber 1964, eq. 3.5",
)
def huber(x: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean") -> Pulled:
    """d²/2 for |d| ≤ delta, delta (|d| - delta/2) beyond, d = x - target.  (n, k), (n, k) -> () or (n, k)

    dx = dy clip(d, -delta, delta), dtarget = -dx: no kink.
    """
    d = difference(x, target)
    c = np.clip(d, -delta, delta)
    y, spread = reduced(c * (d - c / 2), reduction)

    def pullback(dy: Array) -> Any:
        dx = c * spread(dy)
        return dx, -dx

    return y, pullback


@rule(
    domains={
        "plain": dict(
            x=real("n k", at=(-800.0, 800.0)),
            target=made(lambda rng, x: rng.random(x.shape).round(3)),
            reduction=REDUCTION,
        ),
        "weighted": dict(
            x=real("n k", at=(-800.0, 800.0)),
            target=made(lambda rng, x: rng.integers(0, 2, x.shape) * 1.0),
            weight=made(lambda rng, x: rng.uniform(0.5, 2.0, (len(x), 1)).round(3)),
            pos_weight=made(lambda rng, x: rng.uniform(0.5, 4.0, x.shape[1:]).round(3)),
            reduction=REDUCTION,
        ),
    },
    sympy=lambda sympy, x, *, target, reduction, weight=1, pos_weight=1: reduced_by(
        weight
        * np.frompyfunc(
            lambda a, t, w: w * t * sympy.log(1 + sympy.exp(-a)) + (1 - t) * sympy.log(1 + sympy.exp(a)), 3, 1
        )(x, target, pos_weight),
        reduction,
    ),
    jax=lambda jax, x, *, target, reduction, weight=1.0, pos_weight=1.0: reduced_by(
        -weight * (pos_weight * target * jax.nn.log_sigmoid(x) + (1 - target) * jax.nn.log_sigmoid(-x)), reduction
    ),
)
def bce_with_logits(
    x: Array, *, target: Array, weight: Any = 1.0, pos_weight: Any = 1.0, reduction: str = "mean"
) -> Pulled:
    """-v (w t log(s) + (1 - t) log(1 - s)), s = sigmoid(x), t the target, v = weight, w = pos_weight.  (n, k) -> () or (n, k)

    dx = dy v ((1 - t) s - w t (1 - s)).
    """
    loss = pos_weight * target * np.logaddexp(0, -x) + (1 - target) * np.logaddexp(0, x)
    y, spread = reduced(weight * loss, reduction)

    def pullback(dy: Array) -> Any:
        return spread(dy) * weight * ((1 - target) * expit(x) - pos_weight * target * expit(-x))

    return y, pullback


@rule(
    domain=dict(p=simplex("n k"), q=simplex("n k"), reduction=REDUCTION),
    jax=lambda jax, p, q, *, reduction: reduced_by((p * (jax.numpy.log(p) - jax.numpy.log(q))).sum(-1), reduction),
    sympy=lambda sympy, p, q, *, reduction: reduced_by((p * np.frompyfunc(sympy.log, 1, 1)(p / q)).sum(-1), reduction),
    source="Kullback & Leibler 1951, eq. 2.4",
)
def kl_divergence(p: Array, q: Array, *, reduction: str = "mean") -> Pulled:
    """Σ p log(p / q) along the last axis, p and q positive.  (n, k), (n, k) -> () or (n)

    dp = dy (log(p / q) + 1), dq = -dy p / q: the entries are independent, that they add up to 1 is not used.
    """
    y, spread = reduced((p * np.log(p / q)).sum(-1), reduction)

    def pullback(dy: Array) -> Any:
        weight, ratio = spread(dy)[..., None], p / q
        return weight * (np.log(ratio) + 1), -weight * ratio

    return y, pullback


@rule(
    domain=dict(
        x=real("n k", kinks=(-1.0, 1.0), at=(-1.0, 1.0)),
        target=made(signs_like),
        reduction=REDUCTION,
    ),
    jax=lambda jax, x, *, target, reduction: reduced_by(jax.nn.relu(1 - target * x), reduction),
    sympy=lambda sympy, x, *, target, reduction: reduced_by(
        np.frompyfunc(lambda a, t: positive_part(sympy, 1 - t * a), 2, 1)(x, target), reduction
    ),
    source="Cortes & Vapnik 1995",
)
def hinge(x: Array, *, target: Array, reduction: str = "mean") -> Pulled:
    """max(1 - t x, 0), t the target, -1 or 1.  (n, k) -> () or (n, k)

    dx = -dy t where t x < 1, else 0: the cotangent at t x = 1 is 0.
    """
    target = matched(target, x)
    margin = 1 - target * x
    y, spread = reduced(np.maximum(margin, 0), reduction)

    def pullback(dy: Array) -> Any:
        return np.where(margin > 0, -target, 0) * spread(dy)

    return y, pullback
