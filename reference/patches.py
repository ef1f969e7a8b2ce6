"""Windows of an image as columns of a matrix, and columns added up to an image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.domains import Spec, choice, made
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.windows import Sizes, folded, per_axis, sized, unfolded


def columns(x: Array, size: tuple[int, ...], **layout: Any) -> Any:
    """The windows of images as columns: (n, c, x, y) -> (n, c u v, windows)."""
    view = unfolded(x, size, **layout)
    n, c, i, j, u, v = view.shape
    return view.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * u * v, i * j)


def patches_jax(jax: Any, x: Any, size: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Any:
    """XLA's own windows, in one axis."""
    size, stride, padding, dilation = (per_axis(v, 2) for v in (size, stride, padding, dilation))
    pads = [(p, p) for p in padding]
    found = jax.lax.conv_general_dilated_patches(
        x, size, stride, pads, rhs_dilation=dilation, precision=jax.lax.Precision.HIGHEST
    )
    return found.reshape(*found.shape[:2], -1)


def fold_jax(jax: Any, x: Any, places: Any, size: Any, **layout: Any) -> Any:
    """JAX's transpose of its own windows."""
    image = jax.ShapeDtypeStruct((len(x), x.shape[1] // np.prod(per_axis(size, 2)), *per_axis(places, 2)), x.dtype)
    return jax.linear_transpose(lambda z: patches_jax(jax, z, size, **layout), image)(x)[0]


def visits(places: Any, size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> list[tuple[int, ...]]:
    """By the definition: (u, v, window, row, column) for every place of a window that is inside the image."""
    size, stride, padding, dilation = (per_axis(v, 2) for v in (size, stride, padding, dilation))
    starts = [
        range(-p, n + p - d * (k - 1), s) for n, k, s, p, d in zip(places, size, stride, padding, dilation, strict=True)
    ]
    windows = enumerate((i, j) for i in starts[0] for j in starts[1])
    visited = (
        (u, v, window, i + u * dilation[0], j + v * dilation[1])
        for window, (i, j) in windows
        for u, v in np.ndindex(*size)
    )
    return [(*place, i, j) for *place, i, j in visited if 0 <= i < places[0] and 0 <= j < places[1]]


def unfold_symbolic(sympy: Any, x: Any, *, size: Any, **layout: Any) -> Any:
    """Entry by entry, with zeros for what is outside."""
    visited, (u, v) = visits(x.shape[2:], size, **layout), per_axis(size, 2)
    y = np.zeros((*x.shape[:2], u, v, 1 + max(window for _, _, window, *_ in visited)), dtype=object)
    for a, b, window, i, j in visited:
        y[:, :, a, b, window] = x[:, :, i, j]
    return y.reshape(len(x), -1, y.shape[-1])


def fold_symbolic(sympy: Any, x: Any, *, places: Any, size: Any, **layout: Any) -> Any:
    """Entry by entry: what is outside is left out."""
    u, v = per_axis(size, 2)
    z = x.reshape(len(x), -1, u, v, x.shape[-1])
    y = np.zeros((*z.shape[:2], *per_axis(places, 2)), dtype=object)
    for a, b, window, i, j in visits(y.shape[2:], size, **layout):
        y[:, :, i, j] += z[:, :, a, b, window]
    return y


@rule(
    domains={
        "": dict(x=sized("2 3 4 5", "1 2 2 3"), size=choice((2, 3), 2)),
        "strided": dict(
            x=sized("1 2 6 5", "1 1 3 4"),
            size=choice(2, (3, 2)),
            stride=choice((1, 2), 2),
            padding=choice((1, 0), 1),
            dilation=choice(2, (1, 2)),
        ),
    },
    jax=lambda jax, x, *, size, **layout: patches_jax(jax, x, size, **layout),
    sympy=unfold_symbolic,
    source="Chellapilla, Puri, Simard 2006, section 2; PyTorch, torch.nn.Unfold",
)
def unfold(x: Array, *, size: Sizes, stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1) -> Pulled:
    """The windows of images as columns, of c u v entries each; outside is 0.  (n, c, x, y) -> (n, k, l)

    dx = fold of dy: what came from a place is added up there.
    """
    layout: dict[str, Any] = dict(stride=stride, padding=padding, dilation=dilation)

    def pullback(dy: Array) -> Any:
        return added_up(dy, x.shape[2:], per_axis(size, 2), **layout)

    return columns(x, per_axis(size, 2), **layout), pullback


def image(usual: tuple[int, ...], small: tuple[int, ...]) -> Spec:
    """The size of images: smaller where formulas are proved."""
    return made(lambda draw: small if draw.role == "small" else usual, f"{usual}")


def added_up(x: Array, places: tuple[int, ...], size: tuple[int, ...], **layout: Any) -> Any:
    """Columns added up to images: (n, c u v, windows) -> (n, c, *places).  Raises ValueError where they do not fit."""
    windows = unfolded(np.zeros(places, bool), size, **layout).shape[:2]
    if x.shape[1] % math.prod(size) or x.shape[2] != math.prod(windows):
        raise ValueError(
            f"x has {x.shape[1]} rows and {x.shape[2]} columns: for windows of size {size} in {places} places "
            f"give a multiple of {math.prod(size)} and {math.prod(windows)}"
        )
    view = x.reshape(len(x), x.shape[1] // math.prod(size), *size, *windows).transpose(0, 1, 4, 5, 2, 3)
    return folded(view, places, **layout)


@rule(
    domains={
        "": dict(x=sized("2 12 9", "1 4 2"), places=image((4, 4), (2, 3)), size=choice(2)),
        "strided": dict(
            x=sized("1 6 6", "1 6 1"),
            places=image((5, 4), (3, 2)),
            size=choice((3, 2)),
            stride=choice((1, 2)),
            padding=choice((0, 1)),
            dilation=choice((1, 2)),
        ),
    },
    jax=lambda jax, x, *, places, size, **layout: fold_jax(jax, x, places, size, **layout),
    sympy=fold_symbolic,
    source="PyTorch, torch.nn.Fold",
)
def fold(x: Array, *, places: Sizes, size: Sizes, stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1) -> Pulled:
    """Columns added up where their windows overlap, the adjoint of unfold.  (n, k, l) -> (n, c, x, y)

    dx = unfold of dy.  places: the size of the images.  Raises ValueError where columns do not fit.
    """
    layout: dict[str, Any] = dict(stride=stride, padding=padding, dilation=dilation)

    def pullback(dy: Array) -> Any:
        return columns(dy, per_axis(size, 2), **layout)

    return added_up(x, per_axis(places, 2), per_axis(size, 2), **layout), pullback
