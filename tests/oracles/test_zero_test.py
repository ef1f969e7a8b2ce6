import pytest

from gradcheck.oracles.prover import prove
from gradcheck.oracles.zero_test import Budget, is_zero

sp = pytest.importorskip("sympy")
x, y, p = sp.symbols("x y p", real=True)
exp, log, sqrt, third = sp.exp, sp.log, sp.sqrt, sp.Rational(1, 3)

ZEROS = {
    "structural": x - x,
    "rational": 1 / (1 + x) + 1 / (1 - x) - 2 / (1 - x**2),
    "product of exponentials": exp(x) * exp(y) - sp.exp(x + y),
    "half exponents": (exp(x / 2) + 1) * (exp(x / 2) - 1) - exp(x) + 1,
    "softmax shift": exp(x) / (exp(x) + exp(y)) - 1 / (1 + exp(y - x)),
    "exponent is a quotient": exp((x + y) / (2 * x - 2 * y)) - exp(x / (2 * x - 2 * y)) * exp(y / (2 * x - 2 * y)),
    "root of a sum": 1 / sqrt(x**2 + y) - sqrt(x**2 + y) / (x**2 + y),
    "root of an exponential": sqrt(1 + exp(x)) * sqrt(1 + exp(x)) ** 3 - 1 - 2 * exp(x) - exp(2 * x),
    "nested roots": (sqrt(1 + sqrt(1 + x**2)) - 1) * (sqrt(1 + sqrt(1 + x**2)) + 1) - sqrt(1 + x**2),
    "symbolic power": x * x**p - x ** (p + 1),
    "power of a logarithm": exp(x * log(y + 1) / 2) ** 2 - (y + 1) ** x,
    "exponential of a logarithm": exp(log(x + 1) * third + y) - (x + 1) ** third * exp(y),
    "integer power of a logarithm": exp(2 * log(x + 1) + y) - (x + 1) ** 2 * exp(y),
    "hyperbolic": sp.tanh(x) - (1 - exp(-2 * x)) / (1 + exp(-2 * x)),
    "trigonometric": sp.sin(x + y) - sp.sin(x) * sp.cos(y) - sp.cos(x) * sp.sin(y),
    "tangent": 1 + sp.tan(x) ** 2 - 1 / sp.cos(x) ** 2,
    "same argument in two forms": log(x * y + x) - log(x * (y + 1)),
    "odd function": sp.erf((x - x**2) / (x - 1)) + sp.erf(x),
    "pi": sp.diff(sp.erf(x), x) * sqrt(sp.pi) * exp(x**2) - 2,
    "e": (sp.E + x) * (sp.E - x) - sp.exp(2) + x**2,
    "numbers only": (sqrt(2) + 1) * (sqrt(2) - 1) - 1,
    "rationals only": sp.Add(sp.Integer(1), sp.Integer(-1), evaluate=False),
}


@pytest.mark.parametrize("name", ZEROS)
def test_identity_is_not_proved(name):
    assert is_zero(ZEROS[name])


@pytest.mark.parametrize("name", ZEROS)
def test_what_differs_from_an_identity_is_proved(name):
    assert not is_zero(ZEROS[name] + sp.Rational(1, 10**9))
    assert not is_zero(ZEROS[name] + x / 10**9)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(sqrt(x**2) - x, id="root of a square"),
        pytest.param(exp(sp.I * x / 2) - sqrt(exp(sp.I * x)), id="root of a complex exponential"),
        pytest.param(log(x * y) - log(x) - log(y), id="logarithm of a product"),
        pytest.param(sp.Piecewise((x, x > 0), (0, True)) - x, id="piecewise"),
        pytest.param(sp.asin(sp.sin(x)) - x, id="inverse of sine"),
        pytest.param(0.1 * x + x / (x - x**2 + x * (x - 1)) * 0, id="float"),
    ],
)
def test_what_is_zero_in_part_of_the_plane_only_is_proved(expression):
    assert not is_zero(expression)


@pytest.mark.parametrize(
    "budget", [pytest.param(Budget(nodes=10), id="nodes"), pytest.param(Budget(terms=20), id="terms")]
)
def test_proof_goes_on_beyond_its_budget(budget):
    assert not is_zero((x + y) ** 5 * exp(x) - sp.expand((x + y) ** 5) * exp(x), budget)


def test_constants_are_not_tried_as_printed():
    c, d = sp.symbols("0.3 0.6", positive=True)
    printed = {c: sp.Rational("0.3"), d: sp.Rational("0.6")}
    assert prove((c * x - x * c, 2 * c * x - d * x, c * x - d * x, c * x - d * x), printed) == [
        "proved",
        "printed",
        "",
        "",
    ]
