"""The derivative of an analytic function from one step in the imaginary direction, where nothing cancels.

A forward that takes complex input need not be analytic: ``abs`` and ``.real`` answer too.  So its values around a small
circle must be those that Cauchy's integral formula demands.
Source: W. Squire, G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40 (1998).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.oracles.stencils import SIGMAS, Estimate
from gradcheck.results import Array

# What is squared in this step is far below rounding.
STEP = 2.0**-100
# The circle of the test, and the points on it: truncated are eighth powers.
RADIUS, CORNERS = 2.0**-10, 8
# How well the circle must agree with the step, as a part of the outputs and slopes: an eighth power, generously.
AGREES = 2.0**-30

Plane = Callable[[complex], Array | None]


def complex_step(plane: Plane, here: Array, noise: Array) -> Estimate | None:
    """The slopes of outputs at 0 with bars; None where the function does not take complex numbers or is not analytic.

    plane: the outputs at a complex multiple of the tangent; here: those at 0; noise: their measured rounding noise.
    """
    stepped = plane(1j * STEP)
    if stepped is None or not np.iscomplexobj(stepped) or not np.all(np.isfinite(stepped)):
        return None
    # Rounding of the values passes into the slope as if they belonged to a neighbouring function.
    error = SIGMAS * np.fmax(noise, np.finfo(float).eps * np.abs(here))
    slope = stepped.imag / STEP
    if np.any(np.abs(stepped.real - here) > error) or not analytic(plane, here, slope, error):
        return None
    rounding = error + SIGMAS * np.finfo(float).eps * np.abs(slope)
    return Estimate(slope, rounding, rounding)


def analytic(plane: Plane, here: Array, slope: Array, error: Array) -> bool:
    """Whether the mean over a circle is the value at its centre, and the first Fourier coefficients f' and 0."""
    corners = np.exp(2j * np.pi * np.arange(CORNERS) / CORNERS)
    around = [plane(complex(RADIUS * c)) for c in corners]
    if any(y is None or not np.all(np.isfinite(y)) for y in around):
        return False
    values = np.array(around)
    mean = np.mean(values, axis=0)
    forward = np.mean(values * np.conj(corners)[:, None], axis=0) / RADIUS
    backward = np.mean(values * corners[:, None], axis=0) / RADIUS
    allowed = AGREES * (np.abs(here) + np.abs(slope)) + error / RADIUS
    off = np.fmax(np.abs(mean - here), np.fmax(np.abs(forward - slope), np.abs(backward)))
    return bool(np.all(off <= allowed))
