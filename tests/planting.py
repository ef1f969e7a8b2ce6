"""Known mistakes planted in copies of right rules."""

from __future__ import annotations

import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck import Rule


def answering(rule: Rule, change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Rule:
    """A copy whose pullback's answer is changed."""

    def function(*args: Any, **params: Any) -> Any:
        y, pullback = rule.function(*args, **params)

        def changed(dy: Any) -> Any:
            answer = pullback(dy)
            return change(answer if isinstance(answer, tuple | list) else (answer,))

        return y, changed

    return rule.but(function=signed(function, rule))


def asked(rule: Rule, change: Callable[[Any], Any]) -> Rule:
    """A copy whose pullback is given another cotangent."""

    def function(*args: Any, **params: Any) -> Any:
        y, pullback = rule.function(*args, **params)
        return y, lambda dy: pullback(change(dy))

    return rule.but(function=signed(function, rule))


def signed(function: Any, rule: Rule) -> Any:
    """A function that shows the rule's signature."""
    function.__signature__ = inspect.signature(rule.function)
    return function


def edited(rule: Rule, old: str, new: str) -> Rule:
    """A copy whose source has `new` for the single occurrence of `old`."""
    source = textwrap.dedent(inspect.getsource(rule.function))
    source = source[source.index(f"def {rule.function.__name__}(") :]
    assert source.count(old) == 1, f"{rule.name} has {source.count(old)} times {old!r}"
    namespace = dict(inspect.getmodule(rule.function).__dict__)  # type: ignore[union-attr]
    exec("from __future__ import annotations\n" + source.replace(old, new), namespace)
    return rule.but(function=namespace[rule.function.__name__])


def calling(rule: Rule, **helpers: Any) -> Rule:
    """A copy that calls other helpers: its globals of those names are replaced."""
    original = rule.function
    assert isinstance(original, types.FunctionType)
    assert helpers.keys() <= original.__globals__.keys()
    copy = types.FunctionType(
        original.__code__, {**original.__globals__, **helpers}, original.__name__, original.__defaults__
    )
    copy.__kwdefaults__ = original.__kwdefaults__
    return rule.but(function=copy)


# What is done to a pullback's answer.


def scaled(factor: float) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    return lambda answer: (factor * answer[0], *answer[1:])


def transposed(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    return (answer[0].mT, *answer[1:])


def exchanged(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    return (answer[1], answer[0], *answer[2:])


def one_entry_off(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    first = answer[0].copy()
    first[37, 59] = first[37, 59] * 1.001
    return (first, *answer[1:])


def dropped(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    return (np.zeros_like(answer[0]), *answer[1:])


def reversed_axis(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    return (np.flip(answer[0], 0), *answer[1:])


def ones_like(dy: Any) -> Any:
    return np.ones_like(dy)
