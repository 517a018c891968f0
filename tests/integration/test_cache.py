"""The wheel cache: a repeated build is a copy, and only the same build is one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run  # tests/integration/conftest.py

PACKAGES = Path(__file__).parent.parent / "packages"
PIPS = ("23.2.1", "26.3")


@pytest.fixture(scope="module")
def links(tmp_path_factory, pip_environ):
    """A directory with a source distribution and its build requirement, so that no index is asked."""
    directory = tmp_path_factory.mktemp("links")
    pack(directory, "c-extension", "cext-1.0")
    pip = ["python3", "-m", "pip", "download", "-q", "--no-deps", "-d", directory]
    run([*pip, "setuptools==78.1.1"], env=dict(pip_environ))
    return directory


def pack(directory: Path, project: str, title: str) -> Path:
    words = ["tar", "-czf", directory / f"{title}.tar.gz", "--transform", f"s,^{project},{title},", project]
    run(words, cwd=PACKAGES)
    return directory / f"{title}.tar.gz"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def build(crosspy, links, store, tmp_path):
    """Return a function that builds, and returns what the cache said, the wheels' bytes, and all messages."""
    count = iter(range(100))

    def call(env, *words, cache=store, names=("cext",), environ=None, offline=("--no-index",), **options):
        out = tmp_path / f"out{next(count)}"
        argv = ["wheel", "-v", env, "-w", out, "--cache", cache, *offline, "-f", links, *words, *names]
        done = crosspy(*argv, env={"XDG_CACHE_HOME": str(tmp_path / "xdg"), **(environ or {})}, **options)
        said = re.findall(r"^ *crosspy: (.*(?:cache|made with).*)$", done.stderr, re.MULTILINE)
        return said, {path.name: path.read_bytes() for path in out.glob("*.whl")}, done.stderr

    return call


HIT = "cext-1.0.tar.gz: taken from the cache"


@pytest.fixture(scope="module")
def first(crosspy, arm64_env, links, store, tmp_path_factory):
    """The build that fills the cache: its wheel."""
    out = tmp_path_factory.mktemp("first")
    environ = {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("xdg"))}
    crosspy(
        "wheel", arm64_env.root, "-w", out, "--cache", store, "--no-index", "-f", links, "cext", env=environ
    )
    (wheel,) = out.iterdir()
    return {wheel.name: wheel.read_bytes()}


def test_the_second_build_is_a_copy(build, arm64_env, first):
    said, wheels, messages = build(
        arm64_env.root, environ={"UNRELATED": "1", "MAKEFLAGS": "-j3", "TERM": "vt100"}
    )
    assert said == [HIT]
    assert wheels == first
    assert "build dependencies" not in messages
    assert "metadata" not in messages


@pytest.fixture(scope="module")
def elsewhere(arm64, tmp_path_factory):
    """A copy of the sysroot in another directory; files are links of the original's: replace them, don't write."""
    copy = tmp_path_factory.mktemp("else where") / "sysroot"
    run(["cp", "-al", arm64.sysroot, copy])
    return copy


def test_another_machine(build, crosspy, arm64, first, elsewhere, tmp_path):
    """Environment, sysroot, cache and temporary files elsewhere: nothing of that is in the key."""
    crosspy("create", tmp_path / "my env", "--sysroot", elsewhere, "--build-python", arm64.build_python)
    (tmp_path / "tmp").mkdir()
    said, wheels, _ = build(
        tmp_path / "my env", environ={"TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path)}
    )
    assert (said, wheels) == ([HIT], first)


def test_what_makes_another_wheel(build, crosspy, arm64, arm64_env, first, elsewhere, links, tmp_path):
    def miss(*words, env=arm64_env.root, **options) -> str:
        said, wheels, _ = build(env, *words, **options)
        assert len(said) == 1
        assert len(wheels) == 1
        return said[0].removeprefix("cext-1.0.tar.gz: in the cache, but made with another: ")

    assert miss(environ={"CFLAGS": "-O1"}) == "variable CFLAGS"
    assert miss("-C", "any=thing") == "config settings"
    assert miss("--env", "ANY=thing") == "variable ANY"
    compiler = tmp_path / "aarch64-linux-gnu-gcc"
    compiler.write_text('#!/bin/sh\nexec /usr/bin/aarch64-linux-gnu-gcc -fno-ident "$@"\n')
    compiler.chmod(0o755)
    assert miss(environ={"CC": str(compiler)}) == "toolchain, variable CC"

    newer = tmp_path / "newer"
    newer.mkdir()
    run(["python3", "-m", "pip", "download", "-q", "--no-deps", "-d", newer, "setuptools==80.9.0"])
    assert miss("-f", newer) == "build requirement setuptools==80.9.0"

    env = tmp_path / "env"
    crosspy("create", env, "--sysroot", elsewhere, "--build-python", arm64.build_python)
    shim = next(env.glob("lib/python*/site-packages/_crosspy/guard.py"))
    text = shim.read_text()
    shim.write_text(text + "# newer\n")
    assert miss(env=env) == "environment"
    shim.write_text(text)
    header = elsewhere / "usr/include/zlib.h"
    text = header.read_text()
    header.unlink()
    header.write_text(text + "/* newer */\n")
    assert miss(env=env) == "sysroot"
    assert build(arm64_env.root)[0] == [HIT]


def test_a_damaged_entry_is_built_again(build, arm64_env, first, store, tmp_path):
    cache = tmp_path / "cache"
    shutil.copytree(store, cache)
    for wheel in list(cache.glob("wheels/*/*/*/*.whl")):
        wheel.write_bytes(wheel.read_bytes()[:-100])
    _, wheels, messages = build(arm64_env.root, cache=cache)
    assert wheels == first
    assert "warning: damaged entry of the wheel cache, not used" in messages
    assert build(arm64_env.root, cache=cache)[0] == [HIT]


def test_without_a_cache(build, crosspy, arm64_env, first, store, tmp_path, links):
    before = sorted(store.rglob("*"))
    words = [
        "wheel",
        arm64_env.root,
        "-v",
        "--no-cache",
        "--no-index",
        "-f",
        links,
        "-w",
        tmp_path / "out",
        "cext",
    ]
    done = crosspy(*words, env={"CROSSPY_CACHE": str(store)})
    assert "taken from the cache" not in done.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first
    assert sorted(store.rglob("*")) == before


def test_writers_at_the_same_time(arm64_env, first, links, tmp_path):
    words = [sys.executable, "-m", "crosspy", "wheel", arm64_env.root, "--cache", tmp_path / "cache"]
    words += ["--no-index", "-f", links, "cext", "-w"]
    both = [
        subprocess.Popen([*map(str, words), str(tmp_path / name)], stdout=subprocess.DEVNULL) for name in "ab"
    ]
    assert [one.wait() for one in both] == [0, 0]
    for name in "ab":
        assert {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} == first
    assert len(list(tmp_path.glob("cache/wheels/*/*/*"))) == 1


def test_a_project_directory_is_its_content(build, arm64_env, tmp_path):
    project = tmp_path / "mine"
    shutil.copytree(PACKAGES / "c-extension", project)
    build(arm64_env.root, names=[project])
    shutil.copytree(project, tmp_path / "moved" / "mine")
    assert build(arm64_env.root, names=[tmp_path / "moved" / "mine"])[0] == ["mine: taken from the cache"]
    source = next(project.rglob("*.c"))
    source.write_text(source.read_text() + "\n")
    assert build(arm64_env.root, names=[project])[0] == ["mine: not in the cache"]


@pytest.mark.parametrize("version", PIPS)
def test_oldest_and_newest_pip(build, crosspy, arm64, first, links, pip_environ, tmp_path, version):
    pips = tmp_path / "pips"
    download = ["python3", "-m", "pip", "download", "-q", "--no-deps", "-d", pips, f"pip=={version}"]
    run(download, env=dict(pip_environ))
    words = [
        "--sysroot",
        arm64.sysroot,
        "--build-python",
        arm64.build_python,
        "--pip",
        next(pips.glob("*.whl")),
    ]
    crosspy("create", tmp_path / "env", *words)
    cache = tmp_path / "cache"
    assert build(tmp_path / "env", cache=cache)[1] == first
    assert build(tmp_path / "env", cache=cache)[:2] == ([HIT], first)
    # So is what is named by its path alone, a source distribution or a project.
    path = links / "cext-1.0.tar.gz"
    assert build(tmp_path / "env", cache=cache, names=[path])[:2] == ([HIT], first)
    project = shutil.copytree(PACKAGES / "c-extension", tmp_path / "mine")
    wheels = [build(tmp_path / "env", cache=cache, names=[project]) for _ in range(2)]
    assert wheels[1][:2] == (["mine: taken from the cache"], wheels[0][1])
    # Hashes of requirements are those of the source.
    digest = run(["sha256sum", links / "cext-1.0.tar.gz"]).stdout.split()[0]
    wanted = tmp_path / "requirements.txt"
    wanted.write_text(f"cext==1.0 --hash=sha256:{digest}\n")
    assert build(tmp_path / "env", "-r", wanted, "--require-hashes", names=(), cache=cache)[:2] == (
        [HIT],
        first,
    )
    wanted.write_text(f"cext==1.0 --hash=sha256:{'0' * 64}\n")
    _, wheels, messages = build(tmp_path / "env", "-r", wanted, names=(), cache=cache, check=False)
    assert wheels == {}
    assert "HASH" in messages.upper()


def test_the_targets_build_of_a_requirement(build, crosspy, armhf, links, tmp_path):
    """A twin is taken from the cache, too, and what was compiled against it depends on it."""
    own = tmp_path / "links"
    shutil.copytree(links, own)
    pack(own, "twin-provider", "twin_provider-1.0")
    pack(own, "twin-consumer", "twin_consumer-1.0")
    cache = tmp_path / "cache"
    made = []
    for name in ("one", "two"):
        crosspy("create", tmp_path / name, "--sysroot", armhf.sysroot, "--build-python", armhf.build_python)
        said, wheels, _ = build(tmp_path / name, "-f", own, "--no-deps", cache=cache, names=["twin-consumer"])
        made.append(wheels)
    assert made[0] == made[1]
    assert said == ["twin_consumer-1.0.tar.gz: taken from the cache"]
    (twin,) = (path for path in cache.glob("wheels/*/*/*/*.whl") if path.name.startswith("twin_provider"))
    shutil.rmtree(twin.parent)
    said, wheels, _ = build(tmp_path / "two", "-f", own, "--no-deps", cache=cache, names=["twin-consumer"])
    assert said == [
        "twin_consumer-1.0.tar.gz: in the cache, but made with another: target's build of twin_provider==1.0"
    ]
    assert wheels == made[0]
