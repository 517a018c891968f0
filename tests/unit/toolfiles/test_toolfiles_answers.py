"""Programs that answer for the target, run for real around programs of the build machine that tell who was asked."""

from __future__ import annotations

import os
import subprocess
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from sample_targets import make_target

from crosspy.model.target import Libc
from crosspy.toolfiles import answers

TABLE = tomllib.loads(resources.files("crosspy").joinpath("data", "config-scripts.toml").read_text())

IN_A_BUILD = {"CROSSPY_BUILD": "/env"}


def start(script: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], **env}
    return subprocess.run([script, *words], env=environ, capture_output=True, text=True, check=False)


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def program(tmp_path):
    """Return a function that writes one of the programs of a target."""

    def write(name, arch="armhf", **changes):
        target = make_target(arch, **changes)
        texts = answers.machine_programs(target) | answers.distribution_programs(target)
        return written(tmp_path / name, texts[name])

    return write


def real(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Linux"),
        (("-m",), "armv7l"),
        (("--machine",), "armv7l"),
        (("-sm",), "Linux armv7l"),
        (("-m", "-s"), "Linux armv7l"),
        (("-n",), "build"),
        (("-p",), "unknown"),
        (("-r",), os.uname().release),
        (("-o",), "GNU/Linux"),
    ],
)
def test_uname(program, words, expected):
    assert start(program("uname"), *words, **IN_A_BUILD).stdout == f"{expected}\n"


def test_uname_of_everything(program):
    words = start(program("uname"), "-a", **IN_A_BUILD).stdout.split()
    assert (words[:2], words[-2:]) == (["Linux", "build"], ["armv7l", "GNU/Linux"])


@pytest.mark.parametrize("words", [("--nonsense",), ("-z",), ("-mz",), ("x",)])
def test_what_uname_does_not_know_is_its_own_to_refuse(program, words):
    assert start(program("uname"), *words, **IN_A_BUILD).returncode == 1


@pytest.mark.parametrize(
    "env", [{}, {**IN_A_BUILD, "CROSSPY_ENV": "off"}, {**IN_A_BUILD, "CROSSPY_KEEP": "words,machine"}]
)
@pytest.mark.parametrize(("name", "words"), [("uname", ("-m",)), ("getconf", ("LONG_BIT",)), ("arch", ())])
def test_outside_of_a_build_they_are_the_systems(program, env, name, words):
    assert start(program(name), *words, **env).stdout == real(name, *words)


def test_getconf(program):
    assert start(program("getconf"), "LONG_BIT", **IN_A_BUILD).stdout == "32\n"
    assert start(program("getconf"), "GNU_LIBC_VERSION", **IN_A_BUILD).stdout == "glibc 2.36\n"
    assert start(program("getconf"), "PAGESIZE", **IN_A_BUILD).stdout == real("getconf", "PAGESIZE")
    musl = program("getconf", libc=Libc(kind="musl", version="1.2"))
    assert start(musl, "GNU_LIBC_VERSION", **IN_A_BUILD).returncode == 1


def test_lscpu_says_nothing_of_this_processor(program):
    text = start(program("lscpu"), **IN_A_BUILD).stdout
    assert "armv7l" in text
    assert "Little Endian" in text
    assert "Flags" not in text


@pytest.mark.parametrize(
    ("arch", "name"),
    [("armhf", "armhf"), ("armel", "armel"), ("aarch64", "arm64"), ("ppc64le", "ppc64el"), ("i686", "i386")],
)
def test_debians_names(program, arch, name):
    assert start(program("dpkg", arch), "--print-architecture", **IN_A_BUILD).stdout == f"{name}\n"


# *-config

PKG_CONFIG = """#!/bin/sh
case "$*" in
  "--exists libxml-2.0"|"--exists foo"|"--exists libbar"|"--exists baz"|"--exists foo-part"|"--exists other"|"--exists libpq"|"--exists libcurl"|"--exists icu-i18n icu-uc") ;;
  --exists*) exit 1 ;;
  "--variable=exec_prefix "*) echo /usr ;;
  "--variable=includedir "*) echo /sys/root/usr/include ;;
  "--variable=libdir "*) echo /usr/lib ;;
  "--variable=supported_features "*) echo '"SSL zstd"' ;;
  --variable=*) ;;
  --modversion*) echo 1.2.3 ;;
  *) echo "$*" ;;
esac
"""


@pytest.fixture
def config(tmp_path):
    """Return a function that runs a NAME-config in a build."""
    script = answers.config_script(make_target(sysroot="/sys/root"), TABLE)
    written(tmp_path / "answers" / "config-script", script)
    tools = tmp_path / "crosspy" / "tools"
    written(tmp_path / "bin" / "pkg-config", PKG_CONFIG)
    tools.mkdir(parents=True)

    def run(name, *words, **env):
        link = tools / name
        link.symlink_to("../../answers/config-script")
        path = os.pathsep.join([str(tools), str(tmp_path / "bin"), "/usr/bin", "/bin"])
        return start(link, *words, **{"PATH": path, "CROSSPY_BUILD": "/env", **env})

    return run


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("foo-config", "--cflags"), "--cflags foo"),
        (("foo-config", "--cflags", "--libs"), "--cflags foo --libs foo"),
        (("foo-config", "--static", "--libs"), "--libs --static foo"),
        (("foo_config", "--includes"), "--cflags-only-I foo"),
        (("foo-config", "--libs", "part"), "--libs foo-part"),
        (("foo-config", "part", "other", "--cflags"), "--cflags foo-part other"),
        (("bar-config", "--ldflags"), "--libs libbar"),
        (("baz-1.6-config", "--libs"), "--libs baz"),
        (("xml2-config", "--version"), "1.2.3"),
        (("xml2-config", "--libs"), "--libs libxml-2.0"),
        (("xml2-config", "--exec-prefix"), "/sys/root/usr"),
        (("xml2-config", "--exec-prefix=/x", "--includedir"), "/sys/root/usr/include"),
        (("icu-config", "--libs"), "--libs icu-i18n icu-uc"),
        (("pg_config", "--version"), "PostgreSQL 1.2.3"),
        (("pg_config", "--includedir-server"), "/sys/root/usr/include/server"),
        (("pg_config", "--libdir"), "/sys/root/usr/lib"),
        (("curl-config", "--features"), "SSL\nzstd"),
        (("curl-config", "--version"), "libcurl 1.2.3"),
    ],
)
def test_a_config_program_is_answered_from_the_sysroot(config, words, expected):
    done = config(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{expected}\n", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("absent-config", "--cflags"), "/sys/root has no pkg-config module absent, libabsent"),
        (("absent3-config", "--cflags"), "module absent3, libabsent3, absent, libabsent"),
        (("mysql_config", "--libs"), "module mysqlclient, libmariadb, mariadb"),
        (("foo-config", "--nonsense"), "foo-config --nonsense cannot be answered"),
        (("foo-config", "dump"), "knows no such question, and there is no module foo-dump or dump"),
        (("foo-config",), "ask it for something"),
    ],
)
def test_one_that_cannot_be_answered_fails_with_one_message(config, words, said):
    done = config(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("crosspy: error: ")
    assert said in done.stderr


def test_one_that_the_build_brings_is_run(config, tmp_path):
    for place in ("isolated/bin", "project", "usr-local/bin"):
        written(tmp_path / place / "foo-config", f"#!/bin/sh\necho {place} $*\n")
    path = (
        "PATH",
        os.pathsep.join(str(tmp_path / name) for name in ("usr-local/bin", "project", "isolated/bin")),
    )
    done = config(
        "foo-config", "--x", **dict([path]), CROSSPY_ISOLATED=str(tmp_path / "isolated"), CROSSPY_SOURCE=""
    )
    assert done.stdout == "isolated/bin --x\n"


def test_outside_of_a_build_a_config_program_is_the_systems(config, tmp_path):
    written(tmp_path / "usr" / "foo-config", "#!/bin/sh\necho mine $*\n")
    assert config("foo-config", "--x", PATH=f"{tmp_path}/usr", CROSSPY_BUILD="").stdout == "mine --x\n"


def test_the_table():
    for name, row in TABLE.items():
        assert set(row) <= {"modules", "version", "variables", "lines"}, name
        assert set(row.get("lines", ())) <= set(row.get("variables", ())), name
        assert row["modules"], name
        for value in row.get("variables", {}).values():
            assert value.startswith("{"), name
    # Only what the rule does not find; where there are several, the rule's own one need not be the first.
    for name, row in TABLE.items():
        base = name[: -len("-config")]
        assert set(row["modules"]) - {base, f"lib{base}"} or "version" in row, name


@pytest.mark.parametrize(
    ("scripts", "modules", "expected"),
    [
        ((), (), []),
        (("foo-config", "gone-config"), ("foo",), ["foo-config"]),
        (("libpng16-config", "libpng-config"), ("libpng",), ["libpng-config", "libpng16-config"]),
        ((), ("libxml-2.0", "icu-uc"), ["xml2-config"]),
        (("python3-config", "aarch64-linux-gnu-python3.11-config"), ("python3",), []),
    ],
)
def test_which_are_there_without_one_of_the_build_machine(scripts, modules, expected):
    assert answers.config_names(scripts, modules, TABLE) == expected


def test_python_config(tmp_path):
    target = make_target(sysroot="/s", version="3.11")
    variables = {
        "LDVERSION": "3.11",
        "LIBS": "-lm",
        "LIBPL": "/s/pl",
        "LIBDIR": "/s/lib",
        "CFLAGS": "-O2  -Wall",
    }
    script = written(tmp_path / "python3-config", answers.python_config(target, variables))

    def ask(*words):
        return start(script, *words, **IN_A_BUILD).stdout.splitlines()

    assert ask("--includes", "--extension-suffix") == [
        "-I/s/usr/include/python3.11",
        target.python.ext_suffix,
    ]
    assert ask("--cflags") == ["-I/s/usr/include/python3.11 -O2 -Wall"]
    assert ask("--ldflags") == ["-L/s/pl -L/s/lib -lm"]
    assert ask("--embed", "--libs") == ["-lpython3.11 -lm"]
    assert ask("--prefix") == ["/s/usr"]
    assert start(script, "--nonsense", **IN_A_BUILD).returncode == 1
    assert start(script, "--prefix", PATH=str(tmp_path / "none") + ":/usr/bin:/bin").stdout != "/s/usr\n"
