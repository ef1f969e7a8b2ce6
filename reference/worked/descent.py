"""Worked example 10: a line fitted by gradient descent; the learning rate above which it diverges, shown by runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import real
from gradcheck.graphs import Graph
from gradcheck.printed import claims
from gradcheck.rules import rule
from reference.arithmetic import add, multiply, square, subtract
from reference.reductions import mean
from reference.tape import Tape, Value, graph_of, taped

XS = ["1", "2", "3"]
TARGETS = ["2", "2", "5"]
# Least squares: w = 3/2, b = 0.
BEST = ("1.5", "0")


@rule(
    domain=dict(w=real(""), b=real(""), x=real("n"), target=real("n")),
    jax=lambda jax, w, b, x, target: jax.numpy.mean((w * x + b - target) ** 2) / 2,
    sympy=lambda sympy, w, b, x, target: np.sum((w * x + b - target) ** 2) / (2 * len(x)),
    source="Study notes N1",
    graph=lambda: cost_graph(1.0, 0.5),
)
@taped
def cost_of_line(tape: Tape, w: Value, b: Value, x: Value, target: Value) -> Value:
    """J = mean (w x + b - target)² / 2.  (), (), (n), (n) -> ()

    With r = w x + b - target: dJ/dw = mean r x, dJ/db = mean r.  The tape keeps every value on the way.
    """
    y = tape.name("y", tape.apply(add, tape.apply(multiply, w, x), b))
    r = tape.name("r", tape.apply(subtract, y, target))
    return tape.name(
        "J", tape.apply(multiply, tape.apply(mean, tape.apply(square, r)), tape.variable(np.array(0.5), "1/2"))
    )


def cost_graph(w: float, b: float) -> Graph:
    """With the data of the example."""
    return graph_of(cost_of_line, np.array(w), np.array(b), np.array(XS, float), np.array(TARGETS, float))


def run(rate: Any, steps: int, start: tuple[Any, Any], x: Any, target: Any) -> list[tuple[Any, Any]]:
    """w and b after each of so many steps of gradient descent, the start first."""
    w, b = start
    path = [(w, b)]
    for _ in range(steps):
        _, pullback = cost_of_line(w, b, x, target)
        dw, db, _, _ = pullback(np.ones_like(w))
        w, b = w - rate * dw, b - rate * db
        path.append((w, b))
    return path


def distance(point: tuple[Any, Any], best: Any) -> Any:
    """How far w and b are from the best line's."""
    return np.hypot(point[0] - best[0], point[1] - best[1])


def largest_curvature(x: Any) -> Any:
    """The largest eigenvalue of J's Hessian [[mean x², mean x], [mean x, 1]]."""
    a, b = np.mean(x**2), np.mean(x)
    return ((a + 1) + np.sqrt((a - 1) ** 2 + 4 * b**2)) / 2


def steepest(x: Any) -> tuple[Any, Any]:
    """A direction in which the Hessian has its largest eigenvalue."""
    return largest_curvature(x) - 1, np.mean(x)


def along(point: tuple[Any, Any], best: Any, x: Any) -> Any:
    """How far w and b are from the best line's in the steepest direction."""
    u, v = steepest(x)
    return (u * (point[0] - best[0]) + v * (point[1] - best[1])) / np.hypot(u, v)


def negligible(x: Any) -> Any:
    """Whether all numbers are 0 but for less than 1e-20."""
    return np.all(x**2 < 1e-40)


@claims(
    source="Study notes N1",
    at=dict(x=XS, target=TARGETS, best=BEST, slow="0.01", fast="0.3", shares=["0.95", "1", "1.05"]),
    printed={
        "gradient at the best line": [0, 0],
        "largest eigenvalue of the Hessian": "5.5465",
        "the rate at which it turns, 2 / that eigenvalue": "0.36059",
        "at 0.95 of that rate 60 steps come closer": True,
        "at 1.05 of that rate 60 steps go away": True,
        "at that rate the distance along the steepest direction stays": True,
        "at 1.5 / eigenvalue each step jumps across the valley": True,
        "at 0.5 / eigenvalue no step does": True,
        "at 1 / eigenvalue one step crosses the steepest direction": True,
        "share of the distance left after 60 steps at rate 0.01": "0.8672",
        "share of the distance left after 60 steps at rate 0.3": "0.1029",
    },
)
def learning_rate(x: Any, target: Any, best: Any, slow: Any, fast: Any, shares: Any) -> dict[str, Any]:
    """Too large a rate diverges, a large one oscillates, too small a one is slow; it turns at 2 / λmax.

    Along the steepest direction each step multiplies the distance by 1 - rate λmax.
    """
    top = largest_curvature(x)
    start = (best[0] + 1, best[1] - 1)
    _, pullback = cost_of_line(best[0], best[1], x, target)
    dw, db, _, _ = pullback(np.ones_like(best[0]))

    def ends(rate: Any, steps: int) -> Any:
        """The distance at the end over that at the start."""
        path = run(rate, steps, start, x, target)
        return distance(path[-1], best) / distance(path[0], best)

    def course(rate: Any, steps: int = 6) -> Any:
        """The distances along the steepest direction, step by step."""
        return np.stack([along(p, best, x) for p in run(rate, steps, start, x, target)])

    jumps, creeps, once, turning = (course(c / top) for c in (1.5, 0.5, 1.0, 2.0))
    below, turn, above = shares * 2 / top
    return {
        "gradient at the best line": np.stack([dw, db]),
        "largest eigenvalue of the Hessian": top,
        "the rate at which it turns, 2 / that eigenvalue": turn,
        "at 0.95 of that rate 60 steps come closer": ends(below, 60) < 1,
        "at 1.05 of that rate 60 steps go away": ends(above, 60) > 1,
        "at that rate the distance along the steepest direction stays": negligible(turning[1:] + turning[:-1]),
        "at 1.5 / eigenvalue each step jumps across the valley": np.all(jumps[1:] * jumps[:-1] < 0),
        "at 0.5 / eigenvalue no step does": np.all(creeps[1:] * creeps[:-1] > 0),
        "at 1 / eigenvalue one step crosses the steepest direction": negligible(once[1:]),
        "share of the distance left after 60 steps at rate 0.01": ends(slow, 60),
        "share of the distance left after 60 steps at rate 0.3": ends(fast, 60),
    }
