"""What declarations of rules share: the type of what a rule returns, sympy twins entry by entry, errata, complex arguments."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, Spec, made
from gradcheck.results import Array
from gradcheck.rules import Domain, Rule

# What a rule returns: the output, and the pullback of its cotangent.
Pulled = tuple[Any, Callable[[Any], Any]]


def each(function: Callable[..., Any]) -> Callable[..., Any]:
    """The sympy twin of an elementwise rule: ``function(sympy, *entries, **params)`` for entries of arrays of symbols."""

    def twin(sympy: Any, *xs: Any, **params: Any) -> Any:
        return np.frompyfunc(lambda *entries: function(sympy, *entries, **params), len(xs), 1)(*xs)

    return twin


def largest(sympy: Any, entries: Any) -> Any:
    """The largest of some symbols, in pieces whose derivatives sympy knows."""
    pieces = [(a, sympy.And(*(a >= b for b in entries if b is not a))) for a in entries]
    return sympy.Piecewise(*pieces)


def ranked(sympy: Any, entries: Any, rank: int) -> Any:
    """The symbol that `rank` others are below: the least of the largest of so many."""
    return sympy.Min(*(sympy.Max(*some) for some in itertools.combinations(entries, rank + 1)))


def misstated(
    right: Rule, by: str, *, source: str, refuted: str, domain: Domain | None = None
) -> Callable[[Callable[..., Any]], Rule]:
    """Declare ``wrong(dy, *args, **params)`` to be what a text states of the cotangent of the argument `by`, mistakenly.

    Forward, twins, domains and the other cotangents are those of the right rule.  refuted: why the form is wrong.
    domain: in place of the right rule's, where the mistake shows on some arguments only.  Raises ValueError where the
    right rule is not differentiated by `by`.
    """
    names = [parameter.name for parameter in right.arguments]
    if by not in names:
        raise ValueError(f"by is {by!r}, {right.name} is differentiated by {names}: name one of them")
    place = names.index(by)

    def declare(wrong: Callable[..., Any]) -> Rule:
        def function(*args: Any, **params: Any) -> Pulled:
            y, right_pullback = right(*args, **params)

            def pullback(dy: Any) -> Any:
                answer = right_pullback(dy)
                cotangents = answer if isinstance(answer, tuple) else (answer,)
                return (*cotangents[:place], wrong(dy, *args, **params), *cotangents[place + 1 :])

            return y, pullback

        functools.update_wrapper(function, wrong, updated=())
        function.__signature__ = inspect.signature(right.function)  # type: ignore[attr-defined]
        return Rule(
            function,
            domains=right.domains if domain is None else {"": domain},
            jax=right.jax,
            sympy=right.sympy,
            sympy_matrix=right.sympy_matrix,
            source=source,
            known_wrong=right.known_wrong,
            accuracy=right.accuracy,
            normwise=right.normwise,
            refuted=refuted,
        )

    return declare


def complexes(shape: str) -> Spec:
    """Complex numbers of which both parts are drawn."""

    def make(rng: Generator, draw: Draw) -> Array:
        size = draw.shape(shape)
        return np.round(rng.uniform(-3, 3, size), 3) + 1j * np.round(rng.uniform(-3, 3, size), 3)

    return made(make, f"complex numbers, parts in [-3, 3] ({shape})")
