"""How to check: what a call of `check` or a command may choose, and the emergency stop."""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from types import FrameType
from typing import Any

# The emergency stop of a point, in seconds: far beyond what a point takes, so that only what hangs comes to it.
EMERGENCY = 300.0
# What catches everything (`except:` in a loop), or imports a module, is stopped again after so many seconds, and then
# more often: it has been seen to go on.
AGAIN, OFTEN = 0.5, 0.05


class OutOfTime(BaseException):
    """The emergency stop.  Not an Exception, so that no ``except Exception`` on the way holds it up."""


@dataclass(frozen=True)
class Settings:
    """How to check: which oracles, with which seed, budget in operations and emergency stop in seconds."""

    oracles: str | Iterable[str] = "auto"
    seed: int = 0
    budget: int | None = None
    timeout: float | None = EMERGENCY
    search: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole_number("seed", self.seed, 0))
        object.__setattr__(self, "search", whole_number("search", self.search, 0))
        if self.budget is not None:
            whole_number("budget", self.budget, 1)
        if self.timeout is not None and above_zero("timeout", self.timeout, "seconds, or None for never") == math.inf:
            object.__setattr__(self, "timeout", None)


def above_zero(name: str, value: Any, what: str) -> float:
    """`value` as a number above 0, infinity among them.  Raises TypeError or ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}: give a number of {what}")
    if not float(value) > 0:
        raise ValueError(f"{name} is {value!r}: give a number above 0 of {what}")
    return float(value)


def whole_number(name: str, value: Any, least: int) -> int:
    """`value` as an integer.  Raises TypeError or ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} is {value!r}: give an integer")
    if value < least:
        raise ValueError(f"{name} is {value}: give an integer from {least} on")
    return int(value)


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise OutOfTime after so many seconds; only the main thread of a system with SIGALRM can be stopped so.

    A timer of somebody else's (pytest-timeout) that would ring sooner is left alone, a later one goes on afterwards.
    """
    if seconds is None or not stoppable():
        yield
        return
    other, interval = signal.getitimer(signal.ITIMER_REAL)
    if 0 < other <= seconds:
        yield
        return

    base, rung = sys._getframe(2), False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal rung
        if rung:
            signal.setitimer(signal.ITIMER_REAL, OFTEN, OFTEN)
        if not importing(frame, base):
            rung = True
            raise OutOfTime

    start, before = time.monotonic(), signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if other:
            left = other - (time.monotonic() - start)
            signal.setitimer(signal.ITIMER_REAL, max(left, 1e-3), interval)


def importing(frame: FrameType | None, base: FrameType) -> bool:
    """Whether a module is being loaded above the base: left half loaded it would be of no use to anybody."""
    while frame is not None and frame is not base:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def stoppable() -> bool:
    """Whether a signal can stop what runs here."""
    return threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
