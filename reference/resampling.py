"""Images of another size: each axis by a matrix of weights, y = R x Cᵀ, whose pullback is Rᵀ dy C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.domains import Spec, choice, made
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.windows import Sizes, per_axis, sized

# The weights of the places of an axis (second) for each place of another size (first): (n, m) -> (m, n).
Weights = Callable[[int, int], Array]


def resampled(x: Array, size: Sizes, weights: Weights) -> Pulled:
    """The last two axes of x by weights.  Raises ValueError for an empty image and for an empty size."""
    sizes = per_axis(size, 2)
    if min(*sizes, *x.shape[-2:]) < 1:
        raise ValueError(
            f"an image of {x.shape[-2:]} places cannot be given the size {sizes}: both need a place at least"
        )
    rows, columns = (weights(n, m).astype(x.dtype) for n, m in zip(x.shape[-2:], sizes, strict=True))

    def pullback(dy: Array) -> Any:
        return rows.T @ dy @ columns

    return rows @ x @ columns.T, pullback


def mean_weights(n: int, m: int) -> Array:
    """Means over m runs from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉, which overlap where m does not divide n."""
    i, place = np.arange(m)[:, None], np.arange(n)
    inside = (place >= i * n // m) & (place < -(-(i + 1) * n // m))
    return np.asarray(inside / inside.sum(1, keepdims=True))


def nearest_weights(half_pixel: bool) -> Weights:
    """One place for each: that which holds its centre, or its beginning."""

    def weights(n: int, m: int) -> Array:
        i = np.arange(m)
        return np.eye(n)[(2 * i + 1) * n // (2 * m) if half_pixel else i * n // m]

    return weights


def linear_weights(align_corners: bool) -> Weights:
    """The two places beside each, by how near they are; beyond the first and last centre that one alone."""

    def weights(n: int, m: int) -> Array:
        i = np.arange(m)
        at = i * (n - 1) / max(1, m - 1) if align_corners else np.clip((i + 0.5) * n / m - 0.5, 0, n - 1)
        return np.asarray(np.maximum(0, 1 - np.abs(at[:, None] - np.arange(n))))

    return weights


def by_places(x: Any, sizes: tuple[int, ...], of: Callable[[int, int, int], list[tuple[int, Any]]]) -> Any:
    """A sympy twin: y_ij = Σ of x_kl v w over (k, v) of row i and (l, w) of column j, as `of(i, n, m)` lists them."""
    y = np.zeros((*x.shape[:2], *sizes), dtype=object)
    for i, j in np.ndindex(*sizes):
        for k, v in of(i, x.shape[2], sizes[0]):
            for column, w in of(j, x.shape[3], sizes[1]):
                y[:, :, i, j] += v * w * x[:, :, k, column]
    return y


def image_size(small: tuple[int, int], *usual: Sizes) -> Spec:
    """The size of the output; another one where formulas are proved."""
    return made(lambda draw: small if draw.role == "small" else usual[draw.turn % len(usual)], f"one of {usual}")


X = sized("2 3 5 4", "1 1 3 2")


@rule(
    domain=dict(x=X, size=image_size((2, 1), (3, 2), 7, (2, 4))),
    jax=lambda jax, x, *, size: jax.numpy.stack(
        [
            jax.numpy.stack([part.mean((2, 3)) for part in adaptive_parts(row, 3, per_axis(size, 2)[1])], -1)
            for row in adaptive_parts(x, 2, per_axis(size, 2)[0])
        ],
        -2,
    ),
    sympy=lambda sympy, x, *, size: by_places(
        x, per_axis(size, 2), lambda i, n, m: mean_places(sympy, range(i * n // m, -(-(i + 1) * n // m)))
    ),
    source="PyTorch, torch.nn.AdaptiveAvgPool2d",
)
def adaptive_avg_pool2d(x: Array, *, size: Sizes) -> Pulled:
    """The mean of each of `size` runs of rows and columns.  (n, c, x, y) -> (n, c, i, j)

    Run i of m goes from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉.  dx = Rᵀ dy C, R and C the matrices of the means.
    """
    return resampled(x, size, mean_weights)


def adaptive_parts(x: Any, axis: int, m: int) -> list[Any]:
    """The runs of an axis, as slices of x."""
    n = x.shape[axis]
    before = (slice(None),) * axis
    return [x[(*before, slice(int(np.floor(i * n / m)), int(np.ceil((i + 1) * n / m))))] for i in range(m)]


def mean_places(sympy: Any, run: range) -> list[tuple[int, Any]]:
    """The places of a run, of equal weight."""
    return [(k, sympy.Rational(1, len(run))) for k in run]


@rule(
    domain=dict(x=X, size=image_size((3, 4), (7, 6), (10, 8), 3), half_pixel=choice(True, False)),
    jax=lambda jax, x, *, size, half_pixel=True: nearest_jax(jax, x, per_axis(size, 2), half_pixel),
    sympy=lambda sympy, x, *, size, half_pixel=True: by_places(
        x,
        per_axis(size, 2),
        lambda i, n, m: [(int(sympy.floor(sympy.Rational(n * (2 * i + half_pixel), 2 * m))), 1)],
    ),
    source="PyTorch, torch.nn.functional.interpolate; JAX, jax.image.resize",
)
def upsample_nearest(x: Array, *, size: Sizes, half_pixel: bool = True) -> Pulled:
    """Each place of the output has the number of the place it is in.  (n, c, x, y) -> (n, c, i, j)

    dx = dy added up over what has its number.  half_pixel: that which holds the centre, as in JAX (PyTorch's
    "nearest-exact"), else that which holds the corner (PyTorch's "nearest").
    """
    return resampled(x, size, nearest_weights(half_pixel))


def nearest_jax(jax: Any, x: Any, size: tuple[int, ...], half_pixel: bool) -> Any:
    """JAX's own resizing, or the rows and columns themselves."""
    if half_pixel:
        return jax.image.resize(x, (*x.shape[:2], *size), "nearest")
    rows, columns = ([int(np.floor(i * n / m)) for i in range(m)] for n, m in zip(x.shape[2:], size, strict=True))
    return x[:, :, np.array(rows)][..., np.array(columns)]


def linear_jax(jax: Any, x: Any, size: tuple[int, ...], align_corners: bool) -> Any:
    """JAX's own resizing, or its interpolation at the places given."""
    if not align_corners:
        return jax.image.resize(x, (*x.shape[:2], *size), "bilinear", antialias=False)
    at = np.meshgrid(*(np.linspace(0, n - 1, m) for n, m in zip(x.shape[2:], size, strict=True)), indexing="ij")
    images = x.reshape(-1, *x.shape[2:])
    y = jax.vmap(lambda image: jax.scipy.ndimage.map_coordinates(image, at, order=1))(images)
    return y.reshape(*x.shape[:2], *size)


def linear_places(sympy: Any, i: int, n: int, m: int, align_corners: bool) -> list[tuple[int, Any]]:
    """The two places beside, by the definition in rational numbers."""
    at = sympy.Rational(i * (n - 1), max(1, m - 1)) if align_corners else sympy.Rational((2 * i + 1) * n - m, 2 * m)
    at = min(max(at, 0), n - 1)
    low = int(sympy.floor(at))
    return [(low, 1 - (at - low)), (min(low + 1, n - 1), at - low)]


@rule(
    domain=dict(x=X, size=image_size((4, 3), (7, 6), (10, 8), 3, (5, 1)), align_corners=choice(False, True)),
    jax=lambda jax, x, *, size, align_corners=False: linear_jax(jax, x, per_axis(size, 2), align_corners),
    sympy=lambda sympy, x, *, size, align_corners=False: by_places(
        x, per_axis(size, 2), lambda i, n, m: linear_places(sympy, i, n, m, align_corners)
    ),
    source="PyTorch, torch.nn.functional.interpolate; JAX, jax.image.resize",
)
def upsample_bilinear(x: Array, *, size: Sizes, align_corners: bool = False) -> Pulled:
    """The numbers between the centres of the image's places, linear in each axis.  (n, c, x, y) -> (n, c, i, j)

    dx = Rᵀ dy C, R and C the weights of rows and columns.  align_corners: the first and last centres of both images are
    the same points, else their edges are.
    """
    return resampled(x, size, linear_weights(align_corners))


@rule(
    domain=dict(
        factor=choice(2, 3),
        x=made(lambda rng, draw, factor: shuffled(rng, draw, factor), "[-3, 3] (n, c factor², x, y)"),
    ),
    jax=lambda jax, x, *, factor: pixel_shuffle_jax(jax, x, factor),
    sympy=lambda sympy, x, *, factor: pixel_shuffle_symbolic(x, factor),
    source="Shi et al. 2016, eq. 4",
)
def pixel_shuffle(x: Array, *, factor: int) -> Pulled:
    """y at row r i + u and column r j + v is channel (r u + v) of x at (i, j), r the factor.  (n, c, x, y) -> (n, o, i, j)

    dx = dy read the same way.  o = c / r².  Raises ValueError where r² does not divide c.
    """
    n, c, rows, columns = x.shape
    if c % factor**2:
        raise ValueError(f"x has {c} channels: give a multiple of {factor}²")
    split = (n, c // factor**2, factor, factor, rows, columns)
    y = x.reshape(split).transpose(0, 1, 4, 2, 5, 3)

    def pullback(dy: Array) -> Any:
        return dy.reshape(y.shape).transpose(0, 1, 3, 5, 2, 4).reshape(x.shape)

    return y.reshape(n, c // factor**2, rows * factor, columns * factor), pullback


def pixel_shuffle_jax(jax: Any, x: Any, factor: int) -> Any:
    """Each of the places of a block written by itself."""
    n, c, rows, columns = x.shape
    y = jax.numpy.zeros((n, c // factor**2, rows * factor, columns * factor))
    for u, v in np.ndindex(factor, factor):
        y = y.at[:, :, u::factor, v::factor].set(x[:, u * factor + v :: factor**2])
    return y


def pixel_shuffle_symbolic(x: Any, factor: int) -> Any:
    """The definition, entry by entry."""
    n, c, rows, columns = x.shape
    y = np.empty((n, c // factor**2, rows * factor, columns * factor), dtype=object)
    for image, channel, i, j in np.ndindex(y.shape):
        at = channel * factor**2 + (i % factor) * factor + j % factor
        y[image, channel, i, j] = x[image, at, i // factor, j // factor]
    return y


def shuffled(rng: np.random.Generator, draw: Any, factor: int) -> Array:
    """Images with a multiple of factor² channels; one channel where formulas are proved."""
    n, c, rows, columns = (1, 1, 1, 2) if draw.role == "small" else (2, 3, 2, 3)
    return np.asarray(rng.uniform(-3, 3, (n, c * factor**2, rows, columns)).round(3))
