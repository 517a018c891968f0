"""buildroot-ext/ in a real Buildroot: built, changed, broken, and what is built run under QEMU. See README.md here."""

from __future__ import annotations

import _ctypes
import hashlib
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TREE = ROOT / "buildroot-ext"
OPTION = "BR2_PACKAGE_PYTHON_CROSSPY_REQUIREMENTS"

BUILDROOT = os.environ.get("BUILDROOT_DIR", "")
OUTPUT = Path(os.environ.get("CROSSPY_BUILDROOT", ROOT / "build/buildroot")).resolve()
EXTRA_CONFIG = os.environ.get("CROSSPY_BUILDROOT_CONFIG", "")
SYSTEM_PATH = (
    os.environ.get("CROSSPY_BUILDROOT_PATH") or "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

needs_buildroot = pytest.mark.skipif(not BUILDROOT, reason="BUILDROOT_DIR names no Buildroot")
pytestmark = [needs_buildroot, pytest.mark.integration]

LIST = "markupsafe pyyaml cffi jinja2 pygments"
# With the libraries of Buildroot that they link with. Rust is Buildroot's.
LONG_LIST = "numpy pandas pydantic-core lxml pyzmq cffi pyyaml markupsafe idna pygments"
LIBRARIES = (
    "BR2_PACKAGE_LIBXML2=y",
    "BR2_PACKAGE_LIBXSLT=y",
    "BR2_PACKAGE_ZEROMQ=y",
    "BR2_PACKAGE_PYTHON_CROSSPY_RUST=y",
)
# Of requirements/lock-proof.txt: Python's ssl is not in minimal.config.
NEED_SSL = frozenset({"httpx", "prometheus_client"})
# Whoever is root unpacks archives with their owners, so nobody becomes it here.
OFFLINE = ("unshare", "--net", *(["--map-current-user"] if os.geteuid() else []))
USES = """
import io, sys, lxml.etree, numpy, pandas, pydantic_core, zmq
print(sys.maxsize == 2**31 - 1)
print(numpy.linalg.solve(numpy.array([[2.0, 0], [0, 4]]), [2, 4]).tolist(), numpy.dtype("longdouble").itemsize)
print(pandas.read_csv(io.StringIO("a,b\\n1,2\\n3,4")).sum().to_dict())
print(lxml.etree.XSLT(lxml.etree.XML('<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    '<xsl:output method="text"/><xsl:template match="/">made</xsl:template></xsl:stylesheet>'))(lxml.etree.XML("<a/>")))
print(pydantic_core.SchemaValidator({"type": "int"}).validate_python("42"))
a, b = [zmq.Context.instance().socket(zmq.PAIR) for _ in range(2)]
a.bind("inproc://x"); b.connect("inproc://x"); a.send(b"sent"); print(b.recv().decode())
"""
IMPORTS = "import markupsafe._speedups, yaml, _cffi_backend, jinja2, pygments; yaml.CSafeLoader; print(jinja2.Template('{{ 6*7 }}').render())"


# As BR2_OPTIMIZE_0 for C: nobody measures the result's speed here.
RUST_QUICKLY = {"CARGO_PROFILE_RELEASE_OPT_LEVEL": "0", "CARGO_PROFILE_RELEASE_LTO": "off"}
CROSSPY = Path(sys.executable).with_name("crosspy")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Output:
    """Buildroot's output directory, with the test's own configuration in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.target = directory / "target"
        self.external = [TREE, HERE / "packages"]
        self.toolchain = directory.with_name(f"{directory.name}-toolchain")

    @property
    def downloads(self) -> Path:
        return Path(os.environ.get("BR2_DL_DIR") or Path(BUILDROOT, "dl"), "python-crosspy")

    def lock_of(self, *names: str) -> Path:
        """Return the newest lock file that an earlier test has made of these and perhaps others."""
        made = sorted(
            self.downloads.glob("pylock.????????????.toml"),
            key=lambda path: path.stat().st_mtime,
            reverse=True,
        )
        return next(path for path in made if all(f'name = "{name}"' in path.read_text() for name in names))

    def configure(self, *lines: str) -> None:
        text = (
            (HERE / "minimal.config").read_text(encoding="utf-8").replace("@TOOLCHAIN@", str(self.toolchain))
        )
        if EXTRA_CONFIG:
            text += Path(EXTRA_CONFIG).read_text(encoding="utf-8")
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / ".config").write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
        assert self.make("olddefconfig").returncode == 0

    def make(self, *goals: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        # Buildroot refuses LD_LIBRARY_PATH and the like; what pip is told here is not for its builds.
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))}
        env["PATH"] = SYSTEM_PATH
        env["FORCE_UNSAFE_CONFIGURE"] = "1"
        env |= RUST_QUICKLY
        command = [
            *prefix,
            "make",
            "-C",
            BUILDROOT,
            f"O={self.directory}",
            f"BR2_EXTERNAL={':'.join(map(str, self.external))}",
            *goals,
        ]
        done = subprocess.run(
            command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        with (self.directory.parent / f"{self.directory.name}.log").open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(goals)}\n{done.stdout}")
        return done

    def made(self, *goals: str, prefix: tuple[str, ...] = ()) -> str:
        done = self.make(*goals, prefix=prefix)
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def variables(self) -> list[str]:
        """Return what crosspy is told in a build, as words for env."""
        said = self.made("-s", "--no-print-directory", "printvars", "VARS=PKG_CROSSPY_ENV SOURCE_DATE_EPOCH")
        env, epoch = [line.partition("=")[2] for line in said.splitlines() if "=" in line]
        quickly = [f"{name}={value}" for name, value in RUST_QUICKLY.items()]
        return ["env", *shlex.split(env), *quickly, f"SOURCE_DATE_EPOCH={epoch}"]

    @property
    def last(self) -> Path:
        """The directory of the list that is installed."""
        (stamp,) = self.directory.glob("build/python-crosspy-????????????/.stamp_target_installed")
        return stamp.parent

    def wheels(self) -> dict[str, str]:
        return {path.name: digest(path) for path in sorted((self.last / "wheels").iterdir())}

    @property
    def site(self) -> Path:
        (directory,) = self.target.glob("usr/lib/python3.*/site-packages")
        return directory

    def run(self, *words: str, package: str = "") -> str:
        """Run Python in the target, or, before it is finalised, in a package's own with per-package directories."""
        own = self.directory / "per-package" / package / "target"
        root = own if package and own.is_dir() else self.target
        command = ["qemu-arm-static", "-L", str(root), str(root / "usr/bin/python3"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def installed(self) -> set[str]:
        return {path.name.partition("-")[0].lower() for path in self.site.glob("*.dist-info")}

    def digests(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.site)): digest(path)
            for path in sorted(self.site.rglob("*"))
            if path.is_file()
        }


@pytest.fixture(scope="module")
def output() -> Iterator[Output]:
    output = Output(OUTPUT)
    subprocess.run([HERE / "prepare-toolchain", "arm-linux-gnueabihf", output.toolchain], check=True)
    output.configure(f'{OPTION}="{LIST}"')
    yield output
    if (own := OUTPUT.parent / "own.toml").exists():
        own.unlink()


def test_a_list_lands_in_the_image(output):
    output.made()
    assert output.installed() >= {"markupsafe", "pyyaml", "cffi", "jinja2", "pygments", "pycparser"}
    assert output.run("-c", IMPORTS) == "42\n"
    script = output.target / "usr/bin/pygmentize"
    assert script.read_text().startswith("#!/usr/bin/python3\n")
    assert "Pygments" in output.run(str(script), "-V")
    report = json.loads((output.directory / "images/crosspy-verify.json").read_text())
    assert report["images"][0]["target"]["machine"] == "arm"
    assert report["images"][0]["findings"] == []


def test_source_is_complete_and_what_is_built_offline_is_the_same(output):
    output.made("python-crosspy-all-source")
    output.made()
    before = output.digests()
    shutil.rmtree(output.directory / "build/crosspy-wheels")
    output.made("python-crosspy-dirclean")
    said = output.made(prefix=OFFLINE)
    assert re.search("Building wheels for collected packages: .*markupsafe", said), "it is built, not found"
    assert output.digests() == before


def test_what_takes_long_lands_there_too_without_network(output):
    output.configure(f'{OPTION}="{LONG_LIST}"', *LIBRARIES)
    output.made("python-crosspy-all-source")
    output.made(prefix=OFFLINE)
    assert output.installed() >= {
        "numpy",
        "pandas",
        "pydantic_core",
        "lxml",
        "pyzmq",
        "cffi",
        "pyyaml",
        "idna",
    }
    assert output.run("-c", USES).splitlines() == [
        "True", "[1.0, 1.0] 8", "{'a': 4, 'b': 6}", "made", "42", "sent",
    ]  # fmt: skip
    assert output.run("-c", IMPORTS.partition(", jinja2")[0]) == ""
    linked = {
        need
        for path in output.site.rglob("*.so")
        for need in re.findall(rb"lib(?:zmq|xslt|yaml|ffi)-?[0-9.]*\.so\.\d+", path.read_bytes())
    }
    assert len(linked) == 4, "they are linked with Buildroot's libraries"
    report = json.loads((output.directory / "images/crosspy-verify.json").read_text())
    assert report["images"][0]["findings"] == []


def test_a_changed_list(output):
    output.configure(f'{OPTION}="{LIST}"')
    output.made("python-crosspy")
    output.configure(f'{OPTION}="markupsafe cffi jinja2 pygments idna"')
    output.made("python-crosspy-dirclean")  # of an earlier run
    said = output.made()
    assert output.installed() >= {"markupsafe", "cffi", "idna"}
    assert not {"pyyaml"} & output.installed()
    assert not (output.site / "yaml").exists()
    assert not list(output.site.glob("_yaml*"))
    assert "Using cached markupsafe" in said
    assert "Building wheels" not in said, "nothing is compiled again"
    output.configure(f'{OPTION}="{LIST}"')
    output.made()
    assert "pyyaml" in output.installed(), "a list that comes back is installed again"
    assert "idna" not in output.installed()


def test_a_lock_goes_to_an_image_without_network(output, tmp_path):
    """What `make lock-proof` does by the command line, and to the same bytes."""
    proof = runpy.run_path(str(ROOT / "scripts/prove_lock.py"))
    wanted, lock = tmp_path / "requirements.txt", tmp_path / "pylock.toml"
    rust = "BR2_PACKAGE_PYTHON_CROSSPY_RUST=y"

    def take(text: str) -> None:
        """Resolve it, and go on with the lock that this makes."""
        wanted.write_text(text)
        output.configure(f'{OPTION}="{wanted}"', rust)
        output.made("python-crosspy-source")
        made = output.lock_of("wrapt", "rpds-py")
        shutil.copy(made, lock)
        shutil.copy(made.with_name(f"{made.stem}-build.toml"), tmp_path / "pylock.build.toml")
        output.configure(f'{OPTION}="{lock}"', rust)
        output.made("python-crosspy-all-source")

    text = (ROOT / "requirements/lock-proof.txt").read_text()
    take(text)
    output.made(prefix=OFFLINE)
    modules = [name for name in proof["MODULES"].split() if name not in NEED_SSL]
    output.run("-c", proof["IMPORT"], str(output.site), *modules)
    report = json.loads((output.directory / "images/crosspy-verify.json").read_text())
    assert report["images"][0]["findings"] == []
    first = output.wheels()
    assert len(first) >= 40
    assert sum("linux_armv7l" in name for name in first) >= 10

    command = [*OFFLINE, *output.variables(), str(CROSSPY)]
    staging, python = output.directory / "staging", output.directory / "host/bin/python3"
    words = ["create", "env", "--sysroot", str(staging.resolve()), "--build-python", str(python)]
    subprocess.run([*command, *words], check=True, cwd=tmp_path)
    words = ["wheel", "env", "-w", "wheels", "--lock", str(lock), "--no-index", "--no-cache"]
    words += ["-f", str(output.last / "sources")]  # with its crates unpacked
    subprocess.run([*command, *words], check=True, cwd=tmp_path)
    assert {path.name: digest(path) for path in (tmp_path / "wheels").iterdir()} == first

    packages = tomllib.loads(lock.read_text())["packages"]
    output.made("legal-info-prepare", *(f"python-crosspy-{one['name']}-legal-info" for one in packages))
    manifest = (output.directory / "legal-info/manifest.csv").read_text()
    command = [CROSSPY, "sbom", output.target, "--lock", lock, "--format", "cyclonedx"]
    bill = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    named = {(one["name"].lower().replace("_", "-"), one["version"]) for one in bill["components"]}
    for one in packages:
        assert f'"python-crosspy-{one["name"]}","{one["version"]}"' in manifest
        assert (one["name"], one["version"]) in named

    old, new = proof["CHANGED"]
    assert old in text
    take(text.replace(old, new))
    said = output.made(prefix=OFFLINE)
    assert set(re.findall(r"Building wheel for (\S+)", said)) == {"wrapt"}
    assert len(output.wheels().items() ^ first.items()) == 2, "the others are the same bytes"


def test_one_as_a_crosspy_package(output):
    output.configure(f'{OPTION}="{LIST}"', "BR2_PACKAGE_PYTHON_CEXT=y")
    output.made("python-cext")
    assert (
        output.run("-c", "import cext._native; print(cext._native.__file__)", package="python-cext")
        .strip()
        .endswith("arm-linux-gnueabihf.so")
    )


def test_another_in_cxx(output):
    output.configure(f'{OPTION}="{LIST}"', "BR2_PACKAGE_PYTHON_CXXEXT=y")
    output.made("python-cxxext-dirclean", "python-cxxext")
    assert output.run("-c", "import cxxext; print(cxxext.answer())", package="python-cxxext") == "C++\n"


def test_one_by_meson_python(output):
    output.configure(f'{OPTION}="{LIST}"', "BR2_PACKAGE_PYTHON_MESONIC=y")
    output.made("python-mesonic-dirclean", "python-mesonic")
    said = output.run("-c", "import mesonic; print(mesonic.facts, mesonic.pointer)", package="python-mesonic")
    assert said == "arm little 4\n"


def test_one_in_rust_as_crosspy_recipe_writes_it(output, tmp_path):
    (tmp_path / "external.desc").write_text("name: RECIPES\n")
    (tmp_path / "external.mk").write_text(
        "include $(sort $(wildcard $(BR2_EXTERNAL_RECIPES_PATH)/package/*/*.mk))\n"
    )
    (tmp_path / "Config.in").write_text(
        'source "$BR2_EXTERNAL_RECIPES_PATH/package/python-fastuuid/Config.in"\n'
    )
    command = [CROSSPY, "recipe", "--buildroot", "fastuuid"]
    subprocess.run([*command, "-d", tmp_path / "package"], check=True)
    output.external.append(tmp_path)
    try:
        output.configure(f'{OPTION}="{LIST}"', "BR2_PACKAGE_PYTHON_FASTUUID=y")
        output.made("python-fastuuid-dirclean", "python-fastuuid")
    finally:
        output.external.remove(tmp_path)
    program = (
        "import fastuuid, uuid; dns = fastuuid.UUID(str(uuid.NAMESPACE_DNS)); "
        "print(str(fastuuid.uuid5(dns, b'x')) == str(uuid.uuid5(uuid.NAMESPACE_DNS, 'x')))"
    )
    assert output.run("-c", program, package="python-fastuuid") == "True\n"


def test_a_wrong_file_in_an_overlay(output, tmp_path):
    wrong = tmp_path / "overlay" / output.site.relative_to(output.target) / "wrong.so"
    wrong.parent.mkdir(parents=True)
    shutil.copy(_ctypes.__file__, wrong)
    output.configure(f'{OPTION}="{LIST}"', f'BR2_ROOTFS_OVERLAY="{tmp_path / "overlay"}"')
    try:
        done = output.make()
    finally:
        (output.site / wrong.name).unlink(missing_ok=True)  # what is in TARGET_DIR stays there
    assert done.returncode != 0
    assert re.search(r"XP\d+.*wrong\.so|wrong\.so.*XP\d+", done.stdout), done.stdout[-3000:]
    assert "crosspy-verify.json" in done.stdout
    report = json.loads((output.directory / "images/crosspy-verify.json").read_text())
    assert {one["path"] for one in report["images"][0]["findings"]} == {
        f"/{wrong.relative_to(tmp_path / 'overlay')}"
    }


def test_licences_and_versions(output):
    output.made(
        "legal-info-prepare", "python-crosspy-markupsafe-legal-info", "python-crosspy-jinja2-legal-info"
    )
    manifest = (output.directory / "legal-info/manifest.csv").read_text()
    assert '"python-crosspy-markupsafe","3.0' in manifest
    assert '"BSD-3-Clause"' in manifest
    info = json.loads(output.made("-s", "--no-print-directory", "show-info"))
    assert info["python-crosspy-jinja2"]["version"].startswith("3.")


def test_an_sdk_that_was_moved(output, tmp_path):
    output.configure(f'{OPTION}="{LIST}"')
    output.made("sdk")
    (archive,) = (output.directory / "images").glob("*_sdk-buildroot.tar.gz")
    subprocess.run(["tar", "-xf", archive, "-C", tmp_path], check=True)
    (sdk,) = tmp_path.glob("*_sdk-buildroot")
    subprocess.run([sdk / "relocate-sdk.sh"], check=True, stdout=subprocess.DEVNULL)
    env, wheels = tmp_path / "env", tmp_path / "wheels"
    # Nothing of the place where it was made is there any more.
    script = (
        f"mount -t tmpfs none {output.directory} && {CROSSPY} create {env} --sdk {sdk} && "
        f"{CROSSPY} wheel {env} -w {wheels} {ROOT / 'tests/packages/c-extension'}"
    )
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", script]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    (made,) = wheels.glob("cext-1.0-*.whl")
    subprocess.run(["unzip", "-q", made, "-d", tmp_path / "site"], check=True)
    program = f"import sys; sys.path.insert(0, '{tmp_path}/site'); import cext._native; print(cext.__file__)"
    assert output.run("-c", program) == f"{tmp_path}/site/cext/__init__.py\n"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((f'{OPTION}="nosuchproject-crosspy==1"',), ("nosuchproject-crosspy", OPTION)),
        ((f'{OPTION}="absent.txt"',), ("absent.txt", OPTION)),
        ((f'{OPTION}=""',), (OPTION,)),
    ],
)
def test_bad_lists(output, lines, said):
    output.configure(*lines)
    done = output.make("python-crosspy-source")
    assert done.returncode != 0
    assert all(word in done.stdout for word in said), done.stdout[-3000:]
    assert "Traceback" not in done.stdout


def test_a_wrong_hash(output):
    made = output.lock_of(*LIST.split())
    lock = OUTPUT.parent / "pylock.toml"
    text = made.read_text()
    digest = text.split('sha256 = "')[1][:64]
    lock.write_text(text.replace(digest, "0" * 64, 1))
    shutil.copy(made.with_name(f"{made.stem}-build.toml"), lock.with_name("pylock.build.toml"))
    output.configure(f'{OPTION}="{lock}"')
    name = text.split('name = "')[1].split('"')[0]
    output.made(f"python-crosspy-{name}-dirclean")  # what was downloaded and looked at is not looked at again
    done = output.make(f"python-crosspy-{name}-source")
    assert done.returncode != 0
    assert "wrong sha256 hash" in done.stdout
    assert OPTION in done.stdout


def test_a_build_requirement_that_is_missing_offline(output):
    made = output.lock_of(*LIST.split())
    lock = OUTPUT.parent / "pylock.toml"
    shutil.copy(made, lock)
    packages = made.with_name(f"{made.stem}-build.toml").read_text().split("[[packages]]")
    kept = [one for one in packages if 'name = "setuptools"' not in one]
    assert len(kept) < len(packages)
    lock.with_name("pylock.build.toml").write_text("[[packages]]".join(kept))
    output.configure(f'{OPTION}="{lock}"')
    done = output.make("python-crosspy")
    assert done.returncode != 0
    assert "setuptools" in done.stdout[-3000:]
    assert OPTION in done.stdout[-3000:]
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(("goal", "more"), [("python-cxxext", "PYTHON_CXXEXT"), ("python-crosspy", OPTION)])
def test_a_toolchain_without_cxx(output, goal, more):
    enabled = ["BR2_PACKAGE_PYTHON_CXXEXT=y"] if goal == "python-cxxext" else []  # a list is built behind it
    output.configure(f'{OPTION}="kiwisolver"', *enabled)
    output.made(f"{goal}-dirclean", f"{goal}-source")
    # What Buildroot's configuration says of such a toolchain, from which its makefiles make CXX=no.
    done = output.make("BR2_INSTALL_LIBSTDCPP=", goal)
    assert done.returncode != 0
    said = done.stdout[-5000:]
    assert "has no C++ compiler" in said
    assert "BR2_TOOLCHAIN_EXTERNAL_CXX" in said
    assert "Traceback" not in said
    if goal == "python-crosspy":
        assert more in said


def test_check_package():
    files = subprocess.run(
        ["git", "ls-files", "--", TREE, HERE / "packages"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    command = ["utils/check-package", "-b", f"--ignore-list={TREE / '.checkpackageignore'}"]
    done = subprocess.run(
        [*command, *(str(ROOT / file) for file in files)],
        cwd=BUILDROOT,
        env={"PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "0 warnings generated" in done.stderr, done.stdout + done.stderr
