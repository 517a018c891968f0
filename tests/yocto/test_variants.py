"""Other variants of a target by real BitBake: multilib, an SDK, recipes as ``crosspy recipe`` writes them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_build import (  # noqa: F401 -- bed is a fixture
    HERE,
    MACHINE,
    MACHINES,
    NAME,
    PYTHON,
    Bed,
    Build,
    bed,
    pytestmark,
)

# ---- multilib: 64 bit in lib64, 32 bit beside it in lib

PACKAGES = ("kiwisolver", "markdown-it-py", "markupsafe", "rpds-py")
"""C++, pure with a requirement of its own, C, and Rust."""
EXERCISE = """
import sys, markupsafe._speedups, kiwisolver, markdown_it, rpds
assert markupsafe.escape("<") == "&lt;"
assert kiwisolver.strength.required > 0
assert markdown_it.MarkdownIt().render("*a*") == "<p><em>a</em></p>\\n"
assert rpds.HashTrieMap({"a": 1})["a"] == 1
print(sys.maxsize > 2**32, markupsafe._speedups.__file__.rpartition("/python")[0].rpartition("/")[2])
"""
IMAGE = f"""\
SUMMARY = "Packages of one variant of a multilib"
LICENSE = "MIT"
IMAGE_INSTALL = "{" ".join("${MLPREFIX}python3-" + name for name in PACKAGES)}"
inherit testbed-image crosspy-image
"""


def multilib_conf(bed: Bed) -> str:  # noqa: F811
    """32 bit beside the machine's 64: OE-core's own lines, and what the test bed presents of it."""
    other = bed.top / "testbed-qemuarm"
    debian = (f"{MACHINES['qemuarm'].debian}-{PYTHON}-corpus", f"build-{PYTHON}")
    subprocess.run([HERE / "prepare-testbed", *bed.trees, other, *debian], check=True)
    lines = [
        "require conf/multilib.conf",
        'MULTILIBS = "multilib:lib32"',
        # All that those packages need.
        'CROSSPY_BACKENDS = "python3-setuptools-native python3-wheel-native python3-flit-core-native"',
        'DEFAULTTUNE:virtclass-multilib-lib32 = "armv7athf-neon"',
        f'TESTBED:virtclass-multilib-lib32 = "{other}"',
        *(
            re.sub(r"^\w+", r"\g<0>:virtclass-multilib-lib32", line)
            for line in (other / "testbed.conf").read_text().splitlines()
        ),
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def multilib(bed: Bed) -> Build:  # noqa: F811
    if NAME != "qemuarm64":
        pytest.skip("qemuarm has no 64 bit beside it")
    layer = bed.layer("multilib-layer", {"variant-image_1.0.bb": IMAGE})
    build = bed.build("multilib", multilib_conf(bed), layers=(layer,))
    build.bitbake("variant-image", "lib32-variant-image")
    return build


@pytest.mark.parametrize(
    ("prefix", "machine", "lib"), [("", "qemuarm64", "lib64"), ("lib32-", "qemuarm", "lib")]
)
def test_each_variant_of_a_multilib_has_its_libdir_and_works(
    multilib: Build, prefix: str, machine: str, lib: str
) -> None:
    [root] = multilib.top.glob(f"tmp/work/*/{prefix}variant-image/1.0/rootfs")
    found = {str(path.parent.relative_to(root)) for path in root.glob("usr/*/python*/site-packages")}
    assert found == {f"usr/{lib}/python{PYTHON}"}
    python = [MACHINES[machine].qemu, "-L", root, root / f"usr/bin/python{PYTHON}"]
    environ = {
        "PATH": "/usr/bin:/bin",
        # The test bed's is Debian's, which has "lib" in it; OE-core configures it --with-platlibdir.
        "PYTHONPLATLIBDIR": lib,
        "QEMU_SET_ENV": f"LD_LIBRARY_PATH=/usr/{lib}",
    }
    done = subprocess.run([*python, "-B", "-c", EXERCISE], capture_output=True, text=True, check=False, env=environ)  # fmt: skip
    assert done.stdout == f"{lib == 'lib64'} {lib}\n", done.stderr


def test_a_multilib_depends_on_its_own_packages_alone(multilib: Build) -> None:
    for name in PACKAGES:
        [data] = multilib.top.glob(f"tmp/pkgdata/*/runtime/lib32-python3-{name}")
        [line] = re.findall(r"^RDEPENDS:\S+: (.*)$", data.read_text(), re.MULTILINE)
        assert "lib32-python3-core" in line
        assert all(word.startswith("lib32-") for word in re.sub(r"\([^)]*\)", "", line).split()), line


# ---- an SDK with crosspy in it

HARDCODED = "/usr/local/oe-sdk-hardcoded-buildpath"
"""Where OE-core builds an SDK for; its installer writes the real place into every text."""
SDK_EXERCISE = """
import markupsafe._speedups
assert markupsafe.escape("<") == "&lt;"
print("imported")
"""


CPU = MACHINE.gnu_type.partition("-")[0]
SDK_LAYER = {
    "sdk-host_1.0.bb": f"""\
SUMMARY = "What an SDK has for the machine that builds"
LICENSE = "MIT"
IMAGE_INSTALL = "nativesdk-python3-crosspy testbed-cross-canadian-{CPU} meta-environment-{NAME}"
inherit nativesdk testbed-image
""",
    "sdk-target_1.0.bb": """\
SUMMARY = "What an SDK has of the target"
LICENSE = "MIT"
IMAGE_INSTALL = "libpython3 python3-dev python3-misc python3-modules testbed-libc testbed-libc-dev"
inherit testbed-image
""",
}


@pytest.fixture(scope="module")
def sdk(bed: Bed) -> Iterator[Path]:  # noqa: F811
    """An SDK as its installer leaves it: nativesdk-python3-crosspy is in it, the compiler, and the target's sysroot."""
    build = bed.build("sdk", layers=(bed.layer("sdk-layer", dict(SDK_LAYER)),))
    build.bitbake("sdk-host", "sdk-target")
    place = bed.top / "sdk-place"
    shutil.rmtree(place, ignore_errors=True)
    [host] = build.top.glob("tmp/work/*/*sdk-host/1.0/rootfs")
    [target] = build.top.glob("tmp/work/*/sdk-target/1.0/rootfs")
    shutil.copytree(host / HARDCODED[1:], place, symlinks=True)
    [setup] = place.glob("environment-setup-*")
    [sysroot] = re.findall(rf"SDKTARGETSYSROOT={HARDCODED}/(\S+)", setup.read_text())
    shutil.copytree(target, place / sysroot, symlinks=True)
    for path in place.rglob("*"):
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        if HARDCODED.encode() in content and b"\0" not in content:  # texts, as the installer does
            path.write_bytes(content.replace(HARDCODED.encode(), str(place).encode()))
    yield setup
    shutil.rmtree(place.with_name("sdk-elsewhere"), ignore_errors=True)


def builds_in_an_sdk(script: str, setup: Path, directory: Path, crosspy: str) -> None:
    """Make an environment and a wheel; the target's Python imports it."""
    steps = [
        "set -e",
        script,
        f"{crosspy} create {directory}/env --sdk {setup}",
        f"{crosspy} wheel {directory}/env --no-deps -w {directory}/wheels markupsafe==3.0.3",
    ]
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "LC_ALL": "C.UTF-8"}
    environ |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    done = subprocess.run(["sh", "-c", "\n".join(steps)], env=environ, cwd=directory, capture_output=True, text=True, check=False)  # fmt: skip
    assert not done.returncode, done.stderr[-4000:]
    [wheel] = (directory / "wheels").glob("markupsafe-*.whl")
    subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, directory / "site"], check=True)
    [sysroot] = [path for path in setup.parent.glob("sysroots/*") if (path / "usr/bin" / f"python{PYTHON}").exists() and not path.name.startswith("x86_64")]  # fmt: skip
    python = [MACHINE.qemu, "-L", sysroot, sysroot / f"usr/bin/python{PYTHON}"]
    ran = subprocess.run([*python, "-B", "-c", SDK_EXERCISE], capture_output=True, text=True, check=False, env={"PYTHONPATH": str(directory / "site")})  # fmt: skip
    assert ran.stdout == "imported\n", ran.stderr


def test_crosspy_of_an_sdk_builds_with_it(sdk: Path, tmp_path: Path) -> None:
    """As a developer works with it: the file is sourced, and brings the command."""
    builds_in_an_sdk(f". {sdk}", sdk, tmp_path, "crosspy")


def test_an_sdk_that_was_moved_works_where_it_is(sdk: Path, tmp_path: Path) -> None:
    moved = sdk.parent.with_name("sdk-elsewhere")
    shutil.rmtree(moved, ignore_errors=True)
    sdk.parent.rename(moved)
    try:
        [python] = moved.glob("sysroots/x86_64-*/usr/bin/python3")
        builds_in_an_sdk("", moved / sdk.name, tmp_path, f"{python} -m crosspy")
    finally:
        moved.rename(sdk.parent)


# ---- recipes as crosspy recipe writes them, unaltered

WRITTEN = {"numexpr": "2.14.2", "pywavelets": "1.10.0", "spglib": "2.8.0"}
"""Compiled against NumPy by setuptools and by meson-python with Cython; scikit-build-core with CMake and pybind11."""
WRITTEN_EXERCISE = """
import numexpr, numpy, pywt, pywt._extensions._pywt, spglib
a = numpy.arange(5.0)
assert numexpr.evaluate("2 * a + 1").tolist() == [1, 3, 5, 7, 9]
assert numpy.allclose(pywt.idwt(*pywt.dwt([1.0, 2.0, 3.0, 4.0], "db1"), "db1"), [1, 2, 3, 4])
assert spglib.get_spacegroup((numpy.eye(3).tolist(), [[0.0, 0.0, 0.0]], [1])) == "Pm-3m (221)"
print("imported")
"""
WRITTEN_IMAGE = f"""\
SUMMARY = "What crosspy recipe wrote recipes of"
LICENSE = "MIT"
IMAGE_INSTALL = "{" ".join("python3-" + name for name in WRITTEN)}"
inherit testbed-image crosspy-image
"""


@pytest.fixture(scope="module")
def written(bed: Bed) -> Build:  # noqa: F811
    """A layer of them: libraries of the target, which crosspy recipe cannot know, are not needed here."""
    layer = bed.layer("written-layer", {"written-image_1.0.bb": WRITTEN_IMAGE})
    wishes = [f"{name}=={version}" for name, version in WRITTEN.items()]
    layers = (Path(os.environ["OE_CORE_DIR"], "meta"), HERE / "meta-packages", HERE / "meta-testbed")
    words = [word for one in layers for word in ("--layer", one)]
    subprocess.run([sys.executable, "-m", "crosspy", "recipe", "--yocto", *wishes, "-d", layer, *words], check=True)  # fmt: skip
    texts = [path.read_text() for path in layer.glob("python3-*.bb")]
    files = {file for text in texts for file in re.findall(r"[\w.+-]+\.whl", text)}
    subprocess.run([HERE / "fetch-sources", bed.top / "downloads", *wishes, *files], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    bed.give(bed.top / "downloads")
    build = bed.build("written", layers=(layer,))
    build.bitbake("written-image")
    return build


def test_recipes_as_they_are_written_become_an_image(written: Build) -> None:
    [root] = written.top.glob("tmp/work/*/written-image/1.0/rootfs")
    python = [MACHINE.qemu, "-L", root, root / f"usr/bin/python{PYTHON}"]
    done = subprocess.run([*python, "-B", "-c", WRITTEN_EXERCISE], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stdout == "imported\n", done.stderr


def test_what_is_compiled_against_is_named_twice(written: Build) -> None:
    """NumPy for the build's own programs, and the target's in the sysroot."""
    for name in ("numexpr", "pywavelets"):
        [recipe] = (written.top.parent / "written-layer").glob(f"python3-{name}_*.bb")
        assert {"python3-numpy", "python3-numpy-native"} <= set(re.findall(r"[\w-]+", recipe.read_text()))
