"""Real and imaginary parts, conjugates, moduli and angles of exact arrays.

Parts and conjugates are linear over the reals, so that they act on numbers and tangents alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted.array import Lifted, System, lifted, objects, select
from gradcheck.results import Array


def halves(z: Any) -> tuple[Any, Any]:
    """Real and imaginary part of a ball, a float or an expression.  Companions of complex balls may be real balls."""
    return (z.real, z.imag) if hasattr(z, "imag") else z.as_real_imag()


REAL = np.frompyfunc(lambda z: halves(z)[0], 1, 1)
IMAG = np.frompyfunc(lambda z: halves(z)[1], 1, 1)
# Real balls have no conjugate.
CONJUGATE = np.frompyfunc(lambda z: z.conjugate() if hasattr(z, "conjugate") else z, 1, 1)
SIZE = np.frompyfunc(lambda z: (z.real * z.real + z.imag * z.imag).sqrt(), 1, 1)


def part(x: Lifted, function: Callable[[Array], Any]) -> Lifted:
    """A real part of complex numbers, which is a copy here: writing into it must not be lost unnoticed."""
    result = x.each(function)
    result.dtype = np.finfo(x.dtype).dtype
    result.value.flags.writeable = False
    return result


def real(x: Lifted) -> Lifted:
    """np.real."""
    return part(x, REAL) if x.is_complex else x


def imag(x: Lifted) -> Lifted:
    """np.imag."""
    return part(x, IMAG) if x.is_complex else x.system.zeros(x.shape)


def conjugate(x: Lifted) -> Lifted:
    """np.conjugate; a real array itself."""
    return x.each(CONJUGATE) if x.is_complex else x


def joined(re: Lifted, im: Lifted) -> Lifted:
    """re + i im."""
    re, im = (x.system.complexes(x) for x in (re, im))
    result: Lifted = re + im * re.system.turns(4, 1)[1]
    return result


def equal(a: Lifted, b: Lifted) -> Array:
    """Where numbers are equal in both parts."""
    system = a.system
    return np.asarray((system.order(a.real, b.real) == 0) & (system.order(a.imag, b.imag) == 0))


def squared(x: Any) -> Any:
    """|x|²."""
    return real(x) * real(x) + imag(x) * imag(x) if x.is_complex else x * x


def modulus(x: Lifted) -> Any:
    """|x|; at 0 a kink: the slope along v is |v|, as that of the absolute value of a real number with the slope |v|."""
    at_zero = np.asarray(np.frompyfunc(lambda z: z == 0, 1, 1)(x.value), dtype=bool)
    if not at_zero.any():
        return np.hypot(real(x), imag(x))
    away = select(at_zero, x.system.constant(1.0), x)
    zeros = x.system.zeros(x.shape)
    if zeros.companion is not None and x.companion is not None:
        zeros.companion = objects(np.where(at_zero, SIZE(x.companion), zeros.companion))
    sizes: list[Any] = [np.abs(zeros), np.hypot(real(away), imag(away))]
    return select(at_zero, *sizes)


def sign(x: Lifted) -> Lifted:
    """x / |x|, 0 at 0."""
    zero = equal(x, x.system.zeros(()))
    away = select(zero, x.system.constant(1.0), x)
    return select(zero, x.system.zeros(()), away / modulus(away))


def angle(system: System, z: Any, deg: bool = False) -> Any:
    """np.angle."""
    z = lifted(system, z)
    result = np.arctan2(imag(z), real(z))
    return np.degrees(result) if deg else result
