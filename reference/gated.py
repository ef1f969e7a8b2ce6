"""Gated linear units: one half of the features decides how much of the other half passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.activations import gelu, gelu_tanh, sigmoid, silu
from reference.declaring import Pulled


def gated(x: Array, gate: Callable[[Array], Pulled], axis: int) -> Pulled:
    """The first half of x times the gate of the second.  Raises ValueError where there are no halves."""
    if x.shape[axis] % 2:
        raise ValueError(f"x has {x.shape[axis]} entries along axis {axis}: halves need an even number")
    a, b = np.split(x, 2, axis)
    open_, pull_gate = gate(b)

    def pullback(dy: Array) -> Any:
        return np.concatenate([dy * open_, pull_gate(dy * a)], axis)

    return a * open_, pullback


def gated_symbolic(x: Any, gate: Callable[[Any], Any], axis: int) -> Any:
    """The definition."""
    a, b = np.split(x, 2, axis)
    return a * np.frompyfunc(gate, 1, 1)(b)


def gated_jax(jax: Any, x: Any, gate: Callable[[Any], Any], axis: int) -> Any:
    """The halves of x, one times the gate of the other."""
    a, b = jax.numpy.split(x, 2, axis)
    return a * gate(b)


@rule(
    domain=dict(x=real("2 4", at=(-800.0, 800.0)), axis=choice(-1, 0)),
    jax=lambda jax, x, *, axis: jax.nn.glu(x, axis),
    sympy=lambda sympy, x, *, axis: gated_symbolic(x, lambda b: 1 / (1 + sympy.exp(-b)), axis),
    source="Dauphin et al. 2017, section 2",
)
def glu(x: Array, *, axis: int = -1) -> Pulled:
    """a σ(b), a and b the halves of x along axis.  (n, k) -> (m, l)

    da = dy σ(b), db = dy a σ(b) σ(-b).  Raises ValueError where the axis is odd.
    """
    return gated(x, sigmoid, axis)


@rule(
    domain=dict(x=real("2 4", at=(-30.0, 30.0)), axis=choice(-1, 0), approximate=choice(False, True)),
    jax=lambda jax, x, *, axis, approximate: gated_jax(jax, x, lambda b: jax.nn.gelu(b, approximate), axis),
    sympy=lambda sympy, x, *, axis, approximate: gated_symbolic(
        x,
        lambda b: (
            b * (1 + sympy.tanh(sympy.sqrt(2 / sympy.pi) * (b + sympy.Rational(44715, 1000000) * b**3))) / 2
            if approximate
            else b * (1 + sympy.erf(b / sympy.sqrt(2))) / 2
        ),
        axis,
    ),
    source="Shazeer 2020, eq. 5",
)
def geglu(x: Array, *, axis: int = -1, approximate: bool = False) -> Pulled:
    """a gelu(b), a and b the halves of x along axis.  (n, k) -> (m, l)

    da = dy gelu(b), db = the pullback of gelu for dy a.  approximate: gelu_tanh.  Raises ValueError where the axis is
    odd.
    The pullback keeps gelu(b) and what that of gelu keeps.
    """
    return gated(x, gelu_tanh if approximate else gelu, axis)


@rule(
    domain=dict(x=real("2 4", at=(-800.0, 800.0)), axis=choice(-1, 0)),
    jax=lambda jax, x, *, axis: gated_jax(jax, x, jax.nn.silu, axis),
    sympy=lambda sympy, x, *, axis: gated_symbolic(x, lambda b: b / (1 + sympy.exp(-b)), axis),
    source="Shazeer 2020, eq. 5",
)
def swiglu(x: Array, *, axis: int = -1) -> Pulled:
    """a b σ(b), a and b the halves of x along axis.  (n, k) -> (m, l)

    da = dy b σ(b), db = the pullback of silu for dy a.  Raises ValueError where the axis is odd.
    The pullback keeps b σ(b) and σ(b).
    """
    return gated(x, silu, axis)
