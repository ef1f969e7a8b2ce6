"""Rules that are gradients have symmetric Jacobians; the two entries that differ are named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check, real, rule
from gradcheck.adapters import from_gradient
from reference.activations import softmax as reference_softmax
from reference.reductions import logsumexp

RNG = np.random.default_rng(3)
X = RNG.normal(size=(2, 3))


def parts(x: Any, axis: int) -> Any:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def softmax(x: Any, *, axis: int = -1) -> Any:
    y = parts(x, axis)
    return y, lambda dy: y * (dy - (dy * y).sum(axis, keepdims=True))


def transposed(x: Any, *, axis: int = -1) -> Any:
    """The product with the Jacobian of y log y, which is not symmetric."""
    y = parts(x, axis)
    return y, lambda dy: y * dy - (dy * y * y).sum(axis, keepdims=True)


def of_both(x: Any, w: Any) -> Any:
    """The gradient of Σ x²w."""
    return (2 * x * w, x * x), lambda dys: (2 * dys[0] * w + 2 * x * dys[1], 2 * x * dys[0])


def of_both_negated(x: Any, w: Any) -> Any:
    y, pullback = of_both(x, w)
    return y, lambda dys: (pullback(dys)[0], -pullback(dys)[1])


def many(x: Any) -> Any:
    y, pull = softmax(x)

    def pullback(dy: Any) -> Any:
        dx = pull(dy)
        dx[3, 4] += 1e-3 * dy[5, 6]
        return dx

    return y, pullback


def declared(function: Any, **declaration: Any) -> Rule:
    return (
        rule(gradient_of=True, **declaration)(function)
        if "gradient_of" not in declaration
        else rule(**declaration)(function)
    )


CASES: dict[str, tuple[Rule, tuple[Any, ...], dict[str, Any], str]] = {
    "right": (declared(softmax), (X,), {}, ""),
    "right, of a rule": (declared(softmax, gradient_of=logsumexp), (X,), {}, ""),
    "right, of a rule and with parameters": (declared(softmax, gradient_of=logsumexp), (X,), {"axis": 0}, ""),
    "right, of several arguments": (declared(of_both), (X, X + 1), {}, ""),
    "right, 0-d": (declared(lambda x: (x * x, lambda dy: 2 * x * dy)), (3.0,), {}, ""),
    "wrong": (
        declared(transposed),
        (X,),
        {},
        "declared to be a gradient, so that its Jacobian is symmetric, but by the pullback ∂y[",
    ),
    "wrong, of a rule": (
        declared(transposed, gradient_of=logsumexp),
        (X,),
        {},
        "declared to be the gradient of logsumexp",
    ),
    "wrong between two arguments": (declared(of_both_negated), (X, X + 1), {}, "∂y1["),
    "one of many entries": (
        declared(many),
        (RNG.normal(size=(20, 30)),),
        {},
        "∂y[5, 6]/∂x[3, 4] is 0.001 and ∂y[3, 4]/∂x[5, 6] is 0",
    ),
    "another function's gradient": (
        declared(lambda x: (np.tanh(x), lambda dy: dy / np.cosh(x) ** 2), gradient_of=logsumexp),
        (X,),
        {},
        "by the pullback of reference.reductions.logsumexp",
    ),
    "the gradient of what takes no such argument": (
        declared(softmax, gradient_of=Rule(lambda x, w: ((x * w).sum(), lambda dy: (dy * w, dy * x)))),
        (X,),
        {},
        "which raises here: TypeError",
    ),
    "no gradient at all": (
        declared(lambda x: (x.sum(), lambda dy: dy * np.ones_like(x))),
        (X,),
        {},
        "its outputs have shapes [()], not [(2, 3)]",
    ),
}


@pytest.mark.parametrize(("made", "args", "params", "said"), CASES.values(), ids=CASES.keys())
def test_a_jacobian_that_is_not_symmetric_passes_or_a_symmetric_one_is_blamed(
    made: Rule, args: Any, params: Any, said: str
) -> None:
    result = check(made, *args, params=params, oracles="exact,differences")
    found = [e.detail for e in result.evidence if e.question == "contract"]
    assert bool(found) == bool(said), str(result)
    assert any(said in detail for detail in found) or not said, found
    assert result.verdict == ("fail" if said else "pass"), str(result)


def test_gradients_of_scipy_are_not_seen() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rosen = from_gradient(optimize.rosen, optimize.rosen_der)
    for hessian, right in ((optimize.rosen_hess, True), (lambda x: np.tril(optimize.rosen_hess(x)), False)):
        result = check(from_gradient(optimize.rosen_der, hessian, gradient_of=rosen), X[0])
        assert bool(result) == right, str(result)
        assert right or "the gradient of rosen" in result.diagnosis


def test_a_declaration_that_means_nothing_is_accepted() -> None:
    with pytest.raises(TypeError, match="gradient_of= is 'logsumexp': give a rule, or True"):
        rule(gradient_of="logsumexp")(softmax)  # type: ignore[call-overload]


def test_the_reference_does_not_say_what_is_a_gradient() -> None:
    assert reference_softmax.gradient_of is logsumexp
    assert check(reference_softmax, X)
    spoilt = reference_softmax.but(function=transposed, domains={"": {"x": real("n k")}})
    assert not check(spoilt, oracles="differences")
