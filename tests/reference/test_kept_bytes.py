"""Residuals are small: what each pullback keeps alive is its inputs and outputs, or its docstring says what else."""

import re
import warnings

import numpy as np
import pytest

from gradcheck import contract
from gradcheck.cases import Case
from gradcheck.judging import kept_at
from gradcheck.run.targets import find

# A text's mistake keeps what the right rule keeps.
CASES = [f.item for f in find(["reference"]) if isinstance(f.item, Case) and not f.item.rule.refuted]
TURNS = 4
REASON = re.compile(r"(pullback|tape)\s+keeps\b")


def worst(case):
    """The largest share of inputs and outputs that the pullback keeps, at points of several parameters and shapes."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problems = [contract.evaluate(case.rule, case.point("random", turn), seed=0) for turn in range(TURNS)]
    return max((kept_at(problem) for problem in problems), key=lambda kept: kept.share)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name.removeprefix("reference."))
def test_a_pullback_keeps_more_than_inputs_and_outputs_and_does_not_say_so(case):
    kept = worst(case)
    assert kept.share <= 1 or REASON.search(case.rule.__doc__), kept
