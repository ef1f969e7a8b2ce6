"""What a pullback answers: its shapes, dtypes, and numbers that are finite where the derivative is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.contract.findings import Finding
from gradcheck.contract.underlying import has_value
from gradcheck.floats import is_inexact, wide
from gradcheck.problems import Problem, as_tuple
from gradcheck.results import Array

# Steps at which slopes are looked at: an infinite derivative grows from one to the next, a finite one settles.
STEPS = (1e-4, 1e-8, 1e-12)
# Between them, where slopes do grow: halves of decades, so that chance seldom plays along.
LADDER = tuple(10.0 ** (-k / 2) for k in range(8, 25))
# Places where textbook functions have infinite slopes (sqrt, log, arcsin), and how many of them are looked at.
ENDS, LOOKED_AT = (0.0, 1.0, -1.0), 3


def shapes(problem: Problem) -> Iterator[Finding]:
    """Cotangents have their argument's shape and dtype; NaN appears only where something else is not finite."""
    for name, arg, claimed in zip(problem.names, problem.args, problem.claimed, strict=True):
        if claimed.shape != arg.shape:
            yield Finding(
                f"the cotangent of {name} has shape {claimed.shape}, {name} has {arg.shape}"
                f"{shape_hint(arg.shape, claimed.shape)}",
                name,
            )
        elif claimed.dtype != arg.dtype and not (is_inexact(claimed.dtype) and claimed.size == 0):
            yield Finding(
                f"the cotangent of {name} has dtype {claimed.dtype}, {name} has {arg.dtype}: return it in that dtype",
                name,
            )
        elif np.isnan(claimed).any() and finite(problem) and has_value(problem):
            entry = tuple(int(i) for i in np.argwhere(np.isnan(claimed))[0])
            yield Finding(f"the cotangent of {name} is NaN at {at(name, entry, arg)}, where all else is finite", name)


def at(name: str, entry: tuple[int, ...], arg: Array) -> str:
    """``x[1] = -2``."""
    return f"{name}{list(entry) if entry else ''} = {wide(arg)[entry]:.6g}"


def finite(problem: Problem) -> bool:
    """Whether arguments, outputs and cotangents are all finite."""
    return all(np.isfinite(a).all() for a in (*problem.args, *problem.y, *problem.dy))


def shape_hint(shape: tuple[int, ...], claimed: tuple[int, ...]) -> str:
    """What a wrong shape tells of the mistake: a sum left out, or one too many; empty where it tells nothing."""
    axes = summed_axes(shape, claimed)
    if axes:
        return f": the sum over the broadcast {axes} is missing"
    try:
        fits = np.broadcast_shapes(shape, claimed) == shape
    except ValueError:
        fits = False
    return ": it would broadcast to the right shape unseen, so keep all axes and sizes" if fits else ""


def summed_axes(shape: tuple[int, ...], claimed: tuple[int, ...]) -> str:
    """The axes over which a cotangent of an argument of that shape must be summed, in words; empty where none fit."""
    extra = len(claimed) - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, claimed[extra:], strict=True)):
        return ""
    kept = [i + extra for i, (n, m) in enumerate(zip(shape, claimed[extra:], strict=True)) if n != m]
    axes = [*range(extra), *kept]
    return f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"


def infinities(problem: Problem) -> Iterator[Finding]:
    """A cotangent is infinite where the derivative is, and nowhere else; looked at in a few entries of each argument."""
    if not finite(problem) or not all(y.size for y in problem.y):
        return
    for k, (name, arg, claimed) in enumerate(zip(problem.names, problem.args, problem.claimed, strict=True)):
        if claimed.shape != arg.shape or arg.dtype != float:
            continue
        for entry in suspects(arg, claimed):
            grows = slope_grows(problem, k, entry)
            if np.isinf(claimed[entry]) and grows is False:
                yield Finding(
                    f"the cotangent of {name} is {claimed[entry]} at {at(name, entry, arg)}, where the slope is finite: look for a division by 0",
                    name,
                )
                break
            if np.isfinite(claimed[entry]) and grows:
                yield Finding(
                    f"the cotangent of {name} is {claimed[entry] + 0.0:.6g} at {at(name, entry, arg)}, where the slope is "
                    "infinite: return inf with its sign, or declare the surrogate that you mean",
                    name,
                )
                break


def suspects(arg: Array, claimed: Array) -> list[tuple[int, ...]]:
    """The entries whose slope may be infinite: those claimed so, and those at the usual ends of domains."""
    endless = np.isinf(claimed)
    where = [*np.argwhere(endless)[:LOOKED_AT], *np.argwhere(~endless & np.isin(arg, ENDS))[:LOOKED_AT]]
    return [tuple(int(i) for i in index) for index in where]


def slope_grows(problem: Problem, k: int, entry: tuple[int, ...]) -> bool | None:
    """Whether one-sided slopes grow without bound as the step shrinks (True), settle (False), or neither is plain."""
    answers = [side for sign in (1.0, -1.0) if (side := side_grows(problem, k, entry, sign)) is not None]
    return any(answers) if answers else None


def side_grows(problem: Problem, k: int, entry: tuple[int, ...], sign: float) -> bool | None:
    """As `slope_grows`, on one side; None where the function has no finite values there."""
    slopes = [slope(problem, k, entry, sign * h) for h in STEPS]
    if not np.isfinite(slopes).all():
        return None
    noise = np.finfo(float).eps * sum(float(np.sum(np.abs(d * y))) for d, y in zip(problem.dy, problem.y, strict=True))
    early, late = slopes[1] - slopes[0], slopes[2] - slopes[1]
    size = abs(slopes[2])
    if abs(late) <= 1e-3 * size + 100 * noise / STEPS[2]:
        return False
    # A jump grows as 1 / h exactly, and has no derivative at all; log x grows by the same amount each time.
    jump = size >= 0.9 * STEPS[1] / STEPS[2] * abs(slopes[1])
    grows = size > abs(slopes[1]) and abs(late) >= 0.9 * abs(early)
    return True if grows and not jump and steady(problem, k, entry, sign) else None


def steady(problem: Problem, k: int, entry: tuple[int, ...], sign: float) -> bool:
    """Whether the slope grows all along, and never much slower than before: no rounding does, and nothing that settles."""
    growth = np.diff([slope(problem, k, entry, sign * h) for h in LADDER])
    growing = np.all(growth > 0) or np.all(growth < 0)
    return bool(growing and np.all(np.abs(growth[1:]) >= 0.5 * np.abs(growth[:-1])))


def slope(problem: Problem, k: int, entry: tuple[int, ...], h: float) -> float:
    """The difference quotient of dy·y in one entry; NaN where the rule raises."""
    args = [a.copy() for a in problem.args]
    args[k][entry] += h
    try:
        with np.errstate(all="ignore"):
            ys = as_tuple(problem.primal(*args, **problem.params)[0], problem.single)
            gaps = [np.sum(d * (np.asarray(b) - a)) for d, a, b in zip(problem.dy, problem.y, ys, strict=True)]
            return float(np.real(sum(gaps))) / h
    except Exception:
        return float("nan")
