"""How often the first diagnosis of a planted fault is right, silent or wrong: `python -m tests.benchmarks.diagnosis`.

Every kind of fault is planted in several of 64 rules of `reference`.  Right: the correction, applied to the true
gradient, gives the claimed one, at the point of the diagnosis and at one of another seed that it has not seen.  A place
without a correction counts as silent.  Digits that noise took no correction gives back: there the size that is said
must hold at the other point.  The names of the kinds decide which half was kept out of tuning.

Measured, 6 rules a kind: held out (47 of its 56 kinds), wrong formulas: 226 right (93.0 %), 17 silent; digits lost: 22
right (78.6 %), 6 silent; together 91.5 % right, none wrong.  Tuning (45 of its 51 kinds): 246 right (98.8 %), 3 silent,
none wrong.  Not counted are broken contracts (state, dtype, mutation), which have sentences of their own, and faults
that change nothing in a rule.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from unittest.mock import patch
from zlib import crc32

import numpy as np

import reference
from gradcheck import diagnosis
from gradcheck.cases import Case, collect
from gradcheck.checking import check_case
from gradcheck.contract import ContractError, evaluate
from gradcheck.diagnosis import Diagnosis
from gradcheck.diagnosis.looks import first_look
from gradcheck.faults.answers import Wrapper
from gradcheck.faults.planting import wrapped
from gradcheck.faults.wrappers import WRAPPERS
from gradcheck.problems import MissingData

HALVES = ("tuning", "held out")
# Rules of so many entries at a random point are diagnosed in about a second.
ENTRIES = 60
RULES, SHOTS = 64, 6
# Points that no diagnosis has seen.
UNSEEN = 77
# What is said of a right formula whose evaluation loses digits.
LOST = re.compile(r"the formula is right, its evaluation loses digits \(about (\d+) of \d+\)", re.IGNORECASE)


def half(wrapper: Wrapper) -> str:
    """Which half a kind of fault belongs to, by its name alone."""
    return HALVES[crc32(wrapper.name.encode()) % 2]


def sample() -> list[Case]:
    """One case of each of so many small rules of the reference library, in an order of their names' own."""
    modules = [m.name for m in pkgutil.iter_modules(reference.__path__) if not m.ispkg]
    cases = [c for m in modules for c in collect(importlib.import_module(f"reference.{m}")) if isinstance(c, Case)]
    first: dict[str, Case] = {}
    for case in sorted(cases, key=lambda c: crc32(c.name.encode())):
        if case.rule.name not in first and small(case):
            first[case.rule.name] = case
    return list(first.values())[:RULES]


def small(case: Case) -> bool:
    """Whether the case has few entries, and its data."""
    try:
        return 0 < sum(np.size(a) for a in case.point("random", 0).args) <= ENTRIES
    except MissingData:
        return False


def planted(wrapper: Wrapper, cases: list[Case]) -> Iterator[tuple[Case, int]]:
    """The fault in one rule after the other, in each of its arguments in turn."""
    start = crc32(wrapper.name.encode())
    for turn in range(len(cases)):
        case = cases[(start + turn * 7) % len(cases)]
        count = len(case.point("random", 0).args)
        rule = wrapped(case.rule, wrapper, (start + turn) % count if wrapper.each else 0)
        yield Case(rule, case.label), turn


def judged(case: Case) -> tuple[str, str]:
    """What became of a faulty case, and what was said: "not seen", "contract", "silent", "right" or "wrong"."""
    told: list[Diagnosis | None] = []
    find = diagnosis.find

    def recording(*args: object) -> Diagnosis | None:
        told.append(find(*args))  # type: ignore[arg-type]
        return told[-1]

    with patch.object(diagnosis, "find", recording):
        result = check_case(case, oracles="exact")
    if result.verdict != "fail" or not told or told[-1] is None:
        return "not seen" if result.verdict == "pass" else "no verdict", str(result.diagnosis)
    found = told[-1].found
    if (found is None or not found.mistakes) and (digits := LOST.search(told[-1].text)):
        return "right" if loses_unseen(case, int(digits[1])) else "wrong", told[-1].text
    if found is None or not found.mistakes or not found.explains(found.look):
        broken = [e for e in result.evidence if e.stance == "against" and e.question == "contract"]
        return "contract" if broken and (found is None or not found.mistakes) else "silent", told[-1].text
    return "right" if fits_unseen(case, told[-1]) else "wrong", told[-1].text


def fits_unseen(case: Case, told: Diagnosis) -> bool:
    """Whether the correction gives the claim also at a point of another seed, for another dy."""
    assert told.found is not None
    seen = told.found.look.problem.point
    try:
        point = case.point(seen.role, int(seen.name.lstrip("abcdefghijklmnopqrstuvwxyz").partition("[")[0]), UNSEEN)
        problem = evaluate(case.rule, point, seed=UNSEEN)
    except (ContractError, ValueError):
        return True
    look = first_look(problem)
    jacobian = look.jacobian() if look is not None else None
    if look is None or jacobian is None or jacobian.kinked:
        return True
    return all(m.explains(look, k) for k, m in told.found.mistakes.items())


def loses_unseen(case: Case, digits: int) -> bool:
    """Whether at points of another seed, too, the formula is right and so many digits are lost, give or take one."""
    result = check_case(case, oracles="exact", seed=UNSEEN)
    against = [e for e in result.evidence if e.stance == "against"]
    found = LOST.search(str(result.diagnosis))
    return all(e.question == "accuracy" for e in against) and found is not None and abs(int(found[1]) - digits) <= 1


def main() -> None:
    """Print a line for each kind of fault, then the figures of both halves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=HALVES, help="one half only")
    parser.add_argument("--shots", type=int, default=SHOTS, help="rules in which each kind is planted")
    parser.add_argument("-v", action="store_true", help="print the diagnoses that are not right")
    parser.add_argument("-k", default="", help="kinds whose name contains this")
    options = parser.parse_args()
    cases, start = sample(), time.perf_counter()
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    used: set[str] = set()
    for wrapper in WRAPPERS:
        if options.half not in (None, half(wrapper)) or options.k not in wrapper.name:
            continue
        found: Counter[str] = Counter()
        for case, _ in planted(wrapper, cases):
            became, text = judged(case)
            found[became] += 1
            used.add(case.rule.name)
            if options.v and became in ("silent", "wrong", "no verdict", "contract"):
                print(f"    {became}: {case.name}: {text}", flush=True)
            if found.total() - found["not seen"] >= options.shots:
                break
        totals[f"{half(wrapper)}, {wrapper.shows}"] += found
        print(f"{half(wrapper):9} {wrapper.name:42} {dict(found)}", flush=True)
    for name, found in totals.items():
        asked = found["right"] + found["silent"] + found["wrong"]
        if asked:
            parts = ", ".join(f"{found[k]} {k} ({found[k] / asked:.1%})" for k in ("right", "silent", "wrong"))
            print(f"{name}: {parts}; {found['contract']} broken contracts, {found['not seen']} equivalent")
    print(f"{len(used)} rules, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
