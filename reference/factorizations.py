"""Factorizations of matrices, what is solved with them, and functions of their eigenvalues and singular values.

A symmetric argument is symmetrised inside its rule, s = (x + xᵀ) / 2, so that each entry of x has a derivative of its
own; dx is symmetric.  Signs of vectors are those of LAPACK: they are constant nearby, and no pullback depends on them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.linalg import cho_solve as solve_by_cholesky
from scipy.linalg import solve_triangular

from gradcheck.domains import Draw, Generator, choice, made, real, spd
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.matrices import matrices, shifted
from reference.squaring import exponential, moved_exponential

GILES = "Giles 2008"
SEEGER = "Seeger, Hetzel, Dai, Meissner & Lawrence 2017, arXiv:1710.08717"


# `normwise`: LAPACK answers for inputs that are off by a few ULPs of their largest entry (Higham 2002, section 1.5 and
# chapters 19 to 21), so that digits of a small one beside it may be lost.

# What LAPACK's singular vectors are off by, and all that is made of them: of 120 drawn points the worst was 48.
OF_SVD = 8 * 16.0
# scipy.linalg.expm (1.17) is off by 230 ULPs of the norm at the 3 × 3 matrix of ones, by 510 at twice that, and so on.
OF_EXPM = 4096.0


def orthonormal(rng: Generator, *shape: int) -> Array:
    """Matrices with orthonormal columns."""
    return np.asarray(np.linalg.qr(rng.normal(size=shape))[0])


def square(rng: Generator, draw: Draw) -> Array:
    """A matrix that is not symmetric; its symmetric part has distinct eigenvalues (n n)."""
    n = draw.size("n")
    v, skew = orthonormal(rng, n, n), np.triu(rng.uniform(-0.5, 0.5, (n, n)), 1)
    return np.round((v * apart_from_zero(n)) @ v.T + skew - skew.T, 3)


def apart_from_zero(n: int) -> Array:
    """1, -2, 3, ...: distinct eigenvalues, and distinct sizes of them."""
    return np.arange(1, n + 1) * (-1.0) ** np.arange(n)


def squares(rng: Generator, draw: Draw) -> Array:
    """Matrices whose symmetric parts have distinct eigenvalues (b n n)."""
    return np.stack([square(rng, draw) for _ in range(draw.size("b"))])


def tall(rng: Generator, draw: Draw) -> Array:
    """A matrix of full column rank with distinct singular values, more rows than columns (n k)."""
    k = draw.size("k")
    return np.round((orthonormal(rng, k + 1, k) * np.arange(1, k + 1)) @ orthonormal(rng, k, k).T, 3)


def wide(rng: Generator, draw: Draw) -> Array:
    """A matrix of full row rank with distinct singular values, more columns than rows (n k)."""
    return tall(rng, draw).T.copy()


def sides(rng: Generator, a: Array) -> Array:
    """Two right sides of a x = b (n m)."""
    return np.round(rng.uniform(-2, 2, (len(a), 2)), 3)


def factor(rng: Generator, draw: Draw) -> Array:
    """A square matrix both of whose triangles are far from singular (n n)."""
    n = draw.size("n")
    return np.asarray(np.round(rng.uniform(-1, 1, (n, n)), 3) + np.diag(np.round(rng.uniform(1, 2, n), 3)))


def positive(rng: Generator, draw: Draw) -> Array:
    """Matrices that are not symmetric; their symmetric parts are positive definite (b n n)."""
    b, n = draw.size("b"), draw.size("n")
    return np.asarray(np.round(rng.uniform(-1, 1, (b, n, n)), 3) + (n + 1) * np.eye(n))


def symmetric(x: Array) -> Array:
    """(x + xᵀ) / 2."""
    return (x + x.mT) / 2


def columns(x: Array) -> Array:
    """x as a matrix of its columns; a vector is one."""
    return x.reshape((len(x), math.prod(x.shape[1:])))


def apart(values: Array) -> Array:
    """1 / (v_j - v_i), and 0 on the diagonal."""
    one = np.eye(values.shape[-1], dtype=bool)
    gap = values[..., None, :] - values[..., :, None]
    return np.where(one, 0, 1 / np.where(one, 1, gap))


@rule(
    domains={"": dict(x=spd("n")), "batches": dict(x=made(positive))},
    jax=lambda jax, x: jax.numpy.linalg.cholesky(x),
    sympy=matrices(lambda sympy, m: ((m + m.T) / 2).cholesky()),
    source=SEEGER,
)
def cholesky(x: Array) -> Pulled:
    """The lower triangular L of L Lᵀ = (x + xᵀ) / 2.  (..., n, n) -> (..., n, n)

    dx = the symmetric part of L⁻ᵀ Φ L⁻¹, with Φ the lower triangle of Lᵀ dy, its diagonal halved.
    """
    y = np.linalg.cholesky(symmetric(x))

    def pullback(dy: Array) -> Array:
        product = y.mT @ dy
        half = np.tril(product) - product * np.eye(x.shape[-1], dtype=x.dtype) / 2
        return symmetric(np.linalg.solve(y.mT, np.linalg.solve(y.mT, half).mT))

    return y, pullback


@rule(
    domains={"": dict(x=made(tall)), "square": dict(x=made(square)), "batches": dict(x=made(squares))},
    jax=lambda jax, x: tuple(jax.numpy.linalg.qr(x)),
    source=SEEGER,
    normwise=True,
)
def qr(x: Array) -> Pulled:
    """q r = x, q with orthonormal columns, r upper triangular; full column rank.  (..., n, k) -> (..., n, k), (..., k, k)

    dx = (dq + q sym(m)) r⁻ᵀ, with m = r drᵀ - dqᵀ q and sym the symmetric matrix that has its lower triangle.
    """
    q, r = np.linalg.qr(x)

    def pullback(dy: tuple[Array, Array]) -> Array:
        dq, dr = dy
        m = r @ dr.mT - dq.mT @ q
        return np.linalg.solve(r, (dq + q @ (np.tril(m) + np.tril(m, -1).mT)).mT).mT

    return (q, r), pullback


@rule(
    domains={"": dict(x=made(square)), "batches": dict(x=made(squares))},
    jax=lambda jax, x: tuple(jax.numpy.linalg.eigh(x)),
    source=f"{GILES}, section 3.1; {SEEGER}",
    normwise=True,
)
def eigh(x: Array) -> Pulled:
    """Eigenvalues (ascending, distinct) and eigenvectors of (x + xᵀ) / 2.  (..., n, n) -> (..., n), (..., n, n)

    dx = the symmetric part of v (diag dw + f ∘ vᵀ dv) vᵀ, f_ij = 1 / (w_j - w_i).
    """
    w, v = np.linalg.eigh(symmetric(x))

    def pullback(dy: tuple[Array, Array]) -> Array:
        dw, dv = dy
        inner = apart(w) * (v.mT @ dv) + np.expand_dims(dw, -2) * np.eye(x.shape[-1], dtype=x.dtype)
        return symmetric(v @ inner @ v.mT)

    return (w, v), pullback


@rule(
    domains={"": dict(x=made(square)), "batches": dict(x=made(squares))},
    jax=lambda jax, x: jax.numpy.linalg.eigvalsh(x),
    source=f"{GILES}, section 3.1",
    normwise=True,
)
def eigvalsh(x: Array) -> Pulled:
    """Eigenvalues of (x + xᵀ) / 2, ascending, distinct.  (..., n, n) -> (..., n)

    dx = v diag(dy) vᵀ.
    """
    w, v = np.linalg.eigh(symmetric(x))

    def pullback(dy: Array) -> Any:
        return (v * np.expand_dims(dy, -2)) @ v.mT

    return w, pullback


@rule(
    domains={"": dict(x=made(tall)), "wide": dict(x=made(wide)), "batches": dict(x=made(squares))},
    jax=lambda jax, x: tuple(jax.numpy.linalg.svd(x, full_matrices=False)),
    source="Townsend 2016, Differentiating the singular value decomposition",
    accuracy=OF_SVD,
    normwise=True,
)
def svd(x: Array) -> Pulled:
    """u diag(s) vᵀ = x, s descending, distinct and not 0.  (..., n, k) -> (..., n, r), (..., r), (..., r, k)

    dx = u (A s + s B + diag ds) vᵀ + (1 - u uᵀ) du s⁻¹ vᵀ + u s⁻¹ dvᵀ (1 - v vᵀ),
    A = f ∘ (uᵀ du - duᵀ u), B = f ∘ (vᵀ dv - dvᵀ v), f_ij = 1 / (s_j² - s_i²).
    """
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)

    def pullback(dy: tuple[Array, Array, Array]) -> Any:
        du, ds, dvt = dy
        turn_u, turn_v = u.mT @ du, vt @ dvt.mT
        # s_j² - s_i² as a product, which does not cancel.
        f = apart(s) / (row + column)
        inner = f * (turn_u - turn_u.mT) * row + column * f * (turn_v - turn_v.mT)
        inner = inner + np.expand_dims(ds, -2) * np.eye(s.shape[-1], dtype=x.dtype)
        outside_u = (du - u @ turn_u) / row
        outside_v = (dvt - turn_v.mT @ vt) / column
        return u @ inner @ vt + outside_u @ vt + u @ outside_v

    return (u, s, vt), pullback


@rule(
    domains={"": dict(x=made(tall)), "wide": dict(x=made(wide)), "batches": dict(x=made(squares))},
    jax=lambda jax, x: jax.numpy.linalg.svd(x, compute_uv=False),
    source=f"{GILES}, section 3.2",
    accuracy=OF_SVD,
    normwise=True,
)
def svdvals(x: Array) -> Pulled:
    """Singular values of x, descending, distinct and not 0.  (..., n, k) -> (..., r)

    dx = u diag(dy) vᵀ.  The pullback keeps u and v in place of x: they are dear to find again.
    """
    u, s, vt = np.linalg.svd(x, full_matrices=False)

    def pullback(dy: Array) -> Any:
        return (u * np.expand_dims(dy, -2)) @ vt

    return s, pullback


@rule(
    domains={
        "": dict(
            a=made(factor), b=real("n k"), lower=choice(True, False), trans=choice(0), unit_diagonal=choice(False)
        ),
        "transposed": dict(
            a=made(factor),
            b=real("n k"),
            lower=choice(True, False),
            trans=choice(1),
            unit_diagonal=choice(False, True),
        ),
        "vector": dict(a=made(factor), b=real("n"), lower=choice(False, True), unit_diagonal=choice(True)),
    },
    jax=lambda jax, a, b, **how: jax.scipy.linalg.solve_triangular(a, b, **how),
    sympy=lambda sympy, a, b, *, trans=0, **how: (
        np.array((sympy.Matrix(corner(a, **how)).T if trans else sympy.Matrix(corner(a, **how))).inv()) @ b
    ),
    source=f"{GILES}, section 2.3.1; {SEEGER}",
)
def triangular_solve(a: Array, b: Array, *, lower: bool = False, trans: int = 0, unit_diagonal: bool = False) -> Pulled:
    """The y of t y = b, or of tᵀ y = b (trans), t the lower or upper triangle of a.  (n, n), (n, k) -> (n, k)

    db = t⁻ᵀ dy, da = that triangle of -db yᵀ; with trans db = t⁻¹ dy, da = that of -y dbᵀ.  unit_diagonal: that of t is
    1.
    """
    y = solve_triangular(a, b, trans, lower, unit_diagonal)

    def pullback(dy: Array) -> Any:
        db = solve_triangular(a, dy, 1 - trans, lower, unit_diagonal)
        left, right = map(columns, (y, db) if trans else (db, y))
        return (np.tril if lower else np.triu)(-left @ right.T, (-1 if lower else 1) * unit_diagonal), db

    return y, pullback


def corner(a: Array, *, lower: bool = False, unit_diagonal: bool = False) -> Array:
    """The triangle of a that triangular_solve reads, of symbols."""
    places = (np.tril if lower else np.triu)(np.ones(a.shape, int), (-1 if lower else 1) * unit_diagonal)
    return np.asarray(a * places + unit_diagonal * np.eye(len(a), dtype=int))


@rule(
    domains={
        "": dict(c=made(factor), b=real("n k"), lower=choice(True, False)),
        "vector": dict(c=made(factor), b=real("n"), lower=choice(False, True)),
    },
    jax=lambda jax, c, b, *, lower: jax.scipy.linalg.cho_solve((c, lower), b),
    sympy=lambda sympy, c, b, *, lower: np.array(sympy.Matrix(squared(c, lower)).inv()) @ b,
    source=f"{GILES}, section 2.3.1",
)
def cho_solve(c: Array, b: Array, *, lower: bool = True) -> Pulled:
    """The y of L Lᵀ y = b, L the lower triangle of c, or of Uᵀ U y = b, U the upper one.  (n, n), (n, k) -> (n, k)

    db = (L Lᵀ)⁻¹ dy, dc = the lower triangle of -(db yᵀ + y dbᵀ) L; with U the upper triangle of -U (db yᵀ + y dbᵀ).
    As Lᵀ y = L⁻¹ b and Lᵀ db = L⁻¹ dy, solved for and not multiplied out: -db (L⁻¹ b)ᵀ - y (L⁻¹ dy)ᵀ.
    """

    def halfway(z: Array) -> Any:
        return columns(solve_triangular(c, z, 0 if lower else 1, lower))

    y = solve_by_cholesky((c, lower), b)

    def pullback(dy: Array) -> Any:
        db = solve_by_cholesky((c, lower), dy)
        product = columns(db) @ halfway(b).T + columns(y) @ halfway(dy).T
        return -(np.tril(product) if lower else np.triu(product.T)), db

    return y, pullback


def squared(c: Array, lower: bool) -> Any:
    """L Lᵀ, or Uᵀ U, of symbols."""
    return np.tril(c) @ np.tril(c).T if lower else np.triu(c).T @ np.triu(c)


@rule(
    domains={"": dict(x=made(tall)), "wide": dict(x=made(wide)), "batches": dict(x=made(squares))},
    jax=lambda jax, x: jax.numpy.linalg.pinv(x),
    source="Golub & Pereyra 1973, eq. 4.12",
    accuracy=OF_SVD,
    normwise=True,
)
def pinv(x: Array) -> Pulled:
    """The pseudoinverse of a matrix of full rank.  (..., n, k) -> (..., k, n)

    dx = -yᵀ dy yᵀ + (1 - x y) dyᵀ y yᵀ + yᵀ y dyᵀ (1 - y x).
    """
    y = np.linalg.pinv(x)

    def pullback(dy: Array) -> Array:
        left, right = dy.mT @ y @ y.mT, y.mT @ y @ dy.mT
        return -(y.mT @ dy @ y.mT) + left - x @ (y @ left) + right - (right @ y) @ x

    return y, pullback


@rule(
    domains={
        "": dict(a=made(tall), b=made(sides)),
        "vector": dict(
            a=made(tall), b=made(lambda rng, a: np.round(rng.uniform(-2, 2, len(a)), 3), "a right side (n)")
        ),
    },
    jax=lambda jax, a, b: jax.numpy.linalg.lstsq(a, b)[0],
    sympy=lambda sympy, a, b: np.array(sympy.Matrix(a.T @ a).inv()) @ (a.T @ b),
    source="Golub & Pereyra 1973, section 4",
    accuracy=OF_SVD,
    normwise=True,
)
def lstsq(a: Array, b: Array) -> Pulled:
    """The y with the smallest |a y - b|, full column rank.  (n, k), (n, m) -> (k, m)

    db = a⁺ᵀ dy, da = (b - a y) wᵀ - db yᵀ, w = (aᵀ a)⁻¹ dy.
    """
    y = np.linalg.lstsq(a, b)[0]

    def pullback(dy: Array) -> Any:
        inverse = np.linalg.pinv(a)
        db = inverse.T @ dy
        rest, weight, back, found = map(columns, (b - a @ y, inverse @ db, db, y))
        return rest @ weight.T - back @ found.T, db

    return y, pullback


@rule(
    domains={
        "": dict(x=real("n n")),
        "shifted": dict(x=made(shifted)),
        "far below 0": dict(x=real("1 1", low=-50.0, high=-30.0)),
    },
    jax=lambda jax, x: jax.scipy.linalg.expm(x),
    source="Higham 2008, Functions of Matrices, eq. 3.16; Najfeld & Havel 1995",
    normwise=True,
)
def expm(x: Array) -> Pulled:
    """1 + x + x²/2 + ..., the exponential of a matrix.  (n, n) -> (n, n)

    dx = ∫ e^(axᵀ) dy e^((1-a)xᵀ) da over 0 ≤ a ≤ 1.
    """
    return exponential(x), lambda dy: moved_exponential(x.T, dy)
