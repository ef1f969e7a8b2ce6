"""A rule called in floating point: what it and its pullback must return for there to be anything to examine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.floats import double, is_inexact
from gradcheck.problems import Problem, as_tuple, draw_cotangent
from gradcheck.results import Array, Point
from gradcheck.rules import Rule
from gradcheck.sides import blaming


class ContractError(ValueError):
    """A rule or pullback returned something that cannot be checked; the message says what and what is expected."""


def evaluate(rule: Rule, point: Point, *, seed: int, **options: Any) -> Problem:
    """The problem of a rule at a point: its outputs and claimed cotangents in floating point.

    Raises ContractError where it does not return what a rule returns, and whatever the rule itself raises.
    """
    names = rule.argument_names(len(point.args))
    args = tuple(as_argument(name, a) for name, a in zip(names, point.args, strict=True))
    with blaming("the forward"):
        y, pullback = call(rule, args, point.params)
    single = not isinstance(y, tuple)
    ys = tuple(np.asarray(unmasked("y", v)) for v in as_tuple(y, single))
    problem = Problem(rule, point, names, args, point.params, ys, (), (), single=single, seed=seed, **options)
    problem.dy = cotangents(problem)
    with blaming("the pullback"):
        answered = pullback(given(problem.dy, single))
    problem.claimed = answer(names, args, answered)
    return problem


def unmasked(name: str, value: Any) -> Any:
    """The value itself.  Raises ContractError for a masked array, whose mask would be lost on the way."""
    if isinstance(value, np.ma.MaskedArray):
        raise ContractError(
            f"{name} is a masked array, whose mask would be lost: pass {name}.filled(...) and the mask as a parameter"
        )
    return value


def given_array(name: str, value: Any) -> Array:
    """An argument as an array.  Raises ContractError for a masked array, and for a tensor, of which the rule has to know."""
    if type(value).__module__.partition(".")[0] == "torch":
        raise ContractError(
            f"argument {name} is a tensor, which the rule is not told to take: pass gradcheck.adapters.from_torch(...) of a "
            f"function of tensors, or {name}.numpy() to one of arrays"
        )
    return np.asarray(unmasked(f"argument {name}", value))


def as_argument(name: str, value: Any) -> Array:
    """A differentiated argument as an array.  Raises ContractError for integers, booleans and objects."""
    array = given_array(name, value)
    if not is_inexact(array.dtype):
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


def in_double(problem: Problem, args: tuple[Array, ...]) -> Problem | None:
    """The problem at other arguments, all in double precision; None where the rule does not go there."""
    args, dys = (tuple(map(double, group)) for group in (args, problem.dy))
    params = {
        k: double(v) if isinstance(v, np.ndarray) and is_inexact(v.dtype) else v for k, v in problem.params.items()
    }
    try:
        with np.errstate(all="ignore"):
            y, pullback = call(problem.rule, args, params)
            ys = tuple(np.asarray(v) for v in as_tuple(y, problem.single))
            claimed = answer(problem.names, args, pullback(given(dys, problem.single)))
    except Exception:  # the user's code, at a place that its author may not have thought of
        return None
    return replace(problem, args=args, params=params, dy=dys, y=ys, claimed=claimed)


def halved(problem: Problem) -> tuple[Array, ...]:
    """The arguments of a point beside: half of a point keeps signs, symmetry and definiteness."""
    return tuple(np.asarray(a * a.dtype.type(0.5)) for a in problem.args)


def copied(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters whose arrays may be written into without harm."""
    return {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in params.items()}


def describe(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def cotangents(problem: Problem) -> tuple[Array, ...]:
    """The cotangents of the point, or ones drawn for it.  Raises ContractError where given ones do not fit."""
    if problem.point.dy is None:
        return tuple(draw_cotangent(problem.rng(f"dy{i}"), y) for i, y in enumerate(problem.y))
    found = as_tuple(problem.point.dy, problem.single)
    if len(found) != len(problem.y):
        raise ContractError(f"dy has {len(found)} entries, there are {len(problem.y)} outputs: pass one for each")
    if any(np.iscomplexobj(d) and not np.iscomplexobj(y) for d, y in zip(found, problem.y, strict=True)):
        raise ContractError("dy is complex, the output is real: pass a real cotangent")
    try:
        dys = tuple(np.asarray(d, dtype=y.dtype) for d, y in zip(found, problem.y, strict=True))
    except (TypeError, ValueError) as error:
        raise ContractError(f"dy is {problem.point.dy!r}: pass an array of numbers of the output's shape") from error
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
    arrays = tuple(np.array(unmasked(f"the cotangent of {n}", v)) for n, v in zip(names, found, strict=True))
    for name, array in zip(names, arrays, strict=True):
        if array.dtype.kind not in "iub" and not is_inexact(array.dtype):
            raise ContractError(f"the cotangent of {name} has dtype {array.dtype}: return floats")
    return arrays
