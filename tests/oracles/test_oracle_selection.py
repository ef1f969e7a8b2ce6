"""Which oracles speak: by name, all of them, or an error that lists them."""

import importlib.metadata
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradcheck import check, oracles
from gradcheck.results import Evidence


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("exact", ["exact"]),
        (["exact"], ["exact"]),
        (("differences", "exact"), ["exact", "differences"]),
        ("differences, exact", ["exact", "differences"]),
        ("auto", ["exact", "differences", "symbolic", "jax"]),
        ("all", ["exact", "differences", "symbolic", "jax"]),
    ],
    ids=str,
)
def test_an_oracle_that_was_asked_for_is_missing(names: Any, found: list[str]) -> None:
    if len(found) > 2:
        assert list(oracles.available())[: len(found)] == found
    else:
        assert [o.name for o in oracles.select(names)] == found


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("nonsense", "oracles='nonsense' is not known"),
        ("exact,guess", "oracles='guess' is not known"),
        ("", "oracles names nobody"),
        ([], "oracles names nobody"),
    ],
)
def test_an_unknown_oracle_is_taken_for_none(names: Any, says: str) -> None:
    with pytest.raises(ValueError, match=f"{says}.*choose from exact, differences"):
        oracles.select(names)


class Silent:
    """An oracle whose library is not installed."""

    name = "silent"

    def why_not(self) -> str | None:
        return "silent is not installed: pip install silent"

    def wants(self, problem: Any) -> bool:
        return True

    def examine(self, problem: Any) -> Iterator[Evidence]:
        raise AssertionError("it is not installed")


class Uninterested(Silent):
    """An oracle that does not want this kind of point."""

    name = "uninterested"

    def why_not(self) -> str | None:
        return None

    def wants(self, problem: Any) -> bool:
        return False


class Agreeing(Uninterested):
    """A plug-in that agrees with everybody, which makes a pass of what nobody else examined."""

    name = "agreeing"

    def wants(self, problem: Any) -> bool:
        return bool(problem.asked)

    def examine(self, problem: Any) -> Iterator[Evidence]:
        yield Evidence(self.name, "measured", "for", resolution=1e-9, point=problem.point.name)


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    built_in = tuple(importlib.metadata.entry_points(group="gradcheck.oracles"))
    more = tuple(
        importlib.metadata.EntryPoint(c.name, f"{__name__}:{c.__name__}", "gradcheck.oracles")
        for c in (Uninterested, Silent, Agreeing)
    )
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: built_in + more)
    oracles.available.cache_clear()
    oracles.load.cache_clear()
    yield
    oracles.available.cache_clear()
    oracles.load.cache_clear()


@pytest.mark.usefixtures("plugins")
def test_plugins_come_after_our_own_in_the_order_of_their_names() -> None:
    assert list(oracles.available())[4:] == ["agreeing", "silent", "uninterested"]


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("name", "verdict", "count"),
    [("silent", "inconclusive", 1), ("uninterested", "inconclusive", 0), ("agreeing", "pass", 1)],
)
def test_an_oracle_that_says_nothing_passes(name: str, verdict: str, count: int) -> None:
    result = check(lambda x: (x * 2, lambda dy: 2 * dy), np.ones(2), oracles=name)
    assert result.verdict == verdict
    assert len(result.evidence) == count
    if name == "silent":
        assert result.evidence[0].reason == "not installed"
        assert result.notes == ("silent is not installed: pip install silent",)


@pytest.mark.usefixtures("plugins")
def test_oracles_that_contradict_each_other_pass_or_fail() -> None:
    result = check(lambda x: (x * 2, lambda dy: 3 * dy), np.ones(2), oracles="exact,agreeing")
    assert result.verdict == "disputed"
    assert result.diagnosis.startswith("Oracles disagree at given: for agreeing; against exact: ∂L/∂x[")
    assert result.failed_at == "given"
