"""The report that people read: a line for the target, findings by package, and always a summary.

Each finding is a line of its own, so that ``grep`` finds it; what to do about it stands once below those of its
package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.report.document import ImageReport, plural, printable, sentence, summary

Paint = Callable[[str, str], str]
"""Text and a style of :mod:`crosspy.console` to text."""

_STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_NO_PACKAGE: Final = "of no package"


def plain(text: str, style: str) -> str:
    """Paint nothing."""
    _ = style
    return text


def render(report: ImageReport, *, least: Severity = Severity.WARNING, paint: Paint = plain) -> str:
    """Return the report on one image, findings below ``least`` counted but not shown."""
    return "\n".join(_lines(report, least, paint)) + "\n"


def _lines(report: ImageReport, least: Severity, paint: Paint) -> Iterator[str]:
    yield f"{printable(report.image)}: for {printable(report.target)} ({printable(report.source)})"
    shown = [finding for finding in report.findings if finding.severity >= least]
    packages: dict[str, list[Finding]] = {}
    for finding in shown:
        packages.setdefault(report.owners.get(finding.path, _NO_PACKAGE), []).append(finding)
    named = packages.keys() != {_NO_PACKAGE}
    for package in sorted(packages, key=lambda name: (name == _NO_PACKAGE, name)):
        if named:
            yield paint(f"{printable(package)}: {plural(len(packages[package]), 'finding')}", "bold")
        yield from _package(packages[package], paint)
    for note in report.notes:
        yield f"note: {printable(note)}"
    hidden = len(report.findings) - len(shown)
    if hidden:
        yield f"note: {plural(hidden, 'finding')} below {least.label} not shown; --verbose shows them"
    yield paint(summary(report), "bold")


def _package(findings: Sequence[Finding], paint: Paint) -> Iterator[str]:
    for finding in findings:
        label = paint(f"{finding.severity.label} {finding.check}", _STYLES[finding.severity])
        yield f"{paint(printable(finding.path), 'bold')}: {label}: {sentence(finding)}"
    for check, fix in dict.fromkeys((finding.check, finding.fix) for finding in findings if finding.fix):
        yield f"    {paint('fix', 'green')} {check}: {printable(fix)}"
