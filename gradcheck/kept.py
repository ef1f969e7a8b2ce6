"""What a pullback keeps alive between forward and backward: the bytes of its residuals."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.results import Array, Kept


def kept(pullback: Callable[..., Any], inputs: Iterable[Any], outputs: Iterable[Any]) -> Kept:
    """What the pullback of one call keeps, beside what the call was given and gave."""
    return Kept(size(reachable(pullback)), size(reachable([*inputs])), size(reachable([*outputs])))


def size(arrays: Iterable[Array]) -> int:
    """The bytes of some arrays, memory that several share counted once."""
    return sum({id(owner): owner.nbytes for owner in map(memory, arrays)}.values())


def memory(array: Array) -> Array:
    """The array that owns the memory which this one is a view of: a view keeps all of it alive."""
    base = array.base
    while base is not None:
        # NumPy's as_strided puts an object of its own between a view and its array.
        array, base = (base if isinstance(base, np.ndarray) else array), getattr(base, "base", None)
    return array


def reachable(root: Any) -> Iterator[Array]:
    """Every array that stays alive as long as `root` does: through closures, defaults, containers and attributes."""
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        if isinstance(value, np.ndarray | np.generic):
            yield np.asarray(value)
        else:
            waiting += references(value)


def references(value: Any) -> Iterable[Any]:
    """What an object holds of its own; modules and classes are nobody's residuals."""
    if isinstance(value, types.FunctionType):
        return [*map(contents, value.__closure__ or ()), *(value.__defaults__ or ())]
    if isinstance(value, types.MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, type | types.ModuleType):
        return ()
    return list(getattr(value, "__dict__", {}).values())


def contents(cell: types.CellType) -> Any:
    """What a closure's cell holds; None where it is not filled yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None
