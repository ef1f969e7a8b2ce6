"""Derivatives of vectors by vectors: products, and the rules of product and chain for Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

CLARK = "Clark, Computing Neural Network Gradients"
WIKIPEDIA = "Wikipedia, Matrix calculus"

# Functions of one number, each with its derivative.
FUNCTIONS: dict[str, Any] = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
}


def symbolic(sympy: Any, function: str) -> Any:
    """One of the functions above on arrays of symbols."""
    return (lambda x: x**3) if function == "cube" else np.frompyfunc(getattr(sympy, function), 1, 1)


@rule(
    domain=dict(a=real("n"), x=real("n")),
    jax=lambda jax, a, x: jax.numpy.dot(x, a),
    sympy=lambda sympy, a, x: a @ x,
    sympy_matrix=lambda sympy, a, x: sympy.Trace(a.T * x),
    source="vec-dot: Petersen & Pedersen 2012, eq. 69",
)
def inner_product(a: Array, x: Array) -> Pulled:
    """aᵀ x = xᵀ a.  (n), (n) -> ()

    dx = a, da = x.
    """
    return a @ x, lambda dy: (dy * x, dy * a)


@rule(
    domain=dict(A=real("m n"), x=real("n"), b=real("m")),
    jax=lambda jax, A, x, b: A @ x + b,
    sympy=lambda sympy, A, x, b: A @ x + b,
    source=f"vec-affine-jacobian: {CLARK}, identity 1",
)
def affine_map(A: Array, x: Array, b: Array) -> Pulled:
    """A x + b.  (m, n), (n), (m) -> (m)

    The Jacobian by x is A: dx = Aᵀ dy, dA = dy xᵀ, db = dy.
    """
    return A @ x + b, lambda dy: (np.outer(dy, x), A.T @ dy, dy)


@rule(
    domain=dict(x=real("m"), A=real("m n")),
    jax=lambda jax, x, A: x @ A,
    sympy=lambda sympy, x, A: x @ A,
    source=f"vec-affine-jacobian: {CLARK}, identity 2",
)
def row_times_matrix(x: Array, A: Array) -> Pulled:
    """xᵀ A.  (m), (m, n) -> (n)

    The Jacobian by x is Aᵀ: dx = A dy, dA = x dyᵀ.
    """
    return x @ A, lambda dy: (A @ dy, np.outer(x, dy))


@rule(
    domain=dict(x=real("n"), function=choice("sin", "exp", "cube")),
    jax=lambda jax, x, *, function: x**3 if function == "cube" else getattr(jax.numpy, function)(x),
    sympy=lambda sympy, x, *, function: symbolic(sympy, function)(x),
    source=f"vec-elementwise-jacobian: {CLARK}, identity 4",
)
def elementwise(x: Array, *, function: str) -> Pulled:
    """g(x), a function of one number at every entry.  (n) -> (n)

    The Jacobian is diag(g'(x)), for g = sin, exp, and the cube.
    """
    g, slope = FUNCTIONS[function]
    return g(x), lambda dy: np.diag(slope(x)) @ dy


@rule(
    domain=dict(x=real("n", -1, 1), P=real("p n"), A=real("p q"), Q=real("q n")),
    jax=lambda jax, x, *, P, A, Q: jax.numpy.sin(P @ x) @ A @ (Q @ x) ** 3,
    sympy=lambda sympy, x, *, P, A, Q: symbolic(sympy, "sin")(P @ x) @ A @ (Q @ x) ** 3,
    source=f"vec-inner-product-rule: {WIKIPEDIA}",
)
def product_of_functions(x: Array, *, P: Array, A: Array, Q: Array) -> Pulled:
    """s(x)ᵀ A r(x), with s = sin(P x) and r = (Q x)³.  (n) -> ()

    dx = J_sᵀ A r + J_rᵀ Aᵀ s, with J_s = diag(cos(P x)) P and J_r = diag(3 (Q x)²) Q.
    The pullback keeps s, r and their Jacobians.
    """
    s, r = np.sin(P @ x), (Q @ x) ** 3
    J_s, J_r = np.cos(P @ x)[:, None] * P, 3 * ((Q @ x) ** 2)[:, None] * Q
    return s @ A @ r, lambda dy: dy * (J_s.T @ A @ r + J_r.T @ A.T @ s)


@rule(
    domain=dict(x=real("n"), a=real("n"), B=real("m n")),
    jax=lambda jax, x, *, a, B: jax.numpy.sin(a @ x) * (B @ x) ** 2,
    sympy=lambda sympy, x, *, a, B: sympy.sin(a @ x) * (B @ x) ** 2,
    source=f"vec-scalar-times-vector: {WIKIPEDIA}",
)
def scalar_times_vector(x: Array, *, a: Array, B: Array) -> Pulled:
    """v(x) u(x), with the number v = sin(aᵀ x) and the vector u = (B x)².  (n) -> (m)

    The Jacobian is v J_u + u (∇v)ᵀ, with J_u = diag(2 B x) B and ∇v = cos(aᵀ x) a.
    """
    v, u = np.sin(a @ x), (B @ x) ** 2
    jacobian = v * 2 * (B @ x)[:, None] * B + np.outer(u, np.cos(a @ x) * a)
    return v * u, lambda dy: jacobian.T @ dy


@rule(
    domain=dict(x=real("n", -1, 1), P=real("p n"), Q=real("m p")),
    jax=lambda jax, x, *, P, Q: (Q @ jax.numpy.sin(P @ x)) ** 3,
    sympy=lambda sympy, x, *, P, Q: (Q @ symbolic(sympy, "sin")(P @ x)) ** 3,
    source=f"vec-chain-rule: {WIKIPEDIA}",
)
def composition(x: Array, *, P: Array, Q: Array) -> Pulled:
    """g(u(x)), with u = sin(P x) and g = (Q u)³.  (n) -> (m)

    The Jacobian is J_g(u) J_u(x), with J_g = diag(3 (Q u)²) Q and J_u = diag(cos(P x)) P.
    """
    u = np.sin(P @ x)
    jacobian = (3 * ((Q @ u) ** 2)[:, None] * Q) @ (np.cos(P @ x)[:, None] * P)
    return (Q @ u) ** 3, lambda dy: jacobian.T @ dy


@rule(
    domain=dict(x=real("m"), y=real("n")),
    jax=lambda jax, x, y: jax.numpy.outer(x, y),
    sympy=lambda sympy, x, y: x[:, None] * y,
    source="vec-outer-product: derived",
)
def outer_product(x: Array, y: Array) -> Pulled:
    """x yᵀ.  (m), (n) -> (m, n)

    dx = dY y, dy = dYᵀ x for the cotangent dY.
    """
    return np.outer(x, y), lambda dY: (dY @ y, dY.T @ x)


@rule(
    domain=dict(x=real("k 3"), y=real("k 3")),
    jax=lambda jax, x, y: jax.numpy.cross(x, y),
    sympy=lambda sympy, x, y: x[:, [1, 2, 0]] * y[:, [2, 0, 1]] - x[:, [2, 0, 1]] * y[:, [1, 2, 0]],
    source="vec-cross-product: derived",
)
def cross_products(x: Array, y: Array) -> Pulled:
    """x × y, row by row.  (k, 3), (k, 3) -> (k, 3)

    dx = y × dz, dy = dz × x for the cotangent dz.
    """
    return np.cross(x, y), lambda dz: (np.cross(y, dz), np.cross(dz, x))


def crossing(a: Array) -> Array:
    """The matrix [a]× that takes b to a × b."""
    zero = a[0] - a[0]
    return np.stack([np.stack([zero, -a[2], a[1]]), np.stack([a[2], zero, -a[0]]), np.stack([-a[1], a[0], zero])])


@rule(
    domain=dict(x=real("3"), y=real("3")),
    jax=lambda jax, x, y: jax.numpy.cross(x, y),
    sympy=lambda sympy, x, y: np.array(sympy.Matrix(x).cross(sympy.Matrix(y))).ravel(),
    source="vec-cross-product: derived",
)
def cross_product_jacobian(x: Array, y: Array) -> Pulled:
    """x × y.  (3), (3) -> (3)

    The Jacobian by x is -[y]×, that by y is [x]×, where [a]× b = a × b.
    """
    return np.cross(x, y), lambda dz: (-crossing(y).T @ dz, crossing(x).T @ dz)


@rule(
    domain=dict(x=real("n")),
    jax=lambda jax, x: x - jax.numpy.mean(x),
    sympy=lambda sympy, x: x - x.sum() / len(x),
    source="vec-centering-variance: derived",
)
def centred(x: Array) -> Pulled:
    """x - mean(x) 1.  (n) -> (n)

    The Jacobian is I - 1 1ᵀ/n.
    """
    n = x.size

    def pullback(dy: Array) -> Array:
        return (np.eye(n) - np.ones((n, n)) / n).astype(dy.dtype) @ dy

    return x - x.mean(), pullback


@rule(
    domains={
        "divided by n": dict(x=real("n"), correction=choice(0)),
        "divided by n - 1": dict(x=real("4"), correction=choice(1)),
    },
    jax=lambda jax, x, *, correction: jax.numpy.var(x, ddof=correction),
    sympy=lambda sympy, x, *, correction: ((x - x.sum() / len(x)) ** 2).sum() / (len(x) - correction),
    source="vec-centering-variance: derived",
)
def variance(x: Array, *, correction: int) -> Pulled:
    """Σ (x_i - mean(x))² / (n - c), c = correction < n.  (n) -> ()

    dx = 2 (x - mean(x) 1) / (n - c).
    """
    d, count = x - x.mean(), x.size - correction
    return (d * d).sum() / count, lambda dy: dy * 2 * d / count
