"""The stand-in for scipy, some of whose functions ask no array what it is: exact numbers are sent to our own."""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable, Mapping
from typing import Any

from gradcheck.lifted import scipy_linalg, scipy_special
from gradcheck.lifted.array import Lifted, NotLiftable, System


class ScipyStandIn:
    """The module scipy with stand-ins for its parts linalg and special."""

    def __init__(self, system: System) -> None:
        self.linalg = PartStandIn(system, "scipy.linalg", scipy_linalg.TABLE)
        self.special = PartStandIn(system, "scipy.special", scipy_special.TABLE)

    def __getattr__(self, name: str) -> Any:
        import scipy

        return getattr(scipy, name)


class PartStandIn:
    """A part of scipy, except that its functions know exact arrays.  Its ufuncs do by themselves."""

    def __init__(self, system: System, part: str, table: Mapping[str, Callable[..., Any]]) -> None:
        self._system, self._part, self._table = system, part, table

    def __getattr__(self, name: str) -> Any:
        function = getattr(importlib.import_module(self._part), name)
        if not isinstance(function, types.FunctionType):
            return function

        def either(*args: Any, **kwargs: Any) -> Any:
            if not any(map(is_exact, (*args, *kwargs.values()))):
                return function(*args, **kwargs)
            if name not in self._table:
                raise NotLiftable(
                    f"{self._part}.{name} is not known to exact arithmetic: write it with functions that are"
                )
            return self._table[name](self._system, *args, **kwargs)

        return either


def is_exact(value: Any) -> bool:
    """Whether an argument is an exact array, or a tuple with one, as the factor of cho_solve is."""
    return isinstance(value, Lifted) or (isinstance(value, tuple) and any(map(is_exact, value)))
