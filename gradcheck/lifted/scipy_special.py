"""The functions of scipy.special that are no ufuncs and therefore ask no array what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted.array import System, lifted


def logsumexp(
    system: System, a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """scipy.special.logsumexp; exact numbers do not overflow, so that nothing is shifted."""
    exponentials = np.exp(lifted(system, a))
    total = np.sum(exponentials if b is None else exponentials * b, axis=axis, keepdims=keepdims)
    return (np.log(np.abs(total)), np.sign(total)) if return_sign else np.log(total)


def softmax(system: System, x: Any, axis: Any = None) -> Any:
    """scipy.special.softmax."""
    exponentials = np.exp(lifted(system, x))
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


TABLE: dict[str, Callable[..., Any]] = {
    "logsumexp": logsumexp,
    "softmax": softmax,
    "log_softmax": lambda system, x, axis=None: x - logsumexp(system, x, axis, keepdims=True),
    "softplus": lambda system, x, **_: np.logaddexp(0, lifted(system, x)),
    "polygamma": lambda system, n, x: system.ufunc("polygamma", lifted(system, n), lifted(system, x)),
    "sinc": lambda system, x: np.sinc(lifted(system, x)),
}
