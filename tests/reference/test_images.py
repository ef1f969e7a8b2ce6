"""Windows, pooling, resampling and transposed convolutions: conventions, edges, and wrong calls."""

import numpy as np
import pytest

from reference.convolution import conv2d, conv3d, depthwise_conv2d
from reference.grid_sampling import grid_sample
from reference.patches import fold, unfold
from reference.pooling import avg_pool1d, avg_pool2d, global_avg_pool, lp_pool, max_pool1d, max_pool2d
from reference.resampling import adaptive_avg_pool2d, pixel_shuffle, upsample_bilinear, upsample_nearest
from reference.transposed_convolution import conv_transpose1d, conv_transpose2d

ROW = np.array([[[1.0, 2.0, 3.0, 4.0, 5.0]]])


@pytest.mark.parametrize(
    ("rule", "params", "y"),
    [
        (max_pool1d, dict(size=2), [2.0, 4.0]),
        (max_pool1d, dict(size=2, ceil_mode=True), [2.0, 4.0, 5.0]),
        (max_pool1d, dict(size=2, stride=1, dilation=3), [4.0, 5.0]),
        # A last window that would begin in the padding is none.
        (max_pool1d, dict(size=2, stride=3, padding=1, ceil_mode=True), [1.0, 4.0]),
        (avg_pool1d, dict(size=2, ceil_mode=True), [1.5, 3.5, 5.0]),
        (avg_pool1d, dict(size=3, padding=1), [1.0, 4.0]),
        (avg_pool1d, dict(size=3, padding=1, count_include_pad=False), [1.5, 4.0]),
        # The padding counts, what is beyond it does not.
        (avg_pool1d, dict(size=4, padding=1, ceil_mode=True), [1.5, 3.0]),
        (avg_pool1d, dict(size=4, padding=1, ceil_mode=True, count_include_pad=False), [2.0, 4.5]),
        (lp_pool, dict(p=1.0, size=2), [3.0, 7.0]),
    ],
)
def test_pooling_follows_the_conventions_of_pytorch(rule, params, y):
    np.testing.assert_allclose(rule(ROW, **params)[0][0, 0], y)


def test_lp_pool_of_zeros_is_zero_and_of_large_numbers_finite():
    y, pullback = lp_pool(np.zeros((1, 1, 4)), p=3.0, size=2)
    assert not y.any()
    assert not pullback(np.ones_like(y)).any()
    np.testing.assert_allclose(lp_pool(np.full((1, 1, 2), 1e300), p=2.0, size=2)[0], 1e300 * np.sqrt(2))


@pytest.mark.parametrize(
    ("rule", "params", "y"),
    [
        (upsample_nearest, dict(size=(1, 3), half_pixel=True), [1.0, 3.0, 5.0]),
        (upsample_nearest, dict(size=(1, 3), half_pixel=False), [1.0, 2.0, 4.0]),
        (upsample_bilinear, dict(size=(1, 3), align_corners=True), [1.0, 3.0, 5.0]),
        (upsample_bilinear, dict(size=(1, 10)), [1.0, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4.25, 4.75, 5.0]),
        (adaptive_avg_pool2d, dict(size=(1, 2)), [2.0, 4.0]),
    ],
    ids=["centre", "corner", "corners", "edges", "overlapping means"],
)
def test_resampling_places_its_points_as_stated(rule, params, y):
    np.testing.assert_allclose(rule(ROW[:, :, None], **params)[0][0, 0, 0], y)


def test_pixel_shuffle_interleaves_its_channels():
    y, _ = pixel_shuffle(np.arange(4.0).reshape(1, 4, 1, 1), factor=2)
    np.testing.assert_array_equal(y[0, 0], [[0.0, 1.0], [2.0, 3.0]])


def test_a_grid_at_the_centres_gives_the_image_back():
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 4))
    rows, columns = np.meshgrid(np.linspace(-1, 1, 3), np.linspace(-1, 1, 4), indexing="ij")
    grid = np.stack([columns, rows], -1)[None]
    np.testing.assert_allclose(grid_sample(x, grid, align_corners=True)[0], x)


@pytest.mark.parametrize(("padding", "y"), [("zeros", 0.0), ("border", 2.0)])
def test_a_grid_outside_reads_the_padding_and_has_no_slope(padding, y):
    x, grid = np.full((1, 1, 2, 2), 2.0), np.full((1, 1, 1, 2), -7.5)
    out, pullback = grid_sample(x, grid, padding=padding)
    assert out.item() == y
    assert not pullback(np.ones_like(out))[1].any()


@pytest.mark.parametrize("layout", [{}, dict(stride=2, padding=1), dict(dilation=2, stride=(1, 2))], ids=str)
def test_fold_is_the_adjoint_of_unfold_and_conv_transpose_that_of_conv(layout):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 4, 7, 7)), rng.normal(size=(6, 2, 3, 2))
    y, pullback = conv2d(x, w, np.zeros(6), groups=2, **layout)
    dy = rng.normal(size=y.shape)
    back, _ = conv_transpose2d(dy, w, np.zeros(4), groups=2, **layout)
    there = pullback(dy)[0]
    # Places that no window reaches are missing at the far end.
    np.testing.assert_allclose(back, there[:, :, : back.shape[2], : back.shape[3]])
    columns, _ = unfold(x, size=(3, 2), **layout)
    z = rng.normal(size=columns.shape)
    folded, _ = fold(z, places=(7, 7), size=(3, 2), **layout)
    np.testing.assert_allclose((columns * z).sum(), (x * folded).sum())


def test_a_flat_volume_is_convolved_as_an_image():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(1, 2, 5, 4)), rng.normal(size=(3, 2, 2, 3)), rng.normal(size=3)
    volume, _ = conv3d(x[:, :, None], w[:, :, None], b)
    np.testing.assert_allclose(volume[:, :, 0], conv2d(x, w, b)[0])


EMPTY = np.zeros((0, 4, 4, 4))


@pytest.mark.parametrize(
    ("rule", "args", "params"),
    [
        (conv3d, [(0, 2, 3, 3, 3), (3, 2, 2, 2, 2), (3,)], {}),
        (depthwise_conv2d, [(0, 2, 4, 4), (2, 2, 2, 2), (4,)], {}),
        (conv_transpose1d, [(0, 2, 4), (2, 3, 2), (3,)], dict(stride=2)),
        (conv_transpose2d, [(0, 2, 4, 4), (2, 3, 2, 2), (3,)], {}),
        (unfold, [(0, 2, 4, 4)], dict(size=2)),
        (max_pool1d, [(0, 2, 4)], dict(size=2)),
        (avg_pool1d, [(0, 2, 4)], dict(size=2)),
        (lp_pool, [(0, 2, 4)], dict(size=2, p=2.0)),
        (global_avg_pool, [(0, 2, 4, 4)], {}),
        (adaptive_avg_pool2d, [(0, 2, 4, 4)], dict(size=3)),
        (upsample_nearest, [(0, 2, 4, 4)], dict(size=3)),
        (upsample_bilinear, [(0, 2, 4, 4)], dict(size=3)),
        (pixel_shuffle, [(0, 4, 2, 2)], dict(factor=2)),
        (grid_sample, [(0, 2, 4, 4), (0, 3, 3, 2)], {}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_empty_batch_goes_through(rule, args, params):
    args = [np.ones(shape) for shape in args]
    y, pullback = rule(*args, **params)
    assert y.shape[0] == 0
    cotangents = pullback(np.ones_like(y))
    cotangents = cotangents if isinstance(cotangents, tuple) else (cotangents,)
    assert [g.shape for g in cotangents] == [a.shape for a in args]
    assert not any(g.any() for g in cotangents)


IMAGE, KERNEL, BIAS = np.ones((1, 4, 5, 5)), np.ones((4, 3, 2, 2)), np.ones(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: max_pool2d(IMAGE, size=2, stride=1, padding=2), r"padding is 2, windows reach over \(2, 2\) places"),
        (lambda: avg_pool2d(IMAGE, size=2, padding=(1, 2)), r"padding is \(1, 2\), windows reach over"),
        (lambda: lp_pool(IMAGE, size=2, p=0.5), "p is 0.5: only from 1 on"),
        (lambda: upsample_nearest(IMAGE, size=0), r"cannot be given the size \(0, 0\)"),
        (lambda: pixel_shuffle(IMAGE, factor=3), "x has 4 channels: give a multiple of 3²"),
        (
            lambda: grid_sample(IMAGE, IMAGE[..., :2], padding="reflect"),
            "padding is 'reflect': use 'zeros' or 'border'",
        ),
        (lambda: fold(np.ones((1, 8, 5)), places=4, size=2), "x has 8 rows and 5 columns.*a multiple of 4 and 9"),
        (lambda: conv_transpose2d(IMAGE[:, :3], KERNEL, BIAS), "x has 3 channels, w takes 4 in groups=1"),
        (
            lambda: conv_transpose2d(IMAGE, KERNEL, BIAS, output_padding=1),
            "output_padding is 1, stride 1: it must be smaller",
        ),
        (lambda: conv_transpose2d(IMAGE, KERNEL, BIAS, padding=4), "padding is 4: it takes away more than there is"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_call_is_told_what_and_what_to_do(call, message):
    with pytest.raises(ValueError, match=message):
        call()
