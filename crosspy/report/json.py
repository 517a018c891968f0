"""The report that machines read.

::

    {"schema": 1, "tool": {"name": "crosspy", "version": "..."},
     "images": [{"image": "...", "target": {...}, "source": "...",
                 "counts": {"files": 0, "elf": 0, "extension_modules": 0, "error": 0, "warning": 0, "info": 0},
                 "findings": [{"check", "severity", "path", "message", "expected", "found", "fix", "package",
                               "fingerprint"}],
                 "accepted": [{..., "reason"}], "extension_modules": ["..."], "notes": []}]}

Keys may be added within a schema; none changes its meaning. The same images give the same text: no clock, stable order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.report.document import ImageReport, fingerprint

SCHEMA: Final = 1


def render(reports: Sequence[ImageReport], *, version: str) -> str:
    """Return the reports as one JSON text. :param version: crosspy's own."""
    whole = {
        "schema": SCHEMA,
        "tool": {"name": "crosspy", "version": version},
        "images": [_image(report) for report in reports],
    }
    # ASCII: a file name that is not UTF-8 stays readable for every JSON parser (as a lone surrogate).
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


def _image(report: ImageReport) -> dict[str, object]:
    return {
        "image": report.image,
        "target": dict(report.facts),
        "source": report.source,
        "counts": {
            "files": report.files,
            "elf": report.elf,
            "extension_modules": len(report.modules),
            **{level.label: report.count(level) for level in sorted(Severity, reverse=True)},
        },
        "findings": [_finding(finding, report) for finding in report.findings],
        "accepted": [{**_finding(finding, report), "reason": reason} for finding, reason in report.accepted],
        "extension_modules": list(report.modules),
        "notes": list(report.notes),
    }


def _finding(finding: Finding, report: ImageReport) -> dict[str, str]:
    return {
        "check": finding.check,
        "severity": finding.severity.label,
        "path": finding.path,
        "message": finding.message,
        "expected": finding.expected,
        "found": finding.found,
        "fix": finding.fix,
        "package": report.owners.get(finding.path, ""),
        "fingerprint": fingerprint(finding),
    }
