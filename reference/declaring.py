"""What declarations of rules share: the type of what a rule returns, and sympy twins that work entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# What a rule returns: the output, and the pullback of its cotangent.
Pulled = tuple[Any, Callable[[Any], Any]]


def each(function: Callable[..., Any]) -> Callable[..., Any]:
    """The sympy twin of an elementwise rule: ``function(sympy, entry, **params)`` for every entry of an array of symbols."""

    def twin(sympy: Any, x: Any, **params: Any) -> Any:
        return np.frompyfunc(lambda entry: function(sympy, entry, **params), 1, 1)(x)

    return twin
