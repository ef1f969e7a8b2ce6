"""What a rule leaves behind: what it writes into, what it keeps from call to call, and what chance does to it."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.contract.calling import answer, copied, given, halved
from gradcheck.contract.draws import first_draw
from gradcheck.contract.findings import Finding, epsilon_of, gap, raises, remember, rounding, same, within
from gradcheck.kept import contents
from gradcheck.problems import Problem, as_tuple
from gradcheck.results import Array
from gradcheck.rules import signature
from gradcheck.sides import blaming

# How deep functions inside functions are searched for what they keep.
DEPTH = 4


def repeated(problem: Problem) -> Iterator[Finding]:
    """Arguments, parameters, cotangents and residuals stay as they were, and every further call answers the same."""
    args = tuple(a.copy() for a in problem.args)
    params = copied(problem.params)
    arrays = {k: v for k, v in problem.params.items() if isinstance(v, np.ndarray)}
    with np.errstate(all="ignore"):
        outside = Snapshot(problem.rule.function)
        y, pullback = problem.rule(*args, **params)
        yield from changed("the forward", problem.names, args, problem.args)
        yield from changed("the forward", arrays, [params[k] for k in arrays], arrays.values())
        ys = tuple(np.array(v) for v in as_tuple(y, problem.single))
        inside = Snapshot(pullback, besides=(*args, *params.values(), *as_tuple(y, problem.single)))
        dy = given(problem.dy, problem.single)
        with blaming("the pullback"):
            answered = pullback(dy)
        dys = as_tuple(dy, problem.single)
        yield from changed("the pullback", ("dy",) * len(dys), dys, problem.dy)
        yield from changed("the pullback", problem.names, args, problem.args)
        yield from changed("the pullback", arrays, [params[k] for k in arrays], arrays.values())
        yield from changed("the pullback", ("y",) * len(ys), as_tuple(y, problem.single), ys)
        aliases(problem, answered, dys, args)
        first = answer(problem.names, problem.args, answered)
        try:
            with blaming("the pullback"):
                # Another cotangent in between: an answer may lag by a call.
                pullback(given(tuple(d * d.dtype.type(-2) for d in problem.dy), problem.single))
                again = pullback(given(problem.dy, problem.single))
        except Exception as error:
            yield raises(error, "when it is called a second time")
            return
        second = answer(problem.names, problem.args, again)
        written = [*inside.written(), *outside.written()]
        if answered is not again and not all(map(same, answer(problem.names, problem.args, answered), first)):
            remember(problem, "the pullback answers in a buffer of its own: copy its answer before you call it again")
    found = list(different(problem, ys, first, second, written))
    yield from found or interleaved(problem)


def different(
    problem: Problem, ys: tuple[Array, ...], first: tuple[Array, ...], second: tuple[Array, ...], written: list[str]
) -> Iterator[Finding]:
    """Where calls that should answer the same do not."""
    for a, b in zip(problem.y, ys, strict=True):
        if not within(a, b, 64 * epsilon_of(a) * np.max(np.abs(a), initial=0.0)):
            yield Finding(
                f"the rule called again at the same point gives another y: {why(problem, written)}{gap('y', a, b)}"
            )
            return
    for k, (name, a, b, c) in enumerate(zip(problem.names, first, second, problem.claimed, strict=True)):
        if same(a, b) and same(a, c):
            continue
        slack = rounding(problem, k, c) if c.shape == problem.args[k].shape else 0.0
        if not within(a, b, slack):
            because = why(problem, written, "it keeps state")
            yield Finding(
                f"a second call of the same pullback gives another d{name}: {because}{gap(f'd{name}', a, b)}", name
            )
        elif not within(a, c, slack):
            because = why(problem, written)
            yield Finding(
                f"the rule called again at the same point gives another d{name}: {because}{gap(f'd{name}', a, c)}", name
            )
        else:
            remember(problem, f"d{name} differs from call to call, by no more than rounding explains")


def why(problem: Problem, written: list[str], unknown: str = "it is not deterministic") -> str:
    """Why a call that should answer the same does not, and what to do: state, chance, or nobody knows."""
    if written:
        return f"it keeps state in {', '.join(dict.fromkeys(written))}: work on a copy"
    draw = random_draw(problem)
    return f"it is not deterministic: {draw}: pass what is drawn as a parameter" if draw else unknown


def random_draw(problem: Problem) -> str | None:
    """The line that draws a random number during a forward and a backward pass; None where none is seen."""

    def both() -> None:
        _, pullback = problem.rule(*(a.copy() for a in problem.args), **copied(problem.params))
        pullback(given(problem.dy, problem.single))

    return first_draw(both)


def interleaved(problem: Problem) -> Iterator[Finding]:
    """A pullback answers the same after its rule was called at another point."""
    with np.errstate(all="ignore"):
        y, pullback = problem.rule(*(a.copy() for a in problem.args), **copied(problem.params))
        ys = tuple(np.array(v) for v in as_tuple(y, problem.single))
        outside = Snapshot(problem.rule.function)
        try:
            _, other = problem.rule(*halved(problem), **copied(problem.params))
            other(given(problem.dy, problem.single))
        except Exception:
            return
        written = f" in {', '.join(found)}" if (found := list(outside.written())) else ""
        if not all(map(same, ys, (np.asarray(v) for v in as_tuple(y, problem.single)))):
            remember(
                problem, f"the forward answers in a buffer that its next call overwrites{written}: copy y to keep it"
            )
            return
        with blaming("the pullback"):
            late = answer(problem.names, problem.args, pullback(given(problem.dy, problem.single)))
    for k, (name, a, b) in enumerate(zip(problem.names, problem.claimed, late, strict=True)):
        if not within(a, b, rounding(problem, k, a) if a.shape == problem.args[k].shape else 0.0):
            if problem.rule.separate:
                remember(problem, f"the backward uses what the last forward left behind{written}: call them in pairs")
                return
            yield Finding(
                f"the pullback gives another d{name} after the rule was called elsewhere: it keeps state{written}: "
                f"keep in the closure what the pullback needs{gap(f'd{name}', a, b)}",
                name,
            )
            return


def aliases(problem: Problem, answered: Any, dys: tuple[Any, ...], args: tuple[Array, ...]) -> None:
    """Note the cotangents that share memory with dy or an argument: right and short, and not to be written into."""
    found = answered if isinstance(answered, tuple | list) else (answered,)
    others = [("dy", d) for d in dys] + [*zip(problem.names, args, strict=True)]
    for name, mine in zip(problem.names, found, strict=False):
        if not isinstance(mine, np.ndarray) or not mine.size:
            continue
        for other, array in others:
            if mine is array:
                remember(problem, f"d{name} is {other} itself, not a copy: who writes into one writes into both")
            elif np.may_share_memory(mine, array):
                remember(problem, f"d{name} is a view of {other}: who writes into one writes into both")


def changed(who: str, names: Iterable[str], now: Iterable[Any], before: Iterable[Array]) -> Iterator[Finding]:
    """A finding for each array that is no longer what it was."""
    for name, a, b in zip(names, now, before, strict=True):
        if not same(np.asarray(a), b):
            yield Finding(
                f"{who} changes {name}: work on a copy{gap(name, b, np.asarray(a))}",
                name if who == "the pullback" and name not in ("dy", "y") else None,
            )


class Snapshot:
    """The arrays that a function keeps in closures, bound objects and the module, as they are now.

    besides: arrays that are known by other names, and are left out.
    """

    def __init__(self, function: Any, besides: Iterable[Any] = ()) -> None:
        known = {id(a) for a in besides}
        self.live = {name: a for name, a in kept_by(function) if id(a) not in known}
        self.before = {name: a.copy() for name, a in self.live.items()}

    def written(self) -> Iterator[str]:
        """The names of those that are no longer what they were."""
        return (name for name, a in self.live.items() if not same(a, self.before[name]))


def kept_by(value: Any, name: str = "", depth: int = DEPTH) -> Iterator[tuple[str, Array]]:
    """Arrays reachable from a function, by name."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind != "O":
            yield name, value
    elif depth and isinstance(value, types.FunctionType):
        code = value.__code__
        cells = dict(zip(code.co_freevars, value.__closure__ or (), strict=True))
        for n, cell in cells.items():
            if (inner := contents(cell)) is not None:
                yield from kept_by(inner, n, depth - 1)
        for n in code.co_names:
            if isinstance(value.__globals__.get(n), np.ndarray | list | dict):
                yield from kept_by(value.__globals__[n], n, depth - 1)
    elif depth and isinstance(value, types.MethodType):
        yield from kept_by(value.__func__, name, depth - 1)
        for n, inner in getattr(value.__self__, "__dict__", {}).items():
            yield from kept_by(inner, f"self.{n}", depth - 1)
    elif depth and isinstance(value, functools.partial):
        names = signature(value.func).parameters
        yield from kept_by({**dict(zip(names, value.args, strict=False)), **value.keywords}, name, depth)
        yield from kept_by(value.func, name, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from kept_by(inner, f"{name}[{i}]", depth - 1)
    elif depth and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from kept_by(inner, f"{name}[{key!r}]" if name else str(key), depth - 1)
