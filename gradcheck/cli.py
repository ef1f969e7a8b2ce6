"""The command `gradcheck`: run, list and show cases."""

from __future__ import annotations

import argparse
import datetime
import os
import shlex
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck.settings import EMERGENCY

if TYPE_CHECKING:
    from rich.console import Console

    from gradcheck.report.data import Meta, Report
    from gradcheck.run.executing import Options, Outcome
    from gradcheck.run.targets import Found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, and return its exit code (pytest's)."""
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as stop:
        return 4 if stop.code else 0  # argparse leaves with 2, which is pytest's code for an interruption.
    from rich.console import Console

    from gradcheck.run.targets import UsageError

    # A pipe or a log file has no width of its own: names should stand there whole.
    unbounded = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    console = Console(highlight=False, width=160 if unbounded else None)
    try:
        return int(arguments.command(arguments, argv, console))
    except UsageError as error:
        print(f"gradcheck: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("gradcheck: interrupted", file=sys.stderr)
        return 2
    except Exception:
        traceback.print_exc()
        print("gradcheck: internal error, please report the lines above", file=sys.stderr)
        return 3


def parser() -> argparse.ArgumentParser:
    """The command line, subcommand by subcommand."""
    from importlib.metadata import version

    top = argparse.ArgumentParser(prog="gradcheck", description="Is this hand-written gradient right?")
    top.add_argument("--version", action="version", version=f"gradcheck {version('gradcheck')}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    which = argparse.ArgumentParser(add_help=False)
    which.add_argument("-k", metavar="EXPR", default="", help="only cases whose name matches: a and not (b or c)")
    how = argparse.ArgumentParser(add_help=False)
    how.add_argument("--seed", type=whole, default=0, help="the seed of all points and cotangents (default: 0)")
    how.add_argument("--oracles", default="all", metavar="A,B", help="ask these oracles only (default: all)")
    how.add_argument("--point", metavar="NAME", help="check at this point only")
    stop = f"emergency stop of a point that hangs, in seconds (default: {EMERGENCY:g}; inf: none)"
    how.add_argument("--timeout", type=positive, default=EMERGENCY, metavar="S", help=stop)
    how.add_argument(
        "--search", type=whole, default=0, metavar="N", help="try N points more, and show the smallest that fails"
    )

    text = "a module, package, .py file or folder (default: [tool.gradcheck] targets of pyproject.toml)"
    run = commands.add_parser("run", parents=[which, how], help="check all cases of targets and write a report")
    run.add_argument("targets", nargs="*", metavar="TARGET", help=text)
    run.add_argument("-j", type=whole, metavar="N", help="processes (default: the number of CPUs)")
    run.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    run.set_defaults(command=run_command)

    faults = commands.add_parser("faults", parents=[which], help="plant known mistakes, and count which are caught")
    faults.add_argument("targets", nargs="*", metavar="TARGET", help=text)
    many = faults.add_mutually_exclusive_group()
    many.add_argument("--sample", type=whole, metavar="N", help="so many faults, over all rules (default: 4000)")
    many.add_argument("--full", action="store_true", help="every fault")
    faults.add_argument("--seed", type=whole, default=0, help="the seed of points and of the sample (default: 0)")
    faults.add_argument("-j", type=whole, metavar="N", help="processes (default: the number of CPUs)")
    faults.add_argument("--reviewed", type=Path, metavar="FILE", help="edits that somebody read and found right")
    faults.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    faults.set_defaults(command=faults_command)

    listing = commands.add_parser("list", parents=[which], help="list the cases of targets")
    listing.add_argument("targets", nargs="*", metavar="TARGET", help=text)
    listing.set_defaults(command=list_command)

    show = commands.add_parser("show", parents=[how], help="show one case: formula, source, domain, evidence")
    show.add_argument("case", metavar="CASE", help="its name, or the end of it: softmax, linear.matmul")
    show.add_argument("targets", nargs="*", default=[], metavar="TARGET", help=text)
    show.set_defaults(command=show_command)
    return top


def whole(text: str) -> int:
    """A number from 0 on."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is below 0")
    return value


def positive(text: str) -> float:
    """A number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds") from None
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def collected(arguments: argparse.Namespace) -> list[Found]:
    """The cases of the targets that were named, or of those that are configured."""
    from gradcheck.run.targets import configured_targets, find

    return find(arguments.targets or configured_targets(Path.cwd()))


def options_of(arguments: argparse.Namespace) -> Options:
    """How to check, from the command line.  Raises UsageError for an oracle that is not known."""
    from gradcheck import oracles
    from gradcheck.run.executing import Options
    from gradcheck.run.targets import UsageError
    from gradcheck.strategies import need_hypothesis

    try:
        oracles.select(arguments.oracles)
    except ValueError as error:
        raise UsageError(f"--oracles: {error}") from error
    if arguments.search:
        try:
            need_hypothesis()
        except ImportError as error:
            raise UsageError(f"--search: {error}") from error
    timeout = arguments.timeout if arguments.timeout < float("inf") else None
    return Options(arguments.oracles, arguments.seed, arguments.point, timeout, arguments.search)


def run_command(arguments: argparse.Namespace, argv: list[str], console: Console) -> int:
    """Check cases, print a summary, write the report."""
    from gradcheck.report.console import print_report
    from gradcheck.report.writing import write
    from gradcheck.run.executing import exit_code
    from gradcheck.run.points import at_point
    from gradcheck.run.selecting import select
    from gradcheck.run.targets import UsageError

    started, clock = datetime.datetime.now().astimezone(), time.perf_counter()
    options = options_of(arguments)
    found = select(collected(arguments), arguments.k)
    if options.point:
        found = at_point(found, options)
    try:
        arguments.reports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--reports {arguments.reports}: {error.strerror}: name a folder to write to") from error
    if not found:
        print("gradcheck: no cases found: declare a domain with @gradcheck.rule(domain=...)", file=sys.stderr)
        return 5
    missing = not_asked(options)
    for why in missing:
        console.print(f"not asked: {why}", style="yellow", markup=False, soft_wrap=True)
    jobs = arguments.j or os.cpu_count() or 1
    outcomes, interrupted = with_progress(found, options, jobs, console)
    meta = circumstances(argv, started.isoformat(" ", "seconds"), time.perf_counter() - clock, options, missing)
    report = assemble(found, outcomes, meta, options, arguments.reports)
    print_report(report, console)
    for outcome in outcomes.values():
        if outcome.crash:
            print(f"\ninternal error at {outcome.result.name}:\n{outcome.crash}", file=sys.stderr)
    for path in write(report, arguments.reports):
        console.print(f"wrote {path}", markup=False, soft_wrap=True)
    return 2 if interrupted else exit_code(list(outcomes.values()))


def not_asked(options: Options) -> tuple[str, ...]:
    """The oracles that are missing, each with why."""
    from gradcheck import oracles

    answers = ((oracle.name, oracle.why_not()) for oracle in oracles.select(options.oracles))
    return tuple(f"{name}: {why}" for name, why in answers if why is not None)


def with_progress(
    found: Sequence[Found], options: Options, jobs: int, console: Console
) -> tuple[dict[str, Outcome], bool]:
    """The outcomes by name, with live counts on the way; and whether somebody interrupted."""
    from collections import Counter

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from gradcheck.run.executing import execute

    outcomes: dict[str, Outcome] = {}
    counts: Counter[str] = Counter()
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(found))
        try:
            for outcome in execute(found, options, jobs):
                outcomes[outcome.result.name] = outcome
                counts[outcome.result.outcome] += 1
                text = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
                progress.update(task, advance=1, description=text)
        except KeyboardInterrupt:
            return outcomes, True
    return outcomes, False


def circumstances(
    argv: Sequence[str], started: str, seconds: float, options: Options, missing: tuple[str, ...]
) -> Meta:
    """What a report says of the run that made it."""
    from importlib.metadata import version

    from gradcheck import oracles
    from gradcheck.report.data import Meta
    from gradcheck.report.writing import libraries

    names = tuple(oracle.name for oracle in oracles.select(options.oracles))
    command = shlex.join(["gradcheck", *argv])
    return Meta(version("gradcheck"), command, started, seconds, options.seed, names, missing, libraries())


def assemble(
    found: Sequence[Found], outcomes: dict[str, Outcome], meta: Meta, options: Options, folder: Path
) -> Report:
    """The report of what was done, in the order in which it was collected; `folder` may hold planted faults."""
    from dataclasses import replace

    from gradcheck.report import assurance
    from gradcheck.report.data import Report, describe
    from gradcheck.run.rerunning import rerun

    assured = assurance.read(folder)
    done = ((f, outcomes[f.name].result) for f in found if f.name in outcomes)
    entries = ((f, describe(f.item, result, rerun(f, result, options))) for f, result in done)
    return Report(meta, tuple(replace(e, assurance=assured.get(f.name)) for f, e in entries))


def faults_command(arguments: argparse.Namespace, argv: list[str], console: Console) -> int:
    """Plant faults in the rules of targets, print how many were caught, and write faults.json."""
    from dataclasses import replace

    from gradcheck.faults import command, showing
    from gradcheck.faults.fates import Campaign
    from gradcheck.run.selecting import select
    from gradcheck.run.targets import configured_reviewed

    clock = time.perf_counter()
    found = select(collected(arguments), arguments.k)
    sample = None if arguments.full else command.SAMPLE if arguments.sample is None else arguments.sample
    plan = command.plan_of(found, arguments.seed, sample, arguments.reviewed or configured_reviewed(Path.cwd()))
    plan = replace(plan, packages=() if arguments.k else {f.target for f in found})
    fates, interrupted = command.campaign(found, plan, arguments.j or os.cpu_count() or 1, console)
    if not fates:
        print("gradcheck: no rules to plant faults in: name a target with declared rules", file=sys.stderr)
        return 5
    result = Campaign(tuple(fates), time.perf_counter() - clock, shlex.join(["gradcheck", *argv]))
    showing.print_campaign(result, console)
    console.print(f"wrote {command.write(result, arguments.reports)}", markup=False, soft_wrap=True)
    return 2 if interrupted else 1 if result.survivors or result.unfit else 0


def list_command(arguments: argparse.Namespace, argv: list[str], console: Console) -> int:
    """Print the names of cases, each with the first line of its docstring."""
    from gradcheck.cases import Case
    from gradcheck.run.selecting import select

    found = select(collected(arguments), arguments.k)
    for f in found:
        doc = (f.item.rule if isinstance(f.item, Case) else f.item).__doc__ or ""
        console.print(f"{f.name}  {doc.strip().partition(chr(10))[0]}".rstrip(), markup=False, soft_wrap=True)
    console.print(f"{len(found)} cases", style="dim")
    return 0 if found else 5


def show_command(arguments: argparse.Namespace, argv: list[str], console: Console) -> int:
    """Check one case and print everything about it."""
    from rich.syntax import Syntax
    from rich.text import Text

    from gradcheck.report.data import describe
    from gradcheck.report.numbers import brief
    from gradcheck.report.text import render_result
    from gradcheck.run.executing import check_found, exit_code
    from gradcheck.run.points import at_point
    from gradcheck.run.rerunning import rerun
    from gradcheck.run.selecting import one

    options = options_of(arguments)
    found = one(collected(arguments), arguments.case)
    if options.point:
        at_point([found], options)
    outcome = check_found(found, options)
    entry = describe(found.item, outcome.result, rerun(found, outcome.result, options))
    heading = [entry.signature, entry.doc, entry.result.formula.get("text", ""), entry.citation]
    for part in filter(None, heading):
        console.print(Text(part + "\n"), soft_wrap=True)
    for name, text in entry.domain.items():
        console.print(Text(f"  {name}: {text}"), soft_wrap=True)
    if entry.source:
        console.print(Text(f"\n{entry.file}:{entry.line}", style="dim"), soft_wrap=True)
        console.print(Syntax(entry.source, "python", background_color="default"))
    console.print(Text(render_result(entry.result)), soft_wrap=True)
    for point in entry.result.points:
        values = [*map(brief, point.args), *(f"{key}={brief(value)}" for key, value in point.params.items())]
        console.print(Text(f"  {point.name}: {', '.join(values)}"), soft_wrap=True)
    console.print(Text(f"  {entry.rerun}", style="cyan"), soft_wrap=True)
    return exit_code([outcome])
