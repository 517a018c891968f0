"""A C extension that says what machine it was compiled for."""

from __future__ import annotations

import sys

from hello._hello import greeting

__all__ = ["greeting", "main"]


def main() -> None:
    sys.stdout.write(greeting() + "\n")
