"""The dynamic symbols of an ELF file."""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from operator import add, gt
from struct import error as struct_error
from typing import Final

from crosspy.elf.abi import (
    DT_GNU_HASH,
    DT_HASH,
    DT_MIPS_SYMTABNO,
    DT_SYMTAB,
    DT_VERDEF,
    DT_VERSYM,
    EM_ALPHA,
    EM_MIPS,
    EM_S390,
    SHN_ABS,
    SHT_DYNSYM,
    STB_LOCAL,
    STB_WEAK,
    STT_TLS,
    VERSYM_HIDDEN,
)
from crosspy.elf.facts import Linkage
from crosspy.elf.image import MAX_STRING_TABLE, MAX_SYMBOL_TABLE, Image
from crosspy.elf.source import ElfDamaged

_MAX_SYMBOL_NAME: Final = 1 << 18  # C++ templates: names of 60 KB exist
_NAMES_AT_ONCE: Final = 1 << 7
_LAST_LOCAL: Final = 15  # st_info of a local symbol: the binding is in the upper half
_LOCAL: Final = bytes(range(_LAST_LOCAL + 1))
_STRONG: Final = bytes(info > _LAST_LOCAL and info >> 4 != STB_WEAK for info in range(256))


def each(image: Image) -> Iterator[tuple[str, bool]]:
    """Yield ``(name, is defined here)`` of the global and weak dynamic symbols."""
    columns = _columns(image)
    rows = [row for row in zip(*columns, strict=True) if row[0] and row[1] >> 4 != STB_LOCAL]
    texts = _texts(image.strings() if rows else b"", [row[0] for row in rows])
    for text, (_, info, section, value) in zip(texts, rows, strict=True):
        if not section or _is_defined(info, section, value):
            yield text.decode("utf-8", "surrogateescape"), section != 0


def _columns(image: Image) -> tuple[array[int], bytes, array[int], array[int]]:
    """Return name, info, section and value of the dynamic symbols, a column each."""
    if DT_SYMTAB not in image.entries:
        return array("I"), b"", array("I"), array("I")
    size = image.layout.symbol.size
    offset, room = image.locate(image.entries[DT_SYMTAB], ".dynsym")
    length = _symbol_count(image) * size
    if length > min(room, MAX_SYMBOL_TABLE):
        raise ElfDamaged(f".dynsym has {length} bytes, but its segment ends after {room}")
    raw = image.at(offset, length, ".dynsym")
    words, halves = _numbers(image, "I", raw), _numbers(image, "H", raw)
    if image.header.bits == 64:
        return words[0::6], raw[4::24], halves[3::12], _numbers(image, "Q", raw)[1::3]
    return words[0::4], raw[12::16], halves[7::8], words[1::4]


def _numbers(image: Image, code: str, raw: bytes) -> array[int]:
    numbers = array(code, raw)
    if image.header.byteorder != sys.byteorder:
        numbers.byteswap()
    return numbers


def linkage(image: Image, *, versions: bool) -> Linkage:
    """Return the dynamic symbols as a loader matches them; without ``versions``, as musl's does.

    A large image has half a million symbols that Python loads: hence columns, and no loop with a step to spare.
    """
    places, infos, sections, values = _columns(image)
    marks = _symbol_versions(image)
    if not marks:
        marks = array("H", [1]) * len(places)
    # Linkers write local symbols first, then those that are wanted, then those that are defined.
    local = len(infos) - len(infos.lstrip(_LOCAL))
    end = _first_defined(sections, local)
    are_wanted: Sequence[object] = infos[local:end].translate(_STRONG)
    are_defined: Sequence[object] = sections[end:]
    if 0 in are_defined:
        local = end = 0
        are_wanted = list(map(gt, infos.translate(_STRONG), sections))  # 1 > 0: strong, and in no section
        are_defined = sections
    if 0 in values[end:] or min(infos[end:], default=0) <= _LAST_LOCAL:
        are_defined = [
            info > _LAST_LOCAL and _is_defined(info, section, value)
            for section, info, value in zip(sections[end:], infos[end:], values[end:], strict=True)
        ]
    names = _version_names(image) if versions else {}
    strings = image.strings() if places else b""
    texts = _texts(strings, list(compress(places[local:], are_wanted)))
    wanted_marks = list(compress(marks[local:], are_wanted))
    if names:
        tails = {**dict.fromkeys(wanted_marks, b""), **names}
        texts = list(map(add, texts, map(tails.__getitem__, wanted_marks)))
    wanted = frozenset(filter(None, texts))
    texts = _texts(strings, list(compress(places[end:], are_defined)))
    defined_marks = list(compress(marks[end:], are_defined))
    offered, loose = _offered(
        texts, defined_marks, names, has_versions=versions and DT_VERDEF in image.entries
    )
    return Linkage(wanted=wanted, offered=offered, loose=loose)


def _version_names(image: Image) -> dict[int, bytes]:
    """Return ``@VERSION`` of each number that stands in ``.gnu.version``, hidden or not."""
    if DT_VERSYM not in image.entries:
        return {}
    found = {index: os.fsencode(f"@{version}") for _, version, index, _ in image.versions_wanted()}
    found |= {index: os.fsencode(f"@{version}") for version, index in image.versions_defined()}
    return found | {index | VERSYM_HIDDEN: name for index, name in found.items()}


def _symbol_versions(image: Image) -> array[int]:
    """Return ``.gnu.version``: a number per dynamic symbol; empty without one."""
    if DT_VERSYM not in image.entries:
        return array("I")
    offset, room = image.locate(image.entries[DT_VERSYM], ".gnu.version")
    length = min(2 * _symbol_count(image), room - room % 2, MAX_SYMBOL_TABLE)
    return _numbers(image, "H", image.at(offset, length, ".gnu.version"))


def _symbol_count(image: Image) -> int:
    """Return how many dynamic symbols there are; no tag of ``.dynamic`` says it directly."""
    for kind, size, entsize in _dynsym_sections(image):
        if kind == SHT_DYNSYM and entsize == image.layout.symbol.size:
            return size // entsize
    if image.header.elf_machine == EM_MIPS and DT_MIPS_SYMTABNO in image.entries:
        return image.entries[DT_MIPS_SYMTABNO]
    if DT_HASH in image.entries:
        # Alpha and s390x (64 bit) have hash tables of 8-byte words.
        wide = image.header.bits == 64 and image.header.elf_machine in {EM_S390, EM_ALPHA}
        width = 8 if wide else 4
        offset, _ = image.locate(image.entries[DT_HASH], ".hash")
        raw = image.at(offset + width, width, ".hash")
        return int.from_bytes(raw, "little" if image.header.byteorder == "little" else "big")
    if DT_GNU_HASH in image.entries:
        return _gnu_hash_count(image)
    return 0


def _dynsym_sections(image: Image) -> Iterator[tuple[int, int, int]]:
    try:
        for row in image.sections():
            yield row[1], row[5], row[9]
    except ElfDamaged:
        return  # the loader never looks at sections: a cut section table is no reason to give up


def _gnu_hash_count(image: Image) -> int:
    word = image.layout.word
    offset, room = image.locate(image.entries[DT_GNU_HASH], ".gnu.hash")
    raw = image.at(offset, min(room, MAX_SYMBOL_TABLE), ".gnu.hash")
    try:
        buckets, first = word.unpack_from(raw, 0)[0], word.unpack_from(raw, 4)[0]
        at = 16 + word.unpack_from(raw, 8)[0] * (image.header.bits // 8)
        table = raw[at : at + 4 * buckets]
        if len(table) != 4 * buckets:
            raise ElfDamaged(".gnu.hash is cut off")
        last = max((value for (value,) in word.iter_unpack(table)), default=0)
        if last < first:
            return int(first)
        chain = at + 4 * buckets
        while not word.unpack_from(raw, chain + 4 * (last - first))[0] & 1:
            last += 1
    except struct_error:
        raise ElfDamaged(".gnu.hash is cut off") from None
    return int(last) + 1


def _offered(
    names: list[bytes], marks: list[int], versions: Mapping[int, bytes], *, has_versions: bool
) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return ``offered`` and ``loose`` of :class:`Linkage`; a mark is a definition's entry in ``.gnu.version``."""
    if not has_versions:
        if max(marks, default=0) >= VERSYM_HIDDEN:
            names = [name for name, mark in zip(names, marks, strict=False) if mark < VERSYM_HIDDEN]
        offered = frozenset(names)
        return offered, offered
    rows = list(zip(names, marks, strict=False))
    # Index 2 is the file's first version: what programs older than its versions mean.
    several = [name for name, mark in rows if mark <= VERSYM_HIDDEN + 2]
    several += [name + versions[mark] for name, mark in rows if mark in versions]
    loose = [name for name, mark in rows if mark < VERSYM_HIDDEN and mark not in versions]
    return frozenset(several), frozenset(loose)


def _first_defined(sections: array[int], start: int) -> int:
    """Return where the symbols that are in no section end, from ``start`` on."""
    raw = sections[start:].tobytes()
    return start + (len(raw) - len(raw.lstrip(b"\0"))) // sections.itemsize


def _is_defined(info: int, section: int, value: int) -> bool:
    """Say whether a loader takes a symbol of a section for a definition: one at address 0 is none, unless it is absolute
    or an offset of thread-local storage.
    """
    return section != 0 and (value != 0 or section == SHN_ABS or info & 15 == STT_TLS)


def _texts(strings: bytes, places: list[int]) -> list[bytes]:
    """Return the names at these places of a string table.

    Symbols may share bytes, so a small file can name gigabytes: it is damaged if no name ends for long, or if together
    they are impossibly long.
    """
    end = strings.rfind(b"\0") + 1
    if max(places, default=-1) >= end:
        raise ElfDamaged("the names of the symbols do not end")
    find = strings.find
    if any(find(b"\0", at, at + _MAX_SYMBOL_NAME) < 0 for at in range(0, end, _MAX_SYMBOL_NAME)):
        raise ElfDamaged("the names of the symbols are impossibly long")
    budget = 8 * len(strings) + MAX_STRING_TABLE // 4
    texts: list[bytes] = []
    for start in range(0, len(places), _NAMES_AT_ONCE):
        some = [strings[at : find(b"\0", at)] for at in places[start : start + _NAMES_AT_ONCE]]
        budget -= sum(map(len, some))
        if budget < 0:
            raise ElfDamaged("the names of the symbols are impossibly long")
        texts += some
    return texts
