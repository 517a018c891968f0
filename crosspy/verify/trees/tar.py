"""A tar archive, read where it lies: its headers once, then the bytes of its members by their offset."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import Final

from crosspy.elf import FileReader, Reader
from crosspy.verify.trees import Node, damaged
from crosspy.verify.trees.index import Index
from crosspy.verify.trees.stored import Run, Stored

BLOCK: Final = 512
_MAX_HEADER: Final = 1 << 24
"""How much tarfile may ask for at once: a header, or the names and attributes that stand before it."""

_SPECIAL: Final = {
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
}


def is_tar(reader: Reader) -> bool:
    """Say whether a file begins with the header of a tar archive, of one without any entry too."""
    head = reader.pread(BLOCK, 0)
    if head == bytes(BLOCK):
        return reader.size % BLOCK == 0 and reader.pread(BLOCK, BLOCK) == bytes(BLOCK)
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


class Tar:
    """The tree in an uncompressed tar archive. :raises OSError: if it is cut off, or its headers make no sense."""

    def __init__(self, name: str, reader: FileReader) -> None:
        self.name = name
        self._reader = reader
        self._index = Index()
        try:
            self._list()
        except (tarfile.TarError, ValueError, OverflowError, RecursionError, IndexError) as error:
            raise damaged(f"the tar archive is damaged: {error}") from None

    def walk(self) -> Iterator[Node]:
        return self._index.walk()

    def open(self, path: str) -> Stored:
        runs, size, mode = self._index.file(path)
        return Stored(self._reader, runs, size, mode)

    def close(self) -> None:
        """Have nothing to close: who opened the file does."""

    def _list(self) -> None:
        stream = _Stream(self._reader)
        with tarfile.TarFile(fileobj=stream, encoding="utf-8", errors="surrogateescape") as archive:
            while (entry := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep them all
                self._add(entry)
            # tarfile takes what it does not understand for the end.
            rest = self._reader.pread(BLOCK, archive.offset)
        if rest.strip(b"\0") or archive.offset > self._reader.size:
            raise damaged(f"the tar archive is damaged or cut off at byte {archive.offset:,}")

    def _add(self, entry: tarfile.TarInfo) -> None:
        if entry.isreg():
            runs = tuple(self._runs(entry))
            if any(run.offset + run.length > self._reader.size for run in runs):
                raise damaged(f"the tar archive is cut off in {entry.name}")
            self._index.add(entry.name, "file", (runs, entry.size, entry.mode))
        elif entry.isdir():
            self._index.add(entry.name, "directory")
        elif entry.issym():
            self._index.add(entry.name, "link", entry.linkname)
        elif entry.islnk():
            found = self._index.file(entry.linkname)
            if found is None:
                reason = f"a hard link to {entry.linkname}, which the archive does not have before it"
                self._index.add(entry.name, "unreadable", reason)
            else:
                self._index.add(entry.name, "file", found)
        else:
            self._index.add(entry.name, "special", _SPECIAL.get(entry.type, "of no known kind"))

    @staticmethod
    def _runs(entry: tarfile.TarInfo) -> Iterator[Run]:
        sparse = getattr(entry, "sparse", None)
        if sparse is None:
            if entry.size:
                yield Run(0, entry.size, entry.offset_data)
            return
        offset = entry.offset_data
        end = 0
        for start, length in sparse:
            if not length:
                continue  # what is left of a header's four places, and the end
            if start < end or length < 0 or start + length > entry.size:
                raise damaged(f"the map of the sparse file {entry.name} makes no sense")
            yield Run(start, length, offset)
            offset += length
            end = start + length


class _Stream(io.RawIOBase):
    """A reader as tarfile wants it; no header, however long it claims to be, is read into memory beyond a limit."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _MAX_HEADER:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        data = self._reader.pread(size, self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset < 0:
            raise tarfile.ReadError("an offset before the archive")
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at
