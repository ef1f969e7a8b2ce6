"""The sentences: what is wrong, and the entry that shows it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.diagnosis.explaining import Explanation
from gradcheck.diagnosis.mistakes import wrong_entries
from gradcheck.floats import epsilon, in_digits
from gradcheck.oracles.residuals import TOGETHER
from gradcheck.problems import Problem
from gradcheck.results import Evidence

# What a verb becomes when there are several cotangents.
PLURALS = {
    "is": "are",
    "has": "have",
    "lacks": "lack",
    "uses": "use",
    "does": "do",
    "follows": "follow",
    "clips": "clip",
    "drops": "drop",
    "takes": "take",
    "leaves": "leave",
    "counts": "count",
}


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plural(text: str) -> str:
    """The sentence for several subjects."""
    verb, _, rest = text.partition(" ")
    return f"{PLURALS.get(verb, verb)} {rest}"


def mistakes_text(found: Explanation) -> str:
    """``your da is twice the right value; your db and dc are zero``."""
    names = found.look.names
    if exchanged := exchanged_pair(found):
        return f"the cotangents of {names[exchanged[0]]} and {names[exchanged[1]]} are exchanged"
    groups: dict[str, list[str]] = {}
    for k, mistake in found.mistakes.items():
        groups.setdefault(f"{mistake.text}{sparing(found.spared.get(k, ()))}", []).append(f"d{names[k]}")
    parts = [f"your {listed(group)} {text if len(group) == 1 else plural(text)}" for text, group in groups.items()]
    if found.unknown and parts:
        unknown = listed([f"d{names[k]}" for k in found.unknown])
        parts.append(f"your {unknown} {'is' if len(found.unknown) == 1 else 'are'} wrong in some other way")
    return "; ".join(parts)


def sparing(points: Sequence[str]) -> str:
    """``, but right at small0 and random1``: where a mistake that shows elsewhere does not."""
    return f", but right at {listed(points)}" if points else ""


def exchanged_pair(found: Explanation) -> tuple[int, int] | None:
    """The two arguments that have each other's cotangents, where that is all."""
    names = found.look.names
    if len(found.mistakes) != 2 or found.unknown:
        return None
    a, b = found.mistakes
    texts = (found.mistakes[a].text, found.mistakes[b].text)
    return (a, b) if texts == (f"is the cotangent of {names[b]}", f"is the cotangent of {names[a]}") else None


def entry_text(e: Evidence) -> str:
    """``∂L/∂w[2, 3]: yours 0.5, true 0.25 (certified ± 1e-31)``."""
    where = f"∂L/∂{e.where[1:]}" if e.where else "the gradient along the tested direction"
    where = e.detail if e.detail.startswith(TOGETHER) else where
    yours, true = in_digits(e.claimed, e.value)
    # The kind alone says what the value is worth; the bar how far it may be off.
    bar = f" ± {e.bar:.0e}" if e.bar else "" if e.kind == "certified" else f" by {e.oracle}"
    ulps = f", {e.detail}" if e.oracle == "like" else ""
    return f"{where}: yours {yours}, true {true} ({e.kind}{bar}{ulps})"


def count_text(found: Explanation | None, name: str | None) -> str:
    """``; 3 of 12 entries are wrong``."""
    if found is None or name not in found.look.names:
        return ""
    k = found.look.names.index(name)
    mine, true = found.look.claimed[k], found.look.true[k]
    if mine.shape != true.shape or true.size < 2:
        return ""
    wrong = int(wrong_entries(mine, true).sum())
    if not wrong:
        return ""
    return f"; {wrong} of {true.size} entries {'is' if wrong == 1 else 'are'} wrong"


def digits_text(problem: Problem, e: Evidence) -> str:
    """`` (about 9 of 16)``: how many decimal digits an error of so many ULPs is."""
    spacing = max(epsilon(a.dtype) for a in (*problem.args, *problem.y))
    if e.value is None or not spacing:
        return ""
    whole = round(-np.log10(spacing))
    return f" (about {int(np.clip(np.rint(np.log10(abs(e.value))), 1, whole))} of {whole})"


def at_input(problem: Problem, e: Evidence) -> str:
    """The input entry at which digits are lost."""
    if e.argument not in problem.names or not e.entry:
        return ""
    value = problem.args[problem.names.index(e.argument)]
    if len(e.entry) != np.ndim(value):
        return ""
    return f", at {e.argument}{list(e.entry)} = {value[e.entry]:.6g}"
