"""Proofs by content: an unchanged residual is not proved twice.  What cannot be read back is proved again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gradcheck import caching
from gradcheck.oracles import prover, quotients, zero_test

ANSWERS = ("proved", "printed", "")


def key(residuals: Iterable[Any], printed: Mapping[Any, Any]) -> str:
    """What the answer depends on: the expressions, the printed constants, sympy's version, and our code and limits."""
    known: dict[Any, str] = {}
    constants = sorted((digest(s, known), str(v)) for s, v in printed.items())
    return hashed([method(), *(digest(r, known) for r in residuals), *(part for pair in constants for part in pair)])


def digest(expression: Any, known: dict[Any, str]) -> str:
    """A hash of an expression's srepr, made of those of its parts; the terms of sums and products in any order."""
    import sympy

    if expression not in known:
        parts = [digest(a, known) for a in expression.args]
        if expression.is_Add or expression.is_Mul:
            parts.sort()
        name = expression.func.__name__ if parts else sympy.srepr(expression)
        known[expression] = hashed([name, *parts])
    return known[expression]


def hashed(parts: Iterable[str]) -> str:
    """One hash of several texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def method() -> str:
    """sympy's version and the source of the zero test, its limits among it."""
    import sympy

    files = [Path(str(m.__file__)) for m in (prover, quotients, zero_test)]
    return hashed([sympy.__version__, *(f.read_text(encoding="utf-8") for f in files)])


def read(name: str, count: int) -> list[str] | None:
    """The `count` answers stored under a key; None where there are none, or something else."""
    folder = caching.folder("proofs")
    if folder is None:
        return None
    try:
        answers = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    good = isinstance(answers, list) and len(answers) == count and all(a in ANSWERS for a in answers)
    return answers if good else None


def write(name: str, answers: list[str]) -> None:
    """Store answers under a key, at once or not at all."""
    folder = caching.folder("proofs")
    if folder is None:
        return
    draft = folder / f"{name}.{os.getpid()}"
    try:
        draft.write_text(json.dumps(answers), encoding="utf-8")
        draft.replace(folder / name)
    except OSError:  # a full disk or a folder taken away: the proof stands without its copy
        draft.unlink(missing_ok=True)
