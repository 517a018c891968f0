"""Search paths of a wheel's modules lead to places on the target."""

from __future__ import annotations

import struct

import pytest
from elf_writer import ARCHS, Elf

from crosspy import elf

S = "/opt/sysroot"
ROOTS = (S.encode(),)
CASES = [
    (f"{S}/opt/x/lib", ("/opt/x/lib",)),
    (f"$ORIGIN/../x.libs:{S}/usr/lib/x:/opt/y", ("$ORIGIN/../x.libs", "/usr/lib/x", "/opt/y")),
    (f"{S}/usr/lib:{S}/lib/aarch64-linux-gnu/:{S}/opt/x", ("/opt/x",)),
    (f"{S}/usr/local/lib", ("/usr/local/lib",)),  # not everywhere the loader's own
    (S, ("/",)),
    (f"{S}/usr/lib", ()),
    (f"{S}2/usr/lib:/usr/lib", (f"{S}2/usr/lib", "/usr/lib")),
    ("$ORIGIN", ("$ORIGIN",)),
]


@pytest.fixture
def rpath(shims):
    return shims().load("rpath")


def paths(data, tmp_path):
    path = tmp_path / "m.so"
    path.write_bytes(data)
    facts = elf.read(path)
    return facts.rpath, facts.runpath, facts.needed, facts.soname


@pytest.mark.parametrize(("given", "expected"), CASES)
@pytest.mark.parametrize("arch", sorted(ARCHS))
def test_on_the_target(rpath, tmp_path, arch, given, expected):
    base = Elf(
        arch=ARCHS[arch], soname="m.so", needed=("liba.so.1", "libb.so.2"), defines=("PyInit_m", "lib")
    )
    for kind in ("rpath", "runpath"):
        before = base.but(**{kind: given}).build()
        after = rpath.mended(before, ROOTS)
        found = paths(after, tmp_path)
        assert found == (*((expected, ()) if kind == "rpath" else ((), expected)), base.needed, base.soname)
        assert len(after) == len(before)
        # Nothing of the sysroot stays behind, in no corner of the file.
        assert (f"{S}/".encode() in after) == (f"{S}/" in ":".join(expected))
        assert rpath.mended(after, ROOTS) == after


def test_what_counts_from_its_own_place(rpath):
    """DT_MIPS_RLD_MAP_REL moves when an entry before it goes."""
    data = bytearray(Elf(arch=ARCHS["mips-o32"], runpath=f"{S}/usr/lib", needed=("liba.so.1",)).build())
    dynamic, length, _ = rpath._segments(data, ">")
    entries = list(struct.iter_unpack(">iI", data[dynamic : dynamic + length]))
    last = next(i for i, (tag, _) in enumerate(entries) if tag == 0) - 1
    struct.pack_into(">iI", data, dynamic + last * 8, rpath._MIPS_RLD_MAP_REL, 0x1000)
    after = rpath.mended(bytes(data), ROOTS)
    found = list(struct.iter_unpack(">iI", after[dynamic : dynamic + length]))
    assert found[last - 1] == (rpath._MIPS_RLD_MAP_REL, 0x1008)
    assert found[last] == (0, 0)


@pytest.mark.parametrize("size", [4, 20, 60, 100, 300])
def test_damaged_files_stay_as_they_are(rpath, size):
    data = Elf(arch=ARCHS["aarch64"], runpath=f"{S}/usr/lib/x").build()[:size] + f"{S}/".encode()
    assert rpath.mended(data, ROOTS) == data


def test_no_elf_file(rpath):
    assert rpath.mended(b"\0\1" + f"{S}/usr/lib".encode(), ROOTS) == b"\0\1" + f"{S}/usr/lib".encode()
