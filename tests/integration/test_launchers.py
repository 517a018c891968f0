"""Programs that run compilers, for every back end: the same wheels, from a cache and from another machine's compiler."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import run  # tests/integration/conftest.py

PROJECTS = [Path(__file__).parent.parent / "packages" / name for name in ("c-extension", "meson-extension")]


@pytest.fixture(scope="module")
def build(crosspy, arm64_env, tmp_path_factory, pip_environ):
    """Return a function that builds with setuptools and meson-python, and returns the wheels' bytes."""

    def call(env=None, /, **variables: str) -> dict[str, bytes]:
        out = tmp_path_factory.mktemp("out")
        environ = {**pip_environ, **variables}
        crosspy("wheel", env or arm64_env.root, "-j", "1", "-w", out, *PROJECTS, env=environ)
        return {path.name: path.read_bytes() for path in sorted(out.iterdir())}

    return call


@pytest.fixture(scope="module")
def plain(build):
    wheels = build()
    assert len(wheels) == 2
    return wheels


def needs(program: str) -> str:
    """Return where a program of the system profile "test" is (scripts/setup-system)."""
    found = shutil.which(program)
    assert found, f"{program} is not installed: scripts/setup-system test"
    return found


def test_ccache_finds_the_second_build(build, crosspy, arm64, plain, tmp_path):
    """In another environment, made with --launcher; the temporary directories are others."""
    needs("ccache")
    statistics = []
    cache = {"CCACHE_DIR": str(tmp_path / "ccache")}
    words = ["--sysroot", arm64.sysroot, "--build-python", arm64.build_python]
    crosspy("create", tmp_path / "env", *words, "--launcher", "ccache")
    for variables in ({}, {"CMAKE_C_COMPILER_LAUNCHER": "ccache", "CMAKE_CXX_COMPILER_LAUNCHER": "ccache"}):
        assert build(tmp_path / "env", **cache, **variables) == plain
        text = run(["ccache", "--print-stats"], env=cache).stdout
        counts = {name: int(count) for name, count in re.findall(r"^(\S+)\t(\d+)$", text, re.MULTILINE)}
        statistics.append(counts)
    first, second = statistics
    misses, hits = first["cache_miss"], second["direct_cache_hit"] + second["preprocessed_cache_hit"]
    assert misses >= 2
    assert hits >= 0.9 * misses
    assert second["cache_miss"] == misses, "each is asked once"


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_sccache_finds_the_second_build(build, plain, tmp_path):
    """In the same temporary directory: the paths that crosspy maps away are a part of its key."""
    needs("sccache")
    variables = {"SCCACHE_DIR": str(tmp_path / "sccache"), "SCCACHE_SERVER_PORT": str(free_port())}
    (tmp_path / "tmp").mkdir()
    hits = []
    try:
        for _ in range(2):
            assert build(CROSSPY_LAUNCHER="sccache", TMPDIR=str(tmp_path / "tmp"), **variables) == plain
            said = run(["sccache", "--show-stats", "--stats-format=json"], env=variables).stdout
            hits.append(sum(json.loads(said)["stats"]["cache_hits"]["counts"].values()))
    finally:
        run(["sccache", "--stop-server"], env=variables)
    assert hits[0] == 0
    assert hits[1] >= 2, "both sources; Meson's checks are asked under other names"


@pytest.fixture
def distccd(tmp_path) -> Iterator[str]:
    """A compile server on the loopback interface, for nobody else."""
    server = needs("distccd")
    port = free_port()
    log = tmp_path / "distccd.log"
    argv = [
        server,
        "--no-detach",
        "--daemon",
        "--allow",
        "127.0.0.1",
        "--listen",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    argv += ["--jobs", "2", "--log-stderr", "--log-level", "info", "--user", "nobody"]
    with log.open("wb") as messages, subprocess.Popen(argv, stderr=messages) as process:
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if not probe.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.1)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def test_distcc_on_loopback(build, distccd, tmp_path):
    """The sources are compiled by the server; that a configure test fails there is no reason to avoid it."""
    needs("distcc")
    (tmp_path / "distcc").mkdir()
    variables = {
        "DISTCC_HOSTS": distccd,
        "DISTCC_BACKOFF_PERIOD": "0",
        "DISTCC_DIR": str(tmp_path / "distcc"),
    }
    flags = {
        "CFLAGS": "-O2",
        "CXXFLAGS": "-O2",
    }  # distcc sends preprocessed text: debug information has other columns
    assert build(CROSSPY_LAUNCHER="distcc", **variables, **flags) == build(**flags)
    served = re.findall(r"COMPILE_OK.* (\S+)$", (tmp_path / "distccd.log").read_text(), re.MULTILINE)
    assert {Path(name).name for name in served} >= {"_native.c", "mesonic.cpp"}


def test_a_launcher_that_is_not_there(crosspy, arm64, tmp_path):
    words = ["--sysroot", arm64.sysroot, "--build-python", arm64.build_python]
    done = crosspy("create", tmp_path / "env", *words, "--launcher", "no-such-cache", check=False)
    assert done.returncode == 2
    assert "'no-such-cache' is not on PATH" in done.stderr
