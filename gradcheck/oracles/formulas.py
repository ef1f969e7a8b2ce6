"""The formulas of a small problem, typeset: of the output and of each cotangent the first entry that tells something."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

import numpy as np

from gradcheck.lifted.expressions import tree_size
from gradcheck.oracles.derivation import Derivation
from gradcheck.problems import Problem

# Nodes beyond which a formula is no longer read, and up to which it is worth tidying.
LONGEST, TIDIED = 80, 250


def typeset(problem: Problem, derivation: Derivation) -> dict[str, str]:
    """{"text", "latex", "mathml"}, an equation a line; empty where every formula would be too long to read."""
    equations = []
    name = "y" if problem.single else "y0"
    if derivation.y and derivation.y[0].size:
        entry = telling(derivation.y[0])
        equations.append((labelled(name, entry), tidy(derivation.y[0][entry])))
    for place, claimed, true in zip(derivation.places, derivation.claimed, derivation.true, strict=True):
        if claimed.size:
            entry = telling(true)
            shorter = min((tidy(e[entry]) for e in (claimed, true)), key=tree_size)
            equations.append((labelled(barred(problem.names[place]), entry), shorter))
    equations = [(left, right) for left, right in equations if tree_size(right) <= LONGEST]
    if not equations:
        return {}
    return {
        "text": "\n".join(f"{left} = {right}" for left, right in equations),
        "latex": "\n".join(latex(left, right) for left, right in equations),
        "mathml": "\n".join(mathml(left, right) for left, right in equations),
    }


def telling(expressions: Any) -> tuple[int, ...]:
    """The first entry that is no constant (where relu is 0 there is little to read), else the first."""
    entries = list(np.ndindex(expressions.shape))
    return next((e for e in entries if expressions[e].free_symbols), entries[0])


def labelled(name: str, entry: tuple[int, ...]) -> Any:
    """The symbol of an entry."""
    import sympy

    return sympy.Symbol(f"{name}[{','.join(map(str, entry))}]" if entry else name, real=True)


def barred(name: str) -> str:
    """The name of a cotangent: the first letter under a bar."""
    return unicodedata.normalize("NFC", f"{name[0]}\u0304{name[1:]}")


def without_bar(name: str) -> str:
    """The name of what a cotangent belongs to."""
    return unicodedata.normalize("NFD", name).replace("\u0304", "")


def tidy(e: Any) -> Any:
    """The shortest of a few cheap forms."""
    import sympy

    forms = [e, sympy.factor_terms(e)]
    if tree_size(e) <= TIDIED:
        forms += [sympy.together(e), sympy.cancel(e)] if e.is_rational_function() else [sympy.together(e, deep=True)]
    return min(forms, key=tree_size)


def latex(left: Any, right: Any) -> str:
    """An equation in LaTeX."""
    import sympy

    names = {s: latex_name(str(s)) for s in left.free_symbols | right.free_symbols}
    return f"{names[left]} = {sympy.latex(right, symbol_names=names)}"


def latex_name(name: str) -> str:
    """``x̄[0,1]`` as ``\\bar{x}_{0,1}``; a Greek name as its letter."""
    import sympy

    stem, index = split(name)
    barless = without_bar(stem)
    body = barless if barless[:1].isdigit() else sympy.latex(sympy.Symbol(barless))
    if barless != stem:
        head, *rest = body.split("_", 1)
        body = "_".join([rf"\bar{{{head}}}", *rest])
    if not index:
        return body
    return rf"{body}_{{{index}}}" if "_" not in body else rf"{{{body}}}_{{{index}}}"


def mathml(left: Any, right: Any) -> str:
    """An equation in presentation MathML."""
    left, right = (printer()().doprint(e) for e in (left, right))
    return f'<math display="block"><mrow>{left}<mo>=</mo>{right}</mrow></math>'


@cache
def printer() -> Any:
    """sympy's printer of presentation MathML, for which ``x̄[0,1]`` is a letter under a bar, with a subscript."""
    import sympy
    from sympy.printing.mathml import MathMLPresentationPrinter

    class Entries(MathMLPresentationPrinter):  # type: ignore[misc]
        def _print_Symbol(self, sym: Any, style: str = "plain") -> Any:
            stem, index = split(sym.name)
            barless = without_bar(stem)
            printed = super()._print_Symbol(sympy.Symbol(barless), style)
            printed = printed if barless == stem else self.joined("mover", printed, "mo", "\N{OVERLINE}")
            return self.joined("msub", printed, "mi", index) if index else printed

        def joined(self, tag: str, printed: Any, other: str, text: str) -> Any:
            whole, part = self.dom.createElement(tag), self.dom.createElement(other)
            part.appendChild(self.dom.createTextNode(text))
            whole.appendChild(printed)
            whole.appendChild(part)
            return whole

    return Entries


def split(name: str) -> tuple[str, str]:
    """``x[0,1]`` as ``x`` and ``0,1``."""
    stem, _, index = name.partition("[")
    return stem, index.rstrip("]")
