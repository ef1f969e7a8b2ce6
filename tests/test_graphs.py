import numpy as np
import pytest

from gradcheck.graphs import short, symbol


@pytest.mark.parametrize(
    ("value", "theirs"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (-0.196611933, "−0.1966"),
        (1.5e-9, "1.5e−09"),
        (123456.0, "1.235e+05"),
        ([0.5, -2.0], "[0.5, −2]"),
        ([[1.0, 2.0], [3.0, 4.0]], "[[1, 2], [3, 4]]"),
        (np.zeros((2, 4)), "2 × 4"),
        (np.zeros(7), "7"),
        (np.zeros((0, 3)), "[]"),
    ],
    ids=str,
)
def test_short_text_has_four_significant_digits(value, theirs):
    assert short(value) == theirs


@pytest.mark.parametrize(("operation", "theirs"), [("multiply", "×"), ("layer_norm", "layer_norm")])
def test_operation_has_a_symbol_or_its_name(operation, theirs):
    assert symbol(operation) == theirs
