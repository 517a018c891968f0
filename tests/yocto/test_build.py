"""Real BitBake on real OE-core; see README.md for what it needs."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
NEEDED = ("BITBAKE_DIR", "OE_CORE_DIR", "CROSSPY_SYSROOTS", "CROSSPY_RUST")

pytestmark = pytest.mark.skipif(
    any(name not in os.environ for name in NEEDED),
    reason=f"needs {', '.join(NEEDED)}: see tests/yocto/README.md",
)


@dataclass(frozen=True)
class Machine:
    """What the tests know of a machine: Debian's names of it, and those that OE-core's Python has."""

    debian: str
    triplet: str
    platform: str
    gnu_type: str
    qemu: str
    word: int


MACHINES = {
    "qemuarm64": Machine(
        "arm64",
        "aarch64-linux-gnu",
        "aarch64-linux",
        "aarch64-oe-linux",
        "qemu-aarch64-static",
        8,
    ),
    "qemuarm": Machine(
        "armhf",
        "arm-linux-gnueabihf",
        "arm-linux-gnueabi",
        "arm-oe-linux-gnueabi",
        "qemu-arm-static",
        4,
    ),
    "qemuriscv64": Machine(
        "riscv64",
        "riscv64-linux-gnu",
        "riscv64-linux",
        "riscv64-oe-linux",
        "qemu-riscv64-static",
        8,
    ),
}
NAME = os.environ.get("CROSSPY_YOCTO_MACHINE", "qemuarm64")
MACHINE = MACHINES[NAME]

# The Python of each series; what has no name yet is the development branch, which is compatible with more than one.
PYTHONS = {"scarthgap": "3.12", "wrynose": "3.14", "blacksail": "3.14"}


def series() -> str:
    """The release of OE_CORE_DIR: the newest of those that it calls itself."""
    if "OE_CORE_DIR" not in os.environ:
        return "wrynose"
    text = Path(os.environ["OE_CORE_DIR"], "meta/conf/layer.conf").read_text()
    [names] = re.findall(r'^LAYERSERIES_CORENAMES = "(.*)"$', text, re.MULTILINE)
    return names.split()[-1]


SERIES = series()
PYTHON = PYTHONS[SERIES]
CPYTHON = "cpython-" + PYTHON.replace(".", "")
# From Python 3.13 on OE-core's has names of its own.
PLATFORM = MACHINE.platform if PYTHON != "3.12" else MACHINE.triplet

EXERCISE = """
import sys, markupsafe._speedups, yaml._yaml, cffi, greenlet, idna, kiwisolver, rich.markdown, rich.console, rpds, zmq
import lxml.etree, PIL.Image, yamllint.linter, zope.interface._zope_interface_coptimizations
import annotated_doc, bcrypt, contourpy, dateutil.tz, gevent, numpy, pandas, pydantic_core
import importlib.metadata
assert importlib.metadata.version("soupsieve")  # imports bs4, which it does not require
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from _cffi_backend import FFI
assert markupsafe.escape("<") == "&lt;"
assert yaml.load("a: [1, 2]", Loader=yaml.CSafeLoader) == {"a": [1, 2]}
assert cffi.FFI().sizeof("long") == int(sys.argv[1])
assert idna.encode("ö.de") == b"xn--nda.de"
assert lxml.etree.fromstring("<a><b/></a>")[0].tag == "b"
assert PIL.Image.new("RGB", (2, 3)).resize((4, 4)).size == (4, 4)
assert rpds.HashTrieMap({"a": 1})["a"] == 1
assert greenlet.greenlet(lambda: 7).switch() == 7
x = kiwisolver.Variable("x")
solver = kiwisolver.Solver()
solver.addConstraint(x == 3)
solver.updateVariables()
assert x.value() == 3
assert zmq.zmq_version_info() >= (4, 3)
assert numpy.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 4.0]).tolist() == [1.0, 1.0]
frame = pandas.DataFrame({"key": ["a", "b", "a"], "value": [1, 2, 3]})
assert frame.groupby("key")["value"].sum().to_dict() == {"a": 4, "b": 2}
assert pandas.Timestamp("2024-02-29").dayofyear == 60
assert len(contourpy.contour_generator(z=[[0.0, 1.0], [1.0, 2.0]]).lines(0.5)) == 1
assert gevent.spawn(lambda: 7).get() == 7
assert bcrypt.checkpw(b"word", bcrypt.hashpw(b"word", bcrypt.gensalt(4)))
assert pydantic_core.SchemaValidator({"type": "int"}).validate_python("3") == 3
cipher = AESGCM(bytes(16))
assert cipher.decrypt(bytes(12), cipher.encrypt(bytes(12), b"text", None), None) == b"text"
rich.console.Console(file=sys.stderr).print(rich.markdown.Markdown("# ok"))
print("imported", sys.implementation._multiarch)
"""

if SERIES == "scarthgap":
    # Its typing-extensions are too old for pydantic-core to be imported, which the image's report tells (XP307).
    EXERCISE = "\n".join(
        line.replace(", pydantic_core", "") for line in EXERCISE.splitlines() if "pydantic_core." not in line
    )

# An image needs their packages; other recipes, and shared state, what they put into sysroots, too.
SHARED = ("python3-kiwisolver", "python3-markupsafe", "python3-rich")

# Recipes of OE-core that build requirements are; others are not even parsed. The last lines are those of
# scarthgap and of the development branch.
CORE = (
    "build|calver|cffi|cython|editables|flit-core|hatchling|installer|meson-python|packaging|pathspec|pdm-backend|pip|pluggy|"
    "poetry-core|pycparser|pyproject-hooks|pyproject-metadata|semantic-version|setuptools|setuptools-rust|setuptools-scm|six|"
    "trove-classifiers|typing-extensions|wheel|"
    "importlib-metadata|more-itertools|pathlib2|ply|pyparsing|toml|tomli|zipp|"
    "vcs-versioning"
)
MASK = (
    "/meta/recipes-(?!devtools/python/|core/(meta|base-files)) "
    f"/meta/recipes-devtools/python/(?!python3-({CORE})_)"
)


def core_sources() -> list[str]:
    """What PyPI has of them, as name==version, and the files that the test bed adds for this series."""
    directory = Path(os.environ["OE_CORE_DIR"], "meta/recipes-devtools/python")
    found = []
    for name in CORE.split("|"):
        for recipe in directory.glob(f"python3-{name}_*.bb"):
            text = "".join(path.read_text() for path in (recipe, *directory.glob(f"*-{name}.inc")))
            [package] = re.findall(r'^PYPI_PACKAGE \??= "(.*)"', text, re.MULTILINE) or [name]
            found.append(f"{package}=={recipe.stem.partition('_')[2]}")
    extra = HERE / f"meta-testbed/conf/distro/include/testbed-{SERIES}.inc"
    return found + (re.findall(r"\S+\.whl", extra.read_text()) if extra.exists() else [])


@dataclass(frozen=True)
class Outcome:
    status: int
    text: str

    def errors(self, recipe: str) -> list[str]:
        """BitBake's error messages of a recipe, without its own closing ones, which name files and tasks."""
        noise = (
            "Logfile of failure",
            "Task (",
            "Fatal QA errors were found",
            "Execution of",
            "ExecutionError(",
        )
        found = re.findall(
            rf"^ERROR: {recipe}-\S+ do_\w+: ((?:.*\n?)(?:(?!(?:ERROR|NOTE|WARNING|Summary|DEBUG): ).*\n?)*)",
            self.text,
            re.MULTILINE,
        )
        return [message.strip() for message in found if not message.startswith(noise)]

    def ran(self, task: str) -> list[str]:
        """The recipes of which a task ran, rather than came from shared state."""
        return re.findall(rf"recipe (\S+): task {task}: Started", self.text)


@dataclass(frozen=True)
class Build:
    """A build directory."""

    top: Path
    user: str

    def bitbake(self, *words: str, check: bool = True) -> Outcome:
        done = self.run("bitbake", *words)
        (self.top / "log").write_text(done.text)
        assert not check or done.status == 0, "\n".join(
            re.findall("^ERROR: .*", done.text, re.MULTILINE) or [done.text[-4000:]]
        )
        return done

    def run(self, *argv: str | Path) -> Outcome:
        """Run a program of BitBake's or OE-core's, as ``oe-init-build-env`` lets one."""
        environ = {
            "HOME": str(self.top),
            "LANG": "en_US.UTF-8",
            "PATH": f"{os.environ['OE_CORE_DIR']}/scripts:{os.environ['BITBAKE_DIR']}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "BUILDDIR": str(self.top),
            "BBPATH": str(self.top),
            "USER": self.user,
        }
        done = subprocess.run(
            argv,
            cwd=self.top,
            env=environ,
            user=self.user or None,
            group=pwd.getpwnam(self.user).pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout)

    def unpacked(self, package: str, where: Path) -> Path:
        """The files of a package that was written."""
        [found] = self.top.glob(f"tmp/deploy/deb/*/{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", found, where], check=True)
        return where


@dataclass(frozen=True)
class Bed:
    top: Path
    user: str
    hashserv: str
    testbed: Path
    trees: tuple[str, str]

    def build(self, name: str, extra: str = "", layers: tuple[Path, ...] = ()) -> Build:
        """Make a build directory; sources, shared state and the hash equivalence server are common to all."""
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
            f'MACHINE = "{NAME}"\nDISTRO = "testbed"\nTESTBED = "{self.testbed}"\nDL_DIR = "{self.top}/downloads"\n'
            f'SSTATE_DIR = "{self.top}/sstate"\nBB_HASHSERVE = "{self.hashserv}"\nBB_NUMBER_THREADS = "2"\n'
            'PARALLEL_MAKE = "-j 2"\nCONF_VERSION = "2"\nCONNECTIVITY_CHECK_URIS = ""\nBB_DISKMON_DIRS = ""\n'
            f'SANITY_TESTED_DISTROS = ""\nBBMASK = "{MASK}"\n{extra}'
            + ('TCLIBCAPPEND = ""\nBB_SIGNATURE_HANDLER = "OEEquivHash"\n' if SERIES == "scarthgap" else "")
        )
        self.give(top)
        return Build(top, self.user)

    def layer(self, name: str, files: dict[str, str]) -> Path:
        """Make a layer of these files; recipes are in its top directory."""
        layer = self.top / name
        shutil.rmtree(layer, ignore_errors=True)
        files["conf/layer.conf"] = (
            f'BBFILES += "${{LAYERDIR}}/*.bb ${{LAYERDIR}}/*.bbappend"\nBBFILE_COLLECTIONS += "{name}"\n'
            f'BBFILE_PATTERN_{name} = "^${{LAYERDIR}}/"\nLAYERSERIES_COMPAT_{name} = "{SERIES}"\nLAYERDEPENDS_{name} = "crosspy"\n'
        )
        for path, text in files.items():
            (layer / path).parent.mkdir(parents=True, exist_ok=True)
            (layer / path).write_text(text)
        return layer

    def give(self, path: Path) -> None:
        if self.user:
            subprocess.run(["chown", "-R", self.user, str(path)], check=True)


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    top = Path(os.environ.get("CROSSPY_YOCTO", CHECKOUT / "build/yocto")).resolve()
    testbed = top / f"testbed-{NAME}"
    user = os.environ.get("CROSSPY_YOCTO_USER", "nobody") if os.getuid() == 0 else ""
    if user:
        pwd.getpwnam(user)
    for name in ("downloads", "sstate", "hashserv"):
        (top / name).mkdir(parents=True, exist_ok=True)
    trees = (os.environ["CROSSPY_SYSROOTS"], os.environ["CROSSPY_RUST"])
    debian = (f"{MACHINE.debian}-{PYTHON}-corpus", f"build-{PYTHON}")
    subprocess.run([HERE / "prepare-testbed", *trees, testbed, *debian], check=True)
    sources = [*(HERE / "sources.txt").read_text().split(), *core_sources()]
    subprocess.run(
        [HERE / "fetch-sources", top / "downloads", *sources], check=True, stdout=subprocess.DEVNULL
    )
    # A checkout that changes under BitBake is an error of its own; one that did not change is parsed from the cache.
    words = ["rsync", "-a", "--delete", "--exclude=/build", "--exclude=.git", "--exclude=__pycache__"]
    subprocess.run([*words, "--exclude=.*_cache", f"{CHECKOUT}/", f"{top}/checkout/"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    bed = Bed(top, user, f"127.0.0.1:{port}", testbed, trees)
    for name in ("downloads", "sstate", "hashserv"):
        bed.give(top / name)
    server = subprocess.Popen(
        [
            f"{os.environ['BITBAKE_DIR']}/bin/bitbake-hashserv",
            *("--bind", bed.hashserv, "--database", top / "hashserv/db"),
        ],
        user=user or None,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield bed
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def shared(bed: Bed) -> Build:
    """A few packages, what their back ends need, and no image: for a new release or machine, the quick tests."""
    build = bed.build("shared")
    build.bitbake(*SHARED)
    return build


def test_extensions_have_the_targets_suffix(shared: Build, tmp_path: Path) -> None:
    found = [path.name for path in shared.unpacked("python3-markupsafe", tmp_path).rglob("*.so")]
    assert found == [f"_speedups.{CPYTHON}-{PLATFORM}.so"]


def test_shared_state_is_enough_elsewhere(bed: Bed, shared: Build) -> None:
    """Another build directory compiles nothing, so what it would compile has the same hashes."""
    done = bed.build("elsewhere-with-a-longer-name").bitbake(*SHARED)
    for task in ("do_configure", "do_compile", "do_install", "do_package"):
        assert done.ran(task) == []


def test_a_change_that_changes_no_byte_compiles_nothing(bed: Bed, shared: Build) -> None:
    """Hash equivalence: python3-crosspy-native is built anew, the packages that were built with it are not."""
    append = "do_install:append() {\n    : a word that changes no byte\n}\n"
    layer = bed.layer("equivalence", {"python3-crosspy.bbappend": append})
    done = bed.build("equivalent", layers=(layer,)).bitbake("python3-markupsafe")
    assert any(name.startswith("python3-crosspy-native") for name in done.ran("do_install"))
    assert done.ran("do_compile") == []


def test_two_build_directories_make_the_same_bytes(bed: Bed, shared: Build, tmp_path: Path) -> None:
    second = bed.build("second-directory")
    done = second.bitbake("-C", "configure", "python3-kiwisolver")
    assert any(name.startswith("python3-kiwisolver") for name in done.ran("do_compile"))

    def contents(build: Build) -> dict[str, bytes]:
        where = tmp_path / build.top.name
        for package in ("python3-kiwisolver", "python3-kiwisolver-dbg"):
            build.unpacked(package, where)
        return {
            str(path.relative_to(where)): path.read_bytes() for path in where.rglob("*") if path.is_file()
        }

    assert contents(shared) == contents(second)


RECIPE = """\
SUMMARY = "A recipe of a test"
LICENSE = "CLOSED"
inherit crosspy
S = "${CROSSPY_LINKS}/project"
SRC_URI = "file://pyproject.toml;subdir=project file://setup.py;subdir=project"
"""
OTHER = {"3.12": "3.11", "3.14": "3.13"}[PYTHON]
MISMATCH = rf"""
do_configure:prepend() {{
    mv ${{RECIPE_SYSROOT}}${{libdir}}/python{PYTHON} ${{RECIPE_SYSROOT}}${{libdir}}/python{OTHER}
    mv ${{RECIPE_SYSROOT}}${{includedir}}/python{PYTHON} ${{RECIPE_SYSROOT}}${{includedir}}/python{OTHER}
    rm -f ${{RECIPE_SYSROOT}}${{bindir}}/python3*
    sed -i "s/{PYTHON.replace(".", "[.]")}/{OTHER}/g" ${{RECIPE_SYSROOT}}${{libdir}}/python-sysconfigdata/*.py ${{RECIPE_SYSROOT}}${{libdir}}/python{OTHER}/_sysconfigdata*.py
    sed -i "s/MINOR_VERSION.*{PYTHON[2:]}/MINOR_VERSION {OTHER[2:]}/; s/{PYTHON.replace(".", "[.]")}[.]/{OTHER}./" ${{RECIPE_SYSROOT}}${{includedir}}/python{OTHER}/patchlevel.h
}}
"""
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
SETUP = "from setuptools import setup\nsetup(name='x', version='1')\n"
# BitBake's own two errors: of the file, and that no mirror has a better one.
CHECKSUM = f'SRC_URI += "@SERVER@/idna-3.11.tar.gz;downloadfilename=other.tar.gz"\nSRC_URI[sha256sum] = "{"0" * 64}"\n'


@dataclass(frozen=True)
class Bad:
    """A recipe that must fail, and what its error says."""

    said: str
    extra: str = ""
    pyproject: str = SETUPTOOLS
    setup: str = SETUP
    errors: int = 1


BAD = {
    "broken": Bad(r"pyproject\.toml cannot be read", pyproject="[build-system\n"),
    "lacking": Bad(
        r'SRC_URI \+= "https://\.\.\./no_such_thing-VERSION\.tar\.gz',
        pyproject='[build-system]\nrequires = ["no-such-thing>=2"]\n',
    ),
    "layered": Bad(
        r'DEPENDS \+= "python3-cython-native"$', pyproject='[build-system]\nrequires = ["cython"]\n'
    ),
    "online": Bad(
        r"crosspy wheel failed: error: .* \[network\]",
        setup="import urllib.request\nurllib.request.urlopen('https://example.org/')\n",
    ),
    "checksum": Bad(r"(?i)checksum mismatch", extra=CHECKSUM, errors=2),
    "mismatch": Bad(
        rf"crosspy create failed: error: the target has Python {OTHER}.*{PYTHON}", extra=MISMATCH
    ),
}


@pytest.fixture(scope="module")
def failures(bed: Bed, shared: Build) -> Outcome:
    """All of them in one run of BitBake."""
    files = {}
    for name, bad in BAD.items():
        files[f"{name}_1.0.bb"] = RECIPE + bad.extra
        files[f"{name}/pyproject.toml"] = bad.pyproject
        files[f"{name}/setup.py"] = bad.setup
    serve = partial(SimpleHTTPRequestHandler, directory=str(bed.top / "downloads"))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        files = {path: text.replace("@SERVER@", address) for path, text in files.items()}
        layer = bed.layer("bad-layer", files)
        done = bed.build("bad", layers=(layer,)).bitbake("-k", *BAD, check=False)
        server.shutdown()
    return done


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_error(failures: Outcome, name: str) -> None:
    assert failures.status
    errors = failures.errors(name)
    assert len(errors) == BAD[name].errors, errors
    assert re.search(BAD[name].said, errors[0], re.MULTILINE)
    assert "Traceback" not in "".join(errors)


PIP = """
SRC_URI += "https://example.org/six-1.17.0.tar.gz;unpack=0"
SRC_URI[sha256sum] = "ff70335d468e7eb6ec65b95b99d3a2836546063f63acc5171de367e834932a81"
fakeroot do_vendor() {
    crosspy_pip wheel --no-deps ${CROSSPY_LINKS}/six-1.17.0.tar.gz
    crosspy_pip install --no-deps ${CROSSPY_WHEELS}/six-*.whl
}
addtask vendor after do_install before do_package do_populate_sysroot
do_vendor[depends] += "virtual/fakeroot-native:do_populate_sysroot"
"""


def test_pip_acts_on_the_cross_environment_in_any_task(bed: Bed, shared: Build, tmp_path: Path) -> None:
    files = {"vendoring_1.0.bb": RECIPE + PIP}
    files |= {"vendoring/pyproject.toml": SETUPTOOLS, "vendoring/setup.py": SETUP}
    build = bed.build("vendor", layers=(bed.layer("vendor-layer", files),))
    build.bitbake("vendoring")
    names = [path.name for path in build.unpacked("vendoring", tmp_path).rglob("*")]
    assert {"six.py", "six-1.17.0.dist-info", "x-1.dist-info"} <= set(names)
    assert "RECORD" not in names


GIT = """\
SUMMARY = "A recipe of a test"
LICENSE = "CLOSED"
inherit crosspy
SRC_URI = "git://@REPOSITORY@;protocol=file;branch=main"
SRCREV = "@COMMIT@"
DEPENDS += "python3-setuptools-scm-native"
export VERSIONED_WORDS = "of the recipe"
"""
VERSIONED = """
[build-system]
requires = ["setuptools", "setuptools-scm"]
build-backend = "setuptools.build_meta"
[project]
name = "versioned"
dynamic = ["version", "description"]
[tool.setuptools]
packages = ["versioned"]
[tool.setuptools_scm]
"""
ONE_SETUP = """
import os
from setuptools import Extension, setup
setup(description=os.environ["VERSIONED_WORDS"], ext_modules=[Extension("versioned._one", ["one.c"])])
"""
ONE = """
#include <Python.h>
static struct PyModuleDef one = {PyModuleDef_HEAD_INIT, "_one", 0, 0};
PyMODINIT_FUNC PyInit__one(void) { return PyModule_Create(&one); }
"""


def test_a_git_repository_is_built_and_has_its_tags_version(bed: Bed, shared: Build, tmp_path: Path) -> None:
    repository = bed.top / "repository"
    shutil.rmtree(repository, ignore_errors=True)
    (repository / "versioned").mkdir(parents=True)
    files = {"pyproject.toml": VERSIONED, "setup.py": ONE_SETUP, "one.c": ONE, "versioned/__init__.py": ""}
    for name, text in files.items():
        (repository / name).write_text(text)
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")

    def git(*words: str) -> str:
        return subprocess.run(["git", *who, *words], cwd=repository, check=True, capture_output=True, text=True).stdout.strip()  # fmt: skip

    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    git("tag", "-a", "v1.2", "-m", "1.2")
    bed.give(repository)
    safe = ("-c", f"safe.directory={repository}")
    recipe = GIT.replace("@REPOSITORY@", str(repository)).replace("@COMMIT@", git(*safe, "rev-parse", "HEAD"))
    if SERIES == "scarthgap":  # later ones have a default that is right
        recipe += 'S = "${WORKDIR}/git"\n'
    build = bed.build("git", layers=(bed.layer("git-layer", {"versioned_1.2.bb": recipe}),))
    build.bitbake("versioned")
    tree = build.unpacked("versioned", tmp_path)
    names = {path.name for path in tree.rglob("*")}
    assert {"versioned-1.2.dist-info", f"_one.{CPYTHON}-{PLATFORM}.so"} <= names
    [metadata] = tree.rglob("versioned-1.2.dist-info/METADATA")
    assert "Summary: of the recipe\n" in metadata.read_text()


@pytest.fixture
def distccd(bed: Bed) -> Iterator[str]:
    """A compile server on loopback, with the target's compilers under the names that BitBake's have."""
    tools = bed.top / "distcc"
    shutil.rmtree(tools, ignore_errors=True)
    tools.mkdir()
    for tool in ("gcc", "g++"):
        compiler = tools / f"{MACHINE.gnu_type}-{tool}"
        compiler.write_text(f'#!/bin/sh\nexec {bed.testbed}/toolchain/bin/{MACHINE.triplet}-{tool} "$@"\n')
        compiler.chmod(0o755)
    (tools / "list").write_text("".join(f"{path}\n" for path in sorted(tools.glob(f"{MACHINE.gnu_type}-*"))))
    bed.give(tools)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [
        "distccd",
        "--no-detach",
        "--daemon",
        "--allow",
        "127.0.0.1",
        "--listen",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    words += ["--jobs", "1", "--log-file", str(tools / "log"), "--log-level", "info"]
    environ = {"PATH": "/usr/bin:/bin", "DISTCC_CMDLIST": str(tools / "list"), "HOME": str(tools)}
    server = subprocess.Popen(words, env=environ, user=bed.user or None)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def test_a_compile_goes_through_distcc(bed: Bed, shared: Build, distccd: str) -> None:
    """As docs/how-to/yocto.md says, with a server on loopback."""
    text = (CHECKOUT / "docs/how-to/yocto.md").read_text()
    (extra,) = re.findall(r'```bitbake\n(HOSTTOOLS \+= "distcc".*?)```', text, re.DOTALL)
    extra = extra.replace("localhost buildhost", distccd).replace("${TMPDIR}/distcc", f"{bed.top}/distcc")
    bed.build("distributed", extra).bitbake("-C", "configure", "python3-markupsafe")
    served = re.findall(r"COMPILE_OK.* (\S+)$", (bed.top / "distcc/log").read_text(), re.MULTILINE)
    assert "_speedups.c" in {Path(name).name for name in served}


# ---- an image


@pytest.fixture(scope="module")
def first(bed: Bed) -> Build:
    """Everything, as an image: what was never built here takes its time, else it is shared state."""
    build = bed.build("first")
    build.bitbake("testbed-image")
    return build


def test_run_time_dependencies_are_the_split_packages(first: Build) -> None:
    def needed(package: str) -> set[str]:
        text = (first.top / "tmp/pkgdata" / NAME / "runtime" / package).read_text()
        [line] = re.findall(rf"^RDEPENDS:{package}: (.*)$", text, re.MULTILINE)
        return set(line.split())

    # What OE-core's own recipe names by hand.
    assert {"python3-core", "python3-html", "python3-stringold"} <= needed("python3-markupsafe")
    assert {"python3-core", "python3-datetime"} <= needed("python3-pyyaml")
    assert {"python3-markdown-it-py", "python3-pygments"} <= needed("python3-rich")


def test_no_record_and_no_build_path_is_packaged(first: Build, tmp_path: Path) -> None:
    for name in ("markupsafe", "kiwisolver", "pillow", "rpds-py"):
        for path in first.unpacked(f"python3-{name}", tmp_path / name).rglob("*"):
            assert path.name != "RECORD"
            if path.is_file() and not path.is_symlink():
                assert str(first.top).encode() not in path.read_bytes(), path


def test_an_image_imports_all_of_it_and_its_reports_are_beside_it(first: Build, tmp_path: Path) -> None:
    """The image has what the packages depend on, and nothing else: RDEPENDS are complete, too."""
    [work] = first.top.glob("tmp/work/*/testbed-image/1.0")
    root = work / "rootfs"
    python = [MACHINE.qemu, "-L", root, root / f"usr/bin/python{PYTHON}"]
    environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([*python, "-B", "-c", EXERCISE, str(MACHINE.word)], capture_output=True, text=True, check=False, env=environ)  # fmt: skip
    assert done.stdout == f"imported {PLATFORM}\n", done.stderr
    program = subprocess.run([*python, "-B", root / "usr/bin/pygmentize", "-V"], capture_output=True, text=True, check=True)  # fmt: skip
    assert "2.19.2" in program.stdout
    (tmp_path / "bad.yaml").write_text("a:  [1\n")
    linter = [root / "usr/bin/yamllint", "-f", "parsable", tmp_path / "bad.yaml"]
    found = subprocess.run([*python, "-B", *linter], capture_output=True, text=True, check=False, env=environ)
    assert "too many spaces after colon" in found.stdout, found.stderr
    assert (root / "usr/bin/pygmentize").read_text().startswith("#!/usr/bin/python3")
    [report] = work.glob("deploy-*/*.crosspy.json")
    [image] = json.loads(report.read_text())["images"]
    assert not [one for one in image["findings"] if one["severity"] == "error"]
    told = [one["path"] for one in image["findings"] if one["check"] == "XP307"]
    assert any("pydantic_core" in path for path in told) == (SERIES == "scarthgap")
    [sarif] = work.glob("deploy-*/*.crosspy.sarif")
    assert json.loads(sarif.read_text())["version"] == "2.1.0"


PLANTED = f"planted.{CPYTHON}-{PLATFORM}.so"
PLANT = f"""
do_rootfs[postfuncs] += "plant"
plant() {{
    cp /usr/bin/env ${{IMAGE_ROOTFS}}${{libdir}}/python{PYTHON}/site-packages/{PLANTED}
}}
"""


def test_an_image_with_a_fault_fails_and_says_which(bed: Bed, first: Build) -> None:
    layer = bed.layer("planted", {"testbed-image_%.bbappend": PLANT})
    build = bed.build("faulty", layers=(layer,))
    done = build.bitbake("testbed-image", check=False)
    assert done.status
    errors = [text for text in done.errors("testbed-image") if "QA Issue" in text]
    assert errors
    assert all(PLANTED in text for text in errors)
    assert any("XP101" in text for text in errors)
    [report] = build.top.glob("tmp/work/*/testbed-image/1.0/deploy-*/*.crosspy.sarif")
    assert f"planted.{CPYTHON}" in report.read_text()


# ---- a lock

LOCK_APP = """\
SUMMARY = "An application of a test"
LICENSE = "BSD-3-Clause & MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"
CROSSPY_LOCK = "pylock.toml"
# Before there is a lock nothing else says so.
CROSSPY_RUST = "1"
inherit crosspy_lock
"""
LOCK_IMAGE = """\
SUMMARY = "What an image has of a lock"
LICENSE = "MIT"
IMAGE_INSTALL = "lock-app"
inherit testbed-image crosspy-image
"""
PINS = {"idna": "3.10", "markupsafe": "3.0.3", "rpds-py": "0.30.0"}
CHANGED = {**PINS, "markupsafe": "3.0.2"}
LICENCES = {"idna": "BSD-3-Clause", "markupsafe": "BSD-3-Clause", "rpds-py": "MIT"}
LOCK_EXERCISE = """
import os, idna, markupsafe._speedups, rpds
assert idna.encode("ö.de") == b"xn--nda.de"
assert markupsafe.escape("<") == "&lt;"
assert rpds.HashTrieMap({"a": 1})["a"] == 1
[info] = [n for n in os.listdir(idna.__path__[0] + "/..") if n.startswith("markupsafe-")]
print(info.removeprefix("markupsafe-").removesuffix(".dist-info"))
"""


@dataclass(frozen=True)
class Locked:
    """A build directory with a recipe of a lock."""

    build: Build
    layer: Path

    def lock(self, bed: Bed, pins: dict[str, str]) -> None:
        """Resolve with the index, as who maintains the recipe does; everything after this is offline."""
        requirements = self.layer / "lock-app/requirements.txt"
        requirements.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()))
        bed.give(self.layer)
        self.build.bitbake("-c", "update_pylock", "lock-app")
        self.build.bitbake("-c", "fetch", "lock-app")

    def make(self, *options: str) -> None:
        (self.build.top / "conf/auto.conf").write_text('BB_NO_NETWORK = "1"\n')
        try:
            self.build.bitbake(*options, "lock-app")
            self.build.bitbake("lock-image")
        finally:
            (self.build.top / "conf/auto.conf").unlink()

    @property
    def work(self) -> Path:
        [found] = self.build.top.glob("tmp/work/*/lock-app/1.0")
        return found

    def wheels(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.work / "crosspy/wheels").iterdir()}

    def said_in_the_image(self) -> str:
        [root] = self.build.top.glob("tmp/work/*/lock-image/1.0/rootfs")
        words = [MACHINE.qemu, "-L", root, root / f"usr/bin/python{PYTHON}", "-B", "-c", LOCK_EXERCISE]
        environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ)
        return done.stdout or done.stderr


@pytest.fixture(scope="module")
def locked(bed: Bed) -> Locked:
    """A lock from its requirements to an image; the network is there for update_pylock and fetch alone."""
    files = {"lock-app_1.0.bb": LOCK_APP, "lock-image_1.0.bb": LOCK_IMAGE, "lock-app/requirements.txt": ""}
    layer = bed.layer("lock-layer", files)
    build = bed.build("locked", 'INHERIT += "create-spdx"\nINHERIT:remove = "rm_work"\n', layers=(layer,))
    found = Locked(build, layer)
    found.lock(bed, PINS)
    found.make("-C", "configure")  # in this directory, not from shared state
    return found


def test_a_lock_becomes_an_image(locked: Locked) -> None:
    assert locked.said_in_the_image() == PINS["markupsafe"] + "\n"


def test_each_distribution_of_a_lock_has_its_own_version_and_licence(locked: Locked, tmp_path: Path) -> None:
    """In its package, and in OE-core's bill of materials."""
    for name, version in PINS.items():
        [package] = locked.build.top.glob(f"tmp/deploy/deb/*/lock-app-{name}_*.deb")
        assert package.name.split("_")[1].startswith(version + "-")
        runtime = (locked.build.top / "tmp/pkgdata" / NAME / "runtime" / f"lock-app-{name}").read_text()
        assert f"LICENSE:lock-app-{name}: {LICENCES[name]}\n" in runtime


def test_spdx_3_has_each_distributions_own_version_licence_and_purl(locked: Locked) -> None:
    if SERIES == "scarthgap":
        pytest.skip("create-spdx writes SPDX 2.2 there")
    for name, version in PINS.items():
        [path] = locked.build.top.glob(
            f"tmp/deploy/spdx/*/*/packages-staging/package-lock-app-{name}.spdx.json"
        )
        graph = json.loads(path.read_text())["@graph"]
        [package] = [one for one in graph if one["type"] == "software_Package"]
        assert package["software_packageVersion"] == version
        assert package["software_packageUrl"] == f"pkg:pypi/{name}@{version}"
        [licence] = [one["to"] for one in graph if one.get("relationshipType") == "hasDeclaredLicense"]
        assert licence[0].endswith(LICENCES[name].replace(".", "_"))


def test_the_command_line_makes_the_same_wheels(locked: Locked, tmp_path: Path) -> None:
    """With the task's variables and sysroot, in another environment, without a cache, network or BitBake."""
    compiled = (locked.work / "temp/run.do_compile").read_text()
    exports = [line for line in compiled.splitlines() if line.startswith("export ")]
    [create] = re.findall(
        "crosspy_run (crosspy create .*)$", (locked.work / "temp/run.do_configure").read_text(), re.MULTILINE
    )
    [wheel] = re.findall("crosspy_run (crosspy wheel .*)$", compiled, re.MULTILINE)
    environment, wheels = f"{locked.work}/crosspy/env", f"{locked.work}/crosspy/wheels"
    wheel = re.sub(r"--cache \S+", "--no-cache", wheel).replace(wheels, f"{tmp_path}/wheels")
    lines = ["set -e", *exports, f"export TMPDIR={tmp_path} XDG_CACHE_HOME={tmp_path}/cache", create, wheel]
    script = "\n".join(lines).replace(environment, f"{tmp_path}/env")
    namespace = ["unshare", "--net"] + ["--map-root-user"] * (os.getuid() != 0)
    done = subprocess.run(
        [*namespace, "sh", "-c", script], env={}, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr[-4000:]
    assert {path.name: path.read_bytes() for path in (tmp_path / "wheels").iterdir()} == locked.wheels()


def test_a_changed_pin_builds_one_distribution(bed: Bed, locked: Locked) -> None:
    before = locked.wheels()
    locked.lock(bed, CHANGED)
    locked.make()
    changed = {name for name, content in locked.wheels().items() if before.get(name) != content}
    [log] = (locked.work / "temp").glob("log.do_compile")
    assert [name.partition("-")[0] for name in changed] == ["markupsafe"]
    assert re.findall(r"Building wheel for (\S+) .*finished", log.read_text()) == ["markupsafe"]
    assert locked.said_in_the_image() == CHANGED["markupsafe"] + "\n"


def test_what_the_layers_have_is_used_on_request(bed: Bed, locked: Locked) -> None:
    recipe = locked.layer / "lock-app_1.0.bb"
    recipe.write_text(LOCK_APP + 'CROSSPY_LOCK_PROVIDED = "idna"\n')
    bed.give(locked.layer)
    locked.make()
    assert not [name for name in locked.wheels() if name.startswith("idna")]
    [root] = locked.build.top.glob("tmp/work/*/lock-image/1.0/rootfs")
    # The layers', not the lock's.
    [info] = root.glob(f"usr/lib/python{PYTHON}/site-packages/idna-*.dist-info")
    assert info.name == "idna-3.11.dist-info"
    assert locked.said_in_the_image().strip() in (PINS["markupsafe"], CHANGED["markupsafe"])
