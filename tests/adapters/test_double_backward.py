"""The double backward of each adapter with a right and a wrong example: the verdict, and what the diagnosis says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import Rule, adapters, double_backward
from tests.adapters.test_adapters import B, W, X, affine, affine_backward, affine_doubled, torch_module, torch_tree


def affine_rule(x, w, b):
    y, residuals = affine(x, w, b)
    return y, lambda dy: affine_backward(residuals, dy)


def torch_cube_twice(slope: Any) -> Any:
    """A cube whose first derivative is right; slope: of what its backward takes for x**2."""
    torch = pytest.importorskip("torch")

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, dy):
            return 3 * slope(*ctx.saved_tensors) * dy

    return Cube


def jax_cube_twice(slope: Any) -> Any:
    jax = pytest.importorskip("jax")

    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, dy: (3 * slope(x) * dy,))
    return cube


def jax_cube_twice_by_jvp(slope: Any) -> Any:
    jax = pytest.importorskip("jax")

    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda at, v: (at[0] ** 3, 3 * slope(at[0]) * v[0]))
    return cube


def autograd_cube_twice(slope: Any) -> Any:
    extend = pytest.importorskip("autograd.extend")

    @extend.primitive
    def cube(x):
        return x**3

    extend.defvjp(cube, lambda ans, x: lambda g: g * 3 * slope(x))
    return cube


def fixed_in_jax(x):
    return pytest.importorskip("jax").lax.stop_gradient(x * x)


def product_with(cube: Any) -> Any:
    return lambda x, w: x @ cube(w)


def fixed_in_autograd(x):
    return pytest.importorskip("autograd.tracer").getval(x) ** 2


def affine_double(ddx, dy, x, w, b):
    ux, uw, ub = ddx
    return ux @ w + x @ uw + ub, dy @ uw.T, ux.T @ dy, np.zeros_like(b)


def affine_double_transposed(ddx, dy, x, w, b):
    ddy, dx, dw, db = affine_double(ddx, dy, x, w, b)
    return ddy, dx, -dw, db


# What is differentiated twice, the arguments, and, of a wrong one, what the diagnosis says.
EXAMPLES = {
    "right, vjp": (lambda: double_backward(Rule(affine_rule), affine_double), (X, W, B), ""),
    "wrong, vjp": (
        lambda: double_backward(Rule(affine_rule), affine_double_transposed),
        (X, W, B),
        "Your dw is minus the right value",
    ),
    "right, from_fwd_bwd": (
        lambda: double_backward(adapters.from_fwd_bwd(affine, affine_backward), affine_double),
        (X, W, B),
        "",
    ),
    "wrong, from_fwd_bwd": (
        lambda: double_backward(adapters.from_fwd_bwd(affine, affine_doubled), affine_double),
        (X, W, B),
        "The backward itself is wrong: db[",
    ),
    "right, from_torch": (
        lambda: double_backward(adapters.from_torch(torch_cube_twice(lambda x: x**2))),
        (X,),
        "",
    ),
    "wrong, from_torch": (
        lambda: double_backward(adapters.from_torch(torch_cube_twice(lambda x: x.detach() ** 2))),
        (X,),
        "Your dx is zero",
    ),
    "right, from_torch, a module": (
        lambda: double_backward(adapters.from_torch(torch_module(1.0))),
        (X,),
        "",
    ),
    "wrong, from_torch, a module": (
        lambda: double_backward(adapters.from_torch(torch_module(2.0))),
        (X,),
        "The backward itself is wrong: dweight[",
    ),
    "right, from_torch, a tree": (
        lambda: double_backward(adapters.from_torch(torch_tree(1.0))),
        ({"x": X, "w": W},),
        "",
    ),
    "wrong, from_torch, a tree": (
        lambda: double_backward(adapters.from_torch(torch_tree(2.0))),
        ({"x": X, "w": W},),
        "The backward itself is wrong: dparams['w'][",
    ),
    "right, from_jax": (
        lambda: double_backward(adapters.from_jax(jax_cube_twice(lambda x: x**2))),
        (X,),
        "",
    ),
    "wrong, from_jax": (
        lambda: double_backward(adapters.from_jax(jax_cube_twice(fixed_in_jax))),
        (X,),
        "Your dx is zero",
    ),
    "right, from_jax, custom_jvp": (
        lambda: double_backward(adapters.from_jax(jax_cube_twice_by_jvp(lambda x: x**2))),
        (X,),
        "",
    ),
    "wrong, from_jax, custom_jvp": (
        lambda: double_backward(adapters.from_jax(jax_cube_twice_by_jvp(fixed_in_jax))),
        (X,),
        "Your dx is zero",
    ),
    "right, from_autograd": (
        lambda: double_backward(adapters.from_autograd(autograd_cube_twice(lambda x: x**2))),
        (X,),
        "",
    ),
    "right, from_autograd, several arguments": (
        lambda: double_backward(adapters.from_autograd(product_with(autograd_cube_twice(lambda w: w * w)))),
        (X, W),
        "",
    ),
    "wrong, from_autograd, several arguments": (
        lambda: double_backward(adapters.from_autograd(product_with(autograd_cube_twice(fixed_in_autograd)))),
        (X, W),
        "Your dw",
    ),
    "wrong, from_autograd": (
        lambda: double_backward(adapters.from_autograd(autograd_cube_twice(fixed_in_autograd))),
        (X,),
        "Your dx is zero",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_double_backward_gives_the_wrong_verdict_or_diagnosis(name):
    adapted, args, said = EXAMPLES[name]
    result = gradcheck.check(adapted(), *args, oracles="exact,differences")
    assert result.verdict == ("fail" if said else "pass"), str(result)
    assert said in (result.diagnosis or ""), str(result)
    assert ("backward itself" in said) == ("backward itself" in (result.diagnosis or ""))
    if "torch" not in name and "jax" not in name:
        formula = [e for e in result.evidence if e.oracle == "exact" and e.question == "formula"]
        assert formula
        assert all(e.stance in ("for", "against") for e in formula), "NumPy code behind an adapter no longer lifts"


@pytest.mark.parametrize("adapter", ["vjp", "from_fwd_bwd", "from_torch", "from_jax", "from_autograd"])
def test_an_adapter_has_no_right_or_no_wrong_example(adapter):

    assert all(any(name.startswith(f"{kind}, {adapter}") for name in EXAMPLES) for kind in ("right", "wrong"))


def test_a_library_that_differentiates_its_backward_is_not_listed():
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
    autograd = pytest.importorskip("autograd.numpy")
    made = (adapters.from_jax(jax.numpy.sin), adapters.from_torch(torch.sin), adapters.from_autograd(autograd.sin))
    assert all(rule.backward is not None for rule in made)
