"""Derivatives of layers: normalisation, attention, lookups, a perceptron, a recurrent step."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.domains import choice, index, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.networks import log_softmax, softmax, symbolic_exp
from reference.identities.networks_losses import adding_up

CLARK = "Clark, Computing Neural Network Gradients"


def roots(sympy: Any, x: Any) -> Any:
    """Square roots of symbols."""
    return np.frompyfunc(sympy.sqrt, 1, 1)(x)


def standardised(numpy: Any, X: Any, eps: Any, axis: int) -> Any:
    """X less its mean, over the root of its variance plus eps; and that root."""
    centred = X - X.mean(axis, keepdims=True)
    s = numpy.sqrt((centred * centred).mean(axis, keepdims=True) + eps)
    return centred / s, s


def symbolic_standardised(sympy: Any, X: Any, eps: Any, axis: int) -> Any:
    """The same as E[x²] - E[x]², of symbols."""
    n = X.shape[axis]
    mean = X.sum(axis, keepdims=True) / n
    return (X - mean) / roots(sympy, (X * X).sum(axis, keepdims=True) / n - mean**2 + eps)


def standardised_by_jax(jax: Any, X: Any, eps: Any, axis: int) -> Any:
    """The same by jax.nn.standardize."""
    return jax.nn.standardize(X, axis=axis, epsilon=eps)


@rule(
    domain=dict(x=real("d"), W=real("d m"), b=real("m")),
    jax=lambda jax, x, W, b: W.T @ x + b,
    sympy=lambda sympy, x, W, b: W.T @ x + b,
    source=f"linear-layer: {CLARK}, identities 1, 2, 5, 6; CS231n, notes",
)
def linear_layer_of_column(x: Array, W: Array, b: Array) -> Pulled:
    """Wᵀ x + b: W x + b for the transposed weights.  (d), (d, m), (m) -> (m)

    dWᵀ = dy xᵀ, db = dy, dx = W dy.
    """
    return W.T @ x + b, lambda dy: (W @ dy, np.outer(dy, x).T, dy.copy())


@rule(
    domain=dict(X=real("n d"), gamma=real("d"), beta=real("d"), eps=positive("")),
    jax=lambda jax, X, gamma, beta, *, eps: gamma * standardised_by_jax(jax, X, eps, 1) + beta,
    sympy=lambda sympy, X, gamma, beta, *, eps: gamma * symbolic_standardised(sympy, X, eps, 1) + beta,
    source="layer-norm: Ba, Kiros & Hinton 2016",
)
def layer_norm(X: Array, gamma: Array, beta: Array, *, eps: float) -> Pulled:
    """γ ∘ x̂ + β, x̂ = (x - mean(x)) / s, s = √(var(x) + ε), over each row.  (n, d), (d), (d) -> (n, d)

    With h = γ ∘ dy: dx = (h - mean(h) 1 - mean(h ∘ x̂) x̂) / s, dγ = Σ dy ∘ x̂, dβ = Σ dy over rows.
    """
    Xhat, s = standardised(np, X, eps, 1)

    def pullback(dy: Array) -> Any:
        h = gamma * dy
        dX = (h - h.mean(1, keepdims=True) - (h * Xhat).mean(1, keepdims=True) * Xhat) / s
        return dX, (dy * Xhat).sum(0), dy.sum(0)

    return gamma * Xhat + beta, pullback


@rule(
    domain=dict(X=real("n d"), gamma=real("d"), eps=positive("")),
    jax=lambda jax, X, gamma, *, eps: gamma * X * jax.lax.rsqrt(jax.numpy.mean(X * X, 1, keepdims=True) + eps),
    sympy=lambda sympy, X, gamma, *, eps: gamma * X / roots(sympy, (X * X).sum(1, keepdims=True) / X.shape[1] + eps),
    source="rms-norm: Zhang & Sennrich 2019",
)
def rms_norm(X: Array, gamma: Array, *, eps: float) -> Pulled:
    """γ ∘ x / r, r = √(mean(x ∘ x) + ε), over each row.  (n, d), (d) -> (n, d)

    With h = γ ∘ dy: dx = (h - x mean(h ∘ x) / r²) / r, dγ = Σ dy ∘ x / r over rows.
    """
    r = np.sqrt((X * X).mean(1, keepdims=True) + eps)

    def pullback(dy: Array) -> Any:
        h = gamma * dy
        return (h - X * (h * X).mean(1, keepdims=True) / r**2) / r, (dy * X / r).sum(0)

    return gamma * X / r, pullback


@rule(
    domain=dict(X=real("n d"), gamma=real("d"), beta=real("d"), eps=positive("")),
    jax=lambda jax, X, gamma, beta, *, eps: gamma * standardised_by_jax(jax, X, eps, 0) + beta,
    sympy=lambda sympy, X, gamma, beta, *, eps: gamma * symbolic_standardised(sympy, X, eps, 0) + beta,
    source="batch-norm: Ioffe & Szegedy 2015",
)
def batch_norm(X: Array, gamma: Array, beta: Array, *, eps: float) -> Pulled:
    """γ ∘ x̂ + β, x̂ = (x - μ) / s, s = √(σ² + ε), mean and variance of each column.  (n, d), (d), (d) -> (n, d)

    dX = (γ / (n s)) ∘ (n dy - 1 (1ᵀ dy) - X̂ ∘ 1 (1ᵀ (dy ∘ X̂))), dγ = Σ dy ∘ X̂, dβ = Σ dy over rows.
    """
    Xhat, s = standardised(np, X, eps, 0)

    def pullback(dy: Array) -> Any:
        n, dgamma, dbeta = len(X), (dy * Xhat).sum(0), dy.sum(0)
        return gamma / (n * s) * (n * dy - dbeta - Xhat * dgamma), dgamma, dbeta

    return gamma * Xhat + beta, pullback


def masked(numpy: Any, S: Any, causal: bool) -> Any:
    """S, -∞ where a query would see a later key."""
    seen = numpy.tril(numpy.ones(S.shape)) > 0 if causal else numpy.ones(S.shape) > 0
    return numpy.where(seen, S, -numpy.inf)


def attended(Q: Array, K: Array, causal: bool) -> Any:
    """P = softmax by rows of Q Kᵀ / √d."""
    S = masked(np, Q @ K.T / Q.shape[1] ** 0.5, causal)
    P = np.exp(S - S.max(1, keepdims=True))
    return P / P.sum(1, keepdims=True)


def attention_by_jax(jax: Any, Q: Any, K: Any, V: Any, *, causal: bool) -> Any:
    """Attention by jax.nn.softmax."""
    return jax.nn.softmax(masked(jax.numpy, Q @ K.T / jax.numpy.sqrt(Q.shape[1]), causal), axis=1) @ V


@rule(
    domains={
        "": dict(Q=real("n d"), K=real("m d"), V=real("m e"), causal=choice(False)),
        "causal": dict(Q=real("n d"), K=real("n d"), V=real("n e"), causal=choice(True)),
    },
    jax=attention_by_jax,
    sympy=lambda sympy, Q, K, V, *, causal: symbolic_attention(sympy, Q, K, V, causal),
    source="attention: Vaswani et al. 2017",
)
def attention(Q: Array, K: Array, V: Array, *, causal: bool) -> Pulled:
    """P V, P = softmax by rows of Q Kᵀ / √d; causal: a row sees no later one.  (n, d), (m, d), (m, e) -> (n, e)

    dP = dy Vᵀ, dS = P ∘ (dP - rowsum(P ∘ dP)), dQ = dS K / √d, dK = dSᵀ Q / √d, dV = Pᵀ dy.  The pullback keeps P.
    """
    P = attended(Q, K, causal)

    def pullback(dy: Array) -> Any:
        dP, top = dy @ V.T, P.argmax(1)[:, None]
        # A shift of a row of dP changes nothing: 0 where P may be near 1, so that the difference keeps its digits.
        dP = dP - np.take_along_axis(dP, top, 1)
        dS = P * (dP - (P * dP).sum(1, keepdims=True)) / Q.shape[1] ** 0.5
        return dS @ K, dS.T @ Q, P.T @ dy

    return P @ V, pullback


@rule(
    # Logits of a size that no row is all one key's: there the difference cancels.
    domain=dict(Q=real("n d", -1, 1), K=real("3 d", -1, 1), V=real("3 e")),
    jax=lambda jax, Q, K, V: attention_by_jax(jax, Q, K, V, causal=False),
    sympy=lambda sympy, Q, K, V: symbolic_attention(sympy, Q, K, V, False),
    source="attention: Dao et al. 2022, appendix B.2",
)
def attention_by_its_output(Q: Array, K: Array, V: Array) -> Pulled:
    """O = P V, P = softmax by rows of Q Kᵀ / √d.  (n, d), (m, d), (m, e) -> (n, e)

    dS = P ∘ (dP - rowsum(dO ∘ O)), which is rowsum(P ∘ dP); the rest as in `attention`.  The pullback keeps P.
    """
    P = attended(Q, K, causal=False)
    O = P @ V  # noqa: E741

    def pullback(dO: Array) -> Any:
        dS = P * (dO @ V.T - (dO * O).sum(1, keepdims=True)) / Q.shape[1] ** 0.5
        return dS @ K, dS.T @ Q, P.T @ dO

    return O, pullback


def symbolic_attention(sympy: Any, Q: Any, K: Any, V: Any, causal: bool) -> Any:
    """Attention of symbols: a sum over the keys that are seen."""
    rows = []
    for i, q in enumerate(Q):
        seen = i + 1 if causal else len(K)
        e = symbolic_exp(sympy, K[:seen] @ q / sympy.sqrt(len(q)))
        rows.append(e @ V[:seen] / e.sum())
    return np.array(rows, dtype=object)


@rule(
    domain=dict(E=real("v d"), idx=index("v", "n")),
    jax=lambda jax, E, *, idx: jax.numpy.take(E, idx, axis=0),
    sympy=lambda sympy, E, *, idx: np.array(sympy.Matrix(E).extract(idx.tolist(), list(range(E.shape[1])))),
    source="embedding-lookup: derived",
)
def embedding(E: Array, *, idx: Array) -> Pulled:
    """E[idx] = H E, H the one-hot rows of idx.  (v, d) -> (n, d)

    dE = Hᵀ dy: a row that was looked up twice gets both.
    """
    H = np.eye(len(E), dtype=E.dtype)[idx]
    return H @ E, lambda dy: H.T @ dy


@rule(
    # Small weights: z between -1 and 1, too.
    domain=dict(
        W=real("3 n", -0.6, 0.6),
        b=real("3", -0.6, 0.6, kinks=(0.0,)),
        U=real("k 3"),
        c=real("k"),
        x=real("n"),
        y=adding_up("k"),
    ),
    jax=lambda jax, W, b, U, c, x, *, y: -jax.numpy.sum(y * jax.nn.log_softmax(U @ jax.nn.relu(W @ x + b) + c)),
    sympy=lambda sympy, W, b, U, c, x, *, y: symbolic_perceptron(sympy, W, b, U, c, x, y),
    source=f"mlp-one-hidden: {CLARK}, worked example",
)
def perceptron(W: Array, b: Array, U: Array, c: Array, x: Array, *, y: Array) -> Pulled:
    """-Σ y log softmax(U h + c), h = relu(z), z = W x + b; no z_i = 0.  (m, n), (m), (k, m), (k), (n) -> ()

    With δ₁ = p - y, δ₂ = (Uᵀ δ₁) ∘ 1[z > 0]: dU = δ₁ hᵀ, dc = δ₁, dW = δ₂ xᵀ, db = δ₂, dx = Wᵀ δ₂.
    The pullback keeps z, h and U h + c.
    """
    z = W @ x + b
    h = np.maximum(z, 0)
    theta = U @ h + c

    def pullback(dy: Array) -> Any:
        outer = dy * (softmax(theta) - y)
        inner = (U.T @ outer) * (z > 0)
        return np.outer(inner, x), inner, np.outer(outer, h), outer, W.T @ inner

    return -(y * log_softmax(theta)).sum(), pullback


def symbolic_perceptron(sympy: Any, W: Any, b: Any, U: Any, c: Any, x: Any, y: Any) -> Any:
    """The perceptron's loss, of symbols."""
    theta = U @ np.array([sympy.Max(z, 0) for z in W @ x + b], dtype=object) + c
    return y.sum() * sympy.log(symbolic_exp(sympy, theta).sum()) - y @ theta


@rule(
    domain=dict(h=real("m"), W=real("m m"), U=real("m n"), x=real("n"), b=real("m")),
    jax=lambda jax, h, *, W, U, x, b: jax.numpy.tanh(W @ h + U @ x + b),
    sympy=lambda sympy, h, *, W, U, x, b: np.frompyfunc(sympy.tanh, 1, 1)(W @ h + U @ x + b),
    source=f"rnn-step: {CLARK}, identities 1, 4, 5 composed",
)
def recurrent_step_by_state(h: Array, *, W: Array, U: Array, x: Array, b: Array) -> Pulled:
    """h' = tanh(z), z = W h + U x + b.  (m) -> (m)

    The Jacobian is diag(1 - h' ∘ h') W, 1 - h'² = 4 σ(2z) σ(-2z).
    """
    z = W @ h + U @ x + b

    def pullback(dy: Array) -> Any:
        jacobian = np.diag(4 * expit(2 * z) * expit(-2 * z)) @ W
        return jacobian.T @ dy

    return np.tanh(z), pullback
