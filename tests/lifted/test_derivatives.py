"""The table of balls: every value and every partial derivative against mpmath at 60 digits."""

from collections.abc import Callable, Iterator
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradcheck.lifted.balls import Balls, midpoints, precision
from gradcheck.lifted.derivatives import derivatives, primals

DIGITS = 60
ANYWHERE = (-2.5, -0.3, 0.0, 0.7, 3.25)
POSITIVE = (0.01, 0.7, 2.0, 30.5)
INSIDE = (-0.9, -0.25, 0.0, 0.6)
UNIT = (0.05, 0.5, 0.93)
PAIRS = ((0.4, 1.5), (-2.25, 0.75), (3.0, -1.25))
BASES = ((0.4, 1.5), (2.5, -0.75), (1.75, 3.0))


def normal(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def quantile(p: Any) -> Any:
    return mp.sqrt(2) * mp.erfinv(2 * p - 1)


def logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


# name -> (the function by mpmath, points)
KNOWN: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "add": (lambda a, b: a + b, PAIRS),
    "subtract": (lambda a, b: a - b, PAIRS),
    "multiply": (lambda a, b: a * b, PAIRS),
    "divide": (lambda a, b: a / b, PAIRS),
    "negative": (lambda x: -x, ANYWHERE),
    "reciprocal": (lambda x: 1 / x, (-2.5, 0.3, 4.0)),
    "square": (lambda x: x * x, ANYWHERE),
    "sqrt": (mp.sqrt, POSITIVE),
    "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), (-8.0, -0.3, 0.7, 27.0)),
    "power": (mp.power, BASES),
    "float_power": (mp.power, BASES),
    "exp": (mp.exp, (*ANYWHERE, 700.0, -700.0)),
    "exp2": (lambda x: mp.power(2, x), ANYWHERE),
    "expm1": (mp.expm1, (*ANYWHERE, 1e-9, -40.0)),
    "log": (mp.log, (*POSITIVE, 1e-9)),
    "log2": (lambda x: mp.log(x, 2), POSITIVE),
    "log10": (mp.log10, POSITIVE),
    "log1p": (mp.log1p, (-0.99, 1e-9, 0.7, 40.0)),
    "logaddexp": (lambda a, b: mp.log(mp.exp(a) + mp.exp(b)), (*PAIRS, (700.0, 710.0))),
    "logaddexp2": (lambda a, b: mp.log(mp.power(2, a) + mp.power(2, b), 2), PAIRS),
    "sin": (mp.sin, ANYWHERE),
    "cos": (mp.cos, ANYWHERE),
    "tan": (mp.tan, ANYWHERE),
    "arcsin": (mp.asin, INSIDE),
    "arccos": (mp.acos, INSIDE),
    "arctan": (mp.atan, ANYWHERE),
    "arctan2": (mp.atan2, PAIRS),
    "hypot": (lambda a, b: mp.sqrt(a * a + b * b), PAIRS),
    "sinh": (mp.sinh, ANYWHERE),
    "cosh": (mp.cosh, ANYWHERE),
    "tanh": (mp.tanh, (*ANYWHERE, 15.0)),
    "arcsinh": (mp.asinh, ANYWHERE),
    "arccosh": (mp.acosh, (1.01, 2.5, 40.0)),
    "arctanh": (mp.atanh, INSIDE),
    "deg2rad": (mp.radians, ANYWHERE),
    "radians": (mp.radians, ANYWHERE),
    "rad2deg": (mp.degrees, ANYWHERE),
    "degrees": (mp.degrees, ANYWHERE),
    "floor": (mp.floor, (-2.5, -0.3, 0.7, 3.25)),
    "ceil": (mp.ceil, (-2.5, -0.3, 0.7, 3.25)),
    "trunc": (lambda x: mp.sign(x) * mp.floor(abs(x)), (-2.5, -0.3, 0.7, 3.25)),
    "rint": (lambda x: mp.floor(x + mp.mpf(1) / 2), (-2.75, -0.3, 0.7, 3.25)),
    "erf": (mp.erf, ANYWHERE),
    "erfc": (mp.erfc, (*ANYWHERE, 12.0)),
    "ndtr": (normal, (*ANYWHERE, -12.0)),
    "log_ndtr": (lambda x: mp.log(normal(x)), (*ANYWHERE, -12.0)),
    "expit": (logistic, (*ANYWHERE, 40.0, -40.0)),
    "log_expit": (lambda x: mp.log(logistic(x)), (*ANYWHERE, 40.0, -40.0)),
    "logit": (lambda x: mp.log(x / (1 - x)), UNIT),
    "gammaln": (lambda x: mp.log(abs(mp.gamma(x))), (*POSITIVE, -0.5)),
    "psi": (mp.digamma, (*POSITIVE, -0.5)),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), (-1.5, 0.0, 0.7, 12.0)),
    "erfi": (mp.erfi, ANYWHERE),
    "dawsn": (lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x), (*ANYWHERE, 8.0)),
    "erfinv": (mp.erfinv, INSIDE),
    "erfcinv": (lambda x: mp.erfinv(1 - x), (0.05, 0.5, 1.0, 1.75)),
    "ndtri": (quantile, UNIT),
    "ndtri_exp": (lambda x: quantile(mp.exp(x)), (-5.0, -0.25)),
    "sinc": (mp.sincpi, ANYWHERE),
    "gamma": (mp.gamma, (-1.5, 0.3, 4.0, 30.5)),
    "rgamma": (mp.rgamma, (-1.5, 0.3, 4.0)),
    "loggamma": (mp.loggamma, POSITIVE),
    "polygamma": (lambda n, x: mp.psi(int(n), x), ((1.0, 0.3), (2.0, 4.5), (1.0, -1.5), (0.0, 0.7))),
    "beta": (mp.beta, ((0.4, 1.5), (3.0, 0.25))),
    "betaln": (lambda a, b: mp.log(mp.beta(a, b)), ((0.4, 1.5), (3.0, 0.25))),
    **{f"i{n}": (lambda x, n=n: mp.besseli(n, x), (-2.5, 0.0, 0.7, 30.0)) for n in (0, 1)},
    **{f"j{n}": (lambda x, n=n: mp.besselj(n, x), (-2.5, 0.0, 0.7, 30.0)) for n in (0, 1)},
    **{f"k{n}": (lambda x, n=n: mp.besselk(n, x), POSITIVE) for n in (0, 1)},
    "iv": (mp.besseli, ((2.0, 0.7), (0.0, -1.5), (1.0, 20.0))),
    "hyp1f1": (mp.hyp1f1, ((1.5, 2.0, -3.0), (1.5, 3.0, 0.0), (0.5, 1.25, 4.0))),
    "entr": (lambda x: -x * mp.log(x), POSITIVE),
    "rel_entr": (lambda a, b: a * mp.log(a / b), ((0.4, 1.5), (3.0, 0.25))),
    "kl_div": (lambda a, b: a * mp.log(a / b) - a + b, ((0.4, 1.5), (3.0, 0.25))),
    "xlogy": (lambda a, b: a * mp.log(b), ((0.4, 1.5), (-2.25, 0.75))),
    "xlog1py": (lambda a, b: a * mp.log1p(b), ((0.4, 1.5), (-2.25, -0.75))),
}


# Arguments that have no derivative here, such as an order.
ORDERS = {"polygamma": (0,), "iv": (0,), "hyp1f1": (0, 1)}


def rows() -> Iterator[Any]:
    for name, (function, points) in KNOWN.items():
        for point in points:
            at = point if isinstance(point, tuple) else (point,)
            yield pytest.param(name, function, at, id=f"{name}{at}")


def close(ball: Any, number: Any) -> bool:
    """Whether a ball is small, and holds a number known to 60 digits."""
    text = mp.nstr(number, DIGITS, min_fixed=0, max_fixed=0)
    from flint import arb

    gap = abs(ball - arb(text))
    return bool(gap < arb(10) ** (8 - DIGITS) * (1 + abs(arb(text))))


def lifted_value(name: str, at: tuple[float, ...], moving: int | None = None) -> Any:
    system = Balls(tangents=True)
    args = [system.exact(np.array(x), np.array(1.0) if k == moving else None) for k, x in enumerate(at)]
    return system.ufunc(name, *args)


def test_no_entry_of_the_table_is_left_out() -> None:
    assert set(KNOWN) == set(primals()) == set(derivatives())


@pytest.mark.parametrize(("name", "function", "at"), list(rows()))
def test_a_value_that_is_not_the_functions(name: str, function: Callable[..., Any], at: tuple[float, ...]) -> None:
    with mp.workdps(DIGITS + 20), precision(320):
        assert close(lifted_value(name, at).value[()], function(*map(mp.mpf, at)))


@pytest.mark.parametrize(("name", "function", "at"), list(rows()))
def test_a_derivative_that_is_not_the_functions(name: str, function: Callable[..., Any], at: tuple[float, ...]) -> None:
    with mp.workdps(DIGITS + 20), precision(320):
        for k in set(range(len(at))) - set(ORDERS.get(name, ())):
            order = tuple(int(i == k) for i in range(len(at)))
            true = mp.diff(function, tuple(map(mp.mpf, at)), order)
            assert close(lifted_value(name, at, k).companion[()], true)


@pytest.mark.parametrize(
    ("name", "at", "argument", "true"),
    [
        ("power", (0.0, 2.0), 0, 0.0),
        ("power", (0.0, 1.0), 0, 1.0),
        ("power", (0.0, 0.0), 0, 0.0),
        ("power", (-3.0, 3.0), 0, 27.0),
        ("power", (0.0, 2.0), 1, 0.0),
        ("xlogy", (0.0, 0.0), None, 0.0),
        ("xlogy", (0.0, 2.0), 1, 0.0),
        ("xlog1py", (0.0, -1.0), None, 0.0),
        ("log", (0.0,), None, -np.inf),
        ("entr", (0.0,), None, 0.0),
        ("entr", (-1.0,), None, -np.inf),
        ("rel_entr", (0.0, 2.0), 1, 0.0),
        ("rel_entr", (1.0, 0.0), None, np.inf),
        ("kl_div", (0.0, 2.0), None, 2.0),
        ("erfinv", (-1.0,), None, -np.inf),
        ("erfcinv", (0.0,), None, np.inf),
        ("rgamma", (-2.0,), 0, 2.0),
        ("sinc", (0.0,), 0, 0.0),
        ("logaddexp", (-np.inf, 2.0), None, 2.0),
        ("logaddexp", (np.inf, 2.0), None, np.inf),
        ("rint", (2.5,), None, 2.0),
        ("rint", (3.5,), None, 4.0),
        ("rint", (-0.5,), None, 0.0),
    ],
)
def test_special_values_keep_their_convention(name: str, at: Any, argument: int | None, true: float) -> None:
    found = lifted_value(name, at, argument)
    assert midpoints(found.value if argument is None else found.companion) == true


def test_constants_of_a_derivative_grow_with_the_precision() -> None:
    for bits in (128, 1024):
        with precision(bits):
            slope = lifted_value("exp2", (1.0,), 0).companion[()]
            assert float(slope.rad()) < 2.0 ** (8 - bits) or bits == 1024
            assert slope.rel_accuracy_bits() > bits - 12


@pytest.mark.parametrize("name", sorted(ORDERS))
def test_an_order_claims_no_derivative(name: str) -> None:
    for k in ORDERS[name]:
        assert not lifted_value(name, (1.0, 2.0, 0.5)[-len(derivatives()[name]) :], k).companion[()].is_finite()
