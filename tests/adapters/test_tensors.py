"""Tensors and JAX arrays keep their device and dtype, and the border to them is told."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck
from gradcheck import adapters, real

X = np.random.default_rng(7).normal(size=(3, 4))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"])
def test_a_tensor_is_cast_on_its_way(dtype):
    torch = pytest.importorskip("torch")
    pytest.importorskip("ml_dtypes")
    from gradcheck.adapters.torch import to_array, to_tensor

    tensor = torch.tensor(X).to(getattr(torch, dtype))
    array = to_array(tensor)
    assert array.dtype.name == dtype
    back = to_tensor(array)
    assert back.dtype == tensor.dtype
    assert torch.equal(back, tensor)


def test_what_torch_has_put_off_is_not_looked_at():
    torch = pytest.importorskip("torch")
    from gradcheck.adapters.torch import to_array

    assert np.array_equal(to_array(torch._efficientzerotensor(3)), np.zeros(3))
    assert np.array_equal(to_array(torch.tensor([1 + 2j]).conj()), [1 - 2j])
    loss = adapters.from_torch(torch.nn.functional.l1_loss)
    assert gradcheck.check(gradcheck.double_backward(loss), X, X + 1, oracles="differences")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_torch_function_sees_another_dtype_or_device_than_was_given(dtype):
    torch = pytest.importorskip("torch")
    seen = set()

    def function(x):
        seen.add((x.dtype, x.device.type))
        return torch.tanh(x)

    given = torch.tensor(X, dtype=getattr(torch, dtype))
    result = gradcheck.check(adapters.from_torch(function), given, oracles="differences")
    assert result, str(result)
    assert (given.dtype, "cpu") in seen
    # float32 is tried beside float64, and a complex step with complex128; nothing else.
    assert {d for d, _ in seen} <= {given.dtype, torch.float32, torch.complex128}
    assert {place for _, place in seen} == {"cpu"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_jax_function_sees_another_dtype_than_was_given(dtype):
    jax = pytest.importorskip("jax")
    seen = set()

    def function(x):
        seen.add(str(x.dtype))
        return jax.numpy.tanh(x)

    result = gradcheck.check(adapters.from_jax(function), X.astype(dtype), oracles="differences")
    assert result, str(result)
    assert dtype in seen
    assert seen <= {dtype, "float32", "complex128"}


def test_a_gradient_of_torch_by_complex_numbers_is_not_conjugated_or_not_told():
    torch = pytest.importorskip("torch")
    z = X + 1j * X[::-1]
    result = gradcheck.check(adapters.from_torch(lambda z: z**2 * torch.abs(z)), z)
    assert result, str(result)
    assert "conjugate" in str(result)


def test_a_module_is_checked_without_its_parameters():
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh()).double()
    result = gradcheck.check(adapters.from_torch(module), torch.tensor(X))
    assert result, str(result)
    assert {e.argument for e in result.evidence if e.oracle == "differences"} == {"input", "0.weight", "0.bias"}


def test_a_detached_output_is_not_explained():
    torch = pytest.importorskip("torch")
    result = gradcheck.check(adapters.from_torch(lambda x: torch.tanh(x).detach()), X)
    assert result.verdict == "error"
    assert "the output is detached" in result.diagnosis


def test_trees_of_tensors_lose_their_names():
    torch = pytest.importorskip("torch")
    rule = adapters.from_torch(lambda p: {"y": p["x"] @ p["w"]})
    result = gradcheck.check(rule, {"x": torch.tensor(X), "w": torch.tensor(X.T)})
    assert result, str(result)
    assert {e.argument for e in result.evidence if e.oracle == "differences"} == {"p['x']", "p['w']"}


def test_a_declared_domain_does_not_reach_torch():
    torch = pytest.importorskip("torch")
    rule = adapters.from_torch(lambda x: torch.sin(x), domain={"x": real("n k")})
    assert gradcheck.check(rule, oracles="differences")


def test_a_black_box_is_not_held_to_a_certified_reference():
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    from reference.activations import sigmoid
    from reference.exponential import expm1

    right = gradcheck.check(adapters.from_torch(torch.sigmoid), torch.tensor(X), like=sigmoid)
    assert right, str(right)
    assert "certified" in {e.kind for e in right.evidence if e.stance == "for"}
    # No finite difference of -1 sees that JAX's derivative there is 0 and not exp(-40).
    x = np.array([-40.0, 1.0])
    wrong = gradcheck.check(adapters.from_jax(jax.numpy.expm1), x, like=expm1)
    assert wrong.verdict == "fail", str(wrong)
