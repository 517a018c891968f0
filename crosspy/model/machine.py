"""One row per architecture: what each tool of the field calls it.

Sources: GNU config.sub, Debian's ``dpkg-architecture`` tables, Meson's "Reference tables", CMake's
``CMAKE_SYSTEM_PROCESSOR`` practice, Rust's platform support page, glibc's ``elf/elf.h``, Linux's ``uname -m``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

ByteOrder = Literal["little", "big"]
Bits = Literal[32, 64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """An architecture, as the tools of the field name it.

    ``gnu`` is a pattern for the first part of a GNU triplet. ``uname`` is what ``uname -m`` says by default.
    ``align8`` is the alignment, in bytes, of an 8-byte integer inside a C struct.
    """

    name: str
    gnu: str
    elf_machine: int
    bits: Bits
    byteorder: ByteOrder
    uname: str
    meson: str
    cmake: str
    rust: str
    qemu: str
    align8: int = 8

    @property
    def elf_class(self) -> int:
        """EI_CLASS: 1 for ELFCLASS32, 2 for ELFCLASS64."""
        return self.bits // 32


def _row(
    name: str,
    gnu: str,
    elf_machine: int,
    bits: Bits,
    byteorder: ByteOrder,
    *,
    uname: str = "",
    meson: str = "",
    cmake: str = "",
    rust: str = "",
    qemu: str = "",
    align8: int = 8,
) -> Machine:
    return Machine(
        name=name,
        gnu=gnu,
        elf_machine=elf_machine,
        bits=bits,
        byteorder=byteorder,
        uname=uname or name,
        meson=meson or name,
        cmake=cmake or uname or name,
        rust=rust or name,
        qemu=qemu or name,
        align8=align8,
    )


MACHINES: Final = (
    _row("aarch64", "aarch64|arm64", 183, 64, "little"),
    _row("aarch64_be", "aarch64_be", 183, 64, "big", meson="aarch64"),
    _row(
        "arm",
        r"arm(?!64)(v\d\w*?)?(?<!eb)(?<!b)|xscale",
        40,
        32,
        "little",
        uname="armv7l",
        meson="arm",
        cmake="arm",
    ),
    _row("armeb", r"arm(v\d\w*?)?e?b", 40, 32, "big", uname="armv7b", meson="arm", cmake="arm"),
    _row("i686", r"i[3-6]86", 3, 32, "little", meson="x86", qemu="i386", align8=4),
    _row("x86_64", "x86_64|amd64", 62, 64, "little"),
    _row("x32", "x86_64", 62, 32, "little", uname="x86_64", meson="x86_64", rust="x86_64", qemu="x86_64"),
    _row("riscv32", r"riscv32\w*", 243, 32, "little", rust="riscv32gc"),
    _row("riscv64", r"riscv64\w*|riscv", 243, 64, "little", rust="riscv64gc"),
    _row("ppc", "powerpc|ppc", 20, 32, "big", meson="ppc", rust="powerpc"),
    _row("ppcle", "powerpcle|ppcle", 20, 32, "little", meson="ppc", rust="powerpcle", qemu="ppc"),
    _row("ppc64", "powerpc64|ppc64", 21, 64, "big", meson="ppc64", rust="powerpc64"),
    _row("ppc64le", "powerpc64le|ppc64le|ppc64el", 21, 64, "little", meson="ppc64", rust="powerpc64le"),
    _row("mips", r"mips(isa32(r[26])?)?", 8, 32, "big", meson="mips"),
    _row("mipsel", r"mips(isa32(r[26])?)?el", 8, 32, "little", uname="mips", meson="mips"),
    _row("mips64", r"mips(isa)?64(r[26])?", 8, 64, "big", meson="mips64"),
    _row("mips64el", r"mips(isa)?64(r[26])?el", 8, 64, "little", uname="mips64", meson="mips64"),
    _row(
        "mipsn32",
        r"mips(isa)?64(r[26])?",
        8,
        32,
        "big",
        uname="mips64",
        meson="mips64",
        rust="mips64",
        qemu="mipsn32",
    ),
    _row(
        "mipsn32el",
        r"mips(isa)?64(r[26])?el",
        8,
        32,
        "little",
        uname="mips64",
        meson="mips64",
        rust="mips64el",
        qemu="mipsn32el",
    ),
    _row("s390x", "s390x", 22, 64, "big"),
    _row("loongarch64", "loongarch64|loong64", 258, 64, "little"),
    _row("sparc64", "sparc64", 43, 64, "big"),
    _row("sparc", "sparc", 2, 32, "big"),
    _row("m68k", "m68k", 4, 32, "big", align8=2),
    _row("sh4", "sh4a?", 42, 32, "little", meson="sh4"),
    _row("sh4eb", "sh4a?eb", 42, 32, "big", meson="sh4"),
    _row("microblazeel", "microblazeel", 189, 32, "little", uname="microblaze", meson="microblaze"),
    _row("microblaze", "microblaze(eb)?", 189, 32, "big"),
    _row("or1k", "or1k", 92, 32, "big", uname="openrisc", align8=4),
    _row("arc", "arc(le)?", 195, 32, "little", align8=4),
    _row("xtensa", "xtensa(el)?", 94, 32, "little"),
    _row("csky", "csky", 252, 32, "little", align8=4),
)

_BY_NAME: Final = {machine.name: machine for machine in MACHINES}

ELF_MACHINE_NAMES: Final = {
    2: "SPARC", 3: "Intel 80386", 4: "m68k", 8: "MIPS", 20: "PowerPC", 21: "PowerPC64", 22: "S/390", 40: "ARM",
    42: "SuperH", 43: "SPARC V9", 62: "x86-64", 92: "OpenRISC", 94: "Xtensa", 183: "AArch64", 189: "MicroBlaze",
    195: "ARC", 243: "RISC-V", 247: "BPF", 252: "C-SKY", 258: "LoongArch",
}  # fmt: skip


def elf_machine_name(number: int) -> str:
    """Return the usual name of an ``e_machine`` value, or ``machine N`` for one without a row."""
    return ELF_MACHINE_NAMES.get(number, f"machine {number}")


def by_name(name: str) -> Machine:
    """Return the row called ``name``. :raises KeyError: if there is none."""
    return _BY_NAME[name]


def by_elf(*, elf_machine: int, bits: int, byteorder: str, e_flags: int = 0) -> Machine | None:
    """Return the row that an ELF header belongs to, or None for an architecture without a row."""
    rows = [m for m in MACHINES if (m.elf_machine, m.bits, m.byteorder) == (elf_machine, bits, byteorder)]
    if elf_machine == 8 and bits == 32:
        n32 = bool(e_flags & 0x20)  # EF_MIPS_ABI2
        rows = [m for m in rows if m.name.startswith("mipsn32") == n32]
    return rows[0] if rows else None


def by_triplet(triplet: str) -> Machine | None:
    """Return the row for a GNU triplet such as ``armv8l-unknown-linux-gnueabihf``, or None.

    A multiarch tuple, a Rust triple or a ``uname -m`` value will do as well.
    """
    cpu, _, rest = triplet.partition("-")
    candidates = [m for m in MACHINES if re.fullmatch(m.gnu, cpu)]
    if "n32" in rest or rest.endswith("x32"):
        candidates = [m for m in candidates if m.bits == 32] or candidates
    else:
        candidates = [m for m in candidates if m.name not in {"x32", "mipsn32", "mipsn32el"}] or candidates
    return candidates[0] if candidates else None


def abi_of(elf_machine: int, bits: int, e_flags: int) -> dict[str, str]:
    """Decode the ABI that ``e_flags`` states; keys are present only when the flags state them.

    Shapes: ARM ``eabi`` and ``float``; RISC-V ``float`` and ``rve``; MIPS ``abi`` and ``nan``; PowerPC64 ``elf``;
    LoongArch ``float``. Sources: each architecture's ELF psABI and binutils' ``include/elf/*.h``.
    """
    if elf_machine == 40:
        abi = {"eabi": str(e_flags >> 24)}
        if e_flags & 0x400:
            abi["float"] = "hard"
        elif e_flags & 0x200:
            abi["float"] = "soft"
        return abi
    if elf_machine == 243:
        names = {0: "soft", 2: "single", 4: "double", 6: "quad"}
        return {"float": names[e_flags & 6], "rve": "yes" if e_flags & 8 else "no"}
    if elf_machine == 8:
        if bits == 64:
            name = "n64"
        elif e_flags & 0x20:
            name = "n32"
        else:
            name = "o32" if e_flags & 0xF000 in {0, 0x1000} else f"abi{(e_flags & 0xF000) >> 12}"
        return {"abi": name, "nan": "2008" if e_flags & 0x400 else "legacy"}
    if elf_machine == 21:
        return {"elf": f"v{e_flags & 3}"} if e_flags & 3 else {}
    if elf_machine == 258:
        names = {1: "soft", 2: "single", 3: "double"}
        return {"float": names[e_flags & 7]} if e_flags & 7 in names else {}
    return {}


def abi_conflicts(expected: dict[str, str], found: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return ``(what, expected, found)`` for each ABI property that both state and state differently."""
    return [
        (key, expected[key], found[key])
        for key in sorted(expected.keys() & found.keys())
        if expected[key] != found[key]
    ]


_MACHINE_WORDS: Final = re.compile(
    r"(?:^|[/_.-])(?:x86(?:[_-]64)?|amd64|x64|i[3-6]86|aarch64|arm(?:64|hf|el|v\d\w*)?|mips\w*|ppc\w*|powerpc\w*|riscv\w*"
    r"|s390x?|loong\w*|linux(?:32|64)|win(?:32|64)?|macos|darwin)(?=[/_.-]|$)",
    re.IGNORECASE,
)


def names_a_machine(path: str) -> bool:
    """Say whether a path says which machine it is for: ``attach_linux_amd64.so``, ``libs/arm64-v8a/x.so``.

    Such a file is meant as it is, whatever machine an image is for. The suffix of an extension module says nothing of
    the kind: it is what makes the interpreter load it.
    """
    return _MACHINE_WORDS.search(path) is not None


def is_meant_for_another(path: str, *, any_machine: bool = False) -> bool:
    """Say whether a file of a wheel may be for some other machine: a helper that is named for one, no extension module.

    :param path: its name in the wheel.
    :param any_machine: the wheel has the platform tag ``any``. It may bring a program for each machine, and choose
        one when it runs (adafruit-blinka's ``libgpiod_pulsein``); libraries and scripts still have to be the target's.
    """
    name = path.rpartition("/")[2]
    if any_machine and ".so" not in name and ".data/" not in path:
        return True
    return ".cpython-" not in name and ".abi3" not in name and names_a_machine(path)
