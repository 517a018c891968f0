"""A library of the target, opened with ctypes in a build."""

from __future__ import annotations

import ctypes

import pytest


@pytest.fixture
def libraries(shims, tmp_path, monkeypatch):
    made = shims()
    module = made.load("libraries")
    nm = tmp_path / "tools" / "the-nm"
    nm.parent.mkdir()
    nm.write_text('#!/bin/sh\nprintf "%s\\n" "0000000000000010 T does@@V1" "0000000000000020 T also"\n')
    nm.chmod(0o755)
    monkeypatch.setattr(module, "TOOLS", str(nm.parent))
    made.set("LAUNCHERS", {"NM": "the-nm"})
    for name in ("__init__", "__getattr__"):
        monkeypatch.setattr(ctypes.CDLL, name, getattr(ctypes.CDLL, name))
    module.apply(ctypes)
    return module


@pytest.fixture
def foreign(tmp_path):
    path = tmp_path / "libx.so"
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
    with pytest.raises(OSError, match=r"does not run on the build machine.*libx\.so: does"):
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


def test_those_of_the_build_machine_are_as_ever(libraries):
    library = ctypes.CDLL(None)
    assert library.abs(-3) == 3
    assert not hasattr(library, "no_such_function_at_all")
