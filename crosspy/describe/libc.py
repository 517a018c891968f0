"""The target's C library: which one, which version, and what its ELF header says of the machine."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crosspy import elf
from crosspy.errors import TargetDataError
from crosspy.model.target import Libc

_PATTERNS: Final = (
    ("glibc", "libc.so.6"),
    ("musl", "ld-musl-*.so.1"),
    ("musl", "libc.musl-*.so.1"),
    ("uclibc", "libuClibc-*.so"),
    ("uclibc", "ld-uClibc.so.?"),
)
_GLIBC_VERSION: Final = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundLibc:
    """A C library and the file it was read from."""

    libc: Libc
    path: Path
    file: elf.ElfFile


def library_dirs(sysroot: Path, multiarch: str = "") -> Iterator[Path]:
    """Yield the library directories of a sysroot, links resolved inside it, most specific first, each once.

    Debian multiarch tuples, ``lib64``, ``lib32``, ``libx32`` and MIPS' ``lib32/lib64`` included.
    """
    names = [f"lib/{multiarch}"] if multiarch else []
    names += ["lib64", "lib", "lib32", "libx32"]
    seen: set[Path] = set()
    for name in names:
        for base in ("usr/", ""):
            path = within(sysroot, sysroot / (base + name))
            if path is not None and path.is_dir() and path not in seen:
                seen.add(path)
                yield path


def find_libc(sysroot: Path, multiarch: str = "") -> FoundLibc | None:
    """Find and read the C library below ``sysroot``; None when it holds none.

    :raises TargetDataError: if the file is damaged or is not a shared library.
    """
    # Another architecture's directory comes last: better a contradiction that is found than a machine taken on trust.
    usual = list(library_dirs(sysroot, multiarch))
    others = [directory / name for directory in usual for name in _names(directory) if "-linux-" in name]
    for directory in [*usual, *others]:
        names = _names(directory)
        for kind, pattern in _PATTERNS:
            for name in fnmatch.filter(names, pattern):
                resolved = within(sysroot, directory / name)
                if resolved is not None and resolved.is_file():
                    return _read(kind, directory / name, resolved)
    return None


def _names(directory: Path) -> list[str]:
    """Return the sorted names in a directory; glob() would leave out links that mean something in the sysroot only."""
    try:
        return sorted(path.name for path in directory.iterdir())
    except OSError:
        return []


def within(sysroot: Path, path: Path) -> Path | None:
    """Resolve the links of ``path`` as the target would: none leads out of ``sysroot``.

    An absolute link starts at the sysroot, ``..`` stops there. None if the path dangles, loops, or is not below it.
    """
    root = str(sysroot)
    if not path.is_relative_to(sysroot):
        return None
    todo = list(reversed(path.relative_to(sysroot).parts))
    done: list[str] = []
    hops = 0
    while todo:
        part = todo.pop()
        if part == "..":
            del done[-1:]
            continue
        if part in {"", "."}:
            continue
        try:
            link = str(Path(root, *done, part).readlink())
        except OSError:
            done.append(part)
            continue
        hops += 1
        if hops > _MOST_LINKS:
            return None
        if link.startswith("/"):
            # Buildroot and OE-core write some links with the sysroot in front.
            link = link.removeprefix(root) if link.startswith(f"{root}/") else link
            done = []
        todo += reversed(link.split("/"))
    resolved = Path(root, *done)
    return resolved if os.path.lexists(resolved) else None


_MOST_LINKS: Final = 40
"""As the kernel follows in one path (path_resolution(7))."""


def _read(kind: str, path: Path, resolved: Path) -> FoundLibc:
    try:
        file = elf.read(resolved)
    except elf.ElfDamaged as error:
        raise TargetDataError(
            f"{path}: damaged C library: {error}",
            hint="The sysroot is incomplete: build or extract it again.",
        ) from None
    version = _glibc_version(file) if kind == "glibc" else _text_version(kind, resolved)
    return FoundLibc(libc=Libc(kind=kind, version=version), path=path, file=file)


def _glibc_version(file: elf.ElfFile) -> str:
    matches = [_GLIBC_VERSION.fullmatch(name) for name in file.verdef]
    versions = [(int(m[1]), int(m[2])) for m in matches if m]
    return "{}.{}".format(*max(versions)) if versions else ""


def _text_version(kind: str, path: Path) -> str:
    """Read the version that musl keeps as a constant for ``ldd --version``, and uClibc in its file name."""
    if kind == "uclibc":
        found = re.search(r"-(\d+\.\d+)", path.name)
        return found[1] if found else ""
    match = re.search(rb"\0(1\.\d+)\.\d+\0", path.read_bytes()[: 8 << 20])
    return match[1].decode() if match else ""


def from_headers(sysroot: Path) -> str:
    """Return glibc's ``X.Y`` from ``features.h``, empty if it is not glibc's."""
    for path in (sysroot / "usr/include/features.h", sysroot / "include/features.h"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        major = re.search(r"^#\s*define\s+__GLIBC__\s+(\d+)", text, re.MULTILINE)
        minor = re.search(r"^#\s*define\s+__GLIBC_MINOR__\s+(\d+)", text, re.MULTILINE)
        if major and minor:
            return f"{major[1]}.{minor[1]}"
    return ""


def dynamic_loader(sysroot: Path) -> str:
    """Return the loader's path as programs name it (PT_INTERP), from any program of the sysroot; or empty."""
    for name in ("usr/bin", "bin", "usr/sbin", "sbin"):
        directory = within(sysroot, sysroot / name)
        for path in sorted(directory.glob("*"))[:40] if directory else ():
            if path.is_symlink() or not path.is_file():
                continue
            try:
                interpreter = elf.read(path).interpreter
            except (elf.ElfDamaged, OSError):
                continue
            if interpreter:
                return interpreter
    return ""
