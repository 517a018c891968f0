"""cargo's launcher program: the caller's cargo, a rustc that can make code for the target, crates from a directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "crosspy" / "shims" / "cargo.py"

RUSTC = """\
#!/bin/sh
case "$*" in
*"--print sysroot"*) echo "$RUST_SYSROOT" ;;
*"--target $HAS_STD "*) ;;
*) echo "error[E0463]: can't find crate for std" >&2; exit 1 ;;
esac
"""
CARGO = """\
#!/bin/sh
echo "$CROSSPY_RUST_MAPS" >"$SEEN.maps"
echo "${0##*/} $*" >>"$SEEN"
case "$*" in *fetch*) exit ${FETCH:-0} ;; esac
exit ${STATUS:-0}
"""


class Rust:
    """A made-up toolchain; ``seen`` are cargo's command lines."""

    def __init__(self, root: Path) -> None:
        self.root, self.tools, self.log = root, root / "tools", root / "seen"
        self.bin = root / "my rust" / "bin"
        self.bin.mkdir(parents=True)
        (root / "std" / "lib" / "rustlib" / "x86_64-made-up" / "lib").mkdir(parents=True)
        self.tools.mkdir()
        (root / "project").mkdir()
        for name, text in (("rustc", RUSTC), ("cargo", CARGO)):
            self.program(self.bin / name, text)
            self.program(self.tools / name, "#!/bin/sh\necho the launcher called itself >&2; exit 1\n")
        self.env = {
            "PATH": f"{self.tools}:{self.bin}:/usr/bin:/bin",
            "SEEN": str(self.log),
            "RUST_SYSROOT": str(root / "std"),
            "HAS_STD": "aarch64-made-up",
            "CARGO_BUILD_TARGET": "aarch64-made-up",
            "CROSSPY_SOURCE": str(root / "project"),
            "CROSSPY_RUST_MAPS": f"{root}/project=.",
        }

    def program(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", PROGRAM, self.tools, *words],
            env=self.env | env, cwd=self.root / "project", capture_output=True, text=True, check=False,
        )  # fmt: skip

    @property
    def seen(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def rust(tmp_path):
    return Rust(tmp_path)


def test_cargo_gets_its_arguments(rust):
    assert rust.run("+nightly", "rustc", "--lib", "--", "-C", "a b").returncode == 0
    assert rust.seen == ["cargo +nightly rustc --lib -- -C a b"]


def test_what_code_may_not_hold(rust):
    assert rust.run("build", CARGO_TARGET_DIR="/elsewhere").returncode == 0
    maps = (rust.root / "seen.maps").read_text().splitlines()
    assert maps == [f"{rust.root}/std=/rust", "/elsewhere=./target", f"{rust.root}/project=."]


def test_the_status_is_cargos(rust):
    assert rust.run("build", STATUS="101").returncode == 101
    assert rust.run("build", STATUS="101", CARGO_NET_OFFLINE="true").returncode == 101


def test_the_callers_programs(rust):
    rust.program(rust.root / "my-cargo", CARGO)
    assert rust.run("build", CROSSPY_CARGO=str(rust.root / "my-cargo")).returncode == 0
    assert rust.seen == ["my-cargo build"]


def test_a_target_without_standard_library(rust):
    done = rust.run("build", HAS_STD="other")
    assert done.returncode == 101
    assert f"{rust.bin}/rustc cannot make code for aarch64-made-up" in done.stderr
    assert "can't find crate for std" in done.stderr
    assert "those of x86_64-made-up." in done.stderr
    assert not rust.log.exists()


@pytest.mark.parametrize(
    "words",
    [["metadata"], ["--version"], ["build", "--target", "x86_64-made-up"], ["build", "--target=other"]],
)
def test_only_code_for_the_target_needs_it(rust, words):
    assert rust.run(*words, HAS_STD="").returncode == 0
    assert rust.seen == ["cargo " + " ".join(words)]


def test_flags_of_the_caller_may_lead_to_it(rust):
    # As Yocto's RUSTFLAGS do: -L of the directory that libstd-rs is in.
    rust.program(
        rust.bin / "rustc", '#!/bin/sh\ncase "$*" in *"-L /std -L /b"*|*print*) ;; *) exit 1 ;; esac\n'
    )
    assert rust.run("build").returncode == 101
    assert rust.run("build", RUSTFLAGS="-L /std -L /b").returncode == 0
    assert rust.run("build", CARGO_ENCODED_RUSTFLAGS="-L\x1f/std\x1f-L\x1f/b").returncode == 0


@pytest.mark.parametrize("missing", ["cargo", "rustc"])
def test_no_rust_at_all(rust, missing):
    (rust.bin / missing).unlink()
    done = rust.run("build", PATH=f"{rust.tools}:{rust.bin}")
    assert done.returncode == 101
    assert f"there is no {missing} on PATH" in done.stderr


def test_crates_of_a_directory(rust):
    crates = rust.root / 'my "crates"'
    crates.mkdir()
    assert rust.run("build", "--lib", CROSSPY_CRATES=str(crates)).returncode == 0
    (line,) = rust.seen
    assert 'source.crates-io.replace-with="crosspy-crates"' in line
    assert f'source.crosspy-crates.directory="{rust.root}/my \\"crates\\""' in line
    assert line.endswith("build --lib")
    (crates / "config.toml").write_text("")
    rust.run("metadata", CROSSPY_CRATES=str(crates))
    assert f"--config {crates}/config.toml" in rust.seen[-1]
    rust.run("--version", CROSSPY_CRATES=str(crates))
    assert rust.seen[-1] == "cargo --version"


@pytest.mark.parametrize("name", ["config.toml", "config"])
def test_a_project_with_crates_of_its_own_keeps_them(rust, name):
    settings = rust.root / "project" / ".cargo"
    settings.mkdir()
    (settings / name).write_text('[source.crates-io]\nreplace-with = "vendored"\n')
    assert rust.run("build", CROSSPY_CRATES="/crates").returncode == 0
    assert rust.seen == ["cargo build"]


def test_crates_that_are_missing_without_network(rust):
    done = rust.run(
        "build", "--manifest-path", "a/Cargo.toml", STATUS="101", FETCH="101", CARGO_NET_OFFLINE="true"
    )
    assert rust.seen[-1] == "cargo fetch --manifest-path a/Cargo.toml"
    assert "crosspy crates SDIST" in done.stderr
    # Another failure is cargo's own to explain.
    assert "crosspy" not in rust.run("build", STATUS="101", CARGO_NET_OFFLINE="true").stderr
    assert "crosspy" not in rust.run("build", STATUS="101", FETCH="101").stderr


def test_it_needs_nothing_of_its_environment(rust):
    assert rust.run("build", PYTHONPATH="/nowhere", PYTHONHOME="/nowhere").returncode == 0
    assert os.linesep not in rust.seen[0]
