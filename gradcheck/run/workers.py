"""Processes that share the work."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# How many threads linear algebra takes, by the library that has it.
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


@contextmanager
def workers(jobs: int, start: Callable[..., None], *args: Any) -> Iterator[concurrent.futures.Executor]:
    """So many fresh processes, which `start` prepares; they end at once where somebody interrupts.

    Each has one thread for linear algebra, unless the environment says how many: more of them wait for each other.
    """
    added = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    # Spawned, not forked: JAX starts threads, and a forked copy of them may hang.
    context = multiprocessing.get_context("spawn")
    try:
        with concurrent.futures.ProcessPoolExecutor(jobs, context, start, args) as pool:
            try:
                yield pool
            except (KeyboardInterrupt, GeneratorExit):
                pool.shutdown(wait=False, cancel_futures=True)
                for child in multiprocessing.active_children():
                    child.terminate()
                raise
    finally:
        for name in added:
            os.environ.pop(name, None)
