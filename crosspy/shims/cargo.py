"""cargo in a build for the target. ``ENV/crosspy/tools/cargo`` runs this file as a program of its own.

It starts the caller's cargo. Before that it makes sure that rustc has a standard library for the target: without
one, cargo fails after minutes, in whichever crate comes first. It leads cargo to the directory of crates that the
user named, and lists the paths that rustc's launcher keeps out of the code.

Variables: ``CARGO_BUILD_TARGET``; ``CROSSPY_CARGO`` and ``CROSSPY_RUSTC``, the programs to run, else those on PATH;
``CROSSPY_CRATES``, a directory as ``cargo vendor`` makes it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

_COMPILES = frozenset(
    {"b", "bench", "build", "c", "check", "clippy", "doc", "install", "r", "run", "rustc", "t", "test"}
)
_GETS_CRATES = _COMPILES | {"fetch", "generate-lockfile", "metadata", "tree", "update"}

_NO_CARGO = """\
crosspy: error: this build needs Rust, and there is no {name} on PATH
hint: Yocto: DEPENDS += "cargo-native rust-native", or inherit cargo_common. Buildroot: BR2_PACKAGE_HOST_RUSTC.
      Debian: apt install cargo-web rustc-web. Else https://rustup.rs. Or name them in CARGO and RUSTC.
"""

_NO_STD = """\
crosspy: error: {rustc} cannot make code for {triple}
{message}
hint: its standard libraries are those of {known}. To have one more:
      rustup:    rustup target add {triple}
      Debian:    apt install libstd-rust-web-dev:ARCH (or libstd-rust-dev:ARCH), of the compiler's version
      Yocto:     DEPENDS += "libstd-rs"; its directory in RUSTFLAGS (-L), the target's name in RUST_TARGET_PATH
      Buildroot: BR2_PACKAGE_HOST_RUSTC, with BR2_PACKAGE_HOST_RUSTC_BIN or a target that Rust knows; HOST_DIR/bin on PATH
      Another one that fits the target: crosspy create --clear --rust-target TRIPLE; another rustc: RUSTC=...
"""

_OFFLINE = """\
crosspy: hint: there is no network for cargo here (--no-index, --crates or CARGO_NET_OFFLINE), and crates are missing.
      Get them once: crosspy crates SDIST... -d DIR; then build with: crosspy wheel --crates DIR ...
"""


def main(tools: str, argv: list[str]) -> int:
    """Run cargo; return its exit status.

    :param tools: the directory of the launchers.
    :param argv: cargo's arguments.
    """
    cargo, rustc = (_program(name, tools) for name in ("cargo", "rustc"))
    # "+nightly" is for rustup, and comes first.
    toolchain, words = (argv[:1], argv[1:]) if argv[:1] and argv[0].startswith("+") else ([], argv)
    command = next((word for word in words if not word.startswith("-")), "")
    os.environ["CROSSPY_RUSTC"] = rustc
    if command in _COMPILES:
        _add_maps(rustc)
        if _target_of(words) == os.environ.get("CARGO_BUILD_TARGET"):
            _check_std(rustc)
    crates = os.environ.get("CROSSPY_CRATES", "")
    config = _source_config(crates) if crates and command in _GETS_CRATES and not _has_own_sources() else []
    line = [cargo, *toolchain, *config, *words]
    if os.environ.get("CARGO_NET_OFFLINE") != "true" or command not in _GETS_CRATES:
        os.execv(cargo, line)  # noqa: S606 -- cargo with its arguments, as it was called
    status = subprocess.call(line)
    if status and subprocess.call(
        [cargo, *toolchain, *config, "fetch", *_manifest(words)], stderr=subprocess.DEVNULL
    ):
        sys.stderr.write(_OFFLINE)
    return status


def _program(name: str, tools: str) -> str:
    """Return the caller's program, which is not the launcher."""
    path = os.pathsep.join(
        part
        for part in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if os.path.realpath(part) != os.path.realpath(tools)
    )
    found = shutil.which(os.environ.get(f"CROSSPY_{name.upper()}") or name, path=path)
    if found is None:
        sys.stderr.write(_NO_CARGO.format(name=name))
        raise SystemExit(101)  # cargo's own
    return found


def _option(words: list[str], name: str) -> str:
    for index, word in enumerate(words):
        if word == "--":
            break
        if word == name and index + 1 < len(words):
            return words[index + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _target_of(words: list[str]) -> str:
    return _option(words, "--target") or os.environ.get("CARGO_BUILD_TARGET", "")


def _manifest(words: list[str]) -> list[str]:
    path = _option(words, "--manifest-path")
    return ["--manifest-path", path] if path else []


def _add_maps(rustc: str) -> None:
    """Add the toolchain's own directory, and a target directory that the caller chose, to what code may not hold."""
    done = subprocess.run(
        [rustc, "--print", "sysroot"], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    maps = [f"{done.stdout.decode().strip()}=/rust"] if done.returncode == 0 else []
    if os.environ.get("CARGO_TARGET_DIR"):
        maps.append(f"{os.path.abspath(os.environ['CARGO_TARGET_DIR'])}=./target")
    os.environ["CROSSPY_RUST_MAPS"] = "\n".join([*maps, os.environ.get("CROSSPY_RUST_MAPS", "")]).strip("\n")


def _check_std(rustc: str) -> None:
    """Compile nothing at all for the target, as cargo would: it needs ``std`` all the same."""
    triple = os.environ["CARGO_BUILD_TARGET"]
    encoded = os.environ.get("CARGO_ENCODED_RUSTFLAGS", "")
    flags = encoded.split("\x1f") if encoded else os.environ.get("RUSTFLAGS", "").split()
    with tempfile.TemporaryDirectory(prefix="crosspy-rust-") as directory:
        words = [
            rustc,
            "--target",
            triple,
            *flags,
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
            "--out-dir",
            directory,
        ]
        done = subprocess.run(
            [*words, "--crate-name", "nothing", "-"],
            check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    if done.returncode:
        message = done.stdout.decode("utf-8", "replace").strip()
        sys.stderr.write(
            _NO_STD.format(rustc=rustc, triple=triple, message=message, known=_known_targets(rustc))
        )
        raise SystemExit(101)


def _known_targets(rustc: str) -> str:
    done = subprocess.run(
        [rustc, "--print", "sysroot"], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    directory = os.path.join(done.stdout.decode().strip(), "lib", "rustlib")
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    return (
        ", ".join(name for name in names if os.path.isdir(os.path.join(directory, name, "lib")))
        or "no target"
    )


def _source_config(crates: str) -> list[str]:
    """Return cargo's options for a directory of crates; its ``config.toml`` knows of sources other than crates.io."""
    words = [
        "--config", 'source.crates-io.replace-with="crosspy-crates"',
        "--config", f'source.crosspy-crates.directory="{_quoted(os.path.abspath(crates))}"',
    ]  # fmt: skip
    others = os.path.join(crates, "config.toml")
    return [*words, "--config", others] if os.path.isfile(others) else words


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _has_own_sources() -> bool:
    """Say whether the project brings its crates itself: a ``.cargo/config.toml`` of its own says where from."""
    directory = os.getcwd()
    source = os.environ.get("CROSSPY_SOURCE") or directory
    while True:
        for name in ("config.toml", "config"):
            try:
                with open(os.path.join(directory, ".cargo", name), encoding="utf-8") as file:
                    if re.search(r"^\s*replace-with\s*=", file.read(), re.MULTILINE):
                        return True
            except (OSError, UnicodeDecodeError):
                continue
        if directory == source or not directory.startswith(source):
            return False
        directory = os.path.dirname(directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
