"""Losses that ask for a margin: between a score and 0, between scores of classes, between two scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.domains import choice, labels, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.losses import REDUCTION, difference, hits, matched, positive_part, reduced, reduced_by, signs_like


@rule(
    domain=dict(x=real("n k", at=(-1.0, 1.0, 1e8)), target=made(signs_like), reduction=REDUCTION),
    jax=lambda jax, x, *, target, reduction: reduced_by(jax.nn.relu(1 - target * x) ** 2, reduction),
    sympy=lambda sympy, x, *, target, reduction: reduced_by(
        np.frompyfunc(lambda a, t: positive_part(sympy, 1 - t * a) ** 2, 2, 1)(x, target), reduction
    ),
    source="Lee & Mangasarian 2001; Tang 2013, eq. 8",
)
def squared_hinge(x: Array, *, target: Array, reduction: str = "mean") -> Pulled:
    """max(1 - t x, 0)², t the target, -1 or 1.  (n, k) -> () or (n, k)

    dx = -2 dy t max(1 - t x, 0): no kink.
    """
    target = matched(target, x)
    short = np.maximum(1 - target * x, 0)
    y, spread = reduced(short * short, reduction)

    def pullback(dy: Array) -> Any:
        return -2 * target * short * spread(dy)

    return y, pullback


@rule(
    domain=dict(x=real("n k", at=(-800.0, 30.0, 800.0)), target=made(signs_like), reduction=REDUCTION),
    jax=lambda jax, x, *, target, reduction: reduced_by(jax.nn.softplus(-target * x), reduction),
    sympy=lambda sympy, x, *, target, reduction: reduced_by(
        np.frompyfunc(lambda a: sympy.log(1 + sympy.exp(a)), 1, 1)(-target * x), reduction
    ),
    source="Friedman, Hastie, Tibshirani 2000, section 4.2",
)
def soft_margin(x: Array, *, target: Array, reduction: str = "mean") -> Pulled:
    """log(1 + exp(-t x)), t the target, -1 or 1.  (n, k) -> () or (n, k)

    dx = -dy t sigmoid(-t x).
    """
    target = matched(target, x)
    y, spread = reduced(np.logaddexp(0, -target * x), reduction)

    def pullback(dy: Array) -> Any:
        return -target * expit(-target * x) * spread(dy)

    return y, pullback


def margins_of_classes(part: Any, x: Any, *, labels: Array, p: int, margin: float, weight: Any = None) -> list[Any]:
    """The loss of each row by its definition, class by class."""
    rows = []
    for row, label in zip(x, labels.tolist(), strict=True):
        others = [part(margin - row[label] + row[j]) ** p for j in range(len(row)) if j != label]
        rows.append(sum(others, 0 * row[0]) * (1 if weight is None else weight[label]) / len(row))
    return rows


@rule(
    domains={
        "": dict(x=real("n k"), labels=labels("k"), p=choice(1, 2), margin=choice(1.0, 2.5), reduction=REDUCTION),
        "weighted": dict(
            x=real("n k"),
            labels=labels("k"),
            p=choice(2, 1),
            margin=choice(1.75),
            weight=made(lambda rng, x: rng.uniform(0.5, 2.0, x.shape[-1]).round(3), "a weight for each class"),
            reduction=REDUCTION,
        ),
    },
    jax=lambda jax, x, *, reduction, **params: reduced_by(
        jax.numpy.stack(margins_of_classes(jax.nn.relu, x, **params)), reduction
    ),
    sympy=lambda sympy, x, *, reduction, **params: reduced_by(
        np.array(margins_of_classes(lambda a: positive_part(sympy, a), x, **params)), reduction
    ),
    source="Crammer & Singer 2001; the sum over classes of Weston & Watkins 1999",
)
def multi_margin(
    x: Array, *, labels: Array, p: int = 1, margin: float = 1.0, weight: Array | None = None, reduction: str = "mean"
) -> Pulled:
    """w_label Σ_j max(margin - x_label + x_j, 0)^p / k, over the classes j that are not the label.  (n, k) -> () or (n)

    dx_j = dy w_label s_j / k, s = p max(...)^(p-1), where the margin is violated, and dx_label = -Σ_j dx_j: 0 at the
    kink of p = 1.  weight: one for each class.  Raises ValueError for p other than 1 and 2 and for labels that are no
    classes.
    """
    if p not in (1, 2):
        raise ValueError(f"p is {p}: use 1 or 2")
    classes = x.shape[-1]
    hit = hits(labels, classes)
    scale = np.asarray(1 if weight is None else weight[labels], x.dtype) / classes
    short = np.where(hit, 0, np.maximum(x - x[hit].reshape((*labels.shape, 1)) + margin, 0))
    y, spread = reduced((short**p).sum(-1) * scale, reduction)

    def pullback(dy: Array) -> Any:
        slope = np.where(short > 0, (spread(dy) * scale)[..., None], 0) * (1 if p == 1 else 2 * short)
        return np.where(hits(labels, classes), -slope.sum(-1, keepdims=True), slope)

    return y, pullback


@rule(
    domain=dict(
        x1=real("n k"),
        x2=real("n k"),
        target=made(lambda rng, x1: signs_like(rng, x1), "-1 or 1 for each pair"),
        margin=choice(0.0, 0.75),
        reduction=REDUCTION,
    ),
    jax=lambda jax, x1, x2, *, target, margin, reduction: reduced_by(
        jax.nn.relu(margin - target * (x1 - x2)), reduction
    ),
    sympy=lambda sympy, x1, x2, *, target, margin, reduction: reduced_by(
        np.frompyfunc(lambda a: positive_part(sympy, a), 1, 1)(margin - target * (x1 - x2)), reduction
    ),
    source="Herbrich, Graepel, Obermayer 2000",
)
def margin_ranking(x1: Array, x2: Array, *, target: Array, margin: float = 0.0, reduction: str = "mean") -> Pulled:
    """max(margin - t (x1 - x2), 0), t the target: 1 where x1 shall be larger, else -1.  (n, k), (n, k) -> () or (n, k)

    dx1 = -dy t where that is above 0, else 0, also at the kink; dx2 = -dx1.
    """
    target = matched(target, x1)
    short = margin - target * difference(x1, x2)
    y, spread = reduced(np.maximum(short, 0), reduction)

    def pullback(dy: Array) -> Any:
        dx1 = np.where(short > 0, -target, 0) * spread(dy)
        return dx1, -dx1

    return y, pullback
