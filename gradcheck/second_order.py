"""The second order: a backward pass as a rule of its own, whose pullback is the double backward."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.adapters.making import made, name_of, need_callable
from gradcheck.adapters.trees import bare, flattened, leaves, mapped
from gradcheck.cases import Case
from gradcheck.domains import Draw, Spec, seed_of
from gradcheck.domains import made as made_domain
from gradcheck.problems import draw_cotangent
from gradcheck.results import Point
from gradcheck.rules import Domain, First, Function, Rule, signature

KEYWORDS = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)


def double_backward(rule: Function, vjp: Function | None = None) -> Rule:
    """The backward of a rule as a rule itself, ``(dy, *args) -> dx``, whose pullback is the double backward.

    ``gradcheck.check(double_backward(rule), *args)`` takes the arguments of `rule` and draws dy.  What the pullback
    answers, ddy and a cotangent for each argument, is held against the derivative of the true gradient: that of the
    forward on exact arithmetic, or of ``like=`` (a rule of the forward), each differentiated once more; where neither
    can be had, against differences of the backward, which is checked itself.

    rule: of `from_torch`, `from_jax` or `from_autograd`, whose libraries differentiate their backward passes; or any
    rule together with vjp: ``vjp(ddx, dy, *args) -> (ddy, *cotangents of args)``, ddx being a tuple where there are
    several arguments, dy and ddy where there are several outputs (at declared points messages call them dy0, dy1, ...).
    The domains of `rule` are kept, and its JAX twin.
    Raises TypeError where nobody differentiates the backward, ValueError where that is declared not to be linear in dy.
    """
    need_callable(rule=rule)
    first = rule if isinstance(rule, Rule) else Rule(rule)
    if vjp is None and first.backward is None:
        raise TypeError(f"{first.name} has no double backward: pass vjp=, vjp(ddx, dy, *args) -> (ddy, *dargs)")
    if first.cotangent is not None:
        raise ValueError(f"{first.name} is declared not to be linear in dy (cotangent=): it has no second order")
    if vjp is not None:
        need_callable(vjp=vjp)
    known = drawn(first)
    name = "cotangent" if "dy" in (*first.names, *signature(first.function).parameters) else "dy"
    names = (name,) if known.outputs == 1 else tuple(f"{name}{i}" for i in range(known.outputs))
    again = backward(first, vjp, known.outputs)
    found = Rule(
        renamed(again.function, first, names),
        domains={label: with_cotangents(Case(first, label), names) for label in first.domains},
        jax=twin(first.jax, known.outputs) if callable(first.jax) else None,
        source=first.source,
        accuracy=first.accuracy,
        normwise=first.normwise,
        names=(*names, *first.names) if first.names else (),
    )
    found.first, found.standard, found.convention = known, first.standard, again.convention

    def adapt(rule: Rule, args: tuple[Any, ...], params: Mapping[str, Any]) -> tuple[Rule, tuple[Any, ...]]:
        opened, arrays = first.adapt(first, args, params) if first.adapt else (first, args)
        y = opened(*arrays, **params)[0]
        dy = mapped(lambda v: cotangent(rule.name, np.asarray(v)), y)
        again = backward(first, vjp, 1)
        of = First(flattened(opened, arrays)[0], len(leaves(y)), not isinstance(y, dict | list | tuple))
        rule = rule.but(
            function=renamed(again.function, first, (name,)),
            first=of,
            names=(name, *first.names) if first.names else (),
            # Those of several outputs have an argument for each.
            domains=rule.domains if known.outputs == 1 else {},
        )
        return again.adapt(rule, (dy, *args), params) if again.adapt else (rule, (dy, *arrays))

    found.adapt = adapt
    return found


def backward(first: Rule, vjp: Function | None, outputs: int) -> Rule:
    """The rule of a backward, of the cotangents of so many outputs: its library's, or one made with vjp."""
    if vjp is None:
        assert first.backward is not None
        return first.backward(outputs)

    def function(*values: Any, **params: Any) -> Any:
        y, pullback = first(*values[outputs:], **params)
        dy = values[:outputs] if outputs > 1 or (isinstance(y, tuple) and len(y) == 1) else values[0]
        shapes = [[np.shape(v) for v in leaves(group)] for group in (dy, y)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"dy has shape {shapes[0]}, the outputs of {first.name} have {shapes[1]}: pass what fits")
        dx = pullback(dy)

        def again(ddx: Any) -> Any:
            answered = vjp(ddx, dy, *values[outputs:], **params)
            return (*answered[0], *answered[1:]) if outputs > 1 else answered

        return bare(tuple(dx)) if isinstance(dx, tuple | list) else dx, again

    return made(function, first.function)


def renamed(function: Function, first: Rule, names: tuple[str, ...]) -> Function:
    """The function of a backward, named after that of the rule, with its arguments after the cotangents."""
    own = signature(first.function).parameters.values()
    dys = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
    args = [p if p.kind in (*KEYWORDS, p.VAR_POSITIONAL) else p.replace(kind=p.POSITIONAL_ONLY) for p in own]
    without = [p.replace(default=p.empty) if p.kind not in KEYWORDS else p for p in args]
    function.__name__ = f"double_backward({name_of(first.function)})"
    function.__qualname__ = f"double_backward({getattr(first.function, '__qualname__', 'rule')})"
    vars(function)["__signature__"] = inspect.Signature([*dys, *without])
    return function


def drawn(first: Rule) -> First:
    """How many outputs a rule has, by one of its declared points; one where it declares none."""
    if not first.domains:
        return First(first, 1, True)
    point = Case(first, next(iter(first.domains))).point("small", 0)
    y = first(*point.args, **point.params)[0]
    return First(first, len(y), False) if isinstance(y, tuple) else First(first, 1, True)


def with_cotangents(case: Case, names: tuple[str, ...]) -> Domain:
    """The domain of a case, and after it that of the cotangents of its outputs."""

    def of(i: int) -> Spec:
        def make(rng: np.random.Generator, draw: Draw) -> Any:
            args, params = case.split({k: v for k, v in draw.values.items() if k in case.domain})
            y = case.rule(*args, **params)[0]
            return draw_cotangent(rng, np.asarray(y[i] if isinstance(y, tuple) else y))

        return made_domain(make, "a cotangent of the output")

    return {**case.domain, **{name: of(i) for i, name in enumerate(names)}}


def guessed(rule: Rule, point: Point) -> Domain:
    """A domain for a backward at given arguments: one guessed for the rule's, and cotangents that fit its outputs."""
    from gradcheck.guessing import guess

    assert rule.first is not None
    first, n = rule.first.rule, rule.first.outputs
    domain = guess(first, point.args[n:], point.params)
    return with_cotangents(Case(first.but(domains={"": domain})), rule.argument_names(len(point.args))[:n])


def cotangent(name: str, y: Any) -> Any:
    """A cotangent for an output, the same for the same name."""
    return draw_cotangent(np.random.default_rng(seed_of(f"{name}/dy{y.shape}")), y)


def twin(declared: Function, outputs: int) -> Function:
    """The backward of a JAX twin, which JAX differentiates."""

    def backward(jax: Any, *values: Any, **params: Any) -> Any:
        y, vjp = jax.vjp(lambda *args: declared(jax, *args, **params), *values[outputs:])
        flat, tree = jax.tree.flatten(y)
        dys = [jax.numpy.asarray(d).astype(v.dtype) for d, v in zip(values[:outputs], flat, strict=True)]
        return bare(vjp(jax.tree.unflatten(tree, dys)))

    return backward
