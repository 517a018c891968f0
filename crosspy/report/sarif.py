"""SARIF 2.1.0, which code scanning takes in: one run per image.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Paths are URIs relative to the image; binary
files have no lines, so each location is line 1, which some readers want to see. What is alike between two runs is
known by its fingerprint.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from crosspy.model.finding import Finding, Severity
from crosspy.report.document import CheckText, ImageReport, fingerprint, printable, sentence, summary

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_MAX_RESULTS: Final = 25_000
"""What GitHub takes of one run."""


def render(reports: Sequence[ImageReport], checks: Sequence[CheckText], *, version: str, home: str) -> str:
    """Return the reports as one SARIF log. :param home: where the tool is described."""
    whole = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [_run(report, checks, version=version, home=home) for report in reports],
    }
    return json.dumps(whole, indent=1) + "\n"


def _run(report: ImageReport, checks: Sequence[CheckText], *, version: str, home: str) -> dict[str, Any]:
    both = [*((finding, "") for finding in report.findings), *report.accepted]
    notes = list(report.notes)
    if len(both) > _MAX_RESULTS:
        notes.append(f"{len(both) - _MAX_RESULTS:,} results left out: the {_MAX_RESULTS:,} worst are told")
        both = sorted(both, key=_worst_first)[:_MAX_RESULTS]
    index = {check.id: number for number, check in enumerate(checks)}
    driver = {
        "name": "crosspy verify",
        "version": version,
        "informationUri": home,
        "rules": [_rule(check) for check in checks],
    }
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"crosspy-verify/{printable(report.image)}/"},
        "originalUriBaseIds": {"IMAGE": {"description": {"text": f"the root of {printable(report.image)}"}}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(text) for text in (summary(report), *notes)],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, reason, index, report) for finding, reason in both],
    }


def _worst_first(result: tuple[Finding, str]) -> tuple[bool, int]:
    finding, reason = result
    return bool(reason), -finding.severity


def _rule(check: CheckText) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {"text": check.fix},
    }
    if check.reference:
        rule["helpUri"] = check.reference
    return rule


def _notification(text: str) -> dict[str, Any]:
    return {"level": "note", "message": {"text": printable(text)}}


def _result(finding: Finding, reason: str, index: dict[str, int], report: ImageReport) -> dict[str, Any]:
    place = {"uri": quote(os.fsencode(finding.path.lstrip("/"))) or ".", "uriBaseId": "IMAGE"}
    text = f"{printable(finding.path)}: {sentence(finding)}"
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{text}. {printable(finding.fix)}" if finding.fix else text},
        "locations": [{"physicalLocation": {"artifactLocation": place, "region": {"startLine": 1}}}],
        "partialFingerprints": {"crosspyFinding/v1": fingerprint(finding)},
    }
    if finding.check in index:
        result["ruleIndex"] = index[finding.check]
    if finding.path in report.owners:
        result["properties"] = {"package": printable(report.owners[finding.path])}
    if reason:
        result["suppressions"] = [{"kind": "external", "justification": printable(reason)}]
    return result
