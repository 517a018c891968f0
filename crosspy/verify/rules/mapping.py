"""XP207, XP501, XP502: files that a loader or kernel refuses to map as they ask for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crosspy.elf import ET_DYN, ET_EXEC, ElfFile
from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation
from crosspy.verify.extensions import is_extension
from crosspy.verify.loading import Loading
from crosspy.verify.places import severity_of
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image, basename

XP207: Final = Rule(
    id="XP207",
    title="text relocations",
    why="The code itself has to be changed at load time, so its pages are made writable and belong to each process alone; "
    "musl makes all of the file writable and executable at once. Both loaders load it, but SELinux and hardened kernels "
    "forbid that. An object was not compiled with -fPIC.",
    fix="Compile every object of the file with -fPIC; hand-written assembly needs position-independent addresses.",
    reference="https://wiki.gentoo.org/wiki/Hardened/Textrels_Guide",
)
XP208: Final = Rule(
    id="XP208",
    title="packed relocations that the C library does not know",
    why="The file was linked with -z pack-relative-relocs: its relative relocations are in a table (DT_RELR) that glibc "
    "knows from 2.36 on, and musl from 1.2.4. An older one leaves them as they are: the first pointer that is followed leads "
    "nowhere, a segmentation fault. Wheels for musllinux_1_2 bring such libraries along.",
    fix="Link with -Wl,-z,nopack-relative-relocs, or take a toolchain of the image's C library.",
    reference="https://sourceware.org/glibc/wiki/Release/2.36",
)
XP501: Final = Rule(
    id="XP501",
    title="executable stack asked for",
    why="From glibc 2.41 on, dlopen refuses such a file: 'cannot enable executable stack as shared object requires: "
    "Invalid argument', so the import fails. Older ones make the whole process's stack executable. Usually one assembly "
    "file without a .note.GNU-stack section.",
    fix="Link with -Wl,-z,noexecstack, or clear the mark: patchelf --clear-execstack FILE.",
    reference="https://sourceware.org/glibc/wiki/Release/2.41",
)
XP502: Final = Rule(
    id="XP502",
    title="segments not aligned to the page size",
    why="'ELF load command alignment not page-aligned': a kernel with larger pages (16 or 64 KiB on arm64, ppc64, mips, "
    "loongarch64) cannot map the file.",
    fix="Link with -Wl,-z,max-page-size=65536, the default of the target's own toolchain.",
    reference="https://github.com/numpy/numpy/issues/16677",
)
RULES: Final = (XP207, XP208, XP501, XP502)

_SMALLEST_PAGE: Final = 4096
# Where a file without PT_GNU_STACK gets an executable stack: glibc's sysdeps/*/stackinfo.h, DEFAULT_STACK_PERMS.
_EXECUTABLE_BY_DEFAULT: Final = frozenset({2, 3, 4, 8, 20, 22, 40, 42, 43, 62, 189})
_REFUSING_GLIBC: Final = (2, 41)
_MUSL_VERSION: Final = re.compile(rb"\0(1\.\d{1,3}\.\d{1,3})(?:-[\w.-]{1,40})?\0")
_UNPACKING_MUSL: Final = (1, 2, 4)
_MAX_LOADER: Final = 1 << 22
_UNPACKS: Final = "GLIBC_ABI_DT_RELR"


def check(
    image: Image, expectation: Expectation, ours: dict[str, ElfFile], loading: Loading | None
) -> Iterator[Finding]:
    """Look at how the files of the target's machine ask to be mapped."""
    page = expectation.options.page_size or _SMALLEST_PAGE
    opened = _opened_at_run_time(loading)
    tolerant = _already_executable(image, loading)
    glibc = _glibc_versions(image)
    refused = _newest(glibc) >= _REFUSING_GLIBC and not tolerant
    too_old = _cannot_unpack(image, expectation, glibc)
    for path, elf in ours.items():
        if elf.header.type not in {ET_DYN, ET_EXEC}:
            continue
        if elf.text_relocations:
            yield XP207.finding(
                path, Severity.WARNING, "has text relocations", expected="position-independent code"
            )
        if elf.packed_relocations and too_old:
            severity = severity_of(path, extension=is_extension(image, path))
            expected = f"a C library that unpacks them: glibc with {_UNPACKS}, or musl 1.2.4"
            yield XP208.finding(path, severity, "has packed relocations", expected=expected, found=too_old)
        if elf.exec_stack and not elf.interpreter:
            matters = path in opened or is_extension(image, path)
            yield _stack(path, refused=refused and matters, changes=not tolerant)
        if elf.load_align % page:
            yield XP502.finding(
                path,
                severity_of(path, extension=is_extension(image, path)),
                "cannot be mapped with the target's pages",
                expected=f"alignment of {page} bytes",
                found=f"{elf.load_align} bytes",
            )


def _stack(path: str, *, refused: bool, changes: bool) -> Finding:
    severity = Severity.ERROR if refused else Severity.WARNING
    if (
        not changes
    ):  # the interpreter's own stack is executable, as all are that Debian's compilers for MIPS link
        severity = Severity.INFO
    return XP501.finding(
        path, severity, "asks for an executable stack", expected="PT_GNU_STACK without PF_X", found="RWE"
    )


def _opened_at_run_time(loading: Loading | None) -> frozenset[str]:
    """Return what modules bring along: that goes through dlopen; what a program starts with does not."""
    if loading is None:
        return frozenset()
    return frozenset(path for _, loaded in loading.modules.values() for path in loaded.files)


def _already_executable(image: Image, loading: Loading | None) -> bool:
    """Say whether every interpreter has an executable stack anyway, so that nothing has to be changed for a module."""
    programs = (
        [image.elf[path] for path in loading.programs if image.elf[path].interpreter] if loading else []
    )
    return bool(programs) and all(_wants_executable(elf) for elf in programs)


def _wants_executable(elf: ElfFile) -> bool:
    if elf.exec_stack is None:
        return elf.header.elf_machine in _EXECUTABLE_BY_DEFAULT
    return elf.exec_stack


def _cannot_unpack(image: Image, expectation: Expectation, glibc: frozenset[str]) -> str:
    """Return which C library the image has that does not know packed relocations; empty if it does, or does not say."""
    if glibc:
        newest = ".".join(map(str, _newest(glibc)))
        return "" if _UNPACKS in glibc else f"glibc {newest}"
    loader = image.resolve(expectation.interpreter) if expectation.libc == "musl" else None
    if loader not in image.elf:
        return ""
    try:
        match = _MUSL_VERSION.search(image.read(loader, _MAX_LOADER))
    except OSError:
        return ""
    old = match and tuple(map(int, match[1].split(b"."))) < _UNPACKING_MUSL
    return f"musl {match[1].decode()}" if match and old else ""


def _glibc_versions(image: Image) -> frozenset[str]:
    """Return the versions that the image's glibc defines, empty if it has none."""
    return frozenset(
        name
        for path, elf in image.elf.items()
        if basename(path).startswith("libc.so.6") or elf.soname.startswith("libc.so.6")
        for name in elf.verdef
        if name.startswith("GLIBC_")
    )


def _newest(versions: frozenset[str]) -> tuple[int, int]:
    found = (re.fullmatch(r"GLIBC_(\d+)\.(\d+)", name) for name in versions)
    return max(((int(match[1]), int(match[2])) for match in found if match), default=(0, 0))
