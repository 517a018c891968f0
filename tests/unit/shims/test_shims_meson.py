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


@pytest.fixture
def systems(meson, monkeypatch, tmp_path):
    """Start ``meson``, which a link of the environment stands before, and return what ran with which words."""
    put(tmp_path, {"env/crosspy/answers/meson": "", "usr/bin/meson": "", "env/crosspy/layer/bin/meson": ""})
    for path in tmp_path.rglob("meson"):
        path.chmod(0o755)
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "meson"
    link.symlink_to(tmp_path / "env/crosspy/answers/meson")
    monkeypatch.setenv("CROSSPY_BUILD", "env")
    monkeypatch.delenv("CROSSPY_ENV", raising=False)
    monkeypatch.setenv("CROSSPY_PYTHON", "/isolated/python")

    def run(*words: str, path: tuple[str, ...] = ("links", "absent", "usr/bin")) -> tuple[str, list[str]]:
        ran: list[tuple[str, list[str]]] = []
        monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / name) for name in path))
        monkeypatch.setattr(sys, "argv", [str(link), *words])
        monkeypatch.setattr(os, "execv", lambda program, words: ran.append((program, words)))
        meson.run_systems()
        return ran[0]

    return run


def test_the_systems_meson_cross_compiles_too(systems, tmp_path):
    """A setup.py starts it, and it is no build requirement (pyads)."""
    program, words = systems("setup", "build")
    assert program == f"{tmp_path}/usr/bin/meson"
    assert words[:4] == ["meson", "setup", "--cross-file", f"{tmp_path}/env/crosspy/cross.ini"]
    assert "python = '/isolated/python'" in written(words, tmp_path)
    assert systems("compile", "-C", "build")[1] == ["meson", "compile", "-C", "build"]


def test_the_systems_meson_elsewhere(systems, tmp_path, monkeypatch):
    """Meson of the build layer gets the files by itself; a native build, or none, gets none."""
    program, words = systems("setup", "x", path=("links", "env/crosspy/layer/bin", "usr/bin"))
    assert (program, words) == (f"{tmp_path}/env/crosspy/layer/bin/meson", ["meson", "setup", "x"])
    monkeypatch.setenv("CROSSPY_ENV", "off")
    assert systems("setup", "x")[1] == ["meson", "setup", "x"]
    with pytest.raises(SystemExit, match="meson is not on PATH"):
        systems("setup", "x", path=("links",))
