"""Noise that shows at large steps only: a function that cancels is a staircase, smooth on every stair.

(1 - cos x) / x^2 at 2e-6 has relative jumps of 3e-5, a hundred-thousandth of x apart.  Between them it is smooth, with
a slope that has nothing to do with the function's.
"""

from __future__ import annotations

import numpy as np

from gradcheck.oracles.stencils import Estimate, Ladder
from gradcheck.results import Array

# A jump does not shrink with the interval around it; the last halvings must show that.
LAST, END = 8, 2.0**-44
# A step that stays on its stair.
STAIR = 2.0**-28
# Heuristics: jumps below this part of the value are noise, others belong to the function; so are jumps to one side only.
SMALL = 2.0**-7
ABOVE_NOISE = 8


def hidden_noise(ladder: Ladder, rows: Estimate, found: Estimate, weights: Array) -> Array:
    """The noise of each output, with that of jumps to both sides where large steps contradict small ones.

    rows: an estimate for each rung of the ladder; found: the chosen one.
    """
    if not ladder.here.size:
        return ladder.noise
    with np.errstate(invalid="ignore"):
        off = np.abs(rows.value - found.value) - rows.bar - found.bar
    off = np.where(np.isfinite(off), np.abs(weights) * off, -np.inf)
    place = int(off.max(0).argmax())
    wrong = np.flatnonzero(off[:, place] > 0)
    if not wrong.size:
        return ladder.noise
    step = ladder.step * 2.0 ** -int(wrong[0])
    size = min(jump(ladder, sign * step, place) for sign in (-1, 1))
    if not ABOVE_NOISE * ladder.noise[place] < size < SMALL * np.abs(ladder.here[place]):
        return ladder.noise
    # The other outputs that disagree are as rough for their size.
    rough = size / np.abs(ladder.here[place]) * np.abs(ladder.here)
    return np.where(off.max(0) > 0, np.fmax(ladder.noise, rough), ladder.noise)


def jump(ladder: Ladder, end: float, place: int) -> float:
    """The size of a jump of one output between 0 and `end`, by bisection; 0 where there is none."""
    # Without the slope of a stair, a stair could change more than the jump beside it.
    slope = (ladder.line(STAIR).y[place] - ladder.line(-STAIR).y[place]) / (2 * STAIR)
    slope = slope if np.isfinite(slope) else 0.0

    def residual(t: float) -> complex:
        return complex(ladder.line(t).y[place] - slope * t)

    a, b = 0.0, end
    at_a, at_b = complex(ladder.here[place]), residual(b)
    changes = [abs(at_b - at_a)]
    while abs(b - a) > max(END, 256 * float(np.max(ladder.epsilon))):
        middle = (a + b) / 2
        at_middle = residual(middle)
        if abs(at_middle - at_a) >= abs(at_b - at_middle):
            b, at_b = middle, at_middle
        else:
            a, at_a = middle, at_middle
        changes.append(abs(at_b - at_a))
    stays = len(changes) > LAST and changes[-1] > changes[-1 - LAST] / 2
    return changes[-1] if stays else 0.0
