"""Rules with a known mistake in them, otherwise declared as the right ones."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gradcheck.faults.answers import Answer, Cotangents, Wrapper
from gradcheck.problems import as_tuple
from gradcheck.rules import Function, Rule


def wrapped(rule: Rule, wrapper: Wrapper, k: int = 0) -> Rule:
    """The rule with that mistake in what its pullback answers for argument `k`."""
    change = wrapper.change
    shared: dict[str, Any] = {}

    @functools.wraps(rule.function)
    def function(*args: Any, **params: Any) -> Any:
        y, pullback = rule(*args, **params)
        memory: dict[str, Any] = {}
        shared["args"] = args

        def faulty(dy: Any) -> Cotangents:
            answer = answered(rule, args, params, y, pullback, dy)
            answer.memory, answer.shared = memory, shared
            found = change(answer, k)
            return answer.cotangents if found is None else found

        return y, faulty

    return rule.but(function=function)


def answered(rule: Function, args: Any, params: Any, y: Any, pullback: Function, dy: Any) -> Answer:
    """What the pullback of a right rule answers to `dy`, and how to ask it more."""
    single = not isinstance(y, tuple)

    def ask(others: tuple[Any, ...], dys: tuple[Any, ...]) -> Cotangents:
        _, again = rule(*others, **params)
        return listed(again(dys[0] if single else dys))

    return Answer(listed(pullback(dy)), args, as_tuple(dy, single), as_tuple(y, single), ask)


def answer_of(rule: Function, args: tuple[Any, ...], params: Any, dy: Any) -> Answer:
    """The answer of a right rule at a point, to try mistakes on; `dy` is a tuple where there are several outputs."""
    with np.errstate(all="ignore"):
        y, pullback = rule(*args, **params)
        return answered(rule, args, params, y, pullback, dy)


def listed(cotangents: Any) -> Cotangents:
    """Cotangents as a tuple: that of a single argument may come bare."""
    return tuple(cotangents) if isinstance(cotangents, tuple | list) else (cotangents,)
