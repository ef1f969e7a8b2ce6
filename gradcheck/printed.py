"""Printed numbers and statements of a text, declared beside the computation that they are printed of."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Printed:
    """What a text prints of one quantity (or nested lists of it), and what is known of it: right, rounded, an erratum.

    A number as text (``"0.2470"``) is held to its last digit; an integer must be exactly right; True and False are
    statements.
    """

    text: Any
    erratum: str = ""
    rounded: str = ""

    @property
    def entries(self) -> dict[tuple[int, ...], Any]:
        """What is printed at each index; that of a single number is ``()``."""
        return dict(flatten(self.text))


def flatten(text: Any, index: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Any]]:
    """The entries of nested lists, each with its index."""
    if not isinstance(text, list | tuple):
        return [(index, text)]
    return [item for i, part in enumerate(text) for item in flatten(part, (*index, i))]


def erratum(text: Any, why: str) -> Printed:
    """A printed number that is wrong: the suite must refute it, and shows the true value."""
    return Printed(text, erratum=why)


def rounded(text: Any, why: str) -> Printed:
    """A printed number that is off by one in its last digit, since its text computed from rounded numbers."""
    return Printed(text, rounded=why)


class Claims:
    """The numbers that one text prints of one computation: ``function(**at)`` gives a dictionary of quantities."""

    def __init__(
        self,
        function: Function,
        *,
        source: str,
        at: Mapping[str, Any],
        printed: Mapping[str, Any],
        graph: Function | None = None,
    ) -> None:
        self.function, self.source, self.at, self.graph = function, source, at, graph
        self.printed = {k: v if isinstance(v, Printed) else Printed(v) for k, v in printed.items()}
        functools.update_wrapper(self, function, updated=())
        self._check_declaration()

    def __call__(self, **at: Any) -> Any:
        return self.function(**{**self.at, **at})

    def __repr__(self) -> str:
        return f"<claims {self.name}>"

    @property
    def name(self) -> str:
        """The dotted name, as for a rule."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    def _check_declaration(self) -> None:
        if not self.printed:
            raise ValueError(f"{self.name}: printed= is empty: name at least one quantity")
        try:
            inspect.signature(self.function).bind(**self.at)
        except TypeError as error:
            raise TypeError(f"{self.name}: at= does not fit the function: {error}") from None
        for quantity, printed in self.printed.items():
            if printed.erratum and printed.rounded:
                raise ValueError(f"{self.name}: {quantity!r} is declared both an erratum and rounded: choose one")
            for text in printed.entries.values():
                if not is_printed(text):
                    raise ValueError(
                        f"{self.name}: {quantity!r} prints {text!r}: write a number as text, such as '0.25'"
                    )


def is_printed(text: Any) -> bool:
    """Whether this can be printed: a statement, an integer, or a number as text."""
    if isinstance(text, bool | int):
        return True
    try:
        return isinstance(text, str) and Decimal(text).is_finite()
    except InvalidOperation:
        return False


def claims(
    *, source: str, at: Mapping[str, Any], printed: Mapping[str, Any], graph: Function | None = None
) -> Callable[[Function], Claims]:
    """Declare a function that computes the quantities a text prints, at the numbers that it prints them for.

    source: which text.  at: the function's arguments; a decimal is taken for what is written (0.1 is one tenth).
    printed: {quantity: what is printed}, as text, since "0.20" says more than 0.2; an integer is exact, True and
    False are statements; see `erratum` and `rounded` for what is not simply right.  graph: gives the computational
    graph for the report.  Raises TypeError or ValueError for a declaration that means nothing.
    """
    return lambda function: Claims(function, source=source, at=at, printed=printed, graph=graph)
