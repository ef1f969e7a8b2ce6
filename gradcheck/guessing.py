"""A domain guessed from arguments that somebody gave: which axes go together, and which numbers the forward takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
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
    sizes; one whose length shows in the output's, whatever the others are, is a letter of its own.  Numbers are of both
    signs unless all given ones are positive and the forward takes no others.
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
    own = {axis for axis in axes_of(arrays) if alone(arrays, forward, *axis)}
    shared = {(k, a) for k, a in axes_of(arrays) if (k, a) not in own}
    letters = {
        size: f"n{size}"
        if works(
            forward,
            tuple(longer(x, [a for j, a in shared if j == k and x.shape[a] == size]) for k, x in enumerate(arrays)),
        )
        else str(size)
        for size in {arrays[k].shape[a] for k, a in shared}
    }
    return tuple(
        " ".join(f"n{n}of{k}axis{a}" if (k, a) in own else letters.get(n, "1") for a, n in enumerate(x.shape))
        for k, x in enumerate(arrays)
    )


def axes_of(arrays: tuple[Array, ...]) -> list[tuple[int, int]]:
    """All axes but those of size 1, each as the number of its array and its own."""
    return [(k, a) for k, x in enumerate(arrays) for a, n in enumerate(x.shape) if n != 1]


def alone(arrays: tuple[Array, ...], forward: Callable[..., tuple[Array, ...]], k: int, axis: int) -> bool:
    """Whether an axis of a size that others have may be longer alone, so that the output is."""
    size = arrays[k].shape[axis]
    if sum(x.shape.count(size) for x in arrays) < 2:
        return False
    try:
        before = [y.shape for y in forward(*arrays)]
        after = [y.shape for y in forward(*arrays[:k], longer(arrays[k], [axis]), *arrays[k + 1 :])]
    except Exception:
        return False
    return [len(s) for s in before] == [len(s) for s in after] and sum(map(sum, after)) > sum(map(sum, before))


def longer(array: Array, axes: Collection[int]) -> Array:
    """An array with these axes longer by one: the last entries are repeated."""
    widths = [(0, int(a in axes)) for a in range(array.ndim)]
    return np.pad(array, widths, mode="edge" if array.size else "constant")


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
