"""Arithmetic entry by entry: sums, products, powers, sizes, and the choice between two."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradcheck.domains import Spec, choice, made, mask, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.broadcasting import unbroadcast
from reference.declaring import Pulled, each

nonzero = partial(real, kinks=(0.0,))


def pairs(a: Callable[[str], Spec] = real, b: Callable[[str], Spec] = real) -> dict[str, dict[str, Spec]]:
    """Two domains of a binary rule: equal shapes, and shapes that stretch each other."""
    return {"": dict(a=a("n k"), b=b("n k")), "broadcast": dict(a=a("n 1 k"), b=b("m 1"))}


def tied(rng: np.random.Generator, a: Array) -> Array:
    """Equal to a in places."""
    return np.asarray(np.where(rng.random(a.shape) < 0.5, a, a + rng.choice([-0.5, 0.5], a.shape)))


@rule(domains=pairs(), jax=lambda jax, a, b: jax.numpy.add(a, b), sympy=lambda sympy, a, b: a + b)
def add(a: Array, b: Array) -> Pulled:
    """a + b, broadcasting.  (...), (...) -> (...)

    da = dy, db = dy.
    """

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy, a.shape), unbroadcast(dy, b.shape)

    return a + b, pullback


@rule(domains=pairs(), jax=lambda jax, a, b: jax.numpy.subtract(a, b), sympy=lambda sympy, a, b: a - b)
def subtract(a: Array, b: Array) -> Pulled:
    """a - b, broadcasting.  (...), (...) -> (...)

    da = dy, db = -dy.
    """

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy, a.shape), unbroadcast(-dy, b.shape)

    return a - b, pullback


@rule(
    domains={**pairs(partial(real, at=(0.0,))), "scalar": dict(a=real("n k"), b=real(""))},
    jax=lambda jax, a, b: jax.numpy.multiply(a, b),
    sympy=lambda sympy, a, b: a * b,
)
def multiply(a: Array, b: Array) -> Pulled:
    """a b, broadcasting.  (...), (...) -> (...)

    da = dy b, db = dy a.
    """

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)

    return a * b, pullback


@rule(
    domains=pairs(partial(real, at=(0.0,)), nonzero),
    jax=lambda jax, a, b: jax.numpy.divide(a, b),
    sympy=lambda sympy, a, b: a / b,
)
def divide(a: Array, b: Array) -> Pulled:
    """a / b, broadcasting.  (...), (...) -> (...)

    da = dy / b, db = -dy y / b.
    """
    y = a / b

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy / b, a.shape), unbroadcast(-dy * y / b, b.shape)

    return y, pullback


@rule(domain=dict(x=real("n k")), jax=lambda jax, x: jax.numpy.negative(x), sympy=lambda sympy, x: -x)
def negative(x: Array) -> Pulled:
    """-x.  (...) -> (...)

    dx = -dy.
    """

    def pullback(dy: Array) -> Array:
        return -dy

    return -x, pullback


@rule(domain=dict(x=nonzero("n k")), jax=lambda jax, x: jax.numpy.reciprocal(x), sympy=lambda sympy, x: 1 / x)
def reciprocal(x: Array) -> Pulled:
    """1 / x.  (...) -> (...)

    dx = -dy y².
    """
    y = 1 / x

    def pullback(dy: Array) -> Array:
        return -dy * y * y

    return y, pullback


@rule(
    domains={
        **pairs(partial(positive, at=(1e-3, 1.0)), partial(real, at=(0.0, 1.0, 2.0))),
        "zero": dict(a=made(lambda: np.zeros(4)), b=made(lambda: np.array([1.0, 2.0, 3.0, 2.5]))),
    },
    jax=lambda jax, a, b: jax.numpy.power(a, b),
    sympy=lambda sympy, a, b: a**b,
)
def pow(a: Array, b: Array) -> Pulled:
    """a to the power b, broadcasting, a ≥ 0.  (...), (...) -> (...)

    da = dy b a^(b - 1), db = dy y log(a).  At a = 0 the cotangent of b is 0, at b = 0 that of a is, as in JAX.
    """
    y = a**b

    def pullback(dy: Array) -> Any:
        da = dy * b * a ** np.where(b == 0, 1, b - 1)
        db = dy * y * np.log(np.where(a == 0, 1, a))
        return unbroadcast(da, a.shape), unbroadcast(db, b.shape)

    return y, pullback


@rule(
    domains={
        **pairs(partial(positive, at=(1e-3, 1.0)), partial(real, at=(0.0, 2.0))),
        "single": dict(a=real("n k", 0.5, 4.0, dtype="float32"), b=real("k")),
        "single exponent": dict(a=positive("n k"), b=real("k", dtype="float32")),
    },
    jax=lambda jax, a, b: jax.numpy.float_power(a, b),
    sympy=lambda sympy, a, b: a**b,
)
def float_power(a: Array, b: Array) -> Pulled:
    """a to the power b in double precision, a ≥ 0, in the arguments' type, broadcasting.  (...), (...) -> (...)

    The pullback of `pow`, in double precision too.  The pullback keeps float32 arguments as float64.
    """
    y, wide = pow(a.astype(float, copy=False), b.astype(float, copy=False))

    def pullback(dy: Array) -> Any:
        da, db = wide(dy)
        return da.astype(a.dtype), db.astype(b.dtype)

    return y.astype(np.result_type(a, b)), pullback


@rule(
    domains={
        "": dict(x=nonzero("n k"), exponent=choice(3, -2, 2, 1, 0)),
        "zero": dict(x=real("n k", at=(0.0,) * 4), exponent=choice(0, 1, 2, 3)),
    },
    jax=lambda jax, x, *, exponent: jax.lax.integer_pow(x, exponent),
    sympy=lambda sympy, x, *, exponent: x**exponent,
)
def integer_pow(x: Array, *, exponent: int) -> Pulled:
    """x to an integer power, x of either sign.  (...) -> (...)

    dx = dy n x^(n - 1), 0 for n = 0.
    """
    slope = exponent - 1.0 if exponent else 0.0

    def pullback(dy: Array) -> Array:
        return dy * exponent * x**slope

    return x ** float(exponent), pullback


@rule(
    domain=dict(x=real("n k", at=(0.0,))),
    jax=lambda jax, x: jax.numpy.square(x),
    sympy=lambda sympy, x: x * x,
)
def square(x: Array) -> Pulled:
    """x².  (...) -> (...)

    dx = 2 dy x.
    """

    def pullback(dy: Array) -> Array:
        return 2 * dy * x

    return x * x, pullback


@rule(
    domain=dict(x=positive("n k", at=(1e-12, 1e12))),
    jax=lambda jax, x: jax.numpy.sqrt(x),
    sympy=each(lambda sympy, x: sympy.sqrt(x)),
)
def sqrt(x: Array) -> Pulled:
    """√x.  (...) -> (...)

    dx = dy / (2 y); infinite at x = 0.
    """
    y = np.sqrt(x)

    def pullback(dy: Array) -> Any:
        return dy / (2 * y)

    return y, pullback


@rule(
    domain=dict(x=nonzero("n k", at=(-1e-9, 1e9))),
    jax=lambda jax, x: jax.numpy.cbrt(x),
    sympy=each(lambda sympy, x: sympy.Piecewise((sympy.cbrt(x), x > 0), (-sympy.cbrt(-x), True))),
)
def cbrt(x: Array) -> Pulled:
    """The real cube root of x.  (...) -> (...)

    dx = dy / (3 y²); infinite at x = 0.
    """
    y = np.cbrt(x)

    def pullback(dy: Array) -> Any:
        return dy / (3 * y * y)

    return y, pullback


@rule(
    domain=dict(x=real("n k", kinks=(0.0,), at=(0.0,))),
    jax=lambda jax, x: jax.numpy.abs(x),
    sympy=each(lambda sympy, x: sympy.Abs(x)),
)
def abs(x: Array) -> Pulled:
    """|x|.  (...) -> (...)

    dx = dy conj(sign(x)), of complex numbers too.  The cotangent at x = 0 is 0, as in PyTorch; in JAX it is dy.
    """

    def pullback(dy: Array) -> Array:
        return dy * np.conj(np.sign(x))

    return np.abs(x), pullback


@rule(
    domains=pairs(nonzero, nonzero),
    jax=lambda jax, a, b: jax.numpy.hypot(a, b),
    sympy=each(lambda sympy, a, b: sympy.sqrt(a * a + b * b)),
)
def hypot(a: Array, b: Array) -> Pulled:
    """√(a² + b²) without overflow, broadcasting.  (...), (...) -> (...)

    da = dy a / y, db = dy b / y; nan where both are 0.
    """
    y = np.hypot(a, b)

    def pullback(dy: Array) -> Any:
        return unbroadcast(dy * (a / y), a.shape), unbroadcast(dy * (b / y), b.shape)

    return y, pullback


@rule(
    domains={**pairs(), "ties": dict(a=real("n k"), b=made(tied))},
    jax=lambda jax, a, b: jax.numpy.maximum(a, b),
    sympy=each(lambda sympy, a, b: sympy.Max(a, b)),
)
def maximum(a: Array, b: Array) -> Pulled:
    """The larger of a and b, broadcasting.  (...), (...) -> (...)

    dy goes to the larger; where they are equal each gets half, as in JAX.
    """

    def pullback(dy: Array) -> Any:
        half = dy * (a == b) / 2
        return unbroadcast(dy * (a > b) + half, a.shape), unbroadcast(dy * (a < b) + half, b.shape)

    return np.maximum(a, b), pullback


@rule(
    domains={**pairs(), "ties": dict(a=real("n k"), b=made(tied))},
    jax=lambda jax, a, b: jax.numpy.minimum(a, b),
    sympy=each(lambda sympy, a, b: sympy.Min(a, b)),
)
def minimum(a: Array, b: Array) -> Pulled:
    """The smaller of a and b, broadcasting.  (...), (...) -> (...)

    dy goes to the smaller; where they are equal each gets half, as in JAX.
    """

    def pullback(dy: Array) -> Any:
        half = dy * (a == b) / 2
        return unbroadcast(dy * (a < b) + half, a.shape), unbroadcast(dy * (a > b) + half, b.shape)

    return np.minimum(a, b), pullback


@rule(
    domain=dict(x=real("n k", kinks=(-0.9, 1.4), at=(-0.9, 1.4)), low=choice(-0.9), high=choice(1.4)),
    jax=lambda jax, x, *, low, high: jax.numpy.clip(x, low, high),
    sympy=each(lambda sympy, x, *, low, high: sympy.Min(sympy.Max(x, low), high)),
)
def clip(x: Array, *, low: float, high: float) -> Pulled:
    """x held between low and high.  (...) -> (...)

    dx = dy inside, 0 outside; on a bound dy / 2, as in JAX.
    """

    def pullback(dy: Array) -> Any:
        return dy * ((low < x) & (x < high)) + dy * ((x == low) | (x == high)) / 2

    return np.clip(x, low, high), pullback


@rule(
    domains={
        "": dict(x=real("n k"), y=real("n k"), condition=mask("n k")),
        "broadcast": dict(x=real("k"), y=real("n 1"), condition=mask("n k")),
    },
    jax=lambda jax, x, y, *, condition: jax.numpy.where(condition, x, y),
    sympy=lambda sympy, x, y, *, condition: np.where(condition, x, y),
)
def where(x: Array, y: Array, *, condition: Array) -> Pulled:
    """x where the condition holds, else y, broadcasting.  (...), (...) -> (...)

    dy goes to the one that was taken.
    """

    def pullback(dy: Array) -> Any:
        return unbroadcast(np.where(condition, dy, 0), x.shape), unbroadcast(np.where(condition, 0, dy), y.shape)

    return np.where(condition, x, y), pullback


@rule(
    domains={
        "": dict(a=real("n k"), b=real("n k"), weight=real("n k")),
        "broadcast": dict(a=real("n k"), b=real("k"), weight=real("n 1")),
        "row": dict(a=real("k"), b=real("n k"), weight=real("")),
    },
    jax=lambda jax, a, b, weight: (1 - weight) * a + weight * b,
    sympy=lambda sympy, a, b, weight: (1 - weight) * a + weight * b,
)
def lerp(a: Array, b: Array, weight: Array) -> Pulled:
    """a + weight (b - a), broadcasting.  (...), (...), (...) -> (...)

    da = dy (1 - weight), db = dy weight, dweight = dy (b - a).
    """

    def pullback(dy: Array) -> Any:
        da, db, dweight = dy * (1 - weight), dy * weight, dy * (b - a)
        return unbroadcast(da, a.shape), unbroadcast(db, b.shape), unbroadcast(dweight, weight.shape)

    return a + weight * (b - a), pullback
