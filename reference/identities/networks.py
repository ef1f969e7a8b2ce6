"""Jacobians of the steps of neural networks, written out as matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.domains import made, real, simplex
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, each


def softmax(x: Array) -> Any:
    """e^x / Σ e^x, without overflow."""
    e = np.exp(x - x.max())
    return e / e.sum()


def log_softmax(x: Array) -> Any:
    """log softmax(x); the largest term of the sum is 1 and goes to log1p, which keeps the digits of a y near 0."""
    top = x.argmax()
    shifted = x - x[top]
    rest = np.exp(shifted)
    rest[top] = 0
    return shifted - np.log1p(rest.sum())


def symbolic_exp(sympy: Any, x: Array) -> Any:
    """e^x of an array of symbols."""
    return np.frompyfunc(sympy.exp, 1, 1)(x)


@rule(
    domain=dict(x=real("n", at=(800.0,))),
    jax=lambda jax, x: jax.nn.softmax(x),
    sympy=lambda sympy, x: symbolic_exp(sympy, x) / symbolic_exp(sympy, x).sum(),
    source="softmax-jacobian: Bridle 1990",
)
def softmax_jacobian(x: Array) -> Pulled:
    """p = softmax(x).  (n) -> (n)

    dx = (diag(p) - p pᵀ) dy; diag(p ∘ (1 - p)) is its diagonal only.
    """
    p, top = softmax(x), x.argmax()

    def pullback(dy: Array) -> Any:
        # The rows add up to 0, so that dy may be shifted: to 0 where p may be near 1 and p (1 - p) has lost its digits.
        return (np.diag(p) - np.outer(p, p)) @ (dy - dy[top])

    return p, pullback


@rule(
    domain=dict(x=real("n", at=(800.0,))),
    jax=lambda jax, x: jax.nn.log_softmax(x),
    sympy=lambda sympy, x: x - sympy.log(symbolic_exp(sympy, x).sum()),
    source="log-softmax-jacobian: derived",
)
def log_softmax_jacobian(x: Array) -> Pulled:
    """log softmax(x).  (n) -> (n)

    dx = (I - 1 pᵀ)ᵀ dy = dy - (1ᵀ dy) p, p = softmax(x).
    """

    def pullback(dy: Array) -> Any:
        return dy - dy.sum() * softmax(x)

    return log_softmax(x), pullback


@rule(
    domains={
        "probabilities": dict(x=real("n"), target=simplex("n")),
        "any weights": dict(
            x=real("n"), target=made(lambda rng, x: np.round(rng.uniform(0.1, 2.0, x.shape), 2), "positive weights (n)")
        ),
    },
    jax=lambda jax, x, *, target: -jax.numpy.sum(target * jax.nn.log_softmax(x)),
    sympy=lambda sympy, x, *, target: -(target * (x - sympy.log(symbolic_exp(sympy, x).sum()))).sum(),
    source="softmax-cross-entropy: Clark, Computing Neural Network Gradients, identity 7",
)
def cross_entropy_of_softmax(x: Array, *, target: Array) -> Pulled:
    """-tᵀ log softmax(x), t = target.  (n) -> ()

    dx = (1ᵀ t) p - t; p - t where the target adds up to 1.
    """
    log_p = log_softmax(x)

    def pullback(dy: Array) -> Any:
        return dy * (target.sum() * np.exp(log_p) - target)

    return -(target * log_p).sum(), pullback


@rule(
    domain=dict(x=real("n", at=(40.0,))),
    jax=lambda jax, x: jax.nn.sigmoid(x),
    sympy=each(lambda sympy, x: 1 / (1 + sympy.exp(-x))),
    source="sigmoid-tanh-jacobians: Clark, Computing Neural Network Gradients, identity 4",
)
def sigmoid_jacobian(x: Array) -> Pulled:
    """y = σ(x), entry by entry.  (n) -> (n)

    dx = diag(y ∘ (1 - y)) dy, 1 - y = σ(-x); the rule is in the output y.
    """
    y, rest = expit(x), expit(-x)

    def pullback(dy: Array) -> Array:
        return np.diag(y * rest) @ dy

    return y, pullback


@rule(
    domain=dict(X=real("n d"), W=real("d m"), b=real("m")),
    jax=lambda jax, X, W, b: X @ W + b,
    sympy=lambda sympy, X, W, b: X @ W + b,
    source="linear-layer: Clark, Computing Neural Network Gradients, identities 1, 2, 5, 6",
)
def linear_layer(X: Array, W: Array, b: Array) -> Pulled:
    """X W + 1 bᵀ, a row for each example.  (n, d), (d, m), (m) -> (n, m)

    dX = dy Wᵀ, dW = Xᵀ dy, db = dyᵀ 1.
    """

    def pullback(dy: Array) -> Any:
        return dy @ W.T, X.T @ dy, dy.sum(0)

    return X @ W + b, pullback


@rule(
    domain=dict(w=real("d"), X=real("n d"), y=made(lambda rng, X: np.arange(len(X)) % 2.0, "0 and 1 in turn (n)")),
    jax=lambda jax, w, X, *, y: jax.numpy.sum(jax.nn.softplus(X @ w) - y * (X @ w)),
    sympy=lambda sympy, w, X, *, y: sum(sympy.log(1 + sympy.exp(z)) - t * z for z, t in zip(X @ w, y, strict=True)),
    source="logistic-regression: Bishop 2006, eq. 4.91",
)
def logistic_regression(w: Array, X: Array, *, y: Array) -> Pulled:
    """Σ log(1 + e^(x_iᵀ w)) - y_i x_iᵀ w, y_i in {0, 1}.  (d), (n, d) -> ()

    dw = Xᵀ (σ(X w) - y), dX = (σ(X w) - y) wᵀ; σ(z) - 1 = -σ(-z) keeps its digits for large z.  The pullback keeps X w.
    """
    z = X @ w

    def pullback(dy: Array) -> Any:
        error = dy * np.where(y == 1, -expit(-z), expit(z))
        return X.T @ error, np.outer(error, w)

    return (np.logaddexp(z, 0) - y * z).sum(), pullback


@rule(
    domain=dict(W=real("m m"), h=real("m"), U=real("m n"), x=real("n"), b=real("m")),
    jax=lambda jax, W, h, U, x, b: jax.numpy.tanh(W @ h + U @ x + b),
    sympy=lambda sympy, W, h, U, x, b: np.frompyfunc(sympy.tanh, 1, 1)(W @ h + U @ x + b),
    source="rnn-step: Clark, Computing Neural Network Gradients, identities 1, 4, 5 composed; Elman 1990",
)
def recurrent_step(W: Array, h: Array, U: Array, x: Array, b: Array) -> Pulled:
    """tanh(z), z = W h + U x + b.  (m, m), (m), (m, n), (n), (m) -> (m)

    With a = dy ∘ (1 - tanh²(z)): dW = a hᵀ, dh = Wᵀ a, dU = a xᵀ, dx = Uᵀ a, db = a.
    """
    z = W @ h + U @ x + b

    def pullback(dy: Array) -> Any:
        a = 4 * dy * expit(2 * z) * expit(-2 * z)
        return np.outer(a, h), W.T @ a, np.outer(a, x), U.T @ a, a

    return np.tanh(z), pullback


@rule(
    domain=dict(c=real("n"), x=real("n")),
    jax=lambda jax, c, x: jax.numpy.stack([jax.numpy.roll(c, i) @ x for i in range(len(x))]),
    sympy=lambda sympy, c, x: np.array([sum(c[(j - i) % len(x)] * x[j] for j in range(len(x))) for i in range(len(x))]),
    source="circulant: derived (Petersen & Pedersen 2012, eq. 133)",
)
def circulant_product(c: Array, x: Array) -> Pulled:
    """C x, C_ij = c_((j - i) mod n).  (n), (n) -> (n)

    dc_k = Σ_i dy_i x_((i + k) mod n), dx = Cᵀ dy.  The pullback keeps C.
    """
    n = x.size
    i, j = np.indices((n, n), sparse=True)
    C = c[(j - i) % n]

    def pullback(dy: Array) -> Any:
        return x[(i + j) % n] @ dy, C.T @ dy

    return C @ x, pullback
