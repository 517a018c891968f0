"""Rust: setuptools-rust, maturin and PyO3 for real targets; crates once from the registry, then from a directory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import TargetBed, find_bed, run  # tests/integration/conftest.py

PACKAGES = Path(__file__).parent.parent / "packages"

RUST_NAMES = {
    # target: (std::env::consts::ARCH, the triple of its standard library)
    "amd64": ("x86_64", "x86_64-unknown-linux-gnu"),
    "arm64": ("aarch64", "aarch64-unknown-linux-gnu"),
    "arm64-3.14": ("aarch64", "aarch64-unknown-linux-gnu"),
    "armhf": ("arm", "armv7-unknown-linux-gnueabihf"),
    "riscv64": ("riscv64", "riscv64gc-unknown-linux-gnu"),
    "i386": ("x86", "i686-unknown-linux-gnu"),
    "ppc64el": ("powerpc64", "powerpc64le-unknown-linux-gnu"),
    "s390x": ("s390x", "s390x-unknown-linux-gnu"),
}


@pytest.fixture(scope="session")
def rust() -> Path:
    """The toolchain of ``make rust``."""
    named = os.environ.get("CROSSPY_RUST")
    if named is None:
        pytest.skip("no Rust toolchain: CROSSPY_RUST is not set (make test sets it)")
    if not Path(named, "usr", "bin", "rustc").exists():
        pytest.fail(f"CROSSPY_RUST is set, but there is no toolchain in {named}", pytrace=False)
    return Path(named).absolute()


@pytest.fixture(scope="session")
def rust_environ(rust, pip_environ):
    return {**pip_environ, "PATH": f"{rust}/usr/bin{os.pathsep}{os.environ['PATH']}"}


def has_std(rust: Path, bed: TargetBed) -> bool:
    return bed.name in RUST_NAMES and (rust / "usr/lib/rustlib" / RUST_NAMES[bed.name][1]).is_dir()


def unpacked(wheel: Path, directory: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    return directory


def only_wheel(directory: Path) -> Path:
    (wheel,) = directory.glob("*.whl")
    return wheel


def on_target(bed: TargetBed, library: Path, program: str) -> str:
    return bed.run_target(
        "-c", program, env={"PYTHONPATH": str(library), "PYTHONDONTWRITEBYTECODE": "1"}
    ).stdout.strip()


def test_an_extension_of_setuptools_rust_runs_on_the_target(
    rust, bed, crossenv, crosspy, rust_environ, tmp_path
):
    if bed.name not in {"arm64", "armhf", "riscv64"} and not has_std(rust, bed):
        pytest.skip(f"no standard library of Rust for {bed.name} in {rust}: make rust-{bed.name}")
    crosspy("wheel", crossenv.root, "-w", tmp_path / "w", PACKAGES / "rust-extension", env=rust_environ)
    library = unpacked(only_wheel(tmp_path / "w"), tmp_path / "lib")
    machine = crossenv.target.machine
    facts = on_target(bed, library, "import rustic; print(rustic.facts)")
    assert facts == (
        f"{RUST_NAMES[bed.name][0]} {machine.byteorder} {machine.bits} by {os.uname().machine}, 42"
    )
    (module,) = library.glob("rustic/*.so")
    assert module.name == "_native" + crossenv.target.python.ext_suffix
    content = module.read_bytes()
    home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    for directory in (str(tmp_path), "/tmp/pip-", "crosspy-wheel-", home, str(rust), str(bed.sysroot)):
        assert directory.encode() not in content, directory


@pytest.fixture(scope="session")
def maturin_environ(rust_environ, tmp_path_factory):
    """With one directory for what cargo makes: procedural macros are compiled once for all targets."""
    return {**rust_environ, "CARGO_TARGET_DIR": str(tmp_path_factory.mktemp("cargo-target"))}


@pytest.mark.parametrize(
    ("name", "options", "tag"),
    [("arm64", [], "cp311-cp311"), ("armhf", ["-Cbuild-args=--features abi3"], "cp311-abi3")],
)
def test_a_pyo3_extension_of_maturin_runs_on_the_target(
    rust, make_crossenv, crosspy, maturin_environ, tmp_path, name, options, tag
):
    bed = find_bed(name)
    env = make_crossenv(bed)
    crosspy(
        "wheel", env.root, "-w", tmp_path / "w", PACKAGES / "maturin-extension", *options, env=maturin_environ
    )
    wheel = only_wheel(tmp_path / "w")
    machine = {"arm64": "aarch64", "armhf": "armv7l"}[name]
    assert wheel.name == f"maturic-1.0-{tag}-linux_{machine}.whl"
    library = unpacked(wheel, tmp_path / "lib")
    suffix = ".abi3.so" if options else env.target.python.ext_suffix
    assert [path.name for path in library.glob("maturic/*.so")] == [f"maturic{suffix}"]
    assert on_target(bed, library, "import maturic; print(maturic.facts())") == f"{RUST_NAMES[name][0]} true"


def test_a_rustc_without_the_targets_standard_library_says_so_at_once(
    rust, arm64, crosspy, rust_environ, tmp_path
):
    env = tmp_path / "env"
    crosspy(
        "create", env, "--sysroot", arm64.sysroot, "--build-python", arm64.build_python,
        "--rust-target", "aarch64-unknown-linux-musl",
    )  # fmt: skip
    done = crosspy(
        "wheel", env, "-w", tmp_path / "w", PACKAGES / "rust-extension", env=rust_environ, check=False
    )
    assert done.returncode == 8
    assert "cannot make code for aarch64-unknown-linux-musl" in done.stderr
    assert "rustup target add aarch64-unknown-linux-musl" in done.stderr
    assert "aarch64-unknown-linux-gnu" in done.stderr  # one that it has
    assert "Compiling" not in done.stderr


@pytest.fixture(scope="module")
def sdists(rust_environ, tmp_path_factory) -> Path:
    """Build requirements, for builds without network."""
    directory = tmp_path_factory.mktemp("links")
    run(
        [sys.executable, "-m", "pip", "download", "-q", "-d", directory, "setuptools", "setuptools-rust"],
        env=rust_environ,
    )
    return directory


def without_network(*words: str | Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run crosspy where there is no network interface but lo, and that is down."""
    return run(
        ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-m", "crosspy", *words],
        env=env,
        check=False,
    )


def test_crates_come_once_from_the_registry_and_then_from_a_directory(
    arm64_env, crosspy, rust_environ, sdists, tmp_path
):
    elsewhere = shutil.copytree(PACKAGES / "rust-extension", tmp_path / "else where" / "project")
    crates = tmp_path / "the crates"
    done = crosspy("crates", elsewhere, "-d", crates, env=rust_environ)
    assert [line.rpartition("-")[0] for line in done.stdout.split()] == ["itoa"]
    crosspy("wheel", arm64_env.root, "-w", tmp_path / "online", PACKAGES / "rust-extension", env=rust_environ)
    offline = {
        **rust_environ,
        "CARGO_HOME": str(tmp_path / "empty"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    common = ("wheel", arm64_env.root, "--no-index", "--find-links", sdists)
    done = without_network(*common, "-w", tmp_path / "offline", "--crates", crates, elsewhere, env=offline)
    assert done.returncode == 0, done.stderr
    one, other = only_wheel(tmp_path / "online"), only_wheel(tmp_path / "offline")
    # Another directory of the project, another cargo home, another source of crates: the same bytes.
    assert one.read_bytes() == other.read_bytes()
    done = without_network(*common, "-w", tmp_path / "none", elsewhere, env=offline)
    assert done.returncode == 8
    assert "crosspy crates SDIST" in done.stderr


def test_a_stale_cargo_lock_is_an_error(crosspy, rust_environ, tmp_path):
    project = shutil.copytree(PACKAGES / "rust-extension", tmp_path / "project")
    manifest = project / "Cargo.toml"
    manifest.write_text(manifest.read_text().replace('itoa = "1"', 'itoa = "1"\ncfg-if = "1"'))
    done = crosspy("crates", project, "-d", tmp_path / "crates", env=rust_environ, check=False)
    assert done.returncode == 8
    assert "stale: it does not name cfg-if 1." in done.stderr
    assert list((tmp_path / "crates").iterdir()) == []


def test_one_triple_for_both_machines(rust, crosspy, rust_environ, tmp_path):
    """A target of the build machine's kind, with a newer C library: build scripts are still the build machine's."""
    base = Path(os.environ["CROSSPY_SYSROOTS"]).absolute() / "build-3.13"
    python = base / "usr/bin/python3.13"
    crosspy("create", tmp_path / "env", "--sysroot", base, "--build-python", python, "--cc", "gcc")
    crosspy("wheel", tmp_path / "env", "-w", tmp_path / "w", PACKAGES / "rust-extension", env=rust_environ)
    library = unpacked(only_wheel(tmp_path / "w"), tmp_path / "lib")
    done = run([python, "-c", "import rustic; print(rustic.facts)"], env={"PYTHONPATH": str(library)})
    assert done.stdout.strip() == "x86_64 little 64 by x86_64, 42"


BESIDE = {
    "lib/Cargo.toml": '[package]\nname = "lib"\nversion = "0.1.0"\nedition = "2021"\n',
    "lib/src/lib.rs": '#[inline(never)] pub fn f(x: &str) -> String { if x.len() > 3 { panic!("long") } format!("{x}!") }\n',
    "own/Cargo.toml": '[package]\nname = "own"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n[lib]\ncrate-type = ["cdylib"]\n'
    '[dependencies]\nlib = { path = "../lib" }\n',
    "own/src/lib.rs": '#[no_mangle] pub extern "C" fn g(n: usize) -> usize { lib::f(&"x".repeat(n)).len() }\n',
}


def test_a_crate_beside_its_workspace_is_the_same_wherever_it_lies(
    rust, bed, crossenv, rust_environ, tmp_path
):
    """As tokenizers has it: cargo's names of such a crate, and of what depends on it, have its path in them."""
    if not has_std(rust, bed):
        pytest.skip(f"the Rust toolchain has no standard library for {bed.name}")
    triple = RUST_NAMES[bed.name][1]
    made = []
    for place in ("first+one", "another place"):
        project = tmp_path / place
        for name, text in BESIDE.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text, encoding="utf-8")
        environ = {
            **rust_environ,
            "RUSTC": str(crossenv.root / "crosspy" / "tools" / "rustc"),
            "CROSSPY_SOURCE": str(project),
            "CROSSPY_RUST_MAPS": f"{project}=.",
            f"CARGO_TARGET_{triple.upper().replace('-', '_')}_LINKER": f"{bed.triplet}-gcc",
        }
        cargo = ["cargo", "build", "--quiet", "--release", "--offline", "--target", triple]
        run(cargo, env=environ, cwd=project / "own")
        made.append((project / "own" / "target" / triple / "release" / "libown.so").read_bytes())
    assert made[0] == made[1]
