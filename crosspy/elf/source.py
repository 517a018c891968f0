"""Where the bytes of an ELF file come from, and what is raised if they are none."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Reader(Protocol):
    """What a file is read from: a file of this machine, or of an archive.

    ``pread`` is :func:`os.pread`: fewer bytes than asked for at the end of the file only. It raises OSError.
    """

    @property
    def size(self) -> int: ...

    def pread(self, length: int, offset: int, /) -> bytes: ...


class FileReader:
    """A :class:`Reader` of an open file; ``mode`` is its ``st_mode``. Most files are never asked for either."""

    __slots__ = ("_info", "fd")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._info: os.stat_result | None = None

    def _stat(self) -> os.stat_result:
        if self._info is None:
            self._info = os.fstat(self.fd)
        return self._info

    @property
    def size(self) -> int:
        return self._stat().st_size

    @property
    def mode(self) -> int:
        return self._stat().st_mode

    def pread(self, length: int, offset: int, /) -> bytes:
        return os.pread(self.fd, length, offset)


class ElfDamaged(ValueError):  # noqa: N818 -- reads as what it says of the file
    """A file that begins as ELF but is cut off, or contradicts itself; the text is a sentence without its path."""


Source = str | os.PathLike[str] | Reader
"""A path of this machine, or something that is read already."""


class NotElf(ElfDamaged):
    """A file without the ELF magic, given where only ELF makes sense."""


@contextmanager
def opened(source: Source) -> Iterator[Reader]:
    if not isinstance(source, str | os.PathLike):
        yield source
        return
    # Without O_NONBLOCK, a named pipe in an image would stop us for ever.
    fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        reader = FileReader(fd)
        if not stat.S_ISREG(reader.mode):
            raise NotElf("not a regular file")
        yield reader
    finally:
        os.close(fd)


# --------------------------------------------------------------------------------------- segments and .dynamic
