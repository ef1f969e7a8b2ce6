"""Each kind of mistake: the sentence names it, and its correction makes of the true gradient the claimed one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import special

from gradcheck import Rule
from gradcheck.contract import evaluate, examine
from gradcheck.diagnosis import Diagnosis, find
from gradcheck.oracles.exact import Exact
from gradcheck.results import Point

LINE = np.array([-2.0, 1.5, 0.25, -0.5, 3.5, -4.0])
WIDE = np.array([[0.5, -1.25, 2.0, 0.75], [-0.375, 1.5, -2.25, 1.0], [3.25, -0.25, 0.625, -1.75]])
SQUARE = WIDE[:, :3]
POSITIVE = np.abs(WIDE) + 0.125
Change = Callable[..., Any]


def cubed(change: Change) -> Change:
    """x³ with ``change(g, x, dy)`` for its gradient g."""
    return lambda x: (x**3, lambda dy: change(3 * x**2 * dy, x, dy))


def asked(change: Change) -> Change:
    """x³ with another dy."""
    return lambda x: (x**3, lambda dy: 3 * x**2 * change(dy))


def three(change: Change) -> Change:
    """a b c with ``change`` of its three cotangents."""
    return lambda a, b, c: (a * b * c, lambda dy: change(dy * b * c, dy * a * c, dy * a * b))


def take(scatter: Change) -> Change:
    """x[index], whose gradient `scatter` makes."""
    return lambda x, *, index: (x[index], lambda dy: scatter(np.zeros_like(x), index, dy))


def overwritten(dx: Any, index: Any, dy: Any) -> Any:
    dx[index] = dy
    return dx


def masked(x: Any, *, keep: Any) -> Any:
    return np.where(keep, x**2, x), lambda dy: np.where(keep, x, 1.0) * dy


def border(g: Any) -> Any:
    rows, columns = (np.arange(n) for n in g.shape)
    inner = ((rows > 0) & (rows < len(rows) - 1))[:, None] & ((columns > 0) & (columns < len(columns) - 1))
    return np.where(inner, g, 0)


def product_slopes(a: Any, b: Any, dy: Any) -> Any:
    """The gradient of sin(a) cos(b)."""
    return dy * np.cos(a) * np.cos(b), -dy * np.sin(a) * np.sin(b)


def exchanged_entries(g: Any) -> Any:
    order = np.arange(g.size)
    order[[1, 4]] = 4, 1
    return g[order]


def softmax(pullback: Change) -> Change:
    """softmax along the last axis with ``pullback(y, dy)``."""

    def rule(x: Any) -> Any:
        e = np.exp(x - x.max(-1, keepdims=True))
        y = e / e.sum(-1, keepdims=True)
        return y, lambda dy: pullback(y, dy)

    return rule


def gelu_by_tanh(x: Any) -> Any:
    def pullback(dy: Any) -> Any:
        c = np.sqrt(2 / np.pi)
        t = np.tanh(c * (x + 0.044715 * x**3))
        return dy * ((1 + t) / 2 + x / 2 * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x))

    return x * special.ndtr(x), pullback


def updated(x: Any) -> Any:
    y = x * x / 4
    return y, lambda dy: dy * y / 2


def variance(x: Any) -> Any:
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    scale = np.sqrt((centred * centred).mean(-1, keepdims=True))
    y = centred / scale
    return y, lambda dy: (dy - dy.mean(-1, keepdims=True)) / scale


Row = tuple[Change, tuple[Any, ...], dict[str, Any], str]
Z = np.array([0.5 + 1j, -1.25 + 0.5j, 2 - 0.75j])
KINDS: dict[str, Row] = {
    "minus": (cubed(lambda g, x, dy: -g), (LINE,), {}, "your dx is minus the right value"),
    "one over the batch": (
        cubed(lambda g, x, dy: g / len(x)),
        (WIDE,),
        {},
        "1/3",
    ),
    "every cotangent twice": (
        three(lambda a, b, c: (2 * a, 2 * b, 2 * c)),
        (LINE, LINE + 1, LINE - 3),
        {},
        "your da, db and dc are twice the right value",
    ),
    "two mistakes": (
        three(lambda a, b, c: (-a, b, 0 * c)),
        (LINE, LINE + 1, LINE - 3),
        {},
        "your da is minus the right value; your dc is zero",
    ),
    "exchanged among three": (
        three(lambda a, b, c: (c, b, a)),
        (LINE, LINE + 1, LINE - 3),
        {},
        "the cotangents of a and c are exchanged",
    ),
    "passed round": (
        three(lambda a, b, c: (b, c, a)),
        (LINE, LINE + 1, LINE - 3),
        {},
        "your da is the cotangent of b; your db is the cotangent of c",
    ),
    "transposed": (cubed(lambda g, x, dy: g.T), (SQUARE,), {}, "is the transpose"),
    "transposed, of another shape": (cubed(lambda g, x, dy: g.T), (WIDE,), {}, "is the transpose"),
    "in column order": (
        cubed(lambda g, x, dy: g.ravel("F").reshape(g.shape)),
        (WIDE,),
        {},
        "column order where row order is right",
    ),
    "rolled": (cubed(lambda g, x, dy: np.roll(g, 1, 0)), (WIDE,), {}, "is shifted by 1 along axis 0"),
    "flipped": (cubed(lambda g, x, dy: g[:, ::-1]), (WIDE,), {}, "is reversed along axis 1"),
    "a sum missing": (
        lambda x, b: (x + b, lambda dy: (dy, dy)),
        (WIDE, WIDE[0]),
        {},
        "your db lacks the sum over the broadcast axis 0",
    ),
    "a mean for a sum": (
        lambda x, b: (x * b, lambda dy: (dy * b, (dy * x).mean(0))),
        (WIDE, WIDE[0]),
        {},
        "1/3 (the size of axis 0 of x) times the right value",
    ),
    "a sum too many": (
        cubed(lambda g, x, dy: np.broadcast_to(g.sum(0), g.shape)),
        (WIDE,),
        {},
        "is summed over axis 0 where it must not be",
    ),
    "= for +=": (
        take(overwritten),
        (LINE,),
        {"index": np.array([0, 2, 0, 5, 2, 0])},
        "only the last counts (`=` for `+=`)",
    ),
    "zero": (cubed(lambda g, x, dy: 0 * g), (LINE,), {}, "is zero"),
    "half for x < 0": (
        cubed(lambda g, x, dy: np.where(x < 0, g / 2, g)),
        (LINE,),
        {},
        "right elsewhere but half the right value for x < 0",
    ),
    "zero for |x| > 3": (
        cubed(lambda g, x, dy: np.where(np.abs(x) > 3, 0, g)),
        (LINE,),
        {},
        "right elsewhere but zero for |x| > 3",
    ),
    "twice at ties": (
        cubed(lambda g, x, dy: np.where((x[:, None] == x).sum(1) > 1, 2 * g, g)),
        (np.array([1.5, -0.5, 1.5, 3.0, -0.5, 2.0]),),
        {},
        "twice the right value at ties",
    ),
    "the first row zero": (
        cubed(lambda g, x, dy: g * (np.arange(3) > 0)[:, None]),
        (WIDE,),
        {},
        "zero in the first row",
    ),
    "the last row minus": (
        cubed(lambda g, x, dy: g * np.array([1, 1, -1])[:, None]),
        (WIDE,),
        {},
        "minus the right value in the last row",
    ),
    "the border zero": (cubed(lambda g, x, dy: border(g)), (WIDE,), {}, "zero on the border"),
    "half where a mask is true": (
        masked,
        (WIDE,),
        {"keep": WIDE > 0.5},
        "half the right value where keep is true",
    ),
    "one entry off": (
        cubed(lambda g, x, dy: g * (1 + 0.5 * (np.arange(6) == 2))),
        (LINE,),
        {},
        "wrong in a single entry, which is 3/2 times the right value",
    ),
    "one entry copied": (
        cubed(lambda g, x, dy: g[[0, 1, 5, 3, 4, 5]]),
        (LINE,),
        {},
        "wrong in a single entry, which is a copy of entry [5]",
    ),
    "two entries exchanged": (
        cubed(lambda g, x, dy: exchanged_entries(g)),
        (LINE,),
        {},
        "has its entries [1] and [4] exchanged",
    ),
    "a term missing": (
        softmax(lambda y, dy: y * dy),
        (WIDE,),
        {},
        "lacks the term -y * sum(dy * y, axis=1)",
    ),
    "a term missing over the axis of a parameter": (
        lambda x, *, axis: (x - x.mean(axis, keepdims=True), lambda dy: dy),
        (WIDE,),
        {"axis": 0},
        "lacks the term -mean(dy, axis):",
    ),
    "a term of the variance missing": (variance, (WIDE,), {}, "lacks the term"),
    "dy too many": (cubed(lambda g, x, dy: g + dy), (LINE,), {}, "lacks the term -dy"),
    "the derivative at the output": (
        lambda x: (
            special.expit(x),
            lambda dy: dy * special.expit(special.expit(x)) * special.expit(-special.expit(x)),
        ),
        (LINE,),
        {},
        "dy times the derivative of sigmoid at y",
    ),
    "gelu by tanh": (gelu_by_tanh, (LINE,), {}, "gelu in its approximation by tanh"),
    "a neighbour": (
        lambda x: (np.sinh(x), lambda dy: dy * np.sinh(x)),
        (LINE,),
        {},
        "dy times the derivative of cosh at x",
    ),
    "a residual after an update": (updated, (LINE,), {}, "the right value for y in place of x"),
    "a residual that was scaled": (
        lambda x: (np.tanh(x), lambda dy: dy * (1 - np.tanh(0.875 * x) ** 2)),
        (LINE,),
        {},
        "the right value for 0.875 * x in place of x",
    ),
    "residuals that were scaled": (
        lambda a, b: (np.sin(a) * np.cos(b), lambda dy: product_slopes(0.875 * a, 0.875 * b, dy)),
        (LINE, LINE[::-1] + 0.25),
        {},
        "the right value for 0.875 * each argument",
    ),
    "residuals exchanged": (
        lambda a, b: (a**3 * b**2, lambda dy: (3 * b**2 * a**2 * dy, 2 * a * b**3 * dy)),
        (LINE, LINE[::-1] + 0.25),
        {},
        "the right value for a and b exchanged",
    ),
    "dy ignored": (asked(np.ones_like), (LINE,), {}, "does not depend on dy"),
    "dy clipped": (asked(lambda d: np.clip(d, -1, 1)), (LINE,), {}, "clips dy to ±1"),
    "|dy|": (asked(np.abs), (LINE,), {}, "uses |dy| in place of dy"),
    "clipped": (cubed(lambda g, x, dy: np.clip(g, -2, 2)), (LINE,), {}, "clipped to ±2"),
    "absolute": (lambda x: (x * x, lambda dy: np.abs(2 * x * dy)), (LINE,), {}, "absolute value"),
    "conjugated": (
        lambda z: (z * z, lambda dy: np.conj(2 * z * dy)),
        (Z,),
        {},
        "is the conjugate of the right value",
    ),
    "torch's": (lambda z: (z * z, lambda dy: np.conj(2 * z) * dy), (Z,), {}, "follows torch's convention"),
    "the real part": (lambda z: (z * z, lambda dy: (2 * z * dy).real + 0j), (Z,), {}, "lacks all but its real part"),
    "single precision": (
        lambda x: (np.exp(x), lambda dy: rounded(dy * np.exp(x), np.float32)),
        (LINE,),
        {},
        "rounded to single precision (float32)",
    ),
    "half precision": (
        lambda x: (np.exp(x), lambda dy: rounded(dy * np.exp(x), np.float16)),
        (LINE,),
        {},
        "rounded to half precision (float16)",
    ),
}


def rounded(g: Any, dtype: Any) -> Any:
    """Rounded where g holds floats; in exact arithmetic that means nothing."""
    return g.astype(dtype).astype(float)


def diagnosed(function: Change, args: tuple[Any, ...], params: dict[str, Any], seed: int) -> Diagnosis:
    problem = evaluate(Rule(function), Point("given", "given", args, params), seed=seed)
    evidence = list(examine(problem))
    if all(c.shape == a.shape for c, a in zip(problem.claimed, problem.args, strict=True)):
        evidence += Exact().examine(problem)
    found = find(problem, evidence)
    assert found is not None
    return found


@pytest.mark.parametrize(("function", "args", "params", "says"), [pytest.param(*r, id=n) for n, r in KINDS.items()])
@pytest.mark.parametrize("seed", range(2))
def test_a_kind_without_its_name_or_with_a_correction_that_does_not_give_the_claim(
    function: Change, args: tuple[Any, ...], params: dict[str, Any], says: str, seed: int
) -> None:
    diagnosis = diagnosed(function, args, params, seed)
    assert says.lower() in diagnosis.text.lower()
    assert diagnosis.found is not None
    assert diagnosis.found.explains(diagnosis.found.look)
    look = diagnosis.found.look
    for given, claimed in zip(diagnosis.found.apply(look), look.claimed, strict=True):
        assert given is None or np.allclose(given, claimed, rtol=1e-9)


def test_there_are_fewer_kinds_than_promised() -> None:
    assert len(KINDS) >= 25


def test_noise_has_a_size_that_must_hold_and_no_correction() -> None:
    noise = 1 + 1e-6 * np.array([1.0, -0.5, 0.25, -2.0, 0.75, 1.25])
    diagnosis = diagnosed(cubed(lambda g, x, dy: g * noise), (LINE,), {}, 0)
    assert "as by a lower precision or by noise" in diagnosis.text
    assert diagnosis.found is not None
    look = diagnosis.found.look
    assert diagnosis.found.apply(look) == (None,)
    assert diagnosis.found.explains(look)
    further_off = replace(look, claimed=(look.true[0] * (1 + 10 * (noise - 1)),))
    assert not diagnosis.found.explains(further_off)


def test_one_entry_that_may_be_a_copy_or_of_the_other_sign_is_called_neither() -> None:
    flipped = np.array([1.0, 1.0, -1.0, 1.0, 1.0, 1.0])
    text = diagnosed(lambda x: (np.abs(x).sum(), lambda dy: dy * np.sign(x) * flipped), (LINE,), {}, 0).text
    assert "wrong in a single entry: " in text
