"""Complex rules, right and wrong: cotangents as in JAX, where nothing is conjugated."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gradcheck import Result, check

RNG = np.random.default_rng(17)


def drawn(*shape: int) -> Any:
    return np.round(RNG.normal(size=shape) + 1j * RNG.normal(size=shape), 3)


Z, M, X = drawn(5), drawn(3, 3) + 4 * np.eye(3), RNG.normal(size=6)
Rule = Callable[..., Any]


def holomorphic(function: Callable[..., Any], derivative: Callable[..., Any]) -> Rule:
    return lambda z: (function(z), lambda dy: dy * derivative(z))


def modulus(at_zero: complex) -> Rule:
    def rule(z: Any) -> Any:
        size = np.abs(z)

        def pullback(dy: Any) -> Any:
            return dy * np.where(size == 0, at_zero, np.conj(z) / np.where(size == 0, 1, size))

        return size, pullback

    return rule


def rfft(x: Any) -> Any:
    def pullback(dy: Any) -> Any:
        full = np.zeros(x.shape, complex)
        full[: dy.size] = dy
        return np.fft.fft(full).real

    return np.fft.rfft(x), pullback


def irfft(weight: float) -> Rule:
    def rule(z: Any) -> Any:
        n = 2 * (z.size - 1)

        def pullback(dy: Any) -> Any:
            counted = np.full(z.size, weight)
            counted[[0, -1]] = 1.0
            return np.conj(np.fft.rfft(dy)) * counted / n

        return np.fft.irfft(z), pullback

    return rule


def inverse(adjoint: Callable[[Any], Any]) -> Rule:
    def rule(m: Any) -> Any:
        y = np.linalg.inv(m)
        return y, lambda dy: -adjoint(y) @ dy @ adjoint(y)

    return rule


def product(part: Callable[[Any], Any]) -> Rule:
    """Of a complex and a real array: the real one's cotangent is real."""
    return lambda a, b: (a * b, lambda dy: (dy * b, part(dy * a)))


def in_parts(z: Any) -> Any:
    """z² in real arithmetic, written into an array."""
    y = np.zeros(z.shape, complex)
    for i in range(len(z)):
        y[i] = z[i].real ** 2 - z[i].imag ** 2 + 2j * z[i].real * z[i].imag
    return y, lambda dy: 2 * z * dy


@dataclass(frozen=True)
class Row:
    rule: Rule
    args: tuple[Any, ...] = (Z,)
    says: str | None = None


RIGHT: dict[str, Row] = {
    "square": Row(holomorphic(lambda z: z * z, lambda z: 2 * z)),
    "exp": Row(holomorphic(np.exp, np.exp)),
    "log": Row(holomorphic(np.log, lambda z: 1 / z)),
    "sqrt": Row(holomorphic(np.sqrt, lambda z: 0.5 / np.sqrt(z))),
    "tanh": Row(holomorphic(np.tanh, lambda z: 1 / np.cosh(z) ** 2)),
    "power": Row(holomorphic(lambda z: z**2.5, lambda z: 2.5 * z**1.5)),
    "arccosh": Row(holomorphic(np.arccosh, lambda z: 1 / (np.sqrt(z - 1) * np.sqrt(z + 1)))),
    "|z|²": Row(lambda z: (np.abs(z) ** 2, lambda dy: 2 * dy * np.conj(z))),
    "|z|² of parts": Row(lambda z: (z.real**2 + z.imag**2, lambda dy: 2 * dy * z.conj())),
    "z conj(z)": Row(lambda z: ((z * np.conj(z)).real, lambda dy: 2 * dy * np.conj(z))),
    "modulus": Row(modulus(0.0)),
    "modulus at 0, the middle of the disc": Row(modulus(0.0), (np.array([0j, 1 - 2j]),)),
    "modulus at 0, inside the disc": Row(modulus(0.6 - 0.6j), (np.array([0j, 1 - 2j]),)),
    "angle": Row(lambda z: (np.angle(z), lambda dy: -1j * dy / z)),
    "conj": Row(lambda z: (np.conj(z), np.conj)),
    "real": Row(lambda z: (z.real, lambda dy: dy + 0j)),
    "imag": Row(lambda z: (z.imag, lambda dy: -1j * dy)),
    "real to complex": Row(lambda x: (np.exp(1j * x), lambda dy: (1j * dy * np.exp(1j * x)).real), (X,)),
    "mixed arguments": Row(product(np.real), (Z, X[:5])),
    "written in a loop": Row(in_parts),
    "inverse": Row(inverse(np.transpose), (M,)),
    "fft": Row(lambda z: (np.fft.fft(z), np.fft.fft)),
    "ifft": Row(lambda z: (np.fft.ifft(z), np.fft.ifft)),
    "rfft": Row(rfft, (X,)),
    "irfft": Row(irfft(2.0)),
    "single precision": Row(holomorphic(np.exp, np.exp), (Z.astype(np.complex64),)),
    "many entries": Row(lambda a, b: (a @ b, lambda dy: (dy @ b.T, a.T @ dy)), (drawn(9, 8), drawn(8, 7))),
}
WRONG: dict[str, Row] = {
    "a conjugate too many": Row(
        lambda z: (np.abs(z) ** 2, lambda dy: 2 * dy * z), says="conjugate of the right value.*as in JAX"
    ),
    "torch's convention": Row(holomorphic(lambda z: z * z, lambda z: 2 * np.conj(z)), says="torch's convention"),
    "a factor 2": Row(lambda z: (np.abs(z) ** 2, lambda dy: dy * np.conj(z)), says="half the right value"),
    "a factor i": Row(lambda z: (z.imag, lambda dy: 1j * dy), says="minus the right value"),
    "a real part": Row(holomorphic(np.exp, lambda z: np.exp(z).real), says="wrong at ∂L/∂z"),
    "conj without conj": Row(lambda z: (np.conj(z), lambda dy: dy), says="conjugate of the right value"),
    "an imaginary part dropped": Row(
        lambda z: (np.abs(z) ** 2, lambda dy: 2 * dy * z.real + 0j), says="all but its real part"
    ),
    "a modulus at 0 beyond the disc": Row(modulus(0.8 - 0.8j), (np.array([0j, 1 - 2j]),)),
    "fft by ifft": Row(lambda z: (np.fft.fft(z), lambda dy: z.size * np.fft.ifft(dy))),
    "irfft without the conjugate half": Row(irfft(1.0)),
    "the adjoint for the transpose": Row(inverse(lambda y: y.conj().T), (M,)),
    "the imaginary part for the real one": Row(product(np.imag), (Z, X[:5])),
    "one imaginary part among many": Row(
        lambda a: (2 * a, lambda dy: 2 * dy + 1e-9j * (np.arange(99) == 37) * dy.real), (drawn(99),), "single entry"
    ),
    "one real part among many": Row(
        lambda a: (2 * a, lambda dy: 2 * dy + 1e-9 * (np.arange(99) == 41) * dy.real), (drawn(99),), "single entry"
    ),
}
CONTRACT: dict[str, Row] = {
    "a complex cotangent of a real argument": Row(
        lambda x: (np.exp(1j * x), lambda dy: 1j * dy * np.exp(1j * x)), (X,), "complex128, x has float64"
    ),
    "a real cotangent of a complex argument": Row(
        lambda z: (np.abs(z) ** 2, lambda dy: 2 * dy * z.real), says="float64, z has complex128"
    ),
}


def exactly(row: Row) -> Result:
    return check(row.rule, *row.args, oracles="exact")


@pytest.mark.parametrize("row", [pytest.param(r, id=name) for name, r in RIGHT.items()])
def test_a_right_complex_rule_is_blamed(row: Row) -> None:
    result = exactly(row)
    assert result, str(result)
    assert {e.question for e in result.evidence} == {"formula", "accuracy"}
    assert type(result).from_json(result.to_json()).verdict == "pass"


@pytest.mark.parametrize("row", [pytest.param(r, id=name) for name, r in WRONG.items()])
def test_a_wrong_complex_rule_is_not_certified_to_be_wrong(row: Row) -> None:
    result = exactly(row)
    against = [e for e in result.evidence if e.stance == "against" and e.question == "formula"]
    assert result.verdict == "fail", str(result)
    assert against[0].kind == "certified"
    assert result.diagnosis is not None
    assert re.search(row.says or "", result.diagnosis, re.IGNORECASE), result.diagnosis


@pytest.mark.parametrize("row", [pytest.param(r, id=name) for name, r in CONTRACT.items()])
def test_a_cotangent_of_the_wrong_dtype_is_a_broken_contract(row: Row) -> None:
    result = exactly(row)
    assert result.verdict == "fail"
    assert row.says is not None
    assert row.says in str(result.diagnosis)


@pytest.mark.parametrize("name", RIGHT)
def test_differences_agree_about_a_right_complex_rule(name: str) -> None:
    result = check(RIGHT[name].rule, *RIGHT[name].args, oracles=["exact", "differences"])
    assert not [e for e in result.evidence if e.stance == "against"], str(result)


def test_the_true_gradient_of_a_complex_argument_is_complex() -> None:
    result = exactly(RIGHT["|z|²"])
    assert result.true is not None
    np.testing.assert_allclose(result.true[0], 2 * result.points[0].dy * Z.conj(), rtol=1e-15)


def test_an_entry_of_a_complex_cotangent_is_shown_whole() -> None:
    worst = exactly(WRONG["a conjugate too many"]).evidence[0]
    assert isinstance(worst.claimed, complex)
    assert worst.value == pytest.approx(np.conj(worst.claimed))


def test_an_order_of_complex_numbers_is_not_liftable_with_a_remedy() -> None:
    result = exactly(Row(lambda z: (np.maximum(z, 0), lambda dy: dy)))
    assert "no order: compare np.abs(z), z.real or z.imag" in result.evidence[0].detail


@pytest.mark.parametrize("factor", [1.5, 1j], ids=["half too much", "turned"])
@pytest.mark.parametrize("wrong", ["", "x", "z", "xz"])
def test_projections_move_real_and_complex_arguments_together(wrong: str, factor: complex) -> None:
    z, x = drawn(50), RNG.normal(size=50)

    def spoiled(name: str, g: Any) -> Any:
        g = g.copy()
        g[7] *= factor if name == "z" else 1.5
        return g

    def rule(x: Any, z: Any) -> Any:
        def pullback(dy: Any) -> Any:
            right = {"x": (dy * z).real, "z": dy * x}
            return tuple(spoiled(name, g) if name in wrong else g for name, g in right.items())

        return x * z, pullback

    formula = [e for e in check(rule, x, z, oracles="exact").evidence if e.question == "formula"]
    assert {e.argument for e in formula if e.stance == "against"} == set(wrong)
    assert all(e.entry == (7,) for e in formula if e.stance == "against")


def test_a_large_product_of_a_complex_and_a_real_matrix_is_certified() -> None:
    def rule(a: Any, b: Any) -> Any:
        return a @ b, lambda dy: (dy @ b.T, (a.T @ dy).real)

    result = check(rule, drawn(9, 9), RNG.normal(size=(9, 9)), oracles="exact")
    assert result, str(result)
