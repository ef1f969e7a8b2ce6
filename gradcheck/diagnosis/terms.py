"""A missing or extra term: which of the rule's own intermediate quantities the difference is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake, close
from gradcheck.results import Array

# Coefficients that people write.
COEFFICIENTS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 0.1, -0.1, 0.01, -0.01, 1e-3, -1e-3)
# What parameters that are an axis are called.
AXES = ("axis", "dim")
# Names that take part in products and sums.
NAMES = 14

Term = Callable[[Look], Array | None]


def missing_term(look: Look, k: int) -> Iterator[Mistake]:
    """The terms that the difference from the truth is a simple multiple of, the shortest first."""
    mine, true = look.claimed[k], look.true[k]
    if mine.shape != true.shape or not true.size or np.iscomplexobj(true):
        return
    gap = mine - true
    at = np.unravel_index(int(np.argmax(np.abs(gap))), gap.shape)
    for text, term in terms(look):
        value = term(look)
        fitted = None if value is None else fit(value, gap.shape)
        if fitted is None or not np.isfinite(fitted).all() or fitted[at] == 0:
            continue
        coefficient = coefficient_of(float(gap[at] / fitted[at]))
        if coefficient is not None and close(gap, coefficient * fitted):
            yield Mistake(f"lacks the term {signed(-coefficient, text)}", adding(term, coefficient))
    yield from constant_along(look, gap)


def quantity(look: Look, k: int) -> Iterator[Mistake]:
    """The cotangent is an argument or an output as it stands."""
    for j, name in enumerate(look.names):
        text = "is the argument itself" if j == k else f"is {name} as it stands"
        yield Mistake(text, partial(lambda look, k, j: look.args[j], j=j))
    yield Mistake("is y as it stands", lambda look, k: look.y[0])


def coefficient_of(ratio: float) -> float | None:
    """The simple coefficient that a ratio is, if it is one."""
    return next((c for c in COEFFICIENTS if abs(ratio / c - 1) < 1e-9), None)


def signed(coefficient: float, text: str) -> str:
    """``-2 * dy``."""
    if abs(coefficient) == 1:
        return text if coefficient > 0 else f"-{text}"
    return f"{coefficient:g} * {text}"


def adding(term: Term, coefficient: float) -> Callable[[Look, int], Array | None]:
    """The truth plus a multiple of a term."""

    def apply(look: Look, k: int) -> Array | None:
        value = term(look)
        fitted = None if value is None else fit(value, look.true[k].shape)
        return None if fitted is None else look.true[k] + coefficient * fitted

    return apply


def fit(value: Array, shape: tuple[int, ...]) -> Array | None:
    """The value broadcast to a shape, if it can be."""
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        return None


def terms(look: Look) -> Iterator[tuple[str, Term]]:
    """Products of the rule's quantities with dy, and of these with sums and means over an axis."""
    claims = [np.asarray(c) for c in look.claimed]
    names = [
        n for n, v in look.vocabulary.items() if v.dtype.kind == "f" and (n in known(look) or not among(v, claims))
    ]
    names = names[:NAMES]
    for a in names:
        yield a, named(a)
    for a in names:
        for b in names:
            if a <= b:
                yield f"{a} * {b}", product(named(a), named(b))
    dys = [n for n in names if n.startswith("dy")]
    inner = [(d, named(d)) for d in dys]
    inner += [(f"{d} * {a}", product(named(d), named(a))) for d in dys for a in names if a not in dys]
    inner += [(a, named(a)) for a in names if a not in dys]
    rank = max((v.ndim for v in look.vocabulary.values()), default=0)
    axes: list[int | str | None] = [n for n in AXES if n in look.problem.params]
    axes += [*range(rank - 1, -1, -1), None]
    for text, of in inner:
        for axis in axes:
            for word, reduce in (("mean", np.mean), ("sum", np.sum)):
                where = "" if axis is None else f", {axis}" if isinstance(axis, str) else f", axis={axis}"
                reduced = over(of, axis, reduce)
                yield f"{word}({text}{where})", reduced
                for a in names:
                    if a not in dys:
                        yield from quotients(a, text, f"{word}({text}{where})", reduced, names)
                        yield f"{a} * {word}({text}{where})", product(named(a), reduced)


def known(look: Look) -> set[str]:
    """The names that are the caller's rather than the rule's own."""
    return {"y", "dy", *look.names}


def among(value: Array, claims: list[Array]) -> bool:
    """Whether a quantity is the answer itself, which explains nothing."""
    return any(np.array_equal(value, c) for c in claims)


def quotients(a: str, text: str, label: str, reduced: Term, names: list[str]) -> Iterator[tuple[str, Term]]:
    """The terms of a normalisation: ``y * mean(dy * y) / scale``."""
    if text.endswith(f"* {a}") and text.startswith("dy"):
        for b in names:
            if b != a and not b.startswith("dy"):
                yield f"{a} * {label} / {b}", product(product(named(a), reduced), inverse(named(b)))


def inverse(of: Term) -> Term:
    """One over a quantity, where it has no zeros."""

    def term(look: Look) -> Array | None:
        value = of(look)
        return None if value is None or not value.all() else 1 / value

    return term


def named(name: str) -> Term:
    """A quantity by its name."""
    return lambda look: look.vocabulary.get(name)


def product(a: Term, b: Term) -> Term:
    """The product of two quantities, where they broadcast."""

    def term(look: Look) -> Array | None:
        x, y = a(look), b(look)
        if x is None or y is None:
            return None
        try:
            return np.asarray(x * y)
        except ValueError:
            return None

    return term


def over(of: Term, axis: int | str | None, reduce: Callable[..., Array]) -> Term:
    """A sum or mean over an axis, or over that of a parameter, which is kept."""

    def term(look: Look) -> Array | None:
        value = of(look)
        along: Any = look.problem.params.get(axis) if isinstance(axis, str) else axis
        if value is None or not value.size:
            return None
        try:
            return np.asarray(reduce(value, axis=along, keepdims=True))
        except (np.exceptions.AxisError, TypeError):
            return None

    return term


def constant_along(look: Look, gap: Array) -> Iterator[Mistake]:
    """A difference that is the same along an axis: a forgotten mean or sum of something unknown."""
    for axis in range(gap.ndim):
        if (
            gap.shape[axis] > 1
            and gap.size > gap.shape[axis]
            and close(gap, np.broadcast_to(gap.mean(axis, keepdims=True), gap.shape))
        ):
            yield Mistake(f"lacks a term that is the same along axis {axis} (a mean or sum over it)")
