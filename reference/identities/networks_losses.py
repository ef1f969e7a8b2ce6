"""Derivatives of losses by what is predicted, and of regressions by their weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.domains import Draw, Generator, Spec, interval, made, positive, real, simplex
from gradcheck.printed import claims
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.networks import log_softmax, softmax, symbolic_exp

# Targets between 0 and 1, which need not add up to 1.
PROBABILITIES = interval("n", 0.0, 1.0)


def adding_up(shape: str) -> Spec:
    """Probabilities in 1024ths, so that floats add up to 1 along the last axis without rounding."""

    def make(rng: Generator, draw: Draw) -> Array:
        p = np.floor(1024 * np.asarray(simplex(shape).draw(draw))) / 1024
        p[..., 0] += 1 - p.sum(-1)
        return np.asarray(p)

    return made(make, f"probabilities in 1024ths along the last axis ({shape})")


@rule(
    domain=dict(x=real("n"), y=adding_up("n")),
    jax=lambda jax, x, *, y: -jax.numpy.sum(y * jax.nn.log_softmax(x)),
    sympy=lambda sympy, x, *, y: -(y * x).sum() + y.sum() * sympy.log(symbolic_exp(sympy, x).sum()),
    source="softmax-cross-entropy: Clark, Computing Neural Network Gradients, identity 7",
)
def cross_entropy_of_probabilities(x: Array, *, y: Array) -> Pulled:
    """-Σ y_i log softmax(x)_i, Σ y_i = 1.  (n) -> ()

    dx = p - y.
    """
    return -(y * log_softmax(x)).sum(), lambda dy: dy * (softmax(x) - y)


def rowwise_log_softmax(Z: Array) -> Any:
    """log softmax of each row."""
    shifted = Z - Z.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


@rule(
    domain=dict(Z=real("n k"), Y=adding_up("n k")),
    jax=lambda jax, Z, *, Y: -jax.numpy.sum(Y * jax.nn.log_softmax(Z, axis=1)) / len(Z),
    sympy=lambda sympy, Z, *, Y: (
        sum(sympy.log(symbolic_exp(sympy, z).sum()) - y @ z for z, y in zip(Z, Y, strict=True)) / len(Z)
    ),
    source="softmax-cross-entropy: Clark, Computing Neural Network Gradients, identity 7, by rows",
)
def mean_cross_entropy(Z: Array, *, Y: Array) -> Pulled:
    """The mean over rows of -Σ y log softmax(z), each row of Y adding up to 1.  (n, k) -> ()

    dZ = (P - Y) / n.
    """
    log_p, n = rowwise_log_softmax(Z), len(Z)
    return -(Y * log_p).sum() / n, lambda dy: dy * (np.exp(log_p) - Y) / n


@rule(
    domains={
        "": dict(z=real("n", at=(40.0,)), y=PROBABILITIES),
        "nearly certain": dict(
            z=made(lambda: np.array([30.0, -30.0])), y=made(lambda: np.array([1 - 2.0**-40, 2.0**-40]))
        ),
    },
    jax=lambda jax, z, *, y: -jax.numpy.mean(y * jax.nn.log_sigmoid(z) + (1 - y) * jax.nn.log_sigmoid(-z)),
    sympy=lambda sympy, z, *, y: sum(sympy.log(1 + sympy.exp(a)) - t * a for a, t in zip(z, y, strict=True)) / len(z),
    source="binary-cross-entropy: derived",
)
def binary_cross_entropy_of_logits(z: Array, *, y: Array) -> Pulled:
    """-(1/n) Σ y_i log q_i + (1 - y_i) log(1 - q_i), q = σ(z).  (n) -> ()

    dz = (σ(z) - y) / n.
    """
    # Where z is large, σ(z) - y = (1 - y) - σ(-z) keeps the digits of 1 - y.
    losses = np.logaddexp(0, -np.abs(z)) + np.where(z > 0, (1 - y) * z, -y * z)
    return losses.sum() / z.size, lambda dy: dy * np.where(z > 0, (1 - y) - expit(-z), expit(z) - y) / z.size


@rule(
    domain=dict(q=interval("n", 0.0, 1.0), y=PROBABILITIES),
    jax=lambda jax, q, *, y: -jax.numpy.mean(y * jax.numpy.log(q) + (1 - y) * jax.numpy.log1p(-q)),
    sympy=lambda sympy, q, *, y: (
        -sum(t * sympy.log(a) + (1 - t) * sympy.log(1 - a) for a, t in zip(q, y, strict=True)) / len(q)
    ),
    source="binary-cross-entropy: derived",
)
def binary_cross_entropy(q: Array, *, y: Array) -> Pulled:
    """-(1/n) Σ y_i log q_i + (1 - y_i) log(1 - q_i), 0 < q_i < 1.  (n) -> ()

    dq = (q - y) / (n q (1 - q)).
    """
    n = q.size
    return -(y * np.log(q) + (1 - y) * np.log1p(-q)).sum() / n, lambda dy: dy * (q - y) / (n * q * (1 - q))


@rule(
    domain=dict(yhat=real("n k"), y=real("n k")),
    jax=lambda jax, yhat, *, y: jax.numpy.mean((yhat - y) ** 2),
    sympy=lambda sympy, yhat, *, y: ((yhat - y) ** 2).sum() / yhat.size,
    source="mean-squared-error: derived",
)
def mean_squared_error(yhat: Array, *, y: Array) -> Pulled:
    """The mean of (ŷ - y)² over all n entries.  (...) -> ()

    dŷ = 2 (ŷ - y) / n.
    """
    return ((yhat - y) ** 2).sum() / y.size, lambda dy: dy * 2 * (yhat - y) / y.size


@rule(
    domain=dict(yhat=real("n k"), y=real("n k")),
    jax=lambda jax, yhat, *, y: jax.numpy.sum((yhat - y) ** 2),
    sympy=lambda sympy, yhat, *, y: ((yhat - y) ** 2).sum(),
    source="mean-squared-error: derived",
)
def sum_of_squared_errors(yhat: Array, *, y: Array) -> Pulled:
    """Σ (ŷ - y)².  (...) -> ()

    dŷ = 2 (ŷ - y).
    """
    return ((yhat - y) ** 2).sum(), lambda dy: dy * 2 * (yhat - y)


@rule(
    domain=dict(yhat=real("n k"), y=real("n k")),
    jax=lambda jax, yhat, *, y: jax.numpy.sum((yhat - y) ** 2) / 2,
    sympy=lambda sympy, yhat, *, y: ((yhat - y) ** 2).sum() / 2,
    source="mean-squared-error: derived",
)
def half_sum_of_squared_errors(yhat: Array, *, y: Array) -> Pulled:
    """Σ (ŷ - y)² / 2.  (...) -> ()

    dŷ = ŷ - y.
    """
    return ((yhat - y) ** 2).sum() / 2, lambda dy: dy * (yhat - y)


@rule(
    domain=dict(w=real("d"), X=real("n d"), y=real("n")),
    jax=lambda jax, w, *, X, y: jax.numpy.linalg.norm(X @ w - y) ** 2,
    sympy=lambda sympy, w, *, X, y: ((X @ w - y) ** 2).sum(),
    source="linear-regression: Petersen & Pedersen 2012, eq. 84",
)
def linear_regression(w: Array, *, X: Array, y: Array) -> Pulled:
    """‖X w - y‖².  (d) -> ()

    dw = 2 Xᵀ (X w - y), zero at w = X⁺ y.
    """
    rest = X @ w - y
    return (rest * rest).sum(), lambda dy: dy * 2 * (X.T @ rest)


@claims(
    source="linear-regression: Petersen & Pedersen 2012, eq. 84",
    at=dict(X=[[1, 2], [0, 1], [2, -1]], y=[3, 1, 4]),
    printed={"2 Xᵀ (X w - y) at w = X⁺ y": [0, 0]},
)
def linear_regression_at_its_minimum(X: Any, y: Any) -> dict[str, Any]:
    """The gradient of ‖X w - y‖² is zero at w = X⁺ y = (Xᵀ X)⁻¹ Xᵀ y."""
    _, pullback = linear_regression(np.linalg.solve(X.T @ X, X.T @ y), X=X, y=y)
    return {"2 Xᵀ (X w - y) at w = X⁺ y": pullback(np.ones(()))}


@rule(
    domain=dict(w=real("d"), X=real("n d"), y=real("n")),
    jax=lambda jax, w, *, X, y: jax.numpy.mean((X @ w - y) ** 2),
    sympy=lambda sympy, w, *, X, y: ((X @ w - y) ** 2).sum() / len(y),
    source="linear-regression: Petersen & Pedersen 2012, eq. 84",
)
def mean_linear_regression(w: Array, *, X: Array, y: Array) -> Pulled:
    """‖X w - y‖² / n.  (d) -> ()

    dw = (2/n) Xᵀ (X w - y).  The pullback keeps X w - y.
    """
    rest = X @ w - y
    return (rest * rest).sum() / y.size, lambda dy: dy * 2 * (X.T @ rest) / y.size


@rule(
    domain=dict(w=real("n"), strength=positive("")),
    jax=lambda jax, w, *, strength: strength * jax.numpy.vdot(w, w),
    sympy=lambda sympy, w, *, strength: strength * (w * w).sum(),
    source="l2-regularisation: CS231n, notes",
)
def squared_weights(w: Array, *, strength: float) -> Pulled:
    """λ ‖w‖², λ = strength.  (n) -> ()

    dw = 2 λ w.
    """
    return strength * (w * w).sum(), lambda dy: dy * 2 * strength * w


@rule(
    domain=dict(W=real("m n"), strength=positive("")),
    jax=lambda jax, W, *, strength: strength / 2 * jax.numpy.linalg.norm(W) ** 2,
    sympy=lambda sympy, W, *, strength: strength / 2 * (W * W).sum(),
    source="l2-regularisation: CS231n, notes",
)
def half_squared_weights(W: Array, *, strength: float) -> Pulled:
    """(λ/2) ‖W‖_F², λ = strength.  (m, n) -> ()

    dW = λ W.
    """
    return strength / 2 * (W * W).sum(), lambda dy: dy * strength * W


@rule(
    domain=dict(w=real("d"), X=real("n d"), y=real("n"), strength=positive("")),
    jax=lambda jax, w, *, X, y, strength: jax.numpy.sum((X @ w - y) ** 2) + strength * jax.numpy.vdot(w, w),
    sympy=lambda sympy, w, *, X, y, strength: ((X @ w - y) ** 2).sum() + strength * (w * w).sum(),
    source="l2-regularisation: derived",
)
def ridge_regression(w: Array, *, X: Array, y: Array, strength: float) -> Pulled:
    """‖X w - y‖² + λ ‖w‖², λ = strength.  (d) -> ()

    dw = 2 Xᵀ (X w - y) + 2 λ w.
    """
    rest = X @ w - y
    return (rest * rest).sum() + strength * (w * w).sum(), lambda dy: dy * (2 * (X.T @ rest) + 2 * strength * w)


@rule(
    domain=dict(strength=positive(""), X=real("n d"), y=real("n")),
    jax=lambda jax, strength, *, X, y: jax.numpy.linalg.solve(X.T @ X + strength * jax.numpy.eye(X.shape[1]), X.T @ y),
    sympy=lambda sympy, strength, *, X, y: symbolic_ridge(sympy, strength, X, y),
    source="l2-regularisation: derived",
)
def ridge_solution(strength: Array, *, X: Array, y: Array) -> Pulled:
    """w = (Xᵀ X + λ I)⁻¹ Xᵀ y, λ = strength.  () -> (d)

    dw/dλ = -(Xᵀ X + λ I)⁻¹ w.  The pullback keeps Xᵀ X + λ I.
    """
    S = X.T @ X + strength * np.eye(X.shape[1], dtype=X.dtype)
    w = np.linalg.solve(S, X.T @ y)
    return w, lambda dy: -(dy @ np.linalg.solve(S, w))


def symbolic_ridge(sympy: Any, strength: Any, X: Array, y: Array) -> Any:
    """(Xᵀ X + λ I)⁻¹ Xᵀ y by sympy."""
    S = sympy.Matrix(X.T @ X) + strength * sympy.eye(X.shape[1])
    return np.array(S.adjugate() / S.det()) @ (X.T @ y)


@rule(
    domain=dict(
        w=real("d"), X=real("n d"), y=made(lambda rng, X: 1 - np.arange(len(X)) % 2 * 2.0, "1 and -1 in turn (n)")
    ),
    jax=lambda jax, w, *, X, y: jax.numpy.sum(jax.nn.softplus(-y * (X @ w))),
    sympy=lambda sympy, w, *, X, y: sum(sympy.log(1 + sympy.exp(-z)) for z in y * (X @ w)),
    source="logistic-regression: standard",
)
def logistic_regression_of_signs(w: Array, *, X: Array, y: Array) -> Pulled:
    """Σ log(1 + e^(-y_i x_iᵀ w)), y_i in {-1, 1}.  (d) -> ()

    dw = -Xᵀ (y ∘ σ(-y ∘ X w)).  The pullback keeps y ∘ X w.
    """
    margin = y * (X @ w)
    return np.logaddexp(0, -margin).sum(), lambda dy: -dy * (X.T @ (y * expit(-margin)))


@rule(
    domain=dict(
        X=real("n d"), W=real("d k"), b=real("k"), Y=made(lambda rng, X, W: turns(X, W)), strength=positive("")
    ),
    jax=lambda jax, X, W, b, *, Y, strength: (
        -jax.numpy.mean(jax.numpy.take_along_axis(jax.nn.log_softmax(X @ W + b), Y.argmax(1)[:, None], 1))
        + strength / 2 * jax.numpy.sum(W**2)
    ),
    sympy=lambda sympy, X, W, b, *, Y, strength: (
        sum(sympy.log(symbolic_exp(sympy, z).sum()) - z @ y for z, y in zip(X @ W + b, Y, strict=True)) / len(X)
        + strength / 2 * (W * W).sum()
    ),
    source="softmax-regression: CS231n, notes",
)
def softmax_regression(X: Array, W: Array, b: Array, *, Y: Array, strength: float) -> Pulled:
    """-(1/n) Σ log softmax(x_i W + b)_(y_i) + (λ/2) ‖W‖_F², Y one-hot.  (n, d), (d, k), (k) -> ()

    dW = Xᵀ (P - Y)/n + λ W, db = (P - Y)ᵀ 1/n, dX = (P - Y) Wᵀ/n.  The pullback keeps log P.
    """
    log_p = rowwise_log_softmax(X @ W + b)

    def pullback(dy: Array) -> Any:
        error = dy * (np.exp(log_p) - Y) / len(X)
        return error @ W.T, X.T @ error + dy * strength * W, error.sum(0)

    return -(Y * log_p).sum() / len(X) + strength / 2 * (W * W).sum(), pullback


def turns(X: Array, W: Array) -> Array:
    """the classes in turn, one-hot (n, k)"""
    return np.asarray(np.eye(W.shape[1])[np.arange(len(X)) % W.shape[1]])
