"""What an oracle says of code that it cannot run in its arithmetic: it leaves NumPy, raises there, or is too much."""

from __future__ import annotations

from gradcheck.contract import refusal, remember
from gradcheck.lifted.array import NotLiftable, Refuses, TooLarge
from gradcheck.lifted.symbols import Tie
from gradcheck.problems import Problem
from gradcheck.results import Evidence, Kind
from gradcheck.sides import side_of


def silent(problem: Problem, oracle: str, kind: Kind, error: NotLiftable | TooLarge | Tie) -> Evidence:
    """Why an oracle is silent; that a rule raises on exact numbers alone is a note too, with the line that does."""
    detail = str(error)
    if isinstance(error, Refuses) and error.__cause__ is not None:
        detail = ""
        remember(
            problem,
            f"{side_of(error.__cause__)} raises in exact arithmetic, where it does not in floating point: "
            f"{refusal(error.__cause__)}",
        )
    return Evidence(oracle, kind, "not applicable", reason=error.reason, detail=detail, point=problem.point.name)
