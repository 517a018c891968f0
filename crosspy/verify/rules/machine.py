"""XP101, XP102, XP104: code for another processor, calling convention or C library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crosspy.elf import ET_DYN, ET_EXEC, ElfDamaged, ElfFile, ElfHeader, arm_attributes
from crosspy.model.finding import Finding, Severity
from crosspy.model.machine import abi_conflicts, abi_of
from crosspy.verify.expectation import (
    Expectation,
    libc_of,
    libc_of_interpreter,
    machine_matches,
    machine_text,
)
from crosspy.verify.extensions import is_extension
from crosspy.verify.places import Place, place_of, severity_of
from crosspy.verify.rules import Rule
from crosspy.verify.tree import Image, basename

XP101: Final = Rule(
    id="XP101",
    title="built for another machine",
    why="The dynamic loader refuses the file: 'wrong ELF class', 'ELF file OS ABI invalid', or 'Exec format "
    "error' for a program. Usually a package's build ran the build machine's compiler, or a wheel of the build "
    "machine was unpacked into the image.",
    fix="Build the package for the target: crosspy wheel ENV NAME, then crosspy install ENV --root ROOTFS.",
    reference="https://github.com/numpy/numpy/issues/16013",
)
XP102: Final = Rule(
    id="XP102",
    title="other float ABI or ELF flags than the target",
    why="Machine and word size agree, but arguments are passed in other registers (ARM and RISC-V hard and soft "
    "float, MIPS o32/n32 and NaN encoding, PowerPC64 ELFv1/v2). The loader refuses the file, or worse, loads it and "
    "numbers come out wrong.",
    fix="Build with the target's flags (-mfloat-abi=, -mabi=): check the CC that crosspy env ENV prints.",
    reference="https://github.com/ARM-software/abi-aa/blob/main/aaelf32/aaelf32.rst",
)
XP104: Final = Rule(
    id="XP104",
    title="linked with another C library",
    why="A file made for glibc finds neither its loader nor its symbols on a musl system, and the other way round: "
    "'Error relocating ...: symbol not found' or 'No such file or directory' for a program that is there.",
    fix="Build against the target's C library; a manylinux wheel is for glibc, a musllinux wheel for musl.",
    reference="https://peps.python.org/pep-0656/",
)
RULES: Final = (XP101, XP102, XP104)

_EM_BPF: Final = 247
_EM_NONE: Final = 0
_EM_ARM: Final = 40
_OF_LINUX: Final = frozenset({0, 3, 64, 97})  # System V, GNU, and ARM's own two
_SYSTEMS: Final = {2: " (NetBSD)", 6: " (Solaris)", 9: " (FreeBSD)", 12: " (OpenBSD)", 255: " (no system)"}


def check(image: Image, expectation: Expectation) -> Iterator[Finding]:
    """Compare each ELF file's header, and what it links with, with the target."""
    loaders = _loaders(image)
    for path, elf in image.elf.items():
        if not machine_matches(expectation.machine, elf.header):
            yield from _other_machine(image, expectation, path, elf.header, loaders)
            continue
        if elf.has_dynamic and place_of(path) is not Place.PAYLOAD:
            if elf.header.osabi not in _OF_LINUX:
                yield _other_system(image, path, elf.header)
            yield from _other_abi(image, expectation, path, elf)
            yield from _other_libc(image, expectation, path, elf)


def _key(header: ElfHeader) -> tuple[int, int, str]:
    return header.elf_machine, header.bits, header.byteorder


def _loaders(image: Image) -> frozenset[tuple[int, int, str]]:
    """Return the machines that the image has a dynamic loader for: multilib images have two."""
    return frozenset(
        _key(elf.header)
        for path, elf in image.elf.items()
        if basename(path).startswith(("ld-", "ld.so", "ld64.so"))
        and ".so" in path
        and elf.header.type == ET_DYN
    )


def _other_machine(
    image: Image,
    expectation: Expectation,
    path: str,
    header: ElfHeader,
    loaders: frozenset[tuple[int, int, str]],
) -> Iterator[Finding]:
    extension = is_extension(image, path)
    if not extension and header.elf_machine in {_EM_BPF, _EM_NONE}:
        return  # BPF programs run in the kernel, Guile's compiled modules in Guile
    severity = severity_of(path, extension=extension)
    message = "built for another machine"
    if severity is Severity.ERROR and not extension and _key(header) in loaders:
        severity = Severity.WARNING
        message = "built for another machine, one that this image has a dynamic loader for"
    machine = expectation.machine
    yield XP101.finding(
        path,
        severity,
        message,
        expected=machine_text(machine.elf_machine, machine.bits, machine.byteorder),
        found=machine_text(*_key(header)),
    )


def _other_system(image: Image, path: str, header: ElfHeader) -> Finding:
    return XP101.finding(
        path,
        _severity(image, path),
        "built for another operating system",
        expected="ELF OS ABI 0 (System V) or 3 (Linux)",
        found=f"ELF OS ABI {header.osabi}" + _SYSTEMS.get(header.osabi, ""),
    )


def _severity(image: Image, path: str) -> Severity:
    return severity_of(path, extension=is_extension(image, path))


def _other_abi(image: Image, expectation: Expectation, path: str, elf: ElfFile) -> Iterator[Finding]:
    if elf.header.type not in {ET_EXEC, ET_DYN}:
        return
    found = abi_of(elf.header.elf_machine, elf.header.bits, elf.header.flags) | mips_float(elf)
    if elf.header.elf_machine == _EM_ARM and "float" not in found and "float" in expectation.abi:
        found |= arm_float(image, path)
    for what, expected, actual in abi_conflicts(dict(expectation.abi), found):
        yield XP102.finding(
            path,
            _severity(image, path),
            f"other {_ABI_WORDS.get(what, what)} than the target",
            expected=f"{what} {expected}",
            found=f"{what} {actual}",
        )


_ABI_WORDS: Final = {
    "float": "float ABI",
    "eabi": "EABI version",
    "nan": "NaN encoding",
    "elf": "ELF ABI",
    "abi": "ABI",
    "registers": "width of floating point registers",
}


def mips_float(elf: ElfFile) -> dict[str, str]:
    """Return the float ABI of a MIPS file: soft or hard, and the width of its registers unless it takes either.

    Values of ``fp_abi``: binutils' ``include/elf/mips.h``, ``Val_GNU_MIPS_ABI_FP_*``.
    """
    kinds = {
        1: {"float": "hard", "registers": "32"},
        2: {"float": "single"},
        3: {"float": "soft"},
        5: {"float": "hard"},
        6: {"float": "hard", "registers": "64"},
        7: {"float": "hard", "registers": "64"},
    }
    found = kinds.get(elf.mips_fp_abi, {})
    wide = elf.header.bits == 64 or elf.header.flags & 0x20  # n64 and n32 have 64-bit registers, said or not
    return {"float": found["float"]} if wide and found else found


def arm_float(image: Image, path: str) -> dict[str, str]:
    """Return the float ABI that an ARM file's build attributes state, for one whose ELF flags state none.

    ``Tag_ABI_VFP_args`` 1 is hard; 3 fits both. Base (soft) is 0, the default that tools leave out, so its absence
    counts only where the compiler left its other floating point attributes.
    """
    try:
        with image.open(path) as reader:
            attributes = arm_attributes(reader)
    except (ElfDamaged, OSError):
        return {}
    arguments = attributes.get("Tag_ABI_VFP_args", 0)
    if arguments == 1:
        return {"float": "hard"}
    if arguments == 0 and "Tag_ABI_FP_number_model" in attributes:
        return {"float": "soft"}
    return {}


def _other_libc(image: Image, expectation: Expectation, path: str, elf: ElfFile) -> Iterator[Finding]:
    kind, name = libc_of(elf)
    if not kind or not expectation.libc or kind == expectation.libc:
        return
    severity = _severity(image, path)
    # Alpine's gcompat, or an application that brings its own C library: it may well run.
    if severity is Severity.ERROR and not is_extension(image, path) and _present(image, elf, name):
        severity = Severity.WARNING
    yield XP104.finding(
        path,
        severity,
        "linked with another C library",
        expected=expectation.libc,
        found=f"{kind} ({name})",
    )


def _present(image: Image, elf: ElfFile, name: str) -> bool:
    interpreter = elf.interpreter or (name if libc_of_interpreter(name) else "")
    return bool(interpreter) and image.exists(interpreter)
