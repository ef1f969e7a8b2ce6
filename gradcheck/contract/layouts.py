"""How numbers lie in memory is no business of a rule's: order, strides, gaps, and whether they may be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.contract.calling import answer, blaming, copied, side_of
from gradcheck.contract.cancelling import cancelled
from gradcheck.contract.findings import Finding, epsilon_of, gap, raises, refusal, remember, within
from gradcheck.problems import Problem, as_tuple
from gradcheck.results import Array

Layout = Callable[[Array], Array]


def strided(step: int) -> Layout:
    """Every axis with that stride, over memory of which the rest is NaN or garbage."""

    def lay(a: Array) -> Array:
        room = np.full([max(1, abs(step) * n) for n in a.shape], 77).astype(a.dtype)
        # The ellipsis keeps a 0-d array an array.
        every: Any = (*(slice(None, None, step) for _ in a.shape), ...)
        first: Any = (*(slice(n) for n in a.shape), ...)
        view: Array = room[every][first]
        view[...] = a
        return view

    return lay


def read_only(a: Array) -> Array:
    """A copy that raises where it is written into."""
    a = a.copy()
    a.flags.writeable = False
    return a


def fortran(a: Array) -> Array:
    """The first axis runs fastest."""
    return np.array(a, order="F")


LAYOUTS: Mapping[str, Layout] = {
    "read-only": read_only,
    "in Fortran order": fortran,
    "with negative strides": strided(-1),
    "not contiguous": strided(2),
}
# What is tried on all arrays at once; only where that shows something is it looked for one by one.
TOGETHER: tuple[Layout, ...] = (lambda a: frozen(strided(-2)(a)), fortran)


def frozen(a: Array) -> Array:
    """The array itself, no longer to be written into."""
    a.flags.writeable = False
    return a


def layout(problem: Problem) -> Iterator[Finding]:
    """The same numbers laid out otherwise give the same answers, but for rounding."""
    count = len(problem.args) + len(problem.dy)
    if all(trial(problem, [lay] * count) is None for lay in TOGETHER):
        return
    names = (*problem.names, *(("dy",) if problem.single else tuple(f"dy[{i}]" for i in range(len(problem.dy)))))
    for how, lay in LAYOUTS.items():
        for i, name in enumerate(names):
            found = trial(problem, [lay if i == j else np.copy for j in range(count)], f"with {name} {how}", name)
            if isinstance(found, Finding):
                yield found
                return
            if found:
                remember(problem, found)


def trial(
    problem: Problem, lays: list[Layout], when: str = "with other strides", name: str = ""
) -> Finding | str | None:
    """What goes wrong with arrays laid out so; a text where the forward refuses them, which it may."""
    arrays = [lay(a) for lay, a in zip(lays, (*problem.args, *problem.dy), strict=True)]
    args, dys = arrays[: len(problem.args)], arrays[len(problem.args) :]
    try:
        with np.errstate(all="ignore"):
            with blaming("the forward"):
                y, pullback = problem.rule(*args, **copied(problem.params))
            ys = tuple(np.array(v) for v in as_tuple(y, problem.single))
            with blaming("the pullback"):
                found = answer(problem.names, problem.args, pullback(dys[0] if problem.single else tuple(dys)))
    except Exception as error:
        if "read-only" in str(error) and "read-only" in when:
            return Finding(f"{side_of(error)} writes into {name}: {refusal(error)}: work on a copy")
        return (
            raises(error, when) if side_of(error) == "the pullback" else f"the forward raises {when}: {refusal(error)}"
        )
    return compared(problem, ys, found, when)


def compared(problem: Problem, ys: tuple[Array, ...], found: tuple[Array, ...], when: str) -> Finding | None:
    """Answers that differ by more than another order of summation explains."""
    for a, b in zip(problem.y, ys, strict=True):
        largest = float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a)))
        if not within(a, b, np.sqrt(epsilon_of(a)) * max(largest, terms(problem))):
            return Finding(f"the forward depends on memory layout: {when} it gives another y{gap('y', a, b)}")
    for k, (name, c, d) in enumerate(zip(problem.names, problem.claimed, found, strict=True)):
        if c.shape != problem.args[k].shape or within(c, d, np.sqrt(epsilon_of(c)) * whole(problem, k, c)):
            continue
        if not within(c, d, np.sqrt(epsilon_of(c)) * cancelled(problem, k)):
            return Finding(
                f"the pullback depends on memory layout: {when} it gives another d{name}{gap(f'd{name}', c, d)}", name
            )
    return None


def terms(problem: Problem) -> float:
    """The size of what an output is the sum of, which may cancel: of gradient times argument, for dy of size 1."""
    pairs = [(c, a) for c, a in zip(problem.claimed, problem.args, strict=True) if c.shape == a.shape]
    with np.errstate(all="ignore"):
        total = sum(float(np.sum(np.abs(c * a), where=np.isfinite(c * a))) for c, a in pairs)
        size = max((float(np.max(np.abs(d), initial=0.0)) for d in problem.dy), default=0.0)
    return total / size if size else 0.0


def whole(problem: Problem, k: int, gradient: Array) -> Array:
    """The scale of each entry of a cotangent, not below a thousandth of the largest one."""
    largest = np.max(np.abs(gradient), initial=0.0, where=np.isfinite(gradient))
    return np.asarray(np.maximum(problem.scale(k, gradient), 1e-3 * largest))
