"""What a check says: pieces of evidence, and the verdict that follows from them.  Plain frozen data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from gradcheck.floats import dtype_named

Array = np.ndarray[Any, Any]

Kind = Literal["certified", "proved", "tested", "measured", "cross-checked"]
Stance = Literal["for", "against", "undecided", "not applicable"]
Question = Literal["formula", "forward", "accuracy", "contract", "claim"]
Verdict = Literal["pass", "fail", "disputed", "inconclusive", "error"]

VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "disputed", "inconclusive", "error")

# The closed list of reasons for "not applicable": each code with the sentence that explains it.
REASONS: Mapping[str, str] = {
    "not declared": "the rule declares no twin for this oracle",
    "not installed": "the library that this oracle needs is not installed",
    "not liftable": "the code leaves NumPy, so that it cannot be run in another arithmetic",
    "raises": "the rule's own code raises on exact numbers, where it does not on floats",
    "too large": "the problem is beyond the operation budget of this oracle",
    "kink": "the point is a kink, where this oracle follows a convention of its own",
    "not differentiable": "the function is constant or undefined around this point",
    "known wrong": "this oracle is declared to be wrong here",
    "surrogate": "the pullback is deliberately not the derivative of the forward",
    "no data": "the data set that this case needs is not installed",
    "nothing to compare": "the arguments have no entries",
    "low precision": "the function works in a precision too low for this oracle",
}

# 1: the first format.
FORMAT = 1


@dataclass(frozen=True)
class Evidence:
    """What one oracle says about one question at one point.

    `discrepancy` and `resolution` are relative to the scale of the derivative: how far the claim is from the
    oracle's value, and the smallest difference that the oracle could have seen.
    """

    oracle: str
    kind: Kind
    stance: Stance
    question: Question = "formula"
    argument: str | None = None
    entry: tuple[int, ...] | None = None
    claimed: float | complex | None = None
    value: float | complex | None = None
    bar: float | None = None
    discrepancy: float | None = None
    resolution: float | None = None
    reason: str = ""
    detail: str = ""
    point: str = ""
    operations: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.stance == "not applicable" and self.reason not in REASONS:
            raise ValueError(f"reason {self.reason!r} is not in the closed list: use one of {sorted(REASONS)}")

    @property
    def where(self) -> str:
        """The entry in words: ``dW[2, 3]``; empty where the evidence is about no entry in particular."""
        if self.argument is None:
            return ""
        index = "" if not self.entry else f"[{', '.join(map(str, self.entry))}]"
        return f"d{self.argument}{index}"


@dataclass(frozen=True)
class Accuracy:
    """Errors in condition-weighted ULPs (design: the float error over what half an ULP of the inputs explains).

    normwise: an ULP was that of the largest entry of its array.
    Beside a reference: the ULPs of the true value rounded once (best), and of the reference's own code run in the same
    float type (plain).  dtype: the float type whose ULPs these are.
    """

    worst: float
    median: float
    argument: str | None = None
    entry: tuple[int, ...] | None = None
    budget: float = 16.0
    best: float | None = None
    plain: float | None = None
    dtype: str = ""
    normwise: bool = False

    @property
    def told(self) -> str:
        """``2.1 weighted ULPs of float16 (median 0.4, best possible 0.5, plain 1.4, budget 2.8)``."""
        beside = {"median": self.median, "best possible": self.best, "plain": self.plain}
        known = "".join(f"{name} {value:.2g}, " for name, value in beside.items() if value is not None)
        of_ = f" of {self.dtype}" if self.dtype else ""
        return f"{self.worst:.3g} weighted ULPs{of_} ({known}budget {self.budget:.3g})"


@dataclass(frozen=True)
class Kept:
    """Bytes that a pullback keeps alive, beside those of the arguments (array parameters included) and outputs."""

    residuals: int
    inputs: int
    outputs: int

    @property
    def share(self) -> float:
        """The residuals over inputs and outputs together; 0 where there is nothing to keep."""
        return self.residuals / max(1, self.inputs + self.outputs)


@dataclass(frozen=True)
class Point:
    """Concrete arguments at which a case was checked.  `role`: random, special, small, given, or counterexample."""

    name: str
    role: str
    args: tuple[Any, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    dy: Any = None


@dataclass(frozen=True)
class Result:
    """The outcome of a check.  ``bool(result)`` is true for the verdict *pass* only.

    refuted: of a form declared to be wrong that was refuted (verdict *pass*), why it is wrong; its evidence is against.
    """

    name: str
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    diagnosis: str | None = None
    notes: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    true: tuple[Any, ...] | None = None
    accuracy: Mapping[str, Accuracy] = field(default_factory=dict)
    formula: Mapping[str, str] = field(default_factory=dict)
    failed_at: str | None = None
    missing: str | None = None
    kept: Kept | None = None
    refuted: str = ""
    seed: int = 0
    seconds: float = 0.0

    def __bool__(self) -> bool:
        return self.verdict == "pass"

    @property
    def outcome(self) -> str:
        """The verdict; ``refuted`` for a form that is rightly declared so, ``not run`` where an extra is missing."""
        return "not run" if self.missing is not None else "refuted" if self.refuted else self.verdict

    def __str__(self) -> str:
        from gradcheck.report.text import render_result

        return render_result(self)

    def __repr__(self) -> str:
        """One line, which pytest shows of a result that was asserted: the verdict and the diagnosis."""
        return f"<{self.name}: {self.outcome}{f': {self.diagnosis}' if self.diagnosis else ''}>"

    def raise_if_failed(self) -> Result:
        """Return the result itself where the verdict is *pass*.  Raises AssertionError with the whole text otherwise."""
        if not self:
            raise AssertionError(str(self))
        return self

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; arrays become ``{"dtype", "shape", "data"}``."""
        return {"format": FORMAT, **{f.name: plain(getattr(self, f.name)) for f in dataclasses.fields(self)}}

    def to_json(self) -> str:
        """The result as a JSON text; `from_json` reads it back."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        """The inverse of `to_dict`.  Raises ValueError for a format that this version does not know."""
        if data.get("format") != FORMAT:
            raise ValueError(f"format is {data.get('format')!r}, this version reads {FORMAT}: run the check again")
        values = {key: unplain(value) for key, value in data.items() if key != "format"}
        values["evidence"] = tuple(
            Evidence(**{**e, "entry": None if e["entry"] is None else tuple(e["entry"])}) for e in values["evidence"]
        )
        values["points"] = tuple(Point(**{**p, "args": tuple(p["args"])}) for p in values["points"])
        values["accuracy"] = {
            question: Accuracy(**{**a, "entry": None if a["entry"] is None else tuple(a["entry"])})
            for question, a in values["accuracy"].items()
        }
        values["kept"] = Kept(**values["kept"]) if values.get("kept") else None
        values["notes"] = tuple(values["notes"])
        if values["true"] is not None:
            values["true"] = tuple(values["true"])
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> Result:
        """The inverse of `to_json`."""
        return cls.from_dict(json.loads(text))


class Unread(Result):
    """A result that nobody has looked at yet: the first look makes it a `Result`.  Printing it decides nothing."""

    def __getattribute__(self, name: str) -> Any:
        object.__setattr__(self, "__class__", Result)
        return getattr(self, name)

    def __str__(self) -> str:
        return str(Result(**object.__getattribute__(self, "__dict__")))

    def __repr__(self) -> str:
        return repr(Result(**object.__getattribute__(self, "__dict__")))


def plain(value: Any) -> Any:
    """`value` as JSON data, without loss: floats that JSON lacks, complex numbers and arrays are tagged."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return {
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "data": [plain(x) for x in value.ravel().tolist()],
        }
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, complex):
        return {"real": plain(value.real), "imag": plain(value.imag)}
    if isinstance(value, float) and not np.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return repr(value)


def unplain(data: Any) -> Any:
    """The inverse of `plain` (tuples come back as lists)."""
    if isinstance(data, list):
        return [unplain(item) for item in data]
    if not isinstance(data, dict):
        return data
    if set(data) == {"dtype", "shape", "data"}:
        return np.array(unplain(data["data"]), dtype=dtype_named(data["dtype"])).reshape(data["shape"])
    if set(data) == {"real", "imag"}:
        return complex(unplain(data["real"]), unplain(data["imag"]))
    if set(data) == {"float"}:
        return float(data["float"])
    return {key: unplain(value) for key, value in data.items()}


def verdict(evidence: Iterable[Evidence]) -> Verdict:
    """The verdict that a set of evidence means: disputed, fail, pass, or inconclusive, in this order."""
    evidence = list(evidence)
    against = [e for e in evidence if e.stance == "against"]
    # A twin may be wrong itself; a certified reference is what the forward was to be like.
    if any(differs_from_twin(e) or contradicted(e, evidence) for e in against):
        return "disputed"
    if against:
        return "fail"
    if any(e.oracle == "like" and e.stance == "undecided" for e in evidence):
        return "inconclusive"
    decided = {e.argument for e in evidence if e.stance == "for" and e.question in ("formula", "claim")}
    # One argument that is right says nothing of another that nobody could decide.
    open_ = {e.argument for e in evidence if e.stance == "undecided" and e.question == "formula"} - decided
    return "pass" if decided and (None in decided or not open_ - {None}) else "inconclusive"


def differs_from_twin(e: Evidence) -> bool:
    """Whether the evidence is a forward that differs from an independent one, which nobody has certified."""
    return e.question == "forward" and e.kind != "certified"


def contradicted(against: Evidence, evidence: Iterable[Evidence]) -> bool:
    """Whether another oracle that could have seen the discrepancy says *for* on the same question at the same point."""
    if against.question != "formula" or against.discrepancy is None:
        return False
    evidence = list(evidence)
    if any(e.question == "contract" and e.stance == "against" and e.point == against.point for e in evidence):
        # A pullback that keeps state, say, answers each oracle differently: that is its fault, not theirs.
        return False
    return any(
        e.stance == "for"
        and e.question == "formula"
        and e.oracle != against.oracle
        and e.point == against.point
        and e.argument in (None, against.argument)
        and e.resolution is not None
        and e.resolution < against.discrepancy / 2
        for e in evidence
    )
