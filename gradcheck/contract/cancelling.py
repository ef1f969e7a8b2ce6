"""How large the terms are that a cotangent is the sum of: where they cancel nothing else tells what rounding may do."""

from __future__ import annotations

import numpy as np

from gradcheck.contract.calling import answer, call, given
from gradcheck.contract.findings import epsilon_of
from gradcheck.problems import Problem
from gradcheck.results import Array


def cancelled(problem: Problem, k: int) -> Array | float:
    """How fast a cotangent moves where all numbers do, by parts of them: seen where they lose half their digits."""
    rng = problem.rng("cancelled")

    def moved(a: Array) -> Array:
        return np.asarray(a * (1 + np.sqrt(epsilon_of(a)) * rng.uniform(-1, 1, a.shape)), dtype=a.dtype)

    try:
        _, pullback = call(problem.rule, tuple(map(moved, problem.args)), problem.params)
        found = answer(problem.names, problem.args, pullback(given(tuple(map(moved, problem.dy)), problem.single)))[k]
    except Exception:  # a point beside the domain
        return 0.0
    claimed = problem.claimed[k]
    if found.shape != claimed.shape:
        return 0.0
    return np.asarray(np.nan_to_num(np.abs(found - claimed)) / np.sqrt(epsilon_of(claimed)))
