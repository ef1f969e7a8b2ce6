"""Connectionist temporal classification: the likelihood of a sequence of labels, whatever its alignment to the frames."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import log_softmax
from reference.declaring import Pulled
from reference.losses import REDUCTION, reduced, reduced_by
from reference.windows import sized


def with_blanks(labels: Array, blank: int) -> tuple[Array, Array]:
    """The states of an alignment, labels between blanks: (s) -> (2 s + 1), and which may be entered from two before.

    Those are the labels that differ from the label before: between equal ones there is a blank.
    """
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    skips = states != blank
    skips[:2] = False
    skips[2:] &= states[2:] != states[:-2]
    return states, skips


def shifted(way: Any, by: int) -> Any:
    """Each state gets what the one so many before it has; the first ones get something."""
    return way[np.maximum(np.arange(len(way)) - by, 0)]


def reachable(frames: int, skips: Array) -> Array:
    """Which states can be reached at each frame from the first two: (t, s)."""
    place = np.arange(len(skips))
    possible = [place < 2]
    for _ in range(frames - 1):
        now = possible[-1]
        possible.append(now | (shifted(now, 1) & (place > 0)) | (shifted(now, 2) & skips))
    return np.stack(possible)


def logsumexp(terms: Any, possible: Array) -> Any:
    """log Σ exp of the terms that are possible, along the first axis; anything where none is.

    The largest is apart, so that log1p keeps the digits of the others.
    """
    best = np.where(possible, terms, -1e30).argmax(0)
    others = possible & (np.arange(len(terms))[:, None] != best)
    lead = np.take_along_axis(terms, best[None], 0)[0]
    return lead + np.log1p(np.where(others, np.exp(np.where(others, terms - lead, 0)), 0).sum(0))


def largest(scores: Any, possible: Array) -> Any:
    """The largest of the possible scores of each frame: (t, s) -> (t, 1)."""
    best = np.where(possible, scores, -1e30).argmax(-1)
    return np.take_along_axis(scores, best[:, None], -1)


def walked(scores: Any, skips: Array, through: Array) -> tuple[Any, Any]:
    """The log-likelihoods of all ways to each state at each frame, relative to the likeliest state's, and what that leaves out.

    A way scores at each frame that it is at, the last included; `through` are the states (t, s) that lie on any
    alignment.
    """
    place = np.arange(len(skips))
    way, ways, left_out = scores[0], [], 0
    for t, (now, possible) in enumerate(zip(scores, through, strict=True)):
        if t:
            before = through[t - 1]
            steps = np.stack([before, shifted(before, 1) & (place > 0), shifted(before, 2) & skips])
            way = logsumexp(np.stack([way, shifted(way, 1), shifted(way, 2)]), steps) + now
        way = np.where(possible, way, 0)
        top = largest(way[None], possible[None])[0]
        way, left_out = way - top, left_out + top
        ways.append(way)
    return np.stack(ways), left_out + logsumexp(way[:, None], possible[:, None])


def aligned(x: Array, log_p: Array, labels: Array, blank: int) -> tuple[Any, Any] | None:
    """-log of the likelihood of labels (s), and its cotangent by the logits: (t, k) -> (1), (t, k).  None: they do not fit.

    Posteriors come from differences of logits in play and are normalised at each frame: large ones take no digits.
    """
    states, skips = with_blanks(labels, blank)
    # From the end it is the same walk along the labels turned round.
    skips_back = with_blanks(labels[::-1], blank)[1]
    through = reachable(len(x), skips) & reachable(len(x), skips_back)[::-1, ::-1]
    if not through.any():
        return None
    scores = x[:, states] - largest(x[:, states], through)
    ways, total = walked(scores, skips, through)
    returns, _ = walked(scores[::-1, ::-1], skips_back, through[::-1, ::-1])
    log_share = ways + returns[::-1, ::-1] - scores
    share = np.where(through, np.exp(np.where(through, log_share - largest(log_share, through), 0)), 0)
    posterior = share / share.sum(-1, keepdims=True)
    here = states[:, None] == np.arange(x.shape[-1])
    inside, outside = (posterior @ which.astype(x.dtype) for which in (here, ~here))
    dx = outside * np.exp(log_p) + inside * np.expm1(log_p)
    return -(largest(log_p[:, states], through).sum() + total), dx


def lengths_of(given: Array | None, name: str, count: int, least: int, longest: int) -> Array:
    """The lengths of so many sequences, by default the longest.  Raises ValueError for others than least to longest."""
    lengths = np.full(count, longest) if given is None else np.asarray(given)
    if lengths.shape != (count,) or (lengths < least).any() or (lengths > longest).any():
        raise ValueError(f"{name} is {given}: give {count} numbers from {least} to {longest}")
    return lengths


def collapsed(path: tuple[int, ...], blank: int) -> list[int]:
    """The labels that an alignment stands for: repeats are one, blanks are none."""
    return [label for label, _ in itertools.groupby(path) if label != blank]


def by_paths(sympy: Any, x: Any, labels: Array, blank: int) -> Any:
    """The definition: the likelihoods of all alignments that stand for the labels, added up; 0 where there are none."""
    e = np.frompyfunc(sympy.exp, 1, 1)(x)
    p = e / e.sum(-1, keepdims=True)
    paths = itertools.product(range(x.shape[1]), repeat=len(x))
    likely = [
        sympy.prod([row[k] for row, k in zip(p, path, strict=True)])
        for path in paths
        if collapsed(path, blank) == labels.tolist()
    ]
    return -sympy.log(sum(likely)) if likely else 0 * x[0, 0]


def by_scan(jax: Any, x: Any, labels: Array, blank: int) -> Any:
    """The forward recursion as jax.lax.scan, with a likelihood of e^-1e30 for what is impossible."""
    never, jnp = -1e30, jax.numpy
    states, skips = with_blanks(labels, blank)
    log_p = jax.nn.log_softmax(x)[:, states]
    first = jnp.where(jnp.arange(len(states)) < 2, log_p[0], never)

    def step(way: Any, now: Any) -> Any:
        before, two = (jnp.concatenate([jnp.full(k, never), way])[: len(states)] for k in (1, 2))
        return jax.nn.logsumexp(jnp.stack([way, before, jnp.where(skips, two, never)]), axis=0) + now, None

    last, _ = jax.lax.scan(step, first, log_p[1:])
    loss = -jax.nn.logsumexp(last[-2:])
    return jnp.where(loss > 1e20, 0, loss)


def example_by_example(
    twin: Any,
    x: Any,
    labels: Array,
    reduction: str,
    blank: int = 0,
    input_lengths: Array | None = None,
    label_lengths: Array | None = None,
    zero_infinity: bool = False,
) -> Any:
    """For twins: the loss of each example, by what `twin(x, labels, blank)` says of it."""
    frames = [x.shape[1]] * len(x) if input_lengths is None else list(map(int, input_lengths))
    sizes = [labels.shape[1]] * len(x) if label_lengths is None else list(map(int, label_lengths))
    found = [twin(x[n, : frames[n]], labels[n, : sizes[n]], blank) for n in range(len(x))]
    return [f / max(size, 1) if reduction == "mean" else f for f, size in zip(found, sizes, strict=True)]


def some_labels(rng: np.random.Generator, x: Array, blank: int) -> Array:
    """Labels that are not the blank, a third as many as there are frames and one more, some repeated"""
    others = np.delete(np.arange(x.shape[-1]), blank)
    return np.asarray(rng.choice(others, (len(x), x.shape[1] // 3 + 1)))


def some_frames(rng: np.random.Generator, x: Array) -> Array:
    """Lengths of inputs; the last of several is too short for its labels"""
    lengths = rng.integers(x.shape[1] - 1, x.shape[1] + 1, len(x))
    return np.where(np.arange(len(x)) < max(len(x) - 1, 1), lengths, 1)


def some_sizes(rng: np.random.Generator, x: Array, labels: Array) -> Array:
    """Lengths of labels, different ones; all of the last of several"""
    lengths = rng.permutation(len(x)) % (labels.shape[1] + 1) if len(x) > 1 else np.ones(1, int)
    return np.where(np.arange(len(x)) < max(len(x) - 1, 1), lengths, labels.shape[1])


@rule(
    domains={
        "": dict(x=sized("2 4 3", "1 3 3"), blank=choice(0, 2), labels=made(some_labels), reduction=REDUCTION),
        "far": dict(
            x=real("1 3 2", at=(-800.0, 30.0, 800.0)),
            blank=choice(1, 0),
            labels=made(some_labels),
            reduction=REDUCTION,
        ),
        "lengths": dict(
            x=sized("3 5 3", "1 3 2"),
            blank=choice(1, 0),
            labels=made(some_labels),
            input_lengths=made(some_frames),
            label_lengths=made(some_sizes),
            zero_infinity=choice(True),
            reduction=REDUCTION,
        ),
    },
    jax=lambda jax, x, *, reduction, **params: reduced_by(
        jax.numpy.stack(example_by_example(lambda *args: by_scan(jax, *args), x, reduction=reduction, **params)),
        reduction,
    ),
    sympy=lambda sympy, x, *, reduction, **params: reduced_by(
        np.array(example_by_example(lambda *args: by_paths(sympy, *args), x, reduction=reduction, **params)), reduction
    ),
    source="Graves et al. 2006, eqs. 6 to 16",
    accuracy=1024.0,
)
def ctc(
    x: Array,
    *,
    labels: Array,
    blank: int = 0,
    input_lengths: Array | None = None,
    label_lengths: Array | None = None,
    zero_infinity: bool = False,
    reduction: str = "mean",
) -> Pulled:
    """-log of the sum of the likelihoods of all alignments of x to the labels, (n, s).  (n, t, k) -> () or (n)

    x are logits (PyTorch: their log_softmax, frames first); an alignment is a class for each frame, repeats merged,
    then blanks dropped.  dx = dy (softmax(x) - γ), γ the posterior of each class at each frame; as p Σ γ of the other
    classes less γ (1 - p) it keeps its digits.  A mean is over examples, each divided by its number of labels.  The
    pullback keeps dx for dy = 1.  Raises ValueError for labels that are the blank or no classes, for lengths that are
    too long, and for labels that do not fit into their frames: with zero_infinity such an example counts 0.

    The budget is wide: where a frame hardly matters to the likelihood, p - γ leaves an entry few digits in any such
    formula (measured: up to 140 weighted ULPs in single entries, the median below 1).
    """
    count, frames, classes = x.shape
    if not 0 <= blank < classes or len(labels) != count or labels.ndim != 2:
        raise ValueError(f"labels are {labels.shape}, blank is {blank}: use ({count}, s) and a class below {classes}")
    inputs = lengths_of(input_lengths, "input_lengths", count, 1, frames)
    sizes = lengths_of(label_lengths, "label_lengths", count, 0, labels.shape[1])
    log_p, _ = log_softmax(x)
    losses: Any = np.zeros(count, x.dtype)
    dx: Any = np.zeros(x.shape, x.dtype)
    for n in range(count):
        wanted = labels[n, : sizes[n]]
        if ((wanted < 0) | (wanted >= classes) | (wanted == blank)).any():
            raise ValueError(f"labels of example {n} are {wanted}: use classes below {classes}, not the blank {blank}")
        found = aligned(x[n, : inputs[n]], log_p[n, : inputs[n]], wanted, blank)
        if found is not None:
            losses[n : n + 1], dx[n, : inputs[n]] = found
        elif not zero_infinity:
            raise ValueError(
                f"labels of example {n} do not fit into {inputs[n]} frames: zero_infinity=True counts it 0"
            )
    share = np.maximum(sizes, 1).astype(x.dtype) if reduction == "mean" else np.ones(count, x.dtype)
    y, spread = reduced(losses / share, reduction)

    def pullback(dy: Array) -> Any:
        return (spread(dy) / share)[:, None, None] * dx

    return y, pullback
