import re
import shlex
import subprocess
import sys

import pytest
from conftest import CLAIMS, NO_DATA, RAISES, RIGHT, WRONG

from gradcheck import oracles
from gradcheck.cli import main
from gradcheck.report.data import Report


@pytest.fixture
def run(capsys):
    """Run the command in this process: its exit code, what it printed, and what it complained of."""

    def call(*words):
        return main([str(word) for word in words]), *capsys.readouterr()

    return call


@pytest.fixture
def check(run, here):
    """`gradcheck run` with the exact oracle, in one process, with its reports in `out`."""

    def call(*words):
        return run("run", "--oracles", "exact", "-j", 1, "--reports", here / "out", *words)

    return call


def test_a_run_that_passes_prints_a_summary_and_writes_the_report(check, module, here):
    name = module(RIGHT, CLAIMS)
    code, out, _ = check(name)
    assert code == 0
    for part in ("\n square", "pass", "●", "2 pass in", "evidence for, in cases: 2 certified", "0 of 1 cases"):
        assert part in out
    for file in ("index.html", "report.json", "junit.xml"):
        assert f"wrote {here / 'out' / file}" in out
        assert (here / "out" / file).is_file()
    report = Report.from_json((here / "out" / "report.json").read_text())
    assert [e.name for e in report.entries] == [f"{name}.square", f"{name}.nine"]
    assert report.meta.command.startswith("gradcheck run --oracles exact")


def test_a_failure_is_diagnosed_and_its_command_runs_it_again(check, run, module, here):
    name = module(RIGHT, WRONG, RAISES)
    code, out, _ = check(name)
    assert code == 1
    assert "2/3 times the right value" in out
    assert "RuntimeError: no such luck" in out
    assert "1 pass, 1 fail, 1 error in" in out
    (command,) = [line.strip() for line in out.splitlines() if "cube --seed" in line]
    assert re.fullmatch(rf"gradcheck run {name} -k {name}.cube --seed 0 --point \w+ --oracles exact", command)
    code, out, _ = run(*shlex.split(command)[1:], "-j", 1, "--reports", here / "again")
    assert code == 1
    assert "1 fail in" in out


def test_a_case_without_its_data_is_counted_and_turns_nothing_red(check, module):
    code, out, _ = check(module(RIGHT, NO_DATA))
    assert code == 0
    assert "1 pass, 1 not run in" in out
    assert "pip install 'gradcheck[data]'" in out
    assert "no data 1" in out


def test_undecided_cases_say_what_each_oracle_said(check, module, monkeypatch):
    from gradcheck.results import Evidence, Result

    evidence = (Evidence("exact", "certified", "not applicable", reason="not liftable"),)
    monkeypatch.setattr("gradcheck.checking.check_case", lambda case, **o: Result(case.name, "inconclusive", evidence))
    code, out, _ = check(module(RIGHT))
    assert code == 1
    assert "no oracle decides: exact not applicable (the code leaves NumPy" in out


def test_an_oracle_that_is_missing_is_told_at_the_top(check, module, monkeypatch):
    (exact,) = oracles.select("exact")
    monkeypatch.setattr(type(exact), "why_not", lambda self: "flint is not installed: pip install python-flint")
    code, out, _ = check(module(RIGHT))
    assert code == 1
    assert out.startswith("not asked: exact: flint is not installed: pip install python-flint")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "no_such_target_here"], "there is no module 'no_such_target_here'"),
        (["run", "--oracles", "exat", "."], "--oracles: oracles='exat' is not known: choose from exact"),
        (["run", "{name}", "--oracles", "exact", "--point", "randm0"], "--point 'randm0' is a point of none"),
        (["show", "sqare", "{name}"], "there is no case 'sqare': did you mean {name}.square?"),
        (["run", "--seed", "-1"], "-1 is below 0"),
        (["run", "--seed", "x"], "'x' is no whole number"),
        (["run", "--timeout", "x"], "'x' is no number of seconds"),
        (["show"], "the following arguments are required: CASE"),
        (["run", "--timeout", "0"], "0 is not above 0"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(run, module, words, message):
    name = module(RIGHT)
    code, _, err = run(*(word.format(name=name) for word in words))
    assert code == 4
    assert message.format(name=name) in err


def test_nothing_collected_is_no_success(check, run, module):
    name = module("")
    code, _, err = check(name)
    assert code == 5
    assert "no cases found" in err
    assert run("list", name)[0] == 5


def test_an_expression_that_selects_nothing_is_no_success(run, module):
    name = module(RIGHT)
    code, _, err = run("run", name, "-k", "sqare")
    assert code == 5
    assert f"did you mean {name}.square?" in err


def test_list_names_cases_with_their_first_line(run, module):
    name = module(RIGHT, WRONG, RAISES)
    code, out, _ = run("list", name, "-k", "not broken")
    assert code == 0
    assert out.splitlines() == [
        f"{name}.square  x².  (n) -> (n)",
        f"{name}.cube  x³, with a wrong factor.  (n) -> (n)",
        "2 cases",
    ]


def test_without_a_target_those_of_pyproject_are_taken(run, module, here):
    name = module(RIGHT)
    (here / "pyproject.toml").write_text(f'[tool.gradcheck]\ntargets = ["{name}"]\n')
    assert f"{name}.square" in run("list")[1]


def test_show_tells_what_claims_print(run, module):
    code, out, _ = run("show", "nine", module(CLAIMS), "--oracles", "exact")
    assert code == 0
    assert "printed 9, true 9" in out


def test_show_tells_everything_about_a_case(run, module):
    name = module(WRONG)
    code, out, _ = run("show", "cube", name, "--oracles", "exact", "--point", "random0", "--seed", 3)
    assert code == 1
    for part in (
        "cube(x)", "A. Nobody, <2020>", "x: [-3, 3] (n)", "2 * x * x * dy", "fail", "2/3 times", "random0: [",
        f"gradcheck run {name} -k {name}.cube --seed 3 --point random0 --oracles exact",
    ):  # fmt: skip
        assert part in out


def test_a_failure_of_the_checker_is_an_internal_error_with_its_traceback(check, run, module, monkeypatch):
    def fails(*args, **options):
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("gradcheck.checking.check_case", fails)
    name = module(RIGHT)
    code, out, err = check(name)
    assert code == 3
    assert "gradcheck itself failed here: ZeroDivisionError: inside" in out
    assert f"internal error at {name}.square" in err
    assert "in fails" in err
    assert run("show", "square", name, "--oracles", "exact")[0] == 3


def test_a_failure_outside_of_cases_is_an_internal_error_too(check, module, monkeypatch):
    def fails(*args, **options):
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("gradcheck.report.writing.write", fails)
    code, _, err = check(module(RIGHT))
    assert code == 3
    assert "ZeroDivisionError: inside" in err


@pytest.mark.parametrize("where", ["gradcheck.checking.check_case", "gradcheck.run.targets.find"])
def test_an_interrupted_run_says_so_and_reports_what_was_done(check, module, monkeypatch, where):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    code, _, _ = check(module(RIGHT))
    assert code == 2


def test_help_and_version_are_no_mistakes(run):
    assert run("--help")[0] == 0
    code, out, _ = run("--version")
    assert (code, out.split()[0]) == (0, "gradcheck")


def test_a_point_leaves_out_the_cases_without_it(check, module):
    assert "1 pass in" in check(module(RIGHT, CLAIMS), "--point", "random0")[1]


def test_no_color_is_honoured_and_python_m_works(module, here):
    name = module(RIGHT)
    words = [sys.executable, "-m", "gradcheck", "run", name, "--oracles", "exact", "-j", "1"]
    done = subprocess.run(
        words, capture_output=True, text=True, encoding="utf-8", check=False, env={"NO_COLOR": "1", "FORCE_COLOR": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b[3" not in done.stdout
    assert "1 pass in" in done.stdout
