"""From the words of a command line to cases: modules, packages, files and folders that hold rules."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck.cases import Case, collect
from gradcheck.printed import Claims

# Without a target and without a configuration: the library that is shipped beside this one.
DEFAULT_TARGETS = ("reference",)


class UsageError(Exception):
    """Something on the command line is wrong; the message says what, and what to do."""

    exit_code = 4


class NothingSelected(UsageError):
    """An expression selects none of the cases that there are."""

    exit_code = 5


@dataclass(frozen=True)
class Found:
    """A case or a set of claims, and the target in which it was found."""

    item: Case | Claims
    target: str

    @property
    def name(self) -> str:
        return self.item.name


def configured_targets(folder: Path, instead: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The targets that the pyproject.toml of `folder` or of a folder above it names, else `instead`, else the default."""
    path, section = configuration(folder)
    targets = section.get("targets", list(instead or DEFAULT_TARGETS))
    if not isinstance(targets, list) or not all(isinstance(t, str) for t in targets):
        raise UsageError(f"{path}: [tool.gradcheck] targets is {targets!r}: write a list of names")
    return tuple(targets)


def configured_reviewed(folder: Path) -> Path | None:
    """The file of edits that are no mistakes, as that pyproject.toml names it."""
    path, section = configuration(folder)
    reviewed = section.get("reviewed")
    if reviewed is None:
        return None
    if not isinstance(reviewed, str):
        raise UsageError(f"{path}: [tool.gradcheck] reviewed is {reviewed!r}: write the name of a file")
    return path.parent / reviewed


def configuration(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The nearest pyproject.toml at or above a folder, and its section ``[tool.gradcheck]``; empty where there is none."""
    for parent in (folder, *folder.parents):
        path = parent / "pyproject.toml"
        if path.is_file():
            return path, tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("gradcheck", {})
    return folder / "pyproject.toml", {}


def find(targets: Iterable[str]) -> list[Found]:
    """The cases and claims of all targets, once each.  Raises UsageError for a target that cannot be loaded."""
    found: dict[str, Found] = {}
    for target in targets:
        for module in modules(target):
            for item in collect(module):
                known = found.setdefault(item.name, Found(item, target))
                if not same(known.item, item):
                    raise UsageError(f"two rules are named {item.name}: give one of them another name")
    return list(found.values())


def same(a: Case | Claims, b: Case | Claims) -> bool:
    """Whether two collected things are one: an object, or a case of one rule, found through two modules."""
    if isinstance(a, Case) and isinstance(b, Case):
        return a.rule is b.rule and a.label == b.label
    return a is b


def modules(target: str) -> Iterator[ModuleType]:
    """The modules that a target stands for: a dotted name with all below it, a file, or a folder's files."""
    path = Path(target)
    if target.endswith(".py") or "/" in target or "\\" in target or (path.is_dir() and not importable(target)):
        yield from modules_at(path)
    else:
        yield from package(load(target))


def modules_at(path: Path) -> Iterator[ModuleType]:
    """The modules of a file, of a package's folder, or of all files below a folder."""
    if path.is_file() and path.suffix == ".py":
        yield load_file(path)
    elif (path / "__init__.py").is_file():
        yield from package(load_file(path))
    elif path.is_dir():
        files = [p for p in sorted(path.rglob("*.py")) if not any(part.startswith((".", "__")) for part in p.parts)]
        if not files:
            raise UsageError(f"folder {str(path)!r} holds no Python files: name one that has rules")
        for file in files:
            yield load_file(file)
    elif path.exists():
        raise UsageError(f"target {str(path)!r} is no Python file: name a .py file, a folder or a module")
    else:
        siblings = [str(p) for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise UsageError(f"target {str(path)!r} does not exist{nearest(str(path), siblings)}")


def package(module: ModuleType) -> Iterator[ModuleType]:
    """A module and all that is below it."""
    yield module
    for info in pkgutil.walk_packages(getattr(module, "__path__", ()), module.__name__ + "."):
        if info.name.rpartition(".")[2] != "__main__":
            yield load(info.name)


def load_file(path: Path) -> ModuleType:
    """The module of a file or package folder, under the dotted name that its package gives it."""
    path = path.resolve()
    names, root = [path.stem], path.parent
    while (root / "__init__.py").is_file():
        names.insert(0, root.name)
        root = root.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    module = load(".".join(names))
    source = path / "__init__.py" if path.is_dir() else path
    if module.__file__ is None or Path(module.__file__).resolve() != source:
        raise UsageError(f"{path} would be module {module.__name__!r}, which is {module.__file__}: rename the file")
    return module


def load(name: str) -> ModuleType:
    """Import a module by its dotted name.  Raises UsageError where there is none, or where it raises."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise UsageError(f"{name} cannot be imported: {error}: install it, or leave this target out") from error
        parent, _, last = error.name.rpartition(".")
        raise UsageError(f"there is no module {error.name!r}{nearest(last, known_modules(parent))}") from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error


def importable(name: str) -> bool:
    """Whether a folder's name is that of a regular package in the current folder."""
    return (Path(name) / "__init__.py").is_file()


def known_modules(parent: str) -> list[str]:
    """The names of the modules below `parent`, or at the top."""
    path = sys.modules[parent].__path__ if parent in sys.modules and hasattr(sys.modules[parent], "__path__") else None
    return [info.name for info in pkgutil.iter_modules(None if not parent else path or [])]


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message: what may have been meant."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f": did you mean {' or '.join(close)}?" if close else ": name a module, a .py file or a folder"
