"""The machine files that Meson gets in a build."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from sample_targets import put


@pytest.fixture
def meson(shims, tmp_path, monkeypatch):
    module = shims().load("meson")
    monkeypatch.setattr(module, "ROOT", str(tmp_path / "env"))
    monkeypatch.setenv("CROSSPY_ISOLATED", str(tmp_path / "iso"))
    put(
        tmp_path,
        {
            "iso/overlay/bin/numpy-config": "",
            "iso/overlay/bin/cython": "",
            "iso/normal/bin/numpy-config": "",
            "iso/normal/bin/it's-config": "",
            "iso/normal/bin/sdl2-config": "",
            "usr/bin/llvm-config": "",
            "env/build/bin/layer-config": "",
        },
    )
    directories = ("iso/overlay/bin", "iso/normal/bin", "iso/absent", "env/build/bin", "usr/bin")
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / name) for name in directories))
    return module


def written(words: list[str], tmp_path: Path) -> list[str]:
    text = Path(words[words.index("--cross-file", 3) + 1]).read_text(encoding="utf-8")
    return text.replace(str(tmp_path), "@").replace(sys.executable, "PYTHON").splitlines()


def start(meson, monkeypatch, *words: str) -> list[str]:
    monkeypatch.setattr(sys, "argv", ["meson", *words])
    meson.apply(meson)
    return sys.argv


def test_what_belongs_to_the_running_build(meson, monkeypatch, tmp_path):
    """Programs of build requirements, the first on PATH; none of the build machine, none that Meson would refuse."""
    words = start(meson, monkeypatch, "setup", "build")
    assert words[:4] == ["meson", "setup", "--cross-file", f"{tmp_path}/env/crosspy/cross.ini"]
    assert written(words, tmp_path) == [
        "[binaries]",
        "cmake = 'cmake'",
        "numpy-config = '@/iso/overlay/bin/numpy-config'",
        "python = 'PYTHON'",
        "python3 = 'PYTHON'",
        "sdl2-config = '@/iso/normal/bin/sdl2-config'",
        "[properties]",
        "cmake_toolchain_file = '@/env/crosspy/toolchain.cmake'",
    ]


def test_without_isolation(meson, monkeypatch, tmp_path):
    monkeypatch.setenv("CROSSPY_ISOLATED", "")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    lines = written(start(meson, monkeypatch, "build"), tmp_path)
    assert [line for line in lines if "-config" in line] == ["layer-config = '@/env/build/bin/layer-config'"]


@pytest.mark.parametrize("words", [("compile",), ("setup", "--cross-file", "x"), ()])
def test_other_commands_get_none(meson, monkeypatch, words):
    assert start(meson, monkeypatch, *words) == ["meson", *words]
