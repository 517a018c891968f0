"""The table of libraries: sound in itself, and against the trees that have the packages."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosspy.build.libraries import Library, find, known_libraries, parse

LIBRARIES = known_libraries()


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_each_is_found_by_all_that_it_has(library):
    assert library.modules or library.headers or library.libraries
    assert library.debian or library.yocto or library.buildroot
    assert not library.layer or library.yocto
    for thing, names in (
        ("module", library.modules),
        ("library", library.libraries),
        ("program", library.programs),
        ("package", library.cmake),
    ):
        for name in names:
            assert find(thing, name, LIBRARIES) == library, f"{name} is another's too"
    for header in library.headers:
        found = find("header", header.replace("*", "some.h"), LIBRARIES)
        assert found
        assert header in found.headers, f"{header} is found as {found.name}'s"


def test_a_row_is_read():
    (library,) = parse(
        'a = { modules = ["a-1"], headers = ["a/*"], libraries = ["a"], debian = "liba-dev", yocto = "a", layer = "l", buildroot = "liba-b" }'
    )
    assert library == Library(
        name="a",
        modules=("a-1",),
        headers=("a/*",),
        libraries=("a",),
        debian="liba-dev",
        yocto="a",
        layer="l",
        buildroot="liba-b",
    )
    assert (
        library.packages()
        == 'Yocto DEPENDS = "a" (l), Buildroot BR2_PACKAGE_LIBA_B (liba-b), Debian liba-dev'
    )
    assert library.signs() == "pkg-config module a-1, header a"


@pytest.mark.parametrize(
    ("thing", "name", "expected"),
    [
        ("module", "libzmq", "zeromq"),
        ("header", "zmq.h", "zeromq"),
        ("header", "libxml/parser.h", "libxml2"),
        ("header", "dbus/dbus-glib.h", "dbus-glib"),
        ("header", "dbus/dbus.h", "dbus"),
        ("library", "hdf5", "hdf5"),
        ("program", "pg_config", "postgresql"),
        ("package", "ZLIB", "zlib"),
        ("package", "LibXml2", "libxml2"),
        ("named", "HDF5", "hdf5"),
        ("named", "libgeos_c", "geos"),
    ],
)
def test_what_is_looked_for(thing, name, expected):
    found = find(thing, name, LIBRARIES)
    assert found
    assert found.name == expected


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        ("module", "no-such"),
        ("header", "config.h"),
        ("header", "zmq.hpp"),
        ("library", "hdf"),
        ("named", "file-not-there"),
    ],
)
def test_what_is_not_in_the_table(thing, name):
    assert find(thing, name, LIBRARIES) is None


# Against the real trees: name their directories in these variables.


def tree(variable: str) -> Path:
    """Return the tree that an environment variable names."""
    if not os.environ.get(variable):
        pytest.skip(f"{variable} names no tree to compare the table with")
    return Path(os.environ[variable])


def recipes(top: Path) -> set[str]:
    return {path.stem.partition("_")[0] for path in top.rglob("*.bb")}


def rows(layers: set[str]) -> Iterator[Library]:
    return (library for library in LIBRARIES if library.yocto and library.layer in layers)


def test_recipes_of_oe_core():
    known = recipes(tree("OE_CORE_DIR") / "meta")
    assert len(known) > 500
    assert [library.name for library in rows({""}) if library.yocto not in known] == []


def test_recipes_of_meta_openembedded():
    top = tree("META_OE_DIR")
    layers = {path.parent.parent.name for path in top.glob("*/conf/layer.conf")}
    assert "meta-oe" in layers
    known = {layer: recipes(top / layer) for layer in layers}
    assert [library.name for library in rows(layers) if library.yocto not in known[library.layer]] == []


def test_packages_of_buildroot():
    top = tree("BUILDROOT_DIR") / "package"
    packages = {path.parent.name for path in top.rglob("*.mk")}
    options = {
        name
        for path in top.rglob("Config.in*")
        for name in re.findall(r"^\s*(?:menu)?config (\w+)", path.read_text(errors="replace"), re.MULTILINE)
    }
    listed = [library for library in LIBRARIES if library.buildroot]
    assert [one.name for one in listed if one.buildroot not in packages or one.symbol not in options] == []
