"""Workflow commands of GitHub Actions: each finding an annotation of the run.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.report.document import ImageReport, printable, sentence, summary

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(reports: Sequence[ImageReport], *, least: Severity = Severity.WARNING) -> str:
    """Return one line per finding of at least this severity, and the summaries as plain lines."""
    lines = []
    for report in reports:
        lines += [_line(finding) for finding in report.findings if finding.severity >= least]
        lines.append(summary(report))
    return "\n".join(lines) + "\n"


def _line(finding: Finding) -> str:
    path = printable(finding.path)
    text = f"{path}: {sentence(finding)}; fix: {printable(finding.fix)}"
    place = f"file={_property(path.lstrip('/'))},title={_property(finding.check)}"
    return f"::{_COMMANDS[finding.severity]} {place}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
