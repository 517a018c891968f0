"""The tags and markers of targets, against lists and against packaging on this machine."""

from __future__ import annotations

import platform
import sys
import sysconfig
from dataclasses import replace
from typing import Any

import pytest
from packaging import tags
from packaging.markers import default_environment

from crosspy.model import machine as machines
from crosspy.model.python import TargetPython
from crosspy.model.tags import imports_of, marker_environment, misfit, platform_tags, target_tags
from crosspy.model.target import Libc, Target


def made(machine: str, platform_name: str, libc: str = "glibc 2.36", **python: Any) -> Target:
    kind, _, version = libc.partition(" ")
    abi = python.pop("abi", {})
    values: dict[str, Any] = {
        "extension_suffixes": (".cpython-311-x-linux-gnu.so", ".cpython-311-x-linux-gnueabihf.so"),
        "version": "3.11",
        "full_version": "3.11.2",
        "hexversion": 0x030B02F0,
        "abiflags": "",
        "soabi": "",
        "ext_suffix": ".so",
        "platform": platform_name,
        "multiarch": "",
        "prefix": "/usr",
        "exec_prefix": "/usr",
        "platlibdir": "lib",
        "stdlib": "",
        "include": "",
        "platinclude": "",
    }
    row = machines.by_name(machine)
    return Target(
        machine=row,
        uname=row.uname,
        triplet="",
        abi=abi,
        libc=Libc(kind=kind, version=version),
        python=TargetPython(**(values | python)),
        types={},
        sysroot="",
    )


HARD = {"eabi": "5", "float": "hard"}
SOFT = {"eabi": "5", "float": "soft"}


def native() -> Target:
    """Describe this interpreter, as describe would."""
    kind, version = platform.libc_ver()
    row = machines.by_triplet(platform.machine())
    assert row is not None
    target = made(
        row.name,
        sysconfig.get_platform(),
        f"{kind} {version}",
        version="{}.{}".format(*sys.version_info[:2]),
        full_version=platform.python_version(),
        abiflags=sys.abiflags,
    )
    return replace(target, uname=platform.machine())


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this machine's Python is not of glibc")
def test_same_as_packaging_here():
    ours, theirs = target_tags(native(), prebuilt=True), list(tags.sys_tags())
    assert set(ours) == set(theirs)
    if str(theirs[0]).partition("-linux_")[1]:  # packaging before 24.1 has linux_* last
        assert list(ours) == theirs


@pytest.mark.parametrize(
    ("suffix", "platform", "answer"),
    [
        (".cpython-314-aarch64-linux-gnu.so", "manylinux_2_28_aarch64", True),
        (".cpython-313t-aarch64-linux-gnu.so", "manylinux2014_aarch64", True),
        (".cpython-314-aarch64-linux.so", "manylinux_2_28_aarch64", False),
        (".cpython-314-aarch64-linux-musl.so", "manylinux_2_28_aarch64", False),
        (".cpython-314-aarch64-linux-musl.so", "musllinux_1_2_aarch64", True),
        (".cpython-314-aarch64-linux-gnu.so", "musllinux_1_2_aarch64", False),
        (".cpython-314-arm-linux-gnueabihf.so", "manylinux_2_31_armv7l", True),
        (".cpython-314-arm-linux-gnueabi.so", "manylinux_2_31_armv7l", False),
        (".cpython-314-arm-linux-gnueabi.so", "linux_armv7l", True),
        (".so", "manylinux_2_28_aarch64", False),
    ],
)
def test_names_of_prebuilt_modules(suffix, platform, answer):
    assert imports_of((suffix, ".abi3.so"), platform) is answer


def test_a_python_that_names_its_modules_otherwise():
    oe = made("aarch64", "linux-aarch64", "glibc 2.17", extension_suffixes=(".cpython-311-aarch64-linux.so",))
    found = {str(tag) for tag in target_tags(oe, prebuilt=True)}
    assert {"cp311-cp311-linux_aarch64", "cp39-abi3-manylinux_2_17_aarch64"} <= found
    assert {"py3-none-manylinux_2_17_aarch64", "cp311-none-manylinux_2_17_aarch64"} <= found
    assert "cp311-cp311-manylinux_2_17_aarch64" not in found
    wheel = frozenset(tags.parse_tag("cp311-cp311-manylinux2014_aarch64"))
    assert "this one imports *.cpython-311-aarch64-linux.so" in misfit(oe, wheel)
    assert misfit(oe, frozenset(tags.parse_tag("cp310-cp310-manylinux2014_aarch64"))) == ""


def test_same_markers_as_packaging_here():
    theirs = dict(default_environment())
    kernel = {"platform_release": "", "platform_version": ""}
    assert marker_environment(native()) == {**theirs, **kernel}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            made("riscv64", "linux-riscv64", "glibc 2.18"),
            "linux_riscv64 manylinux_2_18_riscv64 manylinux_2_17_riscv64",
        ),
        (made("riscv64", "linux-riscv64", "glibc 2.39", abi={"float": "soft"}), "linux_riscv64"),
        (made("riscv64", "linux-riscv64", "musl 1.2", abi={"float": "single"}), "linux_riscv64"),
        (
            made("riscv64", "linux-riscv64", "glibc 2.17", abi={"float": "double", "rve": "no"}),
            "linux_riscv64 manylinux_2_17_riscv64",
        ),
        (
            made("loongarch64", "linux-loongarch64", "glibc 2.17"),
            "linux_loongarch64 manylinux_2_17_loongarch64",
        ),
        (
            made("aarch64", "linux-aarch64", "glibc 2.18"),
            "linux_aarch64 manylinux_2_18_aarch64 manylinux_2_17_aarch64 manylinux2014_aarch64",
        ),
        (
            made("i686", "linux-i686", "glibc 2.6"),
            "linux_i686 manylinux_2_6_i686 manylinux_2_5_i686 manylinux1_i686",
        ),
        (
            made("i686", "linux-x86_64", "glibc 2.5"),
            "linux_i686 manylinux_2_5_i686 manylinux1_i686",
        ),
        (made("i686", "linux-i586", "glibc 2.36"), "linux_i586"),
        (
            made("arm", "linux-armv7l", "glibc 2.17", abi=HARD),
            "linux_armv7l manylinux_2_17_armv7l manylinux2014_armv7l",
        ),
        (made("arm", "linux-armv7l", "glibc 2.36", abi=SOFT), "linux_armv7l"),
        (made("arm", "linux-armv7l", "glibc 2.36"), "linux_armv7l"),
        (replace(made("arm", "linux-armv7l", "glibc 2.36", abi=HARD), uname="armv6l"), "linux_armv7l"),
        (replace(made("arm", "linux-armv7l", "musl 1.2", abi=HARD), uname="armv6l"), "linux_armv7l"),
        (made("arm", "linux-armv7l", "musl 1.2", abi=SOFT), "linux_armv7l"),
        (
            made("arm", "linux-armv6l", "musl 1.1", abi=HARD),
            "linux_armv6l musllinux_1_1_armv6l musllinux_1_0_armv6l",
        ),
        (made("arm", "linux-armv6l", "glibc 2.36", abi=HARD), "linux_armv6l"),
        (made("arm", "linux-armv5tejl", "glibc 2.36", abi=SOFT), "linux_armv5tejl"),
        (
            made("arm", "linux-armv8l", "glibc 2.17", abi=HARD),
            (
                "linux_armv8l linux_armv7l manylinux_2_17_armv8l manylinux2014_armv8l "
                "manylinux_2_17_armv7l manylinux2014_armv7l"
            ),
        ),
        (
            made("arm", "linux-aarch64", "musl 1.1", abi=HARD),
            (
                "linux_armv8l linux_armv7l musllinux_1_1_armv8l musllinux_1_0_armv8l "
                "musllinux_1_1_armv7l musllinux_1_0_armv7l"
            ),
        ),
        (
            made("aarch64", "linux-aarch64", "musl 1.2"),
            "linux_aarch64 musllinux_1_2_aarch64 musllinux_1_1_aarch64 musllinux_1_0_aarch64",
        ),
        (made("mips", "linux-mips", "glibc 2.36"), "linux_mips"),
        (made("mips", "linux-mips", "musl 1.0"), "linux_mips musllinux_1_0_mips"),
        (made("aarch64", "linux-aarch64", "uclibc 1.0"), "linux_aarch64"),
        (made("aarch64", "linux-aarch64", "glibc "), "linux_aarch64"),
        (made("aarch64", "linux-aarch64", "musl "), "linux_aarch64"),
        (made("x32", "linux-x86_64", "glibc 2.36"), "linux_x86_64"),
        (made("x86_64", "linux-x86.64-v3", "glibc 2.36"), "linux_x86_64_v3"),
        (
            made("s390x", "linux-s390x", "glibc 2.17"),
            "linux_s390x manylinux_2_17_s390x manylinux2014_s390x",
        ),
        (
            made("ppc64le", "linux-ppc64le", "glibc 2.17"),
            "linux_ppc64le manylinux_2_17_ppc64le manylinux2014_ppc64le",
        ),
    ],
)
def test_platforms(target, expected):
    assert list(platform_tags(target, prebuilt=True)) == expected.split()
    own = [name for name in expected.split() if name.startswith("linux_")]
    assert list(platform_tags(target, prebuilt=False)) == own


def abis(target: Target) -> list[str]:
    return list(
        dict.fromkeys(
            f"{tag.interpreter}-{tag.abi}"
            for tag in target_tags(target, prebuilt=False)
            if "linux" in tag.platform
        )
    )


def test_abis():
    plain = abis(made("aarch64", "linux-aarch64"))
    assert plain[:4] == ["cp311-cp311", "cp311-abi3", "cp311-none", "cp310-abi3"]
    assert "cp32-abi3" in plain


def test_abis_of_a_debug_build():
    assert abis(made("aarch64", "linux-aarch64", version="3.13", abiflags="d"))[:3] == [
        "cp313-cp313d",
        "cp313-cp313",
        "cp313-abi3",
    ]


@pytest.mark.parametrize(
    ("flags", "expected"), [("t", ["cp313-cp313t"]), ("td", ["cp313-cp313td", "cp313-cp313t"])]
)
def test_abis_of_a_free_threaded_build(flags, expected):
    found = abis(made("aarch64", "linux-aarch64", version="3.13", full_version="3.13.1", abiflags=flags))
    assert found[: len(expected)] == expected
    assert not [name for name in found if name.endswith("-abi3")]
    assert "cp313-cp313" not in found


def test_pure_wheels():
    names = [str(tag) for tag in target_tags(made("aarch64", "linux-aarch64"), prebuilt=False)]
    for name in ("py3-none-any", "py311-none-any", "cp311-none-any", "py38-none-any"):
        assert name in names
    assert "py2-none-any" not in names
    assert names[0] == "cp311-cp311-linux_aarch64"
    assert len(names) == len(set(names))


def test_markers():
    target = replace(made("arm", "linux-armv7l", full_version="3.13.0rc1", version="3.13"), uname="armv7l")
    found = marker_environment(target)
    assert found["python_full_version"] == "3.13.0rc1"
    assert found["implementation_version"] == "3.13.0c1"
    assert found["python_version"] == "3.13"
    assert found["platform_machine"] == "armv7l"
    assert (
        marker_environment(made("arm", "linux-armv7l", full_version="3.11"))["python_full_version"]
        == "3.11.0"
    )
