"""JUnit XML, which CI servers show as tests: one testcase for each extension module, and for other files with findings.

The form is what Jenkins and GitLab read (https://github.com/testmoapp/junitxml): a module without findings is a test
that passes, so that the count of tests says how much was looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from crosspy.model.finding import Finding, Severity
from crosspy.report.document import ImageReport, printable, sentence, summary


def render(reports: Sequence[ImageReport], *, fail_at: Severity | None) -> str:
    """Return the reports as one JUnit document.

    :param fail_at: the least severity that makes a test fail; None: no test fails. What is below is told as output.
    """
    suites = [_suite(report, fail_at) for report in reports]
    root = ET.Element("testsuites", {"name": "crosspy verify", **_totals(suites)})
    root.extend(suites)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: ImageReport, fail_at: Severity | None) -> ET.Element:
    by_path: dict[str, list[Finding]] = {path: [] for path in report.modules}
    for finding in report.findings:
        by_path.setdefault(finding.path, []).append(finding)
    accepted = {finding.path for finding, _ in report.accepted}
    cases = [_case(report, path, found, fail_at) for path, found in sorted(by_path.items())]
    failed = sum(case.find("failure") is not None for case in cases)
    suite = ET.Element(
        "testsuite",
        name=printable(report.image),
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
    ET.SubElement(suite, "system-out").text = "\n".join(map(printable, (summary(report), *report.notes)))
    return suite


def _case(
    report: ImageReport, path: str, findings: Sequence[Finding], fail_at: Severity | None
) -> ET.Element:
    owner = report.owners.get(path, "files" if path not in report.modules else "extension modules")
    case = ET.Element("testcase", name=printable(path), classname=printable(owner), time="0")
    failing = [finding for finding in findings if fail_at is not None and finding.severity >= fail_at]
    if failing:
        worst = max(failing, key=_severity)
        failure = ET.SubElement(case, "failure", type=worst.check, message=sentence(worst))
        failure.text = _text(failing)
    others = [finding for finding in findings if finding not in failing]
    if others:
        ET.SubElement(case, "system-out").text = _text(others)
    return case


def _severity(finding: Finding) -> int:
    return finding.severity


def _text(findings: Iterable[Finding]) -> str:
    return "\n".join(
        f"{finding.severity.label} {finding.check}: {sentence(finding)}; fix: {printable(finding.fix)}"
        for finding in findings
    )


def _totals(suites: Sequence[ET.Element]) -> dict[str, str]:
    totals = {
        key: str(sum(int(suite.attrib[key]) for suite in suites)) for key in ("tests", "failures", "errors")
    }
    return {**totals, "time": f"{sum(float(suite.attrib['time']) for suite in suites):.3f}"}
