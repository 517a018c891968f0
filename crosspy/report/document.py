"""What there is to report of one image, independent of its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crosspy.model.finding import Finding, Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReport:
    """One image and what was found in it.

    ``target`` is the target in a line, for people; ``facts`` the same for machines; ``source`` says where it comes
    from. ``findings`` are in the order to report them. ``seconds`` is None where the same input has to give the same
    text.
    """

    image: str
    target: str
    source: str
    facts: Mapping[str, object]
    findings: Sequence[Finding]
    files: int
    elf: int
    extension_modules: int
    seconds: float | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def count(self, severity: Severity) -> int:
        """Return how many findings are of exactly this severity."""
        return sum(finding.severity is severity for finding in self.findings)


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
