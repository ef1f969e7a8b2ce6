"""JAX's persistent compilation cache in the user's cache folder, for our compilations only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradcheck import caching


@contextmanager
def stored() -> Iterator[None]:
    """Inside, compiled programs are read from and written to the cache folder; the process's configuration comes back."""
    folder = caching.folder("jax")
    if folder is None:
        yield
        return
    import jax
    from jax.experimental.compilation_cache import compilation_cache

    ours: dict[str, Any] = {
        "jax_enable_compilation_cache": True,
        "jax_compilation_cache_dir": str(folder),
        # Our programs are many and small: each is worth keeping.
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    theirs = {name: getattr(jax.config, name) for name in ours}
    try:
        configure(ours)
        # JAX looks at its configuration once, when it first compiles.
        compilation_cache.reset_cache()
        yield
    finally:
        configure(theirs)
        compilation_cache.reset_cache()


def configure(options: dict[str, Any]) -> None:
    """Set options of JAX."""
    import jax

    for name, value in options.items():
        jax.config.update(name, value)  # type: ignore[no-untyped-call]
