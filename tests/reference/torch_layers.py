"""Layers as PyTorch has them, for windows, recurrences, heads and gates; or why it has none."""

from __future__ import annotations

from typing import Any


def function(name: str, *renamed: str) -> Any:
    """That of torch.nn.functional: parameters of these names are positional there, in this order."""

    def twin(torch: Any, *tensors: Any, **params: Any) -> Any:
        places = [params.pop(key) for key in renamed]
        return getattr(torch.nn.functional, name)(*tensors, *places, **params)

    return twin


def over_time(name: str) -> Any:
    """torch's own function of a sequence and of one layer's states; it has no reverse, but time can be turned round."""

    def twin(torch: Any, x: Any, *rest: Any, reverse: bool = False, nonlinearity: str = "") -> Any:
        states, packed = tuple(s[None] for s in rest[:-4]), list(rest[-4:])
        run = getattr(torch, f"{name}_{nonlinearity}" if nonlinearity else name)
        hx = states if len(states) > 1 else states[0]
        y, *last = run(x.flip(0) if reverse else x, hx, packed, True, 1, 0.0, False, False, False)
        return y.flip(0) if reverse else y, *(s[0] for s in last)

    return twin


def depthwise(torch: Any, x: Any, w: Any, b: Any, **layout: Any) -> Any:
    return torch.nn.functional.conv2d(x, w.reshape(-1, 1, *w.shape[2:]), b, groups=len(w), **layout)


def lp_pool(torch: Any, x: Any, *, p: float, size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    pool = torch.nn.functional.lp_pool1d if x.ndim == 3 else torch.nn.functional.lp_pool2d
    return pool(x.abs(), p, size, stride, ceil_mode)


def nearest(torch: Any, x: Any, *, size: Any, half_pixel: bool) -> Any:
    return torch.nn.functional.interpolate(x, size, mode="nearest-exact" if half_pixel else "nearest")


def bilinear(torch: Any, x: Any, *, size: Any, align_corners: bool) -> Any:
    return torch.nn.functional.interpolate(x, size, mode="bilinear", align_corners=align_corners)


def grid_sample(torch: Any, x: Any, grid: Any, *, padding: str, align_corners: bool) -> Any:
    return torch.nn.functional.grid_sample(x, grid, padding_mode=padding, align_corners=align_corners)


def attention(
    torch: Any,
    q: Any,
    k: Any,
    v: Any,
    *,
    bias: Any = 0.0,
    mask: Any = None,
    causal: bool = False,
    scale: Any = None,
    **more: Any,
) -> Any:
    """Bias, mask and what comes later as one: torch takes a single addition to the scores."""
    added = torch.zeros(q.shape[-2], k.shape[-2], dtype=q.dtype) + bias
    hidden = torch.zeros(added.shape, dtype=bool) if mask is None else ~mask
    if causal:
        hidden = hidden | torch.ones(added.shape, dtype=bool).triu(1)
    added = added.masked_fill(hidden, -torch.inf)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, added, scale=scale, **more)


def multi_head(
    torch: Any, q: Any, k: Any, v: Any, *weights: Any, heads: int, mask: Any = None, causal: bool = False
) -> Any:
    w, b, w_out, b_out = weights
    hidden = torch.zeros(q.shape[-2], k.shape[-2], dtype=bool) if mask is None else ~mask
    if causal:
        hidden = hidden | torch.ones(hidden.shape, dtype=bool).triu(1)
    q, k, v = (z.transpose(0, 1) if z.ndim == 3 else z for z in (q, k, v))
    y, _ = torch.nn.functional.multi_head_attention_forward(
        *(q, k, v, q.shape[-1], heads, w, b, None, None, False, 0.0, w_out, b_out),
        attn_mask=hidden,
        need_weights=False,
    )
    return y.transpose(0, 1) if y.ndim == 3 else y


def weight_norm(torch: Any, v: Any, g: Any, *, axis: int = 0) -> Any:
    moved = v.movedim(axis, 0)
    return torch._weight_norm(moved, g.reshape(-1, *[1] * (v.ndim - 1)), 0).movedim(0, axis)


def geglu(torch: Any, x: Any, *, axis: int, approximate: bool) -> Any:
    a, b = x.chunk(2, axis)
    return a * torch.nn.functional.gelu(b, approximate="tanh" if approximate else "none")


def swiglu(torch: Any, x: Any, *, axis: int) -> Any:
    a, b = x.chunk(2, axis)
    return a * torch.nn.functional.silu(b)


def rnn_cell(torch: Any, *args: Any, nonlinearity: str) -> Any:
    return getattr(torch, f"rnn_{nonlinearity}_cell")(*args)


def instance_norm(torch: Any, x: Any, gamma: Any, beta: Any, *, eps: float) -> Any:
    return torch.nn.functional.instance_norm(x, None, None, gamma, beta, eps=eps)


LAYERS: dict[str, Any] = {
    "attention.scaled_dot_product_attention": attention,
    "convolution.conv3d": function("conv3d"),
    "convolution.depthwise_conv2d": depthwise,
    "gated.glu": function("glu", "axis"),
    "gated.geglu": geglu,
    "gated.swiglu": swiglu,
    "grid_sampling.grid_sample": grid_sample,
    "group_normalization.group_norm": lambda torch, x, g, b, *, groups, eps: torch.nn.functional.group_norm(
        x, groups, g, b, eps
    ),
    "group_normalization.instance_norm": instance_norm,
    "group_normalization.local_response_norm": function("local_response_norm"),
    "heads.grouped_query_attention": lambda torch, q, k, v, **seen: attention(torch, q, k, v, enable_gqa=True, **seen),
    "heads.multi_head_attention": multi_head,
    "patches.fold": function("fold", "places", "size"),
    "patches.unfold": function("unfold", "size"),
    "pooling.avg_pool1d": function("avg_pool1d", "size"),
    "pooling.avg_pool2d": function("avg_pool2d", "size"),
    "pooling.global_avg_pool": lambda torch, x, *, keepdims: x.mean(tuple(range(2, x.ndim)), keepdim=keepdims),
    "pooling.lp_pool": lp_pool,
    "pooling.max_pool1d": function("max_pool1d", "size"),
    "pooling.max_pool2d": function("max_pool2d", "size"),
    "probabilities.gumbel_softmax": lambda torch, x, *, noise, temperature, axis: ((x + noise) / temperature).softmax(
        axis
    ),
    "probabilities.softmin": lambda torch, x, *, axis: torch.nn.functional.softmin(x, axis),
    "recurrent.gru": over_time("gru"),
    "recurrent.gru_cell": lambda torch, *args: torch.gru_cell(*args),
    "recurrent.lstm": over_time("lstm"),
    "recurrent.lstm_cell": lambda torch, x, h, c, *w: torch.lstm_cell(x, (h, c), *w),
    "recurrent.rnn": over_time("rnn"),
    "recurrent.rnn_cell": rnn_cell,
    "regularization.l1_penalty": lambda torch, x, *, weight: (
        weight * torch.nn.functional.l1_loss(x, torch.zeros_like(x), reduction="sum")
    ),
    "regularization.l2_penalty": lambda torch, x, *, weight: (
        weight * torch.nn.functional.mse_loss(x, torch.zeros_like(x), reduction="sum")
    ),
    "regularization.weight_norm": weight_norm,
    "resampling.adaptive_avg_pool2d": lambda torch, x, *, size: torch.nn.functional.adaptive_avg_pool2d(x, size),
    "resampling.pixel_shuffle": lambda torch, x, *, factor: torch.nn.functional.pixel_shuffle(x, factor),
    "resampling.upsample_bilinear": bilinear,
    "resampling.upsample_nearest": nearest,
    "shrinking.hardshrink": lambda torch, x, *, size: torch.nn.functional.hardshrink(x, size),
    "shrinking.rrelu": lambda torch, x, *, slopes: torch.where(x >= 0, x, slopes * x),
    "shrinking.softshrink": lambda torch, x, *, size: torch.nn.functional.softshrink(x, size),
    "shrinking.tanhshrink": function("tanhshrink"),
    "shrinking.threshold": lambda torch, x, *, limit, value: torch.nn.functional.threshold(x, limit, value),
    "similarity.cosine_similarity": lambda torch, x, z, *, axis: torch.nn.functional.cosine_similarity(x, z, axis),
    "similarity.pairwise_distance": lambda torch, x, z, *, p=2.0, eps=1e-6, keepdims=False: (
        torch.nn.functional.pairwise_distance(x, z, p, eps, keepdims)
    ),
    "transposed_convolution.conv_transpose1d": function("conv_transpose1d"),
    "transposed_convolution.conv_transpose2d": function("conv_transpose2d"),
}

WITHOUT: dict[str, str] = {
    "attention.linear_attention": "torch has none",
    "heads.alibi_attention": "torch has none",
    "positions.rotary_embedding": "torch has none",
    "probabilities.sparsemax": "torch has none",
    "regularization.spectral_norm": "torch iterates its singular vectors itself",
    "scans.linear_recurrence": "torch has none",
    "scans.selective_scan": "torch has none",
}

DIFFERENT: dict[str, str] = {
    "pooling.lp_pool[two axes]": "with ceil_mode torch scales a last window that is cut off as if it were full",
}
