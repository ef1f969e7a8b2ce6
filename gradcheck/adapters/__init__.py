"""Other people's code as rules: each function here gives a `Rule`, for `gradcheck.check` or a module of rules.

    what you have                                                       how it becomes a rule
    forward(*args) -> y, vjp(dy, *args) -> cotangents                   check(forward, *args, vjp=vjp)
    fwd(*args) -> (y, residuals), bwd(residuals, dy) -> cotangents      from_fwd_bwd(fwd, bwd)
    forward(*args) -> (y, cache), backward(dy, cache) -> cotangents     from_cache(forward, backward)
    layer.forward(x) -> y, layer.backward(dy) -> dx, layer.dW           from_layer(layer)
    f(x) -> y, gradient(x) -> the gradient or Jacobian                  from_gradient(f, gradient)
    loss(params) -> (value, gradient)                                   from_value_and_grad(loss)
    a torch callable, torch.autograd.Function, torch.nn.Module          from_torch(f)
    a JAX callable, jax.custom_vjp, jax.custom_jvp                      from_jax(f)
    a function of autograd.numpy, a primitive with its VJPs             from_autograd(f)
    a backward of the last three, differentiated once more              gradcheck.double_backward(from_torch(f))
    vjp(ddx, dy, *args) -> (ddy, *cotangents of args) of any of them    gradcheck.double_backward(rule, vjp)

What is not differentiated goes by keyword: ``check(from_cache(forward, backward), x, w, params={"stride": 2})``.
Dicts, lists and tuples of arrays as arguments are checked leaf by leaf; messages name ``params['W']``.
NumPy code is certified on exact arithmetic as plain rules are, torch and JAX are measured.  A tensor stays on its
device, in its dtype.  Each takes the declaration of `gradcheck.rule` too: ``from_torch(f, domain={"x": real("n k")})``;
``names=("x", "w")`` are the arguments that are differentiated, where the signature has more that are positional.
"""

from gradcheck.adapters.autograd import from_autograd
from gradcheck.adapters.caches import from_cache, from_fwd_bwd
from gradcheck.adapters.jax import from_jax
from gradcheck.adapters.layers import from_layer
from gradcheck.adapters.scalars import from_gradient, from_value_and_grad
from gradcheck.adapters.torch import from_torch

__all__ = [
    "from_autograd",
    "from_cache",
    "from_fwd_bwd",
    "from_gradient",
    "from_jax",
    "from_layer",
    "from_torch",
    "from_value_and_grad",
]
