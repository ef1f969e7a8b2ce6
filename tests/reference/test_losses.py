"""Losses beyond what every rule is asked: conventions, targets of other types, bad arguments, and what is kept."""

import importlib
import itertools
import math

import numpy as np
import pytest

from gradcheck.cases import Case, collect
from gradcheck.kept import kept
from reference.alignments import ctc
from reference.classification_losses import binary_cross_entropy, cross_entropy, focal, js_divergence, nll
from reference.embedding_losses import contrastive, cosine_embedding, info_nce, triplet_margin
from reference.losses import bce_with_logits, hinge, huber, softmax_cross_entropy
from reference.margin_losses import margin_ranking, multi_margin, soft_margin, squared_hinge
from reference.overlap_losses import dice, tversky
from reference.regression_losses import gaussian_nll, log_cosh, poisson_nll, quantile_loss, smooth_l1
from tests.case_checks import tuple_of

MODULES = ("losses", "regression", "classification", "margin", "embedding", "overlap", "alignments")
MODULES = [m if m in ("losses", "alignments") else f"{m}_losses" for m in MODULES]
CASES = [c for m in MODULES for c in collect(importlib.import_module(f"reference.{m}")) if isinstance(c, Case)]
ROWS = np.array([[0.5, -1.0, 2.0], [1.0, 0.25, -0.75]])
P = np.array([[0.25, 0.5, 0.25], [0.5, 0.125, 0.375]])
ONE = np.float64(1)
by_name = {"ids": lambda value: getattr(value, "__name__", "")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removeprefix("reference."))
def test_a_loss_keeps_more_than_its_inputs_and_output(case):
    for turn in range(3):
        point = case.point("random", turn)
        y, pullback = case.rule(*point.args, **point.params)
        found = kept(pullback, [*point.args, *point.params.values()], tuple_of(y))
        assert found.residuals <= found.inputs + found.outputs, point.params


@pytest.mark.parametrize(
    ("rule", "args", "params", "y", "cotangents"),
    [
        (smooth_l1, [[1.0, 3.0], [1.0, 1.0]], dict(beta=0.0), [0.0, 2.0], [[0.0, 1.0], [0.0, -1.0]]),
        (quantile_loss, [[1.0, 3.0], [1.0, 1.0]], dict(q=0.75), [0.0, 0.5], [[-0.25, 0.25], [0.25, -0.25]]),
        (gaussian_nll, [[1.0], [1.0], [0.5]], dict(eps=0.5), [math.log(0.5) / 2], [[0.0], [0.0], [0.0]]),
        (squared_hinge, [[1.0, -1.0]], dict(target=np.ones(2)), [0.0, 4.0], [[0.0, -4.0]]),
        (multi_margin, [[[1.0, 0.0]]], dict(labels=np.array([0])), [0.0], [[[0.0, 0.0]]]),
        (margin_ranking, [[1.0, 0.0], [1.0, 1.0]], dict(target=np.ones(2)), [0.0, 1.0], [[0.0, -1.0], [0.0, 1.0]]),
        (contrastive, [[[1.0, 2.0]], [[1.0, 2.0]]], dict(target=np.array([False])), [0.5], [[[0, 0]], [[0, 0]]]),
        (binary_cross_entropy, [[0.0, 1.0]], dict(target=np.array([0.0, 1.0])), [0.0, 0.0], [[1.0, -1.0]]),
        (js_divergence, [[[0.0, 0.0, 1.0]], [[0.0, 0.0, 1.0]]], {}, [0.0], [[[0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]]),
        (nll, [[[-np.inf, -0.5]]], dict(target=np.array([1])), [0.5], [[[0.0, -1.0]]]),
        (cross_entropy, [[[-np.inf, 2.0]]], dict(target=np.array([1])), [0.0], [[[0.0, 0.0]]]),
        (cosine_embedding, [[[2.0, 0.0]], [[0.0, 3.0]]], dict(target=-np.ones(1)), [0.0], [[[0, 0]], [[0, 0]]]),
    ],
    **by_name,
)
def test_kinks_zeros_and_infinite_logits_follow_the_stated_convention(rule, args, params, y, cotangents):
    found, pullback = rule(*map(np.array, args), reduction="none", **params)
    np.testing.assert_allclose(found, y)
    for mine, stated in zip(tuple_of(pullback(np.ones_like(found))), cotangents, strict=True):
        np.testing.assert_allclose(mine, stated)


def test_equal_distances_share_the_cotangent_of_a_swapped_triplet():
    anchor, positive, negative = np.array([[0.0]]), np.array([[2.0]]), np.array([[1.0]])
    _, pullback = triplet_margin(anchor, positive, negative, swap=True, eps=0.0)
    # Of -d(anchor, negative) and -d(positive, negative) half of each; d(anchor, positive) whole.
    np.testing.assert_allclose(np.concatenate(pullback(ONE))[:, 0], [-1 + 0.5, 1 - 0.5, 0.0])


@pytest.mark.parametrize(
    ("rule", "x", "params"),
    [
        (hinge, ROWS, dict(target=np.array([[1, -1, 1], [-1, 1, 1]]))),
        (squared_hinge, ROWS, dict(target=np.array([[1, -1, 1], [-1, 1, 1]]))),
        (soft_margin, ROWS, dict(target=np.array([[1, -1, 1], [-1, 1, 1]]))),
        (poisson_nll, ROWS, dict(target=np.array([[0, 2, 3], [1, 0, 5]]), full=True)),
        (focal, ROWS, dict(target=ROWS > 0)),
        (binary_cross_entropy, P, dict(target=ROWS > 0)),
        (dice, P, dict(target=ROWS > 0)),
        (tversky, P, dict(target=(ROWS > 0).astype(int))),
    ],
    **by_name,
)
def test_integer_and_boolean_targets_are_those_of_floats_and_keep_float32(rule, x, params):
    floats = {**params, "target": params["target"].astype(float)}
    for dtype, tolerance in ((np.float64, 0), (np.float32, 1e-5)):
        (y, pull), (expected, pull_expected) = rule(x.astype(dtype), **params), rule(x, **floats)
        dx = pull(np.asarray(1, dtype))
        assert y.dtype == dx.dtype == dtype
        np.testing.assert_allclose(y, expected, rtol=tolerance)
        np.testing.assert_allclose(dx, pull_expected(ONE), rtol=tolerance)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: log_cosh(np.array(1e-8), np.array(0.0))[0], 5e-17),
        (lambda: log_cosh(np.array(800.0), np.array(0.0))[0], 800 - math.log(2)),
        (lambda: cross_entropy(np.array([[40.0, 0.0]]), target=np.array([0]))[1](ONE)[0, 0], -4.248354255291589e-18),
        (lambda: cross_entropy(np.array([[40.0, 0.0]]), target=np.array([[1.0, 0.0]]))[0], 4.248354255291589e-18),
        (lambda: cosine_embedding(np.array([[1.0, 1e-9]]), np.array([[1.0, 0.0]]), target=np.ones(1))[0], 5e-19),
        (lambda: dice(np.array([[1 - 2.0**-50]]), target=np.ones((1, 1)), smooth=0.0)[0], 2.0**-51),
        (lambda: js_divergence(np.array([[0.5 + 1e-9]]), np.array([[0.5]]))[1](ONE)[0], [[5e-10]]),
        (lambda: ctc(np.array([[[0.0, 40.0]]]), labels=np.array([[1]]))[1](ONE)[0, 0, 1], -4.248354255291589e-18),
        (lambda: ctc(np.array([[[0.0, 40.0]]]), labels=np.array([[1]]))[0], 4.248354255291589e-18),
    ],
    ids=["log_cosh", "far", "logits", "its value", "cosine", "dice", "js_divergence", "ctc", "value of ctc"],
)
def test_digits_are_lost_where_a_loss_is_nearly_none(ours, theirs):
    np.testing.assert_allclose(ours(), theirs, rtol=2e-7)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda r: cross_entropy(ROWS, target=np.array([2, 0]), reduction=r),
         lambda r: softmax_cross_entropy(ROWS, labels=np.array([2, 0]), reduction=r)),
        (lambda r: cross_entropy(ROWS, target=np.eye(3)[[2, 0]], reduction=r),
         lambda r: softmax_cross_entropy(ROWS, labels=np.array([2, 0]), reduction=r)),
        (lambda r: focal(ROWS, target=ROWS > 0, gamma=0.0, alpha=None, reduction=r),
         lambda r: bce_with_logits(ROWS, target=1.0 * (ROWS > 0), reduction=r)),
        (lambda r: tversky(P, target=ROWS > 0, smooth=0.5, reduction=r),
         lambda r: dice(P, target=ROWS > 0, smooth=1.0, reduction=r)),
        (lambda r: smooth_l1(ROWS, P, beta=1.0, reduction=r), lambda r: huber(ROWS, P, delta=1.0, reduction=r)),
        (lambda r: soft_margin(ROWS, target=np.ones((2, 3)), reduction=r),
         lambda r: bce_with_logits(ROWS, target=np.ones((2, 3)), reduction=r)),
    ],
    ids=["labels", "one-hot", "focal without focus", "even tversky", "smooth_l1 of 1", "soft_margin"],
)  # fmt: skip
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_special_case_is_not_the_loss_that_it_should_be(ours, theirs, reduction):
    (y, pull), (expected, pull_expected) = ours(reduction), theirs(reduction)
    np.testing.assert_allclose(y, expected, rtol=1e-13)
    pairs = zip(tuple_of(pull(np.ones_like(y))), tuple_of(pull_expected(np.ones_like(y))), strict=True)
    for mine, other in pairs:
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-15)


def test_every_alignment_that_collapses_to_the_labels_is_counted():
    rng = np.random.default_rng(5)
    for blank, wanted in ((0, [1, 1]), (2, [0, 1]), (1, [2, 0, 2]), (0, [])):
        x = rng.normal(size=(1, 5, 3))
        p = np.exp(x[0]) / np.exp(x[0]).sum(-1, keepdims=True)
        total = sum(
            math.prod(p[t, k] for t, k in enumerate(path))
            for path in itertools.product(range(3), repeat=5)
            if [k for k, _ in itertools.groupby(path) if k != blank] == wanted
        )
        y, _ = ctc(x, labels=np.array([wanted], int).reshape(1, -1), blank=blank, reduction="none")
        np.testing.assert_allclose(y, -np.log(total), rtol=1e-13)


def test_a_thousand_frames_of_huge_logits_are_aligned_without_overflow():
    x = np.random.default_rng(0).normal(size=(1, 1000, 4)) * 300
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, pullback = ctc(x, labels=np.arange(60)[None] % 3 + 1)
        dx = pullback(ONE)
    assert np.isfinite(y)
    np.testing.assert_allclose(dx.sum(-1), 0, atol=1e-14)


def test_labels_that_do_not_fit_count_nothing_with_zero_infinity():
    x = np.random.default_rng(1).normal(size=(2, 3, 3))
    labels = np.array([[1, 1, 1], [1, 2, 1]])
    y, pullback = ctc(x, labels=labels, zero_infinity=True, reduction="none")
    assert y[0] == 0 < y[1]
    assert not pullback(np.ones(2))[0].any()


ZEROS = np.zeros((2, 3, 4))
ONES = np.ones((2, 3), int)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cross_entropy(ROWS, target=np.array([0, 3])), "labels are 0 to 3: use integers from 0 to 2"),
        (lambda: cross_entropy(ROWS, target=np.array([0, -1])), "labels are -1 to 0"),
        (lambda: cross_entropy(ROWS, target=np.array([0, 1, 2])), "target has shape (3,) and type int64"),
        (lambda: cross_entropy(ROWS, target=np.array([0.0, 1.0])), "type float64: give integers (2,) or floats (2, 3)"),
        (lambda: nll(ROWS, target=np.array([[0, 1]])), "target has shape (1, 2)"),
        (lambda: cross_entropy(ROWS, target=np.array([0, 1]), reduction="avg"), "reduction is 'avg'"),
        (lambda: binary_cross_entropy(ROWS, target=ROWS), "p has entries outside [0, 1]"),
        (lambda: binary_cross_entropy(P, target=P[0]), "target has shape (3,), x has (2, 3)"),
        (lambda: focal(ROWS, target=P), "target has entries other than 0 and 1"),
        (lambda: smooth_l1(ROWS, P, beta=-1.0), "beta is -1.0"),
        (lambda: log_cosh(P, ROWS[0]), "target has shape (3,), x has (2, 3): reshape"),
        (lambda: quantile_loss(ROWS, P, q=1.5), "q is 1.5"),
        (lambda: gaussian_nll(ROWS, P, -P), "var has entries below 0"),
        (lambda: multi_margin(ROWS, labels=np.array([0, 1]), p=3), "p is 3: use 1 or 2"),
        (lambda: multi_margin(ROWS, labels=np.array([0, 5])), "labels are 0 to 5"),
        (lambda: margin_ranking(ROWS, P, target=np.ones(2)), "target has shape (2,)"),
        (lambda: triplet_margin(ROWS, P, P[:1]), "reshape one of them"),
        (lambda: info_nce(ROWS, P[:1]), "x has (2, 3): reshape one of them"),
        (lambda: dice(P, target=ONES[:1]), "target has shape (1, 3)"),
        (lambda: ctc(ZEROS, labels=ONES, blank=4), "blank is 4"),
        (lambda: ctc(ZEROS, labels=ONES[:1]), "labels are (1, 3)"),
        (lambda: ctc(ZEROS, labels=0 * ONES), "labels of example 0 are [0 0 0]: use classes below 4, not the blank 0"),
        (lambda: ctc(ZEROS, labels=4 * ONES), "labels of example 0 are [4 4 4]"),
        (lambda: ctc(ZEROS, labels=ONES), "labels of example 0 do not fit into 3 frames"),
        (lambda: ctc(ZEROS, labels=ONES, input_lengths=np.array([4, 1])), "input_lengths is [4 1]: give 2 numbers from 1"),
        (lambda: ctc(ZEROS, labels=ONES, label_lengths=np.array([4, 1])), "label_lengths is [4 1]: give 2 numbers from 0"),
    ],
)  # fmt: skip
def test_a_bad_argument_passes_or_is_not_named(call, message):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the message is looked at below
        call()
    assert message in str(raised.value)


def test_a_batch_of_which_nothing_counts_has_no_mean():
    with np.errstate(invalid="ignore"):
        y, _ = cross_entropy(ROWS, target=np.array([-100, -100]))
    assert np.isnan(y)
