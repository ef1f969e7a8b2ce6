"""Sources of the true derivative, found by entry point: an oracle examines a problem and says what it knows."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gradcheck.problems import Problem
    from gradcheck.results import Evidence
    from gradcheck.rules import Rule

# The order in which oracles speak: the exact one first, since what it finds (kinks, the true gradient) helps the rest.
BUILT_IN = ("exact", "differences", "symbolic", "jax")


class Oracle(Protocol):
    """A source of the true derivative."""

    name: str

    def why_not(self) -> str | None:
        """What is missing for this oracle to speak at all (``jax is not installed: ...``); None if nothing is."""
        ...

    def wants(self, problem: Problem) -> bool:
        """Whether it looks at this kind of point when nobody asks for it by name."""
        ...

    def examine(self, problem: Problem) -> Iterable[Evidence]:
        """What it says of one rule at one point."""
        ...


@cache
def available() -> dict[str, importlib.metadata.EntryPoint]:
    """Where each oracle is to be loaded from, by name, the built-in ones first."""
    found = {point.name: point for point in importlib.metadata.entry_points(group="gradcheck.oracles")}
    ordered = [name for name in BUILT_IN if name in found] + sorted(set(found) - set(BUILT_IN))
    return {name: found[name] for name in ordered}


@cache
def load(name: str) -> Oracle:
    """The oracle of that name.  Raises what its module raises on import."""
    return available()[name].load()()  # type: ignore[no-any-return]


def asked(names: str | Iterable[str], rule: Rule) -> list[Oracle]:
    """The oracles of those names; after the exact one those for the reference and the jvp that a rule was given with.

    Raises as `select`.
    """
    from gradcheck.oracles.forward_mode import ForwardMode
    from gradcheck.oracles.like import Like

    found = select(names)
    after = 1 if found[0].name == "exact" else 0
    if rule.jvp is not None:
        found.insert(after, ForwardMode())
    if rule.standard is not None:
        found.insert(after, Like())
    return found


def select(names: str | Iterable[str]) -> list[Oracle]:
    """The oracles of those names ("auto" and "all": every one).  Raises ValueError for a name that is not known."""
    known = available()
    if isinstance(names, str):
        names = list(known) if names in ("auto", "all") else [n.strip() for n in names.split(",") if n.strip()]
    if not isinstance(names, Iterable):
        raise TypeError(f"oracles={names!r} is not known: give names, as in oracles='exact,differences'")
    wanted = list(names)
    if not wanted:
        raise ValueError(f"oracles names nobody: choose from {', '.join(known)}")
    unknown = [str(name) for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"oracles={','.join(unknown)!r} is not known: choose from {', '.join(known)}")
    return [load(name) for name in known if name in wanted]
