"""An environment of an SDK's environment-setup file, for an SDK that was moved."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "packages" / "c-extension"
SETUP = """\
export SDKTARGETSYSROOT=/opt/not-here/sysroots/target
export PATH=/opt/not-here/sysroots/build/usr/bin/aarch64-sdk-linux:"$PATH"
export CC="aarch64-sdk-linux-gcc -DSEEN_OF_THE_SDK --sysroot=$SDKTARGETSYSROOT"
export CXX="aarch64-sdk-linux-g++ --sysroot=$SDKTARGETSYSROOT"
export AR=aarch64-sdk-linux-ar
export CFLAGS="-O1"
"""


def test_a_moved_sdk_builds_for_its_target(crosspy, arm64, pip_environ, tmp_path):
    top = tmp_path / "sdk"
    tools = top / "sysroots/build/usr/bin/aarch64-sdk-linux"
    tools.mkdir(parents=True)
    (top / "sysroots/target").symlink_to(arm64.sysroot)
    for name in ("gcc", "g++", "ar"):
        (tools / f"aarch64-sdk-linux-{name}").write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >>{tmp_path}/calls\nexec {arm64.triplet}-{name} "$@"\n'
        )
        (tools / f"aarch64-sdk-linux-{name}").chmod(0o755)
    setup = top / "environment-setup-aarch64-sdk-linux"
    setup.write_text(SETUP)
    env = tmp_path / "env"
    crosspy("create", env, "--sdk", setup, "--build-python", arm64.build_python)
    (tmp_path / "calls").unlink()
    # Without the SDK on PATH: the environment knows where it is.
    assert str(tools) not in os.environ["PATH"]
    crosspy("wheel", env, "-w", tmp_path / "out", PROJECT, "--no-cache", env=pip_environ)
    [wheel] = (tmp_path / "out").iterdir()
    assert "aarch64" in wheel.name
    compiled = [
        line for line in (tmp_path / "calls").read_text().splitlines() if " -c " in line and ".c" in line
    ]
    assert any(str(tools) in line and "-DSEEN_OF_THE_SDK" in line and "-O1" in line for line in compiled)
    assert not any("/opt/not-here" in line for line in compiled)
