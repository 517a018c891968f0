"""Packages built at the same time: the same wheels, no more compilers than wanted, every failure told."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import run  # tests/integration/conftest.py

PACKAGES = Path(__file__).parent.parent / "packages"

COMPILER = """#!/bin/sh
case " $* " in *" -c "*) echo + >>"{log}"; sleep 0.2; /usr/bin/aarch64-linux-gnu-gcc "$@"; status=$?; echo - >>"{log}"; exit $status ;; esac
exec /usr/bin/aarch64-linux-gnu-gcc "$@"
"""


@pytest.fixture
def compiler(tmp_path):
    """A compiler that tells when it begins and when it ends."""
    path = tmp_path / "bin" / "aarch64-linux-gnu-gcc"
    path.parent.mkdir()
    path.write_text(COMPILER.format(log=tmp_path / "log"))
    path.chmod(0o755)
    return path


def at_once(log: Path) -> int:
    """Return how many compilers ran at the same time, at most."""
    most = running = 0
    for word in log.read_text().split():
        running += 1 if word == "+" else -1
        most = max(most, running)
    assert running == 0
    return most


@pytest.fixture
def projects(tmp_path):
    found = []
    for name in ("one", "two", "three"):
        project = tmp_path / name
        shutil.copytree(PACKAGES / "many-compilers", project)
        settings = project / "pyproject.toml"
        settings.write_text(settings.read_text().replace("many-compilers", name))
        found.append(project)
    return found


@pytest.fixture
def offline(tmp_path_factory, pip_environ):
    links = tmp_path_factory.mktemp("links")
    pip = ["python3", "-m", "pip", "download", "-q", "--no-deps", "-d", links]
    run([*pip, "setuptools==78.1.1"], env=dict(pip_environ))
    return ["--no-index", "-f", links]


def test_no_more_compilers_than_wanted(crosspy, arm64_env, compiler, projects, offline, tmp_path):
    words = ["wheel", arm64_env.root, "-w", tmp_path / "out", *offline, *projects, "-j", "2"]
    done = crosspy(*words, env={"CC": str(compiler)})
    assert at_once(tmp_path / "log") == 2
    assert (tmp_path / "log").read_text().count("+") == 3 * 8
    assert len(list((tmp_path / "out").iterdir())) == 3
    # What one pip says stands together.
    begun = re.findall(r"^Processing .*/(one|two|three)$", done.stderr, re.MULTILINE)[:3]
    for name in begun:
        part = done.stderr.partition(f"/{name}: built ahead")[2].partition("==>")[0]
        assert f"Successfully built {name}" in part
        assert not any(f"built {other}" in part for other in begun if other != name)
    assert "jobserver" not in done.stderr


def test_a_caller_that_is_make(crosspy, arm64_env, compiler, projects, offline, tmp_path):
    """make gives its jobserver as open files, which no Python hands on by itself."""
    words = [
        sys.executable,
        "-m",
        "crosspy",
        "wheel",
        arm64_env.root,
        "-w",
        tmp_path / "out",
        *offline,
        *projects[:2],
    ]
    command = " ".join(f"'{word}'" for word in words)
    (tmp_path / "Makefile").write_text(f"all:\n\t+{command}\n")
    done = run(["make", "-j3", "-C", tmp_path], env={"CC": str(compiler)})
    assert 1 < at_once(tmp_path / "log") <= 3
    assert "jobserver" not in done.stderr + done.stdout
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_the_same_bytes(crosspy, arm64_env, tmp_path, pip_environ):
    found = []
    for jobs in ("1", "2"):
        out = tmp_path / jobs
        words = [PACKAGES / "c-extension", PACKAGES / "native-generator", PACKAGES / "meson-extension"]
        crosspy("wheel", arm64_env.root, "-w", out, "-j", jobs, *words, env=dict(pip_environ))
        found.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_every_failure_is_told(crosspy, arm64_env, offline, tmp_path):
    bad = []
    for name in ("bad1", "bad2"):
        project = tmp_path / name
        shutil.copytree(PACKAGES / "c-extension", project)
        settings = project / "pyproject.toml"
        settings.write_text(settings.read_text().replace('"cext"', f'"{name}"', 1))
        next(project.rglob("*.c")).write_text(f"#error this is {name}\n")
        bad.append(project)
    words = [
        "wheel",
        arm64_env.root,
        "-w",
        tmp_path / "out",
        *offline,
        bad[0],
        PACKAGES / "c-extension",
        bad[1],
    ]
    done = crosspy(*words, "-j", "2", check=False)
    assert done.returncode == 8
    assert not (tmp_path / "out").exists()
    for name in ("bad1", "bad2"):
        assert f"{name}: failed ahead" in done.stderr
        assert f"{name} failed before, in this run" in done.stderr
        assert done.stderr.count(f"#error this is {name}") >= 1
    assert "c-extension: built ahead" in done.stderr
