"""Another function's derivative: of the input, or of the output taken for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake
from gradcheck.results import Array


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
