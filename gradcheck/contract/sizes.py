"""Where code written for one example breaks: batches of one, axes of size 0, 0-d arrays, single precision."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.cases import Case
from gradcheck.contract.answers import shapes
from gradcheck.contract.calling import ContractError, evaluate, in_double
from gradcheck.contract.findings import Finding, gap, raises, refusal, remember, shapes_of
from gradcheck.domains import Draw, fill
from gradcheck.floats import double, epsilon
from gradcheck.problems import MissingData, Problem
from gradcheck.results import Array, Point
from gradcheck.rules import Rule
from gradcheck.sides import side_of

HALVES = {np.dtype(np.float64): np.float32, np.dtype(np.complex128): np.complex64}
# So much of the largest entry is beyond what float32 loses where neither the outputs nor the gradient, for inputs moved
# by a rounding, change by a small part of it.
WRONG, CALM = 1e-3, 1e-2


def in_single_precision(problem: Problem) -> Iterator[Finding]:
    """The same point in float32: cotangents keep that dtype, and are finite where all else is."""
    if not any(a.dtype in HALVES for a in problem.args):
        return
    args = tuple(halved(a) for a in problem.args)
    params = {k: halved(v) for k, v in problem.params.items()}
    yield from tried(problem, Point("float32", "float32", args, params), "in float32")


def halved(value: Any) -> Any:
    """Double precision as single; anything else as it is."""
    return value.astype(HALVES[value.dtype]) if isinstance(value, np.ndarray) and value.dtype in HALVES else value


def with_a_batch_of_one(problem: Problem) -> Iterator[Finding]:
    """The first of several examples alone, where the first axis of y is one of the arguments' too."""
    sizes = {y.shape[:1] for y in problem.y}
    n = sizes.pop()[0] if len(sizes) == 1 and () not in sizes else 0
    batched = [a.shape[:1] == (n,) for a in problem.args]
    if n < 2 or not any(batched):
        return
    args = tuple(a[:1].copy() if b else a for a, b in zip(problem.args, batched, strict=True))
    params = {k: v[:1] if isinstance(v, np.ndarray) and v.shape[:1] == (n,) else v for k, v in problem.params.items()}
    # Square matrices and the like have no first example: a forward that refuses, or gives other shapes, says nothing.
    yield from tried(problem, Point("batch1", "batch1", args, params), "for a batch of one", notes=False)


def tried(problem: Problem, point: Point, when: str, *, notes: bool = True) -> Iterator[Finding]:
    """What is wrong with the answers at a point beside the problem's own."""
    found = answered(problem.rule, point, problem.seed, when)
    if isinstance(found, str):
        if notes:
            remember(problem, found)
    elif isinstance(found, Finding):
        yield found
    else:
        # A forward that answers in double precision has chosen it, and its pullback follows.
        if point.role == "float32" and all(y.dtype == a.dtype for y, a in zip(found.y, problem.y, strict=False)):
            remember(problem, f"{when} the forward answers in {found.y[0].dtype} all the same")
            return
        misshapen = list(shapes(found))
        for message, argument in misshapen:
            yield Finding(f"{when} {message}", argument)
        if point.role == "float32" and not misshapen:
            yield from other_numbers(found, when)


def other_numbers(short: Problem, when: str) -> Iterator[Finding]:
    """Where a rule answers in float32 what it does not answer for the same numbers in float64."""
    moved = tuple(
        double(a) * (1 + epsilon(a.dtype) * short.rng(f"moved{k}").choice([-1.0, 1.0], a.shape))
        for k, a in enumerate(short.args)
    )
    long, beside = (in_double(short, args) for args in (short.args, moved))
    if (
        long is None
        or beside is None
        or [y.shape for y in long.y] != [y.shape for y in short.y]
        or any(distance(a, b) > WRONG * CALM for a, b in zip(short.y, long.y, strict=True))
    ):
        return
    for name, mine, true, near in zip(short.names, short.claimed, long.claimed, beside.claimed, strict=True):
        if distance(mine, true) > WRONG and distance(near, true) <= CALM * distance(mine, true):
            yield Finding(
                f"{when} d{name} is another than for the same numbers in float64{gap(f'd{name}', true, mine)}", name
            )


def distance(mine: Array, true: Array) -> float:
    """The largest difference of two arrays as a part of the largest entry; 0 where they are not finite."""
    if mine.shape != true.shape or not mine.size or not (np.isfinite(mine).all() and np.isfinite(true).all()):
        return 0.0
    off, largest = float(np.max(np.abs(mine - true))), float(np.max(np.abs(true)))
    return off / largest if largest else float(np.inf if off else 0.0)


def answered(rule: Rule, point: Point, seed: int, when: str) -> Problem | Finding | str:
    """The rule at a point; a finding where the pullback fails at it, a text where the forward does, which it may."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            # The mean of nothing warns, and is NaN as it should be.
            warnings.simplefilter("ignore", RuntimeWarning)
            return evaluate(rule, point, seed=seed)
    except ContractError as error:
        return Finding(f"{when} {error}")
    except Exception as error:
        return (
            raises(error, when) if side_of(error) == "the pullback" else f"the forward raises {when}: {refusal(error)}"
        )


class Edge(Draw):
    """A point at which every letter stands for the same size, and groups of axes are empty where that is None."""

    def __init__(self, name: str, length: int | None, seed: int) -> None:
        super().__init__(name, role="edge", seed=seed)
        self.length = length

    def size(self, letter: str) -> int:
        return int(letter) if letter.isdigit() else 1 if self.length is None else self.length

    def _group(self, letter: str) -> list[int]:
        return [] if self.length is None else [self.length]


EDGES: Mapping[str, int | None] = {"for axes of size 1": 1, "for axes of size 0": 0, "for 0-d arrays": None}


def at_edges(case: Case, seed: int) -> Iterator[tuple[Finding | None, str]]:
    """A finding, or a note, for each edge of a case's domain that can be drawn."""
    seen: set[str] = set()
    for when, length in EDGES.items():
        try:
            values = fill(Edge(f"{case.name}/{when}", length, seed), case.domain)
            args, params = case.split(values)
            args = tuple(np.asarray(a) for a in args)
        except MissingData:
            raise
        except Exception:
            # A domain that makes no value of that size asks nothing of the rule there.
            continue
        if not fits(length, args) or str(shapes_of(("",) * len(args), args)) in seen:
            continue
        seen.add(str(shapes_of(("",) * len(args), args)))
        names = case.rule.argument_names(len(args))
        exactly = f"{when} ({shapes_of(names, args)})"
        found = answered(case.rule, Point("edge", "edge", args, params), seed, exactly)
        if isinstance(found, str):
            yield None, found
        elif isinstance(found, Finding):
            yield found, ""
        else:
            for message, argument in shapes(found):
                yield Finding(f"{exactly} {message}", argument), ""


def fits(length: int | None, args: tuple[Array, ...]) -> bool:
    """Whether any argument took the size that was asked for."""
    return any(a.ndim == 0 if length is None else length in a.shape for a in args)
