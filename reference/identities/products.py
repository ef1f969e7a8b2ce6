"""Derivatives of products of matrices: matrix, Hadamard and Kronecker products, and what is added to every row."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import Draw, Generator, index, made, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

COOKBOOK = "Petersen & Pedersen 2012"
MINKA = "Minka 2000"


@rule(
    domain=dict(A=real("m k"), B=real("k n")),
    jax=lambda jax, A, B: jax.numpy.matmul(A, B),
    sympy=lambda sympy, A, B: np.array(sympy.Matrix(A) * sympy.Matrix(B)),
    source=f"matmul: {COOKBOOK}, eq. 37; Giles 2008, section 2.2.2",
)
def product(A: Array, B: Array) -> Pulled:
    """A B.  (m, k), (k, n) -> (m, n)

    dA = dy Bᵀ, dB = Aᵀ dy.
    """
    return A @ B, lambda dy: (dy @ B.T, A.T @ dy)


@rule(
    domain=dict(A=real("m n"), B=real("m n")),
    jax=lambda jax, A, B: jax.numpy.multiply(A, B),
    sympy=lambda sympy, A, B: np.array(sympy.matrix_multiply_elementwise(sympy.Matrix(A), sympy.Matrix(B))),
    source=f"hadamard-product: {COOKBOOK}, eq. 38; {MINKA}, section 5",
)
def hadamard_product(A: Array, B: Array) -> Pulled:
    """A ∘ B.  (m, n), (m, n) -> (m, n)

    dA = dy ∘ B, dB = dy ∘ A.
    """
    return A * B, lambda dy: (dy * B, dy * A)


@rule(
    domain=dict(X=real("m n"), W=real("m n"), Y=real("m n")),
    jax=lambda jax, X, *, W, Y: jax.numpy.linalg.norm(W * (X - Y)) ** 2 / 2,
    sympy=lambda sympy, X, *, W, Y: ((W * (X - Y)) ** 2).sum() / 2,
    source=f"hadamard-product: {MINKA}, section 5",
)
def weighted_squared_distance(X: Array, *, W: Array, Y: Array) -> Pulled:
    """‖W ∘ (X - Y)‖_F² / 2.  (m, n) -> ()

    dX = W ∘ W ∘ (X - Y).
    """
    return ((W * (X - Y)) ** 2).sum() / 2, lambda dy: dy * W * W * (X - Y)


@rule(
    domain=dict(x=real("m"), A=real("m n"), B=real("m n"), y=real("n")),
    jax=lambda jax, x, A, B, y: jax.numpy.trace(jax.numpy.diag(x) @ A @ jax.numpy.diag(y) @ B.T),
    sympy=lambda sympy, x, A, B, y: (sympy.diag(*x) * sympy.Matrix(A) * sympy.diag(*y) * sympy.Matrix(B).T).trace(),
    source=f"hadamard-product: {MINKA}, section 5",
)
def hadamard_form(x: Array, A: Array, B: Array, y: Array) -> Pulled:
    """xᵀ (A ∘ B) y = tr(diag(x) A diag(y) Bᵀ).  (m), (m, n), (m, n), (n) -> ()

    dx = (A ∘ B) y, dA = (x yᵀ) ∘ B, dB = (x yᵀ) ∘ A, dy = (A ∘ B)ᵀ x.  The pullback keeps A ∘ B and x yᵀ.
    """
    both, outer = A * B, np.outer(x, y)
    return x @ both @ y, lambda g: (g * (both @ y), g * outer * B, g * outer * A, g * (both.T @ x))


@rule(
    domain=dict(X=real("m n"), Y=real("p q")),
    jax=lambda jax, X, Y: jax.numpy.kron(X, Y),
    sympy=lambda sympy, X, Y: np.array(sympy.kronecker_product(sympy.Matrix(X), sympy.Matrix(Y))),
    source=f"kron-product: {COOKBOOK}, eq. 39; {MINKA}, section 2",
)
def kronecker_product(X: Array, Y: Array) -> Pulled:
    """X ⊗ Y; the block (i, j) of its cotangent is G^(ij).  (m, n), (p, q) -> (mp, nq)

    dX_ij = tr((G^(ij))ᵀ Y), dY = Σ_ij X_ij G^(ij).
    """
    (m, n), (p, q) = X.shape, Y.shape

    def pullback(dy: Array) -> Any:
        G = dy.reshape(m, p, n, q)
        return (G * Y[:, None]).sum((1, 3)), (G * X[:, None, :, None]).sum((0, 2))

    return np.kron(X, Y), pullback


@rule(
    domain=dict(X=real("m n"), b=real("n"), c=real("m")),
    jax=lambda jax, X, b, c: (
        X + jax.numpy.outer(jax.numpy.ones(len(c)), b) + jax.numpy.outer(c, jax.numpy.ones(len(b)))
    ),
    sympy=lambda sympy, X, b, c: np.array(sympy.Matrix(*X.shape, lambda i, j: X[i, j] + b[j] + c[i])),
    source="broadcast-add: derived",
)
def rows_and_columns_added(X: Array, b: Array, c: Array) -> Pulled:
    """X + 1 bᵀ + c 1ᵀ.  (m, n), (n), (m) -> (m, n)

    dX = dy, db = dyᵀ 1, dc = dy 1.
    """
    return X + b + c[:, None], lambda dy: (dy.copy(), dy.sum(0), dy.sum(1))


def permutation(letter: str) -> Any:
    """A permutation matrix; from 3 rows on it turns them in a circle, which is not its own inverse."""

    def make(rng: Generator, draw: Draw) -> Array:
        n = draw.size(letter)
        order = rng.permutation(n)
        P = np.zeros((n, n))
        P[order, np.roll(order, 1)] = 1.0
        return P

    return made(make, f"a cyclic permutation ({letter} {letter})")


@rule(
    domain=dict(X=real("m n"), P=permutation("m"), Q=permutation("n")),
    jax=lambda jax, X, *, P, Q: X[jax.numpy.argmax(P, 1)][:, jax.numpy.argmax(Q, 0)],
    sympy=lambda sympy, X, *, P, Q: X[P.argmax(1)][:, Q.argmax(0)],
    source="permutation-gather: derived",
)
def rows_and_columns_permuted(X: Array, *, P: Array, Q: Array) -> Pulled:
    """P X Q, permutation matrices P and Q.  (m, n) -> (m, n)

    dX = Pᵀ dy Qᵀ.
    """
    return P @ X @ Q, lambda dy: P.T @ dy @ Q.T


@rule(
    domain=dict(X=real("m n"), rows=index("m", "k")),
    jax=lambda jax, X, *, rows: jax.numpy.take(X, rows, axis=0),
    sympy=lambda sympy, X, *, rows: np.array(sympy.Matrix(X).extract(rows.tolist(), list(range(X.shape[1])))),
    source="permutation-gather: derived",
)
def rows_gathered(X: Array, *, rows: Array) -> Pulled:
    """X[rows], rows may repeat.  (m, n) -> (k, n)

    Row i of dX is the sum of all dy_k with rows_k = i.
    """

    def pullback(dy: Array) -> Any:
        picked = rows == np.arange(len(X))[:, None]
        return picked.astype(dy.dtype) @ dy

    return X[rows], pullback
