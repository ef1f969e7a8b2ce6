"""The faults of many rules, one rule after the other or in several processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence

from gradcheck.cases import Case
from gradcheck.faults.campaign import Plan, study
from gradcheck.faults.fates import Fate
from gradcheck.run.targets import Found


def run(found: Sequence[Found], plan: Plan, jobs: int) -> Iterator[list[Fate]]:
    """The fates of each rule's faults, as they become known."""
    import concurrent.futures

    from gradcheck.run.workers import workers

    groups = by_rule(found)
    if jobs <= 1:
        yield from (study(cases, plan) for cases in groups.values())
        return
    targets = tuple(dict.fromkeys(f.target for f in found))
    chosen = {name: [c.label for c in cases] for name, cases in groups.items()}
    with workers(jobs, start_worker, targets, chosen, plan) as pool:
        for future in concurrent.futures.as_completed([pool.submit(study_named, name) for name in groups]):
            yield future.result()


def by_rule(found: Sequence[Found]) -> dict[str, list[Case]]:
    """Cases by the name of their rule."""
    groups: dict[str, list[Case]] = {}
    for f in found:
        if isinstance(f.item, Case):
            groups.setdefault(f.item.rule.name, []).append(f.item)
    return groups


# What a worker process knows, set when it starts.
_groups: dict[str, list[Case]] = {}
_plan = Plan()


def start_worker(targets: tuple[str, ...], chosen: dict[str, list[str]], plan: Plan) -> None:
    """Load the targets in a fresh process.  The parent alone answers an interrupt."""
    global _plan
    from gradcheck.run.targets import find

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _plan = plan
    for name, cases in by_rule(find(targets)).items():
        if name in chosen:
            _groups[name] = [c for c in cases if c.label in chosen[name]]


def study_named(name: str) -> list[Fate]:
    """The fates of one rule's faults, in a worker process."""
    return study(_groups[name], _plan)
