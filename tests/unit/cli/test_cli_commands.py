"""The command line: what it teaches, what it refuses and how, what goes to which stream."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from sample_targets import ELF, config_vars, make_target, put, sysconfigdata, sysroot_files

from crosspy import __version__
from crosspy.cli import create as create_command
from crosspy.cli import env as env_command
from crosspy.cli import targetopts
from crosspy.cli.context import Context
from crosspy.cli.main import COMMANDS, command_parser, main, overview_parser
from crosspy.cli.variables import variables
from crosspy.console import Console, wants_colour
from crosspy.errors import CrosspyError, UsageError
from crosspy.model.target import from_json


@dataclass
class Done:
    status: int
    out: str
    err: str


@pytest.fixture
def crosspy(capsys, tmp_path):
    """Return a function that runs a command line in ``tmp_path``."""

    def call(*argv: str | Path, **environ: str) -> Done:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environ}
        try:
            status = main([str(word) for word in argv], env, tmp_path)
        except SystemExit as end:
            status = int(end.code or 0)
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return call


# Help.


def test_what_every_command_has_may_stand_before_its_name(crosspy):
    before, behind = crosspy("-q", "-v", "verify", "no-image"), crosspy("verify", "-q", "-v", "no-image")
    assert before == behind
    assert before.status == 2
    assert "COMMAND" in crosspy("-q").err
    assert "'no-command'" in crosspy("-v", "no-command").err


def test_help(crosspy):
    done = crosspy("--help")
    assert (done.status, done.err) == (0, "")
    assert all(f"\n    {name} " in done.out for name in COMMANDS)
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70, 130):
        assert f" {code} " in done.out


def test_version(crosspy):
    assert crosspy("--version").out == f"crosspy {__version__}\n"


def test_exit_codes_are_distinct_and_documented():
    codes = [kind.exit_code for kind in CrosspyError.__subclasses__()]
    assert len(set(codes)) == len(codes)
    assert all(f" {code} " in overview_parser().format_help() for code in codes)


TARGET = (
    "--sysroot",
    "--sysconfigdata-file",
    "--config-var",
    "--machine",
    "--cc",
    "--cxx",
    "--ar",
    "--toolchain-prefix",
    "TARGET_PYTHON",
)
CROSSENV = (
    *(
        "--sysroot",
        "--sysconfigdata-file",
        "--config-var",
        "--machine",
        "--cc",
        "--cxx",
        "--ar",
        "--relative-toolchain",
    ),
    *("--without-pip", "--without-cross-pip", "--system-site-packages", "--cross-prefix", "--env"),
    *("--clear", "--clear-both", "--clear-cross", "--clear-build", "--platform-tag", "--manylinux"),
    *("HOST_PYTHON", "ENV_DIR"),
)
OPTIONS = {
    "describe": (*TARGET, "--buildroot", "-o", "--output", "--json"),
    "create": (
        *TARGET,
        "--target",
        "--build-python",
        "--pip",
        "--prompt",
        *CROSSENV,
        "--rust-target",
        "CROSSPY_KEEP",
        "CROSSPY_ENV=off",
    ),
    "env": ("--json", "--make", "eval"),
    "lock": (
        *(
            "-r",
            "-c",
            "-o",
            "--output",
            "--extra",
            "--policy",
            "--no-index",
            "--find-links",
            "--pre",
            "--env",
        ),
        *("pylock.toml", "pylock.build.toml", "uv.lock"),
    ),
    "fetch": ("--lock", "-d", "--directory", "--no-crates"),
    "recipe": ("--yocto", "--buildroot", "-d", "--directory", "--cargo-lock", "--overwrite"),
    "crates": ("-d", "--directory", "CARGO"),
    "wheel": (
        "--lock",
        *(
            "-w",
            "--wheel-dir",
            "-r",
            "-c",
            "--policy",
            "--no-index",
            "--find-links",
            "--crates",
            "--no-binary",
            "--env",
            "--no-deps",
            "--pre",
        ),
        *("--require-hashes", "--pure", "--no-build-isolation", "-C", "sdist", "auto"),
    ),
    "install": ("--root", "--prefix", "--remove"),
    "requires": ("PROJECT", "--find-links", "-f", "--root", "--prefix", "--split", "JSON"),
    "cache": ("--cache", "--prune", "--days", "--size", "CROSSPY_CACHE"),
    "sbom": ("--lock", "--format", "cyclonedx", "spdx", "--name", "-o", "--output", "SOURCE_DATE_EPOCH"),
    "verify": ("--target",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(crosspy, command):
    done = crosspy(command, "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"usage: crosspy {command} ")
    assert "examples:" in done.out
    assert f"crosspy {command} " in done.out.partition("examples:")[2]
    for option in (*OPTIONS[command], "-v", "-q", "--verbose", "--quiet"):
        assert option in done.out, option


@pytest.mark.parametrize("name", CROSSENV)
def test_create_names_what_replaces_crossenvs_options(name):
    # Not the formatted help, which is broken into lines at dashes.
    text = " ".join(action.help or "" for action in command_parser("create")._actions)
    named = [part.partition("]")[0] for part in text.split("[crossenv: ")[1:]]
    assert name in {word for part in named for word in part.replace(",", " ").split()}


def test_every_option_has_help():
    for command in COMMANDS:
        for action in command_parser(command)._actions:
            assert action.help, (command, action)


# Wrong use.


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nonsense"],
        ["--nonsense"],
        ["-x", "describe"],
        ["describe", "--nonsense"],
        ["describe", "--sysroo", "/x"],
        ["describe", "a", "b"],
        ["create"],
        ["create", "env", "--clear", "--clear-build"],
        ["env"],
        ["env", "--json", "--make", "x"],
        ["crates", "p.tar.gz"],
        ["crates", "-d", "crates"],
        ["wheel"],
        ["wheel", "env", "--policy", "maybe"],
        ["install"],
    ],
    ids=shlex.join,
)
def test_wrong_use(crosspy, argv):
    done = crosspy(*argv)
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith("usage: crosspy")
    assert "error:" in done.err


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["describe"], 2, "no target named"),
        (["create", "env"], 2, "no target named"),
        (["create", "env", "--target", "t.json", "--sysroot", "s"], 2, "two targets"),
        (["create", "env", "--sysroot", "s", "--build-python", "/no/such"], 2, "no build Python"),
        (["describe", "--sysroot", "absent"], 3, "not a sysroot"),
        (["describe", "--sysroot", "."], 3, "not a sysroot with Python"),
        (["describe", "absent/bin/python3"], 3, "no target Python at"),
        (["describe", "--buildroot", "."], 2, ".config: No such file"),
        (["describe", "--sysconfigdata-file", "absent.py"], 3, "absent.py"),
        (["create", "env", "--target", "absent.json"], 3, "absent.json"),
        (["env", "absent"], 7, "is not a cross environment"),
        (["wheel", "absent", "x"], 7, "is not a cross environment"),
        (["crates", "absent.tar.gz", "-d", "crates"], 2, "cannot read"),
        (["describe", "--sysroot", "s", "--config-var", "novalue"], 2, "--config-var 'novalue'"),
        (["describe", "--sysroot", "s", "--cc", "no-such-gcc"], 5, "compiler not found: 'no-such-gcc'"),
        (["describe", "--sysroot", "s", "--cc", "gcc 'open"], 5, "cannot split"),
        (["create", "env", "--sysroot", "s", "--build-python", sys.executable], 5, "no cross compiler"),
        (["describe", "--sysroot", "two"], 4, "several Pythons"),
        (["describe", "--sysroot", "code"], 3, "line 1: code"),
        (["describe", "--sysroot", "cut"], 3, "damaged C library"),
    ],
    ids=lambda value: shlex.join(value) if isinstance(value, list) else None,
)
def test_errors(crosspy, tmp_path, argv, status, said):
    put(tmp_path / "s", sysroot_files(version="3.11"))
    put(tmp_path / "two", sysroot_files() | sysroot_files(version="3.12"))
    put(tmp_path / "code", {"usr/lib/python3.11/_sysconfigdata__linux_.py": "import os"})
    put(
        tmp_path / "cut",
        sysroot_files() | {"usr/lib/libc.so.6": (ELF / "aarch64" / "libc.so").read_bytes()[:300]},
    )
    done = crosspy(*argv, PATH="/nonexistent")
    assert (done.status, done.out) == (status, "")
    lines = done.err.splitlines()
    assert lines[0].startswith("error: ")
    assert said in done.err
    assert "Traceback" not in done.err
    assert lines[-1].startswith("hint: ") or "--config-var" in said


def test_a_build_python_of_another_version(crosspy, tmp_path, script):
    (tmp_path / "t.json").write_text(make_target(version="3.99").to_json())
    done = crosspy("create", "env", "--target", "t.json", "--build-python", sys.executable)
    assert done.status == 6
    assert "X.Y must be the same" in done.err


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        (
            ["--rust-target", "x86_64-unknown-linux-gnu"],
            {},
            "--rust-target x86_64-unknown-linux-gnu is for x86_64",
        ),
        (
            [],
            {"CARGO_BUILD_TARGET": "i686-unknown-linux-gnu"},
            "CARGO_BUILD_TARGET i686-unknown-linux-gnu is for i686",
        ),
        (["--rust-target", "absent.json"], {}, "--rust-target absent.json: No such file"),
        (["--rust-target", "spec.json"], {}, "32-bit machine, the target is aarch64"),
    ],
)
def test_a_rust_target_that_does_not_fit(crosspy, tmp_path, words, variables, said):
    (tmp_path / "t.json").write_text(make_target().to_json())
    (tmp_path / "spec.json").write_text('{"target-pointer-width": "32"}')
    done = crosspy(
        "create", "env", "--target", "t.json", "--build-python", sys.executable, *words, **variables
    )
    assert done.status == 2
    assert said in done.err


def test_a_rust_target_of_the_environment(crosspy, tmp_path):
    (tmp_path / "t.json").write_text(make_target().to_json())
    # As in Yocto.
    variables = {"CARGO_BUILD_TARGET": "aarch64-poky-linux-gnu"}
    done = crosspy("create", "env", "--target", "t.json", "--build-python", sys.executable, **variables)
    assert done.status == 0
    found = crosspy("env", "env").out
    assert "CARGO_BUILD_TARGET=aarch64-poky-linux-gnu" in found
    assert "CARGO_TARGET_AARCH64_POKY_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc" in found


def test_a_target_without_a_toolchain(crosspy, tmp_path):
    (tmp_path / "t.json").write_text(make_target(toolchain=None).to_json())
    done = crosspy("create", "env", "--target", "t.json", "--build-python", sys.executable)
    assert done.status == 2
    assert "describes no toolchain" in done.err


# What options say.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=b", ("A", "=", "b")),
        ("A=", ("A", "=", "")),
        ("A+= -O2", ("A", "+=", " -O2")),
        ("A?=b", ("A", "?=", "b")),
        ("A:=/b", ("A", ":=", "/b")),
        ("A=b=c", ("A", "=", "b=c")),
        ("A==b", ("A", "=", "=b")),
        ("_a1=two\nlines", ("_a1", "=", "two\nlines")),
    ],
)
def test_env_options(text, expected):
    assert variables([text]) == (expected,)


@pytest.mark.parametrize("text", ["", "A", "=b", "1A=b", "A-B=c", "A -= b", "A*=b", " A=b"])
def test_wrong_env_options(text):
    with pytest.raises(UsageError, match="K=V, K\\+=V"):
        variables([text])


def test_a_name_alone_is_the_callers():
    environ = {"A": "of the caller", "B": ""}
    assert variables(["A", "B", "A=b"], environ) == (
        ("A", "", "of the caller"),
        ("B", "", ""),
        ("A", "=", "b"),
    )
    with pytest.raises(UsageError, match="--env C: it is not set"):
        variables(["C"], environ)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=b", {"A": "b"}),
        ("A=", {"A": ""}),
        ("SIZEOF_LONG=4", {"SIZEOF_LONG": 4}),
        ("A=-1", {"A": -1}),
        ("VERSION=3.11", {"VERSION": "3.11"}),
        ("py_version_nodot=311", {"py_version_nodot": "311"}),
        ("CFLAGS=-O2 -DX=1", {"CFLAGS": "-O2 -DX=1"}),
        ("A=1x", {"A": "1x"}),
    ],
)
def test_config_vars(text, expected):
    assert targetopts.config_vars([text]) == expected


@pytest.mark.parametrize("text", ["", "A", "=b"])
def test_wrong_config_vars(text):
    with pytest.raises(UsageError, match="NAME=VALUE"):
        targetopts.config_vars([text])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("manylinux_2_17", "manylinux_2_17_armv7l"),
        ("manylinux2014", "manylinux_2_17_armv7l"),
        ("manylinux1", "manylinux_2_5_armv7l"),
        ("manylinux_2_17_armv7l", "manylinux_2_17_armv7l"),
        ("musllinux_1_2", "musllinux_1_2_armv7l"),
    ],
)
def test_platform_tags(given, expected):
    assert create_command.platform_tags([given], "armv7l") == (expected,)


@pytest.mark.parametrize(
    ("argv", "environ", "expected"),
    [
        ([], {}, {"cc": (), "cxx": (), "tools": {}, "prefix": ""}),
        (
            [],
            {"CC": "x-gcc -O2", "CXX": "x-g++", "AR": "x-ar"},
            {"cc": ("x-gcc", "-O2"), "cxx": ("x-g++",), "tools": {"ar": ("x-ar",)}},
        ),
        (["--cc", "y-gcc -mcpu=z"], {"CC": "x-gcc", "CXX": "x-g++"}, {"cc": ("y-gcc", "-mcpu=z"), "cxx": ()}),
        (["--cxx", "y-g++"], {"CC": "x-gcc"}, {"cc": ("x-gcc",), "cxx": ("y-g++",)}),
        (["--ar", "y-ar"], {"AR": "x-ar"}, {"tools": {"ar": ("y-ar",)}}),
        (
            ["--toolchain-prefix", "p-"],
            {"CC": "x-gcc", "CXX": "x-g++", "AR": "x-ar"},
            {"cc": (), "cxx": (), "tools": {}, "prefix": "p-"},
        ),
    ],
)
def test_the_toolchain_that_is_wanted(argv, environ, expected):
    args = command_parser("describe").parse_args(["--sysroot", "s", *argv])
    wanted = targetopts.wanted_toolchain(args, environ)
    assert {name: getattr(wanted, name) for name in expected} == expected


def test_paths_are_of_the_callers_directory(tmp_path):
    context = Context(environ={}, console=Console(), cwd=tmp_path)
    assert context.path("a/b") == tmp_path / "a/b"
    assert context.path("/a") == Path("/a")
    assert context.path("~") == tmp_path / "~"


@pytest.mark.parametrize(
    ("current", "operator", "after"),
    [
        ("old", "=", "new"),
        ("old", "+=", "oldnew"),
        ("old", "?=", "old"),
        ("", "?=", "new"),
        ("old", ":=", "old:new"),
        ("", ":=", "new"),
    ],
)
def test_operators_when_printed(current, operator, after):
    assert env_command.changed(current, operator, "new") == after


# crosspy describe


@pytest.fixture
def sysroot(tmp_path):
    return put(tmp_path / "s", sysroot_files(version="3.11"))


def test_describe(crosspy, sysroot):
    done = crosspy("describe", "--sysroot", sysroot, PATH="/nonexistent")
    assert done.status == 0
    assert done.err.startswith("warning: no toolchain described")
    rows = {line.partition("  ")[0]: line for line in done.out.splitlines()}
    assert "64-bit little-endian AArch64" in rows["machine"]
    assert "glibc 2.17" in rows["libc"]
    assert rows["libc"].endswith(str(sysroot / "usr/lib/libc.so.6"))
    assert "aarch64-unknown-linux-gnu" in rows["triplet"]


def test_describe_needs_no_compiler_that_a_variable_names(crosspy, sysroot):
    """BitBake exports CC for every task; an image's has no compiler in its sysroot."""
    done = crosspy(
        "describe", "--sysroot", sysroot, PATH="/nonexistent", CC="aarch64-gone-gcc -march=x", AR="gone-ar"
    )
    assert done.status == 0
    assert "no toolchain described: compiler not found: 'aarch64-gone-gcc'" in done.err


@pytest.mark.parametrize("option", ["--cc=aarch64-gone-gcc", "--toolchain-prefix=aarch64-gone-"])
def test_describe_asks_for_the_compiler_that_an_option_names(crosspy, sysroot, option):
    done = crosspy("describe", "--sysroot", sysroot, option, PATH="/nonexistent")
    assert done.status != 0
    assert "aarch64-gone-gcc" in done.err


def test_describe_as_json(crosspy, sysroot):
    done = crosspy("describe", "--sysroot", sysroot, "--json", PATH="/nonexistent")
    target = from_json(done.out, origin="stdout")
    assert (target.machine.name, target.sysroot) == ("aarch64", str(sysroot))
    assert json.loads(done.out)["schema"] == 1


def test_describe_into_a_file(crosspy, sysroot, tmp_path):
    done = crosspy("describe", "--sysroot", "s", "-o", "target.json", PATH="/nonexistent")
    assert (done.status, done.out) == (0, "")
    assert "wrote target.json" in done.err
    assert from_json((tmp_path / "target.json").read_text(), origin="x").sysroot == str(sysroot)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s", "target.json"]


def test_describe_into_a_directory_that_is_not_there(crosspy, sysroot):
    done = crosspy("describe", "--sysroot", "s", "-o", "no/such/dir/t.json", PATH="/nonexistent")
    assert (done.status, done.out) == (2, "")
    assert "error: cannot write" in done.err


def test_describe_quietly(crosspy, sysroot):
    done = crosspy("describe", "-q", "--sysroot", sysroot, "-o", "t.json", PATH="/nonexistent")
    assert done.err.splitlines() == [line for line in done.err.splitlines() if line.startswith("warning:")]


def test_describe_with_a_variable_and_a_machine(crosspy, tmp_path):
    put(tmp_path / "s", sysroot_files("armhf") | {"usr/lib/python3.11/x": ""})
    done = crosspy(
        "describe",
        "--sysroot",
        "s",
        "--json",
        "--machine",
        "armv8l",
        "--config-var",
        "NEW=3",
        PATH="/nonexistent",
    )
    target = from_json(done.out, origin="x")
    assert (target.uname, target.python.config_vars["NEW"]) == ("armv8l", 3)


def test_describe_a_named_file(crosspy, tmp_path):
    put(tmp_path, {"x.py": sysconfigdata(config_vars())})
    done = crosspy("describe", "--sysconfigdata-file", "x.py", "--json", PATH="/nonexistent")
    assert from_json(done.out, origin="x").sysroot == ""


# crosspy create and crosspy env


@pytest.fixture
def created(crosspy, tmp_path):
    def call(*argv: str, name: str = "env", **environ: str) -> Done:
        (tmp_path / "t.json").write_text(make_target().to_json())
        words = (
            "create",
            name,
            "--target",
            "t.json",
            "--build-python",
            sys.executable,
            "--without-pip",
            *argv,
        )
        return crosspy(*words, **environ)

    return call


def test_create(created, tmp_path):
    done = created()
    assert (done.status, done.out) == (0, "")
    assert done.err.startswith("==> env made: Python ")
    assert (tmp_path / "env/bin/python").exists()
    again = created()
    assert again.status == 0
    assert "is there already, from the same inputs" in again.err
    assert created("-q").err == ""
    assert "enter it with: . " in created("-v").err


def test_create_from_other_inputs(created):
    created()
    done = created("--prompt", "x")
    assert (done.status, done.out) == (7, "")
    assert "hint: Make it anew: crosspy create --clear" in done.err
    assert created("--prompt", "x", "--clear").status == 0
    assert created("--clear-both").status == 0


def test_flags_of_the_caller_become_the_environments(created, crosspy):
    created(CFLAGS="-Os -DX='a b'", LDFLAGS="", OTHER="x")
    found = json.loads(crosspy("env", "--json", "env").out)
    assert found["CFLAGS"] == "-Os -DX='a b'"
    assert not {"LDFLAGS", "OTHER"} & found.keys()


def test_env_is_a_shell_script(created, crosspy, tmp_path):
    name = "my env's $x"
    created("--env", "MINE=a 'b' $c", "--env", "LIST:=/b", name=name)
    done = crosspy("env", name, LIST="/a")
    assert done.err == ""
    show = 'printf "%s\\n" "$MINE" "$LIST" "$CC" "$CMAKE_TOOLCHAIN_FILE" "$PATH"'
    ran = subprocess.run(
        ["/bin/sh", "-euc", f"{done.out}\n{show}"],
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    root = tmp_path / name
    assert ran.stdout.splitlines() == [
        "a 'b' $c",
        "/a:/b",
        "aarch64-linux-gnu-gcc",
        f"{root}/crosspy/toolchain.cmake",
        f"{root}/bin:{root}/crosspy/tools:/usr/bin",
    ]


def test_env_as_json_and_make_agree(created, crosspy, tmp_path):
    created("--env", "MINE=a$b#c")
    as_json = json.loads(crosspy("env", "--json", "env").out)
    made = crosspy("env", "--make", "env").out
    assert as_json["MINE"] == "a$b#c"
    assert as_json["PATH"] == [f"{tmp_path}/env/bin", f"{tmp_path}/env/crosspy/tools"]
    assert "export MINE := a$$b\\#c\n" in made
    assert f"export PATH := {tmp_path}/env/bin:{tmp_path}/env/crosspy/tools:$(PATH)" in made
    assert made.count("export ") == len(as_json)


# Streams, colours, signals: the program itself.


@pytest.mark.parametrize(
    ("environ", "terminal", "colour"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour(environ, terminal, colour, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert wants_colour(environ, sys.stderr) == colour


def program(*argv: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crosspy", *map(str, argv)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environ},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program(tmp_path):
    done = program("describe", "--sysroot", "absent", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[0].startswith("error: not a sysroot: ")
    assert done.stderr.splitlines()[1].startswith("hint: ")
    assert "\033" not in done.stderr
    assert (
        "\033[31merror:" in program("describe", "--sysroot", "absent", cwd=tmp_path, FORCE_COLOR="1").stderr
    )


def test_a_reader_that_goes_away(tmp_path, sysroot):
    command = f"{shlex.quote(sys.executable)} -m crosspy describe --json --sysroot s | true"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr


SLOW = """
import signal, sys, time
# A shell starts what goes to the background with SIGINT ignored, and so all that this starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from crosspy.crossenv import create
from crosspy.cli.main import entry
step = create._write_tools
def slow(*args, **kwargs):
    step(*args, **kwargs)
    Path("reached").touch()
    time.sleep(60)
create._write_tools = slow
entry()
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_creating_leaves_nothing(tmp_path, number, status):
    (tmp_path / "t.json").write_text(make_target().to_json())
    words = ["create", "env", "--target", "t.json", "--build-python", sys.executable, "--without-pip"]
    started = subprocess.Popen(
        [sys.executable, "-c", SLOW, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not (tmp_path / "reached").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started.send_signal(number)
    _, err = started.communicate(timeout=20)
    assert started.returncode == status
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reached", "t.json"]


BROKEN = """
from crosspy.cli import describe
def run(args, context): raise ZeroDivisionError("a defect")
describe.run = run
from crosspy.cli.main import entry
entry()
"""


def test_a_defect_of_crosspy_has_its_own_exit_code(tmp_path):
    """The help promises 70; Python's 1 would mean that verify found errors."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, "describe", "--sysroot", "x"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert "ZeroDivisionError: a defect" in done.stderr
    assert "this is a defect of crosspy; please report it" in done.stderr
    assert done.stdout == ""


# The wheel cache.


@pytest.fixture
def wheel_cache(tmp_path):
    entry = tmp_path / "cache" / "wheels" / "ab" / "abc" / "def"
    entry.mkdir(parents=True)
    (entry / "entry.json").write_text('{"wheel": "p-1.whl"}')
    os.utime(entry, (0, 86400))
    return tmp_path / "cache"


def test_the_cache_is_listed(crosspy, wheel_cache):
    done = crosspy("cache", "--cache", str(wheel_cache))
    assert done.out == "20\t1970-01-02\tp-1.whl\n"
    assert "1 wheel, 0.0 MB, in " in done.err


def test_the_cache_is_pruned(crosspy, wheel_cache):
    assert crosspy("cache", "--cache", str(wheel_cache), "--prune").out.endswith("p-1.whl\n")
    assert crosspy("cache", "--cache", str(wheel_cache)).out == ""


@pytest.mark.parametrize("words", [["--days", "-1"], ["--days", "x"], ["--size", "2X"], ["--size", "-3"]])
def test_a_wrong_number_of_the_cache_is_wrong_use(crosspy, wheel_cache, words):
    done = crosspy("cache", "--cache", str(wheel_cache), "--prune", *words)
    assert done.status == 2
    assert crosspy("cache", "--cache", str(wheel_cache)).out, "and nothing is removed"


def test_describe_reads_buildroots_configuration(crosspy, tmp_path) -> None:
    output = put(
        tmp_path / "output", {".config": 'BR2_ARCH="arm"\nBR2_ARM_EABIHF=y\nBR2_TOOLCHAIN_USES_GLIBC=y\n'}
    )
    done = crosspy("describe", "--buildroot", "output")
    assert (done.status, "make python3" in done.err) == (2, True), done.err
    put(output / "host/arm-linux/sysroot", sysroot_files("armhf"))
    assert crosspy("describe", "--buildroot", "output").status == 0, "before the link is there"
    put(output, {"staging": "-> host/arm-linux/sysroot"})
    done = crosspy("describe", "--buildroot", "output")
    assert done.status == 0, done.err
    assert f"sysroot      {output}/host/arm-linux/sysroot" in done.out
    assert f"{output}/.config" in done.out.splitlines()[0]
    put(output, {".config": 'BR2_ARCH="arm"\nBR2_ARM_EABI=y\nBR2_TOOLCHAIN_USES_GLIBC=y\n'})
    done = crosspy("describe", "--buildroot", "output")
    assert done.status == 4
    assert "float is soft in" in done.err
