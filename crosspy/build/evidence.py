"""What the processes of a failed build left (crosspy/shims/evidence.py), read with suspicion: builds write there."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A compiler run that failed: where, its words, and what it said."""

    cwd: str
    words: tuple[str, ...]
    stderr: str

    def shell(self) -> str:
        """Return the command as a line to paste into a shell."""
        return shlex.join(self.words)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One process of a build that failed."""

    project: str
    """Name of the project, if its metadata has one."""
    source: str
    """Directory of its sources; it is gone now."""
    error: str
    """Last line of its traceback, ``ModuleNotFoundError: No module named 'x'``; empty if it ended otherwise."""
    commands: tuple[Command, ...]
    """Compiler runs that failed on the project's own files, in their order."""
    logs: tuple[tuple[str, str], ...]
    """Path below ``source`` and text of each log of Meson, CMake and configure."""

    @property
    def name(self) -> str:
        return self.project or Path(self.source).name


def read_failures(directory: Path) -> list[Failure]:
    """Return what is in ``directory``, in the order in which it happened; what makes no sense is left out."""
    found: list[tuple[float, Failure]] = []
    for path in sorted(directory.glob("*.json")):
        try:
            plain = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
            found.append((float(plain["time"]), _failure(plain)))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return [failure for _, failure in sorted(found, key=lambda pair: pair[0])]


def read_warnings(directory: Path) -> list[str]:
    """Return what builds want their user to know, each one line."""
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in directory.glob("*.warning"))
    return sorted({" ".join(text.split()) for text in texts})


def _failure(plain: dict[str, Any]) -> Failure:
    return Failure(
        project=str(plain["project"]),
        source=str(plain["source"]),
        error=str(plain["error"]),
        commands=tuple(
            Command(cwd=str(one["cwd"]), words=tuple(map(str, one["words"])), stderr=str(one["stderr"]))
            for one in plain["commands"]
        ),
        logs=tuple((str(name), str(text)) for name, text in plain["logs"]),
    )
