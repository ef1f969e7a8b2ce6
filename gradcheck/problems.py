"""A rule at a point, evaluated in floating point: what every oracle is given to examine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.domains import seed_of
from gradcheck.floats import wide
from gradcheck.results import Array, Point
from gradcheck.rules import Rule

# A million parameters of a perceptron fit, in about 10 s.
DEFAULT_BUDGET = 200_000_000


class MissingData(Exception):
    """A domain needs a data set that is not installed; the message says how to get it.  The case is not run."""


@dataclass
class Problem:
    """One rule at one point.  `y` and `dy` are tuples, one entry for each output; `claimed` one for each argument.

    room: how far each entry may move; free: whether the entries of an argument may be moved each on its own.
    """

    rule: Rule
    point: Point
    names: tuple[str, ...]
    args: tuple[Array, ...]
    params: Mapping[str, Any]
    y: tuple[Array, ...]
    dy: tuple[Array, ...]
    claimed: tuple[Array, ...]
    single: bool = True
    room: tuple[Array | None, ...] = ()
    free: tuple[bool, ...] = ()
    budget: int = DEFAULT_BUDGET
    seed: int = 0
    asked: bool = False
    # Found on the way by oracles, for those after them.
    kink: bool = False
    tied: bool = False
    limit: bool = False
    true: tuple[Array, ...] | None = None
    extras: dict[str, Any] = field(default_factory=dict)
    # Certified slopes of the forward by direction and precision; problems of one forward and point may share them.
    slopes: dict[Any, Any] = field(default_factory=dict)

    def rng(self, purpose: str) -> np.random.Generator:
        """A generator seeded by names: rule, point and purpose."""
        return np.random.default_rng(seed_of(f"{self.rule.name}/{self.point.name}/{purpose}", self.seed))

    def forward(self, *args: Any) -> tuple[Array, ...]:
        """The forward function alone, in floating point, as a tuple of outputs."""
        return as_tuple(self.primal(*args, **self.params)[0], self.single)

    @property
    def primal(self) -> Callable[..., Any]:
        """The rule whose forward the pullback claims to differentiate: the surrogate where one is declared."""
        if self.rule.surrogate is None:
            return self.rule.function
        surrogate = self.rule.surrogate
        return lambda *args, **params: (surrogate(*args, **params), None)

    @property
    def pulled(self) -> tuple[Array, ...]:
        """The cotangents whose pullback is claimed: `dy`, or what the rule says that its pullback makes of it."""
        changed = self.rule.cotangent
        return self.dy if changed is None else as_tuple(changed(*self.dy, **self.params), self.single)

    @property
    def size(self) -> int:
        """The number of input entries."""
        return sum(a.size for a in self.args)

    def scale(self, argument: int, gradient: Array) -> Array:
        """The scale of each entry of a cotangent: the larger of it and |dy·y| / |x| (design, section 5)."""
        with np.errstate(all="ignore"):
            pairs = zip(map(wide, self.dy), map(wide, self.y), strict=True)
            output = sum(float(np.sum(np.abs(d * y), where=d != 0)) for d, y in pairs)
            argument_ = wide(self.args[argument])
            unit = output / np.maximum(np.abs(argument_), np.finfo(float).tiny)
            # An argument at 0 has no size of its own: its neighbours' stands in.
            typical = np.max(np.abs(argument_), initial=0.0) or 1.0
            unit = np.minimum(unit, output / (typical * 1e-3))
        return np.asarray(np.maximum(np.abs(wide(gradient)), np.where(np.isfinite(unit), unit, 0.0)))


def as_tuple(value: Any, single: bool) -> tuple[Any, ...]:
    """Outputs as a tuple: a rule with one output gives it bare."""
    return (value,) if single else tuple(value)


def draw_cotangent(rng: np.random.Generator, y: Array) -> Array:
    """A cotangent for `y`: both signs, different sizes, never ones, short decimals."""
    size = np.round(2.0 ** rng.uniform(-2, 2, y.shape), 3)
    dy = rng.choice([-1.0, 1.0], y.shape) * size
    if np.iscomplexobj(y):
        dy = dy + 1j * rng.choice([-1.0, 1.0], y.shape) * np.round(2.0 ** rng.uniform(-2, 2, y.shape), 3)
    return np.asarray(dy, dtype=y.dtype)
