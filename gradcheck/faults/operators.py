"""What may be written wrongly at one place of a program: for a node of its syntax tree, the nodes that may stand there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

# Functions that are taken for each other.
NEIGHBOURS = (
    ("sin", "cos"),
    ("sinh", "cosh"),
    ("tan", "tanh"),
    ("tanh", "expit"),
    ("arcsin", "arccos"),
    ("exp", "expm1"),
    ("log", "log1p"),
    ("sqrt", "square"),
    ("cbrt", "sqrt"),
    ("abs", "sign"),
    ("max", "min"),
    ("maximum", "minimum"),
    ("argmax", "argmin"),
    ("sum", "mean"),
    ("sum", "prod"),
    ("sum", "max"),
    ("cumsum", "cumprod"),
    ("floor", "ceil"),
    ("zeros_like", "ones_like"),
    ("zeros", "ones"),
    ("tril", "triu"),
    ("inner", "dot"),
    ("multiply", "add"),
    ("solve", "matmul"),
    ("fft", "ifft"),
    ("rfft", "irfft"),
    ("hstack", "vstack"),
    ("real", "imag"),
    ("logical_and", "logical_or"),
    ("erf", "erfc"),
)
OTHER_NAME: dict[str, list[str]] = {}
for _a, _b in NEIGHBOURS:
    OTHER_NAME.setdefault(_a, []).append(_b)
    OTHER_NAME.setdefault(_b, []).append(_a)

BINARY: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.BitXor: [ast.BitAnd],
}
COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}


def alternatives(node: ast.AST, names: Sequence[str]) -> Iterator[ast.AST]:
    """What may stand in place of an expression or a statement; `names` are those of the function's arrays."""
    found: Iterator[ast.AST] = iter(())
    match node:
        case ast.BinOp():
            found = of_binary(node)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            found = iter([node.operand])
        case ast.Constant():
            found = of_constant(node)
        case ast.Compare(ops=[op]):
            found = (like(node, ops=[other()]) for other in COMPARISONS[type(op)])
        case ast.BoolOp():
            found = iter([like(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And()), *node.values])
        case ast.IfExp():
            found = iter([node.body, node.orelse])
        case ast.Subscript(ctx=ast.Load()):
            found = iter([node.value])
        case ast.Attribute(attr="T" | "mT" | "real" | "imag"):
            found = iter([node.value])
        case ast.Call():
            found = of_call(node)
        case ast.Name(ctx=ast.Load()) if node.id in names:
            found = (like(node, id=other) for other in names if other != node.id)
        case ast.AugAssign(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
            found = iter([ast.Assign([node.target], node.value), like(node, op=BINARY[type(node.op)][0]()), ast.Pass()])
        case ast.If():
            found = iter([like(node, test=ast.Constant(True)), like(node, test=ast.Constant(False))])
        case ast.Expr(value=ast.Call()):
            found = iter([ast.Pass()])
        case ast.comprehension(ifs=[_, *_]):
            found = iter([like(node, ifs=[])])
    yield from (ast.copy_location(other, node) for other in found)


def like(node: Any, **fields: Any) -> Any:
    """A copy of a node with some fields changed."""
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def of_binary(node: ast.BinOp) -> Iterator[ast.AST]:
    """Another operator, one side alone, or the sides exchanged where their order matters."""
    for other in BINARY.get(type(node.op), []):
        yield like(node, op=other())
    if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow | ast.MatMult):
        yield node.left
    if isinstance(node.op, ast.Add | ast.Mult):
        yield node.right
    if isinstance(node.op, ast.Sub):
        yield ast.UnaryOp(ast.USub(), node.right)
    if isinstance(node.op, ast.MatMult | ast.Pow | ast.Div | ast.Sub):
        yield like(node, left=node.right, right=node.left)


def of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    """Numbers beside it, and the other truth value; texts stay."""
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from (ast.Constant(other) for other in (value + 1, value - 1))
    elif isinstance(value, float):
        yield from (ast.Constant(other) for other in (value * 2, value + 1.0, value * 1.001) if other != value)


def of_call(node: ast.Call) -> Iterator[ast.AST]:
    """A neighbouring function, arguments exchanged or left out, or no call at all."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    for other in OTHER_NAME.get(name, []):
        changed = {"attr": other} if isinstance(node.func, ast.Attribute) else {"id": other}
        yield like(node, func=like(node.func, **changed))
    starred = any(isinstance(a, ast.Starred) for a in node.args)
    for i in range(len(node.args) - 1 if not starred else 0):
        args = [*node.args[:i], node.args[i + 1], node.args[i], *node.args[i + 2 :]]
        yield like(node, args=args)
    for i in range(len(node.keywords)):
        if node.keywords[i].arg == "strict":
            continue
        yield like(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
    method = isinstance(node.func, ast.Attribute) and not is_module(node.func.value)
    if len(node.args) + method > 1 and not starred:
        yield like(node, args=node.args[:-1])
    if method:
        yield node.func.value  # type: ignore[attr-defined]
    elif node.args and not starred:
        yield node.args[0]


def is_module(node: ast.AST) -> bool:
    """Whether a name is that of a library rather than of a value: np, np.linalg, math."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "math", "scipy", "special", "linalg", "fft")
