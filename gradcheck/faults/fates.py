"""What became of each planted fault: plain data, and the fractions that follow from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Literal

# caught; survived: nobody saw it; equivalent: it is no mistake (proved, another subgradient, or read by somebody);
# unfit: the case fails without any fault.
Outcome = Literal["caught", "survived", "equivalent", "silent", "unreached", "unfit", "forward"]

# 1: the first format.
FORMAT = 1


@dataclass(frozen=True)
class Fate:
    """One fault in one case.  by: who saw it first; why: what was said, or why it is no mistake.

    silent: it changes nothing in any case of the rule, and unreached: nothing of the rule comes to it; both are settled
    once every rule that uses the same helper was looked at.  forward: a helper's, which changes a forward too.
    """

    case: str
    fault: str
    level: Literal["wrapper", "edit"]
    outcome: Outcome
    by: str = ""
    why: str = ""
    helper: bool = False


@dataclass(frozen=True)
class Count:
    """How many faults were caught, and of how many."""

    caught: int
    of: int

    @property
    def fraction(self) -> float:
        return self.caught / self.of if self.of else 1.0


@dataclass(frozen=True)
class Campaign:
    """All fates of a run."""

    fates: tuple[Fate, ...]
    seconds: float = 0.0
    command: str = ""

    def by_case(self) -> dict[str, Count]:
        """The count of each case."""
        cases = dict.fromkeys(f.case for f in self.fates)
        return {name: counted(f for f in self.fates if f.case == name) for name in cases}

    def by_observer(self) -> dict[str, int]:
        """How many faults each oracle saw first."""
        return dict(Counter(f.by for f in self.fates if f.outcome == "caught").most_common())

    @property
    def survivors(self) -> list[Fate]:
        return [f for f in self.fates if f.outcome == "survived"]

    @property
    def unfit(self) -> list[Fate]:
        return [f for f in self.fates if f.outcome == "unfit"]

    def to_json(self) -> str:
        """The campaign as a JSON text; `from_json` reads it back."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=0)

    @classmethod
    def from_json(cls, text: str) -> Campaign:
        """The inverse of `to_json`.  Raises ValueError for a format that this version does not know."""
        data = json.loads(text)
        found = data.get("format") if isinstance(data, dict) else None
        if found != FORMAT:
            raise ValueError(f"format is {found!r}, this version reads {FORMAT}: run gradcheck faults")
        return cls(tuple(Fate(**f) for f in data["fates"]), data["seconds"], data["command"])


def counted(fates: Iterable[Fate]) -> Count:
    """Caught ones among those that are mistakes."""
    outcomes = Counter(f.outcome for f in fates)
    return Count(outcomes["caught"], outcomes["caught"] + outcomes["survived"])


def settled(fates: Iterable[Fate], *, complete: bool = True, packages: Collection[str] | None = None) -> list[Fate]:
    """Edits of helpers that change nothing in one rule are mistakes where another rule shows them, else survivors.

    complete: every fault was planted; in a sample the rule that would show it may not have been asked.  packages: those
    of which every rule was asked; elsewhere a rule of another module may show it.  None: all.
    """
    fates = list(fates)
    shown = {f.fault for f in fates if f.outcome in ("caught", "survived", "forward")}
    equal = {f.fault for f in fates if f.outcome == "equivalent"}
    found: dict[tuple[str, str], Fate] = {}
    for f in fates:
        if f.outcome in ("caught", "survived", "unfit") or (f.outcome == "equivalent" and not f.helper):
            found[f.case, f.fault] = f
        elif f.outcome == "forward" or f.fault in shown or (f.helper and not (complete and asked(f, packages))):
            continue
        elif f.outcome == "equivalent":
            # Once, in the first case that has it, as the next.
            found.setdefault(("", f.fault), f)
        elif f.fault not in equal:
            why = "changes nothing at any point" if f.outcome == "silent" else "no point comes to it"
            found.setdefault(("", f.fault), Fate(f.case, f.fault, f.level, "survived", "", why, f.helper))
    return list(found.values())


def asked(fate: Fate, packages: Collection[str] | None) -> bool:
    """Whether the rules that use a helper were asked: those of its package, or at least those of its module."""
    module = fate.case.partition("[")[0].rpartition(".")[0]
    return packages is None or fate.fault.startswith(module + ".") or fate.fault.partition(".")[0] in packages
