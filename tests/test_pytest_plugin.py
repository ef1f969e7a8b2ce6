import importlib
import subprocess
import sys
from importlib.util import find_spec

import pytest
from conftest import CLAIMS, HEADER, NO_DATA, NUMBERS, RAISES, RIGHT, WRONG

from gradcheck.report.data import Report

# pytester forgets the modules that a run inside this process imported, and these cannot be imported twice.
for library in (
    "numpy",
    "scipy.special",
    "sympy",
    "flint",
    "jax",
    "jinja2",
    "gradcheck.checking",
    "gradcheck.verifying",
):
    if find_spec(library.partition(".")[0]):
        importlib.import_module(library)

EXACT = "--gradcheck-oracles=exact"


@pytest.fixture
def rules(pytester, monkeypatch):
    """Write a module of rules into pytester's folder; gives its name."""
    monkeypatch.setattr(sys, "path", sys.path[:])

    def write(*parts):
        name = f"plugged_{next(NUMBERS)}"
        (pytester.path / f"{name}.py").write_text(HEADER + "".join(parts), encoding="utf-8")
        return name

    return write


def test_cases_are_items_with_readable_ids(pytester, rules):
    name = rules(RIGHT, CLAIMS)
    result = pytester.runpytest("--gradcheck", f"--gradcheck-target={name}", "--collect-only", "-q")
    result.stdout.fnmatch_lines([f"gradcheck::{name}.square", f"gradcheck::{name}.nine"])


def test_cases_pass_fail_and_are_skipped_as_tests(pytester, rules):
    name = rules(RIGHT, WRONG, RAISES, NO_DATA, CLAIMS)
    result = pytester.runpytest(f"--gradcheck-target={name}", EXACT, "--gradcheck-seed=3", "-rs")
    result.assert_outcomes(passed=2, failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        [
            f"*{name}.cube: fail*",
            "*2/3 times the right value*",
            f"*rerun: gradcheck run {name} -k {name}.cube --seed 3 --point * --oracles exact",
        ]
    )
    result.stdout.fnmatch_lines(["*RuntimeError: no such luck*"])
    result.stdout.fnmatch_lines(["SKIPPED*scikit-learn is not installed*"])


def test_cases_are_chosen_with_k_as_tests_are(pytester, rules):
    name = rules(RIGHT, WRONG)
    result = pytester.runpytest(f"--gradcheck-target={name}", EXACT, "-k", "square")
    result.assert_outcomes(passed=1, deselected=1)


def test_without_a_target_those_of_pyproject_are_taken(pytester, rules):
    name = rules(RIGHT)
    pytester.makepyprojecttoml(f'[tool.gradcheck]\ntargets = ["{name}"]\n')
    pytester.runpytest("--gradcheck", EXACT).assert_outcomes(passed=1)


def test_a_file_that_is_named_stands_for_its_rules_where_no_target_is_configured(pytester, rules):
    name = rules(RIGHT)
    result = pytester.runpytest("--gradcheck", EXACT, f"{name}.py")
    result.assert_outcomes(passed=1)
    pytester.makepyprojecttoml(f'[tool.gradcheck]\ntargets = ["{rules(RIGHT, WRONG)}"]\n')
    pytester.runpytest("--gradcheck", EXACT, f"{name}.py").assert_outcomes(passed=1, failed=1)


def test_without_the_option_nothing_is_collected(pytester, rules):
    rules(RIGHT)
    assert pytester.runpytest().ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--gradcheck-target=not_there_at_all", "*there is no module 'not_there_at_all'*"),
        ("--gradcheck-oracles=exat", "*oracles='exat' is not known*"),
    ],
)
def test_a_mistake_in_the_options_is_a_usage_error(pytester, rules, option, message):
    result = pytester.runpytest(f"--gradcheck-target={rules(RIGHT)}", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_an_internal_error_shows_where(pytester, rules, monkeypatch):
    def fails(*args, **options):
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("gradcheck.checking.check_case", fails)
    result = pytester.runpytest(f"--gradcheck-target={rules(RIGHT)}", EXACT)
    result.stdout.fnmatch_lines(["*gradcheck itself failed here*", "*in fails*"])


def test_a_failure_outside_of_the_case_is_shown_as_any_other(pytester, rules, monkeypatch):
    def fails(*args, **options):
        raise ZeroDivisionError("outside")

    monkeypatch.setattr("gradcheck.report.data.describe", fails)
    result = pytester.runpytest(f"--gradcheck-target={rules(RIGHT)}", EXACT)
    result.stdout.fnmatch_lines(["*ZeroDivisionError: outside*"])


TEST = """
import numpy as np

def right(x):
    return x * x, lambda dy: 2 * x * dy

def wrong(x):
    return x * x, lambda dy: x * dy

def test_right(gradcheck):
    result = gradcheck(right, np.array([1.0, 2.5]), oracles="exact")
    assert result.verdict == "pass"

def test_wrong(gradcheck):
    gradcheck(wrong, np.array([1.0, 2.5]), oracles="exact")
"""


def test_the_fixture_asserts_and_records_into_the_report(pytester, rules):
    path = pytester.makepyfile(TEST)
    name = rules(RIGHT)
    result = pytester.runpytest(f"--gradcheck-target={name}", EXACT, "--gradcheck-report=out")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: *wrong: fail*", "*half the right value*"])
    report = Report.from_json((pytester.path / "out" / "report.json").read_text())
    stem = path.stem
    assert [(e.name, e.outcome) for e in report.entries] == [
        (f"{stem}.right in {stem}.py::test_right", "pass"),
        (f"{stem}.wrong in {stem}.py::test_wrong", "fail"),
        (f"{name}.square", "pass"),
    ]
    assert report.entries[1].rerun == f"pytest {stem}.py::test_wrong"
    assert (pytester.path / "out" / "index.html").is_file()
    assert (pytester.path / "out" / "junit.xml").is_file()


UNREAD = """
import numpy as np
from gradcheck import check

X = np.array([1.0, 2.5])

def wrong(x):
    return x * x, lambda dy: x * dy

def made():
    return check(wrong, X, oracles="exact")

def test_it({fixture}):
    {body}
"""


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("check(wrong, X, oracles='exact')", 13),
        ("result = check(wrong, X, oracles='exact')", 13),
        ("print(check(wrong, X, oracles='exact'), repr(made()))", 13),
        ("made()", 10),
    ],
)
def test_a_check_that_nobody_reads_is_a_silent_pass(pytester, body, line):
    path = pytester.makepyfile(UNREAD.format(fixture="", body=body))
    result = pytester.runpytest("-W", "default")
    result.assert_outcomes(passed=1, warnings=2 if "repr" in body else 1)
    result.stdout.fnmatch_lines(
        [f"*UnreadWarning: {path.name}::test_it: the check at {path.name}:{line} was made and*"]
    )
    pytester.runpytest("-W", "error").assert_outcomes(failed=1)


@pytest.mark.parametrize(
    "body",
    [
        "assert not check(wrong, X, oracles='exact')",
        "assert made().verdict == 'fail'",
        "assert 'right value' in made().diagnosis",
        "assert made() != made()",
        "assert made().to_json()",
        "import pytest; pytest.raises(AssertionError, made().raise_if_failed)",
        "import pytest; made(); pytest.skip('not today')",
        "pass",
    ],
)
def test_a_check_that_somebody_reads_is_warned_of(pytester, body):
    pytester.makepyfile(UNREAD.format(fixture="", body=body))
    result = pytester.runpytest("-W", "error")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*UnreadWarning*")


READING = """
import copy, dataclasses, pickle
import pytest
from gradcheck import Result

class Base:
    def checked(self):
        return made()

class TestInherited(Base):
    def test_a_method_that_returns_it(self):
        assert not self.checked()

@pytest.fixture(scope="module")
def shared():
    return made()

@pytest.fixture
def asserted_afterwards():
    results = []
    yield results
    assert not any(results)

def assert_wrong(result: Result):
    __tracebackhide__ = True
    assert result.verdict == "fail"

def test_a_helper_that_asserts():
    assert_wrong(made())

def test_a_fixture_that_others_read(shared):
    pass

def test_a_fixture_that_is_read(shared):
    assert not shared

def test_a_fixture_that_reads(asserted_afterwards):
    asserted_afterwards.append(made())

def test_several():
    assert not any([made(), made()])

def test_short_circuits():
    assert not (made() and made())

def test_a_branch():
    if made():
        pytest.fail("it is wrong")

def test_copies():
    assert not copy.copy(made())
    assert not dataclasses.replace(made(), name="f")
    assert pickle.loads(pickle.dumps(made())).verdict == "fail"

def test_comparisons():
    result = made()
    assert result == result

def test_a_record(record_property):
    record_property("verdict", made().to_dict()["verdict"])

def test_matched():
    match made():
        case Result(verdict="fail"):
            pass
"""


def test_a_check_beside_a_fixture_that_does_not_read_it_is_a_silent_pass(pytester):
    pytester.makepyfile(UNREAD.format(fixture="tmp_path", body="made()"))
    pytester.runpytest("-W", "default").assert_outcomes(passed=1, warnings=1)
    pytester.runpytest("-W", "error").assert_outcomes(passed=1, errors=1)


def test_a_result_that_a_helper_or_a_fixture_reads_is_warned_of(pytester):
    pytester.makepyfile(UNREAD.format(fixture="", body="pass") + READING)
    result = pytester.runpytest("-W", "error")
    result.assert_outcomes(passed=13)
    result.stdout.no_fnmatch_line("*UnreadWarning*")


def test_a_failing_test_is_told_of_checks_that_it_did_not_reach(pytester):
    pytester.makepyfile(UNREAD.format(fixture="gradcheck", body="made(); assert False"))
    result = pytester.runpytest("-W", "default")
    result.assert_outcomes(failed=1, warnings=0)


def test_an_assertion_shows_a_wall_of_data_in_place_of_the_diagnosis(pytester):
    pytester.makepyfile(UNREAD.format(fixture="", body="assert check(wrong, X, oracles='exact')"))
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *assert <*wrong: fail: Your dx is half the right value: *",
            "*- Captured gradcheck call -*",
            "*wrong: fail",
            "  Your dx is half the right value: *",
            "  exact *against *",
        ]
    )
    assert "Evidence(" not in result.stdout.str()


def test_a_check_that_is_told_already_is_told_twice(pytester):
    pytester.makepyfile(UNREAD.format(fixture="", body="made().raise_if_failed()"))
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*- Captured gradcheck call -*")


def test_the_fixture_that_is_never_called_checks_nothing_in_silence(pytester):
    path = pytester.makepyfile(UNREAD.format(fixture="gradcheck", body="pass"))
    result = pytester.runpytest("-W", "default")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines([f"*{path.name}::test_it: the fixture gradcheck was asked for and never called*"])


def test_loading_the_plugin_imports_nothing_of_weight():
    code = "import sys, gradcheck.pytest_plugin; print({m for m in ('numpy', 'sympy', 'jax', 'jinja2', 'rich') if m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
