"""Images read at points between their places, with cotangents for the points too."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.windows import sized

# Two places of zeros around an image: what both neighbours of a point far outside are taken from.
MARGIN = 2


def places_of(grid: Any, n: int, align_corners: bool) -> Any:
    """Coordinates from -1 to 1 in places from 0 to n - 1: of the first and last centres, or of the edges."""
    return (grid + 1) * ((n - 1) / 2) if align_corners else ((grid + 1) * n - 1) / 2


def grid_sample_jax(jax: Any, x: Any, grid: Any, *, padding: str = "zeros", align_corners: bool = False) -> Any:
    """JAX's own interpolation, for each channel of each image."""
    at = [places_of(grid[..., 1 - k], x.shape[2 + k], align_corners) for k in (0, 1)]
    mode = "constant" if padding == "zeros" else "nearest"

    def read(image: Any, *at: Any) -> Any:
        return jax.scipy.ndimage.map_coordinates(image, at, order=1, mode=mode)

    return jax.vmap(jax.vmap(read, (0, None, None)))(x, *at)


def hat(sympy: Any, distance: Any) -> Any:
    """1 - |distance| where that is positive, else 0."""
    return sympy.Piecewise(
        (1 - distance, sympy.And(distance >= 0, distance < 1)),
        (1 + distance, sympy.And(distance < 0, distance > -1)),
        (0, True),
    )


def grid_sample_symbolic(sympy: Any, x: Any, grid: Any, *, padding: str = "zeros", align_corners: bool = False) -> Any:
    """Every place of the image, weighted by how near the point is in each direction."""
    n, c, rows, columns = x.shape
    y = np.zeros((n, c, *grid.shape[1:3]), dtype=object)
    for image, i, j in np.ndindex(grid.shape[:3]):
        at = [places_of(grid[image, i, j, 1 - k], size, align_corners) for k, size in enumerate((rows, columns))]
        if padding == "border":
            at = [
                sympy.Piecewise((0, a < 0), (size - 1, a > size - 1), (a, True))
                for a, size in zip(at, (rows, columns), strict=True)
            ]
        for k, m in np.ndindex(rows, columns):
            y[image, :, i, j] += hat(sympy, at[0] - k) * hat(sympy, at[1] - m) * x[image, :, k, m]
    return y


@rule(
    domain=dict(
        x=sized("2 3 4 3", "1 1 2 2"),
        grid=sized("2 3 5 2", "1 1 1 2", -1.4, 1.4),
        padding=choice("zeros", "border"),
        align_corners=choice(False, True),
    ),
    jax=grid_sample_jax,
    sympy=grid_sample_symbolic,
    source="Jaderberg et al. 2015, eq. 5-7",
)
def grid_sample(x: Array, grid: Array, *, padding: str = "zeros", align_corners: bool = False) -> Pulled:
    """x at the points (column, row) of a grid, each from -1 to 1, bilinear.  (n, c, x, y), (n, i, j, 2) -> (n, c, i, j)

    dx = dy times the weights, added up at the four places that were read; dgrid = dy times the differences of opposite
    places (at a place itself: towards the next), times half the size.  padding: "zeros" outside, or those of the
    "border", where dgrid = 0.
    align_corners: ±1 are the first and last centres, else the edges.  Raises ValueError for another padding.
    The pullback keeps the four numbers that were read for each of the output, and their weights.
    """
    if padding not in ("zeros", "border"):
        raise ValueError(f"padding is {padding!r}: use 'zeros' or 'border'")
    rows, row, row_slope = beside(grid[..., 1], x.shape[2], padding, align_corners)
    columns, column, column_slope = beside(grid[..., 0], x.shape[3], padding, align_corners)
    padded: Any = np.pad(x, [(0, 0), (0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)])
    images = np.arange(len(x))[:, None, None]
    # The four neighbours of every point, (n, i, j, c) each.
    corners: dict[Any, Any] = {(u, v): (images, slice(None), rows + u, columns + v) for u in (0, 1) for v in (0, 1)}
    weight = {(u, v): (row[u] * column[v])[..., None] for u, v in corners}
    values = {at: padded[key] for at, key in corners.items()}
    y = sum(weight[at] * values[at] for at in corners)

    def pullback(dy: Array) -> Any:
        g = np.moveaxis(dy, 1, -1)
        dpadded = np.zeros_like(padded)
        for at, key in corners.items():
            np.add.at(dpadded, key, weight[at] * g)
        down, across = (
            ((first[..., None] * (values[a] - values[b]) + second[..., None] * (values[c] - values[d])) * g).sum(-1)
            for (first, second), (a, b, c, d) in (
                (column, ((1, 0), (0, 0), (1, 1), (0, 1))),
                (row, ((0, 1), (0, 0), (1, 1), (1, 0))),
            )
        )
        inside = slice(MARGIN, -MARGIN)
        return dpadded[:, :, inside, inside], np.stack([across * column_slope, down * row_slope], -1)

    return np.moveaxis(y, -1, 1), pullback


def beside(grid: Array, n: int, padding: str, align_corners: bool) -> tuple[Any, tuple[Any, Any], Any]:
    """For points along an axis: the place before each (in the padded axis), the weights of it and the next, and the
    derivative of the second weight.  Counted from the centre, as the grid is: from an end, digits of points near 0 are
    lost."""
    centre = (n - 1) / 2
    slope: Any = centre if align_corners else n / 2
    at = grid * slope
    if padding == "border":
        slope = ((at >= -centre) & (at <= centre)) * at.dtype.type(slope)
        at = np.clip(at, -centre, centre)
    # Not floor: a place is an index, which is found by comparing.
    place = np.searchsorted(np.arange(1 - MARGIN, n + 1) - centre, at, side="right") - MARGIN
    before, after = (place + 1 - centre).astype(at.dtype) - at, at - (place - centre).astype(at.dtype)
    return place + MARGIN, (before, after), slope
