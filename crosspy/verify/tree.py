"""One pass over an image tree: what is where, and what its ELF files state.

The image is foreign data. No symbolic link is followed by the kernel on our behalf: directories are entered only where
``scandir`` says that they are directories, files are opened with ``O_NOFOLLOW``, and links are resolved here, with
``/`` meaning the image. Devices, pipes and sockets are never opened.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crosspy.elf import HEAD_SIZE, ElfDamaged, ElfFile, read_open

_OPEN: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_MAX_LINKS: Final = 40
"""How many symbolic links a path may go through: Linux's own limit (``MAXSYMLINKS``)."""

_FIRST_LINES: Final = 1024
"""How much of a script is read: Linux looks at 255 bytes of its first line, the trampoline form needs one more line."""

_KERNEL_TREES: Final = frozenset({"/proc", "/sys", "/dev"})

GIT_LFS: Final = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image tree as it was found. Every path is of the image itself: absolute, ``/`` is its root.

    ``elf`` holds the ELF files that could be read, ``damaged`` those that could not, with the reason as a sentence.
    ``heads`` has the first bytes of files that are no ELF but should be, by their name (``*.so``, ``*.so.N``), and of
    git-lfs pointers; ``scripts`` the first lines of executable files that begin with ``#!``; ``unreadable`` what could
    not be looked at. ``initialisers`` are the ELF files that export the ``PyInit_`` function of their own name.
    """

    root: Path
    files: set[str] = field(default_factory=set)
    directories: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    elf: dict[str, ElfFile] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    heads: dict[str, bytes] = field(default_factory=dict)
    scripts: dict[str, bytes] = field(default_factory=dict)
    initialisers: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)

    def on_disk(self, path: str) -> str:
        """Return where a path of the image is on the build machine; for files of :attr:`files` only."""
        return f"{self.root}{path}"

    def resolve(self, path: str) -> str | None:
        """Return what ``path`` is after all links, within the image; None if it leads nowhere or in circles."""
        pending = [part for part in reversed(path.split("/")) if part not in {"", "."}]
        current = ""
        hops = 0
        while pending:
            part = pending.pop()
            if part == "..":
                current = current.rpartition("/")[0]  # the parent of the root is the root
                continue
            step = f"{current}/{part}"
            target = self.links.get(step)
            if target is None:
                current = step
                continue
            hops += 1
            if hops > _MAX_LINKS:
                return None
            if target.startswith("/"):
                current = ""
            pending.extend(word for word in reversed(target.split("/")) if word not in {"", "."})
        return current or "/"

    def exists(self, path: str) -> bool:
        """Say whether ``path`` leads to a file or directory of the image."""
        found = self.resolve(path)
        return found in self.files or found in self.directories

    def elf_at(self, path: str) -> ElfFile | None:
        """Return the sound ELF file that ``path`` leads to."""
        found = self.resolve(path)
        return None if found is None else self.elf.get(found)


def survey(root: Path) -> Image:
    """Read the image at ``root``, in sorted order.

    :raises OSError: if ``root`` itself cannot be listed; whatever is below and cannot is told in ``unreadable``.
    """
    image = Image(root=root)
    base = os.fspath(root).rstrip("/")
    device = root.stat().st_dev
    pending = [""]
    while pending:
        directory = pending.pop()
        try:
            with os.scandir(f"{base}{directory}" or "/") as listing:
                entries = sorted(listing, key=_name)
        except OSError as error:
            if not directory:
                raise
            image.unreadable[directory] = error.strerror or str(error)
            image.directories.add(directory)
            continue
        image.directories.add(directory or "/")
        inner = []
        for entry in entries:
            path = f"{directory}/{entry.name}"
            if entry.is_symlink():
                _note_link(image, path, entry.path)
            elif entry.is_dir(follow_symlinks=False):
                if not _is_kernels(path, entry, device):
                    inner.append(path)
            elif entry.is_file(follow_symlinks=False):
                image.files.add(path)
                _read_file(image, path, entry)
        pending.extend(reversed(inner))
    return image


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _note_link(image: Image, path: str, real: str) -> None:
    try:
        image.links[path] = os.readlink(real)  # noqa: PTH115 -- a Path per link would cost more than the call
    except OSError as error:
        image.unreadable[path] = error.strerror or str(error)


def _is_kernels(path: str, entry: os.DirEntry[str], device: int) -> bool:
    """Say whether this is the kernel's own tree, mounted into a running system."""
    return path in _KERNEL_TREES and entry.stat(follow_symlinks=False).st_dev != device


def _read_file(image: Image, path: str, entry: os.DirEntry[str]) -> None:
    try:
        fd = os.open(entry.path, _OPEN)
    except OSError as error:
        image.unreadable[path] = error.strerror or str(error)
        return
    try:
        head = os.read(fd, HEAD_SIZE)
        if head[:4] == b"\x7fELF":
            _read_elf(image, path, entry.name, fd, head)
        elif head[:2] == b"#!":
            if os.fstat(fd).st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
                image.scripts[path] = os.pread(fd, _FIRST_LINES, 0)
        elif is_library_name(entry.name) or head.startswith(GIT_LFS):
            image.heads[path] = head
    except OSError as error:
        image.unreadable[path] = error.strerror or str(error)
    finally:
        os.close(fd)


def _read_elf(image: Image, path: str, name: str, fd: int, head: bytes) -> None:
    initialiser = (f"PyInit_{name.partition('.')[0]}",) if name.endswith(".so") else ()
    try:
        facts = read_open(fd, path, head, initialiser)
    except ElfDamaged as error:
        image.damaged[path] = str(error)
        return
    image.elf[path] = facts
    if facts.mentions:
        image.initialisers.add(path)


def is_library_name(name: str) -> bool:
    """Say whether a file of this name is expected to be a shared object: ``libx.so``, ``libx.so.1.2``, ``_x.so``."""
    stem, found, version = name.rpartition(".so")
    return bool(found and stem) and (
        not version or (version.startswith(".") and version[1:].replace(".", "").isdigit())
    )


def parent(path: str) -> str:
    """Return the directory of a path of the image."""
    return path.rpartition("/")[0] or "/"


def basename(path: str) -> str:
    return path.rpartition("/")[2]
