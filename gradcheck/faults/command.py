"""What ``gradcheck faults`` does: plant, count, show, and write faults.json."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck.faults.campaign import Plan
from gradcheck.faults.fates import Campaign, Fate, settled
from gradcheck.faults.running import by_rule, run
from gradcheck.run.targets import Found, UsageError

if TYPE_CHECKING:
    from rich.console import Console

# Faults of a sample, over all rules.
SAMPLE = 4000
FILE = "faults.json"


def plan_of(found: Sequence[Found], seed: int, sample: int | None, reviewed: Path | None) -> Plan:
    """What to plant in these cases: `sample` faults in all, an equal share in each rule; None: every one."""
    rules = max(1, len(by_rule(found)))
    share = None if sample is None else math.ceil(sample / rules)
    return Plan(seed, share, read_reviewed(reviewed) if reviewed else {})


def read_reviewed(path: Path) -> Mapping[str, str]:
    """Edits that somebody read and found to be no mistakes, each with the reason.

    A TOML file with ``[[edit]]`` entries of ``edit`` and ``reason``.  Raises UsageError for any other.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("edit", [])
        return {e["edit"]: f"read: {e['reason']}" for e in entries}
    except OSError as error:
        raise UsageError(f"--reviewed {path}: {error.strerror}: name a file of reviewed edits") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise UsageError(f"--reviewed {path}: {error}: write [[edit]] with edit = '...' and reason = '...'") from error


def campaign(found: Sequence[Found], plan: Plan, jobs: int, console: Console) -> tuple[list[Fate], bool]:
    """The fates of all faults, with a progress bar on the way; and whether somebody interrupted."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    fates: list[Fate] = []
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(by_rule(found)))
        interrupted = False
        try:
            for some in run(found, plan, jobs):
                fates += some
                survived = sum(f.outcome == "survived" for f in fates)
                progress.update(task, advance=1, description=f"{len(fates):,} faults, {survived} survived")
        except KeyboardInterrupt:
            interrupted = True
    complete = plan.share is None and not interrupted
    return settled(in_order(fates, found), complete=complete, packages=plan.packages), interrupted


def in_order(fates: Iterable[Fate], found: Sequence[Found]) -> list[Fate]:
    """Fates in the order in which their cases were collected, whichever process was first."""
    order = {f.name: i for i, f in enumerate(found)}
    return sorted(fates, key=lambda f: order[f.case])


def write(result: Campaign, folder: Path) -> Path:
    """Write a campaign into a folder, where the report of the next run finds it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(result.to_json(), encoding="utf-8")
    return folder / FILE
