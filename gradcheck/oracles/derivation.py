"""A rule run on symbols: its outputs, the cotangents that it claims, and those that sympy derives from the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.lifted.array import Lifted, NotLiftable, TooLarge, lifted
from gradcheck.lifted.expressions import tree_size
from gradcheck.lifted.stand_in import lifting
from gradcheck.lifted.symbols import Symbols, Tie
from gradcheck.problems import Problem, as_tuple
from gradcheck.results import Array
from gradcheck.sides import blaming

OPERATIONS = 5_000
NODES = 20_000


@dataclass(frozen=True)
class Derivation:
    """Expressions, in object arrays: arguments, cotangents of the outputs, outputs, claimed and true cotangents.

    `arguments` names the differentiated arguments that claimed and true belong to, by their places.
    """

    system: Symbols
    places: tuple[int, ...]
    args: tuple[Array, ...]
    dy: tuple[Array, ...]
    y: tuple[Array, ...]
    claimed: tuple[Array, ...]
    true: tuple[Array, ...]
    parameters: frozenset[Any]


def derive(problem: Problem) -> Derivation:
    """The rule of `problem` on symbols; parameters are symbols too where the code lets them.

    Raises NotLiftable, TooLarge, or Tie at a kink.
    """
    free = {k: v for k, v in problem.params.items() if is_real(v)}
    try:
        return run(problem, free)
    except (NotLiftable, Tie):
        if not free:
            raise
        return run(problem, {})
    except RecursionError:
        raise TooLarge("expressions that are nested too deeply") from None


def is_real(value: Any) -> bool:
    """Whether a parameter is a float or an array of floats."""
    return isinstance(value, float | np.floating) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def run(problem: Problem, free: Mapping[str, Any]) -> Derivation:
    """The same with `free` parameters as symbols."""
    system = Symbols(OPERATIONS, NODES)
    args = tuple(
        a if a.dtype.kind in "biu" else system.argument(name, a)
        for name, a in zip(problem.names, problem.args, strict=True)
    )
    parameters = {k: system.argument(k, np.asarray(v)) for k, v in free.items()}
    params = {**problem.params, **parameters}
    names = ["ȳ"] if problem.single else [f"ȳ{i}" for i in range(len(problem.dy))]
    dy = tuple(system.argument(name, d) for name, d in zip(names, problem.dy, strict=True))
    try:
        y, claimed, surrogate, pulled = apply(problem, system, args, dy, params)
    except (NotLiftable, Tie, TooLarge, RecursionError):
        raise
    except Exception as error:  # the user's code, in an arithmetic that its author did not think of
        raise NotLiftable(f"{type(error).__name__}: {error}") from error
    places = tuple(i for i, a in enumerate(args) if isinstance(a, Lifted))
    symbols = tuple(system.argument(problem.names[i], problem.args[i]).value for i in places)
    claims = tuple(expressions(system, claimed[i], problem.args[i].shape) for i in places)
    outputs = tuple(expressions(system, o, d.shape) for o, d in zip(y, problem.dy, strict=True))
    primal = tuple(expressions(system, o, d.shape) for o, d in zip(surrogate, problem.dy, strict=True))
    weights = tuple(expressions(system, p, d.shape) for p, d in zip(pulled, problem.dy, strict=True))
    if sum(tree_size(e, system.sizes) for o in (*primal, *claims) for e in o.flat) > NODES:
        raise TooLarge(f"expressions of more than {NODES:,} terms")
    return Derivation(
        system,
        places,
        symbols,
        tuple(d.value for d in dy),
        outputs,
        claims,
        differentiate(primal, weights, symbols),
        frozenset(s for p in parameters.values() for s in p.value.flat),
    )


def apply(problem: Problem, system: Symbols, args: Any, dy: Any, params: Mapping[str, Any]) -> tuple[Any, ...]:
    """Outputs, claimed cotangents, and the outputs and cotangents of the function whose derivative they claim to be."""
    with lifting(system) as rewrite:
        with blaming("the forward"):
            y, pullback = rewrite(problem.rule.function)(*copies(args), **params)
        outputs = as_tuple(y, problem.single)
        kept = copies(outputs)
        with blaming("the pullback"):
            claimed = pullback(dy[0].copy() if problem.single else copies(dy))
        claimed = claimed if isinstance(claimed, tuple | list) else (claimed,)
        if len(claimed) != len(args):
            raise NotLiftable(f"{len(claimed)} cotangents for {len(args)} arguments")
        surrogate, changed = problem.rule.surrogate, problem.rule.cotangent
        primal = kept if surrogate is None else as_tuple(rewrite(surrogate)(*copies(args), **params), problem.single)
        pulled = dy if changed is None else as_tuple(rewrite(changed)(*copies(dy), **params), problem.single)
        return kept, claimed, primal, pulled


def copies(arrays: Any) -> tuple[Any, ...]:
    """Copies, since rules may write into what they are given."""
    return tuple(a.copy() if isinstance(a, Lifted | np.ndarray) else a for a in arrays)


def expressions(system: Symbols, value: Any, shape: tuple[int, ...]) -> Array:
    """A result as an object array of expressions.  Raises NotLiftable where its shape is not the one it must have."""
    import sympy

    array = system.zeros(shape).value if value is None else lifted(system, value).value
    if array.shape != shape:
        raise NotLiftable(f"a result has shape {array.shape}, {shape} is needed")
    return np.asarray(np.frompyfunc(sympy.sympify, 1, 1)(array), dtype=object).reshape(shape)


def differentiate(y: tuple[Array, ...], dy: tuple[Array, ...], arguments: tuple[Array, ...]) -> tuple[Array, ...]:
    """The cotangent of each argument: d Re(sum of dy·y) / d argument, by sympy."""
    import sympy

    total = sympy.Add(*(d * o for ds, os in zip(dy, y, strict=True) for d, o in zip(ds.flat, os.flat, strict=True)))
    mixed = total.has(sympy.I)

    def slope(symbol: Any) -> Any:
        found = sympy.diff(total, symbol)
        return (found + sympy.conjugate(found)) / 2 if mixed else found

    def gradient(entry: Any) -> Any:
        # Of Re(sum of dy·y), in JAX's convention: that by the real part less i times that by the imaginary part.
        if entry.is_Symbol:
            return slope(entry)
        re, im = entry.as_real_imag()
        return slope(re) - sympy.I * slope(im)

    each = np.frompyfunc(gradient, 1, 1)
    return tuple(np.asarray(each(a), dtype=object).reshape(a.shape) for a in arguments)
