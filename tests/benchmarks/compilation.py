"""What JAX twins cost: 300 cases of the reference library, compiled anew and read from the cache.

    python tests/benchmarks/compilation.py

With jax 0.10 on 2 shared cores: 291 programs in 46 s cold and 10 s warm.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import tempfile
import time
from collections.abc import Iterator
from itertools import islice

import reference
from gradcheck import contract
from gradcheck.cases import Case, collect
from gradcheck.oracles.jax import Jax
from gradcheck.problems import Problem

COUNT = 300


def problems() -> Iterator[Problem]:
    """Cases with a declared twin, at two points of different shapes each."""
    for found in pkgutil.iter_modules(reference.__path__, "reference."):
        for case in collect(importlib.import_module(found.name)):
            if isinstance(case, Case) and case.rule.jax is not None:
                for role in ("small", "random"):
                    yield contract.evaluate(case.rule, case.point(role, 0), seed=0)


def measure() -> str:
    """One pass with an oracle and a JAX that remember nothing in memory."""
    import jax

    jax.clear_caches()
    oracle, chosen = Jax(), list(islice(problems(), COUNT))
    start = time.perf_counter()
    for problem in chosen:
        list(oracle.examine(problem))
    return f"{len(chosen)} cases in {time.perf_counter() - start:.1f} s"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRADCHECK_CACHE"] = folder
        print("cold:", measure(), flush=True)
        print("warm:", measure())
