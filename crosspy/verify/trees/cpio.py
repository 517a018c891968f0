"""A cpio archive of the "newc" kind, as an initramfs is: https://docs.kernel.org/driver-api/early-userspace/buffer-format.html."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final

from crosspy.elf import FileReader
from crosspy.verify.trees import Node, damaged, special_kind
from crosspy.verify.trees.index import Index
from crosspy.verify.trees.stored import Run, Stored

MAGICS: Final = (b"070701", b"070702")
_HEADER: Final = 110
_MAX_NAME: Final = 1 << 14
_END: Final = "TRAILER!!!"


class Cpio:
    """The tree in an uncompressed cpio archive. :raises OSError: if it is cut off, or its headers make no sense."""

    def __init__(self, name: str, reader: FileReader) -> None:
        self.name = name
        self._reader = reader
        self._index = Index()
        self._list()

    def walk(self) -> Iterator[Node]:
        return self._index.walk()

    def open(self, path: str) -> Stored:
        run, mode = self._index.file(path)
        return Stored(self._reader, (run,), run.length, mode)

    def close(self) -> None:
        """Have nothing to close: who opened the file does."""

    def _list(self) -> None:
        at = 0
        linked: dict[tuple[int, ...], list[tuple[str, int]]] = {}
        while True:
            inode, mode, links, size, device, name, data = self._header(at)
            if name == _END:
                return
            at = -(-(data + size) // 4) * 4
            if stat.S_ISREG(mode):
                run = Run(0, size, data)
                names = [(name, mode)]
                if links > 1:  # the last one of an inode's names has its bytes
                    names = linked.setdefault((inode, *device), [])
                    names.append((name, mode))
                for other, other_mode in names if size else names[-1:]:
                    self._index.add(other, "file", (run, other_mode))
            elif stat.S_ISDIR(mode):
                self._index.add(name, "directory")
            elif stat.S_ISLNK(mode):
                self._index.add(name, "link", os.fsdecode(self._bytes(data, min(size, _MAX_NAME))))
            else:
                self._index.add(name, "special", special_kind(mode))

    def _header(self, at: int) -> tuple[int, int, int, int, tuple[int, int], str, int]:
        raw = self._bytes(at, _HEADER)
        if raw[:6] not in MAGICS:
            raise damaged(f"the cpio archive is damaged at byte {at:,}")
        try:
            fields = [int(raw[begin : begin + 8], 16) for begin in range(6, _HEADER, 8)]
        except ValueError:
            raise damaged(f"the cpio archive is damaged at byte {at:,}") from None
        inode, mode, _, _, links, _, size, major, minor, _, _, length, _ = fields
        if not 0 < length <= _MAX_NAME:
            raise damaged(f"the cpio archive has a name of {length:,} bytes")
        name = os.fsdecode(self._bytes(at + _HEADER, length).partition(b"\0")[0])
        data = -(-(at + _HEADER + length) // 4) * 4
        if data + size > self._reader.size:
            raise damaged(f"the cpio archive is cut off in {name}")
        return inode, mode, links, size, (major, minor), name, data

    def _bytes(self, at: int, length: int) -> bytes:
        raw = self._reader.pread(length, at)
        if len(raw) != length:
            raise damaged(f"the cpio archive is cut off at byte {self._reader.size:,}")
        return raw
