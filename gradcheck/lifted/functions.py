"""NumPy's array functions on exact arrays: what ``__array_function__`` answers."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_letters
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gradcheck.lifted import (
    complexes,
    eigen,
    factors,
    fft,
    linalg,
    moving,
    norms,
    numpys_own,
    ordered,
    products,
    reductions,
    sampling,
    spectral,
)
from gradcheck.lifted.array import Lifted, NotLiftable, System, join, lifted, own_zeros, select
from gradcheck.lifted.ufuncs import no_value, product, write

Function = Callable[..., Any]


def apply_function(system: System, function: Function, args: Any, kwargs: Any) -> Any:
    """The exact counterpart of an array function.  Raises NotLiftable for one without."""
    name = name_of(function)
    out = kwargs.pop("out", None)
    if name in numpys_own.NAMES:
        result = numpys_own.call(system, function, args, kwargs)
    elif name in TABLE:
        result = TABLE[name](system, *args, **kwargs)
    else:
        raise NotLiftable(f"np.{name} is not known to exact arithmetic: write it with functions that are")
    return result if out is None else write(out, result, True)


def name_of(function: Function) -> str:
    """``linalg.inv`` for functions of a submodule, the bare name for those of numpy itself."""
    module = getattr(function, "__module__", "numpy") or "numpy"
    part = module.removeprefix("numpy").strip(".")
    return f"{part}.{function.__name__}" if part in ("linalg", "fft") else function.__name__


def channelwise(function: Function) -> Function:
    """A function that moves numbers or adds them up, linear in its first argument, for both channels alike."""
    return lambda system, x, *args, **kwargs: lifted(system, x).each(lambda c: function(c, *args, **kwargs))


def joining(function: Function) -> Function:
    """A function of a sequence of arrays."""

    def implementation(system: System, arrays: Any, *args: Any, **kwargs: Any) -> Lifted:
        items = [lifted(system, a) for a in arrays]
        return join(lambda channels, **k: function(channels, *args, **k), items, **kwargs)

    return implementation


def pieces(function: Function) -> Function:
    """A function that cuts an array into a list."""

    def implementation(system: System, x: Lifted, *args: Any, **kwargs: Any) -> list[Lifted]:
        x = x.materialise()
        values, companions = function(x.value, *args, **kwargs), x.companion
        if companions is None:
            return [Lifted(system, v) for v in values]
        return [Lifted(system, v, c) for v, c in zip(values, function(companions, *args, **kwargs), strict=True)]

    return implementation


def multilinear(function: Function) -> Function:
    """A product of two arrays and further plain arguments."""

    def implementation(system: System, a: Any, b: Any, *args: Any, **kwargs: Any) -> Lifted:
        return product(system, lambda x, y: function(x, y, *args, **kwargs), lifted(system, a), lifted(system, b))

    return implementation


def einsum(system: System, subscripts: Any, *operands: Any, **_: Any) -> Lifted:
    """np.einsum, with subscripts or with lists of axes."""
    if not isinstance(subscripts, str):
        subscripts, operands = in_letters(subscripts, *operands)
    arrays = [lifted(system, o) for o in operands]
    return product(system, lambda *a: products.einsum(subscripts, *a), *arrays)


def in_letters(*interleaved: Any) -> tuple[str, tuple[Any, ...]]:
    """Subscripts and operands of ``np.einsum(a, axes of a, b, axes of b, ..., axes of the result)``."""

    def letters(axes: Any) -> str:
        return "".join("..." if i is Ellipsis else ascii_letters[i] for i in axes)

    operands, axes = interleaved[:-1:2], interleaved[1::2]
    result = f"->{letters(interleaved[-1])}" if len(interleaved) % 2 else ""
    return ",".join(map(letters, axes)) + result, operands if result else interleaved[::2]


def convolve(function: Function) -> Function:
    """np.convolve and np.correlate: NumPy's own do not take objects of every kind, a sum of shifted products does."""
    default = "full" if function is np.convolve else "valid"

    def implementation(system: System, a: Any, v: Any, mode: str = default) -> Lifted:
        def by_sums(x: Any, y: Any) -> Any:
            y = y if function is np.convolve else y[::-1]
            full = [
                sum((x[i] * y[k - i] for i in range(max(0, k - len(y) + 1), min(k + 1, len(x)))), 0 * x[0])
                for k in range(len(x) + len(y) - 1)
            ]
            length = {"full": len(full), "same": max(len(x), len(y)), "valid": abs(len(x) - len(y)) + 1}[mode]
            start = (len(full) - length) // 2
            if function is np.correlate and len(y) > len(x):
                # NumPy exchanges them and turns the result round: an odd rest is cut off at the other side.
                start = len(full) - length - start
            return np.array(full, dtype=object)[start : start + length]

        v = lifted(system, v)
        return product(system, by_sums, lifted(system, a), v if function is np.convolve else complexes.conjugate(v))

    return implementation


def where(system: System, condition: Any, *branches: Any) -> Any:
    """np.where, with one argument and with three."""
    condition = condition != 0 if isinstance(condition, Lifted) else condition
    if not branches:
        return np.where(condition)
    return select(condition, *(lifted(system, b) for b in branches))


def diff(system: System, x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Lifted:
    """np.diff."""
    x = lifted(system, x)
    ends = [None if no_value(end) else lifted(system, end) for end in (prepend, append)]
    column = (*x.shape[:axis], 1, *x.shape[axis:][1:])
    before, after = (
        None if end is None else end if end.ndim else end.each(lambda c: np.broadcast_to(c, column)) for end in ends
    )
    joined = join(np.concatenate, [part for part in (before, x, after) if part is not None], axis=axis)
    return joined.each(lambda c: np.diff(c, n, axis))


def ediff1d(system: System, x: Any, to_end: Any = None, to_begin: Any = None) -> Lifted:
    """np.ediff1d."""
    parts = [to_begin, diff(system, np.ravel(lifted(system, x))), to_end]
    return join(np.concatenate, [lifted(system, part).reshape(-1) for part in parts if part is not None])


def triangle(function: Function) -> Function:
    """np.tril and np.triu."""

    def implementation(system: System, x: Any, k: int = 0) -> Lifted:
        x = lifted(system, x)
        return select(function(np.ones(x.shape, bool), k), x, system.zeros(()))

    return implementation


def diagonal_matrix(function: Function) -> Function:
    """np.diag and np.diagflat."""
    return lambda system, x, k=0: own_zeros(lifted(system, x).each(lambda c: function(c, k)))


def pick(system: System, conditions: Any, choices: Any, default: Any = 0) -> Any:
    """np.select: the first condition that holds wins."""
    result = lifted(system, default)
    for condition, value in list(zip(conditions, choices, strict=True))[::-1]:
        result = select(condition, lifted(system, value), result)
    return result


def like(fill: float) -> Function:
    """zeros_like and its relatives."""

    def implementation(
        system: System, x: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
    ) -> Any:
        shape = np.shape(x) if shape is None else shape
        if dtype is not None and np.dtype(dtype).kind not in "fc":
            return np.full(shape, fill, dtype)
        result = system.zeros(shape if isinstance(shape, tuple) else (shape,))
        if np.dtype(dtype).kind == "c" or (dtype is None and np.iscomplexobj(x)):
            result = system.complexes(result)
        if fill:
            result[...] = fill
        return result

    return implementation


def full_like(system: System, x: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """np.full_like."""
    result = like(0.0)(system, x, dtype, **kwargs)
    result[...] = fill_value
    return result


def copyto(system: System, target: Any, source: Any, casting: str = "same_kind", where: Any = True) -> None:
    """np.copyto."""
    write(target, lifted(system, source), where)


def fill_diagonal(system: System, x: Lifted, value: Any, wrap: bool = False) -> None:
    """np.fill_diagonal."""
    diagonal = np.arange(min(x.shape))
    x[(diagonal,) * x.ndim] = value


def broadcast_arrays(system: System, *xs: Any, **_: Any) -> tuple[Lifted, ...]:
    """np.broadcast_arrays."""
    shape = np.broadcast_shapes(*(np.shape(x) for x in xs))
    return tuple(lifted(system, x).each(lambda c: np.broadcast_to(c, shape)) for x in xs)


def array_equal(system: System, a: Any, b: Any, equal_nan: bool = False) -> bool:
    """np.array_equal."""
    return np.shape(a) == np.shape(b) and bool(np.all(lifted(system, a) == b))


def array_equiv(system: System, a: Any, b: Any) -> bool:
    """np.array_equiv."""
    try:
        np.broadcast_shapes(np.shape(a), np.shape(b))
    except ValueError:
        return False
    return bool(np.all(lifted(system, a) == b))


def corrcoef(system: System, *args: Any, **kwargs: Any) -> Any:
    """np.corrcoef, without its clip to [-1, 1], which only rounding needs."""
    covariance: Any = np.cov(*args, **kwargs)
    if covariance.ndim == 0:
        return covariance / covariance
    deviations: Any = np.sqrt(np.diagonal(covariance))
    return covariance / deviations[:, None] / deviations


def cross(system: System, a: Any, b: Any, axis: int = -1, **_: Any) -> Lifted:
    """np.cross of vectors with three entries."""
    a, b = (lifted(system, x).each(lambda c: np.moveaxis(c, axis, -1)) for x in (a, b))
    (a0, a1, a2), (b0, b1, b2) = ([x[..., i] for i in range(3)] for x in (a, b))
    parts = [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0]
    return join(np.stack, parts, axis=-1).each(lambda c: np.moveaxis(c, -1, axis))


def rounded(system: System, x: Any, decimals: int = 0) -> Any:
    """np.round."""
    power = 10 ** abs(decimals)
    return np.rint(x * power) / power if decimals >= 0 else np.rint(x / power) * power


TABLE: dict[str, Function] = {
    **{
        f.__name__: channelwise(f)
        for f in (
            *(
                np.reshape,
                np.transpose,
                np.ravel,
                np.moveaxis,
                np.swapaxes,
                np.expand_dims,
                np.squeeze,
                np.broadcast_to,
            ),
            *(
                np.flip,
                np.fliplr,
                np.flipud,
                np.roll,
                np.rot90,
                np.repeat,
                np.tile,
                np.take,
                np.take_along_axis,
                np.diagonal,
            ),
            *(
                np.trace,
                np.atleast_1d,
                np.atleast_2d,
                np.atleast_3d,
                np.copy,
                np.delete,
            ),
            *(np.matrix_transpose, np.rollaxis, np.resize, sliding_window_view),
        )
    },
    **{f.__name__: joining(f) for f in (np.concatenate, np.stack, np.vstack, np.hstack, np.column_stack, np.dstack)},
    **{f.__name__: pieces(f) for f in (np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit)},
    **{f.__name__: multilinear(f) for f in (products.dot, np.inner, np.outer, np.tensordot, np.kron)},
    **{f.__name__: convolve(f) for f in (np.convolve, np.correlate)},
    **{f.__name__: triangle(f) for f in (np.tril, np.triu)},
    **{f.__name__: diagonal_matrix(f) for f in (np.diag, np.diagflat)},
    "diff": diff,
    "ediff1d": ediff1d,
    "compress": lambda system, condition, x, axis=None: np.take(x, np.flatnonzero(condition), axis),
    "vdot": lambda system, a, b: np.dot(np.conjugate(np.ravel(a)), np.ravel(b)),
    "unstack": lambda system, x, axis=0: tuple(np.moveaxis(x, axis, 0)),
    "einsum": einsum,
    "where": where,
    "select": pick,
    "append": lambda system, x, y, axis=None: joining(np.concatenate)(
        system, [x, y] if axis is not None else [np.ravel(x), np.ravel(y)], axis=axis or 0
    ),
    "zeros_like": like(0.0),
    "empty_like": like(0.0),
    "ones_like": like(1.0),
    "full_like": full_like,
    "copyto": copyto,
    "fill_diagonal": fill_diagonal,
    "broadcast_arrays": broadcast_arrays,
    "array_equal": array_equal,
    "array_equiv": array_equiv,
    "corrcoef": corrcoef,
    "polymul": lambda system, a, b: np.convolve(a, b),
    "cross": cross,
    "sinc": lambda system, x: system.ufunc("sinc", lifted(system, x)),
    "i0": lambda system, x: system.ufunc("i0", lifted(system, x)),
    "shape": lambda system, x: x.shape,
    "ndim": lambda system, x: x.ndim,
    "size": lambda system, x, axis=None: x.size if axis is None else x.shape[axis],
    "result_type": lambda system, *xs: np.dtype(complex if any(map(np.iscomplexobj, xs)) else float),
    "can_cast": lambda system, *args, **kwargs: True,
    "iscomplexobj": lambda system, x: x.is_complex,
    "isrealobj": lambda system, x: not x.is_complex,
    "angle": complexes.angle,
    "real": lambda system, x: x.real,
    "imag": lambda system, x: x.imag,
    "round": rounded,
    "any": lambda system, x, *args, **kwargs: np.any(x != 0, *args, **kwargs),
    "all": lambda system, x, *args, **kwargs: np.all(x != 0, *args, **kwargs),
    "count_nonzero": lambda system, x, *args, **kwargs: np.count_nonzero(x != 0, *args, **kwargs),
    "nonzero": lambda system, x: np.nonzero(x != 0),
    "flatnonzero": lambda system, x: np.flatnonzero(x != 0),
    "argwhere": lambda system, x: np.argwhere(x != 0),
    "astype": lambda system, x, dtype, **_: x.astype(dtype),
    "isin": lambda system, x, chosen, **_: np.any(lifted(system, x)[..., None] == np.ravel(chosen), axis=-1),
    **moving.TABLE,
    **sampling.TABLE,
    **ordered.TABLE,
    **reductions.TABLE,
    **linalg.TABLE,
    **factors.TABLE,
    **spectral.TABLE,
    **eigen.TABLE,
    **norms.TABLE,
    **fft.TABLE,
}
