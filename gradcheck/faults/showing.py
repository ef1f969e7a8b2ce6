"""A campaign for a terminal: fractions, who saw the faults, and each survivor with its diff."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gradcheck.faults.fates import Campaign, Fate, counted

if TYPE_CHECKING:
    from rich.console import Console

# Cases that are listed by name where not all of their faults were caught.
LISTED = 20


def print_campaign(campaign: Campaign, console: Console) -> None:
    """The whole of a campaign; survivors last, where the eye is."""
    for line in lines(campaign):
        console.print(line, markup=False, soft_wrap=True)


def lines(campaign: Campaign) -> list[str]:
    """What is said of a campaign, line by line."""
    wrappers, edits = (
        counted(f for f in campaign.fates if f.level == level and f.outcome != "equivalent")
        for level in ("wrapper", "edit")
    )
    count = counted(campaign.fates)
    cases = campaign.by_case()
    observers = ", ".join(f"{name} {n:,}" for name, n in campaign.by_observer().items())
    return [
        f"{count.of:,} faults in {len(cases)} cases: {count.caught:,} caught ({percent(count.fraction)}), "
        f"{count.of - count.caught:,} survived",
        f"  wrappers {wrappers.caught:,} of {wrappers.of:,}, edits of the source {edits.caught:,} of {edits.of:,}",
        f"  seen first by: {observers or 'nobody'}",
        left_out(campaign),
        *(f"  nothing planted in {f.case}, which fails without a fault ({f.why})" for f in campaign.unfit),
        *below(campaign),
        *(line for fate in campaign.survivors for line in survivor(fate)),
    ]


def percent(fraction: float) -> str:
    """A fraction; 100 % only where nothing is missing."""
    return "100 %" if fraction == 1 else f"{min(100 * fraction, 99.99):.2f} %"


def left_out(campaign: Campaign) -> str:
    """The faults that are no mistakes, by how that is known."""
    reasons = Counter(kind(f.why) for f in campaign.fates if f.outcome == "equivalent")
    said = ", ".join(f"{n:,} {reason}" for reason, n in reasons.most_common())
    return f"  no mistakes, and left out: {said or 'none'}"


def kind(why: str) -> str:
    """A reason without its numbers and details."""
    return "proved equal on symbols" if why.startswith("proved") else why.partition(":")[0]


def below(campaign: Campaign) -> list[str]:
    """The cases in which something survived."""
    short = {name: c for name, c in campaign.by_case().items() if c.caught < c.of}
    shown = [f"  {name}: {c.caught} of {c.of}" for name, c in list(short.items())[:LISTED]]
    more = [f"  and {len(short) - LISTED} cases more"] if len(short) > LISTED else []
    return ["not all caught in:", *shown, *more] if short else []


def survivor(fate: Fate) -> list[str]:
    """A fault that nobody saw: where, and what was changed."""
    before, arrow, after = fate.fault.partition(" -> ")
    if fate.level == "wrapper" or not arrow:
        return [f"survived  {fate.case}: {fate.fault} ({fate.why})"]
    place, _, source = before.partition(": ")
    return [f"survived  {fate.case}: {place}" + f" ({fate.why})" * bool(fate.why), f"  - {source}", f"  + {after}"]
