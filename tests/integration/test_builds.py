"""Wheels for every target, with real compilers, imported by the target's own Python."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import run  # tests/integration/conftest.py

from crosspy import elf

PACKAGES = Path(__file__).parent.parent / "packages"


@pytest.fixture
def wheel(crosspy, crossenv, tmp_path, pip_environ):
    """Return a function that runs ``crosspy wheel`` for the current target and gives the wheels by project name."""

    def build(*words, env=None, **options):
        out = tmp_path / "wheels"
        done = crosspy(
            "wheel", crossenv.root, "-w", out, *words, env={**pip_environ, **(env or {})}, **options
        )
        wheels = (
            {path.name.split("-")[0].lower(): path for path in sorted(out.glob("*.whl"))}
            if out.is_dir()
            else {}
        )
        return wheels if options.get("check", True) else (done, wheels)

    return build


def unpacked(wheel: Path, directory: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    return directory


def on_target(bed, library: Path, program: str) -> str:
    return bed.run_target(
        "-c", program, env={"PYTHONPATH": str(library), "PYTHONDONTWRITEBYTECODE": "1"}
    ).stdout.strip()


def test_an_extension_runs_on_the_target(bed, crossenv, wheel, tmp_path):
    built = wheel(PACKAGES / "c-extension")["cext"]
    python, target = crossenv.target.python, crossenv.target
    tag = f"cp{python.nodot}"
    assert built.name == f"cext-1.0-{tag}-{tag}-{python.platform.replace('-', '_')}.whl"
    library = unpacked(built, tmp_path / "lib")
    assert [path.name for path in library.glob("cext/*.so")] == ["_native" + python.ext_suffix]
    facts = on_target(bed, library, "import cext; print(cext.facts())")
    expected = {
        "long": target.types["long"].size,
        "pointer": target.machine.bits // 8,
        "byteorder": target.machine.byteorder,
    }
    assert facts == repr(expected)


def test_no_build_path_is_in_an_extension(bed, wheel, tmp_path):
    library = unpacked(wheel(PACKAGES / "c-extension")["cext"], tmp_path / "lib")
    for path in library.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for directory in (str(tmp_path), "/tmp/pip-", "pip-build-env", str(bed.sysroot), "crosspy-wheel-"):
            assert directory.encode() not in content, f"{directory} in {path.name}"


def test_meson_cross_compiles(bed, crossenv, wheel, tmp_path):
    library = unpacked(wheel(PACKAGES / "meson-extension")["mesonic"], tmp_path / "lib")
    machine = crossenv.target.machine
    answer = on_target(bed, library, "import mesonic; print(mesonic.facts, mesonic.pointer)")
    assert answer == f"{machine.meson} {machine.byteorder} {machine.bits // 8}"
    (module,) = library.glob("mesonic.*.so")
    libdir = f"/usr/lib/{crossenv.target.python.multiarch}"
    assert elf.read(module).runpath == ("$ORIGIN/lib", f"{libdir}/own")
    assert str(bed.sysroot).encode() not in module.read_bytes()


def test_a_build_sees_the_target(bed, crossenv, wheel, tmp_path):
    hostile = {
        "CPATH": "/usr/include",
        "LIBRARY_PATH": "/usr/lib",
        "C_INCLUDE_PATH": "/usr/include",
        "PKG_CONFIG_PATH": "/usr/lib/pkgconfig",
    }
    library = unpacked(wheel(PACKAGES / "probing", env=hostile)["probing"], tmp_path / "lib")
    text = (library / "probing.py").read_text()
    seen = json.loads(eval(text.partition("=")[2]))
    target = crossenv.target
    assert seen["machine"] == target.uname
    assert seen["node"] == "build"
    assert seen["maxsize"] == 2 ** (target.machine.bits - 1) - 1
    assert seen["byteorder"] == target.machine.byteorder
    assert seen["pointer"] == target.machine.bits // 8
    assert seen["long"] == target.types["long"].size
    header = Path(bed.sysroot, "usr/include/zlib.h").read_text()
    assert seen["zlib"] == re.search(r'define ZLIB_VERSION "(.*)"', header)[1]
    assert seen["ext_suffix"] == target.python.ext_suffix
    assert seen["include"] == target.python.include  # the sysroot in front of it was taken out of the wheel
    assert seen["cross_compiling"] is True
    assert seen["environment"] == {}
    assert seen["python_h"] is True
    assert seen["system_headers"] is True


@pytest.fixture
def decoy():
    """Put a header and a library on the build machine that no sysroot has."""
    header, library = Path("/usr/include/crosspy-decoy.h"), Path("/usr/lib/libcrosspydecoy.so")
    try:
        header.write_text("#define DECOY 1\n")
        library.write_bytes(b"\x7fELF")
    except OSError as error:
        pytest.skip(f"cannot write {error.filename}: not root")
    yield
    header.unlink()
    library.unlink()


@pytest.mark.usefixtures("decoy")
def test_headers_and_libraries_of_the_build_machine_are_not_there(wheel, tmp_path):
    library = unpacked(wheel(PACKAGES / "probing")["probing"], tmp_path / "lib")
    seen = json.loads(eval((library / "probing.py").read_text().partition("=")[2]))
    assert seen["foreign_header"] is False
    assert seen["foreign_library"] is False


def test_a_generator_runs_on_the_build_machine(bed, wheel, tmp_path):
    library = unpacked(wheel(PACKAGES / "native-generator")["generated"], tmp_path / "lib")
    pointer = 8  # of the machine that runs these tests
    assert on_target(bed, library, "import generated; print(generated.generated_on)") == str(pointer)


def test_a_failed_extension_is_an_error(wheel):
    done, wheels = wheel(PACKAGES / "optional-extension", check=False)
    assert done.returncode == 8
    assert wheels == {}
    assert 'error "this cannot be compiled"' in done.stderr
    assert "--pure optionally" in done.stderr
    assert "Traceback" not in done.stderr.rpartition("crosspy: error:")[2]


def test_a_pure_build_is_asked_for_by_name(wheel):
    built = wheel(PACKAGES / "optional-extension", "--pure", "optionally")["optionally"]
    with zipfile.ZipFile(built) as archive:
        assert [name for name in archive.namelist() if name.endswith(".so")] == []


def test_a_package_that_is_pure_by_its_own_choice_is_told_of(wheel, tmp_path):
    """As rapidfuzz's own back end does without CMake: nothing fails, and pip says nothing of what a build wrote."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "setup.py").write_text(
        "import setuptools, shutil\n"
        "modules = [setuptools.Extension('fast', ['fast.c'])] if shutil.which('no-such-compiler') else []\n"
        "setuptools.setup(name='falls-back', version='1', ext_modules=modules, py_modules=['slow'])\n"
    )
    (project / "fast.c").write_text("#include <Python.h>\n")
    (project / "slow.py").touch()
    done, wheels = wheel(project, check=False)
    assert (done.returncode, list(wheels)) == (0, ["falls_back"])
    assert "no machine code, though its sources have some (fast.c)" in done.stderr
    done, _ = wheel(project, "--pure", "falls-back", check=False)
    assert "machine code" not in done.stderr


def test_a_variable_that_the_packages_build_reads(wheel, tmp_path):
    """As PycURL's PYCURL_SSL_LIBRARY. Other variables of the caller stay outside."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "setup.py").write_text(
        "import os, setuptools\n"
        "words = [os.environ.get(name, 'unset') for name in ('ONE', 'TWO', 'THREE')]\n"
        "setuptools.setup(name='asks', version='1', description=' '.join(words), py_modules=['asks'])\n"
    )
    (project / "asks.py").touch()
    environ = {"ONE": "a", "TWO": "b", "THREE": "c"}
    built = wheel(project, "--env", "ONE=said", "--env", "TWO", env=environ)["asks"]
    text = next(unpacked(built, tmp_path / "lib").glob("*.dist-info/METADATA")).read_text()
    assert "Summary: said b unset\n" in text
    (project / "setup.py").write_text((project / "setup.py").read_text().replace("ONE", "ONE_MORE"))
    done, _ = wheel(project, env={"ONE_MORE": "a"}, check=False)
    assert "setup.py of project reads ONE_MORE, which you have set and builds do not see" in done.stderr
    assert done.stderr.count("--env ONE_MORE") == 1
    done, _ = wheel(project, "--env", "ONE_MORE", env={"ONE_MORE": "a"}, check=False)
    assert "do not see" not in done.stderr
    done, _ = wheel(project, "--env", "FOUR", env=environ, check=False)
    assert done.returncode == 2
    assert "--env FOUR: it is not set" in done.stderr


def test_markers_of_build_requirements_are_the_targets(crossenv, wheel, tmp_path):
    if crossenv.target.machine.name != "aarch64":
        done, _ = wheel(PACKAGES / "target-markers", check=False)
        if crossenv.target.machine.name == "x86_64":
            assert "No matching distribution found for crosspy-test-there-is-no-such-thing" in done.stderr
            return
        # markupsafe is for aarch64 only, so the setup.py that imports it fails; no marker of x86_64 held.
        assert "No module named 'markupsafe'" in done.stderr
        assert (
            "there-is-no-such-thing" not in done.stderr.partition("No module named")[0].partition("ERROR")[2]
        )
        return
    library = unpacked(wheel(PACKAGES / "target-markers")["markers"], tmp_path / "lib")
    assert "x86_64" in (library / "markers.py").read_text()


BACKEND = """
import pathlib, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    assert metadata_directory is None
    with zipfile.ZipFile(pathlib.Path(wheel_directory, "told-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("told.py", "answer = 42")
        for name, text in {
            "METADATA": "Metadata-Version: 2.1\\nName: told\\nVersion: 1.0\\n",
            "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
            "entry_points.txt": "[console_scripts]\\ntold = told:answer\\n",
            "RECORD": "",
        }.items():
            wheel.writestr(f"told-1.0.dist-info/{name}", text)
    return "told-1.0-py3-none-any.whl"

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    raise SystemExit("asked for what PKG-INFO says")
"""


@pytest.mark.parametrize(("version", "asked"), [("2.4", False), ("2.1", True)])
def test_the_metadata_of_a_source_distribution_is_its_own(wheel, tmp_path, version, asked):
    """Without its back end, which would configure the whole project; the wheel's comes from the back end."""
    project = tmp_path / "told-1.0"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (project / "backend.py").write_text(BACKEND)
    (project / "PKG-INFO").write_text(f"Metadata-Version: {version}\nName: told\nVersion: 1.0\n")
    with tarfile.open(tmp_path / "told-1.0.tar.gz", "w:gz") as archive:
        archive.add(project, arcname="told-1.0")
    done, wheels = wheel("--no-index", tmp_path / "told-1.0.tar.gz", check=False)
    assert ("asked for what PKG-INFO says" in done.stdout + done.stderr) == asked
    assert bool(done.returncode) == asked
    assert asked or "told-1.0.dist-info/entry_points.txt" in zipfile.ZipFile(wheels["told"]).namelist()


def test_real_packages(bed, wheel, tmp_path):
    """C, C with a library of the sysroot, Cython and cffi, from PyPI's source distributions."""
    wheels = wheel("markupsafe", "pyyaml", "cffi")
    library = tmp_path / "lib"
    for path in wheels.values():
        unpacked(path, library)
    program = """
import markupsafe._speedups, yaml, cffi, _cffi_backend
assert yaml.__with_libyaml__
ffi = cffi.FFI()
ffi.cdef("int printf(const char *, ...); struct s { char a; long long b; };")
print(yaml.load("a: [1, 2]", yaml.CSafeLoader)["a"][1], ffi.sizeof("struct s"), markupsafe.escape("<"))
"""
    assert on_target(bed, library, program) == "2 16 &lt;"


def test_wheels_do_not_depend_on_where_they_are_built(arm64, crosspy, tmp_path, pip_environ):
    found = []
    for place in ("one", "another place, with spaces/and deeper"):
        base = tmp_path / place
        (base / "tmp").mkdir(parents=True)
        crosspy("create", base / "env", "--sysroot", arm64.sysroot, "--build-python", arm64.build_python)
        environ = {**pip_environ, "TMPDIR": str(base / "tmp"), "XDG_CACHE_HOME": str(base / "cache")}
        for project in ("c-extension", "meson-extension"):
            crosspy("wheel", base / "env", "-w", base / "out", PACKAGES / project, env=environ)
        found.append({path.name: path.read_bytes() for path in sorted((base / "out").glob("*.whl"))})
    assert len(found[0]) == 2
    assert found[0] == found[1]


def test_nothing_is_asked_of_a_network(arm64, crosspy, tmp_path, pip_environ):
    """With --no-index, in a network namespace without any interface: create, build, install, verify."""
    if run(["unshare", "--net", "true"], check=False).returncode:
        pytest.skip("no network namespaces here (unshare --net fails)")
    links = tmp_path / "links"
    run(["python3", "-m", "pip", "download", "-q", "-d", links, "setuptools>=77"], env=dict(pip_environ))
    offline = ["unshare", "--net"]
    base = [*offline, sys.executable, "-m", "crosspy"]
    env = tmp_path / "env"
    run([*base, "create", env, "--sysroot", arm64.sysroot, "--build-python", arm64.build_python])
    run(
        [
            *base,
            "wheel",
            env,
            "-w",
            tmp_path / "out",
            "--no-index",
            "--find-links",
            links,
            PACKAGES / "c-extension",
        ]
    )
    run(
        [
            *base,
            "install",
            env,
            "--root",
            tmp_path / "image",
            "--no-index",
            next((tmp_path / "out").glob("cext*.whl")),
        ]
    )
    run([*base, "verify", tmp_path / "image", "--env", env])


PIPS = ("23.2.1", "24.0", "25.0.1", "26.3")
"""What ensurepip carries in Python 3.11 and 3.12, one between, and today's."""


@pytest.mark.parametrize("version", PIPS)
@pytest.mark.parametrize("mode", ["isolated", "venv", "no-isolation"])
def test_pip_inside_the_environment(arm64, crosspy, tmp_path, pip_environ, version, mode):
    if mode == "venv" and version != PIPS[-1]:
        mode = "isolated-again"  # the feature came with 26; older pips have one kind of isolation
    pips = tmp_path / "pips"
    run(
        ["python3", "-m", "pip", "download", "-q", "--no-deps", "-d", pips, f"pip=={version}"],
        env=dict(pip_environ),
    )
    env = tmp_path / "env"
    crosspy(
        "create",
        env,
        "--sysroot",
        arm64.sysroot,
        "--build-python",
        arm64.build_python,
        "--pip",
        next(pips.glob("*.whl")),
    )
    environ = {**pip_environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    options = {
        "isolated": [],
        "isolated-again": ["--no-cache-dir"],
        "venv": ["--use-feature=venv-isolation"],
        "no-isolation": ["--no-build-isolation"],
    }
    if mode == "no-isolation":
        run([env / "bin" / "build-pip", "install", "-q", "setuptools>=77", "wheel"], env=environ)
    project = tmp_path / "c-extension"  # pip builds in place
    shutil.copytree(PACKAGES / "c-extension", project)
    run([env / "bin" / "pip", "install", *options[mode], "--no-deps", project], env=environ)
    extensions = list(env.glob("lib/python*/site-packages/cext/*.so"))
    assert [path.name for path in extensions] == ["_native.cpython-311-aarch64-linux-gnu.so"]
    assert subprocess.run(
        ["od", "-An", "-tu2", "-j18", "-N2", extensions[0]], capture_output=True, text=True, check=True
    ).stdout.split() == ["183"]
    listed = run([env / "bin" / "pip", "list"], env=environ).stdout
    assert "cext" in listed
    assert "setuptools" not in listed


@pytest.fixture
def twin_links(tmp_path):
    """A directory with the source distribution of a package that must be there for both machines."""
    links = tmp_path / "links"
    links.mkdir()
    name = "twin_provider-1.0"
    archive = [
        "tar",
        "-czf",
        links / f"{name}.tar.gz",
        "--transform",
        f"s,^twin-provider,{name},",
        "twin-provider",
    ]
    run(archive, cwd=PACKAGES)
    return links


def test_headers_and_libraries_of_a_build_requirement_are_the_targets(bed, wheel, tmp_path, twin_links):
    """64-bit build machine, 32-bit target: a static assertion fails on the wrong headers, a linker on a library."""
    wheels = wheel(PACKAGES / "twin-consumer", "--find-links", twin_links)
    library = tmp_path / "lib"
    for name in ("twin_consumer", "twin_provider"):
        unpacked(wheels[name], library)
    assert (
        on_target(bed, library, "import consumer, struct; print(consumer.size == struct.calcsize('l'))")
        == "True"
    )
    assert elf.read(library / "bundled/libtwin.so").header == elf.read(library / "twin/libtwin.so").header


def test_without_isolation_headers_and_libraries_are_the_targets(
    armhf, crosspy, tmp_path, pip_environ, twin_links
):
    env = tmp_path / "env"
    crosspy("create", env, "--sysroot", armhf.sysroot, "--build-python", armhf.build_python)
    build = ["--no-build-isolation", "--no-deps"]
    project = (PACKAGES / "twin-consumer", *build, "--no-cache", "-w", tmp_path / "wheels")
    run([env / "bin" / "build-pip", "install", "-q", "setuptools>=77"], env=dict(pip_environ))
    provider = next(twin_links.iterdir())
    run([env / "bin" / "build-pip", "install", "-q", *build, provider], env=dict(pip_environ))
    done = crosspy("wheel", env, *project, env=pip_environ, check=False)
    assert done.returncode == 8
    assert "crosspy: error: twin_provider==1.0 of the build machine" in done.stderr
    run([env / "bin" / "pip", "install", "-q", *build, provider], env=dict(pip_environ))
    crosspy("wheel", env, *project, env=pip_environ)
    library = unpacked(next((tmp_path / "wheels").glob("*.whl")), tmp_path / "lib")
    shutil.copytree(next(env.glob("lib/python*/site-packages/twin")), library / "twin")
    size = on_target(armhf, library, "import consumer, struct; print(consumer.size == struct.calcsize('l'))")
    assert size == "True"
    assert elf.read(library / "bundled/libtwin.so").header == elf.read(library / "twin/libtwin.so").header
