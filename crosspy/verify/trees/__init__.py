"""File trees that are looked at where they lie: directories, and the files that images and wheels come in.

Nothing is mounted, unpacked or run. A :class:`Tree` is walked once and then asked for files by path; what a tree is, is
told from its first bytes (:mod:`.detect`), never from its name. All of it is foreign data: every offset, length and
count is checked, what is read at once is bounded, and what cannot be read is one clear ``OSError``.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, Protocol

from crosspy.elf import Reader

Kind = Literal["file", "directory", "link", "special", "unreadable"]

MAX_ENTRIES = 1 << 20
"""How many entries a tree in a file may have: far more than real ones, few enough to hold in memory."""

_MAX_READ = 1 << 30


class Node(NamedTuple):
    """One entry of a tree. ``path`` is absolute, ``/`` is the tree's root.

    ``text`` is a link's target, the reason why something is unreadable, or what a special file is.
    """

    path: str
    kind: Kind
    text: str = ""


class OpenFile(Reader, AbstractContextManager["OpenFile"], Protocol):
    """An open regular file of a tree; ``mode`` is its ``st_mode``."""

    @property
    def mode(self) -> int: ...


class Tree(Protocol):
    """A read-only tree of files; ``name`` is what the user calls it."""

    @property
    def name(self) -> str: ...

    def walk(self) -> Iterator[Node]:
        """Yield every entry once, directories before what is in them, in an order of its own that stays the same.

        :raises OSError: if the tree as a whole cannot be read; a part that cannot is a node of kind ``unreadable``.
        """
        ...

    def open(self, path: str) -> OpenFile:
        """Open a regular file that :meth:`walk` yielded. :raises OSError:"""
        ...

    def close(self) -> None: ...


def damaged(text: str) -> OSError:
    """Return what to raise for foreign data that does not hold together; its ``strerror`` is ``text``."""
    return OSError(errno.EIO, text)


def end_of_read(length: int, offset: int, size: int) -> int:
    """Return where a ``pread`` of a file of ``size`` bytes ends. :raises OSError: if that is too much to hold in memory."""
    end = min(offset + length, size)
    if end - offset > _MAX_READ:
        raise damaged(f"a read of {end - offset:,} bytes")
    return end


def reason(error: OSError) -> str:
    """Return what an ``OSError`` says, without its number and path."""
    return error.strerror or str(error)


def special_kind(mode: int) -> str:
    """Return what a file that is no regular one is, in words."""
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFBLK: "a block device",
        stat.S_IFCHR: "a character device",
    }
    return kinds.get(stat.S_IFMT(mode), "no regular file")
