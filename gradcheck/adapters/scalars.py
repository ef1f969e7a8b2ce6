"""Functions whose whole derivative is at hand: a gradient or Jacobian function, or a value together with its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.adapters.making import made, name_of, need_callable, pair
from gradcheck.adapters.trees import mapped
from gradcheck.rules import Function, Rule


def from_gradient(function: Function, gradient: Function, **declaration: Any) -> Rule:
    """The rule of ``function(x, **params) -> y`` with ``gradient(x, **params)``, as for scipy.optimize.

    y is a number and the gradient has the shape of x, or y is an array and the Jacobian has y.shape + x.shape.
    A gradient and its Hessian are such a pair, which must be symmetric: ``from_gradient(f, h, gradient_of=True)``.
    """
    need_callable(function=function, gradient=gradient)

    def rule(x: Any, **params: Any) -> Any:
        y = function(x, **params)

        def pullback(dy: Any) -> Any:
            slopes = gradient(x, **params)
            return dy * slopes if np.ndim(dy) == 0 else np.tensordot(dy, slopes, np.ndim(dy))

        return y, pullback

    return made(rule, function, **declaration)


def from_value_and_grad(loss: Function, **declaration: Any) -> Rule:
    """The rule of ``loss(*args, **params) -> (value, gradient)``: one gradient, or a tuple with one for each argument."""
    need_callable(loss=loss)
    name = name_of(loss)

    def rule(*args: Any, **params: Any) -> Any:
        value, gradient = pair(loss(*args, **params), name, "(value, gradient)")
        return value, lambda dy: mapped(lambda g: dy * g, gradient)

    return made(rule, loss, **declaration)
