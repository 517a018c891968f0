"""Build attributes: what the compiler of an ARM or RISC-V file wrote down of the processor and the ABI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crosspy.elf.source import ElfDamaged

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


def named(raw: bytes, vendor: str, byteorder: str) -> dict[str, object]:
    """Return the attributes that ``vendor`` (``aeabi``, ``riscv``) defines, by name; one without a name here is ``Tag_N``.

    :raises ElfDamaged: if they run out of their section.
    """
    names = {"aeabi": _ARM_TAGS, "riscv": _RISCV_TAGS}[vendor]
    pairs = _file_attributes(raw, vendor, "little" if byteorder == "little" else "big")
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
