"""The heart: points -> evidence -> verdict."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from gradcheck import contract
from gradcheck.adapters.trees import flattened
from gradcheck.cases import Case
from gradcheck.gathering import gather
from gradcheck.judging import judge
from gradcheck.problems import MissingData
from gradcheck.results import Evidence, Point, Result
from gradcheck.rules import Domain, Function, Rule, from_vjp, held, standard_of
from gradcheck.settings import EMERGENCY, Settings, above_zero
from gradcheck.unread import noticed

# The name of the point that a search found.
SEARCHED = "searched"


def check(
    rule_or_forward: Function,
    *args: Any,
    vjp: Function | None = None,
    jvp: Function | None = None,
    params: Mapping[str, Any] | None = None,
    dy: Any = None,
    oracles: str | Iterable[str] = "auto",
    seed: int = 0,
    budget: int | None = None,
    timeout: float | None = EMERGENCY,
    jax: Function | Literal["auto"] | None = None,
    sympy: Function | None = None,
    search: int = 0,
    domain: Domain | None = None,
    like: Function | None = None,
    accuracy: float | None = None,
    times: float | None = None,
) -> Result:
    """Whether the pullback of a rule is the derivative of its forward, with the evidence.

    rule_or_forward: a function that returns ``(y, pullback)``, or a forward function together with vjp.
    args: float or complex arrays, or dicts, lists and tuples of such, which are differentiated; without any, the points
    of the rule's declared domain.
    vjp: ``vjp(dy, *args)`` returns one cotangent per argument; with it integers and booleans may be among args, whose
    cotangent is None.  params: keyword arguments, not differentiated.
    jvp: ``jvp(args, tangents, **params)`` returns ``(y, tangent of y)``, as in JAX: checked beside the pullback.
    dy: the cotangent of the output; drawn from the seed where it is None.  oracles: "auto", or names.
    budget: operations of exact arithmetic, 200,000,000 by default.  timeout: the emergency stop of a point, in seconds
    (None: none); what hangs becomes the verdict *error*, with its line.
    jax, sympy: twins, as in `gradcheck.rule`; jax="auto" runs the forward's own code with jax.numpy for numpy.
    search: so many points more are tried (by Hypothesis, an extra), and the smallest at which the rule fails is shown.
    like: a reference rule; forward and gradient are compared with its certified ones, entry by entry.
    accuracy: the budget in condition-weighted ULPs.  times: beside a reference, the budget as a multiple of the error
    that the reference's own code makes in the same float type; float16 and bfloat16 are held to twice that by default.
    domain: where these, and points without args, are drawn from; else that of the rule, or one guessed from args.

    Raises TypeError or ValueError for arguments that mean nothing; what the rule itself raises becomes the
    verdict *error*.

    >>> import numpy as np, gradcheck
    >>> def double(x):
    ...     return 2 * x, lambda dy: 3 * dy
    >>> result = gradcheck.check(double, np.array([1.0, 2.0, 5.0]))
    >>> result.verdict, bool(result)
    ('fail', False)
    """
    settings = Settings(oracles, seed, budget, timeout, search)
    rule = as_rule(rule_or_forward, vjp, jax, sympy)
    for name, value in (("params", params), ("domain", domain)):
        if value is not None and not isinstance(value, Mapping):
            raise TypeError(f"{name} is {contract.describe(value)}: pass a dictionary from names to values")
    if domain is not None:
        rule = rule.but(domains={"": domain})
    rule = held_to(rule, like, accuracy, times)
    rule = with_jvp(rule, jvp)
    if not args and rule.arguments and rule.domains:
        cases = [Case(rule, label) for label in rule.domains]
        points: list[tuple[Point, Case | None]] = [(named(p, c), c) for c in cases for p in c.points(seed)]
        return noticed(check_and_search(rule, rule.name, points, cases, settings, complete=True))
    if not args and rule.arguments:
        raise TypeError(f"{rule.name} was given no arguments, and declares no domain to draw them from: pass arrays")
    rule, args = opened(rule, args, params or {})
    names = rule.argument_names(len(args))
    plain = vjp is not None and not rule.names
    whole = {n: a for n, a in zip(names, args, strict=True) if plain and np.asarray(a).dtype.kind in "iub"}
    if vjp is not None and 0 < len(whole) < len(args):
        rule = held(unwrapped(rule_or_forward), vjp, {n: n in whole for n in names}, jax=jax, sympy=sympy)
        rule = held_to(rule, like, accuracy, times)
        if jvp is not None:
            raise ValueError(f"jvp= with integers among the arguments: pass {', '.join(whole)} as params")
        args = tuple(a for n, a in zip(names, args, strict=True) if n not in whole)
        names, params = rule.argument_names(len(args)), {**whole, **(params or {})}
    given = tuple(contract.given_array(n, a) for n, a in zip(names, args, strict=True))
    point = Point("given", "given", given, dict(params or {}), dy)
    cases = [around(rule, point)] if settings.search else []
    return noticed(check_and_search(rule, rule.name, [(point, None)], cases, settings))


def opened(rule: Rule, args: tuple[Any, ...], params: Mapping[str, Any]) -> tuple[Rule, tuple[Any, ...]]:
    """What the arguments mean as arrays, and the rule of these: tensors, parameters of layers, dicts of arrays."""
    if rule.adapt is not None:
        rule, args = rule.adapt(rule, args, params)
    return flattened(rule, args)


def around(rule: Rule, point: Point) -> Case:
    """The case that a search tries for a rule with given arguments: its own domain, or one guessed from them."""
    from gradcheck.guessing import guess
    from gradcheck.second_order import guessed

    if rule.domains:
        return Case(rule, next(iter(rule.domains)))
    domain = guess(rule, point.args, point.params) if rule.first is None else guessed(rule, point)
    return Case(rule.but(domains={"": domain}))


def named(point: Point, case: Case) -> Point:
    """The point under a name that tells it from those of the rule's other cases."""
    return replace(point, name=point_name(point.name, case))


def point_name(name: str, case: Case) -> str:
    """The name of a point with the label of its case, if that has one."""
    return f"{name}[{case.label}]" if case.label else name


def held_to(rule: Rule, like: Function | None, accuracy: float | None, times: float | None) -> Rule:
    """The rule with a budget, and a reference to stand beside.  Raises TypeError or ValueError where these mean nothing."""
    for name, value, what in (("accuracy", accuracy, "ULPs"), ("times", times, "times the error of like=")):
        if value is not None and above_zero(name, value, what) == float("inf"):
            raise ValueError(f"{name} is {value!r}: give a finite number, or None")
    declared = like if like is not None or rule.standard is None else rule.standard.rule
    if times is not None and (declared is None or accuracy is not None):
        raise ValueError("times= is a multiple of the error of like=: give both, and no accuracy=")
    if like is None and accuracy is None and times is None:
        return rule
    standard = None if declared is None else standard_of(declared, accuracy, times)
    return rule.but(accuracy=rule.accuracy if accuracy is None else float(accuracy), standard=standard)


def with_jvp(rule: Rule, jvp: Function | None) -> Rule:
    """The rule together with its forward mode.  Raises TypeError for what is no function."""
    if jvp is None:
        return rule
    if not callable(jvp):
        raise TypeError(f"jvp is {contract.describe(jvp)}: pass a function jvp(args, tangents)")
    return rule.but(jvp=jvp)


def unwrapped(function: Function) -> Function:
    """The function of a rule, or the function itself."""
    return function.function if isinstance(function, Rule) else function


def as_rule(
    function: Function, vjp: Function | None, jax: Function | Literal["auto"] | None, sympy: Function | None
) -> Rule:
    """The rule that the first arguments of `check` mean.  Raises TypeError where they mean none."""
    if not callable(function):
        raise TypeError(f"rule_or_forward is {contract.describe(function)}: pass a function that returns (y, pullback)")
    if vjp is not None and not callable(vjp):
        raise TypeError(f"vjp is {contract.describe(vjp)}: pass a function vjp(dy, *args)")
    if isinstance(function, Rule) and vjp is None and jax is None and sympy is None:
        return function
    if isinstance(function, Rule) and vjp is None:
        return function.but(jax=jax, sympy=sympy)
    inner = unwrapped(function)
    return Rule(inner, jax=jax, sympy=sympy) if vjp is None else from_vjp(inner, vjp, jax=jax, sympy=sympy)


def check_case(case: Case, *, point: str | None = None, **settings: Any) -> Result:
    """A case at all its points, or at the one of that name.  `settings` as for `check`.

    Raises ValueError where the case has no point of that name.
    """
    chosen = Settings(**settings)
    only_searched = bool(chosen.search) and point == SEARCHED
    try:
        points = [p for p in case.points(chosen.seed) if point in (None, p.name)]
    except MissingData as missing:
        return Result(case.name, "inconclusive", missing=str(missing), seed=chosen.seed, evidence=(no_data(missing),))
    if not points and not only_searched:
        names = ", ".join(p.name for p in case.points(chosen.seed))
        raise ValueError(f"point={point!r} is not one of {case.name}: choose from {names}")
    cases = [case] if point is None or only_searched else []
    given = [(p, case) for p in points]
    return check_and_search(case.rule, case.name, given, cases, chosen, complete=point is None)


def check_and_search(
    rule: Rule,
    name: str,
    points: Sequence[tuple[Point, Case | None]],
    cases: Sequence[Case],
    settings: Settings,
    *,
    complete: bool = False,
) -> Result:
    """A rule at points, and, where a search is asked for, at the smallest one at which each of the cases fails."""
    if not settings.search:
        return check_points(rule, name, points, settings, complete=complete)
    from gradcheck.searching import search

    start = time.perf_counter()
    found = [
        (
            search(
                c,
                settings.search,
                seed=settings.seed,
                name=point_name(SEARCHED, c) if len(cases) > 1 else SEARCHED,
                timeout=settings.timeout,
            ),
            c,
        )
        for c in cases
    ]
    more = [(f.smallest, c) for f, c in found if f.smallest is not None]
    result = check_points(rule, name, [*points, *more], settings, complete=complete)
    told = tuple(f"search{f' of {c.label}' * bool(c.label and len(cases) > 1)}: {f}" for f, c in found)
    return replace(result, notes=(*result.notes, *told), seconds=time.perf_counter() - start)


def no_data(missing: MissingData) -> Evidence:
    """What is said of a case whose data set is not installed."""
    return Evidence("exact", "certified", "not applicable", reason="no data", detail=str(missing))


def check_points(
    rule: Rule, name: str, points: Sequence[tuple[Point, Case | None]], settings: Settings, *, complete: bool = False
) -> Result:
    """A rule at points, all oracles at each.  complete: these are all the points of a case."""
    start = time.perf_counter()
    found = gather(rule, points, settings, complete=complete)
    return replace(judge(rule, name, found, seed=settings.seed, complete=complete), seconds=time.perf_counter() - start)
