from __future__ import annotations

from dataclasses import replace

import pytest
from elf_writer import ARCHS, Elf
from planted import FAULTS, SITE, clean, mixed_time

from crosspy.verify.expectation import Options
from crosspy.verify.runner import RULES, verify

EACH = [(name, arch) for name, fault in FAULTS.items() for arch in fault.archs]


@pytest.mark.parametrize("arch", ARCHS)
def test_nothing_is_found_in_a_sound_image(tmp_path, arch):
    result = verify(
        clean(arch).write(tmp_path), options=Options(tiers=frozenset({"--imports", "--buildpaths"}))
    )
    assert result.findings == ()
    assert result.notes == ()
    assert result.counts.extension_modules == 3


@pytest.mark.parametrize(("name", "arch"), EACH, ids=[f"{name}-{arch}" for name, arch in EACH])
def test_a_planted_fault_is_found_and_nothing_else(tmp_path, name, arch):
    fault = FAULTS[name]
    tree = clean(arch)
    path = fault.where(tree)
    fault.plant(tree)
    result = verify(tree.write(tmp_path), options=fault.options)
    assert [(f.path, f.check, f.severity.label) for f in result.findings] == [
        (path, fault.check, fault.severity)
    ]


def test_every_check_of_an_image_is_planted_on_two_machines():
    archs: dict[str, set[str]] = {}
    for fault in FAULTS.values():
        archs.setdefault(fault.check, set()).update(fault.archs)
    assert len(FAULTS) >= 40
    # XP001 is no finding, XP002 takes another user, XP003 is about exceptions: test_verify_*.py
    assert {check for check in RULES if len(archs.get(check, ())) < 2} == {"XP001", "XP002", "XP003"}


def test_what_a_part_of_an_image_requires_and_imports_others_bring(tmp_path):
    tree = clean("armhf")
    whole = verify(tree.write(tmp_path / "whole"))
    expectation = replace(whole.expectation, options=Options())
    for path in [*tree.elf, *tree.files, *tree.links]:
        if "/pkg" not in path:
            tree.remove(path)
    tree.files[f"{SITE}/pkg/__init__.py"] = b"import json, nobody\n"
    tree.links["/usr/lib/libpart.so"] = "libpart.so.1"
    options = Options(tiers=frozenset({"--imports"}))
    assert verify(tree.write(tmp_path / "part"), expectation, options=options).findings == ()


def test_a_package_may_be_an_extension_module(tmp_path):
    """pyfuse3's: the interpreter asks for the function that bears the package's name."""
    tree = clean("aarch64")
    place = f"{SITE}/whole/__init__{tree.suffix}"
    tree.rename(tree.native, place)
    tree.change(place, defines=("PyInit_whole",))
    assert [f for f in verify(tree.write(tmp_path / "good")).findings if f.check == "XP305"] == []
    tree.change(place, defines=("PyInit___init__",))
    (found,) = [f for f in verify(tree.write(tmp_path / "bad")).findings if f.check == "XP305"]
    assert (found.path, found.expected) == (place, "PyInit_whole")


@pytest.mark.parametrize("arch", ["aarch64", "armhf", "s390x"])
def test_a_library_may_be_named_as_a_module(tmp_path, arch):
    """pycryptodome's: cffi or ctypes loads them, and nothing of Python is in them."""
    tree = clean(arch)
    tree.elf[f"{SITE}/pkg/_raw_aes.abi3.so"] = Elf(
        arch=ARCHS[arch], needed=(ARCHS[arch].libc,), defines=("AES_start_operation",)
    )
    assert [f for f in verify(tree.write(tmp_path)).findings if f.check == "XP305"] == []


@pytest.mark.parametrize("newer", ["statx", "__clock_gettime64"])
def test_what_takes_64_bits_where_they_are_has_no_size_of_time(tmp_path, newer):
    """Rust's standard library: it has older functions to fall back on, and hands nothing of them to others."""
    tree = clean("armhf")
    mixed_time(tree, "__time64", "stat64")
    assert [f.check for f in verify(tree.write(tmp_path / "plain")).findings] == ["XP504"]
    tree.change(tree.native, weak=(newer,))
    assert verify(tree.write(tmp_path / "rust")).findings == ()
