"""Eigenvalues of matrices that are not symmetric, on balls and on symbols."""

import numpy as np
import pytest

from gradcheck import Rule
from gradcheck.checking import check

STRETCHED = np.array([[1.0, 0.5, -0.25], [0.25, 2.5, 0.5], [-0.5, 0.25, 4.0]])


# LAPACK's error is relative to the largest entry.
NORMWISE = 128.0


def values_of(x):
    values, v = np.linalg.eig(x)
    w = np.linalg.inv(v).T
    return values, lambda dy: (w * dy) @ v.T


def vectors_of(x):
    values, v = np.linalg.eig(x)
    gap = values[:, None] - values
    f = np.where(gap == 0, 0, 1 / np.where(gap == 0, 1, -gap))

    def pullback(dy):
        # What moves a vector along itself is taken back by its length.
        across = dy - v * (v * dy).sum(0)
        return np.linalg.inv(v).T @ (f * (v.T @ across)) @ v.T

    return v, pullback


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]], ids=str)
@pytest.mark.parametrize("rule", [values_of, vectors_of], ids=lambda f: f.__name__)
def test_eigenvalues_or_vectors_move_otherwise_than_perturbation_says(rule, order):
    result = check(Rule(rule, accuracy=NORMWISE), STRETCHED[order][:, order], oracles="exact,differences")
    assert result
    assert {e.oracle for e in result.evidence if e.stance == "for"} >= {"exact", "differences"}


@pytest.mark.parametrize(
    "matrix",
    [[[1.0, 0.5], [0.25, 3.0]], [[3.0, 0.5], [0.25, 1.0]], [[1.0, 0.0], [0.25, 3.0]], [[3.0, -0.5], [0.0, 1.0]]],
    ids=str,
)
@pytest.mark.parametrize("rule", [values_of, vectors_of], ids=lambda f: f.__name__)
def test_the_closed_form_of_two_rows_is_another(rule, matrix):
    result = check(Rule(rule, accuracy=NORMWISE), np.array(matrix), oracles="exact,symbolic")
    assert result
    assert {e.oracle for e in result.evidence if e.stance == "for" and e.question == "formula"} == {"exact", "symbolic"}


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        ([[0.0, 1.0], [-1.0, 0.0]], "complex eigenvalues"),
        ([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 2.0]], "complex eigenvalues"),
        ([[1.0, 0.0], [0.0, 1.0]], "repeated eigenvalues"),
    ],
)
def test_what_has_no_real_derivative_is_certified(matrix, says):
    rule = Rule(lambda x: (np.linalg.eigvals(x).real.sum(), lambda dy: dy * np.eye(len(x))))
    result = check(rule, np.array(matrix), oracles="exact")
    assert not any(e.stance == "for" for e in result.evidence)
    assert any(says in f"{e.reason} {e.detail}" for e in result.evidence)


def test_a_wrong_sign_of_one_vector_is_not_noticed():
    turned = Rule(lambda x: (vectors_of(x)[0], lambda dy: vectors_of(x)[1](dy * np.array([1.0, -1.0, 1.0]))))
    assert check(turned, STRETCHED, oracles="exact").verdict == "fail"
