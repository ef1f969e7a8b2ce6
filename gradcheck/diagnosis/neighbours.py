"""Another function's derivative, or the right derivative at another place: at y for x, at a residual that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake
from gradcheck.results import Array

# More arguments to look at in place of the given ones would take too long.
ELSEWHERE = 8


def expit(u: Array) -> Array:
    """1 / (1 + exp(-u)) without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -u)))


def normal(u: Array) -> Array:
    """The density of the normal distribution."""
    return np.asarray(np.exp(-u * u / 2) / np.sqrt(2 * np.pi))


def cumulative(u: Array) -> Array:
    """The distribution function of the normal distribution."""
    from scipy.special import ndtr

    return np.asarray(ndtr(u))


def gelu_tanh(u: Array) -> Array:
    """The derivative of gelu in its approximation by tanh."""
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (u + 0.044715 * u**3))
    return np.asarray((1 + t) / 2 + u / 2 * (1 - t * t) * c * (1 + 3 * 0.044715 * u * u))


# Derivatives of functions of one variable; the names are those of the functions.
DERIVATIVES: dict[str, Callable[[Array], Array]] = {
    "identity": np.ones_like,
    "sigmoid": lambda u: expit(u) * expit(-u),
    "tanh": lambda u: 1 / np.cosh(u) ** 2,
    "softplus": expit,
    "relu": lambda u: (u > 0) * 1.0,
    "relu, with 1 at 0": lambda u: (u >= 0) * 1.0,
    "abs, with 1 at 0": lambda u: np.where(u >= 0, 1.0, -1.0),
    "abs, with 0 at 0": np.sign,
    "leaky_relu": lambda u: np.where(u > 0, 1.0, 0.01),
    "elu": lambda u: np.where(u > 0, 1.0, np.exp(u)),
    "silu": lambda u: expit(u) * (1 + u * expit(-u)),
    "gelu in its approximation by tanh": gelu_tanh,
    "the exact gelu": lambda u: cumulative(u) + u * normal(u),
    "gelu as x sigmoid(1.702 x)": lambda u: expit(1.702 * u) * (1 + 1.702 * u * expit(-1.702 * u)),
    "the normal distribution": normal,
    "erf": lambda u: 2 / np.sqrt(np.pi) * np.exp(-u * u),
    "exp": np.exp,
    "expm1, less 1": np.expm1,
    "log": lambda u: 1 / u,
    "log1p": lambda u: 1 / (1 + u),
    "log2": lambda u: 1 / (u * np.log(2)),
    "log10": lambda u: 1 / (u * np.log(10)),
    "sin": np.cos,
    "cos": lambda u: -np.sin(u),
    "-cos": np.sin,
    "tan": lambda u: 1 / np.cos(u) ** 2,
    "arctan": lambda u: 1 / (1 + u * u),
    "artanh": lambda u: 1 / (1 - u * u),
    "arcsin": lambda u: 1 / np.sqrt(1 - u * u),
    "arcsinh": lambda u: 1 / np.sqrt(1 + u * u),
    "sinh": np.cosh,
    "cosh": np.sinh,
    "sqrt": lambda u: 0.5 / np.sqrt(u),
    "cbrt": lambda u: np.cbrt(u) ** -2 / 3,
    "1/x": lambda u: -1 / (u * u),
    "x²/2": lambda u: u,
    "x²": lambda u: 2 * u,
    "x³": lambda u: 3 * u * u,
    "1 - u²": lambda u: 1 - u * u,
    "u (1 - u)": lambda u: u * (1 - u),
}
# These are formulas of a derivative rather than functions.
FORMULAS = ("1 - u²", "u (1 - u)")


def neighbour(look: Look, k: int) -> Iterator[Mistake]:
    """dy times the derivative of a known function, of the input or of the output."""
    name = look.names[k]
    if look.y[0].shape != look.true[k].shape or np.iscomplexobj(look.true[k]) or len(look.y) > 1:
        return
    for of, value in ((name, lambda look, k: look.args[k]), ("y", lambda look, k: look.y[0])):
        for function, derivative in DERIVATIVES.items():
            what = (
                f"is dy ({function.replace('u', of)})"
                if function in FORMULAS
                else f"is dy times the derivative of {function} at {of}"
            )
            if function == "identity":
                what = "is dy itself"
            yield Mistake(what, elementwise(value, derivative))


def elementwise(
    value: Callable[[Look, int], Array], derivative: Callable[[Array], Array]
) -> Callable[[Look, int], Array | None]:
    """dy times a function of the input or output."""

    def apply(look: Look, k: int) -> Array | None:
        at = value(look, k)
        return look.dy[0] * derivative(at) if look.dy[0].shape == at.shape == look.true[k].shape else None

    return apply


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
    for text, move in MOVES.items():
        if len(look.names) > 1:
            what = text.format("each argument")
            yield Mistake(f"is the right value for {what}", at_all(f"*={what}", move))


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
