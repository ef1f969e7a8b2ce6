"""Derivatives of eigenvalues and eigenvectors.

A symmetric matrix is the symmetric part of its argument, so that only symmetric steps move it and cotangents are
symmetric.  The sign of a vector is that of its product with the parameter `near`, the vector at the point.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, Spec, invertible, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.factorizations import apart, orthonormal, square, symmetric
from reference.identities.powers import small_eigenvalues

COOKBOOK = "Petersen & Pedersen 2012"
GILES = "Giles 2008, section 3.1"


def real_spectrum(letter: str = "n", first: float = 1.0) -> Spec:
    """A matrix that is not symmetric, with eigenvalues near 1, 2, 3, ..., times the first."""

    def make(rng: Generator, draw: Draw) -> Array:
        n = draw.size(letter)
        Q = orthonormal(rng, n, n) + rng.uniform(-0.15, 0.15, (n, n))
        return np.asarray(np.round(Q * np.arange(1, n + 1) * first @ np.linalg.inv(Q), 3))

    return made(make, f"eigenvalues near {first:g}, {2 * first:g}, ..., not symmetric ({letter} {letter})")


def eigenvectors(x: Array) -> Array:
    """The eigenvectors of the symmetric part, every other one turned round."""
    v = np.linalg.eigh(symmetric(x))[1]
    return np.asarray(v * (-1.0) ** np.arange(len(v)))


def oriented(v: Array, near: Array) -> Any:
    """The columns of v, each with the sign of that of `near`."""
    return v * np.sign((v * near).sum(0))


def symbolic_pairs(sympy: Any, s: Any, near: Array) -> Any:
    """Eigenvalues, ascending, and eigenvectors near those of `near`, of a symmetric matrix of one or two rows."""
    if len(s) == 1:
        return [s[0, 0]], np.array([[sympy.Integer(int(np.sign(near[0, 0])))]])
    a, b, d = s[0, 0], s[0, 1], s[1, 1]
    radius = sympy.sqrt((a - d) ** 2 / 4 + b**2)
    values = [(a + d) / 2 - radius, (a + d) / 2 + radius]
    # (b, λ - a) has the sign of b in front, and b that of the product of the second eigenvector's entries.
    signs = np.sign(near[0] * near[0, 1] * near[1, 1]).astype(int)
    columns = [[sign * b, sign * (w - a)] for sign, w in zip(signs, values, strict=True)]
    return values, np.array([[x / sympy.sqrt(x**2 + y**2), y / sympy.sqrt(x**2 + y**2)] for x, y in columns]).T


@rule(
    domain=dict(X=real("n n")),
    jax=lambda jax, X: jax.numpy.sum(jax.numpy.linalg.eigvals(X)).real,
    sympy=lambda sympy, X: sum(small_eigenvalues(sympy, X)),
    source=f"eig-sum-product: {COOKBOOK}, eq. 65",
)
def sum_of_eigenvalues(X: Array) -> Pulled:
    """Σ λ_i(X) = tr X.  (n, n) -> ()

    dX = I.
    """
    return np.trace(X), lambda dy: dy * np.eye(len(X), dtype=X.dtype)


@rule(
    domain=dict(X=invertible("n")),
    jax=lambda jax, X: jax.numpy.prod(jax.numpy.linalg.eigvals(X)).real,
    sympy=lambda sympy, X: sympy.expand(sympy.prod(small_eigenvalues(sympy, X))),
    source=f"eig-sum-product: {COOKBOOK}, eq. 66",
)
def product_of_eigenvalues(X: Array) -> Pulled:
    """Π λ_i(X) = det X, X invertible.  (n, n) -> ()

    dX = det(X) X⁻ᵀ.
    """
    y = np.linalg.det(X)
    return y, lambda dy: dy * y * np.linalg.inv(X).T


@rule(
    domain=dict(A=made(square)),
    jax=lambda jax, A: jax.numpy.linalg.eigvalsh(A),
    sympy=lambda sympy, A: np.array(symbolic_pairs(sympy, symmetric(A), np.ones(A.shape))[0]),
    source=f"eigh-value: {COOKBOOK}, eq. 67; {GILES}",
    normwise=True,
)
def eigenvalues_of_symmetric(A: Array) -> Pulled:
    """λ_i of the symmetric part of A, ascending and distinct.  (n, n) -> (n)

    dλ_i = v_iᵀ dA v_i: dA = Σ dy_i v_i v_iᵀ.  Its error is that of LAPACK, relative to the largest entry.
    """
    values, v = np.linalg.eigh(symmetric(A))
    return values, lambda dy: (v * dy) @ v.T


# The line A + t E; near: the eigenvectors where it is looked at.
LINE = dict(
    t=real("", -0.1, 0.1),
    A=made(square),
    E=real("n n", -0.5, 0.5),
    near=made(lambda t, A, E: eigenvectors(A + t * E), "the eigenvectors, some turned round (n n)"),
)


@rule(
    domain=LINE,
    jax=lambda jax, t, *, A, E, near: oriented_by_jax(jax, jax.numpy.linalg.eigh(symmetric(A + t * E))[1], near),
    sympy=lambda sympy, t, *, A, E, near: symbolic_pairs(sympy, symmetric(A + t * E), near)[1],
    source=f"eigh-vector: {COOKBOOK}, eq. 68",
    normwise=True,
)
def eigenvectors_along_line(t: Array, *, A: Array, E: Array, near: Array) -> Pulled:
    """v_i of S + t D, the symmetric parts of A and E, of length 1.  () -> (n, n)

    dv_i/dt = (λ_i I - S - t D)⁺ D v_i; M⁺ = (M + v vᵀ)⁻¹ - v vᵀ where M v = 0.  Error as for
    `eigenvalues_of_symmetric`.
    """
    S, D = symmetric(A + t * E), symmetric(E)
    values, v = np.linalg.eigh(S)
    v = oriented(v, near)

    def pullback(dy: Array) -> Any:
        unit, total = np.eye(len(S), dtype=S.dtype), np.zeros_like(t)
        for i in range(len(S)):
            projector = np.outer(v[:, i], v[:, i])
            pseudoinverse = np.linalg.inv(values[i] * unit - S + projector) - projector
            total = total + dy[:, i] @ pseudoinverse @ D @ v[:, i]
        return total

    return v, pullback


def oriented_by_jax(jax: Any, v: Any, near: Any) -> Any:
    """The columns of v with the signs of those of `near`, in jax."""
    return v * jax.numpy.sign((v * near).sum(0))


@rule(
    domain=dict(A=made(square), near=made(lambda A: eigenvectors(A), "the eigenvectors, some turned round (n n)")),
    jax=lambda jax, A, *, near: eigh_by_jax(jax, A, near),
    sympy=lambda sympy, A, *, near: tuple(map(np.array, symbolic_pairs(sympy, symmetric(A), near))),
    source=f"eigh-vjp: {GILES}",
    normwise=True,
)
def symmetric_eigenproblem(A: Array, *, near: Array) -> Pulled:
    """λ, ascending and distinct, and V of V diag(λ) Vᵀ = (A + Aᵀ) / 2.  (n, n) -> (n), (n, n)

    dA = the symmetric part of V (diag(dλ) + F ∘ (Vᵀ dV)) Vᵀ, F_ij = 1 / (λ_j - λ_i), F_ii = 0.  Error as above.
    """
    values, v = np.linalg.eigh(symmetric(A))
    v = oriented(v, near)

    def pullback(dy: tuple[Array, Array]) -> Any:
        dvalues, dv = dy
        return symmetric(v @ (np.diag(dvalues) + apart(values) * (v.T @ dv)) @ v.T)

    return (values, v), pullback


def eigh_by_jax(jax: Any, A: Any, near: Any) -> Any:
    """Eigenvalues and eigenvectors by jax."""
    values, v = jax.numpy.linalg.eigh(A)
    return values, oriented_by_jax(jax, v, near)


@rule(
    domain=dict(A=real_spectrum("n")),
    jax=lambda jax, A: jax.numpy.sort(jax.numpy.linalg.eigvals(A).real),
    sympy=lambda sympy, A: np.array(small_eigenvalues(sympy, A)[::-1]),
    source="eig-value-general: derived",
    normwise=True,
)
def real_eigenvalues(A: Array) -> Pulled:
    """λ_i of A, not symmetric, real, ascending and simple.  (n, n) -> (n)

    dA = Σ dy_i w_i v_iᵀ / (w_iᵀ v_i), A v_i = λ_i v_i, w_iᵀ A = λ_i w_iᵀ.  Error as for `eigenvalues_of_symmetric`.
    The pullback keeps v and w.
    """
    values, v = np.linalg.eig(A)
    order = values.argsort()
    v = v[:, order]
    w = np.linalg.inv(v).T
    return values[order], lambda dy: (w * dy / (w * v).sum(0)) @ v.T
