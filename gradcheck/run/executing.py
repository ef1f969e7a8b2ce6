"""Checks cases one after the other or in several processes; the verdicts are the same."""

from __future__ import annotations

import concurrent.futures
import signal
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from gradcheck.cases import Case
from gradcheck.results import Result
from gradcheck.run.targets import Found, find
from gradcheck.run.workers import workers
from gradcheck.settings import EMERGENCY


@dataclass(frozen=True)
class Options:
    """How cases are checked: what ``gradcheck run`` passes on to each of them."""

    oracles: str = "all"
    seed: int = 0
    point: str | None = None
    timeout: float | None = EMERGENCY
    search: int = 0


@dataclass(frozen=True)
class Outcome:
    """The result of one case; `crash` is the traceback where the checker itself failed."""

    result: Result
    crash: str = ""

    @property
    def ran(self) -> bool:
        """Whether anything was checked: not where an extra that the case needs is missing."""
        return self.result.missing is None


def check_found(found: Found, options: Options) -> Outcome:
    """Check one case, or verify one set of claims.  A failure of the checker itself becomes part of the outcome."""
    try:
        return Outcome(verified(found, options))
    except Exception as error:
        diagnosis = f"gradcheck itself failed here: {type(error).__name__}: {error}"
        return Outcome(Result(found.name, "error", diagnosis=diagnosis, seed=options.seed), traceback.format_exc())


def verified(found: Found, options: Options) -> Result:
    """The result of a case or of a set of claims."""
    if isinstance(found.item, Case):
        from gradcheck.checking import check_case

        return check_case(
            found.item,
            oracles=options.oracles,
            seed=options.seed,
            point=options.point,
            timeout=options.timeout,
            search=options.search,
        )
    from gradcheck.verifying import verify

    return verify(found.item, options.timeout)


def execute(found: Sequence[Found], options: Options, jobs: int = 1) -> Iterator[Outcome]:
    """The outcomes of all cases, as they are done: with several `jobs`, in another order but the same."""
    jobs = min(jobs, len(found))
    if jobs <= 1:
        for item in found:
            yield check_found(item, options)
        return
    targets = tuple(dict.fromkeys(item.target for item in found))
    with workers(jobs, start_worker, targets, options) as pool:
        futures = {pool.submit(check_named, item.name): item for item in found}
        for future in concurrent.futures.as_completed(futures):
            yield outcome_of(future, futures[future], options)


def outcome_of(future: concurrent.futures.Future[Outcome], found: Found, options: Options) -> Outcome:
    """What a worker process found, or that it died before it could tell."""
    try:
        return future.result()
    except BrokenProcessPool as error:
        diagnosis = "a worker process died while this case was running or waiting: `-j 1` shows which case kills it"
        return Outcome(Result(found.name, "error", diagnosis=diagnosis, seed=options.seed), str(error))


# What a worker process knows, set when it starts: the same cases by name, and how to check them.
_known: dict[str, Found] = {}
_options = Options()


def start_worker(targets: tuple[str, ...], options: Options) -> None:
    """Load the targets in a fresh process.  The parent alone answers an interrupt."""
    global _options
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _options = options
    _known.update({found.name: found for found in find(targets)})


def check_named(name: str) -> Outcome:
    """Check the case of that name, in a worker process."""
    return check_found(_known[name], _options)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """As pytest's: 0 all passed, 1 something did not, 3 the checker failed, 5 nothing was checked."""
    if any(outcome.crash for outcome in outcomes):
        return 3
    ran = [outcome for outcome in outcomes if outcome.ran]
    if not ran:
        return 5
    return 0 if all(outcome.result for outcome in ran) else 1
