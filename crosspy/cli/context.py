"""What a command gets from the outside world."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crosspy.console import Console
from crosspy.errors import UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The environment variables, the console and the current directory of one call of ``crosspy``."""

    environ: Mapping[str, str]
    console: Console
    cwd: Path

    def path(self, text: str) -> Path:
        """Return the absolute path of a command line argument; ``~`` was the shell's to expand, links stay."""
        return self.cwd / text


def replace_file(path: Path, text: str) -> None:
    """Write a file so that it is never seen half. :raises UsageError: if it cannot be written."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
