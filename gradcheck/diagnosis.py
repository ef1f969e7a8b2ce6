"""What went wrong, in one sentence: known mistakes are tried on the true gradient until one gives the claimed one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from gradcheck.problems import Problem
from gradcheck.results import Array, Evidence

# A correction explains a claim when it gives it to within rounding.
CLOSE = 1e-9


def diagnose(problem: Problem, evidence: list[Evidence]) -> str | None:
    """The most plausible mistake behind evidence against a pullback; None where nothing fits everything."""
    contract = [e.detail for e in evidence if e.stance == "against" and e.question == "contract"]
    if contract:
        return sentence(contract[0] + shape_hint(problem))
    formula = [e for e in evidence if e.stance == "against" and e.question == "formula"]
    if formula:
        return sentence(formula_mistake(problem, formula))
    accuracy = next((e for e in evidence if e.stance == "against" and e.question == "accuracy"), None)
    if accuracy is not None:
        return sentence(
            f"the formula is right, its evaluation loses digits: {accuracy.detail}{at_input(problem, accuracy)}"
        )
    return None


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def shape_hint(problem: Problem) -> str:
    """Whether a cotangent of the wrong shape is the transpose of a right one, or lacks a sum."""
    for k, name in enumerate(problem.names):
        arg, claimed = problem.args[k], problem.claimed[k]
        if claimed.shape != arg.shape and claimed.size == arg.size and claimed.shape == arg.shape[::-1]:
            return f"; your d{name} looks transposed"
    return ""


def formula_mistake(problem: Problem, evidence: list[Evidence]) -> str:
    """The mistake in the first wrong argument, followed by the entry that shows it."""
    wrong = [e.argument for e in evidence if e.argument is not None]
    shown = entry_text(evidence[0])
    if problem.true is None:
        only = evidence[0].detail == "the only wrong entry"
        return f"your d{evidence[0].argument} is wrong in a single entry: {shown}" if only else f"wrong at {shown}"
    if len(problem.args) == 2 and swapped(problem):
        return f"the cotangents of {problem.names[0]} and {problem.names[1]} are exchanged: {shown}"
    name = wrong[0] if wrong else problem.names[0]
    k = problem.names.index(name)
    mistake = explain(problem, k)
    return f"your d{name} {mistake}: {shown}" if mistake else f"wrong at {shown}"


def entry_text(e: Evidence) -> str:
    """``dw[2, 3]: yours 0.5, true 0.25 (certified by exact)``."""
    where = e.where or "the gradient along the tested direction"
    yours, true = apart(e.claimed, e.value)
    return f"{where}: yours {yours}, true {true} ({e.kind} by {e.oracle})"


def apart(a: float | complex | None, b: float | complex | None) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart, at least 6."""
    if a is None or b is None:
        return ("?" if a is None else f"{a:.6g}", "?" if b is None else f"{b:.6g}")
    digits = next((d for d in range(6, 17) if f"{a:.{d}g}" != f"{b:.{d}g}"), 17)
    return f"{a:.{digits}g}", f"{b:.{digits}g}"


def at_input(problem: Problem, e: Evidence) -> str:
    """The input entry at which digits are lost."""
    if e.argument not in problem.names or not e.entry:
        return ""
    value = problem.args[problem.names.index(e.argument)]
    return f", at {e.argument}{list(e.entry)} = {value[e.entry]:.6g}" if len(e.entry) == value.ndim else ""


def explain(problem: Problem, k: int) -> str | None:
    """The first mistake that turns the true cotangent of argument `k` into the claimed one."""
    assert problem.true is not None
    mine, true = problem.claimed[k], problem.true[k]
    if mine.shape != true.shape or not np.isfinite(true).all() or not np.isfinite(mine).all():
        return None
    return next((text for text in (try_(problem, k, mine, true) for try_ in MISTAKES) if text), None)


def close(a: Array, b: Array) -> bool:
    """Whether two gradients are equal but for rounding, entry by entry."""
    scale = np.maximum(np.abs(a), np.abs(b))
    return bool(np.all(np.abs(a - b) <= CLOSE * np.maximum(scale, np.max(scale, initial=0.0) * 1e-3)))


def zero(problem: Problem, k: int, mine: Array, true: Array) -> str | None:
    """All zero where the true gradient is not."""
    return "is zero" if not mine.any() and true.any() else None


def factor(problem: Problem, k: int, mine: Array, true: Array) -> str | None:
    """A constant factor, named where it is a sign, a simple fraction, a size of the problem or its root."""
    at = np.unravel_index(int(np.argmax(np.abs(true))), true.shape)
    if true.size == 0 or true[at] == 0:
        return None
    ratio = mine[at] / true[at]
    if abs(ratio - 1) < CLOSE:
        return None
    return f"is {factor_name(problem, ratio)} the right value" if close(mine, ratio * true) else None


def factor_name(problem: Problem, ratio: complex) -> str:
    """``minus``, ``twice``, ``1/2 of``, ``3 (the size of axis 0 of x) times``, or the number."""
    if abs(ratio + 1) < CLOSE:
        return "minus"
    if abs(ratio - 2) < CLOSE:
        return "twice"
    for size, text in sizes(problem):
        for value, form in ((size, "{}"), (1 / size, "1/{}"), (math.sqrt(size), "√{}"), (1 / math.sqrt(size), "1/√{}")):
            if abs(ratio / value - 1) < CLOSE:
                return f"{form.format(size)} ({text}) times"
    fraction = Fraction(float(np.real(ratio))).limit_denominator(64)
    return f"{fraction} times" if abs(fraction - ratio) < CLOSE * abs(ratio) else f"{ratio:.6g} times"


def sizes(problem: Problem) -> Iterator[tuple[int, str]]:
    """The sizes of axes above 2, in words."""
    for name, arg in zip(problem.names, problem.args, strict=True):
        for axis, n in enumerate(arg.shape):
            if n > 2:
                yield n, f"the size of axis {axis} of {name}"
        if arg.size > 2 and arg.ndim > 1:
            yield arg.size, f"the size of {name}"


def rearranged(problem: Problem, k: int, mine: Array, true: Array) -> str | None:
    """Transposed, with permuted axes, reversed or shifted."""
    for axes in itertools.permutations(range(true.ndim)):
        if (
            axes != tuple(range(true.ndim))
            and true.transpose(axes).shape == mine.shape
            and close(mine, true.transpose(axes))
        ):
            return "is the transpose of the right value" if true.ndim == 2 else f"has its axes permuted by {axes}"
    for axis in range(true.ndim):
        if close(mine, np.flip(true, axis)) and not close(mine, true):
            return f"is reversed along axis {axis}"
        for shift in (1, -1):
            if close(mine, np.roll(true, shift, axis)) and not close(mine, true):
                return f"is shifted by {shift} along axis {axis}"
    both = np.flip(true)
    return "is reversed along every axis" if true.ndim > 1 and close(mine, both) else None


def one_entry(problem: Problem, k: int, mine: Array, true: Array) -> str | None:
    """Right but for one entry."""
    wrong = wrong_entries(mine, true)
    return "is wrong in a single entry" if wrong.sum() == 1 and true.size > 2 else None


def region(problem: Problem, k: int, mine: Array, true: Array) -> str | None:
    """Wrong exactly where the argument is positive, negative, zero or large; and how."""
    x = problem.args[k]
    wrong = wrong_entries(mine, true)
    if wrong.all() or not wrong.any() or np.iscomplexobj(x):
        return None
    for text, inside in (("< 0", x < 0), ("> 0", x > 0), ("= 0", x == 0)):
        if np.array_equal(wrong, inside) and inside.any():
            how = "zero" if not mine[wrong].any() else "wrong"
            return f"is right elsewhere but {how} for {problem.names[k]} {text}"
    threshold = np.min(np.abs(x)[wrong])
    if wrong.sum() > 1 and np.array_equal(wrong, np.abs(x) >= threshold):
        return f"is right for small |{problem.names[k]}| and wrong from {threshold:.3g} on"
    return None


def wrong_entries(mine: Array, true: Array) -> Array:
    """Where two gradients differ by more than rounding, as booleans."""
    size = np.maximum(np.abs(mine), np.abs(true))
    return np.asarray(np.abs(mine - true) > 1e-7 * np.maximum(size, 1e-3 * np.max(size, initial=0.0)))


def not_dy(problem: Problem, k: int, mine: Array, true: Array) -> str | None:
    """The answer for a cotangent of ones: dy is not used."""
    same = answer_to(problem, k, np.ones_like)
    return "does not depend on dy" if close(same, mine) and mine.any() else None


def answer_to(problem: Problem, k: int, change: Callable[[Array], Array]) -> Array:
    """What the pullback answers for argument `k` to another cotangent."""
    from gradcheck.contract import answer, call, given

    dys = tuple(change(d) for d in problem.dy)
    _, pullback = call(problem.rule, problem.args, problem.params)
    return answer(problem.names, problem.args, pullback(given(dys, problem.single)))[k]


def offset(problem: Problem, k: int, mine: Array, true: Array) -> str | None:
    """A missing or extra term that is constant along an axis, as a forgotten mean or sum."""
    gap = mine - true
    for axis in range(gap.ndim):
        if gap.shape[axis] > 1 and close(gap, np.broadcast_to(gap.mean(axis, keepdims=True), gap.shape)):
            return f"lacks a term that is the same along axis {axis} (a mean or sum over it)"
    return None


def swapped(problem: Problem) -> bool:
    """Whether the first two cotangents are each other's."""
    assert problem.true is not None
    (a, b), (p, q) = problem.claimed[:2], problem.true[:2]
    return (
        a.shape == q.shape
        and b.shape == p.shape
        and close(a, q)
        and close(b, p)
        and not (p.shape == q.shape and close(p, q))
    )


def conjugated(problem: Problem, k: int, mine: Array, true: Array) -> str | None:
    """The conjugate of the right value, or of the right value for the conjugate of dy: the convention of torch."""
    if not np.iscomplexobj(mine) or not np.iscomplexobj(true):
        return None
    if close(mine, np.conj(true)):
        return "is the conjugate of the right value: here, as in JAX, nothing is conjugated"
    if close(np.conj(answer_to(problem, k, np.conj)), true):
        return "follows torch's convention: here, as in JAX, the cotangent of f is dy f'(z) without a conjugate"
    return None


def one_part(problem: Problem, k: int, mine: Array, true: Array) -> str | None:
    """Right in one part and zero in the other."""
    if not np.iscomplexobj(true):
        return None
    parts = {"real": true.real, "imaginary": 1j * true.imag}
    return next((f"lacks all but its {name} part" for name, part in parts.items() if close(mine, part)), None)


MISTAKES: tuple[Callable[[Problem, int, Array, Array], str | None], ...] = (
    zero,
    not_dy,
    one_entry,
    factor,
    rearranged,
    region,
    offset,
    conjugated,
    one_part,
)
