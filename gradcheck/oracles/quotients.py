"""Quotients of polynomials over the rationals, kept in lowest terms by FLINT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Quotient:
    """numerator / denominator, polynomials in the same variables."""

    numerator: Any
    denominator: Any

    def __bool__(self) -> bool:
        return not self.numerator.is_zero()

    def __len__(self) -> int:
        """The number of terms."""
        return len(self.numerator) + len(self.denominator)

    def __add__(self, other: Quotient) -> Quotient:
        common = self.denominator.gcd(other.denominator)
        ours, theirs = self.denominator / common, other.denominator / common
        return lowest(self.numerator * theirs + other.numerator * ours, self.denominator * theirs)

    def __mul__(self, other: Quotient) -> Quotient:
        return lowest(self.numerator * other.numerator, self.denominator * other.denominator)

    def __pow__(self, n: int) -> Quotient:
        """Raises ZeroDivisionError for a negative power of zero."""
        if n >= 0:
            return Quotient(self.numerator**n, self.denominator**n)
        if not self:
            raise ZeroDivisionError("a negative power of zero")
        return Quotient(self.denominator**-n, self.numerator**-n)


def lowest(numerator: Any, denominator: Any) -> Quotient:
    """The quotient with common factors cancelled."""
    if numerator.is_zero():
        return Quotient(numerator, numerator.context().constant(1))
    common = numerator.gcd(denominator)
    return Quotient(numerator / common, denominator / common)


class Quotients:
    """The field of quotients in the variables that sympy symbols stand for."""

    def __init__(self, symbols: Sequence[Any]) -> None:
        from flint import Ordering, fmpq_mpoly_ctx

        names = tuple(f"v{i}" for i in range(max(1, len(symbols))))
        self.context = fmpq_mpoly_ctx.get(names, Ordering.lex)
        self.one = self.context.constant(1)
        self.places = {s: i for i, s in enumerate(symbols)}

    def leaf(self, e: Any) -> Quotient:
        """A rational number or a symbol."""
        from flint import fmpq

        if e.is_Rational:
            return Quotient(self.context.constant(fmpq(int(e.p), int(e.q))), self.one)
        return Quotient(self.context.gen(self.places[e]), self.one)

    def reduce_powers(self, element: Quotient, symbol: Any, q: int, radicand: Quotient) -> Quotient:
        """The numerator with powers of one symbol g below q, by g^q = radicand."""
        place = self.places[symbol]
        by_power: dict[int, dict[tuple[int, ...], Any]] = {}
        for monomial, coefficient in element.numerator.to_dict().items():
            rest = (*monomial[:place], 0, *monomial[place + 1 :])
            by_power.setdefault(int(monomial[place]), {})[rest] = coefficient
        result = Quotient(self.context.constant(0), self.one)
        for power, terms in by_power.items():
            polynomial = Quotient(self.context.from_dict(terms), self.one)
            result += polynomial * self.leaf(symbol) ** (power % q) * radicand ** (power // q)
        return result
