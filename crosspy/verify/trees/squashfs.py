"""A squashfs 4 file system, read where it lies.

Format: Linux's ``fs/squashfs/squashfs_fs.h``, https://dr-emann.github.io/squashfs/squashfs.html. Everything but the
super block and file contents is in tables of metadata: blocks of up to 8 KiB, each compressed by itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final, Self

from crosspy.elf import Reader
from crosspy.verify.trees import Node, codecs, damaged, end_of_read, reason
from crosspy.verify.trees.cache import Blocks
from crosspy.verify.trees.descent import descend

MAGIC: Final = b"hsqs"
_COMPRESSORS: Final = {1: "zlib", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}
_SUPER: Final = Struct("<4sIIIIHHHHHHQQQQQQQQ")
_INODE: Final = Struct("<HHHHII")
_DIRECTORY: Final = Struct("<IIHHI")
_LONG_DIRECTORY: Final = Struct("<IIIIHHI")
_FILE: Final = Struct("<IIII")
_LONG_FILE: Final = Struct("<QQQIIII")
_LINK: Final = Struct("<II")
_HEADER: Final = Struct("<III")
_ENTRY: Final = Struct("<HhHH")
_FRAGMENT: Final = Struct("<QII")
_METADATA: Final = 8192
_STORED_METADATA: Final = 0x8000  # in a metadata block's length: not compressed
_STORED: Final = 1 << 24  # the same, in the length of a block of data
_NO_FRAGMENT: Final = 0xFFFFFFFF
_MAX_NAME: Final = 1 << 12
_MAX_BLOCKS: Final = 1 << 22
_A_DIRECTORY: Final = 1
_SPECIAL: Final = {4: "a block device", 5: "a character device", 6: "a named pipe", 7: "a socket"}


@dataclass(frozen=True, slots=True)
class _Inode:
    """``at`` is where in the inode table the rest of the inode is: ``(block, offset)``. ``kind`` 1 to 7."""

    kind: int
    long: bool
    mode: int
    at: tuple[int, int]


class Squashfs:
    """The tree of a squashfs file. :raises OSError: if its super block makes no sense, or its compression is unknown."""

    def __init__(self, name: str, reader: Reader) -> None:
        self.name = name
        self._reader = reader
        raw = reader.pread(_SUPER.size, 0)
        if len(raw) != _SUPER.size:
            raise damaged("the squashfs file is cut off")
        fields = _SUPER.unpack(raw)
        self.block_size: int = fields[3]
        self._fragments, compressor = fields[4:6]
        major, minor, self._root, used = fields[9:13]
        self._inodes, self._directories, self._fragment_table = fields[15:18]
        if (major, minor) != (4, 0):
            raise damaged(f"squashfs {major}.{minor}, which only its own unsquashfs may read")
        if not 4096 <= self.block_size <= 1 << 20:
            raise damaged(f"the squashfs file has blocks of {self.block_size:,} bytes")
        if used > reader.size:
            raise damaged(f"the squashfs file is cut off: it has {reader.size:,} of {used:,} bytes")
        self._codec = _COMPRESSORS.get(compressor, f"method {compressor}")
        if self._codec in {"lzo", "lz4"} or compressor not in _COMPRESSORS:
            raise damaged(
                f"squashfs compressed with {self._codec}, which Python does not read: unpack it "
                "(fakeroot unsquashfs -d DIR FILE) and name DIR"
            )
        codecs.decompressor(self._codec)  # tells now, if it is one that this Python lacks
        self._metadata = Blocks(1 << 24)
        self._ends: dict[int, int] = {}
        self._blocks = Blocks()
        self._files: dict[str, int] = {}

    def walk(self) -> Iterator[Node]:
        return descend((_A_DIRECTORY, self._root), self._listed, self._node)

    def open(self, path: str) -> _File:
        return _File(self, self._inode(self._files[path]))

    def close(self) -> None:
        """Have nothing to close: who opened the file does."""

    def _node(self, path: str, entry: tuple[int, int]) -> Node:
        kind, reference = entry
        if kind == _A_DIRECTORY:
            return Node(path, "directory")
        if kind == 2:
            self._files[path] = reference
            return Node(path, "file")
        if kind != 3:
            return Node(path, "special", _SPECIAL.get(kind, "of no known kind"))
        try:
            inode = self._inode(reference)
            _, length = _LINK.unpack(self.metadata(self._inodes, inode.at, _LINK.size)[0])
            if length > _MAX_NAME:
                raise damaged(f"a link to a name of {length:,} bytes")
            raw = self.metadata(self._inodes, inode.at, _LINK.size + length)[0]
            return Node(path, "link", os.fsdecode(raw[_LINK.size :]))
        except OSError as error:
            return Node(path, "unreadable", reason(error))

    def _inode(self, reference: int) -> _Inode:
        raw, at = self.metadata(self._inodes, (reference >> 16, reference & 0xFFFF), _INODE.size)
        kind, mode, *_ = _INODE.unpack(raw)
        if not 1 <= kind <= 14:
            raise damaged(f"an inode of kind {kind}")
        return _Inode(kind if kind <= 7 else kind - 7, kind > 7, mode, at)

    def _listed(self, directory: tuple[int, int]) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield ``(name, (kind, inode reference))`` of a directory."""
        inode = self._inode(directory[1])
        if inode.kind != _A_DIRECTORY:
            raise damaged("no directory where one is said to be")
        if inode.long:
            raw, _ = self.metadata(self._inodes, inode.at, _LONG_DIRECTORY.size)
            _, size, block, _, _, offset, _ = _LONG_DIRECTORY.unpack(raw)
        else:
            raw, _ = self.metadata(self._inodes, inode.at, _DIRECTORY.size)
            block, _, size, offset, _ = _DIRECTORY.unpack(raw)
        left = size - 3  # for . and .., which are not there
        at = (block, offset)
        while left > 0:
            raw, at = self.metadata(self._directories, at, _HEADER.size)
            count, start, _ = _HEADER.unpack(raw)
            left -= _HEADER.size
            if count >= 256:
                raise damaged(f"{count + 1:,} entries below one header of a directory")
            for _ in range(count + 1):
                raw, at = self.metadata(self._directories, at, _ENTRY.size)
                inner, _, kind, length = _ENTRY.unpack(raw)
                raw, at = self.metadata(self._directories, at, length + 1)
                left -= _ENTRY.size + length + 1
                name = os.fsdecode(raw)
                if length >= 256 or "/" in name or "\0" in name or name in {".", ".."}:
                    raise damaged(f"a directory names {name[:80]!r}")
                yield name, (kind, start << 16 | inner)

    def metadata(self, table: int, at: tuple[int, int], length: int) -> tuple[bytes, tuple[int, int]]:
        """Return ``length`` bytes of a table from ``at`` on, and where they end. :raises OSError: if there are fewer."""
        place, offset = at
        parts = []
        while True:
            block, end = self._metadata_block(table + place)
            part = block[offset : offset + length]
            parts.append(part)
            length -= len(part)
            offset += len(part)
            if not length:
                return b"".join(parts), (place, offset)
            if len(block) < _METADATA or offset > _METADATA:
                raise damaged("a table of the squashfs file is cut off")
            place, offset = end - table, 0

    def _metadata_block(self, place: int) -> tuple[bytes, int]:
        found = self._metadata.get(place)
        if found is None:
            length = int.from_bytes(self._bytes(place, 2), "little")
            stored = length & ~_STORED_METADATA
            raw = self._bytes(place + 2, stored)
            found = (
                raw[:_METADATA] if length & _STORED_METADATA else codecs.block(self._codec, raw, _METADATA)
            )
            self._metadata.put(place, found)
            self._ends[place] = place + 2 + stored
        return found, self._ends[place]

    def data(self, place: int, length: int, limit: int) -> bytes:
        """Return the first ``limit`` bytes of the block of data at ``place``, which is as long in the file as said."""
        found = self._blocks.get(place)
        if found is None:
            stored = length & (_STORED - 1)
            if stored > self.block_size:
                raise damaged(f"a block of {stored:,} bytes")
            raw = self._bytes(place, stored)
            if length & _STORED:
                return raw
            if limit <= self.block_size // 8:
                return codecs.block(
                    self._codec, raw, limit
                )  # the head of a file: most are never read further
            found = codecs.block(self._codec, raw, self.block_size)
            self._blocks.put(place, found)
        return found

    def fragment(self, index: int) -> tuple[int, int]:
        """Return ``(place, length)`` of a block that holds the ends of several files."""
        if index >= self._fragments:
            raise damaged(f"fragment {index:,} of {self._fragments:,}")
        pointer = self._bytes(self._fragment_table + 8 * (index // 512), 8)
        raw, _ = self.metadata(
            int.from_bytes(pointer, "little"), (0, index % 512 * _FRAGMENT.size), _FRAGMENT.size
        )
        place, length, _ = _FRAGMENT.unpack(raw)
        return place, length

    def inode_data(self, at: tuple[int, int], length: int) -> tuple[bytes, tuple[int, int]]:
        return self.metadata(self._inodes, at, length)

    def _bytes(self, place: int, length: int) -> bytes:
        raw = self._reader.pread(length, place) if place < self._reader.size else b""
        if len(raw) != length:
            raise damaged(f"the squashfs file names {length:,} bytes at {place:,}, and ends before")
        return raw


class _File:
    """A file of a squashfs, open."""

    def __init__(self, system: Squashfs, inode: _Inode) -> None:
        if inode.kind != 2:
            raise damaged("no file where one is said to be")
        self._system = system
        self.mode = inode.mode
        if inode.long:
            raw, self._sizes_at = system.inode_data(inode.at, _LONG_FILE.size)
            self._start, self.size, _, _, self._fragment, self._offset, _ = _LONG_FILE.unpack(raw)
        else:
            raw, self._sizes_at = system.inode_data(inode.at, _FILE.size)
            self._start, self._fragment, self._offset, self.size = _FILE.unpack(raw)
        whole, rest = divmod(self.size, system.block_size)
        self._count = whole + (rest > 0 and self._fragment == _NO_FRAGMENT)
        if self._count > _MAX_BLOCKS:
            raise damaged(f"a file of {self.size:,} bytes")
        self._blocks: list[tuple[int, int]] = []

    def pread(self, length: int, offset: int, /) -> bytes:
        end = end_of_read(length, offset, self.size)
        size = self._system.block_size
        parts = []
        while offset < end:
            index, begin = divmod(offset, size)
            stop = min(size, begin + end - offset)
            parts.append(self._block(index, stop)[begin:stop])
            if len(parts[-1]) != stop - begin:
                raise damaged("a block of the file is shorter than it should be")
            offset += stop - begin
        return b"".join(parts)

    def _block(self, index: int, limit: int) -> bytes:
        """Return the first ``limit`` bytes, or more, of a block of the file."""
        if index >= self._count:
            place, length = self._system.fragment(self._fragment)
            return self._system.data(place, length, self._offset + limit)[self._offset :]
        place, length = self._place(index)
        return self._system.data(place, length, limit) if length else bytes(limit)

    def _place(self, index: int) -> tuple[int, int]:
        if not self._blocks:
            # The head of a large file is wanted most often: its list of blocks is not read for that.
            wanted = self._count if index else 1
            raw, _ = self._system.inode_data(self._sizes_at, 4 * wanted)
            place = self._start
            found = []
            for at in range(0, len(raw), 4):
                length = int.from_bytes(raw[at : at + 4], "little")
                found.append((place, length))
                place += length & (_STORED - 1)
            if not index:
                return found[0]
            self._blocks = found
        return self._blocks[index]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Have nothing to close."""
