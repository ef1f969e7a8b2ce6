"""The command that runs one case again."""

from __future__ import annotations

import shlex

from gradcheck.results import Result
from gradcheck.run.executing import Options
from gradcheck.run.targets import Found
from gradcheck.settings import EMERGENCY


def rerun(found: Found, result: Result, options: Options) -> str:
    """The command that runs a case again, at the point that failed where there is one."""
    words = ["gradcheck", "run", found.target, "-k", found.name, "--seed", str(options.seed)]
    point = options.point or (result.failed_at if not result else None)
    if point is not None:
        # A counterexample is found again from the point that it stands beside.
        words += ["--point", point.partition("/")[0]]
    if options.oracles != "all":
        words += ["--oracles", options.oracles]
    if options.timeout != EMERGENCY:
        words += ["--timeout", "inf" if options.timeout is None else f"{options.timeout:g}"]
    if options.search:
        words += ["--search", str(options.search)]
    return shlex.join(words)
