"""What every adapter ends with: a function under the name and signature of the user's, declared as a rule."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

from gradcheck.contract import describe
from gradcheck.lifted.array import Lifted, NotLiftable
from gradcheck.rules import Function, Rule


def made(function: Function, original: Any, *, domain: Any = None, **declaration: Any) -> Rule:
    """The rule of `function`, which stands in for `original`: named and called like it."""
    functools.update_wrapper(function, original, updated=())
    # What is not written in Python has the name of a type of functions in its qualified one, or of their maker.
    if not isinstance(original, types.FunctionType | type) or "<locals>.f_wrapped" in function.__qualname__:
        function.__qualname__ = function.__name__ = name_of(original)
    if domain is not None:
        declaration["domains"] = {"": domain}
    return Rule(function, **declaration)


def pair(answered: Any, name: str, expected: str) -> tuple[Any, Any]:
    """What a function returned as the two things it must be.  Raises TypeError where it is not two."""
    if not isinstance(answered, tuple | list) or len(answered) != 2:
        raise TypeError(f"{name} returned {describe(answered)}: it must return {expected}")
    return answered[0], answered[1]


def black_box(library: str, *values: Any) -> None:
    """Raises NotLiftable for exact numbers: compiled code cannot be run on them."""
    if any(isinstance(v, Lifted) for v in values):
        raise NotLiftable(f"{library} runs on its own numbers only")


def need_callable(**functions: Callable[..., Any]) -> None:
    """Raises TypeError for what is no function, by the name of its argument."""
    for name, function in functions.items():
        if not callable(function):
            raise TypeError(f"{name} is {describe(function)}: pass a function")


def name_of(function: Any) -> str:
    """The name of a function in messages."""
    return getattr(function, "__name__", type(function).__name__)
