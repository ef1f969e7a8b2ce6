"""How to check: what a call of `check` or a command may choose, and the emergency stop."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np


class OutOfTime(BaseException):
    """The emergency stop.  Not an Exception, so that no ``except Exception`` on the way holds it up."""


@dataclass(frozen=True)
class Settings:
    """How to check: which oracles, with which seed, budget in operations and emergency stop in seconds."""

    oracles: str | Iterable[str] = "auto"
    seed: int = 0
    budget: int | None = None
    timeout: float | None = None
    search: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole_number("seed", self.seed, 0))
        object.__setattr__(self, "search", whole_number("search", self.search, 0))
        if self.budget is not None:
            whole_number("budget", self.budget, 1)
        if self.timeout is not None and not 0 < self.timeout < float("inf"):
            raise ValueError(f"timeout is {self.timeout!r}: give a number of seconds above 0, or None")


def whole_number(name: str, value: Any, least: int) -> int:
    """`value` as an integer.  Raises TypeError or ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} is {value!r}: give an integer")
    if value < least:
        raise ValueError(f"{name} is {value}: give an integer from {least} on")
    return int(value)


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise OutOfTime after so many seconds; only the main thread of a system with SIGALRM can be stopped so."""
    if seconds is None or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
