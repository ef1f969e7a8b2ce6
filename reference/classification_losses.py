"""Losses of classification: likelihoods of classes, given as logits, as probabilities or as their logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit
from scipy.special import xlog1py as times_log1p

from gradcheck.domains import choice, interval, labels, made, real, simplex
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import log_softmax
from reference.declaring import Pulled, each
from reference.losses import REDUCTION, difference, hits, matched, reduced, reduced_by

IGNORED = -100


def spare(draw: Any, x: Array) -> int:
    """An index to be ignored: no class, or the last class"""
    return int(IGNORED if draw.turn % 2 or x.shape[-1] == 1 else x.shape[-1] - 1)


def some_ignored(rng: np.random.Generator, x: Array, ignore_index: int) -> Array:
    """Labels, the first a class and others ignored in places"""
    classes = ignore_index if ignore_index > 0 else x.shape[-1]
    found = np.where(rng.random(x.shape[:-1]) < 0.4, ignore_index, rng.integers(classes, size=x.shape[:-1]))
    found.flat[:1] = rng.integers(classes)
    return np.asarray(found)


def class_weights(rng: np.random.Generator, x: Array) -> Array:
    """A weight for each class"""
    return np.asarray(rng.uniform(0.5, 2.0, x.shape[-1]).round(3))


def shares(
    target: Array, x: Array, weight: Any, ignore_index: int = IGNORED, label_smoothing: float = 0.0
) -> tuple[Array, Any]:
    """How much -log p of each class counts, (n, k), and what a mean divides by.  target: labels, or probabilities.

    Raises ValueError for labels that are no classes, and for targets of another shape or type.
    """
    classes, weight = x.shape[-1], np.asarray(1 if weight is None else weight)
    if target.dtype.kind in "iu" and target.shape == x.shape[:-1]:
        counted = target != ignore_index
        wanted = hits(np.where(counted, target, 0), classes) & counted[..., None]
        total = (weight * wanted).astype(x.dtype).sum()
    elif target.dtype.kind == "f" and target.shape == x.shape:
        counted, wanted = np.ones(x.shape[:-1]), target
        total = counted.size
    else:
        raise ValueError(
            f"target has shape {target.shape} and type {target.dtype}: give integers {x.shape[:-1]} or floats {x.shape}"
        )
    smoothed = (1 - label_smoothing) * wanted + label_smoothing / max(1, classes) * counted[..., None]
    return (weight * smoothed).astype(x.dtype), total


def weighed(share: Array, log_p: Array) -> Any:
    """-Σ share log p, 0 where the share is, also for a p of 0."""
    return -(share * np.where(share != 0, log_p, 0)).sum(-1)


def by_rows(
    stack: Any,
    log_p: Any,
    *,
    target: Array,
    reduction: str,
    weight: Any = None,
    ignore_index: int = IGNORED,
    label_smoothing: float = 0.0,
) -> Any:
    """For twins: the definition, row by row."""
    classes = log_p.shape[-1]
    weight = np.ones(classes) if weight is None else weight
    losses, total = [], 0.0
    for at in np.ndindex(*log_p.shape[:-1]):
        row, t = log_p[at], target[at]
        zero = 0 * row[0]
        everywhere = sum((-weight[c] * row[c] for c in range(classes)), zero) * label_smoothing / classes
        if np.ndim(t):
            likely = sum((-weight[c] * t[c] * row[c] for c in range(classes)), zero)
            total += 1
        elif t == ignore_index:
            likely = everywhere = zero
        else:
            likely = -weight[t] * row[t]
            total += weight[t]
        losses.append((1 - label_smoothing) * likely + everywhere)
    return reduced_by(stack(losses).reshape(log_p.shape[:-1]), reduction, total)


def log_softmax_symbolic(sympy: Any, x: Any) -> Any:
    """The definition."""
    return x - np.frompyfunc(sympy.log, 1, 1)(np.frompyfunc(sympy.exp, 1, 1)(x).sum(-1, keepdims=True))


FAR = (-800.0, 30.0, 800.0)


@rule(
    domains={
        "": dict(x=real("n k", at=FAR), target=labels("k"), label_smoothing=choice(0.25, 0.0), reduction=REDUCTION),
        "weighted": dict(
            x=real("n m k"),
            weight=made(class_weights),
            ignore_index=made(spare),
            target=made(some_ignored),
            label_smoothing=choice(0.0, 0.125),
            reduction=REDUCTION,
        ),
        "probabilities": dict(
            x=real("n k", at=FAR),
            target=simplex("n k"),
            weight=made(class_weights),
            label_smoothing=choice(0.0, 0.25),
            reduction=REDUCTION,
        ),
    },
    jax=lambda jax, x, **params: by_rows(jax.numpy.stack, jax.nn.log_softmax(x), **params),
    sympy=lambda sympy, x, **params: by_rows(np.array, log_softmax_symbolic(sympy, x), **params),
    source="Bridle 1990; label smoothing: Szegedy et al. 2016, section 7; weights as in PyTorch",
)
def cross_entropy(
    x: Array,
    *,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = IGNORED,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Pulled:
    """-Σ v log(softmax(x)), v = weight ((1 - s) target + s / k), s = label_smoothing.  (n, k) -> () or (n)

    dx = dy (p Σ v - v), p = softmax(x); as p (Σ v - v) - v (1 - p), with 1 - p from expm1, it keeps its digits.  target
    is probabilities (n, k), or labels (n), which stand for one-hot rows; a label that is ignore_index counts nothing.
    A mean divides by the weights of the labels that count, which is 0 / 0 where none does, or by the number of rows of
    probabilities.  Classes are the last axis; before it are any others.  Raises ValueError for labels that are no
    classes.
    """
    log_p, _ = log_softmax(x)
    share, total = shares(target, x, weight, ignore_index, label_smoothing)
    y, spread = reduced(weighed(share, log_p), reduction, total)

    def pullback(dy: Array) -> Any:
        v, _ = shares(target, log_p, weight, ignore_index, label_smoothing)
        rest = v.sum(-1, keepdims=True) - v
        return spread(dy)[..., None] * (rest * np.exp(log_p) + v * np.expm1(log_p))

    return y, pullback


@rule(
    domains={
        "": dict(log_p=real("n k", -4.0, -0.05), target=labels("k"), reduction=REDUCTION),
        "weighted": dict(
            log_p=real("n m k", -4.0, -0.05),
            weight=made(lambda rng, log_p: class_weights(rng, log_p), "a weight for each class"),
            ignore_index=made(lambda draw, log_p: spare(draw, log_p), "no class, or the last class"),
            target=made(lambda rng, log_p, ignore_index: some_ignored(rng, log_p, ignore_index), "some are ignored"),
            reduction=REDUCTION,
        ),
    },
    jax=lambda jax, log_p, **params: by_rows(jax.numpy.stack, log_p, **params),
    sympy=lambda sympy, log_p, **params: by_rows(np.array, log_p, **params),
    source="PyTorch, torch.nn.functional.nll_loss",
)
def nll(
    log_p: Array,
    *,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = IGNORED,
    reduction: str = "mean",
) -> Pulled:
    """-w log_p at the target, w the weight of that class.  (n, k) -> () or (n)

    dlog_p = -dy w at the target, else 0.  Targets, weights and what is ignored are those of cross_entropy.
    """
    share, total = shares(target, log_p, weight, ignore_index)
    y, spread = reduced(weighed(share, log_p), reduction, total)

    def pullback(dy: Array) -> Any:
        return -spread(dy)[..., None] * shares(target, log_p, weight, ignore_index)[0]

    return y, pullback


@rule(
    domain=dict(
        p=interval("n k", 0.0, 1.0, at=(1e-200, 0.5)),
        target=made(lambda rng, p: rng.choice([0.0, 0.25, 0.875, 1.0], p.shape), "0, 1 or between for each p"),
        weight=made(lambda rng, p: rng.uniform(0.5, 2.0, (len(p), 1)).round(3), "a weight for each row"),
        reduction=REDUCTION,
    ),
    jax=lambda jax, p, *, target, weight, reduction: reduced_by(
        -weight * (target * jax.numpy.log(p) + (1 - target) * jax.numpy.log1p(-p)), reduction
    ),
    sympy=lambda sympy, p, *, target, weight, reduction: reduced_by(
        weight * np.frompyfunc(lambda a, t: -t * sympy.log(a) - (1 - t) * sympy.log(1 - a), 2, 1)(p, target), reduction
    ),
    source="Goodfellow, Bengio, Courville 2016, section 6.2.2.2",
)
def binary_cross_entropy(p: Array, *, target: Array, weight: Any = 1.0, reduction: str = "mean") -> Pulled:
    """-w (t log(p) + (1 - t) log(1 - p)), t the target, w the weight.  (n, k) -> () or (n, k)

    dp = dy w ((1 - t) / (1 - p) - t / p); infinite like the loss where p is 0 and t is not, or p is 1 and t is not
    (PyTorch: at most 100).  losses.bce_with_logits has no such places.  Raises ValueError for p outside [0, 1].
    """
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p has entries outside [0, 1]: give probabilities, or logits to bce_with_logits")
    target = matched(target, p)

    def decided() -> tuple[Any, Any]:
        # Where the target leaves no weight to a logarithm its argument does not matter: 1, whose logarithm is 0.
        return np.where(target > 0, p, 1), np.where(target < 1, -p, 0)

    right, less = decided()
    y, spread = reduced(-weight * (target * np.log(right) + (1 - target) * np.log1p(less)), reduction)

    def pullback(dy: Array) -> Any:
        right, less = decided()
        return spread(dy) * weight * ((1 - target) / (1 + less) - target / right)

    return y, pullback


def focal_by(softplus: Any, sigmoid: Any, x: Any, t: Any, gamma: Any, alpha: Any) -> Any:
    """The loss as torchvision computes it: from the cross-entropy, and the probability of the right class."""
    right = sigmoid(x) * t + (1 - sigmoid(x)) * (1 - t)
    entropy = t * softplus(-x) + (1 - t) * softplus(x)
    return (1 if alpha is None else alpha * t + (1 - alpha) * (1 - t)) * (1 - right) ** gamma * entropy


@rule(
    domain=dict(
        x=real("n k", at=FAR),
        target=made(lambda rng, x: rng.integers(0, 2, x.shape) * 1.0, "0 or 1 for each x"),
        gamma=choice(2.0, 1.5, 0.0),
        alpha=choice(0.25, None),
        reduction=REDUCTION,
    ),
    jax=lambda jax, x, *, target, gamma, alpha, reduction: reduced_by(
        focal_by(jax.nn.softplus, jax.nn.sigmoid, x, target, gamma, alpha), reduction
    ),
    sympy=lambda sympy, x, *, target, gamma, alpha, reduction: reduced_by(
        np.frompyfunc(
            lambda a, t: focal_by(
                lambda b: sympy.log(1 + sympy.exp(b)),
                lambda b: 1 / (1 + sympy.exp(-b)),
                a,
                int(t),
                sympy.nsimplify(gamma),
                alpha,
            ),
            2,
            1,
        )(x, target),
        reduction,
    ),
    source="Lin et al. 2017, eq. 5",
)
def focal(
    x: Array, *, target: Array, gamma: float = 2.0, alpha: float | None = 0.25, reduction: str = "mean"
) -> Pulled:
    """-α (1 - q)^γ log q, q the probability of the target: sigmoid(x) for 1, sigmoid(-x) for 0.  (n, k) -> () or (n, k)

    With z = x for 1, -x for 0: dz = -dy α (1 - q)^γ (1 - q + γ q log(1 + exp(-z))).  α is alpha for 1, 1 - alpha for 0,
    or 1 for None.  Raises ValueError for a target other than 0 and 1.
    """
    if not ((target == 0) | (target == 1)).all():
        raise ValueError("target has entries other than 0 and 1: focal loss is of classes")
    target = matched(target, x)

    def parts() -> Any:
        z = (2 * target - 1) * x
        scale = 1 if alpha is None else alpha * target + (1 - alpha) * (1 - target)
        return z, scale * expit(-z) ** gamma

    z, scale = parts()
    y, spread = reduced(scale * np.logaddexp(0, -z), reduction)

    def pullback(dy: Array) -> Any:
        z, scale = parts()
        dz = -spread(dy) * scale * (expit(-z) + gamma * expit(z) * np.logaddexp(0, -z))
        return (2 * target - 1) * dz

    return y, pullback


@rule(
    domain=dict(p=simplex("n k"), q=simplex("n k"), reduction=REDUCTION),
    jax=lambda jax, p, q, *, reduction: reduced_by(
        sum(jax.scipy.special.rel_entr(a, (p + q) / 2).sum(-1) for a in (p, q)) / 2, reduction
    ),
    sympy=lambda sympy, p, q, *, reduction: reduced_by(
        sum(each(lambda sympy, a, m: a * sympy.log(a / m))(sympy, a, (p + q) / 2).sum(-1) for a in (p, q)) / 2,
        reduction,
    ),
    source="Lin 1991, eq. 3.6",
)
def js_divergence(p: Array, q: Array, *, reduction: str = "mean") -> Pulled:
    """Σ (p log(p / m) + q log(q / m)) / 2 along the last axis, m = (p + q) / 2.  (n, k), (n, k) -> () or (n)

    dp = dy log(p / m) / 2, dq = dy log(q / m) / 2, infinite where p or q alone is 0; entries are independent, as in
    losses.kl_divergence.  p / m is 1 + r, q / m is 1 - r, r = (p - q) / (p + q): near 1 log1p keeps their digits.
    """

    def lean() -> Any:
        both = p + q
        return difference(p, q) / np.where(both > 0, both, 1)

    r = lean()
    y, spread = reduced((times_log1p(p, r) + times_log1p(q, -r)).sum(-1) / 2, reduction)

    def pullback(dy: Array) -> Any:
        half, r = spread(dy)[..., None] / 2, lean()
        return half * np.log1p(r), half * np.log1p(-r)

    return y, pullback
