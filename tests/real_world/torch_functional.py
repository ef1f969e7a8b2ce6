"""torch.nn.functional's activations, losses and norms, checked by ``gradcheck run tests/real_world/torch_functional.py``.

torch.linalg.det, whose gradient is known to be wrong at singular matrices, is here too.  torch is compiled code: finite
differences and JAX's functions of the same name, where there are, are the witnesses.
README.md beside has the outcome.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from gradcheck import choice, fixed, interval, invertible, labels, positive, real, simplex
from gradcheck.adapters import from_torch
from tests.real_world.tables import rules

# Arrays are small: threads would only wait for one another.
torch.set_num_threads(1)

SMOOTH = {"x": real("*b", at=(0.0, 40.0, -40.0, 1e3, -1e3, 1e-8))}
REDUCTION = {"reduction": choice("mean", "sum", "none")}
PAIR = {"x": real("n k"), "y": real("n k")}


def kinked(*kinks: float) -> dict[str, Any]:
    """A domain away from kinks."""
    return {"x": real("*b", -9.0, 9.0, kinks=kinks, at=(30.0, -30.0))}


SIGNS = np.array([1.0, -1.0, -1.0, 1.0])

ACTIVATIONS = {
    "relu": (lambda x: F.relu(x), kinked(0.0)),
    "relu6": (lambda x: F.relu6(x), kinked(0.0, 6.0)),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.2), kinked(0.0)),
    "elu": (lambda x, *, alpha: F.elu(x, alpha), {**kinked(0.0), "alpha": choice(1.0, 0.7)}),
    "celu": (
        lambda x, *, alpha: F.celu(x, alpha),
        {
            "": {**kinked(0.0), "alpha": choice(1.0, 0.7)},
            "negative": {"x": real("n", -3.0, -0.3), "alpha": choice(0.7)},
        },
    ),
    "selu": (lambda x: F.selu(x), kinked(0.0)),
    "prelu": (lambda x, w: F.prelu(x, w), {"x": real("n 3", kinks=(0.0,)), "w": real("3", 0.1, 0.9)}),
    "rrelu": (lambda x: F.rrelu(x, 0.1, 0.3, training=False), kinked(0.0)),
    "hardtanh": (lambda x: F.hardtanh(x, -1.0, 2.0), kinked(-1.0, 2.0)),
    "hardshrink": (lambda x: F.hardshrink(x, 0.5), kinked(-0.5, 0.5)),
    "softshrink": (lambda x: F.softshrink(x, 0.5), kinked(-0.5, 0.5)),
    "tanhshrink": (lambda x: F.tanhshrink(x), SMOOTH),
    "threshold": (lambda x: F.threshold(x, 0.5, 2.0), kinked(0.5)),
    "hardsigmoid": (lambda x: F.hardsigmoid(x), kinked(-3.0, 3.0)),
    "hardswish": (lambda x: F.hardswish(x), kinked(-3.0, 3.0)),
    "sigmoid": (lambda x: F.sigmoid(x), SMOOTH),
    "tanh": (lambda x: F.tanh(x), SMOOTH),
    "logsigmoid": (lambda x: F.logsigmoid(x), SMOOTH),
    "softplus": (lambda x, *, beta: F.softplus(x, beta), {**SMOOTH, "beta": choice(1.0, 2.5)}),
    "softsign": (lambda x: F.softsign(x), SMOOTH),
    "silu": (lambda x: F.silu(x), SMOOTH),
    "mish": (lambda x: F.mish(x), SMOOTH),
    "gelu": (
        lambda x, *, approximate: F.gelu(x, approximate=approximate),
        {**SMOOTH, "approximate": choice("none", "tanh")},
    ),
    "glu": (lambda x, *, dim: F.glu(x, dim), {"x": real("4 6"), "dim": choice(0, -1)}),
    "softmax": (lambda x, *, dim: F.softmax(x, dim), {"x": real("n k", at=(1e3,)), "dim": choice(0, -1)}),
    "softmin": (lambda x, *, dim: F.softmin(x, dim), {"x": real("n k", at=(1e3,)), "dim": choice(0, -1)}),
    "log_softmax": (lambda x, *, dim: F.log_softmax(x, dim), {"x": real("n k", at=(1e3,)), "dim": choice(0, -1)}),
}

CLASSES = {"x": real("n c", at=(1e3,)), "target": labels("c")}
LOSSES = {
    "mse_loss": (lambda x, y, *, reduction: F.mse_loss(x, y, reduction=reduction), {**PAIR, **REDUCTION}),
    "l1_loss": (lambda x, y, *, reduction: F.l1_loss(x, y, reduction=reduction), {**PAIR, **REDUCTION}),
    "smooth_l1_loss": (
        lambda x, y, *, beta, reduction: F.smooth_l1_loss(x, y, beta=beta, reduction=reduction),
        {**PAIR, "beta": choice(1.0, 0.3), **REDUCTION},
    ),
    "huber_loss": (
        lambda x, y, *, delta, reduction: F.huber_loss(x, y, delta=delta, reduction=reduction),
        {**PAIR, "delta": choice(1.0, 0.3), **REDUCTION},
    ),
    "binary_cross_entropy": (
        lambda x, y, *, reduction: F.binary_cross_entropy(x, y, reduction=reduction),
        {"": {"x": interval("n", 0.0, 1.0), "y": interval("n", 0.0, 1.0), **REDUCTION}},
    ),
    "binary_cross_entropy_of_input": (
        lambda x, *, y, w: F.binary_cross_entropy(x, y, w),
        {
            "": {
                "x": interval("4", 0.0, 1.0, at=(1e-200,)),
                "y": choice(np.array([0.0, 1.0, 0.3, 0.0])),
                "w": choice(None, np.array([0.2, 3.0, 1.0, 2.0])),
            },
            "near 0": {"x": interval("2", 0.0, 1.0, at=(1e-13,)), "y": choice(np.zeros(2)), "w": choice(None)},
        },
    ),
    "binary_cross_entropy_with_logits": (
        lambda x, y, *, w, reduction: F.binary_cross_entropy_with_logits(x, y, pos_weight=w, reduction=reduction),
        {
            "x": real("n 3", at=(1e3, -1e3)),
            "y": interval("n 3", 0.0, 1.0),
            "w": choice(None, np.array([0.5, 2.0, 3.0])),
            **REDUCTION,
        },
    ),
    "cross_entropy": (
        lambda x, *, target, smoothing, reduction: F.cross_entropy(
            x, target, label_smoothing=smoothing, reduction=reduction
        ),
        {**CLASSES, "smoothing": choice(0.0, 0.1), **REDUCTION},
    ),
    "cross_entropy_of_probabilities": (
        lambda x, y: F.cross_entropy(x, y),
        {"x": real("n c"), "y": real("n c", 0.1, 1.0)},
    ),
    "nll_loss": (lambda x, *, target, reduction: F.nll_loss(x, target, reduction=reduction), {**CLASSES, **REDUCTION}),
    "kl_div": (
        lambda x, y, *, log_target, reduction: F.kl_div(x, y, log_target=log_target, reduction=reduction),
        {
            "x": real("n c"),
            "y": positive("n c", at=(1e-200,)),
            "log_target": choice(False, True),
            "reduction": choice("sum", "batchmean", "none"),
        },
    ),
    "poisson_nll_loss": (
        lambda x, y, *, log_input, full: F.poisson_nll_loss(x, y, log_input, full),
        {"x": positive("n"), "y": real("n", 1.1, 5.0), "log_input": choice(True, False), "full": choice(False, True)},
    ),
    "gaussian_nll_loss": (
        lambda x, y, v, *, full: F.gaussian_nll_loss(x, y, v, full),
        {"x": real("n k"), "y": real("n k"), "v": positive("n k"), "full": choice(False, True)},
    ),
    "soft_margin_loss": (
        lambda x, *, y: F.soft_margin_loss(x, y),
        {"x": real("4", at=(100.0, 1e3, -1e3)), "y": choice(SIGNS)},
    ),
    "hinge_embedding_loss": (
        lambda x, *, y: F.hinge_embedding_loss(x, y, 1.5),
        {"x": real("4", kinks=(1.5,)), "y": choice(SIGNS)},
    ),
    "margin_ranking_loss": (
        lambda a, b, *, y: F.margin_ranking_loss(a, b, y, 0.3),
        {"a": real("4"), "b": real("4"), "y": choice(SIGNS)},
    ),
    "multi_margin_loss": (
        lambda x, *, target, p: F.multi_margin_loss(x, target, p, 0.7),
        {"x": real("n c"), "target": labels("c"), "p": choice(1, 2)},
    ),
    "multilabel_margin_loss": (
        lambda x, *, target: F.multilabel_margin_loss(x, target),
        {"x": real("2 4"), "target": choice(np.array([[3, 0, -1, 1], [1, -1, 2, 0]]))},
    ),
    "multilabel_soft_margin_loss": (
        lambda x, y: F.multilabel_soft_margin_loss(x, y),
        {"x": real("n c", at=(1e3,)), "y": interval("n c", 0.0, 1.0)},
    ),
    "cosine_embedding_loss": (
        lambda a, b, *, y: F.cosine_embedding_loss(a, b, y, 0.1),
        {"a": real("4 3"), "b": real("4 3"), "y": choice(SIGNS)},
    ),
    "triplet_margin_loss": (
        lambda a, b, c, *, p, swap: F.triplet_margin_loss(a, b, c, 1.3, p, swap=swap),
        {"a": real("n k"), "b": real("n k"), "c": real("n k"), "p": choice(2.0, 3.0), "swap": choice(False, True)},
    ),
    "ctc_loss": (
        lambda x, *, targets: F.ctc_loss(F.log_softmax(x, -1), targets, (5, 5), (2, 2)),
        {"x": real("5 2 4"), "targets": choice(np.array([[1, 2], [3, 3]]))},
    ),
    "ctc_loss_of_log_probabilities": (
        lambda x, *, targets: F.ctc_loss(x, targets, (5, 5), (2, 2)),
        {"x": real("5 2 4"), "targets": choice(np.array([[1, 2], [3, 3]]))},
    ),
}

IMAGE = {"x": real("n 4 3 2")}
NORMS = {
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (4,), w, b), {"x": real("n 4", at=(1e4,)), "w": real("4"), "b": real("4")}),
    "rms_norm": (lambda x, w, *, eps: F.rms_norm(x, (4,), w, eps), {"x": real("n 4"), "w": real("4"), "eps": choice(None, 1e-3)}),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b), {**IMAGE, "w": real("4"), "b": real("4")}),
    "instance_norm": (lambda x, w, b: F.instance_norm(x, weight=w, bias=b), {**IMAGE, "w": real("4"), "b": real("4")}),
    "batch_norm": (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), {"x": real("3 4 2"), "w": real("4"), "b": real("4")}),
    "batch_norm_inference": (
        lambda x, w, b, *, mean, var: F.batch_norm(x, mean, var, w, b), {
            "x": real("n 4"), "w": real("4"), "b": real("4"),
            "mean": choice(np.array([0.5, -1.0, 2.0, 0.1])), "var": choice(np.array([0.3, 1.5, 2.0, 0.7]))}),
    "local_response_norm": (lambda x, *, size: F.local_response_norm(x, size, 0.5, 0.75, 1.3), {**IMAGE, "size": choice(2, 3)}),
    "normalize": (lambda x, *, p, dim: F.normalize(x, p, dim), {"x": real("n k"), "p": choice(2.0, 3.0, 1.5), "dim": choice(0, 1)}),
    "normalize_zero": (lambda x: F.normalize(x), {"x": real("n k", at=(1e-200, 1e200))}),
    "cosine_similarity": (lambda a, b: F.cosine_similarity(a, b), {"a": real("n k"), "b": real("n k")}),
    "pairwise_distance": (lambda a, b, *, p: F.pairwise_distance(a, b, p), {"a": real("n k"), "b": real("n k"), "p": choice(2.0, 1.0, 3.0)}),
    "scaled_dot_product_attention": (lambda q, k, v, *, causal: F.scaled_dot_product_attention(q, k, v, is_causal=causal), {
        "q": real("2 3 4"), "k": real("2 3 4"), "v": real("2 3 5"), "causal": choice(False, True)}),
    "softmax_of_simplex": (lambda x: F.kl_div(x.log(), x * 0 + 0.25, reduction="sum"), {"x": simplex("3 4")}),
}  # fmt: skip

DETERMINANTS = {"": {"x": invertible("n")}, "rank n - 1": {"x": fixed(np.diag([1.0, 0.0]))}}
BEYOND = {"det": (lambda x: torch.linalg.det(x), DETERMINANTS)}

RULES = rules(from_torch, __name__, {**ACTIVATIONS, **LOSSES, **NORMS, **BEYOND})
# A module's namespace is the registry.
globals().update(RULES)
