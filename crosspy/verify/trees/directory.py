"""A directory of this machine.

No symbolic link is followed by the kernel on our behalf: directories are entered only where ``scandir`` says that they
are directories, and files are opened with ``O_NOFOLLOW``. Devices, pipes and sockets are never opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Final, Self

from crosspy.elf import FileReader
from crosspy.verify.trees import Node, reason, special_kind

_OPEN: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_NAME: Final = attrgetter("name")
_KERNEL_TREES: Final = frozenset({"/proc", "/sys", "/dev"})


class _File(FileReader):
    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


class Directory:
    """The tree below a directory."""

    def __init__(self, root: Path) -> None:
        self.name = str(root)
        self._root = root
        self._base = os.fspath(root).rstrip("/")

    def walk(self) -> Iterator[Node]:
        device = self._root.stat().st_dev
        pending = [""]
        while pending:
            directory = pending.pop()
            try:
                with os.scandir(f"{self._base}{directory}" or "/") as listing:
                    entries = sorted(listing, key=_NAME)
            except OSError as error:
                if not directory:
                    raise
                yield Node(directory, "directory")
                yield Node(directory, "unreadable", reason(error))
                continue
            yield Node(directory or "/", "directory")
            inner = []
            for entry in entries:
                path = f"{directory}/{entry.name}"
                if entry.is_symlink():
                    yield _link(path, entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    if not _is_kernels(path, entry, device):
                        inner.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield Node(path, "file")
                else:
                    yield _special(path, entry)
            pending.extend(reversed(inner))

    def open(self, path: str) -> _File:
        fd = os.open(f"{self._base}{path}", _OPEN)
        try:
            return _File(fd)
        except OSError:
            os.close(fd)
            raise

    def close(self) -> None:
        """Have nothing to close."""


def _link(path: str, real: str) -> Node:
    try:
        return Node(path, "link", os.readlink(real))  # noqa: PTH115 -- a Path per link would cost more than the call
    except OSError as error:
        return Node(path, "unreadable", reason(error))


def _special(path: str, entry: os.DirEntry[str]) -> Node:
    try:
        return Node(path, "special", special_kind(entry.stat(follow_symlinks=False).st_mode))
    except OSError as error:
        return Node(path, "unreadable", reason(error))


def _is_kernels(path: str, entry: os.DirEntry[str], device: int) -> bool:
    """Say whether this is the kernel's own tree, mounted into a running system."""
    return path in _KERNEL_TREES and entry.stat(follow_symlinks=False).st_dev != device
