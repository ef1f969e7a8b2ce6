"""Second derivatives: rules whose output is a gradient and whose pullback is the claimed Hessian times dy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit

from gradcheck.domains import made, positive, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled
from reference.identities.networks import softmax
from reference.identities.networks_losses import adding_up
from reference.identities.products_stacked import unvec, vec

COOKBOOK = "Petersen & Pedersen 2012"


def symbolic_gradient(sympy: Any, function: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of a function of symbols, taken by sympy."""
    x = np.asarray(x, dtype=object)
    z = np.array(sympy.symbols(f"z:{x.size}", real=True), dtype=object).reshape(x.shape)
    there = dict(zip(z.flat, x.flat, strict=True))
    f = function(z)
    return np.array([f.diff(s).subs(there) for s in z.flat], dtype=object).reshape(x.shape)


@rule(
    domain=dict(x=real("n"), A=real("n n"), b=real("n")),
    jax=lambda jax, x, *, A, b: jax.grad(lambda z: z @ A @ z + b @ z)(x),
    sympy=lambda sympy, x, *, A, b: symbolic_gradient(sympy, lambda z: z @ A @ z + b @ z, x),
    source=f"hess-quadratic: {COOKBOOK}, eqs. 97, 98",
)
def gradient_of_form(x: Array, *, A: Array, b: Array) -> Pulled:
    """(A + Aᵀ) x + b, the gradient of xᵀ A x + bᵀ x.  (n) -> (n)

    The Hessian is A + Aᵀ.
    """
    H = A + A.T
    return H @ x + b, lambda dy: H @ dy


@rule(
    domain=dict(x=real("n"), C=real("m n"), d=real("m")),
    jax=lambda jax, x, *, C, d: jax.grad(lambda z: jax.numpy.sum((C @ z - d) ** 2))(x),
    sympy=lambda sympy, x, *, C, d: symbolic_gradient(sympy, lambda z: ((C @ z - d) ** 2).sum(), x),
    source=f"hess-quadratic: {COOKBOOK}, eq. 98",
)
def gradient_of_squared_residual(x: Array, *, C: Array, d: Array) -> Pulled:
    """2 Cᵀ (C x - d), the gradient of ‖C x - d‖².  (n) -> (n)

    The Hessian is 2 Cᵀ C.
    """
    return 2 * C.T @ (C @ x - d), lambda dy: 2 * (C.T @ C) @ dy


@rule(
    domain=dict(
        w=real("d", -1, 1), X=real("n d"), y=made(lambda rng, X: np.arange(len(X)) % 2.0, "0 and 1 in turn (n)")
    ),
    jax=lambda jax, w, *, X, y: jax.grad(lambda v: jax.numpy.sum(jax.nn.softplus(X @ v) - y * (X @ v)))(w),
    sympy=lambda sympy, w, *, X, y: symbolic_gradient(
        sympy, lambda v: sum(sympy.log(1 + sympy.exp(z)) - t * z for z, t in zip(X @ v, y, strict=True)), w
    ),
    source="hess-logistic-regression: standard",
)
def gradient_of_logistic_regression(w: Array, *, X: Array, y: Array) -> Pulled:
    """Xᵀ (σ(X w) - y), the gradient of Σ log(1 + e^(x_iᵀ w)) - y_i x_iᵀ w.  (d) -> (d)

    The Hessian is Xᵀ S X, S = diag(σ ∘ (1 - σ)), σ = σ(X w).  The pullback keeps S.
    """
    z = X @ w
    S = np.diag(expit(z) * expit(-z))
    return X.T @ np.where(y == 1, -expit(-z), expit(z)), lambda dy: X.T @ S @ X @ dy


@rule(
    domain=dict(x=real("n")),
    jax=lambda jax, x: jax.grad(jax.nn.logsumexp)(x),
    sympy=lambda sympy, x: symbolic_gradient(sympy, lambda z: sympy.log(sum(map(sympy.exp, z))), x),
    source="hess-logsumexp: derived",
)
def gradient_of_log_sum_exp(x: Array) -> Pulled:
    """p = softmax(x), the gradient of log Σ e^x_j.  (n) -> (n)

    The Hessian is diag(p) - p pᵀ.
    """
    p, top = softmax(x), x.argmax()

    # Its rows add up to 0: dy may be shifted to be 0 where p may be near 1.
    return p, lambda dy: (np.diag(p) - np.outer(p, p)) @ (dy - dy[top])


@rule(
    domains={
        "": dict(x=real("n"), y=adding_up("n")),
        "nearly certain": dict(
            x=made(lambda: np.array([0.5, 30.0, -1.0])), y=made(lambda: np.array([0.5, 0.25, 0.25]))
        ),
    },
    jax=lambda jax, x, *, y: jax.grad(lambda z: -jax.numpy.sum(y * jax.nn.log_softmax(z)))(x),
    sympy=lambda sympy, x, *, y: symbolic_gradient(
        sympy, lambda z: sympy.log(sum(map(sympy.exp, z))) - sum(a * b for a, b in zip(y, z, strict=True)), x
    ),
    source="hess-logsumexp: derived",
)
def gradient_of_cross_entropy(x: Array, *, y: Array) -> Pulled:
    """p - y, the gradient of -Σ y_i log softmax(x)_i, Σ y_i = 1.  (n) -> (n)

    The Hessian is diag(p) - p pᵀ.
    """
    p, top = softmax(x), x.argmax()
    return p - y, lambda dy: (np.diag(p) - np.outer(p, p)) @ (dy - dy[top])


@rule(
    domain=dict(W=real("k n", -1, 1), x=real("n"), y=adding_up("k")),
    jax=lambda jax, W, *, x, y: jax.grad(lambda V: -jax.numpy.sum(y * jax.nn.log_softmax(V @ x)))(W),
    sympy=lambda sympy, W, *, x, y: symbolic_gradient(
        sympy, lambda V: sympy.log(sum(map(sympy.exp, V @ x))) - y @ (V @ x), W
    ),
    source="hess-softmax-regression: derived",
)
def gradient_of_softmax_regression(W: Array, *, x: Array, y: Array) -> Pulled:
    """(p - y) xᵀ, the gradient of -Σ y_k log softmax(W x)_k, Σ y_k = 1.  (k, n) -> (k, n)

    The Hessian by vec(W) is (x xᵀ) ⊗ (diag(p) - p pᵀ).
    """
    p = softmax(W @ x)

    def pullback(dy: Array) -> Any:
        hessian = np.kron(np.outer(x, x), np.diag(p) - np.outer(p, p))
        # Its blocks send what is equal in all rows to 0: the shift keeps digits where p may be near 1.
        return unvec(hessian @ vec(dy - dy[p.argmax()]), W)

    return np.outer(p - y, x), pullback


@rule(
    domain=dict(x=real("n", kinks=(0.0,))),
    jax=lambda jax, x: jax.grad(jax.numpy.linalg.norm)(x),
    sympy=lambda sympy, x: symbolic_gradient(sympy, lambda z: sympy.sqrt((z * z).sum()), x),
    source=f"hess-norm-two: {COOKBOOK}, eq. 130",
)
def gradient_of_norm(x: Array) -> Pulled:
    """x̂ = x / ‖x‖₂, the gradient of ‖x‖₂, x ≠ 0.  (n) -> (n)

    The Hessian is (I - x̂ x̂ᵀ) / ‖x‖.  The pullback keeps ‖x‖ beside x and x̂.
    """
    size = np.sqrt((x * x).sum())
    unit = x / size
    return unit, lambda dy: (np.eye(x.size, dtype=x.dtype) - np.outer(unit, unit)) @ dy / size


# A x < b at every point.
BARRIER = dict(
    x=real("n", -0.5, 0.5),
    A=real("m n", -1, 1),
    _gap=positive("m", 0.5),
    b=made(lambda x, A, _gap: A @ x + _gap, "A x plus some gap (m)"),
)


@rule(
    domain=BARRIER,
    jax=lambda jax, x, *, A, b: -jax.numpy.sum(jax.numpy.log(b - A @ x)),
    sympy=lambda sympy, x, *, A, b: -sum(map(sympy.log, b - A @ x)),
    source="hess-log-barrier: derived",
)
def log_barrier(x: Array, *, A: Array, b: Array) -> Pulled:
    """φ = -Σ log(b_i - a_iᵀ x), A x < b.  (n) -> ()

    dx = Aᵀ (1 / (b - A x)).
    """
    gap = b - A @ x
    return -np.log(gap).sum(), lambda dy: dy * (A.T @ (1 / gap))


@rule(
    domain=BARRIER,
    jax=lambda jax, x, *, A, b: jax.grad(lambda z: -jax.numpy.sum(jax.numpy.log(b - A @ z)))(x),
    sympy=lambda sympy, x, *, A, b: symbolic_gradient(sympy, lambda z: -sum(map(sympy.log, b - A @ z)), x),
    source="hess-log-barrier: derived",
)
def gradient_of_log_barrier(x: Array, *, A: Array, b: Array) -> Pulled:
    """Aᵀ (1 / (b - A x)), the gradient of -Σ log(b_i - a_iᵀ x).  (n) -> (n)

    The Hessian is Aᵀ diag(1 / (b - A x)²) A.
    """
    gap = b - A @ x
    return A.T @ (1 / gap), lambda dy: A.T @ np.diag(1 / gap**2) @ A @ dy


def residuals(numpy: Any, x: Any, A: Any, b: Any) -> Any:
    """r(x) = sin(A x) - b: some function of vectors, twice differentiable."""
    return numpy.sin(A @ x) - b


def symbolic_half_square(sympy: Any, x: Any, A: Any, b: Any) -> Any:
    """‖r(x)‖² / 2 by sympy."""
    return sum((sympy.sin(z) - t) ** 2 for z, t in zip(A @ x, b, strict=True)) / 2


RESIDUALS = dict(x=real("n"), A=real("m n", -1, 1), b=real("m"))


@rule(
    domain=RESIDUALS,
    jax=lambda jax, x, *, A, b: jax.numpy.sum(residuals(jax.numpy, x, A, b) ** 2) / 2,
    sympy=lambda sympy, x, *, A, b: symbolic_half_square(sympy, x, A, b),
    source="hess-gauss-newton: derived",
)
def nonlinear_least_squares(x: Array, *, A: Array, b: Array) -> Pulled:
    """‖r(x)‖² / 2, r = sin(A x) - b with the Jacobian J = diag(cos(A x)) A.  (n) -> ()

    dx = Jᵀ r.
    """
    r, J = residuals(np, x, A, b), np.cos(A @ x)[:, None] * A
    return (r * r).sum() / 2, lambda dy: dy * (J.T @ r)


@rule(
    domain=RESIDUALS,
    jax=lambda jax, x, *, A, b: jax.grad(lambda z: jax.numpy.sum(residuals(jax.numpy, z, A, b) ** 2) / 2)(x),
    sympy=lambda sympy, x, *, A, b: symbolic_gradient(sympy, lambda z: symbolic_half_square(sympy, z, A, b), x),
    source="hess-gauss-newton: derived",
)
def gradient_of_least_squares(x: Array, *, A: Array, b: Array) -> Pulled:
    """Jᵀ r, the gradient of ‖r(x)‖² / 2, r = sin(A x) - b.  (n) -> (n)

    The Hessian is Jᵀ J + Σ r_i ∇²r_i, ∇²r_i = -sin(a_iᵀ x) a_i a_iᵀ.  The pullback keeps r and J.
    """
    r, J = residuals(np, x, A, b), np.cos(A @ x)[:, None] * A

    def pullback(dy: Array) -> Any:
        curvature = sum(-r[i] * np.sin(A[i] @ x) * np.outer(A[i], A[i]) for i in range(len(A)))
        return (J.T @ J + curvature) @ dy

    return J.T @ r, pullback
