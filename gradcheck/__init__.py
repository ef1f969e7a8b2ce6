"""Is this hand-written gradient right, and if not, what is wrong with it?"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.checking import check
    from gradcheck.domains import (
        choice,
        fixed,
        index,
        interval,
        invertible,
        labels,
        made,
        mask,
        one_hot,
        positive,
        real,
        simplex,
        spd,
    )
    from gradcheck.printed import claims, erratum, rounded
    from gradcheck.results import Evidence, Result
    from gradcheck.rules import Rule, from_vjp, rule
    from gradcheck.second_order import double_backward

# Where each public name lives; its module is imported when the name is first used.
_HOMES = {
    "gradcheck.checking": ("check",),
    "gradcheck.printed": ("claims", "erratum", "rounded"),
    "gradcheck.domains": (
        *("choice", "fixed", "index", "interval", "invertible", "labels", "made", "mask", "one_hot", "positive"),
        *("real", "simplex", "spd"),
    ),
    "gradcheck.results": ("Evidence", "Result"),
    "gradcheck.rules": ("Rule", "from_vjp", "rule"),
    "gradcheck.second_order": ("double_backward",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Evidence",
    "Result",
    "Rule",
    "check",
    "choice",
    "claims",
    "double_backward",
    "erratum",
    "fixed",
    "from_vjp",
    "index",
    "interval",
    "invertible",
    "labels",
    "made",
    "mask",
    "one_hot",
    "positive",
    "real",
    "rounded",
    "rule",
    "simplex",
    "spd",
]


def __getattr__(name: str) -> Any:
    if name == "adapters":
        return importlib.import_module("gradcheck.adapters")
    if name not in _HOME:
        raise AttributeError(f"module 'gradcheck' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
