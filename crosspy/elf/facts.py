"""What is known of an ELF file once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
