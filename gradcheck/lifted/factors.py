"""Factors of matrices and what is solved with them, over any number system: qr, triangles, least squares, tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.lifted import complexes
from gradcheck.lifted.array import Lifted, NotLiftable, System, lifted, select
from gradcheck.lifted.balls import Balls, NeedPrecision, midpoints
from gradcheck.lifted.linalg import Function, back_substitute, batched, cholesky, inv, solve
from gradcheck.lifted.symbols import shadow
from gradcheck.results import Array

QRResult: Any = type(np.linalg.qr(np.eye(1)))


def matrix(system: System, a: Any) -> Any:
    """One real matrix.  Raises NotLiftable for stacks, and for complex ones."""
    a = real_only(lifted(system, a))
    if a.ndim != 2:
        raise NotLiftable(f"one matrix is needed, not an array of shape {a.shape}: loop over the stack")
    return a


def real_only(a: Lifted) -> Lifted:
    """`a` itself.  Raises NotLiftable where it is complex: transposes below are no conjugate ones."""
    if a.dtype.kind == "c":
        raise NotLiftable("factors of complex matrices are not known to exact arithmetic: use real ones")
    return a


def undecided(system: System, reason: str) -> Exception:
    """What to raise where numbers are too wide to go on: ask for more bits; once there are none, the reason."""
    if isinstance(system, Balls) and not system.final:
        return NeedPrecision(reason)
    return NotLiftable(reason)


def floats(a: Lifted) -> Array:
    """The nearby floats, in the type that the code computes in, so that LAPACK's choices are seen."""
    near = midpoints(a.value) if isinstance(a.system, Balls) else shadow(a)
    return near.astype(a.dtype if a.dtype.kind == "f" else float)


def qr(a: Lifted, mode: str = "reduced") -> Any:
    """np.linalg.qr by Householder's reflections with LAPACK's signs: R_jj has the sign opposite to the pivot's.

    Golub & Van Loan, "Matrix Computations", section 5.2; complete factors too, since the reflections determine them.
    """
    a, (m, n) = real_only(a), a.shape
    if mode not in ("reduced", "complete", "r"):
        raise NotLiftable(f"np.linalg.qr with mode={mode!r} is not known to exact arithmetic: use 'reduced'")
    k, upper = min(m, n), a.copy()
    # The last row has nothing below it: LAPACK leaves its sign.
    mirrors = [reflect(upper, j) for j in range(min(k, m - 1))]
    rows = m if mode == "complete" else k
    if mode == "r":
        return upper[:rows]
    q = lifted(a.system, np.eye(m, rows)).copy()
    for j, (v, scale) in reversed(list(enumerate(mirrors))):
        q[j:] = q[j:] - np.outer(v, v @ q[j:]) * scale
    return QRResult(q, upper[:rows])


def reflect(upper: Lifted, j: int) -> tuple[Lifted, Any]:
    """Reflect column j of `upper`, in place, onto its diagonal; gives v and s of the reflection 1 - s v vᵀ."""
    system, x = upper.system, upper[j:, j].copy()
    if not system.magnitude(x[1:]).any():
        raise NotLiftable("np.linalg.qr where a column is 0 below the diagonal: LAPACK's sign jumps there")
    beta: Any = np.sqrt(np.sum(x * x))
    beta = -beta if system.order(x[0], system.zeros(())) >= 0 else beta
    scale = 1 / (beta * (beta - x[0]))
    if not system.finite(scale):
        raise undecided(system, "np.linalg.qr of a matrix without full rank has no derivative")
    v = x.copy()
    v[0] = x[0] - beta
    upper[j:, j + 1 :] = upper[j:, j + 1 :] - np.outer(v, v @ upper[j:, j + 1 :]) * scale
    upper[j, j] = beta
    upper[j + 1 :, j] = 0
    return v, scale


def solve_triangular(
    system: System, a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **_: Any
) -> Lifted:
    """scipy.linalg.solve_triangular of one matrix; the other triangle is not read."""
    a, b = matrix(system, a), lifted(system, b)
    if unit_diagonal:
        a = select(np.eye(len(a), dtype=bool), system.constant(1), a)
    if trans not in (0, "N"):
        a, lower = a.T, not lower
    columns = b.reshape((len(a), -1))
    if not lower:
        return back_substitute(a, columns).reshape(b.shape)
    return back_substitute(a[::-1, ::-1], columns[::-1])[::-1].reshape(b.shape)


def cho_solve(system: System, factor: Any, b: Any, **_: Any) -> Lifted:
    """scipy.linalg.cho_solve: the system whose Cholesky factor is given, as (factor, lower)."""
    c, lower = factor
    half = solve_triangular(system, c, b, trans=0 if lower else 1, lower=lower)
    return solve_triangular(system, c, half, trans=1 if lower else 0, lower=lower)


def cho_factor(system: System, a: Any, lower: bool = False, **_: Any) -> tuple[Lifted, bool]:
    """scipy.linalg.cho_factor: the other triangle is left as it was."""
    a = matrix(system, a)
    triangle = (np.tril if lower else np.triu)(np.ones(a.shape, bool))
    return select(triangle, cholesky(a, upper=not lower), a), lower


def pinv(a: Lifted, rcond: Any = None, *, rtol: Any = None, **_: Any) -> Lifted:
    """np.linalg.pinv of a matrix of full rank, by the normal equations: rounding is no concern here."""
    a = real_only(a)
    full_rank(a, rcond if rtol is None else rtol)
    if a.shape[0] < a.shape[1]:
        return pinv(a.T).T
    inverse = solve(a.T @ a, a.T)
    if not a.system.finite(inverse).all():
        raise undecided(a.system, "the pseudoinverse of a matrix without full rank is not continuous")
    return inverse


def full_rank(a: Lifted, cut: Any) -> None:
    """Raises NotLiftable where singular values at most `cut` of the largest are cut off, and some are."""
    sizes = np.linalg.svd(floats(a), compute_uv=False)
    cut = max(a.shape) * np.finfo(sizes.dtype).eps if cut is None else cut
    if (sizes <= cut * sizes.max(initial=0.0)).any():
        raise NotLiftable(f"singular values {sizes} are cut off at {cut:.3g} of the largest: use a full-rank matrix")


class NotKnown:
    """Stands for a result that nobody may need; using it says why it is missing."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise NotLiftable(self.reason)

    __array_ufunc__ = __array_function__ = __getitem__ = __array__


def lstsq(system: System, a: Any, b: Any, rcond: Any = None, **_: Any) -> tuple[Any, Any, int, Any]:
    """np.linalg.lstsq of a matrix of full rank: the shortest x with the smallest residual."""
    a, b = matrix(system, a), lifted(system, b)
    x: Any = pinv(a, rcond) @ b
    columns = (b - a @ x).reshape((len(b), -1))
    over = a.shape[0] > a.shape[1]
    residuals = np.sum(complexes.squared(columns), axis=0) if over else system.zeros((0,))
    reason = "singular values of lstsq are not known to exact arithmetic: use np.linalg.svd(a, compute_uv=False)"
    return x, residuals, min(a.shape), NotKnown(reason)


def tensorsolve(system: System, a: Any, b: Any, axes: Any = None) -> Lifted:
    """np.linalg.tensorsolve."""
    a, b = lifted(system, a), lifted(system, b)
    if axes is not None:
        kept = [k for k in range(a.ndim) if k not in axes]
        a = a.transpose((*kept, *axes))
    shape = a.shape[b.ndim :]
    return solve(a.reshape((b.size, math.prod(shape))), b.ravel()).reshape(shape)


def tensorinv(system: System, a: Any, ind: int = 2) -> Lifted:
    """np.linalg.tensorinv."""
    a = lifted(system, a)
    size = math.prod(a.shape[ind:])
    return inv(a.reshape((size, -1))).reshape(a.shape[ind:] + a.shape[:ind])


TABLE: dict[str, Function] = {
    "linalg.qr": batched(qr),
    "linalg.pinv": batched(pinv),
    "linalg.lstsq": lstsq,
    "linalg.tensorsolve": tensorsolve,
    "linalg.tensorinv": tensorinv,
}
