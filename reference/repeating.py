"""Entries that appear several times, as copies, borders or grids: their cotangents are added up."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from gradcheck.domains import choice, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.indexing import scattered
from reference.windows import sized

Shape = tuple[int, ...]
Mode = Literal["constant", "edge", "reflect", "symmetric", "wrap"]


def counts(x: Array, axis: int) -> Array:
    """A number of repetitions for each entry along an axis of x, one of them 0."""
    return np.asarray((np.arange(x.shape[axis]) + 2) % 3)


@rule(
    domains={
        "": dict(x=real("n k"), repeats=choice(2, 3), axis=choice(0, -1, None)),
        "counts": dict(x=real("n k"), axis=choice(0, -1), repeats=made(counts)),
        "three axes": dict(x=real("2 3 2"), repeats=choice(2), axis=choice(-1, 1)),
    },
    # JAX wants to know the number of repetitions, an array of counts, before it starts.
    jax=lambda jax, x, *, repeats, axis: jax.numpy.repeat(x, np.asarray(repeats), axis),
    sympy=lambda sympy, x, *, repeats, axis: np.repeat(x, repeats, axis),
)
def repeat(x: Array, *, repeats: int | Array, axis: int | None = None) -> Pulled:
    """Every entry of x several times in a row along axis, or of x in a row.  (n, k) -> (...)

    repeats is a number, or one for each entry along axis.  dx = dy summed over the repetitions of each entry.
    """
    rows = x.reshape(-1) if axis is None else np.moveaxis(x, axis, 0)

    def pullback(dy: Array) -> Any:
        dy = dy if axis is None else np.moveaxis(dy, axis, 0)
        if isinstance(repeats, int):
            drows = dy.reshape(len(rows), repeats, *rows.shape[1:]).sum(1)
        else:
            drows = scattered(dy, rows, np.repeat(np.arange(len(rows)), repeats))
        return drows.reshape(x.shape) if axis is None else np.moveaxis(drows, 0, axis)

    return np.repeat(x, repeats, axis), pullback


@rule(
    domain=dict(x=real("n k"), repetitions=choice((2, 3), (3, 1), (2,), (2, 1, 3), 2)),
    jax=lambda jax, x, *, repetitions: jax.numpy.tile(x, repetitions),
    sympy=lambda sympy, x, *, repetitions: np.tile(x, repetitions),
)
def tile(x: Array, *, repetitions: Shape | int) -> Pulled:
    """x several times side by side, a number for each axis, the last ones or new first ones.  (n, k) -> (...)

    dx = dy summed over the copies.
    """
    given = repetitions if isinstance(repetitions, tuple) else (repetitions,)
    copies = (1,) * (x.ndim - len(given)) + given
    sizes = (1,) * (len(given) - x.ndim) + x.shape

    def pullback(dy: Array) -> Any:
        pairs = [n for pair in zip(copies, sizes, strict=True) for n in pair]
        return dy.reshape(pairs).sum(tuple(range(0, len(pairs), 2))).reshape(x.shape)

    return np.tile(x, repetitions), pullback


@rule(
    domains={
        "": dict(
            x=real("n k"), width=choice(((1, 2), (0, 3)), ((2, 0), (1, 1)), (1, 2), 2), constant_values=choice(0.0, 1.5)
        ),
        "modes": dict(
            x=sized("3 4", "2 2"),
            width=choice(((1, 2), (0, 3)), ((2, 0), (1, 2)), ((2, 2), (3, 1))),
            mode=choice("edge", "reflect", "symmetric", "wrap"),
        ),
        "wider than x": dict(
            x=sized("2 3", "1 2"),
            width=choice(((3, 4), (0, 5)), ((5, 1), (4, 7))),
            mode=choice("wrap", "reflect", "symmetric", "edge"),
        ),
    },
    jax=lambda jax, x, *, width, **how: jax.numpy.pad(x, width, **how),
    sympy=lambda sympy, x, *, width, **how: np.pad(x, width, **how),
)
def pad(x: Array, *, width: Any, mode: Mode = "constant", constant_values: float = 0.0) -> Pulled:
    """x with entries before and after: a number, a pair for all axes, or a pair for each.  (n, k) -> (...)

    They are constant_values, the nearest entry (edge), mirrored without it (reflect) or with it (symmetric), or those
    of the other end (wrap).  dx = dy without its border, or with that of each entry added to the entry it is a copy of.
    """
    if mode == "constant":
        pairs = np.broadcast_to(width, (x.ndim, 2)).tolist()
        inside = tuple(slice(before, before + n) for (before, _), n in zip(pairs, x.shape, strict=True))
        return np.pad(x, width, constant_values=constant_values), lambda dy: dy[inside]
    origin = np.pad(np.arange(x.size).reshape(x.shape), width, mode=mode)

    def pullback(dy: Array) -> Any:
        return scattered(dy, x.reshape(-1), origin).reshape(x.shape)

    return np.pad(x, width, mode=mode), pullback


@rule(
    domains={
        "": dict(xs0=real("n"), xs1=real("m"), xs2=real("k"), indexing=choice("xy", "ij"), sparse=choice(False, True)),
        "two": dict(xs0=real("n"), xs1=real("m"), indexing=choice("xy", "ij"), sparse=choice(False)),
    },
    jax=lambda jax, *xs, indexing, sparse: tuple(jax.numpy.meshgrid(*xs, indexing=indexing, sparse=sparse)),
    sympy=lambda sympy, *xs, indexing, sparse: tuple(np.meshgrid(*xs, indexing=indexing, sparse=sparse)),
)
def meshgrid(*xs: Array, indexing: Literal["xy", "ij"] = "xy", sparse: bool = False) -> Pulled:
    """Each vector along an axis of its own, spread over those of the others unless sparse.  (n), (m), (k) -> (...), (...), (...)

    The axes are in the order of the vectors ("ij"), or with the first two exchanged ("xy").  dx_i = dy_i summed over
    the other axes.
    """
    axes = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        axes[:2] = 1, 0

    def pullback(dy: tuple[Array, ...]) -> tuple[Any, ...]:
        return tuple(d.sum(tuple(a for a in axes if a != axis)) for d, axis in zip(dy, axes, strict=True))

    return tuple(np.meshgrid(*xs, indexing=indexing, sparse=sparse)), pullback
