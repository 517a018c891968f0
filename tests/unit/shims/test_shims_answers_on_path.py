"""Programs of the build machine that others stand before."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def answers(shims, tmp_path, monkeypatch):
    """Return the module, its environment being below ``tmp_path``, and a function that puts programs on PATH."""
    made = shims()
    module = made.load("answers")
    monkeypatch.setattr(module, "TOOLS", str(tmp_path / "env" / "tools"))
    monkeypatch.setattr(module, "ROOT", str(tmp_path / "env"))
    (tmp_path / "env" / "tools").mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("atexit.register", lambda _: None)

    def install(**programs):
        for place, names in programs.items():
            (tmp_path / place).mkdir(exist_ok=True)
            for name in names:
                (tmp_path / place / name).touch(mode=0o755)
        environ = {"PATH": os.pathsep.join([module.TOOLS, *(str(tmp_path / place) for place in programs)])}
        module.install(environ)
        return environ["PATH"].split(os.pathsep)

    return module, install


def test_each_gets_a_link_before_it(answers):
    module, install = answers
    first, second, *_ = install(
        usr=[
            "foo-config",
            "bar_config",
            "dpkg",
            "python3-config",
            "cc",
            "pkg-config",
            "x-pkg-config",
            "meson",
        ]
    )
    assert first == module.TOOLS
    links = {link.name: link.readlink().name for link in Path(second).iterdir()}
    assert links == {
        "foo-config": "config-script",
        "bar_config": "config-script",
        "dpkg": "dpkg",
        "meson": "meson",
        "python3-config": "python-config",
    }


def test_nothing_to_stand_before(answers):
    _, install = answers
    assert install(usr=["cc", "pkg-config", "pkgconf", "config"])[1].endswith("/usr")


def test_what_the_build_brings_stays(answers, tmp_path, monkeypatch):
    _, install = answers
    monkeypatch.setenv("CROSSPY_ISOLATED", str(tmp_path / "isolated"))
    assert install(isolated=["pybind11-config", "meson"])[1].endswith("/isolated")


def test_a_build_in_a_build_has_it_already(answers):
    module, install = answers
    environ = {"PATH": os.pathsep.join(install(usr=["foo-config"]))}
    before = environ["PATH"]
    module.install(environ)
    assert environ["PATH"] == before


@pytest.fixture
def programs(shims):
    made = shims()
    module = made.load("programs")
    return module, made


def test_a_program_named_by_its_path_is_answered_too(programs, tmp_path, monkeypatch):
    module, _ = programs
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "xml2-config").touch()
    monkeypatch.setattr(module, "TOOLS", str(tools))
    monkeypatch.setenv("PATH", str(tools))
    assert module._own("/usr/bin/xml2-config") == f"{tools}/xml2-config"
    assert module._own("/usr/bin/other-config") == "/usr/bin/other-config"
    assert module._own("xml2-config") == "xml2-config"
    assert module._own("/usr/bin/gcc") == "/usr/bin/gcc"


@pytest.mark.parametrize("emulator", [False, True])
def test_a_program_of_the_target(programs, tmp_path, monkeypatch, emulator):
    module, made = programs
    made.set("EMULATOR", emulator)
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(60))
    foreign.chmod(0o755)
    runner = tmp_path / "run-target"
    runner.write_text('#!/bin/sh\necho "ran ${1##*/} $2"\n')
    runner.chmod(0o755)
    monkeypatch.setattr(module, "TOOLS", str(tmp_path))
    monkeypatch.setattr(subprocess.Popen, "__init__", module._starting(subprocess.Popen.__init__))
    if emulator:
        assert subprocess.run([foreign, "x"], check=True, capture_output=True).stdout == b"ran foreign x\n"
        return
    with pytest.raises(OSError, match="does not run on the build machine") as caught:
        subprocess.run([foreign, "x"], check=True)
    assert caught.value.errno == 8
    with pytest.raises(FileNotFoundError):
        subprocess.run([tmp_path / "absent"], check=True)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (["cat", "/proc/cpuinfo"], {}),
        ("cat /proc/cpuinfo", {"shell": True}),
        (["sh", "-c", "grep . /proc/cpuinfo | cat"], {}),
    ],
)
def test_the_processor_as_a_program_reads_it(programs, tmp_path, monkeypatch, command, options):
    module, _ = programs
    shown = tmp_path / "a place" / "cpuinfo"
    shown.parent.mkdir()
    shown.write_text("nothing\n")
    monkeypatch.setattr(module.view, "CPUINFO", str(shown))
    start = module._starting(subprocess.Popen.__init__)
    monkeypatch.setattr(subprocess.Popen, "__init__", start)
    assert subprocess.run(command, check=True, capture_output=True, **options).stdout == b"nothing\n"
    monkeypatch.setenv("CROSSPY_KEEP", "machine")
    assert subprocess.run(command, check=True, capture_output=True, **options).stdout != b"nothing\n"


def test_swig_reads_the_sysroots_headers(programs, tmp_path, monkeypatch):
    module, made = programs
    made.set("SYSROOT", str(tmp_path))
    (tmp_path / "usr/include" / module.view.facts.SYS["multiarch"]).mkdir(parents=True)
    swig = tmp_path / "swig4.0"
    swig.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    swig.chmod(0o755)
    start = module._starting(subprocess.Popen.__init__)
    monkeypatch.setattr(subprocess.Popen, "__init__", start)
    words = [
        "-python",
        "-I/usr/include",
        "-I",
        "/usr/include/x86_64-linux-gnu/openssl",
        "-I/usr/include2",
        "x.i",
    ]
    said = subprocess.run([swig.as_posix(), *words], check=True, capture_output=True, text=True).stdout
    include = f"{tmp_path}/usr/include"
    assert said.split() == [
        "-python",
        f"-I{include}",
        "-I",
        f"{include}/{module.view.facts.SYS['multiarch']}/openssl",
        "-I/usr/include2",
        "x.i",
    ]
    other = subprocess.run(["echo", "-I/usr/include"], check=True, capture_output=True, text=True).stdout
    assert other == "-I/usr/include\n"
