"""Absolute links of a sysroot, and a farm of links that puts them right."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_targets import make_target, put

from crosspy.crossenv.links import absolute_links, write

LIB = "usr/lib/aarch64-linux-gnu"
LIBM = {f"{LIB}/libm.so.6": "x", "lib": "-> usr/lib"}


def found(root: Path, **changes) -> dict[str, str]:
    return absolute_links(make_target(**{"sysroot": str(root), **changes}))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {f"{LIB}/libm.so": "-> /lib/aarch64-linux-gnu/libm.so.6"},
            {f"{LIB}/libm.so": f"{LIB}/libm.so.6"},  # lib is usr/lib
        ),
        ({f"{LIB}/libm.so": "-> libm.so.6"}, {}),
        ({f"{LIB}/libm.so": f"-> ../../../{LIB}/libm.so.6"}, {}),
        ({f"{LIB}/libm.so": "-> /lib/aarch64-linux-gnu/absent.so"}, {}),
        (
            {f"{LIB}/libm.so": f"-> /{LIB}/hop.so", f"{LIB}/hop.so": "-> libm.so.6"},
            {f"{LIB}/libm.so": f"{LIB}/libm.so.6"},
        ),
        (
            {f"{LIB}/libm.so": f"-> /{LIB}/hop.so", f"{LIB}/hop.so": f"-> /{LIB}/libm.so.6"},
            {f"{LIB}/libm.so": f"{LIB}/libm.so.6", f"{LIB}/hop.so": f"{LIB}/libm.so.6"},
        ),
        ({f"{LIB}/loop.so": f"-> /{LIB}/loop.so"}, {}),
        ({f"{LIB}/a.so": f"-> /{LIB}/b.so", f"{LIB}/b.so": f"-> /{LIB}/a.so"}, {}),
        ({f"{LIB}/readme.txt": f"-> /{LIB}/libm.so.6"}, {}),
        ({f"{LIB}/libx.a": f"-> /{LIB}/libm.so.6"}, {f"{LIB}/libx.a": f"{LIB}/libm.so.6"}),
        ({f"{LIB}/libx.so.1.2": f"-> /{LIB}/libm.so.6"}, {f"{LIB}/libx.so.1.2": f"{LIB}/libm.so.6"}),
        ({f"{LIB}/pkgconfig/x.pc": f"-> /{LIB}/libm.so.6"}, {f"{LIB}/pkgconfig/x.pc": f"{LIB}/libm.so.6"}),
        ({"usr/include/x/y.h": f"-> /{LIB}/libm.so.6"}, {"usr/include/x/y.h": f"{LIB}/libm.so.6"}),
        ({"usr/lib64/libx.so": f"-> /{LIB}/libm.so.6"}, {"usr/lib64/libx.so": f"{LIB}/libm.so.6"}),
        ({"usr/include/asm": f"-> /{LIB}"}, {"usr/include/asm": LIB}),
    ],
)
def test_links(tmp_path, files, expected):
    root = put(tmp_path / "s", {**LIBM, **files})
    assert found(root) == {name: str(root / real) for name, real in expected.items()}


def test_links_into_the_sysroot_by_its_own_path_are_right(tmp_path):
    root = put(tmp_path / "s", LIBM)
    (root / LIB / "libm.so").symlink_to(root / LIB / "libm.so.6")
    assert found(root) == {}


def test_a_file_of_the_build_machine_is_never_meant(tmp_path):
    outside = put(tmp_path / "outside", {"libevil.so": "x"})
    root = put(tmp_path / "s", {**LIBM, f"{LIB}/libevil.so": f"-> {outside}/libevil.so"})
    assert found(root) == {}


def test_links_that_leave_by_dots_are_not_absolute(tmp_path):
    put(tmp_path, {"outside.so": "x"})
    root = put(tmp_path / "s", {**LIBM, f"{LIB}/x.so": "-> ../../../../outside.so"})
    assert found(root) == {}


@pytest.mark.parametrize("sysroot", ["", "/"])
def test_the_build_machine_itself(sysroot):
    assert absolute_links(make_target(sysroot=sysroot)) == {}


def test_a_sysroot_that_is_gone(tmp_path):
    assert found(tmp_path / "gone") == {}


def test_a_sysroot_behind_a_link(tmp_path):
    root = put(tmp_path / "real", {**LIBM, f"{LIB}/libm.so": f"-> /{LIB}/libm.so.6"})
    (tmp_path / "s").symlink_to(root)
    assert found(tmp_path / "s") == {f"{LIB}/libm.so": str(root / LIB / "libm.so.6")}


def test_the_farm(tmp_path):
    write(tmp_path / "farm", {"usr/lib/a.so": "/x/a.so.1", "usr/include/b/c.h": "/x/c.h"})
    assert (tmp_path / "farm/usr/lib/a.so").readlink() == Path("/x/a.so.1")
    assert (tmp_path / "farm/usr/include/b/c.h").readlink() == Path("/x/c.h")


def test_the_environment_has_the_farm_and_its_compiler_uses_it(make_env, tmp_path):
    root = put(tmp_path / "s", {**LIBM, f"{LIB}/libm.so": f"-> /{LIB}/libm.so.6"})
    env = make_env(sysroot=str(root))
    assert (env.root / "crosspy/links" / LIB / "libm.so").readlink() == root / LIB / "libm.so.6"
    assert f"links/{LIB}" in (env.tools / "aarch64-linux-gnu-gcc").read_text()


def test_an_absolute_link_with_dots_does_not_leave(tmp_path):
    put(tmp_path, {"outside.so": "x"})
    root = put(tmp_path / "s", {"usr/lib/x.so": "-> /usr/lib/../../../outside.so"})
    assert found(root) == {}
