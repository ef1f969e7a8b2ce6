"""Special functions: of the normal distribution, gamma and Bessel.  (expit is `activations.sigmoid`.)

Source of the formulas: NIST Digital Library of Mathematical Functions, chapters 5, 7, 10 and 13.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from gradcheck.domains import interval, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.arithmetic import pairs
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, each

# √(π / 2), which is √(2π) φ's ratio to its tail; 2 / √π; and √(2π).
HALF_ROOT, SLOPE_AT_0, ROOT = float(np.sqrt(np.pi / 2)), float(2 / np.sqrt(np.pi)), float(np.sqrt(2 * np.pi))
ROOT_2 = float(np.sqrt(2))


@rule(
    domain=dict(x=real("n k", at=(-30.0, 0.0, 5.0))),
    jax=lambda jax, x: jax.scipy.special.erf(x),
    sympy=each(lambda sympy, x: sympy.erf(x)),
    source="DLMF 7.2.1",
)
def erf(x: Array) -> Pulled:
    """2 / √π times the integral of exp(-t²) from 0 to x.  (...) -> (...)

    dx = dy 2/√π exp(-x²).
    """

    def pullback(dy: Array) -> Any:
        return dy * SLOPE_AT_0 * np.exp(-x * x)

    return special.erf(x), pullback


@rule(
    domain=dict(x=real("n k", at=(-5.0, 0.0, 20.0))),
    jax=lambda jax, x: jax.scipy.special.erfc(x),
    sympy=each(lambda sympy, x: sympy.erfc(x)),
    source="DLMF 7.2.2",
)
def erfc(x: Array) -> Pulled:
    """1 - erf(x), which keeps its digits for large x.  (...) -> (...)

    dx = -dy 2/√π exp(-x²).
    """

    def pullback(dy: Array) -> Any:
        return -dy * SLOPE_AT_0 * np.exp(-x * x)

    return special.erfc(x), pullback


@rule(
    domain=dict(x=interval("n k", -1.0, 1.0, at=(-0.999999, 0.0, 0.9999999999))),
    jax=lambda jax, x: jax.scipy.special.erfinv(x),
    sympy=each(lambda sympy, x: sympy.erfinv(x)),
    source="DLMF 7.17",
)
def erfinv(x: Array) -> Pulled:
    """The inverse of erf on (-1, 1).  (...) -> (...)

    dx = dy √π/2 exp(y²), where exp(y²) is erfcx(|y|) / (1 - |x|), which keeps its digits near ±1.
    """
    y = special.erfinv(x)

    def pullback(dy: Array) -> Any:
        return dy / SLOPE_AT_0 * special.erfcx(np.abs(y)) / (1 - np.abs(x))

    return y, pullback


@rule(
    domain=dict(x=real("n k", at=(-30.0, 0.0, 8.0))),
    jax=lambda jax, x: jax.scipy.special.ndtr(x),
    sympy=each(lambda sympy, x: sympy.erfc(-x / sympy.sqrt(2)) / 2),
    source="DLMF 7.18",
)
def ndtr(x: Array) -> Pulled:
    """The normal distribution function Φ(x).  (...) -> (...)

    dx = dy φ(x), φ(x) = exp(-x²/2) / √(2π).
    """

    def pullback(dy: Array) -> Any:
        return dy * np.exp(-x * x / 2) / ROOT

    return special.ndtr(x), pullback


@rule(
    domain=dict(x=real("n k", at=(-1e5, -40.0, 0.0, 8.0))),
    jax=lambda jax, x: jax.scipy.special.log_ndtr(x),
    sympy=each(lambda sympy, x: sympy.log(sympy.erfc(-x / sympy.sqrt(2)) / 2)),
)
def log_ndtr(x: Array) -> Pulled:
    """log Φ(x), which is finite where Φ(x) is 0 in floats.  (...) -> (...)

    dx = dy φ(x) / Φ(x) = dy √(2/π) / erfcx(-x/√2): no quotient of two numbers that vanish.
    """

    def pullback(dy: Array) -> Any:
        return dy / HALF_ROOT / special.erfcx(-x / ROOT_2)

    return special.log_ndtr(x), pullback


@rule(
    domain=dict(p=interval("n k", 0.0, 1.0, at=(1e-300, 0.5, 0.9999999))),
    jax=lambda jax, p: jax.scipy.special.ndtri(p),
    sympy=each(lambda sympy, p: sympy.sqrt(2) * sympy.erfinv(2 * p - 1)),
)
def ndtri(p: Array) -> Pulled:
    """The inverse of Φ on (0, 1).  (...) -> (...)

    dp = dy / φ(y), where 1 / φ(y) is √(π/2) erfcx(|y|/√2) / min(p, 1 - p), which keeps its digits in both tails.
    """
    y = special.ndtri(p)

    def pullback(dy: Array) -> Any:
        return dy * HALF_ROOT * special.erfcx(np.abs(y) / ROOT_2) / np.minimum(p, 1 - p)

    return y, pullback


@rule(
    domain=dict(x=interval("n k", 0.0, 1.0, at=(1e-300, 0.5, 0.9999999))),
    jax=lambda jax, x: jax.scipy.special.logit(x),
    sympy=each(lambda sympy, x: sympy.log(x / (1 - x))),
    source="Berkson 1944",
)
def logit(x: Array) -> Pulled:
    """log(x / (1 - x)), the inverse of the sigmoid.  (...) -> (...)

    dx = dy / (x (1 - x)).
    """

    def pullback(dy: Array) -> Any:
        return dy / x / (1 - x)

    return special.logit(x), pullback


@rule(
    domains={"": dict(x=positive("n k", at=(1e-8, 1e5))), "negative": dict(x=interval("n k", -2.0, -1.0))},
    jax=lambda jax, x: jax.scipy.special.gammaln(x),
    sympy=each(lambda sympy, x: sympy.loggamma(x)),
    source="DLMF 5.2.2",
)
def gammaln(x: Array) -> Pulled:
    """log |Γ(x)|.  (...) -> (...)

    dx = dy digamma(x).
    """

    def pullback(dy: Array) -> Any:
        return dy * special.digamma(x)

    return special.gammaln(x), pullback


@rule(
    domains={"": dict(x=positive("n k", at=(1e-8, 1e5))), "negative": dict(x=interval("n k", -2.0, -1.0))},
    jax=lambda jax, x: jax.scipy.special.digamma(x),
    sympy=each(lambda sympy, x: sympy.digamma(x)),
    source="DLMF 5.2.2, 5.15.1",
    gradient_of=gammaln,
)
def digamma(x: Array) -> Pulled:
    """The derivative of log Γ(x).  (...) -> (...)

    dx = dy trigamma(x).
    """

    def pullback(dy: Array) -> Any:
        # scipy's polygamma answers in float64.
        return dy * special.polygamma(1, x).astype(x.dtype)

    return special.digamma(x), pullback


@rule(
    domains=pairs(positive, positive),
    # Its own betaln takes more than twice as long to compile.
    jax=lambda jax, a, b: sum(map(jax.scipy.special.gammaln, (a, b))) - jax.scipy.special.gammaln(a + b),
    sympy=each(lambda sympy, a, b: sympy.loggamma(a) + sympy.loggamma(b) - sympy.loggamma(a + b)),
    source="DLMF 5.12.1",
    accuracy=64.0,
)
def betaln(a: Array, b: Array) -> Pulled:
    """log B(a, b) = log Γ(a) + log Γ(b) - log Γ(a + b), broadcasting.  (...), (...) -> (...)

    da = dy (digamma(a) - digamma(a + b)), db likewise.  The budget is wide: where a is far larger than b, the
    two digammas are nearly equal, and their difference has no closed form.
    """

    def pullback(dy: Array) -> Any:
        both = special.digamma(a + b)
        return (
            unbroadcast(dy * (special.digamma(a) - both), a.shape),
            unbroadcast(dy * (special.digamma(b) - both), b.shape),
        )

    return special.betaln(a, b), pullback


@rule(
    domain=dict(x=real("n k", at=(-700.0, 0.0, 30.0))),
    jax=lambda jax, x: jax.scipy.special.i0(x),
    sympy=each(lambda sympy, x: sympy.besseli(0, x)),
    known_wrong={"jax": "i0 is exp(|x|) i0e(x) there, whose slope at 0 is that of one side"},
    source="DLMF 10.29.3",
)
def i0(x: Array) -> Pulled:
    """The modified Bessel function I₀(x).  (...) -> (...)

    dx = dy I₁(x).
    """

    def pullback(dy: Array) -> Any:
        return dy * special.i1(x)

    return special.i0(x), pullback


@rule(
    domain=dict(x=real("n k", at=(-700.0, 0.0, 30.0))),
    jax=lambda jax, x: jax.scipy.special.i1(x),
    sympy=each(lambda sympy, x: sympy.besseli(1, x)),
    source="DLMF 10.29.1",
    gradient_of=i0,
)
def i1(x: Array) -> Pulled:
    """The modified Bessel function I₁(x).  (...) -> (...)

    dx = dy (I₀(x) + I₂(x)) / 2.
    """

    def pullback(dy: Array) -> Any:
        return dy * (special.i0(x) + special.iv(2, x)) / 2

    return special.i1(x), pullback


def fall(size: Array) -> Any:
    """exp(-x) (I₀(x) - I₁(x)) of x ≥ 0, of which a difference of the two keeps no digits (DLMF 10.39.5, 13.3.15)."""
    return special.hyp1f1(1.5, 2.0, -2 * size)


@rule(
    domain=dict(x=real("n k", kinks=(0.0,), at=(-700.0, 0.0, 30.0))),
    jax=lambda jax, x: jax.scipy.special.i0e(x),
    sympy=each(lambda sympy, x: sympy.exp(-sympy.Abs(x)) * sympy.besseli(0, x)),
    source="DLMF 10.39.5, 13.3.15",
)
def i0e(x: Array) -> Pulled:
    """exp(-|x|) I₀(x), which does not overflow.  (...) -> (...)

    dx = -dy sign(x) exp(-|x|) (I₀ - I₁)(|x|) = -dy sign(x) M(3/2, 2, -2|x|): the difference would lose its digits.
    The kink at 0 has the cotangent 0, as in JAX.
    """

    def pullback(dy: Array) -> Any:
        return -dy * np.sign(x) * fall(np.abs(x))

    return special.i0e(x), pullback


@rule(
    domain=dict(x=real("n k", at=(-700.0, 0.0, 30.0))),
    jax=lambda jax, x: jax.scipy.special.i1e(x),
    sympy=each(lambda sympy, x: sympy.exp(-sympy.Abs(x)) * sympy.besseli(1, x)),
    source="DLMF 10.39.5, 13.3.15",
    accuracy=64.0,
)
def i1e(x: Array) -> Pulled:
    """exp(-|x|) I₁(x), which does not overflow.  (...) -> (...)

    dx = dy (exp(-|x|) (I₀ - I₁)(|x|) - i1e(|x|) / |x|), the latter M(3/2, 3, -2|x|) / 2: 1/2 at 0.
    The budget is wide: near the largest i1e, at 1.5, the two terms cancel in any formula.
    """

    def pullback(dy: Array) -> Any:
        size = np.abs(x)
        return dy * (fall(size) - special.hyp1f1(1.5, 3.0, -2 * size) / 2)

    return special.i1e(x), pullback
