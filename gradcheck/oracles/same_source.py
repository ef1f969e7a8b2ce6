"""jax="auto": the forward's own code object, run with jax.numpy in place of numpy, as the twin of a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.lifted.stand_in import MathStandIn, blame, rewritten
from gradcheck.results import Evidence
from gradcheck.rules import Function

LABEL = "same source"


def twin_of(function: Function) -> Callable[..., Any]:
    """The twin ``twin(jax, *args, **params)`` that a rule's own forward is."""

    def twin(jax: Any, *args: Any, **params: Any) -> Any:
        with rewritten(modules(jax)) as rewrite:
            return rewrite(function)(*args, **params)[0]

    return twin


def modules(jax: Any) -> Mapping[str, Any]:
    """What stands in for each module that a forward may use."""
    import jax.scipy.special

    return {
        "math": MathStandIn(jax.Array, lambda: (jax.numpy, jax.scipy.special)),
        "numpy": JaxNumpy(jax),
        "numpy.fft": jax.numpy.fft,
        "numpy.linalg": jax.numpy.linalg,
        "scipy": jax.scipy,
        "scipy.special": jax.scipy.special,
    }


class JaxNumpy:
    """jax.numpy, and of numpy what it lacks: `errstate` and the like, which do not touch arrays."""

    def __init__(self, jax: Any) -> None:
        self._numpy = jax.numpy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._numpy if hasattr(self._numpy, name) else np, name)


def untranslated(evidence: Evidence) -> Evidence:
    """Evidence of a forward that differs from itself: of a translation that failed it says nothing about the rule."""
    values = f": {evidence.claimed} became {evidence.value}" if evidence.claimed is not None else f": {evidence.detail}"
    detail = (
        f"{LABEL}: with jax.numpy the code means something else{values} (aliases of arrays changed in place do that)"
    )
    return Evidence(
        "jax", "cross-checked", "not applicable", reason="not liftable", detail=detail, point=evidence.point
    )


def labelled(found: list[Evidence]) -> list[Evidence]:
    """Evidence of the same source under its label."""
    wrong = next((e for e in found if e.question == "forward" and e.stance == "against"), None)
    if wrong is not None:
        return [untranslated(wrong)]
    return [replace(e, detail="; ".join(filter(None, (LABEL, e.detail)))) for e in found]


def refused(error: Exception, point: str) -> Evidence:
    """Code that jax.numpy does not run, with its line."""
    message = str(error).strip().partition("\n")[0]
    detail = f"{LABEL}: {blame(error)}{type(error).__name__}: {message}"
    return Evidence("jax", "cross-checked", "not applicable", reason="not liftable", detail=detail, point=point)
