"""How many planted faults the checks of each case caught, from the file that ``gradcheck faults`` wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradcheck.faults.fates import Campaign, Fate, counted


@dataclass(frozen=True)
class Assurance:
    """Of `of` faults planted in a case `caught` were caught.  by: how many each oracle saw first; survivors: the rest."""

    caught: int = 0
    of: int = 0
    by: Mapping[str, int] = field(default_factory=dict)
    survivors: tuple[str, ...] = ()

    @property
    def fraction(self) -> float:
        return self.caught / self.of if self.of else 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Assurance:
        """The inverse of `dataclasses.asdict`."""
        return cls(**{**data, "survivors": tuple(data["survivors"])})

    @property
    def observers(self) -> str:
        """Who saw how many first: ``exact 24, contract 12``."""
        return ", ".join(f"{name} {n:,}" for name, n in self.by.items()) or "none"


def read(folder: Path) -> dict[str, Assurance]:
    """What is known of each case; nothing where no faults were planted, or by another version."""
    try:
        campaign = Campaign.from_json((folder / "faults.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    fates: dict[str, list[Fate]] = {}
    for fate in campaign.fates:
        fates.setdefault(fate.case, []).append(fate)
    return {name: found for name, some in fates.items() if (found := assured(some)).of}


def assured(fates: Iterable[Fate]) -> Assurance:
    """The assurance that the fates of faults in a case give."""
    fates = list(fates)
    count = counted(fates)
    by = Counter(f.by for f in fates if f.outcome == "caught")
    survivors = tuple(f.fault for f in fates if f.outcome == "survived")
    return Assurance(count.caught, count.of, dict(by.most_common()), survivors)


def together(parts: Iterable[Assurance]) -> Assurance:
    """The assurance of several cases."""
    parts = list(parts)
    by: Counter[str] = Counter()
    for part in parts:
        by.update(part.by)
    return Assurance(sum(p.caught for p in parts), sum(p.of for p in parts), dict(by.most_common()))
