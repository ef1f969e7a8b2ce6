from dataclasses import replace
from xml.etree import ElementTree

from gradcheck.report.junit import to_junit


def test_each_verdict_has_its_element(report):
    suite = ElementTree.fromstring(to_junit(report)).find("testsuite")
    found = {case.get("name"): [child.tag for child in case if child.tag != "properties"] for case in suite}
    assert found == {
        "relu": [], "matmul[wide]": ["failure"], "matmul[tall]": ["failure"], "mse": ["failure"], "raises": ["error"],
        "network": ["skipped"], "step": [], "exp": [],
    }  # fmt: skip
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["8", "3", "1", "1"]


def test_a_failure_carries_diagnosis_evidence_seed_and_rerun(report):
    case = ElementTree.fromstring(to_junit(report)).find(".//testcase[@name='matmul[wide]']")
    failure = case.find("failure")
    assert case.get("classname") == "lib.linear"
    assert failure.get("message") == "Your dx is fail."
    assert "rerun: gradcheck run lib -k lib.linear.matmul[wide]" in failure.text
    assert {p.get("name"): p.get("value") for p in case.iter("property")} == {"verdict": "fail", "seed": "3"}


def test_characters_that_xml_forbids_do_not_break_the_file(report):
    entry = report.entries[1]
    bad = replace(entry, rerun="", result=replace(entry.result, diagnosis="a\x00b\x1b[31m & <c>"))
    failure = ElementTree.fromstring(to_junit(replace(report, entries=(bad,)))).find(".//failure")
    assert failure.get("message") == "a\ufffdb\ufffd[31m & <c>"
