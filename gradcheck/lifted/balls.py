"""Balls: numbers enclosed by a midpoint and a rigorous radius (Arb's arb, acb for complex ones), each with its tangent.

One forward pass on balls with tangents gives a certified directional derivative.  Johansson, "Arb: efficient
arbitrary-precision midpoint-radius interval arithmetic", IEEE Transactions on Computers 66 (2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcheck.floats import is_inexact, wide
from gradcheck.lifted.array import Lifted, NotLiftable, TooLarge, alike, objects
from gradcheck.lifted.complexes import joined
from gradcheck.lifted.derivatives import HOLOMORPHIC, derivatives, primals
from gradcheck.results import Array

# What is finite where its derivative is not: a tangent of 0 must be looked at, not skipped.
STEEP = frozenset(("sqrt", "cbrt", "power", "float_power", "arcsin", "arccos", "arccosh", "hypot"))


class Exact(float):
    """A parameter of the point: a float to be taken at its word, where one that code writes is a rounded constant."""


class ExactComplex(complex):
    """A complex parameter of the point, to be taken at its word."""


class NeedPrecision(ArithmeticError):
    """Two balls overlap where a comparison must be decided: compute again with more bits."""


class Balls:
    """The number system of balls at one precision.

    final: no more bits are to be had, so that an undecidable comparison is taken for a tie.  tangents: arrays that
    are written into carry tangents.  literal: constants of the code are taken at their word.  `lost` counts the
    tangents of 0 that met an infinite derivative, `undecided` the comparisons that the last bits left open, `ties`
    those of equal numbers whose tangents differ.
    """

    name = "balls"

    def __init__(
        self,
        *,
        final: bool = False,
        tangents: bool = False,
        budget: int | None = None,
        literal: bool = False,
    ) -> None:
        self.final, self.tangents, self.budget, self.literal = final, tangents, budget, literal
        self.operations = 0
        self.longest = 1
        self.ties = self.undecided = 0
        # The balls that stand for NaN in arrays of floats, by identity: they are moved, not copied.
        self.holes: dict[int, Any] = {}
        self.lost = 0
        self.inexact_constants = False

    def exact(self, array: Array, tangent: Array | None = None) -> Lifted:
        """A plain array whose floats are taken at their word, with a tangent of floats or balls."""
        array = np.asarray(array)
        companion = None if tangent is None else balls_of(np.asarray(tangent))
        kept = is_inexact(array.dtype)
        dtype = array.dtype if kept else np.dtype(complex if holds_complex(array) else float)
        value = balls_of(array)
        if kept and np.isnan(array).any():
            self.holes |= {id(ball): ball for ball in value[np.isnan(array)].flat}
        return Lifted(self, value, companion, dtype)

    def constant(self, array: Any) -> Lifted:
        """Constants of the code: one that is not a short dyadic number is a rounded one, a ball of ±1 ULP."""
        if isinstance(array, Exact):
            return self.exact(np.asarray(float(array)))
        if isinstance(array, ExactComplex):
            return self.exact(np.asarray(complex(array)))
        array = wide(np.asarray(array))
        if array.dtype == object:
            raise NotLiftable("an object array cannot be taken for exact numbers: use arrays of floats")
        if array.dtype.kind == "c" and not self.literal:
            return joined(self.constant(array.real), self.constant(array.imag))
        if array.dtype.kind == "f" and not self.literal:
            short = dyadic(array.astype(float))
            if not short.all():
                self.inexact_constants = True
                value = balls_of(array)
                # One ULP of its own type: float32's 0.1 and float64's are the same constant.
                value[~short] = widen(value[~short], np.spacing(np.abs(array[~short])))
                return Lifted(self, value)
        return self.exact(array)

    def zeros(self, shape: tuple[int, ...]) -> Lifted:
        from flint import arb

        value = np.full(shape, arb(0), dtype=object)
        return Lifted(self, value, value.copy() if self.tangents else None)

    def complexes(self, a: Lifted) -> Lifted:
        companion = None if a.companion is None else complex_balls(a.companion)
        dtype = a.dtype if a.is_complex else np.result_type(a.dtype, np.complex64)
        return Lifted(self, complex_balls(a.value), companion, dtype)

    def count(self, operations: int, terms: int = 1) -> None:
        self.operations += operations
        self.longest = max(self.longest, terms)
        if self.budget is not None and self.operations > self.budget:
            raise TooLarge(f"more than {self.budget:,} operations")

    def ufunc(self, name: str, *inputs: Lifted) -> Lifted:
        primal = primals().get(name)
        if primal is None:
            raise NotLiftable(f"the ufunc {name} is not known to balls: write it with functions that are")
        inputs = alike(*inputs)
        if inputs[0].is_complex and name not in HOLOMORPHIC:
            raise NotLiftable(
                f"the ufunc {name} of complex numbers is not known to balls: use real and imaginary parts"
            )
        values = [i.value for i in inputs]
        value = objects(primal(*values))
        self.count(value.size)
        tangent, chain = None, np.frompyfunc(self.chain, 2, 1)
        for i, item in enumerate(inputs):
            if item.companion is None or not (moves(item.companion) or name in STEEP):
                continue
            self.count(2 * value.size)
            term = objects(chain(derivatives()[name][i](*values, value), item.companion))
            term = term if term.shape == value.shape else np.broadcast_to(term, value.shape).copy()
            tangent = term if tangent is None else tangent + term
        return Lifted(self, value, tangent, inputs[0].dtype)

    def chain(self, derivative: Any, tangent: Any) -> Any:
        """Their product.  What does not move contributes nothing, even where the derivative is infinite."""
        if tangent != 0:
            return derivative * tangent
        self.lost += not derivative.is_finite()
        return tangent

    def turns(self, n: int, sign: int) -> Lifted:
        from flint import acb, fmpq

        powers = [acb(fmpq(2 * sign * k, n)).exp_pi_i() for k in range(n)]
        return Lifted(self, np.array(powers, dtype=object), None, complex)

    def multilinear(self, function: Callable[..., Any], *inputs: Lifted) -> Lifted:
        inputs = alike(*inputs)
        values = [i.value for i in inputs]
        tangent = None
        for i, item in enumerate(inputs):
            if item.companion is not None and moves(item.companion):
                term = objects(function(*values[:i], item.companion, *values[i + 1 :]))
                tangent = term if tangent is None else tangent + term
        return Lifted(self, function(*values), tangent, inputs[0].dtype)

    def order(self, a: Lifted, b: Lifted) -> Array:
        """The sign of a - b; between equal numbers that of the tangents, so that a branch is that of the direction."""
        if a.is_complex or b.is_complex:
            raise NotLiftable("complex numbers have no order: compare np.abs(z), z.real or z.imag")
        low, high = np.broadcast_arrays(a.value, b.value)
        sign = signs(low, high)
        open_ = sign == 0
        if not open_.any():
            return sign
        if self.holes:
            # A comparison with what is no number is false.  Balls that are none for lack of bits are not among these.
            hole = np.frompyfunc(lambda x, y: id(x) in self.holes or id(y) in self.holes, 2, 1)
            sign = np.where(np.asarray(hole(low, high), dtype=bool), np.nan, sign)
            open_ = sign == 0
        same = np.asarray(np.frompyfunc(lambda x, y: x is y or bool(x == y), 2, 1)(low, high), dtype=bool)
        unknown = open_ & ~same
        if unknown.any() and not self.final:
            raise NeedPrecision("two numbers overlap")
        if unknown.any():
            # What is no number with the last of bits is none: every comparison with it is false.
            neither = np.asarray(np.frompyfunc(lambda x, y: x.is_nan() or y.is_nan(), 2, 1)(low, high), dtype=bool)
            sign = np.where(neither, np.nan, sign) if neither.any() else sign
            open_ = open_ & ~neither
            self.undecided += int(np.count_nonzero(unknown & ~neither))
        if a.companion is None and b.companion is None:
            return sign
        zero = self.zeros(()).value
        da, db = (np.broadcast_to(zero if c is None else c, sign.shape) for c in (a.companion, b.companion))
        directed = signs(da, db)
        self.ties += int(np.count_nonzero(open_ & (directed != 0)))
        return np.where(open_, directed, sign)

    def finite(self, a: Lifted) -> Array:
        return np.asarray(np.frompyfunc(lambda x: x.is_finite(), 1, 1)(a.value), dtype=bool)

    def nan(self, a: Lifted) -> Array:
        found = np.isnan(self.magnitude(a))
        if not self.final and any(id(ball) not in self.holes for ball in a.value[found].flat):
            raise NeedPrecision("a ball is no number, perhaps for lack of bits")
        return found

    def magnitude(self, a: Lifted) -> Array:
        return np.abs(midpoints(a.value))


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Arb's working precision, given back at the end."""
    import flint

    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def balls_of(array: Array) -> Array:
    """Floats, complex numbers, integers or booleans as balls of radius 0."""
    from flint import acb, arb

    if array.dtype == object:
        return array
    if array.dtype.kind in "iub":
        return objects(np.frompyfunc(lambda x: arb(int(x)), 1, 1)(array))
    if array.dtype.kind == "c":
        return objects(np.frompyfunc(lambda z: acb(float(z.real), float(z.imag)), 1, 1)(array))
    return objects(np.frompyfunc(arb, 1, 1)(array.astype(float)))


def complex_balls(value: Array) -> Array:
    """Balls as complex ones."""
    from flint import acb

    return objects(np.frompyfunc(lambda x: x if isinstance(x, acb) else acb(x), 1, 1)(value))


def holds_complex(value: Array) -> bool:
    """Whether any ball is a complex one: numbers are all of one kind, but tangents of complex ones may be real."""
    from flint import acb

    return value.dtype == object and acb in set(map(type, value.flat))


def widen(values: Array, radius: Array) -> Array:
    """Balls with a radius added."""
    from flint import arb

    return np.asarray(
        np.frompyfunc(lambda x, r: arb(x, float(r)) if np.isfinite(r) else x, 2, 1)(values, radius), dtype=object
    )


def dyadic(array: Array) -> Array:
    """Where a float is a short dyadic number (an integer, or a multiple of 2^-20 below 2^20), or not finite."""
    with np.errstate(all="ignore"):
        scaled = array * 2.0**20
        short = (np.abs(array) < 2.0**20) & (scaled == np.floor(scaled))
        return np.asarray(short | (array == np.floor(array)) | ~np.isfinite(array))


def signs(a: Array, b: Array) -> Array:
    """-1 or 1 where two balls are certainly apart, else 0."""
    below = np.asarray(np.less(a, b), dtype=bool)
    above = np.asarray(np.greater(a, b), dtype=bool)
    return above.astype(np.int8) - below.astype(np.int8)


def moves(tangent: Array) -> bool:
    """Whether any tangent is other than exactly 0: constants and fresh zeros cost nothing."""
    return any(not t.is_zero() for t in tangent.flat)


def midpoints(value: Array) -> Array:
    """The nearest floats; complex numbers where there are complex balls."""
    try:
        return np.asarray(np.frompyfunc(float, 1, 1)(value), dtype=float)
    except TypeError:
        return np.asarray(np.frompyfunc(complex, 1, 1)(complex_balls(value)), dtype=complex)


def radii(value: Array) -> Array:
    """The radii, as floats; infinite where a ball is not finite."""
    radius = np.frompyfunc(lambda x: float(x.rad()) if x.is_finite() else np.inf, 1, 1)
    return np.asarray(radius(value), dtype=float)
