from __future__ import annotations

import struct
from pathlib import Path

import pytest
from image_files import DATA, MULTIARCH, base_files, put

from crosspy.model.finding import Severity
from crosspy.verify.runner import RULES, verify

LIB = "/usr/lib/python3.11"
SITE = f"{LIB}/site-packages"
PLAIN = f"{SITE}/ext.cpython-311-aarch64-linux-gnu.so"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
EXT = DATA / "aarch64" / "ext.so"


def found(root: Path) -> set[tuple[str, str, str]]:
    return {(finding.path, finding.check, finding.severity.label) for finding in verify(root).findings}


@pytest.mark.parametrize("arch", MULTIARCH)
def test_nothing_is_wrong_with_a_sound_image(make_image, arch):
    result = verify(make_image(arch))
    assert result.findings == ()
    assert result.notes == ()
    assert (result.counts.files, result.counts.elf, result.counts.extension_modules) == (6, 5, 1)


# Each row: files put into an aarch64 image, and every finding that must come of it.
TABLE = {
    "another machine's module under the target's name": (
        {PLAIN: DATA / "x86_64" / "ext.so"},
        {(PLAIN, "XP101", "error")},
    ),
    "the build machine's module under its own name": (
        {f"{SITE}/ext.cpython-311-x86_64-linux-gnu.so": DATA / "x86_64" / "ext.so"},
        {
            (f"{SITE}/ext.cpython-311-x86_64-linux-gnu.so", "XP101", "error"),
            (f"{SITE}/ext.cpython-311-x86_64-linux-gnu.so", "XP301", "error"),
        },
    ),
    "the target's module under the build machine's name": (
        {f"{SITE}/ext.cpython-311-x86_64-linux-gnu.so": EXT},
        {(f"{SITE}/ext.cpython-311-x86_64-linux-gnu.so", "XP301", "error")},
    ),
    "the same beside one that loads": (
        {f"{SITE}/ext.cpython-311-x86_64-linux-gnu.so": EXT, PLAIN: EXT},
        {(f"{SITE}/ext.cpython-311-x86_64-linux-gnu.so", "XP301", "error")},
    ),
    "outside Python's directories too": (
        {"/opt/app/ext.cpython-311-x86_64-linux-gnu.so": EXT},
        {("/opt/app/ext.cpython-311-x86_64-linux-gnu.so", "XP301", "error")},
    ),
    "for musl": (
        {f"{SITE}/ext.cpython-311-aarch64-linux-musl.so": DATA / "aarch64-musl" / "ext.so"},
        {
            (f"{SITE}/ext.cpython-311-aarch64-linux-musl.so", "XP104", "error"),
            (f"{SITE}/ext.cpython-311-aarch64-linux-musl.so", "XP301", "error"),
        },
    ),
    "without a platform in its name": (
        {f"{SITE}/ext.cpython-311.so": EXT},
        {(f"{SITE}/ext.cpython-311.so", "XP301", "error")},
    ),
    "for another Python": (
        {f"{SITE}/ext.cpython-312-aarch64-linux-gnu.so": EXT},
        {(f"{SITE}/ext.cpython-312-aarch64-linux-gnu.so", "XP304", "error")},
    ),
    "for another Python, beside one that loads": (
        {f"{SITE}/ext.cpython-312-aarch64-linux-gnu.so": EXT, f"{SITE}/ext.abi3.so": EXT},
        {(f"{SITE}/ext.cpython-312-aarch64-linux-gnu.so", "XP304", "warning")},
    ),
    "free-threaded": (
        {f"{SITE}/ext.cpython-311t-aarch64-linux-gnu.so": EXT},
        {(f"{SITE}/ext.cpython-311t-aarch64-linux-gnu.so", "XP304", "error")},
    ),
    "another implementation": (
        {f"{SITE}/ext.pypy39-pp73-aarch64-linux-gnu.so": EXT},
        {(f"{SITE}/ext.pypy39-pp73-aarch64-linux-gnu.so", "XP304", "error")},
    ),
    "stable ABI and bare names are importable": (
        {f"{SITE}/ext.abi3.so": EXT, f"{SITE}/other.so": EXT, f"{SITE}/a.libs/libx-1234.5.so": EXT},
        set(),
    ),
    "a link of a name that is never imported": (
        {
            f"{SITE}/ext.cpython-311-x86_64-linux-gnu.so": f"-> {LIB}/lib-dynload/ext.cpython-311-aarch64-linux-gnu.so"
        },
        {(f"{SITE}/ext.cpython-311-x86_64-linux-gnu.so", "XP301", "error")},
    ),
    "a second Python, with its modules": (
        {
            "/usr/lib/python3.10/encodings/__init__.py": b"",
            "/usr/bin/python3.10": DATA / "aarch64" / "python",
            "/usr/lib/python3.10/site-packages/ext.cpython-310-aarch64-linux-gnu.so": EXT,
        },
        set(),
    ),
    "modules of a second Python that is not there": (
        {"/usr/lib/python3.10/site-packages/ext.cpython-310-aarch64-linux-gnu.so": EXT},
        {("/usr/lib/python3.10/site-packages/ext.cpython-310-aarch64-linux-gnu.so", "XP304", "error")},
    ),
    "a program of another machine": (
        {"/usr/bin/tool": DATA / "x86_64" / "python"},
        {("/usr/bin/tool", "XP101", "error")},
    ),
    "a library of another machine": (
        {"/usr/lib/aarch64-linux-gnu/libx.so.1": DATA / "s390x" / "libc.so"},
        {("/usr/lib/aarch64-linux-gnu/libx.so.1", "XP101", "error")},
    ),
    "a program of another machine that the image has a loader for": (
        {"/usr/bin/tool": DATA / "armhf" / "python", "/lib/ld-linux-armhf.so.3": DATA / "armhf" / "libc.so"},
        {("/usr/bin/tool", "XP101", "warning"), ("/lib/ld-linux-armhf.so.3", "XP101", "warning")},
    ),
    "an unused file of another machine": (
        {"/opt/agent/probe": DATA / "x86_64" / "python"},
        {("/opt/agent/probe", "XP101", "warning")},
    ),
    "firmware is for other processors": (
        {
            "/lib/firmware/dsp.elf": DATA / "armel" / "libc.so",
            "/usr/share/qemu/bios": DATA / "i686" / "libc.so",
        },
        {("/lib/firmware/dsp.elf", "XP101", "info"), ("/usr/share/qemu/bios", "XP101", "info")},
    ),
    "but an extension module is one everywhere": (
        {
            "/usr/share/app/ext.so": DATA / "i686" / "ext.so",
            "/usr/share/app/x.abi3.so": DATA / "i686" / "libc.so",
        },
        {("/usr/share/app/ext.so", "XP101", "error"), ("/usr/share/app/x.abi3.so", "XP101", "error")},
    ),
    "helpers for other machines inside a package": (
        {f"{SITE}/debugpy/attach_linux_amd64.so": DATA / "x86_64" / "libc.so"},
        {(f"{SITE}/debugpy/attach_linux_amd64.so", "XP101", "warning")},
    ),
    "libraries that a wheel brought": (
        {f"{SITE}/mod.libs/libdep-1a2b.so.1": DATA / "x86_64" / "libc.so"},
        {(f"{SITE}/mod.libs/libdep-1a2b.so.1", "XP101", "error")},
    ),
    "a library that a package loads with ctypes": (
        {
            f"{SITE}/pkg/libthing.so.1": DATA / "x86_64" / "libc.so",
            f"{SITE}/pkg/testdata/x.so": DATA / "x86_64" / "libc.so",
        },
        {(f"{SITE}/pkg/libthing.so.1", "XP101", "error"), (f"{SITE}/pkg/testdata/x.so", "XP101", "warning")},
    ),
    "a static program": (
        {"/usr/bin/tool": DATA / "aarch64" / "static"},
        set(),
    ),
    "musl program on glibc": (
        {"/usr/bin/tool": DATA / "aarch64-musl" / "python"},
        {("/usr/bin/tool", "XP104", "error")},
    ),
    "musl program with its loader on glibc": (
        {
            "/usr/bin/tool": DATA / "aarch64-musl" / "python",
            "/lib/ld-musl-aarch64.so.1": DATA / "aarch64-musl" / "libc.so",
        },
        {("/usr/bin/tool", "XP104", "warning")},
    ),
    "cut off": (
        {PLAIN: EXT.read_bytes()[:900], "/usr/lib/libx.so.1": EXT.read_bytes()[:70]},
        {(PLAIN, "XP110", "error"), ("/usr/lib/libx.so.1", "XP110", "error")},
    ),
    "cut off in the data of a test suite": (
        {f"{SITE}/pkg/tests/broken.elf": EXT.read_bytes()[:900]},
        {(f"{SITE}/pkg/tests/broken.elf", "XP110", "warning")},
    ),
    "cut off firmware is none of our business": ({"/lib/firmware/x": EXT.read_bytes()[:900]}, set()),
    "git-lfs pointer": (
        {PLAIN: LFS, f"{SITE}/model.bin": LFS},
        {(PLAIN, "XP111", "error"), (f"{SITE}/model.bin", "XP111", "warning")},
    ),
    "empty": (
        {PLAIN: b"", "/usr/lib/libx.so.2": b"", f"{SITE}/pkg/__init__.py": b""},
        {(PLAIN, "XP112", "error"), ("/usr/lib/libx.so.2", "XP112", "error")},
    ),
    "linker script": (
        {
            PLAIN: b"/* GNU ld script */\nINPUT(libx.a)\n",
            "/usr/lib/libm.so": b"/* GNU ld script */\nGROUP(libm.so.6)\n",
        },
        {(PLAIN, "XP113", "error")},
    ),
    "not ELF at all": ({f"{SITE}/mod.so": b"MZ\x90\0"}, {(f"{SITE}/mod.so", "XP110", "error")}),
    "debugging halves": (
        {f"{SITE}/.debug/ext.cpython-311-aarch64-linux-gnu.so": EXT.read_bytes()[:900]},
        set(),
    ),
    "RUNPATH with $ORIGIN": (
        {
            PLAIN: DATA / "aarch64" / "ext-runpath.so",
            f"{SITE}/ext.libs/libdep.so.1": DATA / "aarch64" / "libdep.so.1",
        },
        set(),
    ),
    "needed library nowhere": (
        {PLAIN: DATA / "aarch64" / "ext-runpath.so"},
        {(PLAIN, "XP201", "error")},
    ),
    "needed library only for another machine": (
        {PLAIN: DATA / "aarch64" / "ext-runpath.so", "/opt/lib/libdep.so.1": DATA / "x86_64" / "libc.so"},
        {(PLAIN, "XP201", "error"), ("/opt/lib/libdep.so.1", "XP101", "warning")},
    ),
    "needed library where the loader does not look": (
        {
            PLAIN: DATA / "aarch64" / "ext-runpath.so",
            "/opt/lib/libdep.so.1": DATA / "aarch64" / "libdep.so.1",
        },
        {(PLAIN, "XP201", "error")},
    ),
    "needed library that the package loads itself": (
        {
            PLAIN: DATA / "aarch64" / "ext-runpath.so",
            f"{SITE}/dep/libdep.so.1": DATA / "aarch64" / "libdep.so.1",
        },
        {(PLAIN, "XP201", "warning")},
    ),
    "needed library by ld.so.conf": (
        {
            PLAIN: DATA / "aarch64" / "ext-runpath.so",
            "/opt/lib/libdep.so.1": DATA / "aarch64" / "libdep.so.1",
            "/etc/ld.so.conf": b"include ld.so.conf.d/*.conf\ninclude /etc/ld.so.conf\n",
            "/etc/ld.so.conf.d/app.conf": b"# app\n/opt/lib\n",
        },
        set(),
    ),
    "the same through links": (
        {
            PLAIN: DATA / "aarch64" / "ext-runpath.so",
            "/usr/lib/libdep.so.1": "-> /opt/lib/libdep.so.1.0",
            "/opt/lib/libdep.so.1.0": DATA / "aarch64" / "libdep.so.1",
        },
        set(),
    ),
    "multiarch directories": (
        {
            PLAIN: DATA / "aarch64" / "ext-runpath.so",
            "/usr/lib/aarch64-linux-gnu/libdep.so.1": DATA / "aarch64" / "libdep.so.1",
        },
        set(),
    ),
    "RPATH is inherited by what a library needs": (
        {
            PLAIN: DATA / "aarch64" / "ext-rpath-mid.so",
            f"{SITE}/ext.libs/libmid.so.1": DATA / "aarch64" / "libmid.so.1",
            f"{SITE}/ext.libs/libdep.so.1": DATA / "aarch64" / "libdep.so.1",
        },
        set(),
    ),
    "a library in the closure of a module": (
        {
            PLAIN: DATA / "aarch64" / "ext-rpath-mid.so",
            f"{SITE}/ext.libs/libmid.so.1": DATA / "aarch64" / "libmid.so.1",
        },
        {(f"{SITE}/ext.libs/libmid.so.1", "XP201", "error")},
    ),
    "a plugin that nobody of Python's loads": (
        {"/usr/lib/tool/libmid.so.1": DATA / "aarch64" / "libmid.so.1"},
        {("/usr/lib/tool/libmid.so.1", "XP201", "warning")},
    ),
    "a script of the build machine": (
        {"/usr/bin/tool": b"#!/home/me/venv/bin/python\n", f"{SITE}/bin/x": b"#!/build/python\n"},
        {("/usr/bin/tool", "XP401", "error"), (f"{SITE}/bin/x", "XP401", "error")},
    ),
    "a script for a Python that is not there": (
        {"/usr/bin/tool": b"#!/usr/bin/env python3.12\n", "/usr/bin/other": b"#!/usr/local/bin/python3 -E\n"},
        {
            ("/usr/bin/tool", "XP401", "error"),
            ("/usr/bin/tool", "XP401", "info"),
            ("/usr/bin/other", "XP401", "error"),
        },
    ),
    "a script with a trampoline": (
        {
            "/bin/sh": DATA / "aarch64" / "static",
            "/usr/bin/tool": b'#!/bin/sh\n\'\'\'exec\' "/home/a b/python" "$0" "$@"\n',
        },
        {("/usr/bin/tool", "XP401", "error")},
    ),
    "scripts that start": (
        {
            "/usr/bin/env": DATA / "aarch64" / "static",
            "/usr/bin/one": b"#! /usr/bin/env -S VAR=1 python3 -u\n",
            "/usr/bin/two": b"#!/usr/bin/python3.11 -E",
            "/usr/bin/three": b"#!\n",
        },
        set(),
    ),
    "perl is not everywhere": (
        {"/usr/bin/tool": b"#!/usr/bin/perl -w\n"},
        {("/usr/bin/tool", "XP401", "info")},
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_what_is_found(make_image, name):
    files, expected = TABLE[name]
    assert found(make_image(files=files)) == expected


@pytest.mark.parametrize(
    ("image", "other", "what"),
    [
        ("armhf", "armel", ("float hard", "float soft")),
        ("armel", "armhf", ("float soft", "float hard")),
        ("riscv64", "riscv64-soft", ("float double", "float soft")),
        ("riscv64-soft", "riscv64", ("float soft", "float double")),
    ],
)
def test_float_abi(make_image, image, other, what):
    path = f"{SITE}/mod.so"
    findings = verify(make_image(image, {path: DATA / other / "ext.so"})).findings
    assert [(f.path, f.check, f.severity, f.expected, f.found) for f in findings] == [
        (path, "XP102", Severity.ERROR, *what)
    ]


@pytest.mark.parametrize(("arch", "flags"), [("mips64el", 0x400), ("ppc64le", 3)])
def test_other_flags(make_image, arch, flags):
    """NaN encoding of MIPS, ELFv1 of PowerPC64: flipped in the header of a file that is right otherwise."""
    data = bytearray((DATA / arch / "ext.so").read_bytes())
    (old,) = struct.unpack_from("<I", data, 0x30)
    struct.pack_into("<I", data, 0x30, old ^ flags)
    findings = verify(make_image(arch, {f"{SITE}/mod.so": bytes(data)})).findings
    assert [finding.check for finding in findings] == ["XP102"]


@pytest.mark.parametrize(("other", "expected"), [("armel", ["XP102"]), ("armhf", [])])
def test_float_abi_by_attributes_where_flags_are_silent(make_image, other, expected):
    data = bytearray((DATA / other / "ext.so").read_bytes())
    struct.pack_into("<I", data, 0x24, 0x5000000)
    findings = verify(make_image("armhf", {f"{SITE}/mod.so": bytes(data)})).findings
    assert [finding.check for finding in findings] == expected


def test_a_missing_loader(make_image):
    root = make_image()
    (root / "lib" / "ld-linux-aarch64.so.1").unlink()
    put(root, {"/opt/tool": DATA / "aarch64" / "python"})
    assert found(root) == {("/usr/bin/python3.11", "XP203", "error"), ("/opt/tool", "XP203", "warning")}


def test_a_part_of_an_image_is_not_asked_for_libraries(make_image):
    root = make_image(
        files={PLAIN: DATA / "aarch64" / "ext-runpath.so", "/usr/bin/tool": b"#!/usr/bin/python3.9\n"}
    )
    for name in ("ld-linux-aarch64.so.1", "libc.so.6"):
        (root / "lib" / name).unlink()
    result = verify(root)
    assert result.findings == ()
    assert "part of an image" in result.notes[0]


def test_every_check_is_explained():
    assert len(RULES) >= 20
    for rule in RULES.values():
        assert rule.why.endswith(".")
        assert rule.fix.endswith(".")


def test_every_check_is_found_in_this_file():
    elsewhere = {"XP001", "XP002", "XP003"}  # of the whole image and of the command line: test_verify_command
    here = Path(__file__)
    text = here.read_text(encoding="utf-8") + here.with_name("planted.py").read_text(encoding="utf-8")
    assert [check for check in RULES if f'"{check}"' not in text and check not in elsewhere] == []


def test_base_files_are_those_of_the_architecture():
    assert base_files("armhf").keys() >= {"/lib/ld-linux-armhf.so.3", "/lib/libc.so.6"}
