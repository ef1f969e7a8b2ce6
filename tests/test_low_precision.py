"""Low precision: kernels are ranked as their true errors rank, and every float type may be given."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from gradcheck import check
from gradcheck.contract import evaluate
from gradcheck.contract.linear import linearity
from gradcheck.results import Point
from gradcheck.rules import Rule
from tests.benchmarks.precision import DTYPES, measured
from tests.low_precision import WAYS, features, layer_norm_naive, softmax_naive

# True errors that are closer than this rank by chance.
APART = 1.25


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", WAYS)
def test_three_ways_to_write_a_kernel_are_ranked_otherwise_than_their_true_errors(function: str, dtype: str) -> None:
    rows = [measured(function, dtype, way, draws=2) for way in WAYS[function][2]]
    for row in rows:
        assert row.found == row.true == np.inf or 0.5 < row.found / row.true < 2, row
    for a, b in combinations(rows, 2):
        low, high = sorted((a, b), key=lambda row: row.true)
        assert high.true < APART * low.true or low.found < high.found, (low, high)
    naive, _, accumulating = rows
    assert set(accumulating.verdicts) == {"pass"}
    if function == "layer_norm":
        assert set(naive.verdicts) == {"fail"}


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_kernel_that_loses_digits_is_not_told_from_a_wrong_one(dtype: str) -> None:
    reference, _, ways = WAYS["layer_norm"]
    args = [a.astype(DTYPES[dtype]) for a in features(np.random.default_rng(0))]
    lossy = check(layer_norm_naive, *args, like=reference, oracles="exact")
    assert lossy.diagnosis.startswith("The formula is right, its evaluation is needlessly inaccurate: ")

    def wrong(x: Any, g: Any, b: Any) -> Any:
        y, pullback = ways["float32"](x, g, b)
        return y, lambda dy: (pullback(dy)[0], pullback(dy)[1], np.zeros_like(b))

    assert check(wrong, *args, like=reference, oracles="exact").diagnosis.startswith("Your db is zero")


def halved(x: Any) -> Any:
    return x * x, lambda dy: x * dy


def square(x: Any) -> Any:
    return x * x, lambda dy: x * dy + x * dy


@pytest.mark.parametrize("oracles", ["auto", "exact", "differences"])
@pytest.mark.parametrize("dtype", [*DTYPES.values(), np.complex64], ids=[*DTYPES, "complex64"])
def test_a_float_type_is_refused_or_breaks_an_oracle(dtype: Any, oracles: str) -> None:
    x = np.array([0.5, -1.25, 3.0]).astype(dtype)
    assert check(square, x, oracles=oracles).verdict in ("pass", "inconclusive" if oracles == "differences" else "pass")
    if oracles != "differences":
        assert check(halved, x, oracles=oracles).diagnosis.startswith("Your dx is half the right value")


def rough(x: Any) -> Any:
    """Through bytes, and in the type it is given: nothing else than differences can look at it."""
    return softmax_naive(np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dtype", DTYPES)
def test_differences_refute_a_right_black_box_for_its_rounding(dtype: str, seed: int) -> None:
    x = np.random.default_rng(seed).normal(0, 1.5, (3, 6)).astype(DTYPES[dtype])
    result = check(rough, x, oracles="differences", seed=seed)
    assert not [e for e in result.evidence if e.stance == "against"], str(result)
    bars = [e.resolution for e in result.evidence if e.oracle == "differences"]
    assert dtype == "float32" or max(bars) > 1e-3


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_twin_does_not_decide_about_a_black_box_in_half_precision(dtype: str) -> None:
    pytest.importorskip("jax")
    x = np.random.default_rng(0).normal(0, 1, (3, 6)).astype(DTYPES[dtype])
    twin = lambda jax, x: jax.nn.softmax(x, -1)  # noqa: E731
    assert check(rough, x, jax=twin)

    def wrong(x: Any) -> Any:
        y, pullback = rough(x)
        return y, lambda dy: np.asarray(pullback(dy) * 1.25, x.dtype)

    assert check(wrong, x, jax=twin).verdict == "fail"


def test_the_quantisation_of_arguments_is_counted() -> None:
    """A sum of bfloat16 arguments is exact in what was given, however coarsely that was rounded."""
    x = np.array([0.1, 0.2, -0.3]).astype(DTYPES["bfloat16"])
    result = check(lambda x: (x * 1, lambda dy: dy * 1), x, oracles="exact")
    assert result.accuracy["forward"].worst == result.accuracy["gradient"].worst == 0.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_scale_of_a_cotangent_overflows(dtype: str) -> None:
    x = np.full(3, 200.0).astype(DTYPES[dtype])
    problem = evaluate(Rule(square), Point("given", "given", (x,)), seed=0)
    assert np.isfinite(problem.scale(0, problem.claimed[0])).all()


def test_rounding_of_subnormal_answers_in_half_precision_is_called_not_linear() -> None:
    small = np.float16(1e-7)

    def tiny(x: Any) -> Any:
        return small * x, lambda dy: small * dy * np.float16(0.75) + small * dy * np.float16(0.25)

    for seed in range(80):
        x = (2000 * np.random.default_rng(seed).normal(0, 1, 6)).astype(np.float16)
        problem = evaluate(Rule(tiny), Point("given", "given", (x,)), seed=seed)
        assert not list(linearity(problem)), seed
