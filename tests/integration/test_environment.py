"""A cross environment as its user meets it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import run

ASK = "import os; print(os.uname().machine)"


@pytest.fixture
def env(arm64, crosspy, tmp_path):
    """A fresh environment that a test may change."""
    root = tmp_path / "env"
    crosspy("create", root, "--sysroot", arm64.sysroot, "--build-python", arm64.build_python)
    return root


def test_the_programs_that_a_user_expects(env):
    for name in (
        "python",
        "pip",
        "cross-python",
        "cross-pip",
        "build-python",
        "build-pip",
        "cross-expose",
        "activate",
    ):
        assert (env / "bin" / name).exists(), name


def test_it_is_small(env):
    assert sum(path.lstat().st_blocks * 512 for path in env.rglob("*")) < 5_000_000


def test_by_path_by_shebang_by_subprocess_and_activated(env, tmp_path):
    python = env / "bin" / "python"
    assert run([python, "-c", ASK]).stdout.strip() == "aarch64"
    assert run([env / "bin" / "cross-python", "-I", "-c", ASK]).stdout.strip() == "aarch64"
    script = tmp_path / "script"
    script.write_text(f"#!{python}\n{ASK}\n")
    script.chmod(0o755)
    assert run([script]).stdout.strip() == "aarch64"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ASK!r}])"
    assert run([python, "-c", child]).stdout.strip() == "aarch64"
    for shell in ("bash", "dash"):
        activated = f'. "{env}/bin/activate" && python -c "{ASK}" && echo "$PYTHON_CROSSENV" && deactivate && command -v pip || true'
        lines = run([shell, "-c", activated]).stdout.split()
        assert lines[:2] == ["aarch64", "1"], shell
        assert str(env) not in "".join(lines[2:]), shell


def test_it_does_not_leak_into_another_python(env, arm64):
    asked = "import os, sys, sysconfig; print(os.uname().machine, sysconfig.get_platform(), hasattr(sys, 'cross_compiling'))"
    child = f"import subprocess; subprocess.run([{str(arm64.build_python)!r}, '-c', {asked!r}])"
    machine = os.uname().machine
    assert run([env / "bin" / "python", "-c", child]).stdout.split() == [machine, f"linux-{machine}", "False"]
    assert run([env / "bin" / "build-python", "-c", asked]).stdout.split() == [
        machine,
        f"linux-{machine}",
        "False",
    ]


def test_spaces_and_300_characters(arm64, crosspy, tmp_path):
    root = tmp_path / "with spaces" / ("x" * 150) / ("y" * 150) / "env"
    crosspy("create", root, "--sysroot", arm64.sysroot, "--build-python", arm64.build_python)
    assert run([root / "bin" / "python", "-c", ASK]).stdout.strip() == "aarch64"
    assert run([root / "bin" / "pip", "--version"]).stdout.startswith("pip ")
    assert run([root / "bin" / "build-pip", "--version"]).stdout.startswith("pip ")


def test_it_can_be_moved(env, tmp_path, pip_environ, crosspy):
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    env.rename(moved)
    asked = "import os, sysconfig; print(os.uname().machine, sysconfig.get_path('purelib'))"
    machine, purelib = run([moved / "bin" / "python", "-c", asked]).stdout.split()
    assert machine == "aarch64"
    assert Path(purelib).is_relative_to(moved)
    assert "aarch64" in run(["bash", "-c", f'. "{moved}/bin/activate" && python -c "{ASK}"']).stdout
    project = Path(__file__).parent.parent / "packages" / "c-extension"
    crosspy("wheel", moved, "-w", tmp_path / "out", project, env=dict(pip_environ))
    assert list((tmp_path / "out").glob("cext-*aarch64.whl"))


def test_without_the_pretence(env):
    machine = os.uname().machine
    assert run([env / "bin" / "python", "-c", ASK], env={"CROSSPY_ENV": "off"}).stdout.strip() == machine


def test_a_fact_can_be_kept(crosspy, make_crossenv, bed):
    env = make_crossenv(bed)
    asked = "import sys; print(sys.maxsize, sys.byteorder)"
    kept = run([env.python, "-c", asked], env={"CROSSPY_KEEP": "words,byteorder"}).stdout.split()
    assert kept == [str(sys.maxsize), sys.byteorder]


def test_a_subinterpreter_answers_as_the_target(bed, crossenv):
    """PEP 684 and 734: 3.14's own module; the private one it stands on where it is there before."""
    asked = "import os, sysconfig; print(os.uname().machine, sysconfig.get_config_var('SOABI'))"
    module = {"3.11": "_xxsubinterpreters", "3.13": "_interpreters"}.get(bed.version)
    if module:
        program = f"import {module} as i; n = i.create(); i.{'run_string' if bed.version == '3.11' else 'exec'}(n, {asked!r}); i.destroy(n)"
    else:
        program = f"from concurrent import interpreters as i; n = i.create(); n.exec({asked!r}); n.close()"
    assert run([crossenv.python, "-c", program]).stdout.split() == [
        crossenv.target.uname,
        crossenv.target.python.soabi,
    ]


def test_creating_it_again_does_nothing(env, arm64, crosspy):
    marker = env / "lib" / "python3.11" / "site-packages" / "installed.py"
    marker.write_text("")
    again = crosspy("create", env, "--sysroot", arm64.sysroot, "--build-python", arm64.build_python)
    assert "already" in again.stderr
    assert marker.exists()
    crosspy("create", env, "--clear", "--sysroot", arm64.sysroot, "--build-python", arm64.build_python)
    assert not marker.exists()


def test_two_at_once_make_one(arm64, crosspy, tmp_path):
    root = tmp_path / "env"
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(
                crosspy, "create", root, "--sysroot", arm64.sysroot, "--build-python", arm64.build_python
            )
            for _ in range(4)
        ]
        said = [job.result().stderr for job in jobs]
    assert sum("already" in text for text in said) == 3
    assert run([root / "bin" / "python", "-c", ASK]).stdout.strip() == "aarch64"
    assert [path.name for path in tmp_path.iterdir()] == ["env"]


@pytest.mark.parametrize("delay", [0.05, 0.12, 0.2, 0.3])
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing_or_all(arm64, tmp_path, kind, delay):
    root = tmp_path / "env"
    argv = [
        sys.executable,
        "-m",
        "crosspy",
        "create",
        root,
        "--sysroot",
        arm64.sysroot,
        "--build-python",
        arm64.build_python,
    ]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    time.sleep(delay)
    process.send_signal(kind)
    process.communicate()
    left = [path.name for path in tmp_path.iterdir()]
    assert left in ([], ["env"])
    if left:
        assert run([root / "bin" / "python", "-c", ASK]).stdout.strip() == "aarch64"


def test_what_a_killed_creation_left_is_removed(arm64, crosspy, tmp_path):
    (tmp_path / ".env.crosspy-killed" / "bin").mkdir(parents=True)
    crosspy("create", tmp_path / "env", "--sysroot", arm64.sysroot, "--build-python", arm64.build_python)
    assert [path.name for path in tmp_path.iterdir()] == ["env"]


def test_cross_expose(env, pip_environ):
    environ = dict(pip_environ)
    run([env / "bin" / "build-pip", "install", "-q", "six"], env=environ)
    assert "six" not in run([env / "bin" / "pip", "list"], env=environ).stdout
    run([env / "bin" / "python", "-c", "import six"])
    run([env / "bin" / "cross-expose", "six"])
    assert "six" in run([env / "bin" / "pip", "list"], env=environ).stdout
    assert run([env / "bin" / "cross-expose", "--list"]).stdout.split() == ["six"]
    run([env / "bin" / "cross-expose", "-u", "six"])
    assert "six" not in run([env / "bin" / "pip", "list"], env=environ).stdout


def test_pip_can_be_upgraded_and_the_build_pythons_stays(env, pip_environ, arm64):
    environ = dict(pip_environ)
    before = run([env / "bin" / "build-pip", "--version"]).stdout
    run([env / "bin" / "pip", "install", "-q", "--upgrade", "pip"], env=environ)
    assert str(env) in run([env / "bin" / "pip", "--version"]).stdout
    assert run([env / "bin" / "build-pip", "--version"]).stdout == before


def test_its_variables_are_for_a_shell(env, crosspy, tmp_path):
    lines = crosspy("env", env).stdout
    (tmp_path / "conftest.c").write_text("int main(void) { return 0; }\n")
    run(
        ["sh", "-c", f'eval "$1" && $CC conftest.c -o program && python -c "{ASK}"', "sh", lines],
        cwd=tmp_path,
    )
    assert (tmp_path / "program").read_bytes()[18] == 183


def test_pure_build_python_without_pip(arm64, crosspy, tmp_path):
    crosspy(
        "create",
        tmp_path / "env",
        "--sysroot",
        arm64.sysroot,
        "--build-python",
        arm64.build_python,
        "--without-pip",
    )
    assert not (tmp_path / "env" / "bin" / "pip").exists()
    done = run([tmp_path / "env" / "bin" / "python", "-c", "import pip"], check=False)
    assert done.returncode == 1


def test_a_sysroot_without_a_python_binary(arm64, crosspy, tmp_path, pip_environ):
    """Yocto stages no ``bin``: sysconfigdata, headers and the C library have to do."""
    sysroot = tmp_path / "sysroot"
    for name in ("usr/include", "usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu"):
        shutil.copytree(
            arm64.sysroot / name, sysroot / name, symlinks=True, ignore=shutil.ignore_patterns("libpython*")
        )
    (sysroot / "lib" / "ld-linux-aarch64.so.1").symlink_to("aarch64-linux-gnu/ld-linux-aarch64.so.1")
    stdlib = sysroot / "usr/lib/python3.11"
    stdlib.mkdir()
    shutil.copy(arm64.sysroot / "usr/lib/python3.11/_sysconfigdata__aarch64-linux-gnu.py", stdlib)
    crosspy("create", tmp_path / "env", "--sysroot", sysroot, "--build-python", arm64.build_python)
    project = Path(__file__).parent.parent / "packages" / "c-extension"
    crosspy("wheel", tmp_path / "env", "-w", tmp_path / "out", project, env=dict(pip_environ))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cext-1.0-cp311-cp311-linux_aarch64.whl"]
