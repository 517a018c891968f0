from __future__ import annotations

import contextlib
import os
import random
import re
import struct
import time
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection

from crosspy import elf

DATA = Path(__file__).parent.parent / "data" / "elf"
DYNAMIC = sorted(
    path for path in DATA.rglob("*") if path.name not in {"build.sh", "static", "object.o"} and path.is_file()
)

HEADERS = {
    # directory: machine, bits, byte order, flags
    "aarch64": (183, 64, "little", 0),
    "armhf": (40, 32, "little", 0x5000400),
    "armel": (40, 32, "little", 0x5000200),
    "riscv64": (243, 64, "little", 0x5),
    "riscv64-soft": (243, 64, "little", 0x1),
    "x86_64": (62, 64, "little", 0),
    "i686": (3, 32, "little", 0),
    "s390x": (22, 64, "big", 0),
    "mips64el": (8, 64, "little", 0x80000007),
    "ppc64le": (21, 64, "little", 2),
}


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "file.so"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", HEADERS)
def test_header_of_each_architecture(name):
    header = elf.read_header(DATA / name / "ext.so")
    assert header is not None
    assert (header.elf_machine, header.bits, header.byteorder, header.flags) == HEADERS[name]
    assert header.type == elf.ET_DYN
    assert header.osabi == 0


def test_header_of_an_open_file_wherever_it_is_positioned():
    with (DATA / "s390x" / "ext.so").open("rb") as stream:
        stream.seek(100)
        header = elf.read_header(stream.fileno())
        assert header is not None
        assert header.byteorder == "big"
        assert stream.tell() == 100


def test_what_is_not_elf_has_no_header(tmp_path):
    assert elf.read_header(written(tmp_path, b"")) is None
    assert elf.read_header(written(tmp_path, b"#!/bin/sh\n")) is None
    os.mkfifo(tmp_path / "pipe")
    assert elf.read_header(tmp_path / "pipe") is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x7fELF", "cut off after 4 bytes"),
        (b"\x7fELF\x02\x01\x01" + bytes(40), "cut off after 47 of 64"),
        (b"\x7fELF\x01\x01\x01" + bytes(40), "cut off after 47 of 52"),
        (b"\x7fELF\x03\x01\x01" + bytes(60), "no known class"),
        (b"\x7fELF\x02\x00\x01" + bytes(60), "no known class"),
    ],
)
def test_damaged_header(tmp_path, data, message):
    with pytest.raises(elf.ElfDamaged, match=message):
        elf.read_header(written(tmp_path, data))


def test_facts_of_an_extension_module():
    facts = elf.read(DATA / "aarch64" / "ext-runpath.so")
    assert facts.needed == ("libdep.so.1",)
    assert facts.runpath == ("$ORIGIN/ext.libs",)
    assert facts.rpath == ()
    assert facts.verneed == {"libdep.so.1": ("GLIBC_2.17",)}
    assert facts.interpreter == ""
    assert facts.exec_stack is False
    assert facts.has_dynamic
    assert elf.read(DATA / "aarch64" / "ext-rpath.so").rpath == ("$ORIGIN/ext.libs",)


def test_facts_of_a_program_a_library_a_static_program_and_an_object():
    program = elf.read(DATA / "riscv64" / "python")
    assert program.interpreter == "/lib/ld-linux-riscv64-lp64d.so.1"
    assert program.needed == ("libc.so.6",)
    library = elf.read(DATA / "aarch64" / "libc.so")
    assert (library.soname, library.verdef, library.needed) == ("libc.so.6", ("GLIBC_2.17",), ())
    static = elf.read(DATA / "aarch64" / "static")
    assert (static.has_dynamic, static.interpreter, static.header.type) == (False, "", elf.ET_EXEC)
    assert elf.read(DATA / "aarch64" / "object.o").header.type == elf.ET_REL


@pytest.mark.parametrize("path", DYNAMIC, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_same_references_and_definitions_as_pyelftools(path):
    versions, wanted, offered = {}, set(), set()
    with path.open("rb") as stream:
        file = ELFFile(stream)
        marks = file.get_section_by_name(".gnu.version")
        for name, number in ((".gnu.version_r", "vna_other"), (".gnu.version_d", "vd_ndx")):
            section = file.get_section_by_name(name)
            for entry, inner in section.iter_versions() if section else ():
                if number == "vna_other":
                    versions |= {one.entry[number]: f"@{one.name}" for one in inner}
                elif not entry["vd_flags"] & 1:
                    versions[entry[number]] = f"@{next(inner).name}"
        for index, symbol in enumerate(file.get_section_by_name(".dynsym").iter_symbols()):
            mark = marks.get_symbol(index)["ndx"] if marks else 1
            version = versions.get(mark if isinstance(mark, int) else 1, "")
            if symbol["st_info"]["bind"] == "STB_LOCAL" or not symbol.name:
                continue
            if symbol["st_shndx"] != "SHN_UNDEF":
                offered |= {symbol.name, symbol.name + version}
            elif symbol["st_info"]["bind"] != "STB_WEAK":
                wanted.add(symbol.name + version)
    found = elf.linkage(path)
    assert found.wanted == {name.encode() for name in wanted}
    assert found.offered == {name.encode() for name in offered}


@pytest.mark.parametrize("path", DYNAMIC, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_same_answers_as_pyelftools(path):
    needed: tuple[str, ...] = ()
    verneed: dict[str, tuple[str, ...]] = {}
    verdef: list[str] = []
    undefined, defined = set(), set()
    with path.open("rb") as stream:
        for section in ELFFile(stream).iter_sections():
            if isinstance(section, DynamicSection):
                needed = tuple(tag.needed for tag in section.iter_tags("DT_NEEDED"))
            elif isinstance(section, GNUVerNeedSection):
                for library, versions in section.iter_versions():
                    verneed[library.name] = tuple(version.name for version in versions)
            elif isinstance(section, GNUVerDefSection):
                for definition, names in section.iter_versions():
                    if not definition["vd_flags"] & 1:
                        verdef.append(next(iter(names)).name)
            elif section.name == ".dynsym":
                for symbol in section.iter_symbols():
                    if symbol.name and symbol["st_info"]["bind"] != "STB_LOCAL":
                        (undefined if symbol["st_shndx"] == "SHN_UNDEF" else defined).add(symbol.name)
    facts = elf.read(path)
    assert facts.needed == needed
    assert dict(facts.verneed) == verneed
    assert list(facts.verdef) == verdef
    assert elf.undefined_symbols(path) == undefined
    assert elf.defined_symbols(path) == defined
    assert defined


def without_sections(data: bytes) -> bytes:
    wide = data[4] == 2
    order = "<" if data[5] == 1 else ">"
    changed = bytearray(data)
    struct.pack_into(order + ("Q" if wide else "I"), changed, 0x28 if wide else 0x20, 0)
    struct.pack_into(f"{order}HHH", changed, 0x3A if wide else 0x2E, 0, 0, 0)
    return bytes(changed)


@pytest.mark.parametrize("path", DYNAMIC, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_section_headers_are_not_needed(tmp_path, path):
    stripped = written(tmp_path, without_sections(path.read_bytes()))
    assert elf.read(stripped).needed == elf.read(path).needed
    assert elf.defined_symbols(stripped) == elf.defined_symbols(path)
    # A GNU hash table holds no undefined symbols: they count only as far as they precede the defined ones.
    assert elf.undefined_symbols(stripped) == elf.undefined_symbols(path)


def test_a_file_cut_off_anywhere_says_so(tmp_path):
    data = (DATA / "armhf" / "ext.so").read_bytes()
    shoff = struct.unpack_from("<I", data, 0x20)[0]
    loaded = max(end for end in load_ends(data))
    for size in range(4, loaded):
        with pytest.raises(elf.ElfDamaged):
            elf.read(written(tmp_path, data[:size]))
    # Section headers come last; the loader never looks at them.
    assert loaded < shoff
    assert elf.read(written(tmp_path, data[:loaded])).needed == ("libc.so.6",)


def load_ends(data: bytes) -> list[int]:
    phoff, phnum = struct.unpack_from("<I", data, 0x1C)[0], struct.unpack_from("<H", data, 0x2C)[0]
    rows = [struct.unpack_from("<IIIII", data, phoff + 32 * index) for index in range(phnum)]
    return [row[1] + row[4] for row in rows if row[0] == 1]


def test_a_cut_off_object_file_says_so(tmp_path):
    data = (DATA / "aarch64" / "object.o").read_bytes()
    with pytest.raises(elf.ElfDamaged, match="section headers end at"):
        elf.read(written(tmp_path, data[:-1]))


def test_strings_across_two_segments_that_are_one(tmp_path):
    """What patchelf leaves when it makes room in front of a program."""
    data = bytearray((DATA / "aarch64" / "ext.so").read_bytes())
    count = struct.unpack_from("<H", data, 0x38)[0]
    rows = [64 + 56 * index for index in range(count)]
    first = next(at for at in rows if struct.unpack_from("<I", data, at)[0] == 1)
    spare = next(at for at in rows if struct.unpack_from("<I", data, at)[0] == 0x6474E551)
    _, flags, offset, address, _, size, _, align = struct.unpack_from("<IIQQQQQQ", data, first)
    strings = data.index(b"PyInit_ext\0")
    struct.pack_into(
        "<IIQQQQQQ", data, first, 1, flags, offset, address, address, strings + 3, strings + 3, align
    )
    rest = (
        strings + 3,
        address + strings + 3,
        address + strings + 3,
        size - strings - 3,
        size - strings - 3,
        align,
    )
    struct.pack_into("<IIQQQQQQ", data, spare, 1, flags, *rest)
    assert elf.read(written(tmp_path, bytes(data))).needed == ("libc.so.6",)


def test_not_elf_is_damaged_too(tmp_path):
    with pytest.raises(elf.NotElf):
        elf.read(written(tmp_path, b"INPUT(libx.a)\n"))
    with pytest.raises(elf.ElfDamaged):
        elf.defined_symbols(tmp_path / "file.so")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(elf.NotElf, match="not a regular file"):
        elf.read(tmp_path / "pipe")


def test_names_that_are_not_utf8_are_kept(tmp_path):
    data = (DATA / "aarch64" / "ext.so").read_bytes().replace(b"libc.so.6\0", b"lib\xff.so.6\0")
    assert elf.read(written(tmp_path, data)).needed == ("lib\udcff.so.6",)


def test_mentions_are_whole_names(tmp_path):
    path = DATA / "aarch64" / "ext.so"
    with path.open("rb") as stream:
        facts = elf.read_open(
            elf.FileReader(stream.fileno()), "ext", names=("PyInit_ext", "PyInit_ex", "Init_ext", "other")
        )
    assert facts.mentions == {"PyInit_ext"}


def test_attributes_by_name():
    hard = elf.arm_attributes(DATA / "armhf" / "ext.so")
    assert (hard["Tag_ABI_VFP_args"], hard["Tag_CPU_arch"]) == (1, 10)
    soft = elf.arm_attributes(DATA / "armel" / "ext.so")
    assert "Tag_ABI_VFP_args" not in soft
    assert soft["Tag_CPU_arch"] == 4
    assert elf.arm_attributes(DATA / "aarch64" / "ext.so") == {}
    assert str(elf.riscv_attributes(DATA / "riscv64" / "ext.so")["Tag_arch"]).startswith("rv64i")


def test_same_attributes_as_pyelftools():
    path = DATA / "armhf" / "ext.so"
    with path.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".ARM.attributes")
        theirs = {
            attribute.tag.upper(): attribute.value
            for part in section.iter_subsections()
            for scope in part.iter_subsubsections()
            for attribute in scope.iter_attributes()
            if attribute.tag != "TAG_FILE"
        }
    ours = elf.arm_attributes(path)
    assert ours
    assert {name.upper(): value for name, value in ours.items()} == theirs


@pytest.mark.parametrize("length", [0, 3, 0x7FFFFFFF])
def test_attributes_of_impossible_length_end(tmp_path, length):
    data = bytearray((DATA / "armhf" / "ext.so").read_bytes())
    struct.pack_into("<I", data, data.index(b"aeabi\0") - 4, length)
    with pytest.raises(elf.ElfDamaged, match="build attributes"):
        elf.arm_attributes(written(tmp_path, bytes(data)))


def test_a_list_of_versions_that_never_ends_is_bounded(tmp_path):
    """vn_next may only go forward, and DT_VERNEEDNUM of 4 billion is not believed."""
    data = bytearray((DATA / "aarch64" / "ext.so").read_bytes())
    number = next(
        at for at in range(0, len(data) - 16, 8) if struct.unpack_from("<Q", data, at)[0] == 0x6FFFFFFF
    )
    struct.pack_into("<Q", data, number + 8, 2**63)
    assert elf.read(written(tmp_path, bytes(data))).verneed == {"libc.so.6": ("GLIBC_2.17",)}
    need = re.search(rb"\x01\0\x01\0.\0\0\0\x10\0\0\0\0\0\0\0", data)
    assert need
    struct.pack_into("<I", data, need.start() + 12, 1)
    with pytest.raises(elf.ElfDamaged):
        elf.read(written(tmp_path, bytes(data)))


def mutated(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    if rng.random() < 0.15:
        del changed[rng.randrange(len(changed)) :]
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        if not changed:
            break
        at = rng.randrange(min(len(changed), rng.choice([0x100, len(data)])))
        new = rng.choice(
            [bytes([rng.randrange(256)]), b"\xff" * 4, bytes(4), b"\xff" * 7 + b"\x7f", b"\x01\0\0\0"]
        )
        changed[at : at + len(new)] = new
    return bytes(changed)


def test_mutated_files_are_read_or_refused(tmp_path):
    rng = random.Random(20261121)
    sources = [path.read_bytes() for path in DYNAMIC]
    readers = (
        elf.read_header,
        elf.read,
        elf.defined_symbols,
        elf.undefined_symbols,
        elf.arm_attributes,
        elf.riscv_attributes,
    )
    refused = []
    for _ in range(1500):
        path = written(tmp_path, mutated(rng, rng.choice(sources)))
        started = time.process_time()
        for reader in readers:
            with contextlib.suppress(elf.ElfDamaged):
                reader(path)
                continue
            refused.append(reader)
        assert time.process_time() - started < 1
    assert len(refused) > 500
