"""Which line of a user's code draws random numbers: the one across which a generator's state moves."""

from __future__ import annotations

import linecache
import random
import re
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np

from gradcheck.contract.findings import is_users, short_path

# Sources whose state cannot be watched, by how they are written.
WRITTEN = re.compile(r"\b(random|randn?|default_rng|urandom|secrets|uuid[14]|time|perf_counter|monotonic)\b")


def first_draw(call: Callable[[], Any]) -> str | None:
    """The first line of a call that draws a random number: ``model.py:7: `rng.normal()` ``; None where none is seen."""
    watch = Watch()
    before = sys.gettrace()
    sys.settrace(watch.enter)
    try:
        with np.errstate(all="ignore"):
            call()
    except Exception:
        return None
    finally:
        sys.settrace(before)
    return watch.drawn or watch.written


class Watch:
    """A trace function that compares the state of every generator in sight before and after each line."""

    def __init__(self) -> None:
        self.drawn: str | None = None
        self.written: str | None = None
        self.states: dict[int, Any] = {}
        self.line: tuple[str, int] | None = None

    def enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Follow frames of the user's code only."""
        if self.drawn is not None or not is_users(frame.f_code.co_filename):
            return None
        return self.step(frame, event, arg)

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Look at the generators before a line, and as a function returns."""
        if self.drawn is None:
            now = dict(generators(frame))
            moved = any(self.states.get(key, state) != state for key, state in now.items())
            if moved and self.line is not None:
                self.drawn = text_of(*self.line)
            self.states |= now
            if event == "line":
                self.line = frame.f_code.co_filename, frame.f_lineno
                if self.written is None and WRITTEN.search(linecache.getline(*self.line)):
                    self.written = text_of(*self.line)
        return self.step


def text_of(file: str, line: int) -> str:
    """A line of a file with its place."""
    return f"{short_path(file)}:{line}: `{linecache.getline(file, line).strip()}`"


def generators(frame: FrameType) -> Iterator[tuple[int, Any]]:
    """The random generators that a frame can reach by name, with their states; the two global ones first."""
    yield id(np.random), told(np.random.get_state())  # noqa: NPY002 (watched, not drawn from)
    yield id(random), hash(random.getstate())
    own = [frame.f_globals[n] for n in frame.f_code.co_names if n in frame.f_globals]
    for value in (*frame.f_locals.values(), *own):
        for found in (value, *getattr(value, "__dict__", {}).values()) if not isinstance(value, type(sys)) else ():
            if isinstance(found, np.random.Generator):
                yield id(found), repr(found.bit_generator.state)
            elif isinstance(found, np.random.RandomState):
                yield id(found), told(found.get_state())
            elif isinstance(found, random.Random):
                yield id(found), hash(found.getstate())


def told(state: Any) -> tuple[bytes, int]:
    """What moves in the state of NumPy's older generators; it is asked for at every line, so as it lies in memory."""
    return state[1].tobytes(), state[2]
