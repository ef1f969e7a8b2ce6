import dataclasses
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest
from conftest import CLAIMS, NO_DATA, RAISES, RIGHT, WRONG

from gradcheck.results import Result
from gradcheck.run import executing
from gradcheck.run.executing import Options, Outcome, check_found, check_named, execute, exit_code, outcome_of
from gradcheck.run.points import at_point
from gradcheck.run.rerunning import rerun
from gradcheck.run.targets import UsageError, find

EXACT = Options(oracles="exact")


def outcome(verdict, *, missing=None, crash=""):
    return Outcome(Result("f", verdict, missing=missing), crash)


def without_times(result):
    evidence = tuple(dataclasses.replace(e, seconds=0.0) for e in result.evidence)
    return dataclasses.replace(result, seconds=0.0, evidence=evidence).to_json()


def test_several_processes_give_the_same_results_as_one(module):
    found = find([module(RIGHT, WRONG, RAISES, CLAIMS)])
    alone, together = ({o.result.name: o for o in execute(found, EXACT, jobs)} for jobs in (1, 2))
    assert {n: o.result.verdict for n, o in alone.items()} == {
        f.name: v for f, v in zip(found, ("pass", "fail", "error", "pass"), strict=True)
    }
    assert {n: without_times(o.result) for n, o in alone.items()} == {
        n: without_times(o.result) for n, o in together.items()
    }


def test_interrupting_stops_the_processes(module):
    outcomes = execute(find([module(RIGHT, WRONG)]), EXACT, jobs=2)
    next(outcomes)
    outcomes.close()
    assert list(outcomes) == []


def test_missing_data_is_not_run(module):
    (result,) = execute(find([module(NO_DATA)]), EXACT)
    assert not result.ran
    assert "pip install" in result.result.missing


def test_a_failure_of_the_checker_is_told_with_its_traceback(module, monkeypatch):
    def fails(*args, **options):
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("gradcheck.checking.check_case", fails)
    (crashed,) = execute(find([module(RIGHT)]), EXACT)
    assert crashed.result.verdict == "error"
    assert crashed.result.diagnosis == "gradcheck itself failed here: ZeroDivisionError: inside"
    assert "in fails" in crashed.crash


def test_a_worker_loads_the_targets_and_knows_the_options(module, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *args: None)
    monkeypatch.setattr(executing, "_known", {})
    monkeypatch.setattr(executing, "_options", Options())
    name = module(RIGHT)
    executing.start_worker((name,), Options("exact", seed=5))
    assert check_named(f"{name}.square").result.seed == 5


def test_a_worker_that_dies_is_told(module):
    (found,) = find([module(RIGHT)])
    future = Future()
    future.set_exception(BrokenProcessPool("died"))
    dead = outcome_of(future, found, EXACT)
    assert dead.result.verdict == "error"
    assert "-j 1" in dead.result.diagnosis
    assert dead.crash == "died"


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        pytest.param([outcome("pass"), outcome("pass")], 0, id="all passed"),
        pytest.param([outcome("pass"), outcome("inconclusive", missing="no data")], 0, id="not run turns nothing red"),
        pytest.param([outcome("inconclusive", missing="no data")], 5, id="nothing checked is never green"),
        pytest.param([], 5, id="nothing collected"),
        *(pytest.param([outcome("pass"), outcome(v)], 1, id=v) for v in ("fail", "disputed", "inconclusive", "error")),
        pytest.param([outcome("fail"), outcome("error", crash="Traceback")], 3, id="internal error"),
    ],
)
def test_exit_codes_are_those_of_pytest(outcomes, code):
    assert exit_code(outcomes) == code


@pytest.mark.parametrize(
    ("options", "verdict", "words"),
    [
        pytest.param(Options(), "pass", "--seed 0", id="as it was"),
        pytest.param(Options(), "fail", "--seed 0 --point small0", id="at the point that failed"),
        pytest.param(
            Options(point="random1"), "fail", "--seed 0 --point random1", id="at the point that was asked for"
        ),
        pytest.param(Options(timeout=None), "pass", "--seed 0 --timeout inf", id="without an emergency stop"),
        pytest.param(
            Options("exact", 7, None, 2.5), "pass", "--seed 7 --oracles exact --timeout 2.5", id="all options"
        ),
    ],
)
def test_the_rerun_command_repeats_the_check(module, options, verdict, words):
    name = module(RIGHT)
    (found,) = find([name])
    result = Result(found.name, verdict, failed_at="small0" if verdict == "fail" else None)
    assert rerun(found, result, options) == f"gradcheck run {name} -k {name}.square {words}"


def test_a_point_chooses_the_cases_that_have_it(module):
    found = find([module(RIGHT, CLAIMS, NO_DATA)])
    assert at_point(found, Options(point="random0")) == [found[0], found[2]]
    assert at_point(found, Options(point="printed")) == [found[1], found[2]]
    with pytest.raises(
        UsageError, match="--point 'nowhere' is a point of none of these cases: choose from printed, random0"
    ):
        at_point(found[:2], Options(point="nowhere"))


def test_only_the_point_that_was_asked_for_is_checked(module):
    (found,) = find([module(RIGHT)])
    assert [p.name for p in check_found(found, Options("exact", point="random1")).result.points] == ["random1"]
