"""Softmax, layer norm and attention in low precision, each written three ways: naive, stable, accumulating in float32.

Every sum of the first two is rounded at every step to the type of its terms, as a loop in a kernel does it (NumPy's own
sums of float16 are kept in float32).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reference.activations import softmax as reference_softmax
from reference.attention import scaled_dot_product_attention
from reference.normalization import layer_norm as reference_layer_norm

EPS = 1e-5


def total(terms: Any, axis: int = -1) -> Any:
    """A sum in the type of its terms, one after the other."""
    return np.take(np.cumsum(terms, axis, dtype=terms.dtype), [-1], axis)


def mean(terms: Any) -> Any:
    return total(terms) / np.asarray(terms.shape[-1], terms.dtype)


def product(a: Any, b: Any) -> Any:
    """A matrix product in the type of its factors."""
    return total(a[..., :, None, :] * b.mT[..., None, :, :])[..., 0]


def softmax_naive(x: Any) -> Any:
    e = np.exp(x)
    y = e / total(e)
    return y, lambda dy: y * (dy - total(dy * y))


def softmax_stable(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / total(e)
    return y, lambda dy: y * (dy - total(dy * y))


def layer_norm_naive(x: Any, g: Any, b: Any) -> Any:
    """The variance as E x² - (E x)², and no pass over centred numbers."""
    m = mean(x)
    scale = 1 / np.sqrt(mean(x * x) - m * m + np.asarray(EPS, x.dtype))
    return normalised(x * scale - m * scale, scale, g, b)


def layer_norm_stable(x: Any, g: Any, b: Any) -> Any:
    centred = x - mean(x)
    scale = 1 / np.sqrt(mean(centred * centred) + np.asarray(EPS, x.dtype))
    return normalised(centred * scale, scale, g, b)


def normalised(y: Any, scale: Any, g: Any, b: Any) -> Any:
    def pullback(dy: Any) -> Any:
        d = dy * g
        return scale * (d - mean(d) - y * mean(d * y)), total(dy * y, 0)[0], total(dy, 0)[0]

    return y * g + b, pullback


def attention_naive(q: Any, k: Any, v: Any) -> Any:
    """The scores are scaled after they were summed up, and exponentiated as they are."""
    return attention(q, k, v, softmax_naive, first=False)


def attention_stable(q: Any, k: Any, v: Any) -> Any:
    return attention(q, k, v, softmax_stable, first=True)


def attention(q: Any, k: Any, v: Any, softmax: Callable[..., Any], *, first: bool) -> Any:
    scale = np.asarray(q.shape[-1] ** -0.5, q.dtype)
    p, pull = softmax(product(scale * q, k.mT) if first else scale * product(q, k.mT))

    def pullback(dy: Any) -> Any:
        ds = scale * pull(product(dy, v.mT))
        return product(ds, k), product(ds.mT, q), product(p.mT, dy)

    return product(p, v), pullback


def in_float32(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that keeps everything in float32, NumPy's sums among it, and rounds once."""

    @functools.wraps(getattr(kernel, "function", kernel))
    def accumulating(*args: Any) -> Any:
        y, pullback = kernel(*(a.astype(np.float32) for a in args))

        def rounded(dy: Any) -> Any:
            found = pullback(dy.astype(np.float32))
            found = found if isinstance(found, tuple) else (found,)
            return tuple(c.astype(a.dtype) for c, a in zip(found, args, strict=True))

        return y.astype(args[0].dtype), rounded

    return accumulating


Arguments = tuple[Any, ...]


def rows(rng: np.random.Generator) -> Arguments:
    """Rows of scores, one of which float16 cannot exponentiate."""
    x = rng.normal(0, 2, (4, 48))
    x[0, 0] = 11.5
    return (x,)


def features(rng: np.random.Generator) -> Arguments:
    """Features with a mean of several standard deviations."""
    return rng.normal(6, 1, (4, 48)), rng.uniform(0.5, 2, 48), rng.normal(0, 1, 48)


def heads(rng: np.random.Generator) -> Arguments:
    """Queries, keys and values."""
    return tuple(rng.normal(0, 1.5, shape) for shape in ((4, 16), (24, 16), (24, 6)))


# The reference of each, its arguments, and the three ways from the worst to the best.
WAYS: Mapping[str, tuple[Any, Callable[[np.random.Generator], Arguments], Mapping[str, Callable[..., Any]]]] = {
    "softmax": (
        reference_softmax,
        rows,
        {"naive": softmax_naive, "stable": softmax_stable, "float32": in_float32(reference_softmax)},
    ),
    "layer_norm": (
        reference_layer_norm,
        features,
        {"naive": layer_norm_naive, "stable": layer_norm_stable, "float32": in_float32(reference_layer_norm)},
    ),
    "attention": (
        scaled_dot_product_attention,
        heads,
        {"naive": attention_naive, "stable": attention_stable, "float32": in_float32(scaled_dot_product_attention)},
    ),
}
