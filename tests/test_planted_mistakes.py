"""Mistakes planted in copies of the reference rules: each must be seen, at every seed, and the untouched copies must pass."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest

from gradcheck import Result, Rule, check
from gradcheck.cases import Case
from gradcheck.checking import check_case
from tests.planting import (
    answering,
    asked,
    calling,
    dropped,
    edited,
    exchanged,
    one_entry_off,
    ones_like,
    reversed_axis,
    scaled,
    transposed,
)

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
    return edited(the("normalization.standardize"), " - along(g)", "")


def without_mean_gradient(loss: np.ndarray, reduction: str) -> object:
    """A reduction whose pullback forgets the 1/N of the mean."""
    value = {"mean": loss.mean(), "sum": loss.sum(), "none": loss}[reduction]
    return value, lambda dy: dy if reduction == "none" else np.broadcast_to(dy, loss.shape)


def unflipped_convolution() -> object:
    """A convolution whose gradient by the input sees the kernel reversed."""
    shared = importlib.import_module("reference.convolution").convolution
    return edited(
        Rule(shared),
        'goc{size}->ngc{places}{size}", g, kernels, ',
        'goc{size}->ngc{places}{size}", g, kernels[..., ::-1], ',
    )


def overwriting(dy: np.ndarray, x: np.ndarray, key: object) -> np.ndarray:
    """dx of an index expression, where a repeated index keeps the last dy only."""
    dx = np.zeros_like(x)
    dx[key] = dy
    return dx


# mistake -> (rule, how it is planted).
MISTAKES: dict[str, list[tuple[str, Plant]]] = {
    "factor": [
        *same_plant(
            partial(answering, change=scaled(2.0)), "linalg.matmul", "activations.softmax", "convolution.conv2d"
        ),
        ("arithmetic.square", edit("2 * ", "")),
        ("normalization.layer_norm", partial(answering, change=scaled(1.001))),
    ],
    "sign": list(
        same_plant(
            partial(answering, change=scaled(-1.0)),
            "linear.linear",
            "trigonometric.cos",
            "losses.mse",
            "pooling.max_pool2d",
        )
    ),
    "transpose": list(
        same_plant(partial(answering, change=transposed), "linalg.inv", "linalg.det", "linalg.matrix_power")
    ),
    "missing broadcast sum": list(
        same_plant(partial(calling, unbroadcast=without_sum), "arithmetic.add", "arithmetic.multiply", "linear.linear")
    ),
    "mean for a broadcast sum": list(
        same_plant(partial(calling, unbroadcast=mean_for_sum), "arithmetic.add", "arithmetic.multiply", "linear.linear")
    ),
    "swapped arguments": list(
        same_plant(
            partial(answering, change=exchanged),
            "arithmetic.multiply",
            "arithmetic.divide",
            "arithmetic.maximum",
            "losses.mse",
        )
    ),
    "wrong residual": [
        ("activations.sigmoid", edit("expit(-x)", "expit(-y)")),
        ("arithmetic.sqrt", edit("(2 * y)", "(2 * x)")),
        ("activations.softmax", edit("return y * (d ", "return x * (d ")),
        ("exponential.exp", edit("dy * y", "dy * x")),
    ],
    "ignored dy": list(
        same_plant(
            partial(asked, change=ones_like),
            "exponential.exp",
            "linalg.matmul",
            "activations.softmax",
            "normalization.layer_norm",
        )
    ),
    "missing term of a normalisation": [
        *same_plant(
            lambda rule: calling(rule, standardize=shortened_standardize()),
            "normalization.batch_norm",
            "normalization.layer_norm",
        ),
        ("normalization.standardize", edit(" - g.mean(axis, keepdims=True)", "")),
        ("normalization.rms_norm", edit("across - along(across)", "g")),
    ],
    "overwritten instead of accumulated": list(
        same_plant(partial(calling, scattered=overwriting), "indexing.getitem", "indexing.embedding", "indexing.take")
    ),
    "kernel not flipped": list(
        same_plant(
            lambda rule: calling(rule, convolution=unflipped_convolution()), "convolution.conv1d", "convolution.conv2d"
        )
    ),
    "missing 1/N": [
        *same_plant(
            lambda rule: calling(rule, reduced=without_mean_gradient),
            "losses.mse",
            "losses.softmax_cross_entropy",
            "losses.bce_with_logits",
        ),
        ("reductions.mean", edit(" / count(x.shape, axis)", "")),
        ("reductions.var", edit("2 * centred / free", "2 * centred")),
    ],
    "gradient dropped": list(
        same_plant(partial(answering, change=dropped), "linear.linear", "arithmetic.divide", "exponential.logaddexp")
    ),
    "reversed": list(
        same_plant(partial(answering, change=reversed_axis), "linalg.matmul", "activations.softmax", "linear.linear")
    ),
}
PLANTED = [(mistake, name, plant) for mistake, rows in MISTAKES.items() for name, plant in rows]
IDS = [f"{mistake}-{name}".replace(" ", "_") for mistake, name, _ in PLANTED]
RULES = sorted({name for _, name, _ in PLANTED})

# A cotangent of the wrong shape has no residual: the contract says what is wrong with it.
SHAPELESS = {"missing broadcast sum"}


def results(rule: Rule, seed: int) -> Iterator[Result]:
    """The results of the cases of a rule."""
    return (check_case(Case(rule, label), seed=seed, oracles="exact") for label in rule.domains)


@pytest.mark.parametrize(("mistake", "name", "plant"), PLANTED, ids=IDS)
def test_a_planted_mistake_fails_at_every_seed(mistake: str, name: str, plant: Plant) -> None:
    copy = plant(the(name))
    for seed in SEEDS:
        failed = next((r for r in results(copy, seed) if r.verdict == "fail"), None)
        assert failed is not None, f"{mistake} in {name} is not seen at seed {seed}"
        against = [e for e in failed.evidence if e.stance == "against"]
        assert any(e.kind == "certified" and e.question == "formula" for e in against) or mistake in SHAPELESS
        assert failed.diagnosis


@pytest.mark.parametrize("name", RULES)
def test_an_untouched_copy_passes_at_every_seed(name: str) -> None:
    copy = calling(the(name))
    for seed in SEEDS:
        for result in results(copy, seed):
            assert result, str(result)


@pytest.mark.parametrize(("mistake", "name", "plant"), PLANTED[::4], ids=IDS[::4])
def test_differences_alone_see_a_planted_mistake(mistake: str, name: str, plant: Plant) -> None:
    copy = plant(the(name))
    results = [check_case(Case(copy, label), oracles="differences") for label in copy.domains]
    assert "fail" in {r.verdict for r in results}


LARGE: dict[str, tuple[tuple[int, ...], ...]] = {
    "arithmetic.multiply": ((100, 100), (100, 100)),
    "exponential.exp": ((100, 100),),
    "linalg.matmul": ((100, 100), (100, 4)),
    "normalization.rms_norm": ((100, 100), (100,)),
}


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("seed", SEEDS)
def test_one_wrong_entry_among_10000_is_found_and_named(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    args = [rng.normal(size=shape) for shape in LARGE[name]]
    result = check(answering(the(name), one_entry_off), *args, oracles="exact", seed=seed)
    assert result.verdict == "fail"
    wrong = [e for e in result.evidence if e.stance == "against"]
    assert [(e.kind, e.entry) for e in wrong] == [("certified", (37, 59))]
    assert result.diagnosis is not None
    assert "single entry" in result.diagnosis
    assert check(the(name), *args, oracles="exact", seed=seed)
