"""Absolute links of a sysroot mean files of the sysroot."""

from __future__ import annotations

import pytest
from sample_targets import ELF, put, sysroot_files

from crosspy.describe import Request, describe
from crosspy.describe.libc import within

NOTHING = {"PATH": "/nonexistent"}


@pytest.mark.parametrize("link", ["/lib/libc-2.17.so", "/lib/hop"])
def test_a_c_library_behind_an_absolute_link(tmp_path, link):
    files = sysroot_files()
    files["lib/libc-2.17.so"] = files.pop("usr/lib/libc.so.6")
    root = put(tmp_path / "s", files | {"lib/libc.so.6": f"-> {link}", "lib/hop": "-> libc-2.17.so"})
    assert describe(Request(sysroot=root), env=NOTHING).libc.version == "2.17"


def test_arm_attributes_behind_an_absolute_link(tmp_path):
    """musl's own installation makes its loader an absolute link to libc.so."""
    files = sysroot_files("armhf", HOST_GNU_TYPE="arm-buildroot-linux-musleabihf")
    files["usr/lib/libc.so"] = files.pop("usr/lib/libc.so.6")
    root = put(tmp_path / "s", files | {"lib/ld-musl-armhf.so.1": "-> /usr/lib/libc.so"})
    target = describe(Request(sysroot=root), env=NOTHING)
    assert (target.libc.kind, target.uname) == ("musl", "armv7l")


def test_an_interpreter_behind_an_absolute_link(tmp_path):
    files = sysroot_files() | {
        "opt/py/python": ELF / "aarch64" / "python",
        "usr/bin/python3.11": "-> /opt/py/python",
    }
    target = describe(Request(sysroot=put(tmp_path / "s", files)), env=NOTHING)
    assert target.python.extension_suffixes[-1] == ".so"
    assert target.sources["python.extension_suffixes"].endswith("usr/bin/python3.11")


def test_an_interpreter_behind_an_absolute_link_is_not_the_build_machines(tmp_path):
    outside = put(tmp_path / "outside", {"python": ELF / "x86_64" / "python"}) / "python"
    files = sysroot_files() | {
        str(outside): ELF / "aarch64" / "python",
        "usr/bin/python3.11": f"-> {outside}",
    }
    describe(Request(sysroot=put(tmp_path / "s", files)), env=NOTHING)


@pytest.mark.parametrize(
    "link", ["../../../outside", "/../outside", "/usr/lib/../../../outside", "/dir/outside"]
)
def test_within_never_leaves(tmp_path, link):
    put(tmp_path, {"outside": "x", "d/outside": "x"})
    root = put(tmp_path / "s", {"usr/lib/x": f"-> {link}", "dir": f"-> {tmp_path / 'd'}"})
    found = within(root, root / "usr/lib/x")
    assert found is None or found.resolve().is_relative_to(root)


def test_within_a_directory_that_is_an_absolute_link(tmp_path):
    root = put(tmp_path / "s", {"usr/lib/libc.so.6": "x", "lib": "-> /usr/lib"})
    found = within(root, root / "lib/libc.so.6")
    assert found is not None
    assert found.resolve() == root / "usr/lib/libc.so.6"
