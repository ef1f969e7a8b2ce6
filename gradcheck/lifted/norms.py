"""Norms of vectors and matrices over a number system."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.lifted import complexes
from gradcheck.lifted.array import NotLiftable, System, lifted
from gradcheck.lifted.linalg import Function, batched
from gradcheck.lifted.spectral import svdvals


def norm(system: System, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, **_: Any) -> Any:  # noqa: A002
    """np.linalg.norm: of a matrix over two axes, of a vector over one, of all entries without `ord`."""
    x = lifted(system, x)
    if ord is None or (axis is None and x.ndim != 2) or not (axis is None or isinstance(axis, tuple)):
        return vector_norm(system, x, axis=axis, keepdims=keepdims, ord=2 if ord is None else ord)
    axes = (0, 1) if axis is None else axis
    moved = x.each(lambda c: np.moveaxis(c, axes, (-2, -1)))
    size = matrix_norm(system, moved, ord=ord)
    return np.expand_dims(size, axes) if keepdims else size


def vector_norm(system: System, x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:  # noqa: A002
    """np.linalg.vector_norm: over one axis, several, or all."""
    x = lifted(system, x)
    if ord == 2:
        return np.sqrt(np.sum(complexes.squared(x), axis=axis, keepdims=keepdims))
    size = np.abs(x)
    if not ord:
        raise NotLiftable("np.linalg.norm with ord=0 counts: it has no derivative, use np.count_nonzero")
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    # 1 / 3 as a float would be a rounded constant.
    return np.sum(size**ord, axis=axis, keepdims=keepdims) ** (system.constant(1) / ord)


def matrix_norm(system: System, x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:  # noqa: A002
    """np.linalg.matrix_norm, over the last two axes."""
    x = lifted(system, x)
    if ord == "fro":
        size = np.sqrt(np.sum(complexes.squared(x), axis=(-2, -1)))
    elif ord in (1, -1, np.inf, -np.inf):
        sums = np.sum(np.abs(x), axis=-2 if abs(ord) == 1 else -1)
        size = (np.max if ord > 0 else np.min)(sums, axis=-1)
    elif ord in SPECTRAL:
        size = batched(lambda a: SPECTRAL[ord](svdvals(a)))(system, x)
    else:
        raise NotLiftable(f"np.linalg.norm of a matrix with ord={ord!r} is not known to exact arithmetic")
    return np.expand_dims(size, (-2, -1)) if keepdims else size


# Norms of a matrix that are made of its singular values, which descend.
SPECTRAL: dict[Any, Any] = {
    2: lambda s: s[0],
    -2: lambda s: s[-1],
    "nuc": lambda s: np.sum(s),
}

TABLE: dict[str, Function] = {
    "linalg.norm": norm,
    "linalg.vector_norm": vector_norm,
    "linalg.matrix_norm": matrix_norm,
}
