"""What people read: steps, warnings and errors on stderr.

Machines read stdout (:func:`data`). Colour only on a terminal, and as ``NO_COLOR`` and ``FORCE_COLOR`` ask
(https://no-color.org, https://force-color.org); plain lines under make, BitBake and CI.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self, TextIO

_PATIENCE: Final = 1.0
_REFRESH: Final = 0.2
_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2"}


def wants_colour(environ: Mapping[str, str], stream: TextIO) -> bool:
    """Say whether ``stream`` gets colour: FORCE_COLOR, then NO_COLOR, then whether it is a terminal."""
    if environ.get("FORCE_COLOR"):
        return True
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


@dataclass(frozen=True, kw_only=True, slots=True)
class Console:
    """Where messages go. ``quiet`` keeps warnings and errors only."""

    colour: bool = False
    quiet: bool = False
    verbose: bool = False

    def paint(self, text: str, style: str) -> str:
        """Return ``text`` in one of the styles of this module, or unchanged without colour."""
        return f"\033[{_CODES[style]}m{text}\033[0m" if self.colour else text

    def step(self, text: str) -> None:
        """Tell of the start of a piece of work that takes time."""
        if not self.quiet:
            self._say(f"{self.paint('==>', 'cyan')} {text}")

    def note(self, text: str) -> None:
        """Tell a detail that is wanted with ``--verbose`` only."""
        if self.verbose and not self.quiet:
            self._say(f"    {text}")

    def warning(self, text: str) -> None:
        self._say(f"{self.paint('warning:', 'yellow')} {text}")

    def error(self, text: str, hint: str = "") -> None:
        self._say(f"{self.paint('error:', 'red')} {text}")
        if hint:
            self._say(f"{self.paint('hint:', 'cyan')} {hint}")

    def lines(self, text: str) -> None:
        """Show what a program said, as it is."""
        if text.strip():
            self._say(text.rstrip("\n"))

    def progress(self, doing: str) -> Progress:
        """Return what tells on a terminal how far a piece of work is; nothing elsewhere."""
        return Progress(doing, shown=not self.quiet and sys.stderr.isatty())

    @staticmethod
    def _say(line: str) -> None:
        sys.stdout.flush()
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    @staticmethod
    def data(text: str) -> None:
        """Write what machines read: one text to stdout, ending in a newline."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


class Progress:
    """One line of a terminal that counts, from a second after its start to the end of its ``with``."""

    def __init__(self, doing: str, *, shown: bool) -> None:
        self._doing = doing
        self._shown = shown
        self._next = time.monotonic() + _PATIENCE
        self._wrote = False

    def __call__(self, count: int) -> None:
        now = time.monotonic()
        if self._shown and now >= self._next:
            self._next = now + _REFRESH
            self._wrote = True
            sys.stderr.write(f"\r\033[K{self._doing}: {count:,} files")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._wrote:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
