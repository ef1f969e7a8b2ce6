"""A forward that hands what it remembers to its backward: JAX's residuals, cs231n's cache."""

from __future__ import annotations

from typing import Any

from gradcheck.adapters.making import made, name_of, need_callable, pair
from gradcheck.rules import Function, Rule


def from_fwd_bwd(fwd: Function, bwd: Function, **declaration: Any) -> Rule:
    """The rule of ``fwd(*args, **params) -> (y, residuals)`` and ``bwd(residuals, dy) -> cotangents``.

    The form that jax.custom_vjp.defvjp takes; functions written with jax.numpy go through `from_jax`, which keeps
    their dtype.  Raises TypeError where fwd does not return two things.
    """
    need_callable(fwd=fwd, bwd=bwd)
    name = name_of(fwd)

    def function(*args: Any, **params: Any) -> Any:
        y, residuals = pair(fwd(*args, **params), name, "(y, residuals)")
        return y, lambda dy: bwd(residuals, dy)

    return made(function, fwd, **declaration)


def from_cache(forward: Function, backward: Function, **declaration: Any) -> Rule:
    """The rule of ``forward(*args, **params) -> (y, cache)`` and ``backward(dy, cache) -> cotangents``.

    The form of Stanford's cs231n.  Raises TypeError where forward does not return two things.
    """
    need_callable(forward=forward, backward=backward)
    name = name_of(forward)

    def function(*args: Any, **params: Any) -> Any:
        y, cache = pair(forward(*args, **params), name, "(y, cache)")
        return y, lambda dy: backward(dy, cache)

    return made(function, forward, **declaration)
