"""The functions of scipy.linalg, which ask no array what it is, on exact numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.lifted import factors, linalg, norms, spectral
from gradcheck.lifted.array import NotLiftable, System, lifted
from gradcheck.lifted.linalg import Function
from gradcheck.results import Array

# Arguments that change how scipy computes and not what.
HOW = frozenset(("overwrite_a", "overwrite_b", "check_finite", "lwork", "lapack_driver", "driver"))


def plain(function: Function) -> Function:
    """`function` of the arguments that say what to compute.  Raises NotLiftable for those that it does not know."""
    known = function.__code__.co_varnames[: function.__code__.co_argcount + function.__code__.co_kwonlyargcount]

    def implementation(system: System, *args: Any, **kwargs: Any) -> Any:
        kwargs = {k: v for k, v in kwargs.items() if k not in HOW}
        unknown = [k for k in kwargs if k not in known]
        if unknown:
            raise NotLiftable(f"scipy.linalg.{function.__name__} with {', '.join(unknown)} is not known to balls")
        return function(system, *args, **kwargs)

    return implementation


def cholesky(system: System, a: Any, lower: bool = False) -> Any:
    """scipy.linalg.cholesky."""
    return linalg.cholesky(factors.matrix(system, a), upper=not lower)


def qr(system: System, a: Any, *, mode: str = "full", pivoting: bool = False) -> Any:
    """scipy.linalg.qr without pivoting."""
    if pivoting:
        raise NotLiftable("scipy.linalg.qr with pivoting chooses columns: use np.linalg.qr")
    q, r = factors.qr(factors.matrix(system, a), "reduced" if mode == "economic" else "complete")
    return (r,) if mode == "r" else (q, r)


def eigh(system: System, a: Any, *, lower: bool = True, eigvals_only: bool = False) -> Any:
    """scipy.linalg.eigh, by another routine of LAPACK than NumPy's: its signs are others, and may jump nearby."""
    import scipy.linalg

    def lapack(near: Array, uplo: str) -> Any:
        return scipy.linalg.eigh(near, lower=uplo == "L")

    a, uplo = factors.matrix(system, a), "L" if lower else "U"
    return spectral.eigvalsh(a, uplo) if eigvals_only else tuple(spectral.eigh(a, uplo, lapack=lapack))


def eigvalsh(system: System, a: Any, *, lower: bool = True) -> Any:
    """scipy.linalg.eigvalsh."""
    return spectral.eigvalsh(factors.matrix(system, a), "L" if lower else "U")


def svd(system: System, a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """scipy.linalg.svd."""
    found = spectral.svd(factors.matrix(system, a), full_matrices, compute_uv)
    return tuple(found) if compute_uv else found


def lstsq(system: System, a: Any, b: Any, cond: Any = None) -> Any:
    """scipy.linalg.lstsq."""
    return factors.lstsq(system, a, b, cond)


def pinv(system: System, a: Any, *, rtol: Any = None) -> Any:
    """scipy.linalg.pinv of a matrix of full rank."""
    return factors.pinv(factors.matrix(system, a), rtol=rtol)


def norm(system: System, a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002
    """scipy.linalg.norm."""
    return norms.norm(system, a, ord, axis, keepdims)


def solve(system: System, a: Any, b: Any, *, assume_a: str = "gen", lower: bool = False) -> Any:
    """scipy.linalg.solve; a symmetric matrix is read from one triangle."""
    a = factors.matrix(system, a)
    if assume_a in ("sym", "pos", "symmetric", "positive definite"):
        a = spectral.triangle(a, "L" if lower else "U")
    elif assume_a not in (None, "gen", "general"):
        raise NotLiftable(f"scipy.linalg.solve with assume_a={assume_a!r} is not known to exact arithmetic")
    return linalg.solve(a, lifted(system, b))


TABLE: dict[str, Function] = {
    **{f.__name__: plain(f) for f in (cholesky, qr, eigh, eigvalsh, svd, lstsq, pinv, norm, solve)},
    **{f.__name__: f for f in (factors.solve_triangular, factors.cho_solve, factors.cho_factor)},
    "inv": plain(lambda system, a: np.linalg.inv(factors.matrix(system, a))),
    "det": plain(lambda system, a: np.linalg.det(factors.matrix(system, a))),
    "svdvals": plain(lambda system, a: spectral.svdvals(factors.matrix(system, a))),
    "expm": linalg.batched(lambda a: spectral.expm(a.system, a)),
}
