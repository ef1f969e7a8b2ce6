"""Derivatives of inverses, and of functions of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import invertible, real, spd
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.matrices import positive_determinant, symbolic_inverse

COOKBOOK = "Petersen & Pedersen 2012"
GILES = "Giles 2008"


@rule(
    domain=dict(X=invertible("n")),
    jax=lambda jax, X: jax.numpy.linalg.inv(X),
    sympy=lambda sympy, X: np.array(symbolic_inverse(sympy, X)),
    source=f"inv-chain: {COOKBOOK}, eq. 59; {GILES}, section 2.2.3",
)
def inverse(X: Array) -> Pulled:
    """X⁻¹.  (n, n) -> (n, n)

    dX = -X⁻ᵀ dy X⁻ᵀ, dy the gradient of any function of X⁻¹.
    """
    y = np.linalg.inv(X)

    def pullback(dy: Array) -> Array:
        return -(y.T @ dy @ y.T)

    return y, pullback


@rule(
    domain=dict(X=invertible("n")),
    jax=lambda jax, X: jax.numpy.linalg.inv(X),
    sympy=lambda sympy, X: np.array(symbolic_inverse(sympy, X)),
    source=f"inv-entry: {COOKBOOK}, eq. 60",
)
def inverse_entry_by_entry(X: Array) -> Pulled:
    """F = X⁻¹.  (n, n) -> (n, n)

    dF_kl/dX_ij = -F_ki F_jl.
    """
    F = np.linalg.inv(X)
    return F, lambda dy: -np.einsum("kl,ki,jl->ij", dy, F, F)


@rule(
    domain=dict(X=invertible("n")),
    jax=lambda jax, X: jax.numpy.linalg.inv(X),
    sympy=lambda sympy, X: np.array(symbolic_inverse(sympy, X)),
    source="inv-entry: Minka 2000, section 2",
)
def inverse_by_kronecker(X: Array) -> Pulled:
    """F = X⁻¹.  (n, n) -> (n, n)

    The Jacobian of vec(F) by vec(X) is -(X⁻ᵀ ⊗ X⁻¹), vec stacking columns.
    """
    F = np.linalg.inv(X)

    def pullback(dy: Array) -> Array:
        jacobian = -np.kron(F.T, F)
        return (jacobian.T @ dy.T.ravel()).reshape(X.shape).T

    return F, pullback


@rule(
    domain=dict(a=real("n"), X=invertible("n"), b=real("n")),
    jax=lambda jax, a, X, b: a @ jax.numpy.linalg.solve(X, b),
    sympy=lambda sympy, a, X, b: a @ np.array(symbolic_inverse(sympy, X)) @ b,
    sympy_matrix=lambda sympy, a, X, b: sympy.Trace(a.T * X.I * b),
    source=f"inv-axb: {COOKBOOK}, eq. 61",
)
def form_of_inverse(a: Array, X: Array, b: Array) -> Pulled:
    """aᵀ X⁻¹ b.  (n), (n, n), (n) -> ()

    da = X⁻¹ b, dX = -X⁻ᵀ a bᵀ X⁻ᵀ, db = X⁻ᵀ a.
    """
    v, u = np.linalg.solve(X, b), np.linalg.solve(X.T, a)

    def pullback(dy: Array) -> Any:
        return dy * v, -dy * np.outer(u, v), dy * u

    return a @ v, pullback


@rule(
    domain=dict(A=real("p n"), X=invertible("n"), B=real("n p")),
    jax=lambda jax, A, X, B: jax.numpy.trace(A @ jax.numpy.linalg.solve(X, B)),
    sympy=lambda sympy, A, X, B: (A @ np.array(symbolic_inverse(sympy, X)) @ B).trace(),
    sympy_matrix=lambda sympy, A, X, B: sympy.Trace(A * X.I * B),
    source=f"inv-axb: {COOKBOOK}, eqs. 63, 124",
)
def trace_with_inverse(A: Array, X: Array, B: Array) -> Pulled:
    """tr(A X⁻¹ B).  (p, n), (n, n), (n, p) -> ()

    dX = -(X⁻¹ B A X⁻¹)ᵀ, dA = (X⁻¹ B)ᵀ, dB = (A X⁻¹)ᵀ.
    """
    F = np.linalg.inv(X)
    return np.trace(A @ F @ B), lambda dy: (dy * (F @ B).T, -dy * (F @ B @ A @ F).T, dy * (A @ F).T)


@rule(
    domain=dict(X=positive_determinant("n"), A=positive_determinant("n")),
    jax=lambda jax, X, A: jax.numpy.trace(jax.numpy.linalg.inv(X + A)),
    sympy=lambda sympy, X, A: symbolic_inverse(sympy, X + A).trace(),
    source=f"inv-trace-shift: {COOKBOOK}, eq. 64",
)
def trace_of_shifted_inverse(X: Array, A: Array) -> Pulled:
    """tr((X + A)⁻¹).  (n, n), (n, n) -> ()

    dX = -((X + A)⁻¹ (X + A)⁻¹)ᵀ = dA.
    """
    F = np.linalg.inv(X + A)

    def pullback(dy: Array) -> Any:
        dX = -dy * (F @ F).T
        return dX, dX.copy()

    return np.trace(F), pullback


@rule(
    domain=dict(A=invertible("n")),
    jax=lambda jax, A: jax.numpy.sum(jax.numpy.sin(jax.numpy.linalg.inv(A))),
    sympy=lambda sympy, A: sum(map(sympy.sin, symbolic_inverse(sympy, A))),
    source=f"inv-chain: {COOKBOOK}, after eq. 64",
)
def function_of_inverse(A: Array) -> Pulled:
    """h(W), W = A⁻¹, for h = Σ sin.  (n, n) -> ()

    dA = -Wᵀ G Wᵀ, G = dh/dW.
    """
    W = np.linalg.inv(A)
    return np.sin(W).sum(), lambda dy: -(W.T @ (dy * np.cos(W)) @ W.T)


@rule(
    domain=dict(b=real("n"), A=invertible("n")),
    jax=lambda jax, b, A: b @ jax.numpy.linalg.solve(A, b),
    sympy=lambda sympy, b, A: b @ np.array(symbolic_inverse(sympy, A)) @ b,
    sympy_matrix=lambda sympy, b, A: sympy.Trace(b.T * A.I * b),
    source="inv-quadratic-form: derived",
)
def inverse_quadratic_form(b: Array, A: Array) -> Pulled:
    """bᵀ A⁻¹ b.  (n), (n, n) -> ()

    dA = -A⁻ᵀ b bᵀ A⁻ᵀ, db = (A⁻¹ + A⁻ᵀ) b.
    """
    F = np.linalg.inv(A)
    return b @ F @ b, lambda dy: (dy * ((F + F.T) @ b), -dy * (F.T @ np.outer(b, b) @ F.T))


@rule(
    domain=dict(b=real("n"), A=spd("n")),
    jax=lambda jax, b, A: b @ jax.numpy.linalg.solve(A, b),
    sympy=lambda sympy, b, A: b @ np.array(symbolic_inverse(sympy, A)) @ b,
    source="inv-quadratic-form: derived",
)
def inverse_quadratic_form_at_symmetric(b: Array, A: Array) -> Pulled:
    """bᵀ A⁻¹ b at a symmetric A, the entries of which are independent.  (n), (n, n) -> ()

    With z = A⁻¹ b: dA = -z zᵀ, db = 2 z.
    """
    z = np.linalg.solve(A, b)
    return b @ z, lambda dy: (dy * 2 * z, -dy * np.outer(z, z))
