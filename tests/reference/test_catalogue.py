"""The library has every primitive that was asked for, by its name in the catalogue, and each with its parameters."""

import importlib
import inspect
import pkgutil

import pytest

import reference
from gradcheck.cases import Case, collect
from reference import classification_losses, convolution, reductions, repeating, sorting

CATALOGUE = {
    "Arithmetic": """
        add subtract multiply divide negative positive reciprocal pow float_power square sqrt cbrt abs sign hypot
        remainder fmod copysign maximum minimum clip where lerp heaviside floor ceil trunc round nan_to_num
    """,
    "Exponential and logarithmic": """
        exp exp2 expm1 log log1p log2 log10 logaddexp logaddexp2 logsumexp xlogy xlog1py entr
    """,
    "Trigonometric and hyperbolic": """
        sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh sinc deg2rad rad2deg
    """,
    "Special": """
        erf erfc erfinv ndtr log_ndtr ndtri gammaln digamma betaln i0 i0e i1 i1e expit logit
    """,
    "Reductions": """
        sum mean prod max min var std vector_norm median quantile average trapezoid ptp cumulative_sum
        cumulative_prod cumulative_max diff nansum nanmean masked_mean
    """,
    "Linear algebra": """
        matmul vecdot dot inner outer tensordot einsum matrix_transpose trace diagonal diag tril triu kron cross inv
        pinv solve triangular_solve cho_solve lstsq det slogdet cholesky qr eigh eigvalsh svd svdvals matrix_norm
        matrix_power multi_dot expm
    """,
    "Shape": """
        reshape ravel permute_dims moveaxis swapaxes expand_dims squeeze broadcast_to concat stack unstack split
        flip roll rot90 repeat tile pad meshgrid atleast_nd
    """,
    "Indexing and sorting": """
        getitem take take_along_axis index_add index_set scatter_max sort argsort-gathered top_k partition interp
        one_hot-matmul
    """,
    "FFT": """
        fft ifft rfft irfft fft2 rfft2 fftshift convolve correlate fftconvolve
    """,
    "Activations": """
        sigmoid hard_sigmoid log_sigmoid hard_tanh relu relu6 leaky_relu prelu rrelu elu selu celu gelu gelu_tanh
        quick_gelu silu hard_silu mish softplus softsign squareplus tanhshrink softshrink hardshrink threshold
        maxout glu geglu swiglu softmax log_softmax softmin gumbel_softmax sparsemax
    """,
    "Normalisation and regularisation": """
        batch_norm layer_norm rms_norm group_norm instance_norm local_response_norm weight_norm spectral_norm
        l2_normalize standardize dropout l1_penalty l2_penalty
    """,
    "Linear, convolution, pooling, resampling": """
        linear bilinear conv1d conv2d conv3d conv_transpose1d conv_transpose2d depthwise_conv2d unfold fold
        max_pool1d max_pool2d avg_pool1d avg_pool2d global_avg_pool lp_pool adaptive_avg_pool2d upsample_nearest
        upsample_bilinear pixel_shuffle grid_sample
    """,
    "Attention and embedding": """
        embedding scaled_dot_product_attention multi_head_attention grouped_query_attention rotary_embedding
        alibi_attention linear_attention cosine_similarity pairwise_distance
    """,
    "Recurrent": """
        rnn_cell lstm_cell gru_cell rnn lstm gru linear_recurrence selective_scan
    """,
    "Losses": """
        mse mae huber smooth_l1 log_cosh quantile_loss cross_entropy nll softmax_cross_entropy binary_cross_entropy
        bce_with_logits kl_divergence js_divergence poisson_nll gaussian_nll hinge squared_hinge multi_margin
        soft_margin cosine_embedding margin_ranking triplet_margin focal dice tversky info_nce contrastive ctc
    """,
    "Custom gradients": """
        stop_gradient straight_through gradient_reversal gradient_clip
    """,
}
# Where the catalogue describes a rule, or calls it by a second name: what it is here.
CALLED = {"argsort-gathered": "sort_by", "one_hot-matmul": "one_hot_matmul", "expit": "sigmoid"}
NAMES = [(family, name) for family, names in CATALOGUE.items() for name in names.split()]

MODULES = [m.name for m in pkgutil.walk_packages(reference.__path__, "reference.") if "__main__" not in m.name]
PRIMITIVES = [m for m in MODULES if not m.startswith(("reference.identities", "reference.worked"))]
CASES = [c for m in PRIMITIVES for c in collect(importlib.import_module(m)) if isinstance(c, Case)]


def rule_names():
    """The name of every rule of which there is a case."""
    return [name.rsplit(".", 1)[1] for name in dict.fromkeys(c.rule.name for c in CASES)]


@pytest.mark.parametrize(("family", "name"), NAMES, ids=[name for _, name in NAMES])
def test_a_primitive_is_missing_or_there_twice(family, name):
    assert rule_names().count(CALLED.get(name, name)) == 1, f"{family}: {name}"


def test_the_catalogue_lost_a_name():
    names = [name for _, name in NAMES]
    assert len(names) == len(set(names)) == 285


@pytest.mark.parametrize(
    ("rule", "parameters"),
    [
        (reductions.var, {"axis", "keepdims", "correction"}),
        (reductions.vector_norm, {"axis", "keepdims", "ord"}),
        (convolution.conv2d, {"stride", "padding", "dilation", "groups"}),
        (repeating.pad, {"mode"}),
        (sorting.interp, {"left", "right", "period"}),
        (classification_losses.cross_entropy, {"target", "weight", "ignore_index", "label_smoothing", "reduction"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_parameter_of_the_catalogue_is_missing_or_no_case_reaches_it(rule, parameters):
    keywords = {p.name for p in inspect.signature(rule.function).parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert parameters <= keywords
    assert parameters <= {name for domain in rule.domains.values() for name in domain}
