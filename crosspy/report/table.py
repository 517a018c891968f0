"""The report that people read: a line for the target, one per finding, and always a summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from crosspy.model.finding import Finding, Severity
from crosspy.report.document import ImageReport, plural, printable

Paint = Callable[[str, str], str]
"""Text and a style of :mod:`crosspy.console` to text."""

_STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def plain(text: str, style: str) -> str:
    """Paint nothing."""
    _ = style
    return text


def render(report: ImageReport, *, least: Severity = Severity.WARNING, paint: Paint = plain) -> str:
    """Return the report on one image, findings below ``least`` counted but not shown."""
    return "\n".join(_lines(report, least, paint)) + "\n"


def summary(report: ImageReport) -> str:
    """Return the last line of the report: what was looked at, what was found, in what time."""
    found = ", ".join(plural(report.count(level), level.label) for level in sorted(Severity, reverse=True))
    found = found.replace("infos", "info") if report.findings else "no findings"
    parts = [
        plural(report.files, "file"),
        f"{report.elf:,} ELF",
        plural(report.extension_modules, "extension module"),
        found,
    ]
    if report.seconds is not None:
        parts.append(f"{report.seconds:.1f} s")
    return f"{printable(report.image)}: {', '.join(parts)}"


def _lines(report: ImageReport, least: Severity, paint: Paint) -> Iterator[str]:
    yield f"{printable(report.image)}: for {printable(report.target)} ({printable(report.source)})"
    for finding in report.findings:
        if finding.severity >= least:
            yield _line(finding, paint)
    for note in report.notes:
        yield f"note: {printable(note)}"
    hidden = sum(finding.severity < least for finding in report.findings)
    if hidden:
        yield f"note: {plural(hidden, 'finding')} below {least.label} not shown; --verbose shows them"
    yield paint(summary(report), "bold")


def _line(finding: Finding, paint: Paint) -> str:
    label = paint(finding.severity.label, _STYLES[finding.severity])
    path = paint(printable(finding.path), "bold")
    facts = [printable(finding.message)]
    if finding.expected:
        facts.append(f"expected {printable(finding.expected)}")
    if finding.found:
        facts.append(f"found {printable(finding.found)}")
    if finding.fix:
        facts.append(f"fix: {printable(finding.fix)}")
    return f"{path}: {label} {finding.check}: {'; '.join(facts)}"
