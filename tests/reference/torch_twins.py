"""Each primitive as PyTorch has it: ``twin(torch, *tensors, **params)``; or why PyTorch has none."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.reference import torch_layers, torch_numpy


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


def by_entry(loss: Any, reduction: str) -> Any:
    """The mean over all entries, their sum, or the entries."""
    return {"mean": loss.mean, "sum": loss.sum, "none": lambda: loss}[reduction]()


def classes_second(name: str) -> Any:
    """A loss of torch.nn.functional, where classes are the second axis, of primitives where they are the last."""

    def twin(torch: Any, x: Any, *, target: Any, **params: Any) -> Any:
        found = target if target.dtype == torch.int64 else target.movedim(-1, 1)
        return getattr(torch.nn.functional, name)(x.movedim(-1, 1), found, **params)

    return twin


def ctc(torch: Any, x: Any, *, labels: Any, input_lengths: Any = None, label_lengths: Any = None, **params: Any) -> Any:
    """torch.ctc_loss of log-probabilities, frames first; its gradient is right behind a log_softmax only."""
    inputs = torch.full((len(x),), x.shape[1]) if input_lengths is None else input_lengths
    sizes = torch.full((len(x),), labels.shape[1]) if label_lengths is None else label_lengths
    log_p = torch.log_softmax(x, -1).movedim(1, 0)
    return torch.nn.functional.ctc_loss(log_p, labels, inputs, sizes, **params)


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
}

LINEAR_ALGEBRA = {
    "linalg.matmul": named("matmul"),
    "linalg.vecdot": named("linalg.vecdot"),
    "linalg.inner": named("inner"),
    "linalg.outer": lambda torch, a, b: torch.outer(a.ravel(), b.ravel()),
    "linalg.kron": named("kron"),
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
    "factorizations.pinv": named("linalg.pinv"),
    "factorizations.lstsq": lambda torch, a, b: torch.linalg.lstsq(a, b).solution,
    "factorizations.expm": named("linalg.matrix_exp"),
}

SHAPES = {
    "shape.permute_dims": lambda torch, x, *, axes: torch.permute(x, axes),
    "shape.matrix_transpose": lambda torch, x: x.mT,
    "shape.moveaxis": named("moveaxis"),
    "shape.squeeze": lambda torch, x, *, axis: torch.squeeze(x, axis),
    "shape.flip": lambda torch, x, *, axis: torch.flip(
        x, tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    ),
    "shape.expand_dims": expand_dims,
    "shape.broadcast_to": lambda torch, x, *, shape: torch.broadcast_to(x, shape),
    "shape.concat": lambda torch, *xs, axis: torch.concat(xs, axis),
    "shape.stack": lambda torch, *xs, axis: torch.stack(xs, axis),
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
    "losses.bce_with_logits": named("nn.functional.binary_cross_entropy_with_logits"),
    "losses.kl_divergence": lambda torch, p, q, *, reduction: by_entry(
        torch.nn.functional.kl_div(torch.log(q), p, reduction="none").sum(-1), reduction
    ),
}

MORE_LOSSES = {
    "alignments.ctc": ctc,
    "classification_losses.binary_cross_entropy": named("nn.functional.binary_cross_entropy"),
    "classification_losses.cross_entropy": classes_second("cross_entropy"),
    "classification_losses.nll": classes_second("nll_loss"),
    "embedding_losses.cosine_embedding": named("nn.functional.cosine_embedding_loss"),
    "embedding_losses.triplet_margin": named("nn.functional.triplet_margin_loss"),
    "margin_losses.margin_ranking": named("nn.functional.margin_ranking_loss"),
    "margin_losses.multi_margin": lambda torch, x, *, labels, **params: torch.nn.functional.multi_margin_loss(
        x, labels, **params
    ),
    "margin_losses.soft_margin": named("nn.functional.soft_margin_loss"),
    "regression_losses.gaussian_nll": named("nn.functional.gaussian_nll_loss"),
    "regression_losses.poisson_nll": named("nn.functional.poisson_nll_loss"),
    "regression_losses.smooth_l1": named("nn.functional.smooth_l1_loss"),
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
    **torch_numpy.NUMPY,
    **LAYERS,
    **LOSSES,
    **MORE_LOSSES,
    **TRANSFORMS,
    **ACTIVATIONS,
    **ELEMENTWISE,
    **REDUCTIONS,
    **LINEAR_ALGEBRA,
    **SHAPES,
}

WITHOUT = {
    **torch_layers.WITHOUT,
    **torch_numpy.WITHOUT,
    "activations.squareplus": "torch has none",
    "arithmetic.cbrt": "torch has none",
    "factorizations.cho_solve": "torch.cholesky_solve reads one triangle of its factor, ours is the same for a lower one",
    "factorizations.svd": "torch refuses cotangents that are not invariant under the signs of singular vectors",
    "classification_losses.focal": "torchvision has it",
    "classification_losses.js_divergence": "torch has none",
    "embedding_losses.contrastive": "torch has none",
    "embedding_losses.info_nce": "torch has none",
    "losses.hinge": "torch has it for margins of several classes only",
    "margin_losses.squared_hinge": "torch has it for margins of several classes only",
    "overlap_losses.dice": "torch has none",
    "overlap_losses.tversky": "torch has none",
    "regression_losses.log_cosh": "torch has none",
    "regression_losses.quantile_loss": "torch has none",
    "normalization.dropout": "torch draws the mask itself",
    "normalization.standardize": "torch has it as layer_norm only",
    "rectifiers.maxout": "torch has none",
}

# Where torch is wrong or has another convention, case by case; each is seen to differ still.
DIFFERENT = {
    **torch_layers.DIFFERENT,
    "linalg.det[singular]": "torch.linalg.det answers 0 for a matrix of rank n - 1; the cofactors are not",
    "linalg.det[nearly singular]": "two of its matrices have rank n - 1, as in linalg.det[singular]",
    "regression_losses.gaussian_nll[floor]": "torch hands cotangents through the floor of a variance",
    "scattering.index_set[rows]": "where an index repeats torch gives the gradient to what was overwritten too",
    "sorting.sort[ties]": "in descending order equal entries keep their order in torch, and are turned round in ours",
    "normalization.l2_normalize[tiny]": "as for zero",
    "normalization.l2_normalize[zero]": "torch divides by max(norm, eps), ours by √max(Σ x², eps)",
}
