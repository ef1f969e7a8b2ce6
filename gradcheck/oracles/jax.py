"""The jax oracle: forward and cotangents of the twin that a rule declares, by JAX's own automatic differentiation."""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from gradcheck.floats import HALF, epsilon, is_inexact, wide
from gradcheck.oracles import same_source
from gradcheck.oracles.differences import relative
from gradcheck.oracles.residuals import at_kink
from gradcheck.oracles.stored_programs import stored
from gradcheck.problems import Problem, as_tuple
from gradcheck.results import Array, Evidence, Question, Stance

# How often the twin is run again at inputs that are moved by one ULP: half of the change is what rounding explains.
PERTURBATIONS = 3
# Of rounding, as the perturbations show it and relative to the value, two right evaluations differ by at most so much.
ROUNDING = 64.0
# And by so many units in the last place of the scale of a cotangent, where large terms cancel.
CANCELLING = 4.0
# The twin rounds inside as well, of which its inputs tell nothing: below so much of the scale it does not look,
# in double and in single precision.
FINEST, FINEST_LOW = 2.0**-30, 2.0**-12
# The twin of a half precision is evaluated in double: its own rounding is nothing, and the entries' decides.
ROUNDING_HALF, CANCELLING_HALF = 4.0, 1.0
# Differences below so much of the scale refute nothing, and bars beyond it say nothing for; in float32, the second.
DECISIVE, DECISIVE_LOW = 1e-6, 1e-2


class Mismatch(Exception):
    """The twin gives outputs of another shape."""


class Twin(NamedTuple):
    """Outputs and cotangents of the twin; the first axis counts perturbations, with the point itself first."""

    y: tuple[Array, ...]
    cotangents: tuple[Array, ...]


@dataclass
class Jax:
    """Values and cotangents of a rule's JAX twin, on the CPU; in float64, or in float32 where all arguments are."""

    name: str = "jax"
    _compiled: dict[Any, Callable[..., Any]] = field(default_factory=dict, repr=False)

    def why_not(self) -> str | None:
        """How to install jax where it is missing."""
        return None if importlib.util.find_spec("jax") else "jax is not installed: pip install 'gradcheck[jax]'"

    def wants(self, problem: Problem) -> bool:
        """Points of one shape, that of the first random one: each new shape costs a compilation.  All when asked by name."""
        return problem.asked or problem.point.role in ("given", "special") or problem.point.name == "random0"

    def examine(self, problem: Problem) -> Iterable[Evidence]:
        """One piece of evidence for each output (the forward) and for each argument (the formula)."""
        if problem.rule.jax is None:
            return [said(problem, "not applicable", reason="not declared")]
        start = time.perf_counter()
        try:
            found = list(compared(problem, self._run(problem)))
        except Mismatch as error:
            found = [said(problem, "against", question="forward", discrepancy=np.inf, detail=str(error))]
        except Exception as error:  # a twin is the user's code, and jax's
            if problem.rule.jax == "auto":
                return [same_source.refused(error, problem.point.name)]
            message = f"the twin raised {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            found = [said(problem, "undecided", detail=message)]
        if problem.rule.jax == "auto":
            found = same_source.labelled(found)
        operations = (1 + PERTURBATIONS) * (problem.size + sum(y.size for y in problem.y))
        seconds = (time.perf_counter() - start) / max(1, len(found))
        return [replace(e, operations=operations, seconds=seconds) for e in found]

    def _run(self, problem: Problem) -> Twin:
        import jax

        arrays = {k: v for k, v in problem.params.items() if isinstance(v, np.ndarray) and v.dtype != object}
        static = {k: v for k, v in problem.params.items() if k not in arrays}
        moved = perturbed(problem)
        with (
            warnings.catch_warnings(),
            jax.enable_x64(not single_precision(problem)),
            jax.default_device(jax.devices("cpu")[0]),
        ):
            warnings.simplefilter("ignore")
            try:
                return self._answer(problem, static, arrays, moved)
            except (
                jax.errors.JAXTypeError,
                jax.errors.JAXIndexError,
            ):  # a twin that looks into its parameters needs their values
                return self._answer(problem, problem.params, {}, moved)

    def _answer(self, problem: Problem, static: Mapping[str, Any], arrays: dict[str, Array], moved: Any) -> Twin:
        values = [
            (k, v.tobytes(), v.shape, v.dtype.str) if isinstance(v, np.ndarray) else (k, repr(v))
            for k, v in static.items()
        ]
        shapes = [(v.shape, v.dtype.str) for v in (*moved[0], *moved[1], *arrays.values())]
        key = (problem.rule, problem.single, *values, *arrays, *shapes)
        args, dys = moved
        turns = [(arrays, [x[turn] for x in args], [d[turn] for d in dys]) for turn in range(1 + PERTURBATIONS)]
        if key not in self._compiled:
            with stored():
                self._compiled[key] = program(problem, static).lower(*turns[0]).compile()
        answers = [self._compiled[key](*turn) for turn in turns]
        y, cotangents = (tuple(map(np.stack, zip(*group, strict=True))) for group in zip(*answers, strict=True))
        return Twin(y, cotangents)


def program(problem: Problem, static: Mapping[str, Any]) -> Any:
    """The twin and its pullback, as one function of array parameters, arguments and cotangents, to be compiled."""
    import jax

    declared, single = problem.rule.jax, problem.single
    shapes = [y.shape for y in problem.y]
    twin = declared if callable(declared) else same_source.twin_of(problem.rule.function)

    def answer(arrays: Any, args: Any, dys: Any) -> Any:
        def forward(*xs: Any) -> Any:
            return tuple(jax.numpy.asarray(y) for y in as_tuple(twin(jax, *xs, **static, **arrays), single))

        y, pullback = jax.vjp(forward, *args)
        if [v.shape for v in y] != shapes:
            raise Mismatch(f"the outputs have shapes {listed(shapes)}, those of the twin {listed(v.shape for v in y)}")
        return y, pullback(tuple(d.astype(v.dtype) for d, v in zip(dys, y, strict=True)))

    return jax.jit(answer)


def listed(shapes: Iterable[tuple[int, ...]]) -> str:
    """Shapes in words."""
    return ", ".join(map(str, shapes)) or "none"


def perturbed(problem: Problem) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Arguments and cotangents in the twin's precision: as they are, then each entry moved by one ULP at random."""
    rng = problem.rng("jax")
    number, pair = (np.float32, np.complex64) if single_precision(problem) else (np.float64, np.complex128)

    def moved(x: Array) -> Array:
        step = ulp(x.real) + 1j * ulp(x.imag) if np.iscomplexobj(x) else ulp(x)
        others = (x + rng.choice([-1.0, 1.0], x.shape) * step for _ in range(PERTURBATIONS))
        return np.stack([x, *others]).astype(pair if np.iscomplexobj(x) else number)

    return tuple(map(moved, problem.args)), tuple(map(moved, problem.dy))


def single_precision(problem: Problem) -> bool:
    """Whether all arguments are float32 (or complex64): then over- and underflow are to be those of float32 too."""
    return bool(problem.args) and all(a.dtype in (np.float32, np.complex64) for a in problem.args)


def ulp(x: Array) -> Array:
    """The spacing of each entry in its own type; 0 for zeros and integers, which are exact."""
    if not is_inexact(x.dtype):
        return np.zeros(x.shape)
    return np.where((x == 0) | ~np.isfinite(x), 0.0, np.spacing(np.abs(x))).astype(float)


def compared(problem: Problem, twin: Twin) -> Iterator[Evidence]:
    """Evidence for the forward, then for the formula where the twin's cotangents mean anything."""
    coarsest = max(map(epsilon, (a.dtype for a in (*problem.args, *problem.y, *problem.claimed))))
    for i, (ours, theirs) in enumerate(zip(problem.y, twin.y, strict=True)):
        size = np.abs(theirs[0])
        scale = np.full(ours.shape, np.max(size, initial=0.0, where=np.isfinite(size)))
        detail = "" if problem.single else f"output {i}"
        yield from compare(problem, "forward", None, ours, theirs, scale, coarsest, detail)
    if problem.rule.surrogate is not None or problem.kink:
        yield said(problem, "not applicable", reason="surrogate" if problem.rule.surrogate is not None else "kink")
        return
    for k, (ours, theirs) in enumerate(zip(problem.claimed, twin.cotangents, strict=True)):
        scale = problem.scale(k, theirs[0])
        for e in compare(problem, "formula", k, ours, theirs, scale, coarsest):
            # Asked alone, this oracle has been told of no kinks.
            alone = problem.asked and problem.true is None
            kink = alone and e.stance == "against" and at_kink(problem, k, e.entry or ())
            yield said(problem, "not applicable", reason="kink") if kink else e


def compare(
    problem: Problem,
    question: Question,
    argument: int | None,
    ours: Array,
    theirs: Array,
    scale: Array,
    epsilon: float,
    detail: str = "",
) -> Iterator[Evidence]:
    """Our array against the twin's (with its perturbations), entry by entry; the worst entry is shown."""
    if not ours.size:
        return
    with np.errstate(all="ignore"):
        value = theirs[0]
        explained = np.nan_to_num(np.nanmax(np.abs(theirs - value), axis=0, initial=0.0)) / 2
        unit = problem.scale(argument, np.zeros(ours.shape)) if argument is not None else scale
        half = epsilon > HALF
        many, few = (ROUNDING_HALF, CANCELLING_HALF) if half else (ROUNDING, CANCELLING)
        bar = many * (explained + epsilon * np.abs(value)) + few * epsilon * unit
        bar = np.maximum(bar, (FINEST_LOW if single_precision(problem) else FINEST) * scale)
        ours = wide(ours)
        equal = (ours == value) | (np.isnan(ours) & np.isnan(value))
        off = np.where(equal, 0.0, np.abs(ours - value))
        decisive = DECISIVE if epsilon < 2.0**-30 else DECISIVE_LOW
        against = ~(off <= np.fmax(bar, DECISIVE * scale)) & np.isfinite(value)
        agrees = equal | ((off <= bar) & (half | (bar <= decisive * scale)))
        rank = 2 * against + (~against & ~agrees)
        ratio = np.nan_to_num(off / np.where(bar > 0, bar, np.finfo(float).tiny), nan=np.inf)
        worst = np.unravel_index(np.lexsort((ratio.ravel(), rank.ravel()))[-1], ours.shape)
        stances: tuple[Stance, ...] = ("for", "undecided", "against")
        stance = stances[int(rank[worst])]
        yield said(
            problem,
            stance,
            question=question,
            argument=None if argument is None else problem.names[argument],
            entry=tuple(map(int, worst)),
            claimed=ours[worst].item(),
            value=value[worst].item(),
            bar=float(bar[worst]),
            discrepancy=relative(float(off[worst]), float(scale[worst])),
            resolution=relative(float(bar[worst]), float(scale[worst])),
            detail=detail if np.isfinite(value[worst]) else f"{detail} the twin gives {value[worst]}".strip(),
        )


def said(problem: Problem, stance: Stance, **what: Any) -> Evidence:
    """Evidence of this oracle at the point of the problem."""
    return Evidence("jax", "cross-checked", stance, point=problem.point.name, **what)
