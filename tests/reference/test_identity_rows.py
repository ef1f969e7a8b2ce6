"""Every row of the list of classical derivatives is a rule of the library, every erratum of it is refuted."""

import importlib
import pkgutil
import re

import numpy as np
import pytest

from gradcheck.cases import Case, collect
from gradcheck.checking import check_case
from reference import identities
from tests.planting import answering

# The ids of the rows by group, with their number.
ROWS = {
    "vectors": (
        10,
        """vec-dot vec-affine-jacobian vec-elementwise-jacobian vec-bilinear vec-inner-product-rule
        vec-scalar-times-vector vec-chain-rule vec-outer-product vec-cross-product vec-centering-variance""",
    ),
    "quadratic forms and norms": (
        19,
        """quad-form quad-affine-pair quad-weighted-residual sq-norm-wx least-squares-residual norm-two
        norm-unit-vector-jacobian norm-frobenius norm-p rayleigh-quotient pairwise-squared-distances form-axb
        form-bxtdxc form-affine-quadratic form-entry-linear form-entry-xtbx form-power-entry form-axnb form-axntxnb""",
    ),
    "traces": (
        20,
        """tr-xa tr-axb tr-axtb tr-xta tr-kron tr-x2b tr-xtbx tr-bxxt tr-xbxt tr-axbx tr-xtbxc tr-axbxtc tr-affine-gram
        tr-xk tr-axk tr-quartic tr-inv-quadratic tr-ratio-quadratics tr-regularised-ratio tr-matrix-function""",
    ),
    "determinants and log-determinants": (
        15,
        """det det-cofactor det-axb det-xtax-square det-xtax-symmetric det-xtax-general det-power det-of-scalar
        det-second-derivative logabsdet logdet-gram logdet-gram-by-pinv logdet-i-plus-xxt logdet-cholesky-factor
        gaussian-logpdf""",
    ),
    "inverses and solves": (
        13,
        """inv-of-scalar inv-entry inv-axb inv-trace-shift inv-chain inv-mixed-second solve-vector solve-matrix
        solve-triangular inv-quadratic-form pinv lstsq-solution sylvester""",
    ),
    "decompositions and matrix functions": (
        16,
        """eig-sum-product eigh-value eigh-vector eigh-vjp eig-value-general svd-value svd-vjp cholesky qr-vjp lu-vjp
        expm expm-of-scalar sqrtm logm matrix-power spectral-matrix-function""",
    ),
    "Hadamard, Kronecker, vec": (
        11,
        """matmul hadamard-product kron-product vec-axb vec-transpose vec-gram vec-quadratic diag-scaling
        diag-of-product broadcast-add permutation-gather""",
    ),
    "structured matrices": (
        12,
        """sym-chain-rule sym-det-logdet sym-inverse-entry sym-gradient-in-subspace sym-vech skew diag-trace
        lower-triangular toeplitz-trace toeplitz-symmetric-trace circulant low-rank-factors""",
    ),
    "neural networks": (
        22,
        """linear-layer softmax-jacobian log-softmax-jacobian softmax-cross-entropy sigmoid-tanh-jacobians
        activations-elementwise binary-cross-entropy mean-squared-error linear-regression l2-regularisation
        logistic-regression softmax-regression layer-norm rms-norm batch-norm attention conv1d-toeplitz conv2d pooling
        embedding-lookup mlp-one-hidden rnn-step""",
    ),
    "second order": (
        10,
        """hess-quadratic hess-logistic-regression hess-logsumexp hess-softmax-regression hess-logdet hess-inverse-form
        hess-norm-two hess-trace-forms hess-log-barrier hess-gauss-newton""",
    ),
    "complex arguments": (4, "complex-frobenius complex-lms complex-det complex-rayleigh"),
}
ERRATA = """mc-28-expansion mc-92-transposed-term mc-95-missing-transpose mc-127-missing-condition quad-form-2bx
norm-without-square inverse-layout det-xtax-symmetric-form pinv-like-inverse mc-143-submatrices
mc-524-missing-transpose mc-89-modulus mc-252-label-and-transpose sym-det-unstructured sym-logdet-unstructured
sym-inverse-unstructured sym-rule-is-not-the-gradient expm-as-if-commuting eig-right-vector-only eigh-sign-of-f
svd-without-projector cholesky-diagonal-not-halved qr-copyltu-of-the-transpose vec-kronecker-order
hess-logdet-without-commutation softmax-diagonal-only softmax-ce-any-target sigmoid-rule-on-the-wrong-variable
batch-norm-constant-statistics layer-norm-missing-terms attention-scale-dropped conv-kernel-flip mean-and-half-factors
logistic-labels-plus-minus-one logistic-hessian-without-weights gather-without-accumulation"""

MODULES = [importlib.import_module(m.name) for m in pkgutil.iter_modules(identities.__path__, "reference.identities.")]
ITEMS = [item for module in MODULES for item in collect(module)]
CASES = [item for item in ITEMS if isinstance(item, Case) and not item.rule.refuted]
REFUTED = [item for item in ITEMS if isinstance(item, Case) and item.rule.refuted]


def ids_of(source):
    """The rows that a rule states: a source is ``"tr-axb: Petersen & Pedersen 2012, eq. 101"``, or has several ids."""
    ids, colon, _ = source.partition(":")
    return ids.split(", ") if colon and re.fullmatch(r"[a-z0-9, -]+", ids) else []


STATED = {row for case in CASES for row in ids_of(case.rule.source)}
WRONG = {row for case in REFUTED for row in ids_of(case.rule.source)} | {
    row
    for item in ITEMS
    if not isinstance(item, Case) and any(printed.erratum for printed in item.printed.values())
    for row in ids_of(item.source)
}


@pytest.mark.parametrize("group", ROWS)
def test_a_row_of_the_list_has_no_rule(group):
    count, ids = ROWS[group]
    assert len(set(ids.split())) == count
    assert set(ids.split()) <= STATED


def test_an_erratum_is_not_refuted():
    assert set(ERRATA.split()) <= WRONG


def test_a_rule_names_a_row_that_is_not_in_the_list():
    assert {row for _, ids in ROWS.values() for row in ids.split()} >= STATED
    assert set(ERRATA.split()) >= WRONG


@pytest.mark.parametrize("case", REFUTED, ids=lambda case: case.name.removeprefix("reference.identities."))
def test_a_wrong_form_is_no_longer_refuted_for_certain(case):
    result = check_case(case, oracles="exact,differences")
    assert (result.outcome, result.refuted) == ("refuted", case.rule.refuted)
    assert "Certified counterexample" in result.diagnosis


def slightly_wrong(place):
    """One cotangent off by a hundred-thousandth, or not zero where it should be."""

    def change(answer):
        g = answer[place]
        return (*answer[:place], g * (1 + 2.0**-17) if np.any(g != 0) else g + 2.0**-17, *answer[place + 1 :])

    return change


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removeprefix("reference.identities."))
def test_a_formula_off_by_a_hundred_thousandth_passes(case):
    for place, _ in enumerate(case.rule.arguments):
        planted = Case(answering(case.rule, slightly_wrong(place)), case.label)
        result = check_case(planted, oracles="exact", point="random0")
        assert result.verdict == "fail", (place, result.diagnosis)
