"""A report as JUnit XML, which continuous-integration servers read."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from gradcheck.report.data import Entry, Report

# Characters that XML 1.0 cannot hold.
FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report) -> str:
    """The XML text: a test case for each entry; not run is skipped, error is an error, anything but pass a failure."""
    suite = ElementTree.Element("testsuite", name="gradcheck", timestamp=report.meta.started)
    for entry in report.entries:
        suite.append(element(entry))
    suite.set("tests", str(len(report.entries)))
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", f"{report.meta.seconds:.3f}")
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def element(entry: Entry) -> ElementTree.Element:
    """One entry as an element."""
    result = entry.result
    case = ElementTree.Element(
        "testcase", classname=clean(entry.module), name=clean(entry.short), time=f"{result.seconds:.3f}"
    )
    properties = ElementTree.SubElement(case, "properties")
    for name, value in (("verdict", entry.outcome), ("seed", str(result.seed))):
        ElementTree.SubElement(properties, "property", name=name, value=value)
    if result.missing is not None:
        ElementTree.SubElement(case, "skipped", message=clean(result.missing))
    elif not result:
        tag = "error" if result.verdict == "error" else "failure"
        message = clean(result.diagnosis or result.verdict)
        trouble = ElementTree.SubElement(case, tag, message=message, type=result.verdict)
        trouble.text = clean(f"{result}\n  rerun: {entry.rerun}" if entry.rerun else str(result))
    return case


def clean(text: str) -> str:
    """A text without the characters that XML forbids."""
    return FORBIDDEN.sub("\ufffd", text)
