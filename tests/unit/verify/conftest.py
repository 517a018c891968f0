from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from image_files import Contents, base_files, put


@pytest.fixture
def make_image(tmp_path: Path) -> Callable[..., Path]:
    """Make an image of an architecture, with more files in it."""

    def make(arch: str = "aarch64", files: dict[str, Contents] | None = None, *, name: str = "image") -> Path:
        root = tmp_path / name
        root.mkdir()
        put(root, base_files(arch))
        put(root, files or {})
        return root

    return make
