"""Proofs are stored by content: found again when nothing changed, never when something did, never when corrupt."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck import check
from gradcheck.oracles import proof_cache, symbolic
from gradcheck.oracles.proof_cache import key, read, write

sympy = pytest.importorskip("sympy")

X, Y = sympy.symbols("x y", real=True)
C = sympy.Symbol("c", real=True)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GRADCHECK_CACHE", str(tmp_path))
    return tmp_path / "proofs"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions that the worker was asked for."""
    names: list[str] = []
    ask = symbolic.worker.ask

    def counted(function: Any, *args: Any, seconds: float) -> Any:
        names.append(function.__name__)
        return ask(function, *args, seconds=seconds)

    monkeypatch.setattr(symbolic.worker, "ask", counted)
    return names


def tanh(x: Any) -> Any:
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y * y)


def steep(x: Any) -> Any:
    y = np.tanh(3 * x)
    return y, lambda dy: 3 * dy * (1 - y * y)


def prove(rule: Any) -> Any:
    (evidence,) = check(rule, np.array([0.5, -1.5]), oracles="symbolic").evidence
    assert (evidence.kind, evidence.stance) == ("proved", "for")
    return evidence


@pytest.mark.usefixtures("store")
def test_an_unchanged_rule_is_proved_twice(asked: list[str]) -> None:
    first, second = prove(tanh), prove(tanh)
    assert asked.count("prove") == 1
    assert second.detail == first.detail


@pytest.mark.usefixtures("store")
def test_a_changed_rule_is_not_proved(asked: list[str]) -> None:
    prove(tanh)
    prove(steep)
    assert asked.count("prove") == 2


@pytest.mark.parametrize(
    "content", ["", "[", '{"a": 1}', '["proved"]', '["proved", "certainly"]', "[1, []]", "\xff\xfe"]
)
def test_a_corrupt_entry_is_believed_or_kept(content: str, store: Path, asked: list[str]) -> None:
    prove(tanh)
    (entry,) = store.iterdir()
    good = entry.read_bytes()
    entry.write_bytes(content.encode("latin-1"))
    prove(tanh)
    assert asked.count("prove") == 2
    assert entry.read_bytes() == good


def test_a_proof_that_ran_out_of_time_is_kept(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbolic, "prove", fails)
    (evidence,) = check(tanh, np.array([0.5, -1.5]), oracles="symbolic").evidence
    assert evidence.kind == "tested"
    assert not store.exists() or not list(store.iterdir())


def fails(*args: Any) -> Any:
    raise RuntimeError("no such luck")


def test_without_a_cache_nothing_is_read_or_written(tmp_path: Path) -> None:
    write("name", ["proved"])
    assert read("name", 1) is None


def test_a_folder_that_is_taken_away_stops_the_run(
    store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(proof_cache.caching, "folder", lambda name: tmp_path / "gone")
    write("name", ["proved"])
    assert read("name", 1) is None


def test_what_was_written_is_not_read(store: Path) -> None:
    write("name", ["proved", "", "printed"])
    assert read("name", 3) == ["proved", "", "printed"]
    assert read("name", 2) is None
    assert [p.name for p in store.iterdir()] == ["name"]


SAME = {
    "the order of a sum": (([X + Y], {}), ([Y + X], {})),
    "the order of constants": (([X], {X: 1, C: 2}), ([X], {C: 2, X: 1})),
}
OTHER = {
    "an expression": (([X + Y], {}), ([X - Y], {})),
    "a power turned round": (([X**Y], {}), ([Y**X], {})),
    "a symbol": (([X], {}), ([Y], {})),
    "an assumption": (([X], {}), ([sympy.Symbol("x")], {})),
    "a number": (([2 * X], {}), ([3 * X], {})),
    "the order of residuals": (([X, Y], {}), ([Y, X], {})),
    "a printed constant": (([X * C], {C: sympy.Rational("0.1")}), ([X * C], {C: sympy.Rational("0.2")})),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_content_has_two_keys(name: str) -> None:
    one, other = SAME[name]
    assert key(*one) == key(*other)


@pytest.mark.parametrize("name", OTHER)
def test_other_content_has_the_same_key(name: str) -> None:
    one, other = OTHER[name]
    assert key(*one) != key(*other)


def test_another_sympy_is_taken_at_its_predecessors_word(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key([X], {})
    proof_cache.method.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(sympy, "__version__", "0.0")
        assert key([X], {}) != before
    proof_cache.method.cache_clear()
    assert key([X], {}) == before
