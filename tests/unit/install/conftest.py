"""An image, a target, and an installer of wheels between them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wheelmaker import WheelMaker, make_target

from crosspy.install.wheel import Installation, InstallOptions, install_wheels
from crosspy.model.target import Target


@pytest.fixture
def target() -> Target:
    return make_target()


@pytest.fixture
def wheel(tmp_path: Path) -> WheelMaker:
    return WheelMaker(tmp_path / "wheels")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty image, with something valuable beside it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "valuable").write_text("valuable")
    image = tmp_path / "image"
    image.mkdir()
    return image


Installer = Callable[..., Installation]


@pytest.fixture
def install(root: Path, target: Target) -> Installer:
    """Install wheels into ``root`` for ``target``; without bytecode unless asked, as that takes a process."""

    def call(*wheels: Path, into: Path = root, to: Target = target, **options: Any) -> Installation:
        options.setdefault("compile_levels", ())
        return install_wheels(
            wheels, root=into, target=to, build_python=Path(sys.executable), options=InstallOptions(**options)
        )

    return call
