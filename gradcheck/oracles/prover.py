"""Work with sympy expressions in a process of its own, which can be killed when it takes too long."""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Timer
from typing import Any

from gradcheck.oracles.zero_test import Budget, is_zero

# Numbers are computed with DIGITS digits; what is below 10^-ZERO of its scale is zero then.
DIGITS, ZERO = 80, 40
BESIDE = 3


class TookTooLong(RuntimeError):
    """The worker was killed."""


class Worker:
    """A process that runs functions of this package on pickled arguments, started when it is first asked."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = 0

    def ask(self, function: Callable[..., Any], *args: Any, seconds: float) -> Any:
        """``function(*args)``, computed there.

        Raises TookTooLong after `seconds`, and RuntimeError with the message of what the function raised.
        """
        # A forked child must not talk to its parent's worker.
        if self.process is None or self.owner != os.getpid() or self.process.poll() is not None:
            self.start()
        process = self.process
        assert process is not None
        timer = Timer(seconds, process.kill)
        timer.start()
        try:
            value, message = exchange(process, pickle.dumps((function, args)))
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            self.stop()
            raise TookTooLong(f"stopped after {seconds:.3g} s") from None
        except BaseException:
            # An answer that nobody waits for any more must not be taken for that of the next question.
            self.stop()
            raise
        finally:
            timer.cancel()
        if message:
            raise RuntimeError(message)
        return value

    def start(self) -> None:
        code = f"import sys; sys.path[:] = {sys.path!r}; from gradcheck.oracles.prover import serve; serve()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # sympy's order of things in sets, and with it the cost of a proof, is to be the same each time.
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        self.owner = os.getpid()

    def stop(self) -> None:
        """Kill the process, if it is ours."""
        if self.process is not None and self.owner == os.getpid():
            self.process.kill()
            self.process.communicate()
        self.process = None


def exchange(process: subprocess.Popen[bytes], request: bytes) -> Any:
    """The answer to a request."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request)
    process.stdin.flush()
    return pickle.load(process.stdout)


worker = Worker()
atexit.register(worker.stop)


def serve() -> None:
    """The worker's loop: a pickled call comes in, its pickled value or error goes out."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            function, args = pickle.load(requests)
        except EOFError:
            return
        try:
            answer = (function(*args), "")
        except Exception as error:  # whatever sympy or mpmath raise
            answer = (None, f"{type(error).__name__}: {error}")
        pickle.dump(answer, answers)
        answers.flush()


@dataclass(frozen=True)
class Comparison:
    """What is to be compared: claimed and true expressions entry by entry, and where.

    values: the float of each symbol; fixed: the symbols among them that keep their values (parameters); constants:
    the float constants of the code, each with its relative rounding; conditions: what is positive on the path taken;
    units: a scale for each entry.
    """

    claimed: tuple[Any, ...]
    true: tuple[Any, ...]
    values: Mapping[Any, float]
    units: tuple[float, ...]
    fixed: frozenset[Any] = frozenset()
    constants: Mapping[Any, float] = field(default_factory=dict)
    conditions: tuple[Any, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Entry:
    """What numbers say of one entry: its values at the point, and how far claimed and true are apart.

    gap and slack are relative to the scale: |claimed - true|, and what rounding of the constants explains of it.
    beside: the same gap beyond slack at points beside this one, the largest of them; nan where there is none.
    counterexample: the values of the symbols there, where claimed and true are apart beside this point only.
    """

    claimed: float | complex
    true: float | complex
    gap: float
    slack: float
    beside: float
    counterexample: Mapping[Any, float] = field(default_factory=dict)


def measure(comparison: Comparison) -> list[Entry]:
    """Compare claimed and true with many digits, at the point and at points beside it on the same path."""
    import mpmath

    with mpmath.workdps(DIGITS):
        function = compiled(comparison)
        point = {s: mpmath.mpf(v) for s, v in comparison.values.items()}
        entries = gaps(comparison, function, point)
        places = neighbours(comparison, function, point)
        beside = [gaps(comparison, function, p) for p in places]
        return [entry_of(i, numbers, places, beside) for i, numbers in enumerate(entries)]


def entry_of(i: int, numbers: tuple[Any, ...], places: list[Mapping[Any, Any]], beside: list[Any]) -> Entry:
    """What is known of entry `i`: its numbers at the point, and the worst of those beside it."""
    claimed, true, gap, slack = numbers
    apart = [float(b[i][2] - b[i][3]) for b in beside]
    worst = max(apart, default=float("nan"))
    refuted = gap <= slack and worst > 0
    where = {s: float(v) for s, v in places[apart.index(worst)].items()} if refuted else {}
    return Entry(number(claimed), number(true), float(gap), float(slack), worst, where)


def number(value: Any) -> float | complex:
    """A number of many digits as a float, or as a complex one where it has an imaginary part."""
    import mpmath

    return complex(value) if mpmath.im(value) else float(mpmath.re(value))


def compiled(comparison: Comparison) -> Callable[[Mapping[Any, Any]], list[Any]]:
    """The numbers of all expressions, then of the conditions, as a function of the values of the symbols."""
    import sympy

    symbols = list(comparison.values)
    expressions = [*comparison.claimed, *comparison.true, *comparison.conditions]
    function = sympy.lambdify(symbols, expressions, modules="mpmath", cse=True)
    return lambda values: function(*(values[s] for s in symbols))


def gaps(comparison: Comparison, function: Callable[..., Any], point: Mapping[Any, Any]) -> list[tuple[Any, ...]]:
    """(claimed, true, gap, slack) of each entry."""
    import mpmath

    n = len(comparison.claimed)

    def residuals(values: Mapping[Any, Any]) -> list[Any]:
        numbers = function(values)
        return [mpmath.mpmathify(numbers[i]) - numbers[n + i] for i in range(n)]

    numbers, apart = function(point), residuals(point)
    scales = [max(abs(numbers[n + i]), comparison.units[i], mpmath.mpf(10) ** -300) for i in range(n)]
    slack = [mpmath.mpf(10) ** -ZERO * s for s in scales]
    if any(abs(r) > s for r, s in zip(apart, slack, strict=True)):
        for c, rounding in comparison.constants.items():
            moved = residuals({**point, c: point[c] * (1 + mpmath.mpf(rounding))})
            slack = [s + abs(m - r) for s, m, r in zip(slack, moved, apart, strict=True)]
    return [(numbers[i], numbers[n + i], abs(apart[i]) / scales[i], slack[i] / scales[i]) for i in range(n)]


def neighbours(
    comparison: Comparison, function: Callable[..., Any], point: Mapping[Any, Any]
) -> list[Mapping[Any, Any]]:
    """Points beside `point` at which every path condition holds."""
    import random

    import mpmath

    rng = random.Random(comparison.seed)
    free = [s for s in point if s not in comparison.fixed and s not in comparison.constants]
    found: list[Mapping[Any, Any]] = []
    for step in (0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 1e-4, 1e-4, 1e-4):
        shifts = {s: rng.uniform(-step, step) * (abs(float(point[s])) or 1) for s in free}
        # Numbers that floating point has too, so that it can be asked about a counterexample.
        moved = {s: mpmath.mpf(float(point[s]) + shift) for s, shift in shifts.items()}
        try:
            conditions = function({**point, **moved})[2 * len(comparison.claimed) :]
            if all(mpmath.im(c) == 0 and c > 0 for c in conditions):
                found.append({**point, **moved})
        except (ArithmeticError, ValueError, TypeError):
            continue
        if len(found) == BESIDE:
            break
    return found


def prove(residuals: tuple[Any, ...], printed: Mapping[Any, Any]) -> list[str]:
    """For each residual "proved", "printed" (with constants at their printed values), or "" where neither was shown."""
    known: dict[Any, str] = {}
    budget = Budget()
    for residual in residuals:
        if residual not in known:
            known[residual] = proved(residual, printed, budget)
    return [known[r] for r in residuals]


def proved(residual: Any, printed: Mapping[Any, Any], budget: Budget) -> str:
    """One residual."""
    if is_zero(residual, budget):
        return "proved"
    substituted = {s: v for s, v in printed.items() if s in residual.free_symbols}
    return "printed" if substituted and is_zero(residual.subs(substituted), budget) else ""
