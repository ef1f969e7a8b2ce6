"""Dicts, lists and tuples of arrays as arguments: a rule of their leaves, each under the name that Python gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcheck.contract import ContractError, describe
from gradcheck.rules import Rule


def is_tree(value: Any) -> bool:
    """Whether an argument is a dict, or a list or tuple that holds arrays or trees; a list of numbers is an array."""
    if isinstance(value, list | tuple):
        return any(is_tree(v) or hasattr(v, "ndim") for v in value)
    return isinstance(value, dict)


def mapped(function: Any, tree: Any) -> Any:
    """The tree with `function` of each leaf."""
    if isinstance(tree, dict):
        return {key: mapped(function, value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return sequence(tree, [mapped(function, value) for value in tree])
    return function(tree)


def sequence(like: Any, items: list[Any]) -> Any:
    """Items as a list, tuple or named tuple."""
    return type(like)(*items) if hasattr(like, "_fields") else list(items) if isinstance(like, list) else tuple(items)


def leaves(tree: Any) -> list[Any]:
    """The arrays of a tree, in order."""
    found: list[Any] = []
    mapped(found.append, tree)
    return found


def rebuilt(tree: Any, arrays: Iterator[Any]) -> Any:
    """The tree with other leaves, taken one after the other."""
    return mapped(lambda _: next(arrays), tree)


def paths(tree: Any, name: str) -> Iterator[str]:
    """The name of each leaf, as ``params['W']``, ``layers[0]`` or, of a named tuple, ``state.W``."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from paths(value, f"{name}[{key!r}]")
    elif isinstance(tree, list | tuple):
        fields = getattr(tree, "_fields", None)
        for i, value in enumerate(tree):
            yield from paths(value, f"{name}.{fields[i]}" if fields else f"{name}[{i}]")
    else:
        yield name


def matching(tree: Any, answered: Any, name: str) -> Iterator[Any]:
    """The leaves of an answer in the order of the tree that it must look like.  Raises ContractError where it does not."""
    if isinstance(tree, dict):
        if not isinstance(answered, dict) or set(answered) != set(tree):
            found = f"the keys {list(answered)}" if isinstance(answered, dict) else describe(answered)
            raise ContractError(f"the cotangent of {name} is {found}: return a dict with the keys {list(tree)}")
        for key, value in tree.items():
            yield from matching(value, answered[key], f"{name}[{key!r}]")
    elif isinstance(tree, list | tuple):
        if not isinstance(answered, list | tuple) or len(answered) != len(tree):
            raise ContractError(f"the cotangent of {name} is {describe(answered)}: return one for each of {len(tree)}")
        for i, (value, part) in enumerate(zip(tree, answered, strict=True)):
            yield from matching(value, part, f"{name}[{i}]")
    else:
        yield answered


def flattened(rule: Rule, args: tuple[Any, ...]) -> tuple[Rule, tuple[Any, ...]]:
    """A rule of the leaves of its arguments, and the leaves; both as they are where no argument is a tree."""
    if not any(map(is_tree, args)):
        return rule, args
    function, names = rule.function, rule.argument_names(len(args))

    def flat(*arrays: Any, **params: Any) -> Any:
        rest = iter(arrays)
        y, pullback = function(*(rebuilt(a, rest) for a in args), **params)

        def pulled(dy: Any) -> list[Any]:
            answered = pullback(rebuilt(y, iter(dy)) if isinstance(y, dict | list | tuple) else dy)
            parts = whole(args, answered)
            if len(parts) != len(args):
                raise ContractError(f"the pullback returned {len(parts)} cotangents: return one for each of {names}")
            return [x for a, g, n in zip(args, parts, names, strict=True) for x in matching(a, g, n)]

        return outputs(y), pulled

    found = rule.but(function=flat, domains={})
    found.names = tuple(path for a, n in zip(args, names, strict=True) for path in paths(a, n))
    return found, tuple(leaves(list(args)))


def bare(found: tuple[Any, ...]) -> Any:
    """The cotangents of several arguments as they are; of one argument its own."""
    return found[0] if len(found) == 1 else found


def outputs(y: Any) -> Any:
    """Outputs as a rule returns them: an array as it is, the leaves of anything else as a tuple."""
    return tuple(leaves(y)) if isinstance(y, dict | list | tuple) else y


def whole(args: tuple[Any, ...], answered: Any) -> Any:
    """A cotangent for each argument: a single one may be answered bare."""
    if not isinstance(answered, tuple | list):
        return (answered,)
    if len(args) != 1:
        return answered
    only = args[0]
    wrapped = len(answered) == 1 and (
        isinstance(only, dict) or isinstance(answered[0], tuple | list) or not is_tree(only)
    )
    return answered if wrapped else (answered,)
