import sys

import numpy as np
import pytest

from gradcheck.cases import Case, collect
from gradcheck.checking import check_case
from gradcheck.problems import MissingData
from reference import digits
from reference.examples import digits as example
from reference.network import accuracy

STAGES = ("before", "middle", "after")


@pytest.fixture
def without(monkeypatch):
    """Python in which a library is not installed, and no digits are remembered."""

    def remove(*names):
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)
        digits.load.cache_clear()
        digits.stages.cache_clear()

    yield remove
    digits.load.cache_clear()
    digits.stages.cache_clear()


@pytest.fixture
def data():
    pytest.importorskip("sklearn", reason="the digits are scikit-learn's")
    return digits.load()


def test_digits_are_split_without_overlap(data):
    assert (len(data.x), len(data.test_x)) == (1348, 449)
    assert data.x.min() == 0
    assert data.x.max() == 1
    assert len({row.tobytes() for row in np.vstack([data.x, data.test_x])}) == 1797
    assert set(data.test_labels) == set(range(10))


def test_training_makes_the_network_better(data):
    scores = [accuracy(digits.stages()[stage], data.test_x, data.test_labels) for stage in STAGES]
    assert scores[0] < 0.3 < 0.8 < scores[1] < scores[2]
    assert scores[2] >= 0.95


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("stage", STAGES)
def test_whole_gradient_on_real_digits_is_right(stage):
    result = check_case(Case(digits.cost, stage), oracles="exact,differences", point="random0")
    assert result, str(result)
    certified = [e for e in result.evidence if e.oracle == "exact" and e.question == "formula"]
    assert {e.argument for e in certified} >= {"w1", "b1", "w2", "b2"}
    assert {e.stance for e in certified} == {"for"}


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("mistake", [1.001, 0.0, -1.0], ids=["a thousandth", "dropped", "sign"])
def test_mistake_in_one_bias_of_a_trained_network_is_found(mistake):
    from gradcheck.checking import check

    def wrong(*weights, x, labels):
        y, pullback = digits.cost(*weights, x=x, labels=labels)

        def pull(dy):
            *rest, db2 = pullback(dy)
            return (*rest, np.where(np.arange(10) == 3, mistake * db2, db2))

        return y, pull

    point = Case(digits.cost, "middle").point("random", 0)
    result = check(wrong, *point.args, params=point.params, oracles="exact")
    assert result.verdict == "fail"
    assert "[3]" in result.diagnosis


@pytest.mark.usefixtures("data")
def test_points_have_digits_of_their_own():
    points = list(Case(digits.cost, "before").points())
    assert [len(p.params["x"]) for p in points] == [2, 8, 8]
    rows = np.vstack([p.params["x"] for p in points])
    assert len({row.tobytes() for row in rows}) == len(rows)


def test_case_without_data_is_not_run_and_says_why(without):
    without("sklearn", "sklearn.datasets")
    result = check_case(Case(digits.cost, "after"))
    assert result.verdict == "inconclusive"
    assert result.missing == "scikit-learn is not installed: pip install 'gradcheck[data]'"
    assert {e.reason for e in result.evidence} == {"no data"}


def test_loading_without_scikit_learn_raises_missing_data(without):
    without("sklearn", "sklearn.datasets")
    with pytest.raises(MissingData, match="pip install"):
        digits.load()


def test_module_has_a_case_for_each_stage():
    assert [c.name for c in collect(digits)] == [f"reference.digits.cost[{stage}]" for stage in STAGES]


@pytest.mark.usefixtures("data")
def test_example_trains_to_95_percent_and_draws_a_learning_curve(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "new folder" / "curve.png"
    assert example.main(["--picture", str(picture)]) == 0
    printed = capsys.readouterr().out
    share = next(line for line in printed.splitlines() if line.endswith("on 449 others")).split()[1]
    assert float(share.rstrip("%")) >= 95
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in printed


@pytest.mark.parametrize("library", ["sklearn", "matplotlib"])
def test_example_says_which_extra_is_missing(without, capsys, tmp_path, library):
    if library == "matplotlib":
        pytest.importorskip("sklearn")
    without(library, f"{library}.datasets", f"{library}.figure", f"{library}.backends.backend_agg")
    assert example.main(["--epochs", "1", "--picture", str(tmp_path / "curve.png")]) == 1
    assert "is not installed: pip install 'gradcheck[data]'" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--epochs", "0"], ["--epochs", "many"], ["--rate", "1"]], ids=" ".join)
def test_example_refuses_options_that_mean_nothing(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        example.main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m reference.examples.digits" in capsys.readouterr().err
