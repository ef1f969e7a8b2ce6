"""jax.nn, and functions of jax.numpy with known trouble, checked by ``gradcheck run tests/real_world/jax_nn.py``.

JAX is compiled code: finite differences are the witness.  README.md beside has the outcome.
"""

from __future__ import annotations

import inspect
from typing import Any

import jax
import jax.numpy as jnp

from gradcheck import choice, interval, positive, real
from gradcheck.adapters import from_jax
from gradcheck.rules import Rule
from tests.real_world.tables import rules

nn = jax.nn
SMOOTH = {"x": real("*b", at=(0.0, 40.0, -40.0, 1e3, -1e3, 1e-8))}
ALONG = {"x": real("n k", at=(1e3,)), "axis": choice(0, -1)}
ATTENTION = {"q": real("2 3 2 4"), "k": real("2 3 2 4"), "v": real("2 3 2 4")}


def kinked(*kinks: float) -> dict[str, Any]:
    """A domain away from kinks."""
    return {"x": real("*b", -9.0, 9.0, kinks=kinks, at=(30.0, -30.0))}


ACTIVATIONS = {
    "relu": (lambda x: nn.relu(x), kinked(0.0)),
    "relu6": (lambda x: nn.relu6(x), kinked(0.0, 6.0)),
    "sigmoid": (lambda x: nn.sigmoid(x), SMOOTH),
    "softplus": (lambda x: nn.softplus(x), SMOOTH),
    "sparse_plus": (lambda x: nn.sparse_plus(x), kinked(-1.0, 1.0)),
    "sparse_sigmoid": (lambda x: nn.sparse_sigmoid(x), kinked(-1.0, 1.0)),
    "soft_sign": (lambda x: nn.soft_sign(x), SMOOTH),
    "silu": (lambda x: nn.silu(x), SMOOTH),
    "swish": (lambda x: nn.swish(x), SMOOTH),
    "log_sigmoid": (lambda x: nn.log_sigmoid(x), SMOOTH),
    "leaky_relu": (lambda x: nn.leaky_relu(x, 0.2), kinked(0.0)),
    "hard_sigmoid": (lambda x: nn.hard_sigmoid(x), kinked(-3.0, 3.0)),
    "hard_silu": (lambda x: nn.hard_silu(x), kinked(-3.0, 3.0)),
    "hard_swish": (lambda x: nn.hard_swish(x), kinked(-3.0, 3.0)),
    "hard_tanh": (lambda x: nn.hard_tanh(x), kinked(-1.0, 1.0)),
    "tanh": (lambda x: nn.tanh(x), SMOOTH),
    "elu": (lambda x, *, alpha: nn.elu(x, alpha), {**kinked(0.0), "alpha": choice(1.0, 0.7)}),
    "celu": (lambda x, *, alpha: nn.celu(x, alpha), {**kinked(0.0), "alpha": choice(1.0, 0.7)}),
    "selu": (lambda x: nn.selu(x), kinked(0.0)),
    "gelu": (lambda x, *, approximate: nn.gelu(x, approximate), {**SMOOTH, "approximate": choice(True, False)}),
    "glu": (lambda x, *, axis: nn.glu(x, axis), {"x": real("4 6"), "axis": choice(0, -1)}),
    "squareplus": (lambda x, *, b: nn.squareplus(x, b), {**SMOOTH, "b": choice(4.0, 0.3)}),
    "mish": (lambda x: nn.mish(x), SMOOTH),
    "identity": (lambda x: nn.identity(x), SMOOTH),
}

REDUCTIONS = {
    "softmax": (lambda x, *, axis: nn.softmax(x, axis), ALONG),
    "log_softmax": (lambda x, *, axis: nn.log_softmax(x, axis), ALONG),
    "logsumexp": (lambda x, *, axis: nn.logsumexp(x, axis), ALONG),
    "logmeanexp": (lambda x, *, axis: nn.logmeanexp(x, axis), ALONG),
    "standardize": (
        lambda x, *, axis, epsilon: nn.standardize(x, axis, epsilon=epsilon),
        {"x": real("n k", at=(1e4,)), "axis": choice(0, -1), "epsilon": choice(1e-5, 0.1)},
    ),
    "dot_product_attention": (
        lambda q, k, v, *, causal: nn.dot_product_attention(q, k, v, is_causal=causal),
        {**ATTENTION, "causal": choice(False, True)},
    ),
}

# Not of jax.nn: elementary functions at the points where they are known to lose their derivative.
ELEMENTARY = {
    "arcsinh": (lambda x: jnp.arcsinh(x), {"x": real("n", at=(1e200,))}),
    "arccosh": (lambda x: jnp.arccosh(x), {"x": interval("n", 1.0, 9.0, at=(1e200,))}),
    "expm1": (lambda x: jnp.expm1(x), {"x": real("n", at=(-40.0,))}),
    "log1p": (lambda x: jnp.log1p(x), {"x": positive("n", at=(1e200,))}),
    "i0": (lambda x: jnp.i0(x), {"x": real("n", at=(0.0,))}),
    "sinc": (lambda x: jnp.sinc(x), {"x": real("n", at=(0.0, 1e-5))}),
    "hypot": (lambda x, y: jnp.hypot(x, y), {"x": real("n", at=(1e200,)), "y": real("n", 1.0, 2.0, at=(1e200,))}),
    "arctan2": (lambda x, y: jnp.arctan2(x, y), {"x": real("n", 1.0, 2.0, at=(1e200,)), "y": real("n", 1.0, 2.0, at=(1e200,))}),
}  # fmt: skip


def compiled(function: Any, **declaration: Any) -> Rule:
    """The rule of a compiled function; parameters are constants of the program."""
    names = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    return from_jax(jax.jit(function, static_argnames=names), **declaration)


RULES = rules(compiled, __name__, {**ACTIVATIONS, **REDUCTIONS, **ELEMENTARY})
# A module's namespace is the registry.
globals().update(RULES)
