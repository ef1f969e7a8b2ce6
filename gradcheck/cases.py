"""A rule with one of its domains: the unit that is checked, counted and reported."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck import domains
from gradcheck.combining import combined
from gradcheck.printed import Claims
from gradcheck.results import Array, Point
from gradcheck.rules import Domain, Rule


@dataclass(frozen=True)
class Case:
    """A rule with one domain.  Its name is ``module.rule`` or ``module.rule[label]``."""

    rule: Rule
    label: str = ""

    @property
    def name(self) -> str:
        return f"{self.rule.name}[{self.label}]" if self.label else self.rule.name

    @property
    def domain(self) -> Domain:
        return self.rule.domains[self.label]

    def points(self, seed: int = 0) -> Iterator[Point]:
        """The points at which the case is checked: small ones for proofs, random ones, and special values."""
        turns = len(combined(tuple(len(s.options) for s in self.domain.values() if isinstance(s, domains.Choice))))
        specials = max([0, *(s.specials for s in self.domain.values() if isinstance(s, domains.Real))])
        small, other = self.point("small", 0, seed), self.point("small", 1, seed)
        yield small
        # Of other shapes, with an axis of size 1 first; not where that costs more.
        if shapes(other) != shapes(small) and entries(other) <= entries(small):
            yield other
        for turn in range(turns):
            yield self.point("random", turn, seed)
        for turn in range(specials):
            yield self.point("special", turn, seed)

    def point(self, role: str, turn: int, seed: int = 0) -> Point:
        """The point of that role and number, the same for the same seed."""
        name = f"{role}{turn}"
        values = domains.draw(self.domain, f"{self.name}/{name}", role=role, turn=turn, seed=seed)
        args, params = self.split(values)
        return Point(name, role, args, params)

    def split(self, values: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Drawn values as differentiated arguments, in the order of the signature, and parameters."""
        if self.rule.names:
            params = {k: v for k, v in values.items() if k not in self.rule.names and k[0] != "_"}
            return tuple(values[n] for n in self.rule.names if n in values), params
        args: list[Any] = []
        for parameter in self.rule.arguments:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                args += [v for k, v in values.items() if k.rstrip("0123456789") == parameter.name]
            elif parameter.name in values or parameter.default is inspect.Parameter.empty:
                args.append(values[parameter.name])
        positional = {p.name for p in self.rule.arguments}
        variadic = {p.name for p in self.rule.arguments if p.kind is inspect.Parameter.VAR_POSITIONAL}
        params = {
            k: v
            for k, v in values.items()
            if k not in positional and k.rstrip("0123456789") not in variadic and k[0] != "_"
        }
        return tuple(args), params

    def free(self, count: int) -> tuple[bool, ...]:
        """Whether each of `count` arguments may be any real numbers near those drawn, without a structure."""
        return tuple(isinstance(self.domain.get(n), domains.Real) for n in self.rule.argument_names(count))

    def room(self, args: tuple[Any, ...]) -> tuple[Array | None, ...]:
        """How far each entry of each argument may move inside the domain."""
        names = self.rule.argument_names(len(args))
        return tuple(self.domain[n].room(a) if n in self.domain else None for n, a in zip(names, args, strict=True))


def shapes(point: Point) -> list[tuple[int, ...]]:
    """The shapes of the arguments."""
    return [np.shape(a) for a in point.args]


def entries(point: Point) -> int:
    """The number of entries of all arguments."""
    return sum(np.size(a) for a in point.args)


def collect(module: ModuleType) -> list[Case | Claims]:
    """The cases and claims of a module: those of rules whose ``__module__`` is the module's or below, once each."""
    found: dict[int, Rule | Claims] = {}
    for value in vars(module).values():
        if isinstance(value, Rule | Claims) and belongs(value.__module__, module.__name__):
            found.setdefault(id(value), value)
    cases: list[Case | Claims] = []
    for value in found.values():
        cases += [value] if isinstance(value, Claims) else [Case(value, label) for label in value.domains]
    return cases


def belongs(name: str, module: str) -> bool:
    """Whether the dotted `name` is `module` or below it."""
    return name == module or name.startswith(module + ".")
