"""Mistaken derivatives of losses, activations and regressions: each is refuted, beside the right rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.results import Array
from reference.declaring import misstated
from reference.identities.layers import embedding
from reference.identities.networks import cross_entropy_of_softmax, sigmoid_jacobian, softmax, softmax_jacobian
from reference.identities.networks_activations import softmax_of_vector, tanh_jacobian
from reference.identities.networks_losses import (
    logistic_regression_of_signs,
    mean_cross_entropy,
    mean_squared_error,
    rowwise_log_softmax,
    squared_weights,
)
from reference.identities.products import rows_and_columns_added

SIGMOID = "common: the sigmoid's rule"
INPUT = "the rule is in the output y, not in the input"
FACTOR = "common: the factors of the sum and half forms"


@misstated(
    softmax_jacobian,
    "x",
    source=f"softmax-diagonal-only: {SIGMOID}",
    refuted="all outputs depend on all inputs: - p pᵀ",
)
def softmax_with_diagonal_jacobian(dy: Array, x: Array) -> Any:
    """p = softmax(x) with the Jacobian diag(p ∘ (1 - p)); right is diag(p) - p pᵀ.  (n) -> (n)"""
    p = softmax(x)
    return np.diag(p * (1 - p)) @ dy


@misstated(
    softmax_of_vector, "x", source=f"softmax-diagonal-only: {SIGMOID}", refuted="all outputs depend on all inputs"
)
def softmax_like_sigmoid(dy: Array, x: Array) -> Any:
    """p = softmax(x) with dx = dy ∘ p ∘ (1 - p); right is p ∘ (dy - (dyᵀ p) 1).  (n) -> (n)"""
    p = softmax(x)
    return dy * p * (1 - p)


@misstated(
    cross_entropy_of_softmax,
    "x",
    source="softmax-ce-any-target: common; Clark's identity 7 without its condition",
    refuted="p - t is right for targets that add up to 1",
    domain=cross_entropy_of_softmax.domains["any weights"],
)
def cross_entropy_of_any_weights(dy: Array, x: Array, *, target: Array) -> Any:
    """-tᵀ log softmax(x), t = target, with p - t; right is (1ᵀ t) p - t.  (n) -> ()"""
    return dy * (softmax(x) - target)


@misstated(sigmoid_jacobian, "x", source="sigmoid-rule-on-the-wrong-variable: common", refuted=INPUT)
def sigmoid_rule_of_input(dy: Array, x: Array) -> Any:
    """y = σ(x) with x (1 - x); right is y (1 - y).  (n) -> (n)"""
    return dy * x * (1 - x)


@misstated(
    sigmoid_jacobian,
    "x",
    source="sigmoid-rule-on-the-wrong-variable: common",
    refuted="σ is applied twice: y is its value already",
)
def sigmoid_rule_of_sigmoid(dy: Array, x: Array) -> Any:
    """y = σ(x) with σ(y) (1 - σ(y)); right is y (1 - y).  (n) -> (n)"""
    y = expit(expit(x))
    return dy * y * (1 - y)


@misstated(tanh_jacobian, "x", source="sigmoid-rule-on-the-wrong-variable: common", refuted=INPUT)
def tanh_rule_of_input(dy: Array, x: Array) -> Any:
    """z = tanh(x) with 1 - x²; right is 1 - z².  (n) -> (n)"""
    return dy * (1 - x * x)


@misstated(mean_squared_error, "yhat", source=f"mean-and-half-factors: {FACTOR}", refuted="the mean divides by n")
def mean_squared_error_without_n(dy: Array, yhat: Array, *, y: Array) -> Any:
    """The mean of (ŷ - y)² with 2 (ŷ - y); right is 2 (ŷ - y) / n.  (...) -> ()"""
    return dy * 2 * (yhat - y)


@misstated(squared_weights, "w", source=f"mean-and-half-factors: {FACTOR}", refuted="λ w belongs to (λ/2) ‖w‖²")
def squared_weights_without_two(dy: Array, w: Array, *, strength: float) -> Any:
    """λ ‖w‖² with λ w; right is 2 λ w.  (n) -> ()"""
    return dy * strength * w


@misstated(mean_cross_entropy, "Z", source=f"mean-and-half-factors: {FACTOR}", refuted="the mean divides by n")
def mean_cross_entropy_without_n(dy: Array, Z: Array, *, Y: Array) -> Any:
    """The mean over n rows of cross-entropies with P - Y; right is (P - Y) / n.  (n, k) -> ()"""
    return dy * (np.exp(rowwise_log_softmax(Z)) - Y)


@misstated(
    logistic_regression_of_signs,
    "w",
    source="logistic-labels-plus-minus-one: common",
    refuted="the rule for labels 0 and 1, at labels -1 and 1",
)
def logistic_regression_with_other_labels(dy: Array, w: Array, *, X: Array, y: Array) -> Any:
    """Σ log(1 + e^(-y_i x_iᵀ w)), y_i = ±1, with Xᵀ (σ(X w) - y); right is -Xᵀ (y ∘ σ(-y ∘ X w)).  (d) -> ()"""
    return dy * (X.T @ (expit(X @ w) - y))


@misstated(
    embedding, "E", source="gather-without-accumulation: common", refuted="of a repeated index the last write wins"
)
def embedding_without_accumulation(dy: Array, E: Array, *, idx: Array) -> Any:
    """E[idx] with dE[idx] = dy; right is dE[idx] += dy.  (v, d) -> (n, d)"""
    dE = np.zeros_like(E)
    dE[idx] = dy
    return dE


@misstated(
    rows_and_columns_added, "b", source="gather-without-accumulation: common", refuted="b is used in every row: a sum"
)
def bias_of_one_row(dy: Array, X: Array, b: Array, c: Array) -> Any:
    """X + 1 bᵀ + c 1ᵀ with db = one row of dy; right is dyᵀ 1.  (m, n), (n), (m) -> (m, n)"""
    return dy[:1].sum(0)
