"""Ufuncs of exact arrays: dispatch, comparison, selection, and the methods reduce, accumulate, outer and at."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted import complexes, products
from gradcheck.lifted.array import Lifted, NotLiftable, System, lifted, own_zeros, select, stack
from gradcheck.results import Array

COMPARISONS: dict[str, Callable[[Array, int], Array]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}


def apply_ufunc(system: System, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What ``__array_ufunc__`` answers.  Raises NotLiftable where the result would have to be written into plain floats."""
    out = kwargs.pop("out", None)
    where = kwargs.pop("where", True)
    for ignored in ("dtype", "casting", "order", "subok", "signature"):
        kwargs.pop(ignored, None)
    if method == "__call__":
        result = call(system, ufunc.__name__, *inputs, **kwargs)
    elif method == "at":
        return at(system, ufunc, *inputs)
    elif method == "reduce":
        if where is not True:
            inputs = (select(where, lifted(system, inputs[0]), system.constant(np.asarray(ufunc.identity))),)
            where = True
        result = reduce(ufunc, lifted(system, inputs[0]), **kwargs)
    elif method == "accumulate":
        result = accumulate(ufunc, lifted(system, inputs[0]), **kwargs)
    elif method == "reduceat":
        result = reduceat(ufunc, lifted(system, inputs[0]), *inputs[1:], **kwargs)
    elif method == "outer":
        a, b = (lifted(system, i) for i in inputs)
        result = ufunc(a.reshape(a.shape + (1,) * b.ndim), b)
    else:
        raise NotLiftable(f"np.{ufunc.__name__}.{method} is not known to exact arithmetic: use a plain reduction")
    return result if out is None else write(out[0], result, where)


def write(out: Any, result: Any, where: Any) -> Any:
    """The result of a ufunc written into its `out` argument."""
    if not isinstance(out, Lifted):
        if not isinstance(result, Lifted):
            np.copyto(out, result, where=where)
            return out
        raise NotLiftable("exact numbers were to be written into a plain float array: create it with np.zeros_like")
    out[...] = result if where is True else select(where, lifted(out.system, result), out)
    return out


def call(system: System, name: str, *inputs: Any, **kwargs: Any) -> Any:
    """An elementwise ufunc, or a generalised one that is a product."""
    if name in PRODUCTS:
        first, second = (lifted(system, i) for i in inputs)
        return product(
            system, PRODUCTS[name], complexes.conjugate(first) if name in CONJUGATING else first, second, **kwargs
        )
    arrays = [lifted(system, i) for i in inputs]
    if name in ("equal", "not_equal") and any(a.is_complex for a in arrays):
        return complexes.equal(*arrays) == (name == "equal")
    if name in COMPARISONS:
        return COMPARISONS[name](system.order(*arrays), 0)
    if name in SELECTIONS:
        return SELECTIONS[name](system, *arrays)
    return system.ufunc(name, *arrays)


def vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    """np.vecdot of arrays of numbers, the first of which is conjugated already."""
    a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    return (a[..., None, :] @ b[..., None])[..., 0, 0]


# NumPy's own vecdot and vecmat call a method of the numbers that conjugates, which balls lack; its 2.0 lacks two.
CONJUGATING = ("vecdot", "vecmat")
PRODUCTS: dict[str, Callable[..., Any]] = {
    "matmul": products.matmul,
    "matvec": lambda a, b: (a @ b[..., None])[..., 0],
    "vecdot": vecdot,
    "vecmat": lambda a, b: (a[..., None, :] @ b)[..., 0, :],
}


def product(system: System, function: Callable[..., Any], *inputs: Lifted, **kwargs: Any) -> Lifted:
    """A multilinear function; for a (n, k) @ (k, m) the root of the three sizes is the number of products, n k m."""
    result = system.multilinear(lambda *arrays: function(*arrays, **kwargs), *inputs)
    if not all(i.size for i in inputs):
        result = own_zeros(result)
    operations = math.isqrt(math.prod(i.size for i in inputs) * result.size)
    system.count(operations, operations // max(1, result.size))
    return result


def maximum(system: System, a: Lifted, b: Lifted) -> Lifted:
    """The larger of two; the first of equal ones."""
    return select(system.order(a, b) >= 0, a, b)


def minimum(system: System, a: Lifted, b: Lifted) -> Lifted:
    """The smaller of two; the first of equal ones."""
    return select(system.order(a, b) <= 0, a, b)


def absolute(system: System, a: Lifted) -> Any:
    """a or -a; at 0 the sign of the tangent decides."""
    if a.is_complex:
        return complexes.modulus(a)
    return select(system.order(a, system.zeros(())) >= 0, a, -a)


def sign(system: System, a: Lifted) -> Lifted:
    """-1, 0 or 1, as a constant; z / |z| of a complex number."""
    if a.is_complex:
        return complexes.sign(a)
    return system.constant(system.order(a, system.zeros(())))


def heaviside(system: System, a: Lifted, at_zero: Lifted) -> Lifted:
    """0 below 0, 1 above it, at_zero at it."""
    order = system.order(a, system.zeros(()))
    return select(order == 0, at_zero, system.constant(np.asarray(order > 0, dtype=float)))


def copysign(system: System, a: Lifted, b: Lifted) -> Lifted:
    """The size of a with the sign of b."""
    size: Lifted = absolute(system, a)
    return select(system.order(b, system.zeros(())) >= 0, size, -size)


def logical_not(system: System, a: Lifted) -> Array:
    """Where a number is 0."""
    if a.is_complex:
        return complexes.equal(a, system.zeros(()))
    return np.asarray(system.order(a, system.zeros(())) == 0)


def remainder(system: System, a: Lifted, b: Lifted) -> Any:
    """np.remainder, with the sign of the divisor."""
    return a - np.floor(a / b) * b


def huber(system: System, delta: Lifted, r: Lifted) -> Lifted:
    """scipy.special.huber: r² / 2 where |r| is at most delta, a line beyond."""
    size: Lifted = absolute(system, r)
    return select(system.order(size, delta) <= 0, r * r / 2, delta * (size - delta / 2))


SELECTIONS: dict[str, Callable[..., Any]] = {
    "maximum": maximum,
    "minimum": minimum,
    "fmax": maximum,
    "fmin": minimum,
    "clip": lambda system, x, low, high: minimum(system, maximum(system, x, low), high),
    "absolute": absolute,
    "fabs": absolute,
    "sign": sign,
    "heaviside": heaviside,
    "copysign": copysign,
    "signbit": lambda system, a: system.order(a, system.zeros(())) < 0,
    "logical_not": logical_not,
    "logical_and": lambda system, a, b: ~logical_not(system, a) & ~logical_not(system, b),
    "logical_or": lambda system, a, b: ~logical_not(system, a) | ~logical_not(system, b),
    "logical_xor": lambda system, a, b: logical_not(system, a) != logical_not(system, b),
    "isfinite": lambda system, a: system.finite(a),
    "isnan": lambda system, a: system.nan(a),
    "isinf": lambda system, a: ~system.finite(a) & ~system.nan(a),
    "remainder": remainder,
    "floor_divide": lambda system, a, b: np.floor(a / b),
    "divmod": lambda system, a, b: (np.floor(a / b), remainder(system, a, b)),
    "fmod": lambda system, a, b: a - np.trunc(a / b) * b,
    "modf": lambda system, a: (a - np.trunc(a), np.trunc(a)),
    "ldexp": lambda system, a, exponent: a * np.exp2(exponent),
    # scipy.special
    "i0e": lambda system, x: np.exp(-absolute(system, x)) * system.ufunc("i0", x),
    "i1e": lambda system, x: np.exp(-absolute(system, x)) * system.ufunc("i1", x),
    "huber": huber,
    "pseudo_huber": lambda system, delta, r: delta * delta * (np.sqrt(1 + (r / delta) ** 2) - 1),
    "positive": lambda system, a: a.copy(),
    "conjugate": lambda system, a: complexes.conjugate(a.copy()),
}


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """An axis argument (None, an integer or a tuple) as a tuple of axes."""
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(operator.index(a) % ndim if ndim else 0 for a in axes)


def reduce(ufunc: np.ufunc, x: Lifted, axis: Any = 0, keepdims: bool = False, initial: Any = None) -> Any:
    """``ufunc.reduce``: sums go channel by channel, everything else is folded."""
    axes = axes_of(axis, x.ndim)
    if ufunc is np.add:
        result = x.each(lambda c: c.sum(axis=axes, keepdims=keepdims))
        x.system.count(x.size, x.size // max(1, result.size))
        result = result if x.size else own_zeros(result)
    else:
        result = fold(ufunc, x, axes)
        if keepdims:
            result = result.reshape(tuple(1 if i in axes else n for i, n in enumerate(x.shape)))
    return result if no_value(initial) else ufunc(result, initial)


def no_value(initial: Any) -> bool:
    """Whether an `initial=` was not given: NumPy passes a marker of its own."""
    return initial is None or initial is np._NoValue


def fold(ufunc: np.ufunc, x: Lifted, axes: tuple[int, ...]) -> Any:
    """A ufunc applied along axes, one slice after the other."""
    rest = [i for i in range(x.ndim) if i not in axes]
    flat = x.transpose((*axes, *rest)).reshape((-1, *(x.shape[i] for i in rest)))
    if not len(flat):
        if ufunc.identity is None:
            raise ValueError(f"zero-size array to reduction operation {ufunc.__name__} which has no identity")
        return x.system.constant(np.full(flat.shape[1:], ufunc.identity))
    result = flat[0]
    for item in list(flat)[1:]:
        result = ufunc(result, item)
    return result


def accumulate(ufunc: np.ufunc, x: Lifted, axis: int = 0) -> Lifted:
    """``ufunc.accumulate``: the running result along an axis."""
    moved = x.each(lambda c: np.moveaxis(c, axis, 0)).copy()
    for i in range(1, len(moved)):
        moved[i] = ufunc(moved[i - 1], moved[i])
    return moved.each(lambda c: np.moveaxis(c, 0, axis))


def reduceat(ufunc: np.ufunc, x: Lifted, indices: Any, axis: int = 0) -> Lifted:
    """``ufunc.reduceat``: a reduction of each slice between consecutive indices."""
    moved = x.each(lambda c: np.moveaxis(c, axis, 0))
    ends = [*indices[1:], len(moved)]
    parts = [fold(ufunc, moved[i : max(i + 1, end)], (0,)) for i, end in zip(indices, ends, strict=True)]
    return stack(parts).each(lambda c: np.moveaxis(c, 0, axis))


def at(system: System, ufunc: np.ufunc, target: Any, index: Any, values: Any = None) -> None:
    """``ufunc.at``: unbuffered, so that repeated indices are all counted."""
    if not isinstance(target, Lifted):
        raise NotLiftable(
            f"np.{ufunc.__name__}.at writes exact numbers into a plain array: create it with np.zeros_like"
        )
    places = np.arange(target.size).reshape(target.shape)[index]
    source = lifted(system, values)
    spread = source.each(lambda c: np.broadcast_to(c, places.shape).reshape(-1))
    flat = target.materialise().reshape(-1)
    for place, item in zip(places.reshape(-1), range(places.size), strict=True):
        flat[int(place)] = ufunc(flat[int(place)], spread[item])
    if not np.shares_memory(flat.value, target.value):
        target[...] = flat.reshape(target.shape)
