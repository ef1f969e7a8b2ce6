"""Functions that NumPy writes in Python over other ones of its own: the same code runs on exact arrays."""

from __future__ import annotations

import types
from typing import Any

from gradcheck.lifted.array import System
from gradcheck.lifted.stand_in import NumpyStandIn, Rewriter

NAMES = frozenset(
    (
        *("allclose", "apply_over_axes", "average", "cov", "digitize", "extract", "fix"),
        *("gradient", "isclose", "iscomplex", "isneginf", "isposinf", "isreal", "linalg.cond", "linalg.cross"),
        *("linalg.diagonal", "linalg.matmul", "linalg.matrix_rank", "linalg.outer", "linalg.tensordot"),
        *("linalg.trace", "linalg.vecdot", "nan_to_num", "nanargmax", "nanargmin", "nancumprod", "nancumsum"),
        *("nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar", "piecewise", "poly", "polyadd"),
        *("polyder", "polyfit", "polyint", "polysub", "polyval", "trapezoid", "tril_indices_from"),
        *("trim_zeros", "triu_indices_from", "unwrap", "vander"),
    )
)


class PrivateStandIn(NumpyStandIn):
    """A private module of NumPy's: the public stand-in for what that makes, and else what the module has."""

    def __init__(self, system: System, module: str) -> None:
        import sys

        super().__init__(system)
        self._module = sys.modules[module]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class NumpysRewriter(Rewriter):
    """Rewrites NumPy's private helpers too; its public functions dispatch on their arguments by themselves."""

    def __init__(self, system: System) -> None:
        private = {name: PrivateStandIn(system, name) for name in ("numpy._core.numeric", "numpy._core")}
        super().__init__({"numpy": NumpyStandIn(system), **private})

    def replace(self, value: Any) -> Any:
        private = isinstance(value, types.FunctionType) and value.__module__.startswith("numpy.lib._")
        return self.function(value) if private else super().replace(value)


def call(system: System, function: Any, args: Any, kwargs: Any) -> Any:
    """NumPy's Python implementation of an array function, on exact arrays."""
    return NumpysRewriter(system).function(function._implementation)(*args, **kwargs)
