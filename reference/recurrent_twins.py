"""The cells of recurrent networks written a second time, gate by gate, for JAX and for sympy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# The new state from the old one, x and the weights.
Cell = Callable[..., tuple[Any, ...]]


def scanned(jax: Any, cell: Cell, state: Any, x: Any, *weights: Any, reverse: bool) -> tuple[Any, ...]:
    """A cell over the first axis of x by jax.lax.scan: every h, and the last state."""

    def step(state: Any, x: Any) -> Any:
        new = cell(state, x, *weights)
        return new, new[0]

    last, every = jax.lax.scan(step, state, x, reverse=reverse)
    return every, *last


def unrolled(cell: Cell, state: Any, x: Any, *weights: Any, reverse: bool) -> tuple[Any, ...]:
    """A cell over the first axis of x, written out: every h, and the last state."""
    every = []
    for now in x[::-1] if reverse else x:
        state = cell(state, now, *weights)
        every.append(state[0])
    return np.array(every[::-1] if reverse else every), *state


def rnn_jax(jax: Any, nonlinearity: str) -> Cell:
    """One matrix for inputs and state side by side."""

    def cell(state: Any, x: Any, w_x: Any, w_h: Any, b_x: Any, b_h: Any) -> Any:
        joined, weights = jax.numpy.concatenate([x, state[0]], -1), jax.numpy.concatenate([w_x, w_h], -1)
        return (getattr(jax.nn, nonlinearity)(joined @ weights.T + (b_x + b_h)),)

    return cell


def lstm_jax(jax: Any) -> Cell:
    """One matrix for inputs and state side by side, cut into gates."""

    def cell(state: Any, x: Any, w_x: Any, w_h: Any, b_x: Any, b_h: Any) -> Any:
        h, c = state
        joined, weights = jax.numpy.concatenate([x, h], -1), jax.numpy.concatenate([w_x, w_h], -1)
        gates = (joined @ weights.T + (b_x + b_h)).reshape(len(x), 4, -1)
        keep, write, show = (jax.nn.sigmoid(gates[:, k]) for k in (1, 0, 3))
        c = keep * c + write * jax.numpy.tanh(gates[:, 2])
        return show * jax.numpy.tanh(c), c

    return cell


def gru_jax(jax: Any) -> Cell:
    """A matrix for each gate."""

    def cell(state: Any, x: Any, w_x: Any, w_h: Any, b_x: Any, b_h: Any) -> Any:
        (h,) = state
        size = h.shape[-1]
        of_x, of_h = (
            [v @ w[k : k + size].T + b[k : k + size] for k in (0, size, 2 * size)]
            for v, w, b in ((x, w_x, b_x), (h, w_h, b_h))
        )
        reset, update = (jax.nn.sigmoid(of_x[k] + of_h[k]) for k in (0, 1))
        new = jax.numpy.tanh(of_x[2] + reset * of_h[2])
        return (new + update * (h - new),)

    return cell


def gates(x: Any, weights: Any, bias: Any, count: int) -> Any:
    """x wᵀ + b cut into gates: (n, i) -> (gates, n, h)."""
    return np.array(np.split(x @ weights.T + bias, count, -1))


def functions(sympy: Any) -> Any:
    """tanh and the logistic function of every entry, through exp alone: one kind of function is what proofs like."""
    e = sympy.exp
    return (
        np.frompyfunc(lambda a: 1 - 2 / (e(2 * a) + 1), 1, 1),
        np.frompyfunc(lambda a: 1 / (1 + e(-a)), 1, 1),
    )


def rnn_symbolic(sympy: Any, nonlinearity: str) -> Cell:
    """The definition."""
    f = functions(sympy)[0]
    if nonlinearity == "relu":
        f = np.frompyfunc(lambda a: sympy.Piecewise((a, a > 0), (0, True)), 1, 1)
    return lambda state, x, w_x, w_h, b_x, b_h: (f(x @ w_x.T + b_x + state[0] @ w_h.T + b_h),)


def lstm_symbolic(sympy: Any) -> Cell:
    """The definition, gate by gate."""
    tanh, logistic = functions(sympy)

    def cell(state: Any, x: Any, w_x: Any, w_h: Any, b_x: Any, b_h: Any) -> Any:
        i, f, g, o = gates(x, w_x, b_x, 4) + gates(state[0], w_h, b_h, 4)
        c = logistic(f) * state[1] + logistic(i) * tanh(g)
        return logistic(o) * tanh(c), c

    return cell


def gru_symbolic(sympy: Any) -> Cell:
    """The definition, gate by gate."""
    tanh, logistic = functions(sympy)

    def cell(state: Any, x: Any, w_x: Any, w_h: Any, b_x: Any, b_h: Any) -> Any:
        of_x, of_h = gates(x, w_x, b_x, 3), gates(state[0], w_h, b_h, 3)
        z = logistic(of_x[1] + of_h[1])
        n = tanh(of_x[2] + logistic(of_x[0] + of_h[0]) * of_h[2])
        return ((1 - z) * n + z * state[0],)

    return cell
