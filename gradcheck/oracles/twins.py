"""The sympy twins that a rule declares: independent definitions, whose derivative sympy takes by its own rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from gradcheck.oracles.derivation import Derivation, differentiate
from gradcheck.oracles.prover import DIGITS, worker
from gradcheck.problems import Problem
from gradcheck.results import Array, Evidence, Question, Stance

# Twins are compared as numbers at one point.  Of exact ones, constants rounded in one of the two explain as much:
RESOLUTION = 1e-12
# and of code that runs in floating point only, the floating-point evaluation itself:
FLOAT_RESOLUTION = 1e-6


class Numbers(NamedTuple):
    """Outputs and cotangents of a twin; `slopes` are differences of its own value where sympy is to be checked."""

    forward: list[Array]
    gradient: list[Array]
    slopes: Sequence[Array] = ()


def compare(problem: Problem, derivation: Derivation | None, seconds: float) -> Iterator[Evidence]:
    """Evidence of the oracle "sympy" about the forward and the formula, for each twin that is declared."""
    if any(np.iscomplexobj(a) for a in (*problem.args, *problem.y)):
        return
    for twin, numbers in ((problem.rule.sympy, elementwise), (problem.rule.sympy_matrix, matrix)):
        if twin is None:
            continue
        try:
            evidence = list(compared(problem, derivation, numbers(problem, twin, seconds), seconds))
        except Exception as error:  # a twin is the user's code, and sympy's
            detail = f"the twin raised {type(error).__name__}: {error}"
            evidence = [Evidence("sympy", "cross-checked", "undecided", detail=detail, point=problem.point.name)]
        yield from evidence


def compared(problem: Problem, derivation: Derivation | None, twin: Numbers, seconds: float) -> Iterator[Evidence]:
    """The twin's numbers against the rule's, which are exact where the rule could be lifted."""
    exact = exact_numbers(derivation, seconds) if derivation is not None else None
    y, claimed = exact or (problem.y, problem.claimed)
    bar = RESOLUTION if exact else FLOAT_RESOLUTION
    scales = [np.full(t.shape, np.max(np.abs(t), initial=0.0)) for t in twin.forward]
    names = ["y"] if problem.single else [f"y{i}" for i in range(len(y))]
    yield from against_twin(problem, "forward", names, y, twin.forward, scales, bar)
    reason = "surrogate" if problem.rule.surrogate is not None else "kink" if problem.kink else ""
    if reason:
        yield Evidence("sympy", "cross-checked", "not applicable", reason=reason, point=problem.point.name)
        return
    scales = [problem.scale(i, t) for i, t in enumerate(twin.gradient)]
    evidence = list(against_twin(problem, "formula", problem.names, claimed, twin.gradient, scales, bar))
    if not contradicts_itself(problem, twin):
        yield from evidence
        return
    # Its answer is no reason to trust a pullback that agrees with it.
    detail = "sympy contradicts the differences of its own value"
    for e in evidence:
        yield replace(e, stance="undecided" if e.stance == "for" else e.stance, detail=detail)
    scales = [problem.scale(i, t) for i, t in enumerate(twin.slopes)]
    for e in against_twin(problem, "formula", problem.names, claimed, twin.slopes, scales, bar):
        yield replace(e, oracle="symbolic", kind="measured", detail=f"differences of sympy's value, {DIGITS} digits")


def contradicts_itself(problem: Problem, twin: Numbers) -> bool:
    """Whether sympy's derivative is not the slope of its own value."""
    return any(
        bool(np.any(np.abs(g - s) > RESOLUTION * problem.scale(i, s)))
        for i, (g, s) in enumerate(zip(twin.gradient, twin.slopes, strict=False))
    )


def against_twin(
    problem: Problem, question: Question, names: Any, ours: Any, theirs: Any, scales: Any, bar: float
) -> Iterator[Evidence]:
    """Evidence for each array that differs; one *for* where none does, undecided where there are no numbers."""
    stance: Stance | None = "for"
    for name, a, b, scale in zip(names, ours, theirs, scales, strict=True):
        gap = np.abs(np.asarray(a, dtype=float) - b) / np.maximum(scale, np.finfo(float).tiny)
        gap = np.where(np.asarray(a) == b, 0.0, gap)
        if stance and not np.all(np.isfinite(gap)):
            stance = "undecided"
        if not np.any(gap > bar):
            continue
        stance = None
        entry = tuple(map(int, np.unravel_index(int(np.argmax(np.nan_to_num(gap))), gap.shape)))
        yield Evidence(
            "sympy",
            "cross-checked",
            "against",
            question,
            argument=None if question == "forward" else name,
            entry=entry,
            claimed=float(np.asarray(a)[entry]),
            value=float(b[entry]),
            discrepancy=float(gap[entry]),
            resolution=bar,
            detail=f"in {name}{list(entry) or ''}" if question == "forward" else "",
            point=problem.point.name,
        )
    if stance:
        yield Evidence("sympy", "cross-checked", stance, question, resolution=bar, point=problem.point.name)


def exact_numbers(derivation: Derivation, seconds: float) -> tuple[list[Array], list[Array]] | None:
    """The rule's own outputs and cotangents without rounding; None where they cannot be computed."""
    arrays = [*derivation.y, *derivation.claimed]
    try:
        numbers = worker.ask(evaluate, arrays, dict(derivation.system.shadows), seconds=seconds)
    except RuntimeError:
        return None
    return numbers[: len(derivation.y)], numbers[len(derivation.y) :]


def elementwise(problem: Problem, twin: Any, seconds: float) -> Numbers:
    """Outputs and cotangents of a twin on arrays of symbols."""
    import sympy

    args = tuple(symbols(name, a) for name, a in zip(problem.names, problem.args, strict=True))
    dy = tuple(symbols(f"dy{i}", d) for i, d in enumerate(problem.dy))
    result = twin(sympy, *(bare(a) for a in args), **exact_parameters(problem.params))
    outputs = (result,) if problem.single else tuple(result)
    y = tuple(np.asarray(np.frompyfunc(number, 1, 1)(np.asarray(o, dtype=object)), dtype=object) for o in outputs)
    for o, d in zip(y, problem.dy, strict=True):
        if o.shape != d.shape:
            raise ValueError(f"its output has shape {o.shape}, the rule's {d.shape}")
    values = {
        s: float(v)
        for names, array in ((*zip(args, problem.args, strict=True), *zip(dy, problem.dy, strict=True)))
        for s, v in zip(names.flat, array.flat, strict=True)
    }
    numbers = worker.ask(evaluate, [*y, *differentiate(y, dy, args)], values, seconds=seconds)
    return Numbers(numbers[: len(y)], numbers[len(y) :])


def number(value: Any) -> Any:
    """An entry of a twin's output as an expression.  Raises ValueError for anything else."""
    import sympy

    expression = sympy.sympify(value)
    if not isinstance(expression, sympy.Expr):
        raise ValueError(f"it gives {value}, which is no number: return expressions, or arrays of them")
    return expression


def symbols(name: str, array: Array) -> Array:
    """A real symbol for each entry."""
    import sympy

    names = [sympy.Symbol(f"{name}_{i}", real=True) for i in range(array.size)]
    result = np.empty(array.size, dtype=object)
    result[:] = names
    return result.reshape(array.shape)


def bare(array: Array) -> Any:
    """A 0-d array as its element."""
    return array if array.ndim else array[()]


def exact_parameters(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with floats as the rational numbers that they are."""
    import sympy

    def exact(value: Any) -> Any:
        if isinstance(value, float | np.floating) and np.isfinite(value):
            return sympy.Rational(float(value))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim:
            return np.frompyfunc(exact, 1, 1)(value)
        return value

    return {k: exact(v) for k, v in params.items()}


def evaluate(arrays: list[Array], values: Mapping[Any, float]) -> list[Array]:
    """Object arrays of expressions as arrays of floats."""
    import mpmath
    import sympy

    flat = [e for a in arrays for e in a.flat]
    function = sympy.lambdify(list(values), flat, modules="mpmath", cse=True)
    with mpmath.workdps(DIGITS):
        numbers = iter([real(n) for n in function(*(mpmath.mpf(v) for v in values.values()))])
    return [np.array([next(numbers) for _ in range(a.size)]).reshape(a.shape) for a in arrays]


def real(value: Any) -> float:
    """A number as a float; nan for a complex one."""
    import mpmath

    value = mpmath.mpmathify(value)
    return float(mpmath.re(value)) if abs(mpmath.im(value)) <= 1e-30 * abs(value) else float("nan")


def matrix(problem: Problem, twin: Any, seconds: float) -> Numbers:
    """Value and cotangents of a scalar expression of MatrixSymbols, by sympy's matrix calculus, and its slopes."""
    import sympy

    args = [
        sympy.MatrixSymbol(name, a.shape[0], a.shape[1] if a.ndim == 2 else 1)
        if a.ndim
        else sympy.Symbol(name, real=True)
        for name, a in zip(problem.names, problem.args, strict=True)
    ]
    value = twin(sympy, *args, **exact_parameters(problem.params))
    values = {
        s: a.tolist() if a.ndim == 2 else a.reshape(-1, 1).tolist() if a.ndim else float(a)
        for s, a in zip(args, problem.args, strict=True)
    }
    gradients = [value.diff(s) for s in args]
    y, *numbers = worker.ask(explicit, [value, *gradients], values, seconds=seconds)
    dy = float(problem.dy[0])
    shaped = [
        np.broadcast_to(dy * np.reshape(n, ()), a.shape) if np.size(n) == 1 else dy * n.reshape(a.shape)
        for n, a in zip(numbers, problem.args, strict=True)
    ]
    measured = worker.ask(slopes, value, values, seconds=seconds)
    return Numbers(
        [np.reshape(y, ())], shaped, [dy * m.reshape(a.shape) for m, a in zip(measured, problem.args, strict=True)]
    )


def explicit(expressions: list[Any], values: Mapping[Any, Any]) -> list[Array]:
    """Matrix expressions at explicit matrices, as arrays of floats."""
    numbers = with_digits(values)
    return [np.array(at(e, numbers)).astype(float) for e in expressions]


def slopes(value: Any, values: Mapping[Any, Any]) -> list[Array]:
    """Central differences of a scalar matrix expression by each entry of each argument, with many digits."""
    import sympy

    numbers = with_digits(values)

    def slope(symbol: Any, row: int, column: int) -> float:
        def moved(by: Any) -> Any:
            matrix = numbers[symbol].as_mutable()
            matrix[row, column] += by
            return at(value, {**numbers, symbol: matrix.as_immutable()})[0, 0]

        step = sympy.Float(10, DIGITS) ** (-DIGITS // 3)
        return float((moved(step) - moved(-step)) / (2 * step))

    return [
        np.array([[slope(s, i, j) for j in range(n.shape[1])] for i in range(n.shape[0])]) for s, n in numbers.items()
    ]


def at(expression: Any, numbers: Mapping[Any, Any]) -> Any:
    """A matrix expression at explicit matrices, as one; that of a scalar is 1 by 1."""
    import sympy

    scalars = {s: n if s.is_Matrix else n[0, 0] for s, n in numbers.items()}
    result = expression.subs(scalars).doit()
    return result.as_explicit() if getattr(result, "is_Matrix", False) else sympy.Matrix([[result]])


def with_digits(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Floats, and nested lists of them, as matrices of numbers with many digits."""
    import sympy

    return {
        s: sympy.ImmutableMatrix(v if isinstance(v, list) else [[v]]).applyfunc(lambda x: sympy.Float(x, DIGITS))
        for s, v in values.items()
    }
