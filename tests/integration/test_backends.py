"""Each back end's way to extensions: built for the target, named as it wants them, imported by its Python."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import TargetBed, find_bed, run  # tests/integration/conftest.py

from crosspy import elf

BACKENDS = Path(__file__).parent.parent / "packages" / "backends"

ANSWER = "assert {0}.answer() == 42, {0}.__file__"
CONSTANT = "assert {0}.answer == 42, {0}.__file__"
IMPORTED = "assert {0}.__file__"


@dataclass(frozen=True, kw_only=True)
class Module:
    """One module of a wheel: which file it is, and what its import must show on the target."""

    name: str
    file: str
    """``@`` stands for the target's own suffix."""
    proof: str = ANSWER


def module(name: str, file: str = "", proof: str = ANSWER) -> Module:
    return Module(name=name, file=file or f"{name}@", proof=proof)


PROJECTS = {
    "setuptools-pyproject": [module("spaced.native", "spaced/native/_answer.abi3.so")],
    "setuptools-pybind11": [module("be_pybind11", proof=IMPORTED), module("be_cython")],
    "setuptools-cffi": [module("be_cffi", "be_cffi.abi3.so", "assert {0}.lib.answer() == 42, {0}.__file__")],
    "setuptools-cmake": [module("be_cmake")],
    "setuptools-mypyc": [module("be_mypyc")],
    "hatchling-hook": [module("be_hatchling", "be_hatchling/_answer@")],
    "poetry-script": [module("be_poetry", "be_poetry/_answer@")],
    "pdm-backend": [module("be_pdm", "be_pdm/_answer@")],
    "scikit-build-core": [
        module("be_nanobind", proof="assert {0}.half(84) == 42"),
        module("be_plain", proof=CONSTANT),
        module("be_stable", "be_stable.abi3.so", IMPORTED),
    ],
    "scikit-build": [module("be_skbuild", "be_skbuild/_answer@")],
    "py-build-cmake": [
        module("be_pbc", "be_pbc/_answer@"),
        module("be_pbc._plain", "be_pbc/_plain@", CONSTANT),
    ],
    "meson-python": [
        module("be_meson_c", proof=CONSTANT),
        module("be_meson_inc", proof=CONSTANT),
        module("be_meson_cython"),
        module("be_meson_pybind11"),
        module("be_meson_stable", "be_meson_stable.abi3.so", IMPORTED),
    ],
    "meson-fortran": [module("be_fortran", proof=CONSTANT)],
}

CASES = [
    *[("arm64", name) for name in PROJECTS],
    ("armhf", "meson-python"),  # 32-bit: the headers of build requirements
    ("riscv64", "scikit-build-core"),  # Python 3.13: nanobind has a stable ABI
]


@pytest.fixture(scope="session")
def links(tmp_path_factory) -> Path:
    """A directory with the sdist that stands in for numpy's."""
    directory = tmp_path_factory.mktemp("links")
    name = "numpy-2.0+standin"
    transform = f"s,^numpy-stand-in,{name},"
    run(
        ["tar", "-czf", directory / f"{name}.tar.gz", "--transform", transform, "numpy-stand-in"],
        cwd=BACKENDS,
    )
    return directory


@pytest.fixture(scope="session")
def decoy(tmp_path_factory) -> Path:
    """A prefix of this machine, found by CMake through PATH, with a library that the target lacks."""
    prefix = tmp_path_factory.mktemp("decoy")
    (prefix / "bin").mkdir()
    (prefix / "lib" / "cmake" / "crosspy_decoy").mkdir(parents=True)
    (prefix / "lib" / "cmake" / "crosspy_decoy" / "crosspy_decoy-config.cmake").write_text("")
    run(["gcc", "-shared", "-x", "c", "/dev/null", "-o", prefix / "lib" / "libcrosspy_decoy.so"])
    return prefix


@pytest.mark.parametrize(("target", "project"), CASES)
def test_a_back_end(
    target, project, crosspy, make_crossenv, links, decoy, tmp_path, pip_environ, monkeypatch
):
    bed = find_bed(target)
    env = make_crossenv(bed)
    monkeypatch.setenv("PATH", str(decoy / "bin"), prepend=":")
    flags = dict.fromkeys(("CFLAGS", "CXXFLAGS"), "-O0 -g0")
    words = ["wheel", env.root, "-w", tmp_path / "wheels", "--find-links", links, BACKENDS / project]
    crosspy(*words, env={**pip_environ, **flags})
    library = tmp_path / "library"
    for wheel in (tmp_path / "wheels").glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(library)
    suffix = env.target.python.ext_suffix
    modules = expected(target, project)
    for each in modules:
        assert (library / each.file.replace("@", suffix)).is_file(), sorted(library.rglob("*.so"))
    for path in library.rglob("*.so"):
        facts = elf.read(path)
        paths = (
            ("/opt/x/lib", "$ORIGIN/lib") if project == "scikit-build-core" and "plain" in path.name else ()
        )
        assert facts.rpath + facts.runpath == paths
    if project == "scikit-build-core":
        assert "def __getattr__(name: str) -> Any" in (library / "be_nanobind.pyi").read_text()
    assert_on_target(bed, library, modules)


def expected(target: str, project: str) -> Sequence[Module]:
    modules = PROJECTS[project]
    if target == "riscv64":  # nanobind's stable ABI is that of Python 3.12
        return [
            module("be_nanobind", "be_nanobind.abi3.so", each.proof) if each.name == "be_nanobind" else each
            for each in modules
        ]
    return modules


def assert_on_target(bed: TargetBed, library: Path, modules: Sequence[Module]) -> None:
    lines = [f"import {each.name}; {each.proof.format(each.name)}" for each in modules]
    program = "\n".join([*lines, "print('imported')"])
    done = bed.run_target("-c", program, env={"PYTHONPATH": str(library), "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.stdout.strip() == "imported"
