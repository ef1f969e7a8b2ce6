"""Conventions of complex numbers: conjugates, and parts left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.looks import Look
from gradcheck.diagnosis.mistakes import Mistake
from gradcheck.results import Array


def conjugated(look: Look, k: int) -> Iterator[Mistake]:
    """The conjugate of the right value, or of the right value for the conjugate of dy: the convention of torch."""
    if not np.iscomplexobj(look.claimed[k]) or not np.iscomplexobj(look.true[k]):
        return
    yield Mistake(
        "is the conjugate of the right value: here, as in JAX, nothing is conjugated",
        lambda look, k: np.conj(look.true[k]),
    )
    yield Mistake(
        "follows torch's convention: here, as in JAX, the cotangent of f is dy f'(z) without a conjugate", torchlike
    )
    yield Mistake("is the right value for the conjugate of dy", with_conjugate_dy)
    yield Mistake("lacks all but its real part", lambda look, k: look.true[k].real + 0j)
    yield Mistake("lacks all but its imaginary part", lambda look, k: 1j * look.true[k].imag)


def with_conjugate_dy(look: Look, k: int) -> Array | None:
    """The true gradient for the conjugate of dy."""
    found = look.gradient(tuple(map(np.conj, look.dy)))
    return None if found is None else found[k]


def torchlike(look: Look, k: int) -> Array | None:
    """What torch gives: everything conjugated."""
    found = with_conjugate_dy(look, k)
    return None if found is None else np.conj(found)
