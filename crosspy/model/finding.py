"""One thing that is wrong with an image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad a finding is; comparable."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Finding:
    """A file of an image that is not as the target needs it.

    ``path`` is relative to the image with a leading slash; ``check`` is an id such as ``XP101``.
    """

    path: str
    check: str
    severity: Severity
    message: str
    expected: str = ""
    found: str = ""
    fix: str = ""
