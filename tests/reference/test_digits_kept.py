"""Where the textbook form loses its digits the library keeps them: points at which nearly all of a cotangent cancels."""

import numpy as np
import pytest

from gradcheck import check
from reference import (
    attention,
    embedding_losses,
    factorizations,
    normalization,
    regularization,
    running,
    shrinking,
    similarity,
    sorting,
    statistics,
)
from reference.identities import norms

ALMOST_AXIS = np.array([[0.0, 1.0, 1e-8], [2.0, -1e-8, 0.0]])
KNOTS = np.array([-1.66, -0.63, 0.734, 1.877])


@pytest.mark.parametrize(
    ("rule", "args", "params"),
    [
        (normalization.l2_normalize, [ALMOST_AXIS], {}),
        (normalization.rms_norm, [ALMOST_AXIS, np.array([1.5, 2.0, 0.5])], dict(eps=1e-5)),
        (normalization.standardize, [np.array([[2.848, 2.892, 2.848]])], dict(eps=1e-5)),
        (normalization.standardize, [np.array([[1.193, -0.539], [-0.819, 2.57]])], dict(axis=0, eps=1e-5)),
        (normalization.standardize, [np.full((2, 3), 0.7)], dict(eps=0.125)),
        (regularization.weight_norm, [ALMOST_AXIS, np.array([3.0, 0.5])], {}),
        (similarity.cosine_similarity, [ALMOST_AXIS, np.array([[3.0, 1.0, -2.0], [1.0, 2.0, 0.5]])], {}),
        (
            embedding_losses.cosine_embedding,
            [np.array([[0.0, 0.0, 2.963, -1.314]]), np.array([[-3.0, -1.0, 0.0, 0.0]])],
            dict(target=np.array([1.0])),
        ),
        (norms.unit_rows, [ALMOST_AXIS], {}),
        (attention.linear_attention, [np.array([[-9.0, 3.0]]), np.eye(2), np.array([[1.0], [2.5]])], {}),
        (statistics.average, [np.full((2, 1, 3), -0.21), np.array([4.0, 0.1])], dict(axis=0)),
        (
            running.trapezoid,
            [np.array([-2.0, -1.0, -2.0 + 1e-9]), np.array([1e-9, 5.0, 0.0])],
            {},
        ),
        (sorting.interp, [np.array([3.2]), KNOTS, np.array([1.0, 3.0, -0.042, -1e-8])], {}),
        (shrinking.tanhshrink, [np.array([1e-8, -1e-3, 0.7, -0.999, 1.001, 20.0])], {}),
        (factorizations.cho_solve, [np.array([[1.035, -0.732], [0.633, 0.081]]), np.eye(2)], dict(lower=False)),
    ],
    ids=[
        *(
            "l2_normalize",
            "rms_norm",
            "standardize nearly equal",
            "standardize two",
            "standardize equal",
            "weight_norm",
        ),
        *("cosine_similarity", "cosine_embedding", "unit_rows", "linear_attention", "average", "trapezoid", "interp"),
        *("tanhshrink", "cho_solve"),
    ],
)
def test_a_stable_form_was_replaced_by_the_textbooks(rule, args, params):
    result = check(rule, *args, params=params, oracles=["exact"])
    assert result.verdict == "pass", str(result)
    assert {question: (a.worst <= 16, a.budget, a.normwise) for question, a in result.accuracy.items()} == {
        "forward": (True, 16.0, False),
        "gradient": (True, 16.0, False),
    }


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("row", [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [2.848, 2.892, 2.848]], ids=str)
def test_more_than_rounding_is_lost_of_a_single_entry_that_differs(row, seed):
    # Its own dx cancels but for eps' part: weighted by the condition digits are lost there, by any form that was tried.
    x, dy = np.array([row]), np.random.default_rng(seed).normal(size=(1, 3))
    result = check(normalization.standardize, x, params=dict(eps=1e-5), dy=dy, oracles=["exact"])
    dx = normalization.standardize(x, eps=1e-5)[1](dy)
    scale = 1 / np.sqrt(x.var() + 1e-5)
    assert np.max(np.abs(dx - result.true[0])) <= 4 * np.finfo(float).eps * scale * np.abs(dy).max()


def test_the_textbooks_form_is_seen_to_lose_its_digits():
    def l2_normalize(x):
        size = np.sqrt((x * x).sum(-1, keepdims=True))
        y = x / size
        return y, lambda dy: (dy - y * (dy * y).sum(-1, keepdims=True)) / size

    result = check(l2_normalize, ALMOST_AXIS, oracles=["exact"])
    assert result.verdict == "fail"
    assert result.accuracy["gradient"].worst > 1e6
