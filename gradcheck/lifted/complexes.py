"""Real and imaginary parts, conjugates, moduli and angles of exact arrays.

Parts and conjugates are linear over the reals, so that they act on numbers and tangents alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.lifted.array import Lifted, System, lifted, objects, select
from gradcheck.results import Array

# Companions of complex numbers may be real balls, which have parts but no conjugate.
REAL = np.frompyfunc(lambda z: z.real, 1, 1)
IMAG = np.frompyfunc(lambda z: z.imag, 1, 1)
CONJUGATE = np.frompyfunc(lambda z: z.conjugate() if callable(getattr(z, "conjugate", None)) else z, 1, 1)


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
    from flint import acb

    system = re.system
    re, im = (system.complexes(x) for x in (re, im))
    turned = im.each(lambda c: objects(c * acb(0, 1)))
    return re + turned


def equal(a: Lifted, b: Lifted) -> Array:
    """Where numbers are equal in both parts."""
    system = a.system
    return np.asarray((system.order(a.real, b.real) == 0) & (system.order(a.imag, b.imag) == 0))


def squared(x: Lifted) -> Lifted:
    """|x|²."""
    if not x.is_complex:
        return x * x
    re, im = real(x), imag(x)
    return re * re + im * im


def modulus(x: Lifted) -> Lifted:
    """|x|; at 0 it is a kink: the slope along v is |v|, which the order of that slope and 0 decides."""
    at_zero = np.asarray(np.frompyfunc(lambda z: z == 0, 1, 1)(x.value), dtype=bool)
    if not at_zero.any():
        return np.hypot(real(x), imag(x))
    away = select(at_zero, x.system.constant(1.0), x)
    # Only the tangent counts where x is 0: there x is real along its own direction, up to a phase.
    slope = x.system.zeros(x.shape).materialise()
    if slope.companion is not None and x.companion is not None:
        size = np.frompyfunc(lambda t: (t.real * t.real + t.imag * t.imag).sqrt(), 1, 1)
        slope.companion = objects(np.where(at_zero, size(x.companion), slope.companion))
        slope = np.abs(slope)
    return select(at_zero, slope, np.hypot(real(away), imag(away)))


def sign(x: Lifted) -> Any:
    """x / |x|, 0 at 0."""
    zero = equal(x, x.system.zeros(()))
    away = select(zero, x.system.constant(1.0), x)
    return select(zero, x.system.zeros(()), away / modulus(away))


def angle(system: System, z: Any, deg: bool = False) -> Any:
    """np.angle."""
    z = lifted(system, z)
    result = np.arctan2(imag(z), real(z))
    return np.degrees(result) if deg else result
