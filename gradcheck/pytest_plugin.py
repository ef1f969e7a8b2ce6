"""The pytest plugin: cases as test items, and the fixture `gradcheck`.  Imports nothing of weight until it is used."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck import unread

if TYPE_CHECKING:
    from gradcheck.report.data import Entry
    from gradcheck.results import Result
    from gradcheck.run.executing import Outcome
    from gradcheck.run.targets import Found


@dataclass
class Recorder:
    """What was checked in this session, for the report."""

    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now().astimezone())
    clock: float = field(default_factory=time.perf_counter)
    entries: list[Entry] = field(default_factory=list)


class UnreadWarning(pytest.PytestWarning):
    """A check was made, and nobody looked at its result."""


# So many failed checks of a failing test are shown in full.
SHOWN = 3

RECORDER = pytest.StashKey[Recorder]()
MADE = pytest.StashKey[unread.Made]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("gradcheck", "hand-written gradients")
    group.addoption("--gradcheck", action="store_true", help="collect the cases of gradcheck's targets as test items")
    group.addoption(
        "--gradcheck-target",
        action="append",
        default=[],
        metavar="TARGET",
        help="a module, package, .py file or folder of cases, more than once if needed; implies --gradcheck",
    )
    group.addoption("--gradcheck-oracles", default="all", metavar="A,B", help="ask these oracles only (default: all)")
    group.addoption("--gradcheck-seed", type=int, default=0, metavar="N", help="the seed of all points (default: 0)")
    group.addoption("--gradcheck-report", metavar="DIR", help="write index.html, report.json and junit.xml there")


def pytest_configure(config: pytest.Config) -> None:
    """Begin recording."""
    config.stash[RECORDER] = Recorder()


# First, so that -k and --last-failed see the cases too.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test item for each case."""
    targets = config.getoption("--gradcheck-target")
    if not targets and not config.getoption("--gradcheck"):
        return
    from gradcheck import oracles
    from gradcheck.run.targets import UsageError, configured_targets, find

    # Files that are named stand for their rules, where no project says what its targets are.
    named = [a.partition("::")[0] for a in config.args] if config.args_source is pytest.Config.ArgsSource.ARGS else []
    files = tuple(a for a in named if a.endswith(".py"))
    try:
        oracles.select(config.getoption("--gradcheck-oracles"))
        found = find(targets or configured_targets(config.rootpath, files))
    except (UsageError, ValueError) as error:
        raise pytest.UsageError(str(error)) from error
    parent = CaseCollector.from_parent(session, name="gradcheck", nodeid="gradcheck")
    items += [CaseItem.from_parent(parent, name=f.name, found=f) for f in found]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Warn at the end of a test that passes although nobody looked at what it checked; of one that fails show the checks."""
    with unread.watching() as made:
        try:
            yield
        except AssertionError as error:
            for text in made.failures(str(error))[:SHOWN]:
                item.add_report_section("call", "gradcheck", text)
            raise
    if getattr(item, "fixturenames", ()):
        item.stash[MADE] = made  # a fixture may still look at them
    else:
        warn_of_unread(item, made)
    fixture = getattr(item, "funcargs", {}).get("gradcheck")
    if getattr(fixture, "calls", None) == 0:
        item.warn(
            UnreadWarning(f"{item.nodeid}: the fixture gradcheck was asked for and never called: nothing was checked")
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Warn after the fixtures of a test are done, which may have looked at what it checked."""
    yield
    made = item.stash.get(MADE, None)
    if made is not None:
        warn_of_unread(item, made)


def warn_of_unread(item: pytest.Item, made: unread.Made) -> None:
    """Warn of the results that nobody looked at."""
    for place in made.places():
        what = "was made and never looked at: write `assert check(...)`, or call .raise_if_failed()"
        item.warn(UnreadWarning(f"{item.nodeid}: the check at {place} {what}"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report where one is asked for."""
    config = session.config
    folder, recorder = config.getoption("--gradcheck-report"), config.stash[RECORDER]
    if not folder:
        return
    from importlib.metadata import version

    from gradcheck import oracles
    from gradcheck.report.data import Meta, Report
    from gradcheck.report.writing import libraries, write

    asked = oracles.select(config.getoption("--gradcheck-oracles"))
    meta = Meta(
        version("gradcheck"),
        " ".join(["pytest", *config.invocation_params.args]),
        recorder.started.isoformat(" ", "seconds"),
        time.perf_counter() - recorder.clock,
        config.getoption("--gradcheck-seed"),
        oracles=tuple(oracle.name for oracle in asked),
        not_asked=tuple(f"{oracle.name}: {why}" for oracle in asked if (why := oracle.why_not()) is not None),
        libraries=libraries(),
    )
    write(Report(meta, tuple(recorder.entries)), Path(folder))


class CaseCollector(pytest.Collector):
    """The parent of all cases."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())


class CaseFailed(Exception):
    """A case did not pass; its result says why."""

    def __init__(self, outcome: Outcome, rerun: str) -> None:
        super().__init__(outcome.result.name)
        self.outcome, self.rerun = outcome, rerun


class CaseItem(pytest.Item):
    """A case as a test."""

    def __init__(self, *, found: Found, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.found = found

    def runtest(self) -> None:
        from gradcheck.report.data import describe
        from gradcheck.run.executing import Options, check_found
        from gradcheck.run.rerunning import rerun

        options = Options(self.config.getoption("--gradcheck-oracles"), self.config.getoption("--gradcheck-seed"))
        outcome = check_found(self.found, options)
        result = outcome.result
        command = rerun(self.found, result, options)
        self.config.stash[RECORDER].entries.append(describe(self.found.item, result, command))
        if result.missing is not None:
            pytest.skip(result.missing)
        if not result:
            raise CaseFailed(outcome, command)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if not isinstance(excinfo.value, CaseFailed):
            return super().repr_failure(excinfo)
        outcome, command = excinfo.value.outcome, excinfo.value.rerun
        return "\n".join(filter(None, [str(outcome.result), f"  rerun: {command}", outcome.crash]))

    def reportinfo(self) -> tuple[Path | str, int | None, str]:
        from gradcheck.cases import Case
        from gradcheck.report.data import written

        item = self.found.item
        _, file, line = written(item.rule.function if isinstance(item, Case) else item.function)
        return file or "gradcheck", line - 1 if line else None, self.name


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., Result]:
    """`gradcheck.check` that asserts the verdict *pass*, and records the result into the report."""
    __tracebackhide__ = True

    def checked(rule_or_forward: Callable[..., Any], *args: Any, **options: Any) -> Result:
        __tracebackhide__ = True
        checked.calls += 1  # type: ignore[attr-defined]
        from gradcheck.checking import check
        from gradcheck.report.data import entry

        result = check(rule_or_forward, *args, **options)
        named = replace(result, name=f"{result.name} in {request.node.nodeid}")
        function = getattr(rule_or_forward, "function", rule_or_forward)
        request.config.stash[RECORDER].entries.append(entry(function, named, rerun=f"pytest {request.node.nodeid}"))
        return result.raise_if_failed()

    checked.calls = 0  # type: ignore[attr-defined]
    return checked
