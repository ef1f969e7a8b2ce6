"""What every adapter ends with: a function under the name and signature of the user's, declared as a rule."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from gradcheck.contract import describe
from gradcheck.rules import Function, Rule


def made(function: Function, original: Any, *, domain: Any = None, **declaration: Any) -> Rule:
    """The rule of `function`, which stands in for `original`: named and called like it."""
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        if hasattr(original, attribute):
            setattr(function, attribute, getattr(original, attribute))
    functools.update_wrapper(function, original, assigned=(), updated=())
    if domain is not None:
        declaration["domains"] = {"": domain}
    return Rule(function, **declaration)


def pair(answered: Any, name: str, expected: str) -> tuple[Any, Any]:
    """What a function returned as the two things it must be.  Raises TypeError where it is not two."""
    if not isinstance(answered, tuple | list) or len(answered) != 2:
        raise TypeError(f"{name} returned {describe(answered)}: it must return {expected}")
    return answered[0], answered[1]


def need_callable(**functions: Callable[..., Any]) -> None:
    """Raises TypeError for what is no function, by the name of its argument."""
    for name, function in functions.items():
        if not callable(function):
            raise TypeError(f"{name} is {describe(function)}: pass a function")


def name_of(function: Any) -> str:
    """The name of a function in messages."""
    return getattr(function, "__name__", type(function).__name__)
