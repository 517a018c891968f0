"""Builds that fail, each for one cause, through real back ends: the last lines name it."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import run  # tests/integration/conftest.py

SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
MESON = '[build-system]\nrequires = ["meson-python"]\nbuild-backend = "mesonpy"\n[project]\nname = "failing"\nversion = "1"\n'
CMAKE = MESON.replace("meson-python", "scikit-build-core").replace("mesonpy", "scikit_build_core.build")


@dataclass(frozen=True)
class Project:
    """A project that does not build; ``says`` are regular expressions for the end of the output."""

    name: str
    files: dict[str, str]
    id: str
    says: tuple[str, ...] = ()


def extension(code: str, arguments: str = "", before: str = "") -> dict[str, str]:
    """Return a setuptools project with one C file."""
    setup = f"""
    import os, subprocess, sys
    from setuptools import Extension, setup
    {before}
    setup(name="failing", version="1", ext_modules=[Extension("failing", ["failing.c"], {arguments})])
    """
    return {"setup.py": textwrap.dedent(setup), "failing.c": code, "pyproject.toml": SETUPTOOLS}


def script(program: str) -> dict[str, str]:
    """Return a setuptools project whose ``setup.py`` does something else first."""
    return extension("int x;\n", before=program)


def meson(text: str, **files: str) -> dict[str, str]:
    return {"meson.build": f"project('failing', 'c')\n{text}\n", "pyproject.toml": MESON, **files}


def cmake(text: str, **files: str) -> dict[str, str]:
    top = "cmake_minimum_required(VERSION 3.18)\nproject(failing LANGUAGES C)\n"
    return {"CMakeLists.txt": f"{top}{text}\n", "pyproject.toml": CMAKE, **files}


ZEROMQ = r'zeromq .*libzmq.*zmq\.h.*: Yocto DEPENDS = "zeromq" \(meta-oe\), Buildroot BR2_PACKAGE_ZEROMQ \(zeromq\), Debian libzmq3-dev'
TARGET_PROGRAM = (
    'open("p.c", "w").write("int main(void){return 0;}"); '
    'subprocess.check_call([os.environ["CC"], "p.c", "-o", "p"]); '
)

PROJECTS = [
    Project("header", extension("#include <zmq.h>\n"), "missing-library", (ZEROMQ,)),
    Project("library", extension("int x;\n", 'libraries=["zmq"]'), "missing-library", (ZEROMQ, "-lzmq")),
    Project(
        "elsewhere",
        extension("#include <xmlstring.h>\n"),
        "not-looked-for",
        (r"libxml2/libxml/xmlstring\.h",),
    ),
    Project("mistake", extension("int x\nint y;\n"), "compile-error", (r"failing\.c:1: expected ';'",)),
    Project(
        "native-object",
        extension(
            "int x;\n",
            'extra_objects=["n.o"]',
            'open("n.c", "w").write("int n;"); subprocess.check_call([os.environ["CC_FOR_BUILD"], "-c", "n.c"])',
        ),
        "build-machine-file",
        (r"n\.o",),
    ),
    Project(
        "optional",
        extension("#include <zmq.h>\n", "optional=True"),
        "missing-library",
        (ZEROMQ,),
    ),
    Project(
        "question",
        extension(
            "int x\nint y;\n",
            before='open("/dev/shm/q.c", "w").write("#include <zmq.h>"); '
            'subprocess.call([os.environ["CC"], "-c", "/dev/shm/q.c", "-o", "/dev/null"])',
        ),
        "compile-error",
    ),
    Project(
        "undeclared",
        script("import numpy_of_no_kind"),
        "no-module",
        ("imports numpy_of_no_kind", "build-pip install"),
    ),
    Project(
        "program", script('subprocess.check_call(["frobnicate"])'), "missing-program", ("program frobnicate",)
    ),
    Project(
        "pkg-config",
        script('subprocess.check_output(["pkg-config", "--cflags", "libzmq"])'),
        "missing-library",
        (ZEROMQ,),
    ),
    Project(
        "run",
        script(TARGET_PROGRAM + 'subprocess.check_call(["./p"])'),
        "ran-target-program",
        ("--emulator",),
    ),
    Project(
        "import",
        script(
            "import sys, sysconfig; suffix = sysconfig.get_config_var('EXT_SUFFIX'); "
            "subprocess.check_call('echo | $CC -shared -x c - -o m' + suffix, shell=True); sys.path.insert(0, ''); import m"
        ),
        "ran-target-program",
        ("imported m", "--emulator"),
    ),
    Project(
        "git",
        script('subprocess.check_call(["git", "clone", "-q", "https://there.is.none.invalid/x.git"])'),
        "network",
    ),
    Project(
        "memory",
        script(
            'open("big.c", "w").write("int a[1000000] = {" + "1," * 1000000 + "};"); '
            'subprocess.check_call("ulimit -v 100000; exec $CC -c big.c", shell=True)'
        ),
        "no-memory",
    ),
    Project("strange", script('raise RuntimeError("the moon is full")'), "", ("the moon is full",)),
    Project("meson-dependency", meson("dependency('libzmq')"), "missing-library", (ZEROMQ,)),
    Project(
        "meson-run",
        meson("meson.get_compiler('c').run('int main(void){return 0;}')"),
        "ran-target-program",
        ("--emulator",),
    ),
    Project(
        "cmake-module",
        cmake("find_package(CURL REQUIRED)"),
        "missing-library",
        ("Debian libcurl4-openssl-dev",),
    ),
    Project("cmake-config", cmake("find_package(ZeroMQ REQUIRED)"), "missing-library", (ZEROMQ,)),
    Project(
        "cmake-run",
        cmake('include(CheckCSourceRuns)\ncheck_c_source_runs("int main(void){return 0;}" RUNS)'),
        "ran-target-program",
        ("--hints",),
    ),
    Project(
        "python",
        {"pyproject.toml": '[project]\nname = "failing"\nversion = "1"\nrequires-python = ">=3.99"\n'},
        "python-version",
        (">=3.99",),
    ),
    Project(
        "back-end",
        {"pyproject.toml": SETUPTOOLS.replace("setuptools.build_meta", "no_such_end")},
        "no-back-end",
        ("no_such_end",),
    ),
]


@pytest.fixture(scope="module")
def env(arm64, crosspy, tmp_path_factory, pip_environ):
    """An environment with the back ends in its build layer, so that each build is short."""
    root = tmp_path_factory.mktemp("failures") / "env"
    crosspy("create", root, "--sysroot", arm64.sysroot, "--build-python", arm64.build_python)
    back_ends = ["setuptools>=77", "ninja", "scikit-build-core", "cmake"]
    run([root / "bin" / "build-pip", "install", "-q", *back_ends], env=dict(pip_environ))
    return root


def written(project: Project, directory: Path) -> Path:
    for name, text in project.files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_the_last_lines_name_the_cause(crosspy, env, tmp_path, pip_environ, project):
    # Meson is told to cross-compile where it runs in cross-python: in isolation.
    options = [] if "meson.build" in project.files else ["--no-index", "--no-build-isolation"]
    words = ("wheel", env, *options, "-w", tmp_path / "out")
    done = crosspy(*words, written(project, tmp_path / "failing"), env=dict(pip_environ), check=False)
    assert done.returncode == 8
    end = done.stderr[done.stderr.rindex("\nerror: ") :]
    named = re.findall(r"\[([a-z-]+)\]:", end)
    assert named[:1] == ([project.id] if project.id else []), done.stderr
    for pattern in project.says:
        assert re.search(pattern, end), end
    assert "Traceback" not in end
    log = Path(re.findall(r"The whole log: (.*)", end)[0])
    assert log.parent == env / "crosspy" / "logs"
    assert done.stderr[: done.stderr.rindex("\nerror: ")].strip() in log.read_text()


def test_a_build_requirement_that_is_not_there(crosspy, env, tmp_path):
    project = written(Project("", extension("int x;\n"), ""), tmp_path / "failing")
    done = crosspy("wheel", env, "--no-index", "-w", tmp_path / "out", project, check=False)
    assert done.returncode == 8
    end = done.stderr[done.stderr.rindex("\nerror: ") :]
    assert "[no-candidate]: pip found nothing for the build requirement setuptools" in end
    assert "build-pip download -d DIR 'setuptools'" in end


def test_verbose_and_a_log_of_ones_own(crosspy, env, tmp_path):
    project = written(Project("", extension("#include <zmq.h>\n"), ""), tmp_path / "failing")
    words = (
        "wheel",
        env,
        "-v",
        "--no-index",
        "--no-build-isolation",
        "-w",
        tmp_path / "out",
        "--log",
        tmp_path / "log",
    )
    done = crosspy(*words, project, check=False)
    assert re.search(ZEROMQ, done.stderr[done.stderr.rindex("\nerror: ") :])
    text = (tmp_path / "log").read_text()
    assert "this command failed" in text
    assert re.search(r"\n\S*aarch64-linux-gnu-gcc --sysroot=\S* .*failing\.c", text)


def test_the_log_of_a_success(crosspy, env, tmp_path):
    project = written(
        Project("", {"setup.py": "from setuptools import setup; setup(name='fine')\n"}, ""), tmp_path / "fine"
    )
    before = sorted((env / "crosspy").glob("logs/*"))
    words = ("wheel", env, "--no-index", "--no-build-isolation", "-w", tmp_path / "out")
    crosspy(*words, project)
    assert sorted((env / "crosspy").glob("logs/*")) == before
    crosspy(*words, project, "--log", tmp_path / "log")
    assert "Successfully built fine" in (tmp_path / "log").read_text()
