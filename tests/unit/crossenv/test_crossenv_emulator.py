"""How a named emulator is called."""

from __future__ import annotations

import pytest
from sample_targets import make_target

from crosspy.crossenv import emulator
from crosspy.errors import UsageError


@pytest.fixture
def path(tmp_path):
    for name in ("qemu-aarch64-static", "qemu-system-aarch64", "box64"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("text", "sysroot", "expected"),
    [
        ("qemu-aarch64-static", "/s", ["qemu-aarch64-static", "-L", "/s"]),
        ("qemu-aarch64-static -cpu max", "/s", ["qemu-aarch64-static", "-cpu", "max", "-L", "/s"]),
        ("qemu-aarch64-static -L /other", "/s", ["qemu-aarch64-static", "-L", "/other"]),
        ("qemu-aarch64-static", "", ["qemu-aarch64-static"]),
        ("qemu-system-aarch64", "/s", ["qemu-system-aarch64"]),
        ("box64 '--a b'", "/s", ["box64", "--a b"]),
    ],
)
def test_a_qemu_user_gets_the_sysroot(path, text, sysroot, expected):
    program, *words = emulator.command(text, make_target(sysroot=sysroot), path=path)
    assert [program.removeprefix(f"{path}/"), *words] == expected


@pytest.mark.parametrize(
    ("text", "said"), [("wine x", "not found: 'wine x'"), ("'", "cannot split"), (" ", "not found")]
)
def test_one_that_is_not_there(path, text, said):
    with pytest.raises(UsageError, match=said):
        emulator.command(text, make_target(), path=path)
