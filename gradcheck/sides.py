"""Which side of a rule raised: its forward, or its pullback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def blaming(side: str) -> Iterator[None]:
    """What is raised inside carries a note of which side of the rule raised it; see `side_of`."""
    try:
        yield
    except Exception as error:
        error.add_note(f"raised by {side}")
        raise


def side_of(error: BaseException) -> str:
    """``the forward`` or ``the pullback``, where it is known which of them raised; else ``the rule``."""
    notes = [n for n in getattr(error, "__notes__", ()) if n.startswith("raised by ")]
    return notes[-1].removeprefix("raised by ") if notes else "the rule"
