"""Losses of regression: of errors, tame and lopsided, and of the parameters of a distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, made, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, each
from reference.losses import REDUCTION, apart, difference, matched, reduced, reduced_by


@rule(
    domains={
        "": dict(x=real("n k"), target=real("n k"), beta=choice(1.5, 0.75), reduction=REDUCTION),
        "absolute": dict(x=real("n k"), target=made(apart), beta=choice(0.0), reduction=REDUCTION),
    },
    jax=lambda jax, x, target, *, beta, reduction: reduced_by(
        jax.numpy.where(abs(x - target) < beta, (x - target) ** 2 / (2 * beta or 1), abs(x - target) - beta / 2),
        reduction,
    ),
    sympy=lambda sympy, x, target, *, beta, reduction: reduced_by(
        np.frompyfunc(
            lambda d: sympy.Piecewise((d**2 / (2 * beta or 1), sympy.Abs(d) < beta), (sympy.Abs(d) - beta / 2, True)),
            1,
            1,
        )(x - target),
        reduction,
    ),
    source="Girshick 2015, eq. 3, with β as in PyTorch",
)
def smooth_l1(x: Array, target: Array, *, beta: float = 1.0, reduction: str = "mean") -> Pulled:
    """d²/(2 beta) for |d| < beta, |d| - beta/2 beyond, d = x - target.  (n, k), (n, k) -> () or (n, k)

    dx = dy clip(d / beta, -1, 1), dtarget = -dx: no kink, but for beta = 0, which is mae.  It is huber / beta.
    Raises ValueError for beta below 0.
    """
    if beta < 0:
        raise ValueError(f"beta is {beta}: use 0 or more")
    d = difference(x, target)
    slope = np.clip(d / beta, -1, 1) if beta else np.sign(d)
    y, spread = reduced(slope * (d - slope * (beta / 2)), reduction)

    def pullback(dy: Array) -> Any:
        dx = slope * spread(dy)
        return dx, -dx

    return y, pullback


@rule(
    domain=dict(x=real("n k", at=(-800.0, 1e-9, 800.0)), target=real("n k", at=(1e-9,)), reduction=REDUCTION),
    jax=lambda jax, x, target, *, reduction: reduced_by(
        jax.numpy.logaddexp(x - target, target - x) - jax.numpy.log(2.0), reduction
    ),
    sympy=lambda sympy, x, target, *, reduction: reduced_by(
        each(lambda sympy, d: sympy.log((sympy.exp(d) + sympy.exp(-d)) / 2))(sympy, x - target), reduction
    ),
    source="Chen et al. 2019, Log hyperbolic cosine loss improves variational auto-encoder, section 3",
)
def log_cosh(x: Array, target: Array, *, reduction: str = "mean") -> Pulled:
    """log(cosh(d)), d = x - target, d²/2 near 0 and |d| - log 2 far out.  (n, k), (n, k) -> () or (n, k)

    dx = dy tanh(d), dtarget = -dx.  Near 0 cosh(d) - 1 is 2 sinh(d/2)², which keeps its digits.
    """
    d = difference(x, target)
    size = np.abs(d)
    near = np.log1p(2 * np.sinh(np.minimum(size, 1) / 2) ** 2)
    far = size + np.log((1 + np.exp(-2 * size)) / 2)
    y, spread = reduced(np.where(size < 1, near, far), reduction)

    def pullback(dy: Array) -> Any:
        dx = np.tanh(d) * spread(dy)
        return dx, -dx

    return y, pullback


@rule(
    domains={
        "": dict(x=real("n k"), target=made(apart), q=choice(0.9, 0.25), reduction=REDUCTION),
        "several": dict(
            x=real("n k"),
            target=made(apart),
            q=made(lambda rng, x: rng.uniform(0.05, 0.95, x.shape[-1]).round(3), "a quantile for each column"),
            reduction=REDUCTION,
        ),
    },
    jax=lambda jax, x, target, *, q, reduction: reduced_by(
        jax.numpy.maximum(q * (target - x), (q - 1) * (target - x)), reduction
    ),
    sympy=lambda sympy, x, target, *, q, reduction: reduced_by(
        np.frompyfunc(lambda e, q: sympy.Piecewise((q * e, e > 0), ((q - 1) * e, True)), 2, 1)(target - x, q), reduction
    ),
    source="Koenker & Bassett 1978, section 3",
)
def quantile_loss(x: Array, target: Array, *, q: Any = 0.5, reduction: str = "mean") -> Pulled:
    """q e for e = target - x above 0, (q - 1) e below.  (n, k), (n, k) -> () or (n, k)

    dx = dy (1 - q) where x > target, -q where x < target, and half of both where they are equal; dtarget = -dx.
    q is a number, or an array that broadcasts: a quantile for each column.  Raises ValueError where q is not in [0, 1].
    """
    if not (np.less_equal(0, q) & np.less_equal(q, 1)).all():
        raise ValueError(f"q is {q}: use numbers from 0 to 1")
    d = difference(x, target)
    slope = (np.sign(d) + 1) / 2 - q
    y, spread = reduced(slope * d, reduction)

    def pullback(dy: Array) -> Any:
        dx = slope * spread(dy)
        return dx, -dx

    return y, pullback


def stirling(target: Array) -> Array:
    """Stirling's approximation of log(target!), where target is above 1, else 0: what PyTorch adds."""
    many = np.maximum(target, 1)
    return np.asarray(np.where(target > 1, many * np.log(many) - many + np.log(2 * np.pi * many) / 2, 0))


def counts(rng: np.random.Generator, x: Array) -> Array:
    """Counts from 0 to 6"""
    return np.asarray(rng.integers(0, 7, x.shape) * 1.0)


@rule(
    domains={
        "": dict(x=real("n k", at=(-30.0, 30.0)), target=made(counts), full=choice(False, True), reduction=REDUCTION),
        "rates": dict(
            x=positive("n k", at=(1e-200,)),
            target=made(counts),
            log_input=choice(False),
            full=choice(True, False),
            eps=choice(1e-8, 0.125),
            reduction=REDUCTION,
        ),
    },
    jax=lambda jax, x, *, target, reduction, log_input=True, full=False, eps=1e-8: reduced_by(
        (jax.numpy.exp(x) - target * x if log_input else x - target * jax.numpy.log(x + eps))
        + (stirling(target) if full else 0),
        reduction,
    ),
    sympy=lambda sympy, x, *, target, reduction, log_input=True, full=False, eps=1e-8: reduced_by(
        np.frompyfunc(lambda a, t: sympy.exp(a) - t * a if log_input else a - t * sympy.log(a + eps), 2, 1)(x, target)
        + (stirling(target) if full else 0),
        reduction,
    ),
    source="PyTorch, torch.nn.functional.poisson_nll_loss",
)
def poisson_nll(
    x: Array,
    *,
    target: Array,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Pulled:
    """exp(x) - t x, or r - t log(r + eps) of rates r = x with log_input=False, t the target.  (n, k) -> () or (n, k)

    dx = dy (exp(x) - t), or dy (r - t + eps) / (r + eps).  full: with Stirling's approximation of log(t!), where t > 1.
    """
    target = matched(target, x)
    loss = np.exp(x) - target * x if log_input else x - target * np.log(x + eps)
    y, spread = reduced(loss + stirling(target) if full else loss, reduction)

    def pullback(dy: Array) -> Any:
        return spread(dy) * (np.exp(x) - target if log_input else (x - target + eps) / (x + eps))

    return y, pullback


@rule(
    domains={
        "": dict(
            x=real("n k"),
            target=real("n k"),
            var=positive("n k", at=(1e-3, 1e6)),
            full=choice(False, True),
            reduction=REDUCTION,
        ),
        "a variance a row": dict(x=real("n k"), target=real("n k"), var=positive("n 1"), reduction=REDUCTION),
        "floor": dict(x=real("n k"), target=real("n k"), var=real("n k", 0.1, 3.0, kinks=(1.25,)), eps=choice(1.25)),
    },
    jax=lambda jax, x, target, var, *, full=False, eps=1e-6, reduction="mean": reduced_by(
        -jax.scipy.stats.norm.logpdf(x, target, jax.numpy.sqrt(jax.numpy.maximum(var, eps)))
        - (0 if full else jax.numpy.log(2 * jax.numpy.pi) / 2),
        reduction,
    ),
    sympy=lambda sympy, x, target, var, *, full=False, eps=1e-6, reduction="mean": reduced_by(
        np.frompyfunc(
            lambda d, v: (
                sympy.Piecewise((sympy.log(v) + d**2 / v, v > eps), (sympy.log(eps) + d**2 / eps, True)) / 2
                + (sympy.log(2 * sympy.pi) / 2 if full else 0)
            ),
            2,
            1,
        )(x - target, var),
        reduction,
    ),
    source="Nix & Weigend 1994, eq. 4",
)
def gaussian_nll(
    x: Array, target: Array, var: Array, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Pulled:
    """(log v + d²/v) / 2, v = max(var, eps), d = x - target.  (n, k), (n, k), (n, k) -> () or (n, k)

    dx = dy d / v, dtarget = -dx, dvar = dy (v - d²) / (2 v²) where var > eps, else 0 (PyTorch: the same everywhere).
    var broadcasts to x; full: with log(2π) / 2.  Raises ValueError for a var below 0.
    """
    if (var < 0).any():
        raise ValueError("var has entries below 0: a variance is 0 or more")
    d = difference(x, target)
    v = np.maximum(var, eps)
    y, spread = reduced((np.log(2 * np.pi * v if full else v) + d * d / v) / 2, reduction)

    def pullback(dy: Array) -> Any:
        g = spread(dy)
        dx = g * d / v
        return dx, -dx, unbroadcast(np.where(var > eps, g * (v - d * d) / (2 * v * v), 0), var.shape)

    return y, pullback
