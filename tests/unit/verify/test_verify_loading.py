"""Where the loaders of glibc and musl look, each by its own rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from elf_writer import Elf
from planted import DEP, SITE, Tree, clean

from crosspy.model.finding import Severity
from crosspy.verify.infer import infer
from crosspy.verify.loading import load, loading_of, search_of
from crosspy.verify.runner import verify
from crosspy.verify.tree import survey


def plain(tree: Tree) -> Tree:
    """Take the symbols out, so that only the search for libraries is asked."""
    for path, elf in tree.elf.items():
        tree.elf[path] = elf.but(wants=())
    return tree


def missing(tree: Tree, root: Path) -> list[str]:
    """Return what Python will not find. (A library that nothing loads may miss another: a warning.)"""
    findings = verify(tree.write(root)).findings
    return [f.expected for f in findings if f.check == "XP201" and f.severity is Severity.ERROR]


def chain(arch: str, **places: str) -> Tree:
    """A module that needs libmid, which needs libdep; all libraries are in ``pkg.libs``, which the module names."""
    tree = plain(clean(arch))
    libs = f"{SITE}/pkg.libs"
    tree.remove("/usr/lib/libdep.so")
    tree.rename(DEP, f"{libs}/libdep.so.1")
    tree.elf[f"{libs}/libmid.so.1"] = Elf(arch=tree.arch, soname="libmid.so.1", needed=("libdep.so.1",))
    tree.change(tree.native, needed=("libmid.so.1", tree.arch.libc), **places)
    return tree


@pytest.mark.parametrize(
    ("arch", "places", "expected"),
    [
        ("aarch64", {"rpath": "$ORIGIN/../pkg.libs"}, []),
        ("aarch64", {"rpath": "${ORIGIN}/../pkg.libs"}, []),
        ("aarch64", {"runpath": "$ORIGIN/../pkg.libs"}, ["libdep.so.1"]),
        ("aarch64-musl", {"rpath": "$ORIGIN/../pkg.libs"}, []),
        ("aarch64-musl", {"runpath": "$ORIGIN/../pkg.libs"}, []),
        ("aarch64", {}, ["libmid.so.1"]),
    ],
)
def test_rpath_is_handed_on_and_with_glibc_runpath_is_not(tmp_path, arch, places, expected):
    assert missing(chain(arch, **places), tmp_path) == expected


def test_rpath_counts_for_nothing_where_there_is_a_runpath(tmp_path):
    tree = chain("mips64-n64", rpath="$ORIGIN/../pkg.libs", runpath="/usr/lib/elsewhere")
    assert missing(tree, tmp_path) == ["libmid.so.1"]


def test_what_the_interpreter_has_loaded_is_not_looked_for(tmp_path):
    tree = chain("armhf")
    tree.change("/usr/bin/python3.11", needed=("libmid.so.1", "libc.so.6"), rpath=f"{SITE}/pkg.libs")
    assert missing(tree, tmp_path) == []


@pytest.mark.parametrize(
    ("arch", "conf"),
    [
        ("armhf", {"/etc/ld.so.conf": b"include /etc/ld.so.conf.d/*.conf\n", "/etc/ld.so.conf.d/a.conf": b"/opt/x/\n"}),
        ("armhf-musl", {"/etc/ld-musl-armhf.path": b"/lib:/opt/x\n"}),
    ],
)  # fmt: skip
def test_configured_directories(tmp_path, arch, conf):
    tree = plain(clean(arch))
    tree.remove("/usr/lib/libdep.so")
    tree.rename(DEP, "/opt/x/libdep.so.1")
    assert missing(tree, tmp_path / "without") == ["libdep.so.1"]
    tree.files |= conf
    assert missing(tree, tmp_path / "with") == []


def test_a_configuration_of_musl_takes_the_place_of_its_own_directories(tmp_path):
    tree = plain(clean("armhf-musl"))
    tree.files["/etc/ld-musl-armhf.path"] = b"/lib\n"
    assert missing(tree, tmp_path) == ["libdep.so.1"]


def test_the_directories_that_are_compiled_into_the_loader(tmp_path):
    tree = plain(clean("ppc64le"))
    tree.change(tree.arch.loader, data=b"\0/usr/lib64/\0/opt/system/lib/\0x")
    tree.remove("/usr/lib/libdep.so")
    tree.rename(DEP, "/opt/system/lib/libdep.so.1")
    tree.rename("/lib/libc.so.6", "/usr/lib64/libc.so.6")
    image = survey(tree.write(tmp_path))
    search = search_of(image, infer(image))
    assert search.directories == ("/usr/lib64", "/opt/system/lib")
    assert missing(tree, tmp_path / "again") == []


def test_directories_of_processor_features(tmp_path):
    tree = plain(clean("x86_64"))
    tree.remove("/usr/lib/libdep.so")
    tree.rename(DEP, "/usr/lib/glibc-hwcaps/x86-64-v3/libdep.so.1")
    assert missing(tree, tmp_path) == []


def test_libraries_of_another_machine_are_passed_over(tmp_path):
    tree = plain(clean("armhf"))
    tree.elf["/lib/libdep.so.1"] = Elf(arch=clean("x86_64").arch, soname="libdep.so.1")
    image = survey(tree.write(tmp_path))
    assert search_of(image, infer(image)).find("libdep.so.1") == DEP


def test_the_order_is_the_loaders(tmp_path):
    tree = chain("s390x", rpath="$ORIGIN/../pkg.libs")
    tree.elf[f"{SITE}/pkg.libs/libmid.so.1"] = tree.elf[f"{SITE}/pkg.libs/libmid.so.1"].but(
        needed=("libc.so.6", "libdep.so.1")
    )
    image = survey(tree.write(tmp_path))
    loaded = load(search_of(image, infer(image)), tree.native)
    libs = f"{SITE}/pkg.libs"
    assert loaded.files == (tree.native, f"{libs}/libmid.so.1", "/lib/libc.so.6", f"{libs}/libdep.so.1")


def test_each_module_has_the_interpreter_of_its_version(tmp_path):
    tree = plain(clean("aarch64"))
    tree.elf["/usr/bin/python3.10"] = tree.elf["/usr/bin/python3.11"]
    other = "/usr/lib/python3.10/site-packages/x.abi3.so"
    tree.elf[other] = tree.elf[f"{SITE}/pkg/_stable.abi3.so"]
    image = survey(tree.write(tmp_path))
    modules = loading_of(image, infer(image)).modules
    assert modules[other][0] == "/usr/bin/python3.10"
    assert modules[tree.native][0] == "/usr/bin/python3.11"


def test_a_hostile_image_of_circles_ends(tmp_path):
    tree = plain(clean("armel"))
    tree.change(DEP, needed=("libdep.so.1", "libc.so.6"), rpath="$ORIGIN:$ORIGIN")
    assert missing(tree, tmp_path) == []
