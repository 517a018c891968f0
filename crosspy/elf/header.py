"""The ELF header, and the layout of the structures that its class and byte order give (gABI chapter 4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from crosspy.elf.facts import ElfHeader
from crosspy.elf.source import ElfDamaged

HEAD_SIZE: Final = 64
"""How many first bytes :func:`parse_header` wants: the size of the larger of the two ELF headers."""

_MAGIC: Final = b"\x7fELF"


@dataclass(frozen=True, slots=True)
class Layout:
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


def _layout(bits: int, order: str) -> Layout:
    wide = bits == 64
    return Layout(
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


LAYOUTS: Final = {
    (bits, name): _layout(bits, order) for bits in (32, 64) for name, order in (("little", "<"), ("big", ">"))
}

_header: Final = lru_cache(64)(ElfHeader)
"""A header: one object for all files of an image that state the same."""


class Tables(NamedTuple):
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
    parsed = parse(head)
    return None if parsed is None else parsed[0]


def parse(head: bytes) -> tuple[ElfHeader, Tables] | None:
    if head[:4] != _MAGIC:
        return None
    if len(head) < 16:
        raise ElfDamaged(f"the ELF header is cut off after {len(head)} bytes")
    bits = {1: 32, 2: 64}.get(head[4])
    byteorder = {1: "little", 2: "big"}.get(head[5])
    if bits is None or byteorder is None:
        raise ElfDamaged(f"the ELF header names no known class and byte order ({head[4]}, {head[5]})")
    layout = LAYOUTS[bits, byteorder].header
    if len(head) < 16 + layout.size:
        raise ElfDamaged(f"the ELF header is cut off after {len(head)} of {16 + layout.size} bytes")
    kind, machine, _version, _entry, phoff, shoff, flags, _ehsize, phentsize, phnum, shentsize, shnum, _ = (
        layout.unpack_from(head, 16)
    )
    header = _header(
        elf_machine=machine, bits=bits, byteorder=byteorder, flags=flags, type=kind, osabi=head[7]
    )
    return header, Tables(phoff, phentsize, phnum, shoff, shentsize, shnum)
