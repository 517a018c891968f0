"""JUnit XML, which CI servers show as tests: one testcase for each extension module, and for other files with findings.

A module without findings is a test that passes, so that the count of tests says how much was looked at. The form is
what both the strictest schema (https://github.com/windyroad/JUnit-Schema, that of Ant) and Jenkins' own take.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from crosspy.model.finding import Finding, Severity
from crosspy.report.document import ImageReport, printable, sentence, summary


def render(reports: Sequence[ImageReport], *, fail_at: Severity | None, when: datetime) -> str:
    """Return the reports as one JUnit document.

    :param fail_at: the least severity that makes a test fail; None: no test fails. What is below is told as output.
    :param when: the time of the run.
    """
    root = ET.Element("testsuites")
    for number, report in enumerate(reports):
        root.append(_suite(report, fail_at, number=number, when=when))
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: ImageReport, fail_at: Severity | None, *, number: int, when: datetime) -> ET.Element:
    by_path: dict[str, list[Finding]] = {path: [] for path in report.modules}
    for finding in report.findings:
        by_path.setdefault(finding.path, []).append(finding)
    accepted = {finding.path for finding, _ in report.accepted}
    cases = [_case(report, path, found, fail_at) for path, found in sorted(by_path.items())]
    failed = sum(case.find("failure") is not None for case in cases)
    suite = ET.Element(
        "testsuite",
        id=str(number),
        package="crosspy.verify",
        name=printable(report.image),
        timestamp=when.strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",
        tests=str(len(cases)),
        failures=str(failed),
        errors="0",
        skipped="0",
        time=f"{report.seconds or 0:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("target", report.target),
        ("source", report.source),
        ("accepted", str(len(accepted))),
    ):
        ET.SubElement(properties, "property", name=name, value=printable(value))
    suite.extend(cases)
    lines = [*map(printable, (summary(report), *report.notes))]
    passed = (finding for finding in report.findings if not _fails(finding, fail_at))
    lines += [f"{printable(finding.path)}: {_text([finding])}" for finding in passed]
    ET.SubElement(suite, "system-out").text = "\n".join(lines)
    ET.SubElement(suite, "system-err")
    return suite


def _fails(finding: Finding, fail_at: Severity | None) -> bool:
    return fail_at is not None and finding.severity >= fail_at


def _case(
    report: ImageReport, path: str, findings: Sequence[Finding], fail_at: Severity | None
) -> ET.Element:
    owner = report.owners.get(path, "files" if path not in report.modules else "extension modules")
    case = ET.Element("testcase", name=printable(path), classname=printable(owner), time="0")
    failing = [finding for finding in findings if _fails(finding, fail_at)]
    if failing:
        worst = max(failing, key=_severity)
        failure = ET.SubElement(case, "failure", type=worst.check, message=sentence(worst))
        failure.text = _text(failing)
    return case


def _severity(finding: Finding) -> int:
    return finding.severity


def _text(findings: Iterable[Finding]) -> str:
    return "\n".join(
        f"{finding.severity.label} {finding.check}: {sentence(finding)}; fix: {printable(finding.fix)}"
        for finding in findings
    )
