"""Complex numbers in balls: the same values as in floats, and the slopes that differences see."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.lifted.array import Lifted, lifted
from gradcheck.lifted.balls import Balls, midpoints
from gradcheck.lifted.stand_in import lifting

RNG = np.random.default_rng(11)


def drawn(*shape: int) -> Any:
    return RNG.uniform(-2, 2, shape) + 1j * RNG.uniform(-2, 2, shape)


Z, W, M, R = drawn(3, 4), drawn(3, 4), drawn(3, 3) + 4 * np.eye(3), RNG.uniform(0.5, 2, (3, 4))
UFUNCS = (
    *("negative", "reciprocal", "square", "sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p"),
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
    *("absolute", "conjugate", "sign", "positive"),
)


def of_first(ufunc: np.ufunc) -> Callable[..., Any]:
    return lambda z, w, m, r: ufunc(z)


CALLS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    **{name: of_first(getattr(np, name)) for name in UFUNCS},
    "operators": lambda z, w, m, r: 2 * z - w / z + (1 - 2j) * w + z**2 + abs(w) - r * z,
    "a power": lambda z, w, m, r: z**1.5,
    "a power by an array": lambda z, w, m, r: z**w,
    "a real number to a complex power": lambda z, w, m, r: r**z,
    "a negative power": lambda z, w, m, r: z**-3,
    "parts": lambda z, w, m, r: z.real * w.imag,
    "functions of parts": lambda z, w, m, r: np.real(z) + np.imag(w) + np.angle(z),
    "an angle in degrees": lambda z, w, m, r: np.angle(z, deg=True),
    "angles of real numbers": lambda z, w, m, r: np.angle(r),
    "real to complex": lambda z, w, m, r: np.exp(1j * r),
    "astype": lambda z, w, m, r: np.sqrt((-r).astype(complex)),
    "matmul": lambda z, w, m, r: z @ w.T + r @ z.T,
    "einsum": lambda z, w, m, r: np.einsum("ij,ij->i", z, r),
    "sum and mean": lambda z, w, m, r: z.sum(0) + np.mean(w),
    "products": lambda z, w, m, r: np.prod(z, axis=1) + np.cumprod(w, axis=0)[-1, :3],
    "var": lambda z, w, m, r: np.var(z, axis=0),
    "std": lambda z, w, m, r: np.std(z),
    "vdot": lambda z, w, m, r: np.vdot(z, w),
    "vecdot": lambda z, w, m, r: np.vecdot(z, w),
    "convolve": lambda z, w, m, r: np.convolve(z[0], w[0]),
    "correlate": lambda z, w, m, r: np.correlate(z[0], w[0, :2]),
    "concatenate with real numbers": lambda z, w, m, r: np.sqrt(np.concatenate([-r, z])),
    "where": lambda z, w, m, r: np.where(R > 1, z, r) * np.where(z.real > 0, 1.0, 1j),
    "equal": lambda z, w, m, r: np.where(z == w, 0, z) + np.where(z != 0, w, 1),
    "zeros that are written into": lambda z, w, m, r: filled(np.zeros(z.shape, complex), r, w),
    "zeros_like": lambda z, w, m, r: filled(np.zeros_like(z), r, w),
    "zeros_like of another dtype": lambda z, w, m, r: filled(np.zeros_like(r, dtype=complex), r, w),
    "full": lambda z, w, m, r: np.full(3, z[0, 0]) + np.full(3, 2j),
    "a part that is set": lambda z, w, m, r: with_parts(z.copy(), r),
    "pad": lambda z, w, m, r: np.pad(z, 1),
    "inv": lambda z, w, m, r: np.linalg.inv(m),
    "solve": lambda z, w, m, r: np.linalg.solve(m, z),
    "det": lambda z, w, m, r: np.linalg.det(m),
    "slogdet": lambda z, w, m, r: np.linalg.slogdet(m)[1] + np.linalg.slogdet(m)[0],
    "cholesky": lambda z, w, m, r: np.linalg.cholesky(m @ m.conj().T),
    "norm": lambda z, w, m, r: np.linalg.norm(z) + np.linalg.norm(w, axis=1) + np.linalg.norm(m, ord=1, axis=0),
    "matrix norm": lambda z, w, m, r: np.linalg.norm(m, "fro") + np.linalg.norm(m, 1) + np.linalg.norm(m, np.inf),
    "lstsq": lambda z, w, m, r: np.linalg.lstsq(m.real[:, :2], z, rcond=None)[0],
    "residuals of lstsq": lambda z, w, m, r: np.linalg.lstsq(m.real[:, :2], z, rcond=None)[1],
}
TABLE = [pytest.param(f, id=name) for name, f in CALLS.items()]


def filled(target: Any, r: Any, w: Any) -> Any:
    target[0] = r[0]
    target[1:] = w[1:]
    target[1] *= 2j
    return np.sqrt(target)


def with_parts(z: Any, r: Any) -> Any:
    z.real = r
    z.imag = 2 * z.imag
    return z


def in_balls(function: Callable[..., Any], args: Any, tangents: Any) -> Lifted:
    system = Balls(tangents=True)
    with lifting(system) as rewrite:
        return lifted(system, rewrite(function)(*map(system.exact, args, tangents))).materialise()


@pytest.mark.parametrize("function", TABLE)
def test_a_complex_value_that_differs_from_floats(function: Callable[..., Any]) -> None:
    args = (Z, W, M, R)
    ours, theirs = np.asarray(function(*args)), in_balls(function, args, [None] * 4)
    np.testing.assert_allclose(midpoints(theirs.value), ours, rtol=1e-12, atol=1e-12)
    assert theirs.dtype == ours.dtype


@pytest.mark.parametrize("phase", [1, 1j])
@pytest.mark.parametrize("function", TABLE)
def test_a_complex_tangent_that_differences_refute(function: Callable[..., Any], phase: complex) -> None:
    args, step = (Z, W, M, R), 1e-6
    tangents = [phase * a[::-1] if np.iscomplexobj(a) else a[::-1] for a in args]
    theirs = in_balls(function, args, tangents).companion
    after, before = (
        np.asarray(function(*(a + sign * step * v for a, v in zip(args, tangents, strict=True)))) for sign in (1, -1)
    )
    np.testing.assert_allclose(midpoints(theirs), (after - before) / (2 * step), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("side", [1, -1])
def test_the_modulus_at_0_is_a_kink_with_the_slope_of_the_direction(side: int) -> None:
    system = Balls(tangents=True)
    found: Any = np.abs(system.exact(np.array([0j, 3 + 4j]), side * np.array([3 - 4j, 1j])))
    np.testing.assert_allclose(midpoints(found.companion), [5.0, side * 0.8])
    assert system.ties == 1


def test_a_root_on_its_branch_cut_is_that_of_floats() -> None:
    found: Any = np.sqrt(Balls().exact(np.array([-4 + 0j])))
    assert complex(found.value[0]) == 2j
