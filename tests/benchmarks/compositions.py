"""Random compositions of NumPy's ufuncs: functions of three variables that nobody has chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

DEPTH = 5
# Text with holes: `a` and `b` are subexpressions.
SMOOTH = {
    1: (
        *("np.sin(a)", "np.cos(a)", "np.tanh(a)", "np.exp(-a * a)", "np.arctan(a)", "np.sqrt(1 + a * a)"),
        *("np.log1p(a * a)", "np.arcsinh(a)", "np.logaddexp(a, 0.0)", "np.square(a)", "np.expm1(np.tanh(a))", "-a"),
        *("1 / (2 + np.sin(a))", "np.hypot(a, 1.0)", "np.exp(np.sin(a))", "a ** 3"),
    ),
    2: ("a + b", "a - b", "a * b", "a / (1 + b * b)", "np.hypot(a, 1 + b * b)", "np.logaddexp(a, b)"),
}
KINKED = {
    1: ("np.abs(a)", "np.maximum(a, 0.25)", "np.minimum(a, 1.5)", "np.sqrt(np.abs(a))", "np.log(np.abs(a))"),
    2: ("np.maximum(a, b)", "np.minimum(a, b)", "a / b", "np.arctan2(a, b)"),
}
LEAVES = ("x[0]", "x[1]", "x[2]", "x[0]", "x[1]", "x[2]", "0.5", "2.0", "-1.25", "3.0")


def composition(rng: np.random.Generator) -> tuple[str, Callable[[Any], Any], bool]:
    """A random expression as text and as a function of x (3,), and whether it is smooth; every second is, on average."""
    smooth = bool(rng.integers(2))
    choices = {n: SMOOTH[n] if smooth else SMOOTH[n] + KINKED[n] for n in (1, 2)}
    while True:
        text = tree(rng, choices, DEPTH)
        if "x[" in text:
            kinked = any(name in text for name in ("abs", "maximum", "minimum", "arctan2", ") / ("))
            return text, eval(f"lambda x: {text}", {"np": np}), not (kinked and not smooth)


def tree(rng: np.random.Generator, choices: dict[int, tuple[str, ...]], depth: int) -> str:
    """An expression of at most that depth, and of at least two levels."""
    if depth == 0 or (depth < DEPTH - 1 and rng.random() < 0.1):
        return str(rng.choice(LEAVES))
    pattern = str(rng.choice(choices[int(rng.integers(1, 3))]))
    parts = {"a": tree(rng, choices, depth - 1), "b": tree(rng, choices, depth - 1)}
    return "(" + "".join(f"({parts[c]})" if c in parts and lone(pattern, i) else c for i, c in enumerate(pattern)) + ")"


def lone(pattern: str, i: int) -> bool:
    """Whether the letter there is a word of its own."""
    return not any(0 <= j < len(pattern) and (pattern[j].isalnum() or pattern[j] in "._") for j in (i - 1, i + 1))
