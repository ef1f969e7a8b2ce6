"""Factorizations: certified and in agreement with JAX, and mistakes that people make in their pullbacks refuted."""

import numpy as np
import pytest

from gradcheck import check
from gradcheck.cases import Case, collect
from gradcheck.checking import check_case
from reference import factorizations
from tests.case_checks import assert_certified_at_every_point, assert_float32_stays_and_arguments_are_left_alone
from tests.planting import edited

CASES = [c for c in collect(factorizations) if isinstance(c, Case)]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removeprefix("reference."))


@every_case
def test_every_pullback_is_certified_at_every_point(case):
    assert_certified_at_every_point(case, oracles="exact,jax")


@every_case
def test_float32_stays_float32_and_arguments_are_left_alone(case):
    assert_float32_stays_and_arguments_are_left_alone(case)


MISTAKES = {
    "cholesky: the diagonal is not halved": ("cholesky", " / 2\n", "\n"),
    "qr: the lower triangle for the symmetric matrix": ("qr", " + np.tril(m, -1).mT", ""),
    "qr: a sign": ("qr", "- dq.mT @ q", "+ dq.mT @ q"),
    "eigh: the gap the other way round": ("eigh", "apart(w)", "apart(w).mT"),
    "eigh: the vectors' cotangent is dropped": ("eigh", "apart(w) * (v.mT @ dv) + ", ""),
    "eigvalsh: transposed vectors": (
        "eigvalsh",
        "(v * np.expand_dims(dy, -2)) @ v.mT",
        "(v.mT * dy[..., None, :]) @ v",
    ),
    "svd: nothing outside the column space": ("svd", " + outside_u @ vt", ""),
    "svd: the singular values are not squared": ("svd", " / (row + column)", ""),
    "svdvals: s is in it twice": ("svdvals", "u * np.expand_dims(dy, -2)", "u * np.expand_dims(dy * s, -2)"),
    "triangular_solve: both triangles": (
        "triangular_solve",
        "(np.tril if lower else np.triu)(-left @ right.T, (-1 if lower else 1) * unit_diagonal)",
        "-left @ right.T",
    ),
    "cho_solve: half of the symmetric product": ("cho_solve", " + columns(y) @ halfway(dy).T", ""),
    "pinv: as for an invertible matrix": ("pinv", " + left - x @ (y @ left) + right - (right @ y) @ x", ""),
    "lstsq: as if there were no residual": ("lstsq", "rest @ weight.T ", ""),
    "expm: as if x and dx commuted": ("expm", "moved_exponential(x.T, dy)", "exponential(x.T) @ dy"),
    "expm: of x where its transpose is due": ("expm", "moved_exponential(x.T, dy)", "moved_exponential(x, dy)"),
}


@pytest.mark.parametrize(("name", "old", "new"), MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_pullback_passes(name, old, new):
    rule = edited(getattr(factorizations, name), old, new)
    result = check_case(Case(rule), oracles="exact")
    assert result.verdict == "fail"
    assert any(e.question == "formula" and e.stance == "against" for e in result.evidence)


@pytest.mark.parametrize("name", ["cholesky", "eigh", "eigvalsh"])
def test_a_symmetric_argument_has_a_symmetric_cotangent(name):
    x = np.array([[4.0, 1.0, 0.5], [0.0, 5.0, -1.0], [0.25, 0.0, 7.0]])
    y, pullback = getattr(factorizations, name)(x)
    dx = pullback(
        tuple(map(np.ones_like, y)) if isinstance(y, tuple) else np.arange(y.size, dtype=float).reshape(y.shape)
    )
    np.testing.assert_allclose(dx, dx.T)


def test_repeated_eigenvalues_are_not_certified_and_the_reason_is_told():
    result = check(factorizations.eigh, 2 * np.eye(3), oracles="exact")
    reasons = [e.detail for e in result.evidence if e.stance == "not applicable"]
    assert result.verdict != "pass"
    assert any("repeated eigenvalues" in r for r in reasons)
