"""What there is to report of one image, independent of its form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crosspy.model.finding import Finding, Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReport:
    """One image and what was found in it.

    ``target`` is the target in a line, for people; ``facts`` the same for machines; ``source`` says where it comes
    from. ``findings`` are in the order to report them; ``accepted`` those that an exception or a baseline covers, with
    the reason. ``modules`` are the paths of its extension modules. ``owners`` maps paths to the package they belong to,
    as far as it is known. ``seconds`` is None where the same input has to give the same text.
    """

    image: str
    target: str
    source: str
    facts: Mapping[str, object]
    findings: Sequence[Finding]
    files: int
    elf: int
    modules: Sequence[str] = ()
    accepted: Sequence[tuple[Finding, str]] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def count(self, severity: Severity) -> int:
        """Return how many findings are of exactly this severity."""
        return sum(finding.severity is severity for finding in self.findings)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckText:
    """What a check means, for forms that carry it along: ``--explain`` as data."""

    id: str
    title: str
    why: str
    fix: str
    reference: str = ""


def summary(report: ImageReport) -> str:
    """Return the last line of a report: what was looked at, what was found, in what time."""
    found = ", ".join(plural(report.count(level), level.label) for level in sorted(Severity, reverse=True))
    found = found.replace("infos", "info") if report.findings else "no findings"
    parts = [
        plural(report.files, "file"),
        f"{report.elf:,} ELF",
        plural(len(report.modules), "extension module"),
        found,
    ]
    if report.accepted:
        parts.append(f"{len(report.accepted):,} accepted")
    if report.seconds is not None:
        parts.append(f"{report.seconds:.1f} s")
    return f"{printable(report.image)}: {', '.join(parts)}"


def sentence(finding: Finding) -> str:
    """Return what is wrong on one line, without the path and the fix."""
    facts = [printable(finding.message)]
    if finding.expected:
        facts.append(f"expected {printable(finding.expected)}")
    if finding.found:
        facts.append(f"found {printable(finding.found)}")
    return "; ".join(facts)


def fingerprint(finding: Finding) -> str:
    """Return what stays the same for a finding while its file is rebuilt elsewhere: no line, no image's name."""
    parts = (finding.check, finding.path, finding.message, finding.found)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def printable(text: str) -> str:
    """Return ``text`` on one line, without what would move a terminal's cursor or break its encoding.

    File names are any bytes but ``/`` and NUL: control characters, line ends and bytes that are no UTF-8
    (``surrogateescape``) become backslash escapes.
    """
    if text.isprintable():
        return text
    return "".join(_escape(char) for char in text)


def _escape(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return (
        char.encode("unicode_escape").decode("ascii") if code < 0xD800 or code > 0xDFFF else f"\\u{code:04x}"
    )


def plural(count: int, noun: str) -> str:
    """Return ``1 file``, ``2,000 files``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
