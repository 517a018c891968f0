"""Faults made by real compilers and linkers, in a real image, found by ``crosspy verify``.

The planted faults of tests/unit/verify/planted.py are written by a writer of our own; these show that the toolchains
write the same.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import differential
import pytest
from conftest import find_bed

from crosspy.verify.expectation import Options
from crosspy.verify.runner import verify

MODULE = """
extern void *PyModule_Create2(void *, int);
__attribute__((visibility("default"))) void *PyInit_ext(void) { return PyModule_Create2((void *)0, 1013); }
"""
ADDRESS_IN_CODE = '__asm__(".text\\n.4byte number_\\n.data\\nnumber_: .4byte 0\\n.text");'


@dataclass(frozen=True)
class Case:
    """``flags`` are those of one more file in site-packages; ``check`` is what it must be found as, at ``severity``."""

    target: str
    flags: str
    check: str
    severity: str
    source: str = MODULE
    options: Options | None = None


CASES = {
    "nothing wrong": Case("arm64", "", "", ""),
    "nothing wrong with the RPATH": Case("arm64", "-Wl,-rpath,$ORIGIN/../ext.libs", "", ""),
    "undefined symbol": Case(
        "arm64", "-Wl,-z,lazy", "XP205", "error", MODULE + "extern int nobody(void); int f(void) { return nobody(); }"
    ),
    "undefined weak symbol": Case(
        "armhf", "", "", "",
        MODULE + "extern int nobody(void) __attribute__((weak)); int f(void) { return nobody ? nobody() : 0; }",
    ),
    "newer C API": Case(
        "armhf", "", "XP303", "error", MODULE + "extern void *PyErr_GetRaisedException(void);"
        "void *f(void) { return PyErr_GetRaisedException(); }",
    ),
    "no function": Case("arm64", "-fvisibility=hidden", "XP305", "error", "void *PyInit_ext(void) { return 0; }"),
    "executable stack": Case("arm64", "-Wl,-z,execstack", "XP501", "warning"),
    "executable stack, glibc 2.41": Case("riscv64", "-Wl,-z,execstack", "XP501", "error"),
    "pages of 4 KiB": Case(
        "arm64", "-Wl,-z,max-page-size=4096", "XP502", "error", options=Options(page_size=65536)
    ),
    "text relocations": Case("armhf", "-Wl,-z,notext", "XP207", "warning", MODULE + ADDRESS_IN_CODE),
    "RPATH of the build": Case("armhf", "-Wl,-rpath,/home/me/build/lib", "XP204", "warning"),
    "soft float": Case("riscv64", "-march=rv64imac -mabi=lp64", "XP102", "error"),
    "compressed and vector code": Case(
        "riscv64", "-march=rv64gc", "XP103", "error", options=Options(cpu="rv64imafd")
    ),
    "ARMv7": Case("armhf", "-march=armv7-a+fp", "XP103", "error", options=Options(cpu="arm1176jzf-s")),
    "NEON": Case(
        "armhf", "-march=armv7-a -mfpu=neon", "XP103", "warning", MODULE + "int f(int x) { return x + 1; }",
        options=Options(cpu="armv7-a"),
    ),
    "stripped of sections": Case("armhf", "-s -Wl,-z,execstack", "XP501", "warning"),
}  # fmt: skip


@pytest.fixture(scope="module", params=sorted({case.target for case in CASES.values()}))
def compiled(request: pytest.FixtureRequest) -> Iterator[tuple[str, Path, dict[str, str]]]:
    """An image with the module of each case in a package of its own: ``(target, image, path of each case)``."""
    bed = find_bed(request.param)
    with differential.beside(bed.sysroot) as image:
        differential.copy(bed.sysroot, image)
        paths = {}
        for number, (name, case) in enumerate(CASES.items()):
            if case.target != bed.name:
                continue
            path = f"/usr/lib/python{bed.version}/dist-packages/case{number}/ext.abi3.so"
            source = image / "case.c"
            source.write_text(case.source)
            (image / path[1:]).parent.mkdir(parents=True)
            command = [f"{bed.triplet}-gcc", "-shared", "-fPIC", "-nostdlib", "-O1", *case.flags.split()]
            subprocess.run([*command, source, "-o", image / path[1:]], check=True)
            source.unlink()
            paths[name] = path
        yield bed.name, image, paths


def test_what_compilers_make(compiled):
    _, image, paths = compiled
    results = {
        options: verify(image, options=options or Options()).findings
        for options in {CASES[name].options for name in paths}
    }
    found = {
        name: [(f.check, f.severity.label) for f in results[CASES[name].options] if f.path == path]
        for name, path in paths.items()
    }
    expected = {
        name: [(CASES[name].check, CASES[name].severity)] if CASES[name].check else [] for name in paths
    }
    assert found == expected
