import sys

import pytest
from conftest import CLAIMS, HEADER, RIGHT, WRONG

from gradcheck.run.targets import DEFAULT_TARGETS, UsageError, configured_targets, find


def names(*targets):
    return [found.name for found in find(targets)]


def test_a_module_a_file_and_a_folder_give_the_same_cases(module, here):
    name = module(RIGHT, WRONG, CLAIMS)
    expected = [f"{name}.square", f"{name}.cube", f"{name}.nine"]
    assert names(name) == names(f"{name}.py") == names(f"./{name}.py") == names(str(here)) == expected


def test_what_several_targets_share_is_collected_once(module):
    name = module(RIGHT)
    assert names(name, f"{name}.py") == [f"{name}.square"]
    assert [f.target for f in find([f"{name}.py", name])] == [f"{name}.py"]


def test_a_package_is_collected_with_all_below_it_but_main(here):
    inner = here / "pack_a" / "inner"
    inner.mkdir(parents=True)
    (here / "pack_a" / "__init__.py").write_text("from pack_a.one import square\n")
    (here / "pack_a" / "one.py").write_text(HEADER + RIGHT)
    (here / "pack_a" / "__main__.py").write_text("raise SystemExit(9)")
    (inner / "__init__.py").write_text("")
    (inner / "two.py").write_text(HEADER + WRONG)
    expected = ["pack_a.one.square", "pack_a.inner.two.cube"]
    assert names("pack_a") == names("./pack_a") == expected
    assert names("pack_a/inner/two.py") == ["pack_a.inner.two.cube"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_such_module_at_all", "there is no module 'no_such_module_at_all'"),
        ("tomlib", "did you mean tomllib"),
        ("email.mesage", "did you mean message"),
        ("rulez.py", "target 'rulez.py' does not exist: did you mean rules.py?"),
        ("nowhere/rules.py", "does not exist: name a module"),
        ("./notes.txt", "is no Python file"),
        ("./empty", "folder 'empty' holds no Python files"),
        ("broken_syntax.py", "broken_syntax cannot be imported: SyntaxError"),
        ("needs_more.py", "needs_more cannot be imported: No module named 'not_there_at_all': install it"),
        ("string.py", "rename the file"),
    ],
)
def test_a_target_that_cannot_be_loaded_is_named_with_what_to_do(here, target, message):
    (here / "empty").mkdir()
    files = {"rules.py": "", "notes.txt": "", "broken_syntax.py": "def", "needs_more.py": "import not_there_at_all"}
    for name, text in {**files, "string.py": ""}.items():
        (here / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        find([target])
    assert message in str(caught.value)


def test_two_rules_of_one_name_are_refused(module):
    name = module(RIGHT, "first = square\n", RIGHT)
    with pytest.raises(UsageError, match=f"two rules are named {name}.square: give one of them another name"):
        find([name])


def test_configured_targets_come_from_the_nearest_pyproject(here):
    (here / "pyproject.toml").write_text('[tool.gradcheck]\ntargets = ["mine", "yours.py"]\n')
    (here / "inner").mkdir()
    assert configured_targets(here / "inner") == ("mine", "yours.py")
    (here / "inner" / "pyproject.toml").write_text("[project]\n")
    assert configured_targets(here / "inner") == DEFAULT_TARGETS


def test_without_any_pyproject_the_default_is_used(monkeypatch, here):
    monkeypatch.setattr("pathlib.Path.is_file", lambda path: False)
    assert configured_targets(here) == DEFAULT_TARGETS


def test_configured_targets_that_are_no_list_are_refused(here):
    (here / "pyproject.toml").write_text('[tool.gradcheck]\ntargets = "mine"\n')
    with pytest.raises(UsageError, match="targets is 'mine': write a list of names"):
        configured_targets(here)


def test_the_current_folder_is_searched_for_modules(module, monkeypatch, here):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p not in ("", str(here))])
    name = module(RIGHT)
    assert names(name) == [f"{name}.square"]
