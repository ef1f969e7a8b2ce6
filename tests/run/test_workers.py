import os

import pytest

from gradcheck.run.workers import THREADS, workers


def nothing() -> None:
    pass


def environment(name: str) -> str:
    return os.environ[name]


@pytest.mark.parametrize(("given", "seen"), [(None, "1"), ("3", "3")])
def test_processes_fill_the_cores_with_threads_or_ignore_what_the_user_says(
    monkeypatch: pytest.MonkeyPatch, given: str | None, seen: str
) -> None:
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    if given:
        monkeypatch.setenv(THREADS[0], given)
    before = dict(os.environ)
    with workers(1, nothing) as pool:
        assert pool.submit(environment, THREADS[0]).result() == seen
    assert dict(os.environ) == before
