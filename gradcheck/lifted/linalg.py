"""Linear algebra over a number system: LAPACK does not take exact numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted.array import Lifted, System, alike, lifted, stack

Function = Callable[..., Any]

SlogdetResult = type(np.linalg.slogdet(np.eye(1)))


def batched(function: Function) -> Function:
    """A function of matrices applied over the leading axes; it may return several arrays."""

    def implementation(system: System, a: Any, *rest: Any, **kwargs: Any) -> Any:
        a = lifted(system, a)
        if a.ndim == 2:
            return function(a, *rest, **kwargs)
        batch = a.shape[:-2]
        flat = a.reshape((math.prod(batch), *a.shape[-2:]))
        # Of an empty stack one matrix says what shape the results have.
        some = flat if len(flat) else [system.constant(np.eye(*a.shape[-2:]))]
        results = [function(m, *rest, **kwargs) for m in some]

        def stacked(each: Any) -> Any:
            return stack(list(each))[: len(flat)].reshape(batch + each[0].shape)

        if isinstance(results[0], tuple):
            return type(results[0])(*map(stacked, zip(*results, strict=True)))
        return stacked(results)

    return implementation


def eliminate(a: Lifted, b: Lifted | None = None) -> tuple[Lifted, Lifted | None, int]:
    """Gaussian elimination with row pivoting of [a | b]: the triangular matrix, the right side, the sign of the exchanges.

    Pivots are chosen by the size of nearby floats; which one is chosen does not change the result.
    """
    a, b, sign = a.copy(), None if b is None else b.copy(), 1
    n = a.shape[0]
    for k in range(n):
        pivot = k + int(np.argmax(a.system.magnitude(a[k:, k])))
        if pivot != k:
            sign = -sign
            swap = np.r_[0:k, pivot, k + 1 : pivot, k, pivot + 1 : n]
            a, b = a[swap].copy(), None if b is None else b[swap].copy()
        if k + 1 < n:
            factor = a[k + 1 :, k] / a[k, k]
            a[k + 1 :, k + 1 :] = a[k + 1 :, k + 1 :] - np.outer(factor, a[k, k + 1 :])
            if b is not None:
                b[k + 1 :] = b[k + 1 :] - np.outer(factor, b[k])
    return a, b, sign


def back_substitute(u: Lifted, b: Lifted) -> Lifted:
    """x of u x = b for an upper triangular u and a matrix b."""
    x = b.copy()
    for k in reversed(range(u.shape[0])):
        rest = b[k] if k + 1 == u.shape[0] else b[k] - u[k, k + 1 :] @ x[k + 1 :]
        x[k] = rest / u[k, k]
    return x


def solve(a: Lifted, b: Any) -> Lifted:
    """x of a x = b for one matrix a."""
    a, b = alike(a, lifted(a.system, b))
    u, right, _ = eliminate(a, b.reshape((b.shape[0], -1)))
    assert right is not None
    return back_substitute(u, right).reshape(b.shape)


def solve_any(system: System, a: Any, b: Any) -> Lifted:
    """np.linalg.solve: a vector b is one right side, anything else a (batch of) matrices."""
    a, b = lifted(system, a), lifted(system, b)
    if a.ndim == 2 and b.ndim <= 2:
        return solve(a, b)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    if 0 in batch:
        return system.constant(np.zeros(batch + b.shape[-2:]))
    left = a.each(lambda c: np.broadcast_to(c, batch + c.shape[-2:]).reshape((-1, *c.shape[-2:])))
    right = b.each(lambda c: np.broadcast_to(c, batch + c.shape[-2:]).reshape((-1, *c.shape[-2:])))
    return stack([solve(m, r) for m, r in zip(left, right, strict=True)]).reshape(batch + b.shape[-2:])


def inv(a: Lifted) -> Lifted:
    """The inverse of one matrix."""
    return solve(a, np.eye(a.shape[0]))


def det(a: Lifted) -> Lifted:
    """The determinant of one matrix."""
    u, _, sign = eliminate(a)
    return np.multiply.reduce(np.diagonal(u)) * sign  # type: ignore[no-any-return]


def slogdet(a: Lifted) -> Any:
    """Sign and log of the absolute value of a determinant."""
    determinant: Any = det(a)
    return SlogdetResult(np.sign(determinant), np.log(np.abs(determinant)))


def cholesky(a: Lifted, *, upper: bool = False) -> Any:
    """The lower factor, column by column; only the lower triangle is read, as in LAPACK."""
    n = a.shape[0]
    # An upper factor is read off the upper triangle.
    a = a.T if upper else a
    factor: Any = np.zeros_like(a)
    for j in range(n):
        rest = a[j:, j] - factor[j:, :j] @ np.conjugate(factor[j, :j]) if j else a[:, 0]
        factor[j:, j] = rest / np.sqrt(rest[0].real)
    return factor.T if upper else factor


def matrix_power(a: Lifted, n: int) -> Lifted:
    """A whole power of one matrix; a negative one is a power of the inverse."""
    base = inv(a) if n < 0 else a
    result = a.system.constant(np.eye(a.shape[0]))
    for _ in range(abs(n)):
        result = result @ base
    return result


def multi_dot(system: System, arrays: Any) -> Any:
    """The product of several matrices, from the left."""
    first, *rest = (lifted(system, a) for a in arrays)
    for item in rest:
        first = first @ item
    return first


TABLE: dict[str, Function] = {
    "linalg.inv": batched(inv),
    "linalg.det": batched(det),
    "linalg.slogdet": batched(slogdet),
    "linalg.cholesky": batched(cholesky),
    "linalg.matrix_power": batched(matrix_power),
    "linalg.solve": solve_any,
    "linalg.multi_dot": multi_dot,
    "linalg.matrix_transpose": lambda system, x: lifted(system, x).mT,
    "linalg.trace": lambda system, x, offset=0, dtype=None: np.trace(x, offset, -2, -1),
    "linalg.diagonal": lambda system, x, offset=0: np.diagonal(x, offset, -2, -1),
    "linalg.outer": lambda system, a, b: np.outer(a, b),
}
