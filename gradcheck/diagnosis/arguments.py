"""The right derivative at other arguments: at y for x, exchanged, at a residual that is stale or was changed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.factors import known_factor
from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake, size
from gradcheck.floats import in_digits
from gradcheck.results import Array

# More arguments to look at in place of the given ones would take too long.
ELSEWHERE = 8
# A multiple of the arguments is solved for in so many steps of the secant method, from this far beside 1.
STEPS, BESIDE, FAR = 8, 2.0**-8, 32.0

Move = Callable[[Array], Array]
MOVES: dict[str, Move] = {
    "-{}": np.negative,
    "|{}|": np.abs,
    "2 * {}": lambda a: 2 * a,
    "{} / 2": lambda a: a / 2,
    "{} + 1": lambda a: a + 1,
    "{} - 1": lambda a: a - 1,
    "the transpose of {}": lambda a: a.swapaxes(-1, -2) if a.ndim > 1 else a,
    "{} reversed": np.flip,
    "{} shifted by 1 along axis 0": lambda a: np.roll(a, 1, 0) if a.ndim else a,
    "{} rounded to single precision": lambda a: a.astype(np.float32).astype(a.dtype),
    "{} rounded to half precision": lambda a: a.astype(np.float16).astype(a.dtype),
    "max({}, 0)": lambda a: np.maximum(a, 0),
}


def elsewhere(look: Look, k: int) -> Iterator[Mistake]:
    """The true gradient at other arguments: a residual that is stale, was changed in place, or is the wrong one."""
    if look.jacobian() is None or any(map(np.iscomplexobj, look.args)):
        return
    for j, name in enumerate(look.names):
        shape = look.args[j].shape
        others = [n for n, v in look.vocabulary.items() if v.shape == shape and n != name and not n.startswith("dy")]
        for other in others[:ELSEWHERE]:
            yield Mistake(
                f"is the right value for {other} in place of {name}",
                at_others(f"{j}:{other}", j, partial(lambda look, j, n: look.vocabulary.get(n), n=other)),
            )
        for text, move in MOVES.items():
            what = text.format(name)
            yield Mistake(
                f"is the right value for {what} in place of {name}",
                at_others(f"{j}={what}", j, partial(lambda look, j, m: m(look.args[j]), m=move)),
            )
    for i, j in itertools.combinations(range(len(look.names)), 2):
        if look.args[i].shape == look.args[j].shape:
            text = f"is the right value for {look.names[i]} and {look.names[j]} exchanged"
            yield Mistake(text, partial(exchanged, i=i, j=j))
    for text, move in MOVES.items():
        if len(look.names) > 1:
            what = text.format("each argument")
            yield Mistake(f"is the right value for {what}", at_all(f"*={what}", move))


def scaled(look: Look, k: int) -> Iterator[Mistake]:
    """The true gradient at a multiple of one argument, or of all: a residual taken after an update, or before it."""
    if look.jacobian() is None or any(map(np.iscomplexobj, look.args)) or look.claimed[k].shape != look.true[k].shape:
        return
    single = [(j,) for j in range(len(look.names))]
    for chosen in [*single, tuple(range(len(look.names)))] if len(single) > 1 else single:
        factor = solved(look, k, chosen)
        if factor is not None:
            which = look.names[chosen[0]] if len(chosen) == 1 else "each argument"
            beside = f" in place of {which}" if len(chosen) == 1 else ""
            text = f"is the right value for {in_digits(factor, 1.0)[0]} * {which}{beside}"
            yield Mistake(text, partial(multiplied, chosen=chosen, factor=factor))


def multiplied(look: Look, k: int, chosen: tuple[int, ...], factor: float) -> Array | None:
    """The true gradient where the chosen arguments are so many times what they are."""
    args = tuple(np.asarray(factor * a, a.dtype) if j in chosen else a for j, a in enumerate(look.args))
    return there(look, k, f"{chosen}*{factor!r}", args)


def solved(look: Look, k: int, chosen: tuple[int, ...]) -> float | None:
    """The factor of the chosen arguments that gives the claim in the entry that is farthest off; None where none does."""
    off = np.abs(look.claimed[k] - look.true[k]) / size(look.claimed[k], look.true[k])
    at = np.unravel_index(int(np.argmax(np.nan_to_num(off))), off.shape)

    def gap(factor: float) -> float:
        found = multiplied(look, k, chosen, factor)
        return np.nan if found is None else float(found[at] - look.claimed[k][at])

    before, now = 1.0, 1.0 + BESIDE
    gap_before, gap_now = float(look.true[k][at] - look.claimed[k][at]), gap(now)
    for _ in range(STEPS):
        if gap_now == gap_before or not np.isfinite(gap_now):
            return None
        before, now = now, now - gap_now * (now - before) / (gap_now - gap_before)
        if abs(now - before) <= 1e-15 * abs(now):
            break
        if not 1 / FAR < now < FAR:
            return None
        gap_before, gap_now = gap_now, gap(now)
    return float(np.real(known_factor(now)))


def exchanged(look: Look, k: int, i: int, j: int) -> Array | None:
    """The true gradient where two arguments of one shape stand in each other's place."""
    if look.args[i].shape != look.args[j].shape:
        return None
    args = list(look.args)
    args[i], args[j] = args[j], args[i]
    return there(look, k, f"{i}<>{j}", tuple(args))


def at_others(name: str, j: int, value: Callable[[Look, int], Array | None]) -> Callable[[Look, int], Array | None]:
    """The true gradient where argument j has another value."""

    def apply(look: Look, k: int) -> Array | None:
        other = value(look, j)
        if other is None or other.shape != look.args[j].shape or other.dtype != look.args[j].dtype:
            return None
        return there(look, k, name, (*look.args[:j], other, *look.args[j + 1 :]))

    return apply


def at_all(name: str, move: Move) -> Callable[[Look, int], Array | None]:
    """The true gradient where every argument is changed alike."""

    def apply(look: Look, k: int) -> Array | None:
        others = tuple(map(move, look.args))
        if [o.shape for o in others] != [a.shape for a in look.args]:
            return None
        return there(look, k, name, others)

    return apply


def there(look: Look, k: int, name: str, args: tuple[Array, ...]) -> Array | None:
    """The true gradient for argument k at other arguments."""
    found = look.jacobian(args, name)
    return None if found is None else found.gradient(look.dy)[k]
