"""x log y, with 0 where x is 0, and the entropy that is made of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.special import xlog1py as times_log1p
from scipy.special import xlogy as times_log

from gradcheck.domains import interval, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.arithmetic import pairs
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, each


@rule(
    domains=pairs(real, partial(positive, at=(1e-200, 1.0, 1e200))),
    jax=lambda jax, a, b: jax.scipy.special.xlogy(a, b),
    sympy=each(lambda sympy, a, b: a * sympy.log(b)),
)
def xlogy(a: Array, b: Array) -> Pulled:
    """a log b, 0 where a is 0, broadcasting, b > 0.  (...), (...) -> (...)

    da = dy log b, db = dy a / b.
    """

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy * np.log(b), a.shape), unbroadcast(dy * (a / b), b.shape)

    return times_log(a, b), pullback


@rule(
    domains=pairs(real, lambda shape: interval(shape, -1.0, 3.0, at=(1e-12, -1e-200))),
    jax=lambda jax, a, b: jax.scipy.special.xlog1py(a, b),
    sympy=each(lambda sympy, a, b: a * sympy.log(1 + b)),
)
def xlog1py(a: Array, b: Array) -> Pulled:
    """a log(1 + b), right near b = 0 too, 0 where a is 0, broadcasting, b > -1.  (...), (...) -> (...)

    da = dy log1p(b), db = dy a / (1 + b).
    """

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy * np.log1p(b), a.shape), unbroadcast(dy * (a / (1 + b)), b.shape)

    return times_log1p(a, b), pullback


@rule(
    domain=dict(x=positive("n k", at=(1e-200, 1.0, 0.36787944117144233))),
    jax=lambda jax, x: jax.scipy.special.entr(x),
    sympy=each(lambda sympy, x: -x * sympy.log(x)),
    source="Boyd & Vandenberghe 2004, section 3.1.5",
)
def entr(x: Array) -> Pulled:
    """-x log x, the entropy of a probability, 0 at 0, -inf below.  (...) -> (...)

    dx = -dy (1 + log x); infinite at 0.
    """

    def pullback(dy: Array) -> Any:
        return -dy * (1 + np.log(x))

    return np.where(x < 0, -np.inf, -times_log(x, x)).astype(x.dtype), pullback
