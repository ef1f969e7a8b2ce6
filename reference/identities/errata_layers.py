"""Mistaken derivatives of normalisation, attention and convolution: each is refuted, beside the right rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.results import Array
from reference.declaring import misstated
from reference.identities.layers import attended, attention_by_its_output, batch_norm, layer_norm, standardised
from reference.identities.layers_of_windows import correlation_by_convolution

BATCH = "batch-norm-constant-statistics: common"
LAYER = "layer-norm-missing-terms: common"


@misstated(batch_norm, "X", source=BATCH, refuted="mean and variance are functions of X")
def batch_norm_with_constant_statistics(dy: Array, X: Array, gamma: Array, beta: Array, *, eps: float) -> Any:
    """Batch norm with dX = (γ / s) ∘ dy: its mean and variance held constant.  (n, d), (d), (d) -> (n, d)"""
    return gamma * dy / standardised(np, X, eps, 0)[1]


@misstated(batch_norm, "X", source=BATCH, refuted="s has the variance with 1/n, of which the forward pass is made")
def batch_norm_with_corrected_variance(dy: Array, X: Array, gamma: Array, beta: Array, *, eps: float) -> Any:
    """Batch norm with the right formula, but 1/(n - 1) in s.  (n, d), (d), (d) -> (n, d)"""
    n, centred = len(X), X - X.mean(0)
    s = np.sqrt((centred**2).sum(0) / max(n - 1, 1) + eps)
    Xhat = centred / s
    return gamma / (n * s) * (n * dy - dy.sum(0) - Xhat * (dy * Xhat).sum(0))


@misstated(layer_norm, "X", source=LAYER, refuted="- mean(h) 1 is missing: the mean is a function of x")
def layer_norm_without_mean(dy: Array, X: Array, gamma: Array, beta: Array, *, eps: float) -> Any:
    """Layer norm with (h - mean(h ∘ x̂) x̂) / s, h = γ ∘ dy.  (n, d), (d), (d) -> (n, d)"""
    Xhat, s = standardised(np, X, eps, 1)
    h = gamma * dy
    return (h - (h * Xhat).mean(1, keepdims=True) * Xhat) / s


@misstated(layer_norm, "X", source=LAYER, refuted="- mean(h ∘ x̂) x̂ is missing: the variance is a function of x")
def layer_norm_without_variance(dy: Array, X: Array, gamma: Array, beta: Array, *, eps: float) -> Any:
    """Layer norm with (h - mean(h)) / s, h = γ ∘ dy.  (n, d), (d), (d) -> (n, d)"""
    h = gamma * dy
    return (h - h.mean(1, keepdims=True)) / standardised(np, X, eps, 1)[1]


@misstated(layer_norm, "X", source=LAYER, refuted="the means are those of γ ∘ dy, not of dy")
def layer_norm_with_means_of_dy(dy: Array, X: Array, gamma: Array, beta: Array, *, eps: float) -> Any:
    """Layer norm with (h - mean(dy) 1 - mean(dy ∘ x̂) x̂) / s, h = γ ∘ dy.  (n, d), (d), (d) -> (n, d)"""
    Xhat, s = standardised(np, X, eps, 1)
    return (gamma * dy - dy.mean(1, keepdims=True) - (dy * Xhat).mean(1, keepdims=True) * Xhat) / s


@misstated(
    attention_by_its_output,
    "Q",
    source="attention-scale-dropped: common",
    refuted="1/√d stands in the forward pass: it scales dQ too",
)
def attention_without_scale(dO: Array, Q: Array, K: Array, V: Array) -> Any:
    """Attention with dQ = dS K; right is dS K / √d.  (n, d), (m, d), (m, e) -> (n, e)"""
    P = attended(Q, K, causal=False)
    dP = dO @ V.T
    return (P * (dP - (P * dP).sum(1, keepdims=True))) @ K


@misstated(
    attention_by_its_output,
    "Q",
    source="attention-scale-dropped: common",
    refuted="the rowsum of the softmax's derivative is missing",
)
def attention_without_rowsum(dO: Array, Q: Array, K: Array, V: Array) -> Any:
    """Attention with dS = P ∘ dP; right is P ∘ (dP - rowsum(P ∘ dP)).  (n, d), (m, d), (m, e) -> (n, e)"""
    P = attended(Q, K, causal=False)
    return (P * (dO @ V.T)) @ K / Q.shape[1] ** 0.5


@misstated(
    correlation_by_convolution,
    "x",
    source="conv-kernel-flip: common",
    refuted="the full convolution flips the kernel already: here it is flipped once too often",
)
def correlation_with_kernel_flipped(dy: Array, x: Array, w: Array) -> Any:
    """Valid correlation of x with w, with dx = the full correlation of dy with w.  (n), (q) -> (n - q + 1)"""
    return np.convolve(dy, w[::-1], "full")


@misstated(
    correlation_by_convolution,
    "w",
    source="conv-kernel-flip: common",
    refuted="dw_k = Σ dy_i x_(i+k): no flip",
)
def correlation_with_weights_flipped(dy: Array, x: Array, w: Array) -> Any:
    """Valid correlation of x with w, with dw flipped.  (n), (q) -> (n - q + 1)"""
    return np.correlate(x, dy, "valid")[::-1]
