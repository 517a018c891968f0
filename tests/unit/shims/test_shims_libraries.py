"""A library of the target, opened with ctypes in a build, and what a build calls of it."""

from __future__ import annotations

import ctypes
import sys
import tomllib
from pathlib import Path

import pytest


@pytest.fixture
def libraries(shims, tmp_path, monkeypatch, script):
    made = shims()
    module, calls = made.load("libraries"), made.load("calls")
    tools = tmp_path / "tools"
    script(tools / "the-nm", 'printf "%s\\n" "0000000000000010 T does@@V1" "0000000000000020 T also"')
    for one in (module, calls):
        monkeypatch.setattr(one, "TOOLS", str(tools))
    made.set("LAUNCHERS", {"NM": "the-nm", "CC": "the-cc"})
    made.set("SYSROOT", str(tmp_path / "sysroot"))
    made.set("LIBRARY_DIRS", ("/usr/lib/aarch64-linux-gnu", "/usr/lib"))
    for name in ("__init__", "__getattr__"):
        monkeypatch.setattr(ctypes.CDLL, name, getattr(ctypes.CDLL, name))
    module.apply(ctypes)
    return made


@pytest.fixture
def foreign(tmp_path):
    path = tmp_path / "sysroot" / "usr" / "lib" / "libx.so"
    path.parent.mkdir(parents=True)
    path.write_bytes(
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + (3).to_bytes(2, "little")
        + (183).to_bytes(2, "little")
        + bytes(44)
    )
    return path


def test_its_symbols_are_known(libraries, foreign):
    library = ctypes.CDLL(str(foreign))
    assert (hasattr(library, "does"), hasattr(library, "also"), hasattr(library, "nothing")) == (
        True,
        True,
        False,
    )
    library.does.argtypes = [ctypes.c_int]
    with pytest.raises(OSError, match=r"the build calls a function.*libx\.so: does"):
        library.does(1)
    assert hasattr(ctypes.CDLL(foreign), "does")


def test_what_cannot_be_read_is_the_error_that_it_was(libraries, foreign, tmp_path):
    (tmp_path / "tools" / "the-nm").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(OSError, match="libx"):
        ctypes.CDLL(str(foreign))
    with pytest.raises(OSError, match="libabsent"):
        ctypes.CDLL(str(tmp_path / "libabsent.so"))
    with pytest.raises(OSError, match="libabsent"):
        ctypes.CDLL("libabsent.so")


def test_a_name_means_the_sysroots(libraries, foreign, tmp_path):
    assert ctypes.CDLL("libx.so")._name == str(foreign)
    assert ctypes.CDLL("/usr/lib/x86_64-linux-gnu/libx.so")._name == str(foreign)
    # Not even where the build machine has one of that name: a build would be told of another library.
    with pytest.raises(OSError, match=r"sysroot.*/usr/lib/libz\.so\.1: cannot open"):
        ctypes.CDLL("/usr/lib/libz.so.1")


def test_the_c_library_is_the_build_machines(libraries, foreign):
    foreign.with_name("libc.so.6").write_bytes(foreign.read_bytes())
    assert ctypes.CDLL("libc.so.6").abs(-3) == 3


def test_those_of_the_build_machine_are_as_ever(libraries):
    library = ctypes.CDLL(None)
    assert library.abs(-3) == 3
    assert not hasattr(library, "no_such_function_at_all")


HEADER = """
case "$*" in *-Ithe-place*) ;; *) echo "no such header" >&2; exit 1 ;; esac
sed -e '/^#include/d' -e 's/X_MAJOR/(1)/' -e 's/X_MINOR/0x1cU/' -e 's/X_VERSION/"1." "28"/'
"""
"""A preprocessor that knows one header."""

ROW = {"header": "x.h", "modules": ["absent", "x"]}


@pytest.fixture
def header(libraries, tmp_path, monkeypatch, script):
    """Let the header of the library be known; return the facts."""
    script(tmp_path / "tools" / "the-cc", HEADER)
    pkg_config = script(tmp_path / "pkg-config", '[ "$2" = x ] && echo -Ithe-place')
    monkeypatch.setenv("PKG_CONFIG", str(pkg_config))
    return libraries


def test_a_version_is_told_by_the_header(header, foreign):
    header.set("FUNCTIONS", {"does": {**ROW, "stores": ["X_MAJOR", "X_MINOR"], "returns": "0"}})
    library = ctypes.CDLL(str(foreign))
    major, minor = ctypes.c_uint(), ctypes.c_uint()
    assert library.does(ctypes.byref(major), ctypes.pointer(minor)) == 0
    assert (major.value, minor.value) == (1, 28)


def test_a_text_is_told_by_the_header(header, foreign):
    header.set("FUNCTIONS", {"also": {**ROW, "returns": "X_VERSION"}})
    library = ctypes.CDLL(str(foreign))
    with pytest.raises(OSError, match="the build calls a function"):
        library.also()  # ctypes would return an int: part of the address of the text
    library.also.restype = ctypes.c_char_p
    assert library.also() == b"1.28"


@pytest.mark.parametrize(
    ("row", "arguments"),
    [
        ({**ROW, "returns": "X_ABSENT"}, ()),
        ({**ROW, "modules": ["absent"], "returns": "X_MAJOR"}, ()),
        ({**ROW, "stores": ["X_MAJOR"]}, ()),
        ({**ROW, "stores": ["X_MAJOR"]}, (1,)),
    ],
    ids=["not a constant", "no header", "another number of arguments", "no pointer"],
)
def test_what_the_header_does_not_tell_is_an_error(header, foreign, row, arguments):
    header.set("FUNCTIONS", {"does": row})
    with pytest.raises(OSError, match=r"the build calls a function.*does"):
        ctypes.CDLL(str(foreign)).does(*arguments)


TARGET_PYTHON = f"""
for word; do program=$word; done
exec {sys.executable} -c "
import ctypes
class Does:
    def __call__(self, pointer, number):
        pointer._obj.value += number
        return 7
class Also:
    def __call__(self):
        return b'yes' if self.restype else None
class CDLL:
    def __init__(self, path):
        self.does, self.also = Does(), Also()
ctypes.CDLL = CDLL
$program"
"""
"""An emulator whose Python has a library."""


def test_an_emulator_runs_the_call(libraries, foreign, tmp_path, script):
    libraries.set("EMULATOR", True)
    script(tmp_path / "tools" / "run-target", TARGET_PYTHON)
    library = ctypes.CDLL(str(foreign))
    number = ctypes.c_int(30)
    assert library.does(ctypes.byref(number), 12) == 7
    assert number.value == 42
    library.also.restype = ctypes.c_char_p
    assert library.also() == b"yes"
    library.also.restype = None
    assert library.also() is None


def test_an_emulator_that_fails_is_told(libraries, foreign, tmp_path, script):
    libraries.set("EMULATOR", True)
    script(tmp_path / "tools" / "run-target", "echo 'libx.so.1: cannot open' >&2; exit 1")
    library = ctypes.CDLL(str(foreign))
    with pytest.raises(OSError, match=r"under the emulator: libx\.so\.1: cannot open.*libx\.so: does"):
        library.does()
    with pytest.raises(OSError, match="the build calls a function"):
        library.does(object())


def test_the_table_of_functions():
    table = tomllib.loads(Path("crosspy/data/functions.toml").read_text(encoding="utf-8"))
    for name, row in table.items():
        assert set(row) <= {"header", "modules", "stores", "returns"}, name
        assert row["modules"], name
        assert row["header"].endswith(".h"), name
        assert row.get("stores") or row.get("returns"), name
