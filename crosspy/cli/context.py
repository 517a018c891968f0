"""What a command gets from the outside world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crosspy.console import Console


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The environment variables, the console and the current directory of one call of ``crosspy``."""

    environ: Mapping[str, str]
    console: Console
    cwd: Path

    def path(self, text: str) -> Path:
        """Return the absolute path of a command line argument; ``~`` was the shell's to expand, links stay."""
        return self.cwd / text
