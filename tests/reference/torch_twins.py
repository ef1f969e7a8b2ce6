"""Each primitive as PyTorch has it: ``twin(torch, *tensors, **params)``; or why PyTorch has none."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.reference import torch_layers


def named(path: str) -> Any:
    """The function of that name in torch, its parameters those of the primitive."""

    def twin(torch: Any, *tensors: Any, **params: Any) -> Any:
        found = torch
        for part in path.split("."):
            found = getattr(found, part)
        return found(*tensors, **params)

    return twin


def over_axis(reduce: Any) -> Any:
    """A reduction by its ``dim``, which may be None or a tuple."""

    def twin(torch: Any, x: Any, *, axis: Any = None, keepdims: bool = False, **params: Any) -> Any:
        dims = tuple(range(x.ndim)) if axis is None else axis
        return reduce(torch, x, dims, keepdims, **params)

    return twin


def one_by_one(reduce: Any) -> Any:
    """A reduction over several axes, one after the other from the last."""

    def twin(torch: Any, x: Any, dims: Any, keepdims: bool) -> Any:
        dims = [dims] if isinstance(dims, int) else dims
        for dim in sorted((d % x.ndim for d in dims), reverse=True):
            x = reduce(torch, x, dim, keepdims)
        return x

    return twin


def reduced(loss: Any) -> Any:
    """A loss of torch.nn.functional without a batch convention of its own."""
    return lambda torch, *xs, **params: loss(torch.nn.functional, *xs, **params)


def bilinear(torch: Any, x: Any, z: Any, w: Any, b: Any) -> Any:
    return torch.nn.functional.bilinear(x, z, w, b)


def symmetric(name: str) -> Any:
    """A function of torch.linalg for symmetric matrices, at the symmetric part."""
    return lambda torch, x: getattr(torch.linalg, name)((x + x.mT) / 2)


def expand_dims(torch: Any, x: Any, *, axis: Any) -> Any:
    axes = (axis,) if isinstance(axis, int) else axis
    for a in sorted(a % (x.ndim + len(axes)) for a in axes):
        x = torch.unsqueeze(x, a)
    return x


def eigh(torch: Any, x: Any) -> Any:
    """The sign of an eigenvector is anybody's choice: here NumPy's."""
    w, v = torch.linalg.eigh((x + x.mT) / 2)
    numpys = torch.tensor(np.linalg.eigh(((x + x.mT) / 2).detach().numpy())[1])
    return w, v * torch.sgn((v * numpys).sum(-2, keepdim=True)).detach()


def sliced(torch: Any, x: Any, *, key: Any) -> Any:
    """x[key]; torch has no negative steps, and has flip."""
    keys = key if isinstance(key, tuple) else (key,)
    backward = tuple(i for i, k in enumerate(keys) if isinstance(k, slice) and (k.step or 1) < 0)
    forward = tuple(turned(k, x.shape[i]) if i in backward else k for i, k in enumerate(keys))
    return torch.flip(x, backward)[forward]


def turned(key: slice, size: int) -> slice:
    """The same entries in an axis that is turned round."""
    start, stop, step = key.indices(size)
    return slice(size - 1 - start, size - 1 - stop, -step)


def by_entry(loss: Any, reduction: str) -> Any:
    """The mean over all entries, their sum, or the entries."""
    return {"mean": loss.mean, "sum": loss.sum, "none": lambda: loss}[reduction]()


def padded(torch: Any, x: Any, *, width: Any) -> Any:
    return torch.nn.functional.pad(x, [n for pair in reversed(width) for n in pair])


def batch_norm(torch: Any, x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    return torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def batch_norm_inference(torch: Any, x: Any, gamma: Any, beta: Any, *, mean: Any, var: Any, eps: float) -> Any:
    return torch.nn.functional.batch_norm(x, mean, var, gamma, beta, training=False, eps=eps)


def convolution(name: str) -> Any:
    return lambda torch, x, w, b, **params: getattr(torch.nn.functional, name)(x, w, b, **params)


def transform(name: str) -> Any:
    """A transform of torch.fft, its axis called dim."""
    return lambda torch, x, *, axis, **params: getattr(torch.fft, name)(x, dim=axis, **params)


ACTIVATIONS = {
    "activations.sigmoid": named("sigmoid"),
    "activations.log_sigmoid": named("nn.functional.logsigmoid"),
    "activations.softplus": named("nn.functional.softplus"),
    "activations.silu": named("nn.functional.silu"),
    "activations.mish": named("nn.functional.mish"),
    "activations.gelu": named("nn.functional.gelu"),
    "activations.gelu_tanh": lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh"),
    "activations.quick_gelu": lambda torch, x: x * torch.sigmoid(1.702 * x),
    "activations.softsign": named("nn.functional.softsign"),
    "activations.relu": named("relu"),
    "activations.softmax": lambda torch, x, *, axis: torch.softmax(x, axis),
    "activations.log_softmax": lambda torch, x, *, axis: torch.log_softmax(x, axis),
    "rectifiers.relu6": named("nn.functional.relu6"),
    "rectifiers.leaky_relu": lambda torch, x, *, slope: torch.nn.functional.leaky_relu(x, slope),
    "rectifiers.elu": named("nn.functional.elu"),
    "rectifiers.celu": named("nn.functional.celu"),
    "rectifiers.selu": named("nn.functional.selu"),
    "rectifiers.hard_tanh": named("nn.functional.hardtanh"),
    # torch.nn.functional.hardsigmoid multiplies by a float32 sixth, at float64 too: it is 2e-8 off.
    "rectifiers.hard_sigmoid": lambda torch, x: torch.clamp(x + 3, 0, 6) / 6,
    "rectifiers.hard_silu": named("nn.functional.hardswish"),
}

ELEMENTWISE = {
    "arithmetic.add": named("add"),
    "arithmetic.subtract": named("sub"),
    "arithmetic.multiply": named("mul"),
    "arithmetic.divide": named("div"),
    "arithmetic.negative": named("neg"),
    "arithmetic.reciprocal": named("reciprocal"),
    "arithmetic.pow": named("pow"),
    "arithmetic.integer_pow": lambda torch, x, *, exponent: x**exponent,
    "arithmetic.square": named("square"),
    "arithmetic.sqrt": named("sqrt"),
    "arithmetic.abs": named("abs"),
    "arithmetic.hypot": named("hypot"),
    "arithmetic.maximum": named("maximum"),
    "arithmetic.minimum": named("minimum"),
    "arithmetic.clip": lambda torch, x, *, low, high: torch.clamp(x, low, high),
    "arithmetic.where": lambda torch, x, y, *, condition: torch.where(condition, x, y),
    "arithmetic.lerp": named("lerp"),
    **{
        f"exponential.{name}": named(name)
        for name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp")
    },
    **{
        f"trigonometric.{name}": named(name)
        for name in (
            *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
            *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
        )
    },
}

REDUCTIONS = {
    "reductions.sum": over_axis(lambda torch, x, dims, keep: torch.sum(x, dims, keepdim=keep)),
    "reductions.mean": over_axis(lambda torch, x, dims, keep: torch.mean(x, dims, keepdim=keep)),
    "reductions.max": over_axis(lambda torch, x, dims, keep: torch.amax(x, dims, keepdim=keep)),
    "reductions.min": over_axis(lambda torch, x, dims, keep: torch.amin(x, dims, keepdim=keep)),
    "reductions.var": over_axis(
        lambda torch, x, dims, keep, correction=0: torch.var(x, dims, correction=correction, keepdim=keep)
    ),
    "reductions.std": over_axis(
        lambda torch, x, dims, keep, correction=0: torch.std(x, dims, correction=correction, keepdim=keep)
    ),
    "reductions.prod": over_axis(one_by_one(lambda torch, x, dim, keep: torch.prod(x, dim, keepdim=keep))),
    "reductions.logsumexp": over_axis(lambda torch, x, dims, keep: torch.logsumexp(x, dims, keepdim=keep)),
    "reductions.vector_norm": over_axis(
        lambda torch, x, dims, keep, p=2: torch.linalg.vector_norm(x, p, dims, keepdim=keep)
    ),
    "reductions.cumulative_sum": lambda torch, x, *, axis: torch.cumsum(x, axis),
    "reductions.cumulative_prod": lambda torch, x, *, axis: torch.cumprod(x, axis),
    "reductions.diff": lambda torch, x, *, axis: torch.diff(x, dim=axis),
}

LINEAR_ALGEBRA = {
    "linalg.matmul": named("matmul"),
    "linalg.vecdot": named("linalg.vecdot"),
    "linalg.inner": named("inner"),
    "linalg.outer": lambda torch, a, b: torch.outer(a.ravel(), b.ravel()),
    "linalg.kron": named("kron"),
    "linalg.cross": named("linalg.cross"),
    "linalg.trace": lambda torch, x, *, offset=0: torch.diagonal(x, offset, -2, -1).sum(-1),
    "linalg.tril": lambda torch, x, *, offset: torch.tril(x, offset),
    "linalg.triu": lambda torch, x, *, offset: torch.triu(x, offset),
    "linalg.inv": named("linalg.inv"),
    "linalg.solve": named("linalg.solve"),
    "linalg.det": named("linalg.det"),
    "linalg.slogdet": lambda torch, x: tuple(torch.linalg.slogdet(x)),
    "linalg.matrix_power": lambda torch, x, *, exponent: torch.linalg.matrix_power(x, exponent),
    "linear.linear": named("nn.functional.linear"),
    "linear.bilinear": bilinear,
    "factorizations.cholesky": symmetric("cholesky"),
    "factorizations.qr": lambda torch, x: tuple(torch.linalg.qr(x)),
    "factorizations.eigvalsh": symmetric("eigvalsh"),
    "factorizations.eigh": eigh,
    "factorizations.svdvals": named("linalg.svdvals"),
    "factorizations.triangular_solve": lambda torch, a, b, *, lower: torch.linalg.solve_triangular(
        a, b if b.ndim > 1 else b[:, None], upper=not lower
    ).reshape(b.shape),
    "factorizations.pinv": named("linalg.pinv"),
    "factorizations.lstsq": lambda torch, a, b: torch.linalg.lstsq(a, b).solution,
    "factorizations.matrix_norm": lambda torch, x, *, order: torch.linalg.matrix_norm(x, order),
    "factorizations.expm": named("linalg.matrix_exp"),
}

SHAPES = {
    "shape.permute_dims": lambda torch, x, *, axes: torch.permute(x, axes),
    "shape.matrix_transpose": lambda torch, x: x.mT,
    "shape.moveaxis": named("moveaxis"),
    "shape.reshape": lambda torch, x, *, shape: torch.reshape(x, shape if isinstance(shape, tuple) else (shape,)),
    "shape.squeeze": lambda torch, x, *, axis: torch.squeeze(x, axis),
    "shape.flip": lambda torch, x, *, axis: torch.flip(
        x, tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    ),
    "shape.repeat": lambda torch, x, *, repeats, axis: torch.repeat_interleave(x, repeats, axis),
    "shape.pad": padded,
    "indexing.getitem": sliced,
    "shape.expand_dims": expand_dims,
    "shape.broadcast_to": lambda torch, x, *, shape: torch.broadcast_to(x, shape),
    "shape.concat": lambda torch, *xs, axis: torch.concat(xs, axis),
    "shape.stack": lambda torch, *xs, axis: torch.stack(xs, axis),
    "shape.roll": lambda torch, x, *, shift, axis: torch.roll(x, shift, axis),
    "shape.tile": lambda torch, x, *, repetitions: torch.tile(x, repetitions),
    "indexing.take": lambda torch, x, *, indices, axis: x.movedim(axis, 0)[indices].movedim(
        tuple(range(indices.ndim)), tuple(axis % x.ndim + i for i in range(indices.ndim))
    ),
    "indexing.take_along_axis": lambda torch, x, *, indices, axis: torch.take_along_dim(x, indices, axis),
    "indexing.embedding": lambda torch, table, *, indices: torch.nn.functional.embedding(indices, table),
    "indexing.index_add": lambda torch, x, values, *, indices: torch.index_add(x, 0, indices, values),
}

LAYERS = {
    "convolution.conv1d": convolution("conv1d"),
    "convolution.conv2d": convolution("conv2d"),
    "normalization.layer_norm": lambda torch, x, gamma, beta, *, eps: torch.nn.functional.layer_norm(
        x, gamma.shape, gamma, beta, eps
    ),
    "normalization.rms_norm": lambda torch, x, gamma, *, eps: torch.nn.functional.rms_norm(x, gamma.shape, gamma, eps),
    "normalization.batch_norm": batch_norm,
    "normalization.batch_norm_inference": batch_norm_inference,
    "normalization.l2_normalize": lambda torch, x, *, axis, eps=1e-12: torch.nn.functional.normalize(
        x, dim=axis, eps=eps
    ),
    "rectifiers.prelu": named("nn.functional.prelu"),
}

LOSSES = {
    "losses.softmax_cross_entropy": lambda torch, logits, *, labels, reduction: torch.nn.functional.cross_entropy(
        logits, labels, reduction=reduction
    ),
    "losses.mse": named("nn.functional.mse_loss"),
    "losses.mae": named("nn.functional.l1_loss"),
    "losses.huber": named("nn.functional.huber_loss"),
    "losses.bce_with_logits": lambda torch, x, *, target, pos_weight=None, reduction: (
        torch.nn.functional.binary_cross_entropy_with_logits(
            x, target, pos_weight=None if pos_weight is None else torch.as_tensor(pos_weight), reduction=reduction
        )
    ),
    "losses.kl_divergence": lambda torch, p, q, *, reduction: by_entry(
        torch.nn.functional.kl_div(torch.log(q), p, reduction="none").sum(-1), reduction
    ),
}

TRANSFORMS = {
    **{f"fft.{name}": transform(name) for name in ("fft", "ifft", "rfft", "irfft")},
    "fft.fft2": named("fft.fft2"),
    "fft.rfft2": named("fft.rfft2"),
    "fft.fftshift": lambda torch, x, *, axes: torch.fft.fftshift(x, axes),
}

SPECIAL = {
    **{
        f"special.{name}": named(f"special.{name}")
        for name in (
            *("erf", "erfc", "erfinv", "ndtr", "log_ndtr", "ndtri", "logit"),
            *("gammaln", "digamma", "i0", "i0e", "i1", "i1e"),
        )
    },
    "special.betaln": lambda torch, a, b: torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b),
}

TWINS = {
    **SPECIAL,
    **torch_layers.LAYERS,
    **LAYERS,
    **LOSSES,
    **TRANSFORMS,
    **ACTIVATIONS,
    **ELEMENTWISE,
    **REDUCTIONS,
    **LINEAR_ALGEBRA,
    **SHAPES,
}

WITHOUT = {
    **torch_layers.WITHOUT,
    "activations.squareplus": "torch has none",
    "arithmetic.cbrt": "torch has none",
    "factorizations.cho_solve": "torch.cholesky_solve reads one triangle of its factor, ours is the same for a lower one",
    "factorizations.svd": "torch refuses cotangents that are not invariant under the signs of singular vectors",
    "losses.hinge": "torch has it for margins of several classes only",
    "normalization.dropout": "torch draws the mask itself",
    "normalization.standardize": "torch has it as layer_norm only",
    "rectifiers.maxout": "torch has none",
    "shape.split": "see unstack",
}

# Where torch is wrong or has another convention, case by case; each is seen to differ still.
DIFFERENT = {
    **torch_layers.DIFFERENT,
    "linalg.det[singular]": "torch.linalg.det answers 0 for a matrix of rank n - 1; the cofactors are not",
    "normalization.l2_normalize[zero]": "torch divides by max(norm, eps), ours by √max(Σ x², eps)",
}
