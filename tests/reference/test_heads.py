"""Attention with heads and positions, normalisation by group, gates: what is special about each."""

import numpy as np
import pytest

from reference.attention import linear_attention, scaled_dot_product_attention
from reference.gated import glu
from reference.group_normalization import group_norm, instance_norm, local_response_norm
from reference.heads import alibi_attention, grouped_query_attention, multi_head_attention
from reference.normalization import layer_norm
from reference.positions import rotary_embedding
from reference.probabilities import softmin, sparsemax
from reference.regularization import l1_penalty, spectral_norm, weight_norm
from reference.shrinking import hardshrink, rrelu, softshrink, threshold
from reference.similarity import pairwise_distance


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(
    ("rule", "x", "params", "y", "dx"),
    [
        (softshrink, [-2.0, -0.5, 0.25, 0.5, 2.0], {}, [-1.5, 0, 0, 0, 1.5], [1.0, 0, 0, 0, 1.0]),
        (hardshrink, [-2.0, -0.5, 0.25, 0.5, 2.0], {}, [-2.0, 0, 0, 0, 2.0], [1.0, 0, 0, 0, 1.0]),
        (threshold, [0.0, 1.0, 2.0], dict(limit=1.0, value=9.0), [9.0, 9.0, 2.0], [0.0, 0.0, 1.0]),
        (rrelu, [-2.0, 0.0, 2.0], dict(slopes=0.25), [-0.5, 0.0, 2.0], [0.25, 1.0, 1.0]),
        (l1_penalty, [-2.0, 0.0, 3.0], dict(weight=0.5), 2.5, [-0.5, 0.0, 0.5]),
        (sparsemax, [0.0, 2.0, 1.5], {}, [0.0, 0.75, 0.25], [0.0, 0.0, 0.0]),
        (sparsemax, [1.0, 0.0], {}, [1.0, 0.0], [0.0, 0.0]),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_kinks_and_cuts_follow_the_stated_convention(rule, x, params, y, dx):
    ours, pullback = rule(np.array(x), **params)
    np.testing.assert_allclose(ours, y)
    np.testing.assert_allclose(pullback(np.ones_like(ours)), dx)


def test_as_many_groups_as_heads_is_plain_attention_and_one_group_shares_its_keys():
    q, k, v = normal(4, 3, 2), normal(4, 5, 2, seed=1), normal(4, 5, 3, seed=2)
    np.testing.assert_allclose(grouped_query_attention(q, k, v)[0], scaled_dot_product_attention(q, k, v)[0])
    shared = scaled_dot_product_attention(q, k[:1], v[:1])[0]
    np.testing.assert_allclose(grouped_query_attention(q, k[:1], v[:1])[0], shared)


def test_one_head_with_unit_projections_is_plain_attention():
    q, k, v = normal(3, 2), normal(4, 2, seed=1), normal(4, 2, seed=2)
    unit = np.eye(2)
    y, _ = multi_head_attention(q, k, v, np.concatenate([unit] * 3), np.zeros(6), unit, np.zeros(2), heads=1)
    np.testing.assert_allclose(y, scaled_dot_product_attention(q, k, v)[0])


def test_far_keys_fade_faster_in_the_first_head():
    q, k = np.zeros((2, 1, 1)), np.zeros((2, 3, 1))
    y, _ = alibi_attention(q, k, np.broadcast_to(np.eye(3), (2, 3, 3)), causal=False)
    np.testing.assert_allclose(np.diff(np.log(y[:, 0])), [[-1 / 16] * 2, [-1 / 256] * 2])


def test_causal_linear_attention_does_not_see_later_keys_and_its_first_query_has_no_cotangent():
    q, k, v = normal(3, 4, 2)
    y, pullback = linear_attention(q, k, v, causal=True)
    np.testing.assert_allclose(y[:2], linear_attention(q[:2], k[:2], v[:2], causal=True)[0])
    np.testing.assert_allclose(y[0], v[0])
    assert not pullback(normal(4, 2, seed=3))[0][0].any()


def test_rotations_keep_norms_and_depend_on_distances_alone():
    x, z = normal(1, 4), normal(1, 4, seed=1)

    def product(i, j):
        a, b = (rotary_embedding(u, positions=np.array([p]))[0] for u, p in ((x, i), (z, j)))
        return (a * b).sum()

    np.testing.assert_allclose(product(5, 2), product(13, 10))
    np.testing.assert_allclose(np.linalg.norm(rotary_embedding(x, positions=np.array([7]))[0]), np.linalg.norm(x))
    np.testing.assert_array_equal(rotary_embedding(x)[0], x)


def test_groups_of_channels_are_normalised_alone():
    x, gamma, beta = normal(2, 4, 3), np.ones(4), np.zeros(4)
    each, _ = instance_norm(x, gamma, beta)
    np.testing.assert_allclose(each, group_norm(x, gamma, beta, groups=4)[0])
    whole, _ = group_norm(x, gamma, beta, groups=1)
    flat, _ = layer_norm(x.reshape(2, 12), np.ones(12), np.zeros(12))
    np.testing.assert_allclose(whole.reshape(2, 12), flat)


def test_even_windows_of_channels_reach_further_back():
    y, _ = local_response_norm(np.array([[[1.0], [2.0], [4.0]]]), size=2, alpha=2.0, beta=1.0, k=0.0)
    np.testing.assert_allclose(y[0, :, 0], [1.0, 2 / 5, 4 / 20])


def test_weights_get_the_size_they_are_given():
    y, _ = weight_norm(normal(3, 4, 2), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(np.linalg.norm(y.reshape(3, -1), axis=1), [1.0, 2.0, 3.0])


def test_the_largest_singular_value_becomes_one():
    w = normal(3, 4)
    u, _, vt = np.linalg.svd(w)
    y, _ = spectral_norm(w, u=u[:, 0], v=vt[0])
    np.testing.assert_allclose(np.linalg.norm(y, 2), 1.0)


def test_equal_vectors_have_no_slope_and_far_ones_no_overflow():
    y, pullback = pairwise_distance(np.ones((1, 3)), np.ones((1, 3)), eps=0.0)
    assert y.item() == 0.0
    assert not any(g.any() for g in pullback(np.ones(1)))
    np.testing.assert_allclose(pairwise_distance(np.full(2, 1e300), np.zeros(2))[0], 1e300 * np.sqrt(2))


def test_softmin_of_far_numbers_keeps_its_digits():
    np.testing.assert_allclose(softmin(np.array([0.0, 40.0]))[0][1], 4.248354255291589e-18)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: glu(np.ones((2, 3))), "x has 3 entries along axis -1: halves need an even number"),
        (lambda: rotary_embedding(np.ones((2, 3))), "x has 3 features: pairs need an even number"),
        (lambda: group_norm(np.ones((1, 3, 2)), np.ones(3), np.ones(3), groups=2), "groups is 2.*the 3 channels"),
        (lambda: grouped_query_attention(*map(np.ones, [(3, 1, 1), (2, 1, 1), (2, 1, 1)])), "q has 3 heads, k has 2"),
        (lambda: linear_attention(*map(np.ones, [(2, 1), (3, 1), (3, 1)]), causal=True), "q has 2 places, k 3"),
        (lambda: pairwise_distance(np.ones(2), np.ones(2), p=0.0), "p is 0.0: only from 1 on"),
        (
            lambda: multi_head_attention(*map(np.ones, [(1, 3)] * 3 + [(9, 3), 9, (3, 3), 3]), heads=2),
            "heads is 2: give a number that divides the 3 features",
        ),
    ],
    ids=["glu", "rotary", "groups", "heads of keys", "causal", "p", "heads"],
)
def test_a_wrong_call_is_told_what_and_what_to_do(call, message):
    with pytest.raises(ValueError, match=message):
        call()
