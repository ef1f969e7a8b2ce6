"""Recurrent networks: their cells, and the cells over time.  Weights are packed by gate, as in PyTorch and cuDNN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.domains import choice
from gradcheck.results import Array
from gradcheck.rules import rule
from reference import recurrent_twins as twins
from reference.activations import relu, sigmoid
from reference.declaring import Pulled
from reference.linear import linear
from reference.trigonometric import tanh
from reference.windows import sized

# From the gates' sums of x and of h, and the state (h first), to the new state and its pullback in the same order.
Step = Callable[..., tuple[tuple[Array, ...], Callable[..., tuple[Any, ...]]]]

NONLINEARITIES = {"tanh": tanh, "relu": relu}


def rnn_step(nonlinearity: str) -> Step:
    """h' = f(x + h).  Raises ValueError for an f that is not known."""
    if nonlinearity not in NONLINEARITIES:
        raise ValueError(f"nonlinearity is {nonlinearity!r}: use one of {', '.join(map(repr, NONLINEARITIES))}")

    def step(ax: Array, ah: Array, h: Array) -> Any:
        y, pull = NONLINEARITIES[nonlinearity](ax + ah)

        def pullback(dy: Array) -> Any:
            da = pull(dy)
            return da, da, np.zeros_like(h)

        return (y,), pullback

    return step


def lstm_step(ax: Array, ah: Array, h: Array, c: Array) -> Any:
    """c' = f c + i g, h' = o tanh(c'), with i, f, o = sigmoid and g = tanh of their sums."""
    at_i, at_f, at_g, at_o = np.split(ax + ah, 4, -1)
    (i, pull_i), (f, pull_f), (o, pull_o) = (sigmoid(a) for a in (at_i, at_f, at_o))
    g, pull_g = tanh(at_g)
    new = f * c + i * g
    squashed, pull_squashed = tanh(new)

    def pullback(dh: Array, dc: Array) -> Any:
        dc = dc + pull_squashed(dh * o)
        da = np.concatenate([pull_i(dc * g), pull_f(dc * c), pull_g(dc * i), pull_o(dh * squashed)], -1)
        return da, da, np.zeros_like(h), dc * f

    return (o * squashed, new), pullback


def gru_step(ax: Array, ah: Array, h: Array) -> Any:
    """h' = (1 - z) n + z h, with n = tanh(x_n + r h_n) and r, z = sigmoid of their sums."""
    (xr, xz, xn), (hr, hz, hn) = np.split(ax, 3, -1), np.split(ah, 3, -1)
    (r, pull_r), (z, pull_z) = sigmoid(xr + hr), sigmoid(xz + hz)
    n, pull_n = tanh(xn + r * hn)
    fresh = expit(-(xz + hz))

    def pullback(dh: Array) -> Any:
        dn, dz = pull_n(dh * fresh), pull_z(dh * (h - n))
        dr = pull_r(dn * hn)
        return np.concatenate([dr, dz, dn], -1), np.concatenate([dr, dz, dn * r], -1), dh * z

    return (fresh * n + z * h,), pullback


def once(step: Step, x: Array, state: tuple[Array, ...], w_x: Array, w_h: Array, b_x: Array, b_h: Array) -> Pulled:
    """One step: the new state, and the pullback to x, the state and the weights."""
    (ax, pull_x), (ah, pull_h) = linear(x, w_x, b_x), linear(state[0], w_h, b_h)
    new, pull_step = step(ax, ah, *state)

    def pullback(dnew: tuple[Array, ...]) -> Any:
        dax, dah, dh, *rest = pull_step(*dnew)
        dx, dw_x, db_x = pull_x(dax)
        through_ah, dw_h, db_h = pull_h(dah)
        return dx, dh + through_ah, *rest, dw_x, dw_h, db_x, db_h

    return new, pullback


def over_time(
    step: Step, x: Array, state: tuple[Array, ...], w_x: Array, w_h: Array, b_x: Array, b_h: Array, *, reverse: bool
) -> Pulled:
    """Steps along the first axis of x: every h, and the last state.  Sums over time are products of matrices."""
    times = range(len(x))[::-1] if reverse else range(len(x))
    ax, pull_x = linear(x, w_x, b_x)
    before: Any = np.zeros((len(x), *state[0].shape), x.dtype)
    after: Any = np.zeros_like(before)
    pulls: list[Any] = [None] * len(x)
    for t in times:
        before[t] = state[0]
        state, pulls[t] = step(ax[t], state[0] @ w_h.T + b_h, *state)
        after[t] = state[0]

    def pullback(dy: tuple[Array, ...]) -> Any:
        dafter, dh, *rest = dy
        dax: Any = np.zeros_like(ax)
        dah: Any = np.zeros_like(ax)
        for t in times[::-1]:
            dax[t], dah[t], dh, *rest = pulls[t](dafter[t] + dh, *rest)
            dh = dh + dah[t] @ w_h
        dx, dw_x, db_x = pull_x(dax)
        batch = tuple(range(ax.ndim - 1))
        return dx, dh, *rest, dw_x, np.tensordot(dah, before, (batch, batch)), db_x, dah.sum(batch)

    return (after, *state), pullback


def weights(gates: int) -> dict[str, Any]:
    """Domains of packed weights: 2 inputs and 3 hidden numbers, one of each where formulas are proved."""
    usual, small = 3 * gates, gates
    return dict(
        w_x=sized(f"{usual} 2", f"{small} 1"),
        w_h=sized(f"{usual} 3", f"{small} 1"),
        b_x=sized(f"{usual}", f"{small}"),
        b_h=sized(f"{usual}", f"{small}"),
    )


X, STATE = sized("4 2", "1 1"), sized("4 3", "1 1")
# Written out for two steps the formulas with gates are too long to be proved: there the small points have one.
XS, GATED, STATES = sized("5 2 2", "2 1 1"), sized("5 2 2", "1 1 1"), sized("2 3", "1 1")


@rule(
    domain=dict(x=X, h=STATE, **weights(1), nonlinearity=choice("tanh", "relu")),
    jax=lambda jax, x, h, *w, nonlinearity: twins.rnn_jax(jax, nonlinearity)((h,), x, *w)[0],
    sympy=lambda sympy, x, h, *w, nonlinearity: twins.rnn_symbolic(sympy, nonlinearity)((h,), x, *w)[0],
    source="Elman 1990; PyTorch, torch.nn.RNNCell",
)
def rnn_cell(
    x: Array, h: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array, *, nonlinearity: str = "tanh"
) -> Pulled:
    """f(x w_xᵀ + b_x + h w_hᵀ + b_h), f tanh or relu.  (n, i), (n, h), (h, i), (h, h), (h), (h) -> (n, h)

    With da = dy f'(a): dx = da w_x, dh = da w_h, dw_x = daᵀ x, dw_h = daᵀ h, and db_x = db_h = Σ da over the batch.
    Raises ValueError for another nonlinearity.
    """
    (y,), pull = once(rnn_step(nonlinearity), x, (h,), w_x, w_h, b_x, b_h)

    def pullback(dy: Array) -> Any:
        return pull((dy,))

    return y, pullback


@rule(
    domain=dict(x=X, h=STATE, c=STATE, **weights(4)),
    jax=lambda jax, x, h, c, *w: twins.lstm_jax(jax)((h, c), x, *w),
    sympy=lambda sympy, x, h, c, *w: twins.lstm_symbolic(sympy)((h, c), x, *w),
    source="Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; PyTorch, torch.nn.LSTMCell",
)
def lstm_cell(x: Array, h: Array, c: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array) -> Pulled:
    """(o tanh(c'), c' = f c + i g).  (n, i), (n, h), (n, h), (k, i), (k, h), (k), (k) -> (n, h), (n, h)

    k = 4h: the gates i, f, g, o one below the other in the weights; i, f, o = σ, g = tanh of x w_xᵀ + b_x + h w_hᵀ +
    b_h.
    dc' += dh' o (1 - tanh² c'), dc = dc' f; the gates get dc' g, dc' c, dc' i and dh' tanh(c') times their slopes,
    from which x, h and the weights have theirs as in rnn_cell.  The pullback keeps the gates: four times the state.
    """
    return once(lstm_step, x, (h, c), w_x, w_h, b_x, b_h)


@rule(
    domain=dict(x=X, h=STATE, **weights(3)),
    jax=lambda jax, x, h, *w: twins.gru_jax(jax)((h,), x, *w)[0],
    sympy=lambda sympy, x, h, *w: twins.gru_symbolic(sympy)((h,), x, *w)[0],
    source="Cho et al. 2014, eq. 5-8, r inside as in cuDNN; PyTorch, torch.nn.GRUCell",
)
def gru_cell(x: Array, h: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array) -> Pulled:
    """(1 - z) n + z h, n = tanh(x_n + r h_n).  (n, i), (n, h), (k, i), (k, h), (k), (k) -> (n, h)

    k = 3h: r, z, n one below the other in the weights; x_r, ... = x w_xᵀ + b_x, h_r, ... = h w_hᵀ + b_h, r and z = σ of
    their sums.  dn = dy (1 - z) (1 - n²), dz = dy (h - n) z (1 - z), dr = dn h_n r (1 - r); h_n gets dn r, h also dy z.
    The pullback keeps the gates: three times the state.
    """
    (y,), pull = once(gru_step, x, (h,), w_x, w_h, b_x, b_h)

    def pullback(dy: Array) -> Any:
        return pull((dy,))

    return y, pullback


@rule(
    domain=dict(x=XS, h=STATES, **weights(1), nonlinearity=choice("tanh", "relu"), reverse=choice(False, True)),
    jax=lambda jax, x, h, *w, nonlinearity, reverse=False: twins.scanned(
        jax, twins.rnn_jax(jax, nonlinearity), (h,), x, *w, reverse=reverse
    ),
    sympy=lambda sympy, x, h, *w, nonlinearity, reverse=False: twins.unrolled(
        twins.rnn_symbolic(sympy, nonlinearity), (h,), x, *w, reverse=reverse
    ),
    source="Werbos 1990; PyTorch, torch.nn.RNN",
)
def rnn(
    x: Array,
    h: Array,
    w_x: Array,
    w_h: Array,
    b_x: Array,
    b_h: Array,
    *,
    nonlinearity: str = "tanh",
    reverse: bool = False,
) -> Pulled:
    """rnn_cell over time: every h, and the last.  (t, n, i), (n, h), (k, i), (k, h), (k), (k) -> (t, n, h), (n, h)

    k = h.  Backwards in time, dh of a step adds to dy of the one before; the weights sum over time.  reverse: from the
    end.
    The pullback keeps h before and after every step, and the sums of x.
    """
    return over_time(rnn_step(nonlinearity), x, (h,), w_x, w_h, b_x, b_h, reverse=reverse)


@rule(
    domain=dict(x=GATED, h=STATES, c=STATES, **weights(4), reverse=choice(False, True)),
    jax=lambda jax, x, h, c, *w, reverse=False: twins.scanned(jax, twins.lstm_jax(jax), (h, c), x, *w, reverse=reverse),
    sympy=lambda sympy, x, h, c, *w, reverse=False: twins.unrolled(
        twins.lstm_symbolic(sympy), (h, c), x, *w, reverse=reverse
    ),
    source="Hochreiter & Schmidhuber 1997; PyTorch, torch.nn.LSTM",
)
def lstm(
    x: Array, h: Array, c: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array, *, reverse: bool = False
) -> Pulled:
    """lstm_cell over time: every h, the last h and c.  (t, n, i), (n, h), (n, h), (k, i), (k, h), (k), (k) -> (t, n, h), (n, h), (n, h)

    k = 4h.  Backwards in time, dh and dc of a step add to those of the one before; the weights sum over time.
    reverse: from the end.  The pullback keeps the gates of every step.
    """
    return over_time(lstm_step, x, (h, c), w_x, w_h, b_x, b_h, reverse=reverse)


@rule(
    domain=dict(x=GATED, h=STATES, **weights(3), reverse=choice(False, True)),
    jax=lambda jax, x, h, *w, reverse=False: twins.scanned(jax, twins.gru_jax(jax), (h,), x, *w, reverse=reverse),
    sympy=lambda sympy, x, h, *w, reverse=False: twins.unrolled(
        twins.gru_symbolic(sympy), (h,), x, *w, reverse=reverse
    ),
    source="Cho et al. 2014; PyTorch, torch.nn.GRU",
    normwise=True,
)
def gru(x: Array, h: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array, *, reverse: bool = False) -> Pulled:
    """gru_cell over time: every h, and the last.  (t, n, i), (n, h), (k, i), (k, h), (k), (k) -> (t, n, h), (n, h)

    k = 3h.  Backwards in time, dh of a step adds to dy of the one before; the weights sum over time.
    reverse: from the end.  The pullback keeps the gates of every step.  Normwise: of h - n, from which z learns, little
    is left where both are near 1, as states of saturated gates are.
    """
    return over_time(gru_step, x, (h,), w_x, w_h, b_x, b_h, reverse=reverse)
