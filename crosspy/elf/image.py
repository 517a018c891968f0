"""What a loader looks at in an ELF file: segments, ``.dynamic``, strings, symbol versions; sections where only they tell."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from functools import lru_cache
from struct import Struct
from typing import Final

from crosspy.elf.abi import (
    DF_TEXTREL,
    DT_FLAGS,
    DT_NEEDED,
    DT_RELR,
    DT_RPATH,
    DT_RUNPATH,
    DT_SONAME,
    DT_STRSZ,
    DT_STRTAB,
    DT_TEXTREL,
    DT_VERDEF,
    DT_VERDEFNUM,
    DT_VERNEED,
    DT_VERNEEDNUM,
    EM_MIPS,
    EM_RISCV,
    ET_DYN,
    ET_EXEC,
    ET_REL,
    NT_GNU_PROPERTY_TYPE_0,
    PF_X,
    PT_DYNAMIC,
    PT_GNU_STACK,
    PT_INTERP,
    PT_LOAD,
    PT_MIPS_ABIFLAGS,
    PT_NOTE,
    PT_RISCV_ATTRIBUTES,
    SHT_ARM_ATTRIBUTES,
    VER_FLG_BASE,
    VER_FLG_WEAK,
    VERSYM_INDEX,
)
from crosspy.elf.facts import ElfFile
from crosspy.elf.header import HEAD_SIZE, LAYOUTS, parse
from crosspy.elf.source import ElfDamaged, NotElf, Reader

# Far above what real files have (libLLVM: 41,000 symbols, 4 MiB of names), and small enough to hold in memory.
_MAX_PROGRAM_HEADERS: Final = 4096
_MAX_SECTIONS: Final = 65536
_MAX_DYNAMIC: Final = 1 << 18
_MAX_NEEDED: Final = 1 << 12
_MAX_VERSIONS: Final = 1 << 12
_MAX_NAME: Final = 1 << 14
_MAX_ATTRIBUTES: Final = 1 << 16
_MAX_NOTES: Final = 1 << 16
MAX_SYMBOL_TABLE: Final = 1 << 26
MAX_STRING_TABLE: Final = 1 << 27
_KEEP_STRINGS: Final = 1 << 18
_START: Final = 1 << 13
_SHORT_LIST: Final = 1 << 12


class Image:
    """One open ELF file: its header, its segments and what its ``.dynamic`` points to."""

    def __init__(self, reader: Reader, head: bytes = b"") -> None:
        self.pread = reader.pread
        self.size = reader.size
        parsed = parse(head or self.pread(HEAD_SIZE, 0))
        if parsed is None:
            raise NotElf("not an ELF file")
        self.header, self.tables = parsed
        # Headers, and in small files all that a loader reads, lie here: one call instead of five.
        self.start = self.pread(_START, 0)
        self.layout = LAYOUTS[self.header.bits, self.header.byteorder]
        self.loads: list[tuple[int, int, int]] = []  # (address, offset, size in the file)
        self.interpreter = ""
        self.dynamic_at: tuple[int, int] | None = None
        self.exec_stack: bool | None = None
        self.load_align = 0
        self.mips_fp_abi = 0
        self.notes_at: list[tuple[int, int]] = []
        self.attributes_at: tuple[int, int] | None = None
        self.entries: dict[int, int] = {}
        self.needed_at: list[int] = []
        self._strings: bytes | None = None
        # Object files have no segments; the segments of a core file are memory, cut off as its ulimit was.
        if self.header.type in {ET_EXEC, ET_DYN}:
            self._read_segments()
            self._read_dynamic()
        elif self.header.type == ET_REL:
            self._check_sections()

    def at(self, offset: int, length: int, what: str) -> bytes:
        """Return ``length`` bytes at ``offset``. :raises ElfDamaged: if the file does not have them."""
        if offset + length > self.size:
            raise ElfDamaged(f"{what} ends at byte {offset + length}, but the file has {self.size}")
        if offset + length <= len(self.start):
            return self.start[offset : offset + length]
        try:
            data = self.pread(length, offset)
        except (OverflowError, OSError) as error:
            raise ElfDamaged(f"{what} cannot be read: {error}") from None
        if len(data) != length:
            raise ElfDamaged(f"{what} ends at byte {offset + length}, but the file has {self.size}")
        return data

    def _read_segments(self) -> None:
        tables, segment = self.tables, self.layout.segment
        if not tables.phnum:
            return
        if tables.phnum > _MAX_PROGRAM_HEADERS or tables.phentsize != segment.size:
            raise ElfDamaged(f"{tables.phnum} program headers of {tables.phentsize} bytes are impossible")
        wide = self.header.bits == 64
        raw = self.at(tables.phoff, tables.phnum * segment.size, "the program header table")
        for row in segment.iter_unpack(raw):
            if wide:
                kind, flags, offset, address, _, in_file, _, align = row
            else:
                kind, offset, address, _, in_file, _, flags, align = row
            if kind == PT_LOAD:
                if offset + in_file > self.size:
                    raise ElfDamaged(
                        f"cut off: a segment ends at byte {offset + in_file}, but the file has {self.size}"
                    )
                if align > 1 and (address - offset) % align:
                    raise ElfDamaged(
                        f"a segment at byte {offset} belongs to address {address:#x}, which its alignment of {align} forbids"
                    )
                self.loads.append((address, offset, in_file))
                self.load_align = min(self.load_align or align, align)
            elif (
                kind == PT_DYNAMIC and in_file and self.dynamic_at is None
            ):  # debugging halves have none of it
                self.dynamic_at = (offset, in_file)
            elif kind == PT_INTERP and not self.interpreter:
                if in_file > _MAX_NAME:
                    raise ElfDamaged(f"the name of the program interpreter has {in_file} bytes")
                name = self.at(offset, in_file, "the name of the program interpreter")
                self.interpreter = os.fsdecode(name.partition(b"\0")[0])
            elif kind == PT_GNU_STACK:
                self.exec_stack = bool(flags & PF_X)
            elif kind == PT_NOTE:
                self.notes_at.append((offset, in_file))
            elif kind == PT_MIPS_ABIFLAGS and self.header.elf_machine == EM_MIPS:
                self.mips_fp_abi = self.at(offset, 24, ".MIPS.abiflags")[7]
            elif kind == PT_RISCV_ATTRIBUTES and self.header.elf_machine == EM_RISCV:
                self.attributes_at = offset, in_file
        if len(self.loads) > 1:
            self._merge_loads()

    def _merge_loads(self) -> None:
        """Join segments that are one in the file and in memory: patchelf puts ``.dynstr`` across two of them."""
        merged: list[tuple[int, int, int]] = []
        for address, offset, in_file in sorted(self.loads):
            if merged:
                start, before, length = merged[-1]
                if address - start == offset - before == length:
                    merged[-1] = (start, before, length + in_file)
                    continue
            merged.append((address, offset, in_file))
        self.loads = merged

    def _read_dynamic(self) -> None:
        if self.dynamic_at is None:
            return
        offset, length = self.dynamic_at
        if length > _MAX_DYNAMIC:
            raise ElfDamaged(f".dynamic has {length} bytes, which is impossible")
        entry = self.layout.dynamic
        raw = self.at(offset, length - length % entry.size, ".dynamic")
        entries, needed = self.entries, self.needed_at
        for tag, value in entry.iter_unpack(raw):
            if tag == DT_NEEDED:
                needed.append(value)
            elif tag == 0:
                break
            else:
                entries.setdefault(tag, value)
        if len(needed) > _MAX_NEEDED:
            raise ElfDamaged(f".dynamic names {len(needed)} needed libraries, which is impossible")

    def _check_sections(self) -> None:
        tables = self.tables
        if tables.shoff and tables.shoff + tables.shnum * tables.shentsize > self.size:
            end = tables.shoff + tables.shnum * tables.shentsize
            raise ElfDamaged(f"cut off: the section headers end at byte {end}, but the file has {self.size}")

    # ------------------------------------------------------------------------- what .dynamic points to

    def locate(self, address: int, what: str) -> tuple[int, int]:
        """Return ``(offset, bytes left)`` of the segment part at a virtual ``address``."""
        for start, offset, in_file in self.loads:
            if start <= address < start + in_file:
                return offset + address - start, start + in_file - address
        raise ElfDamaged(f"{what} is at address {address:#x}, which no segment holds")

    def strings(self) -> bytes:
        """Return ``.dynstr``."""
        if self._strings is None:
            offset, room = self._strings_at()
            if room > MAX_STRING_TABLE:
                raise ElfDamaged(f".dynstr has {room} bytes, which is impossible")
            self._strings = self.at(offset, room, ".dynstr")
        return self._strings

    def _strings_at(self) -> tuple[int, int]:
        if DT_STRTAB not in self.entries:
            raise ElfDamaged(".dynamic names strings but has no string table")
        offset, room = self.locate(self.entries[DT_STRTAB], ".dynstr")
        size = self.entries.get(DT_STRSZ, room)
        if size > room:
            raise ElfDamaged(f".dynstr has {size} bytes, but its segment ends after {room}")
        return offset, size

    def string(self, index: int) -> str:
        """Return the string at ``index`` of ``.dynstr``."""
        strings = self._strings
        if strings is None:
            offset, room = self._strings_at()
            if room > _KEEP_STRINGS:
                # A C++ library: megabytes of mangled names, of which we want a few.
                if index >= room:
                    raise ElfDamaged(f"a name is at {index} of .dynstr, which has {room} bytes")
                return _cut(self.at(offset + index, min(_MAX_NAME, room - index), "a name in .dynstr"), 0)
            strings = self.strings()
        return _cut(strings, index)

    def optional_string(self, tag: int) -> str:
        return self.string(self.entries[tag]) if tag in self.entries else ""

    # ---------------------------------------------------------------------------------- symbol versions

    def verneed(self) -> dict[str, tuple[str, ...]]:
        wanted: dict[str, list[str]] = {}
        for library, version, _index, weak in self.versions_wanted():
            names = wanted.setdefault(library, [])
            if not weak:
                names.append(version)
        return {library: tuple(names) for library, names in wanted.items()}

    def versions_wanted(self) -> list[tuple[str, str, int, bool]]:
        """Return ``(library, version, index in .gnu.version, is weak)``."""
        if DT_VERNEED not in self.entries:
            return []
        raw = self._list(DT_VERNEED, ".gnu.version_r", _SHORT_LIST)
        try:
            return self._wanted_in(raw)
        except _ListEnds:
            return self._wanted_in(self._list(DT_VERNEED, ".gnu.version_r", _MAX_VERSIONS * 16))

    def _list(self, tag: int, what: str, most: int) -> bytes:
        offset, room = self.locate(self.entries[tag], what)
        return self.at(offset, min(room, most), what)

    def _wanted_in(self, raw: bytes) -> list[tuple[str, str, int, bool]]:
        found: list[tuple[str, str, int, bool]] = []
        layout, string = self.layout, self.string
        libraries = self.entries.get(DT_VERNEEDNUM, _MAX_VERSIONS)
        for at, (_version, count, library, first, _) in _linked(raw, layout.verneed, libraries, 0):
            name = string(library)
            found += [
                (name, string(version), index & VERSYM_INDEX, bool(flags & VER_FLG_WEAK))
                for _, (_hash, flags, index, version, _) in _linked(raw, layout.vernaux, count, at + first)
            ]
            if len(found) > _MAX_VERSIONS:
                raise ElfDamaged("the list of wanted symbol versions is impossibly long")
        return found

    def verdef(self) -> tuple[str, ...]:
        return tuple([name for name, _ in self.versions_defined()])

    def versions_defined(self) -> list[tuple[str, int]]:
        """Return ``(version, index in .gnu.version)``, the file's own name left out."""
        if DT_VERDEF not in self.entries:
            return []
        raw = self._list(DT_VERDEF, ".gnu.version_d", _SHORT_LIST)
        try:
            return list(self._each_version_defined(raw))
        except _ListEnds:
            raw = self._list(DT_VERDEF, ".gnu.version_d", _MAX_VERSIONS * 28)
            return list(self._each_version_defined(raw))

    def _each_version_defined(self, raw: bytes) -> Iterator[tuple[str, int]]:
        verdaux = self.layout.verdaux
        versions = self.entries.get(DT_VERDEFNUM, _MAX_VERSIONS)
        for at, (_version, flags, index, _count, _hash, first, _) in _linked(
            raw, self.layout.verdef, versions, 0
        ):
            if flags & VER_FLG_BASE:
                continue
            if at + first + verdaux.size > len(raw):
                raise _ListEnds("a symbol version's name is outside .gnu.version_d")
            yield self.string(verdaux.unpack_from(raw, at + first)[0]), index & VERSYM_INDEX

    def sections(self) -> Iterator[tuple[int, ...]]:
        """Yield the rows of the section header table, fields as in ``Elf64_Shdr``."""
        tables, section = self.tables, self.layout.section
        if not tables.shoff:
            return
        if tables.shnum > _MAX_SECTIONS or tables.shentsize != section.size:
            raise ElfDamaged(f"{tables.shnum} section headers of {tables.shentsize} bytes are impossible")
        raw = self.at(tables.shoff, tables.shnum * section.size, "the section header table")
        yield from section.iter_unpack(raw)

    def attributes(self) -> bytes:
        """Return the bytes of the build attributes, empty without any."""
        if self.attributes_at is not None:
            offset, length = self.attributes_at
            return self.at(offset, min(length, _MAX_ATTRIBUTES), "the build attributes")
        for row in self.sections():
            if row[1] == SHT_ARM_ATTRIBUTES:
                if row[5] > _MAX_ATTRIBUTES:
                    raise ElfDamaged(f"the build attributes have {row[5]} bytes, which is impossible")
                return self.at(row[4], row[5], "the section of build attributes")
        return b""

    def property_bits(self, wanted: int) -> int:
        """Return the number that the note of GNU properties has for ``wanted``, 0 without it."""
        word = self.layout.word
        for offset, length in self.notes_at:
            raw = self.at(offset, min(length, _MAX_NOTES), "a note")
            at = 0
            while at + 16 <= len(raw):
                name_size, size, kind = (word.unpack_from(raw, at + step)[0] for step in (0, 4, 8))
                start = at + 12 + _aligned(name_size, 4)
                if kind == NT_GNU_PROPERTY_TYPE_0 and raw[at + 12 : at + 16] == b"GNU\0":
                    return self._property(raw[start : start + size], wanted)
                at = start + _aligned(size, 4)
        return 0

    def _property(self, raw: bytes, wanted: int) -> int:
        word, width = self.layout.word, self.header.bits // 8
        at = 0
        while at + 12 <= len(raw):
            kind, size = word.unpack_from(raw, at)[0], word.unpack_from(raw, at + 4)[0]
            if kind == wanted:
                return int(word.unpack_from(raw, at + 8)[0])
            at += 8 + _aligned(size, width)
        return 0

    def facts(self, path: str, names: Collection[str] = ()) -> ElfFile:
        entries = self.entries
        return ElfFile(
            path=path,
            header=self.header,
            interpreter=self.interpreter,
            needed=tuple([self.string(index) for index in self.needed_at]),
            soname=self.optional_string(DT_SONAME),
            rpath=_split(self.optional_string(DT_RPATH)),
            runpath=_split(self.optional_string(DT_RUNPATH)),
            verneed=self.verneed(),
            verdef=self.verdef(),
            has_dynamic=self.dynamic_at is not None,
            exec_stack=self.exec_stack,
            text_relocations=DT_TEXTREL in entries or bool(entries.get(DT_FLAGS, 0) & DF_TEXTREL),
            packed_relocations=DT_RELR in entries,
            load_align=self.load_align,
            mips_fp_abi=self.mips_fp_abi,
            mentions=self.mentions(names) if names else frozenset(),
        )

    def mentions(self, names: Collection[str]) -> frozenset[str]:
        """Return those of ``names`` that ``.dynstr`` holds: a search through its bytes, far cheaper than symbols."""
        if DT_STRTAB not in self.entries:
            return frozenset()
        strings = self.strings()  # begins with a NUL: the empty name
        return frozenset(name for name in names if b"\0%b\0" % os.fsencode(name) in strings)


def _aligned(size: int, to: int) -> int:
    return -(-size // to) * to


def _cut(strings: bytes, index: int) -> str:
    """Return the NUL-terminated string at ``index``."""
    end = strings.find(b"\0", index, index + _MAX_NAME)
    if end < 0:
        raise ElfDamaged(f"the name at {index} of .dynstr, which has {len(strings)} bytes, has no end")
    return _decoded(strings[index:end])


@lru_cache(1 << 12)
def _decoded(name: bytes) -> str:
    """Return a name as text: the same ones (``libc.so.6``, ``GLIBC_2.17``) come again in every file, and are kept once."""
    return name.decode("utf-8", "surrogateescape")


def _split(search_path: str) -> tuple[str, ...]:
    return tuple(entry for entry in search_path.split(":") if entry)


class _ListEnds(ElfDamaged):
    """A list goes on behind the bytes that were read of it."""


def _linked(raw: bytes, entry: Struct, count: int, start: int) -> list[tuple[int, tuple[int, ...]]]:
    """Return each ``entry`` of a list, with its offset; the last field of each says how far it is to the next.

    The links are unsigned, so the list only goes forward and ends with ``raw`` at the latest.
    """
    found = []
    at, last, unpack = start, len(raw) - entry.size, entry.unpack_from
    for _ in range(min(count, _MAX_VERSIONS)):
        if at > last:
            raise _ListEnds("a list of symbol versions runs out of its segment")
        row = unpack(raw, at)
        found.append((at, row))
        if not row[-1]:
            break
        at += row[-1]
    return found


# ------------------------------------------------------------------------------------------------ whole files
