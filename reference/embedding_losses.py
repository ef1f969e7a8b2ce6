"""Losses of embeddings: vectors that belong together are drawn near, others are pushed apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.losses import REDUCTION, difference, positive_part, reduced, reduced_by, softmax_cross_entropy
from reference.similarity import pairwise_distance
from reference.windows import sized


def unit(x: Array) -> Any:
    """Vectors of length 1 along the last axis, and the lengths that they had."""
    size = np.sqrt((x * x).sum(-1, keepdims=True))
    return x / size, size


def cosine_embeddings(part: Callable[[Any], Any], cosine: Any, target: Array, margin: float) -> list[Any]:
    """The definition, pair by pair."""
    return [1 - c if t > 0 else part(c - margin) for c, t in zip(cosine, target, strict=True)]


@rule(
    domains={
        "": dict(
            x=sized("3 4", "2 2"),
            z=sized("3 4", "2 2"),
            target=made(lambda rng, x: rng.permutation([-1.0, 1.0, -1.0][: len(x)]), "-1 or 1 for each pair"),
            margin=choice(0.0, -0.75, 0.25),
            reduction=REDUCTION,
        ),
        # Cosines on both sides of each margin, and of 0: 0.14, 0.8, -0.5.
        "apart": dict(
            x=made(lambda: np.array([[-0.5, 1.5], [1.0, 2.0], [2.0, 0.5]])),
            z=made(lambda: np.array([[2.0, 1.0], [2.0, 1.0], [-1.0, 1.0]])),
            target=made(lambda: -np.ones(3)),
            margin=choice(0.25, -0.75),
            reduction=choice("sum"),
        ),
    },
    jax=lambda jax, x, z, *, target, margin, reduction: reduced_by(
        jax.numpy.stack(
            cosine_embeddings(
                jax.nn.relu,
                (x * z).sum(-1) / (jax.numpy.linalg.norm(x, axis=-1) * jax.numpy.linalg.norm(z, axis=-1)),
                target,
                margin,
            )
        ),
        reduction,
    ),
    sympy=lambda sympy, x, z, *, target, margin, reduction: reduced_by(
        np.array(
            cosine_embeddings(
                lambda a: positive_part(sympy, a),
                (x * z).sum(-1) / np.frompyfunc(sympy.sqrt, 1, 1)((x * x).sum(-1) * (z * z).sum(-1)),
                target,
                margin,
            )
        ),
        reduction,
    ),
    source="PyTorch, torch.nn.functional.cosine_embedding_loss",
)
def cosine_embedding(x: Array, z: Array, *, target: Array, margin: float = 0.0, reduction: str = "mean") -> Pulled:
    """1 - c where target is 1, max(c - margin, 0) where it is -1, c = x·z / (|x| |z|).  (n, k), (n, k) -> () or (n)

    dx = ∓dy (ẑ - c x̂) / |x|, dz = ∓dy (x̂ - c ẑ) / |z|, with x̂ = x / |x|; 0 where c ≤ margin for -1.  1 - c is
    |x̂ - ẑ|² / 2, which keeps its digits where the vectors are near each other; what is at right angles is taken twice:
    once leaves rounding errors of what was cancelled.  Both are nonzero.
    """
    far = ((unit(x)[0] - unit(z)[0]) ** 2).sum(-1) / 2
    y, spread = reduced(np.where(target > 0, far, np.maximum(1 - margin - far, 0)), reduction)

    def across(g: Any, along: Any) -> Any:
        return g - along * (g * along).sum(-1, keepdims=True)

    def pullback(dy: Array) -> Any:
        (unit_x, size_x), (unit_z, size_z) = unit(x), unit(z)
        far = ((unit_x - unit_z) ** 2).sum(-1) / 2
        g = spread(dy)
        g = np.where(target > 0, -g, np.where(far < 1 - margin, g, 0))[..., None]
        dx, dz = across(across(unit_z, unit_x), unit_x), across(across(unit_x, unit_z), unit_z)
        return g * dx / size_x, g * dz / size_z

    return y, pullback


def triplet_jax(
    jax: Any, anchor: Any, positive: Any, negative: Any, *, margin: float, p: float, swap: bool, eps: float = 1e-6
) -> Any:
    """By jax.numpy.linalg.norm."""
    near, far, also = (
        jax.numpy.linalg.norm(a - b + eps, ord=p, axis=-1)
        for a, b in ((anchor, positive), (anchor, negative), (positive, negative))
    )
    return jax.nn.relu(near - (jax.numpy.minimum(far, also) if swap else far) + margin)


def triplet_symbolic(
    sympy: Any, anchor: Any, positive: Any, negative: Any, *, margin: float, p: float, swap: bool, eps: float = 1e-6
) -> Any:
    """The definition."""
    power = sympy.nsimplify(p)
    near, far, also = (
        (np.frompyfunc(sympy.Abs, 1, 1)(a - b + eps) ** power).sum(-1) ** (1 / power)
        for a, b in ((anchor, positive), (anchor, negative), (positive, negative))
    )
    nearest = np.frompyfunc(lambda f, a: sympy.Piecewise((f, f < a), (a, True)) if swap else f, 2, 1)
    return np.frompyfunc(lambda a: positive_part(sympy, a), 1, 1)(near - nearest(far, also) + margin)


@rule(
    domains={
        "": dict(
            anchor=real("n k"),
            positive=real("n k"),
            negative=real("n k"),
            margin=choice(1.0, 4.5),
            p=choice(2.0, 3.0, 1.0),
            swap=choice(False, True),
            reduction=REDUCTION,
        ),
        "eps": dict(
            anchor=real("n k"),
            positive=real("n k"),
            negative=real("n k"),
            margin=choice(2.25),
            p=choice(2.0, 1.5),
            swap=choice(True, False),
            eps=choice(0.125),
            reduction=REDUCTION,
        ),
    },
    jax=lambda jax, *triplet, reduction, **params: reduced_by(triplet_jax(jax, *triplet, **params), reduction),
    sympy=lambda sympy, *triplet, reduction, **params: reduced_by(
        triplet_symbolic(sympy, *triplet, **params), reduction
    ),
    source="Schroff, Kalenichenko, Philbin 2015, eq. 3; swap: Balntas et al. 2016, section 3.2",
    normwise=True,
)
def triplet_margin(
    anchor: Array,
    positive: Array,
    negative: Array,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    swap: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Pulled:
    """max(d(anchor, positive) - d(anchor, negative) + margin, 0), d the pairwise_distance.  (n, k), (n, k), (n, k) -> () or (n)

    Where that is above 0 the cotangents are those of d with dy and -dy, else 0.  swap: min(d(anchor, negative),
    d(positive, negative)) in place of d(anchor, negative), equal ones share.  The pullback measures the distances anew.
    Normwise: where both are far in the same direction, danchor is a difference of cotangents that are nearly equal.
    """

    pairs = ((anchor, positive), (anchor, negative), (positive, negative))
    for a, b in pairs:
        difference(a, b)

    def measured() -> Any:
        return zip(*(pairwise_distance(a, b, p=p, eps=eps) for a, b in pairs[: 3 if swap else 2]), strict=True)

    def shortfall(near: Array, far: Array, across: Array | None = None) -> Any:
        return near - (far if across is None else np.minimum(far, across)) + margin

    y, spread = reduced(np.maximum(shortfall(*next(measured())), 0), reduction)

    def pullback(dy: Array) -> Any:
        values, pulls = measured()
        g = np.where(shortfall(*values) > 0, spread(dy), 0)
        swapped = (np.sign(values[1] - values[2]) + 1) / 2 if swap else 0
        to_positive, from_positive = pulls[0](g)
        to_negative, from_negative = pulls[1](-g * (1 - swapped))
        across, from_across = pulls[2](-g * swapped) if swap else (0, 0)
        return to_positive + to_negative, from_positive + across, from_negative + from_across

    return y, pullback


def contrasts(part: Callable[[Any], Any], squares: Any, root: Any, target: Array, margin: float) -> list[Any]:
    """The definition, pair by pair."""
    return [s / 2 if t else part(margin - root(s)) ** 2 / 2 for s, t in zip(squares, target, strict=True)]


@rule(
    domain=dict(
        x=real("n k"),
        z=real("n k"),
        target=made(lambda rng, x: np.arange(len(x)) % 2 == rng.integers(2), "whether a pair belongs together"),
        margin=choice(4.5, 7.0, 2.0),
        reduction=REDUCTION,
    ),
    jax=lambda jax, x, z, *, target, margin, reduction: reduced_by(
        jax.numpy.stack(contrasts(jax.nn.relu, ((x - z) ** 2).sum(-1), jax.numpy.sqrt, target, margin)), reduction
    ),
    sympy=lambda sympy, x, z, *, target, margin, reduction: reduced_by(
        np.array(contrasts(lambda a: positive_part(sympy, a), ((x - z) ** 2).sum(-1), sympy.sqrt, target, margin)),
        reduction,
    ),
    source="Hadsell, Chopra, LeCun 2006, eq. 4, with target = 1 - Y",
)
def contrastive(x: Array, z: Array, *, target: Array, margin: float = 1.0, reduction: str = "mean") -> Pulled:
    """D²/2 of pairs that belong together (target), max(margin - D, 0)²/2 of others, D = |x - z|.  (n, k), (n, k) -> () or (n)

    dx = dy (x - z), or -dy max(margin - D, 0) (x - z) / D, which is taken as 0 at D = 0; dz = -dx.
    """
    d = difference(x, z)
    square = (d * d).sum(-1)
    size = np.sqrt(square)
    short = np.maximum(margin - size, 0)
    slope = np.where(target, 1, -short / np.where(size > 0, size, 1))
    y, spread = reduced(np.where(target, square, short * short) / 2, reduction)

    def pullback(dy: Array) -> Any:
        dx = (spread(dy) * slope)[..., None] * d
        return dx, -dx

    return y, pullback


def noise_contrast(log_softmax: Any, logits: Any, symmetric: bool) -> Any:
    """The losses of rows, or the means of rows and columns, given the logarithm of softmax along an axis."""
    rows = -log_softmax(logits, -1).diagonal()
    return (rows - log_softmax(logits, 0).diagonal()) / 2 if symmetric else rows


def log_softmax_symbolic(sympy: Any) -> Callable[[Any, int], Any]:
    """The definition."""
    log, exp = (np.frompyfunc(f, 1, 1) for f in (sympy.log, sympy.exp))
    return lambda x, axis: log(exp(x) / exp(x).sum(axis, keepdims=True))


@rule(
    domain=dict(
        queries=real("n k", -1.0, 1.0),
        keys=real("n k", -1.0, 1.0),
        temperature=choice(0.5, 0.125),
        symmetric=choice(False, True),
        reduction=REDUCTION,
    ),
    jax=lambda jax, queries, keys, *, temperature, symmetric, reduction: reduced_by(
        noise_contrast(jax.nn.log_softmax, queries @ keys.T / temperature, symmetric), reduction
    ),
    sympy=lambda sympy, queries, keys, *, temperature, symmetric, reduction: reduced_by(
        noise_contrast(log_softmax_symbolic(sympy), queries @ keys.T / temperature, symmetric), reduction
    ),
    source="van den Oord, Li, Vinyals 2018, eq. 4; symmetric: Radford et al. 2021, figure 3",
)
def info_nce(
    queries: Array, keys: Array, *, temperature: float = 0.1, symmetric: bool = False, reduction: str = "mean"
) -> Pulled:
    """Cross-entropy of s = queries keysᵀ / temperature where query i belongs to key i.  (n, k), (n, k) -> () or (n)

    dqueries = ds keys / temperature, dkeys = dsᵀ queries / temperature, ds = dy (softmax(s) - 1) by rows.  symmetric:
    the mean with that by columns, which is CLIP's.  The pullback computes the n x n similarities anew.  For cosines
    give vectors of length 1.  Raises ValueError where the shapes differ.
    """
    difference(queries, keys)

    def contrasted() -> Pulled:
        s, own = queries @ keys.T / temperature, np.arange(len(queries))
        rows, pull_rows = softmax_cross_entropy(s, labels=own, reduction=reduction)
        if not symmetric:
            return rows, pull_rows
        columns, pull_columns = softmax_cross_entropy(s.T, labels=own, reduction=reduction)
        return (rows + columns) / 2, lambda dy: (pull_rows(dy) + pull_columns(dy).T) / 2

    def pullback(dy: Array) -> Any:
        ds = contrasted()[1](dy) / temperature
        return ds @ keys, ds.T @ queries

    return contrasted()[0], pullback
