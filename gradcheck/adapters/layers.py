"""Objects with forward and backward, whose parameters' gradients land in attributes or dicts of theirs."""

from __future__ import annotations

import copy
import inspect
import types
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gradcheck.adapters.making import made
from gradcheck.rules import Rule, rewriting

# Where the gradient of a parameter W is looked for, unless it is said.
HOMES = ("d{}", "grad_{}", "{}_grad", "grads.{}", "grads.d{}", "grad.{}", "gradients.{}", "dparams.{}")
GRADIENTS = ("grads", "grad", "gradients", "dparams")


def from_layer(
    layer: Any,
    params: Iterable[str] | Mapping[str, str] | None = None,
    *,
    forward: str = "forward",
    backward: str = "backward",
    **declaration: Any,
) -> Rule:
    """The rule of an object: ``layer.forward(x) -> y``, ``layer.backward(dy) -> dx`` and its parameters' gradients.

    params: the parameters that are differentiated too, as ``"W"`` (an attribute) or ``"params.W"`` (an entry of one);
    a dict says where each gradient lands: ``{"W": "grads.W"}``.  Without, all float arrays of ``layer.params``, else of
    the layer itself that are no gradients; () for none.  forward, backward: what the methods are called.
    The layer itself stays as it is: each call works on a copy, whose gradients are zero before a backward pass (as
    after zero_grad).  A check of ``from_layer(layer)`` at x starts at the parameters' present values.
    Raises ValueError for parameters or gradients that are not there.
    """
    for method in (forward, backward):
        if not callable(getattr(layer, method, None)):
            raise TypeError(f"{type(layer).__name__} has no method {method!r}: name it, forward= and backward=")
    homes = (
        dict(params) if isinstance(params, Mapping) else dict.fromkeys(params if params is not None else found(layer))
    )
    for path in homes:
        look(layer, path)
    inputs = [p for p in inspect.signature(getattr(layer, forward)).parameters.values() if p.kind in POSITIONAL]
    inputs = [p for p in inputs if p.default is inspect.Parameter.empty]
    run, back = getattr(type(layer), forward), getattr(type(layer), backward)

    def function(*args: Any, **settings: Any) -> Any:
        mine = duplicate(layer)
        values = args[len(args) - len(homes) :]
        given = args[: len(args) - len(homes)]
        places = [everywhere(mine, path) for path in homes]
        for paths, value in zip(places, values, strict=True):
            put(mine, paths, value)
        y = run(mine, *given, **settings)

        def pullback(dy: Any) -> Any:
            for path, home in homes.items():
                clear(mine, path, home)
            dx = back(mine, dy)
            inner = tuple(dx) if isinstance(dx, tuple | list) else (dx,)
            return (*inner, *(gradient(mine, path, home) for path, home in homes.items()))

        return y, pullback

    kind = inspect.Parameter.POSITIONAL_ONLY
    arguments = [inspect.Parameter(p.name, kind) for p in inputs]
    arguments += [inspect.Parameter(path.rpartition(".")[2], kind) for path in homes]
    vars(function)["__signature__"] = inspect.Signature(
        [*arguments, inspect.Parameter("settings", inspect.Parameter.VAR_KEYWORD)]
    )
    rule = made(function, type(layer), **declaration)
    rule.adapt = lambda rule, args, params: (rule, (*args, *(look(layer, path) for path in homes)))
    return rule


POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def found(layer: Any) -> list[str]:
    """The parameters of a layer: the float arrays of its dict ``params``, else its own that are no gradients."""
    own = getattr(layer, "params", None)
    if isinstance(own, dict):
        return [f"params.{key}" for key, value in own.items() if is_float(value)]
    arrays = {name for name, value in vars(layer).items() if is_float(value)}
    gradients = {home.format(name) for home in HOMES for name in arrays}
    return [name for name in vars(layer) if name in arrays - gradients]


def is_float(value: Any) -> bool:
    """Whether a value is an array of floats or of complex numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc"


def duplicate(layer: Any) -> Any:
    """A copy of a layer, whose methods run in the arithmetic of the moment; its arrays are not shared."""
    mine, copies = copy.copy(layer), dict[int, Any]()
    for name, value in vars(mine).items():
        setattr(mine, name, fresh(value, copies))
    rewrite = rewriting.get()
    if rewrite is not None:
        methods = {n: rewrite(m) for c in reversed(type(layer).__mro__) for n, m in vars(c).items() if plain(m)}
        mine.__class__ = type(type(layer).__name__, (type(layer),), methods)
    return mine


def fresh(value: Any, copies: dict[int, Any]) -> Any:
    """An array or a dict or list of such that can be written into; what is one object stays one."""
    if isinstance(value, np.ndarray):
        return copies.setdefault(id(value), value.copy())
    if isinstance(value, dict):
        return {k: fresh(v, copies) for k, v in value.items()}
    return [fresh(v, copies) for v in value] if isinstance(value, list) else value


def plain(method: Any) -> bool:
    """Whether an entry of a class is a method written in Python."""
    return isinstance(method, types.FunctionType) and not method.__name__.startswith("__")


def look(layer: Any, path: str) -> Any:
    """The value at a path.  Raises ValueError where there is none."""
    value = layer
    for step in path.split("."):
        missing = step not in value if isinstance(value, dict) else not hasattr(value, step)
        if missing:
            raise ValueError(f"{type(layer).__name__} has no {path!r}: name its parameters, params=('W', 'b')")
        value = value[step] if isinstance(value, dict) else getattr(value, step)
    return value


def everywhere(layer: Any, path: str) -> list[str]:
    """The path, and those at which a layer holds the very same array: ``self.W`` beside ``self.params["W"]``."""
    value, own = look(layer, path), vars(layer)
    entries = {f"{name}.{key}": v for name, d in own.items() if isinstance(d, dict) for key, v in d.items()}
    return [path, *(p for p, v in {**own, **entries}.items() if v is value and p != path)]


def put(layer: Any, paths: Iterable[str], value: Any) -> None:
    """Set the value at each of the paths."""
    for path in paths:
        home, _, last = path.rpartition(".")
        holder = look(layer, home) if home else layer
        if isinstance(holder, dict):
            holder[last] = value
        else:
            setattr(holder, last, value)


def home_of(layer: Any, path: str, home: str | None) -> str | None:
    """Where the gradient of a parameter is at the moment; None where it is nowhere."""
    last = path.rpartition(".")[2]
    for candidate in (home,) if home else (h.format(last) for h in HOMES):
        try:
            value = look(layer, candidate)
        except ValueError:
            continue
        if value is not None:
            return candidate
    return None


def clear(layer: Any, path: str, home: str | None) -> None:
    """The gradient of a parameter set to zero, where it is there already, in place: others may hold the same array."""
    there = home_of(layer, path, home)
    if there is not None:
        put(layer, everywhere(layer, there), np.zeros_like(look(layer, path)))


def gradient(layer: Any, path: str, home: str | None) -> Any:
    """The gradient of a parameter after a backward pass.  Raises ValueError where there is none."""
    there = home_of(layer, path, home)
    if there is None:
        last = path.rpartition(".")[2]
        looked = home or ", ".join(h.format(last) for h in HOMES)
        raise ValueError(
            f"the gradient of parameter {path!r} is nowhere after backward (looked for {looked}): "
            f"say where it lands, params={{{path!r}: 'where'}}, or leave it out"
        )
    return look(layer, there)
