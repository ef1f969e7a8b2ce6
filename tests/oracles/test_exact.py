"""The exact oracle through `check`: right formulas pass, wrong ones are certified to be wrong, kinks and constants."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check
from gradcheck.results import Evidence, Result

RNG = np.random.default_rng(5)
X = RNG.uniform(-2, 2, (3, 4))


def exactly(function: Callable[..., Any], *args: Any, **options: Any) -> Result:
    return check(function, *map(np.asarray, args), oracles="exact", **options)


def formula(result: Result) -> list[Evidence]:
    return [e for e in result.evidence if e.question == "formula"]


def matmul(a: Any, b: Any) -> Any:
    return a @ b, lambda dy: (dy @ b.T, a.T @ dy)


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(-1, keepdims=True))


def layer_norm(x: Any) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    y = centred / deviation

    def pullback(dy: Any) -> Any:
        return (dy - dy.mean(-1, keepdims=True) - y * (dy * y).mean(-1, keepdims=True)) / deviation

    return y, pullback


def pooled(x: Any) -> Any:
    y = x.reshape(3, 2, 2).max(-1)

    def pullback(dy: Any) -> Any:
        dx = np.zeros(x.shape)
        places = x.reshape(3, 2, 2).argmax(-1)
        np.add.at(dx, (np.arange(3)[:, None], 2 * np.arange(2) + places), dy)
        return dx

    return y, pullback


def two_outputs(x: Any) -> Any:
    s, c = np.sin(x), np.cos(x)
    return (s, c), lambda dy: dy[0] * c - dy[1] * s


def by_determinant(x: Any) -> Any:
    return np.linalg.slogdet(x)[1], lambda dy: dy * np.linalg.inv(x).T


RIGHT: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "matmul": (matmul, (X, RNG.uniform(-2, 2, (4, 2)))),
    "softmax": (softmax, (X,)),
    "softmax with a tie in its shift": (softmax, ([[1.0, 1.0, 0.5]],)),
    "layer norm": (layer_norm, (X,)),
    "max pooling": (pooled, (X,)),
    "two outputs": (two_outputs, (X,)),
    "log det": (by_determinant, (X[:, :3],)),
    "a 0-d argument": (lambda x: (x**3, lambda dy: 3 * x**2 * dy), (1.7,)),
    "an argument of zeros": (lambda x: (np.sin(x), lambda dy: dy * np.cos(x)), (np.zeros(3),)),
    "a gradient of zeros": (lambda x: (x * 0, lambda dy: dy * 0), (X,)),
    "float32": (lambda x: (x * x, lambda dy: 2 * x * dy), (X.astype(np.float32),)),
}


@pytest.mark.parametrize(("function", "args"), [pytest.param(*row, id=name) for name, row in RIGHT.items()])
@pytest.mark.parametrize("seed", range(3))
def test_a_right_formula_is_rejected(function: Callable[..., Any], args: Any, seed: int) -> None:
    result = exactly(function, *args, seed=seed)
    assert result, result.evidence
    assert {e.kind for e in result.evidence} == {"certified"}


WRONG: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "a factor of 1 + 1e-12": (lambda x: (np.sin(x), lambda dy: dy * np.cos(x) * (1 + 2.0**-40)), (X,)),
    "an absolute 2**-60": (lambda x: (x * 1, lambda dy: dy + 2.0**-60), (X,)),
    "layer norm without its mean": (lambda x: (layer_norm(x)[0], lambda dy: dy / x.std(-1, keepdims=True)), (X,)),
    "zeros": (lambda x: (softmax(x)[0], lambda dy: np.zeros_like(x)), (X,)),
    "the second output forgotten": (lambda x: ((x, x * x), lambda dy: dy[0]), (X,)),
    "one entry of many": (lambda x: (x * 1, lambda dy: dy + np.eye(3, 4) * (np.arange(4) == 2) * 1e-9), (X,)),
}


@pytest.mark.parametrize(("function", "args"), [pytest.param(*row, id=name) for name, row in WRONG.items()])
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_formula_is_accepted(function: Callable[..., Any], args: Any, seed: int) -> None:
    result = exactly(function, *args, seed=seed)
    assert result.verdict == "fail"
    against = next(e for e in formula(result) if e.stance == "against")
    assert against.kind == "certified"
    assert against.discrepancy > 0
    assert against.entry is not None


def test_the_true_gradient_is_given_with_the_verdict() -> None:
    result = exactly(lambda x: (x**3, lambda dy: dy), [2.0], dy=np.ones(1))
    np.testing.assert_array_equal(result.true[0], [12.0])
    shown = formula(result)[0]
    assert (shown.claimed, shown.value, shown.where) == (1.0, 12.0, "dx[0]")


def maximum(da: float, db: float) -> Callable[..., Any]:
    """max(a, b) with a pullback that has these slopes at a tie."""

    def rule(a: Any, b: Any) -> Any:
        def pullback(dy: Any) -> Any:
            tie = a == b
            return dy * np.where(tie, da, a > b), dy * np.where(tie, db, b > a)

        return np.maximum(a, b), pullback

    return rule


@pytest.mark.parametrize("slopes", [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.25, 0.75)], ids=str)
def test_a_subgradient_of_max_at_a_tie_is_rejected(slopes: Any) -> None:
    result = exactly(maximum(*slopes), [1.0, 2.0], [1.0, -1.0])
    assert result, result.evidence
    assert any("a kink" in note for note in result.notes)
    assert any("subgradient" in e.detail for e in formula(result))


@pytest.mark.parametrize("slopes", [(0.0, 0.0), (1.0, 1.0), (2.0, -1.0), (-0.25, 1.25), (0.5, 0.25)], ids=str)
def test_slopes_outside_of_the_one_sided_ones_at_a_tie_are_accepted(slopes: Any) -> None:
    result = exactly(maximum(*slopes), [1.0, 2.0], [1.0, -1.0])
    assert result.verdict == "fail"
    assert not any("a kink" in note for note in result.notes)


def at_zero(forward: Callable[[Any], Any], slope: float, otherwise: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: (forward(x), lambda dy: dy * np.where(x == 0, slope, otherwise(x)))


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_a_subgradient_of_relu_is_rejected(slope: float) -> None:
    assert exactly(at_zero(lambda x: np.maximum(x, 0), slope, lambda x: x > 0), [0.0, 1.0, -1.0])


@pytest.mark.parametrize("slope", [-1.0, 0.0, 0.3, 1.0])
def test_a_subgradient_of_abs_is_rejected(slope: float) -> None:
    assert exactly(at_zero(np.abs, slope, np.sign), [0.0, 1.0, -1.0])


@pytest.mark.parametrize("slope", [-0.1, 1.1])
def test_a_slope_of_relu_beyond_its_sides_is_accepted(slope: float) -> None:
    result = exactly(at_zero(lambda x: np.maximum(x, 0), slope, lambda x: x > 0), [0.0, 1.0, -1.0])
    assert result.verdict == "fail"
    assert formula(result)[0].entry == (0,)


@pytest.mark.parametrize(("slope", "verdict"), [(0.0, "pass"), (1.0, "pass"), (0.4, "pass"), (-0.4, "fail")])
def test_clip_at_its_bounds_is_no_kink(slope: float, verdict: str) -> None:
    def clip(x: Any) -> Any:
        edge = (x == -1) | (x == 1)
        return np.clip(x, -1, 1), lambda dy: dy * np.where(edge, slope, np.abs(x) < 1)

    assert exactly(clip, [-1.0, 0.25, 1.0, 3.0]).verdict == verdict


@pytest.mark.parametrize(
    ("weights", "verdict"), [((0, 1, 0), "pass"), ((0.5, 0.5, 0), "pass"), ((0, 0, 0), "fail"), ((1, 1, 0), "fail")]
)
def test_the_tied_values_of_a_median_share_its_slope(weights: Any, verdict: str) -> None:
    def median(x: Any) -> Any:
        return np.median(x), lambda dy: dy * np.array(weights, dtype=float)

    assert exactly(median, [1.0, 1.0, -3.0]).verdict == verdict


def test_a_function_whose_tie_is_no_kink_gets_no_freedom() -> None:
    def both(x: Any) -> Any:
        return np.maximum(x, 0) + np.minimum(x, 0), lambda dy: 0.5 * dy

    result = exactly(both, [0.0])
    assert result.verdict == "fail"
    assert not result.notes


@pytest.mark.parametrize(("slope", "verdict"), [(0.0, "pass"), (3.0, "fail")])
def test_a_kink_that_no_precision_shows_is_decided_wrongly(slope: float, verdict: str) -> None:
    def vanishing(x: Any) -> Any:
        return np.maximum(np.sin(x) ** 2 + np.cos(x) ** 2 - 1, 0), lambda dy: slope * dy

    assert exactly(vanishing, [0.3, 2.0]).verdict == verdict


CONSTANTS: dict[str, tuple[Callable[..., Any], str]] = {
    "0.1 and 0.1": (lambda x: (0.1 * x, lambda dy: 0.1 * dy), "pass"),
    "0.1 and 1/10": (lambda x: (0.1 * x, lambda dy: dy / 10), "pass"),
    "0.1 and 0.1000001": (lambda x: (0.1 * x, lambda dy: 0.1000001 * dy), "fail"),
    "0.1 and 0.1 + 1e-14": (lambda x: (0.1 * x, lambda dy: (0.1 + 1e-14) * dy), "fail"),
    "log(10)": (lambda x: (np.log10(x), lambda dy: dy / (x * np.log(10))), "pass"),
    "log(10.0001)": (lambda x: (np.log10(x), lambda dy: dy / (x * np.log(10.0001))), "fail"),
    "log(2)": (lambda x: (2.0**x, lambda dy: dy * np.log(2) * 2.0**x), "pass"),
    "sqrt(2 pi)": (
        lambda x: (
            np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
            lambda dy: -x * dy * np.exp(-x * x / 2) / (2 * np.pi) ** 0.5,
        ),
        "pass",
    ),
    "a zero that constants make": (lambda x: (x * (0.3 - 0.1 - 0.2), lambda dy: dy * (0.3 - 0.1 - 0.2)), "pass"),
    "1/3": (lambda x: (x**3 / 3, lambda dy: dy * x**2), "pass"),
    "0.333": (lambda x: (x**3 * 0.333, lambda dy: dy * x**2), "fail"),
}


@pytest.mark.parametrize(("function", "verdict"), [pytest.param(*row, id=name) for name, row in CONSTANTS.items()])
def test_a_rounded_constant_of_the_code_hides_or_makes_an_error(function: Callable[..., Any], verdict: str) -> None:
    assert exactly(function, [0.7, 1.3, 2.9]).verdict == verdict


def test_a_parameter_is_exact_so_that_its_last_bit_counts() -> None:
    def scaled(x: Any, *, a: float, b: float) -> Any:
        return a * x, lambda dy: b * dy

    assert exactly(scaled, [1.5], params={"a": 0.1, "b": 0.1})
    assert not exactly(scaled, [1.5], params={"a": 0.1, "b": np.nextafter(0.1, 1)})


def large(kind: str, place: int) -> Callable[..., Any]:
    """10,000 entries of very different sizes, half of them with slope 0, one of them wrong."""

    def rule(x: Any) -> Any:
        half = np.arange(x.size) % 2 == 0
        scale = np.where(half, 2.0 ** (np.arange(x.size) % 60 - 30), 0.0)
        mistake = np.where(np.arange(x.size) == place, 1.0, 0.0)
        wrong = scale * mistake * 1e-6 if kind == "factor" else mistake * 1e-9
        return scale * x, lambda dy: dy * (scale + wrong)

    return rule


@pytest.mark.parametrize(("kind", "place"), [("factor", 4), ("factor", 7000), ("zero", 4321), ("zero", 9999)])
@pytest.mark.parametrize("seed", [0, 1])
def test_one_wrong_entry_in_ten_thousand_is_found_and_named(kind: str, place: int, seed: int) -> None:
    x = np.random.default_rng(seed).uniform(-1, 1, 10_000)
    result = exactly(large(kind, place), x, seed=seed)
    assert result.verdict == "fail"
    against = next(e for e in formula(result) if e.stance == "against")
    assert against.entry == (place,)
    assert against.detail == "the only wrong entry"
    assert f"∂L/∂x[{place}]" in result.diagnosis


def test_a_large_right_gradient_passes_by_projections() -> None:
    result = exactly(large("factor", -1), np.ones(10_000))
    assert result
    assert "weighted projections" in formula(result)[0].detail
    assert result.true[0].shape == (10_000,)


def test_bisection_says_where_there_are_more_wrong_entries() -> None:
    result = exactly(lambda x: (x * 1, lambda dy: dy * 2), np.ones(100))
    assert formula(result)[0].detail == "found by bisection, not the only one"


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_arguments_that_move_together_do_not_share_the_blame(wrong: int) -> None:
    def affine(x: Any, w: Any, b: Any) -> Any:
        def pullback(dy: Any) -> Any:
            cotangents = [dy @ w.T, x.T @ dy, dy.sum(0)]
            cotangents[wrong].flat[5] = cotangents[wrong].flat[5] * (1 + 1e-6)
            return tuple(cotangents)

        return x @ w + b, pullback

    found = formula(exactly(affine, RNG.normal(size=(9, 12)), RNG.normal(size=(12, 7)), RNG.normal(size=7)))
    assert [e.stance for e in found] == ["against" if k == wrong else "for" for k in range(3)]
    assert found[wrong].entry == ((5,) if wrong == 2 else (0, 5))


def test_a_kink_among_many_entries_is_found_by_projections() -> None:
    def relu(slope: float) -> Callable[..., Any]:
        return at_zero(lambda x: np.maximum(x, 0), slope, lambda x: x > 0)

    x = np.where(np.arange(100) == 50, 0.0, 1.5)
    assert exactly(relu(0.5), x)
    assert exactly(relu(2.0), x).verdict == "fail"


def test_a_problem_beyond_the_budget_says_what_it_would_cost() -> None:
    result = exactly(matmul, X, X.T, budget=500)
    silent = formula(result)[0]
    assert result.verdict == "inconclusive"
    assert (silent.stance, silent.reason) == ("not applicable", "too large")
    needed = int(silent.detail.split("budget=")[1]) if "budget=" in silent.detail else 10**6
    assert exactly(matmul, X, X.T, budget=needed)


@pytest.mark.parametrize("budget", [10, 100, 1000, 3000])
def test_a_small_budget_gives_no_verdict_or_the_same(budget: int) -> None:
    assert exactly(softmax, X, budget=budget).verdict in ("pass", "inconclusive")


def test_code_that_cannot_be_lifted_is_not_applicable_with_its_line() -> None:
    def counted(x: Any) -> Any:
        return x * np.histogram(x)[0][0], lambda dy: dy

    silent = formula(exactly(counted, [1.0, 2.0]))[0]
    assert silent.reason == "not liftable"
    assert "test_exact.py:" in silent.detail
    assert "np.histogram is not known" in silent.detail


def test_a_slope_that_is_not_finite_is_undecided() -> None:
    result = exactly(lambda x: (np.sqrt(x), lambda dy: dy / (2 * np.sqrt(x))), [0.0])
    assert formula(result)[0].stance == "undecided"
    assert result.verdict != "pass"


def test_the_same_seed_gives_the_same_evidence() -> None:
    first, second = (
        [(e.entry, e.claimed, e.value, e.stance) for e in exactly(softmax, X, seed=7).evidence] for _ in range(2)
    )
    assert first == second
