"""An ELF file, read into frozen facts.

The readers here are `struct` on a few ``pread`` calls: what a dynamic loader looks at (header, program headers,
``.dynamic`` and what it points to) and nothing else, so they work on files stripped of their section headers and cost
a hundredth of a general parser; the tests compare their answers with pyelftools. Build attributes are read here too:
pyelftools' walk over them never ends on a hostile length of 0.

Files of an image are foreign data: every offset is checked against the file, every list is bounded, and a file that
does not hold together raises :class:`ElfDamaged` with a sentence. Names that are not UTF-8 are kept as ``os.fsdecode``
keeps them (``surrogateescape``).

Sources: System V gABI chapters 4 and 5, the GNU symbol versioning note
(https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html), glibc's ``elf.h``.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from operator import add, gt
from struct import Struct
from struct import error as struct_error
from typing import Final, NamedTuple, Protocol

ET_REL: Final = 1
ET_EXEC: Final = 2
ET_DYN: Final = 3
ET_CORE: Final = 4

HEAD_SIZE: Final = 64
"""How many first bytes :func:`parse_header` wants: the size of the larger of the two ELF headers."""

_MAGIC: Final = b"\x7fELF"
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_NOTE, _PT_GNU_STACK = 1, 2, 3, 4, 0x6474E551
_PT_MIPS_ABIFLAGS = _PT_RISCV_ATTRIBUTES = 0x70000003
_PF_X: Final = 1
_DT_NEEDED, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ = 1, 4, 5, 6, 10
_DT_SONAME, _DT_RPATH, _DT_TEXTREL, _DT_RUNPATH, _DT_FLAGS = 14, 15, 22, 29, 30
_DT_RELR: Final = 36
_DT_GNU_HASH, _DT_VERSYM, _DT_VERDEF, _DT_VERDEFNUM = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD
_DT_VERNEED, _DT_VERNEEDNUM, _DT_MIPS_SYMTABNO = 0x6FFFFFFE, 0x6FFFFFFF, 0x70000011
_DF_TEXTREL: Final = 4
_SHT_DYNSYM: Final = 11
_SHT_ARM_ATTRIBUTES = _SHT_RISCV_ATTRIBUTES = 0x70000003
_VER_FLG_BASE, _VER_FLG_WEAK = 1, 2
_VERSYM_HIDDEN, _VERSYM_INDEX = 0x8000, 0x7FFF
_STB_LOCAL, _STB_WEAK = 0, 2
_LAST_LOCAL: Final = 15  # st_info of a local symbol: the binding is in the upper half
_LOCAL: Final = bytes(range(_LAST_LOCAL + 1))
_STRONG: Final = bytes(info > _LAST_LOCAL and info >> 4 != _STB_WEAK for info in range(256))
_STT_TLS, _SHN_ABS = 6, 0xFFF1
_EM_MIPS, _EM_ARM, _EM_RISCV, _EM_ALPHA, _EM_S390 = 8, 40, 243, 0x9026, 22

# Far above what real files have (libLLVM: 41,000 symbols, 4 MiB of names), and small enough to hold in memory.
_MAX_PROGRAM_HEADERS: Final = 4096
_MAX_SECTIONS: Final = 65536
_MAX_DYNAMIC: Final = 1 << 18
_MAX_NEEDED: Final = 1 << 12
_MAX_VERSIONS: Final = 1 << 12
_MAX_NAME: Final = 1 << 14
_MAX_SYMBOL_NAME: Final = 1 << 18  # C++ templates: names of 60 KB exist
_MAX_ATTRIBUTES: Final = 1 << 16
_MAX_NOTES: Final = 1 << 16
_MAX_SYMBOL_TABLE: Final = 1 << 26
_MAX_STRING_TABLE: Final = 1 << 27
_KEEP_STRINGS: Final = 1 << 18
_START: Final = 1 << 13
_SHORT_LIST: Final = 1 << 12
_NAMES_AT_ONCE: Final = 1 << 7


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


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfHeader:
    """What the ELF header states. ``byteorder`` is ``little`` or ``big``, ``type`` one of the ``ET_*``."""

    elf_machine: int
    bits: int
    byteorder: str
    flags: int
    type: int
    osabi: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfFile:
    """What the dynamic loader would learn from a file.

    ``rpath`` and ``runpath`` are split at colons, ``$ORIGIN`` unexpanded. ``verneed`` maps a library's NEEDED name to
    the versions wanted of it (weak wishes left out); ``verdef`` is the versions that the file itself provides.
    ``exec_stack`` is None when the file says nothing (no PT_GNU_STACK). ``load_align`` is the smallest alignment of
    its loadable segments, 0 without any. ``packed_relocations`` are those of DT_RELR. ``has_dynamic`` is False for static programs and object files.
    """

    path: str
    header: ElfHeader
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    soname: str = ""
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    verneed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    verdef: tuple[str, ...] = ()
    has_dynamic: bool = False
    exec_stack: bool | None = None
    text_relocations: bool = False
    packed_relocations: bool = False
    load_align: int = 0
    mips_fp_abi: int = 0
    """``fp_abi`` of a MIPS file's ``.MIPS.abiflags``, a ``Val_GNU_MIPS_ABI_FP_*``; 0 for any, and elsewhere."""
    mentions: frozenset[str] = frozenset()
    """Those of the names asked for (:func:`read_open`) that its dynamic string table holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Linkage:
    """The dynamic symbols of a file in the form in which a loader matches them (glibc's ``do_lookup_x``).

    ``wanted`` are the strong references, each ``name`` or ``name@VERSION``; weak ones may stay unresolved. ``offered``
    holds what a reference may be to find a definition here: ``name`` and ``name@VERSION``. A definition of ``loose``
    answers whatever version is asked for: it has none itself.
    """

    wanted: frozenset[bytes]
    offered: frozenset[bytes]
    loose: frozenset[bytes]

    def lacking(self, references: frozenset[bytes]) -> frozenset[bytes]:
        """Return those of ``references`` that find no definition in this file."""
        left = references - self.offered
        if left and self.loose:
            loose = self.loose
            left = frozenset([one for one in left if b"@" not in one or one.partition(b"@")[0] not in loose])
        return left


@dataclass(frozen=True, slots=True)
class _Layout:
    """The structures of one class and byte order."""

    word: Struct
    header: Struct
    segment: Struct
    section: Struct
    dynamic: Struct
    symbol: Struct
    half: Struct
    verneed: Struct
    vernaux: Struct
    verdef: Struct
    verdaux: Struct


def _layout(bits: int, order: str) -> _Layout:
    wide = bits == 64
    return _Layout(
        word=Struct(f"{order}I"),
        header=Struct(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH")),
        segment=Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII")),
        section=Struct(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")),
        dynamic=Struct(order + ("QQ" if wide else "II")),
        symbol=Struct(order + ("IBxHQ8x" if wide else "II4xBxH")),
        half=Struct(f"{order}H"),
        verneed=Struct(f"{order}HHIII"),
        vernaux=Struct(f"{order}IHHII"),
        verdef=Struct(f"{order}HHHHIII"),
        verdaux=Struct(f"{order}II"),
    )


_LAYOUTS: Final = {
    (bits, name): _layout(bits, order) for bits in (32, 64) for name, order in (("little", "<"), ("big", ">"))
}


# ------------------------------------------------------------------------------------------------- the ELF header

_header: Final = lru_cache(64)(ElfHeader)
"""A header: one object for all files of an image that state the same."""


class _Tables(NamedTuple):
    """Where the header says that the program and section headers are."""

    phoff: int
    phentsize: int
    phnum: int
    shoff: int
    shentsize: int
    shnum: int


def parse_header(head: bytes) -> ElfHeader | None:
    """Read the first :data:`HEAD_SIZE` bytes of a file (fewer only if the file is shorter).

    :returns: None if they are not those of an ELF file.
    :raises ElfDamaged: if the header is cut off or has an unknown class or byte order.
    """
    parsed = _parse_header(head)
    return None if parsed is None else parsed[0]


def _parse_header(head: bytes) -> tuple[ElfHeader, _Tables] | None:
    if head[:4] != _MAGIC:
        return None
    if len(head) < 16:
        raise ElfDamaged(f"the ELF header is cut off after {len(head)} bytes")
    bits = {1: 32, 2: 64}.get(head[4])
    byteorder = {1: "little", 2: "big"}.get(head[5])
    if bits is None or byteorder is None:
        raise ElfDamaged(f"the ELF header names no known class and byte order ({head[4]}, {head[5]})")
    layout = _LAYOUTS[bits, byteorder].header
    if len(head) < 16 + layout.size:
        raise ElfDamaged(f"the ELF header is cut off after {len(head)} of {16 + layout.size} bytes")
    kind, machine, _version, _entry, phoff, shoff, flags, _ehsize, phentsize, phnum, shentsize, shnum, _ = (
        layout.unpack_from(head, 16)
    )
    header = _header(
        elf_machine=machine, bits=bits, byteorder=byteorder, flags=flags, type=kind, osabi=head[7]
    )
    return header, _Tables(phoff, phentsize, phnum, shoff, shentsize, shnum)


def read_header(fd_or_path: int | str | os.PathLike[str]) -> ElfHeader | None:
    """Read the ELF header of an open file (from its start, wherever it is positioned) or of a path.

    :returns: None if it is not an ELF file, not a regular file either.
    :raises ElfDamaged: if it begins as ELF but its header is cut off or impossible.
    :raises OSError: if it cannot be opened or read.
    """
    if isinstance(fd_or_path, int):
        return parse_header(os.pread(fd_or_path, HEAD_SIZE, 0))
    try:
        with _opened(fd_or_path) as reader:
            return parse_header(reader.pread(HEAD_SIZE, 0))
    except NotElf:
        return None


@contextmanager
def _opened(source: Source) -> Iterator[Reader]:
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


class _Image:
    """One open ELF file: its header, its segments and what its ``.dynamic`` points to."""

    def __init__(self, reader: Reader, head: bytes = b"") -> None:
        self.pread = reader.pread
        self.size = reader.size
        parsed = _parse_header(head or self.pread(HEAD_SIZE, 0))
        if parsed is None:
            raise NotElf("not an ELF file")
        self.header, self.tables = parsed
        # Headers, and in small files all that a loader reads, lie here: one call instead of five.
        self.start = self.pread(_START, 0)
        self.layout = _LAYOUTS[self.header.bits, self.header.byteorder]
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
            if kind == _PT_LOAD:
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
                kind == _PT_DYNAMIC and in_file and self.dynamic_at is None
            ):  # debugging halves have none of it
                self.dynamic_at = (offset, in_file)
            elif kind == _PT_INTERP and not self.interpreter:
                if in_file > _MAX_NAME:
                    raise ElfDamaged(f"the name of the program interpreter has {in_file} bytes")
                name = self.at(offset, in_file, "the name of the program interpreter")
                self.interpreter = os.fsdecode(name.partition(b"\0")[0])
            elif kind == _PT_GNU_STACK:
                self.exec_stack = bool(flags & _PF_X)
            elif kind == _PT_NOTE:
                self.notes_at.append((offset, in_file))
            elif kind == _PT_MIPS_ABIFLAGS and self.header.elf_machine == _EM_MIPS:
                self.mips_fp_abi = self.at(offset, 24, ".MIPS.abiflags")[7]
            elif kind == _PT_RISCV_ATTRIBUTES and self.header.elf_machine == _EM_RISCV:
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
            if tag == _DT_NEEDED:
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
            if room > _MAX_STRING_TABLE:
                raise ElfDamaged(f".dynstr has {room} bytes, which is impossible")
            self._strings = self.at(offset, room, ".dynstr")
        return self._strings

    def _strings_at(self) -> tuple[int, int]:
        if _DT_STRTAB not in self.entries:
            raise ElfDamaged(".dynamic names strings but has no string table")
        offset, room = self.locate(self.entries[_DT_STRTAB], ".dynstr")
        size = self.entries.get(_DT_STRSZ, room)
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
        for library, version, _index, weak in self._versions_wanted():
            names = wanted.setdefault(library, [])
            if not weak:
                names.append(version)
        return {library: tuple(names) for library, names in wanted.items()}

    def _versions_wanted(self) -> list[tuple[str, str, int, bool]]:
        """Return ``(library, version, index in .gnu.version, is weak)``."""
        if _DT_VERNEED not in self.entries:
            return []
        raw = self._list(_DT_VERNEED, ".gnu.version_r", _SHORT_LIST)
        try:
            return self._wanted_in(raw)
        except _ListEnds:
            return self._wanted_in(self._list(_DT_VERNEED, ".gnu.version_r", _MAX_VERSIONS * 16))

    def _list(self, tag: int, what: str, most: int) -> bytes:
        offset, room = self.locate(self.entries[tag], what)
        return self.at(offset, min(room, most), what)

    def _wanted_in(self, raw: bytes) -> list[tuple[str, str, int, bool]]:
        found: list[tuple[str, str, int, bool]] = []
        layout, string = self.layout, self.string
        libraries = self.entries.get(_DT_VERNEEDNUM, _MAX_VERSIONS)
        for at, (_version, count, library, first, _) in _linked(raw, layout.verneed, libraries, 0):
            name = string(library)
            found += [
                (name, string(version), index & _VERSYM_INDEX, bool(flags & _VER_FLG_WEAK))
                for _, (_hash, flags, index, version, _) in _linked(raw, layout.vernaux, count, at + first)
            ]
            if len(found) > _MAX_VERSIONS:
                raise ElfDamaged("the list of wanted symbol versions is impossibly long")
        return found

    def verdef(self) -> tuple[str, ...]:
        return tuple([name for name, _ in self._versions_defined()])

    def _versions_defined(self) -> list[tuple[str, int]]:
        """Return ``(version, index in .gnu.version)``, the file's own name left out."""
        if _DT_VERDEF not in self.entries:
            return []
        raw = self._list(_DT_VERDEF, ".gnu.version_d", _SHORT_LIST)
        try:
            return list(self._each_version_defined(raw))
        except _ListEnds:
            raw = self._list(_DT_VERDEF, ".gnu.version_d", _MAX_VERSIONS * 28)
            return list(self._each_version_defined(raw))

    def _each_version_defined(self, raw: bytes) -> Iterator[tuple[str, int]]:
        verdaux = self.layout.verdaux
        versions = self.entries.get(_DT_VERDEFNUM, _MAX_VERSIONS)
        for at, (_version, flags, index, _count, _hash, first, _) in _linked(
            raw, self.layout.verdef, versions, 0
        ):
            if flags & _VER_FLG_BASE:
                continue
            if at + first + verdaux.size > len(raw):
                raise _ListEnds("a symbol version's name is outside .gnu.version_d")
            yield self.string(verdaux.unpack_from(raw, at + first)[0]), index & _VERSYM_INDEX

    # ------------------------------------------------------------------------------------------ symbols

    def symbols(self) -> Iterator[tuple[str, bool]]:
        """Yield ``(name, is defined here)`` of the global and weak dynamic symbols."""
        columns = self._symbol_columns()
        rows = [row for row in zip(*columns, strict=True) if row[0] and row[1] >> 4 != _STB_LOCAL]
        texts = _texts(self.strings() if rows else b"", [row[0] for row in rows])
        for text, (_, info, section, value) in zip(texts, rows, strict=True):
            if not section or _is_defined(info, section, value):
                yield text.decode("utf-8", "surrogateescape"), section != 0

    def _symbol_columns(self) -> tuple[array[int], bytes, array[int], array[int]]:
        """Return name, info, section and value of the dynamic symbols, a column each."""
        if _DT_SYMTAB not in self.entries:
            return array("I"), b"", array("I"), array("I")
        size = self.layout.symbol.size
        offset, room = self.locate(self.entries[_DT_SYMTAB], ".dynsym")
        length = self._symbol_count() * size
        if length > min(room, _MAX_SYMBOL_TABLE):
            raise ElfDamaged(f".dynsym has {length} bytes, but its segment ends after {room}")
        raw = self.at(offset, length, ".dynsym")
        words, halves = self._numbers("I", raw), self._numbers("H", raw)
        if self.header.bits == 64:
            return words[0::6], raw[4::24], halves[3::12], self._numbers("Q", raw)[1::3]
        return words[0::4], raw[12::16], halves[7::8], words[1::4]

    def _numbers(self, code: str, raw: bytes) -> array[int]:
        numbers = array(code, raw)
        if self.header.byteorder != sys.byteorder:
            numbers.byteswap()
        return numbers

    def linkage(self, *, versions: bool) -> Linkage:
        """Return the dynamic symbols as a loader matches them; without ``versions``, as musl's does.

        A large image has half a million symbols that Python loads: hence columns, and no loop with a step to spare.
        """
        places, infos, sections, values = self._symbol_columns()
        marks = self._symbol_versions()
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
        names = self._version_names() if versions else {}
        strings = self.strings() if places else b""
        texts = _texts(strings, list(compress(places[local:], are_wanted)))
        wanted_marks = list(compress(marks[local:], are_wanted))
        if names:
            tails = {**dict.fromkeys(wanted_marks, b""), **names}
            texts = list(map(add, texts, map(tails.__getitem__, wanted_marks)))
        wanted = frozenset(filter(None, texts))
        texts = _texts(strings, list(compress(places[end:], are_defined)))
        defined_marks = list(compress(marks[end:], are_defined))
        offered, loose = _offered(
            texts, defined_marks, names, has_versions=versions and _DT_VERDEF in self.entries
        )
        return Linkage(wanted=wanted, offered=offered, loose=loose)

    def _version_names(self) -> dict[int, bytes]:
        """Return ``@VERSION`` of each number that stands in ``.gnu.version``, hidden or not."""
        if _DT_VERSYM not in self.entries:
            return {}
        found = {index: os.fsencode(f"@{version}") for _, version, index, _ in self._versions_wanted()}
        found |= {index: os.fsencode(f"@{version}") for version, index in self._versions_defined()}
        return found | {index | _VERSYM_HIDDEN: name for index, name in found.items()}

    def _symbol_versions(self) -> array[int]:
        """Return ``.gnu.version``: a number per dynamic symbol; empty without one."""
        if _DT_VERSYM not in self.entries:
            return array("I")
        offset, room = self.locate(self.entries[_DT_VERSYM], ".gnu.version")
        length = min(2 * self._symbol_count(), room - room % 2, _MAX_SYMBOL_TABLE)
        return self._numbers("H", self.at(offset, length, ".gnu.version"))

    def _symbol_count(self) -> int:
        """Return how many dynamic symbols there are; no tag of ``.dynamic`` says it directly."""
        for kind, size, entsize in self._dynsym_sections():
            if kind == _SHT_DYNSYM and entsize == self.layout.symbol.size:
                return size // entsize
        if self.header.elf_machine == _EM_MIPS and _DT_MIPS_SYMTABNO in self.entries:
            return self.entries[_DT_MIPS_SYMTABNO]
        if _DT_HASH in self.entries:
            # Alpha and s390x (64 bit) have hash tables of 8-byte words.
            wide = self.header.bits == 64 and self.header.elf_machine in {_EM_S390, _EM_ALPHA}
            width = 8 if wide else 4
            offset, _ = self.locate(self.entries[_DT_HASH], ".hash")
            raw = self.at(offset + width, width, ".hash")
            return int.from_bytes(raw, "little" if self.header.byteorder == "little" else "big")
        if _DT_GNU_HASH in self.entries:
            return self._gnu_hash_count()
        return 0

    def _dynsym_sections(self) -> Iterator[tuple[int, int, int]]:
        try:
            for row in self.sections():
                yield row[1], row[5], row[9]
        except ElfDamaged:
            return  # the loader never looks at sections: a cut section table is no reason to give up

    def _gnu_hash_count(self) -> int:
        word = self.layout.word
        offset, room = self.locate(self.entries[_DT_GNU_HASH], ".gnu.hash")
        raw = self.at(offset, min(room, _MAX_SYMBOL_TABLE), ".gnu.hash")
        try:
            buckets, first = word.unpack_from(raw, 0)[0], word.unpack_from(raw, 4)[0]
            at = 16 + word.unpack_from(raw, 8)[0] * (self.header.bits // 8)
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

    # ----------------------------------------------------------------------------------------- sections

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
            if row[1] == _SHT_ARM_ATTRIBUTES:
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
                if kind == _NT_GNU_PROPERTY_TYPE_0 and raw[at + 12 : at + 16] == b"GNU\0":
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
            soname=self.optional_string(_DT_SONAME),
            rpath=_split(self.optional_string(_DT_RPATH)),
            runpath=_split(self.optional_string(_DT_RUNPATH)),
            verneed=self.verneed(),
            verdef=self.verdef(),
            has_dynamic=self.dynamic_at is not None,
            exec_stack=self.exec_stack,
            text_relocations=_DT_TEXTREL in entries or bool(entries.get(_DT_FLAGS, 0) & _DF_TEXTREL),
            packed_relocations=_DT_RELR in entries,
            load_align=self.load_align,
            mips_fp_abi=self.mips_fp_abi,
            mentions=self.mentions(names) if names else frozenset(),
        )

    def mentions(self, names: Collection[str]) -> frozenset[str]:
        """Return those of ``names`` that ``.dynstr`` holds: a search through its bytes, far cheaper than symbols."""
        if _DT_STRTAB not in self.entries:
            return frozenset()
        strings = self.strings()  # begins with a NUL: the empty name
        return frozenset(name for name in names if b"\0%b\0" % os.fsencode(name) in strings)


def _offered(
    names: list[bytes], marks: list[int], versions: Mapping[int, bytes], *, has_versions: bool
) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return ``offered`` and ``loose`` of :class:`Linkage`; a mark is a definition's entry in ``.gnu.version``."""
    if not has_versions:
        if max(marks, default=0) >= _VERSYM_HIDDEN:
            names = [name for name, mark in zip(names, marks, strict=False) if mark < _VERSYM_HIDDEN]
        offered = frozenset(names)
        return offered, offered
    rows = list(zip(names, marks, strict=False))
    # Index 2 is the file's first version: what programs older than its versions mean.
    several = [name for name, mark in rows if mark <= _VERSYM_HIDDEN + 2]
    several += [name + versions[mark] for name, mark in rows if mark in versions]
    loose = [name for name, mark in rows if mark < _VERSYM_HIDDEN and mark not in versions]
    return frozenset(several), frozenset(loose)


def _first_defined(sections: array[int], start: int) -> int:
    """Return where the symbols that are in no section end, from ``start`` on."""
    raw = sections[start:].tobytes()
    return start + (len(raw) - len(raw.lstrip(b"\0"))) // sections.itemsize


def _is_defined(info: int, section: int, value: int) -> bool:
    """Say whether a loader takes a symbol of a section for a definition: one at address 0 is none, unless it is absolute
    or an offset of thread-local storage.
    """
    return section != 0 and (value != 0 or section == _SHN_ABS or info & 15 == _STT_TLS)


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
    budget = 8 * len(strings) + _MAX_STRING_TABLE // 4
    texts: list[bytes] = []
    for start in range(0, len(places), _NAMES_AT_ONCE):
        some = [strings[at : find(b"\0", at)] for at in places[start : start + _NAMES_AT_ONCE]]
        budget -= sum(map(len, some))
        if budget < 0:
            raise ElfDamaged("the names of the symbols are impossibly long")
        texts += some
    return texts


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


def read(source: Source) -> ElfFile:
    """Read what the dynamic loader would learn from an ELF file.

    :raises NotElf: if it is no ELF file.
    :raises ElfDamaged: if it is cut off or contradicts itself.
    :raises OSError: if it cannot be opened.
    """
    with _opened(source) as reader:
        path = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
        return _Image(reader).facts(path)


def read_open(reader: Reader, path: str, head: bytes = b"", names: Collection[str] = ()) -> ElfFile:
    """Like :func:`read`, for a file that is open already.

    :param head: its first bytes, if the caller has them.
    :param names: symbols to look for; those found are the result's ``mentions``.
    """
    return _Image(reader, head).facts(path, names)


def defined_symbols(source: Source) -> frozenset[str]:
    """Return the names that the file exports (its global and weak dynamic symbols).

    :raises ElfDamaged: as :func:`read`.
    """
    with _opened(source) as reader:
        return frozenset(name for name, defined in _Image(reader).symbols() if defined)


def undefined_symbols(source: Source) -> frozenset[str]:
    """Return the names that the file wants of others, weakly or not.

    :raises ElfDamaged: as :func:`read`.
    """
    with _opened(source) as reader:
        return frozenset(name for name, defined in _Image(reader).symbols() if not defined)


def linkage(source: Source, *, versions: bool = True) -> Linkage:
    """Return the dynamic symbols of a file as a loader matches them.

    :param versions: False for musl's loader, which knows no versions: the default one of a name answers.
    :raises ElfDamaged: as :func:`read`.
    """
    with _opened(source) as reader:
        return _Image(reader).linkage(versions=versions)


# -------------------------------------------------------------------------------------------------- notes

_NT_GNU_PROPERTY_TYPE_0: Final = 5
_GNU_PROPERTY_X86_ISA_1_NEEDED: Final = 0xC0008002


def x86_isa_needed(source: Source) -> int:
    """Return the bits of ``GNU_PROPERTY_X86_ISA_1_NEEDED``: 1 baseline, 2 v2, 4 v3, 8 v4; 0 where no note says it.

    Source: x86-64 psABI, "Program Property".

    :raises ElfDamaged: as :func:`read`.
    """
    with _opened(source) as reader:
        return _Image(reader).property_bits(_GNU_PROPERTY_X86_ISA_1_NEEDED)


# --------------------------------------------------------------------------------------------- build attributes

_ULEB: Final = re.compile(rb"[\x80-\xff]{0,4}[\x00-\x7f]")
_TAG_FILE: Final = 1
_TAG_COMPATIBILITY: Final = 32
_STRING_TAGS: Final = {"aeabi": frozenset({4, 5}), "riscv": frozenset(range(1, 33, 2))}
_ARM_TAGS: Final = {
    4: "Tag_CPU_raw_name",
    5: "Tag_CPU_name",
    6: "Tag_CPU_arch",
    7: "Tag_CPU_arch_profile",
    8: "Tag_ARM_ISA_use",
    9: "Tag_THUMB_ISA_use",
    10: "Tag_FP_arch",
    11: "Tag_WMMX_arch",
    12: "Tag_Advanced_SIMD_arch",
    13: "Tag_PCS_config",
    14: "Tag_ABI_PCS_R9_use",
    15: "Tag_ABI_PCS_RW_data",
    16: "Tag_ABI_PCS_RO_data",
    17: "Tag_ABI_PCS_GOT_use",
    18: "Tag_ABI_PCS_wchar_t",
    19: "Tag_ABI_FP_rounding",
    20: "Tag_ABI_FP_denormal",
    21: "Tag_ABI_FP_exceptions",
    22: "Tag_ABI_FP_user_exceptions",
    23: "Tag_ABI_FP_number_model",
    24: "Tag_ABI_align_needed",
    25: "Tag_ABI_align_preserved",
    26: "Tag_ABI_enum_size",
    27: "Tag_ABI_HardFP_use",
    28: "Tag_ABI_VFP_args",
    29: "Tag_ABI_WMMX_args",
    30: "Tag_ABI_optimization_goals",
    31: "Tag_ABI_FP_optimization_goals",
    32: "Tag_compatibility",
    34: "Tag_CPU_unaligned_access",
    36: "Tag_FP_HP_extension",
    38: "Tag_ABI_FP_16bit_format",
    42: "Tag_MPextension_use",
    44: "Tag_DIV_use",
    46: "Tag_DSP_extension",
    64: "Tag_nodefaults",
    65: "Tag_also_compatible_with",
    66: "Tag_T2EE_use",
    67: "Tag_conformance",
    68: "Tag_Virtualization_use",
}
_RISCV_TAGS: Final = {
    4: "Tag_stack_align",
    5: "Tag_arch",
    6: "Tag_unaligned_access",
    8: "Tag_priv_spec",
    10: "Tag_priv_spec_minor",
    12: "Tag_priv_spec_revision",
    14: "Tag_atomic_abi",
}


def arm_attributes(source: Source) -> Mapping[str, object]:
    """Return the build attributes of an ARM file by name: ``Tag_CPU_arch``, ``Tag_ABI_VFP_args`` ...

    They live in a section; {} for a file without one (or without section headers), or of another architecture.
    Tags without a name here are ``Tag_N``. Values are numbers, or texts where the format says so.

    :raises ElfDamaged: as :func:`read`.
    """
    return _named_attributes(source, _EM_ARM, "aeabi")


def riscv_attributes(source: Source) -> Mapping[str, object]:
    """Return the build attributes of a RISC-V file: ``Tag_arch`` (``rv64i2p1_m2p0_...``), ``Tag_stack_align`` ...

    :raises ElfDamaged: as :func:`read`.
    """
    return _named_attributes(source, _EM_RISCV, "riscv")


def _named_attributes(source: Source, machine: int, vendor: str) -> dict[str, object]:
    with _opened(source) as reader:
        image = _Image(reader)
        raw = image.attributes() if image.header.elf_machine == machine else b""
    if not raw:
        return {}
    names = _ARM_TAGS if machine == _EM_ARM else _RISCV_TAGS
    pairs = _file_attributes(raw, vendor, "little" if image.header.byteorder == "little" else "big")
    return {names.get(tag, f"Tag_{tag}"): value for tag, value in pairs}


def _file_attributes(raw: bytes, vendor: str, order: str) -> Iterator[tuple[int, object]]:
    """Yield ``(tag, value)`` of the vendor's attributes that hold for the whole file.

    Format: ARM IHI 0045 section 3 (RISC-V uses the same): ``A``, then per vendor its length and name, then per scope
    a tag and its length, then pairs of ULEB128 tag and a value that is a string for odd tags above 32.
    """
    big = order == "big"
    if raw[:1] != b"A":
        return
    at = 1
    while at + 4 <= len(raw):
        length = int.from_bytes(raw[at : at + 4], "big" if big else "little")
        if length < 4 or at + length > len(raw):
            raise ElfDamaged("the build attributes run out of their section")
        name, _, scopes = raw[at + 4 : at + length].partition(b"\0")
        if name == vendor.encode():
            yield from _scoped_attributes(scopes, vendor, big=big)
        at += length


def _scoped_attributes(raw: bytes, vendor: str, *, big: bool) -> Iterator[tuple[int, object]]:
    at = 0
    while at + 5 <= len(raw):
        length = int.from_bytes(raw[at + 1 : at + 5], "big" if big else "little")
        if length < 5 or at + length > len(raw):
            raise ElfDamaged("the build attributes run out of their section")
        if raw[at] == _TAG_FILE:
            yield from _pairs(raw[at + 5 : at + length], vendor)
        at += length


def _pairs(raw: bytes, vendor: str) -> Iterator[tuple[int, object]]:
    at = 0
    while at < len(raw):
        tag, at = _uleb(raw, at)
        value: object
        if tag == _TAG_COMPATIBILITY and vendor == "aeabi":
            value, at = _uleb(raw, at)
            _, at = _text(raw, at)
        elif tag in _STRING_TAGS[vendor] or (tag > _TAG_COMPATIBILITY and tag % 2):
            value, at = _text(raw, at)
        else:
            value, at = _uleb(raw, at)
        yield tag, value


def _uleb(raw: bytes, at: int) -> tuple[int, int]:
    match = _ULEB.match(raw, at)
    if match is None:
        raise ElfDamaged("a build attribute is cut off")
    value = sum((byte & 0x7F) << (7 * index) for index, byte in enumerate(match.group()))
    return value, match.end()


def _text(raw: bytes, at: int) -> tuple[str, int]:
    end = raw.find(b"\0", at)
    if end < 0:
        raise ElfDamaged("a build attribute is cut off")
    return raw[at:end].decode("utf-8", "replace"), end + 1
