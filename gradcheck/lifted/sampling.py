"""Quantiles, interpolation, evenly spaced numbers, and functions applied slice by slice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted.array import Lifted, NotLiftable, System, lifted, select, stack
from gradcheck.lifted.ufuncs import axes_of

Function = Callable[..., Any]

# The α and β of the continuous definitions: Hyndman and Fan, "Sample quantiles in statistical packages", 1996.
DEFINITIONS: dict[str, tuple[float, float]] = {
    "linear": (1.0, 1.0),
    "weibull": (0.0, 0.0),
    "hazen": (0.5, 0.5),
    "interpolated_inverted_cdf": (0.0, 1.0),
}
# Which of the two neighbours, or how far between them.
BETWEEN: dict[str, Function] = {
    "lower": lambda share: 0 * share,
    "higher": np.ceil,
    "midpoint": lambda share: np.ceil(share) / 2,
    "nearest": np.rint,
}


def quantile(
    system: System,
    x: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    **_: Any,
) -> Any:
    """np.quantile.  Which entries are neighbours is decided by the floats, as in NumPy."""
    if method not in DEFINITIONS and method not in BETWEEN:
        known = ", ".join((*DEFINITIONS, *BETWEEN))
        raise NotLiftable(f"np.quantile with method={method!r} is not known to exact arithmetic: use one of {known}")
    x, q = lifted(system, x), lifted(system, q)
    axes = axes_of(axis, x.ndim)
    rows = last(x, axes)
    ordered: Any = np.moveaxis(np.sort(rows, axis=-1), -1, 0)
    alpha, beta = DEFINITIONS.get(method, DEFINITIONS["linear"])
    n = len(ordered)
    places = np.clip(n * q + (alpha + q * (1 - alpha - beta)) - 1, 0, n - 1)
    below = np.floor(system.magnitude(places)).astype(int)
    above = np.minimum(below + 1, n - 1)
    share = (places - below).reshape(q.shape + (1,) * (ordered.ndim - 1))
    if method in BETWEEN:
        share = BETWEEN[method](system.magnitude(share))
    result = ordered[below] + share * (ordered[above] - ordered[below])
    kept = tuple(1 if i in axes else k for i, k in enumerate(x.shape))
    return result.reshape(q.shape + kept) if keepdims is True else result


def last(x: Lifted, axes: tuple[int, ...]) -> Lifted:
    """An array with some axes made one, the last."""
    rest = [i for i in range(x.ndim) if i not in axes]
    return x.transpose((*rest, *axes)).reshape((*(x.shape[i] for i in rest), -1))


def nanquantile(
    system: System, x: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: Any = False, **_: Any
) -> Any:
    """np.nanquantile: of each slice without what is not a number."""
    x, q = lifted(system, x), lifted(system, q)
    axes = axes_of(axis, x.ndim)
    rows = last(x, axes)
    found = [quantile(system, rows[i][~np.isnan(rows[i])], q, method=method) for i in np.ndindex(rows.shape[:-1])]
    kept = tuple(1 if i in axes else k for i, k in enumerate(x.shape))
    shape = kept if keepdims is True else rows.shape[:-1]
    return stack(found, axis=-1).reshape(q.shape + shape)


def percent(function: Function) -> Function:
    """A quantile by the hundredth."""
    return lambda system, x, q, *args, **kwargs: function(system, x, lifted(system, q) / 100, *args, **kwargs)


def interp(system: System, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """np.interp; a knot is a kink."""
    x, xp, fp = (lifted(system, a) for a in (x, xp, fp))
    if period is not None:
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    after = np.searchsorted(xp, x, side="right")
    i = np.clip(after - 1, 0, max(len(xp) - 2, 0))
    j = np.minimum(i + 1, len(xp) - 1)
    inside = fp[i] + (fp[j] - fp[i]) / (xp[j] - xp[i]) * (x - xp[i]) if len(xp) > 1 else fp[i]
    low, high = (lifted(system, end if given is None else given) for given, end in ((left, fp[0]), (right, fp[-1])))
    return select(after == 0, low, select(x > xp[-1], high, inside))


def linspace(
    system: System,
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    **_: Any,
) -> Any:
    """np.linspace."""
    start, stop = lifted(system, start), lifted(system, stop)
    step = (stop - start) / (num - 1 if endpoint else num)
    numbers = np.arange(num).reshape((-1,) + (1,) * step.ndim)
    result = np.moveaxis(start + numbers * step, 0, axis)
    return (result, step) if retstep else result


def logspace(
    system: System, start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, **_: Any
) -> Any:
    """np.logspace."""
    return np.power(base, linspace(system, start, stop, num, endpoint))


def geomspace(system: System, start: Any, stop: Any, num: int = 50, endpoint: bool = True, **_: Any) -> Any:
    """np.geomspace of numbers of one sign."""
    start = lifted(system, start)
    return start * np.exp(linspace(system, 0 * start, np.log(stop / start), num, endpoint))


def bincount(system: System, x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """np.bincount with exact weights."""
    counts = system.zeros((max(int(np.max(x, initial=-1)) + 1, minlength),))
    np.add.at(counts, x, lifted(system, weights))
    return counts


def apply_along_axis(system: System, function: Function, axis: int, x: Any, *args: Any, **kwargs: Any) -> Any:
    """np.apply_along_axis."""
    x = lifted(system, x)
    rows = x.each(lambda c: np.moveaxis(c, axis, -1))
    found = [lifted(system, function(rows[i], *args, **kwargs)) for i in np.ndindex(rows.shape[:-1])]
    result = stack(found).reshape(rows.shape[:-1] + found[0].shape)
    at = axis % x.ndim
    new = range(found[0].ndim)
    return result.each(lambda c: np.moveaxis(c, [x.ndim - 1 + k for k in new], [at + k for k in new]))


def each_entry(function: Function) -> Function:
    """np.vectorize and np.frompyfunc: a function of numbers on the entries of broadcast arrays."""

    def implementation(system: System, *inputs: Any) -> Lifted:
        arrays = np.broadcast_arrays(*(lifted(system, i) for i in inputs))
        shape = arrays[0].shape
        return stack([lifted(system, function(*(a[i] for a in arrays))) for i in np.ndindex(shape)]).reshape(shape)

    return implementation


TABLE: dict[str, Function] = {
    "median": lambda system, x, axis=None, **kwargs: quantile(system, x, 0.5, axis, **kwargs),
    "quantile": quantile,
    "percentile": percent(quantile),
    "nanquantile": nanquantile,
    "nanpercentile": percent(nanquantile),
    "nanmedian": lambda system, x, axis=None, **kwargs: nanquantile(system, x, 0.5, axis, **kwargs),
    "interp": interp,
    "linspace": linspace,
    "logspace": logspace,
    "geomspace": geomspace,
    "bincount": bincount,
    "apply_along_axis": apply_along_axis,
}
