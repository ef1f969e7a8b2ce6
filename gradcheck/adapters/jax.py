"""JAX callables as rules, jax.custom_vjp and jax.custom_jvp among them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.adapters.making import black_box, made, need_callable
from gradcheck.adapters.trees import bare, leaves, mapped, outputs, rebuilt
from gradcheck.rules import Function, Rule

# Of these JAX makes half as many bits unless it is told not to.
DOUBLE = ("float64", "complex128")


def from_jax(function: Any, **declaration: Any) -> Rule:
    """The rule of a JAX callable ``function(*arrays, **params)``, its backward pass that of jax.vjp.

    Arrays stay in their dtype: double ones run with jax.enable_x64.  JAX arrays that are given to a check stay on their
    device; others go to JAX's default one.
    """
    need_callable(function=function)
    rule = of_arrays(function, function, **declaration)
    rule.backward = lambda outputs: of_arrays(backward_of(function, outputs), function)
    return rule


def of_arrays(function: Any, original: Any, **declaration: Any) -> Rule:
    """The rule of a JAX function, which stands in for `original`."""
    rule = made(differentiated(function), original, **declaration)

    def adapt(rule: Rule, args: tuple[Any, ...], params: Mapping[str, Any]) -> tuple[Rule, tuple[Any, ...]]:
        devices = [getattr(leaf, "sharding", None) for leaf in leaves(args)]
        arrays = mapped(lambda leaf: np.asarray(leaf) if hasattr(leaf, "sharding") else leaf, args)
        return rule.but(function=differentiated(function, devices)), arrays

    rule.adapt = adapt
    return rule


def differentiated(function: Function, devices: Sequence[Any] = ()) -> Function:
    """A function of arrays that returns outputs and pullback, by jax.vjp."""

    def rule(*args: Any, **params: Any) -> Any:
        import jax

        given = leaves(args)
        black_box("JAX", *given)
        double = any(str(a.dtype) in DOUBLE for a in given)
        called = partial(function, **params)
        with precise(jax, double):
            where = iter(devices or [None] * len(given))
            moved = mapped(lambda a: jax.device_put(a, next(where)), args)
            y = called(*moved)
        outs = leaves(y)

        def pullback(dy: Any) -> Any:
            with precise(jax, double):
                dys = [jax.device_put(d, v.sharding) for d, v in zip(leaves(dy), outs, strict=True)]
                # Not with the forward, of which finite differences ask much more often.
                _, vjp = jax.vjp(called, *moved)
                answered = vjp(rebuilt(y, iter(dys)))
            return mapped(np.asarray, answered)

        return mapped(np.asarray, outputs(y)), pullback

    return rule


def backward_of(function: Any, outputs: int) -> Function:
    """The backward of a JAX function as one itself: of the cotangents of so many outputs, then the arguments."""

    def backward(*values: Any, **params: Any) -> Any:
        import jax

        y, vjp = jax.vjp(partial(function, **params), *values[outputs:])
        return bare(vjp(rebuilt(y, iter(leaves(values[:outputs])))))

    return backward


def precise(jax: Any, double: bool) -> contextlib.AbstractContextManager[Any]:
    """Numbers of 64 bits inside, where there are any."""
    return jax.enable_x64(True) if double else contextlib.nullcontext()
