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
from collections.abc import Collection, Mapping

from crosspy.elf import attributes, symbols
from crosspy.elf.abi import EM_ARM, EM_RISCV, ET_CORE, ET_DYN, ET_EXEC, ET_REL, GNU_PROPERTY_X86_ISA_1_NEEDED
from crosspy.elf.facts import ElfFile, ElfHeader, Linkage
from crosspy.elf.header import HEAD_SIZE, parse_header
from crosspy.elf.image import Image
from crosspy.elf.source import ElfDamaged, FileReader, NotElf, Reader, Source, opened

__all__ = [
    "ET_CORE",
    "ET_DYN",
    "ET_EXEC",
    "ET_REL",
    "HEAD_SIZE",
    "ElfDamaged",
    "ElfFile",
    "ElfHeader",
    "FileReader",
    "Linkage",
    "NotElf",
    "Reader",
    "Source",
    "arm_attributes",
    "defined_symbols",
    "linkage",
    "parse_header",
    "read",
    "read_header",
    "read_open",
    "riscv_attributes",
    "undefined_symbols",
    "x86_isa_needed",
]


def read_header(fd_or_path: int | str | os.PathLike[str]) -> ElfHeader | None:
    """Read the ELF header of an open file (from its start, wherever it is positioned) or of a path.

    :returns: None if it is not an ELF file, not a regular file either.
    :raises ElfDamaged: if it begins as ELF but its header is cut off or impossible.
    :raises OSError: if it cannot be opened or read.
    """
    if isinstance(fd_or_path, int):
        return parse_header(os.pread(fd_or_path, HEAD_SIZE, 0))
    try:
        with opened(fd_or_path) as reader:
            return parse_header(reader.pread(HEAD_SIZE, 0))
    except NotElf:
        return None


def read(source: Source) -> ElfFile:
    """Read what the dynamic loader would learn from an ELF file.

    :raises NotElf: if it is no ELF file.
    :raises ElfDamaged: if it is cut off or contradicts itself.
    :raises OSError: if it cannot be opened.
    """
    with opened(source) as reader:
        path = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
        return Image(reader).facts(path)


def read_open(reader: Reader, path: str, head: bytes = b"", names: Collection[str] = ()) -> ElfFile:
    """Like :func:`read`, for a file that is open already.

    :param head: its first bytes, if the caller has them.
    :param names: symbols to look for; those found are the result's ``mentions``.
    """
    return Image(reader, head).facts(path, names)


def defined_symbols(source: Source) -> frozenset[str]:
    """Return the names that the file exports (its global and weak dynamic symbols).

    :raises ElfDamaged: as :func:`read`.
    """
    with opened(source) as reader:
        return frozenset(name for name, defined in symbols.each(Image(reader)) if defined)


def undefined_symbols(source: Source) -> frozenset[str]:
    """Return the names that the file wants of others, weakly or not.

    :raises ElfDamaged: as :func:`read`.
    """
    with opened(source) as reader:
        return frozenset(name for name, defined in symbols.each(Image(reader)) if not defined)


def linkage(source: Source, *, versions: bool = True) -> Linkage:
    """Return the dynamic symbols of a file as a loader matches them.

    :param versions: False for musl's loader, which knows no versions: the default one of a name answers.
    :raises ElfDamaged: as :func:`read`.
    """
    with opened(source) as reader:
        return symbols.linkage(Image(reader), versions=versions)


def x86_isa_needed(source: Source) -> int:
    """Return the bits of ``GNU_PROPERTY_X86_ISA_1_NEEDED``: 1 baseline, 2 v2, 4 v3, 8 v4; 0 where no note says it.

    Source: x86-64 psABI, "Program Property".

    :raises ElfDamaged: as :func:`read`.
    """
    with opened(source) as reader:
        return Image(reader).property_bits(GNU_PROPERTY_X86_ISA_1_NEEDED)


def arm_attributes(source: Source) -> Mapping[str, object]:
    """Return the build attributes of an ARM file by name: ``Tag_CPU_arch``, ``Tag_ABI_VFP_args`` ...

    They live in a section; {} for a file without one (or without section headers), or of another architecture.
    Tags without a name here are ``Tag_N``. Values are numbers, or texts where the format says so.

    :raises ElfDamaged: as :func:`read`.
    """
    return _named_attributes(source, EM_ARM, "aeabi")


def riscv_attributes(source: Source) -> Mapping[str, object]:
    """Return the build attributes of a RISC-V file: ``Tag_arch`` (``rv64i2p1_m2p0_...``), ``Tag_stack_align`` ...

    :raises ElfDamaged: as :func:`read`.
    """
    return _named_attributes(source, EM_RISCV, "riscv")


def _named_attributes(source: Source, machine: int, vendor: str) -> dict[str, object]:
    with opened(source) as reader:
        image = Image(reader)
        if image.header.elf_machine != machine:
            return {}
        return attributes.named(image.attributes(), vendor, image.header.byteorder)
