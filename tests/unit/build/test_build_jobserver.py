"""How many, and who shares it out."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from crosspy.build.jobserver import available_cpus, caller_fifo, caller_jobs, jobserver


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({}, 3),
        ({"cpu.max": "max 100000"}, 3),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "1000 100000"}, 1),
        ({"cpu.max": "900000 100000"}, 3),
        ({"cpu.max": "damaged"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "0"}, 3),
    ],
)
def test_cpus(tmp_path, monkeypatch, files, cpus):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 4, 5})
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert available_cpus(tmp_path) == cpus


@pytest.mark.parametrize(
    ("makeflags", "jobs"),
    [
        ("", 0),
        ("-j4", 4),
        (" -j8 --jobserver-auth=3,4", 8),
        ("ks -j2 -- A=b", 2),
        ("-kj16", 16),
        ("--jobs=5", 5),
        ("-j", 0),
        ("w -- X=-j9", 0),
        ("-j4x", 0),
    ],
)
def test_a_callers_number(makeflags, jobs):
    assert caller_jobs(makeflags) == jobs


def test_a_callers_jobserver(tmp_path):
    reading, writing = os.pipe()
    other, _ = os.pipe()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_text("")
    try:
        found = caller_fifo(f" -j3 --jobserver-auth={reading},{writing}")
        assert stat.S_ISFIFO(Path(found).stat().st_mode)
        assert caller_fifo(f"--jobserver-fds={reading},{writing}") == found
        assert caller_fifo(f" -j3 --jobserver-auth=fifo:{tmp_path}/fifo") == f"{tmp_path}/fifo"
        # Not open, not pipes, not one pipe: make's own command was not marked as one that may have it.
        for words in (
            "997,998",
            "fifo:/nowhere",
            f"fifo:{tmp_path}/file",
            f"{reading},{other}",
            "-2,-2",
            "x",
        ):
            assert caller_fifo(f" -j3 --jobserver-auth={words}") == ""
    finally:
        for handle in (reading, writing, other, _):
            os.close(handle)


def test_tokens(tmp_path):
    stopped = threading.Event()
    with jobserver(2, {}, tmp_path) as server:
        assert server.jobs == 2
        with server.token(stopped) as first, server.token(stopped) as second:
            assert first
            assert second
            threading.Timer(0.1, stopped.set).start()
            with server.token(stopped) as third:
                assert not third
        stopped.clear()
        with server.token(stopped) as again:
            assert again


def test_tokens_of_the_caller_are_given_back(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b"xy")
    try:
        environ = {"MAKEFLAGS": f" -j3 --jobserver-auth={reading},{writing}"}
        with jobserver(0, environ, tmp_path) as server:
            assert server.jobs == 3
            event = threading.Event()
            with server.token(event), server.token(event), server.token(event):
                pass
        os.set_blocking(reading, False)
        assert sorted(os.read(reading, 10)) == sorted(b"xy")
    finally:
        os.close(reading)
        os.close(writing)


def test_what_is_wanted_wins(tmp_path):
    with jobserver(5, {"MAKEFLAGS": "-j2"}, tmp_path) as server:
        assert server.jobs == 5
        assert (
            f"-j5 --jobserver-auth=fifo:{tmp_path}/jobserver"
            in server.variables(tmp_path / "tools", "")["MAKEFLAGS"]
        )


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("-j8 all", "all"),
        ("-j 8 all", "all"),
        ("--jobs=8 -k x", "-k x"),
        ("-j all CFLAGS=-j4", "all CFLAGS=-j4"),
        ("-C d -s", "-C d -s"),
    ],
)
@pytest.mark.parametrize("name", ["make", "gmake"])
def test_make_takes_part(tmp_path, script, name, words, kept):
    """Open files are what every make knows; a number of its own would make it leave the jobserver."""
    script(name, 'echo "$MAKEFLAGS"; echo "$*"; : <&8')
    with jobserver(3, {}, tmp_path) as server:
        path = server.variables(tmp_path / "tools", f"{tmp_path / 'bin'}:/usr/bin:/bin")["PATH"]
        done = subprocess.run(
            [name, *words.split()], env={"PATH": path}, capture_output=True, text=True, check=True
        )
    assert done.stdout.splitlines() == [" -j3 --jobserver-auth=8,8", kept]


@pytest.mark.parametrize(
    ("said", "told"),
    [("GNU Make 4.3", False), ("GNU Make 4.4.1", True), ("GNU Make 4.10", True), ("bmake", False)],
)
def test_a_make_that_stops_at_named_pipes_is_told_of_none(tmp_path, script, said, told):
    """CMake calls make by its path, where no launcher is met."""
    script("make", f"echo '{said}'")
    with jobserver(3, {}, tmp_path) as server:
        variables = server.variables(tmp_path / "tools", str(tmp_path / "bin"))
    assert ("fifo:" in variables["MAKEFLAGS"]) is told
    assert "fifo:" in variables["CARGO_MAKEFLAGS"]


def test_a_real_make_called_by_its_path_works(tmp_path):
    program = shutil.which("make")
    assert program, "make test needs make"
    (tmp_path / "Makefile").write_text("all:\n\techo done\n")
    with jobserver(3, {}, tmp_path) as server:
        variables = server.variables(tmp_path / "tools", "/usr/bin:/bin")
        done = subprocess.run(
            [program, "-s"], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_without_make_none_is_pretended(tmp_path):
    with jobserver(3, {}, tmp_path) as server:
        assert server.variables(tmp_path / "tools", str(tmp_path))["PATH"] == str(tmp_path)
    assert not (tmp_path / "tools").exists()


def test_a_killed_launchers_slot_is_given_back(tmp_path):
    """Else the next compiler would wait for ever."""
    with jobserver(1, {}, tmp_path) as server, Path(server.slots).open("r+b", buffering=0) as pipe:
        assert os.read(pipe.fileno(), 9) == b"\n"
        script = f": >{server.slots}.1; echo held >{server.slots}.$$; kill -9 $$"
        with subprocess.Popen(["sh", "-c", script]) as killed:
            assert killed.wait() == -9
        assert os.read(pipe.fileno(), 9) == b"\n"
        assert [path.name for path in tmp_path.glob("slots.*")] == ["slots.1"], (
            "a process that runs keeps its own"
        )
