"""``crosspy recipe``: what it reads of layers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from crosspy.cli.recipe import _has_spdx_licences, _known, _locked, _recipes
from crosspy.errors import UsageError
from crosspy.model.lock import Artifact, Crate
from crosspy.model.project import Project


@pytest.mark.parametrize(
    ("names", "spdx"),
    [("scarthgap", False), ("wrynose", False), ("wrynose blacksail", True), (None, False)],
)
def test_the_development_branch_has_spdx_licences(tmp_path: Path, names: str | None, spdx: bool) -> None:
    """OE-core's master calls itself by two names; other layers by none."""
    (tmp_path / "conf").mkdir()
    line = "BBFILES += ''\n" if names is None else f'LAYERSERIES_CORENAMES = "{names}"\n'
    (tmp_path / "conf/layer.conf").write_text(line)
    assert _has_spdx_licences([tmp_path / "other", tmp_path]) is spdx


def test_a_layers_version_counts_unless_it_is_compiled_against(tmp_path: Path) -> None:
    """numpy in a version of its own would be another than the target's."""
    recipes = tmp_path / "recipes-devtools/python"
    recipes.mkdir(parents=True)
    for name in (
        "python3-cython_3.2.4",
        "python3-numpy_2.4.3",
        "python3-other_git",
        "cmake_4.2.0",
        "python3-setuptools_69.1.1",
    ):
        (recipes / f"{name}.bb").touch()
    (recipes / "python3-pyyaml_6.0.bb").write_text('PYPI_PACKAGE = "PyYAML"\n')
    known = _known(_recipes([tmp_path]), SimpleNamespace(requires=("numpy",)))  # type: ignore[arg-type]
    assert {name: known[name] for name in ("cython", "numpy", "other", "pyyaml", "setuptools", "cmake", "wheel")} == {
        "cython": "3.2.4", "numpy": "", "other": "", "pyyaml": "6.0", "setuptools": "69.1.1", "cmake": "", "wheel": "",
    }  # fmt: skip


LOCK = """
version = 4
[[package]]
name = "own"
version = "1.0.0"
[[package]]
name = "libc"
version = "0.2.180"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "ab"
"""
SDIST = Artifact(name="p-1.tar.gz", url="", size=1, sha256="")


def test_a_lock_of_the_users_own_names_the_crates(tmp_path: Path) -> None:
    (tmp_path / "Cargo.lock").write_text(LOCK)
    unlocked = Project(name="p", version="1", sdist=SDIST, rust=True, unlocked=True)
    assert _locked(unlocked, None) is unlocked
    project = _locked(unlocked, tmp_path / "Cargo.lock")
    [crate] = project.crates
    assert isinstance(crate, Crate)
    assert (crate.name, crate.version, crate.sha256) == ("libc", "0.2.180", "ab")
    assert not project.unlocked


@pytest.mark.parametrize(
    ("rust", "unlocked", "text", "said"),
    [
        (True, True, None, "Cargo.lock: No such file"),
        (True, True, "[[package]", "is no Cargo.lock"),
        (True, True, "package = [3]", "is no Cargo.lock"),
        (True, False, LOCK, "p has a Cargo.lock or its crates"),
        (False, False, LOCK, "p is not built with Rust"),
    ],
)
def test_a_lock_that_is_of_no_use(
    tmp_path: Path, rust: bool, unlocked: bool, text: str | None, said: str
) -> None:
    lock = tmp_path / "Cargo.lock"
    if text is not None:
        lock.write_text(text)
    project = Project(name="p", version="1", sdist=SDIST, rust=rust, unlocked=unlocked)
    with pytest.raises(UsageError, match=said):
        _locked(project, lock)
