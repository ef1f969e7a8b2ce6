from types import SimpleNamespace

import pytest

from gradcheck.run.selecting import one, select
from gradcheck.run.targets import UsageError

NAMES = ["lib.linear.matmul", "lib.linear.matmul[batches]", "lib.activations.softmax", "lib.activations.log_softmax"]
FOUND = [SimpleNamespace(name=name) for name in NAMES]


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("", [0, 1, 2, 3]),
        ("lib.linear.matmul", [0]),
        ("matmul", [0, 1]),
        ("SoftMax", [2, 3]),
        ("softmax and not log", [2]),
        ("batches or softmax", [1, 2, 3]),
        ("not (batches or softmax)", [0]),
        ("linear and (batches or log)", [1]),
        ("matmul[batches]", [1]),
    ],
)
def test_an_expression_selects(expression, chosen):
    assert [f.name for f in select(FOUND, expression)] == [NAMES[i] for i in chosen]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("relu", "-k 'relu' selects none of 4 cases"),
        ("sofmax", "did you mean lib.activations.softmax"),
        ("and matmul", "a word is missing before and"),
        ("matmul and", "a word is missing at the end"),
        ("not", "a word is missing at the end"),
        ("(matmul", "a parenthesis is not closed"),
        ("matmul softmax", "'softmax' stands where and, or was expected"),
    ],
)
def test_an_expression_that_means_nothing_is_explained(expression, message):
    with pytest.raises(UsageError) as caught:
        select(FOUND, expression)
    assert message in str(caught.value)


def test_nothing_collected_is_no_mistake_of_the_expression():
    assert select([], "relu") == []


@pytest.mark.parametrize(
    ("name", "which"),
    [
        ("lib.linear.matmul", 0),
        ("linear.matmul", 0),
        ("matmul[batches]", 1),
        ("softmax", 2),
        ("activations.log_softmax", 3),
    ],
)
def test_a_case_is_found_by_the_end_of_its_name(name, which):
    assert one(FOUND, name).name == NAMES[which]


def test_a_label_may_be_left_out_where_there_is_one():
    assert one([FOUND[1]], "matmul").name == NAMES[1]


@pytest.mark.parametrize(
    ("found", "name", "message"),
    [
        (FOUND, "sofmax", "there is no case 'sofmax': did you mean lib.activations.softmax"),
        (FOUND, "zzz", "there is no case 'zzz': `gradcheck list` shows them all"),
        (
            [*FOUND, SimpleNamespace(name="other.softmax")],
            "softmax",
            "is one of lib.activations.softmax, other.softmax",
        ),
    ],
)
def test_a_case_that_is_none_or_several_is_refused(found, name, message):
    with pytest.raises(UsageError) as caught:
        one(found, name)
    assert message in str(caught.value)
