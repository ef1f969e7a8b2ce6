"""Derivatives of determinants, of singular matrices too."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, Spec, choice, invertible, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.matrices import symmetric, tall

COOKBOOK = "Petersen & Pedersen 2012"


def singular(missing: int) -> Spec:
    """Integers; the rank is the number of rows less `missing`, or 0."""

    def make(rng: Generator, draw: Draw) -> Array:
        n = draw.size("n")
        left, right = rng.integers(1, 4, (2, n, max(n - missing, 0))) * rng.choice([-1.0, 1.0], (2, n, 1))
        # Unequal rows and columns, so that the rank is the number of terms.
        powers = np.arange(1.0, n + 1)[:, None] ** np.arange(left.shape[1])
        return np.asarray((left * powers) @ (right * powers).T)

    return made(make, f"integers of rank n - {missing} (n n)")


def expanded(X: Array) -> Any:
    """det X as the polynomial that it is, which singular matrices need: expanded by the first row."""
    if len(X) < 2:
        return X[0, 0] if len(X) else np.ones((), X.dtype)
    minors = [X[1:][:, [k for k in range(len(X)) if k != j]] for j in range(len(X))]
    return sum((-1) ** j * X[0, j] * expanded(minor) for j, minor in enumerate(minors))


def cofactors(X: Array) -> Array:
    """cof X: the signed determinants of X without one row and one column."""
    n = len(X)
    if n < 2:
        return np.ones_like(X)
    others = [[k for k in range(n) if k != i] for i in range(n)]
    minors = [[(-1) ** (i + j) * expanded(X[others[i]][:, others[j]]) for j in range(n)] for i in range(n)]
    return np.stack([np.stack(row) for row in minors])


@rule(
    domain=dict(X=invertible("n")),
    jax=lambda jax, X: jax.numpy.linalg.det(X),
    sympy=lambda sympy, X: sympy.Matrix(X).det(),
    source=f"det: {COOKBOOK}, eq. 49",
)
def determinant(X: Array) -> Pulled:
    """det X, X invertible.  (n, n) -> ()

    dX = det(X) X⁻ᵀ.
    """
    y = np.linalg.det(X)

    def pullback(dy: Array) -> Any:
        return dy * y * np.linalg.inv(X).T

    return y, pullback


@rule(
    domains={
        "any rank": dict(X=real("n n")),
        "rank n - 1": dict(X=singular(1)),
        "rank n - 2": dict(X=singular(2)),
    },
    jax=lambda jax, X: jax.numpy.sum(X[0] * jax.numpy.stack(first_cofactors(jax.numpy, X))),
    sympy=lambda sympy, X: sympy.Matrix(X).det(),
    source="det-cofactor: Wikipedia, Matrix calculus",
)
def determinant_by_cofactors(X: Array) -> Pulled:
    """det X, also of a singular X.  (n, n) -> ()

    dX = cof X: of rank 1 where X has rank n - 1, zero where it has less.
    """
    return expanded(X), lambda dy: dy * cofactors(X)


def first_cofactors(numpy: Any, X: Any) -> list[Any]:
    """The cofactors of the first row, by another library."""
    n = len(X)
    return [(-1) ** j * numpy.linalg.det(numpy.delete(X[1:], j, 1)) for j in range(n)] if n > 1 else [1.0]


@rule(
    domain=dict(t=real("n n"), X=real("n n")),
    jax=lambda jax, t, *, X: jax.numpy.linalg.det(with_row_added(jax.numpy, t, X)),
    sympy=lambda sympy, t, *, X: np.array(
        [[sympy.Matrix(m).det() for m in row] for row in with_row_added(np, t, X)], dtype=object
    ),
    source=f"det-cofactor: {COOKBOOK}, eqs. 47, 50",
)
def determinants_after_adding_rows(t: Array, *, X: Array) -> Pulled:
    """y_ij = det X after t_ij times its row j was added to its row i.  (n, n) -> (n, n)

    dt = det(X) I ∘ dy, which says that Σ_k (d det/dX_ik) X_jk = δ_ij det X.
    """
    unit = np.eye(len(X), dtype=X.dtype)
    return np.linalg.det(with_row_added(np, t, X)), lambda dy: np.linalg.det(X) * unit * dy


def with_row_added(numpy: Any, t: Any, X: Any) -> Any:
    """The matrices of all i and j, one after the other: X + t_ij e_i x_j.  (n, n), (n, n) -> (n, n, n, n)"""
    unit = numpy.eye(len(X), dtype=X.dtype)
    return X + t[:, :, None, None] * unit[:, None, :, None] * X[None, :, None, :]


@rule(
    domain=dict(A=invertible("n"), X=invertible("n"), B=invertible("n")),
    jax=lambda jax, A, X, B: jax.numpy.linalg.det(A @ X @ B),
    sympy=lambda sympy, A, X, B: sympy.Matrix(A).det() * sympy.Matrix(X).det() * sympy.Matrix(B).det(),
    source=f"det-axb: {COOKBOOK}, eq. 51",
)
def determinant_of_product(A: Array, X: Array, B: Array) -> Pulled:
    """det(A X B), all square.  (n, n), (n, n), (n, n) -> ()

    dX = det(A X B) X⁻ᵀ, and likewise for A and B.
    """
    y = np.linalg.det(A @ X @ B)
    return y, lambda dy: tuple(dy * y * np.linalg.inv(Z).T for Z in (A, X, B))


@rule(
    domain=dict(X=invertible("n"), A=real("n n")),
    jax=lambda jax, X, *, A: jax.numpy.linalg.det(X.T @ A @ X),
    sympy=lambda sympy, X, *, A: sympy.Matrix(X).det() ** 2 * sympy.Matrix(A).det(),
    source=f"det-xtax-square: {COOKBOOK}, eq. 52",
)
def determinant_of_square_form(X: Array, *, A: Array) -> Pulled:
    """det(Xᵀ A X), X square and invertible, A any.  (n, n) -> ()

    dX = 2 det(Xᵀ A X) X⁻ᵀ.
    """
    y = np.linalg.det(X.T @ A @ X)
    return y, lambda dy: dy * 2 * y * np.linalg.inv(X).T


@rule(
    domain=dict(X=tall("m", "n"), A=symmetric("m", shift=3.0)),
    jax=lambda jax, X, *, A: jax.numpy.linalg.det(X.T @ A @ X),
    sympy=lambda sympy, X, *, A: sympy.Matrix(X.T @ A @ X).det(),
    source=f"det-xtax-symmetric: {COOKBOOK}, eq. 53",
)
def determinant_of_symmetric_form(X: Array, *, A: Array) -> Pulled:
    """det(Xᵀ A X) for a symmetric A.  (m, n) -> ()

    dX = 2 y A X (Xᵀ A X)⁻¹.  The pullback keeps Xᵀ A X.
    """
    S = X.T @ A @ X
    y = np.linalg.det(S)
    return y, lambda dy: dy * 2 * y * (A @ X @ np.linalg.inv(S))


@rule(
    domain=dict(X=tall("m", "n"), A=invertible("m")),
    jax=lambda jax, X, A: jax.numpy.linalg.det(X.T @ A @ X),
    sympy=lambda sympy, X, A: sympy.Matrix(X.T @ A @ X).det(),
    source=f"det-xtax-general: {COOKBOOK}, eq. 54",
)
def det_of_form(X: Array, A: Array) -> Pulled:
    """det(Xᵀ A X).  (m, n), (m, m) -> ()

    dX = y (A X S⁻¹ + Aᵀ X S⁻ᵀ), dA = y X S⁻ᵀ Xᵀ, S = Xᵀ A X.  The pullback keeps S⁻¹.
    """
    S = X.T @ A @ X
    y, T = np.linalg.det(S), np.linalg.inv(S)

    def pullback(dy: Array) -> Any:
        return dy * y * (A @ X @ T + A.T @ X @ T.T), dy * y * (X @ T.T @ X.T)

    return y, pullback


@rule(
    domain=dict(X=invertible("n"), k=choice(-1, 3, 2, -2)),
    jax=lambda jax, X, *, k: jax.numpy.linalg.det(jax.numpy.linalg.matrix_power(X, k)),
    sympy=lambda sympy, X, *, k: sympy.Matrix(X).det() ** k,
    source=f"det-power: {COOKBOOK}, eqs. 58, 62",
)
def determinant_of_power(X: Array, *, k: int) -> Pulled:
    """det(X^k), k positive or negative.  (n, n) -> ()

    dX = k det(X^k) X⁻ᵀ; for k = -1 it is -det(X⁻¹) X⁻ᵀ.
    """
    y = np.linalg.det(np.linalg.matrix_power(X, k))
    return y, lambda dy: dy * k * y * np.linalg.inv(X).T
