"""An ext2, ext3 or ext4 file system, read where it lies.

Format: https://docs.kernel.org/filesystems/ext4/. The journal is not replayed: images are made, or unmounted.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_right
from collections.abc import Iterator
from struct import Struct
from typing import Final, Protocol, Self

from crosspy.elf import Reader
from crosspy.verify.trees import Node, damaged, end_of_read, reason, special_kind
from crosspy.verify.trees.cache import Blocks
from crosspy.verify.trees.descent import descend

SUPER_AT: Final = 1024
_SUPER_SIZE: Final = 1024
_MAGIC: Final = 0xEF53
_ROOT: Final = 2
_KNOWN: Final = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000
"""filetype, recover, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, largedir, inline_data, encrypt, casefold."""

_FEATURES: Final = {0x1: "compression", 0x8: "journal_dev", 0x10: "meta_bg", 0x1000: "dirdata"}
_64BIT: Final = 0x80
_ENCRYPTED, _EXTENTS, _INLINE = 0x800, 0x80000, 0x10000000
_EXTENT_HEADER: Final = Struct("<HHHHI")
_EXTENT: Final = Struct("<IHHI")
_INDEX: Final = Struct("<IIHH")
_ENTRY: Final = Struct("<IHBB")
_EXTENT_MAGIC: Final = 0xF30A
_UNWRITTEN: Final = 32768
_MAX_EXTENTS: Final = 1 << 20
_MAX_DIRECTORY: Final = 1 << 28
_MAX_NAME: Final = 1 << 12
_IN_INODE: Final = 60
_XATTR_MAGIC: Final = 0xEA020000
_XATTR: Final = Struct("<BBHIII")
_XATTR_SYSTEM: Final = 7


def is_ext(head: bytes) -> bool:
    """Say whether a file that begins like this (2 KiB of it) is an ext2, ext3 or ext4 file system."""
    return _u16(head, SUPER_AT + 0x38) == _MAGIC


class Ext:
    """The tree of an ext2/3/4 file. :raises OSError: if its super block makes no sense, or it has features unknown here."""

    def __init__(self, name: str, reader: Reader) -> None:
        self.name = name
        self._reader = reader
        self._inode_of: dict[str, int] = {}
        self._tables = Blocks(1 << 22)
        raw = reader.pread(_SUPER_SIZE, SUPER_AT)
        if len(raw) != _SUPER_SIZE:
            raise damaged("the ext file system is cut off")
        self._check(raw)
        self.block_size = 1024 << min(_u32(raw, 0x18), 10)
        self._inodes = _u32(raw, 0x0)
        self._per_group = _u32(raw, 0x28)
        self._inode_size = _u16(raw, 0x58) if _u32(raw, 0x4C) else 128
        self._wide = bool(_u32(raw, 0x60) & _64BIT)
        self._descriptor_size = (_u16(raw, 0xFE) or 32) if self._wide else 32
        self._descriptors = (SUPER_AT // self.block_size + 1) * self.block_size
        blocks = _u32(raw, 0x4) | (_u32(raw, 0x150) << 32 if self._wide else 0)
        if not (self._per_group and 128 <= self._inode_size <= self.block_size <= 1 << 16) or not (
            32 <= self._descriptor_size <= 1024
        ):
            raise damaged("the super block of the ext file system makes no sense")
        if blocks * self.block_size > reader.size:
            raise damaged(
                f"the ext file system is cut off: it has {reader.size:,} of {blocks * self.block_size:,} bytes"
            )

    @staticmethod
    def _check(raw: bytes) -> None:
        unknown = _u32(raw, 0x60) & ~_KNOWN
        if unknown:
            names = [name for bit, name in _FEATURES.items() if unknown & bit]
            raise damaged(
                f"an ext file system with {', '.join(names) or f'feature {unknown:#x}'}, which is not read here: "
                "unpack it (debugfs -R 'rdump / DIR' FILE) and name DIR"
            )

    def walk(self) -> Iterator[Node]:
        return descend(_ROOT, self._listed, self._node)

    def open(self, path: str) -> _File:
        return self._file(self._inode_of[path])

    def close(self) -> None:
        """Have nothing to close: who opened the file does."""

    def _node(self, path: str, number: int) -> Node:
        try:
            mode = _u16(self._inode(number), 0)
            if stat.S_ISDIR(mode):
                return Node(path, "directory")
            if stat.S_ISREG(mode):
                self._inode_of[path] = number
                return Node(path, "file")
            if not stat.S_ISLNK(mode):
                return Node(path, "special", special_kind(mode))
            file = self._file(number)
            if file.size > _MAX_NAME:
                raise damaged(f"a link to a name of {file.size:,} bytes")
            return Node(path, "link", os.fsdecode(file.pread(file.size, 0)))
        except OSError as error:
            return Node(path, "unreadable", reason(error))

    def _listed(self, number: int) -> Iterator[tuple[str, int]]:
        """Yield ``(name, inode)`` of a directory."""
        inode = self._inode(number)
        if not stat.S_ISDIR(_u16(inode, 0)):
            raise damaged("no directory where one is said to be")
        if _u32(inode, 0x20) & _ENCRYPTED:
            raise damaged("an encrypted directory")
        file = self._file(number)
        if file.size > _MAX_DIRECTORY:
            raise damaged(f"a directory of {file.size:,} bytes")
        inline = bool(_u32(inode, 0x20) & _INLINE)
        # Inline, the first four bytes are the parent, and what follows the first 60 is a list of its own.
        raw = file.pread(file.size, 0)
        parts = (raw[4:_IN_INODE], raw[_IN_INODE:]) if inline else (raw,)
        for part in parts:
            yield from self._entries(part, len(part) if inline else self.block_size)

    @staticmethod
    def _entries(raw: bytes, block_size: int) -> Iterator[tuple[str, int]]:
        for start in range(0, len(raw), max(1, block_size)):
            at, end = start, min(start + block_size, len(raw))
            while at + _ENTRY.size <= end:
                inode, length, name_length, _ = _ENTRY.unpack_from(raw, at)
                length = length if length not in {0, 0xFFFF} else 1 << 16  # as blocks of 64 KiB write it
                if length < _ENTRY.size or at + length > end or _ENTRY.size + name_length > length:
                    raise damaged("a directory of the ext file system is damaged")
                name = os.fsdecode(raw[at + _ENTRY.size : at + _ENTRY.size + name_length])
                if inode and name not in {".", ".."}:
                    if not name or "/" in name or "\0" in name:
                        raise damaged(f"a directory names {name!r}")
                    yield name, inode
                at += length

    def _inode(self, number: int) -> bytes:
        if not 0 < number <= self._inodes:
            raise damaged(f"inode {number:,} of {self._inodes:,}")
        group, index = divmod(number - 1, self._per_group)
        raw = self.bytes(self._descriptors + group * self._descriptor_size, self._descriptor_size)
        table = _u32(raw, 0x8) | (_u32(raw, 0x28) << 32 if self._descriptor_size >= 64 else 0)
        return self.bytes(table * self.block_size + index * self._inode_size, self._inode_size)

    def _file(self, number: int) -> _File:
        inode = self._inode(number)
        flags = _u32(inode, 0x20)
        if flags & _ENCRYPTED:
            raise damaged("an encrypted file")
        mode = _u16(inode, 0)
        size = _u32(inode, 0x4) | _u32(inode, 0x6C) << 32
        area = inode[0x28 : 0x28 + _IN_INODE]
        places: _Places
        if flags & _INLINE:
            places = _Here(area + _inline_rest(inode))
        elif stat.S_ISLNK(mode) and size < _IN_INODE and not flags & _EXTENTS:
            places = _Here(area)
        elif flags & _EXTENTS:
            places = _Extents(self, area)
        else:
            places = _Pointers(self, area)
        return _File(self, places, size, mode)

    def block(self, number: int) -> bytes:
        """Return a block that is part of the file system's own lists; the last ones are kept."""
        found = self._tables.get(number)
        if found is None:
            found = self.bytes(number * self.block_size, self.block_size)
            self._tables.put(number, found)
        return found

    def bytes(self, place: int, length: int) -> bytes:
        """:raises OSError: if the file has fewer."""
        raw = self._reader.pread(length, place) if place < self._reader.size else b""
        if len(raw) != length:
            raise damaged(f"the ext file system names {length:,} bytes at {place:,}, and ends before")
        return raw


class _Places(Protocol):
    """Where the blocks of a file are."""

    def find(self, block: int, /) -> tuple[int, int]:
        """Return ``(number, count)``: where a block of the file is, 0 for zeros, and how many follow it there."""
        ...


class _Here:
    """A file that is in its inode."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def find(self, block: int, /) -> tuple[int, int]:
        raise damaged(f"no block {block}")


class _Extents:
    """A file with a tree of extents."""

    def __init__(self, system: Ext, root: bytes) -> None:
        self._runs = sorted(self._leaves(system, root, None, [_MAX_EXTENTS]))
        self._starts = [run[0] for run in self._runs]

    def find(self, block: int, /) -> tuple[int, int]:
        at = bisect_right(self._starts, block) - 1
        if at >= 0:
            start, count, number = self._runs[at]
            if block < start + count:
                return (number + block - start if number else 0), start + count - block
        following = self._starts[at + 1] if at + 1 < len(self._starts) else block + (1 << 20)
        return 0, following - block

    @classmethod
    def _leaves(
        cls, system: Ext, raw: bytes, depth: int | None, budget: list[int]
    ) -> Iterator[tuple[int, int, int]]:
        magic, entries, _, own, _ = _EXTENT_HEADER.unpack_from(raw)
        too_many = _EXTENT_HEADER.size + entries * _EXTENT.size > len(raw)
        if magic != _EXTENT_MAGIC or too_many or own > 5 or depth not in {None, own}:
            raise damaged("a tree of extents is damaged")
        for index in range(entries):
            budget[0] -= 1
            if budget[0] < 0:
                raise damaged("a tree of extents is impossibly large")
            at = _EXTENT_HEADER.size + index * _EXTENT.size
            if own:
                _, low, high, _ = _INDEX.unpack_from(raw, at)
                yield from cls._leaves(system, system.block(high << 32 | low), own - 1, budget)
            else:
                start, count, high, low = _EXTENT.unpack_from(raw, at)
                written = count <= _UNWRITTEN
                yield start, count if written else count - _UNWRITTEN, (high << 32 | low) if written else 0


class _Pointers:
    """A file with the block pointers of ext2: twelve, then blocks of pointers, one, two and three levels deep."""

    def __init__(self, system: Ext, area: bytes) -> None:
        self._system = system
        self._area = area
        self._each = system.block_size // 4

    def find(self, block: int, /) -> tuple[int, int]:
        if block < 12:
            return _u32(self._area, 4 * block), 1
        block -= 12
        for level in (1, 2, 3):
            room = self._each**level
            if block < room:
                return self._below(_u32(self._area, 4 * (11 + level)), level, block)
            block -= room
        raise damaged("a file that is larger than ext2 allows")

    def _below(self, number: int, level: int, block: int) -> tuple[int, int]:
        while level and number:
            level -= 1
            room = self._each**level
            number = _u32(self._system.block(number), 4 * (block // room))
            block %= room
            if not number:
                return 0, room - block
        return number, 1 if number else self._each**level - block


class _File:
    """A file of an ext file system, open."""

    def __init__(self, system: Ext, places: _Places, size: int, mode: int) -> None:
        self._system = system
        self._places = places
        self.size = size
        self.mode = mode

    def pread(self, length: int, offset: int, /) -> bytes:
        end = end_of_read(length, offset, self.size)
        if isinstance(self._places, _Here):
            return self._places.content[offset:end]
        size = self._system.block_size
        parts = []
        while offset < end:
            block, begin = divmod(offset, size)
            number, count = self._places.find(block)
            part = min(end - offset, count * size - begin)
            parts.append(self._system.bytes(number * size + begin, part) if number else bytes(part))
            offset += part
        return b"".join(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Have nothing to close."""


def _inline_rest(inode: bytes) -> bytes:
    """Return what of a file in its inode does not fit into the first 60 bytes: the attribute ``system.data``."""
    if len(inode) <= 132:
        return b""
    first = 128 + _u16(inode, 128) + 4
    if len(inode) < first or _u32(inode, first - 4) != _XATTR_MAGIC:
        return b""
    at = first
    while at + _XATTR.size <= len(inode):
        length, index, offset, _, size, _ = _XATTR.unpack_from(inode, at)
        if not length and not index:
            break
        name = inode[at + _XATTR.size : at + _XATTR.size + length]
        if index == _XATTR_SYSTEM and name == b"data":
            return inode[first + offset : first + offset + size]
        at += -(-(_XATTR.size + length) // 4) * 4
    return b""


def _u16(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 2], "little")


def _u32(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 4], "little")
