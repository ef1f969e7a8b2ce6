"""Losses of overlap, for segmentation: how far a soft mask is from the mask that is wanted."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, interval, made
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import Axis, kept
from reference.declaring import Pulled
from reference.losses import REDUCTION, matched, reduced, reduced_by

MASKS = dict(
    p=interval("n k", 0.0, 1.0),
    target=made(lambda rng, p: rng.integers(0, 2, p.shape) * 1.0, "0 or 1 for each p"),
    axis=choice(-1, 0, None),
    reduction=REDUCTION,
)


@rule(
    domain=dict(**MASKS, smooth=choice(1.0, 0.25), squared=choice(False, True)),
    jax=lambda jax, p, *, target, axis, smooth, squared, reduction: reduced_by(
        1 - (2 * (p * target).sum(axis) + smooth) / ((p**2 + target**2 if squared else p + target).sum(axis) + smooth),
        reduction,
    ),
    sympy=lambda sympy, p, *, target, axis, smooth, squared, reduction: reduced_by(
        np.asarray(
            1
            - (2 * (p * target).sum(axis) + smooth) / ((p**2 + target**2 if squared else p + target).sum(axis) + smooth)
        ),
        reduction,
    ),
    source="Milletari, Navab, Ahmadi 2016, section 3 (squared)",
)
def dice(
    p: Array, *, target: Array, axis: Axis = -1, smooth: float = 1.0, squared: bool = False, reduction: str = "mean"
) -> Pulled:
    """1 - o, o = (2 Σ p t + smooth) / (Σ (p + t) + smooth) along axis, t the target.  (n, k) -> () or (n) or (k)

    dp = dy (o - 2 t) / D, D the denominator; squared: D has p² + t², dp = 2 dy (o p - t) / D.  1 - o is
    Σ (p + t - 2 p t) / D, or Σ (p - t)² / D, without the digits that 1 - o loses.  The pullback sums anew.
    """

    target = matched(target, p)

    def size() -> Any:
        return kept((p * p + target * target if squared else p + target).sum(axis) + smooth, p.shape, axis)

    miss = (p - target) ** 2 if squared else p * (1 - target) + target * (1 - p)
    y, spread = reduced((miss / size()).sum(axis), reduction)

    def pullback(dy: Array) -> Any:
        whole = size()
        overlap = kept(2 * (p * target).sum(axis) + smooth, p.shape, axis) / whole
        inner = 2 * (overlap * p - target) if squared else overlap - 2 * target
        return kept(spread(dy), p.shape, axis) * inner / whole

    return y, pullback


def tversky_index(p: Any, target: Array, axis: Axis, alpha: float, beta: float, smooth: float) -> Any:
    """The definition, by true positives, false positives and false negatives."""
    hit, false, missed = ((a * b).sum(axis) for a, b in ((p, target), (p, 1 - target), (1 - p, target)))
    return (hit + smooth) / (hit + alpha * false + beta * missed + smooth)


@rule(
    domain=dict(**MASKS, alpha=choice(0.25, 0.75), beta=choice(0.75, 1.5, 0.5), smooth=choice(1.0, 0.125)),
    jax=lambda jax, p, *, reduction, **params: reduced_by(1 - tversky_index(p, **params), reduction),
    sympy=lambda sympy, p, *, reduction, **params: reduced_by(np.asarray(1 - tversky_index(p, **params)), reduction),
    source="Salehi, Erdogmus, Gholipour 2017, eq. 3",
)
def tversky(
    p: Array,
    *,
    target: Array,
    axis: Axis = -1,
    alpha: float = 0.5,
    beta: float = 0.5,
    smooth: float = 1.0,
    reduction: str = "mean",
) -> Pulled:
    """1 - o, o = (Σ p t + smooth) / D, D = Σ (p t + alpha p (1 - t) + beta (1 - p) t) + smooth.  (n, k) -> () or (n) or (k)

    dp = dy (o (t + alpha (1 - t) - beta t) - t) / D, t the target, sums along axis.  alpha weighs false positives, beta
    false negatives; both 0.5 is dice with twice the smooth.  1 - o is computed as their sum over D.  The pullback sums
    anew.
    """

    target = matched(target, p)

    def parts() -> Any:
        hit = (p * target).sum(axis) + smooth
        miss = (alpha * p * (1 - target) + beta * (1 - p) * target).sum(axis)
        return hit, miss

    hit, miss = parts()
    y, spread = reduced(miss / (hit + miss), reduction)

    def pullback(dy: Array) -> Any:
        hit, miss = (kept(part, p.shape, axis) for part in parts())
        slope = target + alpha * (1 - target) - beta * target
        return kept(spread(dy), p.shape, axis) * (hit / (hit + miss) * slope - target) / (hit + miss)

    return y, pullback
