"""The shared libraries that installed files need and the image lacks.

What a dynamic loader would look through: DT_RPATH and DT_RUNPATH with ``$ORIGIN``, ``/etc/ld.so.conf`` (glibc) or
``/etc/ld-musl-*.path`` (musl), and the default directories, all inside the image (ld.so(8), musl's
``ldso/dynlink.c``). ``LD_LIBRARY_PATH`` and libraries that a program loads first are a matter of the running system.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from crosspy import elf
from crosspy.install.image import Image
from crosspy.model.target import Target

_MAX_INCLUDES = 16


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class MissingLibrary:
    """A library (``NEEDED`` name) that nothing provides, and the installed files that want it."""

    library: str
    needed_by: tuple[PurePosixPath, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Search:
    """What every look-up shares. ``known`` caches (directory, name, machine) -> whether the library is there."""

    image: Image
    target: Target
    defaults: tuple[PurePosixPath, ...]
    files: Mapping[PurePosixPath, elf.ElfFile]
    known: dict[tuple[PurePosixPath, str, int, int], bool] = field(default_factory=dict)

    def own(self, path: PurePosixPath) -> tuple[PurePosixPath, ...]:
        facts = self.files[path]
        return tuple(_expand(entry, path, self.target) for entry in (*facts.rpath, *facts.runpath))

    def users(self, path: PurePosixPath) -> list[PurePosixPath]:
        """Return the installed files that load ``path``, directly or by way of others."""
        found: dict[PurePosixPath, None] = {}
        pending = [path]
        while pending:
            one = pending.pop()
            names = {one.name, self.files[one].soname}
            for other, facts in self.files.items():
                if other not in found and other != path and not names.isdisjoint(facts.needed):
                    found[other] = None
                    pending.append(other)
        return list(found)


def missing_libraries(
    image: Image, target: Target, installed: Iterable[PurePosixPath]
) -> tuple[MissingLibrary, ...]:
    """Return the libraries that the ELF files among ``installed`` need and the image does not hold."""
    read = ((path, _read(image, path)) for path in installed)
    search = _Search(
        image=image,
        target=target,
        defaults=tuple(library_directories(image, target)),
        files={path: facts for path, facts in read if facts is not None},
    )
    wanted: dict[str, list[PurePosixPath]] = {}
    for path, facts in search.files.items():
        for name in facts.needed:
            if not _found(search, name, path):
                wanted.setdefault(name, []).append(path)
    return tuple(
        MissingLibrary(library=name, needed_by=tuple(sorted(users))) for name, users in sorted(wanted.items())
    )


def _found(search: _Search, name: str, path: PurePosixPath) -> bool:
    """Say whether a loader would find ``name`` for ``path``.

    The RPATH of whoever loads a library counts for what the library needs (auditwheel relies on it), and so does what
    that one has loaded already.
    """
    header = search.files[path].header
    if _provided(search, name, header, (*search.own(path), *search.defaults)):
        return True
    return any(_provided(search, name, header, search.own(user)) for user in search.users(path))


def _read(image: Image, path: PurePosixPath) -> elf.ElfFile | None:
    found = image.regular(path)
    try:
        return elf.read(found) if found is not None else None
    except (elf.ElfDamaged, OSError):
        return None


def _expand(entry: str, path: PurePosixPath, target: Target) -> PurePosixPath:
    """Expand the loader's tokens in one entry of a search path."""
    lib = "lib64" if target.machine.bits == 64 else "lib"
    values = {"ORIGIN": str(path.parent), "LIB": lib, "PLATFORM": target.uname}
    text = re.sub(
        r"\$(?:(ORIGIN|LIB|PLATFORM)\b|\{(ORIGIN|LIB|PLATFORM)\})", lambda m: values[m[1] or m[2]], entry
    )
    return PurePosixPath("/") / text


def _provided(
    search: _Search, name: str, header: elf.ElfHeader, directories: tuple[PurePosixPath, ...]
) -> bool:
    if "/" in name:
        return _is_library(search.image, PurePosixPath("/") / name, header)
    for directory in directories:
        key = (directory, name, header.elf_machine, header.bits)
        if key not in search.known:
            search.known[key] = _is_library(search.image, directory / name, header)
        if search.known[key]:
            return True
    return False


def _is_library(image: Image, path: PurePosixPath, header: elf.ElfHeader) -> bool:
    """Say whether ``path`` is an ELF file of the same machine: a loader passes over others."""
    found = image.regular(path)
    try:
        other = elf.read_header(found) if found is not None else None
    except (elf.ElfDamaged, OSError):
        return False
    if other is None:
        return False
    return (other.elf_machine, other.bits, other.byteorder) == (
        header.elf_machine,
        header.bits,
        header.byteorder,
    )


def library_directories(image: Image, target: Target) -> Iterator[PurePosixPath]:
    """Yield the directories in which the target's loader looks by itself; they need not exist."""
    multiarch = target.python.multiarch
    suffixes = [f"lib/{multiarch}"] if multiarch else []
    suffixes += ["lib64", "lib", "lib32", "libx32"]
    for suffix in suffixes:
        for base in ("/", "/usr", "/usr/local"):
            yield PurePosixPath(base) / suffix
    # glibc on Debian's tuple for a target that has another spelling of it in its Python.
    for base in ("/lib", "/usr/lib"):
        for name in image.listing(PurePosixPath(base)):
            if "-linux-" in name:
                yield PurePosixPath(base) / name
    yield from _configured(image, PurePosixPath("/etc/ld.so.conf"), depth=0)
    for name in image.listing(PurePosixPath("/etc")):
        if fnmatchcase(name, "ld-musl-*.path"):
            text = image.read_text(PurePosixPath("/etc") / name) or ""
            yield from (
                PurePosixPath("/") / entry for entry in re.split(r"[:\n]", text) if entry.startswith("/")
            )


def _configured(image: Image, path: PurePosixPath, *, depth: int) -> Iterator[PurePosixPath]:
    """Yield the directories of an ``ld.so.conf`` and of the files that it includes."""
    for line in (image.read_text(path) or "").splitlines():
        text = line.partition("#")[0].strip()
        word, _, rest = text.partition(" ")
        if word == "include" and depth < _MAX_INCLUDES:
            pattern = path.parent / rest.strip()
            for name in image.listing(pattern.parent):
                if fnmatchcase(name, pattern.name):
                    yield from _configured(image, pattern.parent / name, depth=depth + 1)
        elif text.startswith("/"):
            yield PurePosixPath(text.partition("=")[0].strip())
