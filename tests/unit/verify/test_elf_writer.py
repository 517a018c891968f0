"""The ELF files that other tests are made of, read by pyelftools."""

from __future__ import annotations

import io

import pytest
from elf_writer import ARCHS, Elf
from elftools.elf.elffile import ELFFile

from crosspy import elf


@pytest.mark.parametrize("name", ARCHS)
def test_pyelftools_reads_what_was_written(tmp_path, name):
    arch = ARCHS[name]
    written = Elf(
        arch=arch, soname="libx.so.1", needed=("libc.so.6",), defines=("f@X_1", "plain"), weak=("maybe",),
        wants=("answer@GLIBC_2.17@libc.so.6", "other"),
    )  # fmt: skip
    data = written.build()
    theirs = ELFFile(io.BytesIO(data))
    assert (theirs.elfclass, theirs.little_endian) == (arch.machine.bits, arch.machine.byteorder == "little")
    assert theirs.header["e_flags"] == arch.flags
    dynamic = next(s for s in theirs.iter_segments() if s.header.p_type == "PT_DYNAMIC")
    assert [tag.needed for tag in dynamic.iter_tags("DT_NEEDED")] == ["libc.so.6"]
    names = {
        symbol.name: symbol["st_shndx"] for symbol in theirs.get_section_by_name(".dynsym").iter_symbols()
    }
    assert {name for name, section in names.items() if section == "SHN_UNDEF"} == {
        "",
        "answer",
        "other",
        "maybe",
    }
    needs = theirs.get_section_by_name(".gnu.version_r").iter_versions()
    assert [(lib.name, [v.name for v in versions]) for lib, versions in needs] == [
        ("libc.so.6", ["GLIBC_2.17"])
    ]
    defined = [next(names).name for _, names in theirs.get_section_by_name(".gnu.version_d").iter_versions()]
    assert defined == ["libx.so.1", "X_1"]
    path = tmp_path / "libx.so.1"
    path.write_bytes(data)
    linkage = elf.linkage(path)
    assert linkage.wanted == {b"answer@GLIBC_2.17", b"other"}
    assert linkage.offered == {b"f@X_1", b"f", b"plain"}
    assert linkage.loose == {b"plain"}
