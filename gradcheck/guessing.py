"""A domain guessed from arguments that somebody gave: which axes go together, and which numbers the forward takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.domains import Made, Real, Spec, fixed
from gradcheck.results import Array
from gradcheck.rules import Rule

# Numbers are looked for as far as twice the given ones, and this far at least.
REACH = 8.0


def guess(rule: Rule, args: tuple[Any, ...], params: Mapping[str, Any]) -> dict[str, Spec]:
    """A domain around the given arguments; parameters stay as they are.

    Axes of equal size are one letter, or the arguments are one broadcasting group, as far as the forward takes other
    sizes.  Numbers are of both signs unless all given ones are positive and the forward takes no others.
    """
    arrays = tuple(np.asarray(a) for a in args)

    def forward(*tried: Array) -> tuple[Array, ...]:
        with np.errstate(all="ignore"):
            y, _ = rule.function(*(t.copy() for t in tried), **params)
        return tuple(np.asarray(v) for v in (y if isinstance(y, tuple) else (y,)))

    texts = shapes_of(arrays, forward)
    names = rule.argument_names(len(arrays))
    domain: dict[str, Spec] = {}
    for k, (name, array, text) in enumerate(zip(names, arrays, texts, strict=True)):
        negated = (*arrays[:k], -array, *arrays[k + 1 :])
        one_sided = (
            array.size > 0 and array.dtype.kind == "f" and bool((array > 0).all()) and not finite(forward, negated)
        )
        domain[name] = numbers_like(array, text, one_sided)
    return {**domain, **{key: fixed(value) for key, value in params.items()}}


def numbers_like(array: Array, text: str, one_sided: bool) -> Spec:
    """Numbers of the dtype of an array, to about twice its size; complex ones from seeds."""
    reach = max(REACH, 2.0 * float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array))))
    if array.dtype.kind == "c":

        def make(rng: np.random.Generator, draw: Any) -> Array:
            parts = np.round(rng.uniform(-reach, reach, (2, *draw.shape(text))), 3)
            return np.asarray(parts[0] + 1j * parts[1], dtype=array.dtype)

        return Made(make, f"complex numbers, parts in [-{reach:g}, {reach:g}] ({text})")
    least = min(0.1, float(array.min())) if one_sided else -reach
    return Real(text, least, reach, dtype=array.dtype.name)


def shapes_of(arrays: tuple[Array, ...], forward: Callable[..., tuple[Array, ...]]) -> tuple[str, ...]:
    """The shapes as texts of a domain."""
    if len(arrays) > 1 and any(a.ndim for a in arrays) and broadcasts(arrays, forward):
        return ("*b", *("?b" for _ in arrays[1:]))
    sizes = dict.fromkeys(n for a in arrays for n in a.shape if n != 1)
    letters = {n: f"n{n}" if works(forward, tuple(longer(a, n) for a in arrays)) else str(n) for n in sizes}
    return tuple(" ".join(letters.get(n, "1") for n in a.shape) for a in arrays)


def longer(array: Array, size: int) -> Array:
    """An array whose axes of that size are longer by one: the last entries are repeated."""
    return np.pad(array, [(0, int(n == size)) for n in array.shape], mode="edge" if size else "constant")


def broadcasts(arrays: tuple[Array, ...], forward: Callable[..., tuple[Array, ...]]) -> bool:
    """Whether a function goes entry by entry over arguments that broadcast: at any rank, and with axes of size 1."""
    try:
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        full = tuple(np.broadcast_to(a, shape) for a in arrays)
        short = [(full[0], *(f[(slice(1),) * f.ndim] for f in full[1:])), (full[0], *(f.ravel()[:1] for f in full[1:]))]
        flat = tuple(f.ravel() for f in full)
        same = all([y.shape for y in forward(*tried)] == [shape] for tried in (full, *short))
        return same and [y.shape for y in forward(*flat)] == [flat[0].shape]
    except Exception:
        return False


def works(forward: Callable[..., Any], args: tuple[Array, ...]) -> bool:
    """Whether the forward does not raise."""
    try:
        forward(*args)
    except Exception:
        return False
    return True


def finite(forward: Callable[..., tuple[Array, ...]], args: tuple[Array, ...]) -> bool:
    """Whether the forward does not raise, and gives finite numbers."""
    return works(forward, args) and all(np.isfinite(y).all() for y in forward(*args))
