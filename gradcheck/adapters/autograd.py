"""Functions of HIPS autograd's numpy: its primitives with their VJPs, and what is composed of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gradcheck.adapters.making import made, need_callable
from gradcheck.adapters.trees import leaves, rebuilt
from gradcheck.lifted.array import Lifted
from gradcheck.rules import Function, Rule


def from_autograd(function: Function, **declaration: Any) -> Rule:
    """The rule of ``function(*args, **params)``, written with autograd.numpy, its backward pass that of autograd.

    autograd's VJPs are NumPy code: they are run on exact arithmetic too.
    Cotangents of complex arguments are as in JAX.
    """
    need_callable(function=function)
    # A primitive hides the function that it was made of.
    original = getattr(function, "fun", function)
    rule = made(differentiated(function), original, **declaration)
    rule.backward = lambda outputs: made(differentiated(backward_of(function, outputs)), original)
    return rule


def differentiated(function: Function) -> Function:
    """A function of arrays that returns outputs and pullback, by autograd."""

    def rule(*args: Any, **params: Any) -> Any:
        vjp, y = traced(partial(function, **params), args)
        several = isinstance(y, tuple | list)

        def pullback(dy: Any) -> Any:
            return tuple(vjp(tuple(dy) if several else dy))

        return tuple(y) if several else y, pullback

    return rule


def backward_of(function: Function, outputs: int) -> Function:
    """The backward of such a function as one itself: of the cotangents of so many outputs, then the arguments."""

    def backward(*values: Any, **params: Any) -> Any:
        import autograd.builtins

        vjp, y = traced(partial(function, **params), values[outputs:])
        found = vjp(rebuilt(y, iter(leaves(values[:outputs]))))
        # A tuple of autograd's own, which several cotangents can be asked of.
        return found[0] if len(found) == 1 else autograd.builtins.tuple(found)

    return backward


def traced(function: Function, args: tuple[Any, ...]) -> Any:
    """autograd's own ``(vjp, y)`` of a function of all its arguments together."""
    import autograd.numpy  # defines the VJPs
    from autograd.core import make_vjp

    welcome_exact_arrays(autograd)
    return make_vjp(lambda xs: function(*xs), tuple(args))


def welcome_exact_arrays(autograd: Any) -> None:
    """Tell autograd that exact arrays are arrays."""
    from autograd.extend import VSpace
    from autograd.numpy.numpy_boxes import ArrayBox

    if Lifted in VSpace.mappings:
        return

    class ExactSpace(VSpace):  # type: ignore[misc]
        """The vector space of an exact array."""

        def __init__(self, value: Lifted) -> None:
            self.shape, self.system, self.iscomplex = value.shape, value.system, np.iscomplexobj(value)

        def zeros(self) -> Any:
            found = self.system.zeros(self.shape)
            return self.system.complexes(found) if self.iscomplex else found

    VSpace.register(Lifted, ExactSpace)
    ArrayBox.register(Lifted)
