"""Each adapter with a right and a wrong example: the verdict, and what the diagnosis says."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import Rule, adapters, choice, from_vjp, real

RNG = np.random.default_rng(3)
X, W, B = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2)), RNG.normal(size=2)


def affine(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(residuals, dy):
    x, w = residuals
    return dy @ w.T, x.T @ dy, dy.sum(0)


def affine_doubled(residuals, dy):
    dx, dw, db = affine_backward(residuals, dy)
    return dx, dw, 2 * db


def scaled_forward(x, w, param):
    return param["scale"] * x * w, (x, w, param)


def scaled_backward(dout, cache):
    x, w, param = cache
    return param["scale"] * dout * w, param["scale"] * dout * x


def scaled_negated(dout, cache):
    dx, dw = scaled_backward(dout, cache)
    return -dx, dw


class Dense:
    """Gradients land in attributes."""

    def __init__(self):
        self.W, self.b = W.copy(), B.copy()
        self.dW = np.ones_like(W)  # of an earlier pass

    def forward(self, x):
        self.x = x
        return np.tanh(x @ self.W + self.b)

    def backward(self, dy):
        dz = dy * (1 - self.forward(self.x) ** 2)
        self.dW, self.db = self.x.T @ dz, dz.sum(0)
        return dz @ self.W.T


class Halved(Dense):
    def backward(self, dy):
        dx = super().backward(dy)
        self.dW = self.dW / 2
        return dx


class Accumulating:
    """Parameters and gradients in dicts; gradients add up until somebody zeroes them."""

    def __init__(self):
        self.params = {"W": W.copy()}
        self.grads = {"W": np.full_like(W, 7.0)}

    def forward(self, x):
        self.x = x
        buffer = np.zeros((len(x), 2))
        buffer[:] = x @ self.params["W"]
        return buffer

    def backward(self, dy):
        self.grads["W"] += self.x.T @ dy
        return dy @ self.params["W"].T


class Forgetful(Accumulating):
    def backward(self, dy):
        self.grads["W"] += 0 * (self.x.T @ dy)
        return dy @ self.params["W"].T


class Shared(Accumulating):
    """The same arrays as attributes and in dicts, read here and written there."""

    def __init__(self):
        super().__init__()
        self.W, self.dW = self.params["W"], self.grads["W"]

    def forward(self, x):
        self.x = x
        return x @ self.W


class SharedTwice(Shared):
    def backward(self, dy):
        self.grads["W"] += self.x.T @ dy
        return super().backward(dy)


def cubes(x):
    return (x**3).sum()


def ridge(params):
    h = X @ params["W"]
    return (h * h).sum() / 2, {"W": X.T @ h, "b": np.zeros(2)}


def ridge_twice(params):
    value, grad = ridge(params)
    return value, {**grad, "W": 2 * grad["W"]}


def jacobian_of_square(x):
    return np.diag(2 * x)


def torch_cube(factor: float) -> Any:
    torch = pytest.importorskip("torch")

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            ctx.save_for_backward(x)
            ctx.scale = scale
            return scale * x**3

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return factor * ctx.scale * 3 * x**2 * dy, None

    return Cube


def jax_sine(factor: float) -> Any:
    jax = pytest.importorskip("jax")

    @jax.custom_vjp
    def sine(x):
        return jax.numpy.sin(x)

    sine.defvjp(lambda x: (jax.numpy.sin(x), x), lambda x, dy: (factor * dy * jax.numpy.cos(x),))
    return sine


def jax_sine_by_jvp(factor: float) -> Any:
    jax = pytest.importorskip("jax")

    @jax.custom_jvp
    def sine(x):
        return jax.numpy.sin(x)

    sine.defjvp(lambda at, v: (jax.numpy.sin(at[0]), factor * v[0] * jax.numpy.cos(at[0])))
    return sine


def autograd_square(factor: float) -> Any:
    extend = pytest.importorskip("autograd.extend")

    @extend.primitive
    def square(x):
        return x * x

    extend.defvjp(square, lambda ans, x: lambda g: factor * g * x)
    return square


def torch_module(factor: float) -> Any:
    torch = pytest.importorskip("torch")
    cube = torch_cube(factor)

    class Cubes(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(W))

        def forward(self, x):
            return x @ cube.apply(self.weight, 1.0)

    return Cubes()


def torch_tree(factor: float) -> Any:
    cube = torch_cube(factor)
    return lambda params: params["x"] @ cube.apply(params["w"], 1.0)


def jax_tree(factor: float) -> Any:
    sine = jax_sine(factor)
    return lambda params: params["x"] @ sine(params["w"])


def with_dicts(backward: Any) -> Any:
    """A rule of a dict of arrays."""

    def rule(params):
        y, residuals = affine(X, params["W"], params["b"])
        return y, lambda dy: dict(zip(("W", "b"), backward(residuals, dy)[1:], strict=True))

    return Rule(rule)


def hessian_of_product(x):
    return np.prod(x) / np.multiply.outer(x, x) * (1 - np.eye(len(x)))


def gradient_of_product(hessian: Any) -> Any:
    """The gradient of x1 x2 ... with its Jacobian."""
    return adapters.from_gradient(lambda x: np.prod(x) / x, hessian, gradient_of=True)


TWICE = "twice the right value"
# What is adapted, the arguments, the parameters, and, of a wrong one, what the diagnosis says.
EXAMPLES = {
    "from_fwd_bwd right": (lambda: adapters.from_fwd_bwd(affine, affine_backward), (X, W, B), {}, ""),
    "from_fwd_bwd wrong": (lambda: adapters.from_fwd_bwd(affine, affine_doubled), (X, W, B), {}, f"Your db is {TWICE}"),
    "from_cache right": (
        lambda: adapters.from_cache(scaled_forward, scaled_backward),
        (X, X + 1),
        {"param": {"scale": 3.0}},
        "",
    ),
    "from_cache wrong": (
        lambda: adapters.from_cache(scaled_forward, scaled_negated),
        (X, X + 1),
        {"param": {"scale": 3.0}},
        "Your dx is minus the right value",
    ),
    "from_vjp right": (lambda: from_vjp(lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ dy)), (X, W), {}, ""),
    "from_vjp wrong": (
        lambda: from_vjp(lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, 2 * x.T @ dy)),
        (X, W),
        {},
        f"Your dw is {TWICE}",
    ),
    "a rule of a dict right": (lambda: with_dicts(affine_backward), ({"W": W, "b": B},), {}, ""),
    "a rule of a dict wrong": (
        lambda: with_dicts(affine_doubled),
        ({"W": W, "b": B},),
        {},
        f"Your dparams['b'] is {TWICE}",
    ),
    "from_layer right, attributes": (lambda: adapters.from_layer(Dense()), (X,), {}, ""),
    "from_layer wrong, attributes": (
        lambda: adapters.from_layer(Halved()),
        (X,),
        {},
        "Your dW is half the right value",
    ),
    "from_layer right, dicts": (lambda: adapters.from_layer(Accumulating()), (X,), {}, ""),
    "from_layer right, an array of two names": (lambda: adapters.from_layer(Shared()), (X,), {}, ""),
    "from_layer wrong, an array of two names": (
        lambda: adapters.from_layer(SharedTwice()),
        (X,),
        {},
        "Your dW is twice",
    ),
    "from_layer wrong, dicts": (lambda: adapters.from_layer(Forgetful()), (X,), {}, "Your dW is zero"),
    "from_gradient right": (lambda: adapters.from_gradient(cubes, lambda x: 3 * x**2), (X,), {}, ""),
    "from_gradient wrong": (lambda: adapters.from_gradient(cubes, lambda x: 6 * x**2), (X,), {}, f"Your dx is {TWICE}"),
    "from_gradient right, a Jacobian": (lambda: adapters.from_gradient(np.square, jacobian_of_square), (B,), {}, ""),
    "from_gradient wrong, a Jacobian": (
        lambda: adapters.from_gradient(lambda x: np.cumsum(x), lambda x: 2 * np.tri(len(x))),
        (X[0],),
        {},
        f"Your dx is {TWICE}",
    ),
    "from_gradient right, a Hessian": (lambda: gradient_of_product(hessian_of_product), (X[0],), {}, ""),
    "from_gradient wrong, a Hessian": (
        lambda: gradient_of_product(lambda x: np.triu(hessian_of_product(x))),
        (X[0],),
        {},
        "so that its Jacobian is symmetric, but by the pullback",
    ),
    "from_value_and_grad right": (lambda: adapters.from_value_and_grad(ridge), ({"W": W, "b": B},), {}, ""),
    "from_value_and_grad wrong": (
        lambda: adapters.from_value_and_grad(ridge_twice),
        ({"W": W, "b": B},),
        {},
        f"Your dparams['W'] is {TWICE}",
    ),
    "from_torch right": (lambda: adapters.from_torch(torch_cube(1.0)), (X,), {"scale": 2.0}, ""),
    "from_torch wrong": (lambda: adapters.from_torch(torch_cube(2.0)), (X,), {"scale": 2.0}, f"Your dx is {TWICE}"),
    "from_torch right, a module": (lambda: adapters.from_torch(torch_module(1.0)), (X,), {}, ""),
    "from_torch wrong, a module": (
        lambda: adapters.from_torch(torch_module(2.0)),
        (X,),
        {},
        f"Your dweight is {TWICE}",
    ),
    "from_torch right, a tree": (lambda: adapters.from_torch(torch_tree(1.0)), ({"x": X, "w": W},), {}, ""),
    "from_torch wrong, a tree": (
        lambda: adapters.from_torch(torch_tree(2.0)),
        ({"x": X, "w": W},),
        {},
        f"Your dparams['w'] is {TWICE}",
    ),
    "from_jax right, a tree": (lambda: adapters.from_jax(jax_tree(1.0)), ({"x": X, "w": W},), {}, ""),
    "from_jax wrong, a tree": (
        lambda: adapters.from_jax(jax_tree(2.0)),
        ({"x": X, "w": W},),
        {},
        f"Your dparams['w'] is {TWICE}",
    ),
    "from_jax right": (lambda: adapters.from_jax(jax_sine(1.0)), (X,), {}, ""),
    "from_jax wrong": (lambda: adapters.from_jax(jax_sine(2.0)), (X,), {}, f"Your dx is {TWICE}"),
    "from_jax right, custom_jvp": (lambda: adapters.from_jax(jax_sine_by_jvp(1.0)), (X,), {}, ""),
    "from_jax wrong, custom_jvp": (lambda: adapters.from_jax(jax_sine_by_jvp(2.0)), (X,), {}, f"Your dx is {TWICE}"),
    "from_autograd right": (lambda: adapters.from_autograd(autograd_square(2.0)), (X,), {}, ""),
    "from_autograd wrong": (lambda: adapters.from_autograd(autograd_square(4.0)), (X,), {}, f"Your dx is {TWICE}"),
}
# What runs on exact arithmetic is certified.
NUMPY = [name for name in EXAMPLES if "torch" not in name and "jax" not in name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_adapter_gives_the_wrong_verdict_or_diagnosis(name):
    adapted, args, params, said = EXAMPLES[name]
    result = gradcheck.check(adapted(), *args, params=params, oracles="exact,differences")
    assert result.verdict == ("fail" if said else "pass"), str(result)
    assert said in (result.diagnosis or ""), str(result)
    if name in NUMPY:
        formula = [e for e in result.evidence if e.oracle == "exact" and e.question == "formula"]
        assert formula
        assert all(e.stance in ("for", "against") for e in formula), "NumPy code behind an adapter no longer lifts"


@pytest.mark.parametrize("adapter", [*adapters.__all__, "from_vjp", "a rule of a dict"])
def test_an_adapter_has_no_right_or_no_wrong_example(adapter):
    assert any(name.startswith(f"{adapter} right") for name in EXAMPLES)
    assert any(name.startswith(f"{adapter} wrong") for name in EXAMPLES)


def lost(x):
    return x


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: adapters.from_cache(lost, scaled_backward), "lost returned an array of shape .*\\(y, cache\\)"),
        (lambda: adapters.from_fwd_bwd(lost, affine_backward), "must return \\(y, residuals\\)"),
        (lambda: adapters.from_value_and_grad(lost), "must return \\(value, gradient\\)"),
    ],
)
def test_a_function_of_another_form_is_not_named(make, message):
    result = gradcheck.check(make(), X)
    assert result.verdict == "error"
    assert re.search(message, result.diagnosis), result.diagnosis


def test_an_adapter_takes_what_is_no_function():
    with pytest.raises(TypeError, match="backward is an int"):
        adapters.from_cache(affine, 3)


class Unnamed:
    def __init__(self):
        self.W = W

    def forward(self, x):
        return x @ self.W

    def backward(self, dy):
        return dy @ self.W.T


def test_a_layer_without_a_gradient_is_not_told_where_it_was_looked_for():
    result = gradcheck.check(adapters.from_layer(Unnamed()), X)
    assert result.verdict == "error"
    assert "the gradient of parameter 'W' is nowhere after backward" in result.diagnosis
    assert gradcheck.check(adapters.from_layer(Unnamed(), params=()), X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"params": ["V"]}, "Unnamed has no 'V'"), ({"forward": "predict"}, "Unnamed has no method 'predict'")],
)
def test_a_layer_that_lacks_what_is_named_is_accepted(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        adapters.from_layer(Unnamed(), **arguments)


def test_a_layer_is_changed_by_its_check():
    layer = Accumulating()
    assert gradcheck.check(adapters.from_layer(layer), X, oracles="differences")
    assert np.array_equal(layer.grads["W"], np.full_like(W, 7.0))
    assert not hasattr(layer, "x")


def test_an_adapted_rule_cannot_declare_a_domain():
    rule = adapters.from_layer(Dense(), domain={"x": real("n 4"), "W": real("4 2"), "b": real("2")})
    assert gradcheck.check(rule, oracles="differences")
    domain = {"x": real("n"), "w": real("n"), "param": choice({"scale": 2.0})}
    scaled = adapters.from_cache(scaled_forward, scaled_backward, names=("x", "w"), domain=domain)
    assert gradcheck.check(scaled, oracles="exact")
