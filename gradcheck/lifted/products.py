"""Products of matrices of balls by Arb's own, several times faster than NumPy's loops over objects."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.lifted.array import objects
from gradcheck.lifted.balls import holds_complex
from gradcheck.results import Array

# A heuristic: fewer products than this are not worth the conversion.
WORTH = 256


def matmul(a: Any, b: Any) -> Array:
    """a @ b.  Matrices of balls go to Arb: (n, k), (k, m) -> (n, m)"""
    return by_arb(a, b) if suits(a, b) else objects(np.matmul(a, b))


def dot(a: Any, b: Any) -> Array:
    """np.dot.  Matrices of balls go to Arb: (n, k), (k, m) -> (n, m)"""
    return by_arb(a, b) if suits(a, b) else objects(np.dot(a, b))


def suits(a: Array, b: Array) -> bool:
    """Whether these are two matrices of real balls that fit and are large."""
    from flint import arb

    fit = a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0]
    large = fit and a.size * b.shape[1] >= WORTH and isinstance(a.flat[0], arb) and isinstance(b.flat[0], arb)
    # Tangents of complex numbers may be real in part.
    return large and not holds_complex(a) and not holds_complex(b)


def by_arb(a: Array, b: Array) -> Array:
    """The product of two matrices of balls, rigorous as all that Arb does.  (n, k), (k, m) -> (n, m)

    Source: F. Johansson, "Faster arbitrary-precision dot product and matrix multiplication", ARITH 26 (2019).
    """
    from flint import arb_mat

    left, right = (arb_mat(x.shape[0], x.shape[1], x.ravel().tolist()) for x in (a, b))
    product = np.empty(a.shape[0] * b.shape[1], dtype=object)
    product[:] = (left * right).entries()
    return product.reshape(a.shape[0], b.shape[1])


def einsum(subscripts: str, *operands: Any) -> Array:
    """np.einsum.  What is a product of matrices is taken as one, which may go to Arb."""
    plan = as_matrices(subscripts, *operands) if len(operands) == 2 else None
    return objects(np.einsum(subscripts, *operands)) if plan is None else by_matrices(*plan, *operands)


def as_matrices(subscripts: str, a: Array, b: Array) -> tuple[str, str, str] | None:
    """The axes of a, b and the result of a sum of products over what these share; None for any other einsum."""
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    left, right = inputs.split(",")
    if not arrow or "." in subscripts or any(len(set(axes)) < len(axes) for axes in (left, right, result)):
        return None
    shared = set(left) & set(right)
    summed = shared - set(result)
    # Axes that one operand alone has, or all three share, are fine; one that is only summed in one operand is not.
    fits = summed and set(left) ^ set(right) <= set(result)
    sizes = dict(zip(left + right, (*a.shape, *b.shape), strict=True))
    stretched = any(sizes[i] != a.shape[left.index(i)] for i in shared)
    return (left, right, result) if fits and not stretched else None


def by_matrices(left: str, right: str, result: str, a: Array, b: Array) -> Array:
    """An einsum of two operands as products of matrices, one for each place along the axes that all three share."""
    batch = [i for i in left if i in right and i in result]
    summed = [i for i in left if i in right and i not in result]
    rows, columns = ([i for i in axes if i not in other] for axes, other in ((left, right), (right, left)))
    sizes = dict(zip(left + right, (*a.shape, *b.shape), strict=True))

    def count(axes: list[str]) -> int:
        return math.prod(sizes[i] for i in axes)

    first = a.transpose([left.index(i) for i in (*batch, *rows, *summed)])
    second = b.transpose([right.index(i) for i in (*batch, *summed, *columns)])
    stacks = (
        first.reshape(count(batch), count(rows), count(summed)),
        second.reshape(count(batch), count(summed), count(columns)),
    )
    product = np.empty((count(batch), count(rows), count(columns)), dtype=object)
    for place, (x, y) in enumerate(zip(*stacks, strict=True)):
        product[place] = matmul(x, y)
    order = [*batch, *rows, *columns]
    return product.reshape([sizes[i] for i in order]).transpose([order.index(i) for i in result])
