"""A rule at a point in ball arithmetic: what its formula claims, and the certified slope of its forward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from gradcheck.floats import is_inexact
from gradcheck.lifted.array import NotLiftable, lifted, objects
from gradcheck.lifted.balls import Balls, Exact, ExactComplex, NeedPrecision, balls_of, holds_complex, precision
from gradcheck.lifted.stand_in import lifting
from gradcheck.results import Array
from gradcheck.sides import blaming

# 113 bits are a quadruple's; every further step doubles.
BITS = (128, 256, 512, 1024)

T = TypeVar("T")


@dataclass(frozen=True)
class Claim:
    """What the rule's own code yields without rounding: outputs and cotangents as arrays of balls.

    longest: the most numbers that one sum adds up.
    """

    y: tuple[Array, ...]
    cotangents: tuple[Array, ...]
    operations: int
    inexact_constants: bool
    longest: int = 1


@dataclass(frozen=True)
class Slope:
    """The derivative of Re(sum(dy * y)) along a direction, as a ball, and how many ties were met on the way.

    rigorous: whether the ball is an enclosure; it is not where the slope is a limit that was looked at nearby.
    """

    total: Any
    outputs: tuple[Array, ...]
    ties: int
    operations: int
    inexact_constants: bool
    rigorous: bool = True


def with_enough_bits(compute: Callable[[int, bool], T], enough: Callable[[T], bool] = lambda result: True) -> T:
    """The result of ``compute(bits, final)`` at the lowest precision that decides its comparisons and is enough."""
    for bits in BITS:
        final = bits == BITS[-1]
        try:
            with precision(bits):
                result = compute(bits, final)
                if final or enough(result):
                    return result
        except NeedPrecision:
            continue
    raise AssertionError("the last precision decides everything")


def exact_params(system: Balls, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of the point, taken at their word: float arrays are lifted, floats marked as exact."""
    return {name: exact_param(system, value) for name, value in params.items()}


def exact_param(system: Balls, value: Any) -> Any:
    """One parameter, taken at its word."""
    if is_float_array(value) or is_ball_array(value):
        return system.exact(value)
    if isinstance(value, complex | np.complexfloating):
        return ExactComplex(value)
    return Exact(value) if isinstance(value, float | np.floating) else value


def is_float_array(value: Any) -> bool:
    """Whether a parameter is an array of floats or of complex numbers."""
    return isinstance(value, np.ndarray) and is_inexact(value.dtype)


def is_ball_array(value: Any) -> bool:
    """Whether a parameter is an array of balls already."""
    from flint import acb, arb

    balls = isinstance(value, np.ndarray) and value.dtype == object and value.size > 0
    return balls and isinstance(value.flat[0], arb | acb)


def claim(
    function: Callable[..., Any],
    args: tuple[Array, ...],
    params: Mapping[str, Any],
    dy: tuple[Array, ...],
    *,
    single: bool,
    final: bool = False,
    budget: int | None = None,
    literal: bool = False,
) -> Claim:
    """Run forward and pullback on exact numbers.  Raises NotLiftable, NeedPrecision, TooLarge."""
    system = Balls(final=final, budget=budget, literal=literal)
    with lifting(system) as rewrite:
        with blaming("the forward"):
            y, pullback = rewrite(function)(*(system.exact(a) for a in args), **exact_params(system, params))
        ys = (y,) if single else tuple(y)
        dys = tuple(system.exact(d) for d in dy)
        with blaming("the pullback"):
            cotangents = pullback(dys[0] if single else dys)
        if not isinstance(cotangents, tuple | list):
            cotangents = (cotangents,)
        found = tuple(whole(system, g, a.shape) for g, a in zip(cotangents, args, strict=True))
        outputs = tuple(lifted(system, v).value for v in ys)
    return Claim(outputs, found, system.operations, system.inexact_constants, system.longest)


class Claims:
    """What a rule's formula claims at one point, evaluated once at each precision that somebody needs."""

    def __init__(self, compute: Callable[[bool], Claim]) -> None:
        self._compute = compute
        self._found: dict[int, Claim] = {}
        self.first = with_enough_bits(self.at)

    def at(self, bits: int, final: bool) -> Claim:
        """The claim at a precision.  Raises as `claim` does."""
        if bits not in self._found:
            self._found[bits] = self._compute(final)
        return self._found[bits]


def whole(system: Balls, cotangent: Any, shape: tuple[int, ...]) -> Array:
    """A cotangent's balls.  Raises NotLiftable where it has another shape than in floating point."""
    value = lifted(system, 0.0 if cotangent is None else cotangent).value
    if value.shape != shape:
        raise NotLiftable(f"a cotangent has shape {value.shape} in exact arithmetic, its argument has {shape}")
    return value


def slope(
    function: Callable[..., Any],
    args: tuple[Array, ...],
    params: Mapping[str, Any],
    dy: tuple[Array, ...],
    direction: tuple[Array | None, ...],
    *,
    single: bool,
    final: bool = False,
    literal: bool = False,
) -> Slope:
    """The certified derivative of Re(sum(dy * y)) along a direction (None: an argument that stays).

    Nothing is conjugated: complex numbers are paired as in JAX.
    Raises NotLiftable, NeedPrecision.
    """
    found, lost = passed(function, args, params, dy, direction, single=single, final=final, literal=literal)
    if not lost:
        return found
    # 0 times infinity, as in the norm of zeros: the slope is the limit of those beside the point, perhaps at a kink.
    aside = tuple(a if v is None else a + step(v) for a, v in zip(map(balls_of, args), direction, strict=True))
    beside, _ = passed(function, aside, params, dy, direction, single=single, final=final, literal=literal)
    outputs = tuple(objects(blurred(o)) for o in beside.outputs)
    return replace(beside, total=blurred(beside.total), outputs=outputs, ties=beside.ties + 1, rigorous=False)


# How far beside a point its slope is looked at, and how far it may then be from that at the point: heuristics.
ASIDE, BLUR = -200, -100


def step(direction: Array) -> Array:
    """A very short way along a direction, in balls."""
    from flint import arb

    return np.asarray(balls_of(direction) * arb(2) ** ASIDE, dtype=object).reshape(direction.shape)


def blurred(balls: Any) -> Any:
    """Balls with the radius that the step aside leaves open."""
    from flint import acb, arb

    def blur(x: Any) -> Any:
        open_ = arb(0, float((abs(x) + 1).mid()) * 2.0**BLUR)
        return x + (acb(open_, open_) if isinstance(x, acb) else open_)

    return np.frompyfunc(blur, 1, 1)(balls)


def passed(
    function: Callable[..., Any],
    args: tuple[Array, ...],
    params: Mapping[str, Any],
    dy: tuple[Array, ...],
    direction: tuple[Array | None, ...],
    *,
    single: bool,
    final: bool,
    literal: bool,
) -> tuple[Slope, int]:
    """The slope that one forward pass with tangents gives, and how often 0 met an infinite derivative on the way."""
    system = Balls(final=final, tangents=True, literal=literal)
    with lifting(system) as rewrite:
        moving = (system.exact(a, v) for a, v in zip(args, direction, strict=True))
        y = rewrite(function)(*moving, **exact_params(system, params))[0]
        ys = tuple(lifted(system, v).materialise() for v in ((y,) if single else y))
    outputs = tuple(objects(v.companion) for v in ys)
    total = sum((dot(d, o) for d, o in zip(dy, outputs, strict=True)), dot(np.zeros(0), np.zeros(0)))
    return Slope(total, outputs, system.ties, system.operations, system.inexact_constants), system.lost


def dot(weights: Array, balls: Array) -> Any:
    """The real part of the sum of float or complex weights (taken at their word) times balls."""
    from flint import arb, arb_mat

    on = np.flatnonzero(weights)
    if not on.size:
        return arb(0)
    factors, terms = balls_of(weights.ravel()[on]), balls.ravel()[on]
    if holds_complex(factors) or holds_complex(terms):
        return sum(((w * b).real for w, b in zip(factors, terms, strict=True)), arb(0))
    return (arb_mat(1, on.size, factors.tolist()) * arb_mat(on.size, 1, terms.tolist()))[0, 0]
