import pytest

from gradcheck import claims, erratum, rounded
from gradcheck.printed import Printed


def declared(**declaration):
    def squares(x):
        """x²."""
        return {"y": x * x}

    return claims(**dict(source="a text", at=dict(x=3), printed={"y": 9}) | declaration)(squares)


def test_claims_stay_callable_as_the_function_they_are():
    c = declared()
    assert c() == {"y": 9}
    assert c(x=2) == {"y": 4}
    assert c.__doc__ == "x²."
    assert c.name == f"{__name__}.declared.<locals>.squares"
    assert repr(c) == f"<claims {c.name}>"


def test_entries_of_nested_lists_have_their_index():
    assert Printed([["1", "2"], ["3", "4"]]).entries == {(0, 0): "1", (0, 1): "2", (1, 0): "3", (1, 1): "4"}
    assert Printed("5").entries == {(): "5"}


@pytest.mark.parametrize("text", ["0.20", "-1e-9", "12", 12, 0, True, [["1.0"], [False]]], ids=repr)
def test_numbers_as_text_integers_and_statements_can_be_printed(text):
    assert declared(printed={"y": text}).printed["y"] == Printed(text)


@pytest.mark.parametrize(
    ("declaration", "error", "message"),
    [
        (dict(printed={}), ValueError, "printed= is empty: name at least one quantity"),
        (dict(printed={"y": 0.2}), ValueError, "'y' prints 0.2: write a number as text, such as '0.25'"),
        (dict(printed={"y": ["0.2", "about 3"]}), ValueError, "'y' prints 'about 3'"),
        (dict(printed={"y": "nan"}), ValueError, "'y' prints 'nan'"),
        (dict(printed={"y": None}), ValueError, "'y' prints None"),
        (dict(printed={"y": Printed("1", "a", "b")}), ValueError, "both an erratum and rounded: choose one"),
        (dict(at={}), TypeError, "at= does not fit the function: missing a required argument: 'x'"),
        (dict(at=dict(x=1, z=2)), TypeError, "at= does not fit the function: got an unexpected keyword argument 'z'"),
    ],
    ids=["empty", "float", "words", "nan", "none", "two declarations", "too few", "too many"],
)
def test_declaration_that_means_nothing_fails_at_once(declaration, error, message):
    with pytest.raises(error, match=message):
        declared(**declaration)


def test_erratum_and_rounded_keep_their_reason():
    assert erratum("1", "a slip") == Printed("1", erratum="a slip")
    assert rounded("1", "from rounded numbers") == Printed("1", rounded="from rounded numbers")
