"""Mistakes planted in copies of the reference rules: each must be seen, at every seed, and the untouched copies must pass."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
from planting import (
    answering,
    asked,
    calling,
    declared_like,
    dropped,
    edited,
    exchanged,
    one_entry_off,
    ones_like,
    reversed_axis,
    scaled,
    transposed,
)

from gradcheck import Result, Rule, check
from gradcheck.cases import Case
from gradcheck.checking import check_case

SEEDS = range(20)
Plant = Callable[[Rule], Rule]


def the(name: str) -> Rule:
    """The reference rule of that name below `reference`."""
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(f"reference.{module}"), function)


def edit(old: str, new: str) -> Plant:
    return lambda rule: edited(rule, old, new)


def same_plant(plant: Plant, *names: str) -> Iterator[tuple[str, Plant]]:
    return ((name, plant) for name in names)


def without_sum(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return dy


def mean_for_sum(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    axes = tuple(range(dy.ndim - len(shape))) + tuple(
        dy.ndim - len(shape) + i for i, n in enumerate(shape) if n == 1 and dy.shape[dy.ndim - len(shape) + i] != 1
    )
    return dy.mean(axes).reshape(shape) if axes else dy


def shortened_standardize() -> Rule:
    """standardize without the term that comes from the variance."""
    return edited(the("normalization.standardize"), " - y * (dy * y).mean(axis, keepdims=True)", "")


def without_mean_gradient(loss: np.ndarray, reduction: str) -> object:
    """A reduction whose pullback forgets the 1/N of the mean."""
    value = {"mean": loss.mean(), "sum": loss.sum(), "none": loss}[reduction]
    return value, lambda dy: dy if reduction == "none" else np.broadcast_to(dy, loss.shape)


def unflipped(subscripts: str, *operands: np.ndarray) -> np.ndarray:
    """np.einsum with the kernel of the input's gradient reversed."""
    if subscripts.startswith("ngo") and ",goc" in subscripts:
        operands = (operands[0], operands[1][..., ::-1])
    return np.einsum(subscripts, *operands)


# mistake -> (rule, how it is planted).
MISTAKES: dict[str, list[tuple[str, Plant]]] = {
    "factor": [
        *same_plant(partial(answering, change=scaled(2.0)), "linalg.matmul", "activations.softmax", "convolution.conv2d"),
        ("arithmetic.square", edit("2 * ", "")),
        ("normalization.layer_norm", partial(answering, change=scaled(1.001))),
    ],
    "sign": list(
        same_plant(partial(answering, change=scaled(-1.0)), "linear.linear", "trigonometric.cos", "losses.mse", "pooling.max_pool2d")
    ),
    "transpose": list(same_plant(partial(answering, change=transposed), "linalg.inv", "linalg.logdet", "identities.quadratic_form")),
    "missing broadcast sum": list(
        same_plant(partial(calling, unbroadcast=without_sum), "arithmetic.add", "arithmetic.multiply", "linear.linear")
    ),
    "mean for a broadcast sum": list(
        same_plant(partial(calling, unbroadcast=mean_for_sum), "arithmetic.add", "arithmetic.multiply", "linear.linear")
    ),
    "swapped arguments": list(
        same_plant(
            partial(answering, change=exchanged), "arithmetic.multiply", "arithmetic.divide", "arithmetic.maximum", "losses.mse"
        )
    ),
    "wrong residual": [
        ("activations.sigmoid", edit("expit(-x)", "expit(-y)")),
        ("arithmetic.sqrt", edit("/ y", "/ x")),
        ("activations.softmax", edit("y * (dy", "x * (dy")),
        ("exponential.exp", edit("dy * y", "dy * x")),
    ],
    "ignored dy": list(
        same_plant(
            partial(asked, change=ones_like), "exponential.exp", "linalg.matmul", "activations.softmax", "normalization.layer_norm"
        )
    ),
    "missing term of a normalisation": [
        *same_plant(lambda rule: calling(rule, standardize=shortened_standardize()), "normalization.batch_norm", "normalization.layer_norm"),
        ("normalization.standardize", edit(" - dy.mean(axis, keepdims=True)", "")),
        ("normalization.rms_norm", edit(" - normal * (g * normal).mean(-1, keepdims=True)", "")),
    ],
    "overwritten instead of accumulated": [
        ("indexing.getitem", edit("np.add.at(dx, index, dy)", "dx[index] = dy")),
        ("indexing.embedding", edit("np.add.at(dtable, indices, dy)", "dtable[indices] = dy")),
        ("indexing.take", edit("np.add.at(", "overwrite(")),
    ],
    "kernel not flipped": [
        (name, lambda rule: calling(rule, convolution=unflipped_convolution()))
        for name in ("convolution.conv1d", "convolution.conv2d")
    ],
    "missing 1/N": [
        *same_plant(
            lambda rule: calling(rule, reduced=without_mean_gradient),
            "losses.mse",
            "losses.softmax_cross_entropy",
            "losses.bce_with_logits",
        ),
    ],
    "gradient dropped": list(same_plant(partial(answering, change=dropped), "linear.linear", "arithmetic.divide", "exponential.logaddexp")),
    "reversed": list(same_plant(partial(answering, change=reversed_axis), "linalg.matmul", "activations.softmax", "linear.linear")),
}
PLANTED = [(mistake, name, plant) for mistake, rows in MISTAKES.items() for name, plant in rows]
RULES = sorted({name for _, name, _ in PLANTED})
ids = [f"{mistake}-{name}".replace(" ", "_") for mistake, name, _ in PLANTED]
