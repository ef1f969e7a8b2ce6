"""The ufuncs of scipy.special that balls know: each with its value and its partial derivatives, in one table.

Source of the formulas: NIST Digital Library of Mathematical Functions, chapters 5, 7 and 10.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Function = Callable[..., Any]


def each(function: Function, inputs: int = 1) -> Function:
    """A function of balls applied to arrays of balls."""
    return np.frompyfunc(function, inputs, 1)


@cache
def table() -> dict[str, tuple[Function, tuple[Function, ...]]]:
    """name -> (value, partial derivatives as functions of the inputs and the value)."""
    from flint import arb

    exp, log = each(lambda x: x.exp()), each(lambda x: x.log())
    gauss = each(lambda x: (-x * x).exp() * 2 / arb.pi().sqrt())
    normal = each(lambda x: (-x * x / 2).exp() / (2 * arb.pi()).sqrt())
    digamma = each(lambda x: x.digamma())
    trigamma = each(lambda x: polygamma(arb(1), x))

    def unknown(inputs: int) -> Function:
        """The derivative by an order: none that is known."""
        return each(lambda *_: arb.nan(), inputs)

    return {
        "erf": (each(lambda x: x.erf()), (lambda x, y: gauss(x),)),
        "erfc": (each(lambda x: x.erfc()), (lambda x, y: -gauss(x),)),
        "erfcx": (each(erfcx), (lambda x, y: 2 * x * y - gauss(arb(0)),)),
        "erfi": (each(lambda x: x.erfi()), (lambda x, y: gauss(x) * exp(2 * x * x),)),
        "dawsn": (each(lambda x: (-x * x).exp() * x.erfi() * arb.pi().sqrt() / 2), (lambda x, y: 1 - 2 * x * y,)),
        "erfinv": (each(erfinv), (lambda y, x: 1 / gauss(x),)),
        "erfcinv": (each(lambda y: erfcinv(y)), (lambda y, x: -1 / gauss(x),)),
        "ndtr": (each(ndtr), (lambda x, y: normal(x),)),
        "log_ndtr": (each(lambda x: ndtr(x).log()), (lambda x, y: normal(x) / exp(y),)),
        "ndtri": (each(ndtri), (lambda p, x: 1 / normal(x),)),
        "ndtri_exp": (each(lambda x: ndtri(x.exp())), (lambda x, y: exp(x) / normal(y),)),
        "expit": (each(expit), (each(lambda x, y: expit(x) * expit(-x), 2),)),
        "log_expit": (each(lambda x: -logaddexp(arb(0), -x)), (each(lambda x, y: expit(-x), 2),)),
        "logit": (each(lambda x: logarithm(x) - logarithm(1 - x)), (lambda x, y: 1 / (x * (1 - x)),)),
        "gamma": (each(lambda x: x.gamma()), (lambda x, y: y * digamma(x),)),
        "rgamma": (each(lambda x: x.rgamma()), (each(slope_of_rgamma, 2),)),
        "gammaln": (each(gammaln), (lambda x, y: digamma(x),)),
        "loggamma": (each(gammaln_of_positive), (lambda x, y: digamma(x),)),
        "psi": (digamma, (lambda x, y: trigamma(x),)),
        "polygamma": (
            each(polygamma, 2),
            (unknown(3), each(lambda n, x, y: polygamma(n + 1, x), 3)),
        ),
        "beta": (
            each(lambda a, b: a.gamma() * b.gamma() * (a + b).rgamma(), 2),
            (
                lambda a, b, y: y * (digamma(a) - digamma(a + b)),
                lambda a, b, y: y * (digamma(b) - digamma(a + b)),
            ),
        ),
        "betaln": (
            each(lambda a, b: gammaln(a) + gammaln(b) - gammaln(a + b), 2),
            (lambda a, b, y: digamma(a) - digamma(a + b), lambda a, b, y: digamma(b) - digamma(a + b)),
        ),
        "i0": (bessel("i", 0), (lambda x, y: bessel("i", 1)(x),)),
        "i1": (bessel("i", 1), (lambda x, y: (bessel("i", 0)(x) + bessel("i", 2)(x)) / 2,)),
        "j0": (bessel("j", 0), (lambda x, y: -bessel("j", 1)(x),)),
        "j1": (bessel("j", 1), (lambda x, y: (bessel("j", 0)(x) - bessel("j", 2)(x)) / 2,)),
        "k0": (bessel("k", 0), (lambda x, y: -bessel("k", 1)(x),)),
        "k1": (bessel("k", 1), (lambda x, y: -(bessel("k", 0)(x) + bessel("k", 2)(x)) / 2,)),
        "iv": (
            each(lambda n, x: x.bessel_i(n), 2),
            (unknown(3), each(lambda n, x, y: (x.bessel_i(n - 1) + x.bessel_i(n + 1)) / 2, 3)),
        ),
        "hyp1f1": (
            each(lambda a, b, x: x.hypgeom_1f1(a, b), 3),
            (unknown(4), unknown(4), each(lambda a, b, x, y: a / b * x.hypgeom_1f1(a + 1, b + 1), 4)),
        ),
        "xlogy": (each(xlogy, 2), (lambda a, b, y: log(b), lambda a, b, y: a / b)),
        "xlog1py": (
            each(lambda a, b: a * b.log1p() if a != 0 or not a.is_exact() else arb(0), 2),
            (each(lambda a, b, y: b.log1p(), 3), lambda a, b, y: a / (1 + b)),
        ),
        "entr": (each(entr), (lambda x, y: -log(x) - 1,)),
        "rel_entr": (each(rel_entr, 2), (lambda a, b, y: log(a / b) + 1, lambda a, b, y: -a / b)),
        "kl_div": (
            each(lambda a, b: rel_entr(a, b) - a + b, 2),
            (lambda a, b, y: log(a / b), lambda a, b, y: 1 - a / b),
        ),
    }


def logarithm(x: Any) -> Any:
    """log(x), minus infinity at 0 as in NumPy."""
    from flint import acb, arb

    return arb.neg_inf() if x.is_zero() and not isinstance(x, acb) else x.log()


def logaddexp(a: Any, b: Any) -> Any:
    """log(exp(a) + exp(b)), around the larger midpoint so that the ball stays small."""
    high, low = (a, b) if float(a.mid()) >= float(b.mid()) else (b, a)
    if not high.is_finite():
        return logarithm(a.exp() + b.exp())
    return high + (low - high).exp().log1p()


def expit(x: Any) -> Any:
    """1 / (1 + exp(-x)), with the exponential of a negative number for the sake of the ball's radius."""
    if float(x.mid()) >= 0:
        return 1 / (1 + (-x).exp())
    e = x.exp()
    return e / (1 + e)


def xlogy(a: Any, b: Any) -> Any:
    """a * log(b), 0 where a is exactly 0."""
    return a * b.log() if a != 0 or not a.is_exact() else 0 * a


def entr(x: Any) -> Any:
    """-x log(x), 0 at 0, minus infinity below."""
    from flint import arb

    return arb.neg_inf() if x < 0 else -xlogy(x, x)


def rel_entr(a: Any, b: Any) -> Any:
    """a log(a / b), 0 where a is exactly 0 and b not negative, infinity outside."""
    from flint import arb

    if a.is_zero():
        return arb(0) if b >= 0 else arb.pos_inf()
    return arb.pos_inf() if a < 0 or b <= 0 else a * (a / b).log()


def erfcx(x: Any) -> Any:
    """exp(x²) erfc(x); for large x by a function whose ball stays small (DLMF 7.11.5)."""
    from flint import arb

    if x > 2:
        return (x * x).hypgeom_u(arb(0.5), arb(0.5)) / arb.pi().sqrt()
    return (x * x).exp() * x.erfc()


def ndtr(x: Any) -> Any:
    """The normal distribution function, as half an erfc that keeps the digits of small probabilities."""
    from flint import arb

    return (-x / arb(2).sqrt()).erfc() / 2


def ndtri(p: Any) -> Any:
    """The inverse of ndtr."""
    from flint import arb

    return -arb(2).sqrt() * erfcinv(2 * p)


def erfinv(y: Any) -> Any:
    """The inverse error function, infinite at -1 and 1."""
    from flint import arb

    return arb.pos_inf() if y == 1 else arb.neg_inf() if y == -1 else y.erfinv()


def erfcinv(y: Any) -> Any:
    """The inverse of erfc, infinite at 0 and 2."""
    from flint import arb

    return arb.pos_inf() if y == 0 else arb.neg_inf() if y == 2 else y.erfcinv()


def gammaln(x: Any) -> Any:
    """log |Γ(x)|."""
    return x.lgamma() if x > 0 else abs(x.gamma()).log()


def gammaln_of_positive(x: Any) -> Any:
    """The principal log Γ(x), which is not real below 0."""
    from flint import arb

    return x.lgamma() if x > 0 else arb.nan()


def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma, by way of complex numbers, where it is defined for negative x too."""
    from flint import acb

    return acb(x).polygamma(acb(n)).real


def slope_of_rgamma(x: Any, y: Any) -> Any:
    """-digamma(x) / Γ(x), at the poles of both (0, -1, -2, ...) their limit (-1)^n n!."""
    if x.is_exact() and x.is_integer() and x <= 0:
        n = -int(x.unique_fmpz())
        return (1 - x).gamma() * (-1) ** n
    return -y * x.digamma()


def bessel(kind: str, order: int) -> Function:
    """A Bessel function of whole order on arrays of balls."""
    return each(lambda x: getattr(x, f"bessel_{kind}")(order))
