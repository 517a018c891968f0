"""The partitions of a disk image, as wic and genimage make it: MBR (with extended partitions left out) or GPT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

from crosspy.elf import Reader

_SECTOR: Final = 512
_MBR_ENTRY: Final = Struct("<B3xB3xII")
_GPT_HEADER: Final = Struct("<8s64xQIII")
_GPT_ENTRY: Final = Struct("<16s16xQQ")
_PROTECTIVE: Final = 0xEE
_MAX_ENTRIES: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Partition:
    """Where a partition is, in bytes; ``number`` counts from 1."""

    number: int
    offset: int
    size: int


def partitions(disk: Reader) -> Iterator[Partition]:
    """Yield the partitions of a disk image that lie inside it; none if it is no disk image."""
    first = disk.pread(_SECTOR, 0)
    if len(first) != _SECTOR or first[510:] != b"\x55\xaa":
        return
    rows = [_MBR_ENTRY.unpack_from(first, 446 + 16 * index) for index in range(4)]
    gpt = any(kind == _PROTECTIVE for _, kind, _, _ in rows)
    places = _gpt(disk) if gpt else ((start, count) for _, kind, start, count in rows if kind)
    for number, (start, count) in enumerate(places, 1):
        if start > 0 and count > 0 and (start + count) * _SECTOR <= disk.size:
            yield Partition(number=number, offset=start * _SECTOR, size=count * _SECTOR)


def _gpt(disk: Reader) -> Iterator[tuple[int, int]]:
    raw = disk.pread(_SECTOR, _SECTOR)
    if len(raw) != _SECTOR:
        return
    magic, table, entries, size, _ = _GPT_HEADER.unpack_from(raw)
    if magic != b"EFI PART" or not _GPT_ENTRY.size <= size <= 4096 or table * _SECTOR > disk.size:
        return
    for index in range(min(entries, _MAX_ENTRIES)):
        entry = disk.pread(_GPT_ENTRY.size, table * _SECTOR + index * size)
        if len(entry) != _GPT_ENTRY.size:
            return
        kind, start, last = _GPT_ENTRY.unpack(entry)
        yield (start, last - start + 1) if kind.strip(b"\0") else (0, 0)
