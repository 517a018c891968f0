"""Bad input gets one clear error with an exit code of its own, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def sysroot(arm64, tmp_path) -> Path:
    """A sysroot that a test may damage: the few files that describe reads."""
    root = tmp_path / "sysroot"
    base = arm64.sysroot
    for name in (
        "usr/lib/python3.11",
        "usr/lib/aarch64-linux-gnu",
        "lib/aarch64-linux-gnu",
        "usr/include/python3.11",
        "usr/bin",
    ):
        (root / name).mkdir(parents=True)
    for name in (
        "usr/lib/python3.11/_sysconfigdata__aarch64-linux-gnu.py",
        "usr/lib/python3.11/sysconfig.py",
        "usr/lib/python3.11/os.py",
        "usr/lib/aarch64-linux-gnu/libpython3.11.so.1.0",
        "lib/aarch64-linux-gnu/libc.so.6",
        "usr/include/python3.11/patchlevel.h",
        "usr/include/stdio.h",
    ):
        shutil.copy(base / name, root / name)
    return root


@pytest.fixture
def refused(crosspy, arm64, tmp_path):
    """Return a function that creates an environment, expects a failure, and gives the message."""

    def create(code, *words, where=None, build_python=None, env=None):
        root = where or tmp_path / "env"
        python = build_python or arm64.build_python
        done = crosspy("create", root, "--build-python", python, *words, check=False, env=env)
        assert done.returncode == code, done.stderr
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert len(re.findall(r"^error: ", done.stderr, re.MULTILINE)) == 1
        assert "hint: " in done.stderr
        assert not root.exists() or where
        assert [path for path in root.parent.iterdir() if ".crosspy-" in path.name] == []
        return done.stderr

    return create


def test_the_damaged_trees_of_these_tests_are_good_undamaged(crosspy, arm64, sysroot, tmp_path):
    crosspy("create", tmp_path / "env", "--sysroot", sysroot, "--build-python", arm64.build_python)


def test_not_a_sysroot(refused, tmp_path):
    assert "not a directory" in refused(3, "--sysroot", tmp_path / "nowhere")
    assert "not a sysroot" in refused(3, "--sysroot", tmp_path)


def test_no_target_named(refused):
    assert "no target named" in refused(2)


def test_contradicting_sysconfigdata(refused, sysroot):
    good = sysroot / "usr/lib/python3.11/_sysconfigdata__aarch64-linux-gnu.py"
    other = sysroot / "usr/lib/python3.11/_sysconfigdata__linux_aarch64-linux-gnu.py"
    other.write_text(good.read_text().replace("'SIZEOF_LONG': 8", "'SIZEOF_LONG': 4"))
    message = refused(4, "--sysroot", sysroot)
    assert "SIZEOF_LONG" in message
    assert good.name in message
    assert other.name in message
    assert "--sysconfigdata-file" in message


def test_sysconfigdata_of_another_machine(refused, sysroot):
    data = sysroot / "usr/lib/python3.11/_sysconfigdata__aarch64-linux-gnu.py"
    data.write_text(data.read_text().replace("aarch64", "riscv64"))
    assert "AArch64" in refused(4, "--sysroot", sysroot)


@pytest.mark.parametrize("size", [10, 100, 5000])
def test_truncated_libc(refused, sysroot, size):
    libc = sysroot / "lib/aarch64-linux-gnu/libc.so.6"
    libc.write_bytes(libc.read_bytes()[:size])
    assert "libc.so.6" in refused(3, "--sysroot", sysroot)


def test_sysconfigdata_that_contains_code(refused, sysroot, tmp_path):
    data = sysroot / "usr/lib/python3.11/_sysconfigdata__aarch64-linux-gnu.py"
    good = data.read_text()
    marker = tmp_path / "executed"
    data.write_text(f"open({str(marker)!r}, 'w')\n" + good)
    message = refused(3, "--sysroot", sysroot)
    assert "line 1" in message
    assert "never runs it" in message
    data.write_text(
        good.replace("build_time_vars = {", f"build_time_vars = {{'X': open({str(marker)!r}, 'w').name,")
    )
    assert "code inside build_time_vars" in refused(3, "--sysroot", sysroot)
    assert not marker.exists()


def test_compiled_sysconfigdata_only(refused, sysroot):
    data = sysroot / "usr/lib/python3.11/_sysconfigdata__aarch64-linux-gnu.py"
    data.rename(data.with_suffix(".pyc"))
    assert "compiled code" in refused(3, "--sysroot", sysroot)


def test_compiler_for_another_machine(refused, sysroot):
    message = refused(5, "--sysroot", sysroot, "--cc", "gcc")
    assert "x86-64" in message
    assert "AArch64" in message


def test_compiler_with_another_float_abi(refused, armhf):
    message = refused(5, "--sysroot", armhf.sysroot, "--cc", "arm-linux-gnueabihf-gcc -mfloat-abi=soft")
    assert "float" in message


def test_missing_compiler(refused, sysroot):
    assert "'no-such-gcc'" in refused(5, "--sysroot", sysroot, "--cc", "no-such-gcc -O2")
    assert "no cross compiler" in refused(5, "--sysroot", sysroot, env={"PATH": "/nonexistent"})


def test_compiler_that_does_not_work(refused, sysroot, tmp_path):
    broken = tmp_path / "aarch64-broken-gcc"
    broken.write_text("#!/bin/sh\necho 'it is broken' >&2\nexit 1\n")
    broken.chmod(0o755)
    assert "it is broken" in refused(5, "--sysroot", sysroot, "--cc", broken)


def test_another_version_of_python(refused, sysroot):
    other = Path(os.environ["CROSSPY_SYSROOTS"]) / "build-3.13/usr/bin/python3.13"
    message = refused(6, "--sysroot", sysroot, build_python=other)
    assert "3.11.2" in message
    assert "3.13" in message


def test_the_targets_python_as_build_python(refused, arm64, sysroot):
    assert "cannot run" in refused(2, "--sysroot", sysroot, build_python=arm64.python)


def test_unwritable_environment(refused, sysroot):
    message = refused(7, "--sysroot", sysroot, where=Path("/proc/crosspy-env"))
    assert "/proc/crosspy-env" in message


def test_a_directory_of_the_user_is_left_alone(refused, sysroot, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "precious").write_text("data")
    assert "not a cross environment" in refused(7, "--sysroot", sysroot, "--clear", where=home)
    assert (home / "precious").read_text() == "data"


def test_a_damaged_target_description(crosspy, tmp_path):
    for text in ("", "{", "[]", '{"schema": 1}', '{"schema": 99}'):
        (tmp_path / "target.json").write_text(text)
        done = crosspy("create", tmp_path / "env", "--target", tmp_path / "target.json", check=False)
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr


def test_what_is_not_an_environment(crosspy, tmp_path):
    for words in (
        ["env", tmp_path],
        ["wheel", tmp_path, "six"],
        ["install", tmp_path, "--root", tmp_path, "six"],
    ):
        done = crosspy(*words, check=False)
        assert done.returncode == 7, done.stderr
        assert "not a cross environment" in done.stderr
