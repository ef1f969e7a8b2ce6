"""Points beside a kink: what slopes they have is between the ends of what a gradient at the kink may be (Clarke 1983).

At three equal entries their median moves with none of them, and yet with all together: what is between one-sided slopes
is nothing there, and everybody's gradient is that of a point beside.
"""

from __future__ import annotations

import numpy as np

from gradcheck.problems import Problem
from gradcheck.results import Array

# So many points: entries in ascending and in descending order to either side, which is how code breaks ties, and at random.
BESIDE = 12


def moves(problem: Problem, turn: int) -> tuple[Array, ...]:
    """How each entry of each argument moves: by another whole number than all others, none of them 0."""
    order = np.arange(1.0, problem.size + 1)
    rng = problem.rng(f"beside{turn}")
    random = rng.permutation(order) * rng.choice([-1.0, 1.0], order.size)
    moved = dict(enumerate((order, -order, order[::-1], -order[::-1]))).get(turn, random)
    parts = np.split(moved, np.cumsum([a.size for a in problem.args])[:-1])
    shaped = (m.reshape(a.shape) for m, a in zip(parts, problem.args, strict=True))
    return tuple(m * (1 + 1j) if np.iscomplexobj(a) else m for m, a in zip(shaped, problem.args, strict=True))
