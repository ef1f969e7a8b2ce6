"""Writes a report's files: index.html for people, report.json and junit.xml for programs."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from gradcheck.report.data import Report
from gradcheck.report.html import to_html
from gradcheck.report.junit import to_junit

# What a result may depend on.
LIBRARIES = ("numpy", "scipy", "sympy", "python-flint", "jax")


def write(report: Report, folder: Path) -> list[Path]:
    """Write the three files of a report into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"index.html": to_html(report), "report.json": report.to_json(), "junit.xml": to_junit(report)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def libraries() -> dict[str, str]:
    """The versions of the libraries that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
