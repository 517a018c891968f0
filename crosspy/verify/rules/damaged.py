"""XP110 to XP113 and XP002: files that are not what their name promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crosspy.elf import ET_CORE, ET_DYN, ET_EXEC, ET_REL
from crosspy.model.finding import Finding, Severity
from crosspy.verify.expectation import Expectation
from crosspy.verify.extensions import is_extension
from crosspy.verify.places import Place, place_of, severity_of
from crosspy.verify.rules import Rule
from crosspy.verify.tree import GIT_LFS, Image, basename, is_library_name

XP002: Final = Rule(
    id="XP002",
    title="cannot be read",
    why="A file or directory of the image could not be looked at, so nothing is known about it.",
    fix="Run crosspy verify as the user who made the image (under fakeroot or pseudo if that is how it was made).",
    reference="https://manpages.debian.org/stable/fakeroot/fakeroot.1.en.html",
)
XP110: Final = Rule(
    id="XP110",
    title="damaged ELF file, or none where one should be",
    why="The dynamic loader maps what the program headers promise: a file that is cut off ends in 'file too short', "
    "'invalid ELF header', 'load command address/offset not properly aligned' or a bus error. Seen after a full disk, an "
    "interrupted copy, or strip after patchelf.",
    fix="Build or copy the file anew; compare its size with the one in the wheel.",
    reference="https://github.com/pypa/auditwheel/issues/414",
)
XP111: Final = Rule(
    id="XP111",
    title="git-lfs pointer instead of the file",
    why="The source was checked out without git-lfs, and the 130-byte text that stands for the file was installed.",
    fix="Run git lfs pull in the source and build again.",
    reference="https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md",
)
XP112: Final = Rule(
    id="XP112",
    title="empty file where a shared object is expected",
    why="The loader says 'file too short'. Seen after a full disk or a failed link step that nobody noticed.",
    fix="Build or copy the file anew.",
    reference="https://man7.org/linux/man-pages/man3/dlopen.3.html",
)
XP113: Final = Rule(
    id="XP113",
    title="linker script where an extension module is expected",
    why="A text such as 'INPUT(libx.a)' is for the linker; the dynamic loader says 'invalid ELF header'.",
    fix="Install the shared object that the script names.",
    reference="https://sourceware.org/binutils/docs/ld/Implicit-Linker-Scripts.html",
)
XP114: Final = Rule(
    id="XP114",
    title="ELF file of another kind where a shared object is expected",
    why="An object file, a program or the debugging half of a library lies under the name of an extension module or "
    "library: 'only ET_DYN and ET_EXEC can be loaded', 'object file has no dynamic section'. An install step took the "
    "wrong file, or objcopy --only-keep-debug wrote over the right one.",
    fix="Install the shared object itself (linked with -shared).",
    reference="https://man7.org/linux/man-pages/man3/dlopen.3.html",
)
RULES: Final = (XP002, XP110, XP111, XP112, XP113, XP114)

_LINKER_SCRIPT: Final = re.compile(rb"\s*(?:/\*|OUTPUT_FORMAT|GROUP|INPUT|SEARCH_DIR|AS_NEEDED)")


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Tell of files that cannot be loaded for what is, or is not, inside them."""
    _ = expectation  # damage is damage on every target
    for path, reason in image.unreadable.items():
        matters = is_library_name(basename(path)) or place_of(f"{path}/x") in {Place.PYTHON, Place.SYSTEM}
        severity = Severity.ERROR if matters else Severity.WARNING
        yield XP002.finding(path, severity, "cannot be read", expected="a readable file", found=reason)
    for path, reason in image.damaged.items():
        severity = _severity(image, path)
        if severity > Severity.INFO:
            yield XP110.finding(path, severity, "damaged ELF file", expected="a whole ELF file", found=reason)
    for path, head in image.heads.items():
        yield from _not_elf(image, path, head)
    for path, kind in image.special.items():
        if is_library_name(basename(path)):
            severity = _severity(image, path)
            yield XP110.finding(path, severity, "not a file", expected="a shared object", found=kind)
    for path, elf in image.elf.items():
        if (elf.header.type != ET_DYN or not elf.has_dynamic) and is_library_name(basename(path)):
            severity = _severity(image, path)
            if severity > Severity.INFO:
                yield XP114.finding(
                    path,
                    severity,
                    "no shared object",
                    expected="a shared object",
                    found=_kind(elf.header.type),
                )


def _kind(elf_type: int) -> str:
    kinds = {ET_REL: "an object file", ET_EXEC: "a program", ET_CORE: "a core dump"}
    return kinds.get(elf_type, "a file without a dynamic section: the debugging half of one?")


def _severity(image: Image, path: str) -> Severity:
    return severity_of(path, extension=is_extension(image, path))


def _not_elf(image: Image, path: str, head: bytes) -> Iterator[Finding]:
    severity = _severity(image, path)
    expected = "a shared object" if is_library_name(basename(path)) else "the file itself"
    if head.startswith(GIT_LFS):
        found = "a git-lfs pointer"
        yield XP111.finding(
            path, severity, "git-lfs pointer instead of the file", expected=expected, found=found
        )
        return
    if severity is Severity.INFO:
        return
    if not head:
        yield XP112.finding(path, severity, "empty file", expected=expected, found="0 bytes")
        return
    extension = is_extension(image, path)
    if not extension and (place_of(path) is not Place.PYTHON or not path.endswith(".so")):
        return  # /usr/lib/libc.so and its like are linker scripts by design
    if _LINKER_SCRIPT.match(head):
        yield XP113.finding(path, severity, "linker script", expected=expected, found="text for the linker")
    else:
        start = head[:16].decode("latin-1")
        yield XP110.finding(
            path, severity, "not an ELF file", expected=expected, found=f"begins with {start!r}"
        )
