"""like=: a black box beside a certified reference rule, and what is said of code in low precision."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reference
from gradcheck import Rule, adapters, check, rule
from gradcheck.cases import Case, collect
from gradcheck.checking import check_case
from gradcheck.oracles.comparisons import LEAST
from gradcheck.results import Evidence, Result
from reference.activations import relu, sigmoid, softmax
from reference.arithmetic import multiply
from reference.normalization import layer_norm, standardize
from reference.probabilities import softmin

bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
DTYPES = {"float16": np.float16, "bfloat16": bfloat16, "float32": np.float32, "float64": np.float64}
each_dtype = pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES.keys())
X = np.random.default_rng(0).normal(0, 1, (3, 5))


def opaque(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same numbers through bytes, where no exact arithmetic follows."""

    @functools.wraps(getattr(function, "function", function))
    def box(*args: Any, **params: Any) -> Any:
        return function(*(np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape) for a in args), **params)

    return box


def held(function: Callable[..., Any], like: Any, *args: Any, **options: Any) -> Result:
    return check(function, *args, like=like, oracles="exact", **options)


def said(result: Result, question: str = "formula") -> list[Evidence]:
    return [e for e in result.evidence if e.oracle == "like" and e.question == question]


CASES = [
    case
    for module in pkgutil.walk_packages(reference.__path__, "reference.")
    if not module.name.startswith(("reference.identities", "reference.worked"))
    for case in collect(importlib.import_module(module.name))
    # A pullback that is declared not to be linear is one with its declaration only.
    if isinstance(case, Case) and not case.rule.refuted and case.rule.cotangent is None
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removeprefix("reference."))
def test_a_primitive_is_no_reference_for_a_black_box(case: Case) -> None:
    point = case.point("small", 0)
    result = held(opaque(case.rule), case.rule, *point.args, params=point.params)
    if result.verdict == "inconclusive":
        # No reference is trusted further than it is certified itself: 0**b has no slope along b to be certain of.
        own = check(case.rule, *point.args, params=point.params, oracles="exact")
        assert "undecided" in {e.stance for e in own.evidence if e.question == "formula"}
        return
    assert result, str(result)
    assert {e.argument for e in said(result)} >= set(case.rule.argument_names(len(point.args)))
    assert all(e.kind == "certified" and e.stance == "for" for e in said(result))


def wrong_factor(x: Any) -> Any:
    y, pullback = softmax(x)
    return y, lambda dy: np.asarray(1.5 * pullback(dy), dtype=x.dtype)


def other_function(x: Any) -> Any:
    y, pullback = softmax(x)
    return y + x.dtype.type(0.125), pullback


def by_small_sums(x: Any) -> Any:
    """Right, with every sum rounded at every step."""
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / np.cumsum(e, -1, dtype=x.dtype)[..., -1:]
    return y, lambda dy: y * (dy - np.cumsum(dy * y, -1, dtype=x.dtype)[..., -1:])


def digits_dropped(x: Any) -> Any:
    """Right but for sixteen ULPs or so."""
    y, pullback = softmax(x)
    scale = x.dtype.type(1 + 2 * 8 * float(np.spacing(x.dtype.type(1))))
    return y, lambda dy: np.asarray(pullback(dy) * scale * scale, dtype=x.dtype)


@each_dtype
@pytest.mark.parametrize("wrap", [opaque, lambda f: f], ids=["black box", "lifted"])
def test_right_code_is_not_called_as_accurate_as_its_type_allows(wrap: Any, dtype: Any) -> None:
    result = held(wrap(by_small_sums), softmax, X.astype(dtype))
    assert result, str(result)
    assert any(n.startswith(f"as accurate as {np.dtype(dtype).name} allows: forward ") for n in result.notes)
    gradient = result.accuracy["gradient"]
    assert gradient.best <= 0.5
    assert gradient.plain is not None
    assert gradient.dtype == np.dtype(dtype).name


@each_dtype
@pytest.mark.parametrize("wrap", [opaque, lambda f: f], ids=["black box", "lifted"])
def test_a_wrong_formula_is_not_named_in_low_precision(wrap: Any, dtype: Any) -> None:
    result = held(wrap(wrong_factor), softmax, X.astype(dtype))
    assert result.verdict == "fail"
    assert result.diagnosis.startswith("Your dx is 3/2 times the right value: ∂L/∂x["), result.diagnosis
    assert said(result)[0].stance == "against"
    assert said(result)[0].entry is not None
    assert f" ULPs of {np.dtype(dtype).name}" in said(result)[0].detail


@each_dtype
def test_the_forward_of_another_function_is_not_named_with_entry_and_ulps(dtype: Any) -> None:
    result = held(opaque(other_function), softmax, X.astype(dtype))
    assert result.verdict == "fail"
    assert result.diagnosis.startswith("The forward is not that of reference.activations.softmax: y[")
    assert f" ULPs of {np.dtype(dtype).name}" in result.diagnosis
    # Its gradient is the gradient of something else.
    assert not said(result)


def test_a_lossy_evaluation_of_a_right_formula_is_not_called_needless() -> None:
    def naive(x: Any) -> Any:
        """The variance as E x² - (E x)²."""
        m = x.mean(-1, keepdims=True)
        s = 1 / np.sqrt((x * x).mean(-1, keepdims=True) - m * m + np.float16(1e-5))
        y = (x - m) * s
        return y, lambda dy: s * (dy - dy.mean(-1, keepdims=True) - y * (dy * y).mean(-1, keepdims=True))

    x = (X + 12).astype(np.float16)
    result = held(opaque(naive), standardize, x)
    assert result.verdict == "fail"
    assert result.diagnosis.startswith("The formula is right, its evaluation is needlessly inaccurate: ")
    assert "weighted ULPs of float16 (median " in result.diagnosis
    assert held(opaque(standardize.function), standardize, x)


def test_what_is_too_coarse_to_tell_a_formula_from_its_evaluation_is_not_said() -> None:
    def cast(x: Any) -> Any:
        """In float16 whatever it is given: its formula cannot be seen more closely."""
        y, pullback = softmax(x.astype(np.float16))
        y = y.astype(x.dtype)
        return y, lambda dy: np.asarray(pullback(dy.astype(np.float16)) * np.float16(1.01), x.dtype)

    result = held(opaque(cast), softmax, X.astype(np.float16))
    assert result.verdict == "fail"
    assert result.diagnosis.startswith(
        "Needlessly inaccurate, if not wrong, which its float type is too short to tell: "
    )
    assert said(result)[0].stance == "undecided"


def test_overflow_of_half_precision_is_called_a_wrong_formula() -> None:
    def naive(x: Any) -> Any:
        e = np.exp(x)
        y = e / e.sum(-1, keepdims=True)
        return y, lambda dy: y * (dy - (dy * y).sum(-1, keepdims=True))

    x = X.astype(np.float16)
    x[1, 2] = 12
    result = held(opaque(naive), softmax, x)
    assert result.diagnosis.startswith("The formula is right, its evaluation is needlessly inaccurate: ")
    assert result.accuracy["forward"].worst == np.inf
    assert held(opaque(by_small_sums), softmax, x).accuracy["forward"].worst < 4


def double(a: Any, b: Any) -> Any:
    return a * b, lambda dy: (dy * b, 2 * dy * a)


Z = np.array([1 + 2j, -0.5 + 0.25j])
RIGHT: dict[str, tuple[Any, Any, tuple[Any, ...], dict[str, Any]]] = {
    "complex128": (multiply, multiply, (Z, Z * 1j), {}),
    "complex64": (multiply, multiply, (Z.astype(np.complex64), (Z * 1j).astype(np.complex64)), {}),
    "parameters": (softmax, softmax, (X,), {"params": {"axis": 0}}),
    "a function that is no Rule": (softmax, softmax.function, (X,), {}),
    "other names": (lambda a, b, c: layer_norm(a, b, c), layer_norm, (X, np.arange(5.0) + 1, np.ones(5)), {}),
    "forward and vjp": (
        lambda x: x * x,
        lambda x: (x * x, lambda dy: 2 * x * dy),
        (X,),
        {"vjp": lambda dy, x: 2 * x * dy},
    ),
    "two outputs": (
        lambda x: ((x * 2, x * x), lambda dy: 2 * dy[0] + 2 * x * dy[1]),
        lambda x: ((x + x, x**2), lambda dy: 2 * dy[0] + 2 * dy[1] * x),
        (X,),
        {},
    ),
    "another subgradient at a kink": (
        lambda x: (np.maximum(x, 0), lambda dy: dy * np.where(x == 0, 0.5, x > 0)),
        relu,
        (np.array([0.0, 1.0, -1.0]),),
        {},
    ),
}


@pytest.mark.parametrize(("rule", "like", "args", "options"), RIGHT.values(), ids=RIGHT.keys())
def test_right_code_of_this_kind_fails_beside_a_reference(rule: Any, like: Any, args: Any, options: Any) -> None:
    result = held(rule if "vjp" in options else opaque(rule), like, *args, **options)
    assert not [e for e in result.evidence if e.stance == "against"], str(result)
    assert "kink" in {e.reason for e in said(result)} or result


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_a_wrong_complex_gradient_passes(dtype: Any) -> None:
    conjugated = lambda a, b: (a * b, lambda dy: (dy * np.conj(b), dy * a))  # noqa: E731
    result = held(opaque(conjugated), multiply, Z.astype(dtype), (Z * (1 + 1j)).astype(dtype))
    assert result.verdict == "fail"
    assert [e.argument for e in said(result) if e.stance == "against"] == ["a"]


def test_a_reference_with_a_wrong_pullback_is_trusted() -> None:
    result = held(opaque(multiply), double, X, X + 1)
    assert result.verdict == "inconclusive"
    assert said(result)[0].detail.endswith("double is not certified here: its db is wrong")


REFUSED: dict[str, tuple[Any, tuple[Any, ...], str]] = {
    "one that is not liftable": (opaque(softmax), (X,), "an exact array has no attribute 'tobytes'"),
    "one that raises": (standardize, (X,), "TypeError: "),
    "one of fewer arguments": (sigmoid, (X, X), "takes 1 differentiated arguments, 2 were given"),
}


@pytest.mark.parametrize(("like", "args", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_reference_that_cannot_be_certified_passes_quietly(like: Any, args: Any, why: str) -> None:
    def rule(*xs: Any, axis: int = 0) -> Any:
        return sum(xs), lambda dy: tuple(dy * 1 for _ in xs)

    params = {"axis": 0, "unknown": 1} if like is standardize else {}
    free = (lambda *xs, unknown=0, axis=0: rule(*xs)) if params else rule
    result = check(free, *args, like=like, params=params)
    assert result.verdict == "inconclusive", str(result)
    assert why in said(result)[0].detail


def test_outputs_of_another_shape_are_compared() -> None:
    result = held(lambda x: (x.sum(-1), lambda dy: dy[:, None] * np.ones_like(x)), sigmoid, X)
    assert result.verdict == "fail"
    assert "the outputs have shapes [(3,)], those of reference.activations.sigmoid [(3, 5)]" in result.diagnosis


def test_a_stated_budget_is_not_kept() -> None:
    box, x = opaque(digits_dropped), X.astype(np.float32)
    assert held(box, softmax, x, accuracy=100.0)
    assert held(box, softmax, x, accuracy=4.0).verdict == "fail"
    assert held(box, softmax, x, times=50.0)
    tight = held(box, softmax, x, times=1.0)
    assert tight.verdict == "fail"
    assert tight.accuracy["gradient"].budget == max(LEAST, tight.accuracy["gradient"].plain)


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "a reference that is no function": ({"like": 3.0}, TypeError, "like is a float: pass a rule"),
    "times without a reference": ({"times": 2.0}, ValueError, "times= is a multiple of the error of like="),
    "two budgets": ({"like": softmax, "times": 2.0, "accuracy": 1.0}, ValueError, "give both, and no accuracy="),
    "no times": ({"like": softmax, "times": 0.0}, ValueError, "times is 0.0: give a number above 0"),
    "no ULPs": ({"accuracy": -1.0}, ValueError, "accuracy is -1.0: give a number above 0"),
}


@pytest.mark.parametrize(("options", "error", "message"), BAD.values(), ids=BAD.keys())
def test_bad_arguments_are_accepted(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check(softmax, X, **options)


def test_the_declared_points_of_a_rule_are_not_held_to_the_reference() -> None:
    assert "axis" in inspect.signature(softmax.function).parameters
    mine = Rule(lambda x, *, axis: softmax(x, axis=axis), domains=softmax.domains)
    result = check(mine, like=softmax, oracles="exact")
    assert result, str(result)
    assert {e.point for e in said(result)} == {p.name for p in result.points}


def test_a_declared_reference_is_not_asked_when_cases_run() -> None:
    domain = softmax.domains[""]
    mine = rule(domain=domain, like=softmax)(softmax.function)
    result = check_case(Case(mine), oracles="differences")
    assert {e.point for e in said(result)} == {p.name for p in result.points}
    assert "note: as accurate" not in str(result), "a note for each point drowns the rest"
    wrong = rule(domain=domain, like=softmin)(softmax.function)
    assert check_case(Case(wrong), oracles="differences").verdict == "fail"
    # What the call names is more than what the rule declares; its budget counts beside either.
    assert check(wrong, X, like=softmax, oracles="differences")
    tight = check(mine, X.astype(np.float32), times=3.0, oracles="differences")
    assert tight.accuracy["gradient"].budget == max(LEAST, 3 * tight.accuracy["gradient"].plain)
    assert rule(like=softmax, accuracy=7.0)(softmax.function).standard.ulps == 7.0


def test_an_adapter_takes_no_reference() -> None:
    bound = adapters.from_fwd_bwd(lambda x: (np.tanh(x), x), lambda x, dy: dy / np.cosh(x) ** 2, like=sigmoid)
    assert check(bound, X).verdict == "fail"
    with pytest.raises(TypeError, match="like is a str: pass a rule"):
        adapters.from_fwd_bwd(np.tanh, np.cosh, like="sigmoid")


def test_a_result_in_bfloat16_changes_through_json() -> None:
    result = held(opaque(by_small_sums), softmax, X.astype(bfloat16))
    again = Result.from_json(result.to_json())
    assert again.accuracy == result.accuracy
    assert again.points[0].args[0].dtype == bfloat16
    np.testing.assert_array_equal(again.points[0].args[0], result.points[0].args[0])
