"""Whether an expression is identically zero, by a rational zero test.

Every transcendental subterm becomes an independent generator: exponentials split into products over a common basis,
roots carry their relation g^q = radicand.  What is then zero as a rational function of the generators is zero.  The
converse does not hold (generators may depend on each other), so that the test proves and never refutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradcheck.lifted.expressions import tree_size
from gradcheck.oracles.quotients import Quotient, Quotients


class NotRational(ValueError):
    """An expression with a subterm that has no generator here."""


class Spent(RuntimeError):
    """The budget is used up."""


@dataclass
class Budget:
    """What may still be spent: nodes of expressions looked at, and terms of polynomials multiplied."""

    nodes: int = 50_000
    terms: int = 500_000

    def spend(self, *, nodes: int = 0, terms: int = 0) -> None:
        """Raises Spent where there is not that much left."""
        self.nodes, self.terms = self.nodes - nodes, self.terms - terms
        if self.nodes < 0 or self.terms < 0:
            raise Spent("the budget of the proof is used up")


def is_zero(expression: Any, budget: Budget | None = None) -> bool:
    """Whether `expression` was shown to be identically zero; False says nothing."""
    import sympy

    expression = sympy.sympify(expression)
    if expression == 0:
        return True
    budget = Budget() if budget is None else budget
    # tanh' is 1 - tanh², so that tanh may well do without exponentials.
    kept: list[tuple[Any, ...]] = [(sympy.tanh,), ()] if expression.has(sympy.tanh) else [()]
    return any(vanishes(expression, functions, budget) for functions in kept)


def vanishes(expression: Any, kept: tuple[Any, ...], budget: Budget) -> bool:
    """The same, with the functions of `kept` as generators of their own."""
    try:
        budget.spend(nodes=tree_size(expression))
        generators = Generators(budget, kept)
        return generators.vanishes(generators.rational(expression))
    except (NotRational, Spent, ZeroDivisionError):
        return False


class Generators:
    """Transcendental subterms found so far, each with the symbol that stands for it."""

    def __init__(self, budget: Budget, kept: tuple[Any, ...] = ()) -> None:
        self.budget, self.kept = budget, kept
        self.symbols: dict[Any, Any] = {}
        # generator -> (radicand, q): g^q = radicand.
        self.roots: dict[Any, tuple[Any, int]] = {}
        self.known: dict[Any, Any] = {}

    def generator(self, key: Any) -> Any:
        """The symbol that stands for a subterm."""
        import sympy

        if key not in self.symbols:
            self.symbols[key] = sympy.Dummy(f"g{len(self.symbols)}")
        return self.symbols[key]

    def rational(self, e: Any) -> Any:
        """`e` with generators for its transcendental subterms.  Raises NotRational for one without."""
        if e not in self.known:
            self.known[e] = self.replaced(e)
        return self.known[e]

    def replaced(self, e: Any) -> Any:
        import sympy as sp

        if e.is_Rational or e.is_Symbol or e is sp.pi:
            return e
        if e is sp.I:
            return self.root(sp.Integer(-1), sp.Rational(1, 2))
        if e is sp.E:
            return self.exponential(sp.Integer(1))
        if e.is_Add or e.is_Mul:
            return e.func(*(self.rational(a) for a in e.args))
        if isinstance(e, sp.exp):
            return self.exponential(self.rational(e.args[0]))
        if e.is_Pow:
            return self.power(e.base, e.exp)
        if isinstance(e, self.kept):
            return self.function(e)
        if isinstance(e, sp.sin | sp.cos | sp.tan | sp.sinh | sp.cosh | sp.tanh):
            return self.rational(e.rewrite(sp.exp))
        if e.is_Function and not e.is_Piecewise:
            return self.function(e)
        raise NotRational(f"{e.func.__name__} has no generator")

    def function(self, e: Any) -> Any:
        """A function of canonical arguments as a generator."""
        term = e.func(*(self.canonical(self.rational(a)) for a in e.args))
        # erf(-x) is -erf(x) to sympy.
        return self.generator(term) if term.func == e.func else self.rational(term)

    def power(self, base: Any, exponent: Any) -> Any:
        import sympy as sp

        if exponent.is_Integer:
            return self.rational(base) ** exponent
        if exponent.is_Rational:
            return self.root(self.canonical(self.rational(base)), exponent)
        # b^e is exp(e log b) by definition.
        return self.exponential(sp.expand(self.rational(exponent) * self.rational(sp.log(base))))

    def root(self, radicand: Any, exponent: Any) -> Any:
        """radicand^(p/q) as g^p with g^q = radicand."""
        g = self.generator(("root", radicand, exponent.q))
        self.roots[g] = (radicand, int(exponent.q))
        return g**exponent.p

    def unit(self, exponent: Any, coefficient: Any) -> Any:
        """exp(p/q u) as g^p, where g = exp(u/q) has the relation g^q = exp(u)."""
        whole = self.generator(("exp", exponent))
        if coefficient.is_Integer:
            return whole**coefficient
        g = self.generator(("exp", exponent, coefficient.q))
        self.roots[g] = (whole, int(coefficient.q))
        return g**coefficient.p

    def canonical(self, e: Any) -> Any:
        """One form for equal rational functions."""
        import sympy

        expanded = sympy.expand(e)
        return expanded if expanded.is_polynomial() else sympy.cancel(e)

    def exponential(self, argument: Any) -> Any:
        """exp of a sum as a product of powers of generators, one for each term up to its rational coefficient."""
        import sympy as sp

        numerator, denominator = sp.fraction(self.canonical(argument))
        content, denominator = denominator.as_content_primitive()
        result = sp.Integer(1)
        logarithms = {g: key.args[0] for key, g in self.symbols.items() if isinstance(key, sp.log)}
        for term in sp.Add.make_args(sp.expand(numerator)):
            coefficient, rest = (term / content).as_coeff_Mul(rational=True)
            rest = rest / denominator
            if rest in logarithms:
                # exp(c log b) is b^c.
                base = logarithms[rest]
                result *= base**coefficient if coefficient.is_Integer else self.root(base, coefficient)
            else:
                result *= self.unit(rest, coefficient)
        return result

    def vanishes(self, rational: Any) -> bool:
        """Whether a rational function of symbols and generators is zero, given the relations of roots."""
        used = self.closure(rational)
        field = Quotients(sorted(used, key=str))
        values: dict[Any, Quotient] = {}
        element = self.evaluate(field, rational, values)
        # A radicand has only generators that are older than its root.
        for g in [g for g in reversed(self.symbols.values()) if g in self.roots and g in used]:
            radicand, q = self.roots[g]
            element = field.reduce_powers(element, g, q, self.evaluate(field, radicand, values))
        return not element

    def evaluate(self, field: Quotients, e: Any, values: dict[Any, Quotient]) -> Quotient:
        """An expression as a quotient of polynomials; equal subterms are computed once."""
        if e in values:
            return values[e]
        if e.is_Add or e.is_Mul:
            result, *rest = [self.evaluate(field, a, values) for a in e.args]
            for part in rest:
                self.budget.spend(terms=len(result) * len(part))
                result = result + part if e.is_Add else result * part
        elif e.is_Pow:
            base = self.evaluate(field, e.base, values)
            self.budget.spend(terms=abs(int(e.exp)) ** 2 if len(base) > 2 else 1)
            result = base ** int(e.exp)
        else:
            result = field.leaf(e)
        values[e] = result
        return result

    def closure(self, e: Any) -> set[Any]:
        """The symbols of `e` and those of the radicands of its roots; pi counts as one."""
        import sympy

        found: set[Any] = set()
        open_ = set(e.free_symbols | e.atoms(sympy.pi.func))
        while open_:
            g = open_.pop()
            found.add(g)
            if g in self.roots:
                radicand = self.roots[g][0]
                open_ |= (radicand.free_symbols | radicand.atoms(sympy.pi.func)) - found
        return found
