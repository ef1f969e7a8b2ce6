"""dy misused: ignored, clipped, its sign lost, of the wrong output, or only a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake
from gradcheck.results import Array

CHANGES: dict[str, Callable[[Array], Array]] = {
    "does not depend on dy: it is the answer for ones": np.ones_like,
    "uses |dy| in place of dy": np.abs,
    "uses the sign of dy in place of dy": np.sign,
    "uses dy² in place of dy": np.square,
    "drops the negative entries of dy": lambda d: np.maximum(d, 0),
    "drops the positive entries of dy": lambda d: np.minimum(d, 0),
    "uses the sum of dy in place of its entries": lambda d: np.full_like(d, d.sum()),
    "uses the mean of dy in place of its entries": lambda d: np.full_like(d, d.mean()),
    "uses only the first entry of dy": lambda d: np.full_like(d, d.flat[0]) if d.size else d,
    "uses dy with its largest entry brought to 1": lambda d: d / np.abs(d).max() if d.any() else d,
    "uses dy brought to length 1": lambda d: d / np.sqrt(np.square(np.abs(d)).sum()) if d.any() else d,
    "uses dy rounded to whole numbers": np.round,
    "uses tanh(dy) in place of dy": np.tanh,
    "takes the mean out of dy": lambda d: d - d.mean(),
    "uses dy plus 1 in place of dy": lambda d: d + 1,
    "uses dy in half precision": lambda d: d.astype(np.float16).astype(d.dtype),
    "uses dy in single precision": lambda d: d.astype(np.float32).astype(d.dtype),
}
BOUNDS = (1.0, 0.5, 2.0, 3.0, 0.1, 5.0, 10.0)


def misused(look: Look, k: int) -> Iterator[Mistake]:
    """The true gradient for another cotangent than the one that was given."""
    if look.jacobian() is None or any(map(np.iscomplexobj, look.dy)):
        return
    for text, change in CHANGES.items():
        yield Mistake(text, with_dy(partial(lambda dys, c: tuple(map(c, dys)), c=change)))
    for bound in BOUNDS:
        yield Mistake(
            f"clips dy to ±{bound:g}", with_dy(partial(lambda dys, b: tuple(np.clip(d, -b, b) for d in dys), b=bound))
        )


def rearranged(look: Look, k: int) -> Iterator[Mistake]:
    """dy in another order, or only a slice of it."""
    if look.jacobian() is None:
        return
    for i, d in enumerate(look.dy):
        name = "dy" if len(look.dy) == 1 else f"dy[{i}]"
        if d.ndim > 1:
            yield Mistake(
                f"uses {name} transposed",
                with_dy(partial(lambda dys, i: replaced(dys, i, dys[i].swapaxes(-1, -2)), i=i)),
            )
        for axis in range(d.ndim):
            for text, change in slices(axis):
                yield Mistake(
                    f"uses {name} {text}",
                    with_dy(partial(lambda dys, i, c: replaced(dys, i, c(dys[i])), i=i, c=change)),
                )


def of_outputs(look: Look, k: int) -> Iterator[Mistake]:
    """The cotangent of one output left out, or of the wrong one."""
    if len(look.dy) < 2 or look.jacobian() is None:
        return
    for i in range(len(look.dy)):
        yield Mistake(f"leaves out dy[{i}]", with_dy(partial(lambda dys, i: replaced(dys, i, 0 * dys[i]), i=i)))
        yield Mistake(
            f"uses only dy[{i}]",
            with_dy(partial(lambda dys, i: tuple(d * (j == i) for j, d in enumerate(dys)), i=i)),
        )
    yield Mistake("has the cotangents of its outputs exchanged", with_dy(lambda dys: dys[::-1]))


def slices(axis: int) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """What may happen to dy along one axis."""
    yield f"reversed along axis {axis}", lambda d: np.flip(d, axis)
    for shift in (1, -1):
        yield f"shifted by {shift} along axis {axis}", partial(lambda d, s: np.roll(d, s, axis), s=shift)
    for word, of in (("sum", np.sum), ("mean", np.mean)):
        yield (
            f"replaced by its {word} over axis {axis}",
            partial(lambda d, of: np.broadcast_to(of(d, axis, keepdims=True), d.shape), of=of),
        )
    for word, index in (("first", 0), ("last", -1)):
        yield f"with its {word} slice along axis {axis} left out", partial(lambda d, n: without(d, axis, n), n=index)
        yield f"in its {word} slice along axis {axis} only", partial(lambda d, n: d - without(d, axis, n), n=index)


def without(d: Array, axis: int, index: int) -> Array:
    """The array with zeros in one slice."""
    found = np.moveaxis(d.copy(), axis, 0)
    if len(found):
        found[index] = 0
    return np.moveaxis(found, 0, axis)


def replaced(dys: tuple[Array, ...], i: int, d: Array) -> tuple[Array, ...]:
    """The cotangents with another i-th one."""
    return (*dys[:i], d, *dys[i + 1 :])


def with_dy(change: Callable[[tuple[Array, ...]], tuple[Array, ...]]) -> Callable[[Look, int], Array | None]:
    """The true gradient for changed cotangents; says nothing where they no longer fit the outputs."""

    def apply(look: Look, k: int) -> Array | None:
        changed = change(look.dy)
        if [d.shape for d in changed] != [d.shape for d in look.dy] or not all(np.isfinite(d).all() for d in changed):
            return None
        found = look.gradient(changed)
        return None if found is None else found[k]

    return apply
