"""Recurrent rules against plain loops, and what they say of wrong calls."""

import numpy as np
import pytest

from reference.recurrent import gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell
from reference.scans import linear_recurrence, selective_scan

RULES = [(rnn, rnn_cell, 1), (lstm, lstm_cell, 4), (gru, gru_cell, 3)]
by_name = {"ids": lambda value: getattr(value, "__name__", "")}


def problem(gates, times=4, batch=2, inputs=3, hidden=2):
    rng = np.random.default_rng(gates)
    shapes = [(gates * hidden, inputs), (gates * hidden, hidden), (gates * hidden,), (gates * hidden,)]
    states = 2 if gates == 4 else 1
    return (
        rng.normal(size=(times, batch, inputs)),
        [rng.normal(size=(batch, hidden)) for _ in range(states)],
        [rng.normal(size=shape) for shape in shapes],
    )


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("over_time", "cell", "gates"), RULES, **by_name)
def test_over_time_is_the_cell_one_step_after_the_other(over_time, cell, gates, reverse):
    x, state, weights = problem(gates)
    (every, *last), _ = over_time(x, *state, *weights, reverse=reverse)
    steps = range(len(x))[::-1] if reverse else range(len(x))
    for t in steps:
        new, _ = cell(x[t], *state, *weights)
        state = list(new) if isinstance(new, tuple) else [new]
        np.testing.assert_allclose(every[t], state[0])
    np.testing.assert_allclose(last, state)


@pytest.mark.parametrize(("over_time", "gates"), [(r, g) for r, _, g in RULES], **by_name)
def test_no_steps_hand_the_state_and_its_cotangent_through(over_time, gates):
    x, state, weights = problem(gates, times=0)
    y, pullback = over_time(x, *state, *weights)
    assert y[0].shape == (0, 2, 2)
    np.testing.assert_array_equal(y[1:], state)
    dx, *rest = pullback(tuple(map(np.ones_like, y)))
    assert dx.shape == x.shape
    assert all((g == 1).all() for g in rest[: len(state)])
    assert not any(g.any() for g in rest[len(state) :])


@pytest.mark.parametrize("cell", [c for _, c, _ in RULES], **by_name)
def test_a_cell_takes_any_number_of_batch_axes(cell):
    gates = {rnn_cell: 1, lstm_cell: 4, gru_cell: 3}[cell]
    x, state, weights = problem(gates)
    batch = [np.stack([s] * len(x)) for s in state]
    together, _ = cell(x, *batch, *weights)
    alone, pullback = cell(x[1, 0], *(s[0] for s in state), *weights)
    first = [z[1, 0] for z in together] if isinstance(together, tuple) else together[1, 0]
    np.testing.assert_allclose(first, alone)
    dy = tuple(map(np.ones_like, alone)) if isinstance(alone, tuple) else np.ones_like(alone)
    assert [g.shape for g in pullback(dy)] == [(3,), *[(2,)] * len(state), *(w.shape for w in weights)]


def test_saturated_gates_keep_their_slopes():
    # A gate at sigmoid(40): 1 - z is e^-40, not 0.
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    bias = np.array([0.0, 40.0, 0.5])
    _, pullback = gru_cell(zero, one, np.zeros((3, 1)), np.zeros((3, 1)), bias, np.zeros(3))
    dbias = pullback(one)[4]
    slopes = [(1 - np.tanh(0.5)) * 4.248354255291589e-18, 4.248354255291589e-18 / np.cosh(0.5) ** 2]
    np.testing.assert_allclose(dbias[1:], slopes, rtol=1e-14)


def test_a_constant_factor_gives_powers():
    h, _ = linear_recurrence(np.array(0.5), np.zeros(4), np.array(8.0))
    np.testing.assert_array_equal(h, [4.0, 2.0, 1.0, 0.5])
    h, _ = linear_recurrence(np.array(0.5), np.zeros(4), np.array(8.0), reverse=True)
    np.testing.assert_array_equal(h, [0.5, 1.0, 2.0, 4.0])


def test_an_empty_recurrence_has_no_cotangents():
    a = np.zeros((0, 3))
    h, pullback = linear_recurrence(a, a, np.ones(3))
    assert h.shape == (0, 3)
    assert [g.shape for g in pullback(h)] == [(0, 3), (0, 3), (3,)]


def test_a_selective_scan_without_state_is_its_direct_path():
    x, delta = np.full((1, 3, 2), 2.0), np.ones((1, 3, 2))
    nothing = np.zeros((1, 3, 1))
    y, _ = selective_scan(x, delta, -np.ones((2, 1)), nothing, nothing, np.array([1.0, 5.0]))
    np.testing.assert_array_equal(y[0, 0], [2.0, 10.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rnn_cell(*map(np.ones, [(1, 1), (1, 1), (1, 1), (1, 1), 1, 1]), nonlinearity="gelu"),
            "nonlinearity is 'gelu': use one of 'tanh', 'relu'",
        ),
        (lambda: linear_recurrence(np.ones(3), np.ones(4), np.array(0.0)), "shape mismatch"),
    ],
    ids=["nonlinearity", "shapes"],
)
def test_a_wrong_call_is_told_what_and_what_to_do(call, message):
    with pytest.raises(ValueError, match=message):
        call()
