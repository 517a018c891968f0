"""A pure wheel of a package whose sources have extension modules."""

from __future__ import annotations

import zipfile

import pytest
from sample_targets import put

EXTENSION = "#include <Python.h>\n"


@pytest.fixture
def accelerators(shims):
    return shims().load("accelerators")


def wheel(tmp_path, *names: str, title: str = "p-1-py3-none-any.whl") -> str:
    path = tmp_path / title
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("p/__init__.py", *names):
            archive.writestr(name, "")
    return str(path)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("src/p/_speed.pyx", "", True),
        ("src/_speed.c", EXTENSION, True),
        ("src/_speed.cpp", '# include "pybind11/pybind11.h"\n', True),
        ("src/_speed.cc", "#include <nanobind/nanobind.h>\n", True),
        ("src/_speed.cxx", "PyMODINIT_FUNC PyInit_speed(void)\n", True),
        ("rust/Cargo.toml", '[dependencies]\npyo3 = "0.27"\n', True),
        ("rust/Cargo.toml", '[dependencies.pyo3]\nversion = "0.27"\n', True),
        ("rust/Cargo.toml", '[dependencies]\nserde = "1"\n', False),
        ("src/tool.c", "int main(void) { return 0; }\n", False),
        ("src/p.h", EXTENSION, False),
        ("src/p/shipped.pyx", "", False),
        ("tests/ext/_speed.c", EXTENSION, False),
        ("docs/_speed.pyx", "", False),
        (".git/_speed.pyx", "", False),
    ],
)
def test_what_is_of_an_extension(accelerators, tmp_path, name, text, found):
    source = put(tmp_path / "source", {name: text, "setup.py": ""})
    pure = wheel(tmp_path, "p/shipped.pyx")
    assert accelerators.of_a_pure_wheel(pure, str(source)) == ([name] if found else [])


def test_a_wheel_for_one_machine_is_not_asked(accelerators, tmp_path):
    source = put(tmp_path / "source", {"a.pyx": ""})
    native = wheel(tmp_path, title="p-1-cp311-cp311-linux_aarch64.whl")
    assert accelerators.of_a_pure_wheel(native, str(source)) == []


def test_the_user_is_told_once_and_not_if_pure_is_wanted(shims, tmp_path, monkeypatch):
    source = put(tmp_path / "source", {f"{name}.pyx": "" for name in "abcd"})
    place = put(tmp_path / "evidence", {})
    place.mkdir(exist_ok=True)
    monkeypatch.setenv("CROSSPY_SOURCE", str(source))
    guard = shims().load("guard")
    pure = wheel(tmp_path)
    guard._tell_of_accelerators(pure)
    assert list(place.iterdir()) == []
    monkeypatch.setenv("CROSSPY_EVIDENCE", str(place))
    guard._tell_of_accelerators(pure)
    [told] = place.iterdir()
    assert told.suffix == ".warning"
    assert "(a.pyx, b.pyx, c.pyx and 1 more)" in told.read_text()
    assert "--pure p " in told.read_text()
    told.unlink()
    monkeypatch.setenv("CROSSPY_PURE", "P")
    guard._tell_of_accelerators(pure)
    assert list(place.iterdir()) == []
