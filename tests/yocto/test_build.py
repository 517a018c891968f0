"""Real BitBake on real OE-core; see README.md for what it needs."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
NEEDED = ("BITBAKE_DIR", "OE_CORE_DIR", "CROSSPY_SYSROOTS")

pytestmark = pytest.mark.skipif(
    any(name not in os.environ for name in NEEDED),
    reason=f"needs {', '.join(NEEDED)}: see tests/yocto/README.md",
)

PACKAGES = ("python3-markupsafe", "python3-pyyaml", "python3-cffi", "python3-rich", "python3-idna")
EXERCISE = """
import sys, markupsafe._speedups, yaml._yaml, cffi, idna, rich.markdown, rich.console
from _cffi_backend import FFI
assert markupsafe.escape("<") == "&lt;"
assert yaml.load("a: [1, 2]", Loader=yaml.CSafeLoader) == {"a": [1, 2]}
assert cffi.FFI().sizeof("long") == 8
assert idna.encode("ö.de") == b"xn--nda.de"
rich.console.Console(file=sys.stderr).print(rich.markdown.Markdown("# ok"))
print("imported", sys.implementation._multiarch)
"""

# Recipes that no test needs are not even parsed.
MASK = (
    "/meta/recipes-(?!devtools/python/|core/(meta|base-files)) "
    "/meta/recipes-devtools/python/(?!python3-(setuptools|setuptools-scm|pip|wheel|installer|packaging|flit-core|"
    "hatchling|pathspec|pluggy|trove-classifiers|calver|poetry-core|cython|cffi|pycparser|pyproject-metadata|"
    "pyproject-hooks|build|typing-extensions|editables)_)"
)


@dataclass(frozen=True)
class Outcome:
    status: int
    text: str

    @property
    def errors(self) -> list[str]:
        """BitBake's error lines without its own closing ones, which name files and tasks."""
        noise = ("Logfile of failure", "Task (", "Fatal QA errors were found")
        found = re.findall(r"^ERROR: (?:\S+ do_\w+: )?(.*)$", self.text, re.MULTILINE)
        return [line for line in found if not line.startswith(noise)]


@dataclass(frozen=True)
class Build:
    """A build directory."""

    top: Path
    user: str

    def bitbake(self, *words: str, check: bool = True) -> Outcome:
        environ = {
            "HOME": str(self.top),
            "LANG": "en_US.UTF-8",
            "PATH": f"{os.environ['BITBAKE_DIR']}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "BUILDDIR": str(self.top),
            "BBPATH": str(self.top),
            "USER": self.user,
        }
        done = subprocess.run(
            ["bitbake", *words],
            cwd=self.top,
            env=environ,
            user=self.user or None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout[-4000:]
        return Outcome(done.returncode, done.stdout)

    def packages(self, recipe: str) -> Path:
        [found] = self.top.glob(f"tmp/work/*/{recipe}/*/packages-split")
        return found


@dataclass(frozen=True)
class Bed:
    top: Path
    user: str

    def build(self, name: str, extra: str = "", layers: tuple[Path, ...] = ()) -> Build:
        """Make a build directory; sources and shared state are common to all."""
        top = self.top / name
        shutil.rmtree(top, ignore_errors=True)
        (top / "conf").mkdir(parents=True)
        snapshot = self.top / "checkout"
        all_layers = [
            Path(os.environ["OE_CORE_DIR"], "meta"),
            snapshot / "tests/yocto/meta-testbed",
            snapshot / "meta-crosspy",
            snapshot / "tests/yocto/meta-packages",
            *layers,
        ]
        (top / "conf/bblayers.conf").write_text(
            f'BBPATH = "${{TOPDIR}}"\nBBFILES = ""\nBBLAYERS = "{" ".join(map(str, all_layers))}"\n'
        )
        (top / "conf/local.conf").write_text(
            f'MACHINE = "qemuarm64"\nDISTRO = "testbed"\nTESTBED = "{self.top}/testbed"\nDL_DIR = "{self.top}/downloads"\n'
            f'SSTATE_DIR = "{self.top}/sstate"\nBB_NUMBER_THREADS = "2"\nPARALLEL_MAKE = "-j 2"\nCONF_VERSION = "2"\n'
            f'CONNECTIVITY_CHECK_URIS = ""\nBB_DISKMON_DIRS = ""\nSANITY_TESTED_DISTROS = ""\nBBMASK = "{MASK}"\n{extra}'
        )
        self.give(top)
        return Build(top, self.user)

    def give(self, path: Path) -> None:
        if self.user:
            subprocess.run(["chown", "-R", self.user, str(path)], check=True)


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    top = Path(os.environ.get("CROSSPY_YOCTO", CHECKOUT / "build/yocto")).resolve()
    user = os.environ.get("CROSSPY_YOCTO_USER", "nobody") if os.getuid() == 0 else ""
    if user:
        pwd.getpwnam(user)
    for name in ("downloads", "sstate"):
        (top / name).mkdir(parents=True, exist_ok=True)
    subprocess.run([HERE / "prepare-testbed", os.environ["CROSSPY_SYSROOTS"], top / "testbed"], check=True)
    sources = (HERE / "sources.txt").read_text().split()
    subprocess.run(
        [HERE / "fetch-sources", top / "downloads", *sources], check=True, stdout=subprocess.DEVNULL
    )
    # A checkout that changes under BitBake is an error of its own.
    shutil.rmtree(top / "checkout", ignore_errors=True)
    shutil.copytree(
        CHECKOUT,
        top / "checkout",
        symlinks=True,
        ignore=shutil.ignore_patterns("build", ".git", "__pycache__", ".*_cache"),
    )
    shutil.copytree(CHECKOUT / "crosspy", top / "checkout/crosspy", symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    bed = Bed(top, user)
    for name in ("downloads", "sstate"):
        bed.give(top / name)
    return bed


@pytest.fixture(scope="module")
def first(bed: Bed) -> Build:
    build = bed.build("first")
    build.bitbake(*PACKAGES)
    return build


def test_extensions_have_the_targets_suffix(first: Build) -> None:
    found = [
        path.name for path in first.packages("python3-markupsafe").rglob("*.so") if ".debug" not in path.parts
    ]
    assert found == ["_speedups.cpython-314-aarch64-linux.so"]


def test_run_time_dependencies_are_the_split_packages(first: Build) -> None:
    data = first.top / "tmp/pkgdata/qemuarm64/runtime/python3-pyyaml"
    [line] = re.findall(r"^RDEPENDS:python3-pyyaml: (.*)$", data.read_text(), re.MULTILINE)
    assert {"python3-core", "python3-datetime"} <= set(line.split())


def test_no_record_and_no_build_path_is_packaged(first: Build) -> None:
    for recipe in PACKAGES:
        for path in first.packages(recipe).rglob("*"):
            assert path.name != "RECORD"
            if path.is_file() and not path.is_symlink() and ".debug" not in path.parts:
                assert str(first.top).encode() not in path.read_bytes(), path


def test_what_was_built_imports_on_the_target(first: Build, tmp_path: Path) -> None:
    root = tmp_path / "rootfs"
    root.mkdir()
    (root / "lib").symlink_to("usr/lib")
    for recipe in (*PACKAGES, "python3-markdown-it-py", "python3-mdurl", "python3-pygments", "python3-pycparser", "python3", "testbed-libc"):  # fmt: skip
        for package in first.packages(recipe).iterdir():
            if package.is_dir() and not package.name.endswith(("-dev", "-dbg", "-src", "-doc")):
                subprocess.run(["cp", "-a", f"{package}/.", str(root)], check=True)
    done = subprocess.run(
        ["qemu-aarch64-static", "-L", root, root / "usr/bin/python3.14", "-c", EXERCISE],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    assert done.stdout == "imported aarch64-linux\n", done.stderr
    program = subprocess.run(
        ["qemu-aarch64-static", "-L", root, root / "usr/bin/python3.14", root / "usr/bin/pygmentize", "-V"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "2.19.2" in program.stdout


def test_shared_state_is_enough_elsewhere(bed: Bed, first: Build) -> None:
    """Another build directory compiles nothing, so what it would compile has the same hashes."""
    done = bed.build("elsewhere-with-a-longer-name").bitbake(*PACKAGES)
    assert not re.findall(r"task do_(?:compile|configure|install|package): Started", done.text)


def test_two_build_directories_make_the_same_bytes(bed: Bed, first: Build) -> None:
    second = bed.build(
        "second-directory", 'SSTATE_DIR = "${TOPDIR}/sstate"\nSSTATE_MIRRORS = ""\n' if False else ""
    )
    second.bitbake("-C", "configure", "python3-markupsafe")

    def contents(build: Build) -> dict[str, bytes]:
        tree = build.packages("python3-markupsafe") / "python3-markupsafe"
        return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}

    assert contents(first) == contents(second)


RECIPE = """
SUMMARY = "A recipe that fails"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"
inherit crosspy
S = "${UNPACKDIR}"
SRC_URI = "file://pyproject.toml file://setup.py"
"""
MISMATCH = r"""
do_configure:prepend() {
    mv ${RECIPE_SYSROOT}${libdir}/python3.14 ${RECIPE_SYSROOT}${libdir}/python3.13
    sed -i "s/3\.14/3.13/g" ${RECIPE_SYSROOT}${libdir}/python-sysconfigdata/*.py ${RECIPE_SYSROOT}${libdir}/python3.13/_sysconfigdata*.py
}
"""
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'


@pytest.mark.parametrize(
    ("name", "extra", "pyproject", "setup", "said"),
    [
        ("broken", "", "[build-system\n", "", r"pyproject\.toml cannot be read"),
        ("lacking", "", '[build-system]\nrequires = ["no-such-thing>=2"]\n', "", r'SRC_URI \+= "https://.*no_such_thing-VERSION'),
        ("layered", "", '[build-system]\nrequires = ["cython"]\n', "", r'DEPENDS \+= "python3-cython-native"$'),
        (
            "online",
            "",
            SETUPTOOLS,
            "import urllib.request\nurllib.request.urlopen('https://example.org/')\n",
            r"crosspy wheel failed",
        ),
        (
            "checksum",
            ('SRC_URI += "https://example.org/idna-3.11.tar.gz;unpack=0"\n'
            f'SRC_URI[sha256sum] = "{"0" * 64}"\n'),
            SETUPTOOLS,
            "",
            r"(?i)checksum",
        ),
        ("mismatch", "", SETUPTOOLS, "", r"X\.Y must be the same"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_error(
    bed: Bed, first: Build, name: str, extra: str, pyproject: str, setup: str, said: str, tmp_path: Path
) -> None:
    layer = bed.top / "bad" / name
    shutil.rmtree(layer, ignore_errors=True)
    (layer / "conf").mkdir(parents=True)
    (layer / "conf/layer.conf").write_text(
        'BBFILES += "${LAYERDIR}/*.bb"\nBBFILE_COLLECTIONS += "bad"\nBBFILE_PATTERN_bad = "^${LAYERDIR}/"\n'
        'LAYERSERIES_COMPAT_bad = "wrynose"\nLAYERDEPENDS_bad = "crosspy"\n'
    )
    if name == "mismatch":
        extra += MISMATCH
    (layer / f"{name}_1.0.bb").write_text(RECIPE + extra)
    files = layer / "files"
    files.mkdir()
    (files / "pyproject.toml").write_text(pyproject)
    (files / "setup.py").write_text(setup or "from setuptools import setup\nsetup(name='x', version='1')\n")
    done = bed.build(f"bad-{name}", layers=(layer,)).bitbake(name, check=False)
    assert done.status
    assert any(re.search(said, line) for line in done.errors) or re.search(said, done.text), done.text[-3000:]
    assert "Traceback" not in done.text
