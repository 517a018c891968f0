"""``python -m crosspy``, the same as the ``crosspy`` command."""

from __future__ import annotations

from crosspy.cli.main import entry

if __name__ == "__main__":
    entry()
