"""Makes sample_targets.py importable from every directory below, and what several of them share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an executable shell script and returns its path."""

    def write(name: str, body: str, *, directory: Path | None = None) -> Path:
        path = (directory or tmp_path / "bin") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write
