"""Rules in which faults are planted by the tests: some whose points show every mistake, some whose points do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck import choice, real, rule


@rule(domain=dict(x=real("n k", at=(0.0,))), jax=lambda jax, x: x**2)
def well_tested(x: Any) -> Any:
    """x².  (n, k) -> (n, k)"""

    def pullback(dy: Any) -> Any:
        return 2 * dy * x

    return x * x, pullback


@rule(domain=dict(x=real("n", kinks=(0.0,), at=(0.0, -0.5))))
def rectified(x: Any) -> Any:
    """max(x, 0).  (n) -> (n)"""

    def pullback(dy: Any) -> Any:
        return np.where(x > 0, dy, 0)

    return np.maximum(x, 0), pullback


@rule(domain=dict(x=real("n", 0.5, 2.0)))
def redundant(x: Any) -> Any:
    """√(1 + x²).  (n) -> (n)"""

    def pullback(dy: Any) -> Any:
        return dy * x / np.hypot(1.0, x)

    return np.sqrt(1 + x * x), pullback


@rule(domain=dict(x=real("n")), surrogate=lambda x: x + 0, cotangent=lambda dy: np.clip(dy, -0.5, 0.5))
def clipped(x: Any) -> Any:
    """x, its cotangent held between -0.5 and 0.5.  (n) -> (n)"""

    def pullback(dy: Any) -> Any:
        return np.clip(dy, -0.5, 0.5)

    return x + 0, pullback


@rule(domain=dict(x=real("n")), refuted="the factor 2 is missing")
def erratum(x: Any) -> Any:
    """x², with a wrong derivative.  (n) -> (n)"""

    def pullback(dy: Any) -> Any:
        return dy * x

    return x * x, pullback


def twice(x: Any) -> Any:
    """No rule that is right: the same call twice on a line."""

    def pullback(dy: Any) -> Any:
        return np.exp(dy) - np.exp(dy) * x

    return x, pullback


def halved(dy: Any) -> Any:
    """A helper of a pullback, with a branch that nobody comes to."""
    if dy.ndim > 5:
        return dy / 3
    return dy / 2


@rule(domain=dict(x=real("n k"), axis=choice(0)))
def badly_tested(x: Any, *, axis: int) -> Any:
    """The mean of x and the mean of its entries along an axis, the first one only.  (n, k) -> (...)"""

    def pullback(dy: Any) -> Any:
        shape = np.insert(np.array(dy.shape, dtype=int), axis, 1)
        return halved(dy.reshape(shape)) * np.ones_like(x)

    return x.sum(axis) / 2, pullback
