"""Double backward passes: right ones pass, wrong ones are named, and the truth is that of the forward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import Result, Rule, adapters, check, choice, double_backward, real, rule
from gradcheck.cases import Case
from gradcheck.checking import check_case

RNG = np.random.default_rng(3)
X = RNG.normal(size=(2, 3))


def parts(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax(x: Any) -> Any:
    y = parts(x)
    return y, lambda dy: y * (dy - (dy * y).sum(-1, keepdims=True))


def softmax_twice(ddx: Any, dy: Any, x: Any) -> Any:
    y = parts(x)

    def mean(a: Any) -> Any:
        return (a * y).sum(-1, keepdims=True)

    slope = ddx * (dy - mean(dy)) - mean(ddx) * dy
    return y * (ddx - mean(ddx)), y * (slope - mean(slope))


def cubes(x: Any) -> Any:
    return x**3, lambda dy: 3 * x * x * dy


def cubes_twice(ddx: Any, dy: Any, x: Any) -> Any:
    return 3 * x * x * ddx, 6 * x * dy * ddx


def gelu(x: Any) -> Any:
    inner = 0.7978845608028654 * (x + 0.044715 * x**3)
    t, slope = np.tanh(inner), 0.7978845608028654 * (1 + 3 * 0.044715 * x * x)
    return 0.5 * x * (1 + t), lambda dy: dy * 0.5 * (1 + t + x * (1 - t * t) * slope)


def gelu_twice(ddx: Any, dy: Any, x: Any) -> Any:
    inner = 0.7978845608028654 * (x + 0.044715 * x**3)
    t, slope = np.tanh(inner), 0.7978845608028654 * (1 + 3 * 0.044715 * x * x)
    s, bend = 1 - t * t, 0.7978845608028654 * 6 * 0.044715 * x
    return ddx * 0.5 * (1 + t + x * s * slope), ddx * dy * (s * slope + 0.5 * x * s * (bend - 2 * t * slope * slope))


def matmul(a: Any, b: Any) -> Any:
    return a @ b, lambda dy: (dy @ b.T, a.T @ dy)


def matmul_twice(dd: Any, dy: Any, a: Any, b: Any) -> Any:
    da, db = dd
    return da @ b + a @ db, dy @ db.T, da.T @ dy


def modulus(z: Any) -> Any:
    return np.abs(z), lambda dy: dy * np.conj(z) / np.abs(z)


def modulus_twice(u: Any, dy: Any, z: Any) -> Any:
    r = np.abs(z)
    return (u * np.conj(z) / r).real, dy * (np.conj(u) / r - u * np.conj(z) ** 2 / r**3) / 2


def two_outputs(x: Any) -> Any:
    return (x * x, x.sum()), lambda dys: 2 * x * dys[0] + dys[1]


def two_outputs_twice(u: Any, dys: Any, x: Any) -> Any:
    return (2 * x * u, u.sum()), 2 * u * dys[0]


def doubled(rule: Any, twice: Any, *, entry: int, by: Any) -> Rule:
    """A double backward one of whose answers is spoilt."""

    def spoilt(*args: Any) -> Any:
        found = list(twice(*args))
        found[entry] = by(found[entry])
        return tuple(found)

    return double_backward(rule, spoilt)


def agrees(made: Rule, *args: Any, **options: Any) -> Result:
    result = check(made, *args, **options)
    assert result, str(result)
    return result


Z = X + 1j * X[::-1]
RIGHT: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "one argument": (double_backward(softmax, softmax_twice), (X,)),
    "rounded constants": (double_backward(gelu, gelu_twice), (X,)),
    "several arguments": (double_backward(matmul, matmul_twice), (X, X.T)),
    "complex ones": (double_backward(modulus, modulus_twice), (Z,)),
    "many entries": (double_backward(matmul, matmul_twice), (RNG.normal(size=(9, 8)), RNG.normal(size=(8, 7)))),
    "0-d": (
        double_backward(lambda x: (x * x, lambda dy: 2 * x * dy), lambda u, dy, x: (2 * x * u, 2 * u * dy)),
        (3.0,),
    ),
    "linear": (double_backward(lambda x: (2 * x, lambda dy: 2 * dy), lambda u, dy, x: (2 * u, 0 * x)), (X,)),
}


@pytest.mark.parametrize(("made", "args"), RIGHT.values(), ids=RIGHT.keys())
def test_a_right_double_backward_is_blamed_or_not_compared_with_the_forward(made: Rule, args: Any) -> None:
    result = check(made, *args, oracles="exact,differences")
    assert result, str(result)
    spoken = {
        (e.argument, e.kind) for e in result.evidence if (e.oracle, e.question, e.stance) == ("exact", "formula", "for")
    }
    assert {a for a, _ in spoken} == {"dy", *made.argument_names(1 + len(args))[1:]}
    assert {kind for _, kind in spoken} == {"tested"}
    assert any(e.detail == "the backward itself" and e.stance == "for" for e in result.evidence)


def dropped(g: Any) -> Any:
    return 0 * g


WRONG: dict[str, tuple[Any, tuple[Any, ...], str]] = {
    "ddy is dropped": (doubled(softmax, softmax_twice, entry=0, by=dropped), (X,), "Your ddy is zero"),
    "dx is dropped": (doubled(softmax, softmax_twice, entry=1, by=dropped), (X,), "Your dx is zero"),
    "a factor": (doubled(gelu, gelu_twice, entry=1, by=lambda g: 2 * g), (X,), "Your dx is twice the right value"),
    "one of several": (doubled(matmul, matmul_twice, entry=2, by=lambda g: -g), (X, X.T), "Your db is minus the right"),
    "a conjugate": (doubled(modulus, modulus_twice, entry=1, by=np.conj), (Z,), "Your dz is"),
    "hardly anything": (doubled(softmax, softmax_twice, entry=1, by=lambda g: g * (1 + 1e-9)), (X,), "Your dx"),
}


@pytest.mark.parametrize(("made", "args", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_double_backward_is_not_named(made: Rule, args: Any, said: str) -> None:
    result = check(made, *args, oracles="exact,differences")
    assert result.verdict == "fail", str(result)
    assert said in result.diagnosis, str(result)


def test_a_backward_that_is_wrong_itself_passes_with_its_own_derivative() -> None:
    wrong = double_backward(
        lambda x: (x**3, lambda dy: 6 * x * x * dy), lambda u, dy, x: (6 * x * x * u, 12 * x * u * dy)
    )
    result = check(wrong, X)
    assert result.verdict == "fail"
    assert "The backward itself is wrong: dx[" in result.diagnosis
    assert "check the rule before its double backward" in " ".join(result.diagnosis.split())


def test_a_backward_that_is_right_at_the_point_only_is_taken_for_the_truth() -> None:
    tangent = double_backward(lambda x: (np.log(x), lambda dy: x * dy), lambda u, dy, x: (x * u, u * dy))
    result = check(tangent, np.ones(3))
    assert result.verdict in ("fail", "disputed"), str(result)
    exact = [e for e in result.evidence if (e.oracle, e.question, e.argument) == ("exact", "formula", "x")]
    assert [e.stance for e in exact] == ["against"]


KINKS: dict[str, tuple[Any, Any, Any]] = {
    "of the forward": (
        lambda x: (np.maximum(x, 0), lambda dy: dy * (x > 0)),
        lambda u, dy, x: (u * (x > 0), 0 * x),
        np.array([1.0, 0.0, -2.0]),
    ),
    "of the gradient": (
        lambda x: (np.where(abs(x) < 1, x * x / 2, abs(x) - 0.5), lambda dy: dy * np.clip(x, -1, 1)),
        lambda u, dy, x: (u * np.clip(x, -1, 1), u * dy * (abs(x) < 1)),
        np.array([0.5, 1.0, -2.0]),
    ),
}


@pytest.mark.parametrize(("first", "twice", "x"), KINKS.values(), ids=KINKS.keys())
def test_a_second_derivative_is_invented_at_a_kink(first: Any, twice: Any, x: Any) -> None:
    result = check(double_backward(first, twice), x)
    assert result.verdict != "fail", str(result)
    assert {e.reason for e in result.evidence if e.oracle == "exact" and e.question == "formula"} == {"kink"}
    assert "no second derivative there" in " ".join(result.notes)
    assert check(double_backward(first, twice), x + 0.25)


def test_declared_points_are_not_those_of_the_rule_or_its_twin_is_lost() -> None:
    declared = rule(domain={"x": real("n k")}, jax=lambda jax, x: x**3)(cubes)
    made = double_backward(declared, cubes_twice)
    assert list(made.domains[""]) == ["x", "dy"]
    assert made.name == f"{declared.name.rpartition('.')[0]}.double_backward(cubes)"
    result = check_case(Case(made))
    assert result, str(result)
    assert [p.name for p in result.points] == [p.name for p in Case(declared).points()]
    assert all(p.args[0].shape == p.args[1].shape for p in result.points)
    assert not check_case(Case(doubled(declared, cubes_twice, entry=0, by=dropped)))
    pytest.importorskip("jax")
    assert {e.argument for e in result.evidence if e.oracle == "jax" and e.stance == "for"} == {None, "dy", "x"}


def test_several_outputs_have_no_cotangent_each() -> None:
    made = double_backward(Rule(two_outputs, domains={"": {"x": real("n")}}), two_outputs_twice)
    assert made.argument_names(3) == ("dy0", "dy1", "x")
    result = check(made, oracles="exact")
    assert result, str(result)
    spoken = {e.argument for e in result.evidence if e.question == "formula" and e.stance == "for"}
    assert spoken == {"dy0", "dy1", "x"}
    given = agrees(made, X[0], oracles="exact")
    spoken = {e.argument for e in given.evidence if e.question == "formula" and e.stance == "for"}
    assert spoken == {"dy[0]", "dy[1]", "x"}
    wrong = doubled(two_outputs, two_outputs_twice, entry=0, by=lambda g: (g[0], 2 * g[1]))
    result = check(wrong, X)
    assert "Your ddy[1] is twice the right value" in (result.diagnosis or ""), str(result)


def test_an_argument_that_is_called_dy_is_taken_for_the_cotangent() -> None:
    made = double_backward(lambda dy: (dy**2, lambda g: 2 * dy * g), lambda u, g, dy: (2 * dy * u, 2 * g * u))
    assert made.argument_names(2) == ("cotangent", "dy")
    agrees(made, X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((softmax,), "softmax has no double backward: pass vjp="),
        ((softmax, 3), "vjp is an int: pass a function"),
        ((3, softmax_twice), "rule is an int: pass a function"),
    ],
)
def test_what_cannot_be_differentiated_twice_is_accepted(arguments: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        double_backward(*arguments)


def test_a_pullback_that_is_not_linear_has_a_second_order() -> None:
    clipped = Rule(
        lambda x: (x, lambda dy: np.clip(dy, -1, 1)), surrogate=lambda x: x, cotangent=lambda dy: np.clip(dy, -1, 1)
    )
    with pytest.raises(ValueError, match="declared not to be linear in dy"):
        double_backward(clipped, lambda u, dy, x: (u, 0 * x))
    through = Rule(lambda x: (np.sign(x), lambda dy: dy), surrogate=lambda x: x)
    agrees(double_backward(through, lambda u, dy, x: (u, 0 * x)), X)


def cube(backward: Any) -> Any:
    """A torch.autograd.Function; backward(x, dy, saved) is its own, saved being the slope without a graph."""
    torch = pytest.importorskip("torch")

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            ctx.saved = (3 * x**2).detach()
            return x**3

        @staticmethod
        def backward(ctx: Any, dy: Any) -> Any:
            return backward(*ctx.saved_tensors, dy, ctx.saved)

    return Cube


def once(function: Any) -> Any:
    torch = pytest.importorskip("torch")
    function.backward = staticmethod(torch.autograd.function.once_differentiable(function.backward))
    return function


def nearly(x: Any, dy: Any, saved: Any) -> Any:
    """Right; its derivative by x is a five-thousandth short."""
    return (3 - 6e-4) * x**2 * dy + 6e-4 * x.detach() ** 2 * dy


# Whether torch.autograd.gradgradcheck sees it, and what we say.
OF_TORCH: dict[str, tuple[Any, bool, str]] = {
    "right": (lambda: cube(lambda x, dy, saved: 3 * x**2 * dy), False, ""),
    "a detached tensor was saved": (lambda: cube(lambda x, dy, saved: saved * dy), True, "Your dx is zero"),
    "dy is a constant": (lambda: cube(lambda x, dy, saved: 3 * x**2 * dy.detach()), True, "Your ddy is zero"),
    "once_differentiable": (
        lambda: once(cube(lambda x, dy, saved: 3 * x**2 * dy)),
        True,
        "Your ddy and dx are zero",
    ),
    "half is a constant": (
        lambda: cube(lambda x, dy, saved: 3 * x * x.detach() * dy),
        True,
        "Your dx is half the right value",
    ),
    "nearly right": (lambda: cube(nearly), False, "Your dx is"),
    "wrong, and differentiated as it is": (
        lambda: cube(lambda x, dy, saved: 6 * x**2 * dy),
        False,
        "The backward itself is wrong",
    ),
}


@pytest.mark.parametrize(("make", "seen", "said"), OF_TORCH.values(), ids=OF_TORCH.keys())
def test_a_torch_function_is_differentiated_twice_as_gradgradcheck_does(make: Any, seen: bool, said: str) -> None:
    torch = pytest.importorskip("torch")
    function = make()
    result = check(double_backward(adapters.from_torch(function)), torch.tensor(X))
    assert result.verdict == ("fail" if said else "pass"), str(result)
    assert said in (result.diagnosis or ""), str(result)
    given = torch.tensor(X, requires_grad=True)
    try:
        accepted = torch.autograd.gradgradcheck(function.apply, given, raise_exception=False)
    except RuntimeError:
        accepted = False
    assert accepted != seen


def test_a_torch_double_backward_is_not_held_to_a_certified_reference() -> None:
    pytest.importorskip("torch")
    reference = Rule(lambda x: (x**3, lambda dy: 3 * x**2 * dy))
    for spoilt in (False, True):
        function = cube(lambda x, dy, saved, spoilt=spoilt: (1 + spoilt * 1e-12) * 3 * x**2 * dy)
        result = check(double_backward(adapters.from_torch(function)), X, like=reference, oracles="exact")
        assert result.verdict == ("fail" if spoilt else "pass"), str(result)
        certified = {e.argument for e in result.evidence if (e.oracle, e.question) == ("like", "formula")}
        assert spoilt or certified == {"dy", "x"}


def test_a_complex_reference_is_differentiated_twice_as_a_real_one() -> None:
    reference = Rule(lambda z: (z**3, lambda dy: 3 * z**2 * dy))
    for spoilt in (False, True):
        mine = doubled(
            lambda z: (z * z * z, lambda dy: 3 * z * z * dy),
            complex_twice,
            entry=1,
            by=lambda g, spoilt=spoilt: g.conj() if spoilt else g,
        )
        result = check(mine, Z, like=reference, oracles="differences")
        assert result.verdict == ("fail" if spoilt else "pass"), str(result)
        assert {e.stance for e in result.evidence if e.oracle == "like" and e.question == "formula"} <= {
            "for",
            "against",
        }


def complex_twice(ddz: Any, dy: Any, z: Any) -> Any:
    return 3 * z * z * ddz, 6 * z * dy * ddz


def test_parameters_or_declared_points_do_not_reach_torch_twice() -> None:
    torch = pytest.importorskip("torch")
    agrees(double_backward(adapters.from_torch(torch.nn.functional.softmax)), X, params={"dim": 0})
    domain = {"x": real("4 3"), "dim": choice(0, 1)}
    split = adapters.from_torch(lambda x, *, dim: torch.split(x**3, 2, dim), domain={**domain, "x": real("4 4")})
    assert double_backward(split).argument_names(3) == ("dy0", "dy1", "x")
    agrees(double_backward(split))


def test_complex_cotangents_are_not_conjugated_twice() -> None:
    torch = pytest.importorskip("torch")
    result = agrees(double_backward(adapters.from_torch(lambda z: z**2 * torch.abs(z))), Z)
    assert "conjugate" in str(result)
    jax = pytest.importorskip("jax")
    agrees(double_backward(adapters.from_jax(lambda z: z**2 * jax.numpy.abs(z))), Z)


def test_a_search_draws_cotangents_that_fit_no_output() -> None:
    pytest.importorskip("hypothesis")
    agrees(double_backward(matmul, matmul_twice), X, X.T, search=20)
    result = check(doubled(matmul, matmul_twice, entry=1, by=lambda g: g * (1 + (g > 1))), X, X.T, search=20)
    assert "search: fails at one of" in " ".join(result.notes)
    with pytest.raises(ValueError, match=r"dy has shape \[\(3,\)\], the outputs of .*matmul have \[\(2, 2\)\]"):
        double_backward(matmul, matmul_twice)(np.ones(3), X, X.T)
