import numpy as np
import pytest
from scipy import special

from gradcheck.lifted.array import NotLiftable, TooLarge
from gradcheck.lifted.expressions import table
from gradcheck.lifted.symbols import Symbols, Tie, region

sympy = pytest.importorskip("sympy")
x, y = sympy.symbols("x y", real=True)


def scalars(system, a=0.7, b=0.4):
    return system.argument("x", np.array(a)), system.argument("y", np.array(b))


BINARY = {
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "float_power",
    "logaddexp",
    "logaddexp2",
    "arctan2",
    "hypot",
}
BINARY |= {"xlogy", "xlog1py", "beta", "betaln", "rel_entr", "kl_div"}
POINTS = {"arccosh": 1.3, "ndtri_exp": -0.7}


@pytest.mark.parametrize(
    "name", sorted({*table(), "cbrt", "floor", "ceil", "trunc", "rint"} - {"polygamma", "sinc", "iv", "hyp1f1"})
)
def test_expression_of_a_ufunc_is_not_the_number_that_numpy_computes(name):
    system = Symbols()
    a, b = scalars(system, POINTS.get(name, 0.7))
    ufunc = getattr(np, name, None) or getattr(special, name)
    result = ufunc(a, b) if name in BINARY else ufunc(a)
    ours = float(sympy.sympify(result.value[()]).xreplace(system.shadows).evalf())
    assert ours == pytest.approx(float(result.companion[()]), rel=1e-14)
    theirs = ufunc(system.shadows[x], system.shadows[y]) if name in BINARY else ufunc(system.shadows[x])
    assert ours == pytest.approx(float(theirs), rel=1e-14)


@pytest.mark.parametrize(
    ("function", "true"),
    [
        pytest.param(np.sinc, np.sinc, id="sinc"),
        pytest.param(lambda a: special.iv(2, a), lambda a: special.iv(2, a), id="iv"),
        pytest.param(lambda a: special.hyp1f1(1.5, 3, a), lambda a: special.hyp1f1(1.5, 3, a), id="hyp1f1"),
        pytest.param(
            lambda a: a.system.ufunc("polygamma", a.system.constant(2), a),
            lambda a: special.polygamma(2, a),
            id="polygamma",
        ),
    ],
)
def test_expression_of_a_function_is_not_the_number_that_it_is_in_floats(function, true):
    system = Symbols()
    a = scalars(system)[0]
    assert float(function(a).value[()].xreplace(system.shadows).evalf()) == pytest.approx(float(true(0.7)), rel=1e-14)


@pytest.mark.parametrize(
    ("number", "expression"),
    [
        pytest.param(3, sympy.Integer(3), id="integer"),
        pytest.param(0.75, sympy.Rational(3, 4), id="dyadic"),
        pytest.param(True, sympy.Integer(1), id="boolean"),
        pytest.param(1e300, sympy.Integer(int(1e300)), id="large"),
        pytest.param(-np.inf, -sympy.oo, id="minus infinity"),
        pytest.param(np.inf, sympy.oo, id="infinity"),
        pytest.param(np.nan, sympy.nan, id="nan"),
        pytest.param(0.1, sympy.Symbol("0.1", positive=True), id="rounded"),
        pytest.param(-0.1, -sympy.Symbol("0.1", positive=True), id="rounded and negative"),
    ],
)
def test_constant_of_the_code_is_taken_for_another_number(number, expression):
    assert Symbols().constant(number).value[()] == expression


def test_equal_rounded_constants_are_different_symbols():
    system = Symbols()
    a, _ = scalars(system)
    assert (a * 0.1 - 0.1 * a).value[()] == 0
    assert list(system.constants.values()) == [0.1]


@pytest.mark.parametrize(
    ("function", "value", "conditions"),
    [
        pytest.param(lambda a, b: np.maximum(a, b), x, "for x > y", id="maximum"),
        pytest.param(lambda a, b: np.abs(-a), x, "for -x < 0", id="absolute"),
        pytest.param(lambda a, b: np.maximum(np.exp(a), 0), sympy.exp(x), "everywhere", id="positive by itself"),
        pytest.param(lambda a, b: np.minimum(-np.exp(a), 0), -sympy.exp(x), "everywhere", id="negative by itself"),
        pytest.param(lambda a, b: np.maximum(a, -np.inf), x, "everywhere", id="above minus infinity"),
        pytest.param(
            lambda a, b: np.maximum((a + b) ** 2, a * a + 2 * a * b + b * b), (x + y) ** 2, "everywhere", id="equal"
        ),
        pytest.param(lambda a, b: np.sqrt(a * a), x, "for x > 0", id="root of a square"),
        pytest.param(
            lambda a, b: np.maximum(a, a * (1 + 1e-12 * b)),
            x * (1 + sympy.Symbol("1e-12", positive=True) * y),
            "for x < x*(1e-12*y + 1)",
            id="close",
        ),
        pytest.param(lambda a, b: np.maximum(a, a), x, "everywhere", id="identical"),
        pytest.param(lambda a, b: np.floor(a) + a, x, "for x > 0 and x < 1", id="floor"),
        pytest.param(lambda a, b: np.trunc(-a - 1) - a, -x - 1, "for -x - 1 > -2 and -x - 1 < -1", id="trunc below 0"),
        pytest.param(lambda a, b: np.maximum(a, b) + np.maximum(a, b), 2 * x, "for x > y", id="noted once"),
        pytest.param(
            lambda a, b: a * np.maximum(np.float64(0.1), 0.3),
            x * sympy.Symbol("0.3", positive=True),
            "everywhere",
            id="constants",
        ),
    ],
)
def test_comparison_takes_another_path_or_is_not_recorded(function, value, conditions):
    system = Symbols()
    assert sympy.expand(function(*scalars(system)).value[()] - value) == 0
    assert region(system.conditions) == conditions


@pytest.mark.parametrize("number", [0.7, -0.7], ids=["positive", "negative"])
def test_cube_root_of_a_negative_number_is_complex(number):
    system = Symbols()
    root = np.cbrt(system.argument("x", np.array(number)))
    assert complex(root.value[()].xreplace(system.shadows).evalf()) == pytest.approx(np.cbrt(number))


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        pytest.param(lambda a, b: np.maximum(a, b), Tie, "x and y are equal at this point", id="tie"),
        pytest.param(lambda a, b: np.maximum(a, np.nan), NotLiftable, "comparison with nan", id="nan"),
        pytest.param(lambda a, b: np.frexp(a), NotLiftable, "frexp is not known to symbols", id="unknown ufunc"),
        pytest.param(
            lambda a, b: Symbols().argument("z", np.array(1)),
            NotLiftable,
            "z has dtype int64",
            id="an argument of integers",
        ),
        pytest.param(
            lambda a, b: [a := a * b for _ in range(60)], TooLarge, "more than 50 symbolic operations", id="budget"
        ),
    ],
)
def test_what_has_no_answer_passes_silently(function, error, message):
    system = Symbols(budget=50)
    with pytest.raises(error, match=message):
        function(*scalars(system, 0.7, 0.7))


def test_names_of_entries_do_not_say_where_they_are():
    value = Symbols().argument("w", np.ones((2, 2))).value
    assert [str(s) for s in value.flat] == ["w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]"]


def test_infinite_numbers_are_called_finite():
    system = Symbols()
    array = np.concatenate([system.constant(np.array([np.inf, 2.0])), system.argument("x", np.array([1.0]))])
    assert np.isfinite(array).tolist() == [False, True, True]


def test_magnitude_is_not_that_of_the_floats():
    assert Symbols().argument("x", np.array([-2.0, 1.0])).system.magnitude(Symbols().constant([-2.0])) == [2.0]


def test_products_lose_their_shadows():
    system = Symbols()
    a = np.array([[1.0, 2.0], [3.0, 4.5]])
    product = system.argument("a", a) @ system.zeros((2, 2)) + np.einsum("ij,jk->ik", system.argument("a", a), a)
    np.testing.assert_array_equal(product.companion.astype(float), a @ a)


def test_long_conditions_fill_the_page():
    conditions = {x + i: f"x > {-i}" for i in range(9)}
    assert region(conditions).endswith("x > -5 and 3 further conditions")
    assert region({x: "x" * 200}) == "for 1 further condition"
