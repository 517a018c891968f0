"""One pass over an image tree: what is where, and what its ELF files state.

The image is foreign data, in whatever it comes (:mod:`.trees`). Links are resolved here, with ``/`` meaning the image.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crosspy.elf import HEAD_SIZE, ElfDamaged, ElfFile, read_open
from crosspy.verify.trees import OpenFile, Tree
from crosspy.verify.trees.directory import Directory

_MAX_LINKS: Final = 40
"""How many symbolic links a path may go through: Linux's own limit (``MAXSYMLINKS``)."""

_PROGRESS: Final = 256
_FIRST_LINES: Final = 1024
"""How much of a script is read: Linux looks at 255 bytes of its first line, the trampoline form needs one more line."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
GIT_LFS: Final = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image tree as it was found. Every path is of the image itself: absolute, ``/`` is its root.

    ``elf`` holds the ELF files that could be read, ``damaged`` those that could not, with the reason as a sentence.
    ``heads`` has the first bytes of files that are no ELF but should be, by their name (``*.so``, ``*.so.N``), and of
    git-lfs pointers; ``scripts`` the first lines of executable files that begin with ``#!``, of which ``setuid`` would run
    as somebody else; ``bytecode`` the first four bytes of ``*.pyc`` files; ``unreadable`` what could not be looked at, ``special`` pipes, devices and sockets (never opened). ``initialisers`` are the ELF files that
    export the ``PyInit_`` function of their own name; ``modes`` has the ``st_mode`` of those in ``elf``.
    """

    tree: Tree
    files: set[str] = field(default_factory=set)
    directories: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    elf: dict[str, ElfFile] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    heads: dict[str, bytes] = field(default_factory=dict)
    scripts: dict[str, bytes] = field(default_factory=dict)
    setuid: set[str] = field(default_factory=set)
    bytecode: dict[str, bytes] = field(default_factory=dict)
    initialisers: set[str] = field(default_factory=set)
    modes: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    special: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the user calls the image."""
        return self.tree.name

    def open(self, path: str) -> OpenFile:
        """Open a file of :attr:`files`, for use in a ``with``. :raises OSError:"""
        return self.tree.open(path)

    def read(self, path: str, length: int, offset: int = 0) -> bytes:
        """Return up to ``length`` bytes of a file of :attr:`files`. :raises OSError:"""
        with self.tree.open(path) as reader:
            return reader.pread(length, offset)

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


def survey(source: Path | Tree, progress: Callable[[int], None] | None = None) -> Image:
    """Read an image once: the directory at a path, or any other tree.

    :param progress: is told from time to time how many files were read.
    :raises OSError: if it cannot be read at all; a part of it that cannot is told in ``unreadable``.
    """
    tree = Directory(source) if isinstance(source, Path) else source
    image = Image(tree=tree)
    files, directories, links = image.files, image.directories, image.links
    for path, kind, text in tree.walk():
        if kind == "file":
            files.add(path)
            _read_file(image, path)
            if progress is not None and not len(files) % _PROGRESS:
                progress(len(files))
        elif kind == "directory":
            directories.add(path)
        elif kind == "link":
            links[path] = text
        elif kind == "special":
            image.special[path] = text
        else:
            image.unreadable[path] = text
    return image


def _read_file(image: Image, path: str) -> None:
    try:
        with image.tree.open(path) as reader:
            head = reader.pread(HEAD_SIZE, 0)
            if head[:4] == b"\x7fELF":
                _read_elf(image, path, basename(path), reader, head)
            elif (".so" in path and is_library_name(basename(path))) or head.startswith(GIT_LFS):
                image.heads[path] = head
            elif head[:2] == b"#!" or head[:5] == BYTE_ORDER_MARK + b"#!":
                if reader.mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
                    image.scripts[path] = reader.pread(_FIRST_LINES, 0)
                    if reader.mode & (stat.S_ISUID | stat.S_ISGID):
                        image.setuid.add(path)
            elif path.endswith(".pyc"):
                image.bytecode[path] = head[:4]
    except OSError as error:
        image.unreadable[path] = error.strerror or str(error)


def _read_elf(image: Image, path: str, name: str, reader: OpenFile, head: bytes) -> None:
    initialiser = _initialisers(module_name(path)) if name.endswith(".so") else ()
    try:
        facts = read_open(reader, path, head, initialiser)
    except ElfDamaged as error:
        image.damaged[path] = str(error)
        return
    image.elf[path] = facts
    image.modes[path] = reader.mode
    if facts.mentions:
        image.initialisers.add(path)


def module_name(path: str) -> str:
    """Return the last part of the name under which Python imports an extension module: that of its package, for an
    ``__init__`` (CPython's ``importlib/_bootstrap_external.py``, ``FileFinder``).
    """
    module = basename(path).partition(".")[0]
    return (basename(parent(path)) if module == "__init__" else "") or module


def _initialisers(module: str) -> tuple[str, ...]:
    """Return what the function is called that makes a module: PEP 489, PEP 793."""
    if module.isascii():
        return f"PyInit_{module}", f"PyModExport_{module}"
    encoded = module.encode("punycode", "surrogateescape").replace(b"-", b"_").decode("ascii", "replace")
    return f"PyInitU_{encoded}", f"PyModExportU_{encoded}"


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
