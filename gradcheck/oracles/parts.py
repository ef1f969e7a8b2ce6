"""Entries of complex arguments: each is two directions, 1 and i, and one complex number to the reader.

The slope of Re(sum(dy * y)) along v is Re(g v), so that along 1 it is Re g and along i it is -Im g.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradcheck.results import Array, Stance

if TYPE_CHECKING:
    from gradcheck.oracles.residuals import Residual

# How each argument moves; None: it stays.
Direction = tuple[Array | None, ...]


def phases(array: Array) -> tuple[complex, ...]:
    """The directions in which one entry of an argument moves."""
    return (1.0, 1j) if np.iscomplexobj(array) else (1.0,)


def phased_signs(rng: np.random.Generator, array: Array) -> list[Array]:
    """Random signs; for complex entries random phases, and then i times these.

    An error in one entry is at right angles to one of two such directions at most.
    """
    signs = rng.choice([1, -1, 1j, -1j] if np.iscomplexobj(array) else [-1.0, 1.0], array.shape)
    return [signs * phase for phase in phases(array)]


@dataclass(frozen=True)
class Entry:
    """The residuals of one entry along its directions, taken for one number."""

    parts: tuple[Residual, ...]

    @property
    def stance(self) -> Stance:
        stances = {p.stance for p in self.parts}
        return "against" if "against" in stances else "undecided" if "undecided" in stances else "for"

    @property
    def kink(self) -> bool:
        return any(p.kink for p in self.parts)

    @property
    def scale(self) -> float:
        return self.parts[0].scale

    @property
    def bound(self) -> float:
        return max(p.bound for p in self.parts)

    @property
    def claimed(self) -> float | complex:
        """The claimed gradient."""
        return joined([nearest(p.claimed) for p in self.parts])

    @property
    def true(self) -> float | complex:
        """The certified gradient."""
        return joined([nearest(p.true) for p in self.parts])

    @property
    def bar(self) -> float:
        return max(float(p.true.rad()) if p.true.is_finite() else np.inf for p in self.parts)

    @property
    def discrepancy(self) -> float:
        return max(abs(float(p.value.mid())) if p.value.is_finite() else np.inf for p in self.parts)


def nearest(ball: object) -> float:
    """The midpoint of a ball; NaN where it is not finite."""
    return float(ball.mid()) if ball.is_finite() else np.nan  # type: ignore[attr-defined]


def joined(slopes: list[float]) -> float | complex:
    """The gradient whose slopes along 1 (and i) these are."""
    return slopes[0] if len(slopes) == 1 else complex(slopes[0], -slopes[1])
