"""What is known of float types: NumPy's own, and bfloat16, which to NumPy is an opaque type of ml_dtypes."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Format(NamedTuple):
    """A float type, with numpy.finfo's names for what it holds."""

    name: str
    eps: float
    max: float
    smallest_subnormal: float


# NumPy's from fine to coarse, then bfloat16: eight significant bits, and float32's range.
FORMATS = (
    *(
        Format(np.dtype(t).name, float(np.finfo(t).eps), float(np.finfo(t).max), float(np.finfo(t).smallest_subnormal))
        for t in (np.float64, np.float32, np.float16)
    ),
    Format("bfloat16", 2.0**-7, (2 - 2.0**-7) * 2.0**127, 2.0**-133),
)
BFLOAT16 = FORMATS[-1]
# Spacings beyond this are those of half precisions.
HALF = 2.0**-20


@cache
def is_inexact(dtype: np.dtype[Any]) -> bool:
    """Whether numbers of that type are floats or complex numbers of floats."""
    return dtype.kind in "fc" or dtype.name == BFLOAT16.name


@cache
def epsilon(dtype: np.dtype[Any]) -> float:
    """The relative spacing of a type's numbers; 0 for integers and booleans, which are exact."""
    if dtype.name == BFLOAT16.name:
        return BFLOAT16.eps
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0


def format_of(epsilon: float) -> Format:
    """The finest float type whose spacing is at least that."""
    return next(f for f in FORMATS if f.eps >= epsilon)


def wide(array: Array) -> Array:
    """Floats of a half precision as float64, in which they are exact; any other array as it is."""
    return array.astype(float) if epsilon(array.dtype) > HALF else array


def double(array: Array) -> Array:
    """Floats as float64, complex numbers as complex128: exact, whatever shorter type they had."""
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def dtype_named(name: str) -> np.dtype[Any]:
    """The type of that name.  bfloat16 is float64 where ml_dtypes, which has it, is not installed."""
    if name != BFLOAT16.name:
        return np.dtype(name)
    try:
        from ml_dtypes import bfloat16
    except ImportError:
        return np.dtype(float)
    found: np.dtype[Any] = np.dtype(bfloat16)
    return found


def in_digits(a: float | complex | None, b: float | complex | None) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to tell them apart, at least 6."""
    if a is None or b is None:
        return ("?" if a is None else f"{a:.6g}", "?" if b is None else f"{b:.6g}")
    digits = next((d for d in range(6, 17) if f"{a:.{d}g}" != f"{b:.{d}g}"), 17)
    return f"{a:.{digits}g}", f"{b:.{digits}g}"
