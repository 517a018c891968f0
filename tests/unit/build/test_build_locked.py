"""What of a lock is for a target, and in which batches it is built."""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sample_targets import make_target

from crosspy.build.frontend import BuildOptions
from crosspy.build.locked import batches, build_locked
from crosspy.build.lockfile import Locks, for_target, read_locks
from crosspy.console import Console
from crosspy.crossenv.layout import CrossEnv
from crosspy.errors import FetchError, LockError, UsageError
from crosspy.model.lock import Artifact, Crate, Lock, Package, to_toml
from crosspy.model.tags import marker_environment


def artifact(name: str) -> Artifact:
    return Artifact(name=name, url=f"https://index.invalid/{name}", sha256="0" * 64)


def sdist(name: str, version: str = "1", **more: Any) -> Package:
    return Package(name=name, version=version, sdist=artifact(f"{name}-{version}.tar.gz"), **more)


def wheel(name: str, version: str = "1", tags: str = "py3-none-any", **more: Any) -> Package:
    return Package(name=name, version=version, wheels=(artifact(f"{name}-{version}-{tags}.whl"),), **more)


def test_one_file_of_each_package_is_for_the_target() -> None:
    target = make_target()
    here = marker_environment(target)["platform_machine"]
    other = Package(
        name="a",
        version="1",
        sdist=artifact("a-1.tar.gz"),
        wheels=(artifact("a-1-py2.py3-none-any.whl"), artifact("a-1-cp39-cp39-win_amd64.whl")),
    )
    lock = Lock(
        packages=(
            other,
            wheel("b", marker=f"platform_machine == '{here}'"),
            wheel("c", marker="sys_platform == 'win32'"),
            wheel("d", marker="'x' in extras"),
            sdist("e", crates=(Crate(name="n", version="1", source="s", sha256=""),)),
            wheel("f", groups=("test",)),
        )
    )
    found = {one.name: one for one in for_target(lock, target)}
    assert sorted(found) == ["a", "b", "e"]
    assert [one.name for one in found["a"].artifacts] == ["a-1-py2.py3-none-any.whl"]
    assert found["e"].crates


def test_a_prebuilt_wheel_is_taken_where_the_policy_says_so() -> None:
    target = make_target()
    arch = marker_environment(target)["platform_machine"]
    wheels = (artifact(f"a-1-cp{target.python.nodot}-cp{target.python.nodot}-manylinux2014_{arch}.whl"),)
    both = Package(name="a", version="1", sdist=artifact("a-1.tar.gz"), wheels=wheels)
    for policy, expected in (("sdist", "a-1.tar.gz"), ("", "a-1.tar.gz"), ("auto", wheels[0].name)):
        (found,) = for_target(Lock(packages=(both,), policy=policy), target)
        assert [one.name for one in found.artifacts] == [expected]


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        (Lock(packages=(), environments=("platform_machine == 'vax'",)), "platform_machine == 'vax'"),
        (Lock(packages=(), requires_python="==2.7.*"), "Python ==2.7"),
        (Lock(packages=(), requires_python="new"), "cannot be read"),
        (Lock(packages=(), environments=("nonsense",)), "'nonsense' cannot be read"),
        (
            Lock(packages=(wheel("a", tags="cp311-cp311-win_amd64"),)),
            "neither a source distribution nor a wheel that fits",
        ),
        (Lock(packages=(wheel("a"), wheel("a", "2"))), "a twice"),
    ],
)
def test_a_lock_for_another_target_is_refused(lock: Lock, said: str) -> None:
    with pytest.raises(LockError, match=said):
        for_target(lock, make_target())


def test_what_contradicts_is_built_apart() -> None:
    build = Lock(
        packages=(
            wheel("setuptools", "80", groups=("a-1", "b-1")),
            wheel("setuptools", "70", groups=("c-1",)),
            wheel("cython", "3", groups=("b-1", "c-1", "d-1")),
            wheel("cython", "0.29", groups=("e-1",)),
        ),
        groups=("a-1", "b-1", "c-1", "d-1", "e-1"),
    )
    packages = [sdist(name) for name in "abcde"] + [wheel("f")]
    locks = Locks(target=Lock(packages=tuple(packages)), build=build)
    found = batches(packages, packages, locks, isolated=True)
    assert [[one.name for one in batch.packages] for batch in found] == [["a", "b", "d"], ["c"], ["e"]]
    assert found[0].pins == {"setuptools": "80", "cython": "3"}
    assert len(batches(packages, packages, locks, isolated=False)) == 1


def test_a_package_that_is_compiled_against_brings_what_it_is_built_with() -> None:
    build = Lock(
        packages=(wheel("numpy", "2", groups=("a-1",)), wheel("meson", "1", groups=("numpy-2",))),
        groups=("a-1", "numpy-2"),
    )
    packages = [sdist("a"), sdist("numpy", "2")]
    locks = Locks(target=Lock(packages=tuple(packages)), build=build)
    (batch,) = batches(packages[:1], packages, locks, isolated=True)
    assert batch.pins == {"numpy": "2", "meson": "1"}


def build(tmp_path: Path, lock: Lock, *names: str, other: Lock | None = None, **options: Any) -> list[Path]:
    path = tmp_path / "pylock.toml"
    path.write_text(to_toml(lock))
    if other:
        path.with_name("pylock.build.toml").write_text(to_toml(other))
    return build_locked(
        CrossEnv(root=tmp_path / "env", target=make_target()),
        path,
        names,
        options=BuildOptions(**options),
        console=Console(quiet=True),
        environ={"PATH": "/usr/bin:/bin"},
        wheel_dir=tmp_path / "wheels",
    )


def test_a_missing_file_is_told_before_anything_is_built(tmp_path: Path) -> None:
    lock = Lock(packages=(wheel("a"), wheel("b")))
    with pytest.raises(
        FetchError, match=r"a-1-py3-none-any\.whl, b-1-py3-none-any\.whl are in no --find-links"
    ):
        build(tmp_path, lock, no_index=True)
    (tmp_path / "dl").mkdir()
    with pytest.raises(FetchError, match="are in no") as caught:
        build(tmp_path, lock, find_links=(str(tmp_path / "dl"),))
    assert "crosspy fetch" in caught.value.hint
    (tmp_path / "dl" / "a-1-py3-none-any.whl").write_bytes(b"another")
    with pytest.raises(FetchError, match="has the sha256"):
        build(tmp_path, lock, find_links=(str(tmp_path / "dl"),))
    assert not (tmp_path / "wheels").exists()


def test_a_build_requirement_that_writes_outside_is_told_before_anything_is_built(tmp_path: Path) -> None:
    def packed(name: str, *links: str) -> Package:
        (tmp_path / "dl").mkdir(exist_ok=True)
        path = tmp_path / "dl" / f"{name}-1.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for link in links:
                info = tarfile.TarInfo(f"{name}-1/s")
                info.type, info.linkname = tarfile.SYMTYPE, link
                archive.addfile(info)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return Package(
            name=name,
            version="1",
            sdist=Artifact(name=path.name, url=f"https://x.invalid/{path.name}", sha256=sha256),
        )

    other = Lock(packages=(replace(packed("evil", "/etc"), groups=("a-1",)),), groups=("a-1", "evil-1"))
    with pytest.raises(FetchError, match=r"dl/evil-1\.tar\.gz: it holds 'evil-1/s', a link to '/etc'"):
        build(tmp_path, Lock(packages=(packed("a"),)), other=other, find_links=(str(tmp_path / "dl"),))
    assert not (tmp_path / "wheels").exists()


def test_a_stale_build_lock_is_told(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="has to be there"):
        build(tmp_path, Lock(packages=(sdist("a"),)))
    with pytest.raises(LockError, match="no group a-1"):
        build(tmp_path, Lock(packages=(sdist("a"),)), other=Lock(packages=(), groups=("a-0",)))
    with pytest.raises(UsageError, match="the lock has no b"):
        build(tmp_path, Lock(packages=(sdist("a"),)), "b")


def test_two_locks_agree_on_their_files(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    path.write_text(to_toml(Lock(packages=(wheel("a"),))))
    path.with_name("pylock.build.toml").write_text(
        to_toml(Lock(packages=(wheel("a"),))).replace("0" * 64, "1" * 64)
    )
    with pytest.raises(LockError, match="two hashes"):
        read_locks(path)
    path.write_bytes(b"\xff")
    with pytest.raises(LockError, match="cannot be read"):
        read_locks(path)


def test_what_is_needed_for_one_package_of_a_lock(tmp_path: Path) -> None:
    """Its build requirements, and the target's files of those that it is compiled against: nothing else."""
    other = Lock(
        packages=(
            wheel("numpy", "2", tags="cp311-cp311-any", groups=("a-1",)),
            wheel("meson", groups=("numpy-2",)),
        ),
        groups=("a-1", "numpy-2"),
    )
    lock = Lock(packages=(sdist("a"), sdist("numpy", "2"), sdist("b"), wheel("c")))
    with pytest.raises(
        FetchError, match=r"names, a-1.tar.gz, meson-1-\S+, numpy-2-cp311-\S+, numpy-2.tar.gz are in"
    ):
        build(tmp_path, lock, "a", other=other, no_index=True)
    with pytest.raises(FetchError, match=r"names, a-1.tar.gz is in no"):
        build(tmp_path, lock, "a", no_index=True, build_isolation=False)
