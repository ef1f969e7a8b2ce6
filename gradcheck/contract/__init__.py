"""What a rule and its pullback owe their caller, whatever their numbers are.

A forward may refuse what it is given, by raising; that is a note.  A pullback may not refuse what its forward accepted,
and neither may change what belongs to others, depend on what was called before, or on how the numbers lie in memory.
"""

from gradcheck.contract.calling import (
    ContractError,
    answer,
    as_argument,
    call,
    copied,
    cotangents,
    describe,
    evaluate,
    given,
    given_array,
    in_double,
)
from gradcheck.contract.examining import examine, examine_case
from gradcheck.contract.findings import refusal, relevant_line, remember, shapes_of

__all__ = [
    "ContractError",
    "answer",
    "as_argument",
    "call",
    "copied",
    "cotangents",
    "describe",
    "evaluate",
    "examine",
    "examine_case",
    "given",
    "given_array",
    "in_double",
    "refusal",
    "relevant_line",
    "remember",
    "shapes_of",
]
