"""A Python that was built without bz2, lzma and ssl runs crosspy: Buildroot's host-python3 is one."""

from __future__ import annotations

import bz2
import lzma
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT = "import sys; sys.modules.update(dict.fromkeys(['_bz2', '_lzma', '_ssl', '_sqlite3', 'readline']))\n"
ALL = """
import importlib, pkgutil, crosspy
for one in pkgutil.walk_packages(crosspy.__path__, "crosspy."):
    if not one.name.startswith(("crosspy.shims", "crosspy.__main__")):
        importlib.import_module(one.name)
"""


def run(text: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT + text, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_of_crosspy_is_imported() -> None:
    done = run(ALL)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_an_image_that_cannot_be_unpacked(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    image = tmp_path / "image"
    image.write_bytes(pack(b"x" * 2000))
    done = run("from crosspy.cli.main import entry; entry()", "verify", image)
    assert done.returncode != 0
    assert "which this Python does not read" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_download_by_https() -> None:
    done = run("""
from crosspy.build.transport import Transport
from crosspy.errors import FetchError
try:
    Transport().open("https://index.invalid/x")
except FetchError as error:
    print(error, error.hint)
""")
    assert "has no ssl" in done.stdout, done.stderr
    assert "BR2_PACKAGE_HOST_PYTHON3_SSL" in done.stdout
