"""What a rule and its pullback owe their caller: counts, shapes, dtypes, untouched arguments, linearity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.problems import Problem, as_tuple, draw_cotangent
from gradcheck.results import Array, Evidence, Point
from gradcheck.rules import Rule


class ContractError(ValueError):
    """A rule or pullback returned something that cannot be checked; the message says what and what is expected."""


def evaluate(rule: Rule, point: Point, *, seed: int, **options: Any) -> Problem:
    """The problem of a rule at a point: its outputs and claimed cotangents in floating point.

    Raises ContractError where it does not return what a rule returns, and whatever the rule itself raises.
    """
    names = rule.argument_names(len(point.args))
    args = tuple(as_argument(name, a) for name, a in zip(names, point.args, strict=True))
    y, pullback = call(rule, args, point.params)
    single = not isinstance(y, tuple)
    ys = tuple(np.asarray(v) for v in as_tuple(y, single))
    problem = Problem(rule, point, names, args, point.params, ys, (), (), single=single, seed=seed, **options)
    problem.dy = cotangents(problem)
    problem.claimed = answer(names, args, pullback(given(problem.dy, single)))
    return problem


def as_argument(name: str, value: Any) -> Array:
    """A differentiated argument as an array.  Raises ContractError for integers, booleans and objects."""
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        raise ContractError(
            f"argument {name} has dtype {array.dtype}: only float and complex arrays are differentiated; "
            f"make it float, or pass it as params={{{name!r}: ...}}"
        )
    # Numbers of the other byte order are the same numbers: cotangents come in the machine's own.
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def call(rule: Rule, args: tuple[Array, ...], params: Mapping[str, Any]) -> tuple[Any, Any]:
    """The rule at copies of its arguments.  Raises ContractError unless it returns ``(y, pullback)``."""
    with np.errstate(all="ignore"):
        answered = rule(*(a.copy() for a in args), **copied(params))
    if not (isinstance(answered, tuple) and len(answered) == 2 and callable(answered[1])):
        raise ContractError(f"{rule.name} returned {describe(answered)}: a rule returns (y, pullback)")
    return answered


def copied(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters whose arrays may be written into without harm."""
    return {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in params.items()}


def describe(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"


def cotangents(problem: Problem) -> tuple[Array, ...]:
    """The cotangents of the point, or ones drawn for it.  Raises ContractError where given ones do not fit."""
    if problem.point.dy is None:
        return tuple(draw_cotangent(problem.rng(f"dy{i}"), y) for i, y in enumerate(problem.y))
    found = as_tuple(problem.point.dy, problem.single)
    if len(found) != len(problem.y):
        raise ContractError(f"dy has {len(found)} entries, there are {len(problem.y)} outputs: pass one for each")
    if any(np.iscomplexobj(d) and not np.iscomplexobj(y) for d, y in zip(found, problem.y, strict=True)):
        raise ContractError("dy is complex, the output is real: pass a real cotangent")
    dys = tuple(np.asarray(d, dtype=y.dtype) for d, y in zip(found, problem.y, strict=True))
    for d, y in zip(dys, problem.y, strict=True):
        if d.shape != y.shape:
            raise ContractError(f"dy has shape {d.shape}, the output has {y.shape}: pass a cotangent of that shape")
    if not all(np.isfinite(d).all() for d in dys):
        raise ContractError("dy has entries that are not finite: pass finite numbers, or None to have them drawn")
    if any(d.size for d in dys) and not any(d.any() for d in dys):
        raise ContractError("dy is zero everywhere, which every linear pullback answers with zeros: pass another one")
    return dys


def given(dys: tuple[Array, ...], single: bool) -> Any:
    """Copies of cotangents as a pullback takes them: bare for a single output.  0-d ones stay arrays."""
    copies = tuple(d.copy() for d in dys)
    return copies[0] if single else copies


def answer(names: tuple[str, ...], args: tuple[Array, ...], answered: Any) -> tuple[Array, ...]:
    """A pullback's answer as a tuple of arrays.  Raises ContractError for a wrong count, None or objects."""
    found = answered if isinstance(answered, tuple | list) else (answered,)
    if len(found) != len(args):
        raise ContractError(
            f"the pullback returned {len(found)} cotangents, there are {len(args)} arguments: {', '.join(names)}"
        )
    for name, value in zip(names, found, strict=True):
        if value is None:
            raise ContractError(f"the cotangent of {name} is None: return an array of zeros where nothing flows")
    # Copies: what the next call writes into a buffer of the pullback's own must not change this answer.
    arrays = tuple(np.array(v) for v in found)
    for name, array in zip(names, arrays, strict=True):
        if array.dtype.kind not in "fciub":
            raise ContractError(f"the cotangent of {name} has dtype {array.dtype}: return floats")
    return arrays


def examine(problem: Problem) -> Iterator[Evidence]:
    """What the pullback does wrong whatever its numbers are: evidence against, one for each finding."""
    for message, argument in (*shapes(problem), *repeated(problem), *linearity(problem)):
        yield Evidence(
            "contract",
            "measured",
            "against",
            question="contract",
            argument=argument,
            detail=message,
            point=problem.point.name,
        )


def shapes(problem: Problem) -> Iterator[tuple[str, str]]:
    """Cotangents have their argument's shape and dtype; NaN appears only where the argument has it."""
    for name, arg, claimed in zip(problem.names, problem.args, problem.claimed, strict=True):
        if claimed.shape != arg.shape:
            axes = summed_axes(arg.shape, claimed.shape)
            hint = f": the sum over the broadcast {axes} is missing" if axes else ""
            yield f"the cotangent of {name} has shape {claimed.shape}, {name} has {arg.shape}{hint}", name
        elif claimed.dtype != arg.dtype and not (claimed.dtype.kind == "f" and claimed.size == 0):
            yield f"the cotangent of {name} has dtype {claimed.dtype}, {name} has {arg.dtype}", name
        elif np.isnan(claimed).any() and finite(problem):
            entry = tuple(int(i) for i in np.argwhere(np.isnan(claimed))[0])
            yield (
                f"the cotangent of {name} is NaN at {name}{list(entry)} = {arg[entry]:.6g}, where all else is finite",
                name,
            )


def finite(problem: Problem) -> bool:
    """Whether arguments, outputs and cotangents are all finite."""
    return all(np.isfinite(a).all() for a in (*problem.args, *problem.y, *problem.dy))


def summed_axes(shape: tuple[int, ...], claimed: tuple[int, ...]) -> str:
    """The axes over which a cotangent of an argument of that shape must be summed, in words; empty where none fit."""
    extra = len(claimed) - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, claimed[extra:], strict=True)):
        return ""
    kept = [i + extra for i, (n, m) in enumerate(zip(shape, claimed[extra:], strict=True)) if n != m]
    axes = [*range(extra), *kept]
    return f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"


def repeated(problem: Problem) -> Iterator[tuple[str, str | None]]:
    """Arguments, parameters and cotangents stay as they were, and a second call answers the same."""
    args = tuple(a.copy() for a in problem.args)
    params = copied(problem.params)
    arrays = {k: v for k, v in problem.params.items() if isinstance(v, np.ndarray)}
    with np.errstate(all="ignore"):
        y, pullback = problem.rule(*args, **params)
        yield from changed("the forward", problem.names, args, problem.args)
        yield from changed("the forward", arrays, [params[k] for k in arrays], arrays.values())
        ys = tuple(np.array(v) for v in as_tuple(y, problem.single))
        dy = given(problem.dy, problem.single)
        first = pullback(dy)
        dys = as_tuple(dy, problem.single)
        yield from changed("the pullback", ("dy",) * len(dys), dys, problem.dy)
        yield from changed("the pullback", problem.names, args, problem.args)
        yield from changed("the pullback", arrays, [params[k] for k in arrays], arrays.values())
        yield from changed("the pullback", ("y",) * len(ys), as_tuple(y, problem.single), ys)
        first = answer(problem.names, problem.args, first)
        second = answer(problem.names, problem.args, pullback(given(problem.dy, problem.single)))
    if not all(map(same, ys, problem.y)):
        yield "the rule called again at the same point gives another y: it is not deterministic", None
        return
    for name, a, b, c in zip(problem.names, first, second, problem.claimed, strict=True):
        if not same(a, b):
            yield f"a second call of the same pullback gives another d{name}: it keeps state", name
        elif not same(a, c):
            yield f"the rule called again at the same point gives another d{name}: it is not deterministic", name


def changed(
    who: str, names: Iterable[str], now: Iterable[Any], before: Iterable[Array]
) -> Iterator[tuple[str, str | None]]:
    """A finding for each array that is no longer what it was."""
    for name, a, b in zip(names, now, before, strict=True):
        if not same(np.asarray(a), b):
            yield (
                f"{who} changes {name}: work on a copy",
                name if who == "the pullback" and name not in ("dy", "y") else None,
            )


def same(a: Array, b: Array) -> bool:
    """Whether two arrays are equal to the bit, NaN included."""
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


def linearity(problem: Problem) -> Iterator[tuple[str, str]]:
    """A pullback is linear in dy: minus twice the cotangent gives minus twice the answer, zero gives zero.

    One that is declared not to be is held to what its declaration makes of dy, by the oracles.
    """
    if problem.rule.cotangent is not None:
        return
    for factor in (0.0, -2.0):
        with np.errstate(all="ignore"):
            _, pullback = call(problem.rule, problem.args, problem.params)
            dys = tuple(np.asarray(factor * d, dtype=d.dtype) for d in problem.dy)
            scaled = answer(problem.names, problem.args, pullback(given(dys, problem.single)))
        for k, (name, mine, base) in enumerate(zip(problem.names, scaled, problem.claimed, strict=True)):
            if mine.shape != base.shape or base.shape != problem.args[k].shape or not np.isfinite(base).all():
                continue
            epsilon = np.finfo(base.dtype).eps if base.dtype.kind in "fc" else 1.0
            # Scaling by a power of two is exact but for underflow, and for what rounds in sums of mixed terms.
            slack = 64 * epsilon * problem.scale(k, base) + np.finfo(float).tiny
            if bool(np.any(np.abs(mine - factor * base) > slack)):
                what = "dy = 0 does not give 0" if factor == 0.0 else "-2 dy does not give -2 times the answer"
                yield f"the pullback is not linear in dy: {what} for {name}", name
                return
