"""buildroot-ext/ without Buildroot: read by make with a stub of what Buildroot's manual documents, and its script."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import kconfiglib
import pytest
from mutations import document, mutations

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1] / "buildroot-ext"
SCRIPT = TREE / "support/pylock.py"
OPTION = "BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS"


def make(out: Path, *words: str, goal: str = "show") -> subprocess.CompletedProcess[str]:
    command = [
        "make",
        "-s",
        "-f",
        str(HERE / "stub/Makefile"),
        goal,
        f"O={out}",
        f"BR2_EXTERNAL_CROSSPY_PATH={TREE}",
    ]
    return subprocess.run([*command, *words], capture_output=True, text=True, check=False)


def shown(out: Path, *names: str, words: tuple[str, ...] = ()) -> dict[str, str]:
    done = make(out, f"SHOW={' '.join(names)}", *words)
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if not line.startswith("package "))


def packages(out: Path, *words: str) -> dict[str, str]:
    done = make(out, *words)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("package ")]
    return {name: kind for _, name, kind in lines}


def sdist(path: Path, metadata: str, **files: str) -> str:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {"PKG-INFO": metadata, **files}.items():
            info = tarfile.TarInfo(f"{path.name.removesuffix('.tar.gz')}/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entry(name: str, version: str, file: str, sha256: str, more: str = "") -> str:
    kind, end = ("wheels = [", "]") if file.endswith(".whl") else ("sdist = ", "")
    return (
        f'[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        f'{kind}{{url = "https://index.example/packages/{name[:2]}/{file}", hashes = {{sha256 = "{sha256}"}}}}{end}\n{more}\n'
    )


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """Return a lock file of two distributions and two versions of a build requirement, partly downloaded."""
    downloads = tmp_path / "dl/python-crosspy"
    downloads.mkdir(parents=True)
    digest = sdist(
        downloads / "demo_lib-1.0.tar.gz",
        "Metadata-Version: 2.4\nName: demo-lib\nLicense-Expression: MIT AND $x #1\nLicense-File: LICENSE\n",
        LICENSE="MIT\n",
    )
    lock = tmp_path / "pylock.toml"
    crates = (
        '[packages.tool.crosspy]\ncrates = [{name = "libc", version = "0.2.1", sha256 = "'
        + "c" * 64
        + '"}]\n'
    )
    lock.write_text(
        entry("demo-lib", "1.0", "demo_lib-1.0.tar.gz", digest, crates)
        + entry("MarkupSafe", "3.0.3", "markupsafe-3.0.3-py3-none-any.whl", "a" * 64)
    )
    (tmp_path / "pylock.build.toml").write_text(
        entry("setuptools", "80.9.0", "setuptools-80.9.0-py3-none-any.whl", "b" * 64)
        + entry("setuptools", "75.1", "setuptools-75.1-py3-none-any.whl", "d" * 64)
    )
    return lock


def script(*words: object, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, *map(str, words)]
    return subprocess.run(command, input=said, capture_output=True, text=True, check=False)


# ------------------------------------------------------------------------------------------------------- makefiles


def test_a_list_is_not_resolved_by_reading_makefiles(tmp_path):
    assert packages(tmp_path) == {
        "host-python-kconfiglib": "host",
        "python-crosspy": "target",
        "host-python-crosspy": "host",
    }
    values = shown(
        tmp_path,
        "PYTHON_CROSSPY_DEPENDENCIES",
        "PYTHON_CROSSPY_DOWNLOAD_DEPENDENCIES",
        "PYTHON_CROSSPY_PROVIDED",
    )
    assert values["PYTHON_CROSSPY_DEPENDENCIES"].split() == [
        "host-python3", "host-python-crosspy", "python3", "python-markupsafe", "python3", "libxml2",
    ]  # fmt: skip
    assert values["PYTHON_CROSSPY_DOWNLOAD_DEPENDENCIES"].split()[:2] == [
        "host-python3",
        "host-python-crosspy",
    ]
    assert values["PYTHON_CROSSPY_PROVIDED"] == "markupsafe==3.0.3"


# A tree of the user's own: a library, an application that uses the list, and what that application brings.
OWN_TREE = {
    "libown": "LIBOWN_INSTALL_STAGING = YES\nLIBOWN_DEPENDENCIES = libxml2\n",
    "ownapp": "OWNAPP_INSTALL_STAGING = YES\nOWNAPP_DEPENDENCIES = python-crosspy libown\n",
    "ownplugin": "OWNPLUGIN_INSTALL_STAGING = YES\nOWNPLUGIN_DEPENDENCIES = ownapp\n",
    "python-own": "PYTHON_OWN_VERSION = 2.0\n",
    "python-ownapp": "PYTHON_OWNAPP_VERSION = 3.0\nPYTHON_OWNAPP_DEPENDENCIES = python-crosspy\n",
}


@pytest.mark.parametrize("place", ["BEFORE", "EXTRA"])
def test_libraries_of_other_trees_come_first_and_applications_last(tmp_path, place):
    for name, lines in OWN_TREE.items():
        file = tmp_path / f"own/package/{name}/{name}.mk"
        file.parent.mkdir(parents=True)
        file.write_text(f"{lines}$(eval $(generic-package))\n")
    tree = tmp_path / "own/external.mk"
    tree.write_text("".join(f"include {tmp_path}/own/package/{name}/{name}.mk\n" for name in OWN_TREE))
    for goal in (
        "python-crosspy-depends",
        "python-crosspy/.stamp_configured",
        "python-crosspy/.stamp_downloaded",
    ):
        done = make(tmp_path, f"{place}={tree}", goal=goal)
        assert done.returncode == 0, done.stderr
        assert done.stderr == "", "nothing depends on itself"
        built = done.stdout.split()
        assert {"python3", "libxml2", "libown", "python-own"} <= set(built)
        assert not {"ownapp", "ownplugin", "python-ownapp"} & set(built)
    # What is there already, in which version, is known when the list is resolved.
    provided = make(tmp_path, f"{place}={tree}", "OF=PYTHON_CROSSPY", "STEP=PROVIDED", goal="recipe")
    assert provided.stdout.split() == ["markupsafe==3.0.3", "own==2.0"]
    # Another choice of what is there is resolved anew, before it is known in which version.
    keys = []
    for line in ("", "BR2_PACKAGE_PYTHON_OWN=y\n", "BR2_PACKAGE_PYTHON_CROSSPY_RUST=y\n"):
        (tmp_path / ".config").write_text(line)
        keys += shown(tmp_path, "PYTHON_CROSSPY_KEY", words=(f"{place}={tree}",)).values()
    assert keys[0] == keys[2] != keys[1]


def test_verify_comes_behind_the_users_scripts(tmp_path):
    name = "BR2_ROOTFS_POST_BUILD_SCRIPT"
    assert shown(tmp_path, name)[name] == f'"board/own.sh {TREE}/support/verify-image"'
    off = shown(tmp_path, name, words=("BR2_PACKAGE_PYTHON_CROSSPY_VERIFY=",))
    assert off[name] == '"board/own.sh"'


@pytest.mark.parametrize(
    ("code", "words"), [(0, ""), (1, "leaves a check out"), (2, "")], ids=["sound", "findings", "no-config"]
)
def test_one_run_of_verify_tells_people_and_programs(tmp_path, code, words):
    python = tmp_path / "host/bin/python3"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{tmp_path}/asked"\nexit {code}\n')
    python.chmod(0o755)
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOST_DIR": str(tmp_path / "host"),
        "TARGET_DIR": str(tmp_path / "target"),
        "BINARIES_DIR": str(tmp_path / "images"),
        "BR2_CONFIG": str(tmp_path / ".config"),
        "PYTHON_CROSSPY_VERIFY_OPTS": "--ignore XP304 --fail-on warning",
    }
    command = [str(TREE / "support/verify-image"), str(tmp_path / "target")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert words in done.stderr
    assert bool(done.stderr) == bool(words)
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:4] == ["-m", "crosspy", "verify", str(tmp_path / "target")]
    assert asked[4:6] == ["--buildroot-config", str(tmp_path / ".config")]
    assert asked[6:10] == ["--format", "table", "--format", f"json={tmp_path}/images/crosspy-verify.json"]
    assert asked[10:] == ["--ignore", "XP304", "--fail-on", "warning"]


def test_another_list_is_another_version(tmp_path):
    one = shown(tmp_path, "PYTHON_CROSSPY_VERSION")["PYTHON_CROSSPY_VERSION"]
    other = shown(tmp_path, "PYTHON_CROSSPY_VERSION", words=(f'{OPTION}="numpy>2 it\'s"',))[
        "PYTHON_CROSSPY_VERSION"
    ]
    assert one != other
    assert len(one) == 12
    file = tmp_path / "requirements.txt"
    file.write_text("a\n")
    words = (f'{OPTION}="{file}"',)
    first = shown(tmp_path, "PYTHON_CROSSPY_VERSION", words=words)
    file.write_text("b\n")
    assert shown(tmp_path, "PYTHON_CROSSPY_VERSION", words=words) != first


def test_a_changed_crosspy_builds_the_list_again_from_the_same_lock(tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(TREE, checkout / "buildroot-ext")
    (checkout / "crosspy").mkdir()
    (checkout / "pyproject.toml").write_text('[project]\nversion = "1.2"\n')
    module = checkout / "crosspy/module.py"

    def values(text: str) -> list[str]:
        module.write_text(text)
        names = ("HOST_PYTHON_CROSSPY_VERSION", "PYTHON_CROSSPY_VERSION", "PYTHON_CROSSPY_LOCK")
        words = (f"BR2_EXTERNAL_CROSSPY_PATH={checkout / 'buildroot-ext'}",)
        return [shown(tmp_path, *names, words=words)[name] for name in names]

    tool, build, lock = values("A = 1\n")
    assert tool.startswith("1.2+")
    (checkout / "crosspy/module.pyc").write_bytes(b"made by running it")
    assert values("A = 1\n") == [tool, build, lock]
    tool_then, build_then, lock_then = values("A = 2\n")
    assert tool != tool_then
    assert build != build_then
    assert lock == lock_then


def test_a_lock_is_for_one_c_library(tmp_path):
    name = "PYTHON_CROSSPY_LOCK"
    locks = [shown(tmp_path, name, words=(f"LIBC={libc}",))[name] for libc in ("gnu", "musl", "uclibc")]
    assert len(set(locks)) == 3


def test_a_lock_file_makes_packages(tmp_path, locked):
    words = (f'{OPTION}="{locked}"', "BR2_PACKAGE_PYTHON_CROSSPY_RESOLVE=")
    declared = packages(tmp_path, *words)
    assert (
        declared.items()
        >= {
            "python-crosspy-demo-lib": "target",
            "python-crosspy-markupsafe": "target",
            "host-python-crosspy-setuptools-80-9-0": "host",
            "host-python-crosspy-setuptools-75-1": "host",
        }.items()
    )
    prefix = "PYTHON_CROSSPY_DEMO_LIB"
    names = [
        f"{prefix}_{key}"
        for key in ("SOURCE", "SITE", "LICENSE", "LICENSE_FILES", "EXTRA_DOWNLOADS", "DL_SUBDIR")
    ]
    values = shown(
        tmp_path,
        *names,
        "PYTHON_CROSSPY_PATCH_DEPENDENCIES",
        "HOST_PYTHON_CROSSPY_SETUPTOOLS_75_1_VERSION",
        words=words,
    )
    assert [values[name] for name in names] == [
        "demo_lib-1.0.tar.gz",
        "https://index.example/packages/de",
        "MIT AND $x #1",
        "LICENSE",
        "https://static.crates.io/crates/libc/libc-0.2.1.crate",
        "python-crosspy",
    ]
    assert set(values["PYTHON_CROSSPY_PATCH_DEPENDENCIES"].split()) <= set(declared)
    assert values["HOST_PYTHON_CROSSPY_SETUPTOOLS_75_1_VERSION"] == "75.1"
    tree = tmp_path / "build" / OPTION / "package"
    hashes = tree / "python-crosspy-demo-lib/python-crosspy-demo-lib.hash"
    assert [line.split()[2] for line in hashes.read_text().splitlines()] == [
        "demo_lib-1.0.tar.gz",
        "libc-0.2.1.crate",
        "LICENSE",
    ]
    before = hashes.stat().st_mtime_ns
    (tree / "python-crosspy-of-an-earlier-list").mkdir()
    packages(tmp_path, *words)
    assert not (tree / "python-crosspy-of-an-earlier-list").exists()
    assert hashes.stat().st_mtime_ns == before, "reading it again writes nothing"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((f'{OPTION}=""',), OPTION),
        ((f'{OPTION}="absent.txt"',), "absent.txt"),
        (("BR2_PACKAGE_PYTHON_CROSSPY_RESOLVE=",), "BR2_PACKAGE_PYTHON_CROSSPY_RESOLVE"),
    ],
)
def test_wrong_options(tmp_path, words, said):
    done = make(tmp_path, *words)
    assert done.returncode != 0
    assert said in done.stderr
    assert OPTION in done.stderr
    assert make(tmp_path, *words, "BR_BUILDING=").returncode == 0, "make menuconfig still works"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[packages", "no lock file"),
        ("", "no packages"),
        ('[[packages]]\nname = "x"\n', "x: it has 0 files"),
        (entry("x", "1", "x-1.tar.gz", "e" * 64), "crosspy lock"),
        (entry("x", "1", "x-1-py3-none-any.whl", "short"), "no sha256"),
        (entry("x", "1", "x-1;reboot.whl", "e" * 64), "is no name, version or address"),
        (entry("x$(shell reboot)", "1", "x-1-py3-none-any.whl", "e" * 64), "is no name"),
    ],
)
def test_a_damaged_lock_file(tmp_path, text, said):
    lock = tmp_path / "pylock.toml"
    lock.write_text(text)
    done = make(tmp_path, f'{OPTION}="{lock}"')
    assert done.returncode != 0
    assert said in done.stderr
    assert OPTION in done.stderr
    assert "Traceback" not in done.stderr


def test_any_other_nonsense_is_told_or_is_none(locked, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    pylock = importlib.import_module("pylock")
    data = tomllib.loads(locked.read_text())
    outcomes = []
    for changed in mutations(data):
        locked.write_text(document(changed))
        try:
            pylock.packages(locked, tmp_path / "dl/python-crosspy", tmp_path / "out/pylock.mk")
            text = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.mk"))
            outcomes.append("")
            assert "os.abort" not in text
        except SystemExit as error:
            outcomes.append(str(error))
    assert all(len(said) < 2000 for said in outcomes)
    assert min(outcomes.count(""), len(outcomes) - outcomes.count("")) > 30


PACKAGE = """\
PYTHON_DEMO_VERSION = 1.0
PYTHON_DEMO_DEPENDENCIES = host-python-setuptools libxml2
{lines}
$(eval $(crosspy-package))
"""


@pytest.fixture
def demo(tmp_path):
    def write(*lines: str) -> str:
        file = tmp_path / "package/python-demo/python-demo.mk"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PACKAGE.format(lines="\n".join(lines)))
        return f"EXTRA={file}"

    return write


def test_crosspy_package(tmp_path, demo):
    extra = demo(
        "PYTHON_DEMO_ENV = A=1", "PYTHON_DEMO_CONF_OPTS = fast=yes", "PYTHON_DEMO_INSTALL_STAGING = YES"
    )
    assert packages(tmp_path, extra)["python-demo"] == "target"
    assert shown(tmp_path, "PYTHON_DEMO_DEPENDENCIES", words=(extra,))["PYTHON_DEMO_DEPENDENCIES"].split() == [
        "host-python-setuptools", "libxml2", "host-python3", "host-python-crosspy", "python3",
    ]  # fmt: skip
    words = (extra, "OF=PYTHON_DEMO", "PYTHON_DEMO_RAWNAME=python-demo")
    made = make(tmp_path, *words, "STEP=CONFIGURE_CMDS", goal="recipe").stdout
    assert f"{tmp_path}/host/bin/python3 -m crosspy create" in made
    assert "--env A=1" in made
    assert f"--sysroot {tmp_path}/host/sysroot" in made
    built = make(tmp_path, *words, "STEP=BUILD_CMDS", goal="recipe").stdout
    assert "-C fast=yes" in built
    assert "--no-index" in built
    assert "-j 3" in built
    assert "BR2_TOOLCHAIN" not in built
    assert (
        "BR2_TOOLCHAIN_EXTERNAL_CXX"
        in make(tmp_path, *words, "STEP=BUILD_CMDS", "BR2_INSTALL_LIBSTDCPP=", goal="recipe").stdout
    )
    installed = make(tmp_path, *words, "STEP=INSTALL_TARGET_CMDS", goal="recipe").stdout
    assert f"--root {tmp_path}/target" in installed


def test_crates_of_a_crosspy_package(tmp_path, demo):
    extra = demo("PYTHON_DEMO_CRATES = libc@0.2.1 a-b@1.0.0-rc.1")
    values = shown(tmp_path, "PYTHON_DEMO_EXTRA_DOWNLOADS", "PYTHON_DEMO_DEPENDENCIES", words=(extra,))
    assert values["PYTHON_DEMO_EXTRA_DOWNLOADS"].split() == [
        "https://static.crates.io/crates/libc/libc-0.2.1.crate",
        "https://static.crates.io/crates/a-b/a-b-1.0.0-rc.1.crate",
    ]
    assert "host-rustc" in values["PYTHON_DEMO_DEPENDENCIES"].split()
    words = (extra, "OF=PYTHON_DEMO", f"PYTHON_DEMO_DL_DIR={tmp_path}")
    assert "--crates" in make(tmp_path, *words, "STEP=BUILD_CMDS", goal="recipe").stdout
    hook = shown(tmp_path, "PKG_CROSSPY_UNPACK_CRATES", words=(*words, "PKG=PYTHON_DEMO", "@D=d"))
    assert f"{tmp_path}/a-b-1.0.0-rc.1.crate" in hook["PKG_CROSSPY_UNPACK_CRATES"]


def test_crates_are_unpacked_as_cargo_vendor_does(tmp_path):
    with tarfile.open(tmp_path / "libc-0.2.1.crate", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("libc-0.2.1/Cargo.toml"), io.BytesIO())
    for _ in range(2):
        done = script("crates", tmp_path / "crates", tmp_path / "libc-0.2.1.crate")
        assert done.returncode == 0, done.stderr
    checksum = json.loads((tmp_path / "crates/libc-0.2.1/.cargo-checksum.json").read_text())
    digest = hashlib.sha256((tmp_path / "libc-0.2.1.crate").read_bytes()).hexdigest()
    assert checksum == {"files": {}, "package": digest}


def test_build_requirements_that_are_no_dependencies(tmp_path, demo):
    extra = demo("PYTHON_DEMO_WITHOUT = b")
    built = make(
        tmp_path, extra, "OF=PYTHON_DEMO", "PKG=PYTHON_DEMO", "STEP=BUILD_CMDS", goal="recipe"
    ).stdout
    assert "lacking PYTHON_DEMO b\n" in built
    two = '[{"requirement": "a>=2", "name": "a", "found": "1.0"}, {"requirement": "B", "name": "b", "found": ""}]'
    done = script("lacking", "PYTHON_DEMO", said=two)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "crosspy: PYTHON_DEMO: a>=2 wanted, 1.0 taken"
    assert "built with b: " in second
    assert "PYTHON_DEMO_DEPENDENCIES" in second
    assert "PYTHON_DEMO_WITHOUT" in second
    assert script("lacking", "PYTHON_DEMO", "B", said=two).returncode == 0
    for nothing in ("[]", ""):
        done = script("lacking", "X", said=nothing)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_step_of_ones_own(tmp_path, demo):
    extra = demo("define PYTHON_DEMO_BUILD_CMDS", "\techo own", "endef")
    assert (
        make(tmp_path, extra, "OF=PYTHON_DEMO", "STEP=BUILD_CMDS", goal="recipe").stdout.strip() == "echo own"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("PYTHON_DEMO_PURE = maybe", "Valid values are YES and NO"),
        ("PYTHON_DEMO_PURE = YES NO", "Valid values are YES and NO"),
        ("PYTHON_DEMO_SETUP_TYPE = setuptools", "PYTHON_DEMO_SETUP_TYPE"),
    ],
)
def test_wrong_values(tmp_path, demo, line, said):
    done = make(tmp_path, demo(line))
    assert done.returncode != 0
    assert said in done.stderr


# ------------------------------------------------------------------------------------------------------- menuconfig

# What Buildroot declares of what Config.in here names.
BUILDROOT_CONFIG = "".join(
    f'config {name}\n\tbool "{name}"\n\n'
    for name in (
        "BR2_PACKAGE_PYTHON3", "BR2_STATIC_LIBS", "BR2_INSTALL_LIBSTDCPP", "BR2_PACKAGE_HOST_PYTHON3",
        "BR2_PACKAGE_HOST_PYTHON3_SSL", "BR2_PACKAGE_HOST_RUSTC_TARGET_ARCH_SUPPORTS", "BR2_PACKAGE_HOST_RUSTC",
    )
) + 'source "$BR2_EXTERNAL_CROSSPY_PATH/Config.in"\n'  # fmt: skip


@pytest.fixture
def menu(tmp_path, monkeypatch):
    """Return a function: the menu's lines, and the symbols, of someone who has enabled some options."""
    monkeypatch.setenv("BR2_EXTERNAL_CROSSPY_PATH", str(TREE))
    monkeypatch.setenv("CONFIG_", "")
    top = tmp_path / "Config.in"
    top.write_text(BUILDROOT_CONFIG)

    def of(*enabled: str) -> tuple[list[str], dict[str, str]]:
        kconf = kconfiglib.Kconfig(str(top), warn_to_stderr=False)
        for name in enabled:
            kconf.syms[name].set_value(2)
        seen = [
            node.prompt[0]
            for node in kconf.node_iter()
            if node.prompt and kconfiglib.expr_value(node.prompt[1])
        ]
        assert kconf.warnings == []
        return seen, {name: symbol.str_value for name, symbol in kconf.syms.items()}

    return of


def test_what_menuconfig_shows(menu):
    own = "BR2_PACKAGE_PYTHON_CROSSPY"
    without, values = menu()
    assert "python-crosspy needs python3 and shared libraries" in without
    assert "python-crosspy" not in without
    static, _ = menu("BR2_PACKAGE_PYTHON3", "BR2_STATIC_LIBS")
    assert "python-crosspy needs python3 and shared libraries" in static
    seen, values = menu("BR2_PACKAGE_PYTHON3", own)
    assert {"python-crosspy", "requirements", "resolve requirements", "verify the image"} <= set(seen)
    assert values["BR2_PACKAGE_HOST_PYTHON3_SSL"] == "y", "resolving needs it"
    assert "requirements with Rust need an architecture that Rust supports" in seen
    assert "requirements with C++ need a toolchain w/ C++" in seen
    rust = "BR2_PACKAGE_HOST_RUSTC_TARGET_ARCH_SUPPORTS"
    seen, values = menu("BR2_PACKAGE_PYTHON3", own, "BR2_INSTALL_LIBSTDCPP", rust, f"{own}_RUST")
    assert not [line for line in seen if "need" in line]
    assert values["BR2_PACKAGE_HOST_RUSTC"] == "y"


# -------------------------------------------------------------------------------------------------------- the script


def test_sources_of_one_list(tmp_path, locked):
    downloads, sources = tmp_path / "dl/python-crosspy", tmp_path / "sources"
    with tarfile.open(downloads / "libc-0.2.1.crate", "w:gz") as archive:
        info = tarfile.TarInfo("libc-0.2.1/Cargo.toml")
        archive.addfile(info, io.BytesIO())
    (downloads / "setuptools-99-py3-none-any.whl").write_text("of another list")
    for _ in range(2):
        done = script("sources", locked, downloads, sources)
        assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in sources.iterdir()) == [
        "crates",
        "demo_lib-1.0.tar.gz",
        "markupsafe-3.0.3-py3-none-any.whl",
        "setuptools-75.1-py3-none-any.whl",
        "setuptools-80.9.0-py3-none-any.whl",
    ]
    checksum = json.loads((sources / "crates/libc-0.2.1/.cargo-checksum.json").read_text())
    assert checksum == {"files": {}, "package": "c" * 64}


def test_what_buildroot_provides_is_not_built(tmp_path, locked):
    site, record = tmp_path / "site-packages", tmp_path / "record"
    site.mkdir()
    assert script("names", locked, site, record).stdout.split() == ["demo-lib", "markupsafe"]
    (site / "MarkupSafe-3.0.3.dist-info").mkdir()
    assert script("names", locked, site, record).stdout.split() == ["demo-lib"]
    (site / "MarkupSafe-3.0.3.dist-info").rename(site / "markupsafe-2.1.5.dist-info")
    done = script("names", locked, site, record)
    assert done.returncode != 0
    assert "BR2_PACKAGE_PYTHON_MARKUPSAFE" in done.stderr
    assert OPTION in done.stderr
    record.write_text("markupsafe\n")
    assert script("names", locked, site, record).stdout.split() == ["demo-lib", "markupsafe"], (
        "our own earlier one"
    )


def test_what_an_earlier_list_had_is_stale(tmp_path):
    names, record = tmp_path / "names", tmp_path / "record"
    names.write_text("b\nc\n")
    assert script("stale", names, record).stdout == "\n"
    script("record", names, record)
    names.write_text("c\n")
    assert script("stale", names, record).stdout == "b\n"
    script("record", names, record)
    assert script("stale", names, record).stdout == "b\n", "other trees may hold it yet"


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License: BSD\n", "BSD"),
        ("License: A long\n   text\n", "A long"),
        ("Classifier: License :: OSI Approved :: MIT License\nLicense: whatever\n", "MIT License"),
        ("", "unknown"),
    ],
)
def test_licences_of_a_wheel(tmp_path, metadata, licence):
    downloads, makefile = tmp_path / "dl", tmp_path / "out/pylock.mk"
    downloads.mkdir()
    with zipfile.ZipFile(downloads / "x-1-py3-none-any.whl", "w") as archive:
        archive.writestr("x-1.dist-info/METADATA", f"Metadata-Version: 2.1\n{metadata}\n")
        archive.writestr("x-1.dist-info/licenses/COPYING.txt", "text")
    lock = tmp_path / "pylock.toml"
    lock.write_text(entry("x", "1", "x-1-py3-none-any.whl", "e" * 64))
    assert script("packages", lock, downloads, makefile).returncode == 0
    package = tmp_path / "out/package/python-crosspy-x/python-crosspy-x.mk"
    assert f"PYTHON_CROSSPY_X_LICENSE = {licence}\n" in package.read_text()


def test_a_damaged_download_is_left_to_buildroot(tmp_path, locked):
    (tmp_path / "dl/python-crosspy/demo_lib-1.0.tar.gz").write_bytes(b"\x1f\x8bnothing")
    (tmp_path / "dl/python-crosspy/markupsafe-3.0.3-py3-none-any.whl").write_bytes(b"PK")
    assert (
        script("packages", locked, tmp_path / "dl/python-crosspy", tmp_path / "out/pylock.mk").returncode == 0
    )
