"""Forms that are easily mistaken: each is refuted; printed errata are declared beside the right rules."""

import inspect

import numpy as np
import pytest

from gradcheck import Rule
from gradcheck.checking import check
from reference.identities.determinants_logarithms import log_det
from reference.identities.forms import rayleigh_quotient, squared_norm_of_product
from reference.identities.inverses import inverse
from reference.identities.networks import cross_entropy_of_softmax, linear_layer, sigmoid_jacobian, softmax_jacobian
from reference.identities.powers import trace_of_power
from reference.identities.traces import trace_of_product, vec_of_product
from reference.identities.traces_quadratic import trace_of_gram


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def vec_by_kronecker(dy, A, X, B):
    """The Jacobian by X with its factors exchanged."""
    right = vec_of_product.function(A, X, B)[1](dy)
    return right[0], (np.kron(A, B.T).T @ dy).reshape(X.T.shape).T, right[2]


WRONG = {
    "q x^T for the square of ||W x||": (
        squared_norm_of_product,
        lambda dy, W, x: (dy * np.outer(W @ x, x), dy * (W.T @ (W @ x))),
    ),
    "a quotient rule that forgets x^T x": (
        rayleigh_quotient,
        lambda dy, x, C: (dy * ((C + C.T) @ x) / (x @ x), dy * np.outer(x, x) / (x @ x)),
    ),
    "the rows of A^T in reverse for tr(A X)": (trace_of_product, lambda dy, A, X: (dy * X.T, dy * A.T[::-1])),
    "2 B X C for tr(X^T B X C)": (
        trace_of_gram,
        lambda dy, X, B, C: (2 * dy * (B @ X @ C), dy * (X @ C @ X.T).T, dy * (X.T @ B @ X).T),
    ),
    "k X^(k-1) without its transpose": (
        trace_of_power,
        lambda dy, X, *, exponent: (dy * exponent * np.linalg.matrix_power(X, exponent - 1),),
    ),
    "X^-1 for log det X": (log_det, lambda dy, X: (dy * np.linalg.inv(X),)),
    "an inverse without transposes": (inverse, lambda dy, X: (-np.linalg.inv(X) @ dy @ np.linalg.inv(X),)),
    "the diagonal of the softmax Jacobian": (
        softmax_jacobian,
        lambda dy, x: (softmax(x) * (1 - softmax(x)) * dy,),
    ),
    "p - t for weights of any sum": (
        cross_entropy_of_softmax,
        lambda dy, x, *, target: (dy * (softmax(x) - target),),
    ),
    "sigma(y) (1 - sigma(y)) of the output": (sigmoid_jacobian, lambda dy, x: (x * (1 - x) * dy,)),
    "the bias of one example only": (linear_layer, lambda dy, X, W, b: (dy @ W.T, X.T @ dy, dy[0])),
    "the Kronecker factors exchanged": (vec_of_product, vec_by_kronecker),
}


def claiming(right, vjp):
    """The forward of a rule with another formula for its pullback."""

    def function(*args, **params):
        y, _ = right.function(*args, **params)
        return y, lambda dy: vjp(dy, *args, **params)

    function.__signature__ = inspect.signature(right.function)
    return Rule(function, domains=right.domains)


@pytest.mark.parametrize(("right", "vjp"), WRONG.values(), ids=WRONG)
def test_a_mistaken_form_is_refuted(right, vjp):
    result = check(claiming(right, vjp), oracles="exact,differences")
    assert result.verdict == "fail"
    assert {e.oracle for e in result.evidence if e.stance == "against" and e.question == "formula"} >= {"exact"}


def test_sympy_is_refuted_where_it_is_known_to_be_wrong():
    result = check(log_det, oracles="exact,symbolic")
    assert result
    assert {e.reason for e in result.evidence if e.oracle == "sympy" and e.question == "formula"} == {"known wrong"}
