"""How a table of other people's functions becomes rules of a module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck import made
from gradcheck.domains import Draw, Spec
from gradcheck.rules import Rule


def rules(adapter: Callable[..., Rule], module: str, table: Mapping[str, tuple[Any, ...]]) -> dict[str, Rule]:
    """A rule for each entry: a name, a function, and a domain or several by label."""
    found = {}
    for name, (function, domains) in table.items():
        function.__module__, function.__name__, function.__qualname__ = module, name, name
        labelled = all(isinstance(v, dict) for v in domains.values())
        found[name] = adapter(function, domains=domains if labelled else {"": domains})
    return found


def complexes(shape: str) -> Spec:
    """Complex numbers of which both parts are drawn."""

    def make(rng: np.random.Generator, draw: Draw) -> Any:
        size = draw.shape(shape)
        return np.round(rng.uniform(-3, 3, size), 3) + 1j * np.round(rng.uniform(-3, 3, size), 3)

    return made(make, f"complex numbers, parts in [-3, 3] ({shape})")
