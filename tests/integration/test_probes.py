"""Builds that ask: programs of the target, and the build machine where they mean the target."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from conftest import find_bed, run, target_names  # tests/integration/conftest.py

PACKAGES = Path(__file__).parent.parent / "packages"

HINTS = """
[[hint]]
package = "asking"
version = ">=1"
reason = "it asks what only the target knows"
link = "https://example.org/asking"
env.ASKING = "told"
configure.ac_cv_asking = "told"
cmake = { ASKED = 42, ASKED__TRYRUN_OUTPUT = "" }
meson.asked = "told"

[[hint]]
package = "asking"
version = "<1"
reason = "of another version"
link = "https://example.org/asking"
env.ASKING = "wrong"
"""


@pytest.fixture
def made(crosspy, tmp_path):
    """Return a function that makes an environment of a target with more options."""

    def make(bed, *words, check=True):
        root = tmp_path / "env"
        return root, crosspy(
            "create", root, "--sysroot", bed.sysroot, "--build-python", bed.build_python, *words, check=check
        )

    return make


def answers(crosspy, env, project, pip_environ, tmp_path):
    crosspy("wheel", env, "-w", tmp_path / "wheels", PACKAGES / project, env=pip_environ)
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"{project}.py").decode()
    return json.loads(eval(text.partition("=")[2]))


def test_hints_are_the_answers(arm64, made, crosspy, pip_environ, tmp_path):
    (tmp_path / "hints.toml").write_text(HINTS)
    env, _ = made(arm64, "--hints", tmp_path / "hints.toml")
    found = answers(crosspy, env, "asking", pip_environ, tmp_path)
    assert found["env"] == "told"
    assert found["configure"] == ["yes", "yes", "told"]
    assert (found["cmake"], found["meson"]) == ("42", "told")
    assert found["log_compiler"] == 77
    assert "does not run on the build machine" in found["run"]
    assert "--hints FILE" in found["run"]
    assert "the build calls a function of a library" in found["called"]


def test_an_emulator_runs_what_a_build_runs(armhf, made, crosspy, pip_environ, tmp_path):
    env, _ = made(armhf, "--emulator", armhf.qemu)
    found = answers(crosspy, env, "asking", pip_environ, tmp_path)
    assert found["run"] == 4
    assert found["called"] == [zlib.crc32(b"asked"), "stream error"]
    assert (found["cmake"], found["meson"]) == ("4", "4")
    assert found["log_compiler"] == found["run"]


def test_an_emulator_of_another_machine_is_refused(arm64, armhf, made):
    root, done = made(arm64, "--emulator", armhf.qemu, check=False)
    assert done.returncode == 5
    assert "does not run a program for" in done.stderr
    assert not root.exists()


MODULE = """
#include <Python.h>
static PyObject *bits(PyObject *m, PyObject *a) { return PyLong_FromLong(8 * sizeof(void *)); }
static PyMethodDef methods[] = {{"bits", bits, METH_NOARGS, NULL}, {0}};
static PyModuleDef def = {PyModuleDef_HEAD_INIT, "ofthetarget", NULL, 0, methods};
PyMODINIT_FUNC PyInit_ofthetarget(void) { return PyModule_Create(&def); }
"""


@pytest.mark.parametrize("tagged", [True, False], ids=["tagged", "abi3"])
@pytest.mark.parametrize("emulated", [True, False], ids=["emulator", "none"])
def test_a_process_imports_what_was_made_for_the_target(armhf, made, emulated, tagged, tmp_path):
    env, _ = made(armhf, *(("--emulator", armhf.qemu) if emulated else ()))
    ask = "import sysconfig as s; print(s.get_config_var('EXT_SUFFIX'), s.get_path('include'), s.get_path('platinclude'))"
    suffix, *include = run([env / "bin" / "python", "-c", ask]).stdout.split()
    (tmp_path / "m.c").write_text(MODULE)
    (compiler,) = (env / "crosspy" / "tools").glob("*-gcc")
    file = tmp_path / f"ofthetarget{suffix if tagged else '.abi3.so'}"
    run([compiler, "-shared", "-fPIC", *(f"-I{p}" for p in include), "-o", file, tmp_path / "m.c"])
    (tmp_path / "show.py").write_text("import sys, ofthetarget; print(ofthetarget.bits(), sys.argv)")
    command = [env / "bin" / "python", tmp_path / "show.py", "a b"]
    done = run(command, check=False)
    if emulated:
        assert done.stdout.strip() == f"32 {[str(tmp_path / 'show.py'), 'a b']}"
    else:
        assert done.returncode == 1
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("ModuleNotFoundError: ofthetarget is a module made for arm")
        assert str(file) in last
        assert "--emulator COMMAND" in last


# A library of the build machine, of the target's, or of both. In a mount namespace of its own, nothing of it is left.

DECOYS = r"""
set -e
decoy() {  # whose, its root, its multiarch name, its compiler: a library that says whose it is
  usr=$2/usr
  mkdir -p "$usr/include" "$usr/lib/$3/pkgconfig" "$usr/lib/$3/cmake/CrosspyDecoy" "$usr/bin" "$usr/local/lib" "$usr/local/include"
  printf '#define CROSSPYDECOY_WHERE %s\nint crosspydecoy(void);\n' "$1" >"$usr/include/crosspydecoy.h"
  echo 'int crosspydecoy(void) { return 1; }' >"$work/decoy.c"
  $4 -fPIC -c -o "$work/decoy.o" "$work/decoy.c"
  $4 -shared -o "$usr/lib/$3/libcrosspydecoy.so" "$work/decoy.o"
  ar crs "$usr/lib/$3/libcrosspydecoy.a" "$work/decoy.o"
  cp "$usr/lib/$3/libcrosspydecoy.a" "$usr/local/lib"
  cp "$usr/include/crosspydecoy.h" "$usr/local/include"
  printf 'where=%s\nName: x\nDescription: x\nVersion: 1\nLibs: -L/usr/lib/%s -lcrosspydecoy\n' "$1" "$3" >"$usr/lib/$3/pkgconfig/crosspydecoy.pc"
  : >"$usr/lib/$3/cmake/CrosspyDecoy/CrosspyDecoyConfig.cmake"
  [ "$1" = target ] || cp -r "$usr/lib/$3/cmake" "$usr/lib" && cp -r "$usr/lib/$3/cmake" "$usr/local/lib"
  printf '#!/bin/sh\necho %s-script\n' "$1" >"$usr/bin/crosspydecoy-config"
  chmod 755 "$usr/bin/crosspydecoy-config"
}
cover() {  # lay a tree over a directory
  mkdir -p "$work/upper$1" "$work/work$1"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$work/upper$1,workdir=$work/work$1" "$1"
}
work=$1 sysroot=$2 multiarch=$3 compiler=$4; shift 4
mount -t tmpfs tmpfs "$work"
cover /usr
decoy build "" x86_64-linux-gnu gcc
case $sysroot in /*) cover "$sysroot/usr"; decoy target "$sysroot" "$multiarch" "$compiler --sysroot=$sysroot" ;; esac
exec "$@"
"""


@pytest.fixture(scope="module")
def namespace(tmp_path_factory):
    """Return a function that gives the words which run a command among decoys: on this machine, and in a sysroot if named."""
    script = tmp_path_factory.mktemp("decoys") / "decoys.sh"
    script.write_text(DECOYS)

    def words(sysroot, multiarch, compiler):
        work = tmp_path_factory.mktemp("work")
        return ["unshare", "-m", "sh", str(script), str(work), str(sysroot or "none"), multiarch, compiler]

    if os.uname().machine != "x86_64":
        pytest.skip("the decoys are x86-64's")
    tried = subprocess.run([*words("", "", ""), "true"], capture_output=True, text=True, check=False)
    native = "echo '#include <crosspydecoy.h>' | gcc -E -dM - | grep WHERE; crosspydecoy-config; pkg-config --variable=where crosspydecoy"
    if tried.returncode:
        pytest.skip(f"no mount namespace with an overlay of /usr here: {tried.stderr.strip()}")
    seen = run([*words("", "", ""), "sh", "-c", native]).stdout.split()
    assert seen == ["#define", "CROSSPYDECOY_WHERE", "build", "build-script", "build"]
    return words


# amd64 is the build machine's own kind: nothing of it would be refused by a linker.
MULTIARCH = {"arm64": "aarch64-linux-gnu", "amd64": "x86_64-linux-gnu"}


@pytest.fixture(scope="module", params=[name for name in MULTIARCH if name in target_names()])
def among_decoys(request):
    return find_bed(request.param)


def test_what_the_build_machine_has_is_not_found(
    among_decoys, make_crossenv, namespace, pip_environ, tmp_path
):
    seen = decoyed(make_crossenv(among_decoys), namespace("", "", ""), pip_environ, tmp_path)
    machine = MULTIARCH[among_decoys.name].partition("-")[0]
    assert seen.pop("uname") == [machine, machine, "64", machine]
    assert seen.pop("cpu") == []
    cmake = seen.pop("cmake")
    assert cmake.pop("build") == "x86_64"
    assert {name: value for name, value in cmake.items() if value and not value.endswith("-NOTFOUND")} == {}
    assert {name: value for name, value in seen.items() if value} == {}


def test_the_targets_own_is_found(among_decoys, make_crossenv, namespace, pip_environ, tmp_path):
    multiarch = MULTIARCH[among_decoys.name]
    among = namespace(among_decoys.sysroot, multiarch, f"{among_decoys.triplet}-gcc")
    seen = decoyed(make_crossenv(among_decoys), among, pip_environ, tmp_path)
    usr = f"{os.path.realpath(among_decoys.sysroot)}/usr"
    library = f"{usr}/lib/{multiarch}/libcrosspydecoy.so"
    del seen["uname"], seen["cpu"]
    cmake = {name: os.path.realpath(value) for name, value in seen.pop("cmake").items() if name != "build"}
    # The hint is the build machine's multiarch directory: amd64 has it, too.
    hinted = library if among_decoys.name == "amd64" else f"{usr}/local/lib/libcrosspydecoy.a"
    assert cmake == {
        "library": library,
        "hinted": hinted,
        "include": f"{usr}/include",
        "package": f"{usr}/local/lib/cmake/CrosspyDecoy",
        "pkg_config": library,
    }
    assert seen.pop("native") is False
    assert os.path.realpath(seen.pop("config_libs").split()[0].removeprefix("-L")) == f"{usr}/lib/{multiarch}"
    named = {name: value for name, value in seen.items() if isinstance(value, str | None)}
    assert named == dict.fromkeys(named, "target")
    assert {name: value for name, value in seen.items() if name not in named} == dict.fromkeys(
        seen.keys() - named, True
    )


def decoyed(env, among, pip_environ, tmp_path):
    """Build the package among decoys, with what a caller's shell may have in its environment; return what it has seen."""
    hostile = {
        "PKG_CONFIG_PATH": "/usr/lib/x86_64-linux-gnu/pkgconfig",
        "CPATH": "/usr/include",
        "LIBRARY_PATH": "/usr/lib/x86_64-linux-gnu",
        "CMAKE_PREFIX_PATH": "/usr",
    }
    project = shutil.copytree(PACKAGES / "decoyed", tmp_path / "decoyed")
    words = [
        *among,
        env.python,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "-w",
        tmp_path / "wheels",
        project,
    ]
    run(words, env={**pip_environ, **hostile})
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("decoyed.py").decode()
    return json.loads(bytes.fromhex(eval(text.partition("=")[2])))
