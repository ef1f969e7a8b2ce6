"""Mistakes in the source of a pullback: one place of its syntax tree changed, and the rule that this makes."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from dataclasses import dataclass

from gradcheck.faults.operators import alternatives
from gradcheck.faults.sources import Part, Place, parsed, parts, places, text_of
from gradcheck.lifted.stand_in import Rewriter
from gradcheck.rules import Rule


@dataclass(frozen=True)
class Edit:
    """One place changed: the function, the line, its statement before and after; `code` is the result.

    bomb: code that raises where the place is reached.
    """

    function: types.FunctionType
    line: int
    before: str
    after: str
    code: types.CodeType
    bomb: types.CodeType | None

    @property
    def name(self) -> str:
        return f"{self.function.__module__}.{self.function.__name__}:{self.line}: {self.before} -> {self.after}"

    @property
    def key(self) -> str:
        """The same without the line: what stays when other code moves."""
        return f"{self.function.__module__}.{self.function.__name__}: {self.before} -> {self.after}"


class Unreached(AssertionError):
    """Raised by a bomb: the place was reached."""


def edits(rule: Rule) -> Iterator[Edit]:
    """All edits of the pullback of a rule, and of the helpers that it uses."""
    for part in parts(rule):
        found = parsed(part.function)
        if found is not None:
            yield from edits_of(part, *found)


def edits_of(part: Part, module: ast.Module, node: ast.FunctionDef) -> Iterator[Edit]:
    """All edits of one function; its tree is as it was when the next is asked for."""
    names = arrays_of(node, part)
    statements = statement_of_each(node)
    seen: set[tuple[int, str]] = set()
    original = part.function.__code__
    for place in list(places(part, node)):
        before = place.get()
        here = [] if isinstance(before, ast.expr_context | ast.operator) else list(alternatives(before, names))
        for after in here:
            code = compiled(module, place, after, part.function)
            if code is None or same_code(code, original):
                continue
            difference = texts(place, after, statements.get(id(before), before))
            line = getattr(before, "lineno", node.lineno)
            if (line, difference[1]) in seen:
                continue
            seen.add((line, difference[1]))
            yield Edit(part.function, line, *difference, code, bomb(module, place, part.function))


def statement_of_each(node: ast.FunctionDef) -> dict[int, ast.stmt]:
    """The innermost statement that each node is part of, by the node's id."""
    # Outer statements come first, and are overwritten.
    return {id(n): s for s in ast.walk(node) if isinstance(s, ast.stmt) for n in ast.walk(s)}


def texts(place: Place, after: ast.AST, statement: ast.AST) -> tuple[str, str]:
    """The statement of a place, as it is and with another node there."""
    before = place.get()
    if statement is before:
        return text_of(before), text_of(after)
    original = text_of(statement)
    place.put(after)
    try:
        return original, text_of(statement)
    finally:
        place.put(before)


def arrays_of(node: ast.FunctionDef, part: Part) -> list[str]:
    """The names that may be taken for each other: arguments, outputs, cotangents."""
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    names += [n.id for s in node.body for n in ast.walk(s) if isinstance(n, ast.Name) and n.id == "y"]
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.Lambda) and inner is not node:
            names += [a.arg for a in inner.args.args]
    return list(dict.fromkeys(n for n in names if n not in ("self", "shape", "axis", "rng")))


def compiled(module: ast.Module, place: Place, after: ast.AST, function: types.FunctionType) -> types.CodeType | None:
    """The code of `function` with another node at a place; None where that is no Python, or needs other variables."""
    before = place.get()
    place.put(ast.fix_missing_locations(ast.copy_location(after, before) if hasattr(before, "lineno") else after))
    try:
        tree = compile(module, function.__code__.co_filename, "exec", dont_inherit=True)
    except (SyntaxError, TypeError, ValueError):
        return None
    finally:
        place.put(before)
    code = find(tree, function.__code__)
    return code if code is not None and set(code.co_freevars) <= set(function.__code__.co_freevars) else None


def find(tree: types.CodeType, original: types.CodeType) -> types.CodeType | None:
    """The code object in a compiled module that stands where `original` does."""
    for constant in tree.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_qualname == original.co_qualname:
                return constant
            found = find(constant, original)
            if found is not None:
                return found
    return None


def same_code(a: types.CodeType, b: types.CodeType) -> bool:
    """Whether two code objects do the same, wherever they stand."""
    constants = list(zip(a.co_consts, b.co_consts, strict=False))
    return (
        a.co_code == b.co_code
        and a.co_names == b.co_names
        and a.co_varnames == b.co_varnames
        and a.co_freevars == b.co_freevars
        and len(a.co_consts) == len(b.co_consts)
        and all(
            same_code(p, q) if isinstance(p, types.CodeType) and isinstance(q, types.CodeType) else repr(p) == repr(q)
            for p, q in constants
        )
    )


def bomb(module: ast.Module, place: Place, function: types.FunctionType) -> types.CodeType | None:
    """The code that raises Unreached where the place is reached."""
    raising = "(_ for _ in ()).throw(__import__('gradcheck.faults.edits').faults.edits.Unreached())"
    expression = ast.parse(raising).body[0]
    assert isinstance(expression, ast.Expr)
    wanted = expression if isinstance(place.get(), ast.stmt) else expression.value
    return compiled(module, place, wanted, function)


class Replacing(Rewriter):
    """Copies of functions in which one of them has another code."""

    def __init__(self, function: types.FunctionType, code: types.CodeType) -> None:
        super().__init__({})
        self.original, self.code = function.__code__, code
        self.edited: dict[types.FunctionType, types.FunctionType] = {}

    def function(self, function: types.FunctionType) -> types.FunctionType:
        """A copy of a function, edited if it is the one."""
        with_code = function
        if function.__code__ == self.original and function not in self.done:
            # One copy, which a function that calls itself finds again.
            with_code = self.edited.setdefault(function, coded(function, self.code))
        made = super().function(with_code)
        self.done[function] = made
        return made


def coded(function: types.FunctionType, code: types.CodeType) -> types.FunctionType:
    """A function with another code over its own globals, defaults and closed-over variables."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    closure = tuple(cells[name] for name in code.co_freevars)
    made = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure or None)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def edited(rule: Rule, edit: Edit, code: types.CodeType | None = None) -> Rule:
    """The rule with an edit in it, or with another code in the place of that."""
    return rule.but(function=Replacing(edit.function, code or edit.code)(rule.function))
