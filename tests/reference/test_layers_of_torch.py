"""A second outside source: values and gradients of layers are those of PyTorch, where that has them."""

import numpy as np
import pytest

from reference.attention import scaled_dot_product_attention
from reference.convolution import conv3d, depthwise_conv2d
from reference.gated import glu
from reference.grid_sampling import grid_sample
from reference.group_normalization import group_norm, instance_norm, local_response_norm
from reference.heads import grouped_query_attention, multi_head_attention
from reference.patches import fold, unfold
from reference.pooling import avg_pool1d, avg_pool2d, lp_pool, max_pool1d, max_pool2d
from reference.probabilities import softmin
from reference.recurrent import gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell
from reference.regularization import weight_norm
from reference.resampling import adaptive_avg_pool2d, pixel_shuffle, upsample_bilinear, upsample_nearest
from reference.shrinking import hardshrink, softshrink, tanhshrink
from reference.similarity import pairwise_distance
from reference.transposed_convolution import conv_transpose1d, conv_transpose2d

torch = pytest.importorskip("torch")
F = torch.nn.functional


def weights(gates):
    return (2 * gates, 3), (2 * gates, 2), (2 * gates,), (2 * gates,)


def over_time(function):
    """torch's own function of a sequence and a stack of one layer's states, as (y, *last)."""

    def run(x, *rest):
        states, packed = rest[:-4], list(rest[-4:])
        stacked = tuple(s[None] for s in states)
        hx = stacked if len(stacked) > 1 else stacked[0]
        y, *last = function(x, hx, packed, True, 1, 0.0, False, False, False)
        return y, *(s[0] for s in last)

    return run


def multi_head(q, k, v, w, b, w_out, b_out):
    q, k, v = (z.transpose(0, 1) for z in (q, k, v))
    y, _ = F.multi_head_attention_forward(q, k, v, 4, 2, w, b, None, None, False, 0.0, w_out, b_out, need_weights=False)
    return y.transpose(0, 1)


BIAS = np.linspace(-1, 1, 15).reshape(3, 5)
ROWS = [
    (rnn_cell, {}, torch.rnn_tanh_cell, [(4, 3), (4, 2), *weights(1)]),
    (
        rnn_cell,
        dict(nonlinearity="relu"),
        lambda *args, nonlinearity: torch.rnn_relu_cell(*args),
        [(4, 3), (4, 2), *weights(1)],
    ),
    (lstm_cell, {}, lambda x, h, c, *w: torch.lstm_cell(x, (h, c), *w), [(4, 3), (4, 2), (4, 2), *weights(4)]),
    (gru_cell, {}, torch.gru_cell, [(4, 3), (4, 2), *weights(3)]),
    (rnn, {}, over_time(torch.rnn_tanh), [(5, 4, 3), (4, 2), *weights(1)]),
    (lstm, {}, over_time(torch.lstm), [(5, 4, 3), (4, 2), (4, 2), *weights(4)]),
    (gru, {}, over_time(torch.gru), [(5, 4, 3), (4, 2), *weights(3)]),
    (conv3d, dict(stride=2, padding=1), F.conv3d, [(2, 4, 5, 6, 4), (2, 4, 2, 3, 2), (2,)]),
    (conv3d, dict(dilation=(1, 2, 1), groups=2), F.conv3d, [(2, 4, 5, 6, 4), (2, 2, 2, 3, 2), (2,)]),
    (
        depthwise_conv2d,
        dict(stride=2),
        lambda x, w, b, stride: F.conv2d(x, w.reshape(6, 1, 2, 3), b, groups=3, stride=stride),
        [(2, 3, 5, 6), (3, 2, 2, 3), (6,)],
    ),
    *(
        (rule, params, theirs, [x, w, (3 * params.get("groups", 1),)])
        for params in (dict(stride=3, padding=1, output_padding=2), dict(dilation=2, groups=2, padding=1))
        for rule, theirs, x, w in (
            (conv_transpose1d, F.conv_transpose1d, (2, 4, 5), (4, 3, 4)),
            (conv_transpose2d, F.conv_transpose2d, (2, 4, 5, 3), (4, 3, 4, 2)),
        )
    ),
    *(
        (unfold, dict(size=(2, 3), **layout), lambda x, size, **k: F.unfold(x, size, **k), [(2, 3, 7, 6)])
        for layout in ({}, dict(stride=2, padding=1, dilation=2))
    ),
    *(
        (
            fold,
            dict(places=(7, 6), size=(2, 3), **layout),
            lambda x, places, size, **k: F.fold(x, places, size, **k),
            [(2, 12, columns)],
        )
        for layout, columns in (({}, 24), (dict(stride=2, padding=1, dilation=2), 8))
    ),
    *(
        (
            rule,
            dict(size=3, stride=stride, padding=1, ceil_mode=ceil_mode, **more),
            lambda x, size, f=theirs, **k: f(x, size, **k),
            [shape],
        )
        for stride in (None, 1, 2, 4)
        for ceil_mode in (False, True)
        for rule, theirs, shape, more in (
            (max_pool1d, F.max_pool1d, (1, 2, 7), dict(dilation=2)),
            (max_pool2d, F.max_pool2d, (1, 2, 6, 7), {}),
            (avg_pool1d, F.avg_pool1d, (1, 2, 7), {}),
            (avg_pool2d, F.avg_pool2d, (1, 2, 6, 7), dict(count_include_pad=False)),
        )
    ),
    (
        lp_pool,
        dict(p=2.0, size=2, stride=3),
        lambda x, p, size, stride: F.lp_pool2d(x, p, size, stride),
        [(1, 2, 6, 7)],
    ),
    *(
        (rule, dict(size=size, **params), lambda x, size, f=theirs, **_: f(x, size), [(2, 2, 5, 6)])
        for size in ((3, 2), (7, 9), (1, 1))
        for rule, params, theirs in (
            (adaptive_avg_pool2d, {}, F.adaptive_avg_pool2d),
            (upsample_nearest, dict(half_pixel=False), lambda x, s: F.interpolate(x, s, mode="nearest")),
            (upsample_nearest, dict(half_pixel=True), lambda x, s: F.interpolate(x, s, mode="nearest-exact")),
            (upsample_bilinear, {}, lambda x, s: F.interpolate(x, s, mode="bilinear")),
            (
                upsample_bilinear,
                dict(align_corners=True),
                lambda x, s: F.interpolate(x, s, mode="bilinear", align_corners=True),
            ),
        )
    ),
    (pixel_shuffle, dict(factor=2), lambda x, factor: F.pixel_shuffle(x, factor), [(2, 8, 3, 2)]),
    *(
        (
            grid_sample,
            dict(padding=padding, align_corners=align),
            lambda x, grid, padding, align_corners: F.grid_sample(
                x, grid, padding_mode=padding, align_corners=align_corners
            ),
            [(2, 3, 4, 5), (2, 6, 7, 2)],
        )
        for padding in ("zeros", "border")
        for align in (False, True)
    ),
    (scaled_dot_product_attention, {}, F.scaled_dot_product_attention, [(2, 4, 3, 4), (2, 4, 5, 4), (2, 4, 5, 2)]),
    (
        scaled_dot_product_attention,
        dict(bias=BIAS),
        lambda q, k, v, bias: F.scaled_dot_product_attention(q, k, v, attn_mask=torch.tensor(bias)),
        [(2, 3, 4), (2, 5, 4), (2, 5, 2)],
    ),
    (
        grouped_query_attention,
        {},
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True),
        [(2, 4, 3, 4), (2, 2, 5, 4), (2, 2, 5, 2)],
    ),
    (
        multi_head_attention,
        dict(heads=2),
        lambda *args, heads: multi_head(*args),
        [(2, 3, 4), (2, 5, 4), (2, 5, 4), (12, 4), (12,), (4, 4), (4,)],
    ),
    (pairwise_distance, dict(p=3.0), F.pairwise_distance, [(4, 3), (4, 3)]),
    (softshrink, {}, F.softshrink, [(4, 6)]),
    (hardshrink, {}, F.hardshrink, [(4, 6)]),
    (tanhshrink, {}, F.tanhshrink, [(4, 6)]),
    (glu, {}, F.glu, [(4, 6)]),
    (softmin, {}, lambda x: F.softmin(x, -1), [(4, 6)]),
    (group_norm, dict(groups=2), lambda x, g, b, groups: F.group_norm(x, groups, g, b), [(2, 4, 3), (4,), (4,)]),
    (instance_norm, {}, lambda x, g, b: F.instance_norm(x, None, None, g, b), [(2, 4, 3), (4,), (4,)]),
    *(
        (local_response_norm, dict(size=size, alpha=0.3, beta=0.6, k=1.5), F.local_response_norm, [(2, 5, 3, 2)])
        for size in (2, 3)
    ),
    (weight_norm, {}, lambda v, g: torch._weight_norm(v, g.reshape(3, 1, 1), 0), [(3, 4, 2), (3,)]),
]


def named(row):
    rule, params, *_ = row
    short = {k: v for k, v in params.items() if not isinstance(v, np.ndarray)}
    return f"{rule.__name__} {short}" if short else f"{rule.__name__} {list(params)}"


@pytest.mark.parametrize(("rule", "params", "theirs", "shapes"), ROWS, ids=map(named, ROWS))
def test_values_and_gradients_are_those_of_torch(rule, params, theirs, shapes):
    rng = np.random.default_rng(0)
    args = [rng.normal(size=shape) for shape in shapes]
    tensors = [torch.tensor(a, requires_grad=True) for a in args]
    y, pullback = rule(*args, **params)
    their_y = theirs(*tensors, **params)
    ys, their_ys = (v if isinstance(v, tuple) else (v,) for v in (y, their_y))
    dys = tuple(rng.normal(size=v.shape) for v in ys)
    for mine, other in zip(ys, their_ys, strict=True):
        np.testing.assert_allclose(mine, other.detach().numpy(), rtol=1e-9, atol=1e-11)
    torch.autograd.backward(their_ys, [torch.tensor(d) for d in dys])
    cotangents = pullback(dys if isinstance(y, tuple) else dys[0])
    cotangents = cotangents if isinstance(cotangents, tuple) else (cotangents,)
    for mine, tensor in zip(cotangents, tensors, strict=True):
        np.testing.assert_allclose(mine, tensor.grad.numpy(), rtol=1e-8, atol=1e-10)
