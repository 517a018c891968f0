"""SARIF, JUnit and GitHub's commands, each held against what its readers want of it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

import pytest

from crosspy.model.finding import Finding, Severity
from crosspy.report import github, junit, sarif
from crosspy.report.document import CheckText, ImageReport, fingerprint

BAD = "/usr/lib/x y%\udcff\n.so"
FINDINGS = (
    Finding(
        path=BAD, check="XP101", severity=Severity.ERROR, message="m", expected="e", found="<&\x1b", fix="x."
    ),
    Finding(path="/b.so", check="XP304", severity=Severity.WARNING, message="old"),
    Finding(path="/c.so", check="XP901", severity=Severity.INFO, message="an id without a rule"),
)
CHECKS = (
    CheckText(id="XP101", title="wrong machine", why="w", fix="f", reference="https://example.org/elf"),
    CheckText(id="XP304", title="other Python", why="w", fix="f"),
)


def report(findings=FINDINGS, **more):
    values = {
        "image": "build/image\n",
        "target": "aarch64",
        "source": "from target.json",
        "facts": {},
        "findings": findings,
        "files": 10,
        "elf": 4,
        "modules": ("/b.so", "/good.so"),
        "accepted": ((FINDINGS[1], "known since 2020"),),
        "owners": {"/b.so": "pkg 1 (wheel)"},
        "seconds": 1.25,
        "notes": ("a note",),
    }
    return ImageReport(**{**values, **more})


# ---------------------------------------------------------------------------------------------------------- SARIF

# The part of the SARIF 2.1.0 schema that a log like ours uses: properties by object, required ones with a star. Each
# object of the schema has additionalProperties false.
SCHEMA = {
    "log": "version* runs* $schema",
    "run": "tool* automationDetails originalUriBaseIds invocations columnKind results",
    "tool": "driver*",
    "driver": "name* version informationUri rules",
    "rule": "id* shortDescription fullDescription help helpUri",
    "text": "text*",
    "details": "id",
    "base": "description uri",
    "invocation": "executionSuccessful* toolExecutionNotifications",
    "notification": "message* level",
    "result": "message* ruleId ruleIndex level locations partialFingerprints suppressions properties",
    "location": "physicalLocation",
    "physicalLocation": "artifactLocation region",
    "artifactLocation": "uri uriBaseId",
    "region": "startLine",
    "suppression": "kind* justification",
}
CHILDREN = {
    ("log", "runs"): "run",
    ("run", "tool"): "tool",
    ("run", "automationDetails"): "details",
    ("run", "invocations"): "invocation",
    ("run", "results"): "result",
    ("tool", "driver"): "driver",
    ("driver", "rules"): "rule",
    ("rule", "shortDescription"): "text",
    ("rule", "fullDescription"): "text",
    ("rule", "help"): "text",
    ("base", "description"): "text",
    ("invocation", "toolExecutionNotifications"): "notification",
    ("notification", "message"): "text",
    ("result", "message"): "text",
    ("result", "locations"): "location",
    ("result", "suppressions"): "suppression",
    ("location", "physicalLocation"): "physicalLocation",
    ("physicalLocation", "artifactLocation"): "artifactLocation",
    ("physicalLocation", "region"): "region",
}
ENUMS = {
    "level": {"none", "note", "warning", "error"},
    "kind": {"inSource", "external"},
    "columnKind": {"utf16CodeUnits", "unicodeCodePoints"},
    "version": None,
}


def validate(kind: str, value: dict) -> None:
    words = SCHEMA[kind].split()
    allowed = {word.removesuffix("*") for word in words}
    assert value.keys() <= allowed, f"{kind} has {value.keys() - allowed}"
    assert {word.removesuffix("*") for word in words if word.endswith("*")} <= value.keys(), kind
    for key, inner in value.items():
        child = CHILDREN.get((kind, key))
        if key in {"level", "kind", "columnKind"}:
            assert inner in ENUMS[key]
        if child:
            for each in inner if isinstance(inner, list) else [inner]:
                validate(child, each)
        elif key == "originalUriBaseIds":
            for each in inner.values():
                validate("base", each)
        elif key == "executionSuccessful":
            assert inner is True
        elif key in {"ruleIndex", "startLine"}:
            assert isinstance(inner, int)
            assert inner >= (key == "startLine")
        elif key in {"uri", "helpUri", "informationUri", "$schema"}:
            assert re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", inner)
        elif key not in {"partialFingerprints", "properties"}:
            assert isinstance(inner, str)
            assert inner


def log(*reports: ImageReport) -> dict:
    text = sarif.render(reports, CHECKS, version="1.0", home="https://example.org/crosspy")
    assert text.isascii()
    whole = json.loads(text)
    validate("log", whole)
    assert whole["version"] == "2.1.0"
    return whole


def test_sarif():
    whole = log(report(), report(findings=(), accepted=(), image="other"))
    first, second = whole["runs"]
    assert [rule["id"] for rule in first["tool"]["driver"]["rules"]] == ["XP101", "XP304"]
    assert first["automationDetails"]["id"] != second["automationDetails"]["id"]
    results = first["results"]
    assert [result["level"] for result in results] == ["error", "warning", "note", "warning"]
    assert [result.get("ruleIndex") for result in results] == [0, 1, None, 1]
    place = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert unquote_to_bytes(place["uri"]) == b"usr/lib/x y%\xff\n.so"
    assert results[0]["message"]["text"] == "/usr/lib/x y%\\xff\\n.so: m; expected e; found <&\\x1b. x."
    assert results[1]["properties"] == {"package": "pkg 1 (wheel)"}
    assert results[3]["suppressions"] == [{"kind": "external", "justification": "known since 2020"}]
    assert "suppressions" not in results[0]
    assert second["results"] == []
    assert "a note" in [
        note["message"]["text"] for note in second["invocations"][0]["toolExecutionNotifications"]
    ]


def test_sarif_keeps_to_what_github_takes_and_says_so():
    many = [
        Finding(path=f"/{number}", check="XP304", severity=Severity.WARNING, message="m")
        for number in range(25_000)
    ]
    run = log(report(findings=(*many, FINDINGS[0])))["runs"][0]
    assert len(run["results"]) == 25_000
    assert run["results"][0]["ruleId"] == "XP101"
    assert "2 results left out" in run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]


def test_a_fingerprint_is_of_the_fault_not_of_the_run():
    assert fingerprint(FINDINGS[0]) == fingerprint(FINDINGS[0])
    assert len({fingerprint(finding) for finding in FINDINGS}) == 3


# ---------------------------------------------------------------------------------------------------------- JUnit

# The strictest schema there is, windyroad's for Ant, as far as a document like ours goes: children in order, all of them
# there, and no attribute that it does not name.
_SUITE = ["id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"]
WHEN = datetime(2026, 11, 21, 12, 30, 1, tzinfo=UTC)


def suites(fail_at: Severity | None, *reports: ImageReport) -> list[ET.Element]:
    """Return the suites of a document, held against that schema."""
    text = junit.render(reports, fail_at=fail_at, when=WHEN)
    text.encode("utf-8")
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    assert root.attrib == {}
    for number, suite in enumerate(root):
        assert suite.tag == "testsuite"
        assert list(suite.attrib) == _SUITE
        cases = suite.findall("testcase")
        assert suite.attrib["id"] == str(number)
        assert suite.attrib["timestamp"] == "2026-11-21T12:30:01"
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert float(suite.attrib["time"]) >= 0
        assert [child.tag for child in suite] == [
            "properties",
            *["testcase"] * len(cases),
            "system-out",
            "system-err",
        ]
        for case in cases:
            assert case.attrib.keys() == {"name", "classname", "time"}
            assert [child.tag for child in case] in ([], ["failure"])
            for failure in case:
                assert failure.attrib.keys() == {"type", "message"}
    return list(root)


@pytest.mark.parametrize(("fail_at", "failures"), [(Severity.ERROR, 1), (Severity.WARNING, 2), (None, 0)])
def test_junit(fail_at, failures):
    (suite,) = suites(fail_at, report())
    names = {case.attrib["name"]: case for case in suite.findall("testcase")}
    assert set(names) == {"/usr/lib/x y%\\xff\\n.so", "/b.so", "/c.so", "/good.so"}
    assert int(suite.attrib["failures"]) == failures
    assert len(names["/good.so"]) == 0
    assert names["/b.so"].attrib["classname"] == "pkg 1 (wheel)"
    assert names["/good.so"].attrib["classname"] == "extension modules"
    told = suite.find("system-out").text.splitlines()
    assert told[0].startswith("build/image\\n: 10 files")
    assert "/c.so: info XP901: an id without a rule; fix: " in told
    assert ("/b.so: warning XP304: old; fix: " in told) is (failures < 2)
    if fail_at is Severity.ERROR:
        failure = names["/usr/lib/x y%\\xff\\n.so"].find("failure")
        assert failure.attrib == {"type": "XP101", "message": "m; expected e; found <&\\x1b"}


def test_junit_of_two_images():
    assert [suite.attrib["name"] for suite in suites(Severity.ERROR, report(), report(image="b"))] == [
        "build/image\\n",
        "b",
    ]


# --------------------------------------------------------------------------------------------------------- GitHub


def test_github():
    lines = github.render([report()]).splitlines()
    assert lines[0] == (
        "::error file=usr/lib/x y%25\\xff\\n.so,title=XP101::"
        "/usr/lib/x y%25\\xff\\n.so: m; expected e; found <&\\x1b; fix: x."
    )
    assert lines[1].startswith("::warning file=b.so,title=XP304::")
    assert len(lines) == 3
    assert lines[2].startswith("build/image\\n: 10 files")
    assert "::notice file=c.so" in github.render([report()], least=Severity.INFO)
    colon = Finding(path="/a:b,c", check="XP1", severity=Severity.ERROR, message="m: n, o")
    assert github.render([report(findings=(colon,))]).startswith(
        "::error file=a%3Ab%2Cc,title=XP1::/a:b,c: m: n, o"
    )
