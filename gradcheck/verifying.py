"""Claims verified: each printed number against a certified enclosure of the true one, to its last printed digit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Context, Decimal
from typing import Any

import numpy as np

from gradcheck.contract import relevant_line
from gradcheck.lifted.array import Lifted, Refuses, lifted
from gradcheck.lifted.balls import Balls
from gradcheck.lifted.evaluate import with_enough_bits
from gradcheck.lifted.stand_in import lifting
from gradcheck.printed import Claims, Printed
from gradcheck.results import Array, Evidence, Point, Result, Stance, Verdict, verdict
from gradcheck.settings import EMERGENCY, OutOfTime, time_limit

# An integer is printed as exact: the true number must be within this of it.  A ball cannot say more.
EXACT = Decimal(10) ** -30


def verify(claims: Claims, timeout: float | None = EMERGENCY) -> Result:
    """Whether a text's numbers are right; each entry of `evidence` is about one of them.

    `Evidence.reason` is what became of it: ``right``, ``right up to rounding``, ``erratum`` (declared, and refuted),
    or, against, ``wrong`` and ``declaration refuted``.  What the function raises becomes the verdict *error*, and so
    does its taking more than `timeout` seconds.
    """
    start = time.perf_counter()
    point = Point("printed", "given", (), dict(claims.at))
    try:
        with time_limit(timeout):
            found = with_enough_bits(lambda bits, final: judged(claims, final), decided)
    except (Exception, OutOfTime) as error:
        return Result(claims.name, "error", diagnosis=stopped_by(error, timeout), points=(point,))
    against = [e for e in found if e.stance == "against"]
    outcome: Verdict = verdict(found) if against or decided(found) else "inconclusive"
    diagnosis = "; ".join(f"{named(e)}: {e.detail}" for e in against) or None
    return Result(claims.name, outcome, tuple(found), diagnosis, points=(point,), seconds=time.perf_counter() - start)


def stopped_by(error: BaseException, timeout: float | None) -> str:
    """What kept the computation from its end."""
    where = relevant_line(error)
    if isinstance(error, OutOfTime):
        return f"Out of time: the computation took more than {timeout:g} s{f', in {where}' if where else ''}."
    raised = error.__cause__ if isinstance(error, Refuses) and error.__cause__ is not None else error
    return f"The computation raised {type(raised).__name__}: {error}"


def decided(found: list[Evidence]) -> bool:
    """Whether every printed number is decided."""
    return all(e.stance != "undecided" for e in found)


def named(e: Evidence) -> str:
    """The quantity with its index."""
    return f"{e.argument}{list(e.entry) if e.entry else ''}"


def judged(claims: Claims, final: bool) -> list[Evidence]:
    """All printed numbers against the quantities computed in balls at the present precision."""
    system = Balls(final=final)
    with lifting(system) as rewrite:
        true = rewrite(claims.function)(**{k: as_written(system, v) for k, v in claims.at.items()})
    missing = sorted(set(claims.printed) - set(true))
    if missing:
        raise ValueError(f"nothing was computed for {missing}: the function gives {sorted(true)}")
    found = [
        e for name, printed in claims.printed.items() for e in compare(name, printed, entries_of(system, true[name]))
    ]
    # A branch that was taken for want of bits may have led to any of the numbers.
    return [replace(e, stance="undecided", reason="not certain") for e in found] if system.undecided else found


def as_written(system: Balls, value: Any) -> Lifted:
    """Numbers or nested lists of them, each decimal the number that is written: 0.1 is one tenth."""
    from flint import arb

    return Lifted(system, np.frompyfunc(lambda x: arb(str(x)), 1, 1)(np.asarray(value, dtype=object)))


def entries_of(system: Balls, value: Any) -> Array:
    """A quantity as an array of balls; a statement as an array of booleans."""
    array = np.asarray(False) if isinstance(value, Lifted) else np.asarray(value)
    if not isinstance(value, Lifted) and array.dtype.kind == "b":
        return array
    return lifted(system, value).value


def compare(name: str, printed: Printed, true: Array) -> Iterator[Evidence]:
    """Evidence for each printed entry.  Raises ValueError where shapes differ."""
    entries = printed.entries
    if set(entries) != set(np.ndindex(true.shape)):
        raise ValueError(
            f"{name!r} is printed with {len(entries)} entries, computed with shape {true.shape}: print them all"
        )
    for index, text in entries.items():
        if isinstance(text, bool) != (true.dtype == bool):
            raise ValueError(
                f"{name!r} prints {text!r}, computed is {true[index]!r}: statements go with True and False"
            )
        off, actual = distance(text, true[index])
        stance, reason = judgement(printed, off)
        why = printed.erratum or printed.rounded
        yield Evidence(
            "exact",
            "certified",
            stance,
            "claim",
            argument=name,
            entry=index or None,
            claimed=float(text),
            value=float(true[index]),
            reason=reason,
            detail=f"printed {text}, true {actual}" + (f" ({why})" if why else ""),
            point="printed",
        )


def distance(text: Any, true: Any) -> tuple[int | None, str]:
    """How many units of the last printed digit lie between, rounded (None: not certain yet), and the true value as text."""
    from flint import arb

    if isinstance(text, bool):
        return int(text != bool(true)), str(bool(true))
    decimal = Decimal(text)
    exponent = int(decimal.as_tuple().exponent)
    unit = arb(str(EXACT if isinstance(text, int) else Decimal(1).scaleb(exponent)))
    off = abs(true - arb(str(decimal))) / unit
    if not off.is_finite() or not off.rad() < 0.25:
        return None, "not certain"
    # A number halfway between two printed ones (0.125) may be rounded either way: only certainly above counts.
    units = 0 if not off > 0.5 else 1 if not off > 1.5 else 2
    return units, digits(true, exponent - 2)


def digits(true: Any, exponent: int) -> str:
    """The number to that power of ten, trailing zeros dropped."""
    number = Decimal(true.mid().str(60, radius=False)).quantize(Decimal(1).scaleb(exponent), context=Context(prec=200))
    text = f"{number:f}" if exponent > -10 or number == 0 or abs(number) > Decimal("1e-4") else f"{number:e}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def judgement(printed: Printed, off: int | None) -> tuple[Stance, str]:
    """The stance, and what became of the printed number: declared errata must be wrong, rounded ones off by one."""
    if off is None:
        return "undecided", "not certain"
    if printed.erratum:
        return ("for", "erratum") if off else ("against", "declaration refuted")
    if printed.rounded:
        return [("against", "declaration refuted"), ("for", "right up to rounding"), ("against", "wrong")][off]  # type: ignore[return-value]
    return ("against", "wrong") if off else ("for", "right")
