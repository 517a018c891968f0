"""What a build made is looked at before it is handed on."""

from __future__ import annotations

import sys
import types
import zipfile
from pathlib import Path

import pytest
from sample_targets import ELF

GOOD = ".cpython-311-aarch64-linux-gnu.so"


def make_wheel(
    directory: Path, members: dict[str, bytes | Path], name: str = "p-1-cp311-cp311-linux_aarch64.whl"
) -> str:
    path = directory / name
    with zipfile.ZipFile(path, "w") as archive:
        for member, contents in members.items():
            archive.writestr(member, contents.read_bytes() if isinstance(contents, Path) else contents)
    return str(path)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project directory with sources, as the build knows it."""
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    for name in ("ext.c", "src/fast.cpp", "src/other.c", "src/a b.c", "conftest.c"):
        (root / name).write_text("")
    monkeypatch.setenv("CROSSPY_SOURCE", str(root))
    return root


class Log:
    """The record that launchers leave."""

    def __init__(self, directory: Path, project: Path) -> None:
        self.path, self.project, self.number = directory, project, 100
        directory.mkdir()

    def add(
        self, command: str | list[str], *, failed: bool = False, said: str = "", cwd: Path | None = None
    ) -> None:
        self.number += 1
        words = command.split() if isinstance(command, str) else command
        (self.path / str(self.number)).write_text(said)
        record = "\n".join([str(cwd or self.project), "/tc/gcc", *words])
        (self.path / f"{self.number}.{'failed' if failed else 'done'}").write_text(record)


@pytest.fixture
def log(tmp_path, project):
    return Log(tmp_path / "log", project)


@pytest.fixture
def guard(shims, monkeypatch):
    monkeypatch.delenv("CROSSPY_PURE", raising=False)
    module = shims().load("guard")
    monkeypatch.setattr(module, "_is_setuptools", lambda: False)
    return module


def test_a_good_wheel(guard, tmp_path, log):
    wheel = make_wheel(
        tmp_path,
        {
            f"ext{GOOD}": ELF / "aarch64" / "ext.so",
            "p.py": b"x",
            "p.libs/libdep.so.1": ELF / "aarch64" / "libdep.so.1",
        },
    )
    log.add("-c ext.c -o ext.o")
    assert guard.check(wheel, str(log.path)) == []
    assert Path(wheel).exists()


def test_a_wheel_of_other_metadata_than_pip_was_told(guard, tmp_path, log):
    made = make_wheel(tmp_path, {"p-1.dist-info/METADATA": b"Version: 1\n", "p/a/b.dist-info/METADATA": b""})
    assert guard.check(made, str(log.path), stated=b"Version: 1.0\n") == []
    [told] = guard.check(made, str(log.path), stated=b"Version: 2\n")
    assert "says 2, the wheel that was built of it 1." in told
    assert Path(f"{made}.refused").exists()


@pytest.mark.parametrize(
    ("arch", "spoken"),
    [
        ("x86_64", "64-bit little-endian x86-64"),
        ("armhf", "32-bit little-endian ARM"),
        ("s390x", "64-bit big-endian s390"),
        ("i686", "32-bit little-endian i386"),
    ],
)
@pytest.mark.parametrize("name", [f"ext{GOOD}", "p/data/helper", "p-1.data/scripts/tool"])
def test_code_of_another_machine(guard, tmp_path, log, arch, spoken, name):
    wheel = make_wheel(tmp_path, {name: ELF / arch / "ext.so"})
    problems = guard.check(wheel, str(log.path))
    assert len(problems) == 1
    assert f"{name} is {spoken}, the target is 64-bit little-endian AArch64" in problems[0]
    assert "not accepted" in problems[0]
    assert not Path(wheel).exists()
    assert Path(f"{wheel}.refused").exists()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (f"ext{GOOD}", ""),
        ("ext.abi3.so", ""),
        ("ext.so", ""),
        ("libx.so.1.2", ""),
        ("ext.cpython-311-x86_64-linux-gnu.so", ".cpython-311-x86_64-linux-gnu.so"),
        ("p/ext.cpython-312-aarch64-linux-gnu.so", ".cpython-312-aarch64-linux-gnu.so"),
        ("p/ext.v2.cpython-311-x86_64-linux-gnu.so", ".cpython-311-x86_64-linux-gnu.so"),
        (f"p/ext.v2{GOOD}", ""),
    ],
)
def test_suffixes(guard, tmp_path, log, name, wrong):
    problems = guard.check(make_wheel(tmp_path, {name: ELF / "aarch64" / "ext.so"}), str(log.path))
    assert len(problems) == bool(wrong)
    if wrong:
        assert (
            f"{name} ends in {wrong}; the target's Python imports {GOOD}, .abi3.so, .so only" in problems[0]
        )


def test_every_problem_is_named(guard, tmp_path, log):
    wheel = make_wheel(
        tmp_path, {"a.cpython-39-x.so": ELF / "x86_64" / "ext.so", f"b{GOOD}": ELF / "i686" / "ext.so"}
    )
    assert len(guard.check(wheel, str(log.path))) == 3


def test_small_and_strange_members(guard, tmp_path, log):
    members = {
        "a.so": b"\x7fELF",
        "b.so": b"",
        "c/": b"",
        "d.so": b"MZ" * 40,
        "e.o": b"\x7fELF" + b"\xff" * 80,
    }
    problems = guard.check(
        make_wheel(tmp_path, {name: data for name, data in members.items() if name != "e.o"}), str(log.path)
    )
    assert problems == []


def test_a_big_endian_target(shims, tmp_path, log):
    guard = shims("s390x").load("guard")
    assert guard.check(make_wheel(tmp_path, {"a.so": ELF / "s390x" / "ext.so"}), str(log.path)) == []
    assert guard.check(make_wheel(tmp_path, {"a.so": ELF / "ppc64le" / "ext.so"}), str(log.path))


# Lost extensions.


PURE = {"p/__init__.py": b""}


def test_a_failed_source_of_a_pure_wheel(guard, tmp_path, log):
    log.add("-O2 -c ext.c -o build/ext.o", failed=True, said="ext.c:1:10: fatal error: foo.h: No such file\n")
    wheel = make_wheel(tmp_path, PURE, "my_pkg-1-py3-none-any.whl")
    (problem,) = guard.check(wheel, str(log.path))
    assert "the compiler failed on ext.c" in problem
    assert "fatal error: foo.h" in problem
    assert "-O2 -c ext.c" in problem
    assert "crosspy wheel --pure my_pkg" in problem
    assert not Path(wheel).exists()


class Extension:
    def __init__(self, name):
        self.name = name


@pytest.mark.parametrize(
    ("modules", "files", "wanted", "lost"),
    [
        ([Extension("p._b"), Extension("p._a")], PURE, "", "p._a, p._b"),  # a build_ext that did nothing
        ([Extension("p._a")], PURE, "my-pkg", ""),
        ([Extension("p._a")], {"p/_a.abi3.so": ELF / "aarch64" / "ext.so"}, "", ""),
        ([], PURE, "", ""),
        (None, PURE, "", ""),
    ],
)
def test_extensions_that_no_compiler_failed_on(
    guard, tmp_path, log, monkeypatch, modules, files, wanted, lost
):
    setup = types.SimpleNamespace(ext_modules=modules)
    monkeypatch.setitem(sys.modules, "distutils.core", types.SimpleNamespace(_setup_distribution=setup))
    monkeypatch.setenv("CROSSPY_PURE", wanted)
    problems = guard.check(make_wheel(tmp_path, files, "my_pkg-1-cp312-cp312-linux_x.whl"), str(log.path))
    assert len(problems) == bool(lost)
    assert all(f"missing from it: {lost}. " in each and "--pure my_pkg" in each for each in problems)


@pytest.mark.parametrize(
    ("wanted", "accepted"),
    [
        ("my-pkg", True),
        ("My.Pkg", True),
        ("other,my_pkg", True),
        (":all:", True),
        ("other", False),
        ("", False),
        ("my", False),
    ],
)
def test_a_pure_wheel_that_was_asked_for(guard, tmp_path, log, monkeypatch, wanted, accepted):
    monkeypatch.setenv("CROSSPY_PURE", wanted)
    log.add("-c ext.c", failed=True)
    problems = guard.check(make_wheel(tmp_path, PURE, "my_pkg-1-py3-none-any.whl"), str(log.path))
    assert (problems == []) == accepted


@pytest.mark.parametrize(
    ("runs", "lost"),
    [
        ([("-c ext.c", True)], ["ext.c"]),
        ([("-c ext.c", False)], []),
        ([("-c ext.c -mfast", True), ("-c ext.c", False)], []),
        ([("-c ext.c", False), ("-c ext.c -DAGAIN", True)], []),
        ([("-c ext.c", True), ("-c src/fast.cpp", False)], ["ext.c"]),
        ([("-c src/fast.cpp", True), ("-c ext.c", True)], ["ext.c", "src/fast.cpp"]),
        ([("-c ./src/../ext.c", True)], ["ext.c"]),
        ([("-E ext.c", True)], []),
        ([("-c -E ext.c", True)], []),
        ([("-c conftest.c", True)], []),
        ([("-c /tmp/tmpabc/probe.c", True)], []),
        ([("-c absent.c", True)], []),
        ([("-c /usr/share/x/y.c", True)], []),
        ([("--version", True)], []),
        ([("-v", True)], []),
        ([("ext.c -o ext", True)], []),
        ([("-shared ext.o -o build/ext.so -lfoo", True)], ["ext.so"]),
        ([("-shared ext.o -o build/ext.so -lfoo", True), ("-shared ext.o -o build/ext.so", False)], []),
        ([("-shared conftest.o -o conftest.so", True)], []),
        ([("-shared ext.o", True)], []),
        ([("-shared ext.o -o", True)], []),
    ],
)
def test_which_sources_are_lost(guard, log, runs, lost):
    for command, failed in runs:
        log.add(command, failed=failed)
    assert [source for source, _ in guard._lost_sources(str(log.path))] == lost


@pytest.mark.parametrize(
    "directory", ["build/meson-private/tmp1", "build/CMakeFiles/CMakeScratch/x", "_configtest", "config.test"]
)
def test_probes_are_no_sources(guard, log, project, directory):
    cwd = project / directory
    cwd.mkdir(parents=True)
    (cwd / "testfile.c").write_text("")
    log.add("-c testfile.c", failed=True, cwd=cwd)
    log.add("-shared testfile.o -o testfile.so", failed=True, cwd=cwd)
    assert guard._lost_sources(str(log.path)) == []


def test_a_source_with_a_space(guard, log):
    log.add(["-c", "src/a b.c"], failed=True, said="no\n")
    assert guard._lost_sources(str(log.path)) == [("src/a b.c", "/tc/gcc -c src/a b.c\nno\n")]


def test_from_a_directory_below(guard, log, project):
    log.add("-c fast.cpp", failed=True, cwd=project / "src")
    log.add("-c src/fast.cpp")
    assert guard._lost_sources(str(log.path)) == []


def test_an_undecodable_and_a_long_message(guard, log):
    log.add("-c ext.c", failed=True)
    (log.path / "101").write_bytes(b"\xff" * 100_000)
    ((_, text),) = guard._lost_sources(str(log.path))
    assert len(text) < 25_000


def test_a_message_that_is_gone(guard, log):
    log.add("-c ext.c", failed=True)
    (log.path / "101").unlink()
    assert guard._lost_sources(str(log.path)) == [("ext.c", "/tc/gcc -c ext.c\n")]


@pytest.mark.parametrize(("setuptools", "problems"), [(False, 0), (True, 1)])
def test_one_lost_extension_of_several(guard, tmp_path, log, monkeypatch, setuptools, problems):
    """setuptools' optional extensions are left out one by one; other back ends' failures end their build."""
    monkeypatch.setattr(guard, "_is_setuptools", lambda: setuptools)
    log.add("-c ext.c", failed=True)
    wheel = make_wheel(tmp_path, {f"fast{GOOD}": ELF / "aarch64" / "ext.so"})
    assert len(guard.check(wheel, str(log.path))) == problems


# Which processes make wheels.


@pytest.mark.parametrize(
    ("argv", "directory"),
    [
        (["python", "setup.py", "bdist_wheel", "-d", "/out"], "/out"),
        (["python", "setup.py", "bdist_wheel", "--dist-dir", "/out"], "/out"),
        (["python", "setup.py", "bdist_wheel", "-d", "/a", "-d", "/b"], "/b"),
        (["python", "setup.py", "build_ext"], None),
        (["python", "x/_in_process.py", "get_requires_for_build_wheel", "/tmp/x"], None),
        (["python", "x/_in_process.py", "build_sdist", "/tmp/x"], None),
    ],
)
def test_where_a_wheel_will_be(guard, argv, directory):
    assert guard._wheel_directory(argv) == directory


def test_where_a_wheel_will_be_by_default(guard, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert guard._wheel_directory(["python", "setup.py", "bdist_wheel"]) == str(tmp_path / "dist")


def test_where_a_hook_leaves_its_wheel(guard, tmp_path):
    (tmp_path / "input.json").write_text('{"kwargs": {"wheel_directory": "/out"}}')
    argv = ["python", "-I", "x/_in_process.py", "build_wheel", str(tmp_path)]
    assert guard._wheel_directory(argv) == "/out"
