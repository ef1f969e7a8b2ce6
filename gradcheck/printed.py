"""Printed numbers of a text, verified to their last printed digit with certified arithmetic."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Printed:
    """A printed number (or nested lists of them), and what is known of it: right, rounded, or an erratum."""

    text: Any
    erratum: str = ""
    rounded: str = ""


def erratum(text: Any, why: str) -> Printed:
    """A printed number that is wrong: the suite must refute it, and shows the true value."""
    return Printed(text, erratum=why)


def rounded(text: Any, why: str) -> Printed:
    """A printed number that is off by at most one in its last digit, since its text computed from rounded numbers."""
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

    def __call__(self, **at: Any) -> Any:
        return self.function(**{**self.at, **at})

    @property
    def name(self) -> str:
        """The dotted name, as for a rule."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


def claims(
    *, source: str, at: Mapping[str, Any], printed: Mapping[str, Any], graph: Function | None = None
) -> Callable[[Function], Claims]:
    """Declare a function that computes the quantities a text prints, at the numbers that it prints them for."""
    return lambda function: Claims(function, source=source, at=at, printed=printed, graph=graph)
