"""Planting faults in rules: what is counted as caught, as survived, and as no mistake; the command and the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck import Rule
from gradcheck.cases import Case
from gradcheck.cli import main
from gradcheck.faults import command
from gradcheck.faults.campaign import Plan, fate_of_wrapper, study
from gradcheck.faults.edits import edits
from gradcheck.faults.fates import Campaign, Fate, counted, settled
from gradcheck.faults.showing import lines, percent
from gradcheck.faults.trials import Subject
from gradcheck.faults.wrappers import WRAPPERS
from gradcheck.report import assurance
from gradcheck.report.assurance import Assurance
from gradcheck.report.data import Report
from gradcheck.run.targets import find
from tests.faults import planted_rules

TARGET = "tests.faults.planted_rules"


def fates(rule: Rule, plan: Plan | None = None) -> list[Fate]:
    return settled(study([Case(rule, label) for label in rule.domains], plan or Plan()))


def outcome_of(found: list[Fate], change: str) -> Fate:
    return next(f for f in found if f.fault.endswith(change))


def test_a_mistake_in_a_well_tested_rule_survives() -> None:
    found = fates(planted_rules.well_tested)
    assert [f.fault for f in found if f.outcome == "survived"] == []
    count = counted(found)
    assert count.caught == count.of > 80
    assert {f.by for f in found if f.outcome == "caught"} >= {"contract", "exact", "accuracy"}
    assert outcome_of(found, "return 2 * dy * x -> return 1 * dy * x").by == "exact"


@pytest.mark.parametrize(
    ("kind", "budget", "by"),
    [
        ("rounded to float32", 16.0, "accuracy"),
        ("rounded to 12 bits", 16.0, "accuracy"),
        ("rounded to 12 bits", 1e13, None),
    ],
)
def test_digits_lost_within_the_budget_count_or_those_beyond_it_do_not(
    kind: str, budget: float, by: str | None
) -> None:
    tested = planted_rules.well_tested
    subject = Subject(Case(Rule(tested.function, domains=tested.domains, accuracy=budget), ""))
    fate = fate_of_wrapper(subject, next(w for w in WRAPPERS if w.name == kind), 0)
    assert (fate and fate.by) == by


def test_another_subgradient_counts_as_a_mistake() -> None:
    found = fates(planted_rules.rectified)
    assert outcome_of(found, "np.where(x >= 0, dy, 0)").why == "another subgradient at a kink"
    assert outcome_of(found, "np.where(x < 0, dy, 0)").outcome == "caught"
    assert counted(found).fraction == 1


def test_an_edit_that_changes_nothing_counts_as_a_mistake() -> None:
    fate = outcome_of(fates(planted_rules.redundant), "return dy * x / np.hypot(x, 1.0)")
    assert (fate.outcome, fate.why[:23]) == ("equivalent", "proved equal on symbols")


def test_a_pullback_that_is_no_derivative_on_purpose_is_unfit() -> None:
    found = fates(planted_rules.clipped)
    assert {f.outcome for f in found} == {"caught"}


def test_faults_are_planted_in_a_form_declared_to_be_wrong() -> None:
    assert fates(planted_rules.erratum) == []


def test_a_place_that_no_point_comes_to_is_passed_over() -> None:
    found = fates(planted_rules.badly_tested)
    assert outcome_of(found, "return dy / 3 -> return dy * 3") == replace(
        outcome_of(found, "return dy / 3 -> return dy * 3"), outcome="survived", why="no point comes to it"
    )
    assert counted(found).caught < counted(found).of


def test_an_edit_that_was_read_counts_as_a_mistake() -> None:
    key = "tests.faults.planted_rules.rectified: return np.where(x > 0, dy, 0) -> return np.where(x >= 0, dy, 0)"
    found = fates(planted_rules.rectified, Plan(reviewed={key: "read: the slope at 0 is free"}))
    assert outcome_of(found, "np.where(x >= 0, dy, 0)").outcome == "equivalent"


def test_a_sample_is_another_at_each_call() -> None:
    plan = Plan(seed=3, share=12)
    first, second = (fates(planted_rules.well_tested, plan) for _ in range(2))
    assert first == second
    assert 0 < len(first) <= 12
    assert fates(planted_rules.well_tested, Plan(seed=4, share=12)) != first


def test_faults_are_planted_in_a_case_that_fails_anyway() -> None:
    wrong = Rule(lambda x: (x * x, lambda dy: dy * x), domains=planted_rules.well_tested.domains)
    (only,) = fates(wrong)
    assert (only.outcome, only.why[:6]) == ("unfit", "exact:")
    assert "fails without a fault" in "\n".join(lines(Campaign((only,))))


HELPER = Fate("a", "helper: 1 -> 2", "edit", "silent", helper=True)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ([HELPER], ["survived"]),
        ([HELPER, replace(HELPER, case="b")], ["survived"]),
        ([HELPER, replace(HELPER, case="b", outcome="caught")], ["caught"]),
        ([HELPER, replace(HELPER, case="b", outcome="equivalent")], ["equivalent"]),
        ([replace(HELPER, outcome="unreached"), HELPER], ["survived"]),
        ([HELPER, replace(HELPER, case="b", outcome="forward")], []),
        ([replace(HELPER, outcome="equivalent"), replace(HELPER, case="b", outcome="caught")], ["caught"]),
    ],
)
def test_an_edit_of_a_helper_is_judged_by_one_rule_alone(given: list[Fate], left: list[str]) -> None:
    assert [f.outcome for f in settled(given)] == left


def test_a_helper_is_judged_by_a_sample() -> None:
    assert settled([HELPER], complete=False) == []
    elsewhere = replace(HELPER, case="a.rule", fault="b.helper: 1 -> 2")
    assert settled([elsewhere], packages={"b.other"}) == []
    assert settled([elsewhere], packages={"b"}) != []
    assert settled([replace(elsewhere, case="b.rule")], packages=()) != []


FATES = (
    Fate("m.a", "twice (dx)", "wrapper", "caught", "exact"),
    Fate("m.a", "m.a:3: x + 1 -> x", "edit", "survived", why="seen with seed 1 only"),
    Fate("m.b", "m.b:4: a + b -> b + a", "edit", "equivalent", why="proved equal on symbols at 3 points"),
)


def test_a_survivor_is_shown_without_its_diff() -> None:
    text = "\n".join(lines(Campaign(FATES)))
    assert "2 faults in 2 cases: 1 caught (50.00 %), 1 survived" in text
    assert "survived  m.a: m.a:3 (seen with seed 1 only)\n  - x + 1\n  + x" in text
    assert "1 proved equal on symbols" in text
    assert percent(0.99999) == "99.99 %"


def test_a_campaign_loses_something_in_its_file(tmp_path: Path) -> None:
    campaign = Campaign(FATES, 2.5, "gradcheck faults")
    assert Campaign.from_json(campaign.to_json()) == campaign
    (tmp_path / "faults.json").write_text(campaign.to_json())
    assert assurance.read(tmp_path) == {"m.a": Assurance(1, 2, {"exact": 1}, ("m.a:3: x + 1 -> x",))}


@pytest.mark.parametrize("text", ["", "{}", '{"format": 99}', "[1]"])
def test_a_file_of_another_version_breaks_the_report(text: str, tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text(text)
    assert assurance.read(tmp_path) == {}
    assert assurance.read(tmp_path / "nowhere") == {}


def test_the_command_says_nothing_of_what_survived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["faults", TARGET, "--full", "-j", "1", "-k", "badly_tested", "--reports", str(tmp_path)])
    text = capsys.readouterr().out
    assert code == 1
    assert "  - return dy / 3\n  + return dy * 3" in text
    assert json.loads((tmp_path / "faults.json").read_text())["fates"]


def test_an_interrupted_campaign_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: object) -> Iterator[list[Fate]]:
        yield [replace(HELPER, case=f"{TARGET}.well_tested", outcome="caught")]
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run", interrupted)
    assert main(["faults", TARGET, "--full", "--reports", str(tmp_path)]) == 2
    found = assurance.read(tmp_path)[f"{TARGET}.well_tested"]
    assert (found.caught, found.of) == (1, 1)


def test_the_report_has_no_column_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["-j", "1", "-k", "well_tested", "--reports", str(tmp_path)]
    assert main(["faults", TARGET, "--sample", "9", *where]) == 0
    assert "(100 %), 0 survived" in capsys.readouterr().out
    main(["run", TARGET, "--oracles", "exact", *where])
    planted = assurance.read(tmp_path)[f"{TARGET}.well_tested"]
    page = (tmp_path / "index.html").read_text()
    assert f'title="planted mistakes caught: {planted.observers}">{planted.caught}/{planted.of}</td>' in page
    assert f"<b>{planted.caught} of {planted.of}</b> mistakes planted in these pullbacks were caught" in page
    assert Report.from_json((tmp_path / "report.json").read_text()).entries[0].assurance == planted


def test_the_report_says_nothing_of_a_survivor(tmp_path: Path) -> None:
    case = Case(planted_rules.well_tested, "")
    fates = (replace(FATES[0], case=case.name), replace(FATES[1], case=case.name))
    (tmp_path / "faults.json").write_text(Campaign(fates).to_json())
    main(["run", TARGET, "-k", "well_tested", "-j", "1", "--oracles", "exact", "--reports", str(tmp_path)])
    page = (tmp_path / "index.html").read_text()
    assert "1 of 2 mistakes planted in this pullback were caught: exact 1" in page
    assert "not caught: m.a:3: x + 1 -&gt; x" in page


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["faults", TARGET, "-k", "nothing_like_it"], 5, "nothing_like_it"),
        (["faults", "gradcheck.nowhere"], 4, "nowhere"),
        (["faults", TARGET, "--sample", "3", "--full"], 4, "not allowed with"),
        (["faults", TARGET, "--reviewed", "missing.toml"], 4, "missing.toml"),
    ],
)
def test_a_bad_command_line_is_taken(argv: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == code
    assert says in capsys.readouterr().err


def test_an_edit_that_was_read_is_of_no_rule_that_exists() -> None:
    """What was read must still stand in the source; an entry that nobody needs any more is to go."""
    reviewed = command.read_reviewed(Path(__file__).with_name("reviewed.toml"))
    modules = dict.fromkeys(key.partition(": ")[0].rpartition(".")[0] for key in reviewed)
    rules = [f.item.rule for f in find(tuple(modules)) if isinstance(f.item, Case)]
    assert set(reviewed) <= {e.key for r in rules for e in edits(r)}


def test_a_bad_list_of_reviewed_edits_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "reviewed.toml"
    path.write_text("[[edit]]\nedit = 'a'\n")
    assert main(["faults", TARGET, "--reviewed", str(path)]) == 4
    assert "write [[edit]] with edit = '...' and reason = '...'" in capsys.readouterr().err
