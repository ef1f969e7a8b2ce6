"""Symbols: sympy expressions, each beside the float that it is at the point, which decides comparisons.

A complex number is re + i im with a real symbol for either part, and a complex float beside it.

A comparison that symbols leave open is recorded as a path condition, so that what is shown about an expression holds
in the whole region of the conditions.  A float constant of the code is a rounded number: one that is not a short
dyadic number becomes a symbol of its own (equal floats, equal symbols), so that a proof holds whatever its value is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.floats import wide
from gradcheck.lifted.array import Lifted, NotLiftable, TooLarge, alike, objects
from gradcheck.lifted.balls import dyadic
from gradcheck.lifted.expressions import STEPS, float_function, table, tree_size
from gradcheck.results import Array

# Floats closer than CLOSE (relative) are compared with more digits; what agrees to EQUAL digits is a tie.
CLOSE, EQUAL = 1e-9, 30
# Orders of roots of unity that are short in square roots.
ROOTED = (1, 2, 3, 4, 5, 6, 8)


class Tie(ArithmeticError):
    """Two different expressions are equal at the point, so that the path through the code is ambiguous: a kink."""

    reason = "kink"


class Symbols:
    """The number system of sympy expressions with shadow floats.

    `shadows`: the float of each symbol.  `constants`: the float constants of the code among them.  `roundings`: the
    relative precision that each of these was rounded to.  `conditions`:
    expressions that are positive on the path taken, each with the text that says so.
    """

    name = "symbols"

    def __init__(self, budget: int | None = None, nodes: int | None = None) -> None:
        self.budget, self.nodes = budget, nodes
        self.operations = 0
        self.shadows: dict[Any, float] = {}
        self.constants: dict[Any, float] = {}
        self.roundings: dict[Any, float] = {}
        self.conditions: dict[Any, str] = {}
        self.sizes: dict[Any, int] = {}

    def argument(self, name: str, array: Array) -> Lifted:
        """A symbol for each entry of an array of floats: ``x``, or ``x[0,1]``; of complex ones for either part."""
        import sympy

        array = np.asarray(array)
        if array.dtype.kind == "c":
            re, im = self.argument(f"Re {name}", array.real), self.argument(f"Im {name}", array.imag)
            joined: Lifted = self.complexes(re) + self.complexes(im) * self.constant(1j)
            joined.dtype = array.dtype
            return joined
        if array.dtype.kind != "f":
            raise NotLiftable(f"{name} has dtype {array.dtype}: pass floats")
        value = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            symbol = sympy.Symbol(f"{name}[{','.join(map(str, index))}]" if index else name, real=True)
            value[index] = symbol
            self.shadows[symbol] = float(array[index])
        return Lifted(self, value, array.astype(float).astype(object), array.dtype)

    def constant(self, array: Any) -> Lifted:
        """Constants of the code: integers and short dyadic numbers are exact, other floats become symbols."""
        import sympy

        array = wide(np.asarray(array))
        if array.dtype.kind == "c":
            re, im = self.constant(array.real), self.constant(array.imag)
            return Lifted(self, objects(re.value + sympy.I * im.value), array.astype(object), array.dtype)
        if array.dtype.kind not in "biuf":
            raise NotLiftable(f"an array of dtype {array.dtype} cannot be taken for numbers: use arrays of floats")
        epsilon = float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0
        value = objects(np.frompyfunc(lambda x: self.number(x, epsilon), 1, 1)(array))
        return Lifted(self, value, objects(array.astype(float).astype(object)))

    def number(self, x: Any, epsilon: float) -> Any:
        """One constant, of a type of that precision, as an expression."""
        import sympy

        x = x if isinstance(x, int) else float(x)
        if not np.isfinite(x):
            return sympy.nan if np.isnan(x) else sympy.oo if x > 0 else -sympy.oo
        if isinstance(x, int) or dyadic(np.asarray(x)):
            return sympy.Rational(x)
        symbol = sympy.Symbol(repr(abs(x)), positive=True)
        self.shadows[symbol] = self.constants[symbol] = abs(x)
        self.roundings[symbol] = max(epsilon, self.roundings.get(symbol, 0.0))
        return symbol if x > 0 else -symbol

    def zeros(self, shape: tuple[int, ...]) -> Lifted:
        import sympy

        return Lifted(self, np.full(shape, sympy.Integer(0), dtype=object), np.full(shape, 0.0, dtype=object))

    def complexes(self, a: Lifted) -> Lifted:
        if a.is_complex:
            return a
        return Lifted(self, a.value, shadow(a).astype(complex).astype(object), np.result_type(a.dtype, np.complex64))

    def turns(self, n: int, sign: int) -> Lifted:
        import sympy

        if n not in ROOTED:
            raise NotLiftable(f"the roots of unity of order {n} are too long for symbols: those of {ROOTED} are known")
        angles = [2 * sign * k * sympy.pi / n for k in range(n)]
        powers = np.array([sympy.cos(a) + sympy.I * sympy.sin(a) for a in angles], dtype=object)
        return Lifted(self, powers, np.exp(sign * 2j * np.pi * np.arange(n) / n).astype(object), complex)

    def count(self, operations: int, terms: int = 1) -> None:
        self.operations += operations
        if self.budget is not None and self.operations > self.budget:
            raise TooLarge(f"more than {self.budget:,} symbolic operations")

    def limited(self, value: Any) -> Any:
        """`value`, where its expressions are small enough.  Raises TooLarge before sympy takes minutes over them."""
        if self.nodes is not None and any(tree_size(e, self.sizes) > self.nodes for e in objects(value).flat):
            raise TooLarge(f"an expression of more than {self.nodes:,} terms")
        return value

    def ufunc(self, name: str, *inputs: Lifted) -> Lifted:
        inputs = alike(*inputs)
        arrays = [shadow(i) for i in inputs]
        kind = complex if inputs[0].is_complex else float
        if name in STEPS:
            return self.step(name, inputs[0])
        if name == "cbrt":
            return self.cube_root(inputs[0])
        if name not in table():
            raise NotLiftable(f"the ufunc {name} is not known to symbols: write it with functions that are")
        value = self.limited(np.frompyfunc(table()[name], len(inputs), 1)(*(i.value for i in inputs)))
        with np.errstate(all="ignore"):
            companion = np.asarray(float_function(name)(*arrays), dtype=kind).astype(object)
        self.count(companion.size)
        if name in ("sqrt", "power", "float_power", "hypot"):
            value = np.frompyfunc(self.without_modulus, 1, 1)(value)
        return Lifted(self, value, companion, inputs[0].dtype)

    def step(self, name: str, x: Lifted) -> Lifted:
        """Rounding to integers, constant around a point that is not on a jump."""
        floats = shadow(x)
        whole = np.asarray(getattr(np, name)(floats))
        below, above = {"floor": (0.0, 1.0), "ceil": (-1.0, 0.0), "rint": (-0.5, 0.5)}.get(name, (0.0, 0.0))
        low, high = np.full(whole.shape, below), np.full(whole.shape, above)
        if name == "trunc":
            low, high = np.where(floats < 0, -1.0, 0.0), np.where(floats < 0, 0.0, 1.0)
            low, high = np.where(whole == 0, -1.0, low), np.where(whole == 0, 1.0, high)
        result = self.constant(whole)
        self.order(x, self.constant(whole + low))
        self.order(x, self.constant(whole + high))
        return result

    def cube_root(self, x: Lifted) -> Lifted:
        """The real cube root: sympy's is complex for negative numbers."""
        import sympy

        sign = self.order(x, self.zeros(()))
        value = np.frompyfunc(lambda e, s: s * (s * e) ** sympy.Rational(1, 3), 2, 1)(x.value, sign.astype(object))
        return Lifted(self, value, np.cbrt(shadow(x)).astype(object), x.dtype)

    def without_modulus(self, expression: Any) -> Any:
        """sqrt(x²), which sympy writes |x|, as x or -x on the path taken."""
        import sympy

        moduli = expression.atoms(sympy.Abs) if isinstance(expression, sympy.Basic) else ()
        for modulus in moduli:
            inside = modulus.args[0]
            size = objects(float(self.exactly(inside)))
            sign = self.order(Lifted(self, inside, size), self.zeros(()))
            expression = expression.xreplace({modulus: inside * int(sign)})
        return expression

    def multilinear(self, function: Callable[..., Any], *inputs: Lifted) -> Lifted:
        inputs = alike(*inputs)
        value = self.limited(function(*(i.value for i in inputs)))
        if inputs[0].is_complex:
            # sympy takes long over the parts of complex expressions: each node counts, and twice, for either part.
            self.count(2 * sum(tree_size(e, self.sizes) for e in objects(value).flat))
        return Lifted(self, value, function(*(i.materialise().companion for i in inputs)), inputs[0].dtype)

    def order(self, a: Lifted, b: Lifted) -> Array:
        """The sign of a - b by the shadows, recorded as a path condition where symbols alone leave it open."""
        if a.is_complex or b.is_complex:
            raise NotLiftable("complex numbers have no order: compare np.abs(z), z.real or z.imag")
        pairs = np.broadcast(a.value, b.value, objects(shadow(a).astype(object)), objects(shadow(b).astype(object)))
        signs = [self.sign(*pair) for pair in pairs]
        self.count(len(signs))
        return np.array(signs, dtype=np.int8).reshape(pairs.shape)

    def sign(self, a: Any, b: Any, a_shadow: float, b_shadow: float) -> int:
        """-1, 0 or 1 for two expressions.  Raises Tie where they are equal at this point only."""
        import sympy

        if a == b:
            return 0
        difference = sympy.sympify(a - b)
        if difference.is_extended_positive or difference.is_extended_negative:
            return 1 if difference.is_extended_positive else -1
        sign = np.sign(a_shadow - b_shadow)
        if np.isnan(sign):
            raise NotLiftable("a comparison with nan: keep the point inside the domain of the function")
        if abs(a_shadow - b_shadow) <= CLOSE * (abs(a_shadow) + abs(b_shadow)):
            # Rounding of the shadows must not decide.
            if sympy.expand(difference) == 0:
                return 0
            apart = self.exactly(difference)
            if abs(apart) <= 10.0**-EQUAL * (abs(a_shadow) + abs(b_shadow)):
                raise Tie(f"{a} and {b} are equal at this point")
            sign = int(sympy.sign(apart))
        if difference.free_symbols - set(self.constants):
            self.conditions.setdefault(sign * difference, f"{a} {'>' if sign > 0 else '<'} {b}")
        return int(sign)

    def exactly(self, expression: Any) -> Any:
        """The number that an expression is at the point, with many digits."""
        import sympy

        return expression.xreplace({s: sympy.Rational(v) for s, v in self.shadows.items()}).evalf(2 * EQUAL)

    def finite(self, a: Lifted) -> Array:
        finite = np.frompyfunc(lambda e: getattr(e, "is_finite", True) is not False, 1, 1)(a.value)
        return np.asarray(finite, dtype=bool) & np.isfinite(shadow(a))

    def nan(self, a: Lifted) -> Array:
        return np.isnan(shadow(a))

    def magnitude(self, a: Lifted) -> Array:
        return np.abs(shadow(a))


def shadow(a: Lifted) -> Array:
    """The floats beside the expressions."""
    return np.asarray(a.materialise().companion, dtype=complex if a.is_complex else float)


def region(conditions: dict[Any, str], limit: int = 6) -> str:
    """Path conditions in words: ``for x[0] > 0 and x[1] < x[0]``; ``everywhere`` if there are none."""
    texts = list(dict.fromkeys(conditions.values()))
    if not texts:
        return "everywhere"
    shown = list(itertools.islice((t for t in texts if len(t) <= 120), limit))
    more = len(texts) - len(shown)
    further = [f"{more} further condition{'s' * (more > 1)}"] if more else []
    return "for " + " and ".join(shown + further)
