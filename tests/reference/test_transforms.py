"""Fourier transforms: certified, in JAX's convention, faithful to dtypes, and mistakes that are made in them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule
from gradcheck.cases import Case, collect
from gradcheck.checking import check_case
from reference import fft
from tests.planting import answering, asked, edited

CASES = [c for c in collect(fft) if isinstance(c, Case)]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removeprefix("reference.fft."))


@every_case
def test_a_transform_is_not_certified_at_some_point(case: Case) -> None:
    result = check_case(case, oracles="exact")
    assert result, str(result)
    formula = {e.point for e in result.evidence if e.question == "formula" and e.stance == "for"}
    assert formula == {p.name for p in result.points}


@every_case
def test_the_jax_twin_disagrees(case: Case) -> None:
    result = check_case(case, oracles="jax")
    assert {(e.question, e.stance) for e in result.evidence} == {("forward", "for"), ("formula", "for")}


@every_case
def test_single_precision_is_left(case: Case) -> None:
    point = case.point("random", 0)
    narrow = np.complex64 if np.iscomplexobj(point.args[0]) else np.float32
    x = point.args[0].astype(narrow)
    y, pullback = case.rule(x, **point.params)
    assert y.dtype in (np.complex64, np.float32)
    assert pullback(np.ones_like(y)).dtype == narrow


def conjugated(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    return (np.conj(answer[0]), *answer[1:])


def once(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    """The answer to a rule that forgets that real numbers are the real part of complex ones."""
    return (2 * answer[0], *answer[1:])


WRONG: dict[str, tuple[Rule, Callable[[Rule], Rule]]] = {
    "fft by ifft": (fft.fft, lambda r: edited(r, "np.fft.fft(dy,", "np.fft.ifft(dy,")),
    "fft, other norm": (fft.fft, lambda r: edited(r, "norm=norm)", "norm=None)")),
    "fft, other axis": (fft.fft, lambda r: edited(r, "(dy, axis=axis", "(dy, axis=-1")),
    "ifft, conjugated": (fft.ifft, lambda r: answering(r, conjugated)),
    "ifft, conjugated before": (fft.ifft, lambda r: asked(r, np.conj)),
    "rfft, twice": (fft.rfft, lambda r: answering(r, once)),
    "irfft, half forgotten": (fft.irfft, lambda r: edited(r, "1.0, 2.0", "1.0, 1.0")),
    "irfft, highest frequency twice": (fft.irfft, lambda r: edited(r, "(2 * frequency == n)", "False")),
    "irfft, conjugated": (fft.irfft, lambda r: edited(r, "np.conj(half)", "half")),
    "fft2, conjugated": (fft.fft2, lambda r: answering(r, conjugated)),
    "rfft2, imaginary part": (fft.rfft2, lambda r: edited(r, "norm=norm).real", "norm=norm).imag")),
    "fftshift by itself": (fft.fftshift, lambda r: edited(r, "np.fft.ifftshift", "np.fft.fftshift")),
}


@pytest.mark.parametrize(("rule", "plant"), [pytest.param(*row, id=name) for name, row in WRONG.items()])
def test_a_mistake_in_a_transform_passes(rule: Rule, plant: Callable[[Rule], Rule]) -> None:
    result = check_case(Case(plant(rule), ""), oracles="exact")
    assert result.verdict == "fail", str(result)
    assert any(e.kind == "certified" and e.question == "formula" and e.stance == "against" for e in result.evidence)


@pytest.mark.parametrize("n", [2, 4, 7])
def test_cutting_and_filling_are_not_adjoint(n: int) -> None:
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(n, 3))
    assert np.sum(fft.fitted(x, n, 0) * y) == pytest.approx(np.sum(x * fft.fitted(y, 4, 0)))
