"""Rust's names of targets, what cargo is told of them, and the launcher of rustc."""

from __future__ import annotations

import os
import subprocess

import pytest
from sample_targets import make_target, make_toolchain

from crosspy.errors import UsageError
from crosspy.model import machine as machines
from crosspy.model.target import Libc
from crosspy.toolfiles.rust import checked_name, rust_launchers, rust_triple, rust_variables

# rustc 1.96 --print target-list: Linux with a GNU, musl or uClibc userland, as far as crosspy has a row for it.
KNOWN = frozenset(
    [
        "aarch64-unknown-linux-gnu",
        "aarch64-unknown-linux-musl",
        "aarch64_be-unknown-linux-gnu",
        "aarch64_be-unknown-linux-musl",
        "arm-unknown-linux-gnueabi",
        "arm-unknown-linux-gnueabihf",
        "arm-unknown-linux-musleabi",
        "arm-unknown-linux-musleabihf",
        "armeb-unknown-linux-gnueabi",
        "armv4t-unknown-linux-gnueabi",
        "armv5te-unknown-linux-gnueabi",
        "armv5te-unknown-linux-musleabi",
        "armv5te-unknown-linux-uclibceabi",
        "armv7-unknown-linux-gnueabi",
        "armv7-unknown-linux-gnueabihf",
        "armv7-unknown-linux-musleabi",
        "armv7-unknown-linux-musleabihf",
        "armv7-unknown-linux-uclibceabi",
        "armv7-unknown-linux-uclibceabihf",
        "i586-unknown-linux-gnu",
        "i586-unknown-linux-musl",
        "i686-unknown-linux-gnu",
        "i686-unknown-linux-musl",
        "loongarch64-unknown-linux-gnu",
        "loongarch64-unknown-linux-musl",
        "m68k-unknown-linux-gnu",
        "mips-unknown-linux-gnu",
        "mips-unknown-linux-musl",
        "mips-unknown-linux-uclibc",
        "mips64-unknown-linux-gnuabi64",
        "mips64-unknown-linux-muslabi64",
        "mips64el-unknown-linux-gnuabi64",
        "mips64el-unknown-linux-muslabi64",
        "mipsel-unknown-linux-gnu",
        "mipsel-unknown-linux-musl",
        "mipsel-unknown-linux-uclibc",
        "mipsisa32r6-unknown-linux-gnu",
        "mipsisa32r6el-unknown-linux-gnu",
        "mipsisa64r6-unknown-linux-gnuabi64",
        "mipsisa64r6el-unknown-linux-gnuabi64",
        "powerpc-unknown-linux-gnu",
        "powerpc-unknown-linux-gnuspe",
        "powerpc-unknown-linux-musl",
        "powerpc-unknown-linux-muslspe",
        "powerpc64-unknown-linux-gnu",
        "powerpc64-unknown-linux-musl",
        "powerpc64le-unknown-linux-gnu",
        "powerpc64le-unknown-linux-musl",
        "riscv32gc-unknown-linux-gnu",
        "riscv32gc-unknown-linux-musl",
        "riscv64gc-unknown-linux-gnu",
        "riscv64gc-unknown-linux-musl",
        "s390x-unknown-linux-gnu",
        "s390x-unknown-linux-musl",
        "sparc64-unknown-linux-gnu",
        "x86_64-unknown-linux-gnu",
        "x86_64-unknown-linux-gnux32",
        "x86_64-unknown-linux-musl",
    ]
)

GLIBC, MUSL, UCLIBC = (Libc(kind=kind) for kind in ("glibc", "musl", "uclibc"))


def on(machine: str, triplet: str = "", **changes):
    """Return a target of a machine that has no fixture."""
    row = machines.by_name(machine)
    values = {
        "machine": row,
        "uname": row.uname,
        "triplet": triplet or f"{machine}-unknown-linux-gnu",
        "libc": GLIBC,
    }
    return make_target("aarch64", **(values | changes))


HARD, SOFT = {"abi": {"float": "hard"}}, {"abi": {"float": "soft"}}


@pytest.mark.parametrize(
    ("target", "triple"),
    [
        (on("aarch64"), "aarch64-unknown-linux-gnu"),
        (on("aarch64", libc=MUSL), "aarch64-unknown-linux-musl"),
        (on("aarch64_be"), "aarch64_be-unknown-linux-gnu"),
        (on("arm", **HARD), "armv7-unknown-linux-gnueabihf"),
        (on("arm", uname="armv8l", **HARD), "armv7-unknown-linux-gnueabihf"),
        (on("arm", uname="armv6l", **HARD), "arm-unknown-linux-gnueabihf"),
        (on("arm", libc=MUSL, **HARD), "armv7-unknown-linux-musleabihf"),
        (on("arm", libc=UCLIBC, **HARD), "armv7-unknown-linux-uclibceabihf"),
        (on("arm", uname="armv7l", **SOFT), "armv7-unknown-linux-gnueabi"),
        (on("arm", uname="armv6l", **SOFT), "arm-unknown-linux-gnueabi"),
        (on("arm", uname="armv5tel", **SOFT), "armv5te-unknown-linux-gnueabi"),
        (on("arm", uname="armv5tejl", libc=UCLIBC, **SOFT), "armv5te-unknown-linux-uclibceabi"),
        (on("arm", uname="armv4tl", **SOFT), "armv4t-unknown-linux-gnueabi"),
        (on("armeb", **SOFT), "armeb-unknown-linux-gnueabi"),
        (on("i686", "i686-pc-linux-gnu"), "i686-unknown-linux-gnu"),
        # Debian calls every 32-bit PC i386: it says nothing of the processor.
        (on("i686", "i386-linux-gnu"), "i686-unknown-linux-gnu"),
        (on("i686", "i586-poky-linux"), "i586-unknown-linux-gnu"),
        (on("i686", "i686-pc-linux-musl", uname="i586", libc=MUSL), "i586-unknown-linux-musl"),
        (on("x86_64"), "x86_64-unknown-linux-gnu"),
        (on("x86_64", libc=MUSL), "x86_64-unknown-linux-musl"),
        (on("x32"), "x86_64-unknown-linux-gnux32"),
        (on("riscv32"), "riscv32gc-unknown-linux-gnu"),
        (on("riscv64", libc=MUSL), "riscv64gc-unknown-linux-musl"),
        (on("ppc"), "powerpc-unknown-linux-gnu"),
        (on("ppc", "powerpc-poky-linux-gnuspe"), "powerpc-unknown-linux-gnuspe"),
        (on("ppc64"), "powerpc64-unknown-linux-gnu"),
        (on("ppc64le", libc=MUSL), "powerpc64le-unknown-linux-musl"),
        (on("mips"), "mips-unknown-linux-gnu"),
        (on("mipsel", libc=UCLIBC), "mipsel-unknown-linux-uclibc"),
        (on("mips", "mipsisa32r6-poky-linux"), "mipsisa32r6-unknown-linux-gnu"),
        (on("mipsel", e_flags=0x90001000), "mipsisa32r6el-unknown-linux-gnu"),
        (on("mips64", libc=MUSL), "mips64-unknown-linux-muslabi64"),
        (on("mips64el"), "mips64el-unknown-linux-gnuabi64"),
        (on("mips64el", "mipsisa64r6el-linux-gnuabi64"), "mipsisa64r6el-unknown-linux-gnuabi64"),
        (on("s390x"), "s390x-unknown-linux-gnu"),
        (on("loongarch64"), "loongarch64-unknown-linux-gnu"),
        (on("sparc64"), "sparc64-unknown-linux-gnu"),
        (on("m68k"), "m68k-unknown-linux-gnu"),
    ],
)  # fmt: skip
def test_rusts_name_of_a_target_is_one_that_rustc_knows(target, triple):
    assert rust_triple(target) == triple
    assert triple in KNOWN


@pytest.mark.parametrize(
    ("target", "triple"),
    [
        (on("mipsn32"), "mips64-unknown-linux-gnuabin32"),
        (on("sh4"), "sh4-unknown-linux-gnu"),
        (on("aarch64", libc=UCLIBC), "aarch64-unknown-linux-uclibc"),
    ],
)
def test_a_target_without_rust_is_given_no_other_ones_name(target, triple):
    assert rust_triple(target) == triple
    assert triple not in KNOWN


def test_cargo_is_told_of_the_target():
    found = rust_variables(make_target("armhf", sysroot="/opt/my sysroot"))
    lower = "armv7_unknown_linux_gnueabihf"
    assert found["CARGO_BUILD_TARGET"] == "armv7-unknown-linux-gnueabihf"
    assert found[f"CARGO_TARGET_{lower.upper()}_LINKER"] == found[f"CC_{lower}"] == "arm-linux-gnueabihf-gcc"
    assert found[f"BINDGEN_EXTRA_CLANG_ARGS_{lower}"] == "--sysroot='/opt/my sysroot'"
    assert found["HOST_CFLAGS"] == ""


def test_an_asked_name_is_the_name_of_everything():
    found = rust_variables(make_target(), "/etc/rust/aarch64-poky-linux-gnu.json")
    assert found["CARGO_BUILD_TARGET"] == "/etc/rust/aarch64-poky-linux-gnu.json"
    assert {"CARGO_TARGET_AARCH64_POKY_LINUX_GNU_LINKER", "CC_aarch64_poky_linux_gnu"} <= found.keys()
    assert not any("unknown" in name.lower() for name in found)


def test_a_free_threaded_target_is_named_so():
    found = rust_variables(make_target(version="3.13", python={"abiflags": "t"}))
    assert found["PYO3_CROSS_PYTHON_VERSION"] == "3.13t"
    assert found["PYO3_CROSS_LIB_DIR"] == "{ROOT}/crosspy/pyo3/lib/python3.13t"


@pytest.mark.parametrize(
    ("asked", "spec"),
    [
        ("aarch64-poky-linux-gnu", ""),
        ("aarch64-unknown-linux-musl", ""),
        ("/x/aarch64-poky-linux-gnu.json", '{"target-pointer-width": "64"}'),
        ("/x/aarch64-poky-linux-gnu.json", '{"target-pointer-width": 64}'),
    ],
)
def test_an_asked_name_that_fits(asked, spec):
    assert checked_name(asked, spec, make_target(), origin="--rust-target") == asked


@pytest.mark.parametrize(
    ("asked", "spec", "message"),
    [
        (
            "x86_64-unknown-linux-gnu",
            "",
            "CARGO_BUILD_TARGET x86_64-unknown-linux-gnu is for x86_64, the target is aarch64",
        ),
        ("armv7-unknown-linux-gnueabihf", "", "is for arm, the target is aarch64"),
        ("aarch64", "", "neither a triple nor a .json file"),
        ("--help", "", "neither a triple nor a .json file"),
        ("a b-c", "", "neither a triple nor a .json file"),
        ("/x/t.json", '{"target-pointer-width": "32"}', "is for a 32-bit machine"),
        ("/x/t.json", "{}", "not a target specification"),
        ("/x/t.json", "[", "not a target specification"),
        ("/x/t.json", "[1]", "not a target specification"),
        ("/x/t.json", '{"target-pointer-width": "wide"}', "not a target specification"),
    ],
)
def test_an_asked_name_that_does_not_fit(asked, spec, message):
    with pytest.raises(UsageError) as caught:
        checked_name(asked, spec, make_target(), origin="CARGO_BUILD_TARGET")
    assert message in caught.value.message
    assert caught.value.hint


# The launcher of rustc.


@pytest.fixture
def rustc(tmp_path):
    """Return a function that runs the launcher, and gives the words that rustc gets."""
    tools, real = tmp_path / "tools", tmp_path / "real dir"
    tools.mkdir()
    real.mkdir()
    (tools / "rustc").write_text(rust_launchers(make_target(), ("lib",))["rustc"])
    (real / "rustc").write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    for path in (tools / "rustc", real / "rustc"):
        path.chmod(0o755)

    def call(*words, **env):
        path = {"PATH": f"{tools}:{real}:{os.environ['PATH']}", "CROSSPY_SOURCE": "/src/p"}
        done = subprocess.run(
            [tools / "rustc", *words], env=path | env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return call


def test_questions_are_passed_on(rustc):
    assert rustc("-vV") == ["-vV"]
    probe = ["-", "--crate-name", "___", "--print=cfg", "--target", "x"]
    assert rustc(*probe, LDFLAGS="-s", CROSSPY_RUST_MAPS="/a=/b") == probe


@pytest.mark.parametrize(
    "flag", [["-Ctarget-cpu=native"], ["-C", "target-cpu=native"], ["--codegen", "target-cpu=native"], ["--codegen=target-cpu=native"]]
)  # fmt: skip
def test_the_build_machines_processor_is_not_the_targets(rustc, flag):
    assert rustc("a b.rs", *flag, "--target", "x") == ["a b.rs", "--target", "x"]
    assert "-Ctarget-cpu=native" in rustc("a.rs", *flag)


def test_other_flags_stay(rustc):
    words = ["--target=x", "-C", "opt-level=3", "-Ctarget-cpu=cortex-a53", "--cfg", 'feature="native"']
    assert rustc(*words) == ["--target=x", "-Copt-level=3", *words[3:]]


def test_the_targets_linker_is_not_the_build_machines(rustc):
    linker = ["-C", "linker=aarch64-linux-gnu-gcc"]
    assert rustc("a.rs", *linker, CC_FOR_BUILD="gcc") == ["a.rs", "-Clinker=gcc"]
    assert rustc("a.rs", *linker, "--target", "x") == [
        "a.rs",
        "-Clinker=aarch64-linux-gnu-gcc",
        "--target",
        "x",
    ]
    assert rustc("a.rs", "-Clinker=mine", CC_FOR_BUILD="gcc") == ["a.rs", "-Clinker=mine"]
    assert rustc("a.rs", CC_FOR_BUILD="ccache gcc") == ["a.rs"]


def test_ldflags_are_the_targets(rustc):
    flags = "-Wl,-O1 -Wl,--hash-style=gnu"
    assert rustc("--target", "x", LDFLAGS=flags)[2:] == [f"-Clink-args={flags}"]
    assert rustc("a.rs", LDFLAGS=flags) == ["a.rs"]


def test_paths_are_mapped(rustc):
    maps = "/home/me/my tools=/rust\n/src/p=."
    crate = {
        "CARGO_MANIFEST_DIR": "/cargo/registry/src/x/itoa-1.0",
        "CARGO_PKG_NAME": "itoa",
        "CARGO_PKG_VERSION": "1.0",
    }
    expected = ["--remap-path-prefix=/cargo/registry/src/x/itoa-1.0=/crates/itoa-1.0"]
    expected += [f"--remap-path-prefix={word}" for word in maps.split("\n")]
    assert rustc("a.rs", CROSSPY_RUST_MAPS=maps, **crate) == ["a.rs", *expected]
    own = crate | {"CARGO_MANIFEST_DIR": "/src/p/rust"}
    assert rustc("a.rs", CROSSPY_RUST_MAPS=maps, **own) == ["a.rs", *expected[1:]]


def test_a_crate_of_the_project_is_called_the_same_wherever_it_lies(rustc):
    """cargo's name of a crate outside of its workspace (../tokenizers) and of what depends on it has its path in it."""

    def name(source: str, cargos: str, *words: str, manifest: str = "lib", version: str = "1.0") -> list[str]:
        where = {"CROSSPY_SOURCE": source, "CARGO_MANIFEST_DIR": f"{source}/{manifest}"}
        package = {"CARGO_PKG_NAME": "own", "CARGO_PKG_VERSION": version}
        hashed = ["-C", f"metadata={cargos}", "-C", f"extra-filename=-{cargos}"]
        externs = ["--extern", f"dep={source}/target/libdep-{cargos}.rlib"]
        found = rustc(
            "--crate-name", "own", f"{source}/lib/lib.rs", *hashed, *externs, *words, **where, **package
        )
        assert f"-Cextra-filename=-{cargos}" in found
        return [word for word in found if word.startswith("-Cmetadata=")]

    names = [
        name("/tmp/a b", "1"),
        name("/tmp/x", "2", "--cfg", 'feature="f"'),
        name("/tmp/x", "2", "--target", "x"),
        name("/tmp/x", "2", "-C", "panic=abort"),
        name("/tmp/x", "2", manifest="other"),
        name("/tmp/x", "2", version="2.0"),
    ]
    assert (
        names[0] == name("/tmp/else", "2") == name("/tmp/else", "3", "--color=always", "-C", "linker=/a/gcc")
    )
    assert [len(words) for words in names] == [1] * 6
    assert len({words[0] for words in names}) == 6


def test_other_crates_are_called_as_cargo_does(rustc, tmp_path):
    """Those of a registry, also where the project brings them along: cargo's names hold no path then."""
    metadata = ["a.rs", "-Cmetadata=1"]
    assert rustc(*metadata) == metadata
    found = rustc(*metadata, CARGO_MANIFEST_DIR="/cargo/itoa", CARGO_PKG_NAME="itoa", CARGO_PKG_VERSION="1")
    assert found[:2] == metadata
    vendored = tmp_path / "vendor" / "itoa"
    vendored.mkdir(parents=True)
    (vendored / ".cargo-checksum.json").touch()
    where = {"CROSSPY_SOURCE": str(tmp_path), "CARGO_MANIFEST_DIR": str(vendored)}
    assert rustc(*metadata, **where) == metadata


def test_where_both_machines_have_one_triple_a_build_scripts_directory_tells(tmp_path):
    target = make_target("x86_64", toolchain=make_toolchain(native=True))
    files = rust_launchers(target, ("lib",))
    (tmp_path / "rust-gcc").write_text(files["rust-gcc"])
    (tmp_path / "rust-gcc").chmod(0o755)
    for name in ("x86_64-crosspy-linux-gnu-gcc", "cc"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} $*\n")
        (tmp_path / name).chmod(0o755)

    def compiler(directory: str) -> str:
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "OUT_DIR": directory}
        done = subprocess.run(
            [tmp_path / "rust-gcc", "-c"], env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert (
        compiler("/p/target/x86_64-unknown-linux-gnu/release/build/a/out")
        == "x86_64-crosspy-linux-gnu-gcc -c"
    )
    assert compiler("/p/target/release/build/a/out") == "cc -c"
    assert rust_variables(target)["CC_x86_64_unknown_linux_gnu"].endswith("/rust-gcc")
    assert "HOST_CFLAGS" not in rust_variables(target)


def test_every_launcher_is_written_for_a_shell():
    for name, text in rust_launchers(
        make_target("x86_64", toolchain=make_toolchain(native=True)), ("lib",)
    ).items():
        assert text.startswith("#!/bin/sh\n"), name
        assert "@" not in text.replace('"$@"', ""), name
        subprocess.run(["sh", "-n"], input=text, text=True, check=True)


def test_without_a_toolchain_nothing_is_said():
    assert rust_variables(make_target(toolchain=None)) == {}
