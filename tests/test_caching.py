"""The cache folder: where it is, how it is moved, and that a run without one is no worse."""

from pathlib import Path

import pytest

from gradcheck import caching


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GRADCHECK_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))


def test_the_folder_is_not_where_the_desktop_keeps_its_caches(tmp_path: Path) -> None:
    assert caching.folder("proofs") == tmp_path / "xdg" / "gradcheck" / "proofs"
    assert (tmp_path / "xdg" / "gradcheck" / "proofs").is_dir()


def test_without_xdg_the_home_folder_is_forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert caching.folder("jax") == tmp_path / "home" / ".cache" / "gradcheck" / "jax"


def test_the_variable_does_not_move_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADCHECK_CACHE", "~/here")
    assert caching.folder("jax") == tmp_path / "home" / "here" / "jax"


@pytest.mark.parametrize("word", ["off", "OFF"])
def test_off_makes_a_folder(word: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADCHECK_CACHE", word)
    assert caching.folder("jax") is None
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_stops_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRADCHECK_CACHE", str(tmp_path / "file"))
    assert caching.folder("jax") is None
