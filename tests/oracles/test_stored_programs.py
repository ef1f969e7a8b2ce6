"""Compiled programs are kept across runs, and JAX is left as the user configured it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, check
from gradcheck.oracles.jax import Jax
from gradcheck.oracles.stored_programs import stored

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")

OPTIONS = (
    "jax_enable_compilation_cache",
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
    "jax_enable_x64",
)
X = np.array([0.5, -1.5])


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GRADCHECK_CACHE", str(tmp_path))
    return tmp_path / "jax"


def cosine() -> Rule:
    return Rule(lambda x: (np.cos(x), lambda dy: -dy * np.sin(x)), jax=lambda jax, x: jax.numpy.cos(x))


def examine() -> list[str]:
    """As a new process would: with an oracle that has compiled nothing."""
    from gradcheck import contract
    from gradcheck.results import Point

    problem = contract.evaluate(cosine(), Point("given", "given", (X,), {}, None), seed=0)
    return [e.stance for e in Jax().examine(problem)]


def programs(store: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in store.glob("*-cache")}


def test_a_program_is_compiled_in_every_run(store: Path) -> None:
    assert examine() == ["for", "for"]
    first = programs(store)
    assert len(first) == 1
    assert examine() == ["for", "for"]
    assert programs(store) == first


def test_a_corrupt_program_is_run(store: Path) -> None:
    examine()
    (path,) = store.glob("*-cache")
    path.write_bytes(b"no program")
    assert examine() == ["for", "for"]


def test_what_the_user_compiles_ends_up_in_our_folder(store: Path) -> None:
    import jax

    before = {name: getattr(jax.config, name) for name in OPTIONS}
    examine()
    kept = programs(store)
    jax.jit(lambda x: x * 3 + 1)(X)
    assert programs(store) == kept
    assert {name: getattr(jax.config, name) for name in OPTIONS} == before


def test_a_cache_of_the_users_is_lost(store: Path, tmp_path: Path) -> None:
    import jax

    theirs: Any = {"jax_compilation_cache_dir": str(tmp_path / "theirs"), "jax_persistent_cache_min_compile_time_secs": 0.0,
                   "jax_persistent_cache_min_entry_size_bytes": -1}  # fmt: skip
    before = {name: getattr(jax.config, name) for name in theirs}
    for name, value in theirs.items():
        jax.config.update(name, value)
    try:
        examine()
        jax.jit(lambda x: x * 5 + 1)(X)
    finally:
        for name, value in before.items():
            jax.config.update(name, value)
        from jax.experimental.compilation_cache import compilation_cache

        compilation_cache.reset_cache()
    assert list((tmp_path / "theirs").glob("*-cache"))


def test_the_configuration_is_lost_to_an_error(store: Path) -> None:
    import jax

    before = {name: getattr(jax.config, name) for name in OPTIONS}
    with pytest.raises(ZeroDivisionError), stored():
        raise ZeroDivisionError
    assert {name: getattr(jax.config, name) for name in OPTIONS} == before


def test_without_a_cache_nothing_is_stored(tmp_path: Path) -> None:
    assert check(cosine(), X, oracles="jax")
    assert not list(tmp_path.iterdir())
