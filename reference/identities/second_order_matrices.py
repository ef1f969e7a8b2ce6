"""Second derivatives by a matrix: along two directions, and as Hessians by vec(X)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.domains import invertible, real, spd
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.matrices import positive_determinant
from reference.identities.products_stacked import commutation, unvec, vec
from reference.identities.second_order import symbolic_gradient

MINKA = "Minka 2000, section 8"


def symbolic_log_det(sympy: Any, X: Any) -> Any:
    """The gradient of log |det X|, of symbols."""
    return symbolic_gradient(sympy, lambda Z: sympy.log(sympy.Matrix(Z).det() ** 2) / 2, X)


def gradient_by_jax(jax: Any, X: Any) -> Any:
    """The gradient of log |det X| by jax."""
    return jax.grad(lambda Z: jax.numpy.linalg.slogdet(Z)[1])(X)


@rule(
    domain=dict(X=invertible("n")),
    jax=gradient_by_jax,
    sympy=symbolic_log_det,
    source=f"hess-logdet: {MINKA}",
)
def gradient_of_log_det(X: Array) -> Pulled:
    """X⁻ᵀ, the gradient of log |det X|.  (n, n) -> (n, n)

    The second derivative along E and F is -tr(X⁻¹ E X⁻¹ F): along F = dy it is -(X⁻¹ dy X⁻¹)ᵀ.
    """
    inverse = np.linalg.inv(X)
    return inverse.T.copy(), lambda dy: -(inverse @ dy @ inverse).T


@rule(
    domain=dict(X=invertible("n")),
    jax=gradient_by_jax,
    sympy=symbolic_log_det,
    source=f"hess-logdet: {MINKA}",
)
def gradient_of_log_det_by_vec(X: Array) -> Pulled:
    """X⁻ᵀ, the gradient of log |det X|.  (n, n) -> (n, n)

    The Hessian by vec(X) is -K_nn (X⁻ᵀ ⊗ X⁻¹).
    """
    inverse, n = np.linalg.inv(X), len(X)

    def pullback(dy: Array) -> Any:
        hessian = -commutation(n, n, X) @ np.kron(inverse.T, inverse)
        return unvec(hessian @ vec(dy), X)

    return inverse.T.copy(), pullback


@rule(
    domain=dict(X=spd("n")),
    jax=lambda jax, X: jax.numpy.linalg.inv((X + X.T) / 2),
    sympy=lambda sympy, X: np.array((sympy.Matrix(X + X.T) / 2).inv()),
    source=f"hess-logdet: {MINKA}",
)
def gradient_of_log_det_of_symmetric(X: Array) -> Pulled:
    """S⁻¹, S = (X + Xᵀ) / 2, the gradient of log |det S| among symmetric matrices.  (n, n) -> (n, n)

    The Hessian by vec is -(S⁻¹ ⊗ S⁻¹), for symmetric directions: dy and dX are symmetric parts.
    """
    inverse = np.linalg.inv((X + X.T) / 2)

    def pullback(dy: Array) -> Any:
        hessian = -np.kron(inverse, inverse)
        return unvec(hessian @ vec((dy + dy.T) / 2), X)

    return inverse, pullback


@rule(
    domain=dict(t=real("", -0.5, 0.5), A=positive_determinant("n"), E=real("n n", -1, 1), b=real("n")),
    jax=lambda jax, t, *, A, E, b: jax.grad(lambda s: b @ jax.numpy.linalg.solve(A + s * E, b))(t),
    sympy=lambda sympy, t, *, A, E, b: symbolic_gradient(
        sympy,
        lambda s: (b @ np.array(sympy.Matrix(A + s[()] * E).adjugate()) @ b) / sympy.Matrix(A + s[()] * E).det(),
        t,
    ),
    source="hess-inverse-form: derived",
)
def slope_of_inverse_form(t: Array, *, A: Array, E: Array, b: Array) -> Pulled:
    """-bᵀ M E M b, M = (A + t E)⁻¹: the derivative of bᵀ A⁻¹ b along E, at A + t E.  () -> ()

    The second derivative along E is 2 bᵀ M E M E M b.  The pullback keeps M, E M b and Mᵀ b.
    """
    M = np.linalg.inv(A + t * E)
    u, v = E @ (M @ b), M.T @ b
    return -(v @ u), lambda dy: dy * 2 * (v @ E @ M @ u)


@rule(
    domain=dict(X=real("m n"), B=real("m m"), C=real("n n")),
    jax=lambda jax, X, *, B, C: jax.grad(lambda Z: jax.numpy.trace(Z.T @ B @ Z @ C))(X),
    sympy=lambda sympy, X, *, B, C: symbolic_gradient(sympy, lambda Z: (Z.T @ B @ Z @ C).trace(), X),
    source=f"hess-trace-forms: {MINKA}",
)
def gradient_of_gram_trace(X: Array, *, B: Array, C: Array) -> Pulled:
    """B X C + Bᵀ X Cᵀ, the gradient of tr(Xᵀ B X C).  (m, n) -> (m, n)

    The Hessian by vec(X) is Cᵀ ⊗ B + C ⊗ Bᵀ.
    """

    def pullback(dy: Array) -> Any:
        hessian = np.kron(C.T, B) + np.kron(C, B.T)
        return unvec(hessian.T @ vec(dy), X)

    return B @ X @ C + B.T @ X @ C.T, pullback


@rule(
    domain=dict(X=real("m n"), A=real("n m"), D=real("n m")),
    jax=lambda jax, X, *, A, D: jax.grad(lambda Z: jax.numpy.trace(A @ Z @ D @ Z))(X),
    sympy=lambda sympy, X, *, A, D: symbolic_gradient(sympy, lambda Z: (A @ Z @ D @ Z).trace(), X),
    source=f"hess-trace-forms: {MINKA}",
)
def gradient_of_product_trace(X: Array, *, A: Array, D: Array) -> Pulled:
    """Aᵀ Xᵀ Dᵀ + Dᵀ Xᵀ Aᵀ, the gradient of tr(A X D X).  (m, n) -> (m, n)

    The Hessian by vec(X) is K_nm (Aᵀ ⊗ D) + K_nm (Dᵀ ⊗ A).
    """
    m, n = X.shape

    def pullback(dy: Array) -> Any:
        K = commutation(n, m, X)
        hessian = K @ np.kron(A.T, D) + K @ np.kron(D.T, A)
        return unvec(hessian.T @ vec(dy), X)

    return A.T @ X.T @ D.T + D.T @ X.T @ A.T, pullback
