import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import CLAIMS, GRAPH, RIGHT

from gradcheck.report import summary
from gradcheck.report.data import Report, describe, entry
from gradcheck.report.numbers import budget_text
from gradcheck.report.writing import libraries, write
from gradcheck.results import Accuracy, Evidence, Point, Result
from gradcheck.run.targets import find


def test_a_report_comes_back_from_json_as_it_was(report):
    again = Report.from_json(report.to_json())
    assert again.to_json() == report.to_json()
    assert again.meta == report.meta
    assert again.entries[0].graph == GRAPH
    assert [e.outcome for e in again.entries] == [e.outcome for e in report.entries]


def test_another_format_is_refused(report):
    text = json.dumps({**json.loads(report.to_json()), "format": 99})
    with pytest.raises(ValueError, match="format is 99, this version reads 1: run the checks again"):
        Report.from_json(text)


def test_an_entry_says_where_the_case_is_written(module):
    name = module(RIGHT)
    (found,) = find([name])
    described = describe(found.item, Result(found.name, "pass", points=(Point("p", "small", (np.ones(2),)),)), "again")
    assert (described.module, described.short, described.signature) == (name, "square", "square(x)")
    assert described.source.startswith("@gradcheck.rule")
    assert (described.file, described.line, described.arguments) == (f"{name}.py", 4, ("x",))
    assert described.domain == {"x": "[-3, 3] (n)"}
    assert (described.doc, described.rerun, described.graph) == ("x².  (n) -> (n)", "again", None)


def test_claims_show_the_numbers_that_they_are_made_at(module):
    (found,) = find([module(CLAIMS)])
    described = describe(found.item, Result(found.name, "pass", points=(Point("printed", "given", ()),)))
    assert (described.domain, described.citation) == ({"x": "3"}, "a lecture")


def test_a_graph_is_made_when_the_entry_is():
    assert entry(abs, Result("abs", "pass"), graph=lambda: GRAPH).graph == GRAPH


@pytest.mark.parametrize(
    ("function", "signature"),
    [(abs, "abs(x, /)"), (dict, "dict(...)"), (np.exp, None)],
    ids=["builtin", "type", "ufunc"],
)
def test_a_function_without_source_still_has_an_entry(function, signature):
    described = entry(function, Result("f", "pass"))
    assert (described.source, described.line) == ("", 0)
    assert signature in (None, described.signature)


def test_files_are_written_into_a_folder_that_is_made(report, tmp_path):
    paths = write(report, tmp_path / "a" / "b")
    assert [p.name for p in paths] == ["index.html", "report.json", "junit.xml"]
    assert Report.from_json(paths[1].read_text()).meta == report.meta


def test_libraries_that_are_missing_are_left_out(monkeypatch):
    monkeypatch.setattr("gradcheck.report.writing.LIBRARIES", ("numpy", "no-such-distribution"))
    assert list(libraries()) == ["numpy"]


def test_the_counts_are_those_of_the_entries(report):
    assert summary.outcomes(report.entries) == {
        "pass": 3, "fail": 1, "disputed": 1, "inconclusive": 1, "error": 1, "not run": 1,
    }  # fmt: skip
    assert summary.kinds(report.entries) == {
        "certified": 3, "proved": 1, "tested": 0, "measured": 1, "cross-checked": 1,
    }  # fmt: skip
    assert summary.all_kinds(report) == (1, 6)
    assert summary.reasons(report.entries) == [("jax", "kink", 5)]
    assert summary.columns(report) == ["exact", "differences", "symbolic", "jax"]
    assert summary.common_stem(report.entries) == ""
    assert summary.common_stem(report.entries[:3]) == "lib."


def test_what_evidence_is_missing_is_said_with_the_reason_and_the_places(report):
    found = {(gap.kind, gap.reason): gap.places for gap in summary.gaps(report)}
    assert found == {
        ("cross-checked", "kink"): (0, 1, 2, 3),
        ("cross-checked", "not asked"): (4,),
        ("measured", "not asked"): (0, 1, 2, 3, 4),
        ("proved or tested", "not asked"): (0, 1, 2, 3, 4),
        ("certified", "against"): (1, 2),
        ("certified", "undecided"): (3,),
        ("certified", "not asked"): (4,),
    }
    assert summary.with_few_kinds(report) == 5
    assert summary.with_few_kinds(report, enough=1) == 4


def test_budgets_that_are_not_the_common_one_are_listed(report):
    assert summary.wide_budgets(report) == []
    wide = Accuracy(30.0, 1.0, budget=64.0, normwise=True)
    entries = [replace(e, result=replace(e.result, accuracy={"forward": wide})) for e in report.entries[:2]]
    ((accuracy, places),) = summary.wide_budgets(replace(report, entries=(*entries, *report.entries[2:])))
    assert (accuracy.budget, accuracy.normwise, places) == (64.0, True, (0, 1))
    assert budget_text(accuracy) == "64 normwise ULPs"


KINK = Evidence("o", "measured", "not applicable", reason="kink")


@pytest.mark.parametrize(
    ("evidence", "stance", "symbol"),
    [
        pytest.param([], "not asked", "·", id="nobody spoke"),
        pytest.param([Evidence("other", "certified", "for")], "not asked", "·", id="another spoke"),
        pytest.param([KINK], "not applicable", "–", id="not applicable"),
        pytest.param([KINK, Evidence("o", "measured", "undecided")], "undecided", "?", id="undecided"),
        pytest.param([KINK, Evidence("o", "measured", "for")], "for", "≈", id="measured"),
        pytest.param(
            [Evidence("o", "tested", "for"), Evidence("o", "proved", "for")], "for", "◆", id="the strongest kind"
        ),
        pytest.param(
            [KINK, Evidence("o", "cross-checked", "for", "forward")], "not applicable", "–", id="forward only"
        ),
        pytest.param(
            [Evidence("o", "proved", "for"), Evidence("o", "proved", "against")], "against", "✗", id="against"
        ),
    ],
)
def test_an_oracle_speaks_with_its_gravest_stance(evidence, stance, symbol):
    voice = summary.voice("o", evidence)
    assert (voice.stance, voice.symbol) == (stance, symbol)
