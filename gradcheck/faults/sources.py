"""The source of a pullback and of what it uses: which functions, and which places in them."""

from __future__ import annotations

import ast
import functools
import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradcheck.lifted.stand_in import foreign, names_of
from gradcheck.rules import Rule


@dataclass(frozen=True)
class Part:
    """A function whose source may be edited: as a whole, or only where it is about the pullback."""

    function: types.FunctionType
    whole: bool


def parts(rule: Rule) -> list[Part]:
    """The rule's own function and the helpers that it reaches; what pullbacks call counts as a whole."""
    found: dict[types.CodeType, Part] = {}
    waiting = [Part(rule.function, whole=False)] if isinstance(rule.function, types.FunctionType) else []
    while waiting:
        part = waiting.pop()
        code = part.function.__code__
        if code in found and (found[code].whole or not part.whole):
            continue
        found[code] = part
        inside = names_of(code) | set(code.co_freevars) if part.whole else names_in_nested(code)
        for name, value in reached(part.function).items():
            helper = underlying(value)
            if helper is not None and name != "<self>":
                waiting.append(Part(helper, part.whole or name in inside))
    return list(found.values())


def underlying(value: Any) -> types.FunctionType | None:
    """The user's Python function that a value is, if it is one."""
    value = value.func if isinstance(value, functools.partial) else value
    own = isinstance(value, types.FunctionType) and not foreign(value.__globals__.get("__name__"))
    # The checker's own helpers, such as typing aids of domains, are not the user's either.
    return value if own and not str(value.__globals__.get("__name__")).startswith("gradcheck.") else None


def reached(function: types.FunctionType) -> dict[str, Any]:
    """The globals and closed-over values that a function's code names."""
    named = {n: function.__globals__[n] for n in names_of(function.__code__) if n in function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            named[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    return named


def names_in_nested(code: types.CodeType) -> set[str]:
    """The names that functions inside a function refer to: those of its pullback."""
    nested = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set().union(*(names_of(c) | set(c.co_freevars) for c in nested)) if nested else set()


@functools.cache
def parsed(function: types.FunctionType) -> tuple[ast.Module, ast.FunctionDef] | None:
    """The tree of the outermost function around `function`, and the node of `function` in it; None without source."""
    try:
        lines, _ = inspect.findsource(function)
    except (OSError, TypeError):
        return None
    module = ast.parse("".join(lines))
    line, name = function.__code__.co_firstlineno, function.__code__.co_name
    for top in module.body:
        if isinstance(top, ast.FunctionDef) and first_line(top) <= line <= (top.end_lineno or 0):
            for node in ast.walk(top):
                if isinstance(node, ast.FunctionDef) and node.name == name and first_line(node) == line:
                    top.decorator_list = []
                    return ast.Module([future(), top], []), node
    return None


def future() -> ast.stmt:
    """``from __future__ import annotations``: annotations must not be evaluated again."""
    return ast.parse("from __future__ import annotations").body[0]


def first_line(node: ast.FunctionDef) -> int:
    """The line at which Python says that a function begins: that of its first decorator."""
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


@dataclass(frozen=True)
class Place:
    """A field of a node, and where in it, if it is a list."""

    parent: ast.AST
    name: str
    at: int | None = None

    def get(self) -> ast.AST:
        value = getattr(self.parent, self.name)
        return value if self.at is None else value[self.at]  # type: ignore[no-any-return]

    def put(self, node: ast.AST) -> None:
        """Write a node there."""
        if self.at is None:
            setattr(self.parent, self.name, node)
        else:
            getattr(self.parent, self.name)[self.at] = node


def places(part: Part, node: ast.FunctionDef) -> Iterator[Place]:
    """The places of a function that may be edited: all, or those of its pullback and of what only that is made from."""
    body = [Place(node, "body", i) for i in range(len(node.body))]
    chosen = body if part.whole else [p for p in body if about_pullback(p.get(), node)]
    for place in chosen:
        yield from below(place)
    if not part.whole:
        for last in body:
            statement = last.get()
            if isinstance(statement, ast.Return) and statement.value is not None:
                yield from nested_functions(Place(statement, "value"))


def about_pullback(statement: ast.AST, function: ast.FunctionDef) -> bool:
    """Whether a statement defines a pullback, or a value that one uses."""
    if isinstance(statement, ast.FunctionDef):
        return True
    if not isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.If | ast.For | ast.Expr):
        return False
    used = {n.id for d in ast.walk(function) if is_nested(d, function) for n in ast.walk(d) if isinstance(n, ast.Name)}
    for other in reversed(function.body):
        if isinstance(other, ast.Assign | ast.AnnAssign | ast.AugAssign) and used & written(other):
            used |= {n.id for n in ast.walk(other) if isinstance(n, ast.Name)}
    return bool(used & written(statement))


def is_nested(node: ast.AST, function: ast.FunctionDef) -> bool:
    """Whether a node is a function inside another."""
    return isinstance(node, ast.FunctionDef | ast.Lambda) and node is not function


def written(statement: ast.AST) -> set[str]:
    """The names that a statement binds, or writes into."""
    stored = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if isinstance(statement, ast.Expr):
        stored |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
    return stored


def nested_functions(place: Place) -> Iterator[Place]:
    """The places inside the functions that an expression contains."""
    node = place.get()
    if isinstance(node, ast.Lambda):
        yield from below(Place(node, "body"))
        return
    for child in children(node):
        yield from nested_functions(child)


def below(place: Place) -> Iterator[Place]:
    """A place and all below it, without docstrings, annotations and declarations of parameters."""
    node = place.get()
    if isinstance(node, ast.arguments | ast.JoinedStr | ast.Raise) or is_text(node) or is_guard(node):
        return
    yield place
    for child in children(node):
        if child.name not in ("annotation", "returns", "decorator_list", "targets", "target"):
            yield from below(child)


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_guard(node: ast.AST) -> bool:
    """Whether a node is about bad arguments alone: ``if ...: raise``, or ``strict=``."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict"
    return isinstance(node, ast.If) and not node.orelse and all(isinstance(s, ast.Raise) for s in node.body)


def children(node: ast.AST) -> Iterator[Place]:
    """The places of a node's own."""
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield Place(node, name)
        elif isinstance(value, list):
            yield from (Place(node, name, i) for i, item in enumerate(value) if isinstance(item, ast.AST))


def text_of(node: ast.AST) -> str:
    """A node as it is written, on one line; only the head of a compound statement."""
    return ast.unparse(node).partition("\n")[0]
