"""Functions that only move entries: NumPy moves their places, which are plain integers, and the numbers follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted import numpys_own
from gradcheck.lifted.array import Lifted, NotLiftable, System, join, lifted, select

Function = Callable[..., Any]


def moved(function: Function, *arrays: Lifted) -> Lifted:
    """What a function of equally many arrays of places makes of the entries of `arrays`."""
    ends = np.cumsum([0, *(a.size for a in arrays)])
    places = [np.arange(a.size).reshape(a.shape) + end for a, end in zip(arrays, ends[:-1], strict=True)]
    return join(np.concatenate, [a.ravel() for a in arrays])[function(*places)]


def writing(function: Function) -> Function:
    """A function that writes values into an array: ``function(places, *further, places_of_values)``."""

    def implementation(system: System, x: Any, where: Any, values: Any, *args: Any, **kwargs: Any) -> None:
        if not isinstance(x, Lifted):
            raise NotLiftable("exact numbers were to be written into a plain float array: create it with np.zeros_like")

        def write(places: Any, sources: Any) -> Any:
            function(places, where, sources, *args, **kwargs)
            return places

        x[...] = moved(write, x, lifted(system, values))

    return implementation


def insert(system: System, x: Any, where: Any, values: Any, axis: Any = None) -> Lifted:
    """np.insert."""
    return moved(lambda places, new: np.insert(places, where, new, axis), lifted(system, x), lifted(system, values))


def choose(system: System, which: Any, choices: Any, mode: Any = "raise") -> Lifted:
    """np.choose."""
    return moved(lambda *places: np.choose(which, places, mode=mode), *(lifted(system, c) for c in choices))


def block(system: System, arrays: Any) -> Lifted:
    """np.block."""
    leaves: list[Lifted] = []

    def numbered(nested: Any) -> Any:
        if isinstance(nested, list):
            return [numbered(n) for n in nested]
        leaves.append(lifted(system, nested))
        return len(leaves) - 1

    numbers = numbered(arrays)

    def together(*places: Any) -> Any:
        def named(nested: Any) -> Any:
            return [named(n) for n in nested] if isinstance(nested, list) else places[nested]

        return np.block(named(numbers))

    return moved(together, *leaves)


def pad(
    system: System, x: Lifted, width: Any, mode: str = "constant", constant_values: Any = 0, **kwargs: Any
) -> Lifted:
    """np.pad: constants, and the modes that repeat entries; NumPy's own code for those that compute new ones."""
    if mode == "constant" and np.any(constant_values):
        inside = np.pad(np.ones(x.shape, bool), width)
        return select(
            inside,
            pad(system, x, width),
            system.constant(np.pad(np.zeros(x.shape), width, constant_values=constant_values)),
        )
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap") or kwargs.get("reflect_type") == "odd":
        padded: Lifted = numpys_own.call(system, np.pad, (x, width, mode), kwargs)
        return padded
    # The places are moved as numbers; place 0 stands for the zero that constant padding brings in.
    places = np.pad(np.arange(1, x.size + 1).reshape(x.shape), width, mode=mode, **kwargs)  # type: ignore[call-overload]
    flat = join(np.concatenate, [system.zeros((1,)), x.ravel()])
    return flat[places]


def meshgrid(system: System, *xs: Any, indexing: str = "xy", sparse: bool = False, copy: bool = True) -> list[Lifted]:
    """np.meshgrid."""
    arrays = [lifted(system, x) for x in xs]
    places = np.meshgrid(*[np.arange(a.size) for a in arrays], indexing=indexing, sparse=sparse)  # type: ignore[call-overload]
    return [a.ravel()[p] for a, p in zip(arrays, places, strict=True)]


TABLE: dict[str, Function] = {
    "insert": insert,
    "choose": choose,
    "block": block,
    "pad": pad,
    "meshgrid": meshgrid,
    **{f.__name__: writing(f) for f in (np.place, np.putmask, np.put, np.put_along_axis)},
}
