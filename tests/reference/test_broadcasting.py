"""Shapes on the way back."""

import numpy as np
import pytest

from reference.broadcasting import count, kept, spread, unbroadcast


@pytest.mark.parametrize(
    ("shape", "broadcast"),
    [((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 1), (2, 3)), ((1, 1), (2, 3)), ((), (2, 3)), ((1, 3), (4, 2, 3)), ((), ())],
    ids=str,
)
def test_unbroadcast_is_the_transpose_of_broadcasting(shape, broadcast):
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=shape), rng.normal(size=broadcast)
    dx = unbroadcast(dy, shape)
    assert dx.shape == shape
    np.testing.assert_allclose((dx * x).sum(), (dy * np.broadcast_to(x, broadcast)).sum())


def test_unbroadcast_keeps_axes_of_size_0_and_1():
    assert unbroadcast(np.ones((2, 0)), (1, 0)).shape == (1, 0)
    assert unbroadcast(np.ones((0, 3)), (1, 3)).tolist() == [[0.0, 0.0, 0.0]]
    assert unbroadcast(np.ones((1, 3)), (1, 3)).shape == (1, 3)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (-2,), ()], ids=str)
@pytest.mark.parametrize("keepdims", [False, True], ids=["dropped", "kept"])
def test_a_reduction_gets_its_axes_back(axis, keepdims):
    x = np.arange(24.0).reshape(2, 3, 4)
    y = x.sum(axis, keepdims=keepdims)
    np.testing.assert_array_equal(kept(y, x.shape, axis), x.sum(axis, keepdims=True))
    assert spread(y, x.shape, axis).shape == x.shape
    assert count(x.shape, axis) == x.size // y.size
