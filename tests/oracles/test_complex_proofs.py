"""Proofs about complex numbers: symbols for both parts, and gradients in JAX's convention."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check
from gradcheck.lifted.array import NotLiftable
from gradcheck.lifted.symbols import ROOTED, Symbols

Z = np.array([0.75 - 0.5j, -1.25 + 2j])
W = np.array([1.5 + 0.25j, 0.5 - 1j])
X = np.array([0.5, -1.75, 1.25])


def transform(factor: Any = 1) -> Callable[..., Any]:
    return lambda z: (np.fft.fft(z), lambda dy: factor * np.fft.fft(dy))


def product(second: Callable[[Any], Any] = lambda z: z) -> Callable[..., Any]:
    return lambda z, w: (z * w, lambda dy: (dy * w, dy * second(z)))


def squared(slope: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda z: (z.real**2 + z.imag**2, lambda dy: dy * slope(z))


def half(turn: Callable[[Any], Any]) -> Callable[..., Any]:
    def rule(x: Any) -> Any:
        def pullback(dy: Any) -> Any:
            filled = np.zeros(len(x), dtype=complex)
            filled[: len(dy)] = turn(dy)
            return np.fft.fft(filled).real

        return np.fft.rfft(x), pullback

    return rule


Row = tuple[Callable[..., Any], tuple[Any, ...]]
RIGHT: dict[str, Row] = {
    "a product": (product(), (Z, W)),
    "|z|²": (squared(lambda z: 2 * np.conj(z)), (Z,)),
    "1 / z": (lambda z: (1 / z, lambda dy: -dy / z**2), (Z,)),
    "a conjugate": (lambda z: (np.conj(z), lambda dy: np.conj(dy)), (Z,)),
    "a real factor": (lambda z: (0.5 * z, lambda dy: 0.5 * dy), (Z,)),
    "a Fourier transform": (transform(), (Z,)),
    "that of real numbers": (half(lambda dy: dy), (X,)),
}
WRONG: dict[str, Row] = {
    "the other factor is conjugated": (product(np.conj), (Z, W)),
    "|z|² in torch's convention": (squared(lambda z: 2 * z), (Z,)),
    "half of |z|²": (squared(np.conj), (Z,)),
    "the wrong part": (lambda z: (z.real, lambda dy: 1j * dy), (Z,)),
    "a transform turned round": (
        lambda z: (np.fft.fft(z), lambda dy: np.fft.ifft(dy) * len(z)),
        (np.append(Z, W[:1]),),
    ),
    "a transform scaled": (transform(0.5), (Z,)),
    "conjugated on the way back": (half(np.conj), (X,)),
}


@pytest.mark.parametrize("row", RIGHT.values(), ids=RIGHT)
def test_a_right_complex_gradient_is_not_proved(row: Row) -> None:
    rule, args = row
    result = check(rule, *args, oracles="symbolic")
    assert result, str(result)
    assert {e.kind for e in result.evidence if e.oracle == "symbolic"} == {"proved"}, str(result)


@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG)
def test_a_wrong_complex_gradient_is_proved(row: Row) -> None:
    rule, args = row
    result = check(rule, *args, oracles="symbolic")
    assert result.verdict == "fail", str(result)
    assert any((e.oracle, e.stance) == ("symbolic", "against") for e in result.evidence), str(result)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("n", ROOTED)
def test_roots_of_unity_are_not_exact(n: int, sign: int) -> None:
    turns = Symbols().turns(n, sign)
    for power, near in zip(turns.value, turns.companion, strict=True):
        assert complex(power) == pytest.approx(near, abs=1e-15)
        assert (power**n).expand().equals(1)


def test_a_long_root_of_unity_is_taken_for_short() -> None:
    with pytest.raises(NotLiftable, match="of order 7 are too long"):
        np.fft.fft(Symbols().argument("x", np.ones(7)))


def test_complex_symbols_have_an_order() -> None:
    with pytest.raises(NotLiftable, match="no order"):
        np.less(Symbols().argument("z", Z), 1)
