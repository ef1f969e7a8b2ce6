"""The same computations in HIPS autograd: ``twin(np, *args, **params)``, np being ``autograd.numpy``.

Most are the twin that a rule declares for JAX, with autograd's NumPy in place of jax.numpy; those of this table are
written otherwise there, or are functions of jax.nn, written as a user of autograd has to write them.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gradcheck.cases import Case
from tests.benchmarks.large import short


def convolved(np: Any, x: Any, w: Any, b: Any) -> Any:
    """autograd.scipy.signal.convolve turns the kernel round."""
    from autograd.scipy.signal import convolve

    axes = list(range(2, x.ndim))
    turned = w[(..., *(slice(None, None, -1) for _ in axes))]
    y = convolve(x, turned, axes=(axes, axes), dot_axes=([1], [1]), mode="valid")
    return y + b.reshape(-1, *(1,) * len(axes))


def normalized(np: Any, x: Any, axis: Any, eps: float) -> Any:
    return (x - np.mean(x, axis, keepdims=True)) / np.sqrt(np.var(x, axis, keepdims=True) + eps)


def log_softmax(np: Any, x: Any, axis: Any = -1) -> Any:
    from autograd.scipy.special import logsumexp

    return x - logsumexp(x, axis, keepdims=True)


def softmax(np: Any, x: Any, axis: Any = -1) -> Any:
    e = np.exp(x - np.max(x, axis, keepdims=True))
    return e / np.sum(e, axis, keepdims=True)


def sigmoid(np: Any, x: Any) -> Any:
    from autograd.scipy.special import expit

    return expit(x)


def gelu(np: Any, x: Any, approximate: bool = True) -> Any:
    from autograd.scipy.special import erf

    if approximate:
        return x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))) / 2
    return x * (1 + erf(x / 2**0.5)) / 2


def activations(np: Any) -> Any:
    """jax.nn in autograd's NumPy."""
    return SimpleNamespace(
        sigmoid=lambda x: sigmoid(np, x),
        log_sigmoid=lambda x: -np.logaddexp(0, -x),
        softplus=lambda x: np.logaddexp(x, 0),
        silu=lambda x: x * sigmoid(np, x),
        mish=lambda x: x * np.tanh(np.logaddexp(x, 0)),
        gelu=lambda x, approximate=True: gelu(np, x, approximate),
        soft_sign=lambda x: x / (1 + np.abs(x)),
        squareplus=lambda x, b: (x + np.sqrt(x * x + b)) / 2,
        relu=lambda x: np.maximum(x, 0),
        relu6=lambda x: np.minimum(np.maximum(x, 0), 6),
        leaky_relu=lambda x, slope: np.where(x > 0, x, slope * x),
        elu=lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        celu=lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)),
        hard_tanh=lambda x: np.clip(x, -1, 1),
        softmax=lambda x, axis=-1: softmax(np, x, axis),
        log_softmax=lambda x, axis=-1: log_softmax(np, x, axis),
    )


def over_axis(name: str) -> Any:
    """A reduction that autograd has."""
    return lambda np, x, *, axis, keepdims, **params: getattr(np, name)(x, axis=axis, keepdims=keepdims, **params)


def special(name: str) -> Any:
    def twin(np: Any, *xs: Any) -> Any:
        from autograd.scipy import special

        return getattr(special, name)(*xs)

    return twin


def logsumexp(np: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    from autograd.scipy.special import logsumexp

    return logsumexp(x, axis=axis, keepdims=keepdims)


TABLE: dict[str, Any] = {
    **{f"reductions.{name}": over_axis(name) for name in ("sum", "mean", "max", "min", "prod")},
    "reductions.var": lambda np, x, *, axis, keepdims, correction: np.var(x, axis, ddof=correction, keepdims=keepdims),
    "reductions.std": lambda np, x, *, axis, keepdims, correction: np.std(x, axis, ddof=correction, keepdims=keepdims),
    "reductions.ptp": lambda np, x, *, axis, keepdims: (
        np.max(x, axis, keepdims=keepdims) - np.min(x, axis, keepdims=keepdims)
    ),
    "reductions.logsumexp": logsumexp,
    "reductions.vector_norm": lambda np, x, *, axis, keepdims, **p: (
        np.sum(np.abs(x) ** p["ord"], axis, keepdims=keepdims) ** (1 / p["ord"])
    ),
    "running.cumulative_sum": lambda np, x, *, axis, include_initial: np.cumsum(x, axis),
    "exponential.logaddexp2": lambda np, a, b: np.logaddexp2(a, b),
    "special.digamma": special("psi"),
    **{
        f"special.{name}": special(name) for name in ("erf", "erfc", "erfinv", "gammaln", "betaln", "i0", "i1", "logit")
    },
    "arithmetic.integer_pow": lambda np, x, *, exponent: x**exponent,
    "arithmetic.cbrt": lambda np, x: np.sign(x) * np.abs(x) ** (1 / 3),
    "convolution.conv1d": lambda np, *xs, stride: convolved(np, *xs),
    "convolution.conv2d": convolved,
    "convolution.conv3d": convolved,
    "normalization.standardize": lambda np, x, *, axis, eps: normalized(np, x, axis, eps),
    "normalization.layer_norm": lambda np, x, gamma, beta, *, eps: normalized(np, x, -1, eps) * gamma + beta,
    "normalization.batch_norm": lambda np, x, gamma, beta, *, eps: normalized(np, x, 0, eps) * gamma + beta,
    "losses.softmax_cross_entropy": lambda np, logits, *, labels, reduction: (
        -np.mean(log_softmax(np, logits)[np.arange(len(labels)), labels])
    ),
    "factorizations.cholesky": lambda np, x: np.linalg.cholesky((x + x.T) / 2),
    "factorizations.eigh": lambda np, x: np.linalg.eigh((x + x.T) / 2),
    "factorizations.eigvalsh": lambda np, x: np.linalg.eigh((x + x.T) / 2)[0],
    "factorizations.svd": lambda np, x: np.linalg.svd(x, full_matrices=False),
    "factorizations.svdvals": lambda np, x: np.linalg.svd(x, full_matrices=False)[1],
    "shape.permute_dims": lambda np, x, *, axes: np.transpose(x, axes),
    "shape.unstack": lambda np, x, *, axis: tuple(np.moveaxis(x, axis, 0)),
    "shape.concat": lambda np, *xs, axis: np.concatenate(xs, axis),
    "sorting.sort": lambda np, x, *, axis, descending: np.sort(x, axis),
    "sorting.partition": lambda np, x, *, kth, axis: np.partition(x, kth, axis),
    "indexing.getitem": lambda np, x, *, key: x[key],
    "indexing.embedding": lambda np, table, *, indices: table[indices],
    "recurrent.rnn_cell": lambda np, x, h, w_x, w_h, b_x, b_h, **_: np.tanh(x @ w_x.T + b_x + h @ w_h.T + b_h),
}
# By their names in the array API, which autograd does not know.
RENAMED = {
    **{name: f"arc{name[1:]}" for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
    "concat": "concatenate",
    "permute_dims": "transpose",
    "pow": "power",
}


class Renamed:
    """autograd's NumPy with the names of the array API too."""

    def __init__(self, np: Any) -> None:
        self.np = np

    def __getattr__(self, name: str) -> Any:
        return getattr(self.np, RENAMED.get(name, name))


def stand_in() -> Any:
    """What is given to a twin that was declared for JAX."""
    import autograd.numpy as np
    from autograd import scipy
    from autograd.scipy import linalg, special  # noqa: F401

    return SimpleNamespace(numpy=Renamed(np), scipy=scipy, nn=activations(np))


def twin_of(case: Case) -> Any:
    """The rule's function for autograd: ``twin(*args, **params)``; None where none is declared."""
    import autograd.numpy as np

    if short(case) in TABLE:
        return lambda *args, **params: TABLE[short(case)](np, *args, **params)
    if not callable(case.rule.jax):
        return None
    jax = stand_in()
    return lambda *args, **params: case.rule.jax(jax, *args, **params)
