"""ELF files with truthful headers for any machine, where no compiler for it is at hand.

A file is one loadable segment, addresses equal to offsets, and has what a loader reads: ``.dynamic`` with names,
symbols, their versions and a hash table. The machine code is missing; nothing here reads that. test_elf_writer.py holds
what is written against pyelftools.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from crosspy.model import machine


@dataclass(frozen=True, kw_only=True)
class Arch:
    """An ABI: a row of the machine table, the flags of its files, its names."""

    machine: machine.Machine
    flags: int = 0
    multiarch: str
    loader: str
    fp_abi: int = 0
    align: int = 0x1000

    @property
    def musl(self) -> bool:
        return "musl" in self.loader

    @property
    def libc(self) -> str:
        return f"libc.{self.loader.rpartition('/ld-')[2]}" if self.musl else "libc.so.6"


def _arch(name: str, multiarch: str, loader: str, flags: int = 0, **more: int) -> Arch:
    return Arch(machine=machine.by_name(name), multiarch=multiarch, loader=loader, flags=flags, **more)


ARCHS: Mapping[str, Arch] = {
    "aarch64": _arch("aarch64", "aarch64-linux-gnu", "/lib/ld-linux-aarch64.so.1", align=0x10000),
    "aarch64-musl": _arch("aarch64", "aarch64-linux-musl", "/lib/ld-musl-aarch64.so.1", align=0x10000),
    "aarch64_be": _arch("aarch64_be", "aarch64_be-linux-gnu", "/lib/ld-linux-aarch64_be.so.1", align=0x10000),
    "armhf": _arch("arm", "arm-linux-gnueabihf", "/lib/ld-linux-armhf.so.3", 0x5000400),
    "armhf-musl": _arch("arm", "arm-linux-musleabihf", "/lib/ld-musl-armhf.so.1", 0x5000400),
    "armel": _arch("arm", "arm-linux-gnueabi", "/lib/ld-linux.so.3", 0x5000200),
    "armeb": _arch("armeb", "armeb-linux-gnueabi", "/lib/ld-linux.so.3", 0x5800200),
    "i686": _arch("i686", "i386-linux-gnu", "/lib/ld-linux.so.2"),
    "x86_64": _arch("x86_64", "x86_64-linux-gnu", "/lib64/ld-linux-x86-64.so.2"),
    "x86_64-musl": _arch("x86_64", "x86_64-linux-musl", "/lib/ld-musl-x86_64.so.1"),
    "x32": _arch("x32", "x86_64-linux-gnux32", "/libx32/ld-linux-x32.so.2"),
    "riscv32-ilp32d": _arch("riscv32", "riscv32-linux-gnu", "/lib/ld-linux-riscv32-ilp32d.so.1", 5),
    "riscv32-ilp32": _arch("riscv32", "riscv32-linux-gnu", "/lib/ld-linux-riscv32-ilp32.so.1", 1),
    "riscv64-lp64d": _arch("riscv64", "riscv64-linux-gnu", "/lib/ld-linux-riscv64-lp64d.so.1", 5),
    "riscv64-lp64": _arch("riscv64", "riscv64-linux-gnu", "/lib/ld-linux-riscv64-lp64.so.1", 1),
    "ppc": _arch("ppc", "powerpc-linux-gnu", "/lib/ld.so.1", align=0x10000),
    "ppc64": _arch("ppc64", "powerpc64-linux-gnu", "/lib64/ld64.so.1", 1, align=0x10000),
    "ppc64le": _arch("ppc64le", "powerpc64le-linux-gnu", "/lib64/ld64.so.2", 2, align=0x10000),
    "mips-o32": _arch("mips", "mips-linux-gnu", "/lib/ld.so.1", 0x70001007, fp_abi=5, align=0x10000),
    "mipsel-o32": _arch("mipsel", "mipsel-linux-gnu", "/lib/ld.so.1", 0x70001007, fp_abi=5, align=0x10000),
    "mipsel-nan2008": _arch(
        "mipsel", "mipsel-linux-gnu", "/lib/ld-linux-mipsn8.so.1", 0x90001407, fp_abi=6, align=0x10000
    ),
    "mips64-n64": _arch("mips64", "mips64-linux-gnuabi64", "/lib64/ld.so.1", 0x80000007, align=0x10000),
    "mips64el-n64": _arch("mips64el", "mips64el-linux-gnuabi64", "/lib64/ld.so.1", 0x80000007, align=0x10000),
    "mips64el-n32": _arch(
        "mipsn32el", "mips64el-linux-gnuabin32", "/lib32/ld.so.1", 0x80000027, align=0x10000
    ),
    "s390x": _arch("s390x", "s390x-linux-gnu", "/lib/ld64.so.1"),
    "loongarch64": _arch(
        "loongarch64", "loongarch64-linux-gnu", "/lib64/ld-linux-loongarch-lp64d.so.1", 0x43, align=0x10000
    ),
    "sparc64": _arch("sparc64", "sparc64-linux-gnu", "/lib64/ld-linux.so.2", 2, align=0x2000),
    "m68k": _arch("m68k", "m68k-linux-gnu", "/lib/ld.so.1", align=0x2000),
    "sh4": _arch("sh4", "sh4-linux-gnu", "/lib/ld-linux.so.2", 9, align=0x10000),
    "sh4eb": _arch("sh4eb", "sh4eb-linux-gnu", "/lib/ld-linux.so.2", 9, align=0x10000),
    "sparc": _arch("sparc", "sparc-linux-gnu", "/lib/ld-linux.so.2", align=0x2000),
    "or1k": _arch("or1k", "or1k-linux-gnu", "/lib/ld-linux-or1k.so.1", align=0x2000),
    "arc": _arch("arc", "arc-linux-gnu", "/lib/ld-linux-arc.so.2", 0x406, align=0x2000),
    "xtensa-musl": _arch("xtensa", "xtensa-linux-musl", "/lib/ld-musl-xtensa.so.1"),
    "csky": _arch("csky", "csky-linux-gnuabiv2", "/lib/ld-linux-cskyv2.so.1", 0x20000000),
    "microblaze": _arch("microblaze", "microblaze-linux-gnu", "/lib/ld.so.1"),
    "microblazeel": _arch("microblazeel", "microblazeel-linux-gnu", "/lib/ld.so.1"),
}


@dataclass(frozen=True, kw_only=True)
class Elf:
    """What a file states. ``wants`` are ``name`` or ``name@VERSION@library``; ``defines`` ``name`` or ``name@VERSION``."""

    arch: Arch
    type: int = 3
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: str = ""
    runpath: str = ""
    defines: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    exec_stack: bool | None = False
    text_relocations: bool = False
    packed_relocations: bool = False
    osabi: int = 0
    shift: int = 0
    """By how much its segment's address misses what the alignment asks for."""
    dynamic: bool = True
    align: int = 0
    isa_needed: int = 0
    attributes: bytes = b""
    data: bytes = b""

    def but(self, **changes: object) -> Elf:
        return replace(self, **changes)  # type: ignore[arg-type]

    def build(self) -> bytes:
        return _Writer(self).write()


class _Strings:
    def __init__(self) -> None:
        self.raw = bytearray(b"\0")
        self.known: dict[str, int] = {}

    def add(self, text: str) -> int:
        if text not in self.known:
            self.known[text] = len(self.raw)
            self.raw += text.encode() + b"\0"
        return self.known[text]


@dataclass
class _Writer:
    elf: Elf
    strings: _Strings = field(default_factory=_Strings)

    def __post_init__(self) -> None:
        self.order = "<" if self.elf.arch.machine.byteorder == "little" else ">"
        self.wide = self.elf.arch.machine.bits == 64

    def pack(self, form: str, *values: int) -> bytes:
        """Pack; ``W`` is an address-sized word."""
        return struct.pack(self.order + form.replace("W", "Q" if self.wide else "I"), *values)

    def write(self) -> bytes:
        elf = self.elf
        parts: dict[str, bytes] = {}
        if elf.interpreter:
            parts["interp"] = elf.interpreter.encode() + b"\0"
        symbols, versym, verdef, verneed = self.symbols()
        parts |= {"dynsym": symbols, "versym": versym, "verdef": verdef[0], "verneed": verneed[0]}
        count = len(symbols) // (24 if self.wide else 16)
        word = "Q" if self.wide and elf.arch.machine.elf_machine in {22, 0x9026} else "I"
        parts["hash"] = self.pack(f"4{word}", 1, count, 0, 0) + self.pack(word, 0) * (count - 1)
        tags = [(1, self.strings.add(name)) for name in elf.needed]
        tags += [
            (tag, self.strings.add(text))
            for tag, text in ((14, elf.soname), (15, elf.rpath), (29, elf.runpath))
            if text
        ]
        parts["dynstr"] = bytes(self.strings.raw)
        if elf.isa_needed:
            note = self.pack("III", 0xC0008002, 4, elf.isa_needed) + bytes(4 if self.wide else 0)
            parts["note"] = self.pack("III", 4, len(note), 5) + b"GNU\0" + note
        if elf.arch.machine.elf_machine == 8:
            # version 0, ISA level and revision, register sizes, fp_abi ... (.MIPS.abiflags)
            parts["abiflags"] = self.pack("HBBBBBBIIII", 0, 32, 2, 1, 1, 0, elf.arch.fp_abi, 0, 0, 0, 0)
        parts["attributes"] = elf.attributes
        parts["data"] = elf.data
        parts["shstrtab"] = (
            b"\0.dynamic\0.dynsym\0.dynstr\0.attributes\0.shstrtab\0.gnu.version\0.gnu.version_d\0.gnu.version_r\0"
        )
        parts = {name: raw for name, raw in parts.items() if raw}
        tag_count = (
            len(tags) + 6 + 2 * bool(verdef[0]) + 2 * bool(verneed[0]) + bool(versym) + elf.text_relocations
        ) + elf.packed_relocations
        parts["dynamic"] = bytes(tag_count * (16 if self.wide else 8))
        at = self.place(parts)
        tags += [(4, at["hash"]), (5, at["dynstr"]), (6, at["dynsym"]), (10, len(parts["dynstr"]))]
        tags += [(11, 24 if self.wide else 16)]
        if versym:
            tags += [(0x6FFFFFF0, at["versym"])]
        if verdef[0]:
            tags += [(0x6FFFFFFC, at["verdef"]), (0x6FFFFFFD, verdef[1])]
        if verneed[0]:
            tags += [(0x6FFFFFFE, at["verneed"]), (0x6FFFFFFF, verneed[1])]
        if elf.text_relocations:
            tags += [(22, 0)]
        if elf.packed_relocations:
            tags += [(36, 0)]
        parts["dynamic"] = b"".join(self.pack("WW", tag, value) for tag, value in (*tags, (0, 0)))
        return self.assemble(parts, at, verdef[1], verneed[1])

    def symbols(self) -> tuple[bytes, bytes, tuple[bytes, int], tuple[bytes, int]]:
        """Return ``.dynsym``, ``.gnu.version``, and version definitions and needs with their counts."""
        elf = self.elf
        rows = [self.symbol(0, 0, 0)]
        marks = [0]
        defined = list(dict.fromkeys(name.partition("@")[2] for name in elf.defines if "@" in name))
        needs = list(
            dict.fromkeys(tuple(name.split("@")[1:]) for name in (*elf.wants, *elf.weak) if "@" in name)
        )
        index = {("", version): number for number, version in enumerate(defined, 2)}
        index |= {(need[1], need[0]): number for number, need in enumerate(needs, 2 + len(defined))}
        for name in elf.defines:
            plain, _, version = name.partition("@")
            rows.append(self.symbol(self.strings.add(plain), 1 << 4 | 2, 1))
            marks.append(index["", version] if version else 1)
        for binding, names in ((1, elf.wants), (2, elf.weak)):
            for name in names:
                plain, *rest = name.split("@")
                rows.append(self.symbol(self.strings.add(plain), binding << 4, 0))
                marks.append(index[rest[1], rest[0]] if rest else 0)
        versym = b"".join(self.pack("H", mark) for mark in marks) if index else b""
        return b"".join(rows), versym, self.verdef(defined), self.verneed(needs, index)

    def symbol(self, name: int, info: int, section: int) -> bytes:
        value = 0x40 if section else 0
        if self.wide:
            return self.pack("IBBHQQ", name, info, 0, section, value, 0)
        return self.pack("IIIBBH", name, value, 0, info, 0, section)

    def verdef(self, versions: list[str]) -> tuple[bytes, int]:
        if not versions:
            return b"", 0
        names = [self.elf.soname or "base", *versions]
        raw = b""
        for number, name in enumerate(names, 1):
            last = number == len(names)
            raw += self.pack("HHHHIII", 1, int(number == 1), number, 1, _hash(name), 20, 0 if last else 28)
            raw += self.pack("II", self.strings.add(name), 0)
        return raw, len(names)

    def verneed(
        self, needs: Iterable[tuple[str, ...]], index: Mapping[tuple[str, str], int]
    ) -> tuple[bytes, int]:
        libraries: dict[str, list[str]] = {}
        for version, library in needs:
            libraries.setdefault(library, []).append(version)
        raw = b""
        for number, (library, versions) in enumerate(libraries.items(), 1):
            step = 0 if number == len(libraries) else 16 + 16 * len(versions)
            raw += self.pack("HHIII", 1, len(versions), self.strings.add(library), 16, step)
            for count, version in enumerate(versions, 1):
                following = 0 if count == len(versions) else 16
                raw += self.pack(
                    "IHHII", _hash(version), 0, index[library, version], self.strings.add(version), following
                )
        return raw, len(libraries)

    def place(self, parts: Mapping[str, bytes]) -> dict[str, int]:
        at = {}
        offset = (64 if self.wide else 52) + 8 * (56 if self.wide else 32)
        for name, raw in parts.items():
            offset = -(-offset // 8) * 8
            at[name] = offset
            offset += len(raw)
        at["end"] = -(-offset // 8) * 8
        return at

    def assemble(self, parts: Mapping[str, bytes], at: Mapping[str, int], defined: int, needed: int) -> bytes:
        elf = self.elf
        row = elf.arch.machine
        align = elf.align or elf.arch.align
        kinds = {"interp": 3, "note": 4} | ({"dynamic": 2} if elf.dynamic else {})
        if row.elf_machine == 8:
            kinds["abiflags"] = 0x70000003
        if row.elf_machine == 243:
            kinds["attributes"] = 0x70000003
        segments = [(1, 5, 0, at["end"] - elf.shift, align)]
        segments += [
            (kind, 4, at[name], len(parts[name]), 8) for name, kind in kinds.items() if name in parts
        ]
        if elf.exec_stack is not None:
            segments.append((0x6474E551, 7 if elf.exec_stack else 6, 0, 0, 16))
        headers = b""
        for kind, flags, offset, size, alignment in segments:
            if self.wide:
                address = offset + elf.shift * (kind == 1)
                headers += self.pack("IIQQQQQQ", kind, flags, offset, address, offset, size, size, alignment)
            else:
                address = offset + elf.shift * (kind == 1)
                headers += self.pack("IIIIIIII", kind, offset, address, offset, size, size, flags, alignment)
        sections = self.sections(parts, at, defined, needed)
        start = 64 if self.wide else 52
        ident = (
            b"\x7fELF"
            + bytes([row.bits // 32, 1 if row.byteorder == "little" else 2, 1, elf.osabi])
            + bytes(8)
        )
        sizes = (64, 56, 64) if self.wide else (52, 32, 40)
        shnum = len(sections) // sizes[2]
        head = ident + self.pack(
            "HHIWWWIHHHHHH", elf.type, row.elf_machine, 1, 0, start, at["end"], elf.arch.flags, sizes[0], sizes[1],
            len(segments), sizes[2], shnum, shnum - 1,
        )  # fmt: skip
        image = bytearray(at["end"])
        image[: len(head)] = head
        image[start : start + len(headers)] = headers
        for name, raw in parts.items():
            image[at[name] : at[name] + len(raw)] = raw
        return bytes(image) + sections

    def sections(self, parts: Mapping[str, bytes], at: Mapping[str, int], defined: int, needed: int) -> bytes:
        names = parts["shstrtab"]
        rows = [self.section(0, 0, 0, 0)]
        rows.append(
            self.section(
                names.index(b".dynsym"), 11, at["dynsym"], len(parts["dynsym"]), 2, 24 if self.wide else 16, 1
            )
        )
        rows.append(self.section(names.index(b".dynstr"), 3, at["dynstr"], len(parts["dynstr"])))
        rows.append(
            self.section(
                names.index(b".dynamic"), 6, at["dynamic"], len(parts["dynamic"]), 2, 16 if self.wide else 8
            )
        )
        for name, kind, part, info in (
            (b".gnu.version\0", 0x6FFFFFFF, "versym", 0),
            (b".gnu.version_d", 0x6FFFFFFD, "verdef", defined),
            (b".gnu.version_r", 0x6FFFFFFE, "verneed", needed),
        ):
            if part in parts:
                rows.append(
                    self.section(
                        names.index(name),
                        kind,
                        at[part],
                        len(parts[part]),
                        1 if part == "versym" else 2,
                        2,
                        info,
                    )
                )
        if "attributes" in parts:
            rows.append(
                self.section(
                    names.index(b".attributes"), 0x70000003, at["attributes"], len(parts["attributes"])
                )
            )
        rows.append(self.section(names.index(b".shstrtab"), 3, at["shstrtab"], len(names)))
        return b"".join(rows)

    def section(
        self, name: int, kind: int, offset: int, size: int, link: int = 0, entry: int = 0, info: int = 0
    ) -> bytes:
        return self.pack("IIWWWWIIWW", name, kind, 2, offset, offset, size, link, info, 8, entry)


def _hash(name: str) -> int:
    """The System V hash that version entries carry."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high & 0xFFFFFFFF
    return value


def arm_attributes(cpu: int, *, simd: int = 0, vfp_args: int = 0, order: str = "<") -> bytes:
    """Return ``.ARM.attributes``: Tag_CPU_arch, Tag_Advanced_SIMD_arch, Tag_ABI_VFP_args."""
    pairs = bytes([6, cpu, 12, simd, 28, vfp_args, 23, 3])
    return _attributes(b"aeabi", pairs, order)


def riscv_attributes(arch: str) -> bytes:
    """Return ``.riscv.attributes``: Tag_arch."""
    return _attributes(b"riscv", b"\x05" + arch.encode() + b"\0", "<")


def _attributes(vendor: bytes, pairs: bytes, order: str) -> bytes:
    scope = b"\x01" + struct.pack(f"{order}I", len(pairs) + 5) + pairs
    return b"A" + struct.pack(f"{order}I", len(scope) + len(vendor) + 5) + vendor + b"\0" + scope
