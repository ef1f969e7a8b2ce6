"""Jacobians of activations and of softmax, as matrices and as what they do to a cotangent."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import erfc, expit

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled, each
from reference.identities.networks import log_softmax, softmax, symbolic_exp

CLARK = "Clark, Computing Neural Network Gradients"
ROOT_2, ROOT_2PI = float(np.sqrt(2)), float(np.sqrt(2 * np.pi))


@rule(
    domain=dict(x=real("n", at=(800.0,))),
    jax=lambda jax, x: jax.nn.softmax(x),
    sympy=lambda sympy, x: symbolic_exp(sympy, x) / symbolic_exp(sympy, x).sum(),
    source="softmax-jacobian: standard",
)
def softmax_of_vector(x: Array) -> Pulled:
    """p = softmax(x).  (n) -> (n)

    dx = p ∘ (dy - (dyᵀ p) 1).
    """
    p, top = softmax(x), x.argmax()

    def pullback(dy: Array) -> Any:
        # The same for a shifted dy: 0 where p may be near 1, so that what is left of dy - dyᵀ p keeps its digits.
        dy = dy - dy[top]
        return p * (dy - dy @ p)

    return p, pullback


@rule(
    domain=dict(x=real("n", at=(800.0, -800.0))),
    jax=lambda jax, x: jax.nn.log_softmax(x),
    sympy=lambda sympy, x: x - sympy.log(symbolic_exp(sympy, x).sum()),
    source="log-softmax-jacobian: derived",
)
def log_softmax_by_matrix(x: Array) -> Pulled:
    """log softmax(x).  (n) -> (n)

    The Jacobian is I - 1 pᵀ.
    """

    def pullback(dy: Array) -> Any:
        jacobian = np.eye(x.size, dtype=x.dtype) - np.outer(np.ones_like(x), softmax(x))
        return jacobian.T @ dy

    return log_softmax(x), pullback


@rule(
    domain=dict(x=real("n", at=(800.0,))),
    jax=lambda jax, x: jax.nn.logsumexp(x),
    sympy=lambda sympy, x: sympy.log(symbolic_exp(sympy, x).sum()),
    source="log-softmax-jacobian: derived",
)
def log_sum_exp(x: Array) -> Pulled:
    """log Σ e^x_j.  (n) -> ()

    dx = p = softmax(x).
    """
    top = x.max()
    return top + np.log(np.exp(x - top).sum()), lambda dy: dy * softmax(x)


@rule(
    domain=dict(x=real("n", at=(20.0,))),
    jax=lambda jax, x: jax.numpy.tanh(x),
    sympy=each(lambda sympy, x: sympy.tanh(x)),
    source=f"sigmoid-tanh-jacobians: {CLARK}, identity 4",
)
def tanh_jacobian(x: Array) -> Pulled:
    """z = tanh(x), entry by entry.  (n) -> (n)

    dx = diag(1 - z ∘ z) dy, 1 - z² = 4 σ(2x) σ(-2x), which keeps its digits where z is near 1.
    """
    slope = 4 * expit(2 * x) * expit(-2 * x)
    return np.tanh(x), lambda dy: np.diag(slope) @ dy


@rule(
    domain=dict(x=real("n k", kinks=(0.0,))),
    jax=lambda jax, x: jax.nn.relu(x),
    sympy=each(lambda sympy, x: sympy.Max(x, 0)),
    source=f"activations-elementwise: {CLARK}",
)
def relu(x: Array) -> Pulled:
    """max(x, 0), x ≠ 0.  (...) -> (...)

    dx = dy ∘ 1[x > 0].
    """
    return np.maximum(x, 0), lambda dy: dy * (x > 0)


@rule(
    domain=dict(x=real("n k", kinks=(0.0,)), slope=choice(0.25, -0.5)),
    jax=lambda jax, x, *, slope: jax.nn.leaky_relu(x, slope),
    sympy=each(lambda sympy, x, *, slope: sympy.Piecewise((x, x > 0), (slope * x, True))),
    source="activations-elementwise: derived",
)
def leaky_relu(x: Array, *, slope: float) -> Pulled:
    """x where x > 0, slope x where x < 0.  (...) -> (...)

    dx = dy ∘ (1[x > 0] + slope 1[x < 0]).
    """
    return np.where(x > 0, x, slope * x), lambda dy: np.where(x > 0, dy, slope * dy)


@rule(
    domain=dict(x=real("n k", at=(40.0, -40.0))),
    jax=lambda jax, x: jax.nn.softplus(x),
    sympy=each(lambda sympy, x: sympy.log(1 + sympy.exp(x))),
    source="activations-elementwise: derived",
)
def softplus(x: Array) -> Pulled:
    """log(1 + e^x).  (...) -> (...)

    dx = dy ∘ σ(x).
    """
    return np.logaddexp(x, 0), lambda dy: dy * expit(x)


@rule(
    domain=dict(x=real("n k", at=(40.0, -40.0))),
    jax=lambda jax, x: jax.nn.silu(x),
    sympy=each(lambda sympy, x: x / (1 + sympy.exp(-x))),
    source="activations-elementwise: derived",
)
def silu(x: Array) -> Pulled:
    """x σ(x).  (...) -> (...)

    dx = dy ∘ σ(x) (1 + x (1 - σ(x))).  The pullback keeps σ(x) and σ(-x).
    """
    s, rest = expit(x), expit(-x)
    return x * s, lambda dy: dy * s * (1 + x * rest)


@rule(
    domain=dict(x=real("n k")),
    jax=lambda jax, x: jax.nn.gelu(x, approximate=False),
    sympy=each(lambda sympy, x: x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2),
    source="activations-elementwise: derived",
)
def gelu(x: Array) -> Pulled:
    """x Φ(x), Φ the normal distribution function and φ its density.  (...) -> (...)

    dx = dy ∘ (Φ(x) + x φ(x)).  The pullback keeps Φ(x) and φ(x).
    """
    below, density = erfc(-x / ROOT_2) / 2, np.exp(-x * x / 2) / ROOT_2PI
    return x * below, lambda dy: dy * (below + x * density)
