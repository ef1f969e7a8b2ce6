"""Derivatives by the free entries of symmetric and skew matrices.

G is the derivative with all entries independent.  What stands below the diagonal of a symmetric matrix is not read: its
parameters are X_ij, i ≤ j, an off-diagonal one moves two entries, and the cotangent is that of the upper triangle.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, made, real, spd
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

COOKBOOK = "Petersen & Pedersen 2012"
MINKA = "Minka 2000, section 1"
SUBSPACE = "Srinivasan & Panda 2019, arXiv:1911.06491"


def mirrored(X: Any) -> Any:
    """The symmetric matrix that has the upper triangle of X."""
    return np.triu(X) + np.triu(X, 1).T


def by_free_entries(G: Array) -> Any:
    """G + Gᵀ - G ∘ I in the upper triangle, where the free entries of a symmetric matrix stand."""
    return np.triu(G + G.T - G * np.eye(len(G), dtype=G.dtype))


def weighted_sines(numpy: Any, X: Any, C: Any) -> Any:
    """f(X) = Σ C_ij sin X_ij, whose derivative with independent entries, C ∘ cos X, may be any matrix."""
    return (C * numpy.sin(X)).sum()


def symbolic_sines(sympy: Any, X: Any, C: Any) -> Any:
    """Σ C_ij sin X_ij by sympy."""
    return (C * np.frompyfunc(sympy.sin, 1, 1)(X)).sum()


def symmetric_by_jax(jax: Any, X: Any) -> Any:
    """The symmetric matrix that has the upper triangle of X, in jax."""
    above = jax.numpy.triu(X, 1)
    return above + above.T + jax.numpy.diag(jax.numpy.diag(X))


def symmetric_by_sympy(sympy: Any, X: Any) -> Any:
    """The symmetric sympy matrix that has the upper triangle of X."""
    return sympy.Matrix(*X.shape, lambda i, j: X[min(i, j), max(i, j)])


@rule(
    domain=dict(X=real("n n"), C=real("n n")),
    jax=lambda jax, X, *, C: weighted_sines(jax.numpy, symmetric_by_jax(jax, X), C),
    sympy=lambda sympy, X, *, C: symbolic_sines(sympy, np.array(symmetric_by_sympy(sympy, X)), C),
    source=f"sym-chain-rule: {COOKBOOK}, eq. 138; {MINKA}",
)
def function_of_symmetric(X: Array, *, C: Array) -> Pulled:
    """f(X), f = Σ C_ij sin X_ij, by X_ij, i ≤ j.  (n, n) -> ()

    dX = G + Gᵀ - G ∘ I.
    """
    S = mirrored(X)
    return weighted_sines(np, S, C), lambda dy: dy * by_free_entries(C * np.cos(S))


@rule(
    domain=dict(X=real("n n"), A=real("n n")),
    jax=lambda jax, X, *, A: jax.numpy.trace(A @ symmetric_by_jax(jax, X)),
    sympy=lambda sympy, X, *, A: (sympy.Matrix(A) * symmetric_by_sympy(sympy, X)).trace(),
    source=f"sym-chain-rule: {COOKBOOK}, eq. 139",
)
def trace_with_symmetric(X: Array, *, A: Array) -> Pulled:
    """tr(A X) by X_ij, i ≤ j.  (n, n) -> ()

    dX = A + Aᵀ - A ∘ I.
    """
    return np.trace(A @ mirrored(X)), lambda dy: dy * by_free_entries(A)


@rule(
    domain=dict(X=spd("n")),
    jax=lambda jax, X: jax.numpy.linalg.det(symmetric_by_jax(jax, X)),
    sympy=lambda sympy, X: symmetric_by_sympy(sympy, X).det(),
    source=f"sym-det-logdet: {COOKBOOK}, eq. 140; {MINKA}",
)
def det_of_symmetric(X: Array) -> Pulled:
    """det X by X_ij, i ≤ j.  (n, n) -> ()

    dX = det(X) (2 X⁻¹ - X⁻¹ ∘ I).  The pullback keeps the whole matrix, both its triangles.
    """
    S = mirrored(X)
    y = np.linalg.det(S)

    def pullback(dy: Array) -> Any:
        inverse = np.linalg.inv(S)
        return dy * y * np.triu(2 * inverse - inverse * np.eye(len(X), dtype=X.dtype))

    return y, pullback


@rule(
    domain=dict(X=spd("n")),
    jax=lambda jax, X: jax.numpy.linalg.slogdet(symmetric_by_jax(jax, X))[1],
    sympy=lambda sympy, X: sympy.log(symmetric_by_sympy(sympy, X).det()),
    source=f"sym-det-logdet: {COOKBOOK}, eq. 141; {MINKA}",
)
def log_det_of_symmetric(X: Array) -> Pulled:
    """log det X by X_ij, i ≤ j, det X > 0.  (n, n) -> ()

    dX = 2 X⁻¹ - X⁻¹ ∘ I.  The pullback keeps the whole matrix, both its triangles.
    """
    S = mirrored(X)

    def pullback(dy: Array) -> Any:
        inverse = np.linalg.inv(S)
        return dy * np.triu(2 * inverse - inverse * np.eye(len(X), dtype=X.dtype))

    return np.linalg.slogdet(S)[1], pullback


@rule(
    domain=dict(X=spd("n")),
    jax=lambda jax, X: jax.numpy.linalg.inv(symmetric_by_jax(jax, X)),
    sympy=lambda sympy, X: np.array(symmetric_by_sympy(sympy, X).inv()),
    source=f"sym-inverse-entry: {COOKBOOK}, eq. 138 with 60",
)
def inverse_of_symmetric(X: Array) -> Pulled:
    """Y = X⁻¹ by X_ij, i ≤ j.  (n, n) -> (n, n)

    dY/dX_ij = -Y S^ij Y with S^ij = J^ij + J^ji, but J^ii for i = j.
    """
    Y = np.linalg.inv(mirrored(X))

    def pullback(dy: Array) -> Any:
        J = np.eye(X.size, dtype=X.dtype).reshape(X.shape + X.shape)
        S = J + J.swapaxes(0, 1) - J * np.eye(len(X), dtype=X.dtype)[:, :, None, None]
        return np.triu(-(dy * (Y @ S @ Y)).sum((-2, -1)))

    return Y, pullback


@rule(
    domain=dict(X=spd("n"), a=real("n"), b=real("n")),
    jax=lambda jax, X, *, a, b: a @ jax.numpy.linalg.solve(symmetric_by_jax(jax, X), b),
    sympy=lambda sympy, X, *, a, b: a @ np.array(symmetric_by_sympy(sympy, X).inv()) @ b,
    source=f"sym-inverse-entry: {COOKBOOK}, eq. 138 with 61",
)
def form_of_symmetric_inverse(X: Array, *, a: Array, b: Array) -> Pulled:
    """aᵀ X⁻¹ b by X_ij, i ≤ j.  (n, n) -> ()

    dX = -(u vᵀ + v uᵀ - (u vᵀ) ∘ I), u = X⁻¹ a, v = X⁻¹ b.
    """
    S = mirrored(X)
    u, v = np.linalg.solve(S, a), np.linalg.solve(S, b)
    return a @ v, lambda dy: -dy * by_free_entries(np.outer(u, v))


@rule(
    domain=dict(X=real("n n"), C=real("n n")),
    jax=lambda jax, X, *, C: weighted_sines(jax.numpy, (X + X.T) / 2, C),
    sympy=lambda sympy, X, *, C: symbolic_sines(sympy, (X + X.T) / 2, C),
    source=f"sym-gradient-in-subspace: {SUBSPACE}",
)
def function_among_symmetric(X: Array, *, C: Array) -> Pulled:
    """f(S), S = (X + Xᵀ) / 2, f = Σ C_ij sin S_ij: only the symmetric part of a step moves it.  (n, n) -> ()

    dX = (G + Gᵀ) / 2: the symmetric P with df = tr(Pᵀ dX) for every symmetric dX.
    """
    S = (X + X.T) / 2
    G = C * np.cos(S)
    return weighted_sines(np, S, C), lambda dy: dy * (G + G.T) / 2


def lower_entries(rng: Generator, draw: Draw) -> Array:
    """the columns of a lower triangle (n (n + 1) / 2)"""
    n = draw.size("n")
    return np.asarray(np.round(rng.uniform(-3, 3, n * (n + 1) // 2), 3))


def duplication(n: int, like: Array) -> Array:
    """D, with vec(X) = D vech(X) for every symmetric X of n rows.  (n n, n (n + 1) / 2)"""
    rows, columns = np.triu_indices(n)
    # vech stacks the columns of the lower triangle, which are the rows of the upper one.
    number = np.zeros((n, n), int)
    number[rows, columns] = number[columns, rows] = np.arange(rows.size)
    return np.eye(rows.size, dtype=like.dtype)[number.T.ravel()]


@rule(
    domain=dict(v=made(lower_entries), C=real("n n")),
    jax=lambda jax, v, *, C: weighted_sines(jax.numpy, symmetric_by_jax(jax, upper_by_jax(jax, v, len(C))), C),
    sympy=lambda sympy, v, *, C: sum(
        C[i, j] * sympy.sin(v[k])
        for k, (a, b) in enumerate(zip(*np.triu_indices(len(C)), strict=True))
        for i, j in {(a, b), (b, a)}
    ),
    source="sym-vech: Minka 2000, section 8",
)
def function_of_vech(v: Array, *, C: Array) -> Pulled:
    """f(X), f = Σ C_ij sin X_ij, v = vech(X) the columns of the lower triangle of X = Xᵀ.  (n (n + 1) / 2) -> ()

    dv = Dᵀ vec(G), D the duplication matrix: vec(X) = D vech(X).  The pullback keeps D.
    """
    D = duplication(len(C), v)
    X = (D @ v).reshape(C.shape).T
    return weighted_sines(np, X, C), lambda dy: dy * (D.T @ (C * np.cos(X)).T.ravel())


def upper_by_jax(jax: Any, v: Any, n: int) -> Any:
    """The upper triangle whose rows are v."""
    return jax.numpy.zeros((n, n)).at[jax.numpy.triu_indices(n)].set(v)


@rule(
    domain=dict(X=real("n n"), C=real("n n")),
    jax=lambda jax, X, *, C: weighted_sines(jax.numpy, jax.numpy.tril(X, -1) - jax.numpy.tril(X, -1).T, C),
    sympy=lambda sympy, X, *, C: sum((C[i, j] - C[j, i]) * sympy.sin(X[i, j]) for i in range(len(X)) for j in range(i)),
    source=f"skew: derived ({COOKBOOK}, eq. 133)",
)
def function_of_skew(X: Array, *, C: Array) -> Pulled:
    """f(X), f = Σ C_ij sin X_ij, X = -Xᵀ, by X_ij, i > j.  (n, n) -> ()

    dX = G - Gᵀ in the lower triangle, which is all that is read.
    """
    below = np.tril(X, -1)
    S = below - below.T
    G = C * np.cos(S)
    return weighted_sines(np, S, C), lambda dy: dy * np.tril(G - G.T, -1)
