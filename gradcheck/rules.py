"""The thing under test: a function that returns ``(y, pullback)``, and what a checker must know of it."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, overload

from gradcheck.domains import Spec

Function = Callable[..., Any]
Domain = Mapping[str, Spec]

# The budget in condition-weighted ULPs, unless a rule states another.
ACCURACY = 16.0

# Set while rules run in another arithmetic: what a rule's function is replaced by.
rewriting: ContextVar[Callable[[Function], Function] | None] = ContextVar("rewriting", default=None)


@dataclass(frozen=True)
class Standard:
    """What a rule is held against: a reference rule, and the budget: in ULPs, or times the error of a plain evaluation."""

    rule: Rule
    ulps: float | None = None
    times: float | None = None


@dataclass(frozen=True)
class First:
    """The rule whose backward another rule is, how many outputs it has, and whether it gives a single one bare."""

    rule: Rule
    outputs: int
    single: bool


class Rule:
    """A function ``rule(*args, **params) -> (y, pullback)`` with its declaration; it stays callable as it is.

    Positional arguments are differentiated, keyword-only ones are parameters.  Raises TypeError or ValueError
    where the declaration does not fit the function's signature.
    """

    def __init__(
        self,
        function: Function,
        *,
        domains: Mapping[str, Domain] | None = None,
        jax: Function | Literal["auto"] | None = None,
        sympy: Function | None = None,
        sympy_matrix: Function | None = None,
        source: str = "",
        known_wrong: Mapping[str, str] | None = None,
        refuted: str = "",
        surrogate: Function | None = None,
        cotangent: Function | None = None,
        accuracy: float | None = None,
        normwise: bool = False,
        gradient_of: Function | bool = False,
        like: Function | None = None,
        graph: Function | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        self.function = function
        # What messages call the arguments, where the signature does not say.
        self.names = names
        self.domains: Mapping[str, Domain] = domains or {}
        self.jax, self.sympy, self.sympy_matrix = jax, sympy, sympy_matrix
        self.source = source
        self.known_wrong: Mapping[str, str] = known_wrong or {}
        self.refuted = refuted
        self.surrogate, self.cotangent = surrogate, cotangent
        self.accuracy, self.normwise = ACCURACY if accuracy is None else accuracy, normwise
        self.gradient_of = gradient_of
        self.graph = graph
        # The reference that it is checked beside, if any.
        self.standard: Standard | None = None if like is None else standard_of(like, accuracy)
        # The forward mode that it was given with, if any.
        self.jvp: Function | None = None
        # Whether forward and backward are functions of their own, which may share what the last forward left behind.
        self.separate = False
        # Of other people's code: ``adapt(rule, args, params)`` is the rule of arrays, and the arrays, that a check of args means.
        self.adapt: Callable[[Rule, tuple[Any, ...], Mapping[str, Any]], tuple[Rule, tuple[Any, ...]]] | None = None
        # Where a library differentiates the backward too: ``backward(outputs)`` is the rule of (dy, *args) -> dx.
        self.backward: Callable[[int], Rule] | None = None
        # The rule that this one is the backward of, if any.
        self.first: First | None = None
        # What is said beside the verdict where arguments are complex.
        self.convention = ""
        # update_wrapper would overwrite the attributes above with those of a wrapped rule (__dict__).
        functools.update_wrapper(self, function, updated=())
        self._check_declaration()

    def __call__(self, *args: Any, **params: Any) -> Any:
        rewrite = rewriting.get()
        function = self.function if rewrite is None else rewrite(self.function)
        return function(*args, **params)

    def __repr__(self) -> str:
        return f"<rule {self.name}>"

    def but(self, **changed: Any) -> Rule:
        """The same rule with other attributes."""
        made = copy.copy(self)
        vars(made).update(changed)
        if "function" in changed:
            functools.update_wrapper(made.function, self.function, updated=())
            functools.update_wrapper(made, made.function, updated=())
        made._check_declaration()
        return made

    @property
    def name(self) -> str:
        """The dotted name, as in ``reference.activations.relu``."""
        return f"{getattr(self.function, '__module__', '?')}.{getattr(self.function, '__qualname__', 'rule')}"

    @property
    def arguments(self) -> tuple[inspect.Parameter, ...]:
        """The differentiated arguments; the last may be variadic."""
        positional = (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.VAR_POSITIONAL,
        )
        return tuple(p for p in signature(self.function).parameters.values() if p.kind in positional)

    def argument_names(self, count: int) -> tuple[str, ...]:
        """A name for each of `count` actual arguments: variadic ones become ``xs0``, ``xs1``, ..."""
        names: list[str] = list(self.names)
        for parameter in () if names else self.arguments:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                names += [f"{parameter.name}{i}" for i in range(count - len(names))]
            else:
                names.append(parameter.name)
        if len(names) < count:
            raise TypeError(f"{self.name} takes {len(names)} differentiated arguments, {count} were given")
        return tuple(names[:count])

    def _check_declaration(self) -> None:
        for what in ("jax", "sympy", "sympy_matrix", "surrogate", "cotangent", "graph"):
            declared = getattr(self, what)
            if declared is not None and not callable(declared) and not (what == "jax" and declared == "auto"):
                also = " jax(jax, *args, **params), or 'auto'" if what == "jax" else ""
                raise TypeError(f"{self.name}: {what}= is {declared!r}: give a function{also}")
        if not callable(self.gradient_of) and self.gradient_of not in (False, True):
            raise TypeError(f"{self.name}: gradient_of= is {self.gradient_of!r}: give a rule, or True")
        if self.cotangent is not None and self.surrogate is None:
            raise TypeError(
                f"{self.name}: cotangent= without surrogate=: name the function whose derivative it is given to"
            )
        if not isinstance(self.refuted, str):
            raise TypeError(f"{self.name}: refuted= is {self.refuted!r}: say in words why the formula is wrong")
        parameters = signature(self.function).parameters
        variadic = {p.name for p in parameters.values() if p.kind is inspect.Parameter.VAR_POSITIONAL}
        for label, domain in self.domains.items():
            where = f"{self.name}[{label}]" if label else self.name
            for key, spec in domain.items():
                if not isinstance(spec, Spec):
                    raise TypeError(f"{where}: domain of {key!r} is {spec!r}: use a domain such as real('n k')")
                known = {*parameters, *self.names}
                if key not in known and key.rstrip("0123456789") not in variadic and not key.startswith("_"):
                    raise ValueError(f"{where}: domain names {key!r}, the function has {list(parameters)}")
            missing = [
                p.name
                for p in parameters.values()
                if not self.names
                and p.default is inspect.Parameter.empty
                and p.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
                and p.name not in domain
            ]
            if missing:
                raise ValueError(f"{where}: no domain for {missing}: add an entry for each")
        for key in self.known_wrong:
            label = labelled(key)[1]
            if label and label not in self.domains:
                raise ValueError(f"{self.name}: known_wrong of {key!r}: the domains are {list(self.domains)}")


def standard_of(like: Any, ulps: float | None = None, times: float | None = None) -> Standard:
    """What a rule is held against.  Raises TypeError for what is no function."""
    if not callable(like):
        raise TypeError(f"like is a {type(like).__name__}: pass a rule, a function that returns (y, pullback)")
    return Standard(like if isinstance(like, Rule) else Rule(like), ulps, times)


def labelled(key: str) -> tuple[str, str]:
    """An oracle and a label of a domain, from ``jax[huge]``; no label means all domains."""
    oracle, _, label = key.removesuffix("]").partition("[")
    return oracle, label


def signature(function: Function) -> inspect.Signature:
    """The signature of `function`; that of a builtin without one is taken to be ``(*args)``."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return inspect.signature(lambda *args: None)


@overload
def rule(function: Function, /) -> Rule: ...
@overload
def rule(
    *,
    domain: Domain | None = None,
    domains: Mapping[str, Domain] | None = None,
    jax: Function | Literal["auto"] | None = None,
    sympy: Function | None = None,
    sympy_matrix: Function | None = None,
    source: str = "",
    known_wrong: Mapping[str, str] | None = None,
    refuted: str = "",
    surrogate: Function | None = None,
    cotangent: Function | None = None,
    accuracy: float | None = None,
    normwise: bool = False,
    gradient_of: Function | bool = False,
    like: Function | None = None,
    graph: Function | None = None,
) -> Callable[[Function], Rule]: ...
def rule(
    function: Function | None = None,
    /,
    *,
    domain: Domain | None = None,
    domains: Mapping[str, Domain] | None = None,
    **declaration: Any,
) -> Rule | Callable[[Function], Rule]:
    """Declare a function that returns ``(y, pullback)`` as a rule.

    domain: a dictionary from argument to domain, or domains={label: dictionary}; each makes a case.
    jax: twin ``jax(jax, *args, **params)``, or "auto": the forward's own code with jax.numpy for numpy; sympy: twin
    ``sympy(sympy, *args, **params)`` on arrays of symbols;
    sympy_matrix: the same on MatrixSymbol.  source: where the formula is from.  known_wrong: {oracle: reason},
    of one domain {"jax[label]": reason}.
    refuted: why the formula is wrong, of a rule that states a text's mistake: the check passes where it is refuted.
    surrogate: the function whose derivative the pullback claims, where that is not the forward's.  cotangent: where it
    is not linear in dy either, ``cotangent(*dy, **params)`` is the cotangent at which it claims the surrogate's.
    accuracy: the budget in condition-weighted ULPs; normwise: an ULP is that of the largest
    entry of its array, for what treats its entries alike (matrix factorisations, Fourier transforms).
    gradient_of: the rule whose gradient (at a cotangent of ones) the outputs are, or True: the Jacobian is symmetric,
    which the pullback alone is asked.  like: a reference rule that forward and gradient are held against, as in
    `gradcheck.check`.  graph: gives the computational graph for the report.
    """
    if function is not None:
        return Rule(function)
    if domain is not None and domains is not None:
        raise TypeError("domain= and domains= were both given: use domain= for one, domains= for several")
    if domain is not None:
        domains = {"": domain}
    return lambda f: Rule(f, domains=domains, **declaration)


def from_vjp(forward: Function, vjp: Function, **declaration: Any) -> Rule:
    """The rule of a separate forward and backward: ``vjp(dy, *args, **params)`` gives a cotangent per argument."""

    def function(*args: Any, **params: Any) -> Any:
        return forward(*args, **params), lambda dy: vjp(dy, *args, **params)

    functools.update_wrapper(function, forward, updated=())
    made = Rule(function, **declaration)
    made.separate = True
    return made


def held(forward: Function, vjp: Function, arguments: Mapping[str, bool], **declaration: Any) -> Rule:
    """The rule of a separate forward and backward some of whose arguments are not differentiated: indices, labels, masks.

    arguments: each by its name, true where it is held.  Those become keyword-only; what vjp answers for them, None as
    a rule, is left out.
    """

    def function(*args: Any, **params: Any) -> Any:
        moving = iter(args)
        whole = [params.pop(name) if holds else next(moving) for name, holds in arguments.items()]

        def pullback(dy: Any) -> Any:
            answered = vjp(dy, *whole, **params)
            if not isinstance(answered, tuple | list) or len(answered) != len(arguments):
                return answered
            return tuple(c for c, holds in zip(answered, arguments.values(), strict=True) if not holds)

        return forward(*whole, **params), pullback

    kinds = {True: inspect.Parameter.KEYWORD_ONLY, False: inspect.Parameter.POSITIONAL_ONLY}
    functools.update_wrapper(function, forward, updated=())
    ordered = sorted(arguments.items(), key=lambda item: item[1])
    parameters = [inspect.Parameter(name, kinds[holds]) for name, holds in ordered]
    rest = inspect.Parameter("params", inspect.Parameter.VAR_KEYWORD)
    vars(function)["__signature__"] = inspect.Signature([*parameters, rest])
    made = Rule(function, **declaration)
    made.separate = True
    return made
