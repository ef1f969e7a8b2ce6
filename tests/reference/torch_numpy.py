"""PyTorch's counterparts of the NumPy families: running, moving, sorting, selecting, contracting and rounding."""

from __future__ import annotations

from typing import Any

import numpy as np


def plain(path: str) -> Any:
    """The function of that name in torch, at the arguments alone."""

    def twin(torch: Any, *tensors: Any) -> Any:
        found = torch
        for part in path.split("."):
            found = getattr(found, part)
        return found(*tensors)

    return twin


def started(torch: Any, x: Any, y: Any, axis: int, include: bool, first: float) -> Any:
    """A running result with what it started from in front."""
    start = torch.full_like(x.narrow(axis, 0, 1), first)
    return torch.cat([start, y], axis) if include else y


def dims_of(x: Any, axis: Any) -> Any:
    return tuple(range(x.ndim)) if axis is None else axis


def merged(torch: Any, x: Any, axis: Any) -> Any:
    """The axes of a reduction as one last axis."""
    axes = [a % x.ndim for a in ((axis,) if isinstance(axis, int) else dims_of(x, axis))]
    rest = [a for a in range(x.ndim) if a not in axes]
    return x.permute(*rest, *axes).reshape(*(x.shape[a] for a in rest), -1)


def kept(x: Any, y: Any, axis: Any, keepdims: bool) -> Any:
    """A reduced tensor with its axes back at size 1."""
    axes = {a % x.ndim for a in ((axis,) if isinstance(axis, int) else dims_of(x, axis))}
    return y.reshape([1 if a in axes else n for a, n in enumerate(x.shape)]) if keepdims else y


def reduced(how: Any) -> Any:
    """A reduction over one last axis, for any axes."""

    def twin(torch: Any, x: Any, *, axis: Any = None, keepdims: bool = False, **params: Any) -> Any:
        return kept(x, how(torch, merged(torch, x, axis), **params), axis, keepdims)

    return twin


def vector_norm(torch: Any, x: Any, *, axis: Any, keepdims: bool, **order: float) -> Any:
    return torch.linalg.vector_norm(x, **order, dim=dims_of(x, axis), keepdim=keepdims)


def tensordot(torch: Any, a: Any, b: Any, *, axes: Any) -> Any:
    pairs = axes if isinstance(axes, int) else [[i] if isinstance(i, int) else list(i) for i in axes]
    return torch.tensordot(a, b, pairs)


def dot(torch: Any, a: Any, b: Any) -> Any:
    if not a.ndim or not b.ndim:
        return a * b
    return torch.tensordot(a, b, [[a.ndim - 1], [max(b.ndim - 2, 0)]])


def average(torch: Any, x: Any, weights: Any, *, axis: Any, keepdims: bool) -> Any:
    if weights.shape != x.shape:
        shape = [1] * x.ndim
        shape[axis] = -1
        weights = weights.reshape(shape).expand_as(x)
    return (x * weights).sum(dims_of(x, axis), keepdim=keepdims) / weights.sum(dims_of(x, axis), keepdim=keepdims)


def masked_mean(torch: Any, x: Any, *, mask: Any, axis: Any, keepdims: bool) -> Any:
    return torch.masked.mean(x, dims_of(x, axis), keepdim=keepdims, mask=mask.expand_as(x))


def places(torch: Any, x: Any, key: Any) -> Any:
    """Where in the flat x the entries are that NumPy's key selects."""
    key = key.numpy() if isinstance(key, torch.Tensor) else key
    return torch.tensor(np.arange(x.numel()).reshape(tuple(x.shape))[key].copy())


def getitem(torch: Any, x: Any, *, key: Any) -> Any:
    return x.reshape(-1)[places(torch, x, key)]


def index_set(torch: Any, x: Any, values: Any, *, key: Any) -> Any:
    where = places(torch, x, key)
    return torch.index_put(x.reshape(-1), (where,), torch.broadcast_to(values, where.shape)).reshape(x.shape)


def scatter_max(torch: Any, x: Any, values: Any, *, indices: Any) -> Any:
    where = indices.reshape(-1, *[1] * (x.ndim - 1)).expand(-1, *x.shape[1:])
    return x.scatter_reduce(0, where, values.reshape(where.shape), "amax")


def solve_triangular(
    torch: Any, a: Any, b: Any, *, lower: bool = False, trans: int = 0, unit_diagonal: bool = False
) -> Any:
    columns = b if b.ndim > 1 else b[:, None]
    t = a.mT if trans else a
    y = torch.linalg.solve_triangular(t, columns, upper=lower == bool(trans), unitriangular=unit_diagonal)
    return y.reshape(b.shape)


def cross(torch: Any, a: Any, b: Any, *, axis: int = -1) -> Any:
    a, b = torch.broadcast_tensors(a, b)
    return torch.linalg.cross(a, b, dim=axis)


def reshape(torch: Any, x: Any, *, shape: Any, order: str = "C") -> Any:
    shape = shape if isinstance(shape, tuple) else (shape,)
    if order == "C":
        return x.reshape(shape)
    sizes = [n if n >= 0 else -x.numel() // int(torch.tensor(shape).prod()) for n in shape]
    turned = x.permute(*reversed(range(x.ndim))).reshape(sizes[::-1])
    return turned.permute(*reversed(range(len(sizes))))


def roll(torch: Any, x: Any, *, shift: Any, axis: Any) -> Any:
    if isinstance(axis, tuple) and isinstance(shift, int):
        shift = (shift,) * len(axis)
    return torch.roll(x, shift, axis)


def convolved(torch: Any, a: Any, v: Any, mode: str, turned: bool) -> Any:
    """The full convolution, or correlation, by torch's layer, cut to its mode as NumPy cuts it."""
    n, m = len(a), len(v)
    kernel = v if turned else torch.flip(v, (0,))
    full = torch.nn.functional.conv1d(a[None, None], kernel[None, None], padding=m - 1)[0, 0]
    longer, shorter = max(n, m), min(n, m)
    if mode == "full":
        return full
    size = longer if mode == "same" else longer - shorter + 1
    start = (shorter - 1) // 2 if mode == "same" else shorter - 1
    if turned and mode == "same" and m > n:
        start = n + m - 1 - start - size
    return full[start : start + size]


def meshgrid(torch: Any, *xs: Any, indexing: str, sparse: bool = False) -> Any:
    grids = torch.meshgrid(*xs, indexing=indexing)
    if not sparse:
        return grids
    order = [1, 0, *range(2, len(xs))] if indexing == "xy" and len(xs) > 1 else range(len(xs))
    return tuple(x.reshape([-1 if axis == k else 1 for axis in range(len(xs))]) for x, k in zip(xs, order, strict=True))


def sort(torch: Any, x: Any, *, axis: Any, descending: bool = False) -> Any:
    x, axis = (x.ravel(), 0) if axis is None else (x, axis)
    return torch.sort(x, dim=axis, descending=descending, stable=True).values


def quantile(torch: Any, x: Any, q: Any, axis: Any, keepdims: bool, method: str) -> Any:
    flat = merged(torch, x, axis)
    found = torch.quantile(flat, torch.tensor(q, dtype=x.dtype), -1, interpolation=method)
    parts = [kept(x, y, axis, keepdims) for y in (found if isinstance(q, tuple) else [found])]
    return torch.stack(parts) if isinstance(q, tuple) else parts[0]


def interp(torch: Any, x: Any, xp: Any, fp: Any, *, left: Any = None, right: Any = None, period: Any = None) -> Any:
    if period is not None:
        order = torch.argsort(torch.remainder(xp.detach(), period))
        x, xp, fp = torch.remainder(x, period), torch.remainder(xp, period)[order], fp[order]
        xp, fp = torch.cat([xp[-1:] - period, xp, xp[:1] + period]), torch.cat([fp[-1:], fp, fp[:1]])
    i = torch.clamp(torch.searchsorted(xp.detach(), x.detach(), right=True) - 1, 0, len(xp) - 2)
    y = fp[i] + (x - xp[i]) * (fp[i + 1] - fp[i]) / (xp[i + 1] - xp[i])
    y = torch.where(x < xp[0], fp[0] if left is None else torch.full_like(y, left), y)
    return torch.where(x > xp[-1], fp[-1] if right is None else torch.full_like(y, right), y)


NUMPY = {
    "angles.deg2rad": plain("deg2rad"),
    "angles.rad2deg": plain("rad2deg"),
    "angles.sinc": plain("sinc"),
    "arithmetic.float_power": plain("float_power"),
    "contractions.dot": dot,
    "contractions.tensordot": tensordot,
    "contractions.einsum": lambda torch, *xs, subscripts: torch.einsum(subscripts, *xs),
    "contractions.multi_dot": lambda torch, *xs: torch.linalg.multi_dot(xs),
    "diagonals.diagonal": lambda torch, x, *, offset=0, axis1=0, axis2=1: torch.diagonal(x, offset, axis1, axis2),
    "diagonals.diag": lambda torch, x, *, offset: torch.diag(x, offset),
    "entropies.xlogy": plain("xlogy"),
    "entropies.xlog1py": plain("special.xlog1py"),
    "entropies.entr": plain("special.entr"),
    "exponential.logaddexp2": plain("logaddexp2"),
    "factorizations.triangular_solve": solve_triangular,
    "indexing.getitem": getitem,
    "linalg.cross": cross,
    "norms.matrix_norm": lambda torch, x, *, keepdims=False, **order: torch.linalg.matrix_norm(
        x, **order, keepdim=keepdims
    ),
    "reductions.ptp": reduced(lambda torch, x: torch.amax(x, -1) - torch.amin(x, -1)),
    "reductions.vector_norm": vector_norm,
    "repeating.repeat": lambda torch, x, *, repeats, axis: torch.repeat_interleave(x, repeats, axis),
    "repeating.tile": lambda torch, x, *, repetitions: torch.tile(
        x, (repetitions,) if isinstance(repetitions, int) else repetitions
    ),
    "repeating.meshgrid": meshgrid,
    "rounding.floor": plain("floor"),
    "rounding.ceil": plain("ceil"),
    "rounding.trunc": plain("trunc"),
    "rounding.round": lambda torch, x, *, decimals: torch.round(x, decimals=decimals),
    "rounding.remainder": plain("remainder"),
    "rounding.fmod": plain("fmod"),
    "running.cumulative_sum": lambda torch, x, *, axis, include_initial: started(
        torch, x, torch.cumsum(x, axis), axis, include_initial, 0
    ),
    "running.cumulative_prod": lambda torch, x, *, axis, include_initial: started(
        torch, x, torch.cumprod(x, axis), axis, include_initial, 1
    ),
    "running.cumulative_max": lambda torch, x, *, axis: torch.cummax(x, axis).values,
    "running.diff": lambda torch, x, *, axis, n: torch.diff(x, n, axis),
    "running.trapezoid": lambda torch, f, *x, axis, **step: torch.trapezoid(f, *x, dim=axis, **step),
    "scattering.index_set": index_set,
    "scattering.scatter_max": scatter_max,
    "scattering.one_hot_matmul": lambda torch, w, *, labels: (
        torch.nn.functional.one_hot(torch.as_tensor(labels), len(w)).to(w) @ w
    ),
    "shape.swapaxes": lambda torch, x, *, axis1, axis2: torch.swapaxes(x, axis1, axis2),
    "shape.reshape": reshape,
    "shape.ravel": lambda torch, x, *, order: reshape(torch, x, shape=-1, order=order),
    "shape.roll": roll,
    "shape.unstack": lambda torch, x, *, axis: torch.unbind(x, axis),
    "shape.rot90": lambda torch, x, *, k, axes: torch.rot90(x, k, axes),
    "shape.split": lambda torch, x, *, sections, axis: torch.tensor_split(x, sections, axis),
    "signals.convolve": lambda torch, a, v, *, mode: convolved(torch, a, v, mode, turned=False),
    "signals.correlate": lambda torch, a, v, *, mode: convolved(torch, a, v, mode, turned=True),
    "signs.positive": plain("positive"),
    "signs.sign": plain("sign"),
    "signs.heaviside": lambda torch, x, *, at_zero: (
        torch.heaviside(x.detach(), torch.tensor(float(at_zero), dtype=x.dtype)) + 0 * x
    ),
    "signs.copysign": plain("copysign"),
    "signs.nan_to_num": lambda torch, x, **how: torch.nan_to_num(x, **how),
    "sorting.sort": sort,
    "sorting.sort_by": lambda torch, x, *, keys, axis: torch.take_along_dim(
        x, torch.argsort(keys, dim=axis, stable=True), axis
    ),
    "sorting.top_k": lambda torch, x, *, k, axis, largest: torch.topk(x, k, axis, largest).values,
    "sorting.interp": interp,
    "statistics.median": reduced(lambda torch, x: torch.quantile(x, 0.5, -1)),
    "statistics.quantile": lambda torch, x, *, q, axis, keepdims, method: quantile(torch, x, q, axis, keepdims, method),
    "statistics.average": average,
    "statistics.masked_mean": masked_mean,
    "statistics.nansum": lambda torch, x, *, axis, keepdims: torch.nansum(x, dims_of(x, axis), keepdim=keepdims),
    "statistics.nanmean": lambda torch, x, *, axis, keepdims: torch.nanmean(x, dims_of(x, axis), keepdim=keepdims),
}


OWN = "its pullback is not the derivative, on purpose: torch has no such function"
WITHOUT = {
    "repeating.pad": "torch pads a few layouts only, and has no symmetric mode",
    "shape.atleast_nd": "torch has it for 1, 2 and 3 axes only, which it puts elsewhere",
    "signals.fftconvolve": "torch has it in torchaudio",
    "sorting.partition": "torch has none",
    **{
        f"surrogates.{name}": OWN
        for name in ("stop_gradient", "straight_through", "gradient_reversal", "gradient_clip", "gradient_norm_clip")
    },
}
