"""The rules of layers, activations and losses: certified, faithful to dtype and shape, and right where it is delicate."""

import importlib
import warnings

import numpy as np
import pytest
from scipy.signal import correlate2d

from gradcheck.cases import Case, collect
from reference.activations import log_sigmoid, log_softmax, relu, sigmoid, softmax, softplus, squareplus
from reference.attention import scaled_dot_product_attention
from reference.convolution import conv1d, conv2d
from reference.linear import linear
from reference.losses import hinge, huber, kl_divergence, mae, mse, softmax_cross_entropy
from reference.normalization import dropout, layer_norm, standardize
from reference.pooling import avg_pool2d, max_pool2d
from reference.rectifiers import hard_sigmoid, hard_silu, hard_tanh, leaky_relu, maxout, relu6, selu
from tests.case_checks import (
    assert_certified_at_every_point,
    assert_float32_stays_and_arguments_are_left_alone,
    tuple_of,
)

MODULES = (
    *("activations", "rectifiers", "shrinking", "gated", "probabilities", "losses", "regression_losses"),
    *("classification_losses", "margin_losses", "embedding_losses", "overlap_losses", "alignments"),
    *("normalization", "group_normalization", "regularization", "linear", "convolution", "transposed_convolution"),
    *("patches", "pooling", "resampling", "grid_sampling", "attention", "heads", "positions", "similarity"),
    *("recurrent", "scans"),
)
CASES = [c for m in MODULES for c in collect(importlib.import_module(f"reference.{m}")) if isinstance(c, Case)]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removeprefix("reference."))


@every_case
def test_every_pullback_is_certified_at_every_point(case):
    assert_certified_at_every_point(case)


@every_case
def test_every_case_has_both_twins_and_names_its_shapes(case):
    assert case.rule.jax is not None
    assert case.rule.sympy is not None
    assert "->" in case.rule.__doc__.splitlines()[0]


@every_case
def test_the_sympy_twin_computes_the_same_function(case):
    import sympy

    point = case.point("small", 0)
    y, _ = case.rule(*point.args, **point.params)
    numbers = (np.frompyfunc(lambda v: sympy.Float(v, 30), 1, 1)(a) for a in point.args)
    theirs = case.rule.sympy(sympy, *numbers, **point.params)
    for mine, other in zip(tuple_of(y), tuple_of(theirs), strict=True):
        numeric = np.asarray(np.frompyfunc(float, 1, 1)(other), dtype=float)
        np.testing.assert_allclose(numeric, mine, rtol=1e-12, atol=1e-14)


@every_case
def test_the_jax_twin_computes_the_same_function(case):
    jax = pytest.importorskip("jax")
    point = case.point("small", 0)
    y, _ = case.rule(*point.args, **point.params)
    with jax.enable_x64(True):
        theirs = case.rule.jax(jax, *map(jax.numpy.asarray, point.args), **point.params)
    for mine, other in zip(tuple_of(y), tuple_of(theirs), strict=True):
        np.testing.assert_allclose(other, mine, rtol=1e-9, atol=1e-12)


@every_case
def test_float32_stays_float32_and_arguments_are_left_alone(case):
    assert_float32_stays_and_arguments_are_left_alone(case, turn=1)


@every_case
def test_special_points_raise_no_floating_point_warning(case):
    points = [p for p in case.points() if p.role == "special"]
    with warnings.catch_warnings(), np.errstate(over="raise", invalid="raise", divide="raise"):
        warnings.simplefilter("error")
        for point in points:
            y, pullback = case.rule(*point.args, **point.params)
            dy = tuple(map(np.ones_like, y)) if isinstance(y, tuple) else np.ones_like(y)
            assert all(np.isfinite(g).all() for g in tuple_of(pullback(dy)))


@pytest.mark.parametrize(
    ("rule", "x", "params", "y", "dx"),
    [
        (relu, [-1.0, 0.0, 2.0], {}, [0.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
        (relu6, [0.0, 3.0, 6.0], {}, [0.0, 3.0, 6.0], [0.0, 1.0, 0.0]),
        (leaky_relu, [-1.0, 0.0, 2.0], dict(slope=0.25), [-0.25, 0.0, 2.0], [0.25, 1.0, 1.0]),
        (hard_tanh, [-1.0, 0.5, 1.0], {}, [-1.0, 0.5, 1.0], [1.0, 1.0, 1.0]),
        (hard_sigmoid, [-3.0, 0.0, 3.0], {}, [0.0, 0.5, 1.0], [0.0, 1 / 6, 0.0]),
        (hard_silu, [-3.0, 0.0, 3.0], {}, [0.0, 0.0, 3.0], [0.0, 0.5, 1.0]),
        (maxout, [2.0, 2.0, 1.0, 5.0], dict(pieces=2), [2.0, 5.0], [0.5, 0.5, 0.0, 1.0]),
        (hinge, [1.0, 0.0, 2.0], dict(target=np.ones(3), reduction="none"), [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_kinks_and_ties_follow_the_stated_convention(rule, x, params, y, dx):
    ours, pullback = rule(np.array(x), **params)
    np.testing.assert_allclose(ours, y)
    np.testing.assert_allclose(tuple_of(pullback(np.ones_like(ours)))[0], dx)


def test_the_first_of_equal_values_gets_the_cotangent_of_a_max_pool():
    _, pullback = max_pool2d(np.ones((1, 1, 2, 2)), size=2, stride=2)
    np.testing.assert_array_equal(pullback(np.full((1, 1, 1, 1), 3.0))[0, 0], [[3.0, 0.0], [0.0, 0.0]])


def test_mae_of_equal_numbers_has_no_slope():
    _, pullback = mae(np.ones(2), np.array([1.0, 0.0]), reduction="sum")
    np.testing.assert_array_equal(pullback(np.array(1.0))[0], [0.0, 1.0])


# e^-40, to the digits of a float: what 1 - p is worth for a logit 40 above the other.
TINY = 4.248354255291589e-18


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: sigmoid(np.array(40.0))[1](1.0), TINY),
        (lambda: log_sigmoid(np.array(-800.0))[0], -800.0),
        (lambda: softplus(np.array(-40.0))[0], TINY),
        (lambda: squareplus(np.array(-1e8), b=4.0)[0], 1e-8),
        (lambda: softmax(np.array([40.0, 0.0]))[1](np.array([3.0, 1.0]))[0], 2 * TINY),
        (lambda: log_softmax(np.array([40.0, 0.0]))[0][0], -TINY),
        (lambda: softmax_cross_entropy(np.array([[40.0, 0.0]]), labels=np.array([0]))[0], TINY),
        (lambda: softmax_cross_entropy(np.array([[40.0, 0.0]]), labels=np.array([0]))[1](1.0)[0, 0], -TINY),
        (lambda: softmax_cross_entropy(np.array([[0.0, 1e4]]), labels=np.array([0]))[0], 1e4),
    ],
    ids=[
        "sigmoid's slope",
        "log_sigmoid",
        "softplus",
        "squareplus",
        "softmax's cotangent",
        "log_softmax",
        "loss",
        "its cotangent",
        "far off",
    ],
)
def test_saturation_keeps_all_digits(ours, theirs):
    np.testing.assert_allclose(ours(), theirs, rtol=1e-14)


def test_selu_keeps_mean_zero_and_variance_one():
    z = np.linspace(-12, 12, 400_001)
    weight = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    y, _ = selu(z)
    np.testing.assert_allclose([weight @ y, weight @ (y * y)], [0.0, 1.0], atol=1e-6)


def test_standardizing_two_numbers_loses_the_digits_that_its_docstring_says():
    # The exact gradient is eps / (var + eps) of the terms that cancel in it, here 1e-5: it keeps eleven digits, not sixteen.
    _, pullback = standardize(np.array([1.0, -1.0]), eps=1e-5)
    dx = pullback(np.array([0.3, -0.4]))
    np.testing.assert_allclose(dx, np.array([0.35, -0.35]) * 1e-5 / (1 + 1e-5) ** 1.5, rtol=1e-9)


def test_conv2d_is_the_cross_correlation_of_scipy():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(1, 2, 6, 5)), rng.normal(size=(1, 2, 3, 2)), np.array([0.7])
    theirs = sum(correlate2d(x[0, c], w[0, c], "valid") for c in range(2)) + 0.7
    np.testing.assert_allclose(conv2d(x, w, b)[0][0, 0], theirs)
    np.testing.assert_allclose(conv2d(x, w, b, stride=(2, 3))[0][0, 0], theirs[::2, ::3])


def test_causal_attention_does_not_see_later_keys():
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, 4, 2))
    y, pullback = scaled_dot_product_attention(q, k, v, causal=True)
    dy = np.zeros_like(y)
    dy[1] = 1.0
    _, dk, dv = pullback(dy)
    assert not dk[2:].any()
    assert not dv[2:].any()
    assert dk[:2].any()


def test_a_masked_key_counts_for_nothing():
    rng = np.random.default_rng(1)
    q, k, v = rng.normal(size=(3, 3, 2))
    seen = np.array([True, True, False])
    y, pullback = scaled_dot_product_attention(q, k, v, mask=np.broadcast_to(seen, (3, 3)))
    np.testing.assert_allclose(y, scaled_dot_product_attention(q, k[:2], v[:2])[0])
    assert not pullback(np.ones_like(y))[1][2].any()


@pytest.mark.parametrize(
    ("rule", "args", "params"),
    [
        (relu, [(0, 3)], {}),
        (softmax, [(0, 3)], {}),
        (log_softmax, [(0, 3)], {}),
        (maxout, [(0, 4)], dict(pieces=2)),
        (linear, [(0, 3), (2, 3), (2,)], {}),
        (layer_norm, [(0, 3), (3,), (3,)], {}),
        (conv2d, [(0, 2, 4, 4), (3, 2, 2, 2), (3,)], {}),
        (conv1d, [(0, 2, 4), (3, 2, 2), (3,)], {}),
        (max_pool2d, [(0, 2, 4, 4)], dict(size=2, stride=2)),
        (avg_pool2d, [(0, 2, 4, 4)], dict(size=2, stride=2)),
        (scaled_dot_product_attention, [(0, 2, 3), (0, 4, 3), (0, 4, 5)], {}),
        (softmax_cross_entropy, [(0, 3)], dict(labels=np.zeros(0, int), reduction="sum")),
        (dropout, [(0, 2)], dict(mask=np.ones((0, 2), bool), rate=0.5)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_empty_batch_goes_through(rule, args, params):
    args = [np.ones(shape) for shape in args]
    y, pullback = rule(*args, **params)
    cotangents = tuple_of(pullback(np.ones_like(y)))
    assert [g.shape for g in cotangents] == [a.shape for a in args]
    assert not any(g.any() for g in cotangents)


def test_reductions_are_the_mean_and_the_sum_of_the_loss_itself():
    x, target = np.array([1.0, 5.0]), np.array([0.0, 2.0])
    for rule in (mse, mae, huber, kl_divergence):
        p = (x, target + 1)
        each, total, mean = (rule(*p, reduction=r)[0] for r in ("none", "sum", "mean"))
        np.testing.assert_allclose([total, mean], [each.sum(), each.mean()])


IMAGE, KERNEL, BIAS = np.ones((1, 4, 5, 5)), np.ones((6, 4, 2, 2)), np.ones(6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: softmax_cross_entropy(np.ones((2, 3)), labels=np.array([0, 3])),
            "labels are 0 to 3: use integers from 0 to 2",
        ),
        (lambda: softmax_cross_entropy(np.ones((1, 3)), labels=np.array([-1])), "labels are -1 to -1"),
        (lambda: mse(np.ones(2), np.ones(2), reduction="avg"), "reduction is 'avg': use 'mean', 'sum' or 'none'"),
        (lambda: mse(np.ones((3, 1)), np.ones(3)), r"target has shape \(3,\), x has \(3, 1\)"),
        (lambda: conv2d(IMAGE, KERNEL, BIAS, stride=(1, 2, 3)), r"\(1, 2, 3\) was given for 2 axes"),
        (lambda: conv2d(IMAGE, KERNEL, BIAS, dilation=5), r"a window reaches over \(6, 6\) places"),
        (lambda: conv2d(IMAGE, KERNEL, BIAS, groups=2), "x has 4 channels, w takes 4 to 6 in groups=2"),
        (lambda: conv2d(IMAGE, KERNEL[:, :1], BIAS, groups=4), "w takes 1 to 6 in groups=4"),
        (lambda: max_pool2d(IMAGE, size=6, stride=1), r"a window reaches over \(6, 6\) places"),
    ],
    ids=[
        "label too high",
        "negative label",
        "reduction",
        "loss shapes",
        "stride",
        "window",
        "channels",
        "groups",
        "pool",
    ],
)
def test_a_wrong_call_is_told_what_and_what_to_do(call, message):
    with pytest.raises(ValueError, match=message):
        call()
