"""Which of the collected cases are meant: the expressions of ``-k``, and names with their near matches."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

from gradcheck.run.targets import Found, NothingSelected, UsageError

Predicate = Callable[[str], bool]


def select(found: Sequence[Found], expression: str) -> list[Found]:
    """The cases that an expression selects: a whole name selects that case only, else ``a and not (b or c)``.

    Words are matched anywhere in a name, whatever their case.  Raises UsageError for an expression that is malformed
    or selects nothing.
    """
    if not expression:
        return list(found)
    exact = [f for f in found if f.name == expression]
    if exact:
        return exact
    matches = parse(expression)
    chosen = [f for f in found if matches(f.name.lower())]
    if found and not chosen:
        raise NothingSelected(f"-k {expression!r} selects none of {len(found)} cases{near(expression, found)}")
    return chosen


def one(found: Sequence[Found], name: str) -> Found:
    """The case of that name, or of a name that ends with it.  Raises UsageError where there is none or several."""
    exact = [f for f in found if f.name == name]
    candidates = exact or [f for f in found if f.name.endswith("." + name)]
    candidates = candidates or [f for f in found if f.name.partition("[")[0].endswith("." + name)]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise UsageError(f"case {name!r} is one of {', '.join(f.name for f in candidates)}: name one of them")
    raise UsageError(f"there is no case {name!r}{near(name, found)}")


def near(name: str, found: Sequence[Found]) -> str:
    """The end of a message: the names that are most like this one."""
    known = {short: f.name for f in found for short in (f.name, f.name.rpartition(".")[2])}
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    names = list(dict.fromkeys(known[c] for c in close))
    return f": did you mean {' or '.join(names)}?" if names else ": `gradcheck list` shows them all"


def parse(expression: str) -> Predicate:
    """The predicate of an expression of words, ``and``, ``or``, ``not`` and parentheses."""
    tokens = re.findall(r"[()]|[^\s()]+", expression)

    def malformed(what: str) -> UsageError:
        return UsageError(f"-k {expression!r}: {what}: write words joined by and, or, not, with parentheses")

    def disjunction() -> Predicate:
        left = conjunction()
        while tokens and tokens[0] == "or":
            tokens.pop(0)
            left = either(left, conjunction())
        return left

    def conjunction() -> Predicate:
        left = negation()
        while tokens and tokens[0] == "and":
            tokens.pop(0)
            left = both(left, negation())
        return left

    def negation() -> Predicate:
        if not tokens or tokens[0] in ("and", "or", ")"):
            raise malformed(f"a word is missing {'before ' + tokens[0] if tokens else 'at the end'}")
        token = tokens.pop(0)
        if token == "not":
            inner = negation()
            return lambda name: not inner(name)
        if token != "(":
            return lambda name: token.lower() in name
        inner = disjunction()
        if not tokens or tokens.pop(0) != ")":
            raise malformed("a parenthesis is not closed")
        return inner

    predicate = disjunction()
    if tokens:
        raise malformed(f"{tokens[0]!r} stands where and, or was expected")
    return predicate


def either(a: Predicate, b: Predicate) -> Predicate:
    """A name that satisfies one of two predicates."""
    return lambda name: a(name) or b(name)


def both(a: Predicate, b: Predicate) -> Predicate:
    """A name that satisfies two predicates."""
    return lambda name: a(name) and b(name)
