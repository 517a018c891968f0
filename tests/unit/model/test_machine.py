"""One row per architecture, found by every name that the field has for it."""

from __future__ import annotations

import pytest
from sample_targets import ELF

from crosspy import elf
from crosspy.model.machine import (
    MACHINES,
    abi_conflicts,
    abi_of,
    by_elf,
    by_name,
    by_triplet,
    elf_machine_name,
)


@pytest.mark.parametrize(
    ("triplet", "name"),
    [
        ("aarch64-unknown-linux-gnu", "aarch64"),
        ("aarch64-poky-linux", "aarch64"),
        ("aarch64-linux-gnu", "aarch64"),
        ("arm64", "aarch64"),
        ("aarch64_be-linux-gnu", "aarch64_be"),
        ("arm-linux-gnueabihf", "arm"),
        ("arm-buildroot-linux-musleabihf", "arm"),
        ("armv5tejl", "arm"),
        ("armv6l-unknown-linux-gnueabihf", "arm"),
        ("armv7l", "arm"),
        ("armv8l-unknown-linux-gnueabihf", "arm"),
        ("armeb-linux-gnueabi", "armeb"),
        ("armv7b-linux-gnueabi", "armeb"),
        ("i386-linux-gnu", "i686"),
        ("i486-linux-gnu", "i686"),
        ("i586-poky-linux", "i686"),
        ("i686-pc-linux-gnu", "i686"),
        ("x86_64-linux-gnu", "x86_64"),
        ("amd64", "x86_64"),
        ("x86_64-linux-gnux32", "x32"),
        ("riscv64-linux-gnu", "riscv64"),
        ("riscv64gc-unknown-linux-gnu", "riscv64"),
        ("riscv32-poky-linux", "riscv32"),
        ("powerpc-linux-gnu", "ppc"),
        ("powerpc64-linux-gnu", "ppc64"),
        ("powerpc64le-linux-gnu", "ppc64le"),
        ("ppc64le", "ppc64le"),
        ("mips-linux-gnu", "mips"),
        ("mipsel-linux-gnu", "mipsel"),
        ("mipsisa32r6el-linux-gnu", "mipsel"),
        ("mips64-linux-gnuabi64", "mips64"),
        ("mips64el-linux-gnuabi64", "mips64el"),
        ("mipsisa64r6el-linux-gnuabi64", "mips64el"),
        ("mips64-linux-gnuabin32", "mipsn32"),
        ("mips64el-linux-gnuabin32", "mipsn32el"),
        ("s390x-linux-gnu", "s390x"),
        ("loongarch64-linux-gnu", "loongarch64"),
        ("sparc64-linux-gnu", "sparc64"),
        ("m68k-linux-gnu", "m68k"),
        ("sh4-linux-gnu", "sh4"),
        ("microblazeel-xilinx-linux-gnu", "microblazeel"),
    ],
)
def test_triplets(triplet, name):
    machine = by_triplet(triplet)
    assert machine is not None
    assert machine.name == name


@pytest.mark.parametrize(
    "triplet", ["", "-", "vax-dec-linux", "aarch64x-linux", "arm-", "armv", "arm64x", "x86", "linux-gnu"]
)
def test_what_is_no_triplet(triplet):
    found = by_triplet(triplet)
    assert found is None or triplet == "arm-"


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_row_holds_together(machine):
    assert by_name(machine.name) is machine
    assert machine.elf_class == {32: 1, 64: 2}[machine.bits]
    assert not elf_machine_name(machine.elf_machine).startswith("machine ")
    flags = 0x20 if machine.name.startswith("mipsn32") else 0
    found = by_elf(
        elf_machine=machine.elf_machine, bits=machine.bits, byteorder=machine.byteorder, e_flags=flags
    )
    assert found is machine
    assert machine.align8 in {2, 4, 8}


def test_names_are_unique():
    assert len({machine.name for machine in MACHINES}) == len(MACHINES)
    with pytest.raises(KeyError):
        by_name("vax")


def test_unknown_elf_files():
    assert by_elf(elf_machine=75, bits=32, byteorder="little") is None
    assert by_elf(elf_machine=183, bits=32, byteorder="little") is None
    assert elf_machine_name(75) == "machine 75"


@pytest.mark.parametrize(
    ("arch", "abi"),
    [
        ("aarch64", {}),
        ("armhf", {"eabi": "5", "float": "hard"}),
        ("armel", {"eabi": "5", "float": "soft"}),
        ("riscv64", {"float": "double", "rve": "no"}),
        ("riscv64-soft", {"float": "soft", "rve": "no"}),
        ("mips64el", {"abi": "n64", "nan": "legacy"}),
        ("ppc64le", {"elf": "v2"}),
        ("s390x", {}),
    ],
)
def test_the_abi_of_real_files(arch, abi):
    header = elf.read_header(ELF / arch / "libc.so")
    assert header is not None
    assert abi_of(header.elf_machine, header.bits, header.flags) == abi


@pytest.mark.parametrize(
    ("machine", "bits", "flags", "abi"),
    [
        (40, 32, 0x05000000, {"eabi": "5"}),
        (40, 32, 0, {"eabi": "0"}),
        (243, 64, 0x0, {"float": "soft", "rve": "no"}),
        (243, 64, 0x3, {"float": "single", "rve": "no"}),
        (243, 64, 0x7, {"float": "quad", "rve": "no"}),
        (243, 32, 0x8, {"float": "soft", "rve": "yes"}),
        (8, 32, 0x70001007, {"abi": "o32", "nan": "legacy"}),
        (8, 32, 0x20, {"abi": "n32", "nan": "legacy"}),
        (8, 32, 0x90001407, {"abi": "o32", "nan": "2008"}),
        (8, 32, 0x3000, {"abi": "abi3", "nan": "legacy"}),
        (21, 64, 1, {"elf": "v1"}),
        (21, 64, 0, {}),
        (258, 64, 0x43, {"float": "double"}),
        (258, 64, 0x41, {"float": "soft"}),
        (258, 64, 0x40, {}),
        (62, 64, 0xFFFF, {}),
    ],
)
def test_abi_flags(machine, bits, flags, abi):
    assert abi_of(machine, bits, flags) == abi


@pytest.mark.parametrize(
    ("expected", "found", "conflicts"),
    [
        ({}, {}, []),
        ({"float": "hard"}, {}, []),
        ({"float": "hard"}, {"float": "hard", "eabi": "5"}, []),
        ({"float": "hard"}, {"float": "soft"}, [("float", "hard", "soft")]),
        ({"b": "1", "a": "1"}, {"a": "2", "b": "2"}, [("a", "1", "2"), ("b", "1", "2")]),
    ],
)
def test_conflicts(expected, found, conflicts):
    assert abi_conflicts(expected, found) == conflicts
