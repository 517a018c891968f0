"""What pip and the builds get, what downloads may use, and which wheels are taken."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from sample_targets import ELF, make_target, put

from crosspy.build import frontend
from crosspy.build.check import check_wheel
from crosspy.build.downloads import download_options, download_variables
from crosspy.build.frontend import BuildOptions, build_environment, build_wheels, pip_options
from crosspy.console import Console
from crosspy.crossenv.layout import CrossEnv
from crosspy.errors import BuildFailedError, EnvironmentDirError, UsageError, WheelRefusedError

# Downloads.


@pytest.fixture(autouse=True)
def no_system_configuration(monkeypatch, tmp_path):
    monkeypatch.setattr("crosspy.build.downloads._SYSTEM", tmp_path / "etc-pip.conf")


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("", []),
        ("[global]\nindex-url = https://a/simple", ["--index-url", "https://a/simple"]),
        ("[global]\nindex_url: https://a/simple", ["--index-url", "https://a/simple"]),
        ("[install]\n--index-url = https://a/simple", ["--index-url", "https://a/simple"]),
        ("[wheel]\nproxy = http://p:1", ["--proxy", "http://p:1"]),
        (
            "[wheel]\nindex-url=https://w\n[global]\nindex-url=https://g\n[install]\nindex-url=https://i",
            ["--index-url", "https://w"],
        ),
        (
            "[global]\nextra-index-url = https://a https://b",
            ["--extra-index-url", "https://a", "--extra-index-url", "https://b"],
        ),
        (
            "[global]\nextra-index-url =\n    https://a\n    https://b\n",
            ["--extra-index-url", "https://a", "--extra-index-url", "https://b"],
        ),
        ("[global]\ntrusted-host = a b", ["--trusted-host", "a", "--trusted-host", "b"]),
        ("[global]\ntimeout = 60", ["--timeout", "60"]),
        ("[global]\ndefault-timeout = 60", ["--timeout", "60"]),
        ("[global]\nclient-cert = /a b.pem", ["--client-cert", "/a b.pem"]),
        ("[global]\nretries = 3", ["--retries", "3"]),
        ("[global]\nindex-url = https://u:p%40x@h/s?a=b", ["--index-url", "https://u:p%40x@h/s?a=b"]),
        # Nothing else of it.
        ("[global]\nno-binary = :all:\nfind-links = /x\ntarget = /x\nno-index = true", []),
        ("[download]\ncache-dir = /x\n[list]\nindex-url = https://l\n[uninstall]\nproxy = x", []),
    ],
)
def test_options_of_the_users_configuration(tmp_path, file, options):
    named = tmp_path / "named.conf"
    named.write_text(file, encoding="utf-8")
    assert download_options(Path("/nowhere/bin/python"), {"PIP_CONFIG_FILE": str(named)}) == options


def test_which_of_pips_configuration_files_wins(tmp_path):
    python = tmp_path / "venv/bin/python"
    environ = {"XDG_CONFIG_DIRS": f"{tmp_path}/nowhere:{tmp_path}/xdg", "HOME": str(tmp_path / "home")}
    places = (
        "xdg/pip/pip.conf",
        "etc-pip.conf",
        "home/.pip/pip.conf",
        "home/.config/pip/pip.conf",
        "venv/pip.conf",
    )
    for number, place in enumerate(places):
        put(tmp_path, {place: f"[global]\ntimeout = {number}\n"})
        assert download_options(python, environ) == ["--timeout", str(number)]
    put(tmp_path, {"named": "[global]\ntimeout = 5\n", "other/pip/pip.conf": "[global]\ntimeout = 6\n"})
    environ["PIP_CONFIG_FILE"] = f"{tmp_path}/named"
    assert download_options(python, environ) == ["--timeout", "5"]
    # A section that is about this counts more than a file that is read later; a variable more than all.
    put(tmp_path, {"etc-pip.conf": "[wheel]\ntimeout = 7\n"})
    assert download_options(python, environ) == ["--timeout", "7"]
    assert download_options(python, {**environ, "PIP_TIMEOUT": "8"}) == ["--timeout", "8"]
    assert download_options(python, {**environ, "PIP_CONFIG_FILE": os.devnull}) == []


def test_the_way_to_the_index_is_told_to_every_pip(tmp_path):
    """An older pip keeps its options to itself when it starts another one for build requirements."""
    options = ["--index-url", "https://i", "--cert", "/c.pem", "--proxy", "http://p:1"]
    assert download_variables(options) == {"PIP_CERT": "/c.pem", "PIP_PROXY": "http://p:1"}
    assert download_variables([]) == {}


def test_variables_alone():
    environ = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "https://it's", "PIP_TARGET": "/x"}
    assert download_options(Path("/nowhere/bin/python"), environ) == ["--index-url", "https://it's"]


@pytest.mark.parametrize("content", [b"index-url = x\n", b"[global\n", b"[global]\nproxy = \xff\xfe\n"])
def test_a_configuration_that_pip_cannot_read(tmp_path, content):
    named = tmp_path / "named.conf"
    named.write_bytes(content)
    with pytest.raises(
        UsageError, match=r"pip's configuration file \S+/named\.conf cannot be read: "
    ) as caught:
        download_options(Path("/nowhere/bin/python"), {"PIP_CONFIG_FILE": str(named)})
    assert "\n" not in caught.value.message


# The environment of builds.


@pytest.fixture
def env(tmp_path) -> CrossEnv:
    root = put(
        tmp_path / "env", {"bin/pip": "", "crosspy/target.json": "{}", "pyvenv.cfg": "version = 3.11.2"}
    )
    return CrossEnv(root=root, target=make_target(version="3.11"))


def test_nothing_of_the_users_settings_passes(env):
    names = """
        PIP_INDEX_URL PIP_NO_BINARY PIP_TARGET PIP_USER PIP_REQUIRE_VIRTUALENV PIP_BUILD_ISOLATION
        PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONUSERBASE PYTHONPLATLIBDIR _PYTHON_HOST_PLATFORM
        CPATH LIBRARY_PATH C_INCLUDE_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH CONFIG_SITE DESTDIR LD_PRELOAD LC_CTYPE
        CROSSPY_ENV CROSSPY_PURE CROSSPY_BUILD VIRTUAL_ENV DISTUTILS_DEBUG
    """
    noise = dict.fromkeys(names.split(), "noise")
    found = build_environment(env, BuildOptions(), {**noise, "PATH": "/usr/bin"})
    assert "noise" not in found.values()
    assert not {name for name in found if name.startswith("PYTHON")} - {"PYTHONHASHSEED", "PYTHONNOUSERSITE"}
    assert {name: value for name, value in found.items() if name.startswith("PIP_")} == {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }


def test_what_is_withheld_is_named(env):
    caller = dict.fromkeys(
        ("FOO_DIR", "FOO_MODE", "SSH_TTY", "PIP_USER", "CFLAGS", "DISTCC_DIR", "DEBUG", "lower_case"), "x"
    )
    found = build_environment(env, BuildOptions(variables=(("FOO_MODE", "", "x"),)), caller)
    assert found["CROSSPY_WITHHELD"] == "FOO_DIR"
    assert "CROSSPY_WITHHELD" not in build_environment(env, BuildOptions(), {"PATH": "/usr/bin"})


def test_what_a_build_needs_passes(env):
    kept = {
        "HOME": "/h",
        "CC": "x-gcc -O1",
        "CFLAGS": "-Os",
        "LDFLAGS": "-s",
        "https_proxy": "http://p",
        "SSL_CERT_FILE": "/c",
        "BUILD_CC": "gcc",
        "MAKEFLAGS": "-j2",
    }
    found = build_environment(env, BuildOptions(), {**kept, "PATH": "/usr/bin"})
    assert kept.items() <= found.items()
    assert found["PATH"] == f"{env.root}/bin:/usr/bin"
    assert (found["LC_ALL"], found["PYTHONHASHSEED"], found["SOURCE_DATE_EPOCH"]) == (
        "C.UTF-8",
        "0",
        "315532800",
    )
    assert (found["CROSSPY_POLICY"], "CROSSPY_PURE" in found) == ("sdist", False)


def test_what_the_options_say(env):
    options = BuildOptions(policy="auto", pure=("a", "b"), variables=(("A", "=", "b"),))
    found = build_environment(env, options, {"SOURCE_DATE_EPOCH": "1"})
    assert (found["CROSSPY_POLICY"], found["CROSSPY_PURE"], found["SOURCE_DATE_EPOCH"]) == (
        "auto",
        "a,b",
        "1",
    )
    assert (json.loads(found["CROSSPY_VARIABLES"]), "A" in found) == ([["A", "=", "b"]], False)
    assert found["PATH"].startswith(f"{env.root}/bin:")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        (
            {"no_index": True, "find_links": ("/a", "/b")},
            ["--no-index", "--find-links", "/a", "--find-links", "/b"],
        ),
        ({"no_deps": True, "pre": True}, ["--no-deps", "--pre"]),
        ({"no_binary": ("a,b", ":all:")}, ["--no-binary", "a,b", "--no-binary", ":all:"]),
        ({"build_isolation": False}, ["--no-build-isolation"]),
        ({"policy": "wheel"}, ["--only-binary", ":all:"]),
        ({"policy": "auto"}, []),
        (
            {"requirement_files": (Path("/r"),), "constraints": (Path("/c"),)},
            ["--requirement", "/r", "--constraint", "/c"],
        ),
        (
            {"config_settings": ("a=b c",), "require_hashes": True},
            ["--require-hashes", "--config-settings", "a=b c"],
        ),
    ],
)
def test_pips_options(options, words):
    assert pip_options(BuildOptions(**options), Console()) == ["--progress-bar", "off", "--no-color", *words]


@pytest.mark.parametrize(
    ("console", "word"), [(Console(verbose=True), "-v"), (Console(quiet=True), "--quiet")]
)
def test_pip_is_as_loud_as_we_are(console, word):
    assert word in pip_options(BuildOptions(), console)


# Rust.


def test_cargos_configuration_is_the_callers(env):
    kept = {
        "CARGO": "/c", "CARGO_HOME": "/h", "RUSTC": "/r", "RUSTFLAGS": "-Ca=b", "RUST_TARGET_PATH": "/t",
        "CARGO_NET_GIT_FETCH_WITH_CLI": "true", "CARGO_REGISTRIES_MINE_INDEX": "sparse+https://x/",
        "CARGO_PROFILE_RELEASE_LTO": "off", "RUSTUP_TOOLCHAIN": "stable", "RUSTC_WRAPPER": "sccache", "SCCACHE_DIR": "/s",
    }  # fmt: skip
    # What cargo gives to a program that it runs says nothing of this build.
    dropped = {"CARGO_MANIFEST_DIR": "/m", "CARGO_PKG_NAME": "x", "RUSTUPX": "y", "MY_RUSTC": "z"}
    found = build_environment(env, BuildOptions(), kept | dropped)
    assert kept.items() <= found.items()
    assert not dropped.keys() & found.keys()
    assert not {"CARGO_NET_OFFLINE", "CROSSPY_CRATES"} & found.keys()


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ({"no_index": True}, {"CARGO_NET_OFFLINE": "true"}),
        ({"crates": Path("/c")}, {"CARGO_NET_OFFLINE": "true", "CROSSPY_CRATES": "/c"}),
    ],
)
def test_cargo_without_network(env, options, variables):
    found = build_environment(env, BuildOptions(**options), {"CARGO_NET_OFFLINE": "false"})
    assert variables.items() <= found.items()


def test_no_directory_of_crates(build, tmp_path):
    with pytest.raises(UsageError, match="no directory of crates"):
        build("x", crates=tmp_path / "absent")


# A build, with a pip that tells what it was given.


PIP = """
test "$*" != "-m pip config list" || exit 0
printf '%s\\n' "$@" >"$HOME/argv"; env >"$HOME/env"
while [ "$1" != --wheel-dir ]; do shift; done
mkdir -p "$2"; cp "$HOME"/made/*.whl "$2" 2>/dev/null
for last in "$@"; do :; done
[ ! -d "$last" ] || ls -A "$last" >"$HOME/project"
exit "$(cat "$HOME/status" 2>/dev/null || echo 0)"
"""


@pytest.fixture
def build(env, tmp_path, script):
    """Return a function that builds; the wheels in ``made`` are what pip makes."""
    script("python", PIP, directory=env.root / "bin")
    script("python", PIP, directory=env.root / "build" / "bin")
    (tmp_path / "made").mkdir()

    def call(*requirements: str, environ=None, **options):
        return build_wheels(
            env,
            requirements,
            options=BuildOptions(**options),
            console=Console(),
            environ={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **(environ or {})},
            wheel_dir=tmp_path / "out" / "wheels",
        )

    return call


def make_wheel(directory: Path, name: str, members: dict[str, bytes | Path] | None = None) -> Path:
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / name, "w") as archive:
        for member, data in (members or {}).items():
            archive.writestr(member, data.read_bytes() if isinstance(data, Path) else data)
    return directory / name


def test_wheels_are_placed(build, tmp_path):
    make_wheel(tmp_path / "made", "b-1-py3-none-any.whl")
    make_wheel(tmp_path / "made", "a-1-cp311-cp311-linux_aarch64.whl")
    found = build("b")
    assert [path.name for path in found] == ["a-1-cp311-cp311-linux_aarch64.whl", "b-1-py3-none-any.whl"]
    assert sorted(path.name for path in (tmp_path / "out/wheels").iterdir()) == [path.name for path in found]
    words = (tmp_path / "argv").read_text().splitlines()
    assert words[:4] == ["-m", "pip", "wheel", "--wheel-dir"]
    assert words[-1] == "b"


def test_a_project_is_copied_before_it_is_built(build, tmp_path):
    project = put(
        tmp_path / "proj",
        {
            "pyproject.toml": "",
            "src/p.py": "",
            "build/lib/x.o": "",
            "p.egg-info/x": "",
            "old.whl": "",
            ".git/config": "",
        },
    )
    before = sorted(str(path) for path in project.rglob("*"))
    build(str(project))
    assert (tmp_path / "project").read_text().split() == [".git", "old.whl", "pyproject.toml", "src"]
    assert (tmp_path / "argv").read_text().splitlines()[-1] != str(project)
    assert sorted(str(path) for path in project.rglob("*")) == before


def test_a_directory_that_is_no_project_is_pips_to_refuse(build, tmp_path):
    (tmp_path / "x").mkdir()
    build(str(tmp_path / "x"))
    assert (tmp_path / "argv").read_text().splitlines()[-1] == str(tmp_path / "x")


def test_offline_the_users_configuration_is_not_asked(build, tmp_path, env):
    (env.root / "build/bin/python").write_text("#!/bin/sh\nexit 99\n")
    build("a", no_index=True, find_links=("/x",))
    words = (tmp_path / "argv").read_text().splitlines()
    assert "--no-index" in words
    assert "--index-url" not in words


def test_a_build_that_fails(build, tmp_path):
    (tmp_path / "status").write_text("1")
    make_wheel(tmp_path / "made", "a-1-py3-none-any.whl")
    with pytest.raises(BuildFailedError, match=r"exit status 1") as caught:
        build("a")
    assert caught.value.exit_code == 8
    assert "bin/pip wheel -v" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_one_refused_wheel_and_none_is_left(build, tmp_path):
    make_wheel(tmp_path / "made", "a-1-py3-none-any.whl")
    make_wheel(tmp_path / "made", "b-1-cp311-cp311-linux_x86_64.whl")
    with pytest.raises(WheelRefusedError, match="linux_x86_64"):
        build("a")
    assert not (tmp_path / "out").exists()


def test_nothing_to_build(build):
    with pytest.raises(UsageError, match="nothing to build"):
        build()


def test_requirements_from_a_file_alone(build, tmp_path):
    assert build(requirement_files=(tmp_path / "r.txt",)) == []


def test_without_pip(build, env):
    (env.root / "bin/pip").unlink()
    with pytest.raises(EnvironmentDirError, match="without pip"):
        build("a")


def test_a_wheel_directory_that_is_a_file(build, tmp_path):
    make_wheel(tmp_path / "made", "a-1-py3-none-any.whl")
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="cannot write wheels to"):
        build("a")


def test_an_old_wheel_is_replaced(build, tmp_path):
    wheel = make_wheel(tmp_path / "made", "a-1-py3-none-any.whl")
    build("a")
    make_wheel(tmp_path / "made", "a-1-py3-none-any.whl", {"new": b"x"})
    (placed,) = build("a")
    assert placed.read_bytes() == wheel.read_bytes()
    assert len(list(placed.parent.iterdir())) == 1


def test_the_scratch_directory_is_removed(build, tmp_path, monkeypatch):
    monkeypatch.setattr(frontend.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    build("a")
    assert list((tmp_path / "tmp").iterdir()) == []


# Wheels.


ARM64 = make_target(version="3.11")


@pytest.mark.parametrize(
    ("name", "prebuilt", "fits"),
    [
        ("a-1-py3-none-any.whl", False, True),
        ("a-1-py2.py3-none-any.whl", False, True),
        ("a-1-cp311-cp311-linux_aarch64.whl", False, True),
        ("a-1-cp37-abi3-linux_aarch64.whl", False, True),
        ("a-1-py3-none-linux_aarch64.whl", False, True),
        ("a-1-cp311-cp311-manylinux_2_17_aarch64.whl", False, False),
        ("a-1-cp311-cp311-manylinux_2_17_aarch64.whl", True, True),
        ("a-1-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl", True, True),
        ("a-1-cp311-cp311-manylinux_2_99_aarch64.whl", True, False),
        ("a-1-cp311-cp311-musllinux_1_2_aarch64.whl", True, False),
        ("a-1-cp311-cp311-linux_x86_64.whl", False, False),
        ("a-1-cp312-cp312-linux_aarch64.whl", False, False),
        ("a-1-py2-none-any.whl", False, False),
        ("a-1-cp311-cp311-win_amd64.whl", True, False),
        ("not a wheel.whl", False, False),
        ("a-1.zip", False, False),
    ],
)
def test_tags(tmp_path, name, prebuilt, fits):
    wheel = make_wheel(tmp_path / "w", name)
    if fits:
        check_wheel(wheel, ARM64, prebuilt=prebuilt)
        return
    with pytest.raises(WheelRefusedError) as caught:
        check_wheel(wheel, ARM64, prebuilt=prebuilt)
    assert name in caught.value.message
    assert caught.value.exit_code == 9


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"a.so": ELF / "aarch64" / "ext.so"}, ""),
        (
            {"a.so": ELF / "x86_64" / "ext.so"},
            "a.so is 64-bit little-endian x86-64, the target is 64-bit little-endian AArch64",
        ),
        ({"a.py": b"x", "data/tool": ELF / "armhf" / "python"}, "data/tool is 32-bit little-endian ARM"),
        ({"a.so": ELF / "s390x" / "ext.so"}, "64-bit big-endian S/390"),
        ({"a.so": b"\x7fELF"}, ""),
        ({"a.so": b""}, ""),
    ],
)
def test_machines(tmp_path, members, said):
    wheel = make_wheel(tmp_path, "a-1-cp311-cp311-linux_aarch64.whl", members)
    if not said:
        check_wheel(wheel, ARM64, prebuilt=False)
        return
    with pytest.raises(WheelRefusedError, match=said):
        check_wheel(wheel, ARM64, prebuilt=False)


def test_a_wheel_for_any_machine_with_programs_for_several(tmp_path):
    programs = {f"a/tool-{name}": ELF / name / "python" for name in ("armhf", "s390x")}
    check_wheel(
        make_wheel(tmp_path, "a-1-py3-none-any.whl", {"a/x": ELF / "armhf" / "python", **programs}),
        ARM64,
        prebuilt=False,
    )
    with pytest.raises(WheelRefusedError, match=r"a/x\.so is 32-bit"):
        check_wheel(
            make_wheel(tmp_path, "a-2-py3-none-any.whl", {"a/x.so": ELF / "armhf" / "ext.so"}),
            ARM64,
            prebuilt=False,
        )


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "crc"])
def test_damaged_wheels(tmp_path, damage):
    wheel = make_wheel(tmp_path, "a-1-py3-none-any.whl", {"a.py": b"x" * 50, "b.py": b"y" * 50})
    data = wheel.read_bytes()
    at = data.index(b"x" * 50)
    wheel.write_bytes(
        {"empty": b"", "text": b"no", "cut": data[:-30], "crc": data[:at] + b"z" + data[at + 1 :]}[damage]
    )
    with pytest.raises(WheelRefusedError, match="damaged"):
        check_wheel(wheel, ARM64, prebuilt=False)


def test_an_absent_wheel(tmp_path):
    with pytest.raises(WheelRefusedError):
        check_wheel(tmp_path / "a-1-py3-none-any.whl", ARM64, prebuilt=False)


def test_the_best_tag_is_named(tmp_path):
    wheel = make_wheel(tmp_path, "a-1-cp311-cp311-linux_x86_64.whl")
    with pytest.raises(WheelRefusedError, match="the best that does is cp311-cp311-linux_aarch64"):
        check_wheel(wheel, ARM64, prebuilt=False)


def test_two_projects_of_one_directory_name(tmp_path):
    for name in ("a/pkg", "b/pkg"):
        put(tmp_path / name, {"pyproject.toml": name})
    copies = [frontend.separate(str(tmp_path / name), tmp_path / "scratch") for name in ("a/pkg", "b/pkg")]
    assert copies[0] != copies[1]


@pytest.mark.parametrize("name", ["src/build/__init__.py", "p/build/x.c", "p/data/x.whl", "tests/.tox/x"])
def test_a_package_called_build_is_part_of_its_project(tmp_path, name):
    """pypa/build's own sources lie in src/build."""
    project = put(tmp_path / "p", {"pyproject.toml": "", name: ""})
    copy = frontend.separate(str(project), tmp_path / "scratch")
    assert (Path(copy) / name).exists(), copy
