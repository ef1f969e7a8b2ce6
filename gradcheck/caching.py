"""The user's cache folder: compiled programs and proofs, which a later run need not make again."""

from __future__ import annotations

import os
from pathlib import Path


def folder(name: str) -> Path | None:
    """A folder of that name in the cache, made where it is missing; None where there is none to be had.

    GRADCHECK_CACHE moves the cache, and ``off`` disables it; else it is in XDG_CACHE_HOME, or in ``~/.cache``.
    """
    wish = os.environ.get("GRADCHECK_CACHE", "")
    if wish.lower() == "off":
        return None
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        path = (Path(wish).expanduser() if wish else home / "gradcheck") / name
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # a folder that cannot be written, or a user without a home
        return None
    return path
