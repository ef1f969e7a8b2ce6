"""How fast the primitives are: ``python -m tests.benchmarks.primitives [-k NAME]``.

Forward and pullback of every primitive at 1e5 entries, beside the same computation in HIPS autograd and in eager
PyTorch on one thread, all in one run: calls in turn, the median of each, in time of the processor, which a busy machine
does not stretch.
(OPENBLAS_NUM_THREADS=1 keeps NumPy to one thread too.)  What gives other gradients than ours is not compared.

With autograd 1.9.1 and torch 2.13 on 2 cores: 287 primitives, 173 compared with autograd, median ratio 0.65, all within
2x but tanhshrink, 5 times as slow: it keeps the digits of x³ / 3 near 0, which x - tanh(x) has not.
"""

from __future__ import annotations

import argparse
import importlib.util
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from gradcheck.cases import Case
from gradcheck.problems import draw_cotangent
from gradcheck.results import Array, Point
from gradcheck.run.targets import find
from tests.benchmarks import autograd_twins
from tests.benchmarks.large import large, short
from tests.case_checks import tuple_of

# Worked examples, identities and networks are no primitives.
OTHERS = ("worked.", "identities.", "network.", "digits.")
# Each side is called so often in turn, or until so many seconds are over.
CALLS, SECONDS = 9, 0.2
# What is allowed, in times of autograd; and how near two gradients of one computation are.
ALLOWED, CLOSE = 2.0, 1e-6
# Seconds after which a call of another library is given up.
PATIENCE = 5

Call = Callable[[], tuple[Any, ...]]


class Row(NamedTuple):
    """Milliseconds of forward and pullback; None where a library has no such function."""

    name: str
    ours: float
    autograd: float | None
    torch: float | None

    @property
    def ratio(self) -> float | None:
        """Our time in times of autograd's."""
        return self.ours / self.autograd if self.autograd else None


def primitives(selected: str = "") -> Iterator[Case]:
    """The first case of every primitive."""
    seen: set[str] = set()
    for found in find(["reference"]):
        case = found.item
        if isinstance(case, Case) and not short(case).startswith(OTHERS) and short(case) not in seen:
            seen.add(short(case))
            if selected in short(case):
                yield case


def our_call(case: Case, point: Point, dys: tuple[Array, ...]) -> Call:
    def call() -> tuple[Any, ...]:
        y, pullback = case.rule(*point.args, **point.params)
        return tuple_of(pullback(dys if isinstance(y, tuple) else dys[0]))

    return call


def autograd_call(case: Case, point: Point, dys: tuple[Array, ...]) -> Call:
    """Raises what autograd raises where it does not have the function."""
    from autograd import make_vjp
    from autograd.builtins import tuple as boxed

    twin = autograd_twins.twin_of(case)

    def function(args: Any) -> Any:
        y = twin(*args, **point.params)
        return boxed(y) if isinstance(y, list) else y

    def call() -> tuple[Any, ...]:
        pullback, y = make_vjp(function)(point.args)
        return tuple(pullback(dys if isinstance(y, tuple) else dys[0]))

    return call


def torch_call(case: Case, point: Point, dys: tuple[Array, ...]) -> Call:
    """Raises KeyError where torch has no such function; its complex gradients are the conjugates of ours."""
    import torch

    from tests.reference.torch_twins import TWINS

    twin = TWINS[short(case)]
    params = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in point.params.items()}
    tensors = [torch.tensor(np.ascontiguousarray(a), requires_grad=True) for a in point.args]
    cotangents = [torch.tensor(np.conj(np.ascontiguousarray(d))) for d in dys]

    def call() -> tuple[Any, ...]:
        ys = tuple_of(twin(torch, *tensors, **params))
        pairs = [(y, d) for y, d in zip(ys, cotangents, strict=True) if y.requires_grad]
        return torch.autograd.grad([y for y, _ in pairs], tensors, [d for _, d in pairs], materialize_grads=True)

    return call


LIBRARIES = {"autograd": autograd_call, "torch": torch_call}


def calls_of(case: Case, libraries: list[str]) -> dict[str, Call]:
    """What is timed: ours, and those of other libraries that give the same gradients."""
    point = large(case)
    y, _ = case.rule(*point.args, **point.params)
    dys = tuple(draw_cotangent(np.random.default_rng(0), np.asarray(v)) for v in tuple_of(y))
    calls = {"ours": our_call(case, point, dys)}
    mine = calls["ours"]()
    for library in libraries:
        try:
            call = LIBRARIES[library](case, point, dys)
            with limited(PATIENCE):
                theirs = call()
        except Exception:  # not there, or not for these arguments: each library raises errors of its own
            continue
        if all(same(a, b) for a, b in zip(mine, theirs, strict=True)):
            calls[library] = call
    return calls


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raises TimeoutError in what takes longer: a library that goes entry by entry does not have the function."""

    def late(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def same(mine: Any, theirs: Any) -> bool:
    """Whether two gradients are those of one computation."""
    theirs = np.conj(theirs.resolve_conj().numpy()) if hasattr(theirs, "resolve_conj") else np.asarray(theirs)
    scale = np.max(np.abs(mine), initial=1e-300)
    return np.shape(mine) == theirs.shape and bool(np.max(np.abs(mine - theirs), initial=0) <= CLOSE * scale)


def timed(calls: dict[str, Call]) -> dict[str, float]:
    """The median milliseconds of each, called in turn so that a busy machine slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + SECONDS
    for turn in range(CALLS):
        for name, call in calls.items():
            start = time.process_time()
            call()
            times[name].append(1e3 * (time.process_time() - start))
        if turn >= 2 and time.perf_counter() > end:
            break
    return {name: median(some) for name, some in times.items()}


def rows(selected: str, libraries: list[str]) -> Iterator[Row]:
    """A row for each primitive."""
    for case in primitives(selected):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = timed(calls_of(case, libraries))
        yield Row(short(case), found["ours"], found.get("autograd"), found.get("torch"))


def installed() -> list[str]:
    """The libraries to compare with; what is not installed is said."""
    there = [name for name in LIBRARIES if importlib.util.find_spec(name)]
    for name in LIBRARIES:
        if name not in there:
            print(f"{name} is not installed: its column stays empty (pip install {name})")
    if "torch" in there:
        import torch

        torch.set_num_threads(1)
    return there


def shown(row: Row) -> str:
    """A line of the table."""
    numbers = (f"{'' if v is None else f'{v:.3g}':>9}" for v in (row.ours, row.autograd, row.torch, row.ratio))
    return f"{row.name:45}{''.join(numbers)}{'  slow' if row.ratio and row.ratio > ALLOWED else ''}"


def summary(found: list[Row]) -> str:
    """How the ratios are distributed."""
    ratios = [row.ratio for row in found if row.ratio]
    slow = [row.name for row in found if row.ratio and row.ratio > ALLOWED]
    if not ratios:
        return f"{len(found)} primitives, none compared with autograd"
    return (
        f"{len(found)} primitives, {len(ratios)} of them compared with autograd: median ratio {median(ratios):.2f}, "
        f"{len(ratios) - len(slow)} within {ALLOWED:g}x" + (f", slower: {', '.join(slow)}" if slow else "")
    )


def main() -> int:
    """Print the table; 1 where a primitive is slower than allowed."""
    parser = argparse.ArgumentParser(description="Forward and pullback in milliseconds, at 1e5 entries.")
    parser.add_argument("-k", default="", metavar="NAME", help="only primitives whose name contains this")
    libraries, found = installed(), []
    print(f"{'milliseconds':45}{'ours':>9}{'autograd':>9}{'torch':>9}{'ratio':>9}")
    for row in rows(parser.parse_args().k, libraries):
        found.append(row)
        print(shown(row), flush=True)
    print(summary(found))
    return int(any(row.ratio and row.ratio > ALLOWED for row in found))


if __name__ == "__main__":
    raise SystemExit(main())
