"""A pullback is linear in dy, and uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.contract.calling import answer, call, given
from gradcheck.contract.cancelling import cancelled
from gradcheck.contract.findings import ROUNDINGS, Finding, epsilon_of, gap, raises, rounding, same, within
from gradcheck.floats import is_inexact
from gradcheck.problems import Problem
from gradcheck.results import Array
from gradcheck.sides import blaming

Pull = Callable[[tuple[Array, ...]], tuple[Array, ...]]

# Powers of two scale without rounding.  The large and the small one show a clipped dy, and are for ordinary numbers.
FACTORS, FAR = (-2.0,), (2.0**20, 2.0**-20)
# Differences of such a part are what rounding to float32 explains.
LOW = (2.0**-30, 2.0**-19)


def linearity(problem: Problem) -> Iterator[Finding]:
    """Zero gives zero, multiples give multiples, and a sum gives the sum; the first thing that does not.

    One that is declared not to be linear is held to what its declaration makes of dy, by the oracles.
    """
    if problem.rule.cotangent is not None:
        return
    with np.errstate(all="ignore"):
        _, pullback = call(problem.rule, problem.args, problem.params)

        def pull(dys: tuple[Array, ...]) -> tuple[Array, ...]:
            return answer(problem.names, problem.args, pullback(given(dys, problem.single)))

        for text, look in (("dy = 0", zero), ("a multiple of dy", multiples), ("a part of dy", parts)):
            try:
                with blaming("the pullback"):
                    finding = next(look(problem, pull), None)
            except Exception as error:
                finding = raises(error, f"for {text}, where it does not for dy")
            if finding:
                yield finding
                return


def zero(problem: Problem, pull: Pull) -> Iterator[Finding]:
    """dy = 0 gives 0; where it gives the same as dy does, dy is not used."""
    found = pull(tuple(np.zeros_like(d) for d in problem.dy))
    for k, name, mine, base in comparable(problem, found):
        if within(mine, np.zeros_like(base), rounding(problem, k, base)):
            continue
        if same(mine, base):
            yield Finding(f"the pullback ignores dy: dy = 0 gives the same d{name} as dy: multiply by dy", name)
        else:
            yield Finding(
                f"the pullback is not linear in dy: dy = 0 does not give 0 for {name}"
                f"{expected(name, np.zeros_like(base), mine)}",
                name,
            )


def multiples(problem: Problem, pull: Pull) -> Iterator[Finding]:
    """A multiple of dy gives that multiple of the answer."""
    for factor in FACTORS + (FAR if ordinary(problem) else ()):
        found = pull(tuple(np.asarray(factor * d, dtype=d.dtype) for d in problem.dy))
        for k, name, mine, base in comparable(problem, found):
            if not near(problem, k, mine, factor * base, max(abs(factor), 2.0**-20), rounding(problem, k, base)):
                yield Finding(
                    f"the pullback is not linear in dy: {factor_text(factor)} dy does not give {factor_text(factor)} times the answer for {name}"
                    f"{expected(name, factor * base, mine)}",
                    name,
                )


def parts(problem: Problem, pull: Pull) -> Iterator[Finding]:
    """dy cut in two gives answers that add up."""
    kept = tuple(problem.rng(f"parts{i}").random(d.shape) < 0.5 for i, d in enumerate(problem.dy))
    one = pull(tuple(np.where(m, d, 0).astype(d.dtype) for m, d in zip(kept, problem.dy, strict=True)))
    two = pull(tuple(np.where(m, 0, d).astype(d.dtype) for m, d in zip(kept, problem.dy, strict=True)))
    for k, name, a, base in comparable(problem, one):
        b = two[k]
        slack = rounding(problem, k, base) + rounding(problem, k, a)
        if a.shape == b.shape and not near(problem, k, a + b, base, 1.0, slack):
            yield Finding(
                f"the pullback is not linear in dy: dy1 + dy2 does not give the sum of their answers for {name}"
                f"{expected(name, a + b, base)}{hint(a + b, base)}",
                name,
            )


def near(problem: Problem, k: int, a: Array, b: Array, factor: float, slack: Array) -> bool:
    """Whether two arrays are so close, but for the factor, or as rounding of terms that cancel leaves them."""
    return within(a, b, factor * slack) or within(
        a, b, factor * (slack + ROUNDINGS * epsilon_of(b) * cancelled(problem, k))
    )


def hint(right: Array, mine: Array) -> str:
    """What a difference of the size of float32's rounding means in a double."""
    if mine.dtype not in (np.float64, np.complex128):
        return ""
    off = float(np.max(np.abs(right - mine), initial=0.0)) / float(np.max(np.abs(mine), initial=0.0))
    return (
        f"; the difference is of the size of float32's rounding ({off:.0e}): what is float32 inside?"
        if LOW[0] < off < LOW[1]
        else ""
    )


def factor_text(factor: float) -> str:
    """``-2``, or ``2**20`` for the far ones."""
    return f"2**{int(np.log2(factor))}" if factor in FAR else f"{factor:g}"


def comparable(problem: Problem, found: tuple[Array, ...]) -> Iterator[tuple[int, str, Array, Array]]:
    """Number, name, new and first answer for each argument whose first answer is finite and has its shape."""
    for k, (name, mine, base) in enumerate(zip(problem.names, found, problem.claimed, strict=True)):
        if mine.shape == base.shape == problem.args[k].shape and np.isfinite(base).all():
            yield k, name, mine, base


def expected(name: str, right: Array, mine: Array) -> str:
    """Where the answer differs most from what a linear one gives."""
    text = gap(f"d{name}", mine, right).partition(", then ")
    return f"{text[0]}, linear would be {text[2].partition(',')[0].rstrip(')')})"


def ordinary(problem: Problem) -> bool:
    """Whether no number of the problem is so large or small that a factor of a million would overflow something."""
    numbers = [
        np.abs(a[(a != 0)]) for a in (*problem.args, *problem.y, *problem.dy, *problem.claimed) if is_inexact(a.dtype)
    ]
    return all(n.dtype.itemsize > 2 and np.all((n > 1e-6) & (n < 1e6)) for n in numbers)
