"""Rules of analytic functions take complex numbers, in JAX's convention: the cotangent of f is dy f'(z)."""

import numpy as np
import pytest

import gradcheck
from gradcheck.cases import Case
from gradcheck.run.targets import find
from reference import linalg

ANALYTIC = {
    "angles": "sinc",
    "arithmetic": "abs add divide integer_pow lerp multiply negative pow reciprocal sqrt square subtract where",
    "contractions": "dot einsum multi_dot tensordot",
    "convolution": "conv1d conv2d conv3d depthwise_conv2d",
    "diagonals": "diag diagonal",
    "exponential": "exp exp2 expm1 log log10 log1p log2",
    "indexing": "embedding getitem index_add take take_along_axis",
    "linalg": "cross det inner inv kron matmul matrix_power outer solve trace tril triu vecdot",
    "linear": "bilinear linear",
    "reductions": "logsumexp mean prod sum vector_norm",
    "repeating": "pad repeat tile",
    "running": "cumulative_prod cumulative_sum diff trapezoid",
    "scattering": "index_set one_hot_matmul",
    "shape": "broadcast_to concat flip moveaxis reshape roll stack",
    "signals": "convolve",
    "statistics": "average masked_mean",
    "trigonometric": "acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh",
}
NAMES = {f"reference.{module}.{name}" for module, names in ANALYTIC.items() for name in names.split()}
# The first domain of each.
CASES = {f.item.rule.name: f.item for f in reversed(find(["reference"])) if isinstance(f.item, Case)}


def complex_point(case):
    """The first random point, moved off the real axis, both ways."""
    point, rng = case.point("random", 0), np.random.default_rng(0)
    aside = [rng.choice([-1j, 1j], a.shape) * np.round(rng.uniform(0.2, 1, a.shape), 3) for a in point.args]
    return [a + i for a, i in zip(point.args, aside, strict=True)], point.params


@pytest.mark.parametrize("name", sorted(NAMES), ids=lambda name: name.removeprefix("reference."))
def test_pullback_is_right_at_complex_arguments(name):
    args, params = complex_point(CASES[name])
    result = gradcheck.check(CASES[name].rule.function, *args, params=params, oracles="exact,differences")
    assert result, str(result)


def test_the_logarithm_of_a_complex_determinant_is_refused_and_says_what_to_use():
    with pytest.raises(TypeError, match=r"x is complex.*use det"):
        linalg.slogdet(np.eye(2) * 1j)
